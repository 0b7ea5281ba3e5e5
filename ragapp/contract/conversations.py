"""Conversations and their turns."""

from __future__ import annotations

from dataclasses import dataclass

from ragapp.contract.answers import Answer


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    Attributes:
        question: as the person asked it.
        standalone: as it was understood; empty where that is not known.
        id: where it is kept; 0 where it is not.
        asked_at: ISO 8601, UTC; empty where it is not kept.
    """

    question: str
    answer: Answer
    standalone: str = ""
    id: int = 0
    asked_at: str = ""

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
    """

    id: int
    title: str
    created_at: str
    changed_at: str
    turns: int


@dataclass(frozen=True, slots=True)
class ConversationDetails(Conversation):
    """A conversation with its turns, the oldest first."""

    turns_list: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class ConversationList:
    """Conversations, the one that changed last first."""

    conversations: tuple[Conversation, ...]
