"""Word documents as Word shows them: equations in fields, hidden numbers and shapes, heads of pages, damaged parts."""

from pathlib import Path

import pytest
from seenkit import Seen, check, table
from wordkit import SPACES, docx, field, p, r, style, tbl, tc, tr
from wordxml import definition, level, paragraph, run, use
from wordxml import docx as built

from ragapp.reading.word.equation_fields import equation_text
from ragapp.reading.word.numerals import word_numeral

_SHAPES = (
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wpg="http://schemas.microsoft.com/office/word/2010/wordprocessingGroup"'
)
_OFF = ' hidden="true"'
_DELETED = '<w:del w:id="1"/>'


def _head(identifier: str, pages: str = "default") -> str:
    return f'<w:headerReference w:type="{pages}" r:id="{identifier}"/>'


def _head_part(name: str, content: str) -> tuple[str, str, str]:
    return "header", f"{name}.xml", f"<w:hdr {SPACES}>{content}</w:hdr>"


def _anchored(name: str, content: str) -> str:
    return (
        f'<w:r><w:drawing><wp:anchor><wp:docPr id="1" name="x"{name}/><a:graphic><a:graphicData {_SHAPES}>{content}'
        "</a:graphicData></a:graphic></wp:anchor></w:drawing></w:r>"
    )


def _shape(text: str, name: str = "") -> str:
    about = f'<wps:cNvPr id="2" name="y"{name}/>'
    return f"<wps:wsp>{about}<wps:txbx><w:txbxContent>{p(text)}</w:txbxContent></wps:txbx></wps:wsp>"


def _picture(reference: str) -> str:
    return (
        '<w:r><w:drawing><wp:inline><wp:extent cx="4000000" cy="4000000"/><a:graphic><a:graphicData><pic:pic>'
        f"<pic:blipFill><a:blip {reference}/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>"
        "</w:drawing></w:r>"
    )


def _reference(number: int) -> str:
    return f'<w:r><w:footnoteReference w:id="{number}"/></w:r>'


def _note(number: int, text: str) -> str:
    return f'<w:footnote w:id="{number}">{paragraph(text)}</w:footnote>'


def _gone(name: str, before: str, warns: tuple[str, ...] = (), styles: str = "") -> Seen:
    return Seen(
        name,
        ".docx",
        built(
            before + paragraph(run("b") + _reference(2)), styles=styles, footnotes=_note(1, "Gone") + _note(2, "Here")
        ),
        ("b [note 1]", "Footnote 1: Here"),
        ("Gone", "note 2"),
        warns=warns,
        source="Word counts the references that it shows; 29500-1, 17.11.14",
    )


_MARKED = paragraph(run("x") + _reference(1))

