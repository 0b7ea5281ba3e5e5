"""Conversations and their turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.contract.answers import Answer

Rating = Literal["", "up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person thinks of an answer.

    Attributes:
        rating: thumbs up or down; empty where only a note was written.
        note: in their own words; may be empty.
        expected: what the right answer would have been, as short as possible; empty where they did not say.
        unanswerable: whether they say that the documents do not state the answer.
    """

    rating: Rating = ""
    note: str = ""
    expected: str = ""
    unanswerable: bool = False

    def __bool__(self) -> bool:
        return bool(self.rating or self.note or self.expected or self.unanswerable)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    Attributes:
        question: as the person asked it.
        standalone: as it was understood; empty where that is not known.
        id: where it is kept; 0 where it is not.
        asked_at: ISO 8601, UTC; empty where it is not kept.
        scope: what it was restricted to: patterns of documents, one a line; empty for all.
        feedback: what the person thinks of the answer.
    """

    question: str
    answer: Answer
    standalone: str = ""
    id: int = 0
    asked_at: str = ""
    scope: str = ""
    feedback: Feedback = Feedback()

    @property
    def reply(self) -> str:
        """The answer's words alone."""
        return self.answer.answer


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as it is listed.

    Attributes:
        title: made from the first question until the person gives another; empty before the first question.
        created_at: ISO 8601, UTC.
        changed_at: when the last turn was added, or the title changed.
        turns: how many there are.
        scope: what the next question is restricted to: patterns of documents, one a line; empty for all.
    """

    id: int
    title: str
    created_at: str
    changed_at: str
    turns: int
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDetails(Conversation):
    """A conversation with its turns, the oldest first."""

    turns_list: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ConversationList:
    """Conversations, the one that changed last first."""

    conversations: tuple[Conversation, ...]
