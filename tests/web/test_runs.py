import threading
import time

import pytest

from ragapp.contract import Answer, Delta, Stage, Understood
from ragapp.errors import CancelledError, EmptyStoreError
from ragapp.web import runs
from ragapp.web.runs import AnswerRun, Exchange


def finished(run, seconds=5):
    end = time.monotonic() + seconds
    while run.running and time.monotonic() < end:
        run.wait(-1, 0.05)
    assert not run.running


def test_what_is_written_is_seen_while_it_is_written():
    may_go_on, kept = threading.Event(), []

    def ask(cancelled):
        yield Understood("What is the fee for Lyon?", "replaced")
        yield Stage("reading", 3)
        yield Delta("It is ")
        may_go_on.wait(5)
        yield Delta("ten.")
        yield Answer("And Lyon?", "It is ten.", False, 0.9, standalone="What is the fee for Lyon?")

    run = AnswerRun(Exchange("And Lyon?", scope="/d/", scope_name="d"), ask, kept.append)
    version = -1
    while run.written != "It is ":
        version = run.wait(version, 1)
    assert run.stage == Stage("reading", 3)
    assert run.running
    may_go_on.set()
    finished(run)
    assert run.written == "It is ten."
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
        yield Answer("q", "Your documents do not say.", abstained, 0.9)

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
