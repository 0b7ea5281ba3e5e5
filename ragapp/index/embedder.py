"""The embedder: a sentence-transformers model from a local folder."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import ModelError
from ragapp.reading.discover import hash_file

WEIGHTS = "model.safetensors"


class Embedder:
    """Text to vectors of length one.

    The model is loaded at first use; weights come from safetensors only, and no code from the folder is run.

    Args:
        folder: a sentence-transformers folder.
        name: what people call it.
        batch_size: texts a forward pass.
    """

    def __init__(self, folder: Path, name: str, batch_size: int = 8):
        self.folder = folder
        self.name = name
        self.batch_size = batch_size
        self._lock = threading.Lock()

    @cached_property
    def _model(self):
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        try:
            import transformers
            from sentence_transformers import SentenceTransformer

            transformers.utils.logging.disable_progress_bar()
            return SentenceTransformer(
                str(self.folder), local_files_only=True, trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )  # fmt: skip
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                f"The embedder in {self.folder} cannot be loaded: {reason}.", f"Run: ragapp models pull {self.name}"
            ) from None

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.get_embedding_dimension()

    @property
    def max_tokens(self) -> int:
        """How many tokens it reads, its own special tokens included; what is longer it would not see."""
        return self._model.max_seq_length

    @cached_property
    def special_tokens(self) -> int:
        """How many tokens it adds around every text."""
        return self._tokenizer.num_special_tokens_to_add(pair=False)

    @cached_property
    def weights_sha256(self) -> str:
        """Hash of the weights, 64 hexadecimal digits.

        Raises:
            ModelError: there are no safetensors weights.
        """
        files = sorted(self.folder.glob("**/*.safetensors"))
        if not files:
            raise ModelError(f"{self.folder} has no {WEIGHTS}; weights in other forms are not loaded.")
        return hash_file(files[0])

    @property
    def _tokenizer(self):
        return self._model.tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        if not texts:
            return []
        with self._lock:
            encoded = self._tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of passages.

        Args:
            texts: what is to be found later.
            progress: called with the number of texts done so far.

        Returns:
            float32 array of shape (len(texts), dimension), rows of length one.
        """
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        # texts of like length share a batch, so little is padded
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for begin in range(0, len(order), self.batch_size):
            part = order[begin : begin + self.batch_size]
            with self._lock:
                vectors[part] = self._model.encode_document(
                    [texts[i] for i in part], batch_size=self.batch_size, normalize_embeddings=True,
                    show_progress_bar=False,
                )  # fmt: skip
            if progress:
                progress(begin + len(part))
        return vectors

    def embed_question(self, text: str) -> np.ndarray:
        """Vector of a question: float32 array of shape (dimension,), of length one."""
        with self._lock:
            return self._model.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
