"""Slides as PowerPoint shows them: their texts, shapes, order and tables."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.office.drawingml import auto_number
from ragapp.reading.registry import read_file
from tests.reading.deckkit import CM, NAMESPACES, Slide, box, frame, picture, place, write_deck
from tests.reading.pdfkit import picture as picture_of
from tests.reading.seen.seenkit import Seen, check, table


def _png(text: str) -> bytes:
    stream = io.BytesIO()
    picture_of([text]).save(stream, "PNG")
    return stream.getvalue()


_ISO = "ISO/IEC 29500-1"
_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_CHARTEX = "http://schemas.microsoft.com/office/drawing/2014/chartex"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_P188 = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
_TABLE = "http://schemas.openxmlformats.org/drawingml/2006/table"
_OLE = "http://schemas.openxmlformats.org/presentationml/2006/ole"
_BULLETS = (
    '<p:bodyStyle><a:lvl1pPr><a:buChar char="•"/></a:lvl1pPr><a:lvl2pPr><a:buChar char="–"/></a:lvl2pPr></p:bodyStyle>'
)
_UNHIDE = "Show them in PowerPoint to have them read."


def deck(name: str, *slides: Slide | str, source: str, build: dict[str, Any] | None = None, **seen: Any) -> Seen:
    """A case of a presentation."""

    def write(path: Path) -> None:
        write_deck(path, *slides, **(build or {}))

    return Seen(name, seen.pop("suffix", ".pptx"), write, source=source, **seen)


def runs(*pieces: tuple[str, str]) -> str:
    """A paragraph of runs with the attributes, or the XML, of their properties."""
    made = ""
    for text, look in pieces:
        inner = look if look.startswith("<") else ""
        outer = "" if inner else look
        made += f"<a:r><a:rPr {outer}>{inner}</a:rPr><a:t>{text}</a:t></a:r>"
    return f"<a:p>{made}</a:p>"


def item(text: str, mark: str, level: int = 0) -> str:
    return f'<a:p><a:pPr lvl="{level}">{mark}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'


def numbered(text: str, scheme: str = "arabicPeriod", level: int = 0, start: int = 0) -> str:
    first = f' startAt="{start}"' if start else ""
    return item(text, f'<a:buAutoNum type="{scheme}"{first}/>', level)


def cells(*rows: str, first_row: int = 1) -> str:
    """A table frame; a cell is a text, ``>`` goes on to the right, ``^`` below, with its spans after ``|``."""
    made = ""
    for row in rows:
        made += '<a:tr h="1">'
        for cell in row.split(";"):
            text, _, spans = cell.partition("|")
            merged = {">": 'hMerge="1"', "^": 'vMerge="1"'}.get(text, spans)
            shown = "" if text in (">", "^") else text
            made += f"<a:tc {merged}><a:txBody><a:p><a:r><a:t>{shown}</a:t></a:r></a:p></a:txBody><a:tcPr/></a:tc>"
        made += "</a:tr>"
    return frame(_TABLE, f'<a:tbl><a:tblPr firstRow="{first_row}"/><a:tblGrid/>{made}</a:tbl>')


_ROW = "<a:tr>" + "<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>" * 2 + "</a:tr>"

TEXTS = [
    deck(
        "raised and lowered runs",
        box(
            runs(
                ("The rent is 350", ""),
                ("4", 'baseline="30000"'),
                (" euros for H", ""),
                ("2", 'baseline="-25000"'),
                ("O", ""),
            )
        ),
        sees=("The rent is 350^4 euros for H2O",),
        never=("3504",),
        source=f"{_ISO}, 21.1.2.3.9, baseline",
    ),
    deck(
        "a strict file writes the baseline in percent",
        box(runs(("10", ""), ("6", 'baseline="30%"'), (" cells", ""))),
        sees=("10^6 cells",),
        source="ISO/IEC 29500-1, 22.9.2.9 ST_Percentage",
    ),
    deck(
        "struck-out runs",
        box(runs(("FC-9 costs ", ""), ("64", 'strike="sngStrike"'), ("58 euros", ""))),
        sees=("FC-9 costs 58 euros",),
        never=("64",),
        warns=("1 struck-out passage was left out (slide 1).",),
        source=f"{_ISO}, 20.1.10.79 ST_TextStrikeType",
    ),
    deck(
        "struck out twice over two runs is one passage",
        box(runs(("now ", ""), ("12", 'strike="dblStrike"'), ("3", 'strike="dblStrike"'), ("9", 'strike="noStrike"'))),
        sees=("now 9",),
        never=("12",),
        warns=("1 struck-out passage",),
        source=f"{_ISO}, 20.1.10.79",
    ),
    deck(
        "symbol fonts",
        box(
            runs(
                ("Dose 5 ", ""),
                ("m", '<a:latin typeface="Symbol"/>'),
                ("g ", ""),
                ("\uf0a3", '<a:sym typeface="Symbol"/>'),
            )
            + runs(("\uf0fe", '<a:latin typeface="Wingdings"/><a:sym typeface="Wingdings"/>'), (" Yes", ""))
        ),
        sees=("Dose 5 µg ≤", "☑ Yes"),
        source=f"{_ISO}, 21.1.2.3.10 sym; PowerPoint",
    ),
    deck(
        "ticks as bullets",
        box(
            item("Lifted", '<a:buFont typeface="Wingdings"/><a:buChar char="ü"/>')
            + item("Locked", '<a:buFont typeface="Wingdings"/><a:buChar char="û"/>')
            + item("Plain", '<a:buFont typeface="Arial"/><a:buChar char="•"/>')
        ),
        sees=("✓ Lifted\n✗ Locked\n- Plain",),
        source=f"{_ISO}, 21.1.2.4.3 buChar; PowerPoint's own list of ticks",
    ),
    deck(
        "automatic numbers by level",
        box(
            numbered("Plan")
            + numbered("Scope", "alphaLcParenR", 1)
            + numbered("Cost", "alphaLcParenR", 1)
            + numbered("Build")
            + numbered("Walls", "alphaLcParenR", 1)
        ),
        sees=("1. Plan\n  a) Scope\n  b) Cost\n2. Build\n  a) Walls",),
        source=f"{_ISO}, 21.1.2.4.1 buAutoNum",
    ),
    deck(
        "numbers that start later, and start again",
        box(
            numbered("Four", start=4)
            + numbered("Five", start=4)
            + item("A remark", "<a:buNone/>")
            + numbered("One", "romanUcPeriod")
            + numbered("Two", "romanUcPeriod")
        ),
        sees=("4. Four\n5. Five\nA remark\nI. One\nII. Two",),
        source=f"{_ISO}, 21.1.2.4.1 startAt; PowerPoint",
    ),
    deck(
        "an empty paragraph has no number",
        box(numbered("One") + '<a:p><a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr></a:p>' + numbered("Two")),
        sees=("1. One\n2. Two",),
        source="PowerPoint",
    ),
    deck(
        "numbers of the master's list",
        box(item("First", "") + item("Second", ""), ph='type="body" idx="1"'),
        build={"styles": '<p:bodyStyle><a:lvl1pPr><a:buAutoNum type="arabicParenR"/></a:lvl1pPr></p:bodyStyle>'},
        sees=("1) First\n2) Second",),
        source=f"{_ISO}, 19.3.1.5 bodyStyle",
    ),
    deck(
        "the layout's list goes before the master's",
        box(item("First", "") + item("Second", "", 1), ph='type="body" idx="4"'),
        build={
            "styles": _BULLETS,
            "layout": "<p:sp><p:nvSpPr>"
            '<p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr><p:ph type="body" idx="4"/></p:nvPr>'
            '</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:lstStyle><a:lvl1pPr><a:buAutoNum type="alphaUcPeriod"/>'
            "</a:lvl1pPr></a:lstStyle><a:p/></p:txBody></p:sp>",
        },
        sees=("A. First\n  - Second",),
        source=f"{_ISO}, 19.3.1.36 ph",
    ),
    deck(
        "capitals",
        box(runs(("quiet ", ""), ("loud", 'cap="all"'))),
        sees=("quiet LOUD",),
        source=f"{_ISO}, 20.1.10.64 ST_TextCapsType",
    ),
    deck(
        "fields",
        box(
            '<a:p><a:r><a:t>As of </a:t></a:r><a:fld id="{1}" type="datetime1"><a:t>3/14/2026</a:t></a:fld>'
            '<a:r><a:t>, slide </a:t></a:r><a:fld id="{2}" type="slidenum"><a:t>‹#›</a:t></a:fld></a:p>'
        ),
        sees=("As of 3/14/2026, slide 1",),
        source=f"{_ISO}, 21.1.2.2.4 fld",
    ),
    deck(
        "a link keeps its target",
        Slide(
            box(runs(("the form", '<a:hlinkClick r:id="rId7"/>'), (" is online", "")))
            + box(runs(("acme.example/a", '<a:hlinkClick r:id="rId8"/>')), y=4)
            + box(runs(("next slide", '<a:hlinkClick r:id="rId9" action="ppaction://hlinksldjump"/>')), y=6),
            [
                ("rId7", "hyperlink", "https://acme.example/form?id=7"),
                ("rId8", "hyperlink", "https://acme.example/a/"),
                ("rId9", "slide", "slide1.xml"),
            ],
        ),
        sees=("the form (https://acme.example/form?id=7) is online", "acme.example/a"),
        never=("https://acme.example/a/", "slide1.xml"),
        source=f"{_ISO}, 21.1.2.3.5 hlinkClick",
    ),
    deck(
        "a formula in a text",
        "<mc:AlternateContent>"
        '<mc:Choice xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" Requires="a14">'
        + box(
            "<a:p><a:r><a:t>Area:</a:t></a:r>"
            '<a14:m xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
            "<m:oMath><m:sSup><m:e><m:r><m:t>r</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
            "</m:oMath>"
            "</a14:m></a:p>"
        )
        + "</mc:Choice><mc:Fallback>"
        + box(" ")
        + "</mc:Fallback></mc:AlternateContent>",
        sees=("Area: r^2",),
        source="[MS-ODRAWXML] 2.3.1.9 m; ISO/IEC 29500-3, 10.2.1",
    ),
]

SHAPES = [
    deck(
        "shapes with the id of the title",
        box("Rules", ph='type="title"') + box("Deposit is 500 euros", y=5),
        sees=("Deposit is 500 euros",),
        headings=("Rules",),
        source="PowerPoint; ids are repeated by some programs",
    ),
    deck(
        "a title at the end of the tree, and capitals of its master",
        box("body text", y=9) + box("annual report", ph='type="ctrTitle"'),
        build={"styles": '<p:titleStyle><a:lvl1pPr><a:defRPr cap="all"/></a:lvl1pPr></p:titleStyle>'},
        sees=("ANNUAL REPORT\n\nbody text",),
        headings=("ANNUAL REPORT",),
        source=f"{_ISO}, 19.3.1.49 titleStyle",
    ),
    deck(
        "hidden slides",
        "",
        Slide(box("secret price 12"), attributes='show="0"'),
        box("open price 15"),
        sees=("open price 15",),
        never=("secret",),
        warns=(f"1 hidden slide was left out (slide 2). {_UNHIDE}",),
        source=f"{_ISO}, 19.3.1.38 sld, show",
    ),
    deck(
        "hidden shapes",
        box("seen") + box("unseen 77", y=4, hidden=True),
        sees=("seen",),
        never=("77",),
        warns=("1 hidden shape was left out (slide 1).",),
        source=f"{_ISO}, 20.1.2.2.8 cNvPr, hidden; PowerPoint's selection pane",
    ),
    deck(
        "shapes beside the slide",
        box("seen") + box("draft 88", x=-9) + box("draft 99", x=26) + box("half seen", x=-2, y=4),
        sees=("seen", "half seen"),
        never=("draft",),
        warns=("2 shapes beside the slide were left out (slide 1).",),
        source="PowerPoint's slide show",
    ),
    deck(
        "a title beside the slide",
        box("Draft 2019", ph='type="title"').replace("<p:spPr>", f"<p:spPr>{place(-20, 1, 9, 2)}") + box("seen"),
        sees=("seen",),
        never=("Draft",),
        warns=("1 shape beside the slide was left out (slide 1).",),
        source="PowerPoint's slide show",
    ),
    deck(
        "a drawing of another program, and an object of none",
        frame(
            "http://schemas.openxmlformats.org/drawingml/2006/lockedCanvas",
            f"<lc>{box('legend 4 kV')}</lc>",
            y=1,
            height=2,
        )
        + frame("http://example.org/unheard", "<x/>", y=6),
        sees=("legend 4 kV",),
        warns=("1 object was left out (slide 1).",),
        source=f"{_ISO}, 20.3 locked canvas",
    ),
    deck(
        "groups have a scale of their own",
        '<p:grpSp><p:nvGrpSpPr><p:cNvPr id="3" name="g"/></p:nvGrpSpPr><p:grpSpPr>'
        + place(2, 2, 10, 10).replace(
            "</a:xfrm>", f'<a:chOff x="{100 * CM}" y="{100 * CM}"/><a:chExt cx="{20 * CM}" cy="{20 * CM}"/></a:xfrm>'
        )
        + "</p:grpSpPr>"
        + box("in the group", x=104, y=104)
        + "</p:grpSp>"
        + box("below", y=9),
        sees=("in the group\n\nbelow",),
        source=f"{_ISO}, 20.1.7.5 grpSpPr xfrm",
    ),
    deck(
        "text of the layout and the master, once",
        box("one"),
        box("two"),
        build={
            "layout": box("Harbour works, internal") + box("Click to edit", ph='type="body" idx="1"'),
            "master": box("Northlight plc", y=17)
            + picture("rId9", y=9)
            + box("How to use this", x=40)
            + box("x", hidden=True),
        },
        sees=("Harbour works, internal", "Northlight plc"),
        never=("Click to edit", re.compile("Northlight.*Northlight", re.DOTALL)),
        source=f"{_ISO}, 19.3.1.36 ph; 19.3.1.39 sldLayout",
    ),
    deck(
        "a slide that hides what its master shows",
        Slide(box("one"), attributes='showMasterSp="0"'),
        build={"layout": box("Harbour works"), "master": box("Northlight plc")},
        sees=("one",),
        never=("Harbour", "Northlight"),
        source=f"{_ISO}, 19.3.1.38 sld, showMasterSp",
    ),
    deck(
        "footers and dates, once; no numbers of slides",
        box("one")
        + box("QP-417 valid until March 2027", ph='type="ftr" idx="11"')
        + box("1", ph='type="sldNum" idx="12"'),
        box("two")
        + box("QP-417 valid until March 2027", ph='type="ftr" idx="11"')
        + box("9 May", ph='type="dt" idx="10"'),
        sees=("QP-417 valid until March 2027", "9 May"),
        never=(re.compile("QP-417.*QP-417", re.DOTALL), re.compile(r"^1$", re.MULTILINE)),
        source=f"{_ISO}, 19.7.10 ST_PlaceholderType",
    ),
    deck(
        "old comments",
        Slide(box("text"), [("rId4", "comments", "../comments/comment1.xml")]),
        build={
            "rels": [("rId90", "commentAuthors", "commentAuthors.xml")],
            "parts": {
                "ppt/commentAuthors.xml": f"<p:cmAuthorLst {NAMESPACES}>"
                '<p:cmAuthor id="0" name="Ines Moll"/></p:cmAuthorLst>',
                "ppt/comments/comment1.xml": f'<p:cmLst {NAMESPACES}><p:cm authorId="0" idx="1"><p:pos x="1" y="1"/>'
                "<p:text>Ask for 3 offers</p:text></p:cm></p:cmLst>",
            },
        },
        sees=("Comment by Ines Moll: Ask for 3 offers",),
        source=f"{_ISO}, 19.4 comments",
    ),
    deck(
        "comments as threads",
        Slide(
            box("text"),
            [("rId4", "http://schemas.microsoft.com/office/2018/10/relationships/comments", "../comments/modern1.xml")],
        ),
        build={
            "rels": [("rId90", "http://schemas.microsoft.com/office/2018/10/relationships/authors", "authors.xml")],
            "parts": {
                "ppt/authors.xml": f'<p188:authorLst xmlns:p188="{_P188}">'
                '<p188:author id="{A}" name="Ines Moll"/><p188:author id="{B}" name="Bo Falk"/></p188:authorLst>',
                "ppt/comments/modern1.xml": f'<p188:cmLst xmlns:p188="{_P188}" '
                f'{NAMESPACES}><p188:cm id="{{1}}" authorId="{{A}}" status="resolved"><p188:replyLst>'
                f'<p188:reply authorId="{{B}}">'
                "<p188:txBody><a:p><a:r><a:t>We have 4</a:t></a:r></a:p></p188:txBody></p188:reply></p188:replyLst>"
                "<p188:txBody><a:p><a:r><a:t>Ask for 3 offers</a:t></a:r></a:p></p188:txBody></p188:cm></p188:cmLst>",
            },
        },
        sees=("Resolved comment by Ines Moll: Ask for 3 offers", "Reply by Bo Falk: We have 4"),
        source="[MS-PPTX] 2.6.3",
    ),
    deck(
        "notes",
        Slide(box("text"), [("rId4", "notesSlide", "../notesSlides/notesSlide1.xml")]),
        build={
            "parts": {
                "ppt/notesSlides/notesSlide1.xml": f"<p:notes {NAMESPACES}><p:cSld><p:spTree>"
                + box(runs(("say 12", ""), ("3", 'baseline="30000"')), ph='type="body" idx="1"')
                + box("7", ph='type="sldNum" idx="2"')
                + "</p:spTree></p:cSld></p:notes>"
            }
        },
        sees=("Notes: say 12^3",),
        never=("7",),
        source=f"{_ISO}, 13.3.5 notes slide part",
    ),
    deck(
        "pictures are told, logos are not",
        Slide(
            picture("rId5") + picture("rId6", 20, 1, 2, 1),
            [("rId5", "image", "../media/a.png"), ("rId6", "image", "b.png")],
        ),
        build={"parts": {"ppt/media/a.png": b"\x89PNG"}},
        warns=("1 picture was left out (slide 1).",),
        source="what is not read is told",
    ),
    deck(
        "a picture whose author says that it is decoration",
        Slide(
            picture("rId5").replace(
                'name="picture"/>',
                'name="picture"><a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative '
                'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
                "</p:cNvPr>",
            ),
            [("rId5", "image", "../media/a.png")],
        ),
        build={"parts": {"ppt/media/a.png": b"\x89PNG"}},
        source="[MS-ODRAWXML] 2.26.1.1 decorative",
    ),
    deck(
        "pictures that fill a shape or the slide",
        Slide(
            box("x")
            .replace("</a:xfrm>", '</a:xfrm><a:blipFill><a:blip r:embed="rId6"/></a:blipFill>')
            .replace(f'cy="{CM}"', f'cy="{9 * CM}"'),
            [("rId5", "image", "../media/a.png"), ("rId6", "image", "../media/b.png")],
            background='<p:bg><p:bgPr><a:blipFill><a:blip r:embed="rId5"/></a:blipFill></p:bgPr></p:bg>',
        ),
        build={
            "parts": {"ppt/media/a.png": _png("Gate 7 opens at 9:30"), "ppt/media/b.png": _png("Dogs stay outside")}
        },
        sees=("x", "Gate 7 opens at 9:30", "Dogs stay outside"),
        source=f"{_ISO}, 20.1.8.14 blipFill",
    ),
    deck(
        "films and embedded documents are told",
        Slide(
            picture("rId5", media='<a:videoFile r:link="rId6"/>')
            + frame(
                _OLE,
                '<mc:AlternateContent><mc:Choice xmlns:v="urn:schemas-microsoft-com:vml" Requires="v"><p:oleObj '
                'progId="Excel.Sheet.12" r:id="rId7"/></mc:Choice><mc:Fallback>'
                '<p:oleObj progId="Excel.Sheet.12" r:id="rId7">'
                f"{picture('rId8')}</p:oleObj></mc:Fallback></mc:AlternateContent>",
            )
        ),
        warns=("1 video or sound was left out (slide 1).", "1 embedded document was left out (slide 1)."),
        source=f"{_ISO}, 19.3.2.4 oleObj",
    ),
    deck(
        "slides that are missing, and others",
        box("one"),
        box("two"),
        build={"parts": {"ppt/slides/slide1.xml": "<p:sld"}},
        sees=("two",),
        warns=("1 damaged slide was left out (slide 1).",),
        source="PowerPoint repairs such files and keeps the other slides",
    ),
    deck(
        "what is missing costs itself only",
        Slide(
            box("text")
            + box("", ph='type="pic" idx="13"')
            + frame(_CHART, '<c:chart r:id="rId5"/>', y=4)
            + frame(_CHART, '<c:chart r:id="rId77"/>', y=9)
            + picture("rId6", y=9),
            [
                ("rId5", "chart", "../charts/none.xml"),
                ("rId6", "image", "../media/none.png"),
                ("rId7", "notesSlide", "../notesSlides/none.xml"),
                ("rId8", "comments", "../comments/none.xml"),
                ("rId9", "slideLayout", "../slideLayouts/slideLayout1.xml"),
            ],
        ),
        build={"parts": {"ppt/slideMasters/slideMaster1.xml": "<p:sldMaster"}},
        sees=("text",),
        warns=("2 charts were left out (slide 1).", "1 picture was left out (slide 1)."),
        source="PowerPoint opens such files, or repairs them",
    ),
    deck(
        "a template reads alike",
        box("as usual"),
        suffix=".potx",
        build={
            "parts": {
                "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                "<Default "
                'Extension="xml" ContentType="application/xml"/>'
                '<Override PartName="/ppt/presentation.xml" ContentType="'
                'application/vnd.openxmlformats-officedocument.presentationml.template.main+xml"/></Types>'
            }
        },
        sees=("as usual",),
        source=f"{_ISO}, 13.3.6 presentation part",
    ),
]

ORDER = [
    deck(
        "labels and values, one a hair higher",
        box("Paris", 2, 3)
        + box("42 %", 10, 2.99)
        + box("Lyon", 2, 5)
        + box("38 %", 10, 4.99)
        + box("Nice", 2, 7)
        + box("20 %", 10, 6.99),
        sees=("Paris  42 %\nLyon  38 %\nNice  20 %",),
        source="a person reads lines",
    ),
    deck(
        "columns of texts",
        "".join(box(text, 2, 3 + 2 * n) for n, text in enumerate(["For", "cheap", "fast"]))
        + "".join(box(text, 14, 3 + 2 * n) for n, text in enumerate(["Against", "loud", "heavy"])),
        sees=(re.compile("For.*cheap.*fast.*Against.*loud.*heavy", re.DOTALL),),
        source="a person reads columns",
    ),
    deck(
        "columns of texts below a wide title",
        box("Two offers", 2, 1, 20)
        + box("Offer A", 2, 3)
        + box("Offer B", 14, 3)
        + box("delivery in spring, with two years of service and all parts in stock", 2, 5, 8, 4)
        + box("delivery in autumn, without service but with a discount on spare parts", 14, 5, 8, 4),
        sees=(re.compile("Two offers.*Offer A.*spring.*Offer B.*autumn", re.DOTALL),),
        source="a person reads columns",
    ),
    deck(
        "figures above what they mean",
        box("64", 2, 3)
        + box("41", 10, 3)
        + box("9", 18, 3)
        + box("employees", 2, 5)
        + box("complaints", 10, 5)
        + box("sites", 18, 5),
        sees=(re.compile("64.*employees.*41.*complaints.*9.*sites", re.DOTALL),),
        source="a person reads cards",
    ),
    deck(
        "prices below the names of plans",
        "".join(
            box(text, x, 3 + 2 * n)
            for x, texts in ((2, ["Basic", "12 euros", "5 GB"]), (10, ["Plus", "25 euros", "50 GB"]))
            for n, text in enumerate(texts)
        ),
        sees=(re.compile("Basic.*12 euros.*5 GB.*Plus.*25 euros.*50 GB", re.DOTALL),),
        source="a person reads cards",
    ),
    deck(
        "columns of boxes of different heights",
        box("Left one", 2, 3, 8, 2)
        + box("Right one", 14, 3.5, 8, 4)
        + box("Left two", 2, 5.2, 8, 3)
        + box("Right two", 14, 8, 8, 1),
        sees=(re.compile("Left one.*Left two.*Right one.*Right two", re.DOTALL),),
        source="a person reads columns",
    ),
    deck(
        "names beside roles, drawn pair by pair with room between",
        "".join(
            box(text, x, y, 5)
            for y, pair in ((3, ("Director", "M. Roux")), (6, ("Sales", "A. Petit")))
            for x, text in zip((2, 8), pair, strict=True)
        ),
        sees=("Director  M. Roux\nSales  A. Petit",),
        source="a person reads lines",
    ),
    deck(
        "tables with their remarks beside them",
        "".join(
            frame(_TABLE, f"<a:tbl><a:tblPr/><a:tblGrid/>{rows}</a:tbl>", 1, y, 10, 4) + box(remark, 13, y, 9, 4)
            for y, rows, remark in (
                (1, _ROW.format("North", "5") + _ROW.format("South", "6"), "the north lost a shift"),
                (7, _ROW.format("East", "7") + _ROW.format("West", "8"), "the west was closed"),
            )
        ),
        sees=(re.compile("North.*lost a shift.*East.*was closed", re.DOTALL),),
        source="a person reads a remark with what stands beside it",
    ),
    deck(
        "Hebrew columns are read from the right",
        "".join(box(text, 14, 3 + 2 * n) for n, text in enumerate(["בעד", "זול", "מהיר"]))
        + "".join(box(text, 2, 3 + 2 * n) for n, text in enumerate(["נגד", "רועש", "כבד"])),
        sees=(re.compile("בעד.*זול.*מהיר.*נגד.*רועש.*כבד", re.DOTALL),),
        source="a person reads from the right",
    ),
    deck(
        "a card around its boxes",
        box("Plan A", 1, 2, 9, 10)
        + box("Plan B", 12, 2, 9, 10)
        + box("10 euros", 2, 5)
        + box("20 euros", 13, 5)
        + box("cancel daily", 2, 8)
        + box("cancel yearly", 13, 8),
        sees=(re.compile("Plan A.*10 euros.*daily.*Plan B.*20 euros.*yearly", re.DOTALL),),
        source="a person reads cards",
    ),
]

TABLES = [
    deck(
        "a cell merged over rows holds in each",
        cells("Building;Room", 'North|rowSpan="2";N1', "^;N2", "South;S1"),
        sees=("| North | N1 |\n| North | N2 |\n| South | S1 |",),
        source=f"{_ISO}, 21.1.3.16 tc, vMerge",
    ),
    deck(
        "a header of two rows",
        cells('Region|rowSpan="2";2024|gridSpan="2";>', "^;Plan;Actual", "North;5;6"),
        sees=("| Region | 2024 / Plan | 2024 / Actual |\n| --- | --- | --- |\n| North | 5 | 6 |",),
        source="PowerPoint",
    ),
    deck(
        "a header of two rows without a name in its corner",
        cells(';2024|gridSpan="2";>', "Region;Plan;Actual", "North;5 M€;6 M€"),
        sees=("| Region | 2024 / Plan | 2024 / Actual |",),
        source="PowerPoint",
    ),
    deck(
        "a merged name above data is no second header",
        cells('City;Contact|gridSpan="2";>', "Paris;Anna;0123", "Lyon;Ben;0456"),
        sees=("| City | Contact | Contact |\n| --- | --- | --- |\n| Paris | Anna | 0123 |",),
        source="PowerPoint",
    ),
    deck(
        "a figure merged over columns is written once",
        cells("Item;2023;2024", 'Both years|;12 M€|gridSpan="2";>'),
        sees=("| Both years | 12 M€ |  |",),
        source=f"{_ISO}, 21.1.3.16 tc, gridSpan",
    ),
]


@table(TEXTS + SHAPES + ORDER + TABLES)
def test_slides_as_they_are_shown(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_a_strict_presentation_reads_alike(tmp_path: Path) -> None:
    strict = {
        "http://schemas.openxmlformats.org/drawingml/2006/": "http://purl.oclc.org/ooxml/drawingml/",
        "http://schemas.openxmlformats.org/presentationml/2006/": "http://purl.oclc.org/ooxml/presentationml/",
        "http://schemas.openxmlformats.org/officeDocument/2006/": "http://purl.oclc.org/ooxml/officeDocument/",
    }
    write_deck(tmp_path / "usual.pptx", box("Rules", ph='type="title"') + cells("A;B", "1;2"))

    with zipfile.ZipFile(tmp_path / "usual.pptx") as usual, zipfile.ZipFile(tmp_path / "strict.pptx", "w") as package:
        for name in usual.namelist():
            text = usual.read(name).decode()
            for old, new in strict.items():
                text = text.replace(old, new)
            package.writestr(name, text)
    document = read_file(tmp_path / "strict.pptx")
    assert [block.text for block in document.units[0].blocks] == ["Rules", "| A | B |\n| --- | --- |\n| 1 | 2 |"]
    assert document.warnings == []


def test_slides_keep_their_numbers(tmp_path: Path) -> None:
    write_deck(
        tmp_path / "a.pptx", box("a"), Slide(box("b"), attributes='show="0"'), box("c"), attributes='firstSlideNum="5"'
    )
    document = read_file(tmp_path / "a.pptx")
    assert [(unit.number, unit.label, unit.text) for unit in document.units] == [(1, "5", "a"), (3, "7", "c")]
    assert "(slide 6)" in document.warnings[0]


@pytest.mark.parametrize(
    ("number", "scheme", "printed"),
    [
        (3, "arabicParenBoth", "(3)"),
        (3, "arabicPlain", "3"),
        (3, "romanLcParenR", "iii)"),
        (28, "alphaUcPeriod", "AB."),
        (3, "circleNumDbPlain", "③"),
        (3, "circleNumWdBlackPlain", "❸"),
        (12, "ea1ChsPeriod", "十二."),
        (4, "arabicDbPeriod", "4."),
        (4, "hebrew2Minus", "4-"),
        (4, "unheardOf", "4"),
    ],
)
def test_schemes_of_automatic_numbers(number: int, scheme: str, printed: str) -> None:
    """ISO/IEC 29500-1, 20.1.10.61 ST_TextAutonumberScheme."""
    assert auto_number(number, scheme) == printed


_WORD = st.text("abcdefgh", min_size=3, max_size=8)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(_WORD, st.floats(-40, 40), st.floats(-40, 40), st.booleans(), st.booleans()), max_size=12))
def test_every_box_that_is_seen_is_read_once(tmp_path_factory: pytest.TempPathFactory, drawn: Any) -> None:
    path = tmp_path_factory.mktemp("deck") / "a.pptx"
    shapes, seen, unseen = "", [], 0
    for number, (word, x, y, hidden, struck) in enumerate(drawn):
        text = f"{word}{number}end"
        body = runs((text, 'strike="sngStrike"' if struck else ""))
        shapes += box(body, x, y, 4, 1, hidden=hidden)
        outside = x + 4 <= 0 or y + 1 <= 0 or x >= 25 or y >= 19
        # a frame is cut to whole units, so one that only just reaches the slide may go either way
        if hidden or struck or outside:
            unseen += 1
        else:
            seen.append(text)
    write_deck(path, shapes)
    document = read_file(path)
    words = document.units[0].text.split()
    assert sorted(words) == sorted(seen)
    assert bool(document.warnings) == bool(unseen)
