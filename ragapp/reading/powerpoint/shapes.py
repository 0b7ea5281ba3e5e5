"""The shapes of a slide (ISO/IEC 29500-1, chapters 19.3 and 20.1), each as a box with what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.left_out import LeftOut
from ragapp.reading.office.charts import add_chart
from ragapp.reading.office.diagrams import diagram_text
from ragapp.reading.office.drawingml import (
    TextContext,
    attribute,
    body_text,
    child,
    link_note,
    local,
    plain_text,
    shown_children,
    text_body,
)
from ragapp.reading.office.open_xml import Part
from ragapp.reading.package import BAD_PART
from ragapp.reading.powerpoint.order import Box, bounds
from ragapp.reading.powerpoint.places import NOWHERE, Place, Transform, is_outside, place_of
from ragapp.reading.powerpoint.tables import table_rows

# what repeats on every slide: ST_PlaceholderType, 19.7.10
_FURNITURE = ("dt", "ftr", "sldNum", "hdr")
_TITLES = ("title", "ctrTitle")
# the placeholder of a master that holds for those of a layout
_MASTER_KIND = {"ctrTitle": "title", "title": "title", "dt": "dt", "ftr": "ftr", "sldNum": "sldNum", "hdr": "hdr"}
_MEDIA = ("videoFile", "audioFile", "quickTimeFile", "wavAudioFile", "audioCd")
_STYLES = {"title": "titleStyle", "body": "bodyStyle"}
_MIN_PICTURE = 0.01  # of the slide's area; logos and icons hold no text that anyone asks for

_MISSING_DATA = "Open it in PowerPoint, or get a new copy."


@dataclass(slots=True)
class SlideShapes:
    """What the shapes of one slide, layout or master show."""

    titles: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    running: list[str] = field(default_factory=list)  # footers and dates


@dataclass(slots=True)
class ShapeReader:
    """Reads the shape trees of a slide and of what it takes over.

    Attributes:
        part: of the slide, the layout or the master.
        above: the parts that its placeholders take their place and look from, nearest first.
        size: of the slide, in the same unit as the shapes (EMU).
        default_style: list style of text in no placeholder.
        context: with the fields and the count of what is left out.
        picture: called with the part of each picture that may hold text, None where it is not in the file.
    """

    part: Part
    above: Sequence[Part]
    size: tuple[int, int]
    default_style: Any
    context: TextContext
    left_out: LeftOut
    picture: Callable[[Part | None], None]
    _shapes: SlideShapes = field(default_factory=SlideShapes)
    _known: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def read(self, *, placeholders: bool = True) -> SlideShapes:
        """Everything that is seen; without placeholders for layouts and masters, whose own are never shown."""
        tree = child(self.part.root, "cSld", "spTree")
        self._shapes = SlideShapes()
        if tree is not None:
            self._shapes.boxes = self._boxes(tree, Transform(), placeholders)
        background = child(self.part.root, "cSld", "bg", "bgPr", "blipFill", "blip")
        if background is not None:
            self._blip(background)
        controls = child(self.part.root, "cSld", "controls")
        for _ in controls if controls is not None else ():
            self._leave("form control", "form controls")
        return self._shapes

    def _boxes(self, tree: Any, transform: Transform, placeholders: bool) -> list[Box]:
        boxes = []
        for shape in shown_shapes(tree):
            facts = next((node for node in shape if local(node).startswith("nv")), None)
            facts_of_all = child(facts, "cNvPr")
            if facts_of_all is not None and facts_of_all.get("hidden", "0") in ("1", "true"):
                self._leave("hidden shape", "hidden shapes")
                continue
            kind = _placeholder(facts)
            if kind is not None and not placeholders:
                continue
            box = self._box(shape, kind, transform, placeholders)
            if box is None:
                continue
            if is_outside((box.left, box.top, box.right, box.bottom), self.size):
                self._leave("shape beside the slide", "shapes beside the slide")
                continue
            boxes.append(box)
        return boxes

    def _box(self, shape: Any, kind: tuple[str, str] | None, transform: Transform, placeholders: bool) -> Box | None:
        name = local(shape)
        if name == "grpSp":
            form = child(shape, "grpSpPr", "xfrm")
            inner = self._boxes(shape, transform.inner(form) if form is not None else transform, placeholders)
            return Box(*bounds(inner), inside=inner) if inner else None
        place = self._place(shape, kind, transform)
        if name in ("sp", "cxnSp"):
            return self._text_box(shape, kind, place)
        write = None
        if name == "pic":
            self._read_picture(shape, place)
        elif name == "graphicFrame":
            write = self._frame_writer(shape)
        elif name == "contentPart":
            self._leave("ink drawing", "ink drawings")
        return Box(*place, write=write) if write is not None else None

    # --- text

    def _text_box(self, shape: Any, kind: tuple[str, str] | None, place: Place) -> Box | None:
        fill = child(shape, "spPr", "blipFill", "blip")
        if fill is not None and self._is_large(place):
            self._blip(fill)
        body = child(shape, "txBody")
        if body is None:
            return None
        context = self._text_context(kind)
        if kind is not None and kind[0] in _FURNITURE:
            # the number of the slide is that of the unit
            bare = replace(context, fields=(("slidenum", ""),))
            self._shapes.running.append(plain_text(body, bare).strip())
            return None
        if kind is not None and kind[0] in _TITLES and not self._shapes.titles and not is_outside(place, self.size):
            title = plain_text(body, context)
            if title:
                self._shapes.titles.append(title)
            return None
        text = body_text(text_body(body, context))
        click = next((child(node, "cNvPr", "hlinkClick") for node in shape if local(node).startswith("nv")), None)
        note = link_note(self.context.link(attribute(click, "id")), text) if click is not None and text else ""
        text = f"{text} {note}" if note else text
        if not text:
            return None
        left, top, right, bottom = place
        return Box(left, top, right, bottom, text, lambda out: out.text(text))

    def _text_context(self, kind: tuple[str, str] | None) -> TextContext:
        if kind is None:
            styles = [self.default_style]
        else:
            styles = [child(shape, "txBody", "lstStyle") for shape in self._models(kind)]
            master = self.above[-1] if self.above else self.part
            style = _STYLES["title" if kind[0] in _TITLES else "body"]
            styles.append(child(master.root, "txStyles", style))
        return replace(self.context, inherited=tuple(style for style in styles if style is not None))

    def _models(self, kind: tuple[str, str]) -> Iterator[Any]:
        """The placeholders that one takes its place and look from: of the layout by index, of the master by kind."""
        for depth, part in enumerate(self.above):
            by_index, by_kind = self._placeholders_of(part)
            if depth == 0 and kind[1] in by_index:
                yield by_index[kind[1]]
            else:
                wanted = kind[0] if depth == 0 else _MASTER_KIND.get(kind[0], "body")
                if wanted in by_kind:
                    yield by_kind[wanted]

    def _placeholders_of(self, part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
        """The placeholders of a layout or master by index and by kind, the first of each."""
        if part.name not in self._known:
            tree = child(part.root, "cSld", "spTree")
            by_index: dict[str, Any] = {}
            by_kind: dict[str, Any] = {}
            for shape in shown_shapes(tree) if tree is not None else ():
                found = _placeholder_of(shape)
                if found is not None:
                    by_kind.setdefault(found[0], shape)
                    by_index.setdefault(found[1], shape)
            self._known[part.name] = by_index, by_kind
        return self._known[part.name]

    # --- tables, charts, diagrams, embedded documents

    def _frame_writer(self, frame: Any) -> Callable[[BlockBuilder], None] | None:
        data = child(frame, "graphic", "graphicData")
        for content in shown_children(data) if data is not None else ():
            name = local(content)
            if name == "tbl":
                rows = table_rows(content, self._text_context(None))
                return lambda out: out.table(rows)
            if name == "chart":
                key = attribute(content, "id")
                return lambda out: self._write_chart(key, out)
            if name == "relIds":
                return self._diagram_writer(content)
            if name == "oleObj":
                self.left_out.add(
                    "embedded document", "embedded documents", self.context.place, hint="Index it as a file of its own."
                )
                return None
        # drawings of other programs (a locked canvas, 20.3) have the same text bodies
        bodies = data.iter("{*}txBody") if data is not None else ()
        text = "\n".join(filter(None, (plain_text(body, self._text_context(None)) for body in bodies)))
        if text:
            return lambda out: out.text(text)
        self._leave("object", "objects")
        return None

    def _write_chart(self, key: str, out: BlockBuilder) -> None:
        part = self._related(key)
        try:
            if part is not None:
                add_chart(out, part.blob, self.left_out, self.context.place)
                self._write_user_shapes(part, out)
                return
        except BAD_PART:
            pass
        self.left_out.add("chart", "charts", self.context.place, hint=_MISSING_DATA)

    def _write_user_shapes(self, chart: Part, out: BlockBuilder) -> None:
        """Text boxes that were drawn into a chart."""
        for part in chart.related("chartUserShapes"):
            out.text("\n".join(plain_text(body, self._text_context(None)) for body in part.root.iter("{*}txBody")))

    def _diagram_writer(self, ids: Any) -> Callable[[BlockBuilder], None] | None:
        data = self._related(attribute(ids, "dm"))
        try:
            blob = data.blob if data is not None else b"<none/>"
            drawing = self._drawing_of(data)
            diagram = diagram_text(blob, drawing.blob if drawing is not None else None)
        except BAD_PART:
            self.left_out.add("diagram", "diagrams", self.context.place, hint=_MISSING_DATA)
            return None
        for key in diagram.pictures:
            holder = data if data is not None else drawing
            relation = holder.rels.get(key) if holder is not None else None
            self.picture(relation.target_part if relation is not None else None)
        if not diagram.lines:
            if not diagram.pictures:
                self.left_out.add("diagram", "diagrams", self.context.place, hint=_MISSING_DATA)
            return None
        return lambda out: out.text(diagram.text)

    def _drawing_of(self, data: Part | None) -> Part | None:
        """What was drawn of a diagram: its data names the relationship of the slide ([MS-ODRAWXML] 2.5.1)."""
        named = next(data.root.iter("{*}dataModelExt"), None) if data is not None else None
        if named is not None and named.get("relId"):
            relation = self.part.rels.get(named.get("relId", ""))
            if relation is not None and relation.kind == "diagramDrawing":
                return relation.target_part
        drawn = self.part.related("diagramDrawing")
        return drawn[0] if len(drawn) == 1 and len(self.part.related("diagramData")) < 2 else None

    # --- pictures

    def _read_picture(self, shape: Any, place: Place) -> None:
        facts = child(shape, "nvPicPr", "nvPr")
        if facts is not None and any(local(node) in _MEDIA for node in facts):
            self._leave("video or sound", "videos or sounds")
            return
        blip = child(shape, "blipFill", "blip")
        marks = child(shape, "nvPicPr", "cNvPr", "extLst")
        if marks is not None and any(mark.get("val") in ("1", "true") for mark in marks.iter("{*}decorative")):
            return  # its author says that it holds nothing ([MS-ODRAWXML] 2.26.1.1)
        if blip is not None and self._is_large(place) and not is_outside(place, self.size):
            self._blip(blip)

    def _blip(self, blip: Any) -> None:
        key = attribute(blip, "embed")
        if key or attribute(blip, "link"):
            self.picture(self._related(key))

    # --- places

    def _place(self, shape: Any, kind: tuple[str, str] | None, transform: Transform) -> Place:
        form = child(shape, "spPr", "xfrm")
        if form is None:
            form = child(shape, "xfrm")  # of a graphic frame
        if form is None and kind is not None:
            forms = (child(model, "spPr", "xfrm") for model in self._models(kind))
            form, transform = next((found for found in forms if found is not None), None), Transform()
        return place_of(form, transform) if form is not None else NOWHERE

    def _is_large(self, place: Place) -> bool:
        left, top, right, bottom = place
        area = (right - left) * (bottom - top)
        return not area or area >= _MIN_PICTURE * self.size[0] * self.size[1]

    def _related(self, key: str) -> Part | None:
        relation = self.part.rels.get(key)
        return relation.target_part if relation is not None else None

    def _leave(self, one: str, many: str) -> None:
        self.left_out.add(one, many, self.context.place)


def shown_shapes(tree: Any) -> Iterator[Any]:
    """The shapes of a tree; of alternatives the first that has one of the kinds that are known here."""
    for node in tree:
        name = local(node)
        if name in ("sp", "cxnSp", "grpSp", "pic", "graphicFrame", "contentPart"):
            yield node
        elif name == "AlternateContent":
            ways = [list(shown_shapes(way)) for way in node if local(way) in ("Choice", "Fallback")]
            known = [way for way in ways if any(local(shape) != "contentPart" and _is_known(shape) for shape in way)]
            yield from (known or ways or [[]])[0]


def _is_known(shape: Any) -> bool:
    """Whether a frame holds something that is read; other shapes always do."""
    data = child(shape, "graphic", "graphicData") if local(shape) == "graphicFrame" else None
    return data is None or any(local(node) in ("tbl", "chart", "relIds", "oleObj") for node in shown_children(data))


def _placeholder(facts: Any) -> tuple[str, str] | None:
    """Kind and index of a placeholder, by the ``nv…Pr`` element of its shape; None for other shapes."""
    found = child(facts, "nvPr", "ph")
    return (found.get("type", "obj"), found.get("idx", "0")) if found is not None else None


def _placeholder_of(shape: Any) -> tuple[str, str] | None:
    return _placeholder(next((node for node in shape if local(node).startswith("nv")), None))
