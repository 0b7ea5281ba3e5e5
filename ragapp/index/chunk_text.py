"""What is embedded of a chunk: its text, and apart from it the line that says whose it is.

The line (file, title, headings) is the same for many chunks.  Embedded once and mixed into each of their vectors it
costs a fifth less of embedding than in front of each text, leaves all of the model's window to the text, and finds as
much: `benchmarks/README.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

# how much of a line's vector is added to that of the text
CONTEXT_SHARE = 0.3
# lines that are remembered; a folder has about one for each heading
_MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class ChunkText:
    """What is embedded of a chunk.

    Attributes:
        context: name, title and headings of what it belongs to.
        text: its own.
    """

    context: str
    text: str

    @property
    def fingerprint(self) -> bytes:
        """What its vector is known by: 16 bytes."""
        whole = f"{self.context}\n{self.text}"
        return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class PassageEmbedder(Protocol):
    """What is needed of an embedder."""

    dimension: int

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of length one, float32 array of shape (len(texts), dimension)."""
        ...


class ChunkEmbedder:
    """Vectors of chunks; a text or a line that several chunks share is embedded once.

    Args:
        embedder: makes the vectors.
    """

    def __init__(self, embedder: PassageEmbedder):
        self._embedder = embedder
        self._lines: dict[str, np.ndarray] = {}

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    def embed(self, texts: Sequence[ChunkText], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Vectors of chunks.

        Args:
            texts: the more at a time, the better they sort into batches of like length.
            progress: called with the number of texts done so far.

        Returns:
            float32 array of shape (len(texts), dimension), rows of length one.
        """
        if len(self._lines) > _MAX_LINES:
            self._lines.clear()
        lines = dict.fromkeys(text.context for text in texts if text.context not in self._lines)
        wanted = list(dict.fromkeys([*(text.text for text in texts), *lines]))
        vectors = self._embedder.embed_documents(
            wanted, (lambda done: progress(min(done, len(texts)))) if progress else None
        )
        found = dict(zip(wanted, vectors, strict=True))
        # a row that is kept would keep all vectors of its batch
        self._lines |= {line: found[line].copy() for line in lines}
        mixed = np.array(
            [found[text.text] + CONTEXT_SHARE * self._lines[text.context] for text in texts], np.float32
        ).reshape(len(texts), self.dimension)
        return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
