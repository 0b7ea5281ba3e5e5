"""The tokens of one GGUF file."""

from __future__ import annotations

import ctypes
from functools import cached_property
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.loading import load_llama
from ragapp.llm.templates import ChatTemplate


def broken(mark: str) -> str:
    """A mark of a chat that is none any more, and can still be read: ``< |im_end|>``, ``User :``."""
    return f"{mark[:-1]} :" if mark[:-1].isalpha() and mark.endswith(":") else f"{mark[0]} {mark[1:]}"


class Vocabulary:
    """What a loaded model's tokens are.

    Args:
        llama: of llama-cpp-python; its vocabulary is enough.
    """

    def __init__(self, llama):
        self._llama = llama

    def text(self, token: int) -> str:
        """A token as it stands in the file; empty for none (-1)."""
        return self._llama._model.token_get_text(token) if token >= 0 else ""

    def ends(self, token: int) -> bool:
        """Whether it ends a generation; a file may name several."""
        import llama_cpp

        return llama_cpp.llama_vocab_is_eog(self._llama._model.vocab, token)

    @cached_property
    def special_texts(self) -> frozenset[str]:
        """Texts of the tokens that control the model."""
        import llama_cpp

        vocabulary = self._llama._model.vocab
        return frozenset(
            self.text(token)
            for token in range(self._llama.n_vocab())
            if llama_cpp.llama_vocab_is_control(vocabulary, token) or llama_cpp.llama_vocab_is_eog(vocabulary, token)
        )

    def tokens(self, text: str) -> list[int]:
        """Tokens of a text in which special tokens count as such, nothing put in front."""
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """What a token writes; a control token nothing, unless ``special``."""
        import llama_cpp

        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama_cpp.llama_token_to_piece(self._llama._model.vocab, token, buffer, size, 0, special)
            if length >= 0:
                return buffer.raw[:length]
            size = -length  # a run of blanks may be long

    def first_tokens(self, word: str) -> list[int]:
        """What may begin a word: with and without capital, in capitals, with and without a space in front."""
        forms = {word, word.capitalize(), word.lower(), word.upper()}
        texts = [prefix + form for form in forms for prefix in ("", " ")]
        return sorted({self._llama.tokenize(text.encode(), add_bos=False)[0] for text in texts})

    def prompt_tokens(self, template: ChatTemplate, prompt: str) -> list[int]:
        """Tokens of a rendered chat, one beginning-of-sequence token in front where the model wants one."""
        import llama_cpp

        add = bool(llama_cpp.llama_vocab_get_add_bos(self._llama._model.vocab)) and not template.writes_bos
        return self._llama.tokenize(prompt.encode(), add_bos=add, special=True)

    def open_template(self, name: str, wanted: str) -> ChatTemplate:
        """The chat template of the file, tried.

        Args:
            name: of the model, for messages.
            wanted: auto, or one of ragapp's styles.

        Raises:
            ModelError: there is none, or it cannot be used.
        """
        bos, eos = (self.text(token) for token in (self._llama.token_bos(), self._llama.token_eos()))
        template = ChatTemplate.choose(self._llama.metadata, bos, eos, name, wanted=wanted, tokens=self.special_texts)
        tokens = self.prompt_tokens(template, template.render([{"role": "user", "content": "canary"}]))
        if tokens[:2] == [self._llama.token_bos()] * 2:
            template.close()
            raise ModelError(
                f"The chat template of {name} begins the sequence twice.", "Choose another model, or llm.template."
            )
        return template


def read_template(path: Path, name: str, wanted: str = "auto") -> ChatTemplate:
    """The chat template of a file, of which only the vocabulary is loaded.

    Raises:
        ModelError: llama.cpp cannot read the file, or see :meth:`Vocabulary.open_template`.
    """
    llama = load_llama(path, vocab_only=True)
    try:
        return Vocabulary(llama).open_template(name, wanted)
    finally:
        llama.close()
