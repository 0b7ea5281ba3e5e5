"""What ends an answer: the model, the length, the time, the person; and a limit of its own for the thinking."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ragapp.llm.batches import LEAST
from ragapp.llm.engine import Engine
from ragapp.llm.reasoning import TAGS
from ragapp.models.packs import get_pack

pytestmark = pytest.mark.real

CHAT = [{"role": "user", "content": "Write a long story about a ship."}]
SYSTEM = {"role": "system", "content": "You tell stories to people who are waiting for a train that is late."}


@pytest.fixture(scope="module")
def engine(models_dir: Path):
    engine = Engine(get_pack("smollm2-135m-instruct").target(models_dir), "smol", context=256)
    yield engine
    engine.close()


@pytest.fixture
def thinker(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """As if the model's template had opened the thinking."""
    engine.load()
    monkeypatch.setattr(engine.template, "tags", TAGS[0])
    monkeypatch.setattr(engine.template, "opens_thinking", lambda prompt: True)
    return engine


def parts(engine: Engine, **options) -> tuple[str, str]:
    pieces = list(engine.generate_pieces(CHAT, **options))
    return tuple("".join(p.text for p in pieces if p.kind == kind) for kind in ("thinking", "answer"))


def test_the_length(engine: Engine) -> None:
    assert "".join(engine.generate(CHAT, max_tokens=5))
    assert (engine.stats.ended, engine.stats.answer_tokens) == ("limit", 5)


def test_the_model(engine: Engine) -> None:
    list(engine.generate([{"role": "user", "content": "What is 2+2?"}], max_tokens=60))
    assert engine.stats.ended == "end"


def test_the_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "".join(engine.generate(CHAT, max_tokens=12))
    monkeypatch.setattr(engine, "_max_seconds", 1e-9)
    short = "".join(engine.generate(CHAT, max_tokens=12))
    assert (engine.stats.ended, engine.stats.answer_tokens) == ("time", 1)
    assert short
    assert whole.startswith(short)
    monkeypatch.setattr(engine, "_max_seconds", 1000)
    assert "".join(engine.generate(CHAT, max_tokens=12)) == whole
    assert engine.stats.ended == "limit"


@pytest.mark.parametrize("way", ["asked", "left"])
def test_the_person(engine: Engine, way: str) -> None:
    pieces = []
    stream = engine.generate(CHAT, max_tokens=40, cancelled=lambda: way == "asked" and len(pieces) >= 2)
    for piece in stream:
        pieces.append(piece)
        if way == "left" and len(pieces) == 2:
            stream.close()
            break
    assert engine.stats.ended == "stopped"
    assert engine.stats.answer_tokens < 40


def test_the_end_of_the_window(engine: Engine) -> None:
    filler = "word " * 215
    list(engine.generate([{"role": "user", "content": filler}], max_tokens=100))
    assert engine.stats.ended in ("limit", "end")
    assert engine.stats.prompt_tokens + engine.stats.answer_tokens <= engine.window


def test_thinking_is_closed_after_so_many_tokens_and_the_answer_begins(thinker: Engine, monkeypatch) -> None:
    monkeypatch.setattr(thinker, "_thinking_tokens", 6)
    thinking, answer = parts(thinker, max_tokens=8)
    assert thinking
    assert answer
    assert "</think>" not in thinking + answer
    stats = thinker.stats
    assert (stats.thinking_tokens, stats.answer_tokens, stats.ended) == (6, 14, "limit")
    # what was put there is in the cache, between the thinking and the answer
    written = b"".join(thinker._model.piece(token, special=True) for token in thinker._context.tokens).decode()
    assert re.search(rf"{re.escape(thinking)}\n</think>\n\n\s*{re.escape(answer[:-8])}", written)


def test_thinking_without_a_limit_of_its_own_shares_that_of_the_answer(thinker: Engine) -> None:
    thinking, answer = parts(thinker, max_tokens=8)
    assert thinking
    assert not answer
    assert (thinker.stats.thinking_tokens, thinker.stats.answer_tokens) == (8, 8)


