"""OpenDocument texts and presentations as LibreOffice shows them, and as OpenDocument 1.3 part 3 says."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odfkit import NAMESPACES, cell, flat, items, level, p, package, row, sheet, span, style
from PIL import Image
from seenkit import Seen, check, table

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.registry import read_file

RAISED = style("T1", "text", 'style:text-position="super 58%"')
LOWERED = style("T2", "text", 'style:text-position="-33% 58%"')
STRUCK = style("T3", "text", 'style:text-line-through-style="solid"')
HIDDEN = style("T4", "text", 'text:display="none"')
CLAUSES = (
    '<text:list-style style:name="L1">'
    + level(1, attributes='style:num-suffix="."')
    + level(2, attributes='text:display-levels="2"')
    + level(3, "a", 'style:num-prefix="(" style:num-suffix=")"')
    + level(4, "i")
    + "</text:list-style>"
)
OUTLINE = (
    "<text:outline-style>"
    '<text:outline-level-style text:level="1" style:num-format="I" style:num-prefix="Part "/>'
    '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="1" style:num-prefix="§ "/>'
    "</text:outline-style>"
)
BULLETS = (
    '<text:list-style style:name="LB"><text:list-level-style-bullet text:level="1" text:bullet-char="•"/>'
    '<text:list-level-style-bullet text:level="2" text:bullet-char="☐"/></text:list-style>'
)
L1 = 'text:style-name="L1"'
GOES_ON = f'{L1} text:continue-numbering="true"'


def h(text: str, level: int = 1, attributes: str = "") -> str:
    return f'<text:h text:outline-level="{level}" {attributes}>{text}</text:h>'


def note(text: str, citation: str = "1", kind: str = "footnote", label: str = "") -> str:
    said = f'<text:note-citation text:label="{label}">{label}' if label else f"<text:note-citation>{citation}"
    return (
        f'<text:note text:note-class="{kind}">{said}</text:note-citation>'
        f"<text:note-body>{p(text)}</text:note-body></text:note>"
    )


def box(text: str, attributes: str = "") -> str:
    return f"<draw:frame {attributes}><draw:text-box>{p(text)}</draw:text-box></draw:frame>"


def shape(text: str, attributes: str = "") -> str:
    return (
        f'<draw:custom-shape {attributes}>{p(text)}<draw:enhanced-geometry draw:type="rectangle"/></draw:custom-shape>'
    )


def embedded(name: str) -> str:
    return (
        f'<draw:frame><draw:object xlink:href="./{name}"><loext:p/></draw:object><draw:image xlink:href="x"/>'
        f"</draw:frame>"
    )


def control(name: str) -> str:
    return f'<draw:control text:anchor-type="as-char" draw:control="{name}"/>'


def math(inner: str) -> dict[str, str | bytes]:
    return {"Object 1/content.xml": f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inner}</math>'}


def chart(inner: str, rows: str = "", automatic: str = "") -> dict[str, str | bytes]:
    return {
        "Object 1/content.xml": f"<office:document-content {NAMESPACES}><office:automatic-styles>{automatic}"
        f"</office:automatic-styles><office:body><office:chart><chart:chart>{inner}"
        f'<table:table table:name="local-table">{rows}</table:table></chart:chart></office:chart></office:body>'
        "</office:document-content>"
    }


def png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (width, height), 255).save(stream, "PNG")
    return stream.getvalue()


def slide(*shapes: str, attributes: str = "") -> str:
    return f"<draw:page {attributes}>{''.join(shapes)}</draw:page>"


def at(left: float, top: float, width: float = 5, height: float = 1) -> str:
    return f'svg:x="{left}cm" svg:y="{top}cm" svg:width="{width}cm" svg:height="{height}cm"'


TITLE = box("Results", 'presentation:class="title" ' + at(1, 1, 20))

TEXTS = [
    Seen(
        "raised digits",
        ".odt",
        package(p(f"12{span('3', 'T1')} days, 10{span('−6', 'T1')} m, CO{span('2', 'T2')}"), RAISED + LOWERED),
        sees=("12^3 days, 10^−6 m, CO2",),
        never=("123",),
        source="20.384 style:text-position",
    ),
    Seen(
        "a style is raised by its parent",
        ".odt",
        package(
            p(f"95{span('2', 'T9')} euros"),
            '<style:style style:name="T9" style:family="text" style:parent-style-name="Up"/>',
            style("Up", "text", 'style:text-position="33% 60%"'),
        ),
        sees=("95^2 euros",),
        source="16.2 parent styles",
    ),
    Seen(
        "a span inside a raised one stands on the line again",
        ".odt",
        package(
            p(f"x{span('2' + span(' m', 'T5'), 'T1')}"), RAISED + style("T5", "text", 'style:text-position="0% 100%"')
        ),
        sees=("x^2 m",),
        source="16.2; LibreOffice 7.4",
    ),
    Seen(
        "styles that are their own parents",
        ".odt",
        package(p("text", "A"), "", style("A", "paragraph", "", 'style:parent-style-name="A"')),
        sees=("text",),
        source="16.2",
    ),
    Seen(
        "struck-out text",
        ".odt",
        package(p(f"The fee is {span('60', 'T3')} 85 euros, {span('9', 'T3')}7 days."), STRUCK),
        sees=("The fee is 85 euros", "7 days"),
        never=("60", "97"),
        warns=("2 struck-out passages were left out",),
        source="20.367 style:text-line-through-style",
    ),
    Seen(
        "a whole paragraph struck out by its named style",
        ".odt",
        package(p("kept") + p("gone", "Old"), "", style("Old", "paragraph", 'style:text-line-through-type="double"')),
        sees=("kept",),
        never=("gone",),
        warns=("1 struck-out passage",),
        source="20.368 style:text-line-through-type",
    ),
    Seen(
        "a span that is not struck in a struck paragraph",
        ".odt",
        package(
            p(f"gone {span('new', 'T6')}", "Old"),
            style("T6", "text", 'style:text-line-through-style="none"'),
            style("Old", "paragraph", 'style:text-line-through-style="solid"'),
        ),
        sees=("new",),
        never=("gone",),
        warns=("struck-out",),
        source="20.367",
    ),
    Seen(
        "hidden text",
        ".odt",
        package(
            p(f"Price {span('SECRET ', 'T4')}100 euros") + p("SECRET", "P4"),
            HIDDEN + style("P4", "paragraph", 'text:display="none"'),
        ),
        sees=("Price 100 euros",),
        never=("SECRET",),
        warns=("2 hidden passages were left out",),
        source="20.417 text:display",
    ),
    Seen(
        "fields of hidden text and paragraphs",
        ".odt",
        package(
            p('a <text:hidden-text text:condition="ooow:x" text:is-hidden="true">SECRET</text:hidden-text>b')
            + p('<text:hidden-paragraph text:condition="ooow:x" text:is-hidden="true"/>SECRET')
            + p('<text:hidden-text text:condition="ooow:x" text:is-hidden="false">shown</text:hidden-text>')
        ),
        sees=("a b", "shown"),
        never=("SECRET",),
        warns=("2 hidden passages",),
        source="7.7.10, 7.7.11",
    ),
    Seen(
        "hidden sections",
        ".odt",
        package(
            f'<text:section text:display="none">{p("SECRET")}</text:section>'
            f'<text:section text:display="condition" text:is-hidden="true" '
            f'text:condition="ooow:x">{p("SECRET")}</text:section>'
            f'<text:section text:display="true">{p("shown")}</text:section>'
        ),
        sees=("shown",),
        never=("SECRET",),
        warns=("2 hidden passages",),
        source="5.4, 19.812",
    ),
    Seen(
        "numbered clauses",
        ".odt",
        package(
            items(
                p("Scope") + items("Goods", "Services", attributes=""),
                p("Term") + items(p("Years") + items("two", p("three") + items("deep"))),
                attributes=L1,
            ),
            CLAUSES,
        ),
        sees=("1. Scope", "1.1 Goods", "1.2 Services", "2. Term", "2.1 Years", "(a) two", "(b) three", "i deep"),
        source="5.3, 16.31",
    ),
    Seen(
        "a list that starts at another number, and one that goes on",
        ".odt",
        package(
            f'<text:list {L1}><text:list-item text:start-value="5">{p("five")}</text:list-item></text:list>'
            + p("between")
            + items("six", attributes=f'{L1} text:continue-numbering="true"')
            + items("one", attributes=L1),
            CLAUSES,
        ),
        sees=("5. five", "6. six", "1. one"),
        source="5.3.2, 5.3.3",
    ),
    Seen(
        "a list that another one stands between",
        ".odt",
        package(
            items("a", attributes=f'{L1} xml:id="first"')
            + items("x", attributes='text:style-name="LB"')
            + items("b", attributes=f'{L1} text:continue-list="first"'),
            CLAUSES + BULLETS,
        ),
        sees=("1. a", "- x", "2. b"),
        source="19.780 text:continue-list",
    ),
    Seen(
        "an item of the second level without one of the first",
        ".odt",
        package(items(items("deep"), "top", attributes=L1), CLAUSES),
        sees=("1.1 deep", "2. top"),
        source="LibreOffice 7.4",
    ),
    Seen(
        "hidden items and notes are counted",
        ".odt",
        package(
            items("one", p("SECRET", "P4"), "three", attributes=L1)
            + '<text:section text:display="none">'
            + items("SECRET", attributes=GOES_ON)
            + p("x" + note("SECRET"))
            + "</text:section>"
            + items("five", attributes=GOES_ON)
            + p(f"a{note('shown')}"),
            CLAUSES + style("P4", "paragraph", 'text:display="none"'),
        ),
        sees=("1. one", "3. three", "5. five", "a [note 2]", "Footnote 2: shown"),
        never=("SECRET",),
        warns=("2 hidden passages",),
        source="LibreOffice 7.4",
    ),
    Seen(
        "two lists inside one item",
        ".odt",
        package(items(p("a") + items("b") + p("c") + items("d"), attributes=L1), CLAUSES),
        sees=("1. a\n  1.1 b\n  c\n  1.1 d",),
        source="5.3.1; LibreOffice 7.4",
    ),
    Seen(
        "list headers have no number, empty items have one",
        ".odt",
        package(
            f"<text:list {L1}><text:list-header>{p('head')}</text:list-header><text:list-item><text:p/>"
            f"</text:list-item>"
            f"<text:list-item>{p('second')}{p('more')}</text:list-item></text:list>",
            CLAUSES,
        ),
        sees=("head", "2. second\n  more"),
        never=("1. head",),
        source="5.3.4; LibreOffice 7.4",
    ),
    Seen(
        "letters go on with aa, or with aa bb",
        ".odt",
        package(
            f'<text:list text:style-name="LA"><text:list-item text:start-value="28">{p("x")}</text:list-item>'
            f"</text:list>"
            f'<text:list text:style-name="LS"><text:list-item text:start-value="28">{p("y")}</text:list-item>'
            f"</text:list>",
            '<text:list-style style:name="LA">'
            + level(1, "a")
            + '</text:list-style><text:list-style style:name="LS">'
            + level(1, "A", 'style:num-letter-sync="true"')
            + "</text:list-style>",
        ),
        sees=("ab x", "BB y"),
        source="19.504 style:num-letter-sync",
    ),
    Seen(
        "LibreOffice's own way to write a number",
        ".odt",
        package(
            items("Parties", p("Term") + items("Years"), attributes='text:style-name="LO"'),
            '<text:list-style style:name="LO">'
            + level(1, "1", 'loext:num-list-format="Article %1%:" style:num-prefix="wrong "')
            + level(2, "a", 'loext:num-list-format="%1%-%2%)" text:display-levels="2"')
            + "</text:list-style>",
        ),
        sees=("Article 1: Parties", "Article 2: Term", "2-a) Years"),
        never=("wrong",),
        source="LibreOffice 7.4, loext:num-list-format",
    ),
    Seen(
        "bullets that are boxes",
        ".odt",
        package(items(p("plain") + items("to do"), attributes='text:style-name="LB"'), BULLETS),
        sees=("- plain", "☐ to do"),
        source="16.32",
    ),
    Seen(
        "numbers of headings",
        ".odt",
        package(
            h("Scope")
            + h("Goods", 2)
            + h("Term")
            + h("Years", 2)
            + h("Annex", 1, 'text:is-list-header="true"')
            + h("No number", 1, 'text:style-name="HN"')
            + h("Again", 2, 'text:restart-numbering="true" text:start-value="9"'),
            style("HN", "paragraph", "", 'style:list-style-name=""'),
            OUTLINE,
        ),
        headings=("Part I Scope", "§ 1 Goods", "Part II Term", "§ 1 Years", "Annex", "No number", "§ 9 Again"),
        source="16.34, 5.1.2",
    ),
    Seen(
        "headings that are items of a numbered list",
        ".odt",
        package(items(h("Delivery") + items(h("Late delivery", 2)), h("Payment"), attributes=L1), CLAUSES),
        headings=("1. Delivery", "1.1 Late delivery", "2. Payment"),
        source="5.3; LibreOffice 7.4 from DOCX",
    ),
    Seen(
        "numbered paragraphs outside a list",
        ".odt",
        package(
            "".join(
                f'<text:numbered-paragraph text:list-id="x" text:style-name="L1" '
                f'text:level="{depth}">{p(text)}</text:numbered-paragraph>'
                for depth, text in ((1, "one"), (2, "inner"), (1, "two"))
            ),
            CLAUSES,
        ),
        sees=("1. one", "1.1 inner", "2. two"),
        source="5.3.6",
    ),
    Seen(
        "numbers in the cells of a table",
        ".odt",
        package(
            sheet(row("Clause", "Text"), row("x", cell(more=items("Rent", "Costs", attributes=L1))), row("y", "z")),
            CLAUSES,
        ),
        sees=("| x | 1. Rent 2. Costs |",),
        source="9.1.4",
    ),
    Seen(
        "notes by their marks",
        ".odt",
        package(
            p(
                f"12{note('first', '7')} days{note('star', label='*')}"
                f" and{note('last', 'x')} 800{note('end', 'x', 'endnote')}"
            )
        ),
        sees=(
            "12 [note 1] days [note *] and [note 2] 800 [note i]",
            "Footnote 1: first",
            "Footnote *: star",
            "Footnote 2: last",
            "Endnote i: end",
        ),
        never=("121", "12^"),
        source="6.3; LibreOffice 7.4 numbers them itself",
    ),
    Seen(
        "notes that are counted from 5 in letters",
        ".odt",
        package(
            p(f"a{note('x')}b{note('y')}"),
            "",
            '<text:notes-configuration text:note-class="footnote" style:num-format="a" style:num-suffix=")" '
            'text:start-value="4"/>',
        ),
        sees=("a [note e)] b [note f)]", "Footnote e): x"),
        source="16.29.3; LibreOffice 7.4",
    ),
    Seen(
        "notes counted by page keep their saved marks",
        ".odt",
        package(
            p(f"a{note('x', '1')} b{note('y', '1')}"),
            "",
            '<text:notes-configuration text:note-class="footnote" style:num-format="1" '
            'text:start-numbering-at="page"/>',
        ),
        sees=("a [note 1] b [note 1]",),
        source="19.858",
    ),
    Seen(
        "comments with their authors",
        ".odt",
        package(
            p("Pay <office:annotation><dc:creator>Ann</dc:creator><text:p>Ask Bob</text:p></office:annotation>now.")
        ),
        sees=("Pay now.", "Comment by Ann: Ask Bob"),
        source="14.1",
    ),
    Seen(
        "fields show their saved text",
        ".odt",
        package(
            p(
                'see clause <text:bookmark-ref text:reference-format="number" '
                'text:ref-name="b">4.2</text:bookmark-ref>, '
                'Table <text:sequence text:name="Table">3</text:sequence>, '
                '<text:conditional-text text:condition="ooow:x" text:string-value-if-true="no" '
                'text:string-value-if-false="Option A">Option A</text:conditional-text>, '
                '<text:variable-set text:name="v" text:display="none">SECRET</text:variable-set>'
                '<text:drop-down><text:label text:value="red"/><text:label text:value="blue" '
                'text:current-selected="true"/>blue</text:drop-down>'
            )
        ),
        sees=("see clause 4.2, Table 3, Option A, blue",),
        never=("SECRET", "red"),
        source="7.4 to 7.7",
    ),
    Seen(
        "controls of forms",
        ".odt",
        package(
            "<office:forms><form:form>"
            '<form:checkbox form:id="c1" form:label="car" form:current-state="unchecked" form:state="checked"/>'
            '<form:checkbox form:id="c2" form:state="checked"/>'
            '<form:radio form:id="r1" form:label="yes"/><form:radio form:id="r2" form:label="no" '
            'form:selected="true"/>'
            '<form:listbox form:id="l1"><form:option form:label="red"/><form:option form:label="blue" '
            'form:current-selected="true"/></form:listbox>'
            '<form:text form:id="t1" form:current-value="Ada" form:value="Bob"/>'
            '<form:password form:id="w1" form:value="SECRET"/>'
            "</form:form></office:forms>"
            + p(f"{control('c1')} needed; {control('c2')} night; {control('r1')} {control('r2')}; {control('l1')}")
            + p(f"Name: {control('t1')} {control('w1')}")
        ),
        sees=("☐ car needed; ☒ night; ☐ yes ☒ no; blue", "Name: Ada"),
        never=("red", "Bob", "SECRET"),
        source="13.5",
    ),
    Seen(
        "content controls and form fields of Word",
        ".odt",
        package(
            p(
                '<loext:content-control loext:checkbox="true" loext:checked="true">x</loext:content-control> yes '
                '<loext:content-control loext:checkbox="true" loext:checked="false">x</loext:content-control> no '
                '<field:fieldmark field:type="vnd.oasis.opendocument.field.FORMCHECKBOX">'
                '<field:param field:name="Checkbox_Checked" field:value="true"/></field:fieldmark> night '
                '<field:fieldmark field:type="vnd.oasis.opendocument.field.FORMDROPDOWN">'
                '<field:param field:name="Dropdown_ListEntry" field:value="A"/>'
                '<field:param field:name="Dropdown_ListEntry" field:value="B"/>'
                '<field:param field:name="Dropdown_Selected" field:value="1"/></field:fieldmark>'
            )
        ),
        sees=("☒ yes ☐ no ☒ night B",),
        source="LibreOffice 7.4 from DOCX",
    ),
    Seen(
        "shapes are not glued into their paragraph",
        ".odt",
        package(p(f"Before {shape('in the shape')}after") + p(f"with {box('in the box')}text")),
        sees=("Before after", "in the shape", "with text", "in the box"),
        never=("rein", "Beforein"),
        source="10.2.1",
    ),
    Seen(
        "pictures are told, their alternative texts are not read",
        ".odt",
        package(p('a <draw:frame><draw:image xlink:href="x.png"/><svg:desc>ALT</svg:desc></draw:frame>b')),
        sees=("a b",),
        never=("ALT",),
        warns=("1 picture was left out",),
        source="10.4.4",
    ),
    Seen(
        "a large picture where recognition is off, and a small one",
        ".odt",
        package(
            p('a <draw:frame><draw:image xlink:href="Pictures/large.png"/></draw:frame>')
            + p('b <draw:frame><draw:image xlink:href="Pictures/small.png"/></draw:frame>'),
            parts={"Pictures/large.png": png(600, 200), "Pictures/small.png": png(32, 32)},
        ),
        sees=("a", "b"),
        warns=("1 picture was left out.",),
        source="10.4.4",
        options=ReadOptions(ocr="off"),
    ),
    Seen(
        "a formula",
        ".odt",
        package(
            p(f"so {embedded('Object 1')} holds"),
            parts=math("<mrow><mi>E</mi><mo>=</mo><mfrac><mi>a</mi><mn>2</mn></mfrac></mrow>"),
        ),
        sees=(re.compile(r"so E=a/2 ?holds"),),
        source="MathML; 10.4.6.2",
    ),
    Seen(
        "a chart",
        ".odt",
        package(
            p(embedded("Object 1")),
            parts=chart(
                f"<chart:title>{p('Accidents')}</chart:title>"
                '<chart:plot-area><chart:axis chart:dimension="x"/><chart:axis chart:dimension="y" '
                'chart:style-name="y"/></chart:plot-area>',
                f"<table:table-header-rows>{row(cell(), '2024')}</table:table-header-rows>"
                + row("Lyon", "0.25")
                + row("Nice", "0.075"),
                '<number:percentage-style style:name="N1"><number:number number:decimal-places="0" '
                'number:min-integer-digits="1"/>'
                "<number:text>%</number:text></number:percentage-style>"
                '<style:style style:name="y" style:family="chart" style:data-style-name="N1"/>',
            ),
        ),
        sees=("Accidents", "| Lyon | 25% |", "| Nice | 7.5% |"),
        source="11, 19.13",
    ),
    Seen(
        "a chart without data",
        ".odt",
        package(p(embedded("Object 1")), parts=chart(f"<chart:title>{p('Accidents')}</chart:title>")),
        sees=("Accidents",),
        warns=("1 chart without data",),
        source="11",
    ),
    Seen(
        "an embedded document of another program",
        ".odt",
        package(
            p('<draw:frame><draw:object-ole xlink:href="./Object 2"/><draw:image xlink:href="y"/></draw:frame>')
            + p("text")
        ),
        sees=("text",),
        warns=("1 embedded document was left out",),
        source="10.4.6.3",
    ),
    Seen(
        "headers and footers once",
        ".odt",
        package(
            p("body"),
            masters='<style:master-page style:name="Standard">'
            f"<style:header>{p('Document QP-417')}</style:header>"
            f"<style:header-left style:display='false'>{p('SECRET')}</style:header-left>"
            f"<style:footer>{p('Page <text:page-number>1</text:page-number>')}</style:footer></style:master-page>"
            f'<style:master-page style:name="Unused"><style:header>{p("SECRET")}</style:header></style:master-page>',
        ),
        sees=("Header: Document QP-417", "body"),
        never=("SECRET", "Footer"),
        source="16.9, 16.10",
    ),
    Seen(
        "a header of two rows",
        ".odt",
        package(
            sheet(
                "<table:table-header-rows>",
                row(cell("Site", 'table:number-rows-spanned="2"'), cell("2024", 'table:number-columns-spanned="2"')),
                row("<table:covered-table-cell/>", "Plan", "Actual"),
                "</table:table-header-rows>",
                row("Lyon", "1", "2"),
            )
        ),
        sees=("| Site | 2024 / Plan | 2024 / Actual |", "| Lyon | 1 | 2 |"),
        source="9.1.5",
    ),
    Seen(
        "a cell that a table divides",
        ".odt",
        package(
            sheet(
                row("Site", "Who"),
                row(
                    "Lyon",
                    f"<table:table-cell><table:table "
                    f'table:is-sub-table="true">{row("Ann")}{row("Bob")}</table:table></table:table-cell>',
                ),
            )
        ),
        sees=("| Lyon | Ann |", "| Lyon | Bob |"),
        source="19.689 table:is-sub-table",
    ),
    Seen(
        "where links lead",
        ".odt",
        package(
            p(
                '<text:a xlink:href="https://example.org/terms">our terms</text:a>, '
                '<text:a xlink:href="https://example.org/">example.org</text:a>, <text:a '
                'xlink:href="#ch1">chapter</text:a>'
            )
        ),
        sees=("our terms (https://example.org/terms), example.org, chapter",),
        source="6.1.8",
    ),
    Seen(
        "white space of the file",
        ".odt",
        package("<text:p>\n   spaced    out\n   <text:span> text</text:span>\n</text:p>"),
        sees=("spaced out text",),
        source="6.1.2",
    ),
    Seen(
        "signs of Wingdings",
        ".odt",
        package(p(f"{span('þ', 'TW')} yes"), style("TW", "text", 'style:font-name="Wingdings"')),
        sees=("☑ yes",),
        source="the font Wingdings, code 0xFE",
    ),
    Seen(
        "a page that begins in a named style",
        ".odt",
        package(
            p("one") + p("two", "New"),
            "",
            '<style:style style:name="New" style:family="paragraph"><style:paragraph-properties '
            'fo:break-before="page"/></style:style>',
            parts={
                "meta.xml": f"<office:document-meta {NAMESPACES}><office:meta>"
                '<meta:document-statistic meta:page-count="2"/></office:meta></office:document-meta>'
            },
        ),
        sees=("one", "two"),
        source="20.186",
    ),
]

FILES = [
    Seen(
        "a flat text",
        ".fodt",
        flat("text", h("Scope", 1) + p("Goods"), "", OUTLINE),
        sees=("Goods",),
        headings=("Part I Scope",),
        source="3.1.2",
    ),
    Seen(
        "a flat text named .xml", ".xml", flat("text", p("Goods")), sees=("Goods",), never=("office",), source="3.1.2"
    ),
    Seen(
        "a flat text behind a declaration and a remark",
        ".fodt",
        flat("text", p("Goods"), head='<?xml version="1.0" encoding="UTF-8"?>\n<!-- saved -->\n'),
        sees=("Goods",),
        source="3.1.2",
    ),
    Seen(
        "a flat text of a template",
        ".fodt",
        lambda path: path.write_text(_template(), encoding="utf-8"),
        sees=("Goods",),
        source="2.2.1",
    ),
    Seen(
        "a flat spreadsheet",
        ".fods",
        flat("spreadsheet", sheet(row("A", "B"), row("1", "2"))),
        sees=("| 1 | 2 |",),
        source="3.1.2",
    ),
    Seen("a flat presentation", ".fodp", flat("presentation", slide(TITLE)), headings=("Results",), source="3.1.2"),
    Seen(
        "a flat text named .odt",
        ".odt",
        flat("text", p("Goods")),
        sees=("Goods",),
        source="LibreOffice opens it by its content",
    ),
    Seen(
        "only a content part and a type",
        ".odt",
        package(p("Goods"), parts={"styles.xml": "", "META-INF/manifest.xml": ""}),
        sees=("Goods",),
        source="LibreOffice",
    ),
    Seen(
        "a damaged part of styles",
        ".odt",
        package(p("Goods"), parts={"styles.xml": "<broken"}),
        sees=("Goods",),
        warns=("styles.xml is damaged",),
        source="LibreOffice",
    ),
    Seen(
        "a damaged part of metadata",
        ".odt",
        package(p("Goods"), parts={"meta.xml": "<broken"}),
        sees=("Goods",),
        source="LibreOffice",
    ),
    Seen(
        "no part that names the type",
        ".odt",
        package(
            p("Goods"),
            parts={
                "mimetype": "",
                "META-INF/manifest.xml": '<manifest:manifest xmlns:manifest="urn:x"><manifest:file-entry '
                'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>'
                "</manifest:manifest>",
            },
        ),
        sees=("Goods",),
        source="part 2, 3.3; LibreOffice",
    ),
    Seen(
        "macros, whose parts declare a DOCTYPE",
        ".odt",
        package(
            p("Goods"), parts={"Basic/script-lc.xml": '<!DOCTYPE library:libraries PUBLIC "x" "libraries.dtd"><a/>'}
        ),
        sees=("Goods",),
        source="LibreOffice",
    ),
    Seen(
        "an object whose part is missing",
        ".odt",
        package(p(embedded("Object 9")) + p("Goods")),
        sees=("Goods",),
        warns=("embedded document",),
        source="LibreOffice",
    ),
]

SLIDES = [
    Seen(
        "a hidden slide",
        ".odp",
        package(
            slide(TITLE)
            + slide(box("SECRET", at(1, 1)), attributes='draw:style-name="dp2"')
            + slide(box("last", at(1, 1))),
            '<style:style style:name="dp2" style:family="drawing-page"><style:drawing-page-properties '
            'presentation:visibility="hidden"/></style:style>',
        ),
        sees=("last",),
        never=("SECRET",),
        warns=("1 hidden slide was left out (slide 2)",),
        source="20.404",
    ),
    Seen(
        "notes, without their numbers and thumbnails",
        ".odp",
        package(
            slide(
                TITLE,
                "<presentation:notes><draw:page-thumbnail/>"
                + box("say this", 'presentation:class="notes"')
                + box("7", 'presentation:class="page-number"')
                + "</presentation:notes>",
            )
        ),
        sees=("Notes: say this",),
        never=("7",),
        source="10.9.4",
    ),
    Seen(
        "placeholders without content",
        ".odp",
        package(
            slide(
                box("Click to add", 'presentation:class="outline" presentation:placeholder="true" ' + at(1, 1)),
                box("text", at(1, 4)),
            )
        ),
        sees=("text",),
        never=("Click",),
        source="19.361",
    ),
    Seen(
        "boxes in columns",
        ".odp",
        package(
            slide(
                box("Right one: the second column begins here and goes on", at(14, 3, 10, 3)),
                box("Left one: the first column begins here and goes on", at(1, 3, 10, 3)),
                box("Right two: the second column ends here, below the rest", at(14, 7, 10, 3)),
                box("Left two: the first column ends here, below the rest", at(1, 7, 10, 3)),
            )
        ),
        sees=(re.compile("Left one.*Left two.*Right one.*Right two", re.DOTALL),),
        source="as a person reads a slide",
    ),
    Seen(
        "a layer that is not shown",
        ".odp",
        package(
            slide(box("SECRET", 'draw:layer="old" ' + at(1, 1)), box("shown", 'draw:layer="layout" ' + at(1, 4))),
            masters='<draw:layer-set><draw:layer draw:name="layout"/>'
            '<draw:layer draw:name="old" draw:display="none"/></draw:layer-set>',
        ),
        sees=("shown",),
        never=("SECRET",),
        warns=("1 shape on a hidden layer",),
        source="19.151 draw:display",
    ),
    Seen(
        "a shape that is not shown",
        ".odp",
        package(slide(shape("SECRET", 'drawooo:display="none" ' + at(1, 1)), shape("shown", at(1, 4)))),
        sees=("shown",),
        never=("SECRET",),
        warns=("1 hidden passage",),
        source="LibreOffice 7.4",
    ),
    Seen(
        "comments on a slide",
        ".odp",
        package(
            slide(TITLE, "<office:annotation><dc:creator>Ann</dc:creator><text:p>Check</text:p></office:annotation>")
        ),
        sees=("Comment by Ann: Check",),
        source="14.1",
    ),
    Seen(
        "the footer of a slide once",
        ".odp",
        package(
            '<presentation:footer-decl presentation:name="f1">Confidential</presentation:footer-decl>'
            + slide(TITLE, attributes='draw:style-name="dp1" presentation:use-footer-name="f1"') * 2,
            '<style:style style:name="dp1" style:family="drawing-page"><style:drawing-page-properties '
            'presentation:display-footer="true"/></style:style>',
        ),
        sees=(re.compile(r"\A(?:(?!Confidential).)*Footer: Confidential(?:(?!Confidential).)*\Z", re.DOTALL),),
        source="10.9.3.3",
    ),
    Seen(
        "numbered points in groups",
        ".odp",
        package(
            slide(
                TITLE,
                f"<draw:g><draw:frame {at(1, 4)}>"
                f"<draw:text-box>{items('first', 'second', attributes=L1)}</draw:text-box></draw:frame></draw:g>",
            ),
            CLAUSES,
        ),
        sees=("1. first\n2. second",),
        source="5.3",
    ),
    Seen(
        "a chart on a slide, struck-out text beside it",
        ".odp",
        package(
            slide(
                f"<draw:frame {at(1, 4)}><draw:object xlink:href='./Object 1'/></draw:frame>",
                box(f"{span('70', 'T3')} 80 euros", at(1, 9)),
            ),
            STRUCK,
            parts=chart("", row(cell(), "2024") + row("Lyon", "7")),
        ),
        sees=("| Lyon | 7 |", "80 euros"),
        never=("70",),
        warns=("1 struck-out passage was left out (slide 1)",),
        source="11; 20.367",
    ),
]


def _template() -> str:
    return (
        f'<office:document {NAMESPACES} office:mimetype="application/vnd.oasis.opendocument.text-template">'
        f"<office:body><office:text>{p('Goods')}</office:text></office:body></office:document>"
    )


@table(TEXTS)
def test_texts(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@table(FILES)
def test_files(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


_A4 = (
    '<style:page-layout style:name="PM1"><style:page-layout-properties fo:page-width="28cm" fo:page-height="21cm"/>'
    "</style:page-layout>"
)
_ON_MASTER = 'draw:master-page-name="M"'


def _master(*shapes: str) -> str:
    return f'<style:master-page style:name="M" style:page-layout-name="PM1">{"".join(shapes)}</style:master-page>'


def _bullet(name: str, sign: str) -> str:
    return (
        f'<text:list-style style:name="{name}"><text:list-level-style-bullet text:level="1" text:bullet-char="{sign}">'
        '<style:text-properties fo:font-family="Wingdings"/></text:list-level-style-bullet></text:list-style>'
    )


def _bulleted(style: str, text: str) -> str:
    return f'<text:list text:style-name="{style}"><text:list-item>{p(text)}</text:list-item></text:list>'


_YEARS = (
    '<table:table-row><table:table-cell/><table:table-cell office:value-type="string"><text:p>Sales</text:p>'
    '</table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="string"><text:p>2023'
    '</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="5"><text:p>5</text:p>'
    "</table:table-cell></table:table-row>"
)
_DATED = (
    '<number:date-style style:name="N36"><number:month number:style="long"/><number:text>/</number:text>'
    '<number:day number:style="long"/><number:text>/</number:text><number:year number:style="long"/>'
    '</number:date-style><style:style style:name="ch4" style:family="chart" style:data-style-name="N36"/>'
)

MORE_SLIDES = [
    Seen(
        "the number of a slide in a text",
        ".odp",
        package(
            slide(box("one", at(1, 1)))
            + slide(box("this is slide <text:page-number>&lt;number&gt;</text:page-number>", at(1, 1)))
        ),
        sees=("this is slide 2",),
        never=("<number>",),
        source="7.3.2; LibreOffice 7.4",
    ),
    Seen(
        "shapes beside the slide",
        ".odp",
        package(
            slide(box("seen", at(1, 1)), box("draft 99", at(30, 1)), box("half", at(26, 1)), attributes=_ON_MASTER),
            styles=_A4,
            masters=_master(),
        ),
        sees=("seen", "half"),
        never=("draft",),
        warns=("1 shape beside the slide was left out (slide 1)",),
        source="LibreOffice 7.4, in a presentation",
    ),
    Seen(
        "a text on the master, once",
        ".odp",
        package(
            slide(box("one", at(1, 1)), attributes=_ON_MASTER) + slide(box("two", at(1, 1)), attributes=_ON_MASTER),
            styles=_A4,
            masters=_master(
                box("Northlight plc, internal", at(1, 19)),
                box("Click to edit", 'presentation:class="outline" ' + at(1, 5)),
                box("for the designer", at(40, 1)),
            ),
        ),
        sees=(re.compile(r"\Aone\n+Northlight plc, internal\n+two\Z"),),
        source="19.402",
    ),
    Seen(
        "ticks of a symbol font as bullets",
        ".odt",
        package(_bulleted("L1", "paid") + _bulleted("L2", "open"), _bullet("L1", "\uf0fe") + _bullet("L2", "\uf0a8")),
        sees=("☑ paid", "☐ open"),
        source="LibreOffice 7.4, from Word's lists",
    ),
    Seen(
        "years as names of categories, whose axis has a format of dates",
        ".odp",
        package(
            slide(f'<draw:frame {at(1, 1)}><draw:object xlink:href="./Object 1"/></draw:frame>'),
            parts=chart(
                '<chart:plot-area><chart:axis chart:dimension="x" chart:style-name="ch4" chartooo:axis-type="text"/>'
                "</chart:plot-area>",
                _YEARS,
                _DATED,
            ),
        ),
        sees=("| 2023 | 5 |",),
        never=("1905",),
        source="LibreOffice 7.4, from a chart of PowerPoint",
    ),
]


@table(SLIDES + MORE_SLIDES)
def test_slides(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_a_named_style_begins_a_page(tmp_path: Path) -> None:
    document = next(case for case in TEXTS if case.name.startswith("a page that begins")).read(tmp_path)
    assert [(unit.kind, unit.text) for unit in document.units] == [("page", "one"), ("page", "two")]


def test_the_suffix_of_another_kind_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.fodt"
    flat("spreadsheet", sheet(row("A", "B"), row("1", "2")))(path)
    document = read_file(path)
    assert "| 1 | 2 |" in document.units[0].text
    assert "OpenDocument spreadsheet" in document.warnings[0]


@pytest.mark.parametrize("head", ["", '<!DOCTYPE a [<!ENTITY e "x">]>'])
def test_a_flat_file_that_is_none(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.fodt"
    path.write_text(f"{head}<other/>", encoding="utf-8")
    with pytest.raises(ReadingError):
        read_file(path)


# a paragraph is runs, each with its look
_RUNS = st.lists(
    st.tuples(st.sampled_from(["", "T1", "T2", "T3", "T4"]), st.text("abc 12", min_size=1, max_size=4)), max_size=8
)


@settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(paragraphs=st.lists(_RUNS, min_size=1, max_size=4), depth=st.integers(0, 3))
def test_nothing_is_read_that_is_not_shown(tmp_path: Path, paragraphs: list[list[tuple[str, str]]], depth: int) -> None:
    hidden = [text for runs in paragraphs for look, text in runs if look in ("T3", "T4") and text.strip()]
    marked = "".join(
        p("".join(span(f"⟦{text}⟧" if look in ("T3", "T4") else text, look) if look else text for look, text in runs))
        for runs in paragraphs
    )
    body = marked
    for _ in range(depth):
        body = f"<text:list {L1}><text:list-item>{body}</text:list-item></text:list>"
    path = tmp_path / "a.odt"
    package(body, RAISED + LOWERED + STRUCK + HIDDEN + CLAUSES)(path)
    document = read_file(path)
    text = "".join(unit.text for unit in document.units)
    assert "⟦" not in text
    assert bool(document.warnings) == bool(hidden)
    shown = "".join(text for runs in paragraphs for look, text in runs if look not in ("T3", "T4"))
    letters = [char for char in text if char in "abc"]
    assert letters == [char for char in shown if char in "abc"] or depth  # numbers of a list may be letters
