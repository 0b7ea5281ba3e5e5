"""Word files with numbers that Word counts itself: paragraphs, notes, captions, references."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seenkit import Seen, check, table
from wordxml import definition, docx, field, level, paragraph, run, start_override, use, write_docx

from ragapp.reading.registry import read_file
from ragapp.reading.spelled_numbers import cardinal_words, ordinal_words
from ragapp.reading.word.numerals import word_numeral

NUMBERING = "ISO/IEC 29500-1, 17.9"
# 1. / 1.1 / (a) / (i), as contracts have them
CLAUSES = definition(
    0, level(0, "%1."), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter"), level(3, "(%4)", "lowerRoman")
)
ONE = CLAUSES + use(1, 0)


def items(*listed: tuple[str, int], of: int = 1) -> str:
    """Paragraphs of a list, each with its level."""
    return "".join(paragraph(text, number=(of, depth)) for text, depth in listed)


def styled(style: str, number: str, based_on: str = "", more: str = "") -> str:
    """A paragraph style with these settings of a list."""
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{style}"/>{base}'
        f"<w:pPr><w:numPr>{number}</w:numPr></w:pPr>{more}</w:style>"
    )


def single(style: str, text: str = "%1.", start: int = 1, more: str = "") -> str:
    """A list of one level."""
    return definition(0, level(0, text, style, start, more)) + use(1, 0)


def reference(kind: str, number: int, more: str = "", after: str = "") -> str:
    """A reference to a note."""
    look = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
    return f'<w:r>{look}<w:{kind}Reference w:id="{number}" {more}/>{after}</w:r>'


def note(kind: str, number: int, text: str, mark: bool = True) -> str:
    """A note."""
    printed = f"<w:r><w:{kind}Ref/></w:r>" if mark else ""
    return f'<w:{kind} w:id="{number}"><w:p>{printed}{run(text)}</w:p></w:{kind}>'


DELETED = '<w:rPr><w:del w:id="1" w:author="A"/></w:rPr>'
HIDDEN = "<w:rPr><w:vanish/></w:rPr>"
BEGIN = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
INLINE = field("LISTNUM")
WINGDINGS = '<w:rPr><w:rFonts w:ascii="Wingdings" w:hAnsi="Wingdings"/></w:rPr></w:lvl>'
GALLERY = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'

CASES = [
    # --- paragraphs
    Seen(
        "numbers of a contract",
        ".docx",
        docx(
            items(("Term", 0), ("Two years.", 1), ("Delivery", 0), ("On time.", 1), ("2 % a week.", 1), ("or", 2)),
            numbering=ONE,
        ),
        sees=("1.1 Two years.", "2.1 On time.", "2.2 2 % a week.", "(a) or"),
        headings=("1. Term", "2. Delivery"),
        source=f"{NUMBERING}.11 (lvlText)",
    ),
    Seen(
        "headings carry their number",
        ".docx",
        docx(
            paragraph("Delivery", style="Heading1")
            + paragraph("Late delivery", style="Heading2")
            + paragraph("2 % a week."),
            numbering=definition(
                0,
                level(0, "%1", more='<w:pStyle w:val="Heading1"/>', start=4),
                level(1, "%1.%2", more='<w:pStyle w:val="Heading2"/>'),
            )
            + use(1, 0),
            styles=styled("Heading1", '<w:numId w:val="1"/>') + styled("Heading2", '<w:numId w:val="1"/>'),
        ),
        sees=("4 Delivery", "4.1 Late delivery"),
        source=f"{NUMBERING}.23 (pStyle)",
    ),
    Seen(
        "a list that begins again",
        ".docx",
        docx(
            items(("one", 0), ("two", 0)) + items(("seven", 0), ("eight", 0), of=2) + items(("nine", 0)),
            numbering=CLAUSES + use(1, 0) + use(2, 0, start_override(0, 7)),
        ),
        sees=("2. two", "7. seven", "8. eight", "9. nine"),
        source=f"{NUMBERING}.26 (startOverride); Word",
    ),
    Seen(
        "two uses of one list count on",
        ".docx",
        docx(items(("a", 0)) + items(("b", 0), of=2) + items(("c", 0)), numbering=CLAUSES + use(1, 0) + use(2, 0)),
        sees=("1. a", "2. b", "3. c"),
        source="Word and LibreOffice",
    ),
    Seen(
        "an override that is another level",
        ".docx",
        docx(
            items(("a", 0), of=2),
            numbering=CLAUSES + use(2, 0, f'<w:lvlOverride w:ilvl="0">{level(0, "Step %1:")}</w:lvlOverride>'),
        ),
        sees=("Step 1: a",),
        source=f"{NUMBERING}.8 (lvlOverride)",
    ),
    Seen(
        "a restarted level takes the start of its use again",
        ".docx",
        docx(items(("a", 0), ("b", 1), ("c", 0), ("d", 1), of=2), numbering=CLAUSES + use(2, 0, start_override(1, 3))),
        sees=("1.3 b", "2.3 d"),
        source=f"{NUMBERING}.26: the number is used whenever the level is restarted",
    ),
    Seen(
        "a level that is left out",
        ".docx",
        docx(items(("a", 1), ("b", 0), ("c", 1)), numbering=ONE),
        sees=("1.1 a", "2. b", "2.1 c"),
        source="Word and LibreOffice",
    ),
    Seen(
        "legal numbering",
        ".docx",
        docx(
            items(("Scope", 0), ("Works.", 1)),
            numbering=definition(
                0, level(0, "Article %1", "upperRoman", 4), level(1, "Section %1.%2", "decimalZero", more="<w:isLgl/>")
            )
            + use(1, 0),
        ),
        sees=("Article IV Scope", "Section 4.01 Works."),
        source=f"{NUMBERING}.4 (isLgl)",
    ),
    Seen(
        "a level that never restarts",
        ".docx",
        docx(
            items(("a", 0), ("b", 1), ("c", 0), ("d", 1)),
            numbering=definition(0, level(0, "%1."), level(1, "Clause %2.", more='<w:lvlRestart w:val="0"/>'))
            + use(1, 0),
        ),
        sees=("Clause 1. b", "Clause 2. d"),
        source=f"{NUMBERING}.10 (lvlRestart)",
    ),
    Seen(
        "a level that restarts behind the first only",
        ".docx",
        docx(
            items(("a", 0), ("b", 1), ("c", 2), ("d", 1), ("e", 2), ("f", 0), ("g", 1), ("h", 2)),
            numbering=definition(
                0, level(0, "%1."), level(1, "%1.%2"), level(2, "%3)", more='<w:lvlRestart w:val="1"/>')
            )
            + use(1, 0),
        ),
        sees=("1) c", "2) e", "1) h"),
        source=f"{NUMBERING}.10 (lvlRestart)",
    ),
    Seen(
        "a paragraph taken out of its style's list",
        ".docx",
        docx(
            paragraph("in", style="Clause")
            + paragraph("out", style="Clause", properties='<w:numPr><w:numId w:val="0"/></w:numPr>')
            + paragraph("in again", style="Clause"),
            numbering=ONE,
            styles=styled("Clause", '<w:numId w:val="1"/>'),
        ),
        sees=("1. in", "2. in again"),
        never=("2. out", "- out"),
        source=f"{NUMBERING}.18 (numId 0)",
    ),
    Seen(
        "a style that only says its level",
        ".docx",
        docx(
            paragraph("a", style="Clause") + paragraph("b", style="Sub") + paragraph("c", style="Sub"),
            numbering=ONE,
            styles=styled("Clause", '<w:numId w:val="1"/>') + styled("Sub", '<w:ilvl w:val="1"/>', "Clause"),
        ),
        sees=("1.1 b", "1.2 c"),
        source="ISO/IEC 29500-1, 17.7.2 (style inheritance)",
    ),
    Seen(
        "a list that takes its levels from a style",
        ".docx",
        docx(
            items(("a", 0), ("b", 0), of=2),
            numbering=definition(0, level(0, "Art. %1"), more='<w:styleLink w:val="Articles"/>')
            + definition(1, more='<w:numStyleLink w:val="Articles"/>')
            + use(1, 0)
            + use(2, 1),
            styles='<w:style w:type="numbering" w:styleId="Articles"><w:name w:val="Articles"/><w:pPr><w:numPr>'
            '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>',
        ),
        sees=("Art. 1 a", "Art. 2 b"),
        source=f"{NUMBERING}.21 and 17.9.27 (numStyleLink, styleLink)",
    ),
    Seen(
        "a custom format",
        ".docx",
        docx(
            items(("a", 0)),
            numbering=definition(
                0,
                '<w:lvl w:ilvl="0"><w:start w:val="7"/><mc:AlternateContent><mc:Choice Requires="w14"><w:numFmt '
                'w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice><mc:Fallback><w:numFmt w:val="decimal"/>'
                '</mc:Fallback></mc:AlternateContent><w:lvlText w:val="R-%1"/></w:lvl>',
            )
            + use(1, 0),
        ),
        sees=("R-007 a",),
        source=f"{NUMBERING}.17 (numFmt, format); Word 2010",
    ),
    Seen(
        "numbers in words, in the language of the document",
        ".docx",
        docx(
            items(("Objet", 0), ("Durée", 0)),
            numbering=single("ordinalText", "Article %1"),
            styles='<w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="fr-FR"/></w:rPr></w:rPrDefault></w:docDefaults>',
        ),
        sees=("Article Premier Objet", "Article Deuxième Durée"),
        source="ISO/IEC 29500-1, 17.18.59 (ordinalText)",
    ),
    Seen(
        "bullets are no numbers",
        ".docx",
        docx(items(("a", 0), ("b", 0)), numbering=single("bullet", "\uf0b7")),
        sees=("- a\n- b",),
        never=("\uf0b7", "1"),
        source="ISO/IEC 29500-1, 17.18.59 (bullet)",
    ),
    Seen(
        "bullets that say yes or no",
        ".docx",
        docx(
            items(("paid", 0)) + items(("free", 0), of=2),
            numbering="".join(
                definition(n, level(0, sign, "bullet").replace("</w:lvl>", WINGDINGS))
                for n, sign in ((0, "\uf0fc"), (1, "\uf0fb"))
            )
            + use(1, 0)
            + use(2, 1),
        ),
        sees=("- ✓ paid", "- ✗ free"),
        source="Word: a Wingdings bullet",
    ),
    Seen(
        "a level that prints nothing",
        ".docx",
        docx(items(("a", 0), ("b", 1)), numbering=definition(0, level(0, "", "none"), level(1, "%2.")) + use(1, 0)),
        sees=("a\n  1. b",),
        never=("- a",),
        source="ISO/IEC 29500-1, 17.18.59 (none)",
    ),
    Seen(
        "deleted and hidden paragraphs do not count",
        ".docx",
        docx(
            paragraph("first", number=(1, 0))
            + paragraph(f"<w:del>{run('gone').replace('w:t', 'w:delText')}</w:del>", number=(1, 0), properties=DELETED)
            + paragraph(run("unseen", "<w:vanish/>"), number=(1, 0), properties=HIDDEN)
            + paragraph("second", number=(1, 0)),
            numbering=ONE,
        ),
        sees=("1. first\n2. second",),
        never=("gone", "unseen", "3."),
        warns=("1 hidden passage was left out",),
        source="Word, all changes accepted; ISO/IEC 29500-1, 17.13.5.15",
    ),
    Seen(
        "empty paragraphs count",
        ".docx",
        docx(items(("a", 0), ("", 0), ("c", 0)), numbering=ONE),
        sees=("1. a\n3. c",),
        source="Word and LibreOffice print 2. on an empty line",
    ),
    Seen(
        "a joined paragraph has the number of the later one",
        ".docx",
        docx(items(("a", 0)) + paragraph("Pay ", properties=DELETED) + items(("in time", 0)), numbering=ONE),
        sees=("2. Pay in time",),
        source="ISO/IEC 29500-1, 17.13.5.15 (deleted paragraph)",
    ),
    Seen(
        "numbers in cells",
        ".docx",
        docx(
            items(("before", 0))
            + "<w:tbl><w:tr><w:tc>"
            + items(("Rent", 0))
            + "</w:tc><w:tc>"
            + paragraph("800")
            + "</w:tc></w:tr><w:tr><w:tc>"
            + items(("Heat", 0))
            + "</w:tc><w:tc>"
            + paragraph("90")
            + "</w:tc></w:tr></w:tbl>"
            + items(("after", 0)),
            numbering=ONE,
        ),
        sees=("| 2. Rent | 800 |", "| 3. Heat | 90 |", "4. after"),
        source="Word counts through tables",
    ),
    Seen(
        "a column of numbers that are counted",
        ".docx",
        docx(
            "<w:tbl>"
            + "".join(
                f"<w:tr><w:tc>{first}</w:tc><w:tc>{paragraph(text)}</w:tc></w:tr>"
                for first, text in (
                    (paragraph("No."), "Room"),
                    (paragraph("", number=(1, 0)), "Hall"),
                    (paragraph("", number=(1, 0)), "Attic"),
                )
            )
            + "</w:tbl>",
            numbering=ONE,
        ),
        sees=("| 1. | Hall |", "| 2. | Attic |"),
        source="Word prints the numbers in cells without text",
    ),
    Seen(
        "a box is counted once",
        ".docx",
        docx(
            items(("a", 0))
            + paragraph(
                "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent>"
                + items(("boxed", 0))
                + "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>"
                + items(("boxed", 0))
                + "</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
            )
            + items(("c", 0)),
            numbering=ONE,
        ),
        sees=("1. a", "2. boxed", "3. c"),
        source="ISO/IEC 29500-3, 10.2.1 (a choice and its fallback)",
    ),
    Seen(
        "no space where nothing stands between",
        ".docx",
        docx(
            items((": Scope", 0), ("2 days", 0)),
            numbering=single("decimal", "Part %1", more='<w:suff w:val="nothing"/>'),
        ),
        sees=("Part 1: Scope", "Part 2 2 days"),
        source=f"{NUMBERING}.28 (suff)",
    ),
    Seen(
        "page breaks stay in front of the number",
        ".docx",
        docx(
            items(("a", 0)) + paragraph("<w:r><w:lastRenderedPageBreak/><w:t>b</w:t></w:r>", number=(1, 0)),
            numbering=ONE,
        ),
        sees=("1. a", "2. b"),
        source="ISO/IEC 29500-1, 17.3.3.13",
    ),
    Seen(
        "what follows a list stands below none of its titles",
        ".docx",
        docx(
            items(("Term", 0), ("Two years", 1), ("Price", 0), ("Nine euros", 1)) + paragraph("Signed in Brno"),
            numbering=ONE,
        ),
        sees=("2.1 Nine euros", "Signed in Brno"),
        headings=("2. Price",),
        source="Word",
    ),
    # --- notes
    Seen(
        "notes in the order of their references",
        ".docx",
        docx(
            paragraph(run("12") + reference("footnote", 5) + run(" days, 95") + reference("footnote", 2) + run(".")),
            footnotes=note("footnote", 2, "Net.")
            + note("footnote", 5, "Working days.")
            + note("footnote", 9, "Unused."),
        ),
        sees=("12 [note 1] days, 95 [note 2].", "Footnote 1: Working days.", "Footnote 2: Net."),
        never=("123", "951", "Unused"),
        source="ISO/IEC 29500-1, 17.11.14 (footnoteReference)",
    ),
    Seen(
        "endnotes are counted apart, in Roman numbers",
        ".docx",
        docx(
            paragraph(run("a") + reference("endnote", 1) + run(" b") + reference("footnote", 1)),
            footnotes=note("footnote", 1, "Foot."),
            endnotes=note("endnote", 1, "End."),
        ),
        sees=("a [note i] b [note 1]", "Endnote i: End.", "Footnote 1: Foot."),
        source="Word's default; ISO/IEC 29500-1, 17.11.17",
    ),
    Seen(
        "notes with marks of their own",
        ".docx",
        docx(
            paragraph(
                run("a")
                + reference("footnote", 1, 'w:customMarkFollows="1"', "<w:t>†</w:t>")
                + run(" b")
                + reference("footnote", 2)
            ),
            footnotes=note("footnote", 1, "† Dagger.", mark=False) + note("footnote", 2, "One."),
        ),
        sees=("a [note †] b [note 1]", "Footnote †: Dagger.", "Footnote 1: One."),
        source="ISO/IEC 29500-1, 17.11.14 (customMarkFollows)",
    ),
    Seen(
        "how notes are counted is set for the document",
        ".docx",
        docx(
            paragraph(run("a") + reference("footnote", 1) + run(" b") + reference("footnote", 2)),
            footnotes=note("footnote", 1, "One.") + note("footnote", 2, "Two."),
            settings='<w:footnotePr><w:numFmt w:val="chicago"/><w:numStart w:val="2"/></w:footnotePr>',
        ),
        sees=("a [note †] b [note ‡]", "Footnote †: One."),
        source="ISO/IEC 29500-1, 17.11.18 to 17.11.20",
    ),
    Seen(
        "notes that begin again with each section",
        ".docx",
        docx(
            paragraph(run("a") + reference("footnote", 1))
            + paragraph(
                run("b") + reference("footnote", 2),
                properties='<w:sectPr><w:footnotePr><w:numRestart w:val="eachSect"/></w:footnotePr></w:sectPr>',
            )
            + paragraph(run("c") + reference("footnote", 3))
            + '<w:sectPr><w:footnotePr><w:numFmt w:val="upperLetter"/><w:numRestart w:val="eachSect"/></w:footnotePr>'
            "</w:sectPr>",
            footnotes="".join(note("footnote", n, f"N{n}.") for n in (1, 2, 3)),
        ),
        sees=("b [note 2]", "c [note A]", "Footnote 2: N2.", "Footnote A: N3."),
        source="ISO/IEC 29500-1, 17.11.19 (numRestart)",
    ),
    Seen(
        "a deleted reference has no note",
        ".docx",
        docx(
            paragraph(
                run("a")
                + f"<w:del>{reference('footnote', 1)}</w:del>"
                + run(" b")
                + reference("footnote", 2)
                + run(".")
            ),
            footnotes=note("footnote", 1, "Gone.") + note("footnote", 2, "Stays."),
        ),
        sees=("a b [note 1].", "Footnote 1: Stays."),
        never=("Gone",),
        source="ISO/IEC 29500-1, 17.13.5.14",
    ),
    Seen(
        "a note of several paragraphs with a table",
        ".docx",
        docx(
            paragraph(run("a") + reference("footnote", 1)),
            footnotes='<w:footnote w:id="1">'
            + paragraph("Fees:")
            + "<w:tbl>"
            + "".join(
                f"<w:tr><w:tc>{paragraph(name)}</w:tc><w:tc>{paragraph(fee)}</w:tc></w:tr>"
                for name, fee in (("Zone", "Fee"), ("North", "12"))
            )
            + "</w:tbl>"
            + items(("x", 0), ("y", 0))
            + "</w:footnote>",
            numbering=ONE,
        ),
        sees=("Footnote 1: Fees:", "| North | 12 |", "1. x\n2. y"),
        source="ISO/IEC 29500-1, 17.11.10 (footnote)",
    ),
    Seen(
        "comments with what they are about",
        ".docx",
        docx(
            paragraph(
                run("Pay in ")
                + '<w:commentRangeStart w:id="3"/>'
                + run("30 days")
                + '<w:commentRangeEnd w:id="3"/><w:r><w:commentReference w:id="3"/></w:r>'
            ),
            comments=f'<w:comment w:id="3" w:author="Ada">{paragraph("Why not 14?")}</w:comment>'
            f'<w:comment w:id="4" w:author="Bo">{paragraph("Of nothing")}</w:comment>',
        ),
        sees=("Pay in 30 days", 'Comment (Ada) on "30 days": Why not 14?'),
        never=("Of nothing",),
        source="ISO/IEC 29500-1, 17.13.4",
    ),
    # --- fields
    Seen(
        "fields in the code of a field",
        ".docx",
        docx(
            paragraph(
                run("Total: ")
                + field(
                    "<w:r><w:instrText> = </w:instrText></w:r>"
                    + field("MERGEFIELD Net", "1000")
                    + "<w:r><w:instrText> * 1.2 </w:instrText></w:r>",
                    "1200",
                )
                + run(" euros")
            )
        ),
        sees=("Total: 1200 euros",),
        never=("1000",),
        source="ISO/IEC 29500-1, 17.16.18 (fldChar)",
    ),
    Seen(
        "both ways of a choice stand in its code",
        ".docx",
        docx(
            paragraph(
                field(
                    '<w:r><w:instrText> IF 1 = 1 "</w:instrText></w:r>'
                    + run("Pets allowed")
                    + '<w:r><w:instrText>" "</w:instrText></w:r>'
                    + run("No pets")
                    + '<w:r><w:instrText>"</w:instrText></w:r>',
                    "Pets allowed",
                )
            )
        ),
        sees=(re.compile(r"^Pets allowed$"),),
        never=("No pets",),
        source="ISO/IEC 29500-1, 17.16.5.23 (IF)",
    ),
    Seen(
        "numbered paragraphs in a code do not count",
        ".docx",
        docx(
            items(("a", 0))
            + paragraph(
                '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> IF 1 = 2 "</w:instrText></w:r>'
            )
            + items(("unseen", 0))
            + paragraph(
                '<w:r><w:instrText>" ""</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
                '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
            )
            + items(("b", 0)),
            numbering=ONE,
        ),
        sees=("1. a", "2. b"),
        never=("unseen", "3."),
        source="ISO/IEC 29500-1, 17.16.18",
    ),
    Seen(
        "a field without an end hides nothing",
        ".docx",
        docx(paragraph(f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>{run("kept")}') + paragraph("so is this")),
        sees=("kept", "so is this"),
        source="Word opens it and shows the text",
    ),
    Seen(
        "what a SET field keeps is not printed",
        ".docx",
        docx(paragraph(field('SET price "64"', "64") + run("The price is ") + field("REF price", "72") + run("."))),
        sees=("The price is 72.",),
        never=("64",),
        source="ISO/IEC 29500-1, 17.16.5.57 (SET)",
    ),
    Seen(
        "captions without saved numbers",
        ".docx",
        docx(
            paragraph(run("Table ") + field("SEQ Table \\* ARABIC", "2") + run(": Fees"))
            + paragraph(run("Table ") + field("SEQ Table \\* ARABIC") + run(": Dates"))
            + paragraph(run("Figure ") + '<w:fldSimple w:instr=" SEQ Figure \\* ROMAN "/>' + run(": Pump"))
        ),
        sees=("Table 2: Fees", "Table 3: Dates", "Figure I: Pump"),
        source="ISO/IEC 29500-1, 17.16.5.56 (SEQ)",
    ),
    Seen(
        "references to clauses without saved results",
        ".docx",
        docx(
            items(("Term", 0))
            + paragraph(
                '<w:bookmarkStart w:id="7" w:name="_Ref7"/>' + run("Late fees") + '<w:bookmarkEnd w:id="7"/>',
                number=(1, 1),
            )
            + paragraph(
                '<w:bookmarkStart w:id="8" w:name="_Ref8"/>' + run("of 2 %") + '<w:bookmarkEnd w:id="8"/>',
                number=(1, 2),
            )
            + paragraph(
                run("See clause ") + field("REF _Ref7 \\r \\h") + run(" (") + field("REF _Ref7 \\h") + run(").")
            )
            + paragraph(run("See ") + field("REF _Ref8 \\w \\h") + run(" or ") + field("REF _Ref8 \\n") + run(".")),
            numbering=ONE,
        ),
        sees=("See clause 1.1 (Late fees).", "See 1.1(a) or (a)."),
        source="ISO/IEC 29500-1, 17.16.5.51 (REF)",
    ),
    Seen(
        "saved results go before what would be worked out",
        ".docx",
        docx(
            items(("Term", 0))
            + paragraph(
                '<w:bookmarkStart w:id="7" w:name="a"/>' + run("b") + '<w:bookmarkEnd w:id="7"/>', number=(1, 1)
            )
            + paragraph(run("clause ") + field("REF a \\r", "4.2"), properties=""),
            numbering=ONE,
        ),
        sees=("clause 4.2",),
        source="ISO/IEC 29500-1, 17.16.18: the result is what was last shown",
    ),
    Seen(
        "a reference to a note",
        ".docx",
        docx(
            paragraph(
                run("a")
                + '<w:bookmarkStart w:id="1" w:name="n"/>'
                + reference("footnote", 4)
                + '<w:bookmarkEnd w:id="1"/>'
                + run(" as in note ")
                + field("NOTEREF n")
            ),
            footnotes=note("footnote", 4, "Here."),
        ),
        sees=("a [note 1] as in note 1",),
        source="ISO/IEC 29500-1, 17.16.5.39 (NOTEREF)",
    ),
    Seen(
        "numbers inside a line",
        ".docx",
        docx(
            paragraph(run("Either ") + INLINE + run(" red or ") + INLINE + run(" blue."), number=(1, 0))
            + paragraph(run("Then ") + INLINE + run(" green."), number=(1, 0)),
            numbering=ONE,
        ),
        sees=("1. Either a) red or b) blue.", "2. Then a) green."),
        source="Word; ISO/IEC 29500-1, 17.16.5.36 (LISTNUM)",
    ),
    Seen(
        "the contents list of Word, without a control around it",
        ".docx",
        docx(
            paragraph(
                '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC \\o "1-3"</w:instrText></w:r>'
                '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + run("Payment") + field("PAGEREF _Toc1", "9")
            )
            + paragraph(run("Term ") + field("PAGEREF _Toc2", "12") + '<w:r><w:fldChar w:fldCharType="end"/></w:r>')
            + paragraph("Payment", style="Heading1")
            + paragraph("In 30 days.")
        ),
        sees=(re.compile(r"^Payment\n\nIn 30 days\.$"),),
        source="ISO/IEC 29500-1, 17.16.5.68 (TOC)",
    ),
    Seen(
        "the contents list of Google Docs",
        ".docx",
        docx(
            f"<w:sdt><w:sdtPr>{GALLERY}</w:sdtPr><w:sdtContent>"
            + paragraph(
                '<w:hyperlink w:anchor="_h1">' + run("Payment") + "</w:hyperlink><w:r><w:tab/></w:r>" + run("9")
            )
            + "</w:sdtContent></w:sdt>"
            + paragraph("In 30 days.")
        ),
        sees=(re.compile(r"^In 30 days\.$"),),
        source="Google Docs, ISO/IEC 29500-1, 17.5.2.12",
    ),
    Seen(
        "contents lines by their style",
        ".docx",
        docx(
            paragraph("Payment 9", style="Inhalt1") + paragraph("In 30 days."),
            styles='<w:style w:type="paragraph" w:styleId="Inhalt1"><w:name w:val="toc 1"/></w:style>',
        ),
        sees=(re.compile(r"^In 30 days\.$"),),
        source="Word's name of the style in every language",
    ),
    Seen(
        "a fraction and a sign without a result",
        ".docx",
        docx(
            paragraph(
                run("Mix 2") + field("EQ \\f(1,2)") + run(" l at 20 ") + field('SYMBOL 176 \\f "Symbol"') + run("C.")
            )
        ),
        sees=("Mix 2 1/2 l at 20 °C.",),
        source="ISO/IEC 29500-1, 17.16.5.18 and 17.16.5.66 (EQ, SYMBOL)",
    ),
    Seen(
        "a button shows its words",
        ".docx",
        docx(paragraph(run("Name: ") + field("MACROBUTTON NoMacro [Enter the name]"))),
        sees=("Name: [Enter the name]",),
        source="ISO/IEC 29500-1, 17.16.5.34 (MACROBUTTON)",
    ),
    # --- damaged files
    Seen(
        "a list that is not defined",
        ".docx",
        docx(items(("a", 0), of=9) + items(("b", 0), of=2), numbering=use(2, 77)),
        sees=("a", "b"),
        never=("- a", "1"),
        source="Word shows the text without a number",
    ),
    Seen(
        "numbering that refers to itself",
        ".docx",
        docx(
            items(("a", 0)),
            numbering=definition(0, more='<w:numStyleLink w:val="L"/>') + use(1, 0),
            styles='<w:style w:type="numbering" w:styleId="L"><w:name w:val="L"/><w:basedOn w:val="L"/><w:pPr><w:numPr>'
            '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>',
        ),
        sees=("a",),
        source="made by hand",
    ),
    Seen(
        "ten thousand levels",
        ".docx",
        docx(
            items(("a", 0), ("b", 9999), ("c", 0)),
            numbering=definition(0, *(level(n, f"%{n % 12}.") for n in range(1, 10_001)), level(0, "%1.")) + use(1, 0),
        ),
        sees=("1. a", "b", "2. c"),
        source="made by hand",
    ),
    Seen(
        "a number without measure",
        ".docx",
        docx(items(("a", 0)), numbering=single("lowerLetter", "%1." * 500, start=999_999_999)),
        sees=("999999999.", "a"),
        source="made by hand",
    ),
]


@table(CASES)
def test_word_numbers_as_word_prints_them(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def test_text_behind_a_list_has_no_heading_of_it(tmp_path: Path) -> None:
    body = items(("Term", 0), ("Two years", 1)) + paragraph("Signed in Brno")
    document = read_file(write_docx(tmp_path / "a.docx", body, numbering=ONE))
    paths = {block.text: block.headings for unit in document.units for block in unit.blocks}
    assert paths == {"1. Term": ("1. Term",), "1.1 Two years": ("1. Term",), "Signed in Brno": ()}


@pytest.mark.parametrize(
    ("number", "style", "language", "printed"),
    [
        (3, "decimalEnclosedCircle", "en", "③"),
        (3, "decimalEnclosedParen", "en", "⑶"),
        (29, "russianLower", "ru", "я"),
        (255, "hex", "en", "FF"),
        (21, "cardinalText", "en", "Twenty-one"),
        (1, "ordinal", "fr", "1er"),
        (2, "ordinal", "de", "2."),
        (7, "0001, 0002, ...", "en", "0007"),
        (7, "someFormatToCome", "en", "7"),
        (12, "thaiNumbers", "th", "๑๒"),
    ],
)
def test_number_formats_of_word(number: int, style: str, language: str, printed: str) -> None:
    assert word_numeral(number, style, language) == printed


@pytest.mark.parametrize(
    ("number", "language", "cardinal", "ordinal"),
    [
        (0, "en", "zero", "zeroth"),
        (12, "en", "twelve", "twelfth"),
        (120, "en", "one hundred twenty", "one hundred twentieth"),
        (4005, "en", "four thousand five", "four thousand fifth"),
        (1, "fr", "un", "premier"),
        (21, "fr", "vingt et un", "vingt et unième"),
        (71, "fr", "soixante et onze", "soixante et onzième"),
        (80, "fr", "quatre-vingts", "quatre-vingtième"),
        (99, "fr", "quatre-vingt-dix-neuf", "quatre-vingt-dix-neuvième"),
        (3200, "fr", "trois mille deux cents", "trois mille deux centième"),
        (7, "sv", "7", "7"),
    ],
)
def test_numbers_in_words(number: int, language: str, cardinal: str, ordinal: str) -> None:
    assert (cardinal_words(number, language), ordinal_words(number, language)) == (cardinal, ordinal)


LEVELS = st.integers(0, 8)
PARTS: Any = st.lists(
    st.tuples(st.integers(0, 3), LEVELS, st.sampled_from(["plain", "deleted", "hidden", "empty"])), max_size=12
)


@settings(max_examples=50, deadline=None)
@given(parts=PARTS, starts=st.lists(st.integers(0, 40), min_size=9, max_size=9), restart=st.integers(0, 10))
def test_every_number_is_one_that_its_level_can_have(
    tmp_path_factory: pytest.TempPathFactory, parts: Any, starts: list[int], restart: int
) -> None:
    body = "".join(
        paragraph(
            run(f"x{place};", "<w:vanish/>" * (kind == "hidden")) if kind != "empty" else "",
            number=(of, depth),
            properties={"deleted": DELETED, "hidden": HIDDEN}.get(kind, ""),
        )
        for place, (of, depth, kind) in enumerate(parts)
    )
    more = f'<w:lvlRestart w:val="{restart}"/>'
    defined = definition(0, *(level(n, f"<%{n + 1}>", start=start, more=more) for n, start in enumerate(starts)))
    defined = defined.replace("<%", "&lt;%").replace('>"/></w:lvl>', '&gt;"/></w:lvl>')
    numbering = defined + use(1, 0) + use(2, 0, start_override(1, 50))
    document = read_file(write_docx(tmp_path_factory.mktemp("fuzz") / "a.docx", body, numbering=numbering))
    text = "\n".join(unit.text for unit in document.units)
    for place, (of, depth, kind) in enumerate(parts):
        found = re.search(rf"(?:<(\d+)> )?x{place};", text)
        assert (found is not None) == (kind in ("plain", "deleted")), text
        if found is not None and kind == "plain":
            # behind a paragraph whose end is gone, the number stands in front of that
            joined = place > 0 and parts[place - 1][2] in ("deleted", "hidden")
            assert joined or (found[1] is not None) == (of in (1, 2)), text
            if found[1] is not None:
                assert min(starts[depth], 50) <= int(found[1]) <= max(starts[depth], 50) + len(parts), text
