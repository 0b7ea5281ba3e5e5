"""Wheels as files: written anew with more in them, or made of an installed package."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from ragapp.errors import BundleError

# what an installer adds
_INSTALLERS = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")
# the same files give the same wheel
_DATE = (2020, 2, 2, 0, 0, 0)


def rewrite_wheel(wheel: Path, added: Mapping[str, bytes]) -> None:
    """Add files to a wheel, by their paths in it, and to its RECORD."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    del files[record]
    write_wheel(wheel, files | dict(added), record)


def write_wheel(wheel: Path, files: Mapping[str, bytes], record: str) -> None:
    """Write a wheel of some files, with the list of them that belongs into it (binary distribution format)."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    partial = wheel.with_name(f"{wheel.name}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            writer.writerow([name, f"sha256={digest}", len(content)])
            archive.writestr(_entry(name), content)
        writer.writerow([record, "", ""])
        archive.writestr(_entry(record), rows.getvalue())
    os.replace(partial, wheel)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def wheel_of_installed(name: str, folder: Path) -> Path:
    """Make a wheel of a package of pure Python that is installed here.  Raises BundleError: a file of it is missing."""
    distribution = metadata.distribution(name)
    about = distribution.read_text("WHEEL") or ""
    tags = [line.removeprefix("Tag: ") for line in about.splitlines() if line.startswith("Tag: ")]
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        own = file.parts[0] != ".." and file.suffix != ".pyc"
        if not own or (file.parts[0].endswith(".dist-info") and file.name in _INSTALLERS):
            continue
        try:
            files[file.as_posix()] = Path(str(file.locate())).read_bytes()
        except OSError:
            raise BundleError(f"{file} of {name} is missing.", "Install ragapp again.") from None
    if not files or len(tags) != 1:
        raise BundleError(f"{name} is not installed from a wheel.", "Make the bundle from a clone of it.")
    inside = next(path.split("/")[0] for path in files if path.split("/")[0].endswith(".dist-info"))
    wheel = folder / f"{inside.removesuffix('.dist-info')}-{tags[0]}.whl"
    write_wheel(wheel, files, f"{inside}/RECORD")
    return wheel
