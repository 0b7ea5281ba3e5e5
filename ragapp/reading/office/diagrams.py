"""SmartArt (ISO/IEC 29500-1, chapter 21.4): the points of a diagram as an indented list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.office.drawingml import attribute, child, plain_text
from ragapp.reading.package import xml_root
from ragapp.reading.text import one_line, whole_number

_MAX_DEPTH = 12  # deeper points are written at this depth
_SHOWN_KINDS = ("node", "asst")  # ST_PtType, 21.4.7.51; the others are of the layout


@dataclass(slots=True)
class Diagram:
    """What a diagram shows."""

    lines: list[str] = field(default_factory=list)  # its points, each with its indent and a hyphen
    pictures: list[str] = field(default_factory=list)  # relationship ids of the pictures in it

    @property
    def text(self) -> str:
        """Its points, a line each."""
        return "\n".join(self.lines)


@dataclass(slots=True)
class _Point:
    kind: str
    text: str


def diagram_text(data_xml: bytes, drawing_xml: bytes | None = None) -> Diagram:
    """The points of a diagram below those that they belong to, in the order in which they are shown.

    Args:
        data_xml: its data model (``dgm:dataModel``).
        drawing_xml: what was drawn of it last (``dsp:drawing``), where the file has it. Points that are not drawn are
            not seen, and texts that are drawn but are no points follow at the end.
    """
    root = xml_root(data_xml)
    points = {node.get("modelId", ""): node for node in root.iterfind("{*}ptLst/{*}pt")}
    diagram = Diagram(pictures=_pictures(root))
    drawn = _drawn_texts(drawing_xml) if drawing_xml else []
    if drawing_xml and not diagram.pictures:
        diagram.pictures = _pictures(xml_root(drawing_xml))
    everything = ", ".join(drawn)
    written: list[str] = []
    for key, depth in _in_order(root, points):
        point = _read_point(points[key])
        if not point.text or (drawn and point.text not in everything):
            continue
        written.append(point.text)
        assistant = " (assistant)" if point.kind == "asst" else ""
        diagram.lines.append("  " * min(depth, _MAX_DEPTH) + f"- {point.text}{assistant}")
    known = " ".join(written)
    diagram.lines += [f"- {text}" for text in drawn if text not in known]
    return diagram


def _in_order(root: Any, points: dict[str, Any]) -> list[tuple[str, int]]:
    """The ids of the points that are shown, with their depth."""
    below: dict[str, list[tuple[int, str]]] = {}
    children = set()
    for connection in root.iterfind("{*}cxnLst/{*}cxn"):
        # 21.4.7.23: parOf is the default; the other kinds tie points to the layout
        if connection.get("type", "parOf") == "parOf":
            source, target = connection.get("srcId", ""), connection.get("destId", "")
            below.setdefault(source, []).append((whole_number(connection.get("srcOrd", ""), 0), target))
            children.add(target)
    roots = [key for key, node in points.items() if node.get("type") == "doc"]
    # a model that has lost its root, or never had connections: every point that belongs to no other one
    roots = roots or [key for key in points if key not in children]
    if not below:
        return [(key, 0) for key, node in points.items() if node.get("type", "node") in _SHOWN_KINDS]
    found, seen = [], set()
    pending = [(key, 0 if points[key].get("type") != "doc" else -1) for key in reversed(roots)]
    while pending:
        key, depth = pending.pop()
        if key in seen or key not in points:  # a damaged model may go round in a circle
            continue
        seen.add(key)
        if points[key].get("type", "node") in _SHOWN_KINDS:
            found.append((key, depth))
        lower = sorted(below.get(key, ()), key=lambda pair: pair[0])
        pending += [(target, depth + 1) for _, target in reversed(lower)]
    return found


def _read_point(node: Any) -> _Point:
    settings = child(node, "prSet")
    if settings is not None and settings.get("phldr", "0") in ("1", "true"):
        return _Point("node", "")  # "[Text]", which is not shown
    body = child(node, "t")
    text = ", ".join(plain_text(body).split("\n")) if body is not None else ""
    return _Point(node.get("type", "node"), one_line(text))


def _drawn_texts(xml: bytes) -> list[str]:
    """The paragraphs of a drawing."""
    return [one_line(line) for body in xml_root(xml).iter("{*}txBody") for line in plain_text(body).split("\n") if line]


def _pictures(root: Any) -> list[str]:
    """The relationship ids of the pictures that fill shapes."""
    return [key for node in root.iter("{*}blip") if (key := attribute(node, "embed"))]
