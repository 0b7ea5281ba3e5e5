"""``ragapp restore``: a backup in the place of a store, checked before anything is touched, and whole at any moment."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ragapp.backup.archive import CATALOG_MEMBER, Archive, Manifest, counting, open_archive
from ragapp.backup.making import is_full
from ragapp.backup.places import Move, count_by_folder, move_documents, moved
from ragapp.backup.snapshot import raw_connection, refuse_newer, schema_of, tables_of
from ragapp.contract import BackupListener, BackupProgress, BackupSummary, RestoreReport
from ragapp.disk_usage import file_size
from ragapp.errors import PathError, StoreError
from ragapp.index import replacement
from ragapp.index.catalog import Catalog
from ragapp.index.migrations import MIGRATIONS
from ragapp.index.replacement import CATALOG_NAME, SIDE_FILES
from ragapp.index.store import BEHIND, LIBRARY_ID, RESTORED_WITHOUT_FILE, SERVERS, UNPURGED, own_folder
from ragapp.plain_words import counted, reason_of
from ragapp.terminal_text import shown_size

# how long a store that is in use may take to be let go of
_WAIT_S = 2.0
# room that a restore needs beside what is in the backup
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Present:
    """The store that a restore would put aside.

    Attributes:
        documents: None where the catalog is damaged.
        states: what tells its collections on Chroma servers.
    """

    documents: int | None = 0
    conversations: int = 0
    states: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> bool:
        return self.documents == 0 and not self.conversations


def read_summary(file: Path, listen: BackupListener = lambda at: None) -> BackupSummary:
    """Check every byte of a backup, and say what is in it.

    Raises:
        PathError: there is no such file, or it is no backup.
        StoreError: it is damaged, or of a later ragapp.
    """
    file = Path(os.path.abspath(file.expanduser()))
    with open_archive(file, counting("checking the backup", file_size(file), listen)) as archive:
        _refuse_schema(archive)
        return archive.manifest.summary(file)


def restore_backup(
    file: Path,
    folder: Path,
    *,
    moves: Sequence[Move] = (),
    drop_folder: Path | None = None,
    force: bool = False,
    listen: BackupListener = lambda at: None,
) -> RestoreReport:
    """Put a backup in the place of the store in a data folder, which is made when missing.

    Every byte is checked before anything is touched. A store that is there is kept in a folder of its own inside the
    data folder. Killed at any moment, it leaves the old store or the new one, whole.

    Args:
        file: the backup.
        folder: the data folder.
        moves: where documents' files lie here that lay elsewhere. Files in the backup are written there, where none is.
        drop_folder: the drop folder here: documents from the backup's own one are looked for in it, where that is not
            here. None to leave them where they are.
        force: put a store aside that has documents or conversations.
        listen: gets where it stands; what it raises stops it, and leaves the old store.

    Raises:
        PathError: there is no such file, it is no backup, the disk has no room, or two documents would have one path.
        StoreError: it is damaged or of a later ragapp; the store is in use, or has documents and ``force`` is not set.
    """
    file = Path(os.path.abspath(file.expanduser()))
    with open_archive(file, counting("checking the backup", file_size(file), listen)) as archive:
        manifest = archive.manifest
        _refuse_schema(archive)
        notices: list[str] = []
        moves = [*moves, *_drop_folder_move(manifest, moves, drop_folder, notices)]
        lock = own_folder(folder, _WAIT_S)
        assert lock is not None, "or it would have raised"
        try:
            with _told(folder):
                present = _look_at(folder / CATALOG_NAME)
                if not present.empty and not force:
                    raise _there_already(folder, present, manifest)
                _refuse_small_disk(folder, archive, rewritten=bool(moves))
                try:
                    changed = _make_ready(archive, replacement.begin(folder), moves, present, listen)
                    aside = replacement.put_in_place(folder)
                except BaseException:
                    with suppress(OSError):
                        replacement.finish(folder)
                    raise
                paths = _paths(folder)
                written = _write_files(archive, paths, moves, listen)
                without = count_by_folder(_missing(paths.values()))
        finally:
            lock.release()
    return RestoreReport(
        manifest.summary(file),
        str(folder),
        str(aside) if aside and not present.empty else "",
        changed,
        written,
        without,
        tuple(notices),
    )


def _refuse_schema(archive: Archive) -> None:
    refuse_newer(archive.manifest.schemas[CATALOG_MEMBER], f"The catalog in {archive.path}")


def _drop_folder_move(
    manifest: Manifest, moves: Sequence[Move], drop_folder: Path | None, notices: list[str]
) -> list[Move]:
    """The drop folder of the backup is the drop folder here, unless it is here itself, or the person says otherwise."""
    old = manifest.drop_folder
    if drop_folder is None or not old or old == str(drop_folder) or os.path.isdir(old) or moved(old, moves) != old:
        return []
    if not any(moved(folder, [Move(old, drop_folder)]) != folder for folder in manifest.folders):
        return []
    notices.append(f"Documents from the drop folder {old} are looked for in the drop folder here: {drop_folder}.")
    return [Move(old, drop_folder)]


def _look_at(catalog: Path) -> _Present:
    """What is stored already."""
    if not catalog.is_file():
        return _Present()
    try:
        with raw_connection(catalog) as connection:
            names = tables_of(connection)
            counts = [
                connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] if table in names else 0
                for table in ("documents", "conversations")
            ]
            query = f"SELECT key, value FROM state WHERE key IN ('{LIBRARY_ID}', '{SERVERS}', '{UNPURGED}')"
            states = connection.execute(query).fetchall() if "state" in names else []
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        return _Present(documents=None)
    except sqlite3.DatabaseError:
        return _Present(documents=None)
    return _Present(counts[0], counts[1], tuple(states))


def _there_already(folder: Path, present: _Present, manifest: Manifest) -> StoreError:
    if present.documents is None:
        told = f"There is a damaged store in {folder}."
    else:
        told = (
            f"There is a store in {folder} already, with {counted(present.documents, 'document')}"
            f" and {counted(present.conversations, 'conversation')}."
        )
        if present.conversations and manifest.conversations is None:
            told += " The backup was made without conversations."
    return StoreError(told, "Restore all the same, and keep what is there in a folder beside it: --force")


def _refuse_small_disk(folder: Path, archive: Archive, *, rewritten: bool) -> None:
    """Refuse a disk without room for what is unpacked, and for the log of a catalog that is changed much."""
    times = 2 if rewritten or archive.manifest.schemas[CATALOG_MEMBER] < len(MIGRATIONS) else 1
    needed = _SPARE_BYTES + sum(
        times * one.bytes if one.name == CATALOG_MEMBER else one.bytes for one in archive.manifest.members
    )
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise PathError(
            f"{shown_size(needed)} are needed in {folder} to restore {archive.path}, and {shown_size(free)} are free."
            " Nothing was changed.",
            "Make room, or restore to another disk with --to.",
        )


def _make_ready(archive: Archive, stage: Path, moves: Sequence[Move], present: _Present, listen: BackupListener) -> int:
    """Have the new store in the stage as it is to be; returns how many documents have another path."""
    names = [name for name in (CATALOG_MEMBER, *SIDE_FILES) if archive.has(name)]
    sizes = {one.name: one.bytes for one in archive.manifest.members}
    advance = counting("unpacking", sum(sizes[name] for name in names), listen)
    catalog = stage / CATALOG_NAME
    for name in names:
        archive.extract(name, stage / name, advance)
    listen(BackupProgress("bringing the catalog up to date"))
    try:
        with raw_connection(catalog) as connection:
            refuse_newer(schema_of(connection), f"The catalog in {archive.path}")
            strange = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchall()
            if strange or not {"documents", "units", "chunks", "state"} <= tables_of(connection):
                raise StoreError(f"The catalog in {archive.path} was not made by ragapp. Nothing was changed.")
        with closing(Catalog(catalog)) as opened, opened.transaction() as connection:
            changed = move_documents(connection, moves)
            _leave_former_place(connection, present)
            paths = [row[0] for row in connection.execute("SELECT path FROM documents")]
            missing = json.dumps(_missing(paths))  # which no ingestion shall remove for it
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (RESTORED_WITHOUT_FILE, missing))
        with raw_connection(catalog) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.DatabaseError as error:
        if is_full(error):
            raise
        raise StoreError(
            f"The catalog in {archive.path} cannot be used: {reason_of(error)}. Nothing was changed."
        ) from None
    with catalog.open("r+b") as file:
        os.fsync(file.fileno())
    return changed


def _leave_former_place(connection: sqlite3.Connection, present: _Present) -> None:
    """Have a catalog know that no vector store is in step with it, and not share collections with where it came from.

    Collections on a Chroma server are those of the store that gives way, if it is the same one, else its own.
    """
    own = dict(connection.execute("SELECT key, value FROM state").fetchall())
    there = dict(present.states)
    connection.execute("DELETE FROM state WHERE key IN (?, ?, ?)", (LIBRARY_ID, SERVERS, UNPURGED))
    if own.get(LIBRARY_ID) and own.get(LIBRARY_ID) == there.get(LIBRARY_ID):
        connection.executemany("INSERT INTO state VALUES (?, ?)", there.items())
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, '1')", (BEHIND,))


def _paths(folder: Path) -> dict[int, str]:
    """The documents' paths, by id."""
    with raw_connection(folder / CATALOG_NAME) as connection:
        return dict(connection.execute("SELECT id, path FROM documents").fetchall())


