"""XLS workbooks for tests: cells by xlwt, and records that it does not write."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import xlwt


def xls(*steps: Callable[[Any, Any], Any], records: bytes = b"", name: str = "Data") -> Callable[[Path], None]:
    """Builds a workbook of one sheet: each step gets the book and the sheet; ``records`` go before its end."""

    def build(path: Path) -> None:
        book = xlwt.Workbook()
        sheet = book.add_sheet(name, cell_overwrite_ok=True)
        for step in steps:
            step(book, sheet)
        if records:
            written = sheet.get_biff_data
            sheet.get_biff_data = lambda: written()[:-4] + records + b"\x0a\x00\x00\x00"
        book.save(str(path))

    return build


def rows(*values: Iterable[Any]) -> Callable[[Any, Any], None]:
    """A step that writes rows from the first on; a pair is a value and its style, None is left blank."""

    def step(_: Any, sheet: Any) -> None:
        for row, cells in enumerate(values):
            for column, cell in enumerate(cells):
                if isinstance(cell, tuple):
                    sheet.write(row, column, cell[0], xlwt.easyxf(*cell[1:]))
                elif cell is not None:
                    sheet.write(row, column, cell)

    return step


def shape(value: Any, code: str) -> tuple[Any, str, str]:
    """A cell with a number format."""
    return value, "", code


def record(kind: int, data: bytes) -> bytes:
    """One record (MS-XLS, 2.1.4)."""
    return struct.pack("<HH", kind, len(data)) + data


def drawn(kind: int, text: str = "", number: int = 1, more: bytes = b"") -> bytes:
    """An object with its text: ``kind`` as in 2.5.143, ``more`` other parts of its record."""
    common = struct.pack("<HHHHH12x", 0x15, 0x12, kind, number, 0x6011)
    written = record(0x5D, common + more + struct.pack("<HH", 0, 0))
    if text:
        written += record(0x1B6, struct.pack("<HH6xHHH", 0x212, 0, len(text), 16, 0))
        written += record(0x3C, b"\x01" + text.encode("utf-16-le"))
        written += record(0x3C, struct.pack("<HH4xHH4x", 0, 0, len(text), 0))
    return written


def ticked(state: int) -> bytes:
    """The part of an object's record that says whether it is ticked (FtCblsData)."""
    return struct.pack("<HHHHHH", 0x12, 8, state, 0, 0, 2)


def note(row: int, column: int, text: str, number: int = 1) -> bytes:
    """A note at a cell."""
    written = struct.pack("<HHHH", row, column, 0, number) + struct.pack("<HB", 1, 0) + b"A\x00"
    return drawn(0x19, text, number) + record(0x1C, written)


def chart(title: str, series: str, points: Iterable[tuple[str, float]]) -> bytes:
    """A chart in a sheet, with a title, one series and its kept values."""

    def text(words: str) -> bytes:
        return record(0x100D, struct.pack("<HBB", 0, len(words), 1) + words.encode("utf-16-le"))

    listed = list(points)
    inner = [record(0x809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0))]
    if series:
        inner += [record(0x1003, bytes(12)), record(0x1051, bytes(8)), text(series)]
    if title:
        inner += [record(0x1025, bytes(32)), record(0x1051, bytes(8)), text(title)]
    if listed:
        inner.append(record(0x1065, struct.pack("<H", 1)))
        inner += [record(0x203, struct.pack("<HHHd", at, 0, 0, value)) for at, (_, value) in enumerate(listed)]
        inner.append(record(0x1065, struct.pack("<H", 2)))
        for at, (name, _) in enumerate(listed):
            inner.append(record(0x204, struct.pack("<HHHHB", at, 0, 0, len(name), 0) + name.encode("latin-1")))
    return drawn(0x05) + b"".join([*inner, record(0x0A, b"")])


def link(row: int, column: int, address: str) -> bytes:
    """A hyperlink (2.4.140) over one cell."""
    standard = bytes.fromhex("d0c9ea79f9bace118c8200aa004ba90b")
    moniker = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")
    target = (address + "\0").encode("utf-16-le")
    front = struct.pack("<HHHH", row, row, column, column) + standard + struct.pack("<II", 2, 3)
    return record(0x1B8, front + moniker + struct.pack("<I", len(target)) + target)
