"""The check that files on disk are those of a pack, remembered for as long as they do not change."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from ragapp.disk_usage import file_size
from ragapp.errors import ModelError
from ragapp.models.packs import Pack, PackFile
from ragapp.reading.discover import hash_file

MANIFEST = ".manifest.json"
PINS = ".pins.json"
MAX_JSON = 1 << 20
# a file that the hub keeps in Git itself and not beside it is smaller than this
MAX_BLOB = 64 << 20

_Json = TypeVar("_Json", list[object], dict[str, object])


@dataclass(frozen=True)
class FileCheck:
    """What one file of a pack looks like on disk; ``actual`` is empty where there was nothing to hash.

    ``unknown`` is a file whose hash is not published and was not recorded in this models folder.
    """

    name: str
    status: Literal["ok", "missing", "altered", "wrong size", "unknown"]
    expected: str
    actual: str = ""


class Manifest:
    """Remembers the SHA-256 of files under the models folder for as long as their size and time stay the same.

    Hashing a gigabyte takes seconds, which nobody wants to wait for at each start.  Losing an entry costs one
    more hashing, so the file is written without a lock, and not at all where the folder is read-only.
    """

    def __init__(self, models_dir: Path):
        self._models_dir = models_dir
        self._file = models_dir / MANIFEST

    def known(self, path: Path) -> str | None:
        """The remembered SHA-256, or None when the file is new or has changed since."""
        entry = read_json(self._file, dict[str, object]()).get(self._key(path))
        stat = path.stat()
        if not isinstance(entry, dict) or entry.get("mtime_ns") != stat.st_mtime_ns:
            return None
        value = entry.get("sha256")
        return value if isinstance(value, str) and entry.get("size") == stat.st_size else None

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file, hashed only when it is not known."""
        if known := self.known(path):
            return known
        before = path.stat()
        digest = hash_file(path)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            self.record(path, digest)
        return digest

    def record(self, path: Path, sha256: str) -> None:
        """Remember the SHA-256 of a file as it is now."""
        stat = path.stat()
        entries = read_json(self._file, dict[str, object]())
        entries[self._key(path)] = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
        with suppress(OSError):
            write_json(self._file, dict(sorted(entries.items())))

    def _key(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._models_dir)).as_posix()


def read_json(path: Path, empty: _Json) -> _Json:
    """The JSON of a small file; ``empty`` where the file is missing, huge, damaged or holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= MAX_JSON else empty
    except (OSError, ValueError, RecursionError):
        return empty
    return value if isinstance(value, type(empty)) else empty


def write_json(path: Path, value: dict[str, object]) -> None:
    """Write a small file as a whole: who reads it sees the old one or the new one.  Raises OSError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)


def check_file(path: Path, pin: PackFile, manifest: Manifest | None = None) -> FileCheck:
    """Hold one file against its pin; with a manifest, one that has not changed since is not hashed again.

    Raises ModelError where it is there but cannot be read.
    """
    try:
        if not path.is_file():
            return FileCheck(pin.name, "missing", pin.digest)
        if not pin.is_pinned:
            return FileCheck(pin.name, "unknown", "")
        if pin.size and path.stat().st_size != pin.size:
            return FileCheck(pin.name, "wrong size", pin.digest)
        if not pin.sha256:
            actual = git_blob(path)
        else:
            actual = manifest.sha256(path) if manifest else hash_file(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from None
    return FileCheck(pin.name, "ok" if actual == pin.digest else "altered", pin.digest, actual)


def check_pack(pack: Pack, models_dir: Path, manifest: Manifest | None = None) -> list[FileCheck]:
    """Hold every file of a pack against its pin; see :func:`check_file`.

    Where the pack has alternatives, the one that lies there is held against its own pins: a file of another is altered.
    """
    variant = installed_variant(pack, models_dir)
    return [check_file(variant.path_of(pin, models_dir), pin, manifest) for pin in variant.files]


def installed_variant(pack: Pack, models_dir: Path) -> Pack:
    """The alternative whose files lie in the models folder, by their sizes; the first where nothing does.

    Hashes that were recorded in the models folder are filled in.
    """

    def bytes_there(variant: Pack) -> int:
        return sum(pin.size for pin in variant.files if file_size(variant.path_of(pin, models_dir)) == pin.size)

    return max((with_recorded_pins(variant, models_dir) for variant in pack.variants), key=bytes_there)


def with_recorded_pins(pack: Pack, models_dir: Path) -> Pack:
    """A pack whose missing hashes are filled in from what was recorded at its first pull into this models folder."""
    if all(pin.is_complete for pin in pack.files):
        return pack
    entry = read_json(models_dir / PINS, dict[str, Any]()).get(pack.name)
    try:
        if not isinstance(entry, dict) or entry["repo"] != pack.hub_repo:
            return pack
        recorded = {pin.name: pin for pin in (_recorded_pin(**file) for file in entry["files"]) if pin.is_pinned}
        revision = str(entry["revision"])
    except (TypeError, KeyError, ValueError):  # damaged: the hub is asked anew
        return pack

    def complete(pin: PackFile) -> PackFile:
        found = pin if pin.is_complete else recorded.get(pin.name, pin)
        # a published hash is never given up for a recorded one
        return pin if pin.sha256 and found.sha256 != pin.sha256 else found

    files = tuple(map(complete, pack.files))
    return replace(pack, files=files, revision=revision)


def _recorded_pin(name: object, size: object, sha256: object, blob: object) -> PackFile:
    if not isinstance(size, int) or size < 0:
        raise ValueError("no size")
    if not re.fullmatch(r"([0-9a-f]{64})?", str(sha256)) or not re.fullmatch(r"([0-9a-f]{40})?", str(blob)):
        raise ValueError("no hash")
    return PackFile(str(name), size, str(sha256), str(blob))


def record_pins(pack: Pack, models_dir: Path) -> None:
    """Keep the pins of a pack's files in the models folder.  Raises OSError: it cannot be written."""
    entries = read_json(models_dir / PINS, dict[str, object]())
    files = [asdict(pin) for pin in pack.files]
    entries[pack.name] = {"repo": pack.hub_repo, "revision": pack.revision, "files": files}
    write_json(models_dir / PINS, dict(sorted(entries.items())))


def git_blob(path: Path) -> str:
    """The hash under which Git keeps a file's content, 40 hexadecimal digits; empty for a very large file."""
    size = path.stat().st_size
    if size > MAX_BLOB:
        return ""
    return hashlib.sha1(b"blob %d\0" % size + path.read_bytes(), usedforsecurity=False).hexdigest()
