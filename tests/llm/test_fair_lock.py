"""Waiting for one's turn, and stopping llama.cpp in the middle of a computation."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from ragapp.errors import CancelledError
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
                _until(lambda n=n: turns.ahead == n + 2)
        for thread in threads:
            thread.join()
        assert came == list(range(6))
        assert turns.ahead == 0

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
            _until(lambda: turns.ahead == 2)
            given_up.set()
            waiting.join()
            assert turns.ahead == 1
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
        assert turns.ahead == 0

    def test_an_error_inside_lets_the_next_one_in(self) -> None:
        turns = FairLock()
        with pytest.raises(ValueError, match="inside"), turns.turn():
            raise ValueError("inside")
        assert turns.ahead == 0


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
    long = [{"role": "user", "content": "tree " * 3000}]
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
