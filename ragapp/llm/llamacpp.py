"""The adapter to llama.cpp: a model with its vocabulary, and the context in which it reads and writes.

Only public functions are called: those of ``llama.h`` under their own names. llama-cpp-python's class ``Llama`` is not
used: it keeps a state of its own beside the context, and compiles the file's chat template in this process.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.errors import CancelledError, ModelError
from ragapp.llm.batches import choose_cutting
from ragapp.llm.chat import Message
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.options import CACHE_TYPES, EngineOptions, import_llama

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POLL_S = 0.02
_TOP_K, _TOP_P, _MIN_P = 40, 0.95, 0.05
Told = Callable[[float], None]


class LoadError(Exception):
    """llama.cpp cannot load a file or make a context; why stands in its log."""


class Model:
    """The weights and the vocabulary of one GGUF file, or of the first of several.

    ``gpu_layers`` is -1 for all; ``repack`` lays weights out anew for the processor's kernels; ``progress`` is told the
    share of the weights that has been read, 0 to 1. Raises LoadError where llama.cpp cannot load the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int = 0,
        vocab_only: bool = False,
        repack: bool = False,
        progress: Told = lambda share: None,
    ):
        self._c = llama = import_llama()
        #: whether a GPU may work on any of its layers
        self.on_gpu = bool(gpu_layers) and bool(llama.llama_supports_gpu_offload())

        def go_on(share: float, data: object) -> bool:
            progress(share)
            return True

        callback = llama.llama_progress_callback(go_on)  # has to live until the file is loaded
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers, parameters.vocab_only = gpu_layers, vocab_only
        parameters.load_mode = llama.LLAMA_LOAD_MODE_MMAP
        parameters.use_extra_bufts = repack
        parameters.progress_callback = callback
        self.handle: Any = llama.llama_model_load_from_file(str(path).encode(errors="surrogateescape"), parameters)
        if not self.handle:
            raise LoadError
        self._free = _freed(self, llama.llama_model_free, self.handle)
        self._vocabulary: Any = llama.llama_model_get_vocab(self.handle)
        self.size: int = llama.llama_vocab_n_tokens(self._vocabulary)
        self.bos: int = llama.llama_vocab_bos(self._vocabulary)
        self.eos: int = llama.llama_vocab_eos(self._vocabulary)

    def close(self) -> None:
        """Free the memory; its contexts must have been closed."""
        self._free()

    @cached_property
    def metadata(self) -> dict[str, str]:
        """The header of the file, but for lists."""

        def text(call: Callable[..., int], number: int) -> str:
            return _written(lambda buffer, size: call(self.handle, number, buffer, size)).decode("utf-8", "replace")

        key, value = self._c.llama_model_meta_key_by_index, self._c.llama_model_meta_val_str_by_index
        numbers = range(self._c.llama_model_meta_count(self.handle))
        return {text(key, number): text(value, number) for number in numbers}

    def text(self, token: int) -> str:
        """A token as it stands in the file; empty for none (-1)."""
        text: bytes = self._c.llama_vocab_get_text(self._vocabulary, token) if token >= 0 else b""
        return text.decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether a token ends a generation; a file may name several."""
        return bool(self._c.llama_vocab_is_eog(self._vocabulary, token))

    @cached_property
    def special_texts(self) -> frozenset[str]:
        """Texts of the tokens that control the model."""
        control = self._c.llama_vocab_is_control
        tokens = range(self.size)
        return frozenset(self.text(one) for one in tokens if control(self._vocabulary, one) or self.ends(one))

    @property
    def adds_bos(self) -> bool:
        """Whether prompts have to begin with the beginning-of-sequence token."""
        return bool(self._c.llama_vocab_get_add_bos(self._vocabulary))

    def tokenize(self, text: str, *, add_bos: bool = False, special: bool = False) -> list[int]:
        """Tokens of a text, behind one that begins the sequence (``add_bos``); ``special`` tokens count as such."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = self._c.llama_tokenize(self._vocabulary, raw, len(raw), tokens, room, add_bos, special)
            if count >= 0:
                return tokens[:count]
            room = -count

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """What a token writes; a control token nothing, unless ``special``."""
        write = self._c.llama_token_to_piece
        return _written(lambda buffer, size: write(self._vocabulary, token, buffer, size, 0, special))

    def first_tokens(self, word: str) -> list[int]:
        """What may begin a word: with and without capital, in capitals, with and without a space in front."""
        forms = {word, word.capitalize(), word.lower(), word.upper()}
        return sorted({self.tokenize(prefix + form)[0] for form in forms for prefix in ("", " ")})


