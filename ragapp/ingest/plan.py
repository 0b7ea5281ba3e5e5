"""What each file needs: a look at the file system and the catalog, nothing read yet."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ragapp.contract import FileReport, FileStatus
from ragapp.errors import ReadingError, TransientReadingError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow, UnreadRow
from ragapp.ingest.drives import missing_drives, restored_without_file
from ragapp.plain_words import counted
from ragapp.reading.discover import FoundFile, hash_file, in_system_folder, unreadable
from ragapp.reading.document import READERS_VERSION
from ragapp.reading.registry import reason_unread

# what makes two files one document: their bytes, and their suffix, since that decides how they are read
Content = tuple[str, str]


@dataclass(slots=True)
class Task:
    """A file that has to be looked into.

    Attributes:
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
        """Equal for files that are the same document."""
        return _content(self.sha256, self.path)


def _content(sha256: str, path: str) -> Content:
    return sha256, _suffix(path)


def _trace(size: int, mtime_ns: int, path: str) -> tuple[int, int, str]:
    """What a file keeps when it is renamed or moved."""
    return size, mtime_ns, _suffix(path)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


@dataclass(slots=True)
class Plan:
    """What a run has to do, and what became of it.

    Attributes:
        conditions: see :func:`ragapp.ingest.conditions.reading_digest`.
        reports: files whose fate is settled, by path.
        tasks: files to look into, in the order of their paths.
        gone: stored documents whose files are gone.
        notes: warnings, for example that a folder looks like a drive that is not there.
        unread: new entries for the catalog's list of files that were not read.
        forget: paths to take off that list.
        resting: paths of files that are left alone for now, since they changed only just now.
    """

    conditions: str
    force: bool = False
    reports: dict[str, FileReport] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    gone: list[DocumentRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: list[UnreadRow] = field(default_factory=list)
    forget: list[str] = field(default_factory=list)
    resting: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> list[str]:
        """Paths of the files whose fate is not settled yet."""
        reports = self.reports
        return [task.path for task in self.tasks if task.path not in reports] + self.resting

    @property
    def tried(self) -> set[str]:
        """Paths of the files that this run has looked into, not only at."""
        return {task.path for task in self.tasks} | {entry.path for entry in self.unread}

    def leave_waiting(self, waits: Callable[[FoundFile], bool]) -> None:
        """Take off the plan the files that are to be left alone for now.

        A file of the name's suffix, size and time of a document that is gone is that document's, renamed: it does not
        wait.  A document that is gone stays while a file waits that may turn out to be it: one of its size, or a new
        one of its suffix in its folder or of its name.
        """
        renamed = {_trace(row.size, row.mtime_ns, row.path) for row in self.gone}
        waiting = {
            id(task)
            for task in self.tasks
            if _trace(task.file.size, task.file.mtime_ns, task.path) not in renamed and waits(task.file)
        }
        sizes = {(task.file.size, _suffix(task.path)) for task in self.tasks if id(task) in waiting}
        new = [task.path for task in self.tasks if id(task) in waiting and task.row is None]
        places = {(os.path.dirname(path), _suffix(path)) for path in new}
        names = {os.path.basename(path) for path in new}
        self.resting = [task.path for task in self.tasks if id(task) in waiting]
        self.tasks = [task for task in self.tasks if id(task) not in waiting]
        self.gone = [
            row
            for row in self.gone
            if (row.size, _suffix(row.path)) not in sizes
            and (os.path.dirname(row.path), _suffix(row.path)) not in places
            and os.path.basename(row.path) not in names
        ]

    def fail(self, file: FoundFile, row: DocumentRow | None, problem: ReadingError | OSError) -> UnreadRow:
        """Report that a file could not be read; returns what the catalog is to remember."""
        error = unreadable(problem) if isinstance(problem, OSError) else problem
        # a name that is not valid UTF-8 can't be stored as it is
        shown = str(file.path).encode("utf-8", "backslashreplace").decode("utf-8")
        self.reports[str(file.path)] = FileReport(shown, "failed", _failed_reason(error.message, error.hint, row))
        # no run has empty conditions, so that the next one tries again
        conditions = "" if isinstance(error, TransientReadingError) else self.conditions
        return UnreadRow(shown, "failed", error.message, error.hint, "", file.size, file.mtime_ns, conditions)

    def _look_at(self, file: FoundFile, row: DocumentRow | None, before: UnreadRow | None, named: bool) -> None:
        path, force = str(file.path), self.force or named
        if file.problem:
            error = TransientReadingError(file.problem, "Check the file and its permissions.")
            self.unread.append(self.fail(file, row, error))
        elif row and not force and _same(row, file) and self._is_read(row):
            self.reports[path] = stored_report(row, path)
            if before:
                self.forget.append(path)
        elif before and not force and _same(before, file) and before.conditions == self.conditions:
            self.reports[path] = FileReport(path, before.status, _failed_reason(before.reason, before.hint, row))
        elif left_out := reason_unread(file.path):
            reason, hint = left_out
            self.reports[path] = FileReport(path, "skipped", _failed_reason(reason, hint, row))
            self.unread.append(UnreadRow(path, "skipped", reason, hint, "", file.size, file.mtime_ns, self.conditions))
        else:
            self.tasks.append(Task(file, row))

    def _is_read(self, row: DocumentRow) -> bool:
        """Whether a stored document is as these readers, with these conditions, would read it."""
        return row.readers >= READERS_VERSION and (not row.units_needing_ocr or row.conditions == self.conditions)


def make_plan(
    catalog: Catalog,
    roots: list[Path],
    found: list[FoundFile],
    *,
    conditions: str,
    force: bool = False,
    prune: bool = False,
) -> Plan:
    """Compare the files that were found below the given absolute paths with the catalog; costs a look-up per file.

    A file that is named itself is always tried.  ``force`` tries all; ``prune`` removes what is gone even when a whole
    folder of documents is.
    """
    known = {row.path: row for row in catalog.documents()}
    unread = {file.path: file for file in catalog.unread()}
    named = set(roots)
    plan = Plan(conditions, force)
    for file in found:
        path = str(file.path)
        plan._look_at(file, known.get(path), unread.get(path), file.path in named)
    is_gone = _gone_test(roots, found)
    plan.gone = [row for path, row in known.items() if is_gone(path)]
    if not prune:
        # what stands elsewhere by now was moved there, as a whole folder may have been
        arrived = {_trace(task.file.size, task.file.mtime_ns, task.path) for task in plan.tasks if task.row is None}
        lost = [row for row in plan.gone if _trace(row.size, row.mtime_ns, row.path) not in arrived]
        for folder, rows in missing_drives(catalog, roots, found, lost).items():
            documents = f"{len(rows)} stored documents" if len(rows) > 1 else "1 stored document"
            there = next(path for path in (Path(folder), *Path(folder).parents) if os.path.exists(path))
            plan.notes.append(
                f"{folder} is {'empty' if os.path.isdir(folder) else 'not there'}, but {documents} came from it. They"
                " stay, in case it is a drive that is not connected. To remove what is gone: ragapp ingest --prune"
                f" {there}"
            )
            kept = {row.id for row in rows}
            plan.gone = [row for row in plan.gone if row.id not in kept]
            lost = [row for row in lost if row.id not in kept]
        if awaited := restored_without_file(catalog, lost):
            documents = counted(len(awaited), "document")
            plan.notes.append(
                f"{documents} came from a backup without their files, and stay. To remove what is gone:"
                f" ragapp ingest --prune {roots[0]}"
            )
            kept = {row.id for row in awaited}
            plan.gone = [row for row in plan.gone if row.id not in kept]
    older = sum(task.row is not None and task.row.readers < READERS_VERSION for task in plan.tasks)
    if older:
        plan.notes.append(
            f"{older} of the documents were read by an earlier version of ragapp; they are read again from their files."
        )
    plan.forget += [path for path in unread if is_gone(path)]
    return plan


def _failed_reason(reason: str, hint: str, row: DocumentRow | None) -> str:
    """Why a file is not read, what helps, and what is still stored of an earlier version."""
    kept = f"The version of {row.ingested_at} stays in the store." if row else ""
    return " ".join(part for part in (f"{reason}.", hint, kept) if part)


def stored_report(row: DocumentRow, path: str, status: FileStatus = "unchanged", reason: str = "") -> FileReport:
    """The report of a file whose content is stored already."""
    return FileReport(path, status, reason, row.units, row.units_without_text, row.units_ocr, row.chunks)


def _same(stored: DocumentRow | UnreadRow, file: FoundFile) -> bool:
    return (stored.size, stored.mtime_ns) == (file.size, file.mtime_ns)


@dataclass(frozen=True, slots=True)
class ContentMatch:
    """What a file's content says about it.

    Attributes:
        kind: ``new``: it has to be read; ``twin``: the content of another file of the same run; ``unchanged``: only its
            time is new; ``moved``: the content of a stored document whose file is gone; ``copy``: that of a stored one.
        source: the stored document with that content; None for ``new`` and ``twin``.
    """

    kind: Literal["new", "twin", "unchanged", "moved", "copy"]
    source: DocumentRow | None = None

    @property
    def reason(self) -> str:
        """As reports give it."""
        told = {"moved": "moved from", "copy": "same content as"}.get(self.kind)
        return f"{told} {self.source.path}" if told and self.source else ""

    def status(self, task: Task) -> FileStatus:
        """The fate of a file that need not be read, or will be."""
        if self.kind == "unchanged":
            return "unchanged"
        return "updated" if task.row or self.kind == "moved" else "indexed"


class ContentIndex:
    """Recognises contents: those that are stored, those whose files are gone, and those seen in this run."""

    def __init__(self, catalog: Catalog, plan: Plan, max_file_mb: int) -> None:
        self._catalog = catalog
        self._force = plan.force
        self._max_file_mb = max_file_mb
        self._gone = {_content(row.sha256, row.path): row for row in plan.gone}
        self._seen: set[Content] = set()

    def judge(self, task: Task) -> ContentMatch:
        """Hash a file and compare its content.

        Raises:
            ReadingError: it is larger than the limit.
            OSError: it cannot be read.
        """
        if task.file.size > self._max_file_mb * 1024 * 1024:
            raise ReadingError(
                f"{task.file.size / 1024**2:.0f} MiB is more than ingest.max_file_mb ({self._max_file_mb})",
                "Raise the limit, or split the file.",
            )
        task.sha256 = hash_file(task.file.path)
        row = task.row
        same = row if row and row.sha256 == task.sha256 else None
        if same and not self._force and not same.units_needing_ocr and same.readers >= READERS_VERSION:
            return ContentMatch("unchanged", same)
        if task.content in self._seen:
            return ContentMatch("twin")
        if not self._force and not same:
            if row is None and task.content in self._gone:
                return ContentMatch("moved", self._gone.pop(task.content))
            source = self._gone.get(task.content) or self._catalog.document_with_content(*task.content)
            if source:
                return ContentMatch("copy", source)
        self._seen.add(task.content)
        return ContentMatch("new")


def _gone_test(roots: Iterable[Path], found: Iterable[FoundFile]) -> Callable[[str], bool]:
    """A test whether a stored path lay below the given folders and is not there any more."""
    below = tuple(f"{root}{os.sep}" for root in roots)
    there = {str(file.path) for file in found}
    closed = tuple(f"{file.path}{os.sep}" for file in found if file.problem)
    spelled = {_folded(path): path for path in there}

    def is_gone(path: str) -> bool:
        if path in there or not path.startswith(below):
            return False
        if path.startswith(closed):
            return False
        if not _is_there(path) or in_system_folder(path, below):
            return True
        # where upper and lower case are the same, a file that is spelled otherwise by now is there under both names
        now = spelled.get(_folded(path))
        return now is not None and _is_same_file(path, now)

    return is_gone


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _is_there(path: str) -> bool:
    """Whether something is at a path; also if that cannot be told, as on a share whose server does not answer."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _is_same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
