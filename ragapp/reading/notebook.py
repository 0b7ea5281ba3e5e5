"""Jupyter notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.html.reader import add_html
from ragapp.reading.left_out import LeftOut
from ragapp.reading.markdown import add_markdown
from ragapp.reading.text import AGAIN, clean, decode, one_line, read_bytes

_LONGEST_OUTPUT = 10_000  # characters; a loop may have printed megabytes

# a progress bar goes back to the start of its line and is written over
_OVERWRITTEN = re.compile(r"^[^\r\n]*\r(?=[^\r\n])|(?<=\r)[^\r\n]*\r(?=[^\r\n])", re.MULTILINE)


def read_notebook(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read the texts, the code and the printed outputs of a notebook; a long one is cut into its sections."""
    text, notes = decode(read_bytes(path))
    try:
        book = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ReadingError(f"the notebook is truncated or damaged ({error})", AGAIN) from error
    cells = _cells(book)
    if cells is None:
        raise ReadingError("the file is JSON, but not a notebook", "Give it the suffix .json.")
    out, left_out = BlockBuilder(), LeftOut()
    cut = False
    for cell in cells:
        source = clean(_text(cell.get("source", cell.get("input"))))
        kind = cell.get("cell_type")
        if kind == "markdown":
            add_markdown(out, source, left_out)
        elif kind == "heading":  # notebooks before version 4
            out.heading(cell["level"] if isinstance(cell.get("level"), int) else 1, source)
        else:
            out.text(source)
            for output in _dicts(cell.get("outputs")):
                cut = _add_output(out, output, left_out) or cut
    if cut:
        notes.append(f"Outputs longer than {_LONGEST_OUTPUT:,} characters were cut.")
    metadata = book.get("metadata")
    title = metadata.get("title") if isinstance(metadata, dict) else None
    named = one_line(title) if isinstance(title, str) else ""
    return Document(named or out.title or path.stem, section_units(out), warnings=notes + left_out.warnings())


def _cells(book: Any) -> list[dict[str, Any]] | None:
    if not isinstance(book, dict):
        return None
    if isinstance(book.get("cells"), list):
        return _dicts(book["cells"])
    if isinstance(book.get("worksheets"), list):
        return [cell for sheet in _dicts(book["worksheets"]) for cell in _dicts(sheet.get("cells"))]
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Text that is stored as a string or as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _add_output(out: BlockBuilder, output: dict[str, Any], left_out: LeftOut) -> bool:
    """Add an output of a cell; whether it was cut."""
    data = output.get("data")
    if not isinstance(data, dict):
        data = output
    html = _text(data.get("text/html", data.get("html")))
    if "<table" in html and len(html) <= 20 * _LONGEST_OUTPUT:  # a data frame, whose plain text is no table
        add_html(out, html, left_out)
        return False
    if any(isinstance(kind, str) and kind.startswith("image/") for kind in data):
        left_out.add("picture", "pictures", hint="If there is text in them, save them as files of their own.")
    if markdown := _text(data.get("text/markdown"))[:_LONGEST_OUTPUT]:
        add_markdown(out, markdown, left_out)
        return False
    text = _text(data.get("text/plain", data.get("text", data.get("text/latex"))))
    if not text and (given := data.get("application/json")) is not None:
        text = json.dumps(given, ensure_ascii=False)
    if output.get("output_type") == "stream":
        text = _OVERWRITTEN.sub("", text)
    if output.get("output_type") in ("error", "pyerr"):
        text = f"{output.get('ename', '')}: {output.get('evalue', '')}"
    out.text(text[:_LONGEST_OUTPUT])
    return len(text) > _LONGEST_OUTPUT
