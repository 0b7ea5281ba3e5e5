"""What ragapp carries beside its code: settings, exact versions, its own wheel, the scripts that install."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import ragapp
from ragapp.bundle.manifest import Manifest
from ragapp.bundle.pip_runs import Pip
from ragapp.bundle.wheel_files import wheel_of_installed
from ragapp.errors import BundleError

_PACKAGE = Path(ragapp.__file__).resolve().parent
#: where the modules that install lie in a bundle
SETUP = "setup"
# what install.py needs of ragapp: the standard library alone
_INSTALLING = (
    *("errors.py", "plain_words.py", "disk_usage.py"),
    *(f"bundle/{name}.py" for name in ("__init__", "manifest", "machine", "installer", "script")),
)
_PY = """\
# Installs ragapp from this folder, without network: python3 install.py FOLDER
import sys

if "{{}}.{{}}".format(*sys.version_info[:2]) != "{python}":
    sys.exit(
        "ragapp: This bundle is for Python {python}; this is Python {{}}.{{}}."
        " Start it with the other one: python{python} install.py FOLDER".format(*sys.version_info[:2])
    )
import os

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "{setup}"))

try:
    from ragapp.bundle.script import main
except ImportError as error:
    sys.exit("ragapp: This Python is not complete ({{}}). On Debian and Ubuntu: apt install python3".format(error))

sys.exit(main(os.path.dirname(os.path.abspath(__file__))))
"""
_SH = """\
#!/bin/sh
# Installs ragapp from this folder, without network: sh install.sh FOLDER
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for python in python{python} python3 python; do
    if "$python" -c 'import sys; sys.exit("{{}}.{{}}".format(*sys.version_info[:2]) != "{python}")' 2>/dev/null; then
        exec "$python" "$here/install.py" "$@"
    fi
done
echo "ragapp: Python {python} is needed, and was not found. Install it with your system's own packages." >&2
exit 1
"""
_PS1 = """\
# Installs ragapp from this folder, without network: powershell -ExecutionPolicy Bypass -File install.ps1 FOLDER
$script = Join-Path $PSScriptRoot "install.py"
if (Get-Command py -ErrorAction SilentlyContinue) { & py "-PYTHON" $script @args } else { & python $script @args }
exit $LASTEXITCODE
"""


def checkout() -> Path | None:
    """The clone that ragapp runs from; None where it is installed."""
    folder = _PACKAGE.parent
    return folder if (folder / "pyproject.toml").is_file() and (folder / "constraints.txt").is_file() else None


def shipped_text(name: str) -> str:
    """The text of ``settings.yaml`` or ``constraints.txt`` as this ragapp came with it."""
    folder = checkout() or _PACKAGE / "shipped"
    try:
        return (folder / name).read_text("utf-8")
    except OSError:
        raise BundleError(f"{folder / name} is missing.", "Install ragapp again.") from None


def pinned_versions() -> dict[str, str]:
    """Versions by package that ragapp is tested with, as indexes compare names."""
    from packaging.utils import canonicalize_name

    lines = (line.split("#")[0].strip() for line in shipped_text("constraints.txt").splitlines())
    pins = (line.split("==") for line in lines if line)
    return {canonicalize_name(name): version for name, version in pins}


def own_wheel(pip: Pip, work: Path) -> Path:
    """A wheel of the ragapp that runs here, in ``work``.

    Raises BundleError: it cannot be built.
    """
    folder = work / "own"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = checkout()
    if source is None:
        try:
            return wheel_of_installed("ragapp", folder)
        except metadata.PackageNotFoundError:
            raise BundleError("ragapp is not installed from a wheel.", "Make the bundle from a clone of it.") from None
    arguments = ["wheel", "--no-deps", f"--wheel-dir={folder}", str(source)]
    if reason := pip.run(arguments, "ragapp", lambda count: None):
        raise BundleError(
            f"ragapp's own wheel could not be built: {reason}.", "Run it again when that is mended; it goes on."
        )
    (wheel,) = folder.glob("*.whl")
    return wheel


def write_scripts(out: Path, manifest: Manifest) -> list[str]:
    """Write what installs a bundle into it; the paths there."""
    texts = {"install.py": _PY.format(python=manifest.python, setup=SETUP)}
    texts["install.sh"] = _SH.format(python=manifest.python)
    texts["install.ps1"] = _PS1.replace("PYTHON", manifest.python)
    texts[f"{SETUP}/ragapp/__init__.py"] = f'__version__ = "{manifest.ragapp}"\n'
    texts |= {f"{SETUP}/ragapp/{name}": (_PACKAGE / name).read_text("utf-8") for name in _INSTALLING}
    for name, text in texts.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return list(texts)