class Context:
    """The tokens that a model has read, with their keys and values, and the logits of the token that comes next.

    It holds ``window`` tokens. Raises LoadError where the memory is not enough, or the model cannot work with these
    options.
    """

    def __init__(self, model: Model, window: int, options: EngineOptions):
        self._c = llama = import_llama()
        parameters = llama.llama_context_default_params()
        self.cutting = choose_cutting(
            options.batch, flash=options.flash_attention and options.cache_type == "f16", gpu=model.on_gpu
        )
        parameters.n_ctx = window
        parameters.n_batch = parameters.n_ubatch = self._batch = min(window, self.cutting.longest)
        parameters.n_threads = parameters.n_threads_batch = options.threads_used
        parameters.flash_attn_type = int(options.flash_attention)
        parameters.type_k = parameters.type_v = CACHE_TYPES[options.cache_type]
        self.model = model
        self.handle: Any = llama.llama_init_from_model(model.handle, parameters)
        if not self.handle:
            raise LoadError
        self._free = _freed(self, llama.llama_free, self.handle)
        self._memory: Any = llama.llama_get_memory(self.handle)
        # a recurrent state has to be set to zero, a cache of keys and values only to be forgotten
        self._recurrent = llama.llama_model_is_recurrent(model.handle) or llama.llama_model_is_hybrid(model.handle)
        #: whether the last tokens can be forgotten alone; a recurrent state is one for all that was read
        self.can_cut = not self._recurrent
        self.window: int = llama.llama_n_ctx(self.handle)
        self.tokens: list[int] = []  # those in the cache; to be changed by the methods alone
        self.abort = AbortFlag()  # stops decode() in its middle
        llama.llama_set_abort_callback(self.handle, self.abort.callback, self.abort.data)

    @property
    def kernels(self) -> str:
        """What computes here: readings of one library on one kind of processor are not those of another, to the bit."""
        system: bytes = self._c.llama_print_system_info()
        return f"{self._c.__version__} {'gpu' if self.model.on_gpu else 'cpu'} {system.decode('ascii', 'replace')}"

    def close(self) -> None:
        """Free the memory of the context, not that of the model."""
        self._free()

    def add_adapter(self, path: Path, scale: float) -> None:
        """Put an adapter (LoRA) on the model as used here; raises LoadError where it is none, or for another model."""
        adapter = self._c.llama_adapter_lora_init(self.model.handle, str(path).encode(errors="surrogateescape"))
        if not adapter:
            raise LoadError
        adapters = (self._c.llama_adapter_lora_p_ctypes * 1)(adapter)
        if self._c.llama_set_adapters_lora(self.handle, adapters, 1, (ctypes.c_float * 1)(scale)):
            raise LoadError

    def decode(self, tokens: Sequence[int]) -> None:
        """Read more tokens behind those that are there.

        Raises:
            CancelledError: :attr:`abort` was raised; batches that had been read whole stay.
            ModelError: llama.cpp failed.
        """
        for begin in range(0, len(tokens), self._batch):
            part = tokens[begin : begin + self._batch]
            array = (ctypes.c_int32 * len(part))(*part)
            status = self._c.llama_decode(self.handle, self._c.llama_batch_get_one(array, len(part)))
            if status:
                self.truncate(len(self.tokens))  # an interrupted batch leaves a part of itself behind
            else:
                self.tokens += part
            if self.abort.raised:
                raise CancelledError("Stopped.")
            if status:
                message = f"llama.cpp failed while it read a prompt (status {status})."
                raise ModelError(message, "Lower llm.context or llm.batch.")

    def wait(self) -> None:
        """Wait for a GPU to end what :meth:`decode` has begun."""
        self._c.llama_synchronize(self.handle)

    def truncate(self, length: int) -> int:
        """Forget all but the first tokens; how many are left: none where the model can only forget everything."""
        if not length or not self._c.llama_memory_seq_rm(self._memory, 0, length, -1):
            self._c.llama_memory_clear(self._memory, self._recurrent)
            length = 0
        del self.tokens[length:]
        return length

    def state(self, most_bytes: int) -> bytes:
        """Keys and values of all tokens; empty where they take more than so many bytes."""
        size = self._c.llama_state_seq_get_size(self.handle, 0)
        if not 0 < size <= most_bytes:
            return b""
        buffer = (ctypes.c_uint8 * size)()
        written = self._c.llama_state_seq_get_data(self.handle, buffer, size, 0)
        # a slice of the buffer would be a list of numbers, one for each of some millions of bytes
        return ctypes.string_at(buffer, written)

    def restore(self, tokens: Sequence[int], state: bytes | memoryview) -> bool:
        """Put back what :meth:`state` gave for these tokens; where that fails, nothing is left in the cache.

        What lies in memory that could be written to is not copied.
        """
        self.truncate(0)
        held = ctypes.c_uint8 * len(state)
        writable = isinstance(state, memoryview) and not state.readonly
        buffer = held.from_buffer(state) if writable else held.from_buffer_copy(state)
        if not self._c.llama_state_seq_set_data(self.handle, buffer, len(state), 0):
            self.truncate(0)
            return False
        self.tokens[:] = tokens
        return True

    def logits(self) -> NDArray[np.float32]:
        """Of the token that comes next, one for each of the vocabulary; valid until the next :meth:`decode`."""
        import numpy as np

        pointer = self._c.llama_get_logits_ith(self.handle, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.model.size,))

    @contextmanager
    def sampler(self, temperature: float, seed: int) -> Iterator[Callable[[], int]]:
        """A function that chooses the next token: the likeliest where the temperature is 0, else one of the likely."""
        if not temperature:
            yield lambda: int(self.logits().argmax())
            return
        c = self._c
        chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
        try:
            for step in (
                c.llama_sampler_init_top_k(_TOP_K),
                c.llama_sampler_init_top_p(_TOP_P, 1),
                c.llama_sampler_init_min_p(_MIN_P, 1),
                c.llama_sampler_init_temp(temperature),
                c.llama_sampler_init_dist(seed),
            ):
                c.llama_sampler_chain_add(chain, step)
            yield lambda: int(c.llama_sampler_sample(chain, self.handle, -1))
        finally:
            c.llama_sampler_free(chain)


