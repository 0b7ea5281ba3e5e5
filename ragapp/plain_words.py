"""What libraries and the system report, and how many there are of something, in words for a person."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping
from typing import Any

# the system's own words stand in for the numbers that are not here
_REASONS = {
    errno.ENOENT: "there is no such file or folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.EACCES: "your account may not do that (permission denied)",
    errno.EPERM: "your account may not do that (not permitted)",
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk can only be read",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EMFILE: "too many files are open",
    errno.EEXIST: "it is there already",
    errno.ENOTEMPTY: "the folder is not empty",
    errno.ELOOP: "its links lead in a circle",
    errno.EADDRINUSE: "the port is in use",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.ECONNREFUSED: "nothing answers there",
    errno.ECONNRESET: "the connection was cut",
    errno.ETIMEDOUT: "no answer came in time",
    errno.EIO: "the disk reports an error",
}
_IS_NEEDED = " is needed"
_NEEDED = {
    "int": "a whole number is needed",
    "float": "a number is needed",
    "bool": "true or false is needed",
    "string": "text is needed",
    "list": "a list is needed",
    "tuple": "a list is needed",
    "dict": "names with values are needed",
    "model": "names with values are needed",
    "path": "a path is needed",
}


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 passage``, ``1,200 passages``; ``many`` is the plural where it is not ``one`` + s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def any_of(names: Iterable[str]) -> str:
    """Alternatives as a person lists them: ``a``, ``a or b``, ``a, b or c``."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def reason_of(error: BaseException) -> str:
    """Why something failed: no error number, class or path, no capital at the beginning and no full stop at the end."""
    inner = getattr(error, "reason", None)
    if isinstance(inner, OSError):  # urllib puts the system's error into one of its own
        return reason_of(inner)
    if isinstance(error, UnicodeError):
        return "it is not text in UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON (line {error.lineno}, column {error.colno})"
    if isinstance(error, TimeoutError) and not error.errno:
        return "no answer came in time"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, OSError) and error.errno is not None:
        told = _REASONS.get(error.errno) or error.strerror or "the system refused it"
    elif isinstance(error, ValueError) and "null" in str(error) and ("byte" in str(error) or "character" in str(error)):
        told = "its name holds a NUL character"
    else:
        said = error.args[0] if isinstance(error, KeyError) and error.args else error  # a KeyError quotes its text
        told = next(iter(str(said).strip().splitlines()), "") or "no reason was given"
    told = told.rstrip(".")
    return told if told[:2].isupper() else told[:1].lower() + told[1:]


def need_of(problem: Mapping[str, Any]) -> str:
    """What a value must be that pydantic refused, by one entry of its ``errors()``: ``a whole number is needed``."""
    kind, limits = str(problem["type"]), problem.get("ctx") or {}
    if kind == "literal_error":
        return f"{limits['expected']} is needed"
    for limit, words in (("ge", "at least"), ("le", "at most"), ("gt", "more than"), ("lt", "less than")):
        if limit in limits:
            return f"it must be {words} {limits[limit]:g}"
    if kind in ("value_error", "assertion_error"):
        return reason_of(limits["error"]) if isinstance(limits.get("error"), BaseException) else "it is not right"
    if kind == "missing":
        return "it is missing"
    if kind == "extra_forbidden":
        return "there is no such name"
    if kind.startswith("json"):
        return "it is not valid JSON"
    if needed := _NEEDED.get(kind.partition("_")[0]):
        return needed
    told = str(problem["msg"]).rstrip(".")
    return told[:1].lower() + told[1:]


def needs_of(problems: Iterable[Mapping[str, Any]]) -> str:
    """The same for all that pydantic says of one value: where it may be of several kinds, one of them is needed."""
    words = list(dict.fromkeys(need_of(problem) for problem in problems))
    needed = [word for word in words if word.endswith(_IS_NEEDED)]
    others = [word for word in words if not word.endswith(_IS_NEEDED)]
    alternatives = any_of(word.removesuffix(_IS_NEEDED) for word in needed) if needed else ""
    if others:
        return ", or ".join([*others, alternatives] if alternatives else others)
    return f"{alternatives}{_IS_NEEDED}"
