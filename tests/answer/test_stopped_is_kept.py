"""What was proved of an answer that was stopped is kept with its conversation; with a real catalog."""

from pathlib import Path

import pytest
from answerkit import passage
from test_proved_early import SURE, Model, Search

from ragapp.answer.assistant import Assistant
from ragapp.answer.chat_session import ChatSession
from ragapp.app import App
from ragapp.contract import Answer
from ragapp.errors import CancelledError
from ragapp.settings import load_settings
from ragapp.web.runs import AnswerRun, Exchange

KEYS = passage("Keys are lent for a week. A lost key costs £15. Keys are never posted.", "keys.pdf", 1)
QUESTION, TEXT = (
    "What are the rules for keys?",
    "Keys are lent for a week. A lost key costs £15. Keys are never posted.",
)


@pytest.fixture
def conversations(tmp_path):
    with App(load_settings(Path(__file__).parents[2] / "settings.yaml", {"paths": {"data": tmp_path}})) as app:
        yield app.conversations


def session(conversations, model):
    settings = load_settings(Path(__file__).parents[2] / "settings.yaml", {"answer": {"threshold": 0.5}})
    return ChatSession(lambda: Assistant(Search(KEYS), lambda: model, settings), conversations)


def test_what_was_proved_until_then_is_kept(conversations):
    model = Model([((), TEXT)], SURE, until="Keys are never")
    chat = session(conversations, model)
    *_, answer = chat.ask(QUESTION, cancelled=lambda: model.stop)
    (turn,) = conversations.turns(answer.conversation)
    assert turn.answer.answer == "Keys are lent for a week. [1] A lost key costs £15. [1]"
    assert turn.answer.stopped
    assert turn.answer.sentences[1].quotes == ("A lost key costs £15.",)
    assert [one.standalone for one in chat.turns] == [QUESTION]


def test_of_what_proves_nothing_nothing_is_kept(conversations):
    model = Model([((), TEXT)], SURE, until="Keys are")
    with pytest.raises(CancelledError):
        list(session(conversations, model).ask(QUESTION, cancelled=lambda: model.stop))
    assert conversations.list() == []


def test_the_page_shows_it_as_stopped(conversations):
    model, shown = Model([((), TEXT)], SURE, until="Keys are never"), []
    chat = session(conversations, model)

    def ask(cancelled):
        for event in chat.ask(QUESTION, cancelled=cancelled):
            yield event
            if isinstance(event, Answer):
                return

    run = AnswerRun(Exchange(QUESTION), lambda cancelled: ask(lambda: model.stop or cancelled()), shown.append)
    while run.running:
        run.wait(-1, 0.05)
    (exchange,) = shown
    assert exchange.stopped
    assert exchange.answer.answer.startswith("Keys are lent for a week. [1]")
    assert [one.sentence for one in run.proved] == list(exchange.answer.sentences)
