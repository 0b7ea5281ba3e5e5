"""The embedder: a sentence-transformers model from a local folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from ragapp.errors import ModelError
from ragapp.index import model_folder
from ragapp.index.bert_graph import SCHEME, Precision
from ragapp.index.library_encoder import ORDINARY_TOKENS, LibraryEncoder
from ragapp.index.onnx_encoder import OnnxEncoder
from ragapp.index.onnx_export import ExportedModel

# texts of ordinary length that have nothing to do with each other, one a line
UNRELATED = Path(__file__).with_name("unrelated_texts.txt").read_text(encoding="utf-8").splitlines()
# a passage that answers is nearer by about half of the scale than one that does not; measured with MiniLM-L6
SPREAD = 0.52
MIN_SPREAD = 0.02


class Embedder:
    """Text to vectors of length one.

    The model is loaded when the first vector is wanted; all else is read from the folder's JSON files.  BERT and its
    kind run in onnxruntime, others, and all on a GPU, in sentence-transformers.  Threads may share it: a question does
    not wait for passages that are being embedded, except for a batch of them where the model can only be called through
    the library.

    Args:
        batch_size: where the library runs it, passages of ordinary length (128 tokens) a forward pass.
        precision: of the linear layers; ``auto`` is ``kept``, else what is quickest here and near enough to fp32.
        device: ``gpu`` for the graphics card that torch finds.
        query_prompt: what is put in front of a question, None for the model's own prompt.
        document_prompt: what is put in front of a passage, None likewise.
        kept: gives the precision that a store was made with, by the hash of the weights; None where there is none.

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
        device: Literal["cpu", "gpu"] = "cpu",
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        kept: Callable[[str], Precision | None] = lambda weights: None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.batch_size = batch_size
        self.tokenizer = model_folder.EmbedderTokenizer(folder, query_prompt, document_prompt)
        self._wanted = precision
        self._device = device
        self._kept = kept
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
        """The precision in force; with ``auto`` and nothing stored it is measured, once a processor."""
        if self._wanted != "auto":
            return self._wanted
        kept = self._kept(self.weights_sha256)
        if kept:
            return kept
        return self._exported.quickest if self._exported else "fp32"

    @property
    def made_with(self) -> str:
        """All that the vectors depend on: the hash of the weights, the int8 scheme and the passage prompt, if any."""
        parts = [self.weights_sha256]
        parts += [SCHEME] if self.precision != "fp32" else []
        parts += [f"prompt {self.tokenizer.prompts.document!r}"] if self.tokenizer.prompts.document else []
        return "+".join(parts)

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of passages: a float32 array of shape (len(texts), dimension), rows of length one.

        More passages at a time share the cores better; ``progress`` gets the number done so far.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._encoder.passages(texts, progress or (lambda done: None))

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
        return [own_scale(float(first @ vector), self.cosine_spread) for vector in rest]

    def prepare(self) -> None:
        """Export and check the model's graph, and find the quickest precision, so that the first use need not."""
        _ = self._encoder

    @property
    def _encoder(self) -> OnnxEncoder | LibraryEncoder:
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> OnnxEncoder | LibraryEncoder:
        exported, precision = self._exported, self.precision
        if exported:
            if precision == "int8" and not exported.has_int8:
                raise self._no_int8(f"loses too much in int8 (cosine {exported.int8_cosine:.2f} to fp32)")
            try:
                return exported.encoder(precision)
            except RuntimeError as error:
                if precision == "int8":
                    raise self._no_int8(f"does not run in int8 here: {error}") from None
        if precision == "int8":
            raise self._no_int8("does not run in int8: its architecture, or the graphics card, has fp32 only")
        return LibraryEncoder(self.folder, self.tokenizer, self.batch_size * ORDINARY_TOKENS)

    @cached_property
    def _exported(self) -> ExportedModel | None:
        if self._device == "gpu":
            return None
        try:
            weights = model_folder.weights_file(self.folder)
            return ExportedModel(self.folder, self.tokenizer, weights, self.weights_sha256)
        except (model_folder.UnknownLayout, RuntimeError):
            return None

    def _no_int8(self, problem: str) -> ModelError:
        return ModelError(f"The embedder in {self.folder} {problem}.", "Set embedding.precision to fp32.")


def own_scale(cosine: float, cosine_spread: float) -> float:
    """A cosine on the scale of an embedder with this spread: 0 for unrelated texts, 1 for the same, with any model."""
    return 1 - (1 - cosine) * SPREAD / cosine_spread
