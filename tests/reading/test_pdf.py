from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.pdf import read_pdf
from ragapp.reading.registry import read_file


def _canvas(path: Path, **options) -> Canvas:
    return Canvas(str(path), pagesize=A4, invariant=1, **options)


def _write(canvas: Canvas, lines: list[str]) -> None:
    for row, line in enumerate(lines):
        canvas.drawString(72, 780 - 16 * row, line)
    canvas.showPage()


def _pdf(path: Path, pages: list[list[str]]) -> Document:
    canvas = _canvas(path)
    for lines in pages:
        _write(canvas, lines)
    canvas.save()
    return read_pdf(path)


def test_a_page_is_a_unit_and_the_title_is_the_documents_own(tmp_path: Path) -> None:
    canvas = _canvas(tmp_path / "file.pdf")
    canvas.setTitle("Travel Policy é 2025")
    _write(canvas, ["Mileage is 0.45 per mile."])
    _write(canvas, ["Hotels cost 120 a night."])
    canvas.save()
    document = read_pdf(tmp_path / "file.pdf")
    assert document.title == "Travel Policy é 2025"
    assert [(unit.number, unit.kind, unit.label, unit.text) for unit in document.units] == [
        (1, "page", "", "Mileage is 0.45 per mile."),
        (2, "page", "", "Hotels cost 120 a night."),
    ]
    assert document.warnings == []


def test_without_a_title_the_stem_stands_in(tmp_path: Path) -> None:
    canvas = _canvas(tmp_path / "my-report.pdf")
    canvas.setTitle("")
    _write(canvas, ["Text."])
    canvas.save()
    assert read_pdf(tmp_path / "my-report.pdf").title == "my-report"


def test_the_outline_becomes_headings(tmp_path: Path) -> None:
    canvas = _canvas(tmp_path / "outline.pdf")
    pages = [
        (["Preface words.", "Part One", "Intro words.", "1.1 Travel", "Trains come first."], ["Part One", "Travel"]),
        (["Still about trains.", "Meals", "Lunch is 20 euros."], ["Meals"]),
        (["Still about lunch."], []),
        (["PART TWO", "Closing words."], ["Part Two"]),
    ]
    levels = {"Part One": 0, "Travel": 1, "Meals": 1, "Part Two": 0}
    for lines, entries in pages:
        for entry in entries:
            canvas.bookmarkPage(entry)
            canvas.addOutlineEntry(entry, entry, levels[entry])
        _write(canvas, lines)
    canvas.save()
    document = read_pdf(tmp_path / "outline.pdf")
    found = [(unit.number, block.headings, block.text.split("\n")) for unit in document.units for block in unit.blocks]
    assert found == [
        (1, (), ["Preface words."]),
        (1, ("Part One",), ["Part One", "Intro words."]),
        (1, ("Part One", "Travel"), ["1.1 Travel", "Trains come first."]),
        (2, ("Part One", "Travel"), ["Still about trains."]),
        (2, ("Part One", "Meals"), ["Meals", "Lunch is 20 euros."]),
        (3, ("Part One", "Meals"), ["Still about lunch."]),
        (4, ("Part Two",), ["PART TWO", "Closing words."]),
    ]


def test_printed_labels_are_kept_where_they_differ(tmp_path: Path) -> None:
    canvas = _canvas(tmp_path / "labels.pdf")
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
    canvas.addPageLabel(2, style="ARABIC", start=1)
    canvas.addPageLabel(3, style="ARABIC", start=3, prefix="A-")
    canvas.addPageLabel(4, style="ARABIC", start=5)
    for word in ("one", "two", "three", "four", "five"):
        _write(canvas, [word])
    canvas.save()
    labels = [(unit.number, unit.label) for unit in read_pdf(tmp_path / "labels.pdf").units]
    assert labels == [(1, "i"), (2, "ii"), (3, "1"), (4, "A-3"), (5, "")]


def test_running_headers_and_footers_are_removed(tmp_path: Path) -> None:
    words = ["apples", "pears", "plums", "cherries"]
    pages = [
        ["ACME Handbook", f"Only {word} here.", f"More on {word}.", f"Page {n} of 4", "Confidential"]
        for n, word in enumerate(words, start=1)
    ]
    document = _pdf(tmp_path / "running.pdf", pages)
    assert [unit.text.split("\n") for unit in document.units] == [
        [f"Only {word} here.", f"More on {word}."] for word in words
    ]


def test_lines_that_only_look_alike_in_their_numbers_are_kept(tmp_path: Path) -> None:
    pages = [[f"2025-0{page}-1{row} {page}{row}0.50 EUR" for row in range(6)] for page in range(1, 5)]
    document = _pdf(tmp_path / "statement.pdf", pages)
    assert [unit.text.split("\n") for unit in document.units] == pages


def test_two_pages_keep_their_like_lines(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "short.pdf", [["Offer", "Part 1"], ["Offer", "Part 2"]])
    assert [unit.text for unit in document.units] == ["Offer\nPart 1", "Offer\nPart 2"]


def test_pages_without_text_are_named(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "scan.pdf", [["Cover"], [], [], ["Body"], []])
    assert [bool(unit.blocks) for unit in document.units] == [True, False, False, True, False]
    assert document.warnings == ["3 of 5 pages have no text (scans?): 2-3, 5."]


def test_words_hyphenated_at_a_lines_end_are_joined(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "hyphen.pdf", [["Our terms of reim-", "bursement are state-of-the-art."]])
    text = document.units[0].text
    assert "reimbursement" in text
    assert "state-of-the-art" in text


@pytest.mark.parametrize("owner_only", [False, True])
def test_a_password_is_told(tmp_path: Path, owner_only: bool) -> None:
    path = tmp_path / "locked.pdf"
    secret = StandardEncryption("" if owner_only else "user", ownerPassword="owner")
    canvas = _canvas(path, encrypt=secret)
    _write(canvas, ["The safe's code is 1234."])
    canvas.save()
    if owner_only:
        assert "1234" in read_pdf(path).units[0].text
        return
    with pytest.raises(ReadingError, match="protected by a password"):
        read_pdf(path)


@pytest.mark.parametrize("content", [b"%PDF-1.7 then nothing", b"\x00\xff" * 500, b"just words", b"PK\x03\x04" * 9])
def test_what_is_no_pdf_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pdf").write_bytes(content)
    with pytest.raises(ReadingError, match="not a readable PDF"):
        read_file(tmp_path / "bad.pdf")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_pdf_is_refused_or_read_but_never_breaks(tmp_path: Path, share: float) -> None:
    _pdf(tmp_path / "whole.pdf", [[f"Page {n} is about parcels."] for n in range(5)])
    data = (tmp_path / "whole.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: int(len(data) * share)])
    with suppress(ReadingError):
        assert read_pdf(tmp_path / "cut.pdf").units


def test_broken_structure_does_not_cost_the_text(tmp_path: Path) -> None:
    canvas = _canvas(tmp_path / "outline.pdf")
    canvas.bookmarkPage("Part")
    canvas.addOutlineEntry("Part", "Part", 0)
    _write(canvas, ["Part", "Words."])
    canvas.save()
    data = (tmp_path / "outline.pdf").read_bytes()
    assert b"/Outlines" in data
    (tmp_path / "outline.pdf").write_bytes(data.replace(b"/Outlines ", b"/Outlines 9", 1))
    assert "Words." in read_pdf(tmp_path / "outline.pdf").units[0].text