CASES = [
    Seen(
        "a first page takes the head of the section before",
        ".docx",
        docx(
            p("s1", properties=f"<w:sectPr>{_head('h1')}{_head('h2', 'first')}</w:sectPr>")
            + p("s2")
            + "<w:sectPr><w:titlePg/></w:sectPr>",
            related={"h1": _head_part("h1", p("Rules")), "h2": _head_part("h2", p("Case 77"))},
        ),
        ("Header: Rules", "Header: Case 77"),
        source="29500-1, 17.10.6: inherited from the previous section",
    ),
    Seen(
        "figures that were typed into a head",
        ".docx",
        docx(
            p("s") + f"<w:sectPr>{_head('h1')}</w:sectPr>",
            related={
                "h1": _head_part("h1", p("Budget") + p("2024") + p("3/2024") + p("Page ", field("PAGE", "3"), " of 9"))
            },
        ),
        ("Header: Budget; 2024; 3/2024",),
        ("Page",),
        source="29500-1, 17.16.5.39: page numbers are fields",
    ),
    Seen(
        "numbers that are hidden",
        ".docx",
        built(
            paragraph("Scope", number=(1, 0)) + paragraph("Fees", number=(1, 1)),
            numbering=definition(
                0, level(0, "%1.").replace("</w:lvl>", "<w:rPr><w:vanish/></w:rPr></w:lvl>"), level(1, "%1.%2")
            )
            + use(1, 0),
        ),
        ("Scope", "1.1 Fees"),
        ("1. Scope",),
        source="29500-1, 17.9.24 rPr (numbering symbol run properties)",
    ),
    Seen(
        "articles in Chinese figures",
        ".docx",
        built(
            "".join(paragraph(f"t{n}", number=(1, 0)) for n in range(12)),
            numbering=definition(0, level(0, "第%1条", "chineseCountingThousand")) + use(1, 0),
        ),
        ("第一条 t0", "第十二条 t11"),
        source="29500-1, 17.18.59 chineseCountingThousand",
    ),
    Seen(
        "a table in two pieces with nothing between them",
        ".docx",
        docx(
            tbl(tr("Zone", "Days"), tr("A", "3"), tr("B", "4"))
            + tbl(tr("C", "5"), tr("D", "6"))
            + tbl(tr("Item", "Price"), tr("E", "7"))
        ),
        ("| B | 4 |\n| C | 5 |\n| D | 6 |", "| Item | Price |\n| --- | --- |\n| E | 7 |"),
        source="29500-1, 17.4.37 tbl; Word shows them as one table",
    ),
    Seen(
        "a large first letter",
        ".docx",
        docx(p("T", properties='<w:framePr w:dropCap="drop" w:lines="3"/>') + p("he fee is 12 euros.") + p("Next.")),
        ("The fee is 12 euros.\n\nNext.",),
        source="29500-1, 17.3.1.11 framePr, dropCap",
    ),
    Seen(
        "shapes that are hidden",
        ".docx",
        docx(
            p(
                "a",
                _anchored(' hidden="1"', _shape("GONE 1")),
                '<w:r><w:pict><v:shape style="position:absolute;visibility:hidden"><v:textbox><w:txbxContent>'
                f"{p('GONE 2')}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>",
                _anchored("", f"<wpg:wgp>{_shape('GONE 3', _OFF)}{_shape('seen')}</wpg:wgp>"),
            )
        ),
        ("seen",),
        ("GONE",),
        warns=("3 hidden shapes were left out",),
        source="29500-1, 20.4.2.5 docPr; the selection pane of Word",
    ),
    _gone("a reference in a deleted row", f"<w:tbl>{tr('x', 'y')}{tr(tc(_MARKED), 'q', properties=_DELETED)}</w:tbl>"),
    _gone(
        "a reference in a hidden row",
        f"<w:tbl>{tr('x', 'y')}{tr(tc(_MARKED), 'q', properties='<w:hidden/>')}</w:tbl>",
        ("1 hidden row",),
    ),
    _gone(
        "a reference in a paragraph that its style hides",
        paragraph(run("x") + _reference(1), style="Hid"),
        ("1 hidden passage",),
        style("Hid", "<w:vanish/>", "paragraph"),
    ),
    Seen(
        "notes whose part is damaged",
        ".docx",
        docx(p("b", _reference(2)), related={"f": ("footnotes", "footnotes.xml", "<w:footnotes><broken")}),
        ("b [note 1]",),
        warns=("1 note was left out (footnote 1)", "1 damaged part was left out (word/footnotes.xml)"),
        source="nothing is lost in silence",
    ),
    Seen(
        "notes whose part is not there",
        ".docx",
        docx(p("b", _reference(2)), related={"f": ("footnotes", "footnotes.xml", None)}),
        ("b [note 1]",),
        warns=("1 note was left out (footnote 1)",),
        source="nothing is lost in silence",
    ),
    Seen(
        "pictures that are not in the file",
        ".docx",
        docx(
            p("b", _picture('r:link="rL"'), _picture('r:embed="rM"'), _picture("")),
            related={"rL": ("image", "https://x.example/a.png", None), "rM": ("image", "image1.png", None)},
        ),
        ("b",),
        warns=("2 pictures were left out",),
        source="29500-1, 20.1.8.13 blip, link",
    ),
    Seen(
        "a comment on a note",
        ".docx",
        built(
            paragraph(run("b") + _reference(2)),
            footnotes='<w:footnote w:id="2">'
            + paragraph(
                f'<w:commentRangeStart w:id="1"/>{run("Here")}<w:commentRangeEnd w:id="1"/>'
                '<w:r><w:commentReference w:id="1"/></w:r>'
            )
            + "</w:footnote>",
            comments=f'<w:comment w:id="1" w:author="Ada">{paragraph("Check this")}</w:comment>',
        ),
        ('Comment (Ada) on "Here": Check this',),
        source="29500-1, 17.13.4",
    ),
    Seen(
        "a word with its reading, and a sign in a ring, as fields",
        ".docx",
        docx(
            p(
                field(r'EQ \* jc2 \* "Font:MS Mincho" \* hps10 \o\ad(\s\up 9(とう),東)', "").replace(
                    "<w:r><w:rPr></w:rPr>", "<w:r>"
                ),
                r("へ"),
            )
        ),
        ("東(とう)へ",),
        source="phonetic guides of Word in Japanese; 29500-1, 17.16.5.18",
    ),
]


@table(CASES)
def test_word_documents_as_word_shows_them(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        (r"\f(1,2)", "1/2"),
        (r"5 \f(1;2)", "5 1/2"),
        (r"\f(a+b,2)", "(a+b)/2"),
        (r"\f(1,5;2)", "1,5/2"),
        (r"\r(3,x)", "^3√x"),
        (r"\r(a+b)", "√(a+b)"),
        (r"x\s\up8(2)", "x^2"),
        (r"H\s\do4(2)O", "H_2O"),
        (r"\b\bc\{(x)", "{x}"),
        (r"\i\su(1,5,3)", "∑_1^5 3"),
        (r"\a\al\co2(1,2,3,4)", "1, 2; 3, 4"),
        (r"\o\ac(○,7)", "⑦"),
        (r"\x(boxed)", "boxed"),
        (r"\f(1\,5,2)", "1,5/2"),
        (r"\f(1", "1"),
    ],
)
def test_equations_of_fields(code: str, seen: str) -> None:
    assert equation_text(code) == seen


def test_an_equation_in_itself_has_an_end() -> None:
    assert not equation_text("\\f(" * 5000).strip("/()")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("chineseCountingThousand", "一 十 十二 二十一 一百零五 一千零三"),
        ("japaneseCounting", "一 十 十二 二十一 百五 千三"),
        ("ideographDigital", "一 一〇 一二 二一 一〇五 一〇〇三"),
        ("koreanCounting", "일 십 십이 이십일 백오 천삼"),
        ("chineseLegalSimplified", "壹 壹拾 壹拾贰 贰拾壹 壹佰零伍 壹仟零叁"),
    ],
)
def test_east_asian_numerals(name: str, seen: str) -> None:
    assert " ".join(word_numeral(number, name) for number in (1, 10, 12, 21, 105, 1003)) == seen
