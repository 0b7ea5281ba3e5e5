import pytest
from answerkit import passage

from ragapp.answer.answerability import EXPECTED, AnswerabilityJudge, select_sources
from ragapp.answer.calibration import NAMES, Calibration, features_of
from ragapp.answer.prompts import PROMPTS

# what the model says counts as it is; what the search says counts as much
CALIBRATION = Calibration(tuple({"probe": 1.0, "score": 4.0}.get(name, 0.0) for name in NAMES), -4.0, {})


class Reader:
    """Says of each passage how surely it states the answer; knows which it was asked about."""

    def __init__(self, said):
        self.said = said
        self.asked = []

    def escape(self, text):
        return text

    def choice_probabilities(self, messages, choices, cancelled=None):
        document = next(name for name in self.said if name in messages[-1]["content"])
        self.asked.append(document)
        return [self.said[document], 1 - self.said[document]]


def found(**scores):
    return [passage(f"About {name}.", f"{name}.pdf", score=score) for name, score in scores.items()]


def read(said, passages, **options):
    reader = Reader({f"{name}.pdf": yes for name, yes in said.items()})
    judge = AnswerabilityJudge(reader, PROMPTS["en"], "How long?", CALIBRATION)
    judged = judge.read(passages, lambda: False, **options)
    return [one.passage.chunk.document[0] for one in judged], "".join(name[0] for name in reader.asked), judged


def test_the_likeliest_comes_first_and_what_the_search_said_counts():
    names, _, judged = read({"a": 0.4, "b": 0.5, "c": 0.1}, found(a=1.0, b=0.6, c=0.5))
    assert names == ["a", "b", "c"]
    assert judged[0].probability == pytest.approx(0.4)
    assert judged[1].probability < 0.2
    names, _, _ = read({"a": 0.1, "b": 0.6}, found(a=1.0, b=0.9))
    assert names == ["b", "a"]


def test_a_sure_passage_ends_the_reading():
    said = {"a": 0.4, "b": 0.9, "c": 0.9}
    assert read(said, found(a=1.0, b=1.0, c=1.0))[1] == "ab"
    assert read(said, found(a=1.0, b=1.0, c=1.0), every=True)[1] == "abc"


def test_what_can_hardly_be_enough_is_not_read():
    passages = found(a=1.0, b=0.2, c=0.9)
    hopeful = CALIBRATION.probability(features_of(passages[2], EXPECTED))
    said = {"a": 0.3, "b": 0.9, "c": 0.4}
    assert read(said, passages)[1] == "abc"
    assert read(said, passages, enough=hopeful)[1] == "ac"
    # the first is read in any case: a refusal says what the likeliest passage is
    assert read(said, passages, enough=0.999)[1] == "a"


def test_nothing_found_is_nothing_judged():
    assert read({}, [])[0] == []


def test_answered_from_is_the_likeliest_and_what_is_nearly_as_likely():
    judged = read({"a": 0.4, "b": 0.38, "c": 0.2}, found(a=1.0, b=1.0, c=1.0))[2]
    assert [one.chunk.document for one in select_sources(judged)] == ["a.pdf", "b.pdf"]
