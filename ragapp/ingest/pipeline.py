"""Files in, chunks stored: discover, read, chunk, embed, store; one document, one transaction."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ragapp.errors import CancelledError, ReadingError
from ragapp.index.analysis import detect_language
from ragapp.index.catalog import Chunk, DocumentRow
from ragapp.index.embedder import Embedder
from ragapp.index.library import Library
from ragapp.ingest.chunking import Chunker
from ragapp.reading.discover import FoundFile, discover, hash_file
from ragapp.reading.document import Document
from ragapp.reading.registry import SUFFIXES
from ragapp.reading.worker import Reader
from ragapp.settings import Ingest

Status = Literal["indexed", "updated", "unchanged", "removed", "skipped", "failed"]
LANGUAGE_SAMPLE_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file."""

    path: str
    status: Status
    reason: str = ""
    units: int = 0
    units_without_text: int = 0
    units_ocr: int = 0
    chunks: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class IngestReport:
    """What became of a run, file by file."""

    files: list[FileReport] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, status: Status) -> int:
        """How many files have a status."""
        return sum(file.status == status for file in self.files)

    @property
    def totals(self) -> dict[str, int | float]:
        """Counts by status, and sums."""
        statuses: tuple[Status, ...] = ("indexed", "updated", "unchanged", "removed", "skipped", "failed")
        return {
            "files": len(self.files),
            **{status: self.count(status) for status in statuses},
            "units": sum(file.units for file in self.files),
            "chunks": sum(file.chunks for file in self.files),
            "seconds": round(self.seconds, 3),
        }


# told as work goes on: (files done, all files, file in hand, part of its chunks that is embedded)
IngestProgress = Callable[[int, int, str, float], None]


