"""Conversations as people know them, in a real browser: edited, undone, rated, pinned, linked, exported."""

import json
import re
import shutil
import time
from dataclasses import replace

import pytest
from pagekit import ask, becomes, browser, open_page, running_page, serious_violations, shots, show_tab, soon  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.real]

HOTELS = "What is the hotel limit for London in the 2025 policy?"
TITLES = [f"Question number {n} about what is reimbursed on longer trips" for n in range(1, 13)]


def keep_conversations(settings):
    """One with two answers and a follow-up, and a dozen others."""
    from ragapp.answer.grounding import ground
    from ragapp.app import App
    from ragapp.contract import Answer

    with App(settings) as app:
        passages = list(app.retriever.search(HOTELS, 4, "travel-policy-2025.pdf").passages)
        shown = tuple(passage.described(n) for n, passage in enumerate(passages, 1))
        kept = app.conversations

        def told(question, written, standalone=""):
            sentences, citations = map(tuple, ground(written, HOTELS, passages, "en"))
            timings = {"total_s": 8.2, "first_token_s": 6.1}
            made = Answer(question, written, False, 0.97, sentences, citations, shown, "a-model", timings=timings)
            return replace(made, standalone=standalone or question)

        for title in TITLES:
            refused = Answer(title, "Your documents do not say.", True, 0.1, passages=shown, model="a-model")
            kept.add_turn(kept.create(), replace(refused, standalone=title))
        talk = kept.create()
        kept.add_turn(talk, told(HOTELS, "The hotel limit for London is £175 per night."))
        kept.add_turn(
            talk, told("And in Paris?", "The hotel limit for London is £175 per night.", "What is it in Paris?")
        )
        kept.add_turn(talk, told("Who decides?", "The hotel limit for London is £175 per night."))
        return talk


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("talk")


