"""Where a pull collects a pack's files: below ``models/.staging``, until each is verified and all are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ragapp.disk_usage import file_size
from ragapp.errors import PullError
from ragapp.models.checks import Manifest, check_file, record_pins
from ragapp.models.packs import STAGING, Pack, PackFile
from ragapp.models.progress import Progress

SPARE = 64 << 20  # disk space that is left free


class SourceFailed(Exception):
    """One source could not deliver; its text is the reason, in one line."""


class Staging:
    """One pull's files of one pack, and what the pull tells of itself.

    ``replaces`` says that files of another alternative of the pack lie in its place, of which none is kept.
    """

    def __init__(self, pack: Pack, models_dir: Path, progress: Progress, *, replaces: bool = False):
        self.pack, self.models_dir, self.progress = pack, models_dir, progress
        self.replaces = replaces
        self.manifest = Manifest(models_dir)
        self.root = staging_root(pack, models_dir)
        self.accepted = self.root / "files"  # verified files only
        self.partial = self.root / "partial"
        self.scratch = self.root / "scratch"  # what a source needs in passing; emptied by each pull
        self.shown = 0  # bytes that the progress was told of

    def missing(self) -> list[PackFile]:
        """Files of the pack that are not in place."""
        if self.replaces or not self.pack.target(self.models_dir).exists():
            return list(self.pack.files)
        places = ((pin, self.pack.path_of(pin, self.models_dir)) for pin in self.pack.files)
        return [pin for pin, path in places if check_file(path, pin, self.manifest).status != "ok"]

    def wanted(self) -> list[PackFile]:
        """Files that are neither in place nor staged and verified."""
        return [pin for pin in self.missing() if not (self.accepted / pin.name).is_file()]

    def prepare(self) -> None:
        """Make the folders; what an earlier pull left is kept as far as it is right."""
        for folder in (self.accepted, self.partial):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        for pin in self.pack.files:
            if check_file(self.accepted / pin.name, pin).status != "ok":
                (self.accepted / pin.name).unlink(missing_ok=True)

    def part(self, pin: PackFile, source: str) -> Path:
        """Where a source collects a file."""
        # the hash in the name: a part of other contents must never be gone on with
        return self.partial / f"{pin.digest[:16]}.{source}"

    def accept_all(self, parts: dict[PackFile, Path]) -> list[str]:
        """Keep the files that are the right ones, delete the others; why not all were kept."""
        failures = []
        for pin, part in parts.items():
            try:
                self.accept(part, pin)
            except SourceFailed as failure:
                failures.append(str(failure))
        return failures

    def accept(self, part: Path, pin: PackFile) -> None:
        """Keep a fetched file if it is the right one, delete it if not."""
        check = check_file(part, pin)
        if check.status != "ok":
            size = file_size(part)
            part.unlink(missing_ok=True)
            wrong = f"SHA-256 {check.actual}" if check.actual else f"{size:,} bytes"
            right = pin.digest if check.actual else f"{pin.size:,}"
            raise SourceFailed(f"{pin.name} is not the right file ({wrong} instead of {right}) and was deleted")
        final = self.accepted / pin.name
        final.parent.mkdir(parents=True, exist_ok=True)
        _sync(part)
        os.replace(part, final)

    def install(self) -> None:
        """Move verified files into place: a new folder as a whole, anything else file by file."""
        target = self.pack.target(self.models_dir)
        if self.replaces:
            shutil.rmtree(self.scratch, ignore_errors=True)
            os.replace(target, self.scratch)
        if self.pack.is_folder and not target.exists():
            os.replace(self.accepted, target)
        else:
            for pin in self.missing():
                final = self.pack.path_of(pin, self.models_dir)
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.accepted / pin.name, final)
        _sync(self.models_dir)
        files = []
        for pin in self.pack.files:
            path = self.pack.path_of(pin, self.models_dir)
            files.append(replace(pin, sha256=pin.sha256 or self.manifest.sha256(path)))
            self.manifest.record(path, files[-1].sha256)
        if any(pin.blob for pin in files):
            # what the hub stated of some files is less than what is known of them now
            record_pins(replace(self.pack, files=tuple(files)), self.models_dir)

    def require_space(self, needed: int) -> None:
        """Raise PullError where the disk has no room for so many bytes."""
        free = shutil.disk_usage(self.models_dir).free
        if free < needed + SPARE:
            need = f"{self.pack.name} needs {(needed + SPARE) / 1e9:.2f} GB in {self.models_dir}"
            hint = "Free some space, or move paths.models."
            raise PullError(f"{need}, but only {free / 1e9:.2f} GB are free.", hint)

    def start(self, origin: str, done: int, total: int = 0) -> None:
        """Tell that a source begins, with so many bytes of ``total`` (those of the pack, by default) already there."""
        self.shown = done
        self.progress.start(f"{self.pack.name} {origin}", total or self.pack.size, done)

    def show(self, done: int) -> None:
        """Tell how many bytes are there."""
        if done > self.shown:
            self.progress.advance(done - self.shown)
            self.shown = done


def staging_root(pack: Pack, models_dir: Path) -> Path:
    """The folder in which an alternative of a pack is collected."""
    return models_dir / STAGING / (f"{pack.name}@{pack.variant}" if pack.variant else pack.name)


@contextmanager
def locked(pack: Pack, models_dir: Path, progress: Progress) -> Iterator[None]:
    """Keep other pulls of this pack out; waits for one that is under way."""
    import filelock

    (models_dir / STAGING).mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(models_dir / STAGING / f"{pack.name}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        progress.start(f"{pack.name}: waiting for another pull", 0, 0)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _sync(path: Path) -> None:
    """Have a file or folder written to the disk; folders cannot be opened on Windows and need it less there."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
