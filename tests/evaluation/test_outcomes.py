"""What came of the questions, kept line by line and purged with the documents that its words are from."""

from dataclasses import replace

import pytest

from ragapp.contract import Answer, Sentence
from ragapp.evaluation.outcomes import Drawn, Outcome, OutcomeFile, written_features
from ragapp.index.store import OWN_NAMES

DRAWN = Drawn("pair", "c1", ("doc1",), "Who is it?", "Marit Dahl")
SIGNALS = ({"probe": 1.5, "score": 0.7, "similarity": 0.4}, {"probe": -2.0, "score": 0.2, "similarity": 0.1})
OUTCOME = Outcome(
    *("pair", "c1", ("doc1", "doc2"), "answerable", "Who is it?", "It is Marit Dahl. [1]"),
    *(SIGNALS, (True, False), True, {"supported": 1.0}),
)


@pytest.fixture
def file(tmp_path):
    return OutcomeFile(tmp_path / "data")


def test_what_was_written_is_read_again_by_pair(file):
    file.add(DRAWN)
    file.add(OUTCOME)
    file.add(replace(DRAWN, pair="other"))
    assert file.read("pair") == ([DRAWN], [OUTCOME])
    assert file.read("other") == ([replace(DRAWN, pair="other")], [])
    assert OUTCOME.example.signals[0].probe == 1.5


def test_nothing_is_there_at_first(file):
    assert file.read("pair") == ([], [])
    assert file.keep([]) == 0
    file.forget("pair")
    assert not file.path.exists()


@pytest.mark.parametrize(
    "rest", ['{"pair": "pair", "chu', '{"pair": "pair"', "\udcff".encode("utf-8", "surrogateescape")]
)
def test_a_line_that_was_cut_off_costs_itself_only(file, rest):
    file.add(DRAWN)
    with file.path.open("ab") as stream:
        stream.write(rest if isinstance(rest, bytes) else rest.encode())
    file.add(OUTCOME)
    assert file.read("pair") == ([DRAWN], [OUTCOME])


def test_a_document_that_is_purged_takes_its_words_along(file):
    file.add(DRAWN)
    file.add(OUTCOME)
    assert file.keep(["doc1", "doc3"]) == 1
    assert file.read("pair") == ([DRAWN], [])
    assert file.keep(["doc3"]) == 1
    assert not file.path.exists()


def test_a_pair_is_forgotten_and_others_are_not(file):
    file.add(DRAWN)
    file.add(replace(DRAWN, pair="other"))
    file.forget("pair")
    assert file.read("pair") == ([], [])
    assert len(file.read("other")[0]) == 1


def test_it_is_for_its_owner_alone(file):
    file.add(DRAWN)
    assert file.path.stat().st_mode & 0o077 == 0
    assert file.path.name in OWN_NAMES


def test_a_written_answer_says_how_much_of_it_was_found():
    told = Sentence("It is so. [1]", True, (1,)), Sentence("Or not.", False, ())
    assert written_features(Answer("q", "a", False, 0.9, told, grade="likely")) == {
        "withdrawn": 0.0,
        "sentences": 2.0,
        "supported": 0.5,
        "likely": 1.0,
    }
    assert written_features(Answer("q", "a", True, 0.9))["withdrawn"] == 1.0
