"""A run of ingestion: its progress, and its report file by file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

FileStatus = Literal["indexed", "updated", "unchanged", "removed", "skipped", "failed"]
# what happens to a file in hand; ``ocr``: a page of it is recognised; ``loading``: the embedder is
Step = Literal["", "reading", "ocr", "loading", "embedding", "indexing"]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    Attributes:
        path: absolute.
        status: its fate.
        reason: why, or what a person should know about the reading; may be empty.
        units: pages, slides, sheets, sections of it.
        units_without_text: how many of them have no text.
        units_ocr: how many were recognised by OCR.
        chunks: stored of it.
        seconds: that it took, reading and its share of embedding.
    """

    path: str
    status: FileStatus
    reason: str = ""
    units: int = 0
    units_without_text: int = 0
    units_ocr: int = 0
    chunks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class IngestTotals:
    """Files by status, and sums over all files."""

    files: int = 0
    indexed: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0
    failed: int = 0
    units: int = 0
    units_without_text: int = 0
    units_ocr: int = 0
    chunks: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a run.

    Attributes:
        files: in the order of their paths, removed ones last.
        totals: over the files.
        warnings: what concerns no single file.
        estimate_s: of a dry run: seconds that the real one would take, None where that is not known.
    """

    files: tuple[FileReport, ...] = ()
    totals: IngestTotals = IngestTotals()
    warnings: tuple[str, ...] = ()
    estimate_s: float | None = None

    @classmethod
    def of(
        cls,
        files: Sequence[FileReport],
        *,
        warnings: Sequence[str] = (),
        seconds: float = 0.0,
        estimate_s: float | None = None,
    ) -> IngestReport:
        """A report with its totals."""
        counts = {status: 0 for status in ("indexed", "updated", "unchanged", "removed", "skipped", "failed")}
        for file in files:
            counts[file.status] += 1
        totals = IngestTotals(
            len(files),
            **counts,
            units=sum(file.units for file in files),
            units_without_text=sum(file.units_without_text for file in files),
            units_ocr=sum(file.units_ocr for file in files),
            chunks=sum(file.chunks for file in files),
            seconds=round(seconds, 3),
        )
        return cls(tuple(files), totals, tuple(warnings), estimate_s)

    def count(self, status: FileStatus) -> int:
        """How many files have a status."""
        return sum(file.status == status for file in self.files)


@dataclass(frozen=True, slots=True)
class FileStep:
    """What is being done to one file.

    Attributes:
        path: of the file.
        step: what it is.
        done: the page in hand, or how many passages are embedded; 0 where that is not known.
        total: how many there are, 0 where that is not known.
    """

    path: str
    step: Step = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """Where a run stands.

    Attributes:
        files_done: files whose fate is settled, of those that had to be looked into.
        files: those that had to be looked into; files that did not change do not count.
        units: read so far.
        chunks: embedded so far.
        seconds: since the start.
        seconds_left: that the rest will take; None while that would be a guess.
        path: a file in hand, empty when there is none.
        stage: what happens to it, for example ``reading page 3 of 12 (OCR)``.
        share: of the run's time that is over, 0 to 1; it never goes back.
        bytes_done: bytes of the files that are read or settled.
        bytes: of all files that had to be looked into.
        in_hand: the files that are being read or embedded, the one of ``path`` first.
    """

    files_done: int
    files: int
    units: int = 0
    chunks: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    path: str = ""
    stage: str = ""
    share: float = 0.0
    bytes_done: int = 0
    bytes: int = 0
    in_hand: tuple[FileStep, ...] = ()


ProgressListener = Callable[[IngestProgress], None]


@dataclass(frozen=True, slots=True)
class RebuildNeed:
    """What it takes to make a store anew that another embedder or chunker made.

    Attributes:
        documents: how many were stored so.
        chunks: how many these have.
        prepared: how many of the documents an earlier rebuild has prepared already.
        chunks_left: how many chunks the others have.
        seconds: that it would take by the speed that was measured last; None where none was.
    """

    documents: int
    chunks: int
    prepared: int
    chunks_left: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of the run that is under way, or of the last one.

    Attributes:
        path: of the file.
        status: ``working``, or its fate.
        text: what happens to it, or why it is not in the store.
        since: when it was first heard of, by the monotonic clock.
        step: what happens to it, with ``done`` of ``total`` pages or passages; only while it is worked on.
    """

    path: str
    status: FileStatus | Literal["working"]
    text: str = ""
    since: float = 0.0
    step: Step = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class IngestState:
    """Where ingestion in the background stands.

    Attributes:
        phase: what it does.
        told: what a person should know; an error where the phase is ``failed``.
        counts: files of the last run that changed anything, by status.
        progress: of the run, None between runs.
        files: those that are being worked on, and the first of those that the last run has changed.
        waiting: how many files were found and are not ingested yet.
        rebuild: None unless the documents were made by another embedder or chunker; while it is at work on them,
            ``progress`` is of the rebuild.
        changes: grows whenever the list of documents may have changed.
    """

    phase: Literal["idle", "running", "paused", "failed"] = "idle"
    told: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    progress: IngestProgress | None = None
    files: tuple[FileState, ...] = ()
    rebuild: RebuildNeed | None = None
    changes: int = 0
    waiting: int = 0

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self.phase == "running"
