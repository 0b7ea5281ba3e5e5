"""What is embedded of a chunk: its text and, separately, its context line (file, title, headings, caption).

The context line is the same for many chunks.  Embedded once and mixed into each of their vectors it costs a fifth less
time than in front of each text, leaves the model's whole window to the text, and retrieves as well
(`benchmarks/README.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ragapp.index.embedder import Embedder

# weight of the context line's vector against that of the text
CONTEXT_SHARE = 0.3
# context lines whose vectors are kept; a folder has about one for each heading
_MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """What is embedded of a chunk: its context line (name and title of its document, headings) and its own text."""

    context: str
    text: str

    @property
    def fingerprint(self) -> bytes:
        """Hash by which its vector is found again: 16 bytes."""
        whole = f"{self.context}\n{self.text}"
        return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ChunkEmbedder:
    """Vectors of chunks; a text or context line that several chunks share is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lines: dict[str, np.ndarray] = {}

    def embed(self, texts: Sequence[EmbeddedText], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of chunks: a float32 array of shape (len(texts), dimension), rows of length one.

        More texts at a time sort better into batches of like length; ``progress`` gets the number done so far.
        """
        if len(self._lines) > _MAX_LINES:
            self._lines.clear()
        lines = dict.fromkeys(text.context for text in texts if text.context not in self._lines)
        wanted = list(dict.fromkeys([*(text.text for text in texts), *lines]))
        report = (lambda done: progress(min(done, len(texts)))) if progress else None
        found = dict(zip(wanted, self._embedder.embed_documents(wanted, report), strict=True))
        # copied: a row that is kept would keep all vectors of its batch
        self._lines |= {line: found[line].copy() for line in lines}
        mixed = np.zeros((len(texts), self._embedder.dimension), np.float32)
        for row, text in enumerate(texts):
            mixed[row] = found[text.text] + CONTEXT_SHARE * self._lines[text.context]
        vectors: np.ndarray = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return vectors
