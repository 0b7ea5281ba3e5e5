"""A store in a temporary folder with a small deterministic embedder in place of the real one."""

from __future__ import annotations

import hashlib
import math
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ragapp.index.chroma import CollectionStore
from ragapp.index.chunk_text import ChunkEmbedder
from ragapp.index.records import Chunk, EmbedderIdentity
from ragapp.index.store import Store
from ragapp.ingest.chunking import Chunker
from ragapp.reading.document import Block, Document, Unit


class WordEmbedder:
    """Bags of hashed words; a word is as many tokens as it has begun groups of four characters."""

    special_tokens = 2
    cosine_spread = 0.5

    def __init__(self, name: str = "words", dimension: int = 32, max_tokens: int = 96):
        self.name = name
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.weights_sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.embedded: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [sum(math.ceil(len(word) / 4) for word in text.split()) for text in texts]

    def passage_tokens(self, texts: Sequence[str]) -> list[int]:
        return [count + self.special_tokens for count in self.count_tokens(texts)]

    def embed_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        self.embedded.extend(texts)
        if progress and texts:
            progress(len(texts))
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dimension)

    def embed_query(self, text: str) -> np.ndarray:
        return self._vector(text)

    def words_read(self, question: str) -> int:
        read = tokens = 0
        for count in self.count_tokens(question.split()):
            tokens += count
            read += tokens <= self.max_tokens
        return read

    def _vector(self, text: str) -> np.ndarray:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in re.findall(r"\w+", text.lower()):
            code = zlib.crc32(f"{self.name} {word}".encode("utf-8", "surrogatepass"))
            vector[code % self.dimension] += 1.0 if code & 0x10000 else -1.0
        return vector / np.linalg.norm(vector)


def chunker_of(embedder: WordEmbedder, tokens: int = 48, overlap: int = 8) -> Chunker:
    return Chunker(embedder, tokens, overlap)


def identity_of(embedder: WordEmbedder, tokens: int = 48, overlap: int = 8) -> EmbedderIdentity:
    signature = chunker_of(embedder, tokens, overlap).signature
    return EmbedderIdentity(embedder.name, embedder.dimension, True, embedder.weights_sha256, signature)


def make_document(*pages: str, title: str = "", language: str = "en") -> Document:
    units = [Unit(number, "page", "", [Block(page)] if page else []) for number, page in enumerate(pages, start=1)]
    return Document(title, units, language)


def put_text(store: Store, embedder: WordEmbedder, path: Path, *pages: str, language: str = "en") -> int:
    document = make_document(*pages, title=path.stem, language=language)
    chunker = chunker_of(embedder)
    chunks = chunker.split(document)
    vectors = ChunkEmbedder(embedder).embed([chunker.embedded_text(c, document.title, path.name) for c in chunks])
    sha256 = hashlib.sha256("\f".join(pages).encode()).hexdigest()
    return store.put(path, document, chunks, vectors, size=sum(map(len, pages)), mtime_ns=1, sha256=sha256)


def one_chunk_each(document: Document) -> list[Chunk]:
    return [Chunk(unit.number, (), unit.text, 0, len(unit.text)) for unit in document.units if unit.text]


def held_ids(store: Store) -> tuple[set[int], set[int], set[int]]:
    """Chunk ids of the catalog, of the lexical table and of Chroma."""
    assert isinstance(store.vectors, CollectionStore)
    with store.catalog.transaction() as connection:
        lexical = {row[0] for row in connection.execute("SELECT rowid FROM lexical")}
    return set(store.catalog.chunk_ids()), lexical, store.vectors.ids()


def assert_in_step(store: Store) -> None:
    catalog, lexical, chroma = held_ids(store)
    assert catalog == lexical == chroma
