"""Who tried: the libraries on the stack."""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
_STDLIB = os.path.dirname(os.path.abspath(os.__file__))


def who() -> str:
    """The libraries on the stack, from the one that ragapp called to the one that tried."""
    chain: list[str] = []
    frame = sys._getframe(1)
    while frame:
        name = _library(frame.f_code.co_filename, frame.f_globals.get("__name__", ""))
        if name == "ragapp" and chain:
            break
        if name and name not in chain:
            chain.append(name)
        frame = frame.f_back
    return " > ".join(reversed(chain)) or "Python"


def _library(file: str, module: str) -> str:
    """Name of the package that a frame belongs to; empty for the standard library and the guard."""
    path = os.path.abspath(file)
    if os.path.dirname(path) == _HERE:
        return ""
    for mark in ("site-packages", "dist-packages"):
        _, found, after = path.replace("\\", "/").rpartition(f"/{mark}/")
        if found:
            return after.split("/")[0].removesuffix(".py")
    if path.startswith(_STDLIB + os.sep) or file.startswith("<frozen"):
        return ""
    return os.path.basename(path) if module in ("__main__", "__mp_main__") else module.split(".")[0]
