"""What a look at some pages of a PDF tells of all of them."""

from pathlib import Path

import pytest
from pypdfium2 import PdfiumError
from reportlab.lib.utils import ImageReader

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.survey import survey
from tests.reading.pdfkit import new_canvas, picture, scan, write

LINE = "The warranty of the pump covers the motor, the seal and both valves."


def book(path: Path, pages: int, lines: int, **options) -> Path:
    canvas = new_canvas(path, **options)
    for _ in range(pages):
        write(canvas, [LINE] * lines)
    canvas.save()
    return path


@pytest.mark.parametrize(("pages", "lines"), [(1, 3), (5, 20), (90, 30)])
def test_pages_and_characters_of_text(tmp_path: Path, pages: int, lines: int) -> None:
    seen = survey(book(tmp_path / "book.pdf", pages, lines))
    assert (seen.pages, seen.pictures) == (pages, 0)
    assert seen.characters == pytest.approx(pages * lines * len(LINE), rel=0.1)


def test_a_page_that_is_all_picture_counts_as_what_will_be_recognised(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "mixed.pdf")
    for page in range(60):
        if page % 2:
            scan(canvas, picture([LINE] * 3))
            canvas.showPage()
        else:
            write(canvas, [LINE] * 20)
    canvas.save()
    seen = survey(tmp_path / "mixed.pdf")
    assert (seen.pages, seen.pictures) == (60, 30)
    assert seen.characters > 30 * 20 * len(LINE)
    assert survey(tmp_path / "mixed.pdf", ReadOptions(ocr="off")).pictures == 0


def test_large_pictures_beside_text_count_and_icons_do_not(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "pictured.pdf")
    canvas.drawImage(ImageReader(picture([LINE])), 72, 300, 200, 80)
    canvas.drawImage(ImageReader(picture(["!"], (40, 40), 10)), 72, 200, 40, 40)
    write(canvas, [LINE] * 10)
    canvas.save()
    assert survey(tmp_path / "pictured.pdf").pictures == 1


def test_a_letterhead_is_recognised_once_and_a_small_one_not_at_all(tmp_path: Path) -> None:
    for width, pictures in ((60, 0), (300, 1)):
        canvas = new_canvas(tmp_path / f"{width}.pdf")
        head = ImageReader(picture([LINE]))
        for _ in range(40):
            canvas.drawImage(head, 72, 760, width, width / 4)
            write(canvas, [LINE] * 10, top=700)
        canvas.save()
        assert survey(tmp_path / f"{width}.pdf").pictures == pictures


def test_every_page_is_a_scan_where_all_are_recognised(tmp_path: Path) -> None:
    assert survey(book(tmp_path / "book.pdf", 20, 10), ReadOptions(ocr="always")).pictures == 20


def test_a_locked_pdf_is_surveyed_with_its_password_alone(tmp_path: Path) -> None:
    path = book(tmp_path / "locked.pdf", 2, 10, encrypt="open sesame")
    with pytest.raises(ReadingError, match="none is known"):
        survey(path)
    with pytest.raises(ReadingError, match="none of those"):
        survey(path, ReadOptions(passwords=("wrong",)))
    assert survey(path, ReadOptions(passwords=("wrong", "open sesame"))).pages == 2


def test_what_is_no_pdf_has_nothing_to_tell(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7 broken")
    with pytest.raises(PdfiumError):
        survey(path)
