"""A model folder's tokenizer, without the model: light enough for every process that counts tokens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.index.folder import FolderFacts, UnknownLayout, read_facts
from ragapp.index.prompts import Prompts

TOKENIZER = "tokenizer.json"


class FolderTokenizer:
    """Tokens as the embedder in a folder counts them.

    It reads the folder's JSON files and ``tokenizer.json``, by the ``tokenizers`` library alone; only a folder that
    lacks them has its model loaded and asked.  It travels between processes as the folder's path.  Threads may share
    it.

    Args:
        folder: a sentence-transformers folder.
        query_prompt: what is put in front of a question, None for what the model wants.
        document_prompt: what is put in front of a passage, None likewise.
    """

    def __init__(self, folder: Path, query_prompt: str | None = None, document_prompt: str | None = None):
        self.folder = folder
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt

    def __reduce__(self):
        return type(self), (self.folder, self._query_prompt, self._document_prompt)

    @property
    def dimension(self) -> int:
        """Length of the vectors that the model makes."""
        return self._facts.dimension

    @property
    def max_tokens(self) -> int:
        """How many tokens the model reads, those that it adds itself included; what is longer it would not see."""
        return self._facts.max_tokens

    @cached_property
    def prompts(self) -> Prompts:
        """What is put in front of questions and passages; often nothing."""
        own = self._facts.prompts
        query, document = self._query_prompt, self._document_prompt
        return Prompts(own.query if query is None else query, own.document if document is None else document)

    @cached_property
    def special_tokens(self) -> int:
        """How many tokens the model adds to every passage: its marks, and its prompt where it has one."""
        return self._marks + self.count_tokens([self.prompts.document])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        return [len(encoding) for encoding in self._encode(texts)]

    def passage_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """What the model reads of each passage: prompt, text and marks, cut to its window."""
        prompt, room = self.prompts.document, self.max_tokens - self._marks
        encodings = self._encode([prompt + text for text in texts] if prompt else texts)
        for encoding in encodings:
            encoding.truncate(room)
        return [self._tokenizer.post_process(encoding).ids for encoding in encodings]

    @cached_property
    def _marks(self) -> int:
        return self._tokenizer.num_special_tokens_to_add(False)

    def _encode(self, texts: Sequence[str]):
        try:
            return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except TypeError:  # half of a surrogate pair is no text to the library
            whole = [text.encode("utf-8", "replace").decode() for text in texts]
            return self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)

    @cached_property
    def _facts(self) -> FolderFacts:
        return self._known[0]

    @cached_property
    def _tokenizer(self):
        tokenizer = self._known[1]
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _known(self):
        try:
            facts = read_facts(self.folder)
            if not (facts.transformer / TOKENIZER).is_file():
                raise UnknownLayout(f"{self.folder} has no {TOKENIZER}")
            return facts, _read_tokenizer(facts)
        except UnknownLayout:
            from ragapp.index.encoder import ask_model

            return ask_model(self.folder)


def _read_tokenizer(facts: FolderFacts):
    from tokenizers import Tokenizer, normalizers

    file = facts.transformer / TOKENIZER
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare exceptions
        raise ModelError(f"The tokenizer {file} cannot be read: {error}.", "Fetch the model again.") from None
    if facts.lower_case:
        own = [tokenizer.normalizer] if tokenizer.normalizer else []
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *own])
    return tokenizer
