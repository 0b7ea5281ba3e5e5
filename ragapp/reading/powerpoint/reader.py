"""PowerPoint presentations.

Source of the element names: ISO/IEC 29500-1, chapter 19. The XML is walked, since python-pptx knows neither diagrams
nor alternatives nor comments, and gives up a whole file over one part.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.drawingml import TextContext, attribute, body_text, child, local, text_body
from ragapp.reading.office.open_xml import OpenPackage, Part
from ragapp.reading.package import BAD_PART, given_title, open_package
from ragapp.reading.pages.pictures import PictureReader
from ragapp.reading.powerpoint.comments import comment_authors, slide_comments
from ragapp.reading.powerpoint.order import mirror_right_to_left, write_in_order
from ragapp.reading.powerpoint.shapes import ShapeReader, SlideShapes, shown_shapes
from ragapp.reading.text import AGAIN, clean, whole_number

_USUAL_SIZE = (9_144_000, 6_858_000)  # 19.2.1.39


def read_pptx(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a presentation: one unit a slide that is shown, with its speaker notes and comments."""
    with open_package(path, ".pptx", options) as content:
        package = OpenPackage(content)
        main = package.main("ppt/presentation.xml")
        if local(main.root) != "presentation":
            raise ReadingError("the file is truncated or damaged (it has no presentation in it)", AGAIN)
        deck = _Deck(main, options)
        units = deck.units()
        title = given_title(_stated_title(package)) or deck.first_title or path.stem
        return Document(title, units or [Unit(1, "slide")], warnings=deck.left_out.warnings())


