"""What a look at some pages or parts of a file tells of all of them."""

import io
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from PIL import Image
from pypdfium2 import PdfiumError
from reportlab.lib.utils import ImageReader

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.pages.pictures import MOST_PICTURES
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


def png(image: Image.Image) -> io.BytesIO:
    data = io.BytesIO()
    image.save(data, "PNG")
    data.seek(0)
    return data


def test_a_word_document_tells_its_characters_and_its_large_pictures_once(tmp_path: Path) -> None:
    document = docx.Document()
    for _ in range(200):
        document.add_paragraph(LINE)
    for shown in (picture([LINE]), picture([LINE]), picture(["Another one"]), picture(["!"], (40, 40), 10)):
        document.add_picture(png(shown))
    document.save(str(tmp_path / "report.docx"))
    seen = survey(tmp_path / "report.docx")
    assert seen.characters == pytest.approx(200 * len(LINE), rel=0.02)
    assert seen.pictures == 2
    assert survey(tmp_path / "report.docx", ReadOptions(ocr="off")).pictures == 0


def test_slides_and_sheets_are_counted_with_their_text(tmp_path: Path) -> None:
    slides = pptx.Presentation()
    for number in range(70):
        slide = slides.slides.add_slide(slides.slide_layouts[5])
        slide.shapes.title.text = f"{LINE} {number}"
        slide.shapes.add_picture(png(picture([f"Picture {number}"])), 0, 0)
    slides.save(str(tmp_path / "deck.pptx"))
    seen = survey(tmp_path / "deck.pptx")
    assert (seen.pages, seen.pictures) == (70, MOST_PICTURES)
    assert seen.characters == pytest.approx(70 * len(LINE), rel=0.1)

    book = openpyxl.Workbook()
    for row in range(30_000):
        book.active.append([row, row / 7, row * 3])
    book.save(tmp_path / "figures.xlsx")
    longer = survey(tmp_path / "figures.xlsx").characters
    assert longer == pytest.approx(sum(len(f"{row}{row / 7}{row * 3}") for row in range(30_000)), rel=0.1)


@pytest.mark.parametrize(("frames", "suffix", "pages"), [(1, ".png", 1), (3, ".tiff", 3), (3, ".gif", 1)])
def test_a_picture_is_recognised_page_by_page(tmp_path: Path, frames: int, suffix: str, pages: int) -> None:
    path = tmp_path / f"scan{suffix}"
    first, *others = (picture([f"Page {number}"]) for number in range(frames))
    first.save(path, **({"save_all": True, "append_images": others} if others else {}))
    seen = survey(path)
    assert (seen.pages, seen.pictures) == (pages, pages)
    assert survey(path, ReadOptions(ocr="off")).pictures == 0


def test_a_picture_that_cannot_be_opened_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "odd.docx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("word/document.xml", f"<w:document><w:t>{LINE}</w:t></w:document>")
        package.writestr("word/media/image1.png", b"\x89PNG\r\n\x1a\n and no more")
    assert (survey(path).characters, survey(path).pictures) == (len(LINE), 0)


@pytest.mark.parametrize("name", ["broken.docx", "broken.ods", "broken.jpg"])
def test_what_is_neither_package_nor_picture_has_nothing_to_tell(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises((zipfile.BadZipFile, OSError)):
        survey(tmp_path / name)
