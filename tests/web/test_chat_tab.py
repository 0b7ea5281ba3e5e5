"""What the buttons of the talk do on the server; the assistant alone is a stand-in, and answers at once."""

from __future__ import annotations

import json
import time
from html import unescape
from types import SimpleNamespace

import gradio as gr
import pytest

from ragapp.answer.chat_session import ChatSession
from ragapp.contract import Answer, IngestState
from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import Conversations
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Settings
from ragapp.web.app_state import AppState
from ragapp.web.ui.chat import ChatTab
from ragapp.web.ui.translations import make_i18n


class Told:
    """An assistant that answers every question with itself."""

    def __init__(self):
        self.given = []
        self.problem = None

    def ask(self, question, turns, **options):
        self.given.append((question, [turn.question for turn in turns], options))
        if self.problem:
            raise self.problem
        standalone = options["standalone"] or f"{question} (understood)"
        yield Answer(question, f"It is {question}.", False, 0.9, standalone=standalone)


@pytest.fixture(scope="module")
def tab_class():
    """The tab with its components, built once."""
    tab = ChatTab(None, make_i18n())
    tab._conversations._state = None
    with gr.Blocks():
        tab.build()
    return tab


@pytest.fixture
def page(tmp_path, tab_class):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    conversations, told = Conversations(catalog), Told()
    settings = Settings()
    settings.paths.ingest = tmp_path / "drop"

    class App:
        retriever = property(lambda self: (_ for _ in ()).throw(StoreError("not here")))

        def __init__(self):
            self.settings, self.catalog, self.conversations = settings, catalog, conversations
            self.questions = FairLock()

        def chat(self, conversation_id=None):
            return ChatSession(lambda: told, conversations, conversation_id)

    job = SimpleNamespace(state=IngestState(), start=lambda: None, listen=lambda tell: None)
    state = AppState(App(), job)
    state.view = SimpleNamespace(prepare=lambda: None)
    tab_class._state = tab_class._conversations._state = tab_class._first_steps._state = state
    yield SimpleNamespace(tab=tab_class, state=state, told=told, conversations=conversations)
    catalog.close()


@pytest.fixture
def visitor(page):
    return page.state.visitors.greet("s", "a" * 32, "en")


def wait(visitor):
    until = time.monotonic() + 10
    while visitor.answering and time.monotonic() < until:
        time.sleep(0.01)


def ask(page, visitor, question, **values):
    page.tab.ask(visitor, {"question": question, **values})
    wait(visitor)


def asked(visitor):
    return [exchange.question for exchange in visitor.exchanges]


def after(page, visitor):
    return unescape(page.tab._render_after(visitor))


def test_an_edited_question_replaces_what_followed_until_that_is_undone(page, visitor):
    for question in "abc":
        ask(page, visitor, question)
    ask(page, visitor, "B", edit=1)
    assert asked(visitor) == ["a", "B"]
    assert page.told.given[-1][1] == ["a"]
    assert "2 earlier answers were replaced" in after(page, visitor)
    page.tab.act_on_talk(visitor, {"what": "undo"})
    assert asked(visitor) == ["a", "b", "c", "B"]
    assert "replaced" not in after(page, visitor)


def test_what_was_to_be_replaced_stays_where_there_is_no_answer(page, visitor):
    ask(page, visitor, "a")
    ask(page, visitor, "b")
    page.told.problem = StoreError("The store is away.", "Wait.")
    ask(page, visitor, "A", edit=0)
    assert asked(visitor) == ["a", "b", "A"]
    assert "The store is away" in visitor.exchanges[-1].error
    assert len(page.conversations.turns(visitor.conversation)) == 2


def test_asking_again_is_understood_as_before_and_not_by_its_own_answer(page, visitor):
    ask(page, visitor, "a")
    ask(page, visitor, "b", scope=["/d/x.pdf"])
    page.tab.retry(visitor, {"turn": 1, "caution": "low"})
    wait(visitor)
    _, before, options = page.told.given[-1]
    assert (before, options["standalone"], options["caution"]) == (["a"], "b (understood)", "low")
    assert options["scope"] == "/d/x.pdf"
    assert asked(visitor) == ["a", "b"]
    page.tab.retry(visitor, {"turn": 1, "as_written": True, "scope": []})
    wait(visitor)
    assert page.told.given[-1][2]["standalone"] == "b"
    assert page.told.given[-1][2]["scope"] == ""
    # an earlier one is asked anew, and nothing goes
    page.tab.retry(visitor, {"turn": 0})
    wait(visitor)
    assert asked(visitor) == ["a", "b", "a"]


def test_a_question_that_comes_twice_is_asked_once(page, visitor):
    ask(page, visitor, "a", name="1-2")
    ask(page, visitor, "a", name="1-2")
    # sent by a page that was loaded again, which had nothing behind which it was asked
    ask(page, visitor, "a", name="other", again=True, behind=0)
    assert len(page.told.given) == 1
    state = json.loads(after(page, visitor).partition('data-state="')[2].partition('"></span>')[0])
    assert state["taken"] == ["1-2", "other"]
    ask(page, visitor, " ", name="empty")
    assert visitor.refused == ["empty"]


