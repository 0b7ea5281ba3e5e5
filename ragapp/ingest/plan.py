"""What each file needs: a look at the file system and the catalog, nothing read yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ragapp.contract import FileReport, FileStatus
from ragapp.errors import ReadingError, TransientReadingError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, UnreadFile
from ragapp.reading.discover import FoundFile, hash_file
from ragapp.reading.registry import reason_unread

# fewer documents are soon taken in again; more of them gone at once is rather a drive that is not there
MANY_DOCUMENTS = 10
# what makes two files one document: their bytes, and their suffix, since that decides how they are read
Content = tuple[str, str]


@dataclass(slots=True)
class Task:
    """A file that has to be looked into.

    Attributes:
        file: as it was found.
        row: what is stored under its path, None when nothing is.
        sha256: of its content, empty until it was hashed.
    """

    file: FoundFile
    row: DocumentRow | None
    sha256: str = ""

    @property
    def path(self) -> str:
        """Its absolute path, as the catalog keeps it."""
        return str(self.file.path)

    @property
    def content(self) -> Content:
        """By what it is known as the same document as another file."""
        return _content(self.sha256, self.path)


def _content(sha256: str, path: str) -> Content:
    return sha256, os.path.splitext(path)[1].lower()


@dataclass(slots=True)
class Plan:
    """What a run has to do.

    Attributes:
        reports: fates that are settled already, by path.
        tasks: files to look into, in the order of their paths.
        gone: stored documents whose files are gone.
        notes: what a person should know, for example that a folder looks like a drive that is not there.
        unread: new entries for the catalog's list of files that were not read.
        forget: paths to take off that list.
    """

    reports: dict[str, FileReport] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    gone: list[DocumentRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[UnreadFile] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)


def make_plan(
    catalog: Catalog,
    roots: list[Path],
    found: list[FoundFile],
    *,
    conditions: str,
    force: bool = False,
    prune: bool = False,
) -> Plan:
    """Compare what was found with what is stored; costs a look-up per file.

    Args:
        catalog: what is stored.
        roots: absolute paths that were given; a file that is named itself is always tried.
        found: all files below them.
        conditions: see :func:`ragapp.ingest.conditions.conditions_of`.
        force: take in unchanged files again.
        prune: remove what is gone even when a whole folder of documents is.
    """
    known = {row.path: row for row in catalog.documents()}
    unread = {file.path: file for file in catalog.unread()}
    named = set(roots)
    plan = Plan()
    for file in found:
        _judge(plan, file, known, unread, conditions, force or file.path in named)
    gone = _Gone(roots, found)
    plan.gone, kept = _split_gone([row for path, row in known.items() if gone(path)], roots, found, prune)
    plan.notes += kept
    plan.forget += [path for path in unread if gone(path)]
    return plan


def _judge(
    plan: Plan,
    file: FoundFile,
    known: dict[str, DocumentRow],
    unread: dict[str, UnreadFile],
    conditions: str,
    force: bool,
) -> None:
    path = str(file.path)
    row, before = known.get(path), unread.get(path)
    if file.problem:
        error = TransientReadingError(file.problem, "Check the file and its permissions.")
        plan.unread.append(settle_failed(plan, file, row, error, conditions))
    elif row and not force and _same(row, file) and (not row.units_needing_ocr or row.conditions == conditions):
        plan.reports[path] = kept_report(row)
        if before:
            plan.forget.append(path)
    elif before and not force and _same(before, file) and before.conditions == conditions:
        told = _failed_reason(before.reason, before.hint, row)
        plan.reports[path] = FileReport(path, before.status, told)
    elif unread_reason := reason_unread(file.path):
        reason, hint = unread_reason
        plan.reports[path] = FileReport(path, "skipped", _failed_reason(reason, hint, row))
        plan.unread.append(UnreadFile(path, "skipped", reason, hint, "", file.size, file.mtime_ns, conditions))
    else:
        plan.tasks.append(Task(file, row))


def settle_failed(
    plan: Plan, file: FoundFile, row: DocumentRow | None, error: ReadingError, conditions: str
) -> UnreadFile:
    """Enter a file's failure into the plan; returns what the catalog is to remember."""
    reason, hint = error.message, error.hint
    if isinstance(error, TransientReadingError):
        conditions = ""  # no run has these, so that the next one tries again
    # a name that is not valid UTF-8 can't be kept as it is
    shown = str(file.path).encode("utf-8", "backslashreplace").decode("utf-8")
    plan.reports[str(file.path)] = FileReport(shown, "failed", _failed_reason(reason, hint, row))
    return UnreadFile(shown, "failed", reason, hint, size=file.size, mtime_ns=file.mtime_ns, conditions=conditions)


