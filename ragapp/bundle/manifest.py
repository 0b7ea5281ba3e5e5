"""What a bundle holds, to the byte: its manifest, and its files held against it.

This module, like all that installs, uses Python's standard library alone: it goes along in the bundle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ragapp.errors import BundleError

MANIFEST, SIGNATURE, SIGNER = "manifest.json", "manifest.json.sig", "signer.pem"
# what cannot be listed in the manifest
UNLISTED = (MANIFEST, SIGNATURE, SIGNER)
FORMAT = 1
WHEELS, WHEELS_NEWER, MODELS, DATA = "wheels", "wheels-newer", "models", "data"
CHUNK = 1 << 20

#: told what is done, how many bytes of it are done, and how many there are
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FileEntry:
    """A file's size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class WheelEntry:
    """A package: where its wheel lies in the bundle; ``newer`` is a second build for newer processors."""

    name: str
    version: str
    file: str
    newer: bool = False


@dataclass(frozen=True)
class Missing:
    """A package that could not be made for the bundle's target, and why."""

    name: str
    why: str


@dataclass
class Manifest:
    """What a bundle says of itself.

    Attributes:
        ragapp: its version.
        target: as ``--for`` names it.
        glibc: the oldest one that wheels built on the making machine run with; empty where none was built there.
        processor: what the processor must be able to do, as Linux names it.
        newer_processor: what it must be able to do for the wheels marked ``newer``.
        unpacked: bytes that the packages take when they are installed.
        since: SHA-256 of the manifest that this is an update of; empty for a whole bundle.
        files: by path in the bundle.
        elsewhere: files of the bundle before that an update does not carry again.
    """

    ragapp: str
    made: str
    target: str
    system: str
    machine: str
    python: str
    glibc: str = ""
    processor: list[str] = field(default_factory=list)
    newer_processor: list[str] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    wheels: list[WheelEntry] = field(default_factory=list)
    unpacked: int = 0
    since: str = ""
    files: dict[str, FileEntry] = field(default_factory=dict)
    elsewhere: dict[str, FileEntry] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def all_files(self) -> dict[str, FileEntry]:
        """The files of the whole bundle, also those that an update does not carry."""
        return {**self.elsewhere, **self.files}

    @property
    def size(self) -> int:
        """Bytes that the bundle carries."""
        return sum(entry.size for entry in self.files.values())

    def to_json(self) -> str:
        """The text of ``manifest.json``."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.  Raises BundleError: it is missing, damaged, or of a later ragapp."""
    try:
        values = json.loads(path.read_text("utf-8"))
        if values["format"] != FORMAT:
            raise BundleError(f"{path} was written by a later ragapp.", "Use the install script in the bundle itself.")
        return _parsed(values)
    except FileNotFoundError:
        told = f"{path.parent} is no bundle: it has no {path.name}."
        raise BundleError(told, "Name the folder that `ragapp bundle create` made.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BundleError(f"{path} is damaged.", "Copy the bundle again.") from None


def _parsed(values: dict[str, Any]) -> Manifest:
    files, elsewhere = (_entries(values.pop(name)) for name in ("files", "elsewhere"))
    wheels = [WheelEntry(**one) for one in values.pop("wheels")]
    missing = [Missing(**one) for one in values.pop("missing")]
    manifest = Manifest(**values, wheels=wheels, missing=missing, files=files, elsewhere=elsewhere)
    if not all(wheel.file in manifest.all_files for wheel in wheels):
        raise ValueError("a wheel that is no file")
    return manifest


def _entries(values: dict[str, dict[str, Any]]) -> dict[str, FileEntry]:
    entries = {name: FileEntry(**entry) for name, entry in values.items()}
    for name, entry in entries.items():
        # nothing is written outside the folder that it is installed into
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or set("\\:\0") & set(name):
            raise ValueError(name)
        if entry.size < 0 or len(entry.sha256) != 64:
            raise ValueError(name)
    return entries


def sha256_of(path: Path, tick: Callable[[int], None] = lambda count: None) -> str:
    """SHA-256 of a file in hexadecimal; ``tick`` is told how many bytes more were read.  Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(CHUNK), b""):
            digest.update(block)
            tick(len(block))
    return digest.hexdigest()


def entry_of(path: Path, tick: Callable[[int], None] = lambda count: None) -> FileEntry:
    """Size and SHA-256 of a file.  Raises OSError."""
    return FileEntry(path.stat().st_size, sha256_of(path, tick))


class Meter:
    """Tells a :data:`Progress` of bytes as they come."""

    def __init__(self, progress: Progress, what: str, total: int):
        self._progress, self._what, self._total, self._done = progress, what, total, 0
        self.add(0)

    def add(self, count: int) -> None:
        """So many bytes more are done."""
        self._done = min(self._done + count, self._total)
        self._progress(self._what, self._done, self._total)


def damaged_files(bundle: Path, manifest: Manifest, progress: Progress) -> Iterator[tuple[str, str]]:
    """Each file of a bundle that is not as the manifest says: its path, and ``missing``, ``changed``, ``unreadable``,
    or ``extra`` where the manifest does not list it."""
    meter = Meter(progress, "Checking", manifest.size)
    for name, entry in manifest.files.items():
        path = bundle / name
        try:
            if not path.is_file():
                yield name, "missing"
            elif path.stat().st_size != entry.size or sha256_of(path, meter.add) != entry.sha256:
                yield name, "changed"
        except OSError:
            yield name, "unreadable"
    for path in sorted(bundle.rglob("*")):
        name = path.relative_to(bundle).as_posix()
        if name not in manifest.files and name not in UNLISTED and (path.is_symlink() or not path.is_dir()):
            yield name, "extra"
