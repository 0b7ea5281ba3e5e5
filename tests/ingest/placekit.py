"""A drop folder, its library and what takes files in, with a small deterministic embedder."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from storekit import WordEmbedder, chunker_of, identity_of

from ragapp.contract import FileReport, IngestReport
from ragapp.index.records import DocumentRow
from ragapp.index.store import Store
from ragapp.ingest.pipeline import Pipeline
from ragapp.retrieval.retriever import Retriever
from ragapp.settings import Ingest, Retrieval

SETTINGS = Ingest(timeout_s=60, memory_mb=1024, max_file_mb=1, chunk_tokens=48, chunk_overlap=8)


class Place:
    """A drop folder, its library and what takes files in."""

    def __init__(self, root: Path, embedder: WordEmbedder | None = None):
        self.docs = root / "docs"
        self.docs.mkdir(exist_ok=True)
        self.embedder = embedder or WordEmbedder()
        self.store = Store(root / "data", identity_of(self.embedder), write=True)
        self.pipeline = self.with_settings(SETTINGS)

    def with_settings(self, settings: Ingest, exclude: tuple[Path, ...] = ()) -> Pipeline:
        return Pipeline(self.store, self.embedder, chunker_of(self.embedder), settings, exclude)

    def write(self, name: str, text: str) -> Path:
        path = self.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *paths: Path, **options) -> dict[str, str]:
        return self.fates(self.pipeline.run(paths or [self.docs], **options))

    def reports(self, *paths: Path, **options) -> dict[str, FileReport]:
        return {self.named(file.path): file for file in self.pipeline.run(paths or [self.docs], **options).files}

    def named(self, path: str) -> str:
        return os.path.relpath(path, self.docs)

    def fates(self, report: IngestReport) -> dict[str, str]:
        return {self.named(file.path): file.status for file in report.files}

    def stored(self) -> dict[str, str]:
        return {row.path: row.sha256 for row in self.store.catalog.documents()}

    def rows(self) -> list[tuple]:
        rows = self.store.catalog.documents()
        return [(replace(row, ingested_at=""), self.store.catalog.chunk_ids([row.id])) for row in rows]

    def row(self, name: str) -> DocumentRow:
        (row,) = (row for row in self.store.catalog.documents() if row.path == str(self.docs / name))
        return row

    def text(self, name: str) -> str:
        return self.store.catalog.unit_text(self.row(name).id, 1)

    def search(self, question: str) -> str:
        passages = Retriever(self.store, self.embedder, Retrieval()).search(question, 1).passages
        return passages[0].chunk.text if passages else ""
