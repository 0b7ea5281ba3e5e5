"""Rows of a table that meet the condition of a question, by their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragapp.answer.table_text import is_row
from ragapp.data_files import load_yaml
from ragapp.index.analysis import content_terms, known_terms
from ragapp.index.records import StoredChunk
from ragapp.reading.tables import RULE, row_cells

# cells at the beginning of a row that say what it is, and characters of such a cell at the most
_NAMING_CELLS, _LONGEST_NAME = 2, 60
_LEAST_ROWS = 3
_YES = re.compile(r"yes|oui|ja|s[ií]|sì|sim|true|x|✓|✔|☒|☑", re.IGNORECASE)
_NO = re.compile(r"no|non|nein|nee|não|false|-|–|☐", re.IGNORECASE)
_WORDS: dict[str, dict[str, str]] = load_yaml("list_words.yaml", __file__)
_NAMED = re.compile(str(_WORDS.pop("named")), re.IGNORECASE)
# words that stand in more cells than this share of the rows choose nothing
_COMMON = 0.95


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is listed: its words, and the offsets in the chunk's text where it stands."""

    text: str
    span: tuple[int, int]
    chunk: StoredChunk

    @property
    def quote(self) -> str:
        """The row as it stands in the chunk."""
        return self.chunk.text[slice(*self.span)]


@dataclass(frozen=True, slots=True)
class RowList:
    """Rows that meet a condition, of so many in a document."""

    met: tuple[Row, ...]
    found: int
    document: str


@dataclass(frozen=True, slots=True)
class _Line:
    cells: tuple[str, ...]
    span: tuple[int, int]
    chunk: StoredChunk


def rows_meeting(question: str, language: str, chunk: StoredChunk, chunks: Sequence[StoredChunk]) -> RowList | None:
    """The rows that have each word of a question which is a value of the table's cells; None where it has none.

    Args:
        chunk: with some of the table.
        chunks: of its document, in order; those with the same columns are looked through.

    A word chooses rows where it stands in some cells and not in nearly all; one of the header chooses the rows that
    say yes in its column. Words of the caption or the file's name say which table is meant. Where a question has any
    other word, it asks for something that the table's words alone do not tell.

    Returns:
        The rows, of which there may be none; None where nothing chooses, or not surely.
    """
    header, _ = _table(chunk)
    lines = [line for one in chunks for line in _lines(one, header)] if header else []
    if len(lines) < _LEAST_ROWS:
        return None
    languages = (language, chunk.language)
    generic, people, compares = (
        _WORDS[name].get(language, _WORDS[name]["en"]) for name in ("generic", "people", "compares")
    )
    if any(map(_NAMED.fullmatch, header)):
        generic = f"{generic}|{people}"
    excluding = _WORDS["excludes"].get(language, _WORDS["excludes"]["en"])
    if re.search(rf"\b(?:{excluding})\b", question, re.IGNORECASE):
        return None
    if re.search(rf"\b(?:{compares})\W+(?:\w+\W+){{0,2}}[^\w\s]?\d", question, re.IGNORECASE):
        return None
    asked = [
        term
        for word in dict.fromkeys(re.findall(r"\w[\w.'’-]*", question))
        if not re.fullmatch(generic, word, re.IGNORECASE)
        for term in content_terms(word, language)
    ]
    by_cell = [[_terms(cell, *languages) for cell in line.cells] for line in lines]
    columns = [_terms(name, *languages) for name in header]
    around = _terms(" ".join([*chunk.headings, chunk.title, chunk.document.replace("-", " ")]), *languages)
    met, shown, chosen = set(range(len(lines))), set[int](), dict[int, list[set[int]]]()
    for term in dict.fromkeys(asked):
        says_yes = [column for column, words in enumerate(columns) if term in words and _is_yes_no(lines, column)]
        column, having = _chosen_by(term, by_cell)
        if says_yes:
            met &= {n for n in met if _YES.fullmatch(lines[n].cells[says_yes[0]])}
            shown.add(says_yes[0])
            chosen.setdefault(says_yes[0], [])
        elif term in around or any(term in words for words in columns):
            continue
        elif not having:
            return None
        elif len(having) <= _COMMON * len(lines):
            shown.add(column)
            chosen.setdefault(column, []).append(having)
    if not chosen:
        return None
    for choices in filter(None, chosen.values()):
        # words of one column that no row has together are several values: "from Norway or Italy"
        met &= choices[0].intersection(*choices) or choices[0].union(*choices)
    return RowList(tuple(_row(lines[n], header, shown) for n in sorted(met)), len(lines), chunk.document)


def _chosen_by(term: str, by_cell: Sequence[Sequence[set[str]]]) -> tuple[int, set[int]]:
    """The column that has a word as a value, and its rows with it: of several columns the one that is most of it.

    A supplier that is called after a country need not be there.
    """
    rows: dict[int, set[int]] = {}
    whole: dict[int, int] = {}
    for n, cells in enumerate(by_cell):
        for column, cell in enumerate(cells):
            if term in cell:
                rows.setdefault(column, set()).add(n)
                whole[column] = whole.get(column, 0) + (len(cell) == 1)
    best = max(rows, key=lambda column: (whole[column], len(rows[column]), -column), default=0)
    return best, rows.get(best, set())


def _is_yes_no(lines: Sequence[_Line], column: int) -> bool:
    """Whether a column says yes or no, or is ticked."""
    said = {line.cells[column] for line in lines if len(line.cells) > column}
    return len(said) > 1 and all(not cell or _YES.fullmatch(cell) or _NO.fullmatch(cell) for cell in said)


def _row(line: _Line, header: Sequence[str], shown: set[int]) -> Row:
    others = range(1, _NAMING_CELLS)
    naming = [0, *(column for column in others if column not in shown and _is_name(line.cells, column))]
    said = [line.cells[column] for column in naming]
    said += [
        f"{header[column]}: {line.cells[column]}" if column < len(header) and header[column] else line.cells[column]
        for column in sorted(shown - set(naming))
        if column < len(line.cells) and line.cells[column]
    ]
    return Row("; ".join(said), line.span, line.chunk)


def _is_name(cells: Sequence[str], column: int) -> bool:
    return column < len(cells) and any(map(str.isalpha, cells[column])) and len(cells[column]) <= _LONGEST_NAME


def _lines(chunk: StoredChunk, header: Sequence[str]) -> Iterator[_Line]:
    """The rows of a chunk whose table has some columns."""
    own, rows = _table(chunk)
    if own != list(header):
        return
    for begin, text in rows:
        yield _Line(tuple(cell.strip() for cell in row_cells(text)), (begin, begin + len(text)), chunk)


def _table(chunk: StoredChunk) -> tuple[list[str], list[tuple[int, str]]]:
    """The header of a chunk's first table, and its rows with their offsets in the text."""
    header: list[str] = []
    rows: list[tuple[int, str]] = []
    offset = 0
    lines = chunk.text.split("\n")
    for number, line in enumerate(lines):
        if is_row(line):
            if header:
                rows.append((offset, line))
            elif number + 1 < len(lines) and RULE.match(lines[number + 1]):
                header = [cell.strip() for cell in row_cells(line)]
        elif header and not RULE.match(line):
            break
        offset += len(line) + 1
    return header, rows


def _terms(text: str, *languages: str) -> set[str]:
    return {term for language in languages for term in known_terms(text, language)}
