"""Packing passages into the language model's context, best first, counted by its own tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.retrieval.passage import Passage


@dataclass(frozen=True, slots=True)
class Context:
    """What the language model gets to see.

    Attributes:
        passages: those that fit, the best first.
        dropped: how many did not fit.
        tokens: what they take.
    """

    passages: tuple[Passage, ...]
    dropped: int
    tokens: int


def pack(
    passages: Sequence[Passage], render: Callable[[int, Passage], str], count: Callable[[str], int], budget: int
) -> Context:
    """Take passages while they fit; a passage is taken whole or not at all.

    Args:
        passages: the best first.
        render: what the prompt holds for passage number n (1-based).
        count: tokens of a text.
        budget: tokens at the most.

    Returns:
        What fits; a smaller passage further down may still fit where a larger one did not.
    """
    taken: list[Passage] = []
    used = 0
    for passage in passages:
        tokens = count(render(len(taken) + 1, passage))
        if used + tokens <= budget:
            taken.append(passage)
            used += tokens
    return Context(tuple(taken), len(passages) - len(taken), used)
