"""Files in, chunks stored: one document, one transaction."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ragapp.contract import FileReport, IngestProgress, IngestReport, ProgressListener
from ragapp.errors import CancelledError
from ragapp.index.chunk_text import ChunkEmbedder
from ragapp.index.embedder import Embedder
from ragapp.index.library import Library
from ragapp.ingest.chunking import Chunker
from ragapp.ingest.conditions import conditions_of, limits_of, options_of
from ragapp.ingest.estimate import estimate_s, foresee
from ragapp.ingest.flow import Flow
from ragapp.ingest.plan import Contents, Plan, Task, make_plan
from ragapp.ingest.worker import Limits, Preparer
from ragapp.reading.discover import FoundFile, absolute, discover
from ragapp.reading.document import Document, OcrMode, ReadOptions
from ragapp.settings import Ingest


class Pipeline:
    """Takes files into a library.

    Args:
        library: open for writing.
        embedder: makes the vectors.
        chunker: cuts the documents; picklable, since worker processes use it.
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
        prune: bool = False,
        ocr: OcrMode | None = None,
        waits: Callable[[FoundFile], bool] | None = None,
        progress: ProgressListener | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> IngestReport:
        """Bring the library in step with files and folders.

        Files below the given folders that are gone are removed from the library.  A file that fails costs itself
        only; what was stored of an earlier version of it stays.

        Args:
            paths: files and folders.
            force: take in unchanged files again, and try those again that failed.
            dry_run: only say what would happen, and how long it would take.
            prune: remove what is gone even when a folder that held many documents is empty now.
            ocr: instead of ``ingest.ocr``.
            waits: whether a new or changed file is to be left alone for now; it is not in the report then.
            progress: told where the run stands.
            cancelled: asked several times a second; what is stored by then stays.

        Returns:
            Every file with its fate.

        Raises:
            CancelledError: ``cancelled`` said so.
            PathError: a given path does not exist.
            IdentityError: the library was made with another embedder.
        """
        started = time.monotonic()
        roots = [absolute(path) for path in paths]
        found = discover(roots, self._settings.ignore, self._exclude)
        limits, options = limits_of(self._settings), options_of(self._settings, ocr)
        conditions = conditions_of(self._settings, ocr)
        catalog = self._library.catalog
        plan = make_plan(catalog, roots, found, conditions=conditions, force=force, prune=prune)
        if waits:
            plan.tasks = [task for task in plan.tasks if not waits(task.file)]
        estimate = None
        if dry_run:
            to_read = foresee(plan, Contents(catalog, plan, force, self._settings.max_file_mb), conditions)
            estimate = self._estimate_s(to_read, limits, options)
        else:
            self._library.check_identity()
            for entry in plan.unread:
                catalog.put_unread(entry)
            for path in plan.forget:
                catalog.remove_unread(path)
            try:
                if plan.tasks:
                    self._flow(plan, limits, options, conditions, force, progress, cancelled)
                for row in plan.gone:
                    self._library.remove(row.id)
            except (CancelledError, KeyboardInterrupt):
                # what is stored is whole; Chroma gets what it lacks now rather than at the next start
                self._library.settle()
                raise CancelledError(
                    f"Stopped: {len(plan.reports)} of {len(found)} files are done and stay stored.",
                    "The same command goes on from there.",
                ) from None
            self._library.settle()
        reports = [plan.reports[path] for path in sorted(plan.reports)]
        reports += [FileReport(row.path, "removed", "the file is gone") for row in plan.gone]
        seconds = time.monotonic() - started
        return IngestReport.of(reports, warnings=plan.notes, seconds=seconds, estimate_s=estimate)

    def rebuild(self, progress: ProgressListener | None = None) -> int:
        """Chunk and embed anew, from the catalog's own text, every document of another identity.

        It can be stopped at any time and goes on where it stopped.

        Returns:
            How many documents were rebuilt.
        """
        started = time.monotonic()
        catalog = self._library.catalog
        current = catalog.identity_id(self._library.identity)
        stale = [row for row in catalog.documents() if row.identity_id != current]
        if stale:
            # the collection of this identity may hold chunks of an earlier time
            self._library.mark_behind()
        embedded = 0
        embedder = ChunkEmbedder(self._embedder)
        for done, row in enumerate(stale):
            units = [unit for unit, _ in catalog.units(row.id)]
            document = Document(row.title, units, row.language, list(row.warnings))
            chunks = self._chunker.split(document)
            texts = [self._chunker.embedded_text(chunk, document.title, row.name) for chunk in chunks]

            def tell(count: int, done: int = done, row=row, before: int = embedded) -> None:
                if progress:
                    seconds = time.monotonic() - started
                    left = seconds * (len(stale) - done) / done if done else None
                    progress(IngestProgress(done, len(stale), 0, before + count, seconds, left, row.path, "embedding"))

            tell(0)
            vectors = embedder.embed(texts, tell)
            catalog.put_document(
                Path(row.path),
                document,
                chunks,
                vectors,
                current,
                row.size,
                row.mtime_ns,
                row.sha256,
                [text.fingerprint for text in texts],
                row.conditions,
            )
            embedded += len(texts)
        return len(stale)

    def _flow(
        self,
        plan: Plan,
        limits: Limits,
        options: ReadOptions,
        conditions: str,
        force: bool,
        progress: ProgressListener | None,
        cancelled: Callable[[], bool],
    ) -> None:
        with ExitStack() as stack:
            preparers = [
                stack.enter_context(Preparer(self._chunker, limits, options))
                for _ in range(min(self._workers(), len(plan.tasks)))
            ]
            flow = Flow(
                plan,
                self._library,
                self._embedder,
                preparers,
                conditions=conditions,
                max_file_mb=self._settings.max_file_mb,
                force=force,
                listener=progress,
                cancelled=cancelled,
            )
            flow.run()

    def _estimate_s(self, to_read: list[Task], limits: Limits, options: ReadOptions) -> float:
        def open_preparer(mode: OcrMode) -> Preparer:
            return Preparer(self._chunker, limits, replace(options, ocr=mode))

        if not to_read:
            return 0.0
        return estimate_s(to_read, self._embedder, self._workers(), open_preparer, options.ocr != "off")

    def _workers(self) -> int:
        # two at least: while one waits for a file that hangs, the other goes on
        return self._settings.workers or min(4, max(2, (os.cpu_count() or 2) // 2))
