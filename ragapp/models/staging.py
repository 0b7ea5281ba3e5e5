"""Where a pull collects a pack's files: below ``models/.staging``, until each is verified and all are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ragapp.errors import PullError
from ragapp.models.packs import STAGING, Manifest, Pack, PackFile, check_file, check_pack
from ragapp.models.progress import Progress

SPARE = 64 << 20  # disk space that is left free


class SourceFailed(Exception):
    """One source could not deliver; its text is the reason, in one line."""


class Staging:
    """One pull's files of one pack, and what the pull tells of itself."""

    def __init__(self, pack: Pack, models_dir: Path, progress: Progress):
        self.pack, self.models_dir, self.progress = pack, models_dir, progress
        self.manifest = Manifest(models_dir)
        self.root = models_dir / STAGING / pack.name
        self.accepted = self.root / "files"  # verified files only
        self.partial = self.root / "partial"
        self.scratch = self.root / "scratch"  # what a source needs in passing; emptied by each pull
        self.shown = 0  # bytes that the progress was told of

    def missing(self) -> list[PackFile]:
        """Files of the pack that are not in place."""
        if not self.pack.target(self.models_dir).exists():
            return list(self.pack.files)
        checks = check_pack(self.pack, self.models_dir, self.manifest)
        return [pin for pin, check in zip(self.pack.files, checks, strict=True) if check.status != "ok"]

    def wanted(self) -> list[PackFile]:
        """Files that are neither in place nor staged and verified."""
        return [pin for pin in self.missing() if not (self.accepted / pin.name).is_file()]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other pulls of this pack out; waits for one that is under way."""
        import filelock

        self.root.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(self.root) + ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self.progress.start(f"{self.pack.name}: waiting for another pull", 0, 0)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

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
        return self.partial / f"{pin.sha256[:16]}.{source}"

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
            size = size_of(part)
            part.unlink(missing_ok=True)
            wrong = f"SHA-256 {check.actual}" if check.actual else f"{size:,} bytes"
            right = pin.sha256 if check.actual else f"{pin.size:,}"
            raise SourceFailed(f"{pin.name} is not the right file ({wrong} instead of {right}) and was deleted")
        final = self.accepted / pin.name
        final.parent.mkdir(parents=True, exist_ok=True)
        _sync(part)
        os.replace(part, final)

    def install(self) -> None:
        """Move verified files into place: a new folder as a whole, anything else file by file."""
        target = self.pack.target(self.models_dir)
        if self.pack.is_folder and not target.exists():
            os.replace(self.accepted, target)
        else:
            for pin in self.missing():
                final = self.pack.path_of(pin, self.models_dir)
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(self.accepted / pin.name, final)
        _sync(self.models_dir)
        for pin in self.pack.files:
            self.manifest.record(self.pack.path_of(pin, self.models_dir), pin.sha256)
        shutil.rmtree(self.root, ignore_errors=True)

    def require_space(self, needed: int) -> None:
        """Raise PullError where the disk has no room for so many bytes."""
        free = shutil.disk_usage(self.models_dir).free
        if free < needed + SPARE:
            need = f"{self.pack.name} needs {(needed + SPARE) / 1e9:.2f} GB in {self.models_dir}"
            hint = "Free some space, or move paths.models."
            raise PullError(f"{need}, but only {free / 1e9:.2f} GB are free.", hint)

    def start(self, origin: str, done: int) -> None:
        """Tell that a source begins, with so many bytes of the pack already there."""
        self.shown = done
        self.progress.start(f"{self.pack.name} {origin}", self.pack.size, done)

    def show(self, done: int) -> None:
        """Tell how many bytes of the pack are there."""
        if done > self.shown:
            self.progress.advance(done - self.shown)
            self.shown = done


def size_of(path: Path) -> int:
    """The size of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync(path: Path) -> None:
    """Have a file or folder written to the disk; folders cannot be opened on Windows and need it less there."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
