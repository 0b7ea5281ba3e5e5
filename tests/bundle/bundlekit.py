"""Tiny wheels, packs and bundles for the tests: real files, installed by the real pip, in a second."""

import ensurepip
import hashlib
import shutil
import sys
from pathlib import Path

from ragapp.bundle.machine import glibc_version, this_system
from ragapp.bundle.manifest import MANIFEST, Manifest, WheelEntry, entry_of
from ragapp.bundle.shipped import write_scripts
from ragapp.bundle.wheel_files import write_wheel
from ragapp.models.packs import Pack, PackFile

SYSTEM, MACHINE, PYTHON = this_system()
TARGET = f"{SYSTEM}-{MACHINE}-py{PYTHON.replace('.', '')}"
PIP = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
#: stands for ragapp where one is installed: its demo answers, or fails where the settings say so
DEMO = """
import os, sys
from pathlib import Path
settings = Path(os.environ["RAGAPP_SETTINGS"])
assert sys.argv[1:] == ["demo", "--offline"], sys.argv
assert not [name for name in os.environ if name.startswith("RAGAPP_PATHS")]
print("an answer [1]", settings.parent.name)
sys.exit("fails" in settings.read_text())
"""


def nothing(*arguments):
    """Takes notes and progress, and drops them."""


def make_wheel(folder, name="tiny", version="1.0", needs=(), content="", tag="py3-none-any", extra=None):
    """A wheel of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {one}\n" for one in needs)
    files = {f"{name}/__init__.py": content or f"version = {version!r}\n", f"{about}/METADATA": metadata}
    files |= {f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"}
    files |= extra or {}
    wheel = folder / f"{name}-{version}-{tag}.whl"
    write_wheel(wheel, {path: text.encode() for path, text in files.items()}, f"{about}/RECORD")
    return wheel


def make_pack(models_dir, name="tiny-model", content=b"weights" * 1000):
    """A language model's pack whose file is there."""
    models_dir.mkdir(parents=True, exist_ok=True)
    (models_dir / f"{name}.gguf").write_bytes(content)
    pin = PackFile(f"{name}.gguf", len(content), hashlib.sha256(content).hexdigest())
    return Pack(name, "llm", (pin,), "", "MIT", "")


def make_bundle(folder, version="0.2.0", tiny="1.0", settings="llm: {}\n", newer=False, **about):
    """A bundle that installs a tiny ragapp, which needs one other package."""
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    demo = {"ragapp/__main__.py": DEMO}
    made = [make_wheel(wheels, "ragapp", version, extra=demo), make_wheel(wheels, "tiny", tiny)]
    made.append(Path(shutil.copy(PIP, wheels)))
    manifest = Manifest(version, "2026-11-29T12:00:00+00:00", TARGET, SYSTEM, MACHINE, PYTHON, glibc=glibc_version())
    manifest.wheels = [WheelEntry(w.name.split("-")[0], w.name.split("-")[1], f"wheels/{w.name}") for w in made]
    if newer:
        other = make_wheel(folder / "wheels-newer", "tiny", tiny, content="version = 'newer'\n")
        manifest.wheels.append(WheelEntry("tiny", tiny, f"wheels-newer/{other.name}", newer=True))
    manifest.unpacked = 10_000_000
    make_pack(folder / "models")
    (folder / "settings.yaml").write_text(settings)
    write_scripts(folder, manifest)
    for key, value in about.items():
        setattr(manifest, key, value)
    return seal(folder, manifest)


def seal(folder, manifest):
    """Write a bundle's manifest of the files that are there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            manifest.files[path.relative_to(folder).as_posix()] = entry_of(path)
    (folder / MANIFEST).write_text(manifest.to_json())
    return manifest


def installed(folder, code):
    """What the installed Python prints."""
    import subprocess

    python = folder / "app" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    return subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()
