"""Text in shapes of Office files (DrawingML; ISO/IEC 29500-1, chapter 21.1.2): paragraphs as a person sees them.

Elements are looked up by their local names, so that files of the Strict variant, whose namespaces differ, read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ragapp.reading.left_out import LeftOut
from ragapp.reading.links import address_beside
from ragapp.reading.numerals import NumeralStyle, numeral
from ragapp.reading.office.formulas import formula_text
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.symbol_fonts import is_symbol_font, symbol_text
from ragapp.reading.text import clean, whole_number

MAX_LEVEL = 8  # the format knows nine levels of a list; a damaged file may name any number
# signs of bullets that say something; every other one is an ordinary bullet
_TELLING = frozenset("✓✔✗✘☑☒☐✅❌⚠★☆☺☹👍👎")
_SPECIAL_LINK = re.compile(r"(?:https?|mailto|ftp|tel):", re.IGNORECASE)
# ST_TextAutonumberScheme, 20.1.10.61: what is counted in, then the signs around it
_COUNTED: tuple[tuple[str, NumeralStyle], ...] = (
    ("alphaLc", "lower-letter"),
    ("alphaUc", "upper-letter"),
    ("romanLc", "lower-roman"),
    ("romanUc", "upper-roman"),
)
_AROUND = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}", "Minus": "{}-"}
_CIRCLES = {"circleNumDbPlain": 0x2460, "circleNumWdWhitePlain": 0x2460, "circleNumWdBlackPlain": 0x2776}
_CHINESE = "零一二三四五六七八九"
_PRIVATE = re.compile("[\uf000-\uf0ff]+")
_MAX_NUMBER = 32_767  # ST_TextBulletStartAtNum, 20.1.10.33


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a text body: what it says, on one line or more, and what stands before it."""

    text: str
    level: int = 0  # 0 to 8
    mark: str = ""  # its number as printed, a sign that says something, ``-`` for any other bullet


@dataclass(frozen=True, slots=True)
class TextContext:
    """What a text body needs from outside it.

    Attributes:
        inherited: list styles that hold where the body says nothing, the nearest first: ``a:lstStyle`` elements, or
            others with the same children (``p:bodyStyle``).
        link: the target of a link by the id of its relationship, empty where it leads nowhere that can be quoted.
        fields: what fields show, by their type, such as ``slidenum``; other fields show what was saved.
        left_out: counts what is struck out.
        place: where the text stands, for ``left_out``.
    """

    inherited: tuple[Any, ...] = ()
    link: Callable[[str], str] = lambda _: ""
    fields: tuple[tuple[str, str], ...] = ()
    left_out: LeftOut | None = None
    place: str = ""


_NO_CONTEXT = TextContext()


