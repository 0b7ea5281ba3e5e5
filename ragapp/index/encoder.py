"""The loaded embedding model: passages in batches of like length, questions one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import cached_property
from pathlib import Path

import numpy as np

from ragapp.errors import ModelError
from ragapp.index.folder import FolderFacts
from ragapp.index.prompts import own_prompts
from ragapp.index.quantize import Precision, quantize_linear
from ragapp.index.sbert import sentence_transformers
from ragapp.index.tokenizer import FolderTokenizer
from ragapp.native import keep_freed_memory

# a passage of ordinary length, in tokens; a batch holds as many tokens as so many of them
ORDINARY_TOKENS = 128
# batches that are in the model at the same time, at the most
MAX_LANES = 4
# how far the short way may be from the library's own vectors
TOLERANCE = 2e-5
# how alike a vector in int8 must be to the same in fp32
INT8_COSINE = 0.97
# tried at loading: both languages of the samples, padding, truncation, odd characters, nothing
TRIAL = (
    "Staff may carry over up to five days of annual leave into the next calendar year.",
    "Les salariés disposent de 25 jours ouvrés de congés payés par an, à prendre avant le 31 mai.",
    "Zürich — 12,5 % · «œuvre» № 7 ✓ 東京",
    "| Rate | 2024 | 2025 |\n|---|---|---|\n| Mileage | 0.45 | 0.47 |",
    "one two three " * 1000,
    "x",
    "",
)


def load_model(folder: Path):
    """The sentence-transformers model of a folder: safetensors only, no code from the folder is run.

    Raises:
        ModelError: it cannot be loaded.
    """
    try:
        model = sentence_transformers().SentenceTransformer(
            str(folder), local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"The embedder in {folder} cannot be loaded: {reason}.", f"Run: ragapp models pull {folder.name}"
        ) from None
    return model.eval()


def ask_model(folder: Path):
    """What only the loaded model knows of a folder without the usual JSON files: its facts and its tokenizer."""
    model = load_model(folder)
    prompts = own_prompts(model.prompts, folder.name)
    facts = FolderFacts(model.get_embedding_dimension(), model.max_seq_length, folder, False, prompts)
    return facts, model.tokenizer.backend_tokenizer


class Encoder:
    """A loaded model.

    Args:
        folder: a sentence-transformers folder.
        tokenizer: the folder's tokenizer.
        precision: of the linear layers.

    Raises:
        ModelError: it cannot be loaded, or not in this precision.
    """

    def __init__(self, folder: Path, tokenizer: FolderTokenizer, precision: Precision):
        self._folder = folder
        self._tokenizer = tokenizer
        # the library's tokenizer keeps state while it works
        self._lock = threading.Lock()
        keep_freed_memory()
        self._model = load_model(folder)
        self._threads = _threads()
        if precision == "int8":
            self._to_int8()

    def question(self, text: str) -> np.ndarray:
        """Vector of a question: float32 array of shape (dimension,), of length one."""
        import torch

        with self._lock:
            if torch.get_num_threads() != self._threads:  # a new thread takes over what a lane has set
                torch.set_num_threads(self._threads)
            return self._model.encode_query(
                text, prompt=self._tokenizer.prompts.query, normalize_embeddings=True, show_progress_bar=False
            )

    def passages(self, texts: Sequence[str], batch_tokens: int, progress: Callable[[int], None]) -> np.ndarray:
        """Vectors of passages: float32 array of shape (len(texts), dimension), rows of length one.

        Several batches are in the model at a time, each on its own share of the cores: threads that share one batch
        wait for each other after every layer, for long whenever something else wants a core.

        Args:
            texts: passages.
            batch_tokens: tokens a forward pass, padding included.
            progress: called after each batch with the number of texts done so far.
        """
        vectors = np.zeros((len(texts), self._tokenizer.dimension), np.float32)
        ids = self._tokenizer.passage_ids(texts)
        parts = list(batches([len(text) for text in ids], batch_tokens))
        done = 0
        if not self._short_way:
            for part in parts:
                vectors[part] = self._encode_texts([texts[i] for i in part])
                done += len(part)
                progress(done)
            return vectors
        futures: dict[Future, list[int]] = {
            self._lanes.submit(self._encode_ids, [ids[i] for i in part]): part for part in parts
        }
        try:
            for future in as_completed(futures):
                part = futures[future]
                vectors[part] = future.result()
                done += len(part)
                progress(done)
        finally:  # an error, or the caller's wish to stop
            for future in futures:
                future.cancel()
        return vectors

    @cached_property
    def _lanes(self) -> ThreadPoolExecutor:
        import torch

        lanes = min(MAX_LANES, self._threads) if self._model.device.type == "cpu" else 1
        share = max(1, self._threads // lanes)
        return ThreadPoolExecutor(lanes, "embedding", initializer=lambda: torch.set_num_threads(share))

    @cached_property
    def _short_way(self) -> bool:
        """Whether the model's modules, fed directly, give the library's own vectors.

        That saves the library's work for each call, and tokenizing under a lock.
        """
        ids = self._tokenizer.passage_ids(TRIAL)
        try:
            mine = self._encode_ids(ids)
        except Exception:  # whatever a foreign architecture finds wrong: the library knows how to feed it
            return False
        return bool(np.abs(mine - self._encode_texts(TRIAL)).max() <= TOLERANCE)

    def _encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            return self._model.encode_document(
                list(texts),
                prompt=self._tokenizer.prompts.document,
                batch_size=len(texts),
                normalize_embeddings=True,
                show_progress_bar=False,
            )

    def _encode_ids(self, ids: Sequence[list[int]]) -> np.ndarray:
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

    def _to_int8(self) -> None:
        exact = self._encode_texts(TRIAL)
        try:
            if self._model.device.type != "cpu":
                raise RuntimeError("the model runs on a graphics card")
            quantize_linear(self._model[0])
            rough = self._encode_texts(TRIAL)
        except (RuntimeError, NotImplementedError, AttributeError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"The embedder in {self._folder} does not run in int8 here: {reason}.",
                "Set embedding.precision to fp32.",
            ) from None
        worst = float((exact * rough).sum(1).min())
        if not worst >= INT8_COSINE:
            raise ModelError(
                f"The embedder in {self._folder} loses too much in int8 (cosine {worst:.2f} to fp32).",
                "Set embedding.precision to fp32.",
            )


def batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Texts that share a forward pass: of like length, the longest first.

    Args:
        lengths: tokens of each text.
        batch_tokens: tokens of a batch at the most, padding included; a longer text goes alone.

    Yields:
        Indices into ``lengths``; every index once.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    begin = 0
    while begin < len(order):
        size = max(1, batch_tokens // max(1, lengths[order[begin]]))
        yield order[begin : begin + size]
        begin += size


def _threads() -> int:
    import torch

    return torch.get_num_threads()
