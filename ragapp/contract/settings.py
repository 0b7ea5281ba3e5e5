"""Settings and where their values come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

SettingSource = Literal["default", "file", "local", "profile", "environment", "command"]


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """A setting.

    Attributes:
        key: section and name, ``llm.model``.
        value: in force; passwords are not told.
        source: what decides it: ``local`` is the person's own file, ``file`` the shipped one or one that was named.
        file: that decides it; empty where none does.
        line: in that file, counted from 1; 0 where it is not known.
        variable: of the environment that decides it; empty where none does.
        default: what holds where nothing says otherwise.
        pending: whether a file says another value since the page was started, which holds from its next start on.
    """

    key: str
    value: Any = None
    source: SettingSource = "default"
    file: str = ""
    line: int = 0
    variable: str = ""
    default: Any = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class SettingList:
    """All settings.

    Attributes:
        file: the shipped settings file, or the one that was named; empty where there is none.
        local: the person's own file, which the page and ``ragapp settings set`` write; it need not be there.
    """

    file: str = ""
    local: str = ""
    settings: tuple[SettingInfo, ...] = ()