class AbortFlag:
    """Ends a computation of llama.cpp where it is.

    llama.cpp calls a function between two operations, hundreds of times a token. One in Python would wait for the
    interpreter's lock each time, so it is the C library's ``strlen`` on a text of one byte: it says 0, go on, while the
    byte is zero, and 1, stop, as soon as it is not.
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        store = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        #: what llama.cpp calls, and what it calls that with
        self.callback: Any = ctypes.cast(store.strlen, import_llama().ggml_abort_callback)
        self.data = ctypes.cast(self._text, ctypes.c_void_p)

    @property
    def raised(self) -> bool:
        """Whether the computation is being stopped."""
        return self._text[0] != b"\0"

    @contextmanager
    def watching(self, cancelled: Cancelled | None) -> Iterator[None]:
        """While inside, what is computed ends soon after ``cancelled`` says so."""
        if cancelled is None:
            yield
            return
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_POLL_S):
                if cancelled():
                    self._text[0] = b"\1"
                    return

        watcher = threading.Thread(target=watch, name="ragapp-stop", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            self._text[0] = b"\0"


def apply_builtin_template(name: str, turns: Sequence[Message], *, generation: bool) -> str:
    """A chat as one of llama.cpp's built-in templates writes it, without a beginning-of-sequence token.

    A zero character would end a turn in C, so it is replaced.
    """
    c = import_llama()
    chat = (c.llama_chat_message * len(turns))()
    for place, turn in zip(chat, turns, strict=True):
        place.role = turn["role"].encode()
        place.content = turn["content"].replace("\0", "\ufffd").encode("utf-8", "replace")
    arguments = (name.encode(), chat, len(turns), generation)
    if c.llama_chat_apply_template(*arguments, None, 0) < 0:
        raise ModelError(f"This llama.cpp has no chat template named {name}.", "Choose another one: llm.template.")
    return _written(lambda buffer, size: c.llama_chat_apply_template(*arguments, buffer, size)).decode()


def _written(call: Callable[[Any, int], int]) -> bytes:
    """What a C function writes into a buffer; it returns the length, or the negative length where that is too short."""
    size = 128
    while True:
        buffer = ctypes.create_string_buffer(size)
        length = call(buffer, size)
        if 0 <= length < size:
            return buffer.raw[:length]
        size = abs(length) + 1


def _freed(owner: object, free: Callable[[Any], None], handle: object) -> Callable[[], object]:
    """What frees a handle, once, at the latest when its owner is gone."""
    finalizer = weakref.finalize(owner, free, handle)
    # at the end of the process a thread may still be computing with it
    finalizer.atexit = False
    return finalizer
