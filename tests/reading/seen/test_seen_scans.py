"""Scans, faxes and long pictures, recognised by the real engine."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from seenkit import Seen, check, table

from ragapp.reading.document import ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.pages.pictures import MOST_PICTURES, PictureReader
from ragapp.reading.registry import read_file

LINES = (
    "Delivery note of the harbour office",
    "Twelve pallets arrived on Monday.",
    "The deposit is 4,380 euros.",
    "Please return the crates by June.",
)


def page(lines=LINES, size=(1240, 900), points=36, step=90) -> Image.Image:
    picture = Image.new("L", size, 255)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(points)
    for number, line in enumerate(lines):
        draw.text((90, 80 + step * number), line, font=font, fill=0)
    return picture


def text_of(path: Path) -> str:
    return "\n".join(unit.text for unit in read_file(path).units)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_scan_is_read_from_its_first_line_to_its_last(tmp_path: Path, degrees: int) -> None:
    path = tmp_path / "scan.png"
    page().rotate(degrees, expand=True).save(path)
    text = text_of(path)
    places = [text.find(word) for word in ("Delivery", "pallets", "4,380", "crates")]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("kind", "dpi", "size"),
    [("tif", (204, 98), (1240, 432)), ("tif", (98, 204), (596, 900)), ("png", (200, 100), (1240, 450))],
)
def test_pixels_that_are_not_square_are_made_square(tmp_path: Path, kind: str, dpi, size) -> None:
    path = tmp_path / f"fax.{kind}"
    page().resize(size, Image.Resampling.BOX).convert("1" if kind == "tif" else "L").save(path, dpi=dpi)
    assert "4,380 euros" in text_of(path)


def test_a_long_receipt_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "receipt.png"
    page([f"Item {n} costs {n}.75 euros" for n in range(100, 300)], (700, 200 * 40 + 160), 20, 40).save(path)
    text = text_of(path)
    missing = [n for n in range(100, 300) if f"{n}.75" not in text]
    assert len(missing) <= 2  # of 200, at a size of type that the whole picture would shrink to 6 pixels
    assert text.index("Item 101") < text.index("Item 188") < text.index("Item 297")


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


class TestPicturesInside:
    def test_text_is_recognised_once(self) -> None:
        left_out = LeftOut()
        reader = PictureReader(ReadOptions(), left_out)
        assert "4,380 euros" in reader.text(png(page()))
        assert reader.text(png(page())) == ""
        assert left_out.warnings() == []

    @pytest.mark.parametrize("size", [(32, 32), (190, 400), (1000, 30)])
    def test_icons_and_lines_are_passed_over(self, size) -> None:
        left_out = LeftOut()
        assert PictureReader(ReadOptions(ocr="off"), left_out).text(png(Image.new("L", size, 255))) == ""
        assert left_out.warnings() == []

    def test_a_photograph_has_no_text(self) -> None:
        noise = Image.effect_noise((400, 300), 90)
        assert PictureReader(ReadOptions(), LeftOut()).text(png(noise)) == ""

    def test_what_is_not_read_is_told_with_its_place_and_what_helps(self) -> None:
        left_out = LeftOut()
        reader = PictureReader(ReadOptions(ocr="off"), left_out)
        assert reader.text(png(page()), "slide 4") == ""
        assert reader.text(b"\x01\x00\x00\x00 a drawing", "slide 5") == ""
        (told,) = left_out.warnings()
        assert told.startswith("2 pictures were left out (slide 4; slide 5).")
        assert "ingest.ocr" in told or "could not be opened" in told

    def test_only_so_many_are_read(self, monkeypatch) -> None:
        from ragapp.reading.pages import image

        monkeypatch.setattr(image, "picture_text", lambda *_: ("Twelve letters", 0.9))
        left_out = LeftOut()
        reader = PictureReader(ReadOptions(), left_out)
        texts = [reader.text(png(Image.new("L", (300 + n, 200), 255))) for n in range(MOST_PICTURES + 2)]
        assert sum(map(bool, texts)) == MOST_PICTURES
        assert left_out.warnings()[0].startswith("2 pictures were left out.")


SHEET = (620, 440)  # points: a sheet whose picture has 150 dots an inch
HEADER = "12/03/2025 14:22 FROM: Harbour Office TO: +32 2 555 0199 PAGE 2/7 REF 88120"
MISREAD = ("De11very n0te 0f tbe barb0ur 0fficc", "Twc1ve pa11cts arr1vcd 0n M0nday.", "Tbc dep0s1t 1s 9,999 eur0s.")
OTHER = ("Minutes of the garden society", "The apple trees were cut in winter.", "The cost is 9,999 euros.")


def on_paper(*steps):
    """Writes a PDF of one page, to which each step adds something, given the canvas."""

    def build(path: Path) -> None:
        canvas = Canvas(str(path), pagesize=SHEET, invariant=1)
        canvas.setFont("Helvetica", 10)
        for step in steps:
            step(canvas)
        canvas.save()

    return build


def scan(picture: Image.Image | None = None, box=(0, 0, *SHEET)):
    return lambda canvas: canvas.drawImage(ImageReader(picture or page()), *box)


def strips(canvas: Canvas) -> None:
    whole = page()
    for top in range(0, whole.height, 60):
        canvas.drawImage(
            ImageReader(whole.crop((0, top, whole.width, top + 60))),
            0,
            SHEET[1] - (top + 60) * SHEET[1] / 900,
            SHEET[0],
            60 * SHEET[1] / 900,
        )


def in_form(step):
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("inner")
        step(canvas)
        canvas.endForm()
        canvas.doForm("inner")

    return draw


def written(text: str, x: float = 40, y: float = 422, mode: int = 0, size: float = 10):
    def draw(canvas: Canvas) -> None:
        line = canvas.beginText(x, y)
        line.setFont("Helvetica", size)
        line.setTextRenderMode(mode)
        line.textOut(text)
        canvas.drawText(line)

    return draw


def layer(lines, mode: int = 3):
    """Text where the lines of the scan stand, without ink unless another mode is given."""
    return lambda canvas: [
        written(text, 45, 440 - 0.489 * (110 + 90 * n), mode, 17)(canvas) for n, text in enumerate(lines)
    ]


def sideways(canvas: Canvas) -> None:
    canvas.translate(15, 30)
    canvas.rotate(90)
    canvas.drawString(0, 0, "Downloaded from library.example.org by Lohne on 12 March 2025. All rights reserved.")


def body(canvas: Canvas) -> None:
    for row in range(8):
        canvas.drawString(
            40, 400 - 14 * row, f"The harbour office counts parcel {row} of the morning boat in this line."
        )


CHART = page(("Energy by month", "January 12,480", "March 21,775"), (700, 330), 34, 90)
PHOTO = Image.effect_noise((620, 440), 90)
READ = ("Twelve pallets", "4,380 euros", "return the crates")
NO_OCR = ReadOptions(ocr="off")
PAGES = [
    Seen("fax header", ".pdf", on_paper(scan(), written(HEADER)), sees=(*READ, HEADER)),
    Seen(
        "fax header without recognition",
        ".pdf",
        on_paper(scan(), written(HEADER)),
        sees=(HEADER,),
        warns=("ingest.ocr",),
        options=NO_OCR,
    ),
    Seen("sideways stamp", ".pdf", on_paper(scan(), sideways), sees=(*READ, "Downloaded from library")),
    Seen("scan in strips with a stamp", ".pdf", on_paper(strips, written(HEADER)), sees=(*READ, HEADER)),
    Seen(
        "scan in a form with a stamp in a form",
        ".pdf",
        on_paper(in_form(scan()), written(HEADER)),
        sees=(*READ, HEADER),
        source="ISO 32000-1, 8.10",
    ),
    Seen(
        "layer that says what the picture shows",
        ".pdf",
        on_paper(scan(), layer([line.replace("Twelve", "TweIve") for line in LINES])),
        sees=("TweIve pallets",),
        never=("Twelve",),
    ),
    Seen("misread layer", ".pdf", on_paper(scan(), layer(MISREAD)), sees=READ, never=("9,999", "0n M0nday")),
    Seen("layer of another page", ".pdf", on_paper(scan(), layer(OTHER)), sees=READ, never=("9,999", "garden")),
    Seen(
        "layer of another page below the picture",
        ".pdf",
        on_paper(layer(OTHER, 0), scan()),
        sees=READ,
        never=("9,999", "garden"),
    ),
    Seen(
        "invisible advertisement",
        ".pdf",
        on_paper(scan(), written("Scanned with the FreeScan app, get it at www.freescan.example today", 40, 20, 3)),
        sees=READ,
        never=("FreeScan",),
    ),
    Seen(
        "title on a photograph",
        ".pdf",
        on_paper(
            scan(PHOTO),
            written("The annual report of the harbour for the years 2024 and 2025, by its board", 60, 220, 0, 14),
        ),
        sees=("The annual report of the harbour",),
    ),
    Seen(
        "picture of figures between text",
        ".pdf",
        on_paper(body, scan(CHART, (60, 40, 340, 160))),
        sees=("parcel 7", "21,775"),
    ),
    Seen(
        "picture in a form between text",
        ".pdf",
        on_paper(body, in_form(scan(CHART, (60, 40, 340, 160)))),
        sees=("21,775",),
    ),
    Seen(
        "picture of figures without recognition",
        ".pdf",
        on_paper(body, scan(CHART, (60, 40, 340, 160))),
        sees=("parcel 7",),
        warns=("1 picture was left out (p. 1)", "ingest.ocr"),
        options=NO_OCR,
    ),
    Seen(
        "label in a picture",
        ".pdf",
        on_paper(body, scan(CHART, (60, 40, 340, 160)), written("Fig. 1", 300, 45)),
        sees=("21,775", re.compile("^((?!Fig).)*Fig. 1((?!Fig).)*$", re.DOTALL)),
    ),
]


@table(PAGES)
def test_pages_with_pictures_and_text(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_a_picture_on_each_page_is_read_once(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(3):
            body(canvas)
            scan(CHART, (60, 40, 340, 160))(canvas)
            canvas.showPage()

    on_paper(draw)(tmp_path / "letter.pdf")
    assert text_of(tmp_path / "letter.pdf").count("21,775") == 1