def _missing(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if not os.path.exists(path)]


def _write_files(archive: Archive, paths: dict[int, str], moves: Sequence[Move], listen: BackupListener) -> int:
    """Write documents' files from the backup where a move says that they lie, and none is; returns how many.

    Nothing is written elsewhere: a backup may be a stranger's.
    """
    sizes = {one.name: one.bytes for one in archive.manifest.members}
    wanted = [
        (kept, Path(path))
        for kept in archive.manifest.files
        if (path := paths.get(kept.document))
        and any(Path(path).is_relative_to(move.new) for move in moves)
        and not os.path.lexists(path)
    ]
    advance = counting("writing files", sum(sizes[kept.member] for kept, _ in wanted), listen)
    done = 0
    for kept, place in wanted:
        partial = place.with_name(f"{place.name}.part")  # which no ingestion reads
        with suppress(OSError):  # it is told as missing
            place.parent.mkdir(parents=True, exist_ok=True)
            partial.unlink(missing_ok=True)
            try:
                archive.extract(kept.member, partial, advance)
                os.utime(partial, ns=(kept.mtime_ns, kept.mtime_ns))
                os.replace(partial, place)
                done += 1
            finally:
                partial.unlink(missing_ok=True)
    return done


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Raises PathError instead of what the system or SQLite say where the data folder cannot be written."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = "the disk is full" if is_full(error) else reason_of(error)
        raise PathError(
            f"The backup cannot be restored to {folder}: {why}. What was there is there still.",
            "Make room, or restore to another folder with --to.",
        ) from None
