"""What a run of ingestion tells: while it goes on, and file by file at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

Status = Literal["indexed", "updated", "unchanged", "removed", "skipped", "failed"]


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
    status: Status
    reason: str = ""
    units: int = 0
    units_without_text: int = 0
    units_ocr: int = 0
    chunks: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class IngestReport:
    """What became of a run.

    Attributes:
        files: in the order of their paths, removed ones last.
        warnings: what concerns no single file.
        estimate_s: of a dry run: seconds that the real one would take, None where that is not known.
        seconds: that the run took.
    """

    files: list[FileReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    estimate_s: float | None = None
    seconds: float = 0.0

    def count(self, status: Status) -> int:
        """How many files have a status."""
        return sum(file.status == status for file in self.files)

    @property
    def totals(self) -> dict[str, int | float]:
        """Counts by status, and sums."""
        return {
            "files": len(self.files),
            **{status: self.count(status) for status in get_args(Status)},
            "units": sum(file.units for file in self.files),
            "units_without_text": sum(file.units_without_text for file in self.files),
            "units_ocr": sum(file.units_ocr for file in self.files),
            "chunks": sum(file.chunks for file in self.files),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class IngestProgress:
    """Where a run stands.

    Attributes:
        files_done: files whose fate is settled.
        files: all files.
        units: pages and the like that were read so far.
        chunks: embedded so far.
        seconds: since the start.
        seconds_left: by the bytes that are done and those that are left; None while that would be a guess.
        path: a file in hand, empty when there is none.
        stage: what happens to it, for example ``reading page 3 of 12 (OCR)``.
    """

    files_done: int
    files: int
    units: int = 0
    chunks: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    path: str = ""
    stage: str = ""


ProgressListener = Callable[[IngestProgress], None]
