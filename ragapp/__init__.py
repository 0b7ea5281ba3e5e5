"""ragapp: a private document assistant that runs wholly on one machine.

import ragapp

with ragapp.open() as r:
    r.ingest("docs")
    print(r.ask("How many days of leave do I get?").answer)
"""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from pathlib import Path as _Path
    from typing import Any as _Any

    from ragapp.app import App as _App

__version__ = "0.2.0"

# a process that a guarded one has started is guarded before it imports anything else
if "_RAGAPP_GUARD" in _os.environ:
    from ragapp.guard import install as _install

    _install()


def open(settings: str | _Path | None = None, *, write: bool = True, **overrides: dict[str, _Any]) -> _App:
    """Open a store with its models; use it as a context manager.

    Nothing leaves the machine from then on, whatever library of the process tries to: see ``docs/privacy.md``.

    Args:
        settings: settings file; the ``settings.yaml`` of this folder or of the checkout when None.
        write: whether documents will be added or removed; one process at a time may.
        overrides: settings by section, ``paths={"data": "store"}``.

    Returns:
        The parts of ragapp: ``ingest``, ``ask``, ``search``, ``documents``, ``chat``.

    Raises:
        ragapp.errors.SettingsError: the settings cannot be read, or a value is wrong.
    """
    from pathlib import Path

    from ragapp.app import App
    from ragapp.privacy import apply_allow_list, protect
    from ragapp.settings import load_settings

    protect()
    loaded = load_settings(Path(settings) if settings is not None else None, overrides or None)
    apply_allow_list(loaded.privacy.allow, loaded.paths.data)
    return App(loaded, write=write)
