"""Which language model to propose for a machine and its person: by memory, language, and what can be reached."""

from __future__ import annotations

import locale
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ragapp.models.packs import PACKS, Pack
from ragapp.models.sources import ask_hub
from ragapp.models.staging import SourceFailed
from ragapp.settings import Settings


def propose(free: int, language: str, default: str, *, hub: bool = True, packs: Iterable[Pack] | None = None) -> Pack:
    """The pack that answers best of those that fit the memory and know the language.

    Args:
        free: bytes that the model may take.
        language: ISO 639-1.
        default: name of the pack that is proposed where none of them does: the smallest that knows the language else.
        hub: whether packs are to be had that are on the model hub alone.
    """
    known = [pack for pack in (PACKS.values() if packs is None else packs) if pack.llm and (hub or pack.wheels)]
    speaking = [pack for pack in known if pack.llm and language in pack.llm.languages.split()]
    fitting = [pack for pack in speaking if pack.llm and pack.llm.memory <= free]
    if not fitting:
        return PACKS[default]
    return max(fitting, key=lambda pack: (pack.llm.rank if pack.llm else 0, -pack.size))


def models_to_fetch(settings: Settings, missing: Iterable[str], language: str, free: int) -> dict[str, str]:
    """What to fetch where models of the settings are missing, with what will do where it is not to be had.

    In place of the default language model, which nobody chose, it is the one that suits the machine; see
    :func:`propose`. Models that are no packs cannot be fetched and are left out.
    """
    default = type(settings)().llm.model
    wanted: dict[str, str] = {}
    for name in missing:
        if name == default == settings.llm.model:
            proposed = propose(free, language, default, hub=settings.privacy.hub).name
            wanted[proposed] = "" if proposed == default else default
        elif name in PACKS:
            wanted[name] = ""
    return wanted


def on_hub(pack: Pack, hub_url: str) -> bool:
    """Whether the model hub can be reached from here and has the file of this pack."""
    try:
        with tempfile.TemporaryDirectory(prefix="ragapp-") as folder:
            names = [{"name": pin.name} for pin in pack.files]
            ask_hub(hub_url, pack.hub_repo, pack.revision, names, Path(folder) / "hub.log", lambda: None)
    except (SourceFailed, OSError):
        return False
    return True


def system_language() -> str:
    """The language that this system is set to, ISO 639-1; English where it is set to none."""
    names = (*map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")), locale.getlocale()[0])
    for name in filter(None, names):
        code = name.split("_")[0].split(".")[0].lower()
        if len(code) == 2 and code.isalpha():
            return code
    return "en"