class Pipeline:
    """Takes files into a library.

    Args:
        library: open for writing.
        embedder: makes the vectors.
        chunker: cuts the documents.
        settings: limits and ignore rules.
        exclude: absolute paths of files that are nobody's documents.
    """

    def __init__(
        self, library: Library, embedder: Embedder, chunker: Chunker, settings: Ingest, exclude: Iterable[Path] = ()
    ):
        self._library = library
        self._embedder = embedder
        self._chunker = chunker
        self._settings = settings
        self._exclude = tuple(exclude)

    def run(
        self,
        paths: Iterable[Path],
        *,
        force: bool = False,
        dry_run: bool = False,
        progress: IngestProgress | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Bring the library in step with files and folders.

        Files below the given folders that are gone are removed from the library.  A file that fails costs itself
        only; what was stored of an earlier version of it stays.

        Args:
            paths: files and folders.
            force: take in unchanged files again.
            dry_run: only say what would happen.
            progress: told as work goes on.
            cancelled: asked before each file; what is stored by then stays.

        Returns:
            Every file with its fate.

        Raises:
            CancelledError: ``cancelled`` said so.
            PathError: a given path does not exist.
            IdentityError: the library was made with another embedder.
        """
        started = time.monotonic()
        roots = [Path(os.path.abspath(path.expanduser())) for path in paths]
        found = discover(roots, self._settings.ignore, self._exclude)
        if not dry_run:
            self._library.check_identity()
        known = {row.path: row for row in self._library.catalog.documents()}
        report = IngestReport()
        with Reader(self._settings.timeout_s, self._settings.memory_mb) as reader:
            for done, file in enumerate(found):

                def tell(share: float, done: int = done, file: FoundFile = file) -> None:
                    if progress:
                        progress(done, len(found), str(file.path), share)

                if cancelled():
                    raise CancelledError("Stopped.")
                tell(0.0)
                row = known.get(str(file.path))
                report.files.append(self._take(file, row, reader, force, dry_run, tell))
        report.files.extend(self._remove_gone(roots, found, known, dry_run))
        # not after an interruption: the document in hand may be in the catalog and not yet in Chroma
        if not dry_run:
            self._library.settle()
        report.seconds = time.monotonic() - started
        if progress:
            progress(len(found), len(found), "", 1.0)
        return report

    def rebuild(self, progress: IngestProgress | None = None) -> int:
        """Chunk and embed anew, from the catalog's own text, every document of another identity.

        It can be stopped at any time and goes on where it stopped.

        Returns:
            How many documents were rebuilt.
        """
        current = self._library.catalog.identity_id(self._library.identity)
        stale = [row for row in self._library.catalog.documents() if row.identity_id != current]
        if stale:
            # the collection of this identity may hold chunks of an earlier time
            self._library.mark_behind()
        for done, row in enumerate(stale):
            units = [unit for unit, _ in self._library.catalog.units(row.id)]
            document = Document(row.title, units, row.language, list(row.warnings))

            def tell(share: float, done: int = done, row: DocumentRow = row) -> None:
                if progress:
                    progress(done, len(stale), row.path, share)

            chunks, vectors = self._embed(document, row.name, tell)
            self._library.catalog.put_document(
                Path(row.path), document, chunks, vectors, current, row.size, row.mtime_ns, row.sha256
            )
        return len(stale)

    def _take(
        self,
        file: FoundFile,
        row: DocumentRow | None,
        reader: Reader,
        force: bool,
        dry_run: bool,
        tell: Callable[[float], None],
    ) -> FileReport:
        started = time.monotonic()
        path = str(file.path).encode("utf-8", "backslashreplace").decode("utf-8")
        if file.problem:
            return self._failed(path, ReadingError(file.problem), row, started, dry_run)
        if file.path.suffix.lower() not in SUFFIXES:
            kind = file.path.suffix or "files without a suffix"
            return FileReport(path, "skipped", f"no reader for {kind}")
        if row and not force and (row.size, row.mtime_ns) == (file.size, file.mtime_ns):
            return _kept(path, row)
        try:
            if file.size > self._settings.max_file_mb * 1024 * 1024:
                raise ReadingError(
                    f"{file.size / 1024**2:.0f} MiB is more than ingest.max_file_mb ({self._settings.max_file_mb})",
                    "Raise the limit or split the file.",
                )
            digest = hash_file(file.path)
            if row and not force and digest == row.sha256:
                if not dry_run:
                    self._library.catalog.touch_document(row.id, file.size, file.mtime_ns)
                return _kept(path, row)
            if dry_run:
                return FileReport(path, "updated" if row else "indexed")
            document = reader.read(file.path)
            return self._store(file, path, row, document, digest, started, tell)
        except ReadingError as error:
            return self._failed(path, error, row, started, dry_run)
        except OSError as error:
            return self._failed(path, ReadingError(f"cannot be read ({error.strerror})"), row, started, dry_run)

    def _store(
        self,
        file: FoundFile,
        path: str,
        row: DocumentRow | None,
        document: Document,
        digest: str,
        started: float,
        tell: Callable[[float], None],
    ) -> FileReport:
        sample = "\n".join(unit.text for unit in document.units)[:LANGUAGE_SAMPLE_CHARACTERS]
        document.language = document.language or detect_language(sample)
        chunks, vectors = self._embed(document, file.path.name, tell)
        self._library.put(file.path, document, chunks, vectors, size=file.size, mtime_ns=file.mtime_ns, sha256=digest)
        without_text = sum(not unit.text for unit in document.units)
        reason = " ".join(document.warnings)
        if not chunks:
            reason = f"no text was found in it. {reason}".strip()
        return FileReport(
            path, "updated" if row else "indexed", reason, len(document.units), without_text, 0, len(chunks),
            round(time.monotonic() - started, 3),
        )  # fmt: skip

    def _embed(self, document: Document, name: str, tell: Callable[[float], None]) -> tuple[list[Chunk], object]:
        chunks = self._chunker.split(document, name)
        texts = [self._chunker.embedded_text(chunk, document.title, name) for chunk in chunks]
        return chunks, self._embedder.embed_documents(texts, lambda done: tell(done / max(1, len(texts))))

    def _failed(
        self, path: str, error: ReadingError, row: DocumentRow | None, started: float, dry_run: bool
    ) -> FileReport:
        reason = f"{error.message}. {error.hint}".strip()
        if row:
            reason += f" The version of {row.ingested_at} stays in the store."
        if not dry_run:
            self._library.catalog.put_failure(path, error.message, error.hint)
        return FileReport(path, "failed", reason, seconds=round(time.monotonic() - started, 3))

    def _remove_gone(
        self, roots: list[Path], found: list[FoundFile], known: dict[str, DocumentRow], dry_run: bool
    ) -> Iterator[FileReport]:
        there = {str(file.path) for file in found}
        closed = {file.path for file in found if file.problem}

        def gone(path: str) -> bool:
            below = any(root in Path(path).parents for root in roots)
            seen = closed.isdisjoint(Path(path).parents)
            return below and seen and path not in there and not os.path.lexists(path)

        for path, row in known.items():
            if gone(path):
                if not dry_run:
                    self._library.remove(row.id)
                yield FileReport(path, "removed", "the file is gone")
        if not dry_run:
            for failure in self._library.catalog.failures():
                if gone(failure.path):
                    self._library.catalog.remove_failure(failure.path)


def _kept(path: str, row: DocumentRow) -> FileReport:
    return FileReport(path, "unchanged", "", row.units, row.units_without_text, 0, row.chunks)
