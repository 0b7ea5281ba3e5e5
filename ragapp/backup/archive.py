"""The file of a backup: a zip with a manifest, which any program can open, and a checksum over all of its bytes.

The manifest names every other member with its size and SHA-256. The zip's comment is the SHA-256 of the whole file up
to its own digits, so not one byte can change unseen, not even one that no member needs.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

from ragapp import file_permissions
from ragapp.contract import BackupListener, BackupProgress, BackupSummary
from ragapp.errors import PathError, StoreError
from ragapp.plain_words import reason_of

FORMAT = "ragapp-backup"
FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
CATALOG_MEMBER = "catalog.sqlite3"
# of the documents' own files
FILES_PREFIX = "files/"
_SEAL = b"sha256:"
_DIGITS = 64
_PIECE = 1 << 20
# a manifest of a million documents with their files is smaller
_MOST_MANIFEST = 512 << 20
# what is packed already does not get smaller, and would take its time
_PACKED = (
    *(".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp", ".epub", ".msg", ".zip", ".gz", ".7z"),
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff"),
)

Advance = Callable[[int], None]


def counting(stage: str, total: int, listen: BackupListener) -> Advance:
    """Tell how many bytes of a stage are done, each time that so many more are."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        listen(BackupProgress(stage, min(done, total), total))

    return advance


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a backup: its name there, bytes, SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A document's own file.

    Attributes:
        document: id of the document in the catalog.
        member: name inside the backup.
        mtime_ns: when it was last changed.
    """

    document: int
    member: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        made_at, version, documents, chunks, conversations, folders, left_out: as of :class:`BackupSummary`.
        schemas: version of each database's schema, by member.
        embedders: identities that the documents were stored with, the fields of
            :class:`ragapp.index.records.EmbedderIdentity` each.
        drop_folder: where files lay that came through the page.
        members: everything else in the file.
        files: documents' own files among the members.
    """

    made_at: str
    version: str
    schemas: dict[str, int]
    embedders: tuple[dict[str, Any], ...]
    documents: int
    chunks: int
    conversations: int | None
    drop_folder: str
    folders: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    files: tuple[KeptFile, ...] = ()

    def summary(self, file: Path) -> BackupSummary:
        """What a person is told of the backup in a file."""
        return BackupSummary(
            str(file),
            file.stat().st_size,
            self.made_at,
            self.version,
            self.schemas[CATALOG_MEMBER],
            tuple(dict.fromkeys(str(one["embedder"]) for one in self.embedders)),
            self.documents,
            self.chunks,
            self.conversations,
            len(self.files),
            self.folders,
            self.left_out,
        )


class ArchiveWriter:
    """Writes the members of a backup, one after the other, and closes it with :meth:`finish`.

    Raises OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, file_permissions.FILE_MODE)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1)
        self.members: list[Member] = []

    def add(self, name: str, source: Path, advance: Advance = lambda count: None) -> Member:
        """Add a file under a name. Raises OSError: it cannot be read, or the disk is full."""
        with source.open("rb") as file:
            # a ZipInfo would bring a level of compression of its own
            self._zip.compression = zipfile.ZIP_STORED if source.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
            digest, size = hashlib.sha256(), 0
            with self._zip.open(name, "w", force_zip64=True) as target:
                while piece := file.read(_PIECE):
                    target.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    advance(len(piece))
        self.members.append(Member(name, size, digest.hexdigest()))
        return self.members[-1]

    def finish(self, manifest: Manifest, advance: Advance = lambda count: None) -> None:
        """Write the manifest and the checksum over all, and have it on the disk. Raises OSError: the disk is full."""
        values = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
        self._zip.compression = zipfile.ZIP_DEFLATED
        with self._zip.open(MANIFEST_NAME, "w") as target:
            target.write(json.dumps(values, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"))
        self._zip.comment = _SEAL + b"0" * _DIGITS
        self._zip.close()
        self._file.flush()
        self._file.seek(0)
        size = os.fstat(self._file.fileno()).st_size
        digest = _digest(self._file, size - _DIGITS, advance)
        self._file.seek(size - _DIGITS)
        self._file.write(digest.encode("ascii"))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        """Let go of the file, whatever state it is in."""
        self._zip.fp = None  # or it would write its list of contents when it is collected
        with suppress(OSError):
            self._file.close()


class Archive:
    """A backup that is whole: every byte was held against the checksum when :func:`open_archive` opened it."""

    def __init__(self, path: Path, members: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._zip = members
        self._known = {member.name: member for member in manifest.members}

    def has(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self._known

    def extract(self, name: str, target: Path, advance: Advance = lambda count: None) -> None:
        """Write a member into a new file, for the owner alone, and have it on the disk.

        Raises:
            StoreError: it is not what the manifest says.
            OSError: the file cannot be written.
        """
        member = self._known[name]
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file_permissions.FILE_MODE)
        with os.fdopen(descriptor, "wb") as file, self._opened(name) as source:
            while size <= member.bytes and (piece := source.read(_PIECE)):
                file.write(piece)
                digest.update(piece)
                size += len(piece)
                advance(len(piece))
            file.flush()
            os.fsync(file.fileno())
        if (size, digest.hexdigest()) != (member.bytes, member.sha256):
            raise _damaged(self.path, f"{name} in it is not what was written")

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(name) as source:
                yield source
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
            raise _damaged(self.path, reason_of(error)) from None


@contextmanager
def open_archive(path: Path, advance: Advance = lambda count: None) -> Iterator[Archive]:
    """A backup, after every byte of it was checked.

    Raises:
        PathError: there is no such file, or it is no backup.
        StoreError: it was cut, or a byte of it was changed, or a later version of ragapp made it.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            _check_seal(path, file, size, advance)
            try:
                with zipfile.ZipFile(file) as members:
                    yield Archive(path, members, _read_manifest(path, members))
            except zipfile.BadZipFile:
                raise _damaged(path, "its list of contents is broken") from None
    except OSError as error:
        if error.filename not in (None, str(path)):
            raise
        raise PathError(f"The backup {path} cannot be read: {reason_of(error)}.") from None


