"""Small files with what their own program shows of them, and the check that ragapp reads just that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.registry import read_file

Wanted = str | re.Pattern[str]


@dataclass(frozen=True)
class Seen:
    """One file and what a person sees in it.

    Attributes:
        name: of the case, unique in its module.
        suffix: of the file, with its dot.
        build: writes the file at a path.
        sees: what the text holds: plain strings, or patterns.
        never: what it does not hold.
        headings: headings, of which each stands in the path of some block.
        warns: what the warnings hold; a file with no such entry may warn of nothing.
        source: where what a person sees is written (a clause of a standard), or where it was seen (a program).
    """

    name: str
    suffix: str
    build: Callable[[Path], Any]
    sees: tuple[Wanted, ...] = ()
    never: tuple[Wanted, ...] = ()
    headings: tuple[str, ...] = ()
    warns: tuple[Wanted, ...] = ()
    source: str = ""
    options: ReadOptions = DEFAULT_OPTIONS

    def read(self, folder: Path) -> Document:
        """The document that ragapp reads of the file, which is written into a folder."""
        path = folder / f"case{self.suffix}"
        self.build(path)
        return read_file(path, self.options)


def table(cases: Iterable[Seen]) -> pytest.MarkDecorator:
    """The cases as parameters ``case`` of a test."""
    listed = list(cases)
    names = [case.name for case in listed]
    assert len(names) == len(set(names)), "two cases of one name"
    return pytest.mark.parametrize("case", listed, ids=names)


def check(case: Seen, folder: Path) -> Document:
    """Read a case's file and hold it against what a person sees."""
    document = case.read(folder)
    text = "\n\n".join(unit.text for unit in document.units)
    told = "\n".join(document.warnings)
    paths = {heading for unit in document.units for block in unit.blocks for heading in block.headings}
    assert not [one for one in case.sees if not _holds(text, one)], text
    assert not [one for one in case.never if _holds(text, one)], text
    assert not set(case.headings) - paths, paths
    assert not [one for one in case.warns if not _holds(told, one)], told
    assert case.warns or not told, told
    return document


def _holds(text: str, wanted: Wanted) -> bool:
    return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None
