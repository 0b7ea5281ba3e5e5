"""The embedder: a sentence-transformers model from a local folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from ragapp.index import model_folder
from ragapp.index.encoder import ORDINARY_TOKENS, Encoder
from ragapp.index.quantize import SCHEME, Precision, choose_precision

# texts of ordinary length that have nothing to do with each other, one a line
UNRELATED = Path(__file__).with_name("unrelated_texts.txt").read_text(encoding="utf-8").splitlines()
# a passage that answers is nearer by about half of the scale than one that does not; measured with MiniLM-L6
SPREAD = 0.52
MIN_SPREAD = 0.02


class Embedder:
    """Text to vectors of length one.

    The model is loaded when the first vector is wanted; all else is read from the folder's JSON files.  Threads may
    share it: a question does not wait for passages that are being embedded, except for a batch of them where the model
    can only be called through the library.

    Args:
        batch_size: passages of ordinary length (128 tokens) a forward pass; of shorter ones more.
        precision: of the linear layers; ``auto`` takes int8 where it was measured to cost no quality.
        query_prompt: what is put in front of a question, None for the model's own prompt.
        document_prompt: what is put in front of a passage, None likewise.

    Raises:
        ModelError: by what needs the weights, where they are missing, no safetensors, or cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        batch_size: int = 8,
        precision: Literal["auto", "fp32", "int8"] = "fp32",
        *,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.batch_size = batch_size
        self.tokenizer = model_folder.EmbedderTokenizer(folder, query_prompt, document_prompt)
        self._wanted = precision
        self._loading = threading.Lock()

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.tokenizer.dimension

    @cached_property
    def weights_sha256(self) -> str:
        """Hash of the weights, 64 hexadecimal digits."""
        return model_folder.weights_sha256(self.folder)

    @cached_property
    def precision(self) -> Precision:
        """The precision in force."""
        return choose_precision(self._wanted, self.weights_sha256)

    @property
    def made_with(self) -> str:
        """All that the vectors depend on: the hash of the weights, the int8 scheme and the passage prompt, if any."""
        parts = [self.weights_sha256]
        parts += [SCHEME] if self.precision != "fp32" else []
        parts += [f"prompt {self.tokenizer.prompts.document!r}"] if self.tokenizer.prompts.document else []
        return "+".join(parts)

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of passages: a float32 array of shape (len(texts), dimension), rows of length one.

        More passages at a time sort better into batches of like length; ``progress`` gets the number done so far.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._encoder.passages(texts, self.batch_size * ORDINARY_TOKENS, progress or (lambda done: None))

    def embed_query(self, text: str) -> np.ndarray:
        """Vector of a question: float32 array of shape (dimension,), of length one."""
        return self._encoder.question(text)

    def words_read(self, question: str) -> int:
        """How many of a question's words, from the first, the model reads; it does not see what is behind them."""
        return self.tokenizer.question_words_read(question)

    @cached_property
    def cosine_spread(self) -> float:
        """By how much the cosine of a passage that answers differs from that of one that does not, with this model.

        Half of the way from texts that have nothing to do with each other to identical ones: some models put all texts
        at cosines between .7 and 1, others between 0 and 1.
        """
        vectors = self.embed_documents(UNRELATED)
        others = vectors @ vectors.T
        unrelated = (others.sum() - np.trace(others)) / (len(others) * (len(others) - 1))
        return max(MIN_SPREAD, SPREAD * (1 - float(unrelated)))

    def scaled_similarities(self, text: str, others: Sequence[str]) -> list[float]:
        """Similarity of a text to each of others: 0 for unrelated texts, 1 for the same, whatever the model."""
        first, *rest = self.embed_documents([text, *others])
        return [1 - (1 - float(first @ vector)) * SPREAD / self.cosine_spread for vector in rest]

    @property
    def _encoder(self) -> Encoder:
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> Encoder:
        return Encoder(self.folder, self.tokenizer, self.precision)
