"""PDFs that the tests make."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import reportlab
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
_PROSE = (
    "The committee met in the spring to look at the figures of the past year and found them better than it had "
    "feared, so the plan for the new hall was taken up again after a long pause and given to the architects who had "
    "drawn the first one, with the wish that it should cost less and hold more people than the old one ever did. "
)
PROSE = _PROSE.split()


def new_canvas(path: Path, **options) -> Canvas:
    """An A4 canvas whose file is the same every time."""
    return Canvas(str(path), pagesize=A4, invariant=1, **options)


def write(canvas: Canvas, lines: Iterable[str], top: float = 780, left: float = 72, step: float = 16) -> None:
    """Lines below each other, and the end of the page."""
    for row, line in enumerate(lines):
        canvas.drawString(left, top - step * row, line)
    canvas.showPage()


def wrapped(words: list[str], count: int, width: int = 38) -> list[str]:
    """Lines of prose of about that many characters, as many as asked for."""
    lines, line, index = [], "", 0
    while len(lines) < count:
        word = words[index % len(words)]
        index += 1
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return lines


def picture(lines: list[str], size: tuple[int, int] = (900, 360), points: int = 30) -> Image.Image:
    """Black text on white, as a scanner would see it."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), points)
    for row, line in enumerate(lines):
        draw.text((40, 40 + row * points * 1.8), line, fill="black", font=font)
    return image


def scan(canvas: Canvas, image: Image.Image, share: float = 1.0) -> None:
    """Draw a picture over a share of the page's height, its width filled."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    canvas.drawImage(ImageReader(buffer), 0, HEIGHT * (1 - share), WIDTH, HEIGHT * share)
