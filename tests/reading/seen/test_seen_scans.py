"""Scans, faxes and long pictures, recognised by the real engine."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

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
