"""llama.cpp in process: tokens in and out of one GGUF model, with the prefix of the last prompt kept in its cache."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import ModelError
from ragapp.llm.generation import Limits, TurnWriter
from ragapp.llm.interface import TIMED_TOKENS, AnswersAlone, GenerationStats
from ragapp.llm.loading import attach_adapter, place_llama
from ragapp.llm.options import BATCH_TOKENS, EngineOptions, can_offload
from ragapp.llm.placement import Placement
from ragapp.llm.prefix import PrefixCache
from ragapp.llm.reasoning import Piece
from ragapp.llm.stopping import AbortFlag, Cancelled, Turns
from ragapp.llm.templates import ChatTemplate, Message
from ragapp.llm.vocabulary import Vocabulary, broken

__all__ = ["BATCH_TOKENS", "TIMED_TOKENS", "Engine", "EngineOptions", "GenerationStats"]


class Engine(AnswersAlone):
    """One GGUF model, loaded at first use.  One caller at a time: further ones wait.

    Args:
        path: the GGUF file.
        name: what people call it.
        context: window in tokens; never more than the model was trained for.
        options: how llama.cpp is to work.
        seed: for temperatures above zero.
        unload_after_s: seconds without a question after which the memory is freed; 0 keeps it.
        template: auto, or the name of one of ragapp's own chat styles.
        max_seconds: that writing a turn may take; 0 for no limit.
        thinking_tokens: after which thinking is closed and the answer begins; 0 for no limit of its own.

    Attributes:
        placement: where the model was put when it was last loaded; None before.
        notices: what the person should know of that.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        context: int,
        options: EngineOptions | None = None,
        seed: int = 42,
        unload_after_s: float = 0.0,
        template: str = "auto",
        max_seconds: float = 0.0,
        thinking_tokens: int = 0,
    ):
        self.path = path
        self.name = name
        self.options = options or EngineOptions()
        self._context = context
        self._seed = seed
        self._unload_after_s = unload_after_s
        self._template = template
        self._max_seconds = max_seconds
        self._thinking_tokens = thinking_tokens
        self._turns = Turns()
        self._idle: threading.Timer | None = None
        self.stats = GenerationStats()
        self.placement: Placement | None = None
        self.notices: list[str] = []
        #: tokens a second of the fastest long reading so far, 0 before the first
        self.seen_speed = 0.0

    @property
    def fingerprint(self) -> str:
        """What its speed depends on, but for the machine."""
        state = self.path.stat()
        return f"{self.path.name} {state.st_size} {state.st_mtime_ns} {self.options}"

    @cached_property
    def _llama(self):
        options = self.options
        arguments = {"n_ctx": self._context, "seed": self._seed, **options.for_llama()}
        self.notices = []
        try:
            llama, self.placement = place_llama(self.path, **arguments)
        except ModelError:
            if options.gpu_layers != "auto" or not arguments["n_gpu_layers"]:
                raise
            llama, self.placement = place_llama(self.path, **{**arguments, "n_gpu_layers": 0})
            self.notices.append(f"{self.name} does not fit the GPU, so it runs on the processor.")
        else:
            self.notices += gpu_notices(options, self.placement, self.name)
        if options.lora:
            try:
                attach_adapter(llama, options.lora, options.lora_scale, self.name)
            except ModelError:
                llama.close()
                raise
        return llama

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._llama)

    @cached_property
    def template(self) -> ChatTemplate:
        """The model's own chat template.

        Raises:
            ModelError: the file has none, or it is broken.
        """
        return self._vocabulary.open_template(self.name, self._template)

    @property
    def window(self) -> int:
        """Tokens of prompt and answer together."""
        return self._llama.n_ctx()

    def load(self) -> None:
        """Load the model and check its template now.

        Raises:
            ModelError: it cannot be loaded, or has no usable template.
        """
        with self._turns.turn():
            try:
                _ = self.template
            except ModelError:
                self._free()  # a model that cannot be talked to needs no memory
                raise

    @property
    def ahead(self) -> int:
        """How many callers one would have to wait for now."""
        return self._turns.ahead

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return "_llama" in self.__dict__

    def close(self) -> None:
        """Free the model's memory; it is loaded again when it is needed."""
        with self._turns.turn():
            self._free()

    def _free(self) -> None:
        if self._idle:
            self._idle.cancel()
        if template := self.__dict__.get("template"):
            template.close()
        for part in ("_writer", "_prefix", "_abort", "template", "_vocabulary", "_special"):
            self.__dict__.pop(part, None)
        if llama := self.__dict__.pop("_llama", None):
            llama.close()

    @cached_property
    def _abort(self) -> AbortFlag:
        return AbortFlag(self._llama.ctx)

    @cached_property
    def _prefix(self) -> PrefixCache:
        return PrefixCache(self._llama, self._abort, self.options.batch)

    @cached_property
    def _writer(self) -> TurnWriter:
        return TurnWriter(self._llama, self._vocabulary, self.template, self._prefix, self._abort)

    @contextmanager
    def _at_work(self, cancelled: Cancelled | None = None) -> Iterator[None]:
        """One's turn with the loaded model, which ends soon after ``cancelled`` says so."""
        with self._turns.turn(cancelled):
            if self._idle:
                self._idle.cancel()
            try:
                with self._abort.watching(cancelled):
                    yield
            finally:
                if self._unload_after_s:
                    self._idle = threading.Timer(self._unload_after_s, self._unload)
                    self._idle.daemon = True
                    self._idle.start()

    def _unload(self) -> None:
        if not self.ahead:  # somebody who came in between sets a timer of his own
            self.close()

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self._llama.tokenize(text.encode(), add_bos=False, special=False))

    def escape(self, text: str) -> str:
        """Text in which nothing is a special token of this model.

        A document that holds ``<|im_end|>`` must not be able to end its turn.
        """
        return self._special.sub(lambda match: broken(match[0]), text)

    def prompt(self, messages: Sequence[Message], *, thinking: bool | None = False) -> str:
        """The chat as this model reads it (``ragapp models show NAME --prompt``)."""
        return self.template.render(messages, thinking)

    def prompt_tokens(self, messages: Sequence[Message], *, thinking: bool | None = False) -> list[int]:
        """The tokens of a chat in the model's own format, one beginning-of-sequence token where the model wants one.

        Args:
            messages: contents that come from documents or people must have gone through :meth:`escape`.
            thinking: see :meth:`ragapp.llm.templates.ChatTemplate.render`.
        """
        return self._vocabulary.prompt_tokens(self.template, self.prompt(messages, thinking=thinking))

    def warm(self, messages: Sequence[Message]) -> int:
        """Read now what later chats will begin with, so that the first of them starts sooner; loads the model.

        Args:
            messages: how they begin, such as the system turn alone; their next turn is the user's, or goes on with
                what the last one says.

        Returns:
            Tokens that need not be read again.

        Raises:
            ModelError: it cannot be loaded, or they do not fit the window.
        """
        chats = []
        for other in ("one", "2"):
            chat = [message.copy() for message in messages]
            if chat and chat[-1]["role"] == "user":
                chat[-1]["content"] += other
            else:
                chat.append({"role": "user", "content": other})
            chats.append(chat)
        with self._at_work():
            first, second = map(self.prompt_tokens, chats)
            shared = self._llama.longest_token_prefix(first, second)
            if shared:
                self._feed(first[:shared])
        return shared

    def choose(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None = None
    ) -> list[float]:
        """How likely the model starts its turn with each of some words, one forward pass.

        Args:
            messages: the chat.
            choices: words; each stands for its first token, with and without capital and leading space.
            cancelled: asked many times a second.

        Returns:
            Probabilities that sum to one, in the order of ``choices``.

        Raises:
            CancelledError: ``cancelled`` said so.
            ModelError: the chat does not fit the window.
        """
        with self._at_work(cancelled):
            self._feed(self.prompt_tokens(messages))
            logits = self._prefix.logits().astype(np.float64)
        shifted = np.exp(logits - logits.max())
        weights = [float(shifted[self._vocabulary.first_tokens(choice)].sum()) for choice in choices]
        total = sum(weights) or 1.0
        return [weight / total for weight in weights]

    def generate_pieces(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
        thinking: bool | None = None,
    ) -> Iterator[Piece]:
        """Stream the assistant's next turn, its thinking told from its answer.

        :attr:`stats` holds the figures afterwards.

        Args:
            messages: the chat.
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

        started = time.monotonic()
        with self._at_work(cancelled):
            prompt = self.prompt(messages, thinking=thinking)
            tokens = self._vocabulary.prompt_tokens(self.template, prompt)
            kept = self._feed(tokens)
            self.stats = GenerationStats(len(tokens), kept)
            limits = Limits(max_tokens, self._max_seconds, self._thinking_tokens)
            yield from self._writer.write(prompt, limits, temperature, self.stats, cancelled, started)

    def reading_speed(self) -> float:
        """Tokens of a prompt that are read a second, measured where no long prompt has been read yet."""
        if not self.seen_speed:
            with self._at_work():
                self.seen_speed = self._prefix.measure()
        return self.seen_speed

    def _feed(self, tokens: list[int]) -> int:
        """Bring the prompt into the cache; returns how many of its tokens were there already.

        Raises:
            CancelledError: it was stopped; what had been read whole stays in the cache.
            ModelError: the prompt does not fit the window.
        """
        if len(tokens) + 1 > self.window:
            raise ModelError(
                f"The prompt has {len(tokens)} tokens; the window of {self.name} is {self.window}.",
                "Lower retrieval.context_tokens or raise llm.context.",
            )
        reading = self._prefix.feed(tokens)
        self.seen_speed = max(self.seen_speed, reading.speed)
        return reading.kept

    @cached_property
    def _special(self) -> re.Pattern[str]:
        # a family's marks are not always tokens: [INST] of Llama 2, ### Instruction: of Alpaca
        stops = {stop.strip() for stop in self.template.stop}
        texts = self._vocabulary.special_texts | self.template.marks | stops
        longest_first = sorted((text for text in texts if len(text) > 1), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def gpu_notices(options: EngineOptions, placement: Placement, name: str) -> list[str]:
    """What a person should know who believes that the GPU is used.

    Args:
        options: what was asked for.
        placement: what came of it.
        name: of the model.
    """
    if placement.on_gpu or not (options.gpu_layers if options.gpu_layers != "auto" else can_offload()):
        return []
    if not can_offload():
        return [
            f"llm.gpu_layers is {options.gpu_layers}, but this build of llama.cpp cannot use a GPU: {name} runs on the"
            " processor. Install llama-cpp-python built for your GPU (see README)."
        ]
    return [
        f"llama.cpp could use a GPU, but put no layer of {name} on one, so it runs on the processor. Check the driver."
    ]
