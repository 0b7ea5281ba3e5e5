from __future__ import annotations

import datetime
import zipfile

import pytest

from ragapp.reading.document import DEFAULT_OPTIONS
from ragapp.reading.properties import Properties, author_of, day_of, read_properties
from ragapp.reading.registry import read_file


@pytest.mark.parametrize(
    ("stamp", "day"),
    [
        ("D:20240131120000+01'00'", "2024-01-31"),
        ("2024-01-31T10:00:00Z", "2024-01-31"),
        ("2024:01:31 10:00:00", "2024-01-31"),
        ("2024-01-31", "2024-01-31"),
        ("20240131", "2024-01-31"),
        ("2013-12-23T23:15:00Z", ""),
        ("D:00000000", ""),
        ("D:20000101000000+00'00'", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_stamps_of_file_formats(stamp, day):
    assert day_of(stamp) == day
    assert day_of(stamp, "1999-12-31") == (day or "1999-12-31")


def test_programs_are_no_authors():
    assert author_of("python-docx", " Anna\n Bell ") == "Anna Bell"
    assert author_of("Unknown", "") == ""


def _word(path):
    from docx import Document

    file = Document()
    file.add_paragraph("Leave is 25 days.")
    file.core_properties.author = "Anna Bell"
    file.core_properties.created = datetime.datetime(2024, 1, 31, 10)
    file.save(path)


def _excel(path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Leave", 25])
    book.properties.creator = "Anna Bell"
    book.properties.created = datetime.datetime(2024, 1, 31, 10)
    book.save(path)


def _pdf(path):
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Author": "Anna Bell", "/CreationDate": "D:20240131100000Z"})
    writer.write(path)


def _page(path):
    path.write_text(
        '<html><head><meta name="author" content="Anna Bell"><meta name="date" content="2024-01-31"></head>'
        "<body><p>Leave is 25 days.</p></body></html>"
    )


def _open_document(path):
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr(
            "meta.xml",
            '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
            ' xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta>'
            "<meta:initial-creator>Anna Bell</meta:initial-creator>"
            "<meta:creation-date>2024-01-31T10:00:00</meta:creation-date></office:meta></office:document-meta>",
        )


@pytest.mark.parametrize(
    ("suffix", "make"),
    [(".docx", _word), (".xlsx", _excel), (".pdf", _pdf), (".html", _page), (".odt", _open_document)],
)
def test_properties_of_a_format(tmp_path, suffix, make):
    path = tmp_path / f"file{suffix}"
    make(path)
    assert read_properties(path, suffix, DEFAULT_OPTIONS) == Properties("Anna Bell", "2024-01-31")


def test_a_reading_has_them(tmp_path):
    _word(tmp_path / "a.docx")
    document = read_file(tmp_path / "a.docx")
    assert (document.author, document.day) == ("Anna Bell", "2024-01-31")


@pytest.mark.parametrize("suffix", [".docx", ".pdf", ".xls", ".html", ".jpg", ".epub", ".txt", ".eml"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no package", b"%PDF-1.7 no pdf", b"\xd0\xcf\x11\xe0" * 100])
def test_damaged_properties_are_none(tmp_path, suffix, content):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    assert read_properties(path, suffix, DEFAULT_OPTIONS) == Properties()
