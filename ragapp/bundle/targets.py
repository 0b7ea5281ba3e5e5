"""The machine that a bundle is for: as a person names it, as pip and markers of requirements name it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ragapp.bundle.machine import this_system
from ragapp.errors import UsageError

_NAME = re.compile(r"(linux|macos|windows)-(x86_64|amd64|arm64|aarch64)(?:-py3\.?(\d+))?", re.IGNORECASE)
_SAME = {"amd64": "x86_64", "aarch64": "arm64"}
# the newest glibc that ready-made wheels may ask for: that of Debian 12
_GLIBC = 36
_MACOS = (14, 0)
_LEGACY = re.compile(r"manylinux(1|2010|2014)_")
_LEGACY_GLIBC = {"1": 5, "2010": 12, "2014": 17}


@dataclass(frozen=True)
class Target:
    """An operating system (``linux``, ``macos``, ``windows``), a processor family and a Python (``3.11``)."""

    system: str
    machine: str
    python: str

    @property
    def name(self) -> str:
        """As ``--for`` takes it: ``linux-x86_64-py311``."""
        return f"{self.system}-{self.machine}-py{self.python.replace('.', '')}"

    @property
    def is_here(self) -> bool:
        """Whether it is a machine like this one, with this Python."""
        return (self.system, self.machine, self.python) == this_system()

    def pip_arguments(self) -> list[str]:
        """What has pip fetch wheels for it, in place of those for this machine."""
        arguments = ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}"]
        return arguments + [f"--platform={tag}" for tag in self._platforms()]

    def _platforms(self) -> list[str]:
        if self.system == "windows":
            return ["win_amd64" if self.machine == "x86_64" else "win_arm64"]
        if self.system == "macos":
            from packaging.tags import mac_platforms

            return list(mac_platforms(_MACOS, self.machine))
        machine = self._machine_name()
        tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
        return [*tags, *(f"manylinux{old}_{machine}" for old in ("2014", "2010", "1"))]

    def _machine_name(self) -> str:
        """The processor as ``platform.machine()`` tells it there."""
        names = {("linux", "arm64"): "aarch64", ("windows", "x86_64"): "AMD64", ("windows", "arm64"): "ARM64"}
        return names.get((self.system, self.machine), self.machine)

    def marker_environment(self) -> dict[str, str]:
        """The values of environment markers there (PEP 508)."""
        from packaging.markers import default_environment

        environment: dict[str, str] = {key: str(value) for key, value in default_environment().items()}
        if self.is_here:
            return environment
        system = {"linux": "Linux", "macos": "Darwin", "windows": "Windows"}[self.system]
        return environment | {
            "implementation_name": "cpython",
            "os_name": "nt" if self.system == "windows" else "posix",
            "platform_machine": self._machine_name(),
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": f"{self.python}.9",
            "implementation_version": f"{self.python}.9",
            "python_version": self.python,
            "sys_platform": {"linux": "linux", "macos": "darwin", "windows": "win32"}[self.system],
        }


def target_named(name: str | None) -> Target:
    """The target of a name such as ``linux-x86_64-py311``; this machine for None, this Python where none is named.

    Raises UsageError: it names none.
    """
    system, machine, python = this_system()
    if name is None:
        return Target(system, machine, python)
    match = _NAME.fullmatch(name)
    if not match:
        told = f"`{name}` names no machine."
        raise UsageError(
            told, "Write SYSTEM-PROCESSOR-pyVERSION, as in linux-x86_64-py311, macos-arm64 or windows-x86_64."
        )
    machine = match[2].lower()
    return Target(match[1].lower(), _SAME.get(machine, machine), f"3.{match[3]}" if match[3] else python)


def least_glibc(platforms: Iterable[str]) -> int:
    """The minor version of the glibc 2 that a wheel with these platform tags asks for; 0 where it asks for none."""
    needs = []
    for tag in platforms:
        if match := re.match(r"manylinux_2_(\d+)_", tag):
            needs.append(int(match[1]))
        elif match := _LEGACY.match(tag):
            needs.append(_LEGACY_GLIBC[match[1]])
        else:
            return 0
    return min(needs, default=0)
