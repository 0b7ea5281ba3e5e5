"""llama.cpp in process: tokens in and out of one GGUF model, with the prefix of the last prompt kept in its cache."""

from __future__ import annotations

import codecs
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import CancelledError, ModelError
from ragapp.llm.loading import load_llama
from ragapp.llm.reasoning import Piece, ThinkingSplitter
from ragapp.llm.stopping import AbortFlag, Cancelled, Turns
from ragapp.llm.stops import StopTexts
from ragapp.llm.templates import ChatTemplate, Message
from ragapp.llm.vocabulary import Vocabulary

# tokens of the prompt that are worked on at a time
BATCH_TOKENS = 256
# so many tokens are read to learn how fast that goes, after a few that bring the weights into memory
WARM_TOKENS, TIMED_TOKENS = 32, 128


@dataclass(slots=True)
class GenerationStats:
    """What the last generation took.

    Attributes:
        prompt_tokens: length of the prompt.
        cached_tokens: how many of them were in the cache already.
        answer_tokens: how many were generated.
        first_token_s: seconds from the call to the first token.
        finished: whether the model ended by itself, not by the limit.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    first_token_s: float = 0.0
    finished: bool = False


class Engine:
    """One GGUF model, loaded at first use.  One caller at a time: further ones wait.

    Args:
        path: the GGUF file.
        name: what people call it.
        context: window in tokens; never more than the model was trained for.
        threads: 0 for the number of physical cores.
        gpu_layers: layers to offload, -1 for all; only where this build of llama.cpp has a GPU backend.
        seed: for temperatures above zero.
        unload_after_s: seconds without a question after which the memory is freed; 0 keeps it.
        template: auto, or the name of one of ragapp's own chat styles.
    """

    def __init__(
        self, path: Path, name: str, *, context: int, threads: int = 0, gpu_layers: int = 0, seed: int = 42,
        unload_after_s: float = 0.0, template: str = "auto",
    ):  # fmt: skip
        self.path = path
        self.name = name
        self._context = context
        self._threads = threads or _physical_cores()
        self._gpu_layers = gpu_layers
        self._seed = seed
        self._unload_after_s = unload_after_s
        self._template = template
        self._turns = Turns()
        self._idle: threading.Timer | None = None
        self.stats = GenerationStats()
        #: tokens a second of the fastest long reading so far, 0 before the first
        self.seen_speed = 0.0

    @property
    def fingerprint(self) -> str:
        """What its speed depends on, but for the machine."""
        state = self.path.stat()
        return f"{self.path.name} {state.st_size} {state.st_mtime_ns} threads {self._threads} gpu {self._gpu_layers}"

    @cached_property
    def _llama(self):
        return load_llama(
            self.path, n_ctx=self._context, n_batch=BATCH_TOKENS, n_ubatch=BATCH_TOKENS, n_threads=self._threads,
            n_threads_batch=self._threads, n_gpu_layers=self._gpu_layers, seed=self._seed,
        )  # fmt: skip

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
            _ = self.template

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
        for part in ("_abort", "template", "_vocabulary", "_special", "_stop_tokens", "_tag_tokens"):
            self.__dict__.pop(part, None)
        if llama := self.__dict__.pop("_llama", None):
            llama.close()

    @cached_property
    def _abort(self) -> AbortFlag:
        return AbortFlag(self._llama.ctx)

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
        return self._special.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)

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
            self._feed(self.prompt_tokens(messages), 1)
            logits = self._logits()
        shifted = np.exp(logits - logits.max())
        weights = [float(shifted[self._vocabulary.first_tokens(choice)].sum()) for choice in choices]
        total = sum(weights) or 1.0
        return [weight / total for weight in weights]

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Stream the assistant's next turn, as :meth:`generate_pieces` without thinking."""
        pieces = self.generate_pieces(
            messages, max_tokens=max_tokens, temperature=temperature, cancelled=cancelled, thinking=False
        )
        yield from (piece.text for piece in pieces if piece.kind == "answer")

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
            cached = self._feed(tokens, 1)
            self.stats = stats = GenerationStats(len(tokens), cached)
            limit = min(max_tokens, self.window - len(tokens))
            decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
            written: list[int] = []
            stops = StopTexts(self.template.stop)
            splitter = None
            if self.template.tags:
                splitter = ThinkingSplitter(opened=self.template.opens_thinking(prompt), tags=self.template.tags)

            def split(text: str) -> list[Piece]:
                return splitter.feed(text) if splitter else [Piece("answer", text)] if text else []

            # the prompt is in the cache already, so this samples at once
            for token in self._sample(tokens, temperature):
                if not written:
                    stats.first_token_s = time.monotonic() - started
                if self._vocabulary.ends(token) or token in self._stop_tokens:
                    stats.finished = True
                    break
                shown = token in self._tag_tokens  # a control token is no text otherwise
                raw = self._llama.detokenize([token], prev_tokens=tokens + written, special=shown)
                written.append(token)
                stats.answer_tokens = len(written)
                yield from split(stops.feed(decoder.decode(raw)))
                if stops.reached:
                    stats.finished = True
                    break
                if len(written) >= limit or self._abort.raised or (cancelled and cancelled()):
                    break
            yield from split(stops.feed(decoder.decode(b"", final=True)) + stops.finish())
            if splitter:
                yield from splitter.finish()

    def _sample(self, tokens: list[int], temperature: float) -> Iterator[int]:
        try:
            yield from self._llama.generate(tokens, temp=temperature, top_k=40, top_p=0.95, min_p=0.05)
        except RuntimeError:
            if not self._abort.raised:
                raise

    def reading_speed(self) -> float:
        """Tokens of a prompt that are read a second, measured where no long prompt has been read yet."""
        if not self.seen_speed:
            with self._at_work():
                tokens = self._llama.tokenize(b"word " * (WARM_TOKENS + TIMED_TOKENS), add_bos=False)
                tokens = tokens[: min(WARM_TOKENS + TIMED_TOKENS, self.window - 1)]
                self._llama.reset()
                self._llama.eval(tokens[:WARM_TOKENS])
                started = time.monotonic()
                self._llama.eval(tokens[WARM_TOKENS:])
                self.seen_speed = len(tokens[WARM_TOKENS:]) / (time.monotonic() - started)
                self._llama.reset()
        return self.seen_speed

    def _feed(self, tokens: list[int], room: int) -> int:
        """Bring the prompt into the cache; returns how many of its tokens were there already.

        Raises:
            CancelledError: it was stopped; what had been read whole stays in the cache.
            ModelError: the prompt does not fit the window.
        """
        if len(tokens) + room > self.window:
            raise ModelError(
                f"The prompt has {len(tokens)} tokens; the window of {self.name} is {self.window}.",
                "Lower retrieval.context_tokens or raise llm.context.",
            )
        llama = self._llama
        keep = llama.longest_token_prefix(llama._input_ids.tolist(), tokens)
        # the last token is always read anew, for its logits
        keep = min(keep, len(tokens) - 1)
        if keep == 0 or not llama._ctx.kv_cache_seq_rm(-1, keep, -1):
            keep = 0
            llama.reset()
        llama.n_tokens = keep
        started = time.monotonic()
        for begin in range(keep, len(tokens), BATCH_TOKENS):
            try:
                llama.eval(tokens[begin : begin + BATCH_TOKENS])
            except RuntimeError:
                if not self._abort.raised:
                    raise
            if self._abort.raised:
                raise CancelledError("Stopped.")
        if len(tokens) - keep >= TIMED_TOKENS:
            self.seen_speed = max(self.seen_speed, (len(tokens) - keep) / (time.monotonic() - started))
        return keep

    def _logits(self) -> np.ndarray:
        pointer = self._llama._ctx.get_logits_ith(-1)
        return np.ctypeslib.as_array(pointer, shape=(self._llama.n_vocab(),)).astype(np.float64)

    @cached_property
    def _stop_tokens(self) -> frozenset[int]:
        """Stop texts that are one token of the vocabulary: control tokens never show up as text."""
        found = map(self._vocabulary.tokens, self.template.stop)
        return frozenset(tokens[0] for tokens in found if len(tokens) == 1)

    @cached_property
    def _tag_tokens(self) -> frozenset[int]:
        """Tokens of the marks around the thinking."""
        tags = self.template.tags
        marks = (tags.open, tags.close, *tags.answer) if tags else ()
        found = map(self._vocabulary.tokens, marks)
        return frozenset(token for tokens in found for token in tokens)

    @cached_property
    def _special(self) -> re.Pattern[str]:
        # a family's marks are not always tokens: [INST] of Llama 2, ### Instruction: of Alpaca
        texts = self._vocabulary.special_texts | self.template.marks
        longest_first = sorted((text for text in texts if len(text) > 1), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _physical_cores() -> int:
    import os

    import psutil

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or usable, usable)