def _failed_reason(reason: str, hint: str, row: DocumentRow | None) -> str:
    """How a failure is told; what is stored of an earlier version stays."""
    kept = f"The version of {row.ingested_at} stays in the store." if row else ""
    return " ".join(part for part in (f"{reason}.", hint, kept) if part)


def kept_report(row: DocumentRow) -> FileReport:
    """The report of a file that is stored as it is."""
    return FileReport(row.path, "unchanged", "", row.units, row.units_without_text, row.units_ocr, row.chunks)


def _same(stored: DocumentRow | UnreadFile, file: FoundFile) -> bool:
    return (stored.size, stored.mtime_ns) == (file.size, file.mtime_ns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file's content says about it.

    Attributes:
        kind: ``unchanged``: only its time is new; ``new``: it has to be read; ``moved``: the content of a stored
            document whose file is gone; ``copy``: that of a stored one; ``twin``: that of a file of the same run.
        source: the stored document with that content, where there is one.
    """

    kind: Literal["unchanged", "new", "moved", "copy", "twin"]
    source: DocumentRow | None = None

    @property
    def reason(self) -> str:
        """How it is told."""
        if self.source is None:
            return ""
        return f"{'moved from' if self.kind == 'moved' else 'same content as'} {self.source.path}"

    def status(self, task: Task) -> FileStatus:
        """The fate of a file that need not be read, or will be."""
        if self.kind == "unchanged":
            return "unchanged"
        return "updated" if task.row or self.kind == "moved" else "indexed"


class Contents:
    """Knows contents: those that are stored, those whose files are gone, and those seen in this run.

    Args:
        catalog: what is stored.
        plan: of the run.
        force: take in content that is stored already.
        max_file_mb: a larger file is not even hashed.
    """

    def __init__(self, catalog: Catalog, plan: Plan, force: bool, max_file_mb: int) -> None:
        self._catalog = catalog
        self._force = force
        self._max_file_mb = max_file_mb
        self._gone = {_content(row.sha256, row.path): row for row in plan.gone}
        self._seen: set[Content] = set()

    def judge(self, task: Task) -> Verdict:
        """Hash a file and say what it is.

        Raises:
            ReadingError: it is larger than may be.
            OSError: it cannot be read.
        """
        if task.file.size > self._max_file_mb * 1024 * 1024:
            raise ReadingError(
                f"{task.file.size / 1024**2:.0f} MiB is more than ingest.max_file_mb ({self._max_file_mb})",
                "Raise the limit, or split the file.",
            )
        task.sha256 = hash_file(task.file.path)
        row = task.row
        same = row is not None and row.sha256 == task.sha256
        if same and not self._force and not row.units_needing_ocr:
            return Verdict("unchanged", row)
        if task.content in self._seen:
            return Verdict("twin")
        if not self._force and not same:
            if row is None and task.content in self._gone:
                return Verdict("moved", self._gone.pop(task.content))
            source = self._gone.get(task.content) or self._catalog.document_with_content(*task.content)
            if source:
                return Verdict("copy", source)
        self._seen.add(task.content)
        return Verdict("new")


class _Gone:
    """Whether a stored path lay below the given folders and is not there any more."""

    def __init__(self, roots: Iterable[Path], found: list[FoundFile]) -> None:
        self._below = tuple(f"{root}{os.sep}" for root in roots)
        self._there = {str(file.path) for file in found}
        self._closed = tuple(f"{file.path}{os.sep}" for file in found if file.problem)

    def __call__(self, path: str) -> bool:
        if path in self._there or not path.startswith(self._below):
            return False
        return not path.startswith(self._closed) and not os.path.lexists(path)


def _split_gone(
    gone: list[DocumentRow], roots: list[Path], found: list[FoundFile], prune: bool
) -> tuple[list[DocumentRow], list[str]]:
    """What is to be removed, and a note for each folder that rather looks like a drive that is not there."""
    notes = []
    for root in [] if prune else roots:
        below = [row for row in gone if row.path.startswith(f"{root}{os.sep}")]
        if len(below) >= MANY_DOCUMENTS and not any(root in file.path.parents for file in found):
            notes.append(
                f"{root} is empty, but {len(below)} stored documents came from it. They stay, in case it is a drive"
                f" that is not connected. To remove them: ragapp ingest --prune {root}"
            )
            gone = [row for row in gone if row not in below]
    return gone, notes
