"""What becomes of a model's words: unit tests with a model that says what it is told to say."""

import pytest
from answerkit import passage

from ragapp.answer.assistant import Assistant, Delta
from ragapp.llm.engine import GenerationStats
from ragapp.retrieval.passage import Found
from ragapp.settings import Settings

LEAVE = passage("Annual leave is 25 days.", "leave.pdf", 3)


class Parrot:
    """Stands in for the engine: a fixed text, a probability for each passage that holds a word, a token a word."""

    name = "parrot"
    window = 4096
    ahead = 0

    def __init__(self, text, yes):
        self.text, self.yes, self.stats = text, yes, GenerationStats()
        self.judged, self.asked = [], ""

    def choose(self, messages, choices, cancelled):
        shown = messages[-1]["content"]
        self.judged.append(shown)
        yes = next((p for word, p in self.yes.items() if word in shown), 0.0)
        return [yes, 1 - yes]

    def generate(self, messages, **options):
        self.asked = messages[-1]["content"]
        yield from self.text.split(" ")

    def prompt_tokens(self, messages):
        return " ".join(message["content"] for message in messages).split()

    def count(self, text):
        return len(text.split())

    def escape(self, text):
        return text


class OnePassage:
    """Stands in for the retriever."""

    def __init__(self, *passages):
        self.passages = passages

    def search(self, question, k, within):
        return Found(self.passages[:k], {"embed": 0.01, "search": 0.02})


def ask(text, yes=0.9, passages=(LEAVE,), question="How much leave do I get?", parrot=None):
    settings = Settings()
    settings.answer.threshold = 0.5
    parrot = parrot or Parrot(text, yes if isinstance(yes, dict) else {"": yes})
    return list(Assistant(OnePassage(*passages), lambda: parrot, settings).ask(question))


def test_a_supported_answer_is_given_with_its_source():
    *_, answer = ask("You get 25 days.".replace(" ", "  "))
    assert not answer.abstained
    assert answer.citations[0].document == "leave.pdf"
    assert answer.answer.endswith("[1]")


@pytest.mark.parametrize("text", ["You get 40 days.", "Ask the personnel office.", "", "[1]"])
def test_an_answer_that_no_passage_states_is_withdrawn(text):
    *_, answer = ask(text)
    assert answer.abstained
    assert answer.answer == "Your documents do not say."
    assert answer.sentences == []
    assert answer.citations == []
    assert answer.passages == [LEAVE]


def test_the_threshold_decides_before_anything_is_written():
    assert ask("25 days.", yes=0.49)[-1].abstained
    assert not any(isinstance(event, Delta) for event in ask("25 days.", yes=0.49))
    assert not ask("25 days.", yes=0.51)[-1].abstained


def test_without_passages_nothing_is_asked_of_the_model():
    *_, answer = ask("25 days.", passages=())
    assert answer.abstained
    assert answer.confidence == 0


def test_a_passage_larger_than_the_budget_is_dropped_and_told():
    huge = passage("word " * 5000, "huge.pdf")
    *_, answer = ask("You get 25  days.", passages=(huge, LEAVE))
    assert answer.context["passages_dropped"] == 1
    assert [shown.chunk.document for shown in answer.passages] == ["leave.pdf"]


def test_passages_are_judged_alone_and_the_likeliest_is_answered_from():
    first, second, third = (passage(f"{word} leave is 25 days.", f"{word}.pdf") for word in ("Red", "Blue", "Green"))
    parrot = Parrot("It  is 25 days.", {"Red": 0.6, "Blue": 0.9, "Green": 0.2})
    *_, answer = ask("", passages=(first, second, third), parrot=parrot)
    assert [sum(word in shown for word in ("Red", "Blue", "Green")) for shown in parrot.judged] == [1, 1, 1]
    assert "Blue" in parrot.asked
    assert "Red" not in parrot.asked
    assert [shown.chunk.document for shown in answer.passages] == ["Blue.pdf", "Red.pdf", "Green.pdf"]
    assert answer.confidence == 0.9
    assert answer.context["passages_used"] == 1
    assert answer.citations[0].document == "Blue.pdf"


def test_the_best_of_the_search_is_judged_last_so_that_it_is_still_in_the_cache():
    parrot = Parrot("x", {"": 0.9})
    ask("", passages=(passage("Red"), passage("Blue")), parrot=parrot)
    assert ["Red" in shown for shown in parrot.judged] == [False, True]


def test_passages_nearly_as_likely_are_answered_from_together():
    parrot = Parrot("x", {"Red": 0.88, "Blue": 0.9, "Green": 0.7})
    ask("", passages=tuple(map(passage, ("Red", "Blue", "Green"))), parrot=parrot)
    assert "Blue" in parrot.asked
    assert "Red" in parrot.asked
    assert "Green" not in parrot.asked
    assert parrot.asked.index("Blue") < parrot.asked.index("Red")
