"""What a language model is to the rest of ragapp, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ragapp.llm.chat import Message
from ragapp.llm.reasoning import Piece
from ragapp.llm.stopping import Cancelled

# a shorter reading says nothing of the speed
TIMED_TOKENS = 128

Ended = Literal["", "end", "limit", "time", "stopped"]


@dataclass(slots=True)
class GenerationStats:
    """What the last generation took.

    Attributes:
        prompt_tokens: length of the prompt.
        cached_tokens: how many of them were in the cache already.
        answer_tokens: how many were generated, those of the thinking among them.
        thinking_tokens: how many of those were thinking.
        first_token_s: seconds from the call to the first token.
        ended: why it ended: the model ended its turn (``end``), it was as long as it may be (``limit``) or had taken as
            long as it may (``time``), somebody stopped it (``stopped``); empty before the first.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    thinking_tokens: int = 0
    first_token_s: float = 0.0
    ended: Ended = ""

    @property
    def finished(self) -> bool:
        """Whether the model ended by itself."""
        return self.ended == "end"


class LanguageModel(Protocol):
    """One language model: :class:`ragapp.llm.engine.Engine` in this process, or
    :class:`ragapp.llm.remote.RemoteEngine` on a server.  One caller at a time: further ones wait.

    Attributes:
        name: what people call it.
        notices: sentences that the person should read.
        stats: figures of the last generation.
        seen_speed: tokens a second of the fastest long reading so far, 0 before the first.
    """

    name: str
    notices: list[str]
    stats: GenerationStats
    seen_speed: float

    @property
    def fingerprint(self) -> str:
        """What its speed depends on, but for the machine."""

    @property
    def window(self) -> int:
        """Tokens of prompt and answer together."""

    @property
    def ahead(self) -> int:
        """How many callers one would have to wait for now."""

    @property
    def loaded(self) -> bool:
        """Whether it is ready to answer at once."""

    def load(self) -> None:
        """Make it ready now.

        Raises:
            ModelError: it cannot be used.
        """

    def close(self) -> None:
        """Let go of it; it is made ready again when it is needed."""

    def warm(self, messages: Sequence[Message]) -> int:
        """Read ahead what later chats will begin with.

        Args:
            messages: how they begin.

        Returns:
            Tokens that need not be read again; 0 where that is not in ragapp's hands.
        """

    def count(self, text: str) -> int:
        """Tokens of a text."""

    def escape(self, text: str) -> str:
        """Text in which nothing is a special token."""

    def prompt_tokens(self, messages: Sequence[Message]) -> Sequence[int]:
        """The tokens of a chat; at least as many numbers as it has tokens."""

    def choose(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None = None
    ) -> list[float]:
        """How likely the model starts its turn with each of some words; they sum to one."""

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Stream the assistant's next turn without any thinking."""

    def generate_pieces(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
        thinking: bool | None = None,
    ) -> Iterator[Piece]:
        """Stream the assistant's next turn, its thinking told from its answer."""

    def reading_speed(self) -> float:
        """Tokens of a prompt that are read a second, measured where no long prompt has been read yet."""


class AnswersAlone:
    """What every language model does the same way, whatever makes its pieces."""

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Stream the assistant's next turn; see :meth:`LanguageModel.generate`."""
        pieces = self.generate_pieces(
            messages, max_tokens=max_tokens, temperature=temperature, cancelled=cancelled, thinking=False
        )
        yield from (piece.text for piece in pieces if piece.kind == "answer")
