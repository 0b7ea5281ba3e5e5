"""An embedding model as sentence-transformers runs it: for architectures that have no graph of ours, and for GPUs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.c_runtime import tune_malloc
from ragapp.index.lanes import embed_in_lanes
from ragapp.index.model_folder import EmbedderTokenizer
from ragapp.index.sbert import load_embedding_model

# tokens of a passage of ordinary length
ORDINARY_TOKENS = 128
# the most batches in the model at the same time
MAX_LANES = 4
# how far the direct way may be from the library's own vectors, in any component
TOLERANCE = 2e-5
# both languages of the samples, padding, truncation, odd characters, nothing
TRIAL = (
    "Staff may carry over up to five days of annual leave into the next calendar year.",
    "Les salariés disposent de 25 jours ouvrés de congés payés par an, à prendre avant le 31 mai.",
    "Zürich — 12,5 % · «œuvre» № 7 ✓ 東京",
    "| Rate | 2024 | 2025 |\n|---|---|---|\n| Mileage | 0.45 | 0.47 |",
    "one two three " * 1000,
    "x",
    "",
)


class LibraryEncoder:
    """A loaded sentence-transformers model in fp32, fed with batches of like length.

    Raises:
        ModelError: it cannot be loaded.
    """

    def __init__(self, folder: Path, tokenizer: EmbedderTokenizer, batch_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._batch_tokens = batch_tokens
        # the library's tokenizer keeps state while it works
        self._lock = threading.Lock()
        tune_malloc()
        self._model = load_embedding_model(folder)
        import torch  # now, as its first import decides how its threads wait

        self._threads = torch.get_num_threads()

    def question(self, text: str) -> np.ndarray:
        """See :meth:`ragapp.index.embedder.Embedder.embed_query`."""
        import torch

        with self._lock:
            if torch.get_num_threads() != self._threads:  # a new thread inherits what a lane has set
                torch.set_num_threads(self._threads)
            vector: np.ndarray = self._model.encode_query(
                text, prompt=self._tokenizer.prompts.query, normalize_embeddings=True, show_progress_bar=False
            )
            return vector

    def passages(self, texts: Sequence[str], progress: Callable[[int], None]) -> np.ndarray:
        """See :meth:`ragapp.index.embedder.Embedder.embed_documents`; a batch has so many tokens with padding.

        Several batches are in the model at a time, each on its own share of the cores: threads that share one batch
        wait for each other after every layer, for long whenever something else wants a core.
        """
        vectors = np.zeros((len(texts), self._tokenizer.dimension), np.float32)
        ids = self._tokenizer.passage_ids(texts)

        def encode(part: list[int]) -> np.ndarray:
            if self._direct:
                return self.encode_ids([ids[i] for i in part])
            return self._encode_texts([texts[i] for i in part])

        parts = batches([len(text) for text in ids], self._batch_tokens)
        embed_in_lanes(self._lanes, encode, parts, vectors, progress)
        return vectors

    def encode_ids(self, ids: Sequence[list[int]]) -> np.ndarray:
        """Vectors of tokenized texts, by the model's modules directly: float32 (len(ids), dimension), length one."""
        import torch

        longest = max(map(len, ids))
        tokens = torch.full((len(ids), longest), self._model.tokenizer.pad_token_id, dtype=torch.long)
        mask = torch.zeros((len(ids), longest), dtype=torch.long)
        for row, text in enumerate(ids):
            tokens[row, : len(text)] = torch.tensor(text, dtype=torch.long)
            mask[row, : len(text)] = 1
        device = self._model.device
        with torch.inference_mode():
            out = self._model({"input_ids": tokens.to(device), "attention_mask": mask.to(device)})
            vectors = out["sentence_embedding"][:, : self._tokenizer.dimension].float()
            return torch.nn.functional.normalize(vectors, dim=1).cpu().numpy()

    @cached_property
    def _lanes(self) -> ThreadPoolExecutor:
        import torch

        lanes = min(MAX_LANES, self._threads) if self._direct and self._model.device.type == "cpu" else 1
        share = max(1, self._threads // lanes)
        return ThreadPoolExecutor(lanes, "embedding", initializer=lambda: torch.set_num_threads(share))

    @cached_property
    def _direct(self) -> bool:
        """Whether the model's modules, given token ids directly, make the library's own vectors.

        That saves the library's work for each call, and tokenizing under a lock.
        """
        ids = self._tokenizer.passage_ids(TRIAL)
        try:
            mine = self.encode_ids(ids)
        except Exception:  # whatever a foreign architecture finds wrong: the library knows how to call it
            return False
        return bool(np.abs(mine - self._encode_texts(TRIAL)).max() <= TOLERANCE)

    def _encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            vectors: np.ndarray = self._model.encode_document(
                list(texts),
                prompt=self._tokenizer.prompts.document,
                batch_size=len(texts),
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            return vectors


def batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Divide texts into forward passes: texts of like length together, the longest first.

    A batch, a list of indices into ``lengths`` (tokens of each text), has at most ``batch_tokens`` with padding; a
    longer text goes alone.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    begin = 0
    while begin < len(order):
        size = max(1, batch_tokens // max(1, lengths[order[begin]]))
        yield order[begin : begin + size]
        begin += size
