"""How an answer is laid out, for every surface: its sentences as paragraphs, items of a list and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ragapp.answer.grounding import MARK
from ragapp.contract import Answer, Passage, Sentence
from ragapp.reading.tables import RULE, markdown_table, row_cells

_MARKS = rf"(?:{MARK.pattern})*"
# a row of a Markdown table; marks may stand behind its last bar
_ROW = re.compile(rf"\|.*\|{_MARKS}")
_ITEM = re.compile(r"(?:[-*•–]|(\d{1,3})[.)])\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences on one line."""

    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list without its own mark; its number is None where that is a bullet."""

    sentences: tuple[Sentence, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of a table, citation marks in them, and whether passages state the row."""

    cells: tuple[str, ...]
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one length; the header is empty where the columns have no names."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


Block = Paragraph | Items | Table


def lay_out(answer: Answer) -> list[Block]:
    """An answer's sentences in its own lines; what is no sentence of it is left out, but for heads of tables."""
    blocks: list[Block] = []
    for kind, grouped in groupby(_lines(answer), key=_kind):
        lines = list(grouped)
        if kind is Table:
            blocks.append(_table([line[0] for line in lines], answer.passages))
        elif kind is Items and not (len(lines) == 1 and lines[0][0].text[0].isdigit()):  # "1. Mai" is no list
            blocks.append(Items(tuple(map(_item, lines))))
        else:
            blocks += [Paragraph(tuple(line)) for line in lines]
    return blocks


def is_quotation(answer: Answer) -> bool:
    """Whether a likely answer is nothing but words of the passages that it cites."""
    if answer.grade != "likely" or not answer.sentences:
        return False
    read = [(one.n, _even(one.text)) for one in answer.passages]
    read += [(one.n, _even(one.quote)) for one in answer.citations]
    return all(
        any(n in sentence.citations and _even(MARK.sub("", sentence.text)) in words for n, words in read)
        for sentence in answer.sentences
    )


def plain_text(answer: Answer, unsupported: str = "") -> str:
    """An answer as Markdown text that is not escaped, citation marks in it.

    Args:
        unsupported: said behind what no passage states; nothing where it is empty.
    """
    flag = f" ({unsupported})" if unsupported else ""
    lines: list[str] = []
    for block in lay_out(answer):
        if isinstance(block, Paragraph):
            lines.append(joined(block.sentences, flag))
        elif isinstance(block, Items):
            for item in block.items:
                lines.append(f"{item_mark(item)} {joined(item.sentences, flag)}")
        else:
            rows = [[*row.cells[:-1], row.cells[-1] + flag * (not row.supported)] for row in block.rows]
            header = list(block.header) or [""] * len(rows[0])
            lines += ["", markdown_table([header, *rows]), ""]
    return "\n".join(lines).strip("\n")


def item_mark(item: Item) -> str:
    """What stands before an item in Markdown."""
    return "-" if item.number is None else f"{item.number}."


def joined(sentences: Sequence[Sentence], flag: str = "") -> str:
    """Sentences as running text; those that no passage states with a flag behind them."""
    return " ".join(sentence.text + flag * (not sentence.supported) for sentence in sentences)


def split_marks(text: str) -> list[str | int]:
    """A text in pieces: words, and the numbers of its citation marks, in their order."""
    pieces: list[str | int] = []
    end = 0
    for mark in MARK.finditer(text):
        pieces.append(text[end : mark.start()])
        pieces += [int(n) for n in re.findall(r"\d+", mark[1])]
        end = mark.end()
    pieces.append(text[end:])
    return [piece for piece in pieces if piece != ""]


def _lines(answer: Answer) -> Iterator[list[Sentence]]:
    """The sentences by the lines that they stand on in the answer's text."""
    if _is_tabulated(answer):
        yield from _lines_of_text(answer)
        return
    line: list[Sentence] = []
    for between, sentence in _placed(answer):
        if "\n" in between and line:
            yield line
            line = []
        yield from ([Sentence(row, True, ())] for row in map(str.strip, between.split("\n")) if _ROW.fullmatch(row))
        *whole, last = _cut(sentence)
        for piece in whole:
            yield [*line, piece]
            line = []
        line.append(last)
    if line:
        yield line


