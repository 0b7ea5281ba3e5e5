"""The page in a real browser, with the real store and a small language model."""

import shutil
from dataclasses import replace

import pytest
from pagekit import TABS, ask, becomes, browser, open_page, running_page, serious_violations, shots, show_tab, soon  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.real]

QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
LONG = "Tell me everything about the calibration of the HM-200, its electrodes and the yearly service."


def keep_a_conversation(settings):
    """A conversation as it is kept: a checked answer with a sentence that nothing supports, and an abstention."""
    from ragapp.answer.grounding import ground
    from ragapp.app import App
    from ragapp.contract import Answer

    with App(settings) as app:
        passages = list(app.retriever.search(QUESTION, 4, "travel-policy-2025.pdf").passages)
        written = "The hotel limit for London is £175 per night. The office cat sleeps on the printer in winter."
        sentences, citations = map(tuple, ground(written, QUESTION, passages, "en"))
        timings = {"total_s": 8.2, "first_token_s": 6.1, "answer_tokens": 20}
        shown = tuple(passage.described(n) for n, passage in enumerate(passages, 1))
        told = Answer(QUESTION, written, False, 0.91, sentences, citations, shown, "a-model", timings=timings)
        near = Answer(
            "What is the height of the Eiffel Tower?",
            "Your documents do not say.",
            True,
            0.3,
            passages=shown,
            model="a-model",
            timings=timings,
            suggested_caution="low",
        )
        kept = app.conversations
        conversation = kept.create()
        for answer in (told, near):
            kept.add_turn(conversation, replace(answer, standalone=answer.question))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def url(home, models_dir, sample_store, request):
    """A running page on a copy of the sample store; its drop folder is empty."""
    from ragapp.settings import load_settings

    shutil.copytree(sample_store, home / "data")
    root = request.config.rootpath
    overrides = {"paths": {"data": home / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    keep_a_conversation(load_settings(root / "settings.yaml", overrides))
    with running_page(
        home,
        root,
        RAGAPP_PATHS__MODELS=str(models_dir),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL="smollm2-135m-instruct",
        RAGAPP_LLM__CONTEXT="2048",
        RAGAPP_ANSWER__THRESHOLD="0",
        RAGAPP_RETRIEVAL__PASSAGES="2",
        written={"max_tokens": 32},
    ) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser, url):  # noqa: F811
    page = open_page(browser, url, locale="en-GB")
    yield page
    elsewhere = [one for one in page.requested if not one.startswith((url, "data:", "blob:"))]
    assert elsewhere == []
    assert page.complaints == []
    page.context.close()


def test_a_kept_conversation_shows_its_evidence(page, shots):  # noqa: F811
    page.click("#talks .act.name")
    page.wait_for_selector("#log .answer")
    soon(lambda: page.locator(".unsupported .flag").count() == 1)
    soon(lambda: page.locator(".abstained h3").inner_text() == "Not in your documents")
    page.locator("#log .act.mark").first.click()
    page.wait_for_selector("#evidence .sheet .box")
    becomes(page, "document.querySelector('#evidence .sheet:has(.box) img')?.naturalWidth > 500")
    sheet, box = page.locator("#evidence .sheet:has(.box)"), page.locator("#evidence .box").first
    soon(lambda: 0 <= box.bounding_box()["x"] - sheet.bounding_box()["x"] <= sheet.bounding_box()["width"])
    soon(lambda: page.locator("#evidence .view-title").inner_text().startswith("travel-policy-2025.pdf p. 3"))
    page.screenshot(path=shots / "evidence.png")
    page.click("#evidence [aria-label='Next page']")
    becomes(page, "document.querySelector('#evidence .view-page').value === '4'")
    page.click("#evidence .others summary")
    other = page.locator("#evidence .others .passage").last
    name = other.locator("strong").inner_text()
    other.click()
    becomes(page, "name => document.querySelector('#evidence .act.chip.chosen') === null", arg=name)
    soon(lambda: page.locator("#evidence .view-title strong").inner_text() == name)
    page.wait_for_selector("#evidence .box, #evidence mark")


def test_what_was_refused_can_be_asked_with_less_caution(page):
    page.click("#talks .act.name")
    page.click("#live .abstained [data-act=retry]")
    page.wait_for_selector("#live .exchange.running")
    soon(lambda: page.locator("#live .asked h2").inner_text() == "What is the height of the Eiffel Tower?")
    page.wait_for_selector("#live .foot", timeout=120_000)


def test_switching_to_another_source_is_quick(page):
    took = page.evaluate("""async () => {
        const place = document.querySelector("#evidence"), begun = performance.now();
        const all = {childList: true, subtree: true, attributes: true};
        const changed = new Promise((done) => new MutationObserver(done).observe(place, all));
        document.querySelector("#log .act.mark").click();
        await changed;
        return performance.now() - begun;
    }""")
    assert took < 1000  # 200 on a machine that does nothing else


SENT = """() => {
    window.sent = {most: 0};
    const look = () => {
        const running = document.querySelectorAll("#live .exchange.running");
        sent.most = Math.max(sent.most, document.querySelectorAll("#talk .exchange.running").length);
        if (!sent.begun || sent.took !== undefined || !running.length || !running[0].querySelector(".stage")) return;
        sent.section = running[0];
        sent.took = 0;
        requestAnimationFrame(() => { sent.took = performance.now() - sent.begun; });
    };
    new MutationObserver(look).observe(document.querySelector("#talk"), {childList: true, subtree: true});
    const begin = () => { sent.begun ??= performance.now(); };
    for (const name of ["keydown", "pointerdown"]) addEventListener(name, begin, {capture: true});
}"""


def stop(page):
    page.wait_for_selector("#stop", state="visible", timeout=60_000)
    page.keyboard.press("Escape")
    page.wait_for_selector("#stop", state="hidden", timeout=60_000)


def test_a_question_stands_in_the_talk_as_soon_as_it_is_sent(page):
    page.click("#new")
    page.wait_for_selector(".welcome")
    page.evaluate(SENT)
    asked, took = "<img src=x onerror=alert(1)> & what is <b>said</b> of hotels?", []
    ways = [
        lambda: page.press("#question textarea", "Enter"),
        lambda: page.click("#send"),
        lambda: page.press("#question textarea", "Enter"),
        lambda: page.locator("#live [data-act=retry]").click(),
        lambda: page.locator("#log [data-act=retry]").first.click(),
    ]
    for number, way in enumerate(ways):
        question = asked if number in (3, 4) else f"{asked} {number}"
        if number < 3:
            page.fill("#question textarea", question)
        page.evaluate("Object.assign(sent, {begun: undefined, took: undefined, section: null})")
        way()
        becomes(page, "sent.took > 0")
        took.append(page.evaluate("sent.took"))
        page.wait_for_selector("#stop", state="visible", timeout=60_000)
        # the server's word changes what stands there; it puts nothing in its place
        soon(lambda: page.evaluate("sent.section === document.querySelector('#live .exchange.running')"))
        soon(lambda: page.locator("#live .asked h2").inner_text().startswith(asked))
        soon(lambda: page.locator("#talk img").count() == 0)
        stop(page)
    soon(lambda: page.evaluate("sent.most") == 1)
    soon(
        lambda: page.locator("#talk .exchange").count() == 4
    )  # the last was asked again in its own place, the first anew
    assert sorted(took)[2] < 150, took


def test_what_is_not_taken_is_not_shown(page):
    page.click("#new")
    page.wait_for_selector(".welcome")
    page.fill("#question textarea", "  ")
    page.press("#question textarea", "Enter")
    page.wait_for_timeout(300)
    soon(lambda: page.locator("#talk .exchange").count() == 0)
    ask(page, QUESTION)
    page.wait_for_selector("#stop", state="visible")
    # as if the browser did not know that a question is on its way
    page.evaluate("document.querySelector('#live .exchange.running').classList.remove('running')")
    ask(page, LONG)
    becomes(page, "question => document.querySelector('#live h2').innerText === question", arg=QUESTION)
    soon(lambda: page.locator("#talk .exchange").count() == 1)
    stop(page)
    soon(lambda: page.locator("#talk .asked h2").all_inner_texts() == [QUESTION])


def test_a_question_is_answered_and_a_reload_brings_it_back(page, shots):  # noqa: F811
    page.click("#new")
    page.wait_for_selector(".welcome")
    ask(page, QUESTION)
    page.wait_for_selector(".stage .seconds")
    page.screenshot(path=shots / "waiting.png")
    page.reload()
    page.wait_for_selector(".exchange")
    page.wait_for_selector("#live .foot", timeout=120_000)
    soon(lambda: page.locator(".asked h2").inner_text() == QUESTION)
    soon(lambda: "smollm2" in page.locator("#live .figures").inner_text())
    soon(lambda: not page.locator("#stop").is_visible())
    with page.expect_download() as download:
        page.click("#export summary")
        page.click("#export a >> nth=0")
    assert QUESTION in download.value.path().read_text(encoding="utf-8")


def test_escape_stops_and_another_tab_is_not_disturbed(page, browser, url):  # noqa: F811
    other = open_page(browser, url, locale="en-GB")
    ask(other, QUESTION)
    ask(page, LONG)
    page.wait_for_selector("#stop", state="visible")
    page.keyboard.press("Escape")
    page.wait_for_selector("#stop", state="hidden", timeout=60_000)
    other.wait_for_selector("#live .foot, #live .abstained", timeout=120_000)
    soon(lambda: other.locator(".asked h2").inner_text() == QUESTION)
    soon(lambda: LONG not in other.locator("#talk").inner_text())
    other.context.close()


def test_files_are_dropped_taken_in_looked_at_and_removed(page, home, shots):  # noqa: F811
    show_tab(page, "documents")
    page.wait_for_selector("#documents tbody tr")
    soon(lambda: page.locator("#documents tbody tr").count() == 12)
    files = [
        {"name": "kettle.txt", "mimeType": "text/plain", "buffer": b"The kettle of the Lyon office is green."},
        {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"},
    ]
    with page.expect_file_chooser() as chooser:
        page.click("[data-act='choose-files']")
    chooser.value.set_files(files)
    page.wait_for_selector("#documents tbody tr:has-text('kettle.txt')", timeout=60_000)
    page.wait_for_selector("#documents tr:has-text('broken.pdf') .reason", timeout=60_000)
    assert sorted(path.name for path in (home / "drop").iterdir()) == ["broken.pdf", "kettle.txt"]
    page.click("#documents [data-act]:has-text('travel-policy-2025.pdf')")
    page.wait_for_selector("#preview img")
    page.screenshot(path=shots / "documents.png")
    page.fill("#documents-search textarea, #documents-search input", "KETTLE")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length == 1")
    page.check("#documents tbody input")
    page.click("[data-act='ticked']:has-text('Remove')")
    page.click("#confirm .danger")
    page.wait_for_selector("#documents-filters [data-act]:has-text('Removed by you')")
    assert (home / "drop" / "kettle.txt").exists()
    page.fill("#documents-search textarea, #documents-search input", "")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length == 13")  # with the broken one


def test_what_runs_and_what_is_set_is_shown_and_nobody_is_shut_out(page, home, shots):  # noqa: F811
    def written():
        return (home / "settings.local.yaml").read_text(encoding="utf-8")

    problems = {}
    for name in ("chat", "documents", "models", "settings"):
        show_tab(page, name)
        page.wait_for_selector({"models": "#models tbody tr", "settings": "#settings .section"}.get(name, "#header"))
        page.screenshot(path=shots / f"tab-{name}.png")
        problems[name] = serious_violations(page)
    assert not any(problems.values()), problems
    page.click("#setting-length label:has-text('Long') >> nth=0")
    page.wait_for_selector("#settings-told .job")
    page.click("#setting-caution label:has-text('High') >> nth=0")
    page.click("#setting-reading label:has-text('Off') >> nth=0")
    soon(lambda: "caution: high" in written() and "read_ahead: 'off'" in written())
    assert "max_tokens: 768" in written()
    # what was chosen is shown to whoever opens the page afterwards
    page.reload()
    show_tab(page, "settings")
    chosen = [f"#setting-{name} input:checked" for name in ("length", "caution", "reading")]
    soon(lambda: [page.locator(one).get_attribute("value") for one in chosen] == ["long", "high", "off"])
    page.click("#setting-theme label:has-text('Dark')")
    becomes(page, "document.body.classList.contains('dark')")
    show_tab(page, "chat")
    assert serious_violations(page) == []
    page.screenshot(path=shots / "dark.png")


def test_what_the_page_loads_is_kept_by_the_browser_and_its_address_stays_plain(browser, url):  # noqa: F811
    other = open_page(browser, url, locale="en-GB")
    asked = len(other.requested)
    other.reload()
    other.wait_for_selector(".welcome, .exchange")
    again = other.evaluate("performance.getEntriesByType('resource').filter((one) => one.transferSize > 0).length")
    assert asked > 50
    assert again < 10  # the rest the browser has kept
    becomes(other, "url => location.href === url", arg=url)
    other.context.close()


def test_french_and_a_small_screen(page, shots):  # noqa: F811
    page.click("[data-act='language'][aria-label='Français']")
    page.wait_for_selector("#send:has-text('Envoyer')")
    page.wait_for_selector(".exchange, .welcome")
    soon(lambda: page.locator('#tabs [role="tab"]').first.inner_text() == "Questions")
    soon(lambda: page.evaluate("document.documentElement.lang") == "fr")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=shots / "phone.png")
    soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
    page.keyboard.press("/")
    becomes(page, "document.activeElement.closest('#question') !== null")
    for name, label in zip(TABS, ("Questions", "Documents", "Modèles", "Réglages"), strict=True):
        if not (tab := page.locator(f"#tabs [role=tab]:has-text('{label}')")).is_visible():
            page.click("#tabs .overflow-menu > button")  # for which there is no room stand there
            tab = page.locator(f"#tabs .overflow-dropdown button:has-text('{label}')")
        tab.click()
        filled = {"models": "#models tbody tr", "settings": "#setting-caution label:has-text('Élevée')"}
        page.wait_for_selector(filled.get(name, "#header"))
        soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
        # the line that says what leaves this machine stays one line
        soon(lambda: page.locator("#privacy").bounding_box()["height"] < 40)
        page.screenshot(path=shots / f"phone-{name}.png")
        if (close := page.locator("#preview .view-close")).is_visible():
            close.click()  # a document that is open covers the phone's whole screen
            page.wait_for_selector("#preview .view-close", state="hidden")


def test_the_first_start_is_a_guided_page_and_needs_no_eval(browser, tmp_path, request, shots):  # noqa: F811
    policy = "script-src 'self' 'unsafe-inline'; object-src 'none'"

    def strict(route):
        reply = route.fetch()
        route.fulfill(response=reply, headers={**reply.headers, "content-security-policy": policy})

    with running_page(tmp_path, request.config.rootpath, RAGAPP_PATHS__MODELS=str(tmp_path / "models")) as url:
        page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
        page.route(lambda address: address == url, strict)
        page.goto(url)
        page.wait_for_selector(".guide", timeout=60_000)
        soon(lambda: "ragapp models pull multilingual-e5-small" in page.locator(".guide").text_content())
        with page.expect_file_chooser():
            page.click(".guide [data-act='choose-here']")
        page.wait_for_selector(".drop-zone")
        page.screenshot(path=shots / "first-start.png")
        page.context.close()
