"""What is kept of conversations, and that nothing is kept of deleted ones."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ragapp.contract import Answer, Citation, Feedback, Passage, Place
from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import (
    MAX_FEEDBACK_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    TITLE_CHARACTERS,
    Conversations,
    shortened,
)

PIECES = [
    "hotel",
    "Élan",
    "œuvre",
    "漢字",
    "🙂",
    "'; DROP TABLE turns; --",
    '"',
    "\\",
    "%",
    "_",
    "\n",
    "<b>",
    "{}",
    "\x00",
]


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


@pytest.fixture
def kept(catalog):
    return Conversations(catalog)


def answer(text="It is £175.", question="q", standalone=""):
    citation = Citation("a.pdf", "/a.pdf", 3, n=1, quote=text, start=0, end=len(text))
    return Answer(question, text, False, 0.5, citations=(citation,), standalone=standalone or question)


def counts(catalog):
    return [catalog.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in ("conversations", "turns")]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_stored_is_read_again(kept, catalog, tmp_path, seed):
    chance = random.Random(seed)

    def text():
        return " ".join(chance.choices(PIECES, k=chance.randrange(1, 12)))

    expected = {}
    for _ in range(chance.randrange(1, 5)):
        conversation_id = kept.create()
        said = [answer(text(), text(), text()) for _ in range(chance.randrange(1, 6))]
        expected[conversation_id] = [replace(one, conversation=conversation_id) for one in said]
    for id_, turns in expected.items():
        for said in turns:
            assert kept.add_turn(id_, said).answer == said
    again = Catalog(tmp_path / "catalog.sqlite3")  # as another process sees it
    try:
        for id_, turns in expected.items():
            found = Conversations(again).turns(id_)
            assert [turn.answer for turn in found] == turns
            assert [(turn.question, turn.standalone, turn.reply) for turn in found] == [
                (said.question, said.standalone, said.answer) for said in turns
            ]
            assert Conversations(again).get(id_).turns == len(turns)
    finally:
        again.close()
    for id_ in expected:
        kept.delete(id_)
    assert counts(catalog) == [0, 0]


def test_the_one_that_changed_last_comes_first(kept):
    ids = [kept.create() for _ in range(4)]
    for id_ in (ids[2], ids[0], ids[3], ids[1]):
        kept.add_turn(id_, answer("It is £175.", f"Question {id_}?", "x"))
    assert [row.id for row in kept.list()] == [ids[1], ids[3], ids[0], ids[2]]
    kept.add_turn(ids[2], answer("It is £175.", "More?", "x"))
    kept.rename(ids[0], "Renamed")
    assert [row.id for row in kept.list()] == [ids[0], ids[2], ids[1], ids[3]]
    assert [row.id for row in kept.list(limit=2)] == [ids[0], ids[2]]
    assert [row.turns for row in kept.list()] == [1, 2, 1, 1]


def test_deleting_one_leaves_the_others(kept, catalog):
    ids = [kept.create() for _ in range(3)]
    for id_ in ids:
        for n in range(3):
            kept.add_turn(id_, answer(f"said-{id_}", f"secret-{id_}-{n}", "x"))
    assert kept.delete(ids[1]).turns == 3
    assert counts(catalog) == [2, 6]
    rest = catalog.rows("SELECT question || reply || answer FROM turns")
    assert not any(f"secret-{ids[1]}" in text or f"said-{ids[1]}" in text for (text,) in rest)
    assert [row.id for row in kept.list()] == [ids[2], ids[0]]
    assert kept.create() not in ids  # an id is never given twice


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["hotel", "repas"]),
        ("london", ["hotel"]),
        ("LONDON hotel", ["hotel"]),
        ("london repas", []),
        ("elevee", ["repas"]),
        ("Élevée", ["repas"]),
        ("£175", ["hotel"]),
        ("%", []),
        ("_", []),
        ("standalone", ["hotel"]),
        ("hote", ["hotel"]),
        ("my title", ["repas"]),
    ],
)
def test_search(kept, search, found):
    hotel, repas = kept.create(), kept.create("My Title")
    kept.add_turn(hotel, answer("It is £175.", "What is the hotel limit for London?", "the standalone one"))
    kept.add_turn(repas, answer("La plus élevée : le repas.", "Quelle indemnité ?", "Quelle indemnité ?"))
    names = {hotel: "hotel", repas: "repas"}
    assert sorted(names[row.id] for row in kept.list(search)) == found


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is the limit?", "What is the limit?"),
        ("  What\n is\t it? ", "What is it?"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("x" * 200, "x" * (TITLE_CHARACTERS - 1) + "…"),
        ("a\x1b[31mred\x00", "a [31mred"),
    ],
)
def test_the_title_is_made_from_the_first_question(kept, question, title):
    id_ = kept.create()
    assert kept.get(id_).title == ""
    kept.add_turn(id_, answer("It is £175.", question, question))
    kept.add_turn(id_, answer("It is £175.", "Another?", "Another?"))
    assert kept.get(id_).title == title
    assert len(title) <= TITLE_CHARACTERS


def test_a_given_title_stays(kept):
    id_ = kept.create("Travel")
    kept.add_turn(id_, answer("It is £175.", "What is it?", "What is it?"))
    assert kept.get(id_).title == "Travel"
    assert kept.rename(id_, " My\ntravel ").title == "My travel"
    assert len(kept.rename(id_, "x" * 1000).title) == MAX_TITLE_CHARACTERS
    with pytest.raises(StoreError, match="empty"):
        kept.rename(id_, " \x00 ")


def test_answers_of_earlier_versions_are_read(kept, catalog):
    id_ = kept.create()
    turn = kept.add_turn(id_, answer(standalone="What is it?"))
    # signals were one object once, there was no language, and what a model thought may stand there
    old = {
        "question": "What is it?",
        "answer": "Red.",
        "signals": {"probe": 1.0},
        "context": {"window": 9},
        "thinking": "x",
    }
    with catalog.transaction() as connection:
        connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (json.dumps(old), turn.id))
    (read,) = kept.turns(id_)
    assert (read.question, read.standalone, read.reply) == ("q", "What is it?", "Red.")
    assert (read.answer.signals, read.answer.context.window, read.answer.citations) == ((), 9, ())


@pytest.mark.parametrize(
    ("old", "grade"),
    [
        ({"confidence": 0.99}, "answered"),
        ({"confidence": 0.6}, "likely"),
        ({"confidence": 0.99, "sentences": [{"text": "a", "supported": False, "citations": []}]}, "likely"),
        ({"confidence": 0.99, "sentences": [{"text": "a", "supported": True, "citations": []}]}, "answered"),
        ({"confidence": 0.99, "abstained": True}, "not_found"),
        ({"confidence": 0.1, "grade": "answered"}, "answered"),
        ({"confidence": 0.99, "grade": "of a later version"}, "answered"),
        ({}, "likely"),
    ],
)
def test_answers_that_were_kept_without_a_grade_get_one(kept, catalog, old, grade):
    id_ = kept.create()
    turn = kept.add_turn(id_, answer())
    with catalog.transaction() as connection:
        stored = json.dumps({"question": "q", "answer": "Red.", **old})
        connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (stored, turn.id))
    assert kept.turns(id_)[0].answer.grade == grade


@pytest.mark.parametrize("id_", [0, -1, 7, 2**63, -(2**70)])
def test_unknown_ids_are_told(kept, id_):
    calls = [kept.get, kept.turns, kept.delete, lambda i: kept.rename(i, "t"), lambda i: kept.add_turn(i, answer())]
    for call in calls:
        with pytest.raises(StoreError, match=f"no conversation {id_}.*ragapp conversations list"):
            call(id_)


def test_half_a_character_is_no_reason_to_fail(kept):
    id_ = kept.create("\udce9")
    kept.add_turn(id_, answer("\udce9", "caf\udce9", "caf\udce9"))
    assert kept.turns(id_)[0].question == "caf?"


def test_listing_does_not_wait_for_who_writes(kept, tmp_path):
    kept.add_turn(kept.create(), answer())
    writer = sqlite3.connect(tmp_path / "catalog.sqlite3", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    rows = []
    reading = threading.Thread(target=lambda: rows.extend(kept.list("q")), daemon=True)
    reading.start()
    reading.join(5)
    writer.execute("ROLLBACK")
    writer.close()
    assert len(rows) == 1


def test_two_processes_may_add_turns_at_once(kept, tmp_path):
    id_ = kept.create()
    path = tmp_path / "catalog.sqlite3"
    errors = []

    def add(n: int, path: Path = path) -> None:
        other = Catalog(path)
        try:
            for i in range(20):
                Conversations(other).add_turn(id_, answer(question=f"{n}-{i}"))
        except StoreError as error:
            errors.append(error)
        finally:
            other.close()

    threads = [threading.Thread(target=add, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    found = [turn.question for turn in kept.turns(id_)]
    assert sorted(found) == sorted(f"{n}-{i}" for n in range(3) for i in range(20))


@pytest.mark.parametrize("text", ["", "a", "one two three four five", "x" * 50, "a. b, c; d: e f g h i j k"])
@pytest.mark.parametrize("length", [2, 5, 12, 40])
def test_shortened(text, length):
    short = shortened(text, length)
    assert len(short) <= length
    assert (short == text) == (len(text) <= length)
    assert text.startswith(short.removesuffix("…"))


def test_answers_that_show_removed_documents_are_forgotten(kept, catalog, monkeypatch):
    monkeypatch.setattr(catalog, "documents", lambda: [SimpleNamespace(path="/a.pdf")])
    here = Passage("a.pdf", "/a.pdf", 1, text="x", score=1.0)
    gone = Passage("gone.pdf", "/gone.pdf", 1, text="secret", score=1.0)
    both = Passage("a.pdf", "/a.pdf", 1, text="secret", score=1.0, also_in=(Place("gone.pdf", "/gone.pdf", 1),))
    held, mixed, lost = kept.create(), kept.create(), kept.create()
    kept.add_turn(held, answer(question="one"))
    for conversation_id, question, passage in ((mixed, "two", here), (mixed, "three", gone), (lost, "four", both)):
        kept.add_turn(conversation_id, replace(answer(question=question), passages=(passage,)))
    assert kept.forget_removed() == 2
    assert {row.id for row in kept.list()} == {held, mixed}
    assert [turn.question for turn in kept.turns(mixed)] == ["two"]
    assert "secret" not in str(catalog.rows("SELECT * FROM turns"))
    assert kept.forget_removed() == 0


def test_what_was_taken_out_is_put_back_as_it_was(kept, catalog):
    first, other = kept.create(), kept.create("other")
    ids = [kept.add_turn(first, answer(question=text), "/d/*").id for text in ("a", "b", "c")]
    kept.rate(ids[1], Feedback("down", "note", "£5"))
    before = kept.turns(first)
    cut = kept.take_out(first, ids[1:])
    assert [turn.id for turn in kept.turns(first)] == ids[:1]
    later = kept.add_turn(first, answer(question="d")).id
    kept.put_back(cut)
    assert kept.turns(first)[:3] == before
    assert [turn.id for turn in kept.turns(first)] == [*ids, later]
    whole = kept.take_out(first)
    assert not kept.is_kept(first)
    assert counts(catalog) == [1, 0]
    assert kept.put_back(whole).id == first
    assert len(kept.turns(first)) == 4
    assert kept.is_kept(other)


def test_turns_of_a_conversation_that_went_meanwhile_bring_it_back(kept):
    first = kept.create("talk")
    turn = kept.add_turn(first, answer())
    cut = kept.take_out(first, [turn.id])
    kept.delete(first)
    assert kept.put_back(cut).title == "talk"
    assert [one.id for one in kept.turns(first)] == [turn.id]


def test_what_a_person_thinks_and_what_is_asked_of_is_kept(kept):
    first = kept.create()
    turn = kept.add_turn(first, answer(), "/d/a.pdf\n/d/b/*")
    assert kept.get(first).scope == kept.turns(first)[0].scope == "/d/a.pdf\n/d/b/*"
    kept.set_scope(first, "")
    assert kept.get(first).scope == ""
    kept.rate(turn.id, Feedback("up", "n" * 5000))
    assert [len(one.feedback.note) for one in kept.rated()] == [MAX_FEEDBACK_CHARACTERS]
    kept.rate(turn.id, Feedback())
    assert list(kept.rated()) == []
    with pytest.raises(StoreError, match="no longer kept"):
        kept.rate(turn.id + 1, Feedback("up"))


def test_the_version_tells_of_every_change_whoever_made_it(kept, catalog):
    other = Catalog(catalog.path)
    seen = [kept.version]
    first = Conversations(other).create("a")
    for change in (
        lambda: Conversations(other).add_turn(first, answer()),
        lambda: Conversations(other).rename(first, "b"),
        lambda: Conversations(other).rate(kept.turns(first)[0].id, Feedback("up")),
        lambda: Conversations(other).delete(first),
    ):
        seen.append(kept.version)
        change()
        assert kept.version not in seen[-1:]
    other.close()


def test_what_was_asked_about_is_known_the_newest_first_and_each_unit_once(kept):
    conversation = kept.create()

    def ask(*units):
        quoted, *others = units
        citation = Citation("a.pdf", quoted[0], quoted[1], n=1, quote="x", start=0, end=1)
        shown = tuple(Passage("b.pdf", path, number, text="x", score=1.0) for path, number in others)
        kept.add_turn(conversation, replace(answer(), citations=(citation,), passages=shown))

    ask(("/a.pdf", 1), ("/a.pdf", 1), ("/b.pdf", 7))
    ask(("/b.pdf", 7), ("/c.pdf", 2))
    kept.add_turn(conversation, Answer("q", "Hello.", False, 1.0))
    assert kept.asked_about() == [("/b.pdf", 7), ("/c.pdf", 2), ("/a.pdf", 1)]
    assert kept.asked_about(turns=2) == [("/b.pdf", 7), ("/c.pdf", 2)]
