"""Where each setting's value comes from, for people to see."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragapp.settings import ENV_PREFIX, Settings, find_settings_file

SettingSource = Literal["default", "file", "profile", "environment", "command"]
# never shown
_SECRET = ("password", "passwords", "chroma_headers")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A setting.

    Attributes:
        key: section and name, ``llm.model``.
        value: in force, as text.
        source: what decides it.
        origin: the file's or the variable's name; empty for a default.
    """

    key: str
    value: str
    source: SettingSource
    origin: str = ""


def setting_rows(settings: Settings, explicit: Path | None = None) -> dict[str, list[SettingRow]]:
    """Every setting in force with where it comes from, by section.

    Args:
        settings: in force.
        explicit: the settings file of the command line; see :func:`ragapp.settings.find_settings_file`.
    """
    file = find_settings_file(explicit)
    profile = os.environ.get("RAGAPP_PROFILE")
    layers: list[tuple[SettingSource, str, dict]] = []
    if file and profile:
        above = file.parent / f"settings-{profile}.yaml"
        layers.append(("profile", above.name, _values(above)))
    if file:
        layers.append(("file", file.name, _values(file)))
    variables = {name.upper(): name for name in os.environ}
    rows: dict[str, list[SettingRow]] = {}
    for section in type(settings).model_fields:
        values = getattr(settings, section)
        for key, info in type(values).model_fields.items():
            value = getattr(values, key)
            shown = "•••" if key in _SECRET and value else _shown(value)
            rows.setdefault(section, []).append(
                SettingRow(f"{section}.{key}", shown, *_source(section, key, value, info, layers, variables))
            )
    return rows


def decided_elsewhere(section: str, key: str) -> str:
    """The environment variable that decides a setting, so that the file can't change it; empty when there is none."""
    name = f"{ENV_PREFIX}{section}__{key}".upper()
    return next((variable for variable in os.environ if variable.upper() == name), "")


def _source(section, key, value, info, layers, variables) -> tuple[SettingSource, str]:
    variable = f"{ENV_PREFIX}{section}__{key}".upper()
    if variable in variables:
        return "environment", variables[variable]
    for kind, name, values in layers:
        part = values.get(section)
        if isinstance(part, dict) and key in part:
            # another value than the file's can only be an option's; paths are made absolute
            same = section == "paths" or part[key] == value
            return (kind, name) if same else ("command", "")
    default = info.get_default(call_default_factory=True)
    return ("default", "") if section == "paths" or default == value else ("command", "")


def _values(file: Path) -> dict[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
