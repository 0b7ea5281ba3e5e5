"""Where the value of each setting comes from: default, file, profile, environment or command line."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragapp.errors import SettingsError
from ragapp.settings import ENV_PREFIX, SECRETS, Settings, find_settings_file, read_yaml

SettingSource = Literal["default", "file", "profile", "environment", "command"]
# kind and name of a file, and its values by section
_Layer = tuple[SettingSource, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting."""

    key: str  # section and name, ``llm.model``
    value: str  # in force, as text
    source: SettingSource  # what decides it
    origin: str = ""  # the file's or the variable's name; empty for a default


def setting_rows(settings: Settings, explicit: Path | None = None) -> dict[str, list[SettingRow]]:
    """Every setting in force with where it comes from, by section; ``explicit`` is the file of the command line."""
    file = find_settings_file(explicit)
    profile = os.environ.get("RAGAPP_PROFILE")
    layers: list[_Layer] = []
    if file and profile:
        above = file.parent / f"settings-{profile}.yaml"
        layers.append(("profile", above.name, _values(above)))
    if file:
        layers.append(("file", file.name, _values(file)))
    rows: dict[str, list[SettingRow]] = {}
    for section in type(settings).model_fields:
        values = getattr(settings, section)
        for key, info in type(values).model_fields.items():
            value, default = getattr(values, key), info.get_default(call_default_factory=True)
            shown = "•••" if key in SECRETS and value else _shown(value)
            source, origin = _source(section, key, value, default, layers)
            rows.setdefault(section, []).append(SettingRow(f"{section}.{key}", shown, source, origin))
    return rows


def decided_elsewhere(section: str, key: str) -> str:
    """The environment variable that decides a setting, so that the file can't change it; empty when there is none."""
    name = f"{ENV_PREFIX}{section}__{key}".upper()
    return next((variable for variable in os.environ if variable.upper() == name), "")


def _source(section: str, key: str, value: Any, default: Any, layers: list[_Layer]) -> tuple[SettingSource, str]:
    if variable := decided_elsewhere(section, key):
        return "environment", variable
    # paths are made absolute, so they equal neither the file's nor the default
    same = section == "paths"
    for kind, name, values in layers:
        part = values.get(section)
        if isinstance(part, dict) and key in part:
            # another value than the file's can only be an option's
            return (kind, name) if same or part[key] == value else ("command", "")
    return ("default", "") if same or default == value else ("command", "")


def _values(file: Path) -> dict[str, Any]:
    with suppress(SettingsError):
        return read_yaml(file)
    return {}


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
