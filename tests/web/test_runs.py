import threading
import time
from types import SimpleNamespace

import pytest

from ragapp.contract import Answer, Proved, Sentence, Stage, Understood
from ragapp.errors import CancelledError, EmptyStoreError
from ragapp.llm.fair_lock import FairLock
from ragapp.web import runs
from ragapp.web.app_state import AppState
from ragapp.web.metrics import Metrics
from ragapp.web.runs import AnswerRun, Exchange
from ragapp.web.visitors import Visitor


def finished(run, seconds=5):
    end = time.monotonic() + seconds
    while run.running and time.monotonic() < end:
        run.wait(-1, 0.05)
    assert not run.running


def test_what_is_proved_is_seen_while_the_rest_is_written():
    may_go_on, kept = threading.Event(), []

    def ask(cancelled):
        yield Understood("What is the fee for Lyon?", "replaced")
        yield Stage("reading", 3)
        yield Proved(Sentence("It is ten. [1]", True, (1,)))
        may_go_on.wait(5)
        yield Proved(Sentence("Lyon has its own. [1]", True, (1,)))
        yield Answer("And Lyon?", "It is ten.", False, 0.9, standalone="What is the fee for Lyon?")

    run = AnswerRun(Exchange("And Lyon?", scope="/d/", scope_name="d"), ask, kept.append)
    version = -1
    while not run.proved:
        version = run.wait(version, 1)
    assert run.stage == Stage("reading", 3)
    assert run.running
    may_go_on.set()
    finished(run)
    assert [one.sentence.text for one in run.proved] == ["It is ten. [1]", "Lyon has its own. [1]"]
    assert kept[0].question == "And Lyon?"
    assert (kept[0].scope, kept[0].scope_name) == ("/d/", "d")
    assert kept[0].answer.understood_as == "What is the fee for Lyon?"
    assert kept[0].answer.question == "And Lyon?"


@pytest.mark.parametrize("abstained", [True, False])
def test_what_was_stopped_is_no_abstention(abstained):
    kept = []

    def ask(cancelled):
        while not cancelled():
            time.sleep(0.01)
        yield Answer("q", "Your documents do not say.", abstained, 0.9, stopped=True)

    run = AnswerRun(Exchange("q"), ask, kept.append)
    run.stop()
    finished(run)
    assert kept[0].stopped
    assert (kept[0].answer is None) is abstained


@pytest.mark.parametrize(
    ("error", "told", "stopped"), [(EmptyStoreError("Nothing there.", "Add some."), "Nothing there. Add some.", False)]
)
def test_an_error_is_kept_in_words(error, told, stopped):
    kept = []

    def ask(cancelled):
        yield Stage("searching")
        raise error

    finished(AnswerRun(Exchange("q"), ask, kept.append))
    assert (kept[0].error, kept[0].stopped, kept[0].answer) == (told, stopped, None)


def test_a_run_that_nobody_looks_at_is_stopped(monkeypatch):
    monkeypatch.setattr(runs, "UNWATCHED_S", 0.1)
    kept = []

    def ask(cancelled):
        while not cancelled():
            time.sleep(0.01)
            yield Stage("searching")
        raise CancelledError("Stopped.")

    run = AnswerRun(Exchange("q"), ask, kept.append)
    end = time.monotonic() + 5
    while run.running and time.monotonic() < end:
        time.sleep(0.05)
    assert not run.running
    assert kept[0].stopped


def test_questions_of_the_page_have_their_places_in_the_order_of_asking():
    """However late their threads come to wait: the place is taken when the question is."""
    questions, order = FairLock(), []

    class Session:
        turns = ()

        def __init__(self, name, late_s):
            self.name, self.late_s = name, late_s

        def ask(self, question, *, ticket, **options):
            time.sleep(self.late_s)
            assert ticket.wait(5)
            order.append(self.name)
            yield Answer(question, "x", False, 0.9)

    shared = SimpleNamespace(
        app=SimpleNamespace(questions=questions),
        metrics=Metrics(),
        models=SimpleNamespace(note_answer=lambda answer: None),
        view=SimpleNamespace(prepare=lambda: None),
    )
    names = ["first", "second", "third"]
    visitors = [Visitor(session=Session(name, 0.2 - 0.1 * n)) for n, name in enumerate(names)]
    runs_ = [AppState.ask(shared, visitor, Exchange("q")) for visitor in visitors]
    for run in runs_:
        finished(run)
    assert order == names
    assert questions.callers == 0


def test_a_question_that_fails_gives_its_place_up():
    questions = FairLock()

    class Session:
        def ask(self, question, **options):
            raise EmptyStoreError("Nothing there.")

    view = SimpleNamespace(prepare=lambda: None)
    shared = SimpleNamespace(app=SimpleNamespace(questions=questions), metrics=Metrics(), view=view)
    visitor = Visitor(session=Session())
    finished(AppState.ask(shared, visitor, Exchange("q")))
    assert visitor.exchanges[0].error == "Nothing there."
    assert questions.callers == 0