def test_thinking_is_not_closed_where_the_window_has_no_room_for_an_answer(thinker: Engine, monkeypatch) -> None:
    monkeypatch.setattr(thinker, "_thinking_tokens", 6)
    tokens = len(thinker.prompt_tokens([{"role": "user", "content": ""}]))
    chat = [{"role": "user", "content": ("word " * (thinker.window - tokens - 8)).strip()}]
    pieces = list(thinker.generate_pieces(chat, max_tokens=50))
    assert {piece.kind for piece in pieces} <= {"thinking"}
    assert thinker.stats.ended in ("limit", "end")


def is_kept(cached: int, read: int) -> bool:
    """Whether of a beginning all is kept but the last batch, which is read anew (``batches``), in whole groups."""
    return cached % LEAST == 0 and read - 2 * LEAST < cached <= read


def test_a_warm_beginning_is_not_read_again(engine: Engine) -> None:
    engine.prefill([{"role": "system", "content": "Something else."}])
    read = engine.prefill([SYSTEM])
    alone = len(engine._model.tokenize(SYSTEM["content"], special=True))
    assert alone < read < alone + 20
    list(engine.generate([SYSTEM, *CHAT], max_tokens=1))
    assert is_kept(engine.stats.cached_tokens, read)


def test_a_warm_beginning_may_end_inside_the_users_turn(engine: Engine) -> None:
    begun = {"role": "user", "content": "Passages:\n"}
    read = engine.prefill([SYSTEM, begun])
    assert read > engine.prefill([SYSTEM])
    engine.prefill([SYSTEM, begun])
    list(engine.generate([SYSTEM, {"role": "user", "content": "Passages:\n[1] The ship sailed."}], max_tokens=1))
    assert is_kept(engine.stats.cached_tokens, read)


def test_warming_changes_no_answer(engine: Engine) -> None:
    engine.prefill([{"role": "system", "content": "Something else."}])
    cold = "".join(engine.generate([SYSTEM, *CHAT], max_tokens=8))
    engine.prefill([SYSTEM])
    assert "".join(engine.generate([SYSTEM, *CHAT], max_tokens=8)) == cold


def test_a_token_longer_than_most_comes_whole(engine: Engine) -> None:
    vocabulary = engine._model
    longest = max(range(vocabulary.size), key=lambda token: len(vocabulary.piece(token, special=True)))
    for token in (longest, 0, 1, 500):
        raw = vocabulary.piece(token, special=True)
        assert vocabulary.piece(token) in (raw, b"")
        if vocabulary.tokenize(raw.decode(errors="ignore"), special=True) == [token]:
            assert len(raw) > 0


def test_measuring_the_speed_keeps_what_was_read(engine: Engine) -> None:
    read = engine.prefill([SYSTEM])
    engine.seen_speed = 0.0
    assert engine.prompt_speed() > 1
    cold = "".join(engine.generate([SYSTEM, *CHAT], max_tokens=8))
    assert is_kept(engine.stats.cached_tokens, read)
    engine.prefill([{"role": "system", "content": "Something else."}])
    assert "".join(engine.generate([SYSTEM, *CHAT], max_tokens=8)) == cold


def test_a_long_reading_tells_the_speed(engine: Engine) -> None:
    engine.seen_speed = 0.0
    words = " ".join(f"word{number}" for number in range(60))
    next(iter(engine.generate([{"role": "user", "content": words}], max_tokens=1)))
    seen = engine.seen_speed
    assert seen > 1
    assert engine.prompt_speed() == seen  # nothing more is measured


def test_above_zero_the_seed_decides(engine: Engine, monkeypatch) -> None:
    first = "".join(engine.generate(CHAT, max_tokens=10, temperature=1.5))
    assert "".join(engine.generate(CHAT, max_tokens=10, temperature=1.5)) == first
    monkeypatch.setattr(engine, "_seed", 7)
    others = "".join(engine.generate(CHAT, max_tokens=10, temperature=1.5))
    assert others != first
