"""What becomes of a model's words: unit tests with a model that says what it is told to say."""

import pytest
from answerkit import passage

from ragapp.answer.assistant import Assistant, Delta
from ragapp.llm.engine import GenerationStats
from ragapp.settings import Settings

LEAVE = passage("Annual leave is 25 days.", "leave.pdf", 3)


class Parrot:
    """Stands in for the engine: a fixed text, a fixed probability, a token a word."""

    name = "parrot"
    window = 4096

    def __init__(self, text, yes):
        self.text, self.yes, self.stats = text, yes, GenerationStats()

    def choose(self, messages, choices, cancelled):
        return [self.yes, 1 - self.yes]

    def generate(self, messages, **options):
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
        self.passages = list(passages)

    def search(self, question, k, within):
        return self.passages[:k]


def ask(text, yes=0.9, passages=(LEAVE,), question="How much leave do I get?"):
    settings = Settings()
    settings.answer.threshold = 0.5
    assistant = Assistant(OnePassage(*passages), lambda: Parrot(text, yes), settings)
    return list(assistant.ask(question))


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
