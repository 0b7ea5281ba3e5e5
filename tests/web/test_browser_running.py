"""A question on its way, in a browser: which page is read, what is proved, what is heard; and stopping it."""

import re
import shutil
import time

import pytest
from pagekit import ask, browser, open_page, running_page, serious_violations, shots, soon  # noqa: F401

from ragapp.contract import Citation, Place, Proved, Sentence, Stage
from ragapp.web.runs import Exchange
from ragapp.web.ui.render_answer import render_run

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

QUESTION = "What are the rules for hotels and meals in the 2025 travel policy?"
# what is seen and heard while a question is answered
WATCH = """() => {
    window.watched = {stages: [], answers: [], heard: [], live: ""};
    const note = (list, text) => { if (text && list[list.length - 1] !== text) list.push(text); };
    const look = () => {
        const running = document.querySelector("#live .exchange.running");
        if (!running) return;
        watched.live = running.getAttribute("aria-live");
        note(watched.stages, running.querySelector(".stage [role=status]")?.innerText);
        for (const one of running.querySelectorAll(".answer")) note(watched.answers, one.innerText);
    };
    new MutationObserver((changes) => {
        look();
        for (const change of changes) {
            const place = change.target.nodeType === 1 ? change.target : change.target.parentElement;
            const region = place?.closest("[aria-live], [role=status], [role=log]");
            if (region && region.getAttribute("aria-live") !== "off") note(watched.heard, region.getAttribute("role"));
        }
    }).observe(document.querySelector("#talk"), {childList: true, subtree: true, characterData: true});
}"""


@pytest.fixture(scope="module")
def page(browser, models_dir, sample_store, tmp_path_factory, request):  # noqa: F811
    home = tmp_path_factory.mktemp("running")
    shutil.copytree(sample_store, home / "data")
    settings = {
        "RAGAPP_PATHS__MODELS": str(models_dir),
        "RAGAPP_EMBEDDING__MODEL": "all-minilm-l6-v2",
        "RAGAPP_LLM__MODEL": "smollm2-135m-instruct",
        "RAGAPP_LLM__CONTEXT": "2048",
        "RAGAPP_ANSWER__CALIBRATE": "off",
    }
    with running_page(home, request.config.rootpath, {"threshold": 0, "max_tokens": 64}, **settings) as url:
        yield open_page(browser, url)


def test_the_page_says_what_is_read_and_shows_only_what_is_proved(page):
    page.evaluate(WATCH)
    ask(page, QUESTION)
    page.wait_for_selector("#live .foot", timeout=120_000)
    watched = page.evaluate("watched")
    assert watched["stages"][0].startswith("Searching") or watched["stages"][0].startswith("Loading")
    assert any(re.fullmatch(r"Reading \S+\.\w+.* \(\d of \d\)", stage) for stage in watched["stages"]), watched
    assert any(stage.startswith("Writing from ") for stage in watched["stages"])
    whole = page.locator("#live .answer").inner_text() if page.locator("#live .answer").count() else ""
    assert all(early in whole for early in watched["answers"]), (watched["answers"], whole)
    assert watched["live"] == "off"


def test_a_running_answer_looks_right_and_can_be_read_by_all(page, shots):  # noqa: F811
    class Run:
        asked = Exchange(QUESTION)
        stage = Stage("writing", 3, place=Place("travel-policy-2025.pdf", "/travel-policy-2025.pdf", 3))
        thought, seconds, stopping = "", 12.0, False

    cited = Citation(
        "travel-policy-2025.pdf", "/t.pdf", 3, n=1, quote="Hotels cost up to £175 a night.", start=0, end=9
    )
    told = ("Hotels cost up to £175 a night in London, and up to £140 elsewhere. [1]", "Breakfast is paid for. [1]")
    Run.proved = [Proved(Sentence(text, True, (1,), (cited.quote,)), (cited,) * (not n)) for n, text in enumerate(told)]
    place = "document.querySelector('#live .prose')"
    for name, doubt in (("sure", ""), ("likely", "The model is not sure. Check the page.")):
        Run.proved = [Proved(one.sentence, one.citations, doubt=doubt, language="en") for one in Run.proved]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(f"html => {{ {place}.innerHTML = html }}", render_run(Run, "en"))
            for width in (1366, 390):
                page.set_viewport_size({"width": width, "height": 800})
                time.sleep(0.3)
                page.screenshot(path=shots / f"running-{name}-{scheme}-{width}.png")
            assert serious_violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    soon(lambda: page.evaluate("document.querySelector('#live').scrollWidth <= innerWidth"))
