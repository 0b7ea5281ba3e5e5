"""The page in French: whatever is opened, provoked or told on it, no English stands there."""

import re
import shutil

import pytest
from pagekit import TABS, ask, browser, open_page, running_page, shots, show_tab, soon  # noqa: F401

from ragapp.models.packs import get_pack
from ragapp.words.texts import texts_in

pytestmark = [pytest.mark.browser, pytest.mark.real]

SMALL = "smollm2-135m-instruct"
# what documents, questions, models and settings say is not ours to translate
NOT_OURS = (
    "code, .answer, .asked, .name, .title, .snippet, .quote, blockquote, mark, .page-text, .view, .heading-path, "
    ".doubt, .figures .fact:not(.confidence), .switches, footer, script, style, svg, #setting-language, strong, h1, "
    ".where, .understood, .unit, .passage"
)
# words that French has not, or that no French text of ours needs
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|were|with|without|from|this|that|these|those|cannot|could|been|has|have|not|your|you|it|its|"
    r"which|when|where|what|why|how|read|reading|left|out|added|failed|stored|removed|unchanged|skipped|loading|searching|"
    r"there|here|file|files|folder|picture|pictures|sheet|hidden|rows|damaged|named|suffix|save|open|again|check|give|"
    r"program|while|more|than|other|some|none|no|yes|free|needs|set|see|run|try|wait|for|by|to|GiB|MB|kB)\b",
    re.IGNORECASE,
)
SEEN = """([selector]) => {
    const told = [];
    const walk = (node) => {
        if (node.nodeType === Node.TEXT_NODE) { if (node.data.trim()) told.push(node.data.trim()); return; }
        if (node.nodeType !== Node.ELEMENT_NODE || node.matches(selector)) return;
        if (!node.checkVisibility({ visibilityProperty: true })) return;
        for (const name of ["aria-label", "title", "placeholder", "alt"]) {
            if (node.hasAttribute(name)) told.push(node.getAttribute(name));
        }
        node.childNodes.forEach(walk);
    };
    walk(document.body);
    return told;
}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def url(home, models_dir, sample_store, request):
    """A page on the samples, with a model that cannot be loaded beside the one in use."""
    shutil.copytree(sample_store, home / "data")
    models = home / "models"
    models.mkdir()
    for name in ("all-minilm-l6-v2", SMALL):
        target = get_pack(name).target(models_dir)
        (shutil.copytree if target.is_dir() else shutil.copy)(target, models / target.name)
    (models / "spoilt.gguf").write_bytes(b"PK\x03\x04" + bytes(1000))
    with running_page(
        home,
        request.config.rootpath,
        RAGAPP_PATHS__MODELS=str(models),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL=SMALL,
        RAGAPP_LLM__CONTEXT="1024",
        RAGAPP_RETRIEVAL__PASSAGES="2",
        written={"max_tokens": 16},
    ) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser, url):  # noqa: F811
    page = open_page(browser, url, locale="fr-FR")
    page.wait_for_selector(".welcome:has-text('documents sont prêts')")
    yield page
    page.context.close()


def english_on(page):
    """What is English of the visible text, labels and tips of the page, without what is not ours."""
    sentences = {
        form
        for key, text in texts_in("en").items()
        for form in text.split("|")
        if "{" not in form and len(form) > 5 and form not in texts_in("fr")[key].split("|")
    }
    told = page.evaluate(SEEN, [NOT_OURS])
    assert len(told) > 5
    # names of files, settings and models are whole, languages have codes; what is left are words
    plain = [
        re.sub(r"langues\s: [a-z ]+|\S*[./_\\-]\S*\.\w+|\S+\.\w{2,5}\b|\S*[/_]\S*|«[^»]*»", "", text) for text in told
    ]
    return sorted({text for text in told if text in sentences} | {text for text in plain if ENGLISH.search(text)})


def test_no_english_stands_on_any_tab(page, shots):  # noqa: F811
    found = {}
    for name in TABS:
        show_tab(page, name)
        page.wait_for_selector({"models": "#models tbody tr", "settings": "#settings .section"}.get(name, "#header"))
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        page.screenshot(path=shots / f"french-{name}.png")
        found[name] = english_on(page)
    assert not any(found.values()), found


def test_files_that_fail_are_told_in_french(page, shots):  # noqa: F811
    show_tab(page, "documents")
    page.wait_for_selector("#documents tbody tr")
    html = "<p>The kettle of Lyon is green.</p><p><img src=x.png width=900 height=900></p><del>It was red once.</del>"
    files = [
        {"name": "kettle.html", "mimeType": "text/html", "buffer": html.encode()},
        {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"},
        {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"{\\rtf1 A letter.}"},
        {"name": "setup.exe", "mimeType": "application/octet-stream", "buffer": b"MZ" + bytes(500)},
    ]
    with page.expect_file_chooser() as chooser:
        page.click("[data-act='choose-files']")
    chooser.value.set_files(files)
    page.wait_for_selector(".uploads .failed:has-text('programme Windows')", timeout=60_000)
    page.wait_for_selector("#documents tbody tr:has-text('kettle.html') summary.warnings", timeout=60_000)
    page.wait_for_selector("#documents tbody tr:has-text('broken.pdf') .reason", timeout=60_000)
    page.click("#documents tbody tr:has-text('kettle.html') summary.warnings")
    warnings = page.locator("#documents tbody tr:has-text('kettle.html') .state li")
    soon(lambda: any("passage barré" in one for one in warnings.all_inner_texts()))
    page.check("#documents tbody tr:has-text('kettle.html') input")
    page.click(".needs-tick.danger")
    page.wait_for_selector("#confirm .act.danger")
    page.screenshot(path=shots / "french-failures.png")
    soon(lambda: english_on(page) == [])
    page.click("#confirm .act:has-text('Retirer 1')")
    page.wait_for_selector("#confirm .told-box:has-text('kettle.html')")
    soon(lambda: english_on(page) == [])
    page.click("#documents-filters .act:has-text('Retirés')")
    page.wait_for_selector("#documents tbody tr:has-text('kettle.html') .reason")
    soon(lambda: english_on(page) == [])
    page.click("#documents-filters .act:has-text('Tous')")


def test_a_model_that_cannot_be_used_is_told_in_french(page, shots):  # noqa: F811
    show_tab(page, "models")
    page.wait_for_selector("#models tr:has-text('spoilt')")
    page.screenshot(path=shots / "french-models.png")
    soon(lambda: "archive zip" in page.locator("#models tr:has-text('spoilt')").inner_text())
    soon(lambda: english_on(page) == [])


def test_a_refusal_and_an_error_are_told_in_french(page, shots):  # noqa: F811
    show_tab(page, "chat")
    ask(page, "Quelle est la hauteur de la tour Eiffel ?")
    page.wait_for_selector("#live .foot", timeout=120_000)
    page.screenshot(path=shots / "french-answer.png")
    soon(lambda: english_on(page) == [])
    ask(page, "kettle " * 3000)
    page.wait_for_selector(".exchange .problem", timeout=120_000)
    page.screenshot(path=shots / "french-error.png")
    soon(lambda: "jetons" in page.locator(".exchange .problem").last.inner_text())
    soon(lambda: english_on(page) == [])
