"""Questions wait for each other: one is answered at a time, in the order of asking, and each knows its place."""

import threading
import time
from pathlib import Path

import pytest
from answerkit import StandIn, passage

from ragapp.answer.assistant import Assistant
from ragapp.contract import Answer, Stage
from ragapp.errors import CancelledError
from ragapp.llm.engine import GenerationStats
from ragapp.retrieval.passage import RetrievalResult
from ragapp.settings import load_settings

SETTINGS = Path(__file__).parents[2] / "settings.yaml"
KEYS = passage("A lost key costs £15. Keys are never posted.", "keys.pdf", 1)


class Model(StandIn):
    """Stands in for the engine; notes whose passages it reads and writes from, which takes a moment each."""

    name = "model"

    def __init__(self):
        self.stats, self.log, self.may_go_on = GenerationStats(), [], threading.Event()
        self.may_go_on.set()

    def _note(self, messages):
        text = messages[-1]["content"]
        self.log.append(next((n for n in range(30) if f"question {n}?" in text), None))
        time.sleep(0.002)
        assert self.may_go_on.wait(20)

    def choice_probabilities(self, messages, choices, cancelled=None):
        self._note(messages)
        return [0.9, 0.1]

    def generate(self, messages, **options):
        self._note(messages)
        yield "A lost key costs £15."


class Search:
    def search(self, question, k, within):
        return RetrievalResult((KEYS,), {}, 5, 5, 5)


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def assistant(model):
    return Assistant(Search(), lambda: model, load_settings(SETTINGS, {"answer": {"threshold": 0.5}}))


def question(n):
    return f"What does a lost key cost, question {n}?"


def test_questions_are_answered_in_the_order_of_asking_whichever_thread_is_first(assistant, model):
    asked = [assistant.ask(question(n)) for n in range(12)]
    done = []

    def answer(n):
        assert isinstance(list(asked[n])[-1], Answer)
        done.append(n)

    threads = [threading.Thread(target=answer, args=(n,)) for n in reversed(range(12))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == list(range(12))
    assert model.log == sorted(model.log)  # none is read for before the one before it has its answer
    assert set(model.log) == set(range(12))


def test_each_is_told_its_place_as_it_moves_up(assistant, model):
    model.may_go_on.clear()
    asked = [assistant.ask(question(n)) for n in range(3)]
    told, threads = [[], [], []], []
    for n in range(3):
        threads.append(threading.Thread(target=lambda n=n: told[n].extend(asked[n])))
        threads[-1].start()
    time.sleep(0.3)
    model.may_go_on.set()
    for thread in threads:
        thread.join(20)
    places = [[one.ahead for one in events if isinstance(one, Stage) and one.name == "waiting"] for events in told]
    assert places[0] == []
    assert places[1] == [1]
    assert places[2][0] == 2
    assert places[2] == sorted(places[2], reverse=True)
    assert told[2][-1].timings["waited_s"] >= 0.25
    assert told[0][-1].timings.get("waited_s", 0.0) < told[2][-1].timings["waited_s"]


@pytest.mark.parametrize("way", ["closed", "dropped", "stopped"])
def test_who_gives_up_keeps_nobody_waiting(assistant, way):
    stop = threading.Event()
    first, second = assistant.ask(question(1)), assistant.ask(question(2), cancelled=stop.is_set)
    third = assistant.ask(question(3))
    if way == "closed":
        next(second)
        second.close()
    elif way == "dropped":
        del second
    else:
        stop.set()
        next(first)
        with pytest.raises(CancelledError):
            list(second)
    assert isinstance(list(first)[-1], Answer)
    assert isinstance(list(third)[-1], Answer)


def test_who_has_the_answer_keeps_nobody_waiting(assistant):
    first, second = assistant.ask(question(1)), assistant.ask(question(2))
    for event in first:
        if isinstance(event, Answer):
            break  # and asks for no more
    assert isinstance(list(second)[-1], Answer)


def test_a_question_that_fails_keeps_nobody_waiting(assistant, model):
    def fail(messages, choices, cancelled=None):
        raise ValueError("defect")

    right, model.choice_probabilities = model.choice_probabilities, fail
    first, second = assistant.ask(question(1)), assistant.ask(question(2))
    with pytest.raises(ValueError, match="defect"):
        list(first)
    model.choice_probabilities = right
    assert isinstance(list(second)[-1], Answer)
