"""Installs a bundle into a folder of its own, without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import venv
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from ragapp.bundle.machine import chosen_wheels, processor_flags, refuse_other_machine
from ragapp.bundle.manifest import (
    DATA,
    MANIFEST,
    MODELS,
    WHEELS,
    FileEntry,
    Manifest,
    Meter,
    Progress,
    WheelEntry,
    damaged_files,
    read_manifest,
    sha256_of,
)
from ragapp.disk_usage import tree_size
from ragapp.errors import BundleError
from ragapp.plain_words import reason_of

#: in the folder of an installation: the manifest of what is there; of what is being put there
INSTALLED, UNFINISHED = "installed.json", "installing.json"
SETTINGS = "settings.yaml"
#: the virtual environment in that folder
ENVIRONMENT = "app"
# disk space in bytes that is left free
SPARE = 200_000_000
TICK_S = 1.0
_SH = """#!/bin/sh
# ragapp as it is installed in this folder, which may be moved; to uninstall it, delete the folder
self=$(readlink -f -- "$0" 2>/dev/null || printf '%s' "$0")
here=$(CDPATH= cd -- "$(dirname -- "$self")" && pwd)
RAGAPP_SETTINGS=${RAGAPP_SETTINGS:-$here/settings.yaml}
export RAGAPP_SETTINGS
exec "$here/app/bin/python" -I -m ragapp "$@"
"""
_CMD = """@echo off\r
rem ragapp as it is installed in this folder; to uninstall it, delete the folder\r
if not defined RAGAPP_SETTINGS set "RAGAPP_SETTINGS=%~dp0settings.yaml"\r
"%~dp0app\\Scripts\\python.exe" -I -m ragapp %*\r
"""

#: lets a command be started that a guard would refuse
Allow = Callable[[Iterable[str]], AbstractContextManager[None]]


class Installation:
    """One bundle on its way into a folder.

    Args:
        note: told what was done, in whole sentences.
        progress: told how far the step in hand is.
        allow: lets commands of the new environment be started.

    Raises:
        BundleError: the bundle has no manifest that can be read.
    """

    def __init__(
        self,
        bundle: Path,
        folder: Path,
        note: Callable[[str], None],
        progress: Progress,
        allow: Allow = lambda command: nullcontext(),
    ):
        self.bundle, self.folder = bundle.absolute(), folder.absolute()
        self._note, self._progress, self._allow = note, progress, allow
        self.manifest = read_manifest(self.bundle / MANIFEST)
        self.before = self._read_installed()

    def install(self) -> None:
        """Check the bundle and install it, or bring what is installed up to date.

        What was interrupted goes on when it is called again.  The folder is as it was when anything is refused.

        Raises:
            BundleError: the bundle is damaged or for another machine, the folder has something else in it, or the disk
                is too full.
        """
        refuse_other_machine(self.manifest)
        self._refuse_folder()
        wheels, files = self._wanted_wheels(), self._wanted_files()
        self._require_space(wheels, files)
        self._refuse_damage()
        started = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.bundle / MANIFEST, self.folder / UNFINISHED)
            self._make_environment()
            if wheels:
                self._install_wheels(wheels)
            if files:
                self._copy_files(files)
            (self.folder / "ingest").mkdir(exist_ok=True)
            self._write_launchers()
            os.replace(self.folder / UNFINISHED, self.folder / INSTALLED)
        except OSError as error:
            where = error.filename or self.folder
            raise BundleError(
                f"{where} cannot be written: {reason_of(error)}.", "Run it again when that is mended; it goes on."
            ) from None
        took = f"{(time.monotonic() - started) / 60:.1f}"
        self._note(f"ragapp {self.manifest.ragapp} is installed in {self.folder} ({took} minutes).")

    def ask_demo(self, output: int | None = None) -> None:
        """Have the demo answer its question, with what is installed alone; on a file descriptor, by default stdout.

        Raises BundleError: it could not.
        """
        # what the environment says of settings is for another ragapp
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("RAGAPP_", "PYTHON")) or k.endswith("LANGUAGE")
        }
        environment = {**kept, "RAGAPP_SETTINGS": str(self.folder / SETTINGS)}
        # isolated: a folder named ragapp where it is started is not this one
        command = [str(self.python), "-I", "-m", "ragapp", "demo", "--offline"]
        with self._allow(command):
            done = subprocess.run(command, env=environment, cwd=self.folder, stdout=output, check=False)
        if done.returncode:
            hint = f"See what is wrong: {self.launcher} doctor"
            raise BundleError(f"ragapp is installed in {self.folder}, but its demo failed.", hint)

    @property
    def python(self) -> Path:
        """The installed Python."""
        return self.folder / ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def launcher(self) -> Path:
        """What starts ragapp."""
        return self.folder / ("ragapp.cmd" if os.name == "nt" else "ragapp")

    def _read_installed(self) -> Manifest | None:
        path = self.folder / INSTALLED
        # where its Python does not run any more everything is installed anew
        if not path.is_file() or not self.python.exists():
            return None
        with suppress(BundleError):
            return read_manifest(path)
        return None

    def _refuse_folder(self) -> None:
        if self.bundle in (self.folder, *self.folder.parents):
            raise BundleError(f"{self.folder} lies in the bundle.", "Name a folder elsewhere.")
        if self.folder.exists() and not self.folder.is_dir():
            raise BundleError(f"{self.folder} is a file.", "Name a folder, which need not be there.")
        ours = any((self.folder / name).is_file() for name in (INSTALLED, UNFINISHED))
        if not ours and self.folder.is_dir() and any(self.folder.iterdir()):
            raise BundleError(f"{self.folder} has other files in it.", "Name a new folder.")
        here = self.before.all_files if self.before else {}
        if any(here.get(name) != entry for name, entry in self.manifest.elsewhere.items()):
            told = f"This bundle is an update of another one, which is not installed in {self.folder}."
            raise BundleError(told, "Install that one first, or make a whole bundle (without --since).")

    def _wanted_wheels(self) -> list[WheelEntry]:
        """The packages that are not installed yet as the bundle has them."""
        flags = processor_flags()
        entries, wheels = self.manifest.all_files, chosen_wheels(self.manifest, flags)
        if self.before:
            before, old = self.before.all_files, chosen_wheels(self.before, flags)
            for name, wheel in old.items():
                if name in wheels and entries[wheels[name].file].sha256 == before[wheel.file].sha256:
                    del wheels[name]
        return list(wheels.values())

    def _wanted_files(self) -> dict[str, FileEntry]:
        """The files beside the packages that are not in the folder yet; a store that is there is never replaced."""
        before = self.before.all_files if self.before else {}
        store_here = (self.folder / DATA).exists()
        wanted = {}
        for name, entry in self.manifest.files.items():
            top = name.split("/")[0]
            if name != SETTINGS and (top not in (MODELS, DATA) or (top == DATA and store_here)):
                continue
            if not self._has(name, entry, known=before.get(name) == entry):
                wanted[name] = entry
        return wanted

    def _has(self, name: str, entry: FileEntry, known: bool) -> bool:
        """Whether a file is in the folder already; one that an installation that was interrupted left is hashed."""
        path = self.folder / name
        if not path.is_file() or path.stat().st_size != entry.size:
            return False
        return known or ((self.folder / UNFINISHED).is_file() and sha256_of(path) == entry.sha256)

    def _require_space(self, wheels: list[WheelEntry], files: dict[str, FileEntry]) -> None:
        entries = self.manifest.all_files
        every = sum(entries[one.file].size for one in self.manifest.wheels)
        wanted = sum(entries[one.file].size for one in wheels)
        packages = self.manifest.unpacked * wanted // max(1, every)
        needed = packages + sum(entry.size for entry in files.values()) + SPARE
        there = next(path for path in (self.folder, *self.folder.parents) if path.exists())
        free = shutil.disk_usage(there).free
        if free < needed:
            told = f"{needed / 1e9:.1f} GB are needed in {self.folder}, and {free / 1e9:.1f} GB are free."
            raise BundleError(told, "Make room, or name a folder on another disk.")

    def _refuse_damage(self) -> None:
        damaged = list(damaged_files(self.bundle, self.manifest, self._progress))
        wrong = [(name, status) for name, status in damaged if status != "extra"]
        if wrong:
            name, why = wrong[0]
            more = f" ({len(wrong)} files are not right)" if len(wrong) > 1 else ""
            raise BundleError(f"The bundle is damaged: {name} is {why}{more}.", "Copy the bundle again.")
        if damaged:
            self._note(f"Files in the bundle that its manifest does not list are not used: {len(damaged)}.")

    def _make_environment(self) -> None:
        if self.python.exists():
            return
        # Debian's Python has no ensurepip, and pip is in the bundle
        venv.EnvBuilder(with_pip=False, clear=True, symlinks=os.name != "nt").create(self.folder / ENVIRONMENT)

    def _install_wheels(self, wheels: list[WheelEntry]) -> None:
        wanted = self.folder / "requirements.txt"
        wanted.write_text("".join(map(self._requirement, wheels)), "utf-8")
        command = [str(self.python), *self._pip(), "--isolated", "install", "--no-index", "--no-cache-dir"]
        command += ["--require-hashes", "--no-deps", "--force-reinstall", "--disable-pip-version-check"]
        command += ["--find-links", str(self.bundle / WHEELS)]
        log = self.folder / "pip.log"
        code = self._run_pip([*command, "-r", str(wanted)], log)
        wanted.unlink()
        if code:
            text = log.read_text("utf-8", "replace")
            if "No space left on device" in text:
                raise BundleError(f"The disk of {self.folder} is full.", "Make room, then run it again.")
            lines = [line for line in text.splitlines() if line.startswith("ERROR: ")]
            why = lines[-1].removeprefix("ERROR: ").rstrip(".") if lines else f"exit code {code}"
            raise BundleError(f"The packages could not be installed: {why}.", f"All that pip said is in {log}.")
        log.unlink()

    def _requirement(self, wheel: WheelEntry) -> str:
        # of two files with the same name pip takes one before it looks at the hash
        place = f" @ {(self.bundle / wheel.file).as_uri()}" if wheel.newer else f"=={wheel.version}"
        return f"{wheel.name}{place} --hash=sha256:{self.manifest.all_files[wheel.file].sha256}\n"

    def _pip(self) -> list[str]:
        """Arguments to Python that start pip: that of the bundle, else the one that is installed."""
        for one in self.manifest.wheels:
            if one.name == "pip" and one.file in self.manifest.files:
                return ["-I", str(self.bundle / one.file / "pip")]
        return ["-I", "-m", "pip"]

    def _run_pip(self, command: list[str], log: Path) -> int:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
        environment = {**kept, "PIP_CONFIG_FILE": os.devnull, "TMPDIR": str(self.folder)}
        before = tree_size(self.folder / ENVIRONMENT)
        total = max(1, self.manifest.unpacked)
        with log.open("wb") as out, self._allow(command):
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
            )
            try:
                while True:
                    with suppress(subprocess.TimeoutExpired):
                        return process.wait(TICK_S)
                    size = tree_size(self.folder / ENVIRONMENT) - before
                    self._progress("Installing packages", min(max(0, size), total), total)
            finally:
                process.kill()
                process.wait()

    def _copy_files(self, files: dict[str, FileEntry]) -> None:
        meter = Meter(self._progress, "Copying models", sum(entry.size for entry in files.values()))
        store = self.folder / f"{DATA}.partial"
        for name, entry in files.items():
            if name == SETTINGS and self._is_changed(name):
                self._note(f"{self.folder / name} was changed here and stays; the new one is in the bundle.")
                continue
            inside = name.removeprefix(f"{DATA}/")
            target = store / inside if inside != name else self.folder / name
            partial = target.with_name(f"{target.name}.partial")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if inside != name else 0o777)
            shutil.copyfile(self.bundle / name, partial)
            if sha256_of(partial, meter.add) != entry.sha256:
                partial.unlink()
                told = f"{target} is not what was read from the bundle."
                raise BundleError(told, "Check the disk, and run it again.")
            if inside != name:
                partial.chmod(0o600)
            os.replace(partial, target)
        if store.is_dir():  # a store is there as a whole or not at all
            os.replace(store, self.folder / DATA)

    def _is_changed(self, name: str) -> bool:
        """Whether a file that is there is no longer what an earlier bundle brought."""
        path = self.folder / name
        was = self.before.all_files.get(name) if self.before else None
        return path.is_file() and was is not None and sha256_of(path) != was.sha256

    def _write_launchers(self) -> None:
        self.launcher.write_bytes((_CMD if os.name == "nt" else _SH).encode())
        self.launcher.chmod(0o755)
