"""The packages of a bundle: ragapp and all that it needs, as wheels, at the versions that ragapp is tested with."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp.bundle.compiled import BUILT, build_wheel, builds_for
from ragapp.bundle.manifest import WHEELS, WHEELS_NEWER, FileEntry, Manifest, Missing, Progress, WheelEntry, entry_of
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.targets import Target
from ragapp.errors import BundleError

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

# packages that are asked of pip at once; what came of them is kept if the next ones cannot be had
_BATCH = 8
_FETCHED = "fetched.json"
# in which most disks give out room to files
_BLOCK = 4096


@dataclass
class Pool:
    """Wheels that are there already: in the bundle, and in the one that it is an update of.

    Attributes:
        folder: the bundle.
        known: of each file in the bundle, by its path there, what it was when it was put there.
        earlier: the same of the earlier bundle, with the folder that its files may lie in.
    """

    folder: Path
    work: Path
    known: dict[str, FileEntry] = field(default_factory=dict)
    earlier: Mapping[str, FileEntry] = field(default_factory=dict)
    earlier_folder: Path | None = None
    _sound: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def opened(cls, folder: Path, work: Path, before: Manifest | None) -> Pool:
        """The pool of a bundle that is gone on with: what its manifest and the run that was interrupted noted."""
        known = dict(before.files) if before else {}
        with suppress(OSError, ValueError, TypeError):
            noted = json.loads((work / _FETCHED).read_text("utf-8"))
            known |= {name: FileEntry(**entry) for name, entry in noted.items()}
        return cls(folder, work, known)

    def path_of(self, name: str) -> Path | None:
        """Where a file of a bundle lies; None where it is not there, or not what it was.  It is hashed once."""
        if name in self._sound:
            return self._sound[name]
        places = [(self.folder, self.known), (self.earlier_folder, self.earlier)]
        for folder, entries in places:
            path = folder / name if folder else None
            entry = entries.get(name)
            if path and entry and path.is_file() and entry_of(path) == entry:
                self._sound[name] = path
                return path
        return None

    def wheels(self) -> dict[str, list[str]]:
        """Paths of the wheels by package, of those for newer processors, too."""
        found: dict[str, list[str]] = {}
        for name in [*self.known, *self.earlier]:
            if name.endswith(".whl") and self.path_of(name):
                found.setdefault(_package_of(name), []).append(name)
        return found

    def keep(self, wheel: Path, below: str = WHEELS) -> str:
        """Move a wheel into the bundle; its path there."""
        name = f"{below}/{wheel.name}"
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(wheel, target)
        self.note(name)
        return name

    def note(self, name: str) -> None:
        """Remember what a file of the bundle is, for a run that goes on with this one."""
        self.known[name] = entry_of(self.folder / name)
        self._sound[name] = self.folder / name
        partial = self.work / f"{_FETCHED}.partial"
        partial.write_text(json.dumps({name: asdict(entry) for name, entry in self.known.items()}), "utf-8")
        os.replace(partial, self.work / _FETCHED)


class Collector:
    """Collects the wheels of a package and of all that it needs, one level of requirements after the other.

    Args:
        pins: versions by package; what has none gets the newest that fits.
        note: told what was done.
    """

    def __init__(
        self, pool: Pool, target: Target, pins: Mapping[str, str], note: Callable[[str], None], progress: Progress
    ):
        self._pool, self._target, self._pins = pool, target, pins
        self._note, self._progress = note, progress
        self._pip = Pip(pool.work)
        self._staging = pool.work / "wheels"
        self._here = pool.wheels()
        self._environment = target.marker_environment()
        self.chosen: dict[str, WheelEntry] = {}
        self.newer: dict[str, WheelEntry] = {}
        self.missing: dict[str, Missing] = {}

    def collect(self, own: str, extras: Iterable[str], others: Iterable[str]) -> None:
        """Collect what a wheel in the bundle needs with some of its extras, and other packages by name.

        Raises:
            BundleError: a package cannot be had for this machine, or no index can be reached.
        """
        from packaging.requirements import Requirement

        package = _package_of(own)
        self._choose(package, own)
        done: set[tuple[str, str]] = set()
        level = [Requirement(f"{package}[{','.join(extras)}]"), *map(Requirement, others)]
        while level:
            self._bring(level)
            following: list[Requirement] = []
            for one in level:
                name = _plain(one.name)
                for extra in ("", *sorted(one.extras)):
                    if (name, extra) not in done:
                        done.add((name, extra))
                        following += self._needs(name, extra)
            level = following

    def _bring(self, wanted: list[Requirement]) -> None:
        """Have a wheel of each package in the bundle, or note that there is none."""
        names = {_plain(one.name): one for one in wanted}
        absent = {n: one for n, one in names.items() if n not in self.chosen and n not in self.missing}
        for name in list(absent):
            if self._take(name, absent[name]):
                del absent[name]
        for name in sorted(BUILT & names.keys()) if self._target.is_here else ():
            self._build(name)
            absent.pop(name, None)
        rest = list(absent)
        for start in range(0, len(rest), _BATCH):
            self._fetch({name: absent[name] for name in rest[start : start + _BATCH]})

    def _take(self, name: str, wanted: Requirement) -> bool:
        """Choose a wheel that is there and fits."""
        specifier = self._specifier(name, wanted)
        for file in self._here.get(name, ()):
            if specifier.contains(_version_of(file), prereleases=True):
                self._choose(name, file)
        return name in self.chosen

    def _choose(self, name: str, file: str) -> None:
        newer = file.startswith(f"{WHEELS_NEWER}/")
        (self.newer if newer else self.chosen)[name] = WheelEntry(name, _version_of(file), file, newer)

    def _specifier(self, name: str, wanted: Requirement) -> SpecifierSet:
        from packaging.specifiers import SpecifierSet

        return SpecifierSet(f"=={self._pins[name]}") if name in self._pins else wanted.specifier

    def _build(self, name: str) -> None:
        if name not in self._pins:
            raise BundleError(f"No version of {name} is pinned.", "Install ragapp again.")
        for build in builds_for(self._target):
            if name in (self.newer if build.newer else self.chosen):
                continue
            try:
                wheel = build_wheel(name, self._pins[name], build, self._pip, self._pool.work, self._progress)
            except BundleError as error:
                if not build.newer:
                    raise
                # the other build runs on newer processors, too
                self._note(f"There will be no build for newer processors: {error.message}")
            else:
                self._choose(name, self._pool.keep(wheel, WHEELS_NEWER if build.newer else WHEELS))

    def _fetch(self, wanted: Mapping[str, Requirement]) -> None:
        """Fetch some packages; where that fails, one after the other, to know which one it is."""
        reason = self._try_to_fetch(wanted)
        if not reason:
            return
        if len(wanted) > 1:
            for name, one in wanted.items():
                if name not in self.chosen:
                    self._fetch({name: one})
            return
        (name,) = wanted
        if self._target.is_here:
            raise BundleError(f"A package cannot be had: {reason}.", "Run it again when that is mended; it goes on.")
        self.missing[name] = Missing(name, f"no wheel for {self._target.name}")
        self._note(f"{name}: there is no wheel for {self._target.name}.")

    def _try_to_fetch(self, wanted: Mapping[str, Requirement]) -> str:
        shutil.rmtree(self._staging, ignore_errors=True)
        spelled = [f"{name}{self._specifier(name, one)}" for name, one in wanted.items()]
        if self._target.is_here:
            arguments = ["wheel", "--no-deps", f"--wheel-dir={self._staging}", *spelled]
        else:
            arguments = ["download", "--no-deps", f"--dest={self._staging}", *self._target.pip_arguments(), *spelled]
        what = f"Fetching {', '.join(wanted)}"
        reason = self._pip.run(arguments, ", ".join(spelled), lambda count: self._progress(what, count, 0))
        for wheel in sorted(self._staging.glob("*.whl")) if not reason else ():
            self._choose(_package_of(wheel.name), self._pool.keep(wheel))
        return reason

    def _needs(self, name: str, extra: str) -> list[Requirement]:
        """What a package requires on the target, with one of its extras."""
        from packaging.requirements import Requirement

        if name in self.chosen:
            path = self._pool.path_of(self.chosen[name].file)
            if path is None:
                raise BundleError(f"{self.chosen[name].file} has changed meanwhile.", "Run it again.")
            stated = required_by(path)
        else:  # there is no wheel to look into; what is installed here needs about the same
            stated = []
            with suppress(metadata.PackageNotFoundError):
                stated = metadata.requires(name) or []
        environment = {**self._environment, "extra": extra}
        found = map(Requirement, stated)
        return [one for one in found if one.marker is None or one.marker.evaluate(environment)]


def required_by(wheel: Path) -> list[str]:
    """The requirements that a wheel states.  Raises BundleError: it is no wheel."""
    from packaging.metadata import parse_email

    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [
                name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            ]
            raw, _ = parse_email(archive.read(names[0]))
    except (zipfile.BadZipFile, IndexError, KeyError):
        raise BundleError(f"{wheel} is no wheel.", "Delete it, and run it again.") from None
    return list(raw.get("requires_dist", []))


def unpacked_size(wheel: Path) -> int:
    """Bytes that a wheel's files take when it is installed, roughly: compiled Python is as large as its source."""
    with zipfile.ZipFile(wheel) as archive:
        entries = [(2 if entry.filename.endswith(".py") else 1, entry.file_size) for entry in archive.infolist()]
    return sum(times * (size + _BLOCK // 2) for times, size in entries)


def platforms_of(file: str) -> list[str]:
    """The platform tags of a wheel."""
    from packaging.utils import parse_wheel_filename

    return [tag.platform for tag in parse_wheel_filename(file.rsplit("/", 1)[-1])[3]]


def _package_of(file: str) -> str:
    return _plain(file.rsplit("/", 1)[-1].split("-")[0])


def _version_of(file: str) -> str:
    from packaging.utils import parse_wheel_filename

    return str(parse_wheel_filename(file.rsplit("/", 1)[-1])[1])


def _plain(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