@pytest.fixture(scope="module")
def served(home, models_dir, sample_store, request):
    """Address of a running page, and the id of its conversation."""
    from ragapp.settings import load_settings

    shutil.copytree(sample_store, home / "data")
    root = request.config.rootpath
    overrides = {"paths": {"data": home / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    talk = keep_conversations(load_settings(root / "settings.yaml", overrides))
    with running_page(
        home,
        root,
        RAGAPP_PATHS__MODELS=str(models_dir),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL="smollm2-135m-instruct",
        RAGAPP_LLM__CONTEXT="2048",
        RAGAPP_ANSWER__THRESHOLD="0",
        RAGAPP_RETRIEVAL__PASSAGES="2",
        written={"max_tokens": 24},
    ) as url:
        yield url, talk


@pytest.fixture(scope="module")
def page(browser, served):  # noqa: F811
    url, talk = served
    page = open_page(
        browser, f"{url}?conversation={talk}", locale="en-GB", permissions=["clipboard-read", "clipboard-write"]
    )
    yield page
    assert [one for one in page.requested if not one.startswith((url, "data:", "blob:"))] == []
    assert page.complaints == []
    page.context.close()


@pytest.fixture
def conversations(home):
    from ragapp.index.catalog import Catalog
    from ragapp.index.conversations import Conversations

    catalog = Catalog(home / "data" / "catalog.sqlite3")
    yield Conversations(catalog)
    catalog.close()


def answered(page, seconds=120):
    done = "!document.querySelector('#live .running') && !ragapp.talkState()?.answering"
    becomes(page, done, seconds=seconds)


def questions(page):
    return page.locator("#talk .asked h2").all_inner_texts()


def test_an_address_opens_its_conversation_and_back_leaves_it(page, served, shots):  # noqa: F811
    _, talk = served
    page.wait_for_selector("#live .answer")
    soon(lambda: questions(page) == [HOTELS, "And in Paris?", "Who decides?"])
    assert page.title() == f"{HOTELS} · ragapp"
    page.screenshot(path=shots / "talk.png")
    page.click("#talks li >> nth=3 >> .act.name")
    becomes(page, "!document.querySelector('#talk').innerText.includes('And in Paris?')")
    becomes(page, "talk => location.search.startsWith('?conversation=') && !location.search.endsWith('=' + talk)", talk)
    page.go_back()
    becomes(page, "document.querySelector('#talk').innerText.includes('And in Paris?')")
    assert page.url.endswith(f"?conversation={talk}")
    page.go_forward()
    becomes(page, "!document.querySelector('#talk').innerText.includes('And in Paris?')")
    page.go_back()
    becomes(page, "document.querySelector('#talk').innerText.includes('And in Paris?')")


def test_an_answer_has_an_address_and_one_that_is_not_there_says_so(browser, served):  # noqa: F811
    url, talk = served
    there = open_page(browser, f"{url}?conversation={talk}#answer-2", locale="en-GB")
    there.wait_for_selector("#answer-2.linked")
    assert there.url.endswith(f"?conversation={talk}#answer-2")
    there.goto(f"{url}?conversation=987654")
    there.wait_for_selector(".talk-notice:has-text('is not here')")
    becomes(there, "location.search === ''")
    there.context.close()


def test_the_list_scrolls_below_what_begins_and_finds_one(page, shots):  # noqa: F811
    new, search = page.locator("#new").bounding_box(), page.locator("#talks-search").bounding_box()
    assert search["height"] > 25
    page.evaluate("document.querySelector('#talks').scrollTop = 1e6")
    soon(lambda: page.evaluate("document.querySelector('#talks').scrollTop") > 50)
    soon(lambda: page.locator("#new").bounding_box() == new)
    title, column = page.locator("#talks .talk-title").first.bounding_box(), page.locator("#talks").bounding_box()
    assert title["width"] > 0.85 * column["width"]
    box = "#talks-search textarea, #talks-search input"
    page.fill(box, "zebra")
    page.wait_for_selector("#talks :text('Nothing found for “zebra”.')")
    page.screenshot(path=shots / "search.png")
    page.fill(box, "number 7")
    becomes(page, "document.querySelectorAll('#talks li').length === 1")
    page.fill(box, "")
    becomes(page, "document.querySelectorAll('#talks li').length === 13")


def test_a_conversation_is_renamed_in_place_deleted_and_brought_back(page, conversations):
    item = page.locator("#talks li", has_text="Question number 5")
    item.hover()
    item.locator("[data-act=rename]").click()
    page.fill(".rename-form input", "Renamed by me")
    page.keyboard.press("Escape")
    soon(lambda: page.locator("#talks li", has_text="Question number 5").count() == 1)
    item.hover()
    item.locator("[data-act=rename]").click()
    page.fill(".rename-form input", "Renamed by me")
    page.keyboard.press("Enter")
    page.wait_for_selector("#talks li:has-text('Renamed by me')")
    item = page.locator("#talks li", has_text="Renamed by me")
    number = int(item.get_attribute("data-id"))
    item.hover()
    item.locator(".act:has-text('✕')").click()
    page.wait_for_selector("#talks .undo:has-text('“Renamed by me” was deleted.')")
    assert not conversations.is_kept(number)
    page.click("#talks .undo-button")
    page.wait_for_selector("#talks li:has-text('Renamed by me')")
    assert [turn.question for turn in conversations.turns(number)] == [TITLES[4]]


def test_a_mark_shows_its_quote_to_mouse_and_keyboard(page):
    mark = page.locator("#live .act.mark").first
    mark.hover()
    soon(lambda: "175" in page.locator("#tip q").inner_text())
    soon(lambda: "travel-policy-2025.pdf" in page.locator("#tip .tip-where").inner_text())
    page.mouse.move(5, 5)
    page.wait_for_selector("#tip", state="detached")
    mark.focus()
    page.wait_for_selector("#tip")
    soon(lambda: mark.get_attribute("aria-describedby") == "tip")
    page.keyboard.press("Escape")
    soon(lambda: page.locator("#tip").count() == 0)


def test_copying_takes_the_sources_along(page):
    page.locator("#live [data-act=copy]").click()
    page.wait_for_selector("#live :text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"Sources:\n\[1\] travel-policy-2025\.pdf, p\. 3.*: “.*175", text)


def test_an_answer_is_rated_with_a_note_and_given_as_a_question_file(page, conversations, served, tmp_path):
    from ragapp.evaluation.runner import read_questions

    page.locator("#log [data-act=rate][aria-label='Good answer']").first.click()
    page.wait_for_selector("#log .thumb.up.pressed")
    page.fill(".rate-form textarea", "as in the table")
    page.click(".rate-form [type=submit]")
    page.wait_for_selector(".feedback-told:has-text('as in the table')")
    page.locator("#live [data-act=rate][aria-label='Poor answer']").click()
    page.fill(".rate-form input[type=text]", "the head of finance")
    page.click(".rate-form [type=submit]")
    page.wait_for_selector("#live .feedback-told:has-text('the right answer: the head of finance')")
    page.click("#export summary")
    with page.expect_download() as download:
        page.click("#export a:has-text('question file')")
    path = tmp_path / "rated.jsonl"
    download.value.save_as(path)
    first, second = read_questions(path)
    assert (first.text, first.answers, first.document, first.pages) == (
        HOTELS,
        ("£175",),
        "travel-policy-2025.pdf",
        (3,),
    )
    assert (second.text, second.answers) == ("Who decides?", ("the head of finance",))
    page.locator("#live .thumb.down.pressed").click()
    becomes(page, "!document.querySelector('#live .feedback-told')")
    assert [bool(turn.feedback) for turn in conversations.turns(served[1])] == [True, False, False]


def test_a_conversation_is_exported_with_title_day_and_pictures(page, tmp_path):
    page.click("#export summary")
    with page.expect_download() as download:
        page.click("#export a:has-text('HTML')")
    name = download.value.suggested_filename
    assert re.fullmatch(r"What is the hotel limit.*? \d{4}-\d\d-\d\d\.html", name)
    download.value.save_as(tmp_path / "talk.html")
    html = (tmp_path / "talk.html").read_text(encoding="utf-8")
    assert f"<h1>{HOTELS}</h1>" in html
    assert html.count("data:image/jpeg;base64,") == 3
    assert 'class="box"' in html
    assert "http" not in re.sub(r"base64,[^\"]*|http-equiv", "", html)
    page.click("#export summary")
    with page.expect_download() as download:
        page.click("#export a:has-text('Markdown')")
    text = download.value.path().read_text(encoding="utf-8")
    assert re.match(r"# What is the hotel limit .*\n\n\d{4}-\d\d-\d\d, 3 questions\n", text)
    page.click("#new")
    # of the conversation there is nothing to export; the rated answers stay
    becomes(page, "!document.querySelector('#export a[href*=export]')")
    page.go_back()
    page.wait_for_selector("#live .answer")


def test_documents_are_found_by_typing_and_kept_with_the_conversation(page, conversations, served, shots):  # noqa: F811
    page.click("#scope .scope-open")
    page.keyboard.type("travel 2025 version")
    becomes(page, "document.querySelectorAll('.scope-picker li').length === 1")
    page.screenshot(path=shots / "scope.png")
    page.keyboard.press("Enter")
    page.wait_for_selector(".scope-chip:has-text('travel-policy-2025.pdf')")
    page.keyboard.press("Escape")
    soon(lambda: page.locator(".scope-picker").count() == 0)
    until = time.monotonic() + 5
    while not conversations.get(served[1]).scope and time.monotonic() < until:
        time.sleep(0.05)
    assert conversations.get(served[1]).scope.endswith("travel-policy-2025.pdf")
    page.reload()
    page.wait_for_selector(".scope-chip:has-text('travel-policy-2025.pdf')")
    page.click("#talks li >> nth=4 >> .act.name")
    becomes(page, "!document.querySelector('.scope-chip')")
    page.go_back()
    page.wait_for_selector(".scope-chip")


def test_an_edited_question_takes_the_place_of_what_followed_and_that_can_be_undone(page, conversations, served, shots):  # noqa: F811
    page.locator("#talk .exchange >> nth=1").hover()
    page.locator("#talk .exchange >> nth=1 >> [data-act=edit]").click()
    soon(lambda: "(1)" in page.locator(".edit-form .note").inner_text())
    page.screenshot(path=shots / "edit.png")
    page.fill(".edit-form textarea", "What is the hotel limit in Paris?")
    page.keyboard.press("Enter")
    becomes(page, "document.querySelectorAll('#talk .exchange').length === 2")
    answered(page)
    soon(lambda: questions(page) == [HOTELS, "What is the hotel limit in Paris?"])
    soon(lambda: page.locator("#live .within").inner_text() == "in travel-policy-2025.pdf")
    page.wait_for_selector(".talk-notice.undo:has-text('2 earlier answers were replaced.')")
    page.screenshot(path=shots / "replaced.png")
    page.click(".talk-notice .undo-button")
    becomes(page, "document.querySelectorAll('#talk .exchange').length === 4")
    kept = [turn.question for turn in conversations.turns(served[1])]
    assert kept == [HOTELS, "And in Paris?", "Who decides?", "What is the hotel limit in Paris?"]
    soon(lambda: questions(page) == kept)


def test_a_follow_up_is_taken_as_it_was_written(page, conversations, served):
    follow_up = page.locator("#talk .exchange", has=page.locator(".understood")).first
    soon(lambda: "What is it in Paris?" in follow_up.locator(".understood").inner_text())
    follow_up.locator(".understood .act").click()
    becomes(page, "document.querySelectorAll('#talk .exchange').length === 5")
    answered(page)
    last = conversations.turns(served[1])[-1]
    assert (last.question, last.standalone) == ("And in Paris?", "And in Paris?")
    # asked again, in its own place, and not by its own answer
    page.locator("#live .foot [data-act=retry]").click()
    page.wait_for_selector("#live .running")
    answered(page)
    turns = conversations.turns(served[1])
    assert len(turns) == 5
    assert turns[-1].standalone == "And in Paris?"


def test_small_talk_and_the_list_are_answered_at_once(page, shots):  # noqa: F811
    page.click("#new")
    page.wait_for_selector(".welcome")
    ask(page, "How many documents do you have?")
    page.wait_for_selector("#live .of-itself")
    soon(lambda: "There are 12 documents" in page.locator("#live .answer").inner_text())
    soon(lambda: "not from their text" in page.locator("#live .basis").inner_text())
    ask(page, "Which documents do you have about travel policy?")
    page.wait_for_selector("#live .listed summary")
    page.click("#live .listed summary")
    page.screenshot(path=shots / "list.png")
    page.click("#live .listed .chip >> nth=0")
    page.wait_for_selector("#evidence .view-title:has-text('travel-policy')")
    assert serious_violations(page) == []


def test_a_draft_survives_and_what_is_typed_next_is_not_erased(page):
    page.fill("#question textarea", "a draft that is not finished")
    page.reload()
    becomes(page, "document.querySelector('#question textarea')?.value === 'a draft that is not finished'")
    page.fill("#question textarea", "Hello")
    page.keyboard.press("Enter")
    page.keyboard.type("what comes next")
    page.wait_for_selector("#live .asked h2:has-text('Hello')")
    answered(page)
    time.sleep(1.5)
    soon(lambda: page.locator("#question textarea").input_value() == "what comes next")
    page.fill("#question textarea", "")


def test_the_title_tells_that_an_answer_is_ready(page):
    page.evaluate("document.hasFocus = () => false")
    ask(page, "Thanks")
    becomes(page, "document.title.startsWith('● ')")
    page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
    becomes(page, "!document.title.startsWith('● ')")


def test_the_keys_are_told(page, shots):  # noqa: F811
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.wait_for_selector("dialog.keys[open]")
    page.screenshot(path=shots / "keys.png")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.keys", state="detached")
    page.focus("#question textarea")
    page.keyboard.press("ArrowUp")
    page.wait_for_selector("#live .edit-form textarea")
    page.keyboard.press("Escape")


def test_two_tabs_on_one_conversation_lose_nothing(page, browser, served, conversations):  # noqa: F811
    url, talk = served
    page.goto(f"{url}?conversation={talk}")
    page.wait_for_selector("#live .answer")
    other = open_page(browser, f"{url}?conversation={talk}", locale="en-GB")
    other.wait_for_selector("#live .answer")
    before = len(conversations.turns(talk))
    ask(page, "What can you do?")
    other.wait_for_selector("#live .asked h2:has-text('What can you do?')", timeout=30_000)
    ask(other, "Thanks!")
    page.wait_for_selector("#live .asked h2:has-text('Thanks!')", timeout=30_000)
    soon(lambda: questions(page) == questions(other))
    assert len(conversations.turns(talk)) == before + 2
    conversations.delete(talk)
    for tab in (page, other):
        tab.wait_for_selector(".talk-notice:has-text('was deleted in another tab')", timeout=30_000)
        soon(lambda tab=tab: "ragapp conversations" not in tab.locator(".talk-notice").inner_text())
    ask(other, "Hello")
    other.wait_for_selector("#live .asked h2:has-text('Hello')")
    becomes(other, "!document.querySelector('.talk-notice')")
    page.click(".talk-notice :text('Keep it after all')")
    becomes(page, "!document.querySelector('.talk-notice')")
    assert len([row for row in conversations.list() if row.title.startswith("What is the hotel")]) == 1
    other.context.close()


def test_on_a_phone_everything_is_in_reach(browser, served, shots):  # noqa: F811
    url, _ = served
    narrow = open_page(browser, url, locale="fr-FR", has_touch=True, color_scheme="dark")
    narrow.set_viewport_size({"width": 390, "height": 844})
    narrow.click(".unfold")
    narrow.wait_for_selector("#talks li")
    narrow.screenshot(path=shots / "phone-list.png")
    narrow.click("#talks li:has-text('hotel limit') .act.name")
    narrow.wait_for_selector("#live .exchange")
    narrow.screenshot(path=shots / "phone-talk.png")
    talk, composer = (narrow.locator(one).bounding_box() for one in ("#talk", "#composer"))
    assert talk["height"] > 300
    assert composer["y"] + composer["height"] < 844  # in sight without scrolling
    mark = narrow.locator("#talk .act.mark").first
    mark.scroll_into_view_if_needed()
    mark.tap()
    narrow.wait_for_selector("#tip q")
    narrow.set_viewport_size({"width": 320, "height": 640})
    soon(lambda: narrow.evaluate("document.documentElement.scrollWidth") <= 320)
    narrow.context.close()


def test_a_question_that_did_not_arrive_is_sent_again(page):
    page.click("#new")
    page.wait_for_selector(".welcome, .talk-state", state="attached")
    lost = []

    def lose(route):
        if not lost and "Good evening" in (route.request.post_data or ""):
            lost.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/gradio_api/**", lose)
    ask(page, "Good evening")
    page.wait_for_selector("#live .of-itself", timeout=60_000)
    page.unroute("**/gradio_api/**")
    assert lost
    soon(lambda: questions(page) == ["Good evening"])


def test_a_question_asked_while_the_server_is_away_is_not_lost(page, served, shots):  # noqa: F811
    page.click("#new")
    page.wait_for_selector(".welcome, .talk-state", state="attached")
    _while_the_server_is_away(page, lambda: ask(page, "Good morning"), "Good morning", shots / "away.png")
    assert questions(page) == ["Good morning"]


@pytest.mark.parametrize("way", ["again", "edited"])
def test_one_asked_again_or_changed_while_the_server_is_away_is_not_lost(page, way):
    page.click("#new")
    page.wait_for_selector(".welcome, .talk-state", state="attached")
    for greeting in ("Good evening", "Good morning"):
        ask(page, greeting)
        page.wait_for_selector(f"#live .exchange:not(.running):has-text('{greeting}') .of-itself", timeout=60_000)

    def again():
        page.locator("#live [data-act=retry]").first.click()

    def edited():
        page.locator("#live [data-act=edit]").click()
        page.fill("#live .edit-form textarea", "Hello")
        page.keyboard.press("Enter")

    act, question = {"again": (again, "Good morning"), "edited": (edited, "Hello")}[way]
    _while_the_server_is_away(page, act, question)
    # in its own place, not behind it
    assert questions(page) == ["Good evening", question]


def _while_the_server_is_away(page, act, question, picture=None):
    """Do something while nothing that the page sends arrives, and wait until it is answered after all."""
    page.route("**/*", lambda route: route.abort())
    act()
    page.wait_for_selector("#composer .talk-notice:has-text('Your question is kept')", timeout=60_000)
    if picture:
        page.screenshot(path=picture)
    soon(lambda: json.loads(page.evaluate("sessionStorage.getItem('ragapp-pending')"))["question"] == question)
    with page.expect_event("load", timeout=60_000):  # by itself
        page.unroute("**/*")
    soon(lambda: page.evaluate("sessionStorage.getItem('ragapp-pending')") is None, seconds=60)
    page.wait_for_selector("#live .exchange:not(.running) .of-itself", timeout=60_000)
