"""A folder of everything that can be wrong with a file."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_docs"
_BOMB = "<!DOCTYPE b [<!ENTITY a0 'ha'>{}]><b>&a24;</b>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 25))
)
_ENTITY = '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>before &x; after</b>'


def nested_zip(depth: int) -> bytes:
    """A zip in a zip in a zip …"""
    data = b"innermost"
    for level in range(depth):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr(f"{level}.zip", data)
        data = buffer.getvalue()
    return data


def zip_of(parts: dict[str, bytes | str]) -> bytes:
    """A zip archive with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def pdf_of(pages: int, line: str = "Page {} of the long book.") -> bytes:
    """A PDF with a line a page."""
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    book = canvas.Canvas(buffer)
    for page in range(1, pages + 1):
        book.drawString(72, 700, line.format(page))
        book.showPage()
    book.save()
    return buffer.getvalue()


def locked_pdf(password: str) -> bytes:
    """A PDF that asks for a password."""
    import pypdf

    writer = pypdf.PdfWriter(io.BytesIO(pdf_of(1, "The secret is in the cellar.")))
    writer.encrypt(password, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _half(name: str) -> bytes:
    data = (SAMPLES / name).read_bytes()
    return data[: len(data) // 2]


def _xml_in_docx(document: str) -> bytes:
    original = zipfile.ZipFile(SAMPLES / "accord-teletravail-2024.docx")
    parts = {name: original.read(name) for name in original.namelist()}
    return zip_of({**parts, "word/document.xml": document})


def _bomb_in_docx() -> bytes:
    original = zipfile.ZipFile(SAMPLES / "accord-teletravail-2024.docx")
    parts = {name: original.read(name) for name in original.namelist()}
    return zip_of({**parts, "word/document.xml": b"<w:t>" + b" " * (200 << 20)})


def _pdf_without_xref() -> bytes:
    data = pdf_of(3)
    return data[: data.rindex(b"xref")] + b"startxref\n99999999\n%%EOF"


def _noise() -> bytes:
    return random.Random(1).randbytes(50_000)


# name -> (content, the statuses that are right for it, a word of the reason or of the text)
FILES: dict[str, tuple[bytes | Callable[[], bytes], str, str]] = {
    **{f"empty{suffix}": (b"", "failed", "empty") for suffix in (".pdf", ".docx", ".txt", ".png", ".xlsx", ".eml")},
    "truncated.pdf": (lambda: _half("travel-policy-2025.pdf"), "indexed failed", ""),
    "truncated.docx": (lambda: _half("accord-teletravail-2024.docx"), "failed", "truncated or damaged"),
    "truncated.xlsx": (lambda: _half("price-list-2025.xlsx"), "failed", "truncated or damaged"),
    "truncated.pptx": (lambda: _half("all-staff-meeting-2025-q1.pptx"), "failed", "truncated or damaged"),
    "truncated.png": (b"\x89PNG\r\n\x1a\n" + bytes(100), "failed", ""),
    "a pdf.docx": (lambda: pdf_of(1, "A PDF with a wrong name."), "indexed", "was read as"),
    "text.pdf": (b"Only text in here.", "indexed", "was read as"),
    "page.doc": (b"<html><body><h1>Saved as Word</h1><p>It is HTML.</p></body></html>", "indexed", "was read as"),
    "noise.pdf": (_noise, "failed", ""),
    "noise.txt": (_noise, "failed", "binary"),
    "noise.docx": (_noise, "failed", ""),
    "noise.jpg": (_noise, "failed", ""),
    "nested.zip": (lambda: nested_zip(200), "skipped", "archive"),
    "nested.docx": (lambda: nested_zip(200), "failed", "zip archive"),
    "bomb.xml": (_BOMB.encode(), "indexed failed", ""),
    "bomb inside.docx": (lambda: _xml_in_docx(_BOMB), "failed", "DOCTYPE"),
    "bomb of blanks.docx": (_bomb_in_docx, "failed", "bomb"),
    "entity.xml": (_ENTITY.encode(), "indexed failed", ""),
    "entity.docx": (lambda: _xml_in_docx(_ENTITY), "failed", "DOCTYPE"),
    "locked.pdf": (lambda: locked_pdf("unknown"), "failed", "password"),
    "locked but known.pdf": (lambda: locked_pdf("sesame"), "indexed", ""),
    "broken xref.pdf": (_pdf_without_xref, "indexed", ""),
    "thousand pages.pdf": (lambda: pdf_of(1000), "indexed", ""),
    "deep.json": (b"[" * 100_000 + b"]" * 100_000, "indexed failed", ""),
    "deep.html": (b"<div>" * 50_000 + b"bottom", "indexed failed", ""),
    "one line.txt": (b"x" * 3_000_000, "indexed", ""),
    "one word after another.txt": (b"word " * 60_000, "indexed", ""),
    "a name\nwith a line break.txt": (b"It has a strange name.", "indexed", ""),
    "\U0001f5c2 tab\there \x1b[31m.txt": (b"So has this.", "indexed", ""),
    "é" * 125 + ".txt": (b"Its name has 254 bytes.", "indexed", ""),
    "-rf.txt": (b"Its name looks like an option.", "indexed", ""),
    "'; DROP TABLE documents; --.txt": (b"Little Bobby.", "indexed", ""),
    "no suffix": (b"Read me?", "skipped", "no reader"),
}


def fill(folder: Path) -> dict[str, tuple[set[str], str]]:
    """Write them all, and what only a file system can hold.

    Returns:
        By path relative to the folder: the statuses that are right, and a word that its note must hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expected: dict[str, tuple[set[str], str]] = {}
    for name, (content, statuses, word) in FILES.items():
        (folder / name).write_bytes(content() if callable(content) else content)
        expected[name] = (set(statuses.split()), word)
    with (folder / "huge.txt").open("wb") as stream:
        stream.truncate(5 << 30)  # sparse: it takes no room
    expected["huge.txt"] = ({"failed"}, "max_file_mb")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.txt")
        expected["pipe.txt"] = ({"failed"}, "not a regular file")
        (folder / "self.txt").symlink_to("self.txt")
        expected["self.txt"] = ({"failed"}, "cannot be read")
        (folder / "nowhere.txt").symlink_to("missing.txt")
        expected["nowhere.txt"] = ({"failed"}, "cannot be read")
        (folder / "sub").mkdir()
        (folder / "sub" / "loop").symlink_to(folder)
        (folder / "sub" / "inner.txt").write_text("Below a loop.", encoding="utf-8")
        expected["sub/inner.txt"] = ({"indexed"}, "")
        raw = os.fsencode(folder) + b"/latin-\xe9.txt"
        try:
            with open(raw, "wb") as stream:
                stream.write(b"Its name is not UTF-8.")
            expected["latin-\\udce9.txt"] = ({"failed"}, "not valid UTF-8")
        except OSError:
            pass  # the file system refuses such names
    return expected
