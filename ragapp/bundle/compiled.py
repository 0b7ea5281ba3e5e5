"""llama-cpp-python, which is compiled: built so that it runs on machines that are older than the one it is built on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ragapp import guard
from ragapp.bundle.manifest import Progress
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.targets import Target
from ragapp.bundle.wheel_files import rewrite_wheel
from ragapp.errors import BundleError

#: packages that have no wheels of their own for most machines
BUILT = frozenset({"llama-cpp-python"})
# what every x86-64 processor since about 2013 (Intel) and 2015 (AMD) can do
_BASELINE = ("SSE42", "AVX", "F16C", "FMA", "BMI2", "AVX2")
# servers since 2019, AMD since Zen 4
_NEWER = (*_BASELINE, "AVX512", "AVX512_VBMI", "AVX512_VNNI")
# the same as Linux names it
_BASELINE_FLAGS = ("sse4_2", "avx", "f16c", "fma", "bmi2", "avx2")
_NEWER_FLAGS = (
    *_BASELINE_FLAGS,
    "avx512f",
    "avx512cd",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vbmi",
    "avx512_vnni",
)
# libraries of the compiler that a bare system lacks; libstdc++ and libgcc come with every one that has apt or dnf
_BROUGHT = ("libgomp.so.1",)
_LIBRARIES = "llama_cpp/lib"


@dataclass(frozen=True)
class Build:
    """One way to build it: what the processor can do, for CMake and as Linux names it."""

    options: tuple[str, ...]
    flags: tuple[str, ...]
    newer: bool = False

    @property
    def cmake_arguments(self) -> str:
        """Definitions for llama.cpp's build; the processor of the building machine does not count."""
        every = dict.fromkeys(_NEWER, "OFF") | dict.fromkeys(self.options, "ON") if self.options else {}
        return " ".join(["-DGGML_NATIVE=OFF", *(f"-DGGML_{name}={value}" for name, value in every.items())])


def builds_for(target: Target) -> list[Build]:
    """How it is built for a target; where Linux tells what a processor can do, the installer chooses one."""
    if target.machine != "x86_64":
        return [Build((), ())]
    plain = Build(_BASELINE, _BASELINE_FLAGS if target.system == "linux" else ())
    return [plain, Build(_NEWER, _NEWER_FLAGS, newer=True)] if target.system == "linux" else [plain]


def build_wheel(name: str, version: str, build: Build, pip: Pip, work: Path, progress: Progress) -> Path:
    """Build one wheel, which takes minutes; it lies in ``work`` then.

    Raises BundleError: there is no compiler, or the build failed.
    """
    folder = work / ("built-newer" if build.newer else "built")
    shutil.rmtree(folder, ignore_errors=True)
    what = f"Building {name} for {'newer processors' if build.newer else 'any processor'}, which takes minutes"
    arguments = ["wheel", "--no-deps", "--no-cache-dir", f"--no-binary={name}", f"--wheel-dir={folder}"]
    given = os.environ.get("CMAKE_ARGS", "")
    variables = {"CMAKE_ARGS": f"{given} {build.cmake_arguments}".strip()}
    wanted = f"{name}=={version}"
    # pip's cache does not know what a wheel was built with, and has one for this very processor
    reason = pip.run([*arguments, wanted], wanted, lambda count: progress(what, count, 0), variables)
    if reason:
        hint = "It needs a C++ compiler, as the README says; then run it again, and it goes on."
        raise BundleError(f"{name} could not be built: {reason}.", hint)
    (wheel,) = folder.glob("*.whl")
    if platform.system() == "Linux":
        bring_libraries(wheel, work)
    return wheel


def bring_libraries(wheel: Path, work: Path) -> None:
    """Put the compiler's libraries that a bare Linux lacks into a wheel, beside its own, which look there first."""
    probe = work / "libraries"
    shutil.rmtree(probe, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(f"{_LIBRARIES}/") and ".so" in name]
        archive.extractall(probe, names)
    found: dict[str, bytes] = {}
    for name in names:
        command = ["ldd", str(probe / name)]
        with guard.allow_program(command):
            told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        for library, path in re.findall(r"^\s*(\S+) => (/\S+)", told, re.MULTILINE):
            if library in _BROUGHT:
                found[f"{_LIBRARIES}/{library}"] = Path(path).read_bytes()
    shutil.rmtree(probe)
    if found:
        rewrite_wheel(wheel, found)
