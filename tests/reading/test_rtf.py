from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.registry import read_file

HEAD = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Jap;}}"
STYLES = r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Chapter;}{\s2\sbasedon0 heading 2;}{\s3 Title;}}"


def _read(tmp_path: Path, body: str, end: str = "}") -> Document:
    path = tmp_path / "file.rtf"
    path.write_bytes((HEAD + STYLES + body + end).encode("latin-1"))
    return read_file(path)


def _blocks(document: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(block.kind, block.text, block.headings) for unit in document.units for block in unit.blocks]


def test_headings_paragraphs_lists_tables_and_footnotes_in_order(tmp_path: Path) -> None:
    body = (
        r"{\info{\title R\'e8glement}{\author Nobody}}{\header page head\par}\pard\s1 Port\'e9e\par"
        r"\pard\s0 First{\footnote \chftn see \'a7 4} line.\par\pard{\listtext\'b7\tab}one\par{\listtext 2.\tab}two\par"
        r"\pard\s2 Detail\par\pard\outlinelevel1 Own level\par"
        r"\trowd\cellx1\cellx2\pard\intbl A\cell B\cell\row"
        r"\trowd\cellx1\cellx2\pard\intbl 1\par more\cell {\b 2}\cell\row"
        r"\pard after\par"
    )
    document = _read(tmp_path, body)
    assert (document.title, document.warnings) == ("Règlement", [])
    assert _blocks(document) == [
        ("heading", "Portée", ("Portée",)),
        ("text", "First line.", ("Portée",)),
        ("text", "- one\n2. two", ("Portée",)),
        ("heading", "Detail", ("Portée", "Detail")),
        ("heading", "Own level", ("Portée", "Own level")),
        ("table", "| A | B |\n| --- | --- |\n| 1 more | 2 |", ("Portée", "Own level")),
        ("text", "after", ("Portée", "Own level")),
        ("text", "Footnote 1: see § 4", ("Portée", "Own level")),
        ("text", "Header: page head", ("Portée", "Own level")),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"caf\'e9 \'80 5", "café € 5"),
        (r"\u233?t\u233?", "été"),
        (r"\uc2\u8364 EU5", "€5"),
        (r"{\uc0\u233}t\uc1\u233?", "été"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"\f1 \'cf\'f0\'e8\'e2\'e5\'f2", "Привет"),
        (r"\f2 \'93\'fa\'96\'7b", "日本"),
        (r"a\~b\_c\-d\{e\}\\", "a b-cd{e}\\"),
        ("\\lquote a\\rquote  \\emdash\\tab x", "‘a’ —\tx"),
        (r"a{\v hidden}{\deleted gone}b{\*\unknown not}{\pict\bin4 }}}}\'41}c", "abc"),
        (r'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt the link}}', "the link"),
        (r"{\shp{\*\shpinst\shpleft1{\sp{\sn a}{\sv 1}}{\shptxt in a box}}{\shprslt again}}", "in a box"),
        (r"{\upr{old?}{\*\ud{n\u233?w}}}", "néw"),
        (r"one\line two\par\par three", "one\ntwo\n\nthree"),
    ],
)
def test_text_in_every_form(tmp_path: Path, body: str, expected: str) -> None:
    assert _read(tmp_path, r"\pard\f0 " + body + r"\par").units[0].text == expected


def test_long_documents_have_sections(tmp_path: Path) -> None:
    body = "".join(rf"\pard\s1 Part {n}\par\pard {'words ' * 200}\par" for n in range(1, 5))
    assert [(u.number, u.kind, u.label) for u in _read(tmp_path, body).units] == [
        (number, "section", f"Part {number}") for number in range(1, 5)
    ]


def test_a_truncated_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    document = _read(tmp_path, r"\pard first\par{\b second", end="")
    assert document.units[0].text == "first\n\nsecond"
    assert "ends in the middle" in document.warnings[0]


@pytest.mark.parametrize("body", ["{" * 50_000 + "deep" + "}" * 50_000, "}" * 1000 + "deep", r"{\b " * 50_000 + "deep"])
def test_groups_nested_without_measure(tmp_path: Path, body: str) -> None:
    assert "deep" in "".join(unit.text for unit in _read(tmp_path, body).units)


@pytest.mark.parametrize("data", [b"just text", b"\x00\x01", b"PK\x03\x04zip"])
def test_what_is_no_rtf_is_refused(tmp_path: Path, data: bytes) -> None:
    from ragapp.reading.rtf.reader import read_rtf

    (tmp_path / "a.rtf").write_bytes(data)
    with pytest.raises(ReadingError, match="not an RTF"):
        read_rtf(tmp_path / "a.rtf")