def _is_tabulated(answer: Answer) -> bool:
    """Whether the text is a table of what its sentences say in words of their own."""
    return any(RULE.fullmatch(line.strip()) for line in answer.answer.split("\n")) and not any(
        _ROW.fullmatch(line.strip()) for sentence in answer.sentences for line in sentence.text.split("\n")
    )


def _lines_of_text(answer: Answer) -> Iterator[list[Sentence]]:
    """The lines of the text, then what no passage states of what the sentences say."""
    for line in filter(None, map(str.strip, answer.answer.split("\n"))):
        marks = () if _ROW.fullmatch(line) else tuple(one for one in split_marks(line) if isinstance(one, int))
        yield [one for one in answer.sentences if one.text in line] or [Sentence(line, True, marks)]
    left = [one for one in answer.sentences if not one.supported and one.text not in answer.answer]
    yield from ([one] for one in left)


def _placed(answer: Answer) -> Iterator[tuple[str, Sentence]]:
    """Each sentence with what stands between it and the one before."""
    if not answer.sentences:
        yield "", Sentence(answer.answer, True, ())
        return
    end, before = 0, "\n"
    for sentence in answer.sentences:
        at = answer.answer.find(sentence.text, end)
        own_line = _ROW.fullmatch(sentence.text.strip()) or _ITEM.match(sentence.text)
        if at >= 0:
            between, end = answer.answer[end:at], at + len(sentence.text)
        else:  # of another version, or words that were added
            between = "\n" if own_line or _ROW.fullmatch(before) else " "
        yield between, sentence
        before = sentence.text.strip()


def _cut(sentence: Sentence) -> list[Sentence]:
    """A sentence by its lines; a citation belongs to the line that has its mark, else to the last."""
    lines = [line.strip() for line in sentence.text.split("\n") if line.strip()]
    if len(lines) < 2:
        return [replace(sentence, text=sentence.text.strip())]
    told = [tuple(piece for piece in split_marks(line) if isinstance(piece, int)) for line in lines]
    if not any(told):
        told[-1] = sentence.citations
    return [Sentence(line, sentence.supported, marks) for line, marks in zip(lines, told, strict=True)]


def _kind(line: Sequence[Sentence]) -> type[Block]:
    if len(line) == 1 and _ROW.fullmatch(line[0].text):
        return Table
    return Items if _ITEM.match(line[0].text) else Paragraph


def _table(lines: Sequence[Sentence], passages: Iterable[Passage]) -> Table:
    ruled = next((n for n, line in enumerate(lines) if RULE.fullmatch(line.text)), 0)
    header = tuple(_cells(replace(lines[ruled - 1], citations=()))) if ruled else _column_names(lines[0], passages)
    body = [line for line in lines[ruled:] if not RULE.fullmatch(line.text)]
    rows = [(_cells(line), line.supported) for line in body]
    width = max([len(header), *(len(cells) for cells, _ in rows)])
    padded = tuple(Row((*cells, *[""] * (width - len(cells))), supported) for cells, supported in rows)
    return Table((*header, *[""] * (width - len(header))) if header else (), padded)


def _cells(line: Sentence) -> list[str]:
    """The cells of a row; marks behind its last bar, or those that its words lack, stand in the last one."""
    bar = line.text.rindex("|")
    cells, marks = row_cells(line.text[: bar + 1]), line.text[bar + 1 :].strip()
    if not MARK.search(line.text) and line.citations:
        marks = "".join(f"[{n}]" for n in line.citations)
    if marks:
        cells[-1] = f"{cells[-1]} {marks}".strip()
    return cells


def _column_names(row: Sentence, passages: Iterable[Passage]) -> tuple[str, ...]:
    """The header of the table that a row was quoted from; empty where it is not known."""
    wanted = _even(MARK.sub("", row.text))
    for passage in passages:
        if passage.n not in row.citations:
            continue
        header: tuple[str, ...] = ()
        before = ""
        for line in map(_even, passage.text.split("\n")):
            if RULE.fullmatch(line):
                header = tuple(row_cells(before))
            elif not line.startswith("|"):
                header = ()
            elif line == wanted:
                return header
            before = line
    return ()


def _item(line: Sequence[Sentence]) -> Item:
    mark = _ITEM.match(line[0].text)
    number = int(mark[1]) if mark and mark[1] else None
    return Item((replace(line[0], text=_ITEM.sub("", line[0].text, count=1)), *line[1:]), number)


def _even(text: str) -> str:
    return " ".join(text.split())
