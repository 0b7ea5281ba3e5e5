"""Waiting for one's turn, and stopping llama.cpp in the middle of a computation."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from ragapp.errors import CancelledError, StoppingError
from ragapp.llm.engine import BATCH_TOKENS, Engine
from ragapp.llm.fair_lock import FairLock
from ragapp.models.packs import get_pack


def _until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestTurns:
    def test_one_at_a_time_in_the_order_of_asking(self) -> None:
        turns, came, inside = FairLock(), [], []

        def work(n: int) -> None:
            with turns.turn():
                inside.append(n)
                assert len(inside) == 1
                came.append(n)
                time.sleep(0.005)
                inside.remove(n)

        with turns.turn():
            threads = []
            for n in range(6):
                threads.append(threading.Thread(target=work, args=(n,)))
                threads[-1].start()
                _until(lambda n=n: turns.callers == n + 2)
        for thread in threads:
            thread.join()
        assert came == list(range(6))
        assert turns.callers == 0

    def test_who_gives_up_waiting_leaves_the_queue(self) -> None:
        turns, given_up, problems = FairLock(), threading.Event(), []

        def wait() -> None:
            try:
                with turns.turn(given_up.is_set):
                    problems.append("it came in")
            except CancelledError:
                problems.append("stopped")

        with turns.turn():
            waiting = threading.Thread(target=wait)
            waiting.start()
            _until(lambda: turns.callers == 2)
            given_up.set()
            waiting.join()
            assert turns.callers == 1
        assert problems == ["stopped"]
        with turns.turn():
            pass

    def test_a_turn_may_end_on_another_thread(self) -> None:
        turns = FairLock()

        def inside():
            with turns.turn():
                yield 1

        stream = inside()
        next(stream)
        ending = threading.Thread(target=stream.close)
        ending.start()
        ending.join()
        assert turns.callers == 0

    def test_the_order_is_that_of_the_tickets_not_of_the_threads(self) -> None:
        turns, came = FairLock(), []
        tickets = [turns.ticket() for _ in range(5)]

        def work(n: int) -> None:
            assert tickets[n].wait(20)
            came.append(n)
            tickets[n].leave()

        threads = [threading.Thread(target=work, args=(n,)) for n in reversed(range(5))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert came == list(range(5))

    def test_a_ticket_knows_its_place_and_may_be_given_up(self) -> None:
        turns = FairLock()
        first, second, third = (turns.ticket() for _ in range(3))
        assert [one.ahead for one in (first, second, third)] == [0, 1, 2]
        assert first.wait(0)
        assert not third.wait(0.01)
        second.leave()
        second.leave()
        assert third.ahead == 1
        assert not third.wait(0)
        first.leave()
        assert third.wait(0)
        assert (second.ahead, second.wait(0)) == (0, False)

    def test_an_error_inside_lets_the_next_one_in(self) -> None:
        turns = FairLock()
        with pytest.raises(ValueError, match="inside"), turns.turn():
            raise ValueError("inside")
        assert turns.callers == 0


class TestSeveralPlaces:
    def test_so_many_are_inside_and_the_others_know_their_place(self) -> None:
        turns = FairLock(3)
        tickets = [turns.ticket() for _ in range(6)]
        assert [one.wait(0) for one in tickets] == [True] * 3 + [False] * 3
        assert [one.ahead for one in tickets] == [0, 0, 0, 1, 2, 3]
        assert (turns.callers, turns.waiting) == (6, 3)
        tickets[1].leave()  # whoever ends first lets the first of those that wait in
        assert [one.wait(0) for one in tickets] == [True, False, True, True, False, False]
        assert [one.ahead for one in tickets] == [0, 0, 0, 0, 1, 2]
        tickets[4].leave()
        assert tickets[5].ahead == 1

    def test_who_is_alone_waits_for_all_and_all_wait_for_it(self) -> None:
        turns = FairLock(3)
        first, second, alone, behind = (turns.ticket(alone=n == 2) for n in range(4))
        assert [one.wait(0) for one in (first, second, alone, behind)] == [True, True, False, False]
        assert (alone.ahead, behind.ahead) == (2, 3)
        first.leave()
        assert not alone.wait(0)
        second.leave()
        assert alone.wait(0)
        assert not behind.wait(0)
        alone.leave()
        assert behind.wait(0)

    @pytest.mark.parametrize("places", [1, 3])
    def test_at_the_end_nobody_is_let_in_and_who_is_inside_goes_on(self, places: int) -> None:
        turns = FairLock(places)
        inside = [turns.ticket() for _ in range(places)]
        assert all(one.wait(0) for one in inside)
        waiting, told = turns.ticket(), []

        def wait() -> None:
            try:
                waiting.wait()
            except StoppingError as error:
                told.append(error)
                waiting.leave()

        thread = threading.Thread(target=wait)
        thread.start()
        turns.end()
        thread.join(20)
        assert len(told) == 1
        assert all(one.wait(0) for one in inside)
        for one in inside:
            one.leave()
        late = turns.ticket()
        with pytest.raises(StoppingError):
            late.wait(0)
        late.leave()
        assert (turns.callers, turns.ending) == (0, True)


@pytest.fixture
def engine(models_dir: Path):
    engine = Engine(get_pack("smollm2-135m-instruct").target(models_dir), "smol", context=4096)
    engine.load()
    yield engine
    engine.close()


CHAT = [{"role": "user", "content": "Name three colours."}]


@pytest.mark.alone
def test_reading_stops_within_a_batch_and_the_cache_stays_right(engine: Engine) -> None:
    expected = "".join(engine.generate(CHAT, max_tokens=8))
    long = [{"role": "user", "content": "tree " * 1000}]
    started = time.monotonic()
    engine.choice_probabilities(long, ("Yes", "No"))
    whole = time.monotonic() - started
    engine.choice_probabilities(CHAT, ("Yes", "No"))
    stop = time.monotonic() + whole / 10
    began = time.monotonic()
    with pytest.raises(CancelledError):
        engine.choice_probabilities(long, ("Yes", "No"), lambda: time.monotonic() > stop)
    assert time.monotonic() - began < whole / 2
    assert "".join(engine.generate(CHAT, max_tokens=8)) == expected


def test_one_computation_is_ended_in_its_middle(engine: Engine) -> None:
    """The whole batch is worked on at a time, so that only the flag in llama.cpp's loop can end it."""
    tokens = engine.prompt_tokens([{"role": "user", "content": "tree " * BATCH_TOKENS}])[:BATCH_TOKENS]
    context = engine._context
    with context.abort.watching(lambda: True):
        _until(lambda: context.abort.raised)
        with pytest.raises(CancelledError):
            context.decode(tokens)
        assert context.tokens == []
    context.decode(tokens)
    assert context.tokens == tokens


def test_writing_stops_at_once(engine: Engine) -> None:
    stop = threading.Event()
    pieces = []
    chat = [{"role": "user", "content": "Tell a long story."}]
    for piece in engine.generate(chat, max_tokens=400, cancelled=stop.is_set):
        pieces.append(piece)
        if len(pieces) == 3:
            stop.set()
    assert len(pieces) == 3


def test_the_memory_is_freed_after_a_while_and_the_model_comes_back(models_dir: Path) -> None:
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    engine = Engine(path, "smol", context=512, unload_after_s=0.3)
    first = "".join(engine.generate(CHAT, max_tokens=5))
    assert engine.loaded
    _until(lambda: not engine.loaded)
    assert "".join(engine.generate(CHAT, max_tokens=5)) == first
    engine.close()
    assert not engine.loaded


def test_the_speed_of_reading_is_measured_and_leaves_no_trace(engine: Engine) -> None:
    expected = "".join(engine.generate(CHAT, max_tokens=8))
    engine.seen_speed = 0.0
    assert engine.prompt_speed() > 1
    assert engine.prompt_speed() == engine.seen_speed
    assert "".join(engine.generate(CHAT, max_tokens=8)) == expected
