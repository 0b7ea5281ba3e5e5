"""Follow-up questions made into questions that stand alone, in any language.

Whether a question needs the one before it is told by its length and by what the search says of both together; the
language model then rewrites it, and where it cannot be trusted both questions are asked together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragapp.answer.rewriting import Rewriter, checked
from ragapp.contract import Turn, Understood
from ragapp.index.analysis import content_words, detect_language, folded_words

# a question with so many words of its own that carry meaning stands alone; of a shorter one the search decides
MANY_WORDS = 6
# share of the words of both questions that one passage must hold for them to be about the same
COVERED = 0.5
# one with fewer words says so little that some passage must hold them all for it to stand alone
FEW_WORDS = 3
ALL_COVERED = 0.99


def standalone(
    question: str,
    turns: Sequence[Turn],
    language: str = "",
    *,
    covered: Callable[[str], float] | None = None,
    rewrite: Rewriter | None = None,
) -> Understood:
    """Understand a question in its conversation.

    Args:
        question: as the person asked it.
        turns: of the conversation so far, the oldest first.
        language: of the question, ISO 639-1; detected when empty.
        covered: share of a question's words, 0 to 1, that the best passage holds; without it, only a question of one or
            two words that carry meaning is taken for a follow-up.
        rewrite: asks the language model, see :func:`ragapp.answer.rewriting.rewriter`; None to do without.

    Returns:
        The question itself where it stands alone, or where nothing was said before.
    """
    question = " ".join(question.split())
    if not turns or not question:
        return Understood(question, "unchanged")
    last = _without_follow_up(turns[-1])
    together = f"{last} {question[0].upper()}{question[1:]}"
    language = language or detect_language(question)
    if _stands_alone(question, together, language, covered):
        return Understood(question, "unchanged")
    if rewrite:
        written, dropped = rewrite(question, turns)
        if text := checked(written, question, turns, language):
            same = folded_words(text) == folded_words(question)
            return Understood(question if same else text, "unchanged" if same else "model", dropped)
    return Understood(together, "appended")


def _without_follow_up(turn: Turn) -> str:
    """A turn's standalone question without the follow-up that was appended to another question there."""
    asked = " ".join(turn.question.split())
    kept, follow_up = turn.standalone[: -len(asked)], turn.standalone[-len(asked) :]
    return kept.strip() if kept.strip() and follow_up.lower() == asked.lower() else turn.standalone


def _stands_alone(question: str, together: str, language: str, covered: Callable[[str], float] | None) -> bool:
    count = len(content_words(question, language)) + sum(any(map(str.isdigit, word)) for word in question.split())
    if count >= MANY_WORDS:
        return True
    if covered is None:
        return count >= FEW_WORDS
    if covered(together) >= COVERED:
        return False
    return count >= FEW_WORDS or covered(question) >= ALL_COVERED
