from __future__ import annotations

from pathlib import Path

import pytest
from pdfkit import picture
from PIL import Image

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.pages import image as image_module
from ragapp.reading.pages import ocr
from ragapp.reading.pages.image import on_white, read_image
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.registry import SUFFIXES, read_file

NO_OCR = ReadOptions(ocr="off")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Image.Image]:
    """What is handed to the engine, which finds one word in it."""
    pictures: list[Image.Image] = []

    def recognise(image: Image.Image, options: ReadOptions) -> ocr.RecognisedText:
        pictures.append(image)
        return ocr.RecognisedText([Line([Piece(f"word {len(pictures)}", 0, 0, 50, 10)])], 0.9, 0)

    monkeypatch.setattr(ocr, "recognise", recognise)
    return pictures


def test_a_picture_is_recognised(tmp_path: Path) -> None:
    picture(["Facture n° 1042", "Total : 86,40 €"]).save(tmp_path / "facture.png")
    document = read_file(tmp_path / "facture.png")
    (unit,) = document.units
    assert (document.title, unit.kind, unit.coverage) == ("facture", "page", "ocr")
    assert "1042" in unit.text
    assert "86,40 €" in unit.text
    assert unit.confidence is not None
    assert unit.confidence > 0.9


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif"])
def test_formats(tmp_path: Path, seen: list[Image.Image], suffix: str) -> None:
    assert suffix in SUFFIXES
    Image.new("RGB", (60, 40), "red").save(tmp_path / f"a{suffix}")
    document = read_image(tmp_path / f"a{suffix}")
    assert [(unit.coverage, unit.text, unit.confidence) for unit in document.units] == [("ocr", "word 1", 0.9)]
    assert seen[0].size == (60, 40)


def test_each_page_of_a_tiff_is_a_unit(tmp_path: Path, seen: list[Image.Image]) -> None:
    pages = [Image.new("L", (60, 40 + page), page) for page in range(3)]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])
    told: list[tuple[int, int, bool]] = []
    document = read_image(tmp_path / "fax.tif", ReadOptions(tick=lambda *tick: told.append(tick)))
    assert [(unit.number, unit.text) for unit in document.units] == [(1, "word 1"), (2, "word 2"), (3, "word 3")]
    assert [image.height for image in seen] == [40, 41, 42]
    assert told == [(1, 3, True), (2, 3, True), (3, 3, True)]


def test_an_animation_is_its_first_frame(tmp_path: Path, seen: list[Image.Image]) -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert len(read_image(tmp_path / "a.gif").units) == 1
    assert seen[0].getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("mode", "color", "shown"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("L", 128, (128, 128, 128)),
        ("1", 1, (255, 255, 255)),
        ("RGBA", (0, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("CMYK", (0, 0, 0, 255), (0, 0, 0)),
        ("YCbCr", (255, 128, 128), (255, 255, 255)),
    ],
)
def test_every_mode_becomes_rgb_on_white(mode: str, color, shown: tuple[int, int, int]) -> None:
    made = on_white(Image.new(mode, (4, 4), color))
    assert made.mode == "RGB"
    assert made.getpixel((1, 1)) == shown


def test_a_palette_with_a_transparent_color_is_on_white() -> None:
    image = Image.new("P", (4, 4), 3)
    image.putpalette([0, 0, 0] * 256)
    image.info["transparency"] = 3
    assert on_white(image).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_are_scaled() -> None:
    image = Image.new("I;16", (2, 1))
    image.putpixel((0, 0), 1000)
    image.putpixel((1, 0), 60000)
    assert [on_white(image).getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


def test_a_photo_is_turned_as_it_says(tmp_path: Path, seen: list[Image.Image]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (60, 40)).save(tmp_path / "photo.jpg", exif=exif)
    read_image(tmp_path / "photo.jpg")
    assert seen[0].size == (40, 60)


@pytest.mark.parametrize(
    ("options", "told"), [(NO_OCR, "set ingest.ocr to auto"), (ReadOptions(), "pip install 'ragapp[ocr]'")]
)
def test_without_ocr_a_picture_waits(tmp_path: Path, monkeypatch, options: ReadOptions, told: str) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)
    monkeypatch.setattr(ocr.shutil, "which", lambda name: None)
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    document = read_image(tmp_path / "a.png", options)
    assert [(unit.coverage, unit.blocks) for unit in document.units] == [("needs_ocr", [])]
    assert told in document.warnings[0]


def test_a_failure_of_the_engine_costs_the_page_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(image: Image.Image, options: ReadOptions) -> ocr.RecognisedText:
        raise ReadingError("Tesseract failed (oops)")

    monkeypatch.setattr(ocr, "recognise", fail)
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    document = read_image(tmp_path / "a.png")
    assert document.units[0].coverage == "needs_ocr"
    assert "Page 1 could not be recognised (Tesseract failed (oops))." in document.warnings


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"GIF89a", b"II*\0" + b"\xff" * 40]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ReadingError, match=r"not a readable picture|damaged"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp"])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    picture(["words", "and more"]).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ReadingError, match=r"damaged|not a readable picture"):
        read_image(path, NO_OCR)


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (3000, 3000)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    with pytest.raises(ReadingError, match="too large"):
        read_image(tmp_path / "bomb.png", NO_OCR)
    assert image_module._MAX_PAGES >= 1000
