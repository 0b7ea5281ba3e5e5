"""How runs of a Word document look, as far as it changes what a person reads: raised, struck out, hidden, in signs.

Source: ISO/IEC 29500-1, 17.3.2 (run properties), 17.7.2 and 17.7.3 (styles, and properties that they toggle).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from ragapp.reading.symbol_fonts import is_symbol_font, symbol_text
from ragapp.reading.text import whole_number

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
VAL = f"{W}val"
OFF = frozenset(["0", "false", "off"])
# a raised run is told by its position where it is smaller than what it stands on
_SMALLER = 0.85
_LEAST_RAISED = 4  # half-points
_DEFAULT_SIZE = 20  # half-points, 17.3.2.38
# runs of characters that have one font: ASCII, all else, the private area
_KINDS = re.compile("([\x00-\x7f]+)|([^\x00-\x7f\uf000-\uf0ff]+)|([\uf000-\uf0ff]+)")
_FONTS = ("ascii", "hAnsi", "eastAsia", "cs")


class Settings(NamedTuple):
    """What one place (a style, the run itself) says of a run; None where it says nothing."""

    align: str | None = None
    position: int | None = None  # half-points above the line
    size: int | None = None  # half-points
    strike: bool | None = None
    double_strike: bool | None = None
    vanish: bool | None = None
    always_hidden: bool | None = None
    fonts: tuple[str | None, ...] = (None, None, None, None)  # by _FONTS; empty for one of the theme
    hint: str | None = None


class Look(NamedTuple):
    """How a run is shown."""

    script: str = ""  # super, sub
    struck: bool = False
    hidden: bool = False
    # where one of them shows signs: its fonts for ASCII, for all else and for the private area
    fonts: tuple[str, ...] = ()
    position: int = 0
    size: int = _DEFAULT_SIZE

    @property
    def is_plain(self) -> bool:
        """Whether its text is shown as it is written."""
        return not (self.script or self.struck or self.hidden or self.fonts or self.position)


_NOTHING = Settings()


class Looks:
    """The looks of runs in one document.

    ``styles`` is the root of its styles part, or None. What styles say is worked out once for each pair of them.
    """

    def __init__(self, styles: Any) -> None:
        self._styles: dict[str, Any] = {}
        self._defaults = _NOTHING
        self._default_ids: dict[str, str] = {}
        for style in styles.iterchildren(f"{W}style") if styles is not None else ():
            style_id, kind = style.get(f"{W}styleId", ""), style.get(f"{W}type", "paragraph")
            self._styles.setdefault(style_id, style)
            if style.get(f"{W}default", "0") not in OFF:
                self._default_ids.setdefault(kind, style_id)
        if styles is not None:
            self._defaults = settings(styles.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
        self._of_style = cache(self._inherited)
        self._of_styles = cache(self._combined)
        self.base = cache(self._base)

    def run(self, paragraph_style: str | None, properties: Any) -> Look:
        """The look of a run from its ``w:rPr`` element, which may be None, in a paragraph of a style."""
        if properties is None or len(properties) == 0:
            return self.base(paragraph_style)
        direct, run_style = _read(properties)
        if direct is _NOTHING and run_style is None:
            return self.base(paragraph_style)
        return _look(self._of_styles(paragraph_style, run_style), direct)

    def style_name(self, style_id: str | None) -> str:
        """The name of a style, in lower case; Word's own names are English in every language."""
        style = self._styles.get(style_id or "")
        name = style.find(f"{W}name") if style is not None else None
        return name.get(VAL, "").lower() if name is not None else ""

    def _base(self, paragraph_style: str | None) -> Look:
        return _look(self._of_styles(paragraph_style, None), _NOTHING)

    def _combined(self, paragraph_style: str | None, run_style: str | None) -> Settings:
        paragraph = self._of_style(paragraph_style or self._default_ids.get("paragraph", ""))
        run = self._of_style(run_style or self._default_ids.get("character", ""))
        combined = _over(run, _over(paragraph, self._defaults))
        # properties that styles toggle: of two that set one, the upper unsets it
        return combined._replace(
            strike=bool(self._defaults.strike) or bool(run.strike) != bool(paragraph.strike),
            vanish=bool(self._defaults.vanish) or bool(run.vanish) != bool(paragraph.vanish),
        )

    def _inherited(self, style_id: str) -> Settings:
        found = _NOTHING
        for style in self._chain(style_id):
            found = _over(found, settings(style.find(f"{W}rPr")))
        return found

    def _chain(self, style_id: str) -> Iterator[Any]:
        """A style and those that it is based on, each once: a damaged file can base styles on each other."""
        seen: set[str] = set()
        while style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            based_on = style.find(f"{W}basedOn")
            style_id = based_on.get(VAL, "") if based_on is not None else ""


