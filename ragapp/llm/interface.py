"""The port to a language model: what the rest of ragapp asks of it, wherever it runs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragapp.llm.chat import Message
from ragapp.llm.fair_lock import Cancelled, FairLock
from ragapp.llm.reasoning import Piece

# a shorter reading says nothing of the speed
TIMED_TOKENS = 128

Ended = Literal["", "end", "limit", "time", "stopped"]


@dataclass(slots=True)
class GenerationStats:
    """What the last generation took.

    ``ended`` says why it ended: the model ended its turn (``end``), it was as long as it may be (``limit``) or had
    taken as long as it may (``time``), somebody stopped it (``stopped``); empty before the first.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, that were in the cache already
    answer_tokens: int = 0  # generated, those of the thinking among them
    thinking_tokens: int = 0
    first_token_s: float = 0.0  # from the call to the first token
    ended: Ended = ""

    @property
    def finished(self) -> bool:
        """Whether the model ended by itself."""
        return self.ended == "end"


class LanguageModel(ABC):
    """One language model: :class:`ragapp.llm.engine.Engine` in this process, or
    :class:`ragapp.llm.remote.OpenAIModel` on a server.  It works for as many callers at a time as it has
    ``places``: further ones wait.
    """

    def __init__(self, name: str, places: int = 1) -> None:
        self.name = name  # what people call it
        self.notices: list[str] = []  # sentences that the person should read
        self._last_stats = GenerationStats()
        self._own_stats = threading.local()
        self.seen_speed = 0.0  # tokens a second of the fastest long reading so far, 0 before the first
        self._turns = FairLock(places)

    @property
    def stats(self) -> GenerationStats:
        """What the last generation of this thread took; on a thread that has made none, that of any."""
        stats: GenerationStats = getattr(self._own_stats, "value", self._last_stats)
        return stats

    @stats.setter
    def stats(self, stats: GenerationStats) -> None:
        self._last_stats = self._own_stats.value = stats

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """What its speed depends on, but for the machine."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Which model it is, whatever it is called, known without loading it; what was learnt of it is kept under this.

        Raises ModelError: its file cannot be read.
        """

    @property
    @abstractmethod
    def window(self) -> int:
        """Tokens of prompt and answer together."""

    @property
    def ahead(self) -> int:
        """How many callers there are now: those that it works for, and those that wait."""
        return self._turns.callers

    @property
    @abstractmethod
    def loaded(self) -> bool:
        """Whether it is ready to answer at once."""

    @abstractmethod
    def load(self) -> None:
        """Make it ready now; raises ModelError where it cannot be used."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; it is made ready again when it is needed."""

    @abstractmethod
    def prefill(self, messages: Sequence[Message], cancelled: Cancelled | None = None) -> int:
        """Read now what later chats will begin with, so that the first of them starts sooner.

        Their next turn is the user's, or goes on with what the last one of ``messages`` says. Returns the number of
        tokens that need not be read again; 0 where that is not in ragapp's hands.

        Raises:
            CancelledError: ``cancelled`` said so; it is asked many times a second.
            ModelError: the model cannot be used, or they do not fit the window.
        """

    def keep(self, messages: Sequence[Message], sources: Collection[str] = ()) -> None:
        """Keep for later what was read of a chat's beginning, as :meth:`prefill` takes it, also over a restart.

        It is done behind the answers, where the model runs in this process and ``llm.prompt_cache_mb`` allows it.
        ``sources`` name the documents whose text it is (:attr:`ragapp.index.records.DocumentRow.reading_source`).
        """
        return

    def keep_ahead(self, messages: Sequence[Message], sources: Collection[str], rank: int) -> bool:
        """Keep at once what was read of a chat's beginning that nobody has asked for yet; returns whether it is kept.

        ``rank`` is its place in the order of likelihood that somebody will ask, 0 the likeliest; less likely ones that
        were not asked for either make room for it.

        Raises ModelError: it cannot be written.
        """
        return False

    def kept(self, messages: Sequence[Message], rank: int | None = None) -> bool:
        """Whether what :meth:`keep` would keep is kept already, or never will be.

        Where it is, and was not asked for yet, it has this ``rank`` from now on.
        """
        return True

    @property
    def keeps(self) -> bool:
        """Whether :meth:`keep` keeps anything."""
        return False

    def room(self, rank: int | None = None) -> int:
        """Bytes that may still be kept, of that rank where it is read ahead; 0 where nothing is kept."""
        return 0

    @abstractmethod
    def count(self, text: str) -> int:
        """Tokens of a text."""

    @abstractmethod
    def escape(self, text: str) -> str:
        """Text in which nothing is a special token: a document must not be able to end its turn by ``<|im_end|>``."""

    @abstractmethod
    def prompt_tokens(self, messages: Sequence[Message]) -> Sequence[int]:
        """The tokens of a chat; at least as many numbers as it has tokens."""

    @abstractmethod
    def choice_probabilities(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None = None
    ) -> list[float]:
        """How likely the model starts its turn with each of some words, one forward pass.

        Texts of documents and people in ``messages`` must have gone through :meth:`escape`. Each choice stands for its
        first token, with and without capital and leading space. ``cancelled`` is asked many times a second.

        The probabilities sum to one, in the order of ``choices``.

        Raises:
            CancelledError: ``cancelled`` said so.
            ModelError: the chat does not fit the window.
        """

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Stream the assistant's next turn without any thinking; see :meth:`generate_pieces`."""
        pieces = self.generate_pieces(
            messages, max_tokens=max_tokens, temperature=temperature, cancelled=cancelled, thinking=False
        )
        yield from (piece.text for piece in pieces if piece.kind == "answer")

    @abstractmethod
    def generate_pieces(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
        thinking: bool | None = None,
    ) -> Iterator[Piece]:
        """Stream the assistant's next turn, its thinking told from its answer; :attr:`stats` tells of it afterwards.

        Args:
            messages: texts of documents and people in them must have gone through :meth:`escape`.
            max_tokens: length of the answer at the most; shortened where the window is nearly full.
            temperature: 0 always takes the likeliest token.
            cancelled: asked many times a second; the text so far stands.
            thinking: whether the model may think before it answers; None leaves it to its template.

        Yields:
            Pieces of text, never half a character.

        Raises:
            CancelledError: stopped while the prompt was read.
            ModelError: the chat does not fit the window.
        """

    @abstractmethod
    def prompt_speed(self) -> float:
        """Tokens of a prompt that are read a second, measured where no long prompt has been read yet."""
