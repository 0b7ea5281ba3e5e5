"""Word documents as Word shows them: signs, raised and struck-out text, forms, tables, what stands beside the text."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seenkit import Seen, check, table
from wordkit import SPACES, control, docx, docx_bytes, field, form_field, math, me, mr, p, r, style, sym, tbl, tc, tr

from ragapp.errors import ReadingError
from ragapp.reading.package import MAX_EXPANDED
from ragapp.reading.registry import read_file

SUPER, SUB = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'
STRIKE, VANISH = "<w:strike/>", "<w:vanish/>"
SYMBOL = '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'
STRUCK, HIDDEN = "1 struck-out passage was left out", "1 hidden passage was left out"


def _link(target: str, words: str) -> tuple[str, dict[str, tuple[str, str, None]]]:
    return f'<w:hyperlink r:id="rL">{r(words)}</w:hyperlink>', {"rL": ("hyperlink", target, None)}


def _linked(name: str, target: str, words: str, sees: tuple[str, ...], never: tuple[str, ...] = ()) -> Seen:
    link, related = _link(target, words)
    return Seen(name, ".docx", docx(p("See ", link, " now."), related=related), sees, never, source="29500-1, 17.16.22")


RUNS = [
    Seen(
        "raised and lowered",
        ".docx",
        docx(p("12", r("3", SUPER), " days, 10", r("−6", SUPER), " m, CO", r("2", SUB))),
        ("12^3 days, 10^−6 m, CO2",),
        ("123",),
        source="29500-1, 17.3.2.42 vertAlign",
    ),
    Seen(
        "raised by a character style",
        ".docx",
        docx(p("95", r("2", '<w:rStyle w:val="Mark"/>'), " euros"), style("Mark", SUPER)),
        ("95^2 euros",),
        source="29500-1, 17.7.2 style hierarchy",
    ),
    Seen(
        "a style's raising is undone by the run",
        ".docx",
        docx(p("9", r("5", '<w:rStyle w:val="Mark"/><w:vertAlign w:val="baseline"/>')), style("Mark", SUPER)),
        ("95",),
        ("^",),
        source="29500-1, 17.7.2 style hierarchy",
    ),
    Seen(
        "raised by position and size, as other programs write it",
        ".docx",
        docx(
            p(r("480", '<w:sz w:val="24"/>'), r("1", '<w:position w:val="8"/><w:sz w:val="14"/>'), r(" euros", ""))
            + p(r("H"), r("2", '<w:position w:val="-6"/><w:sz w:val="12"/>'), r("O"))
        ),
        ("480^1 euros", "H2O"),
        source="seen in files of LibreOffice and Google Docs",
    ),
    Seen(
        "moved up but not smaller",
        ".docx",
        docx(p("12", r("5", '<w:position w:val="2"/>'), " km")),
        ("125 km",),
        source="29500-1, 17.3.2.24 position",
    ),
    Seen(
        "a paragraph that is raised as a whole stands on its own line",
        ".docx",
        docx(p(r("Notes and sources", SUPER))),
        ("Notes and sources",),
        ("^",),
        source="seen in Word",
    ),
    Seen(
        "struck out",
        ".docx",
        docx(p("FC-9: ", r("64 euros", STRIKE), " 71 euros", r(" 80 euros", "<w:dstrike/>"))),
        ("FC-9: 71 euros",),
        ("64", "80"),
        warns=("2 struck-out passages",),
        source="29500-1, 17.3.2.37 strike, 17.3.2.9 dstrike",
    ),
    Seen(
        "struck out in several runs is one passage",
        ".docx",
        docx(p("a ", r("6", STRIKE), r("4", STRIKE + "<w:b/>"), " b")),
        ("a b",),
        warns=(STRUCK,),
        source="seen in Word",
    ),
    Seen(
        "strike that is off",
        ".docx",
        docx(p("costs ", r("64 euros", '<w:strike w:val="0"/>'))),
        ("costs 64 euros",),
        source="29500-1, 17.17.4 ST_OnOff",
    ),
    Seen(
        "struck out by two styles is not",
        ".docx",
        docx(
            p(r("50 euros", '<w:rStyle w:val="Gone"/>'), properties='<w:pStyle w:val="Old"/>')
            + p("70 euros", properties='<w:pStyle w:val="Old"/>'),
            style("Gone", STRIKE) + style("Old", STRIKE, "paragraph"),
        ),
        ("50 euros",),
        ("70",),
        warns=(STRUCK,),
        source="29500-1, 17.7.3 toggle properties",
    ),
    Seen(
        "hidden, by the run, by a style and by the style that it is based on",
        ".docx",
        docx(
            p(
                "Price: ",
                r("A1 ", VANISH),
                "100 ",
                r("B2 ", '<w:rStyle w:val="Hid"/>'),
                "euros",
                r("C3", '<w:rStyle w:val="Sub"/>'),
            ),
            style("Hid", VANISH) + style("Sub", "<w:b/>", based_on="Hid"),
        ),
        ("Price: 100 euros",),
        ("A1", "B2", "C3"),
        warns=("3 hidden passages",),
        source="29500-1, 17.3.2.41 vanish",
    ),
    Seen(
        "hidden on the web only",
        ".docx",
        docx(p("seen", r(" in print", "<w:webHidden/>"))),
        ("seen in print",),
        source="29500-1, 17.3.2.44 webHidden",
    ),
    Seen(
        "styles that are based on each other",
        ".docx",
        docx(p(r("text", '<w:rStyle w:val="A"/>')), style("A", based_on="B") + style("B", STRIKE, based_on="A")),
        never=("text",),
        warns=(STRUCK,),
        source="damaged file",
    ),
    Seen(
        "Symbol by the run's font",
        ".docx",
        docx(p("5 ", r("m", SYMBOL), "g, x ", r("\uf0a3", SYMBOL), " 7 ", r("\uf0b1", SYMBOL), "1")),
        ("5 µg, x ≤ 7 ±1",),
        ("5 mg",),
        source="Adobe Symbol encoding",
    ),
    Seen(
        "Symbol for ASCII only",
        ".docx",
        docx(p(r("mé≤", '<w:rFonts w:ascii="Symbol" w:hAnsi="Arial"/>'))),
        ("µé≤",),
        source="29500-1, 17.3.2.26 rFonts",
    ),
    Seen(
        "a font of the theme goes before Symbol",
        ".docx",
        docx(
            p(
                r(
                    "5 mg",
                    '<w:rFonts w:ascii="Symbol" w:asciiTheme="minorHAnsi" w:hAnsi="Symbol" w:hAnsiTheme="minorHAnsi"/>',
                )
            )
        ),
        ("5 mg",),
        source="29500-1, 17.3.2.26 rFonts",
    ),
    Seen(
        "signs by their codes",
        ".docx",
        docx(
            p(
                "Insured: ",
                sym("Wingdings", "F0FE"),
                " yes ",
                sym("Wingdings", "F0A8"),
                " no, 45",
                sym("Symbol", "00B0"),
            )
            + p("Dose 5 ", f'<w:r><w:rPr>{SYMBOL}</w:rPr><w:sym w:font="Symbol" w:char="F06D"/></w:r>', "g")
        ),
        ("Insured: ☑ yes ☐ no, 45°", "Dose 5 µg"),
        source="29500-1, 17.3.3.30 sym",
    ),
    Seen(
        "a sign that nobody knows is no letter",
        ".docx",
        docx(p("a", sym("Wingdings", "F0FF"), "b", sym("Wingdings", "zz"))),
        ("a\ufffdb",),
        ("ÿ",),
        source="29500-1, 17.3.3.30 sym",
    ),
    Seen(
        "tabs, breaks, hyphens",
        ".docx",
        docx(
            p(
                "Left",
                '<w:r><w:ptab w:alignment="right" w:relativeTo="margin" w:leader="none"/></w:r>',
                "Right",
                "<w:r><w:br/></w:r>",
                "next",
                "<w:r><w:noBreakHyphen/></w:r>",
                "door",
                "<w:r><w:softHyphen/></w:r>",
                "s",
            )
        ),
        ("Left\tRight\nnext-doors",),
        source="29500-1, 17.3.3",
    ),
    Seen(
        "the reading above a word follows it",
        ".docx",
        docx(
            p(
                f"<w:r><w:ruby><w:rubyPr/><w:rt>{r('とうきょう')}</w:rt><w:rubyBase>{r('東京')}</w:rubyBase></w:ruby></w:r>",
                "へ",
            )
        ),
        ("東京(とうきょう)へ",),
        source="29500-1, 17.3.3.25 ruby",
    ),
    Seen(
        "a deleted end of a paragraph",
        ".docx",
        docx(
            p("The fee is 12", properties='<w:rPr><w:del w:id="1" w:author="A"/></w:rPr>') + p("0 euros.") + p("Next.")
        ),
        (re.compile(r"The fee is 120 euros\.\n\nNext\."),),
        source="29500-1, 17.13.5.15 deleted paragraph mark",
    ),
    Seen(
        "a heading whose end is hidden stays a heading",
        ".docx",
        docx(
            p("Scope.", properties='<w:outlineLvl w:val="0"/><w:rPr><w:vanish/><w:specVanish/></w:rPr>')
            + p("All staff.")
        ),
        ("All staff.",),
        headings=("Scope.",),
        source="style separators of Word",
    ),
]

LINKS = [
    _linked(
        "where a link leads",
        "https://rules.example/leave",
        "the rules",
        ("See the rules (https://rules.example/leave) now.",),
    ),
    _linked(
        "a link that shows its address", "https://rules.example/", "rules.example", ("See rules.example now.",), ("(",)
    ),
    _linked(
        "a link to a mailbox",
        "mailto:desk@firm.example",
        "write to us",
        ("write to us (desk@firm.example)",),
        ("mailto",),
    ),
    _linked("a link to a number", "tel:+33140000000", "+33 1 40 00 00 00", ("See +33 1 40 00 00 00 now.",), ("tel:",)),
    _linked("a link that runs a script", "javascript:alert(1)", "press", ("See press now.",), ("alert",)),
    Seen(
        "a link in several pieces is told once",
        ".docx",
        docx(
            p(*(f'<w:hyperlink r:id="rL">{r(part)}</w:hyperlink>' for part in ("the ", "new ", "rules"))),
            related={"rL": ("hyperlink", "https://rules.example/x", None)},
        ),
        ("the new rules (https://rules.example/x)",),
        source="seen in Word",
    ),
    Seen(
        "a link as a field",
        ".docx",
        docx(p(field('HYPERLINK "https://a.example/b"', "here"), ".")),
        ("here (https://a.example/b).",),
        ("HYPERLINK",),
        source="29500-1, 17.16.5.25",
    ),
    Seen(
        "a field that never ends hides nothing",
        ".docx",
        docx(p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', "kept") + p("and this")),
        ("kept", "and this"),
        source="seen in Word",
    ),
]


def _box(checked: str, sign: str, font: str = "MS Gothic") -> str:
    state = f'<w14:checkbox><w14:checked w14:val="{checked}"/><w14:checkedState w14:val="00FE" w14:font="Wingdings"/>'
    return control(f'{state}<w14:uncheckedState w14:val="2610" w14:font="MS Gothic"/></w14:checkbox>', r(sign))


_ITEM = {
    "rX": (
        "customXml",
        "item1.xml",
        '<r xmlns="urn:x"><fee>250 euros</fee><who/><due>2026-03-04</due><zone>h</zone></r>',
    )
}


def _bound(path: str, kind: str, shown: str) -> str:
    data = f'<w:dataBinding w:prefixMappings="xmlns:x=\'urn:x\'" w:xpath="/x:r[1]/x:{path}[1]" w:storeItemID="{{A}}"/>'
    return control(data + kind, r(shown))


FORMS = [
    Seen(
        "check boxes",
        ".docx",
        docx(p("Car: ", _box("0", "☐"), " yes ", _box("1", "\uf0fe"), " no, ", _box("1", "☐"), " late")),
        ("Car: ☐ yes ☒ no, ☐ late",),
        source="[MS-DOCX] 2.6.1.4; what it shows is the sign",
    ),
    Seen(
        "older form fields",
        ".docx",
        docx(
            p(
                form_field('<w:checkBox><w:default w:val="1"/></w:checkBox>', "FORMCHECKBOX"),
                " granted ",
                form_field('<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>', "FORMCHECKBOX"),
                " refused, ",
                form_field(
                    '<w:ddList><w:result w:val="1"/><w:listEntry w:val="North"/>'
                    '<w:listEntry w:val="Harbour"/></w:ddList>',
                    "FORMDROPDOWN",
                ),
                ", ",
                form_field("<w:textInput/>", "FORMTEXT", r("Ada")),
            )
        ),
        ("☒ granted ☐ refused, Harbour, Ada",),
        ("North", "FORM"),
        source="29500-1, 17.16.5.20 and 17.16.9, 17.16.29, 17.16.33",
    ),
    Seen(
        "a choice of an older form that nobody made is the first",
        ".docx",
        docx(p("Zone: ", form_field('<w:ddList><w:listEntry w:val="North"/></w:ddList>', "FORMDROPDOWN"))),
        ("Zone: North",),
        source="29500-1, 17.16.28 result",
    ),
    Seen(
        "a control shows its data",
        ".docx",
        docx(p("Fee: ", _bound("fee", "<w:text/>", "100 euros"), "."), related=_ITEM),
        ("Fee: 250 euros.",),
        ("100",),
        source="29500-1, 17.5.2.6 dataBinding",
    ),
    Seen(
        "a control whose data is empty",
        ".docx",
        docx(p("Name: ", _bound("who", "<w:text/>", "Jan"), "."), related=_ITEM),
        ("Name: .",),
        ("Jan",),
        source="29500-1, 17.5.2.6 dataBinding",
    ),
    Seen(
        "a date and a choice by their data",
        ".docx",
        docx(
            p(
                _bound(
                    "due",
                    '<w:date w:fullDate="2025-01-01T00:00:00Z"><w:dateFormat w:val="d MMMM yyyy"/>'
                    '<w:lid w:val="en-GB"/></w:date>',
                    "1 January 2025",
                ),
                ", ",
                _bound(
                    "zone",
                    '<w:dropDownList><w:listItem w:displayText="Harbour" w:value="h"/></w:dropDownList>',
                    "North",
                ),
            ),
            related=_ITEM,
        ),
        ("4 March 2026, Harbour",),
        ("2025", "North"),
        source="29500-1, 17.5.2.7 date, 17.5.2.15 dropDownList",
    ),
    Seen(
        "rich text is not bound",
        ".docx",
        docx(p("Fee: ", _bound("fee", "<w:richText/>", "100 euros")), related=_ITEM),
        ("100 euros",),
        source="29500-1, 17.5.2.6 dataBinding",
    ),
    Seen(
        "data that is not there, and a path that is none",
        ".docx",
        docx(p(_bound("none", "<w:text/>", "100 euros"), _bound("fee[//*]", "<w:text/>", "!")), related=_ITEM),
        ("100 euros!",),
        source="29500-1, 17.5.2.6 dataBinding",
    ),
    Seen(
        "a control that nobody filled in",
        ".docx",
        docx(
            p(
                "Site: ",
                control("<w:showingPlcHdr/>", r("Click here to enter text.", '<w:rStyle w:val="PlaceholderText"/>')),
                ".",
            ),
            style("Placeholder Text"),
        ),
        ("Site: .",),
        ("Click",),
        source="29500-1, 17.5.2.39 showingPlcHdr",
    ),
    Seen(
        "a control that a program filled in without taking the mark away",
        ".docx",
        docx(p("Site: ", control("<w:showingPlcHdr/>", r("Lyon")))),
        ("Site: Lyon",),
        source="seen in forms filled by programs",
    ),
]

_AX = "http://schemas.microsoft.com/office/2006/activeX"


def _activex(kind: str, properties: str) -> tuple[str, str, str]:
    content = (
        f'<ax:ocx xmlns:ax="{_AX}" ax:classid="{{8BD21D{kind}-EC42-11CE-9E0D-00AA006002F3}}">{properties}</ax:ocx>'
    )
    return "control", f"activeX/activeX{kind}.xml", content


def _property(name: str, value: str) -> str:
    return f'<ax:ocxPr ax:name="{name}" ax:value="{value}"/>'


FORMS += [
    Seen(
        "ActiveX controls whose properties are told, and one whose are not",
        ".docx",
        docx(
            p("Car: ", *(f'<w:r><w:object><w:control r:id="{name}"/></w:object></w:r>' for name in ("rB", "rT", "rS"))),
            related={
                "rB": _activex("40", _property("Value", "1") + _property("Caption", "no ")),
                "rT": _activex("10", _property("Value", "next week")),
                "rS": _activex("50", ""),
            },
        ),
        (re.compile("Car: ☒ no ?next week"),),
        warns=("1 form control was left out",),
        source="[MS-OE376] 2.5.2",
    ),
    Seen(
        "a box that hangs on a hidden run",
        ".docx",
        docx(
            p("seen", f"<w:r><w:rPr>{VANISH}</w:rPr><w:pict><w:txbxContent>{p('GONE')}</w:txbxContent></w:pict></w:r>")
        ),
        ("seen",),
        ("GONE",),
        warns=(HIDDEN,),
        source="29500-1, 17.3.2.41 vanish",
    ),
]


def _drawing(content: str, uri: str = "x", side: int = 4_000_000) -> str:
    return (
        f'<w:r><w:drawing><wp:inline><wp:extent cx="{side}" cy="{side}"/><a:graphic>'
        f'<a:graphicData uri="{uri}">{content}'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


_PICTURE = '<pic:pic><pic:blipFill><a:blip r:embed="rP"/></pic:blipFill></pic:pic>'


TABLES = [
    Seen(
        "rows with omitted cells",
        ".docx",
        docx(
            tbl(
                tr("Region", "2023", "2024"),
                tr("North", "10", "12"),
                tr("Total 2023", "22", properties='<w:gridBefore w:val="1"/>'),
                tr("South", "5", properties='<w:gridAfter w:val="1"/>'),
            )
        ),
        ("|  | Total 2023 | 22 |", "| South | 5 |  |"),
        source="29500-1, 17.4.15 gridBefore",
    ),
    Seen(
        "a header of two rows",
        ".docx",
        docx(
            tbl(
                tr(
                    tc("Site", '<w:vMerge w:val="restart"/>'),
                    tc("2024", '<w:gridSpan w:val="2"/>'),
                    properties="<w:tblHeader/>",
                ),
                tr(tc("", "<w:vMerge/>"), "Staff", "Area", properties="<w:tblHeader/>"),
                tr("Lyon", "7", "120 m"),
            )
        ),
        ("| Site | 2024 / Staff | 2024 / Area |\n| --- | --- | --- |\n| Lyon | 7 | 120 m |",),
        source="29500-1, 17.4.49 tblHeader",
    ),
    Seen(
        "a header of two rows that nothing marks",
        ".docx",
        docx(
            tbl(
                tr(tc("Site", '<w:vMerge w:val="restart"/>'), tc("2024", '<w:gridSpan w:val="2"/>')),
                tr(tc("", "<w:vMerge/>"), "Staff", "Cost"),
                tr("Lyon", "7", "12"),
                tr("Nice", "3", "9"),
            )
        ),
        ("| Site | 2024 / Staff | 2024 / Cost |",),
        source="seen in Word",
    ),
    Seen(
        "cells over rows, and a value over columns",
        ".docx",
        docx(
            tbl(
                tr("House", "Mon", "Tue", "Wed"),
                tr(tc("A", '<w:vMerge w:val="restart"/>'), tc("12 euros", '<w:gridSpan w:val="2"/>'), "9 euros"),
                tr(tc("", '<w:vMerge w:val="continue"/>'), "1 euro", "2 euros", "3 euros"),
            )
        ),
        ("| A | 12 euros | 12 euros | 9 euros |", "| A | 1 euro | 2 euros | 3 euros |"),
        source="29500-1, 17.4.84 vMerge, 17.4.17 gridSpan",
    ),
    Seen(
        "rows and cells that are deleted or inserted",
        ".docx",
        docx(
            tbl(
                tr("Item", "Price"),
                tr("FC-9", "64 euros", properties='<w:del w:id="1" w:author="A"/>'),
                tr("FC-9", "71 euros", properties='<w:ins w:id="2" w:author="A"/>'),
                tr("FC-8", tc("50 euros", '<w:cellDel w:id="3" w:author="A"/>'), "60 euros"),
            )
        ),
        ("| FC-9 | 71 euros |", "| FC-8 | 60 euros |"),
        ("64", "50"),
        source="29500-1, 17.13.5.12 del",
    ),
    Seen(
        "hidden rows",
        ".docx",
        docx(tbl(tr("Item", "Price"), tr("FC-9", "64", properties="<w:hidden/>"), tr("FC-8", "71"))),
        ("| FC-8 | 71 |",),
        ("64",),
        warns=("1 hidden row was left out",),
        source="29500-1, 17.4.20 hidden",
    ),
    Seen(
        "a table inside a cell",
        ".docx",
        docx(tbl(tr("Site", "Rooms"), tr("Lyon", tc(tbl(tr("Room", "Seats"), tr("A", "4"), tr("B", "9")) + "<w:p/>")))),
        ("| Lyon | Room: A, Seats: 4 Room: B, Seats: 9 |",),
        source="29500-1, 17.4.37 tbl",
    ),
    Seen(
        "a chunk and a picture in a cell, an icon, and a document that is linked",
        ".docx",
        docx(
            tbl(
                tr("Site", "Plan"),
                tr("Lyon", tc('<w:altChunk r:id="rC"/>' + p(_drawing(_PICTURE), _drawing(_PICTURE, side=90_000)))),
            )
            + p('<w:subDoc r:id="rD"/>'),
            related={
                "rC": ("aFChunk", "c.htm", "<p>chunk of Lyon</p>"),
                "rP": ("image", "image1.png", b"\x89PNG"),
                "rD": ("subDocument", "file:///part.docx", None),
            },
        ),
        ("chunk of Lyon",),
        warns=("1 picture was left out.", "1 linked document was left out"),
        source="what is met and not read is told",
    ),
    Seen(
        "columns of text are no table",
        ".docx",
        docx(tbl(tr(tc(p("one") + p("two") + p("three") + p("four")), tc("right")))),
        ("one\n\ntwo", "right"),
        ("|",),
        source="seen in newsletters",
    ),
    Seen(
        "subtitles and totals over columns stand once",
        ".docx",
        docx(
            tbl(
                tr("Item", "Size", "Price"),
                tr(tc("Filters", '<w:gridSpan w:val="3"/>')),
                tr("FC-9", "M", "71"),
                tr(tc("Total", '<w:gridSpan w:val="2"/>'), "71"),
            )
        ),
        ("| Filters |  |  |", "| Total |  | 71 |"),
        source="seen in Word",
    ),
]

_BOX = "<w:txbxContent>{}</w:txbxContent>"
_CHART = (
    f"<c:chartSpace {SPACES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Accidents</a:t></a:r></a:p></c:rich></c:tx>"
    "</c:title><c:plotArea><c:barChart><c:ser><c:tx><c:v>2024</c:v></c:tx><c:cat><c:strLit>"
    '<c:pt idx="0"><c:v>Lyon</c:v></c:pt></c:strLit></c:cat><c:val><c:numLit>'
    '<c:pt idx="0"><c:v>7</c:v></c:pt></c:numLit>'
    "</c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
)


def _chunk(target: str, content: str | bytes, kind: str) -> object:
    part = {"rC": ("aFChunk", target, content)}
    types = f'<Override PartName="/word/{target}" ContentType="{kind}"/>'
    return docx(p("Before") + '<w:altChunk r:id="rC"/>' + p("After"), related=part, types=types)


_MHT = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>late by 3=C2=A0weeks</p>\r\n--b--\r\n"
)
_INNER = docx_bytes(p("late by 3 weeks"))
_BETWEEN = re.compile(r"Before\s+late by 3 weeks\s+After")

PARTS = [
    Seen(
        "a text box is read once",
        ".docx",
        docx(
            p(
                "para",
                f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{_BOX.format(p("box"))}</mc:Choice>'
                f"<mc:Fallback><w:pict><v:textbox>{_BOX.format(p('box'))}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>",
            )
        ),
        (re.compile(r"\Apara\n\nbox\Z"),),
        source="29500-3, 10.2.1",
    ),
    Seen(
        "a text box that has no newer form",
        ".docx",
        docx(
            p(
                "para",
                f"<w:r><mc:AlternateContent><mc:Fallback><w:pict>{_BOX.format(p('old'))}</w:pict></mc:Fallback></mc:AlternateContent></w:r>",
            )
        ),
        ("old",),
        source="29500-3, 10.2.1",
    ),
    Seen(
        "words as art",
        ".docx",
        docx(p('<w:r><w:pict><v:shape><v:textpath string="Open day"/></v:shape></w:pict></w:r>')),
        ("Open day",),
        source="29500-4, 19.1.2.23 textpath",
    ),
    Seen(
        "a chart",
        ".docx",
        docx(p(_drawing('<c:chart r:id="rC"/>')), related={"rC": ("chart", "chart1.xml", _CHART)}),
        ("Accidents", "| Lyon | 7 |"),
        source="29500-1, 21.2",
    ),
    Seen(
        "a chart in a cell, and one whose part is not there",
        ".docx",
        docx(
            tbl(tr("Site", "Chart"), tr("Lyon", tc(p(_drawing('<c:chart r:id="rC"/>')))))
            + p("x", _drawing('<c:chart r:id="rN"/>')),
            related={"rC": ("chart", "chart1.xml", _CHART), "rN": ("chart", "gone.xml", None)},
        ),
        ("| Lyon | 7 |",),
        warns=("1 chart was left out",),
        source="29500-1, 21.2",
    ),
    Seen(
        "SmartArt",
        ".docx",
        docx(
            p(_drawing('<dgm:relIds r:dm="rD" r:lo="rL" r:qs="rQ" r:cs="rS"/>')),
            related={
                "rD": (
                    "diagramData",
                    "data1.xml",
                    f'<dgm:dataModel {SPACES}><dgm:ptLst><dgm:pt modelId="0" type="doc"/><dgm:pt modelId="1">'
                    "<dgm:t><a:p><a:r>"
                    "<a:t>Amina Duarte</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst>"
                    '<dgm:cxnLst><dgm:cxn modelId="2" srcId="0" '
                    'destId="1" srcOrd="0" destOrd="0"/></dgm:cxnLst></dgm:dataModel>',
                )
            },
        ),
        ("Amina Duarte",),
        source="29500-1, 21.4",
    ),
    Seen(
        "pictures, by place, but no icons",
        ".docx",
        docx(
            p("Plan", properties='<w:outlineLvl w:val="0"/>') + p(_drawing(_PICTURE), _drawing(_PICTURE, side=90_000)),
            related={"rP": ("image", "image1.png", b"\x89PNG")},
        ),
        ("Plan",),
        warns=("1 picture was left out (Plan).",),
        source="what is met and not read is told",
    ),
    Seen(
        "an embedded workbook",
        ".docx",
        docx(
            p(
                "See",
                '<w:r><w:object><v:shape><v:imagedata r:id="rP"/></v:shape>'
                '<o:OLEObject ProgID="Excel.Sheet.12" r:id="rO"/></w:object></w:r>',
            )
        ),
        ("See",),
        warns=("1 embedded document was left out",),
        source="29500-1, 17.3.3.19 object",
    ),
    Seen(
        "a chunk of HTML",
        ".docx",
        _chunk("c.htm", "<!DOCTYPE html><p>late by <s></s>3 weeks</p>", "text/html"),
        (_BETWEEN,),
        source="17.17.2.1 altChunk",
    ),
    Seen(
        "a chunk of text",
        ".docx",
        _chunk("c.txt", "late by 3 weeks", "text/plain"),
        (_BETWEEN,),
        source="17.17.2.1 altChunk",
    ),
    Seen(
        "a chunk of RTF",
        ".docx",
        _chunk("c.rtf", r"{\rtf1 late by 3 weeks}", "application/rtf"),
        (_BETWEEN,),
        source="17.17.2.1 altChunk",
    ),
    Seen("a web archive", ".docx", _chunk("c.mht", _MHT, "message/rfc822"), (_BETWEEN,), source="RFC 2557"),
    Seen(
        "a chunk that is a document",
        ".docx",
        _chunk("c.docx", _INNER, "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        (_BETWEEN,),
        source="17.17.2.1 altChunk",
    ),
    Seen(
        "a chunk of another kind",
        ".docx",
        _chunk("c.bin", b"\x00\x01", "application/x-unknown"),
        ("Before", "After"),
        warns=("1 embedded document was left out",),
        source="17.17.2.1 altChunk",
    ),
    Seen(
        "running heads, once, without page numbers",
        ".docx",
        docx(
            p("Body")
            + '<w:sectPr><w:headerReference w:type="default" r:id="rH"/><w:headerReference w:type="first" r:id="rF"/>'
            '<w:headerReference w:type="even" r:id="rE"/><w:footerReference r:id="rB"/></w:sectPr>',
            related={
                "rH": (
                    "header",
                    "header1.xml",
                    f"<w:hdr {SPACES}>{p('Form QP-417')}{p('Page ', field('PAGE', '3'), ' of 9')}</w:hdr>",
                ),
                "rF": ("header", "header2.xml", f"<w:hdr {SPACES}>{p('First only')}</w:hdr>"),
                "rE": ("header", "header3.xml", f"<w:hdr {SPACES}>{p('Even only')}</w:hdr>"),
                "rB": (
                    "footer",
                    "footer1.xml",
                    f"<w:ftr {SPACES}>{tbl(tr('Valid from', 'March 2027', 'Page 3 of 9'))}</w:ftr>",
                ),
            },
        ),
        ("Header: Form QP-417\nFooter: Valid from; March 2027",),
        ("First only", "Even only", "Page"),
        headings=("Headers and footers",),
        source="29500-1, 17.10.6 titlePg, 17.10.1 evenAndOddHeaders",
    ),
    Seen(
        "several parts of one kind, and parts that are only named",
        ".docx",
        docx(
            p("Body") + '<w:sectPr><w:headerReference r:id="rH"/></w:sectPr>',
            related={
                "rH": ("header", "gone.xml", None),
                "rS": ("styles", "styles2.xml", "<broken"),
                "rN": ("numbering", "numbering.xml", "<broken"),
                "rZ": ("settings", "../settings.xml", None),
            },
        ),
        ("Body",),
        warns=("1 damaged part was left out (word/numbering.xml)",),
        source="files of converters",
    ),
]


def _formula(name: str, content: str, seen: str, clause: str) -> Seen:
    return Seen(
        name, ".docx", docx(p("so ", math(content), " holds")), (f"so {seen} holds",), source=f"29500-1, {clause}"
    )


def _delimiters(begin: str, end: str, *parts: str) -> str:
    inner = "".join(me(part) for part in parts)
    return f'<m:d><m:dPr><m:begChr m:val="{begin}"/><m:sepChr m:val=";"/><m:endChr m:val="{end}"/></m:dPr>{inner}</m:d>'


def _fraction(above: str, below: str, kind: str = "bar") -> str:
    properties = f'<m:fPr><m:type m:val="{kind}"/></m:fPr>'
    return f"<m:f>{properties}{me(above, name='num')}{me(below, name='den')}</m:f>"


def _power(base: str, exponent: str) -> str:
    return f"<m:sSup>{me(base)}{me(exponent, name='sup')}</m:sSup>"


def _root(degree: str, content: str) -> str:
    return f"<m:rad>{me(degree, name='deg')}{me(content)}</m:rad>"


FORMULAS = [
    _formula("an absolute value", _delimiters("|", "|", "x"), "|x|", "22.1.2.24 d"),
    _formula("an interval", _delimiters("[", "[", "0", "1"), "[0; 1[", "22.1.2.24 d"),
    _formula("a mixed number", mr("2") + _fraction("1", "2") + mr("h"), "2 1/2 h", "22.1.2.36 f"),
    _formula("a fraction of sums", _fraction("(a)+(b)", "c"), "((a)+(b))/c", "22.1.2.36 f"),
    _formula(
        "a binomial coefficient", _delimiters("(", ")", _fraction("n", "k", "noBar")), "(n over k)", "22.1.2.36 f"
    ),
    _formula("powers", mr("5·") + _power("10", "-6") + mr("m"), "5·10^-6 m", "22.1.2.105 sSup"),
    _formula("a cube root", _root("3", "8"), "∛8", "22.1.2.88 rad"),
    _formula("a root of any degree", mr("2") + _root("n", "a+b"), "2ⁿ√(a+b)", "22.1.2.88 rad"),
    _formula(
        "a mean", f'<m:acc><m:accPr><m:chr m:val="\u0305"/></m:accPr>{me("x")}</m:acc>', "x\u0305", "22.1.2.1 acc"
    ),
    _formula(
        "a sum",
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
        f"{me('i=1', name='sub')}{me('n', name='sup')}{me('x')}</m:nary>",
        "∑_(i=1)^n x",
        "22.1.2.70 nary",
    ),
    _formula(
        "a matrix",
        f"<m:m><m:mr>{me('1')}{me('2')}</m:mr><m:mr>{me('3')}{me('4')}</m:mr></m:m>",
        "1, 2; 3, 4",
        "22.1.2.60 m",
    ),
    _formula(
        "what is not shown",
        mr("x") + f'<m:phant><m:phantPr><m:show m:val="0"/></m:phantPr>{me("y")}</m:phant>',
        "x",
        "22.1.2.81 phant",
    ),
    _formula("what was deleted", mr("x") + f"<w:del>{mr('+7')}</w:del>", "x", "17.13.5.14 del"),
]


@table([*RUNS, *LINKS, *FORMS, *TABLES, *PARTS, *FORMULAS])
def test_word_documents_as_word_shows_them(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_a_document_without_styles_and_types(tmp_path: Path) -> None:
    """Only the document itself has to be there."""
    import zipfile

    path = tmp_path / "bare.docx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", f"<w:document {SPACES}><w:body>{p('alone')}</w:body></w:document>")
    assert read_file(path).units[0].text == "alone"


def test_documents_inside_documents_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = docx_bytes(p("inner"))
    chunks = "".join(f'<w:altChunk r:id="rC"/>{p("outer")}' for _ in range(50))
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    types = f'<Override PartName="/word/c.docx" ContentType="{kind}"/>'
    path = tmp_path / "many.docx"
    path.write_bytes(docx_bytes(chunks, related={"rC": ("aFChunk", "c.docx", inner)}, types=types))
    assert read_file(path).units[0].text.count("inner") == 50
    monkeypatch.setattr("ragapp.reading.word.parts.MAX_EXPANDED", 20_000)
    document = read_file(path)
    assert 0 < document.units[0].text.count("inner") < 50
    assert "embedded documents were left out" in document.warnings[0]
    assert MAX_EXPANDED > 20_000


def test_documents_inside_documents_end(tmp_path: Path) -> None:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    types = f'<Override PartName="/word/c.docx" ContentType="{kind}"/>'
    data = docx_bytes(p("level 0"))
    for level in range(1, 12):
        data = docx_bytes(
            p(f"level {level}") + '<w:altChunk r:id="rC"/>', related={"rC": ("aFChunk", "c.docx", data)}, types=types
        )
    path = tmp_path / "deep.docx"
    path.write_bytes(data)
    document = read_file(path)
    assert "level 11" in document.units[0].text
    assert "1 embedded document was left out" in document.warnings[0]


def test_tables_and_boxes_as_deep_as_a_file_can_have_them(tmp_path: Path) -> None:
    table, box, link = "<w:p/>", p("inmost box"), r("inmost link")
    for level in range(75):
        table = tbl(tr(tc(table + p(f"level {level}")), "x"), tr("y", "z"))
    for _ in range(40):
        box = p(f"<w:r><w:pict><v:shape><w:txbxContent>{box}</w:txbxContent></v:shape></w:pict></w:r>")
    for _ in range(200):
        link = f"<w:ins>{link}</w:ins>"
    path = tmp_path / "deep.docx"
    path.write_bytes(docx_bytes(table + box + p(link)))
    text = "\n".join(unit.text for unit in read_file(path).units)
    assert "level 0" in text
    assert "inmost box" in text
    assert "inmost link" in text


_PROPERTIES = st.sampled_from(
    ["", "<w:b/>", SUPER, SUB, STRIKE, VANISH, SYMBOL, '<w:rStyle w:val="Hid"/>', "<w:dstrike/>"]
)
_WORDS = st.text("abc 12,", min_size=1, max_size=6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.tuples(_WORDS, _PROPERTIES, st.booleans()), max_size=5), max_size=4))
def test_nothing_appears_that_is_struck_out_or_hidden(
    tmp_path_factory: pytest.TempPathFactory, paragraphs: list
) -> None:
    gone = (STRIKE, VANISH, '<w:rStyle w:val="Hid"/>', "<w:dstrike/>")
    body = ""
    for number, runs in enumerate(paragraphs):
        parts = []
        for place, (text, properties, deleted) in enumerate(runs):
            marked = f"GONE{number}-{place}" if properties in gone or deleted else text
            run = r(marked, properties)
            parts.append(f'<w:del w:id="1" w:author="A">{run}</w:del>' if deleted else run)
        body += p(*parts)
    path = tmp_path_factory.mktemp("fuzz") / "a.docx"
    path.write_bytes(docx_bytes(body, style("Hid", VANISH)))
    document = read_file(path)
    assert not [unit for unit in document.units if "GONE" in unit.text]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(-1, 70), st.sampled_from(["", "restart", "continue"]), st.integers(0, 3)), max_size=6
        ),
        max_size=6,
    )
)
def test_a_table_of_any_spans_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    def cell(place: str, span: int, merge: str) -> str:
        merged = f'<w:vMerge w:val="{merge}"/>' if merge else ""
        return tc(f"cell {place}", f'<w:gridSpan w:val="{span}"/>{merged}')

    body = "".join(
        tr(
            *(cell(f"{number}.{place}", span, merge) for place, (span, merge, _) in enumerate(row)),
            properties=f'<w:gridBefore w:val="{row[0][2] if row else 0}"/>',
        )
        for number, row in enumerate(rows)
    )
    path = tmp_path_factory.mktemp("fuzz") / "a.docx"
    path.write_bytes(docx_bytes(tbl(body) + p("after")))
    try:
        text = "\n".join(unit.text for unit in read_file(path).units)
    except ReadingError:
        pytest.fail("one table costs the file")
    assert "after" in text
    for number, row in enumerate(rows):
        for place, (_, merge, _) in enumerate(row):
            assert merge == "continue" or f"cell {number}.{place}" in text