def local(element: Any) -> str:
    """The name of an element without its namespace; empty for comments and processing instructions."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def child(element: Any, *path: str) -> Any:
    """The first element below another along a path of local names, or None."""
    for name in path:
        if element is None:
            return None
        element = element.find(f"{{*}}{name}")
    return element


def attribute(element: Any, name: str) -> str:
    """An attribute that has a namespace, such as ``r:id``, by its local name; empty where there is none."""
    return next((str(value) for key, value in element.items() if key.endswith(f"}}{name}")), "")


def shown_children(element: Any) -> Iterator[Any]:
    """Child elements, with the alternative that current programs take in place of ``mc:AlternateContent``.

    ISO/IEC 29500-3, 10.2.1: the first choice whose namespaces a program understands. Current versions of Office know
    every extension, so it is the first.
    """
    for node in element:
        if local(node) != "AlternateContent":
            if isinstance(node.tag, str):
                yield node
            continue
        taken = next((way for way in node if local(way) in ("Choice", "Fallback")), None)
        if taken is not None:
            yield from shown_children(taken)


def text_body(body: Any, context: TextContext = _NO_CONTEXT) -> list[Paragraph]:
    """The paragraphs that a text body (``a:txBody``, ``p:txBody``, ``c:rich``, ``dgm:t`` …) shows; none is blank.

    Raised and lowered runs stay apart (21.1.2.3.9, ``baseline``), struck-out runs are left out and counted, signs of
    symbol fonts are what they look like, capitals are capitals, automatic numbers are counted (21.1.2.4.1), and a link
    is followed by its target where that is not what it says.
    """
    return _Body(body, context).paragraphs()


def body_text(paragraphs: Sequence[Paragraph]) -> str:
    """Paragraphs as lines, lists with their marks and indents."""
    listed = [paragraph.level for paragraph in paragraphs if paragraph.mark or paragraph.level]
    least = min(listed, default=0)
    lines = []
    for paragraph in paragraphs:
        mark = paragraph.mark or ("-" if paragraph.level else "")
        indent = "  " * (paragraph.level - least) if mark else ""
        lines.append(f"{indent}{mark} {paragraph.text}" if mark else paragraph.text)
    return "\n".join(lines)


def plain_text(body: Any, context: TextContext = _NO_CONTEXT) -> str:
    """The paragraphs of a text body as lines, with their numbers but without bullets, as in titles and cells."""
    return "\n".join(
        paragraph.text if paragraph.mark in ("", "-") else f"{paragraph.mark} {paragraph.text}"
        for paragraph in text_body(body, context)
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """How paragraphs of one level look unless they say otherwise."""

    bullet: Any = None  # a:buNone, a:buChar, a:buAutoNum or a:buBlip
    bullet_font: str = ""
    font: str = ""
    baseline: str = ""
    strike: str = ""
    cap: str = ""


_NO_LOOK = _Look()


class _Body:
    def __init__(self, body: Any, context: TextContext) -> None:
        self._body = body
        self._context = context
        own = child(body, "lstStyle")
        self._styles = [style for style in (own, *context.inherited) if style is not None and len(style)]
        self._looks: dict[int, _Look] = {}
        self._counters: dict[int, tuple[str, int, int]] = {}  # by level: scheme, first number, last number

    def paragraphs(self) -> list[Paragraph]:
        found = []
        for node in self._body.iterchildren("{*}p"):
            paragraph = self._paragraph(node)
            if paragraph is not None:
                found.append(paragraph)
        return found

    def _paragraph(self, node: Any) -> Paragraph | None:
        properties = child(node, "pPr")
        level = 0
        if properties is not None:
            level = min(whole_number(properties.get("lvl", "0"), 0), MAX_LEVEL)
        look = self._look(level)
        pieces, anything = self._pieces(node, look)
        if not anything:
            return None  # an empty paragraph has no number, and does not count
        mark = self._mark(properties, level, look)
        text = clean(join_scripts(pieces)).strip()
        return Paragraph(text, level, mark) if text else None

    def _look(self, level: int) -> _Look:
        if level not in self._looks:
            self._looks[level] = self._inherited(level)
        return self._looks[level]

    def _inherited(self, level: int) -> _Look:
        if not self._styles:
            return _NO_LOOK
        bullet, bullet_font, runs = None, "", {"font": "", "baseline": "", "strike": "", "cap": ""}
        for style in self._styles:
            properties = child(style, f"lvl{level + 1}pPr")
            if properties is None:
                continue
            bullet = bullet if bullet is not None else _bullet(properties)
            bullet_font = bullet_font or _typeface(properties, "buFont")
            run = child(properties, "defRPr")
            if run is not None:
                for name in ("baseline", "strike", "cap"):
                    runs[name] = runs[name] or run.get(name, "")
                runs["font"] = runs["font"] or _typeface(run, "latin")
        return _Look(bullet, bullet_font, **runs)

    def _mark(self, properties: Any, level: int, look: _Look) -> str:
        own = _bullet(properties) if properties is not None else None
        bullet = own if own is not None else look.bullet
        for deeper in [known for known in self._counters if known > level]:
            del self._counters[deeper]
        kind = local(bullet) if bullet is not None else "buNone"
        if kind == "buAutoNum":
            return self._number(bullet, level)
        self._counters.pop(level, None)
        if kind == "buNone":
            return ""
        font = (_typeface(properties, "buFont") if properties is not None else "") or look.bullet_font
        sign = symbol_text(font, bullet.get("char", "")) if kind == "buChar" else ""
        return sign if sign in _TELLING else "-"

    def _number(self, bullet: Any, level: int) -> str:
        scheme = bullet.get("type", "arabicPeriod")
        first = min(whole_number(bullet.get("startAt", ""), 1), _MAX_NUMBER)
        known = self._counters.get(level)
        number = known[2] + 1 if known is not None and known[:2] == (scheme, first) else first
        self._counters[level] = (scheme, first, number)
        return auto_number(number, scheme)

    def _pieces(self, node: Any, look: _Look) -> tuple[list[tuple[str, Script]], bool]:
        """The runs of a paragraph, and whether it has any, struck out or not."""
        pieces: list[tuple[str, Script]] = []
        link, linked = "", ""
        anything = struck_before = False
        for run in shown_children(node):
            name = local(run)
            if name not in ("r", "fld", "br", "m"):
                continue
            properties = child(run, "rPr")
            target = self._target(properties)
            if target != link:
                pieces.append((f" {link_note(link, linked)}".rstrip(), ""))
                link, linked = target, ""
            if name == "br":
                pieces.append(("\n", ""))
                continue
            text = self._run_text(run, name, properties, look)
            if name == "m" and pieces and not pieces[-1][0][-1:].isspace():
                text = f" {text}"  # a formula may stand on a line of its own
            anything = anything or bool(text.strip())
            struck = _value(properties, "strike", look.strike) in ("sngStrike", "dblStrike")
            if struck and text.strip():
                if not struck_before and self._context.left_out is not None:
                    self._context.left_out.add("struck-out passage", "struck-out passages", self._context.place)
                struck_before = True
                continue
            struck_before = struck_before and not text.strip()
            pieces.append((text, _script(_value(properties, "baseline", look.baseline))))
            linked += text
        pieces.append((f" {link_note(link, linked)}".rstrip(), ""))
        return pieces, anything

    def _run_text(self, run: Any, name: str, properties: Any, look: _Look) -> str:
        if name == "m":
            return " ".join(formula_text(formula) for formula in run.iter("{*}oMath"))
        shown = dict(self._context.fields).get(run.get("type", "")) if name == "fld" else None
        text = shown if shown is not None else (run.findtext("{*}t") or "")
        if not text:
            return ""
        sign_font = _typeface(properties, "sym") if properties is not None else ""
        font = (_typeface(properties, "latin") if properties is not None else "") or look.font
        if is_symbol_font(font):
            text = symbol_text(font, text)
        elif not text.isascii():  # a:sym is for the private area alone
            text = _PRIVATE.sub(lambda signs: symbol_text(sign_font, signs[0]), text)
        return text.upper() if _value(properties, "cap", look.cap) == "all" else text

    def _target(self, properties: Any) -> str:
        clicked = child(properties, "hlinkClick") if properties is not None else None
        target = self._context.link(attribute(clicked, "id")) if clicked is not None else ""
        return target if _SPECIAL_LINK.match(target) else ""


def link_note(target: str, shown: str) -> str:
    """The target of a link that a whole shape is, in brackets, unless the shape shows it; empty for other targets."""
    address = address_beside(target, shown) if shown.strip() else ""
    return f"({address})" if address else ""


def auto_number(number: int, scheme: str) -> str:
    """A number as a scheme of automatic numbering prints it: ``3.``, ``c)``, ``(iii)``, ``③``."""
    if scheme in _CIRCLES:
        return chr(_CIRCLES[scheme] + number - 1) if 1 <= number <= 10 else str(number)
    ending = next((name for name in _AROUND if scheme.endswith(name)), "Plain")
    style: NumeralStyle = next((style for name, style in _COUNTED if scheme.startswith(name)), "decimal")
    counted = (
        _chinese(number)
        if scheme.startswith("ea1") and "Db" not in scheme
        else numeral(number, style, repeat_letters=False)
    )
    return _AROUND[ending].format(counted)


def _chinese(number: int) -> str:
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    front = ("" if tens == 1 else _CHINESE[tens]) + "十" if tens else ""
    return front + (_CHINESE[ones] if ones else "")


def _bullet(properties: Any) -> Any:
    return next((node for node in properties if local(node) in ("buNone", "buAutoNum", "buChar", "buBlip")), None)


def _typeface(properties: Any, name: str) -> str:
    font = child(properties, name)
    return font.get("typeface", "") if font is not None else ""


def _value(properties: Any, name: str, otherwise: str) -> str:
    return str(properties.get(name, otherwise)) if properties is not None else otherwise


def _script(baseline: str) -> Script:
    amount = baseline.strip().rstrip("%")  # thousandths of a percent, or a percentage in files of the Strict variant
    if not amount.strip("+-0."):
        return ""
    return "sub" if amount.startswith("-") else "super"
