"""Makes a bundle: a folder with everything that a machine without network needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ragapp
from ragapp.bundle.compiled import BUILT, builds_for
from ragapp.bundle.machine import glibc_version
from ragapp.bundle.manifest import (
    DATA,
    MANIFEST,
    MODELS,
    SIGNATURE,
    SIGNER,
    FileEntry,
    Manifest,
    Meter,
    Progress,
    entry_of,
    read_manifest,
)
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.shipped import own_wheel, pinned_versions, shipped_text, write_scripts
from ragapp.bundle.store_copy import copy_store
from ragapp.bundle.targets import Target, least_glibc
from ragapp.bundle.wheels import Collector, Pool, platforms_of, unpacked_size
from ragapp.errors import BundleError, UsageError
from ragapp.models.checks import PINS, check_pack, installed_variant, read_json, write_json
from ragapp.models.checks import Manifest as KnownFiles
from ragapp.models.packs import Pack
from ragapp.plain_words import reason_of
from ragapp.settings import Settings
from ragapp.settings_file import set_value

#: in the bundle while it is being made
WORK = ".making"
SETTINGS = "settings.yaml"
_EXTRAS = ("ocr",)
# the installer starts pip out of its wheel
_OTHERS = ("pip",)
# disk space in bytes that is left free
_SPARE = 500_000_000


@dataclass(frozen=True)
class Wanted:
    """What a bundle is to hold.

    Attributes:
        packs: model packs, whose files are in the models folder.
        store: the data folder to take along; None for none.
        since: the manifest, or the folder, of a bundle whose files are not to be carried again.
    """

    target: Target
    packs: Sequence[Pack]
    store: Path | None = None
    since: Path | None = None


class Making:
    """One bundle in the making; what was interrupted is gone on with, and what is there already is not fetched again.

    Args:
        note: told what was done, in whole sentences.
        progress: told how far the step in hand is.
    """

    def __init__(self, settings: Settings, out: Path, wanted: Wanted, note: Callable[[str], None], progress: Progress):
        self._settings, self._out, self._wanted = settings, out.absolute(), wanted
        self._note, self._progress = note, progress
        self._work = self._out / WORK

    def make(self) -> Manifest:
        """Make the bundle, or bring it up to date; its manifest, which is written, too.

        Raises:
            UsageError: the folder has something else in it.
            BundleError: a model is not here, a package cannot be had, or the disk is full.
        """
        before = self._before()
        since = self._since()
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            pool = Pool.opened(self._out, self._work, before)
            if since:
                pool.earlier, pool.earlier_folder = since[0].all_files, since[1].parent
            self._require_space(pool)
            # what is quickly told to be missing comes first
            others = [*self._copy_models(pool), *self._copy_store(pool)]
            manifest = self._described()
            self._collect(manifest, pool)
            others.append(self._write_settings())
            for name in write_scripts(self._out, manifest):  # an update is installed by itself, too
                manifest.files[name] = entry_of(self._out / name)
            self._finish(manifest, pool, others, since, before)
        except OSError as error:
            where = error.filename or self._out
            hint = "Run it again when that is mended; it goes on."
            raise BundleError(f"{where} cannot be written: {reason_of(error)}.", hint) from None
        return manifest

    def _before(self) -> Manifest | None:
        """The manifest of what is in the folder; None where nothing is, or it was not finished."""
        if self._out.is_dir() and any(self._out.iterdir()):
            if not (self._out / MANIFEST).is_file() and not self._work.is_dir():
                raise UsageError(f"{self._out} has other files in it.", "Name a new folder.")
        elif self._out.exists() and not self._out.is_dir():
            raise UsageError(f"{self._out} is a file.", "Name a folder, which need not be there.")
        before = None
        with suppress(BundleError):
            before = read_manifest(self._out / MANIFEST)
        if before and before.target != self._wanted.target.name:
            raise UsageError(f"The bundle in {self._out} is for {before.target}.", "Name another folder.")
        return before

    def _since(self) -> tuple[Manifest, Path] | None:
        if self._wanted.since is None:
            return None
        path = self._wanted.since / MANIFEST if self._wanted.since.is_dir() else self._wanted.since
        if path.parent.absolute() == self._out:
            raise UsageError(f"{self._out} is the bundle before.", "Name a new folder for the update.")
        manifest = read_manifest(path)
        if manifest.target != self._wanted.target.name:
            raise UsageError(f"The bundle before is for {manifest.target}.", f"Write --for {manifest.target}.")
        return manifest, path.absolute()

    def _require_space(self, pool: Pool) -> None:
        """Raise BundleError where the disk has no room for the models that are not there, nor in the bundle before."""
        there = {entry.sha256 for entry in [*pool.known.values(), *pool.earlier.values()]}
        variants = (installed_variant(pack, self._settings.paths.models) for pack in self._wanted.packs)
        size = sum(file.size for variant in variants for file in variant.files if file.sha256 not in there)
        free, needed = shutil.disk_usage(self._out).free, size + _SPARE
        if free < needed:
            told = (
                f"{needed / 1e9:.1f} GB are needed in {self._out} for the models alone; {free / 1e9:.1f} GB are free."
            )
            raise BundleError(told, "Make room, or name a folder on another disk.")

    def _copy_models(self, pool: Pool) -> list[str]:
        """Copy the packs' files, which are checked before and after; their paths in the bundle."""
        models_dir, names, pins = self._settings.paths.models, [], {}
        for pack in self._wanted.packs:
            variant = installed_variant(pack, models_dir)
            checks = check_pack(pack, models_dir, KnownFiles(models_dir))
            wrong = [check for check in checks if check.status != "ok"]
            if wrong:
                told = f"The model {pack.name} is not here as it should be: {wrong[0].name} is {wrong[0].status}."
                raise BundleError(told, f"Fetch it: ragapp models pull {pack.name}")
            if recorded := read_json(models_dir / PINS, dict[str, object]()).get(pack.name):
                pins[pack.name] = recorded
            meter = Meter(self._progress, f"Copying {pack.name}", variant.size)
            for file in variant.files:
                path = variant.path_of(file, models_dir)
                names.append(f"{MODELS}/{path.relative_to(models_dir).as_posix()}")
                self._copy(path, names[-1], file.sha256, pool, meter)
        if pins:
            (self._out / MODELS).mkdir(exist_ok=True)
            write_json(self._out / MODELS / PINS, pins)
            names.append(f"{MODELS}/{PINS}")
        return names

    def _copy(self, source: Path, name: str, sha256: str, pool: Pool, meter: Meter) -> None:
        """Copy a file whose SHA-256 is known (or empty), unless it is there, or in the bundle before."""
        entry = entry_of(source, meter.add)
        if entry == pool.earlier.get(name) or (pool.path_of(name) and entry == pool.known.get(name)):
            return
        target = self._out / name
        partial = target.with_name(f"{target.name}.partial")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial)
        os.replace(partial, target)
        pool.note(name)
        if pool.known[name] != entry or sha256 not in ("", entry.sha256):
            target.unlink()
            raise BundleError(f"{target} is not what was read from {source}.", "Check the disk, and run it again.")

    def _copy_store(self, pool: Pool) -> list[str]:
        if self._wanted.store is None:
            return []
        copy_store(
            self._wanted.store,
            self._out / DATA,
            self._work,
            lambda done, total: self._progress("Copying documents", done, total),
        )
        names = [f"{DATA}/{path.name}" for path in sorted((self._out / DATA).iterdir())]
        for name in names:
            pool.note(name)
        return names

    def _described(self) -> Manifest:
        """The manifest, as yet without packages and files."""
        target = self._wanted.target
        made = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(ragapp.__version__, made, target.name, target.system, target.machine, target.python)
        manifest.packs = [pack.name for pack in self._wanted.packs]
        return manifest

    def _collect(self, manifest: Manifest, pool: Pool) -> None:
        """Collect the packages, and say in the manifest what they are and what they ask of a machine."""
        target = self._wanted.target
        own = pool.keep(own_wheel(Pip(self._work), self._work))
        collector = Collector(pool, target, pinned_versions(), self._note, self._progress)
        collector.collect(own, _EXTRAS, _OTHERS)
        manifest.wheels = [*collector.chosen.values(), *collector.newer.values()]
        manifest.missing = list(collector.missing.values())
        paths = [path for one in collector.chosen.values() if (path := pool.path_of(one.file))]
        manifest.unpacked = sum(map(unpacked_size, paths))
        if target.system == "linux":
            minor = max((least_glibc(platforms_of(one.file)) for one in collector.chosen.values()), default=0)
            built_here = any(tag.startswith("linux_") for one in manifest.wheels for tag in platforms_of(one.file))
            manifest.glibc = glibc_version() if built_here else f"2.{minor}"
        if target.is_here and BUILT & collector.chosen.keys():
            for build in builds_for(target):
                if build.newer:
                    manifest.newer_processor = list(build.flags) if collector.newer else []
                else:
                    manifest.processor = list(build.flags)

    def _write_settings(self) -> str:
        """The settings as they were shipped, with the models of the bundle; their path in it."""
        text = shipped_text(SETTINGS)
        for role, section in (("llm", "llm"), ("embedder", "embedding")):
            packs = [pack.name for pack in self._wanted.packs if pack.role == role]
            own = getattr(self._settings, section).model
            if packs and (name := own if own in packs else packs[0]) != getattr(Settings(), section).model:
                text = set_value(text, section, "model", name)
        (self._out / SETTINGS).write_text(text, "utf-8", newline="\n")
        return SETTINGS

    def _finish(
        self,
        manifest: Manifest,
        pool: Pool,
        others: Iterable[str],
        since: tuple[Manifest, Path] | None,
        before: Manifest | None,
    ) -> None:
        """List the files, leave out what the bundle before has, remove what is no longer a part, write the manifest."""
        earlier = since[0].all_files if since else {}
        for name in [*(wheel.file for wheel in manifest.wheels), *others]:
            here = self._out / name
            entry = self._entry(name, pool)
            if earlier.get(name) == entry:
                manifest.elsewhere[name] = entry
                here.unlink(missing_ok=True)
            else:
                manifest.files[name] = entry
        for name in {*pool.known, *(before.files if before else ())} - manifest.files.keys():
            (self._out / name).unlink(missing_ok=True)
        for folder in sorted((path for path in self._out.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):  # there is something in it
                folder.rmdir()
        if since:
            manifest.since = entry_of(since[1]).sha256
        for name in (SIGNATURE, SIGNER):
            (self._out / name).unlink(missing_ok=True)
        partial = self._out / f"{MANIFEST}.partial"
        partial.write_text(manifest.to_json(), "utf-8", newline="\n")
        os.replace(partial, self._out / MANIFEST)
        shutil.rmtree(self._work)

    def _entry(self, name: str, pool: Pool) -> FileEntry:
        """What a file is; of those that were hashed when they came, what was noted then."""
        path = self._out / name
        if not path.is_file():
            return pool.earlier[name]
        return pool.known[name] if pool.path_of(name) == path else entry_of(path)
