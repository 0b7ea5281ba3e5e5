"""A small real file for every reader there is, for tests that damage them."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reading"))
from olekit import ole_file
from packagekit import write_epub, write_odf

sys.path.pop(0)
SAMPLES = Path(__file__).resolve().parents[2] / "sample_docs"
_CELLS = "".join(
    f"<table:table-row><table:table-cell><text:p>{name}</text:p></table:table-cell><table:table-cell "
    f'office:value-type="float" office:value="{n}"><text:p>{n}</text:p></table:table-cell></table:table-row>'
    for n, name in enumerate(("rent", "water", "power"), 1)
)
_PARAGRAPHS = "<text:h>Rules</text:h><text:p>No smoking in the cellar.</text:p><text:p>Doors close at six.</text:p>"
_SLIDE = f'<draw:page draw:name="one"><draw:frame><draw:text-box>{_PARAGRAPHS}</draw:text-box></draw:frame></draw:page>'
_PLAIN = {
    ".json": json.dumps({"rules": [{"no": 1, "text": "No smoking."}, {"no": 2, "text": "Doors close at six."}]}),
    ".jsonl": '{"no": 1, "text": "No smoking."}\n{"no": 2, "text": "Doors close at six."}\n',
    ".xml": "<?xml version='1.0'?><rules><rule no='1'>No smoking.</rule><rule no='2'>Doors close.</rule></rules>",
    ".ipynb": json.dumps(
        {
            "nbformat": 4,
            "metadata": {},
            "cells": [{"cell_type": "markdown", "source": ["# Rules"]}, {"cell_type": "code", "source": "1 + 1"}],
        }
    ),
    ".rtf": r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Rules\par No smoking in the cellar.\par\u233?t\'e9\par}",
    ".ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Rules\nDTSTART:20250415T133000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    ".vcf": "BEGIN:VCARD\nVERSION:3.0\nFN:Ann Rule\nTEL;TYPE=work:+33 1\nEND:VCARD\n",
    ".tsv": "name\tprice\nrent\t1\nwater\t2\n",
    ".mht": "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    "Content-Type: text/html\r\n\r\n<h1>Rules</h1><p>No smoking.</p>\r\n--x--\r\n",
}


@cache
def base_files() -> dict[str, bytes]:
    """Content by name; every reader reads at least one of them."""
    files = {path.name: path.read_bytes() for path in sorted(SAMPLES.iterdir()) if path.name != "questions.jsonl"}
    files |= {f"rules{suffix}": text.encode("latin-1") for suffix, text in _PLAIN.items()}
    with tempfile.TemporaryDirectory() as folder:
        made = [
            write_odf(Path(folder, "rules.odt"), f"<office:text>{_PARAGRAPHS}</office:text>"),
            write_odf(Path(folder, "rules.ods"), f'<table:table table:name="a">{_CELLS}</table:table>'),
            write_odf(Path(folder, "rules.odp"), _SLIDE),
            write_epub(Path(folder, "rules.epub"), {"a.xhtml": "<html><body><h1>Rules</h1><p>None.</p></body></html>"}),
        ]
        files |= {path.name: path.read_bytes() for path in made}
    files["rules.xls"] = _xls()
    # subject and body of a mail, as Outlook names these streams
    files["rules.msg"] = ole_file(
        {
            "__properties_version1.0": bytes(32),
            "__substg1.0_0037001F": "Rules".encode("utf-16-le"),
            "__substg1.0_1000001F": ("No smoking in the cellar. " * 20).encode("utf-16-le"),
        }
    )
    picture = Image.new("RGB", (300, 60), "white")
    ImageDraw.Draw(picture).text((10, 20), "No smoking", fill="black")
    for kind in ("png", "jpeg", "gif", "tiff", "bmp", "webp"):
        stream = io.BytesIO()
        picture.save(stream, kind.upper())
        files[f"rules.{kind}"] = stream.getvalue()
    return files


def _xls() -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("costs")
    for row, (name, price) in enumerate((("rent", 1), ("water", 2))):
        sheet.write(row, 0, name)
        sheet.write(row, 1, price)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
