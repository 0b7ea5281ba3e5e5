from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.postprocess import pack


def _passage(chunk_id: int, words: int) -> ScoredChunk:
    text = " ".join(f"w{chunk_id}" for _ in range(words))
    chunk = StoredChunk(1, (), text, 0, len(text), chunk_id, 1, "a.txt", "A", "/a.txt", "en", "")
    return ScoredChunk(chunk, 1 / chunk_id, 0.5, 1.0)


def _render(number: int, passage: ScoredChunk) -> str:
    return f"[{number}] {passage.chunk.text}"


def _count(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("words", "budget", "taken", "dropped", "tokens"),
    [
        ([3, 3, 3], 100, [1, 2, 3], 0, 12),
        ([3, 3, 3], 8, [1, 2], 1, 8),
        ([3, 3, 3], 7, [1], 2, 4),
        ([3, 9, 2], 8, [1, 3], 1, 7),
        ([9, 9], 8, [], 2, 0),
        ([3], 0, [], 1, 0),
        ([], 8, [], 0, 0),
    ],
)
def test_passages_are_taken_whole_while_they_fit(
    words: list[int], budget: int, taken: list[int], dropped: int, tokens: int
) -> None:
    passages = [_passage(number, count) for number, count in enumerate(words, start=1)]
    context = pack(passages, _render, _count, budget)
    assert [passage.chunk.id for passage in context.passages] == taken
    assert (context.dropped, context.tokens) == (dropped, tokens)


def test_passages_are_numbered_as_they_are_taken() -> None:
    seen: list[str] = []
    pack([_passage(1, 2), _passage(2, 50), _passage(3, 2)], _render, lambda text: seen.append(text) or _count(text), 10)
    assert [text.split()[0] for text in seen] == ["[1]", "[2]", "[2]"]


@given(st.lists(st.integers(0, 40)), st.integers(0, 200))
def test_the_budget_is_never_exceeded(words: list[int], budget: int) -> None:
    passages = [_passage(number, count) for number, count in enumerate(words, start=1)]
    context = pack(passages, _render, _count, budget)
    rendered = [_render(number, passage) for number, passage in enumerate(context.passages, start=1)]
    assert _count("\n".join(rendered)) == context.tokens <= budget
    assert len(context.passages) + context.dropped == len(words)
    assert [p.chunk.id for p in context.passages] == sorted(p.chunk.id for p in context.passages)
    left = [passage for passage in passages if passage not in context.passages]
    assert all(context.tokens + _count(_render(1, passage)) > budget for passage in left)
