"""Where the value of each setting comes from: default, file and line, environment or command line."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from ragapp.contract import SettingInfo
from ragapp.errors import SettingsError
from ragapp.settings import ENV_PREFIX, SECRETS, SettingLayer, Settings, setting_layers
from ragapp.settings_file import key_lines

HIDDEN = "•••"


def setting_rows(
    settings: Settings, explicit: Path | None = None, overridden: Collection[str] | None = None
) -> dict[str, list[SettingInfo]]:
    """Every setting in force with where it comes from, by section.

    A value that the shipped file gives and that is the default all the same counts as the default.

    Args:
        explicit: the settings file of the command line.
        overridden: keys that the command line decided when the settings were loaded; another value than the files'
            then means that a file was changed since. None: it can only be the command line's.
    """
    layers = _layers(explicit)
    lines = {layer.file: _lines(layer) for layer in layers}
    rows: dict[str, list[SettingInfo]] = {}
    for section in type(settings).model_fields:
        values = getattr(settings, section)
        shown, defaults = values.model_dump(mode="json"), type(values)().model_dump(mode="json")
        for key in type(values).model_fields:
            name = f"{section}.{key}"
            source, pending = _source(section, key, values, layers)
            if pending and (overridden is None or name in overridden):
                source, pending = "command", False
            told: dict[str, Any] = {"default": defaults[key], "pending": pending}
            if isinstance(source, SettingLayer):
                line = lines[source.file].get((section, key), 0)
                told |= {"source": source.kind, "file": str(source.file), "line": line}
            elif source == "command":
                told["source"] = source
            elif source:
                told |= {"source": "environment", "variable": source}
            value = HIDDEN if key in SECRETS and shown[key] else shown[key]
            rows.setdefault(section, []).append(SettingInfo(name, value, **told))
    return rows


def overridden_settings(settings: Settings, explicit: Path | None = None) -> frozenset[str]:
    """The keys that options of the command line decide, while the files are still those that the settings came from."""
    rows = setting_rows(settings, explicit)
    return frozenset(row.key for part in rows.values() for row in part if row.source == "command")


def decided_elsewhere(section: str, key: str, explicit: Path | None = None) -> str:
    """What decides a setting so that the person's own file can't change it: an environment variable, or the profile's
    file; empty where nothing does."""
    if variable := _variable(section, key):
        return variable
    above = [layer for layer in _layers(explicit) if layer.kind == "profile"]
    return next((str(layer.file) for layer in above if key in layer.values.get(section, {})), "")


def _source(section: str, key: str, values: Any, layers: list[SettingLayer]) -> tuple[SettingLayer | str, bool]:
    """What decides a setting: a file, the name of a variable, or nothing; and whether it says another value than what
    is in force."""
    value, default = getattr(values, key), getattr(type(values)(), key)
    if variable := _variable(section, key):
        return variable, False
    # paths are made absolute, so they equal neither the file's nor the default
    same = section == "paths" or isinstance(value, Path)
    for layer in reversed(layers):
        part = layer.values.get(section, {})
        if key in part:
            stated = _as_read(type(values), key, part[key])
            source: SettingLayer | str = "" if layer.kind == "file" and stated == default else layer
            return source, not same and stated != value
    return "", not same and default != value


def _variable(section: str, key: str) -> str:
    name = f"{ENV_PREFIX}{section}__{key}".upper()
    return next((variable for variable in os.environ if variable.upper() == name), "")


def _as_read(model: Any, key: str, value: Any) -> Any:
    with suppress(ValueError):
        return getattr(model.model_validate({key: value}), key)
    return value


def _layers(explicit: Path | None) -> list[SettingLayer]:
    with suppress(SettingsError):
        return setting_layers(explicit)
    return []


def _lines(layer: SettingLayer) -> dict[tuple[str, str], int]:
    with suppress(OSError, UnicodeDecodeError):
        return key_lines(layer.file.read_text(encoding="utf-8"))
    return {}
