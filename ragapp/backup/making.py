"""``ragapp backup``: all that is stored in one file, whole or not there, while others read and write the store."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ragapp import __version__, file_permissions
from ragapp.backup import snapshot
from ragapp.backup.archive import (
    CATALOG_MEMBER,
    FILES_PREFIX,
    ArchiveWriter,
    KeptFile,
    Manifest,
    counting,
    open_archive,
)
from ragapp.backup.places import folders_of
from ragapp.backup.salvage import salvage
from ragapp.contract import BackupListener, BackupProgress, BackupSummary
from ragapp.disk_usage import file_size
from ragapp.errors import EmptyStoreError, PathError, StoreError
from ragapp.index.records import EmbedderIdentity
from ragapp.index.replacement import CATALOG_NAME, SIDE_FILES, sync_folder
from ragapp.plain_words import reason_of
from ragapp.terminal_text import shown_size

# where a backup is written, beside its place
PARTIAL_SUFFIX = ".partial"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be in a backup.

    Attributes:
        conversations: questions and answers that are kept.
        files: the documents' own files, as they are now.
        salvage: what can be read of a damaged store, instead of nothing.
        force: take the place of a file that is there.
    """

    conversations: bool = False
    files: bool = False
    salvage: bool = False
    force: bool = False


def make_backup(
    data: Path, out: Path, wishes: Wishes, *, drop_folder: Path, listen: BackupListener = lambda at: None
) -> BackupSummary:
    """Write a backup of a store; others may read and write the store meanwhile.

    It has what the store had at one moment: the catalog with texts, vectors and index of words, and what was learnt
    for calibration. What was removed from the store is not in it, nor are keys of programs, which would open the API
    again after they were withdrawn, nor what can be made anew: Chroma's files and readings of prompts.

    Args:
        data: folder of the store.
        out: the file; it is for its owner alone, and only there when it is whole.
        drop_folder: where files lie that came through the page.
        listen: gets where it stands; what it raises stops it, and leaves nothing.

    Raises:
        EmptyStoreError: nothing is stored yet.
        PathError: ``out`` is there already or cannot be written, the disk is full.
        DamagedError: the catalog is damaged; says what can be saved.
        StoreError: the store is of a later ragapp, or cannot be read.
    """
    source = data / CATALOG_NAME
    if not source.is_file():
        raise EmptyStoreError(f"There is nothing in {data} to back up.", "Add files first: ragapp ingest ./docs")
    out = Path(os.path.abspath(out.expanduser()))
    _refuse_taken(out, wishes.force)
    with _writing(out), _work_folder(out) as work:
        catalog, left_out = _take_catalog(source, work, wishes, listen)
        archive = ArchiveWriter(work / "archive")
        try:
            _write(archive, catalog, data, wishes, left_out, drop_folder, listen)
        finally:
            archive.close()
        _refuse_taken(out, wishes.force)
        os.replace(archive.path, out)
        sync_folder(out.parent)
    with open_archive(out) as written:
        return written.manifest.summary(out)


def _take_catalog(source: Path, work: Path, wishes: Wishes, listen: BackupListener) -> tuple[Path, list[str]]:
    """The catalog as it is now, whole and without what was removed, with what could not be taken of it."""
    copy, compact = work / "copy", work / CATALOG_NAME
    for file in (copy, compact):
        file_permissions.make_private_file(file)
    left_out: list[str] = []
    try:
        snapshot.copy_catalog(
            source, copy, lambda done, total: listen(BackupProgress("copying the catalog", done, total))
        )
        listen(BackupProgress("checking the copy"))
        snapshot.check_whole(copy, source)
        listen(BackupProgress("leaving out what was removed"))
        snapshot.strip(copy, compact, conversations=wishes.conversations)
    except (snapshot.DamagedError, sqlite3.Error) as error:
        damaged = error if isinstance(error, snapshot.DamagedError) else None
        if damaged is None and snapshot.is_damage(error):
            damaged = snapshot.damaged(source, reason_of(error))
        if damaged is None:
            raise
        if not wishes.salvage:
            raise damaged from None
        listen(BackupProgress("taking what can be read"))
        for file in (copy, compact):
            file.unlink(missing_ok=True)
        file_permissions.make_private_file(compact)
        left_out = salvage(source, compact, conversations=wishes.conversations)
    copy.unlink(missing_ok=True)
    return compact, left_out