def is_on(element: Any) -> bool:
    """Whether a property that is on or off (17.17.4) is on, being there."""
    return element.get(VAL, "1").lower() not in OFF


def settings(properties: Any) -> Settings:
    """What a ``w:rPr`` element says, None included."""
    return _read(properties)[0] if properties is not None else _NOTHING


def _read(properties: Any) -> tuple[Settings, str | None]:
    """The settings in an element, and the character style that it names."""
    found: dict[str, Any] = {}
    style = None
    for node in properties:
        name = _READ.get(node.tag)
        if name is None:
            continue
        if name == "style":
            style = node.get(VAL)
        elif name == "fonts":
            found["fonts"] = tuple(_font(node, font) for font in _FONTS)
            found["hint"] = node.get(f"{W}hint")
        elif name == "align":
            found[name] = node.get(VAL, "baseline")
        elif name in ("position", "size"):
            found[name] = _number(node.get(VAL, ""))
        else:
            found[name] = is_on(node)
    return (Settings(**found) if found else _NOTHING), style


_READ = {
    f"{W}rStyle": "style",
    f"{W}rFonts": "fonts",
    f"{W}vertAlign": "align",
    f"{W}position": "position",
    f"{W}sz": "size",
    f"{W}strike": "strike",
    f"{W}dstrike": "double_strike",
    f"{W}vanish": "vanish",
    f"{W}specVanish": "always_hidden",
}


def _font(fonts: Any, name: str) -> str | None:
    """The font for a kind of characters; a font of the theme goes before one that is named (17.3.2.26)."""
    theme = "cstheme" if name == "cs" else f"{name}Theme"
    return "" if fonts.get(f"{W}{theme}") is not None else fonts.get(f"{W}{name}")


def _number(text: str) -> int | None:
    """Half-points, also from the points of Strict files (``6pt``)."""
    points = text.endswith("pt")
    digits = text.removesuffix("pt").lstrip("-").partition(".")[0]
    number = whole_number(digits, -1, digits=4)
    if number < 0:
        return None
    return (-number if text.startswith("-") else number) * (2 if points else 1)


def _over(upper: Settings, lower: Settings) -> Settings:
    """Settings where the upper ones go before the lower ones."""
    if lower is _NOTHING:
        return upper
    if upper is _NOTHING:
        return lower
    values: list[Any] = [low if up is None else up for up, low in zip(upper, lower, strict=True)]
    fonts = tuple(low if up is None else up for up, low in zip(upper.fonts, lower.fonts, strict=True))
    return Settings(*values)._replace(fonts=fonts)


def _look(styles: Settings, direct: Settings) -> Look:
    all_of_it = _over(direct, styles)
    script = {"superscript": "super", "subscript": "sub"}.get(all_of_it.align or "", "")
    return Look(
        script,
        bool(all_of_it.strike or all_of_it.double_strike),
        bool(all_of_it.vanish or all_of_it.always_hidden),
        _symbol_fonts(all_of_it),
        all_of_it.position or 0,
        all_of_it.size or _DEFAULT_SIZE,
    )


def _symbol_fonts(found: Settings) -> tuple[str, ...]:
    ascii_font, other, east_asia, complex_script = (font or "" for font in found.fonts)
    named = (east_asia, other, complex_script) if found.hint == "eastAsia" else (other, east_asia, complex_script)
    private = next((font for font in named if is_symbol_font(font)), ascii_font)
    fonts = (ascii_font, other, private)
    return fonts if any(map(is_symbol_font, fonts)) else ()


def shown_text(text: str, look: Look) -> str:
    """Text as its fonts show it."""
    if not look.fonts:
        return text if text.isascii() else symbol_text("", text)
    ascii_font, other, private = look.fonts
    if ascii_font == other == private:
        return symbol_text(other, text)
    return _KINDS.sub(lambda part: symbol_text(look.fonts[(part.lastindex or 1) - 1], part[0]), text)


def script_of(look: Look, base: Look, size: int) -> str:
    """The script of a run: by its alignment, else by its position and how small it is.

    ``base`` is the look of its paragraph, ``size`` that of the text before it on the line.
    """
    if look.script or abs(look.position - base.position) < _LEAST_RAISED or look.size > _SMALLER * size:
        return look.script
    return "super" if look.position > base.position else "sub"
