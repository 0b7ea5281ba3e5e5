"""A conversation that goes on: each question is understood by those before it, answered, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ragapp.answer.assistant import Assistant
from ragapp.contract import Answer, Caution, Conversation, Event, Turn
from ragapp.index.conversations import Conversations


class ChatSession:
    """A conversation with the documents; its ``turns`` are those so far, and its ``id`` is None before the first.

    Args:
        assistant: gives the assistant; called at the first question, so that looking at a conversation loads no model.
        conversation_id: the one to go on with; None begins a new one, which is kept from its first answer on.

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

    @property
    def conversation(self) -> Conversation | None:
        """The conversation as it is listed; None before its first answer."""
        return None if self.id is None else self._conversations.get(self.id)

    def ask(
        self,
        question: str,
        *,
        scope: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """Answer a question and keep both unless it was stopped; see :meth:`ragapp.answer.assistant.Assistant.ask`.

        Raises:
            RagappError: as :meth:`Assistant.ask`; the conversation could not be kept.
        """
        events = self._assistant().ask(question, self.turns, scope=scope, caution=caution, cancelled=cancelled)
        for event in events:
            yield self._kept(event) if isinstance(event, Answer) and not cancelled() else event

    def _kept(self, answer: Answer) -> Answer:
        if self.id is None:
            self.id = self._conversations.create()
        turn = self._conversations.add_turn(self.id, replace(answer, conversation=self.id))
        self.turns.append(turn)
        return turn.answer
