"""One conversation: each question understood by those before it, answered, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ragapp.answer.assistant import Assistant, Event
from ragapp.answer.followup import FollowUp, standalone
from ragapp.answer.result import Answer
from ragapp.answer.rewriting import Rewriter
from ragapp.caution import Caution
from ragapp.index.conversations import ConversationRow, Conversations, Turn


class Dialogue:
    """A conversation with the documents.

    Args:
        assistant: gives who answers; called at the first question, so that looking at a conversation loads nothing.
        conversations: where it is kept.
        conversation_id: the one to go on with; None begins a new one, which is kept from its first answer on.
        covered: see :func:`ragapp.answer.followup.standalone`.
        rewriter: makes what asks the language model, see :func:`ragapp.answer.rewriting.rewriter`; called only when a
            question can't be understood by rules.

    Attributes:
        turns: the conversation so far, the oldest first.

    Raises:
        StoreError: there is no such conversation.
    """

    def __init__(
        self,
        assistant: Callable[[], Assistant],
        conversations: Conversations,
        conversation_id: int | None = None,
        *,
        covered: Callable[[str], float] | None = None,
        rewriter: Callable[[Callable[[], bool]], Rewriter] | None = None,
    ):
        self._assistant = assistant
        self._conversations = conversations
        self._covered = covered
        self._rewriter = rewriter
        self.id = conversation_id
        self.turns: list[Turn] = conversations.turns(conversation_id) if conversation_id is not None else []

    @property
    def row(self) -> ConversationRow | None:
        """The conversation as it is kept; None before its first answer."""
        return None if self.id is None else self._conversations.get(self.id)

    def understand(self, question: str, cancelled: Callable[[], bool] = lambda: False) -> FollowUp:
        """The question as it is to be answered.

        Raises:
            RagappError: the model was needed, and cannot be used.
        """
        rewriter = self._rewriter

        def rewrite(asked: str, turns: list[Turn], language: str) -> tuple[str, int]:
            return rewriter(cancelled)(asked, turns, language)

        return standalone(question, self.turns, covered=self._covered, rewrite=rewrite if rewriter else None)

    def ask(
        self,
        question: str,
        *,
        within: str = "",
        caution: Caution | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[FollowUp | Event]:
        """Answer a question in its conversation, and keep both; see :meth:`Assistant.ask`.

        Yields:
            First how the question was understood, then what the assistant yields, the :class:`Answer` last.  What was
            stopped is not kept.

        Raises:
            RagappError: as :meth:`Assistant.ask`; the conversation could not be kept.
        """
        understood = self.understand(question, cancelled)
        yield understood
        asked = understood.question
        for event in self._assistant().ask(asked, within=within, caution=caution, cancelled=cancelled):
            if isinstance(event, Answer) and not cancelled():
                self._keep(question, asked, event)
            yield event

    def _keep(self, question: str, asked: str, answer: Answer) -> None:
        if self.id is None:
            self.id = self._conversations.create()
        self.turns.append(self._conversations.add_turn(self.id, question, asked, answer.as_json()))
