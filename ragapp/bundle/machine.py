"""Which machine this is, and whether a bundle is for it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from ragapp.bundle.manifest import Manifest, WheelEntry
from ragapp.errors import BundleError

_SYSTEMS = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
_MACHINES = {"amd64": "x86_64", "aarch64": "arm64"}


def this_system() -> tuple[str, str, str]:
    """Operating system, processor family and Python, as targets are named: ``("linux", "x86_64", "3.11")``."""
    machine = platform.machine().lower()
    system = platform.system()
    return _SYSTEMS.get(system, system.lower()), _MACHINES.get(machine, machine), "{}.{}".format(*sys.version_info[:2])


def glibc_version() -> str:
    """Version of GNU's C library; empty where the system has another one."""
    name, version = platform.libc_ver()
    return version if name == "glibc" else ""


def processor_flags() -> frozenset[str]:
    """What this processor can do, as Linux names it; empty where that is not told."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())


def refuse_other_machine(manifest: Manifest) -> None:
    """Raise BundleError where a bundle is for another system, processor, Python or C library than this one."""
    system, machine, python = this_system()
    if (system, machine) != (manifest.system, manifest.machine):
        told = f"This bundle is for {manifest.system}-{manifest.machine}; this machine is {system}-{machine}."
        raise BundleError(told, f"Make one for it: ragapp bundle create OUT --for {system}-{machine}")
    if python != manifest.python:
        told = f"This bundle is for Python {manifest.python}; this is Python {python}."
        raise BundleError(told, f"Start it with the other one: python{manifest.python} install.py FOLDER")
    glibc = glibc_version()
    if manifest.glibc and _numbers(glibc) < _numbers(manifest.glibc):
        told = f"This bundle needs glibc {manifest.glibc} or later; this system has {glibc or 'another C library'}."
        raise BundleError(told, "Make the bundle on a system that is as old as this one.")
    flags = processor_flags()
    if lacks := [flag for flag in manifest.processor if flags and flag not in flags]:
        told = f"This processor is too old for the bundle: it has no {', '.join(lacks)}."
        raise BundleError(told, "Build ragapp on this machine, as its README says.")
    if manifest.missing:
        told = f"This bundle is not complete; it lacks {', '.join(one.name for one in manifest.missing)}."
        raise BundleError(told, f"Make it on a machine of its kind ({manifest.target}).")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def chosen_wheels(manifest: Manifest, flags: frozenset[str]) -> dict[str, WheelEntry]:
    """The wheels for a processor by package; of two builds the one for newer processors where it is one of those."""
    newer = bool(manifest.newer_processor) and set(manifest.newer_processor) <= flags
    plain = {one.name: one for one in manifest.wheels if not one.newer}
    return plain | {one.name: one for one in manifest.wheels if one.newer and newer}
