r"""RTF as Word and LibreOffice show it.

The clauses are those of Microsoft's Rich Text Format Specification 1.9.1; what LibreOffice 7.4 shows was seen there.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seenkit import Seen, check, table

from ragapp.reading.registry import read_file

FONTS = (
    r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset2 Wingdings;}{\f2\ftech\fcharset2 Symbol;}"
    r"{\f3\fswiss\fcharset238 Arial CE{\*\falt Arial};}{\f4\froman\fcharset161 Times Greek;}{\f5\fnil\cpg1251 Cyr;}}"
)


def rtf(body: str, before: str = "", start: str = r"\ansi\ansicpg1252\deff0"):
    def build(path: Path) -> None:
        path.write_bytes(("{\\rtf1" + start + FONTS + before + body + "}").encode("latin-1"))

    return build


def seen(name: str, body: str, *sees: str, before: str = "", start: str = r"\ansi\ansicpg1252\deff0", **more) -> Seen:
    return Seen(name, ".rtf", rtf(body, before, start), sees, **more)


def level(kind: int, text: str, places: str, more: str = "") -> str:
    return (
        rf"{{\listlevel\levelnfc{kind}\levelnfcn{kind}\leveljc0\levelfollow0\levelstartat1{more}"
        rf"{{\leveltext {text};}}{{\levelnumbers {places};}}\fi-360\li720}}"
    )


def lists(*levels: str, overrides: str = r"{\listoverride\listid7\listoverridecount0\ls1}") -> str:
    table = r"{\*\listtable{\list\listtemplateid1" + "".join(levels) + r"{\listname ;}\listid7}}"
    return table + r"{\*\listoverridetable" + overrides + "}"


def item(text: str, level: int = 0, ls: int = 1) -> str:
    return rf"\pard\plain\ls{ls}\ilvl{level} {text}\par"


DECIMAL = level(0, r"\'02\'00.", r"\'01")
LETTERS = level(4, r"\'03(\'01)", r"\'02")
LEGAL = level(0, r"\'04\'00.\'01 ", r"\'01\'03")
CLAUSES = (level(0, r"\'01\'00", r"\'01"), level(0, r"\'03\'00.\'01", r"\'01\'03"))
CELLS = r"\cellx2000\cellx4000\cellx6000"

CASES = [
    seen("raised note mark", r"The limit is 30{\super 2} euros.\par", "is 30^2 euros", never=("302",)),
    seen("raised by half points", r"10{\up6\fs14 4} Bq\par", "10^4 Bq"),
    seen("raised ends", r"5\super 2\nosupersub 7 m\par", "5^27 m", source="Font formatting properties"),
    seen("lowered", r"CO{\sub 2} and x{\dn4 i}\par", "CO2 and x_i"),
    seen("ordinal", r"le 1{\super er} juin\par", "le 1er juin"),
    seen("raised until plain", r"7\super 3\plain  days\par", "7^3 days"),
    seen(
        "struck out",
        r"costs {\strike 80}90 euros\par",
        "costs 90 euros",
        never=("80",),
        warns=("1 struck-out passage",),
    ),
    seen("double struck", r"costs {\striked1 80 }90\par", "costs 90", never=("80",), warns=("struck-out",)),
    seen("strike ends", r"\strike old\strike0  new\par", "new", never=("old",), warns=("1 struck-out",)),
    seen("hidden", r"Fee {\v secret 5 }7\par", "Fee 7", never=("secret",), warns=("1 hidden passage",)),
    seen("deleted while tracked", r"Fee {\deleted 5 }{\revised 7}\par", "Fee 7", never=("5",)),
    seen(
        "struck-out passages are counted once each",
        r"{\strike a b}{\strike  c} x {\strike d}\par",
        "x",
        warns=("2 struck-out",),
    ),
    seen("symbol letters", r"dose 5 {\f2 m}g {\f2\'a3} 6\par", "dose 5 µg ≤ 6", source="\\fcharset2"),
    seen("symbol in the private area", r"dose 5 {\f2\u-3987?}g\par", "dose 5 µg", source="Word writes F06D"),
    seen("ticks of Wingdings", r"{\f1\'fe} yes {\f1\'a8} no\par", "☑ yes ☐ no"),
    seen("symbol field", r'5 {\field{\*\fldinst SYMBOL 109 \\f "Symbol" \\s 10}{\fldrslt }}g\par', "5 µg"),
    seen("default font says the code page", r"\'f8eka \plain\'f8\par", "řeka ř", start=r"\ansi\ansicpg1252\deff3"),
    seen("a font's code page", r"{\f5\'cf\'f0} {\f4\'e1\'e2}\par", "Пр αβ"),
    seen("numbered", item("Scope") + item("Term"), "1. Scope", "2. Term", before=lists(DECIMAL)),
    seen(
        "letters below numbers",
        item("Rent") + item("base", 1) + item("extra", 1) + item("Term") + item("years", 1),
        "1. Rent",
        "(a) base",
        "(b) extra",
        "2. Term",
        before=lists(DECIMAL, LETTERS),
        never=("(c)",),
    ),
    seen(
        "clauses of several levels",
        item("Rent") + item("Amount", 1) + item("Due", 1) + item("Term") + item("Length", 1),
        "1 Rent",
        "1.1 Amount",
        "1.2 Due",
        "2.1 Length",
        before=lists(*CLAUSES),
    ),
    seen("a level that was never used counts as begun", item("Amount", 1), "1.1 Amount", before=lists(*CLAUSES)),
    seen(
        "Roman chapters, legal sections",
        item("General") + item("Words", 1),
        "I General",
        "1.1 Words",
        before=lists(level(1, r"\'01\'00", r"\'01"), level(0, r"\'03\'00.\'01", r"\'01\'03", r"\levellegal1")),
        source="\\levellegal",
    ),
    seen(
        "a word before the number",
        item("Scope"),
        "Article 1 Scope",
        before=lists(level(0, r"\'09Article \'00", r"\'09")),
    ),
    seen("a paragraph sign", item("Umfang") + item("Ende"), "§ 2 Ende", before=lists(level(0, r"\'03§ \'00", r"\'03"))),
    seen(
        "an override that begins elsewhere",
        item("a") + item("b", ls=2),
        "1. a",
        "5. b",
        before=lists(
            DECIMAL,
            overrides=r"{\listoverride\listid7\listoverridecount0\ls1}{\listoverride\listid7\listoverridecount1"
            r"{\lfolevel\listoverridestartat\levelstartat5}\ls2}",
        ),
    ),
    seen(
        "two overrides count together",
        item("a") + item("b", ls=2),
        "2. b",
        before=lists(DECIMAL, overrides=r"{\listoverride\listid7\ls1}{\listoverride\listid7\ls2}"),
    ),
    seen("bullets", item("one") + item("two"), "- one", "- two", before=lists(level(23, r"\'01\u-3913 ?", ""))),
    seen("no number", item("plain"), "plain", before=lists(level(255, r"\'00", "")), never=("1",)),
    seen("a list that is not defined", item("one"), "one"),
    seen("what the program noted goes first", r"{\listtext 7)\tab}" + item("x"), "7) x", before=lists(DECIMAL)),
    seen(
        "numbers in cells",
        r"\trowd\cellx2000\cellx4000\pard\intbl A\cell B\cell\row\trowd\cellx2000\cellx4000\pard\intbl 1\cell"
        r"\pard\intbl\ls1 Rent\par\ls1 Costs\cell\row" + item("after"),
        "1. Rent 2. Costs",
        "3. after",
        before=lists(DECIMAL),
    ),
    seen(
        "headings carry their number",
        r"\pard\outlinelevel0\ls1 Payment\par\pard Within a week.\par"
        r"\pard\outlinelevel0\ls1 Late payment\par\pard Two percent.\par",
        before=lists(DECIMAL),
        headings=("1. Payment", "2. Late payment"),
    ),
    seen(
        "numbers of Word 6",
        r"\pard{\*\pn\pnlvlbody\pndec\pnstart3{\pntxtb (}{\pntxta )}}three\par four\par",
        "(3) three",
        "(4) four",
        source="Bullets and Numbering",
    ),
    seen(
        "notes and endnotes count apart",
        r"Rent{\super\chftn}{\footnote\pard\plain{\super\chftn} is cold.} and costs{\super\chftn}"
        r"{\footnote\ftnalt\pard\plain{\super\chftn} are warm.} end{\super\chftn}{\footnote{\super\chftn} third}\par",
        "Rent [note 1] and costs [note 1] end [note 2]",
        "Footnote 1: is cold.",
        "Footnote 2: third",
        "Endnote 1: are warm.",
    ),
    seen(
        "notes in Roman",
        r"Rent{\super\chftn}{\footnote\ftnalt{\super\chftn} is cold.}\par",
        "[note i]",
        "Endnote i: is cold.",
        before=r"\aftnnrlc ",
    ),
    seen(
        "notes that begin at five",
        r"Rent{\super\chftn}{\footnote{\super\chftn} is cold.}\par",
        "Footnote 5: is cold.",
        before=r"\ftnstart5",
    ),
    seen("a typed mark", r"Rent{\super *}{\footnote{\super *} is cold.}\par", "Rent*", "Footnote *: is cold."),
    seen(
        "a comment",
        r"Rent{\*\atnid AB}{\*\atnauthor Ada}\chatn{\*\annotation{\*\atndate 1}too high}\par",
        "Comment (Ada): too high",
    ),
    seen(
        "figures that were typed above a page are no page number",
        r"{\header 2024\par}{\footer Page {\chpgn} of 12\tab Draft 5003\par}x\par",
        "Header: 2024",
        "Footer: Draft 5003",
        never=("Page", "of 12"),
    ),
    seen(
        "what runs above and below pages",
        r"{\header Form QP-417\tab Page {\chpgn}\par}{\footer - {\chpgn} -\par}x\par",
        "Header: Form QP-417",
        never=("Footer",),
    ),
    seen(
        "a ticked box",
        r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1\ffdefres0}}}{\fldrslt}} yes"
        r" {\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres25\ffdefres0}}}{\fldrslt}} no\par",
        "☒ yes ☐ no",
    ),
    seen(
        "a choice by default",
        r"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres25\ffdefres1{\*\ffl Red}{\*\ffl Blue}}}}"
        r"{\fldrslt}}\par",
        "Blue",
        never=("Red",),
    ),
    seen(
        "a text that was filled in",
        r"{\field{\*\fldinst FORMTEXT{\*\formfield{\fftype0{\*\ffdeftext none}}}}{\fldrslt Lyon}}\par",
        "Lyon",
        never=("none",),
    ),
    seen(
        "where a link leads",
        r'{\field{\*\fldinst HYPERLINK "https://example.org/a"}{\fldrslt the rules}}.\par',
        "the rules (https://example.org/a).",
    ),
    seen(
        "a link that is its own text",
        r'{\field{\*\fldinst HYPERLINK "https://example.org/"}{\fldrslt example.org}}\par',
        "example.org",
        never=("(",),
    ),
    seen(
        "operands of fields are no text",
        r'{\field{\*\fldinst IF {\field{\*\fldinst MERGEFIELD sex}{\fldrslt F}} = "F" "Madam" "Sir"}'
        r"{\fldrslt Madam}}\par",
        "Madam",
        never=("Sir", "FMadam"),
    ),
    seen(
        "cells that go on from above",
        rf"\trowd{CELLS}\pard\intbl Site\cell Who\cell No\cell\row"
        r"\trowd\clvmgf\cellx2000\cellx4000\cellx6000\pard\intbl Lyon\cell Ann\cell 11\cell\row"
        r"\trowd\clvmrg\cellx2000\cellx4000\cellx6000\pard\intbl\cell Bob\cell 12\cell\row",
        "| Lyon | Ann | 11 |",
        "| Lyon | Bob | 12 |",
    ),
    seen(
        "cells that go on from the left",
        r"\trowd\cellx2000\clmgf\cellx4000\clmrg\cellx6000\pard\intbl Site\cell 2024\cell\cell\row"
        rf"\trowd{CELLS}\pard\intbl Lyon\cell 1\cell 2\cell\row",
        "| Site | 2024 | 2024 |",
        "| Lyon | 1 | 2 |",
    ),
    seen(
        "a wide cell keeps the columns",
        rf"\trowd{CELLS}\pard\intbl Item\cell Jan\cell Feb\cell\row"
        r"\trowd\cellx4000\cellx6000\pard\intbl Total\cell 9\cell\row",
        "| Total |  | 9 |",
    ),
    seen(
        "a box is not glued into its paragraph",
        r"Before{\shp{\*\shpinst{\shptxt \pard Inside\par lines\par}}{\shprslt Inside}} after.\par",
        "Before after.",
        "Inside\nlines",
    ),
    seen(
        "pictures are told",
        r"{\*\shppict{\pict\pngblip 00}}{\nonshppict{\pict\wmetafile8 00}}x\par",
        "x",
        warns=("1 picture was left out",),
    ),
    seen("a formula", r"{\mmath{\*\moMath{\mr E=m}{\msSup{\me{\mr c}}{\msup{\mr 2}}}}}\par", "E=mc^2"),
]


NOTE = r"{\super\chftn{\footnote\pard\plain{\super\chftn} %s}}"
NEST = r"{\*\nesttableprops\trowd\cellx1000\cellx2000\nestrow}{\nonesttables\par}"
BOX = r"{\shp{\*\shpinst\shpleft0{\sp{\sn wzName}{\sv Text Box 7}}{\shptxt\pard %s\par}}%s}"

MORE = [
    seen(
        "a table inside a cell",
        r"\trowd\cellx2000\cellx6000\pard\intbl Site\cell Rooms\cell\row\pard\intbl Lyon\cell\pard\intbl"
        rf"\itap2 Room\nestcell Seats\nestcell{NEST}A\nestcell 4\nestcell{NEST}B\nestcell 9\nestcell{NEST}"
        r"\pard\intbl\itap1\cell{\trowd\cellx2000\cellx6000\row}\pard after\par",
        "| Lyon | Room: A, Seats: 4 Room: B, Seats: 9 |",
        source="Nested Tables",
    ),
    seen(
        "a table that only places another",
        rf"\trowd\cellx3000\pard\intbl Fees\par\pard\intbl\itap2 North\nestcell 12\nestcell{NEST}South\nestcell 9"
        rf"\nestcell{NEST}\pard\intbl\itap1 net\cell{{\trowd\cellx3000\row}}\pard after\par",
        "Fees\n\n| North | 12 |\n| --- | --- |\n| South | 9 |\n\nnet",
        source="Nested Tables",
    ),
    seen(
        "nested rows that are defined in front",
        r"\itap1\trowd\cellx3000\cellx6000\pard\intbl\itap1 Out\cell\pard\intbl\itap2\trowd\cellx1000\cellx2000"
        r"\cellx2500\pard\intbl\itap2 in\nestcell\pard\intbl\itap2 7\nestcell\nestrow\pard\intbl\itap1 tail\cell"
        r"\lastrow\row\pard after\par",
        "| in | 7 |",
        source="TextEdit",
    ),
    seen(
        "a blank line between two tables",
        r"\trowd\cellx2000\cellx4000\pard\intbl Site\cell Price\cell\row\pard\intbl Lyon\cell 7\cell\row\pard\par"
        r"\trowd\cellx2000\cellx4000\pard\intbl Day\cell Hours\cell\row\pard\intbl Monday\cell 8\cell\row\pard\par",
        "| Lyon | 7 |\n\n| Day | Hours |\n| --- | --- |",
        source="LibreOffice 7.4",
    ),
    seen(
        "a header of two rows",
        r"\trowd\clvmgf\cellx1000\cellx4000\pard\intbl Site\cell 2024\cell\row\trowd\clvmrg\cellx1000\cellx2500"
        r"\cellx4000\pard\intbl\cell Staff\cell Cost\cell\row\trowd\cellx1000\cellx2500\cellx4000\pard\intbl Lyon"
        r"\cell 7\cell 12\cell\row\pard\intbl Nice\cell 3\cell 9\cell\row\pard x\par",
        "| Site | 2024 / Staff | 2024 / Cost |",
        "| Lyon | 7 | 12 |",
    ),
    seen(
        "a value over columns",
        r"\trowd\cellx1000\cellx2000\cellx3000\cellx4000\pard\intbl House\cell Mon\cell Tue\cell Wed\cell\row"
        r"\trowd\cellx1000\cellx3000\cellx4000\pard\intbl A\cell 12 euros\cell 9 euros\cell\row\pard x\par",
        "| A | 12 euros | 12 euros | 9 euros |",
    ),
    seen(
        "a column of numbers",
        r"\trowd\cellx1000\cellx4000\pard\intbl No.\cell Room\cell\row\pard\intbl{\listtext 1.\tab}\ls1\cell\pard"
        r"\intbl Hall\cell\row\pard\intbl{\listtext 2.\tab}\ls1\cell\pard\intbl Attic\cell\row\pard x\par",
        "| 1. | Hall |",
        "| 2. | Attic |",
        source="LibreOffice 7.4",
    ),
    seen("the number of an empty paragraph", r"{\listtext 2.\tab}\ls1\par\pard plain\par", "plain", never=("2.",)),
    seen(
        "columns of text",
        r"\trowd\cellx2000\cellx4000\pard\intbl one\par two\par three\par four\cell right\cell\row\pard\par",
        "one\n\ntwo",
        never=("|",),
    ),
    seen(
        "a contents list",
        r"{\field{\*\fldinst TOC \\o}{\fldrslt Payment 9\par Term 12}}\par\pard\outlinelevel0 Term\par\pard 9 days\par",
        re.compile(r"\ATerm\n\n9 days\Z"),
        source="Fields",
    ),
    seen(
        "a formula with its properties",
        r"{\mmath{\*\moMathPara{\*\moMathParaPr{\mjc left}}{\*\moMath{\mnary{\mnaryPr{\mchr \u8721?}{\mlimLoc undOvr}"
        r"{\mctrlPr\f0}}{\msub{\mr i=1}}{\msup{\mr n}}{\me{\mf{\mfPr{\mtype bar}}{\mnum{\mr a+1}}{\mden{\mr b}}}}}}}"
        r"{\mmathPict{\pict\wmetafile8 00}}}\par",
        "∑_(i=1)^n (a+1)/b",
        never=("undOvr", "bar", "left"),
        source="Math",
    ),
    seen("a cube root", r"{\mmath{\*\moMath{\mrad{\mdeg{\mr 3}}{\me{\mr\mscr0\msty2 8}}}}}\par", "∛8", source="Math"),
    seen("a fraction by its field", r"2{\field{\*\fldinst EQ \\f(1,2)}{\fldrslt }} l\par", "2 1/2 l", source="Word"),
    seen("text that was moved", r"a {\mvf 5 }{\mvt 6 }b\par", "a 6 b", never=("5",), source="Track Changes"),
    seen(
        "a picture that floats",
        r"a{\shp{\*\shpinst{\sp{\sn pib}{\sv{\pict\pngblip 00}}}}{\shprslt x}}\par",
        "a",
        never=("x",),
        warns=("1 picture was left out",),
    ),
    seen("words as art", r"{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv Open day}}}}b\par", "Open day"),
    seen("a box of Word 6", r"a{\*\do\dobxcolumn\dptxbx{\dptxbxtext\pard Fee 7\par}\dpx1}b\par", "ab\n\nFee 7"),
    seen(
        "a box with its older form",
        "a" + BOX % ("Fee 7", r"{\shprslt{\*\do\dptxbx{\dptxbxtext Fee 7\par}}}") + r"b\par",
        re.compile(r"\Aab\n\nFee 7\Z"),
    ),
    seen(
        "a list in a box",
        r"\pard a" + BOX % (r"{\listtext 1.\tab}first\par{\listtext 2.\tab}second", "") + r"b\par",
        "1. first\n2. second",
        never=("2. a",),
    ),
    seen(
        "a box in a header", r"{\header " + BOX % ("Draft", "") + r"\pard Form 7\par}body\par", "Header: Draft; Form 7"
    ),
    seen(
        "bullets that say yes or no",
        r"{\listtext\f1 \'fe\tab}\ls1 paid\par{\listtext\f1 \'a8\tab}\ls1 free\par",
        "- ☑ paid",
        "- ☐ free",
        source="Word",
    ),
    seen(
        "a link in several pieces",
        r'{\field{\*\fldinst HYPERLINK "https://a.example/x"}{\fldrslt the }}'
        r'{\field{\*\fldinst HYPERLINK "https://a.example/x"}{\fldrslt rules}}\par',
        "the rules (https://a.example/x)",
        source="LibreOffice 7.4",
    ),
    seen(
        "notes that begin again with each section",
        r"\sectd\sftnrestart\sftnnauc a" + NOTE % "one" + r"\sect\sectd\sftnnar b" + NOTE % "two" + r"\par",
        "a [note A]",
        "b [note 1]",
        "Footnote 1: two",
        source="Section Formatting Properties",
    ),
    seen("signs beyond the basic plane", r"\u128512? \u-10179?\u-8704?\par", "😀 😀", source="LibreOffice 7.4"),
]


@table(CASES + MORE)
def test_rtf_is_read_as_it_is_shown(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


runs = st.lists(
    st.tuples(
        st.sampled_from(["", r"\super ", r"\sub ", r"\strike ", r"\v ", r"\deleted ", r"\b "]), st.integers(10, 99)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=runs)
def test_no_number_appears_that_is_not_shown(tmp_path: Path, runs: list[tuple[str, int]]) -> None:
    path = tmp_path / "runs.rtf"
    rtf("".join(f"{{{word}{number}}}" for word, number in runs) + r"\par")(path)
    text = read_file(path).units[0].text
    shown = [(word.strip(), number) for word, number in runs if word.strip() in ("", r"\super", r"\sub", r"\b")]
    assert sum(map(str.isdigit, text)) == 2 * len(shown)
    for (before, _), (word, number) in pairwise(shown):
        if word != before and {word, before} & {r"\super", r"\sub"} and word in (r"\super", r"\sub"):
            assert f"{'^' if word == chr(92) + 'super' else '_'}{number}" in text


@pytest.mark.parametrize(
    "body",
    [
        r"{\*\listtable" + r"{\list{\listlevel" * 3000,
        r"{\*\listoverridetable{\listoverride\listid1" + r"{\lfolevel}" * 5000 + r"\ls1}}",
        r"\trowd" + "".join(rf"\clmrg\cellx{n}" for n in range(3000)) + r"\pard\intbl" + r" x\cell" * 3000 + r"\row",
        r"{\field{\*\fldinst " * 3000 + "x",
        r"{\footnote\chftn " * 3000 + "x",
        r"\pard{\*\pn\pnlvlbody\pnstart2000000000\pnucrm}x\par",
        r"{\shp{\*\shpinst{\shptxt a\par}}}" * 20_000,
        r"\ls-5\ilvl-7 x\par",
        r"{\mmath{\*\moMath" + r"{\mf{\mnum " * 3000 + "x",
        r"\pard\intbl\itap900000 x\nestcell\nestrow" * 2000 + r"\cell\row\pard\par y",
        r"\trowd\cellx99\pard\intbl"
        + r"\itap2 x\nestcell\nestrow\itap1 y\cell\itap3 z\nestcell\nestrow" * 2000
        + r"\row",
    ],
)
def test_without_measure(tmp_path: Path, body: str) -> None:
    path = tmp_path / "odd.rtf"
    rtf(body)(path)
    assert read_file(path).units