def _check_seal(path: Path, file: IO[bytes], size: int, advance: Advance) -> None:
    tail = len(_SEAL) + _DIGITS
    # the first member of every backup is the catalog; its name stands behind 30 bytes of header
    begins = file.read(30 + len(CATALOG_MEMBER)).endswith(CATALOG_MEMBER.encode("ascii"))
    file.seek(max(0, size - tail))
    seal = file.read(tail)
    if not seal.startswith(_SEAL) or len(seal) != tail:
        if begins:
            raise _damaged(path, "its end is missing")
        raise PathError(f"{path} is no backup of ragapp.", "Give it a file that was written by: ragapp backup")
    file.seek(0)
    if _digest(file, size - _DIGITS, advance).encode("ascii") != seal[len(_SEAL) :]:
        raise _damaged(path, "its checksum is wrong")
    file.seek(0)


def _read_manifest(path: Path, members: zipfile.ZipFile) -> Manifest:
    try:
        if members.getinfo(MANIFEST_NAME).file_size > _MOST_MANIFEST:
            raise ValueError("it is too large")
        values = json.loads(members.read(MANIFEST_NAME))
        if values.pop("format") != FORMAT:
            raise ValueError("another program made it")
        if (version := int(values.pop("format_version"))) > FORMAT_VERSION:
            told = f"The backup {path} has format {version}; this ragapp knows {FORMAT_VERSION}."
            raise StoreError(told, "Install the newer ragapp.")
        known = {one.name for one in fields(Manifest)}
        manifest = Manifest(
            **{
                **{name: value for name, value in values.items() if name in known},
                "schemas": {str(name): int(version) for name, version in values["schemas"].items()},
                "embedders": tuple(dict(one) for one in values["embedders"]),
                "folders": tuple(map(str, values["folders"])),
                "left_out": tuple(map(str, values["left_out"])),
                "members": tuple(Member(**one) for one in values["members"]),
                "files": tuple(KeptFile(**one) for one in values["files"]),
            }
        )
        there = {info.filename: info.file_size for info in members.infolist()}
        del there[MANIFEST_NAME]
        if there != {member.name: member.bytes for member in manifest.members} or CATALOG_MEMBER not in there:
            raise ValueError("it does not list what is in it")
        if CATALOG_MEMBER not in manifest.schemas:
            raise ValueError("it does not say which schema the catalog has")
        return manifest
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, RuntimeError, zlib.error) as error:
        raise _damaged(path, f"its manifest cannot be used ({reason_of(error)})") from None


def _digest(file: IO[bytes], size: int, advance: Advance) -> str:
    digest, left = hashlib.sha256(), size
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        digest.update(piece)
        left -= len(piece)
        advance(len(piece))
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"The backup {path} is damaged: {why}. Nothing was changed.", "Copy it anew, or use another backup."
    )