def _write(
    archive: ArchiveWriter,
    catalog: Path,
    data: Path,
    wishes: Wishes,
    left_out: list[str],
    drop_folder: Path,
    listen: BackupListener,
) -> None:
    with snapshot.raw_connection(catalog) as connection:
        documents = connection.execute("SELECT id, path FROM documents ORDER BY id").fetchall()
        chunks = connection.execute("SELECT COUNT(*) FROM chunks").fetchone()[0]
        names = snapshot.tables_of(connection)
        talks = (
            connection.execute("SELECT COUNT(*) FROM conversations").fetchone()[0] if "conversations" in names else 0
        )
        embedders = _identities(connection)
        schema = snapshot.schema_of(connection)
    sides = [data / name for name in SIDE_FILES if (data / name).is_file()]
    files = [(document, Path(path)) for document, path in documents] if wishes.files else []
    sizes = [file_size(file) for file in (catalog, *sides, *(path for _, path in files))]
    advance = counting("writing", sum(sizes), listen)
    archive.add(CATALOG_MEMBER, catalog, advance)
    catalog.unlink()  # its room is needed
    for side in sides:
        archive.add(side.name, side, advance)
    kept: list[KeptFile] = []
    for document, path in files:
        try:
            state = path.stat()
            member = archive.add(f"{FILES_PREFIX}{document}{path.suffix.lower()}", path, advance)
        except OSError as error:
            if error.errno == errno.ENOSPC or (error.filename and str(error.filename) != str(path)):
                raise
            left_out.append(f"{path}: {reason_of(error)}.")
            continue
        kept.append(KeptFile(document, member.name, state.st_mtime_ns))
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        schemas={CATALOG_MEMBER: schema},
        embedders=tuple(asdict(identity) for identity in embedders),
        documents=len(documents),
        chunks=chunks,
        conversations=talks if wishes.conversations else None,
        drop_folder=str(drop_folder),
        folders=tuple(folders_of(path for _, path in documents)),
        left_out=tuple(left_out),
        members=tuple(archive.members),
        files=tuple(kept),
    )
    listen(BackupProgress("writing the checksum"))
    archive.finish(manifest)


def _identities(connection: sqlite3.Connection) -> list[EmbedderIdentity]:
    rows = connection.execute(
        "SELECT embedder, dimension, normalised, weights_sha256, chunker FROM identities"
        " WHERE id IN (SELECT DISTINCT identity_id FROM documents) ORDER BY id"
    )
    return [EmbedderIdentity(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]


def _refuse_taken(out: Path, force: bool) -> None:
    if out.is_dir():
        raise PathError(f"{out} is a folder.", "Name a file in it, for example: ragapp backup ragapp-backup.zip")
    if out.exists() and not force:
        raise PathError(f"{out} is there already.", "Choose another name, or overwrite it with --force.")


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    """A folder beside a file that is to be written, for one process at a time; gone at the end, whatever happens.

    What a process left there that was killed is deleted.
    """
    from filelock import FileLock, Timeout

    work = out.with_name(f"{out.name}{PARTIAL_SUFFIX}")
    file_permissions.make_private_folder(work)
    lock = FileLock(work / "lock", timeout=0, mode=file_permissions.FILE_MODE)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(f"Another process is writing {out}.", "Let it finish, or choose another name.") from None
    try:
        file_permissions.restrict(work)
        for name in os.listdir(work):
            if name != "lock":
                (work / name).unlink()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()
        if os.name == "nt":  # Windows deletes no file that is open
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Raises PathError instead of what the system or SQLite say where the file cannot be written."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if is_full(error):
            free = shutil.disk_usage(_there(out.parent)).free
            raise PathError(
                f"The backup {out} cannot be written: the disk is full ({shown_size(free)} are free)."
                " Nothing was left.",
                "Make room, or choose a folder on another disk.",
            ) from None
        raise PathError(f"The backup {out} cannot be written: {reason_of(error)}.", "Choose another folder.") from None


def is_full(error: BaseException) -> bool:
    """Whether the disk has no room for what was to be written."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or (
        isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    )


def _there(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