class _Deck:
    """Reads the slides in their order, and keeps what holds for all of them."""

    def __init__(self, main: Part, options: ReadOptions) -> None:
        self.left_out = LeftOut()
        self.first_title = ""
        self._main = main
        self._authors = comment_authors(main)
        self._running: set[str] = set()  # what repeats, and was read already
        self._pictures = PictureReader(options, self.left_out)
        self._in_pictures: list[str] = []  # texts of the pictures of the slide that is read
        size = child(main.root, "sldSz")
        self._size = (
            (whole_number(size.get("cx", ""), _USUAL_SIZE[0]), whole_number(size.get("cy", ""), _USUAL_SIZE[1]))
            if size is not None
            else _USUAL_SIZE
        )
        self._default_style = child(main.root, "defaultTextStyle")
        self._first = whole_number(main.root.get("firstSlideNum", ""), 1)  # 19.2.1.26

    def units(self) -> list[Unit]:
        """The slides that are shown; a hidden one keeps its number, as in PowerPoint."""
        units = []
        listed = child(self._main.root, "sldIdLst")
        keys = [attribute(node, "id") for node in listed if isinstance(node.tag, str)] if listed is not None else []
        for number, key in enumerate(keys, start=1):
            printed = self._first + number - 1
            place = f"slide {printed}"
            relation = self._main.rels.get(key)
            out = BlockBuilder()
            try:
                part = relation.target_part if relation is not None else None
                if part is None or child(part.root, "cSld") is None:
                    raise ValueError("there is no slide")
                if part.root.get("show", "1") in ("0", "false"):
                    self.left_out.add(
                        "hidden slide", "hidden slides", place, hint="Show them in PowerPoint to have them read."
                    )
                    continue
                self._read_slide(part, printed, place, out)
            except BAD_PART:
                self.left_out.add("damaged slide", "damaged slides", place, hint="Its part is missing or is not XML.")
            units.append(Unit(number, "slide", str(printed) if printed != number else "", blocks=out.blocks))
        return units

    def _read_slide(self, slide: Part, number: int, place: str, out: BlockBuilder) -> None:
        layouts = slide.related("slideLayout")[:1]
        masters = layouts[0].related("slideMaster")[:1] if layouts else []
        above = [part for part in (*layouts, *masters) if _is_sound(part)]
        shapes = self._reader(slide, above, number, place).read()
        if shapes.titles:
            out.heading(1, shapes.titles[0])
            self.first_title = self.first_title or out.title
        mirror_right_to_left(shapes.boxes)
        write_in_order(shapes.boxes, out)
        for text in self._in_pictures:
            out.text(text)
        self._in_pictures.clear()
        for text in self._running_texts(slide, above, number, place, shapes):
            out.text(text)
        self._read_notes(slide, number, place, out)
        for line in slide_comments(slide, self._authors, self.left_out, place):
            out.text(line)

    def _reader(self, part: Part, above: list[Part], number: int, place: str) -> ShapeReader:
        context = self._context(part, number, place)
        return ShapeReader(
            part,
            above,
            self._size,
            self._default_style,
            context,
            self.left_out,
            lambda picture: self._read_picture(picture, place),
        )

    def _repeated_text(self, part: Part, above: list[Part], number: int, place: str) -> list[str]:
        """The texts of a layout or a master; its pictures are decoration, and what it does not show is a designer's."""
        reader = self._reader(part, above, number, place)
        reader.left_out = LeftOut()
        reader.picture = _pass_over
        reader.context = replace(reader.context, fields=(("slidenum", ""),), left_out=None)
        found = BlockBuilder()
        write_in_order(reader.read(placeholders=False).boxes, found)
        return [block.text for block in found.blocks]

    def _context(self, part: Part, number: int, place: str) -> TextContext:
        return TextContext(
            link=lambda key: _address(part, key),
            fields=(("slidenum", str(number)),),
            left_out=self.left_out,
            place=place,
        )

    def _read_picture(self, picture: Part | None, place: str) -> None:
        """Recognise the text in a picture, once where several slides show it."""
        if picture is None:
            self.left_out.add("picture", "pictures", place, hint="It is not in the file.")
        elif text := self._pictures.text(picture.blob, place):
            self._in_pictures.append(text)

    def _running_texts(self, slide: Part, above: list[Part], number: int, place: str, shapes: SlideShapes) -> list[str]:
        """Footers, dates and texts of the layout and the master, each where it is met first."""
        texts = list(shapes.running)
        shows = slide.root.get("showMasterSp", "1") not in ("0", "false")
        for depth, part in enumerate(above):
            if not shows:
                break
            key = f"\n{part.name}"  # no text, so it cannot be taken for one
            if key not in self._running:
                self._running.add(key)
                texts += self._repeated_text(part, above[depth + 1 :], number, place)
            shows = part.root.get("showMasterSp", "1") not in ("0", "false")
        new = []
        for text in (clean(text).strip() for text in texts):
            if any(map(str.isalnum, text)) and text not in self._running and not text.isdecimal():
                self._running.add(text)
                new.append(text)
        return new

    def _read_notes(self, slide: Part, number: int, place: str, out: BlockBuilder) -> None:
        for notes in slide.related("notesSlide")[:1]:
            try:
                tree = child(notes.root, "cSld", "spTree")
            except BAD_PART:
                self.left_out.add("notes page", "notes pages", place, hint="Its part is not XML.")
                continue
            texts = []
            for shape in shown_shapes(tree) if tree is not None else ():
                found = child(shape, "nvSpPr", "nvPr", "ph")
                body = child(shape, "txBody")
                # the other placeholders are the picture of the slide, and what repeats on every page
                if body is not None and (found is None or found.get("type", "obj") in ("body", "obj")):
                    texts.append(body_text(text_body(body, self._context(notes, number, f"{place}, notes"))))
            text = "\n".join(filter(None, texts))
            out.text(f"Notes: {text}" if text else "")


def _pass_over(picture: Part | None) -> None:
    pass


def _is_sound(part: Part) -> bool:
    try:
        return part.root is not None
    except BAD_PART:
        return False


def _address(part: Part, key: str) -> str:
    relation = part.rels.get(key)
    return relation.target_ref if relation is not None and relation.is_external else ""


def _stated_title(package: OpenPackage) -> str:
    for relation in package.rels.values():
        if relation.kind == "core-properties" and relation.target_part is not None:
            try:
                found: Any = relation.target_part.root.find("{http://purl.org/dc/elements/1.1/}title")
            except BAD_PART:
                return ""
            return (found.text or "") if found is not None else ""
    return ""
