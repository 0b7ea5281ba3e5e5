"""Which earlier turns of a conversation fit into a prompt: the newest, never the oldest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.answer.grounding import MARK
from ragapp.contract import Turn
from ragapp.index.conversations import shortened

REPLY_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class History:
    """Earlier turns for a prompt.

    Attributes:
        turns: the newest ones that fit, in the order in which they were asked.
        dropped: how many older ones did not fit.
        tokens: what the turns take.
    """

    turns: tuple[Turn, ...]
    dropped: int
    tokens: int


def fit_turns(
    turns: Sequence[Turn], count: Callable[[str], int], budget: int, *, render: Callable[[Turn], str] | None = None
) -> History:
    """The newest turns that fit into so many tokens.

    Args:
        turns: the oldest first.
        count: tokens of a text.
        budget: tokens at the most; nothing fits into a negative one.
        render: what the prompt holds of a turn; question and short answer by default.

    Returns:
        Turns without a gap between them and the newest: one that does not fit ends the choice, since an answer whose
        question is missing, or the other way round, misleads.
    """
    render = render or render_turn
    taken: list[Turn] = []
    used = 0
    for turn in reversed(turns):
        tokens = count(render(turn))
        if used + tokens > budget:
            break
        taken.append(turn)
        used += tokens
    return History(tuple(reversed(taken)), len(turns) - len(taken), used)


def render_turn(turn: Turn) -> str:
    """A turn as it stands in a prompt."""
    return f"{turn.standalone}\n{short_reply(turn)}\n"


def short_reply(turn: Turn, characters: int = REPLY_CHARACTERS) -> str:
    """The answer of a turn on one line, without its marks, cut where it is long."""
    return shortened(MARK.sub("", turn.reply), characters)


def dropped_notice(dropped: int) -> str:
    """What the person is told when turns were left out; empty when none were."""
    if not dropped:
        return ""
    turns = "The oldest turn" if dropped == 1 else f"The {dropped} oldest turns"
    return f"{turns} of this conversation did not fit and {'was' if dropped == 1 else 'were'} left out."
