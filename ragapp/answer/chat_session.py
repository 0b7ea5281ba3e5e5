"""A conversation that goes on: each question is understood by those before it, answered, and kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ragapp.answer.assistant import Assistant
from ragapp.contract import Answer, Caution, Conversation, Event, Turn
from ragapp.index.conversations import Conversations, TakenOut
from ragapp.llm.fair_lock import Ticket


class ChatSession:
    """A conversation with the documents; its ``turns`` are those so far, and its ``id`` is None before the first.

    Args:
        assistant: gives the assistant; called at the first question, so that looking at a conversation loads no model.
        conversation_id: the one to go on with; None begins a new one, which is kept from its first answer on.

    Attributes:
        replaced: the turns that an answer has taken the place of, to undo that; None where none has.

    Raises:
        StoreError: there is no such conversation.
    """

    def __init__(
        self, assistant: Callable[[], Assistant], conversations: Conversations, conversation_id: int | None = None
    ):
        self._assistant = assistant
        self._conversations = conversations
        self.id = conversation_id
        self.turns: list[Turn] = [] if conversation_id is None else [*conversations.turns(conversation_id)]
        self.replaced: TakenOut | None = None

    @property
    def conversation(self) -> Conversation | None:
        """The conversation as it is listed; None before its first answer."""
        return None if self.id is None else self._conversations.get(self.id)

    def refresh(self) -> bool:
        """Take in what others have done to the conversation; returns whether it is (still) kept."""
        if self.id is None:
            return False
        if not self._conversations.is_kept(self.id):
            return False
        self.turns = [*self._conversations.turns(self.id)]
        return True

    def ask(
        self,
        question: str,
        *,
        scope: str = "",
        caution: Caution | None = None,
        standalone: str | None = None,
        before: int | None = None,
        replacing: Sequence[int] = (),
        cancelled: Callable[[], bool] = lambda: False,
        ticket: Ticket | None = None,
    ) -> Iterator[Event]:
        """Answer a question and keep both; see :meth:`ragapp.answer.assistant.Assistant.ask`.

        Of one that was stopped, what was proved until then is kept; a refusal that came of being stopped is not.

        Args:
            before: id of the turn in whose place it is asked: only what was said before that is looked at.
            replacing: ids of the turns that go when the answer is kept; until then, and without one, they stay.

        Raises:
            RagappError: as :meth:`Assistant.ask`; the conversation could not be kept.
        """
        # another tab may have added to it
        self.refresh()
        earlier = [turn for turn in self.turns if before is None or turn.id < before]
        how: dict[str, Any] = {"scope": scope, "caution": caution, "standalone": standalone}
        events = self._assistant().ask(question, earlier, cancelled=cancelled, ticket=ticket, **how)
        return self._keeping(events, scope, replacing, cancelled)

    def _keeping(
        self, events: Iterator[Event], scope: str, replacing: Sequence[int], cancelled: Callable[[], bool]
    ) -> Generator[Event, None, None]:
        for event in events:
            if isinstance(event, Answer) and not (event.abstained and cancelled()):
                event = self._kept(event, scope, replacing)
            yield event

    def _kept(self, answer: Answer, scope: str, replacing: Sequence[int]) -> Answer:
        # one that was deleted meanwhile must not take the answer with it: another conversation begins
        if self.id is None or not self._conversations.is_kept(self.id):
            self.id, self.turns = self._conversations.create(), []
        turn = self._conversations.add_turn(self.id, replace(answer, conversation=self.id), scope)
        if replacing:
            self.replaced = self._conversations.take_out(self.id, replacing)
            self.turns = [one for one in self.turns if one.id not in replacing]
        self.turns.append(turn)
        return turn.answer
