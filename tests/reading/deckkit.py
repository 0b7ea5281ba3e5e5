"""Writers of small presentations from the XML of their shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.reading.packagekit import write_zip

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
NAMESPACES = f'xmlns:a="{A}" xmlns:p="{P}" xmlns:r="{R}" xmlns:c="{C}" xmlns:mc="{MC}"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CM = 360_000  # EMU


@dataclass
class Slide:
    """A slide by its shapes, with relationships (id, kind or whole type, target; an address is outside the file)."""

    shapes: str = ""
    rels: list[tuple[str, str, str]] = field(default_factory=list)
    attributes: str = ""
    background: str = ""


def write_deck(
    path: Path,
    *slides: Slide | str,
    layout: str = "",
    master: str = "",
    styles: str = "",
    presentation: str = "",
    rels: list[tuple[str, str, str]] | None = None,
    parts: dict[str, str | bytes] | None = None,
    attributes: str = "",
    layout_attributes: str = "",
) -> Path:
    """A presentation whose slides all use one layout; ``parts`` are added, or replace parts of it."""
    made = [slide if isinstance(slide, Slide) else Slide(slide) for slide in slides]
    numbers = range(1, len(made) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in numbers)
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/ppt/presentation.xml" ContentType="application/vnd.'
        'openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>',
        "_rels/.rels": relationships([("rId1", "officeDocument", "ppt/presentation.xml")]),
        "ppt/presentation.xml": f"<p:presentation {NAMESPACES} {attributes}><p:sldIdLst>{ids}</p:sldIdLst>"
        f'<p:sldSz cx="{25 * CM}" cy="{19 * CM}"/>{presentation}</p:presentation>',
        "ppt/_rels/presentation.xml.rels": relationships(
            [(f"rId{n}", "slide", f"slides/slide{n}.xml") for n in numbers] + (rels or [])
        ),
        "ppt/slideLayouts/slideLayout1.xml": _tree("sldLayout", layout, layout_attributes),
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relationships(
            [("rId1", "slideMaster", "../slideMasters/slideMaster1.xml")]
        ),
        "ppt/slideMasters/slideMaster1.xml": _tree("sldMaster", master, "", f"<p:txStyles>{styles}</p:txStyles>"),
    }
    for number, slide in zip(numbers, made, strict=True):
        members[f"ppt/slides/slide{number}.xml"] = _tree("sld", slide.shapes, slide.attributes, "", slide.background)
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relationships(
            [("rIdL", "slideLayout", "../slideLayouts/slideLayout1.xml"), *slide.rels]
        )
    return write_zip(path, members | (parts or {}))


def relationships(rows: list[tuple[str, str, str]]) -> str:
    """A part of relationships; those whose target has a scheme are outside the file."""
    found = "".join(
        f'<Relationship Id="{key}" Type="{kind if "/" in kind else f"{_RELATED}/{kind}"}" Target="{target}"'
        + (' TargetMode="External"/>' if ":" in target else "/>")
        for key, kind, target in rows
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{found}</Relationships>'


def _tree(name: str, shapes: str, attributes: str, after: str = "", background: str = "") -> str:
    return (
        f"<p:{name} {NAMESPACES} {attributes}><p:cSld>{background}<p:spTree><p:nvGrpSpPr/><p:grpSpPr/>{shapes}"
        f"</p:spTree></p:cSld>{after}</p:{name}>"
    )


def place(x: float, y: float, width: float, height: float, more: str = "") -> str:
    """A frame in centimetres."""
    return (
        f'<a:xfrm {more}><a:off x="{round(x * CM)}" y="{round(y * CM)}"/>'
        f'<a:ext cx="{round(width * CM)}" cy="{round(height * CM)}"/></a:xfrm>'
    )


def paragraphs(*texts: str) -> str:
    """Paragraphs of one run each; what begins with ``<`` is XML already."""
    return "".join(text if text.startswith("<") else f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)


def box(
    text: str, x: float = 1, y: float = 1, width: float = 5, height: float = 1, *, ph: str = "", hidden: bool = False
) -> str:
    """A text box of one paragraph, or with the paragraphs given as XML; ``ph``: the attributes of a placeholder."""
    kind = f"<p:ph {ph}/>" if ph else ""
    where = "" if ph else place(x, y, width, height)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="9" name="box" hidden="{int(hidden)}"/><p:cNvSpPr/><p:nvPr>{kind}</p:nvPr>'
        f"</p:nvSpPr>"
        f"<p:spPr>{where}</p:spPr><p:txBody><a:bodyPr/><a:lstStyle/>{paragraphs(text)}</p:txBody></p:sp>"
    )


def frame(uri: str, content: str, x: float = 1, y: float = 3, width: float = 20, height: float = 10) -> str:
    """A graphic frame: a table, a chart, a diagram."""
    return (
        f'<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="8" name="frame"/><p:cNvGraphicFramePr/><p:nvPr/>'
        f"</p:nvGraphicFramePr>{place(x, y, width, height).replace('a:xfrm', 'p:xfrm')}"
        f'<a:graphic><a:graphicData uri="{uri}">{content}</a:graphicData></a:graphic></p:graphicFrame>'
    )


def picture(key: str, x: float = 1, y: float = 1, width: float = 10, height: float = 8, media: str = "") -> str:
    """A picture by the id of its relationship."""
    return (
        f'<p:pic><p:nvPicPr><p:cNvPr id="7" name="picture"/><p:cNvPicPr/><p:nvPr>{media}</p:nvPr></p:nvPicPr>'
        f'<p:blipFill><a:blip r:embed="{key}"/></p:blipFill><p:spPr>{place(x, y, width, height)}</p:spPr></p:pic>'
    )


def chart_space(plots: str, axes: str = "", title: str = "", more: str = "") -> str:
    """The XML of a chart part."""
    return (
        f"<c:chartSpace {NAMESPACES}>{more}<c:chart>{title and chart_title(title)}<c:plotArea>{plots}{axes}"
        "</c:plotArea></c:chart></c:chartSpace>"
    )


def chart_title(text: str) -> str:
    return f"<c:title><c:tx><c:rich><a:bodyPr/>{paragraphs(text)}</c:rich></c:tx></c:title>"


def cache(kind: str, values: list[str | None], code: str = "") -> str:
    """A cache of cells: ``str`` or ``num``; None is a blank cell."""
    points = "".join(
        f'<c:pt idx="{index}"><c:v>{value}</c:v></c:pt>' for index, value in enumerate(values) if value is not None
    )
    form = f"<c:formatCode>{code}</c:formatCode>" if code else ""
    held = f'{form}<c:ptCount val="{len(values)}"/>{points}'
    return f"<c:{kind}Ref><c:f>S!A1</c:f><c:{kind}Cache>{held}</c:{kind}Cache></c:{kind}Ref>"


def series(name: str, heads: list[str | None] | str, values: list[str | None], code: str = "", more: str = "") -> str:
    """A series of categories (texts, or the XML of their source) and numbers."""
    named = f"<c:tx>{cache('str', [name])}</c:tx>" if name else ""
    source = heads if isinstance(heads, str) else cache("str", heads)
    return f"<c:ser>{named}{more}<c:cat>{source}</c:cat><c:val>{cache('num', values, code)}</c:val></c:ser>"
