"""Where the shapes of a slide stand (ISO/IEC 29500-1, 20.1.7): frames, turned boxes, groups with their own scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ragapp.reading.office.drawingml import child
from ragapp.reading.text import whole_number

Place = tuple[float, float, float, float]  # left, top, right, bottom, in EMU
NOWHERE: Place = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Transform:
    """How places inside a group become places on the slide: scaled, then moved (20.1.7.6)."""

    across: float = 1.0
    down: float = 1.0
    right: float = 0.0
    below: float = 0.0

    def box(self, x: float, y: float, width: float, height: float) -> Place:
        """Left, top, right and bottom on the slide of a box inside the group."""
        left, top = x * self.across + self.right, y * self.down + self.below
        return left, top, left + width * self.across, top + height * self.down

    def inner(self, form: Any) -> Transform:
        """That of a group inside, by its ``a:xfrm``."""
        x, y, width, height = frame(form)
        child_x, child_y = _pair(child(form, "chOff"), "x", "y")
        child_width, child_height = _pair(child(form, "chExt"), "cx", "cy")
        across = width / child_width if child_width else 1.0
        down = height / child_height if child_height else 1.0
        left, top, _, _ = self.box(x, y, 0, 0)
        scaled = (self.across * across, self.down * down)
        return Transform(*scaled, left - child_x * scaled[0], top - child_y * scaled[1])


def place_of(form: Any, transform: Transform) -> Place:
    """The box that an ``a:xfrm`` sets, on the slide; a box that is turned by about 90 degrees lies on its side."""
    x, y, width, height = frame(form)
    turn = whole_number(form.get("rot", "0").lstrip("-"), 0) / 60_000 % 180  # 20.1.10.3
    if 45 <= turn < 135:
        x, y, width, height = x + (width - height) / 2, y + (height - width) / 2, height, width
    return transform.box(x, y, width, height)


def is_outside(place: Place, size: tuple[int, int]) -> bool:
    """Whether a box lies wholly beside a slide of this size, where nobody sees it."""
    left, top, right, bottom = place
    return right > left and bottom > top and (right <= 0 or bottom <= 0 or left >= size[0] or top >= size[1])


def frame(form: Any) -> tuple[float, float, float, float]:
    """Left, top, width and height that an ``a:xfrm`` sets."""
    return (*_pair(child(form, "off"), "x", "y"), *_pair(child(form, "ext"), "cx", "cy"))


def _pair(node: Any, first: str, second: str) -> tuple[float, float]:
    return (_length(node.get(first, "0")), _length(node.get(second, "0"))) if node is not None else (0.0, 0.0)


def _length(text: str) -> float:
    """A coordinate in EMU (20.1.10.16): a whole number, or one with a unit."""
    per_unit = {"mm": 36_000, "cm": 360_000, "in": 914_400, "pt": 12_700, "pc": 152_400, "pi": 152_400}
    try:
        length = float(text[:-2]) * per_unit[text[-2:]] if text[-2:] in per_unit else float(text)
    except ValueError:
        return 0.0
    return length if math.isfinite(length) else 0.0
