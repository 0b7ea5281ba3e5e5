"""A question asked in the place of another, and an answer whose conversation went meanwhile."""

import pytest

from ragapp.answer.chat_session import ChatSession
from ragapp.contract import Answer
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import Conversations


class Told:
    """An assistant that answers at once, and notes what it was given."""

    def __init__(self):
        self.given = []
        self.meanwhile = lambda: None
        self.refuses = False

    def ask(self, question, turns, **options):
        self.given.append(([turn.question for turn in turns], options["standalone"]))
        self.meanwhile()
        yield Answer(question, f"It is {question}.", self.refuses, 0.9, standalone=question)


@pytest.fixture
def kept(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield Conversations(catalog)
    catalog.close()


@pytest.fixture
def told():
    return Told()


def asked(kept, session):
    return [turn.question for turn in kept.turns(session.id)]


def ask(session, question, **options):
    return list(session.ask(question, **options))[-1]


def test_a_question_in_anothers_place_sees_what_was_before_and_replaces_the_rest(kept, told):
    session = ChatSession(lambda: told, kept)
    for question in ("a", "b", "c"):
        ask(session, question)
    ids = [turn.id for turn in session.turns]
    ask(session, "B", before=ids[1], replacing=ids[1:], standalone="B it is")
    assert told.given[-1] == (["a"], "B it is")
    assert asked(kept, session) == ["a", "B"]
    kept.put_back(session.replaced)
    session.refresh()
    assert [turn.question for turn in session.turns] == ["a", "b", "c", "B"]


def test_nothing_is_replaced_by_a_question_that_is_stopped_before_anything_is_proved(kept, told):
    session = ChatSession(lambda: told, kept)
    ask(session, "a")
    replacing = [session.turns[0].id]
    told.refuses = True
    ask(session, "A", replacing=replacing, cancelled=lambda: True)
    assert asked(kept, session) == ["a"]
    told.refuses = False
    ask(session, "A", replacing=replacing, cancelled=lambda: True)  # what was proved until then is an answer
    assert asked(kept, session) == ["A"]
    kept.put_back(session.replaced)
    assert asked(kept, session) == ["a", "A"]


def test_what_another_tab_asked_is_known_to_the_next_question(kept, told):
    session = ChatSession(lambda: told, kept)
    ask(session, "a")
    ask(ChatSession(lambda: told, kept, session.id), "b")
    ask(session, "c")
    assert told.given[-1][0] == ["a", "b"]


def test_an_answer_is_kept_though_its_conversation_was_deleted_meanwhile(kept, told):
    session = ChatSession(lambda: told, kept)
    ask(session, "a")
    gone = session.id
    told.meanwhile = lambda: kept.delete(gone)
    answer = ask(session, "b")
    assert answer.conversation == session.id != gone
    assert asked(kept, session) == ["b"]
