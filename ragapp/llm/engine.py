"""The language model in this process: a GGUF file in llama.cpp, loaded at first use."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import ModelError, RagappError
from ragapp.llm.batches import shared_prefix
from ragapp.llm.behind import Behind
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.generation import Sampling, TurnWriter
from ragapp.llm.identity import file_identity
from ragapp.llm.interface import GenerationStats, LanguageModel
from ragapp.llm.llamacpp import Context, Model
from ragapp.llm.loading import Placement, attach_adapter, load_context
from ragapp.llm.options import BATCH_TOKENS, EngineOptions, can_offload
from ragapp.llm.prompt_cache import LEAST_TOKENS, PromptCache
from ragapp.llm.prompt_store import PromptStore
from ragapp.llm.reasoning import Piece
from ragapp.llm.templates import ChatTemplate, Message, open_template

__all__ = ["BATCH_TOKENS", "Engine", "EngineOptions", "GenerationStats"]


class Engine(LanguageModel):
    """The model of one GGUF file.

    Args:
        context: window in tokens; never more than the model was trained for.
        seed: for temperatures above zero.
        unload_after_s: seconds without a question after which the memory is freed; 0 keeps it.
        template: auto, or the name of a chat template.
        max_seconds: that writing a turn may take; 0 for no limit.
        thinking_tokens: after which thinking is closed and the answer begins; 0 for no limit of its own.
        store: gives the readings on disk for all that the numbers depend on; None where nothing is to be kept there.
        still_there: whether documents, named as for :meth:`keep`, are (still) in the library.
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
        store: Callable[[str], PromptStore | None] | None = None,
        still_there: Callable[[Collection[str]], bool] = lambda sources: True,
    ):
        super().__init__(name)
        self.path = path
        self.options = options or EngineOptions()
        self.placement: Placement | None = None  # where the model was put when it was last loaded
        self._window, self._template = context, template
        self._seed, self._max_seconds, self._thinking_tokens = seed, max_seconds, thinking_tokens
        self._unload_after_s = unload_after_s
        self._idle: threading.Timer | None = None
        self._make_store, self._still_there = store, still_there
        self._behind = Behind(self._keep_behind)

    @property
    def fingerprint(self) -> str:
        state = self.path.stat()
        return f"{self.path.name} {state.st_size} {state.st_mtime_ns} {self.options}"

    @property
    def identity(self) -> str:
        try:
            adapter = f" {file_identity(self.options.lora)}*{self.options.lora_scale}" if self.options.lora else ""
            return file_identity(self.path) + adapter
        except OSError as error:
            raise ModelError(f"{error.filename} cannot be read: {error.strerror}.") from None

    @cached_property
    def _context(self) -> Context:
        options, layers = self.options, self.options.layers_wanted()
        self.notices = []
        try:
            context, self.placement = load_context(self.path, self._window, options, layers)
        except ModelError:
            if options.gpu_layers != "auto" or not layers:
                raise
            context, self.placement = load_context(self.path, self._window, options, 0)
            self.notices.append(f"{self.name} does not fit the GPU, so it runs on the processor.")
        else:
            self.notices += gpu_notices(options, self.placement, self.name)
        if options.lora:
            try:
                attach_adapter(context, options.lora, options.lora_scale, self.name)
            except ModelError:
                _close(context)
                raise
        return context

    @cached_property
    def _model(self) -> Model:
        return self._context.model

    @cached_property
    def template(self) -> ChatTemplate:
        """The chat template of the file, or the one that the settings name."""
        return open_template(self._model, self.name, self._template)

    @property
    def window(self) -> int:
        return self._context.window

    def load(self) -> None:
        with self._turns.turn():
            try:
                _ = self.template
            except ModelError:
                self._free()  # a model that cannot be talked to needs no memory
                raise

    @property
    def loaded(self) -> bool:
        return "_context" in self.__dict__

    def close(self) -> None:
        self._behind.finish()
        with self._turns.turn():
            self._free()

    def _free(self) -> None:
        if self._idle:
            self._idle.cancel()
        if template := self.__dict__.get("template"):
            template.close()
        for part in ("_writer", "_prompts", "_store", "template", "_model", "_special"):
            self.__dict__.pop(part, None)
        if context := self.__dict__.pop("_context", None):
            _close(context)

    @cached_property
    def _prompts(self) -> PromptCache:
        return PromptCache(self._context, store=self._store)

    @cached_property
    def _store(self) -> PromptStore | None:
        """The readings on disk; None where there are to be none, or the model's memory cannot be cut back."""
        if self._make_store is None or not self._context.can_cut:
            return None
        return self._make_store(f"{self.identity} {self.fingerprint} {self._context.kernels} {self._rope()}")

    def _rope(self) -> str:
        """Models that were stretched turn keys by other factors in a long window than in a short one."""
        stretched = any(key.endswith(".rope.scaling.original_context_length") for key in self._model.metadata)
        return f"window {self.window}" if stretched else ""

    @cached_property
    def _writer(self) -> TurnWriter:
        return TurnWriter(self._context, self.template)

    @contextmanager
    def _at_work(self, cancelled: Cancelled | None = None) -> Iterator[None]:
        """One's turn with the loaded model, which ends soon after ``cancelled`` says so."""
        with self._turns.turn(cancelled):
            if self._idle:
                self._idle.cancel()
            try:
                with self._context.abort.watching(cancelled):
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
        return len(self._model.tokenize(text))

    def escape(self, text: str) -> str:
        """Text in which nothing is a special token or a mark of turns for this model."""
        return self._special.sub(lambda match: _broken(match[0]), text)

    @cached_property
    def _special(self) -> re.Pattern[str]:
        # a family's marks are not always tokens: [INST] of Llama 2, ### Instruction: of Alpaca
        stops = {stop.strip() for stop in self.template.stop}
        texts = self._model.special_texts | self.template.marks | stops
        longest_first = sorted((text for text in texts if len(text) > 1), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def prompt_tokens(self, messages: Sequence[Message], *, thinking: bool | None = False) -> list[int]:
        """The tokens of a chat in the model's own format, one beginning-of-sequence token where the model wants one."""
        return self.template.tokens(self._model, self.template.render(messages, thinking))

    def prefill(self, messages: Sequence[Message], cancelled: Cancelled | None = None) -> int:
        with self._at_work(cancelled):
            first, shared = self._both(messages, "")
            if not shared:
                return 0
            if self._context.can_cut:
                self._fits(first[:shared])
                begin = first[: self._context.cutting.whole(shared)]
                self._prompts.begin(begin)
                return len(begin)
            # where later chats part is a mark of this one, too, and what is left of it behind the mark is short
            begun = messages[-1]["content"] if messages[-1]["role"] == "user" else ""
            before = messages[:-1] if begun else messages
            marks = self._marks([*before, {"role": "user", "content": f"{begun}one"}])
            self._read(first, marks)
        return self._context.cutting.kept(max(marks, default=0), len(first))

    def keep(self, messages: Sequence[Message], sources: Collection[str] = ()) -> None:
        if self._make_store is not None:
            self._behind.put((messages, frozenset(sources)))

    def keep_ahead(self, messages: Sequence[Message], sources: Collection[str], rank: int) -> bool:
        try:
            return self._keep_on_disk(messages, frozenset(sources), rank)
        except (OSError, MemoryError) as error:
            raise ModelError(self._not_kept(error), "Make room on the disk, or set llm.prompt_cache_mb.") from None

    def kept(self, messages: Sequence[Message], rank: int | None = None) -> bool:
        with self._at_work():
            if self._store is None:
                return True
            tokens = self._beginning(messages)
            return len(tokens) < LEAST_TOKENS or self._store.has(tokens, rank)

    @property
    def keeps(self) -> bool:
        with self._at_work():
            return self._store is not None

    def room(self, rank: int | None = None) -> int:
        with self._at_work():
            return self._store.room(rank) if self._store else 0

    def _beginning(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of what later chats begin with, in whole groups."""
        first, shared = self._both(messages, "")
        return first[: self._context.cutting.whole(shared)]

    def _keep_behind(self, item: tuple[Sequence[Message], frozenset[str]]) -> None:
        try:
            self._keep_on_disk(*item)
        except (RagappError, OSError, MemoryError) as error:  # answers do not depend on it
            if (told := self._not_kept(error)) not in self.notices:
                self.notices.append(told)

    def _keep_on_disk(self, messages: Sequence[Message], sources: frozenset[str], rank: int | None = None) -> bool:
        """Write what was read of a chat's beginning to disk, where it is still in memory; whether it is there then."""
        with self._at_work():
            if not self.loaded or (store := self._store) is None:
                return False
            tokens = self._beginning(messages)
            if len(tokens) < LEAST_TOKENS or store.has(tokens):
                return True
            state = self._prompts.export(tokens)
        if not state or not store.add(tokens, state, sources, rank):
            return False
        # looked up behind the writing: what is removed from now on is purged with this reading
        if not self._still_there(sources):
            store.forget(tokens)
        return True

    def _not_kept(self, error: Exception) -> str:
        # the file has another name each time
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        return f"What {self.name} has read cannot be kept on disk: {why}"

    def _both(self, messages: Sequence[Message], begun: str) -> tuple[list[int], int]:
        """A chat whose user goes on after ``begun``, and how many of its tokens it shares with any other such chat."""
        chats = []
        for other in ("one", "2"):
            chat = [message.copy() for message in messages]
            if chat and chat[-1]["role"] == "user":
                chat[-1]["content"] += begun + other
            else:
                chat.append({"role": "user", "content": begun + other})
            chats.append(chat)
        first, second = map(self.prompt_tokens, chats)
        return first, shared_prefix(first, second)

    def _marks(self, messages: Sequence[Message]) -> list[int]:
        """After how many tokens other chats may part from this one: before the last turn, before its last paragraph.

        The passages stand there, and behind them the question. Empty where the model's memory can be cut anywhere.
        """
        if self._context.can_cut or not messages or messages[-1]["role"] != "user":
            return []
        before, last = messages[:-1], messages[-1]["content"]
        paragraphs, blank, _ = last.rpartition("\n\n")
        return [self._both(before, begun)[1] for begun in ("", f"{paragraphs}{blank}") if begun or before]

    def choice_probabilities(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None = None
    ) -> list[float]:
        with self._at_work(cancelled):
            self._read(self.prompt_tokens(messages), self._marks(messages))
            logits = self._context.logits().astype(np.float64)
        shifted = np.exp(logits - logits.max())
        weights = [float(shifted[self._model.first_tokens(choice)].sum()) for choice in choices]
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
        started = time.monotonic()
        with self._at_work(cancelled):
            prompt = self.template.render(messages, thinking)
            tokens = self.template.tokens(self._model, prompt)
            kept = self._read(tokens, self._marks(messages))
            self.stats = GenerationStats(len(tokens), kept)
            sampling = Sampling(max_tokens, self._max_seconds, self._thinking_tokens, temperature, self._seed)
            yield from self._writer.write(prompt, sampling, self.stats, cancelled, started)

    def prompt_speed(self) -> float:
        if not self.seen_speed:
            with self._at_work():
                self.seen_speed = self._prompts.measure()
        return self.seen_speed

    def _read(self, tokens: list[int], marks: Sequence[int] = ()) -> int:
        """Bring the prompt into the context; returns how many of its tokens were there already."""
        self._fits(tokens)
        kept, speed = self._prompts.read(tokens, marks)
        self.seen_speed = max(self.seen_speed, speed)
        return kept

    def _fits(self, tokens: Sequence[int]) -> None:
        """Raises ModelError where the window is too small for a prompt."""
        if len(tokens) + 1 > self.window:
            message = f"The prompt has {len(tokens)} tokens; the window of {self.name} is {self.window}."
            raise ModelError(message, "Lower retrieval.context_tokens or raise llm.context.")


def gpu_notices(options: EngineOptions, placement: Placement, name: str) -> list[str]:
    """What a person should know who asked for the GPU by these options, where no layer was put on it."""
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


def _close(context: Context) -> None:
    context.close()
    context.model.close()


def _broken(mark: str) -> str:
    """A mark of a chat that is none any more, and can still be read: ``< |im_end|>``, ``User :``."""
    return f"{mark[:-1]} :" if mark[:-1].isalpha() and mark.endswith(":") else f"{mark[0]} {mark[1:]}"