def test_a_question_asked_again_on_purpose_is_asked(page, visitor):
    ask(page, visitor, "a", name="1")
    state = json.loads(after(page, visitor).partition('data-state="')[2].partition('"></span>')[0])
    # the page was loaded again while it was on its way
    page.tab.retry(visitor, {"question": "a", "turn": 0, "name": "2", "again": True, "behind": state["last"]})
    wait(visitor)
    assert (len(page.told.given), asked(visitor), visitor.taken) == (2, ["a"], ["1", "2"])


def test_an_answer_in_the_same_words_is_shown_anew(page, visitor):
    # the browser has put the question there as asked, and is sent nothing where nothing differs from before
    ask(page, visitor, "a")
    before = page.tab.show_talk(visitor)[page.tab.live]
    page.tab.retry(visitor, {"turn": 0})
    wait(visitor)
    assert asked(visitor) == ["a"]
    again = page.tab.show_talk(visitor)[page.tab.live]
    assert again != before
    assert page.tab.show_talk(visitor)[page.tab.live] == again


def test_what_another_tab_does_is_seen(page, visitor):
    other = page.state.visitors.greet("s2", "b" * 32, "en")
    ask(page, visitor, "a")
    page.state.open_conversation(other, visitor.conversation)
    page.tab.follow(other)
    ask(page, other, "b")
    page.tab.follow(visitor)
    assert asked(visitor) == asked(other) == ["a", "b"]
    page.tab.act_on_talk(visitor, {"what": "rate", "turn": 1, "rating": "up", "note": "fine"})
    page.tab.follow(other)
    assert other.exchanges[1].feedback.note == "fine"


def test_a_conversation_deleted_elsewhere_can_be_kept_after_all(page, visitor):
    ask(page, visitor, "a")
    page.tab.follow(visitor)
    page.conversations.delete(visitor.conversation)
    page.tab.follow(visitor)
    assert "deleted in another tab" in after(page, visitor)
    page.tab.act_on_talk(visitor, {"what": "keep"})
    assert not visitor.lost
    assert [turn.question for turn in page.conversations.turns(visitor.conversation)] == ["a"]


def test_what_is_asked_in_a_conversation_that_was_deleted_begins_another(page, visitor):
    ask(page, visitor, "a")
    page.conversations.delete(visitor.conversation)
    ask(page, visitor, "b")
    assert [turn.question for turn in page.conversations.turns(visitor.conversation)] == ["b"]
    assert not visitor.lost


def test_deleting_can_be_undone(page, visitor):
    ask(page, visitor, "a")
    number = visitor.conversation
    page.tab.act(visitor, {"what": "delete", "id": number})
    assert visitor.conversation is None
    assert "“a” was deleted." in page.tab._conversations.show(visitor)
    page.tab.act(visitor, {"what": "undo"})
    assert (visitor.conversation, asked(visitor)) == (number, ["a"])


def test_what_is_chosen_is_kept_with_the_conversation(page, visitor):
    ask(page, visitor, "a")
    page.tab.restrict(visitor, {"patterns": ["/d/x.pdf", "/d/hr/*"]})
    number = visitor.conversation
    page.tab.act(visitor, {"what": "new"})
    assert visitor.scope == ""
    visitor.arrived = {"conversation": str(number)}
    page.tab.open(visitor)
    assert visitor.scope == "/d/x.pdf\n/d/hr/*"
    assert "Folder hr" in page.tab._render_scope(visitor)


def test_an_address_of_nothing_says_so(page, visitor):
    visitor.arrived = {"conversation": "77"}
    page.tab.open(visitor)
    assert "is not here" in after(page, visitor)
    assert visitor.arrived == {}


def test_a_search_that_finds_nothing_says_what_was_searched(page, visitor):
    assert "No conversations yet" in page.tab._conversations.show(visitor)
    visitor.search = " <zebra> "
    assert "Nothing found for “<zebra>”" in unescape(page.tab._conversations.show(visitor))


def test_what_was_said_of_an_answer_outlives_undoing_and_keeping(page, visitor):
    for question in "ab":
        ask(page, visitor, question)
    page.tab.act_on_talk(visitor, {"what": "rate", "turn": 1, "rating": "down", "expected": "£5"})
    ask(page, visitor, "B", edit=1)
    page.tab.act_on_talk(visitor, {"what": "undo"})
    assert visitor.exchanges[1].feedback.expected == "£5"
    page.conversations.delete(visitor.conversation)
    page.tab.follow(visitor)
    page.tab.act_on_talk(visitor, {"what": "keep"})
    kept = page.conversations.turns(visitor.conversation)
    assert [turn.feedback.expected for turn in kept] == ["", "£5", ""]


def test_what_gradio_selects_before_the_greeting_shows_nothing(page, visitor):
    """It would stand over the conversation that the address names, whichever answer comes last."""
    request = SimpleNamespace(session_hash="s")
    assert page.tab.selected(request) == gr.skip()
    visitor.greeted = True
    assert page.tab.live in page.tab.selected(request)
