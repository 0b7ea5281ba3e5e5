"""The titles below which a document's text stands, where its reader did not know them as headings.

A PDF without an outline has titles and captions that nothing marks: a statement's name at the top of its page, "12.
Leases" above a note, "Table 4: Debt" and "2023 2022" above rows of figures.  A chunk of the middle rows would name none
of them.  They are recognised here by the text alone, line by line, so stored text is enough to find them again:

* the *title of a page* is what stands at its top: short lines that are no sentence, list or row of figures.  A page
  without one goes on below that of the page before.  That of the first page goes with all pages without headings;
* a *section title* is such a line above a paragraph or a list;
* the *caption* of a table, or of rows of figures drawn without rules, is what stands directly above it (units and
  column heads included), or below it where that begins with "Table 4" or the like.  The rest of a table on the next
  page has it too.

They come behind the headings that the reader gave, in the path of each part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ragapp.reading.bullets import BULLETS, SHAPES, TICKS
from ragapp.reading.document import BLOCK_BREAK, Block, Unit
from ragapp.reading.leaders import LEADERS, is_entry

Headings = tuple[str, ...]
# rows: lines of text that are rows of figures, with what stands above them
PartKind = Literal["text", "heading", "table", "rows"]

MAX_TITLE = 100  # characters of a line that may be a title
MAX_CAPTION = 160  # characters of the lines of a caption, joined
_MAX_LEAD = 4  # lines above rows of figures, or at the top of a page, that are its caption or title
_MIN_ROWS = 3  # rows of figures that make a table
_MAX_BETWEEN = 2  # lines without figures between two rows of one table: "Current assets"
_PROSE = 80  # characters of a line that is part of a paragraph

_FIGURE = re.compile(r"[(<~≈±+−–-]*[$€£¥]?(?:\d|\.\d)(?:[\d.,'’/]*\d)?[%‰€£¥]?\)?[*†]?$|[—–-]$")
_CURRENCY = re.compile(r"[$€£¥%()]+$|(?:USD|EUR|GBP|CHF|kr|pts?|bps?)$")
_YEAR = re.compile(r"(?:19|20)\d\d(?:[/-]\d\d(?:\d\d)?)?$")
_YEARS = re.compile(r"(?:\b(?:19|20)\d\d\b.*?){2,}$")
_NUMBERED = re.compile(r"(?:§\s?)?\d+(?:\.\d+)*\.?\)?\s|(?:note|section|article|art\.?|§)\s+\d", re.IGNORECASE)
_WORD_AND_NUMBER = re.compile(r"[^\W\d_]+\.? \d{1,3}$")  # "Chapter 3"
_LABELLED = re.compile(
    r"(?:table|tableau|tabelle|tabla|tabella|tabela|tabel|exhibit|schedule|chart|figure|fig|abb|abbildung|annexe|anlage)"
    r"\.?\s*(?:n°|no\.?|nr\.?)?\s*(?:\d|(?-i:[IVX]+|[A-Z])\b)",
    re.IGNORECASE,
)
_CONTINUED = re.compile(
    r"\s*[-–—(\[]*\s*\b(?:continued|cont['’.]?d?|concluded|suite(?: et fin)?|fortsetzung|forts|continuación|continua"
    r"(?:zione)?|continuação|vervolg)\b[.)\]\s]*$",
    re.IGNORECASE,
)
_BULLET = re.compile(rf"(?:[{BULLETS}{SHAPES}{TICKS}☑]|\(?[a-z]\))\s")
_OPENS = "§«„“”\"'‘’¿¡#["  # what a title may begin with besides letters and digits
_SENTENCE_ENDS = tuple(".,;:!?،。、；：")
_ABBREVIATION = re.compile(r"\b(?:inc|ltd|corp|co|plc|etc|no|s\.a|s\.p\.a|e\.v|n\.v)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a unit or a piece of one, by its offsets in the unit's text, with the path that it stands below."""

    start: int
    end: int
    headings: Headings
    kind: PartKind = "text"


@dataclass(slots=True)
class _Holding:
    """What holds at one place of a document: the reader's headings, and the titles found below them."""

    headings: Headings = ()
    document: str = ""  # on its first page
    page: str = ""
    section: str = ""
    caption: str = ""  # of the table that stands directly before
    head: str = ""  # its header row

    def path(self, caption: str = "") -> Headings:
        """The headings and below them the titles, each said once."""
        path = list(self.headings) or [self.document] * bool(self.document)
        for title in (self.page, self.section, caption):
            bare = _bare(title)
            if bare and not any(bare in _bare(known) for known in path):
                kept = (*self.headings, self.document)
                path = [known for known in path if known in kept or _bare(known) not in bare]
                path.append(title)
        return tuple(path)

    def below(self, headings: Headings) -> None:
        """Go on below other headings of the reader."""
        if headings != self.headings:
            self.headings, self.page, self.section, self.caption = headings, "", "", ""


def titled_parts(units: Sequence[Unit]) -> list[list[Part]]:
    """The parts of each unit, in reading order; together they have all of its text."""
    holding = _Holding()
    return [_scraps_joined(unit.text, list(_unit_parts(unit, holding))) for unit in units]


def _scraps_joined(text: str, parts: list[Part]) -> list[Part]:
    """Parts with a line or two of their own put below the titles of what they belong to.

    A title goes with what stands below it, a line behind rows of figures with these: a chunk of nothing else would be
    found for its words, and says nothing.
    """
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if part.kind not in ("text", "rows") or part.end - part.start > 2 * MAX_TITLE:
            continue
        following = parts[index + 1] if index + 1 < len(parts) else part
        before = parts[index - 1] if index else part
        if _within(part, following) and all(
            _is_title(line) or _goes_with_title(line)
            for line in text[part.start : part.end].strip().split("\n")
            if line
        ):
            parts[index] = replace(part, headings=following.headings, kind=following.kind)
        elif _within(part, before) and part.end - part.start <= MAX_TITLE:
            parts[index] = replace(part, headings=before.headings, kind=before.kind)
    return parts


def _within(part: Part, other: Part) -> bool:
    """Whether another part of text stands below the same titles and more."""
    deeper = len(other.headings) > len(part.headings) and other.headings[: len(part.headings)] == part.headings
    return deeper and other.kind in ("text", "rows")


def _unit_parts(unit: Unit, holding: _Holding) -> Iterator[Part]:
    if unit.kind != "page":
        holding.page = holding.section = ""
    offset = 0
    for index, block in enumerate(unit.blocks):
        holding.below(block.headings)
        end = offset + len(block.text)
        if block.kind == "table":
            yield Part(offset, end, holding.path(_table_caption(unit.blocks, index, holding)), "table")
        elif block.kind == "heading":
            holding.page = holding.section = holding.caption = ""
            yield Part(offset, end, block.headings, "heading")
        else:
            yield from _text_parts(unit, index, offset, holding)
        offset = end + len(BLOCK_BREAK)
    if unit.number == 1 and unit.kind == "page":
        holding.document, holding.page = holding.page, ""


def _table_caption(blocks: Sequence[Block], index: int, holding: _Holding) -> str:
    """The caption of a table, or of the one whose rest it is, which has the same header."""
    head = blocks[index].text.partition("\n")[0]
    above = blocks[index - 1] if index and blocks[index - 1].kind == "text" else None
    below = blocks[index + 1] if index + 1 < len(blocks) and blocks[index + 1].kind == "text" else None
    caption = _caption_above(above.text.split("\n")) if above else ""
    if below and not _LABELLED.match(caption):
        first = below.text.partition("\n")[0]
        caption = first[:MAX_CAPTION] if _LABELLED.match(first) else caption
    if head == holding.head and _continues(caption, holding.caption):
        caption = holding.caption
    holding.caption, holding.head = caption, head
    return caption


def _caption_above(lines: Sequence[str]) -> str:
    """What of the lines above a table is its caption: the last ones, if they are titles, or lead to it by a colon."""
    taken: list[str] = []
    for line in reversed(lines[-_MAX_LEAD:]):
        if not (_is_title(line) or _goes_with_title(line) or (_LABELLED.match(line) and len(line) <= MAX_CAPTION)):
            break
        taken.insert(0, line)
    if not taken and lines[-1].rstrip().endswith(":"):
        taken = [re.split(r"(?<=[.!?])\s+", lines[-1])[-1]]
    return _joined(taken)


def _text_parts(unit: Unit, index: int, offset: int, holding: _Holding) -> Iterator[Part]:
    """A block of text cut where rows of figures begin and end."""
    text = unit.blocks[index].text
    lines = _lines(text, offset)
    if not lines:
        yield Part(offset, offset + len(text), holding.path())
        return
    runs = list(_figure_runs(lines))
    if unit.kind == "page":
        _note_titles(unit.blocks, index, lines, bool(runs) and _lead(lines, 0, runs[0][0]) == 0, holding)
    cuts: list[tuple[int, Headings, PartKind]] = []
    position = 0
    for first, behind in runs:
        lead = _lead(lines, position, first)
        caption = _joined([line.text for line in lines[lead:first] if not line.text.endswith(":")])
        if first == 0:
            above = unit.blocks[index - 1] if index else None
            caption = _caption_above(above.text.split("\n")) if above and above.kind == "text" else ""
            if above is None and unit.kind == "page":
                caption = holding.caption
        last = lines[behind].text if behind < len(lines) else ""
        if _LABELLED.match(last) or (behind + 1 == len(lines) and _is_title(last) and not _has_words(caption)):
            caption = _joined([last, caption])
            behind += 1
        if lead > position:
            cuts.append((lines[position].start, holding.path(), "text"))
        cuts.append((lines[lead].start, holding.path(caption), "rows"))
        holding.caption, holding.head = caption, ""
        position = behind
    if position < len(lines):
        cuts.append((lines[position].start, holding.path(), "text"))
        if any(len(line.text) >= _PROSE for line in lines[position:]):
            holding.caption = ""
    end = offset + len(text)
    starts = [offset, *(start for start, _, _ in cuts[1:]), end]
    for (_, path, kind), (start, until) in zip(cuts, pairwise(starts), strict=True):
        yield Part(start, until, path, kind)


def _lead(lines: Sequence[_Line], position: int, first: int) -> int:
    """Where what stands above rows of figures and belongs to them begins; from ``position`` on it may."""
    lead = first
    while lead > max(position, first - _MAX_LEAD):
        text = lines[lead - 1].text
        if not (_is_title(text) or _goes_with_title(text) or text.endswith(":")) or len(text) > MAX_TITLE:
            break
        lead -= 1
    return lead


def _note_titles(
    blocks: Sequence[Block], index: int, lines: Sequence[_Line], above_figures: bool, holding: _Holding
) -> None:
    """Note the title that a block of a page begins with: that of the page at its top, else of a section.

    What stands above figures is their caption, and is that of the page as well at its top.
    """
    begin = next((n for n, line in enumerate(lines) if any(map(str.isalpha, line.text))), 0)
    end = begin
    while end < len(lines) and (_is_title(lines[end].text) or (end > begin and _goes_with_title(lines[end].text))):
        end += 1
    goes_on = end < len(lines) and lines[end].text[0].islower() and not is_figure_row(lines[end].text)
    if end == begin or goes_on:
        return
    first = lines[begin].text
    is_section = bool(_NUMBERED.match(first))
    if index == 0 and not is_section:
        title = _joined([line.text for line in lines[begin : end if end - begin <= _MAX_LEAD else begin + 1]])
        if not any(_continues(title, known) for known in (holding.page, holding.section, holding.caption)):
            holding.page, holding.section = title, ""
    elif not above_figures:
        behind = lines[begin + 1].text if begin + 1 < len(lines) else ""
        if not behind and index + 1 < len(blocks) and blocks[index + 1].kind == "text":
            behind = blocks[index + 1].text.partition("\n")[0]
        alone = len(lines) == 1 and behind.endswith(".")
        if len(behind) >= _PROSE or behind.endswith(":") or _BULLET.match(behind) or alone:
            holding.section = first


def _continues(title: str, known: str) -> bool:
    """Whether a title says that what it stands above goes on ("Debt (continued)"), or nothing new."""
    return bool(known) and _bare(_CONTINUED.sub("", title)) in _bare(known)


def _figure_runs(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of each run of rows of figures."""
    runs: list[list[int]] = []
    for index in (index for index, line in enumerate(lines) if is_figure_row(line.text)):
        if runs and index - runs[-1][-1] <= _MAX_BETWEEN + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    yield from ((run[0], run[-1] + 1) for run in runs if len(run) >= _MIN_ROWS)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    start: int  # offset in the unit


def _lines(text: str, offset: int) -> list[_Line]:
    lines = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(_Line(line.strip(), offset))
        offset += len(line) + 1
    return lines


def is_figure_row(line: str) -> bool:
    """Whether a line ends in figures as a row of a table does: "Net income $ 1,234 $ (56)"."""
    if len(line) > 2 * MAX_TITLE or _has_leaders(line) or _WORD_AND_NUMBER.match(line):
        return False
    words = line.split()
    label = len(words)
    while label and (_FIGURE.match(words[label - 1]) or _CURRENCY.match(words[label - 1])):
        label -= 1
    figures = [word for word in words[label:] if any(map(str.isdigit, word))]
    if not figures or all(map(_YEAR.match, figures)) or (label and words[label - 1].endswith(":")):
        return False
    return len(figures) > 1 or _has_words(" ".join(words[:label]))


def _has_leaders(line: str) -> bool:
    return bool(LEADERS.search(line)) or is_entry(line)


def _is_title(line: str) -> bool:
    """Whether a line may be a title: short, not in the middle of a sentence, no row, no list."""
    line = line.strip()
    letters = [char for char in line if char.isalpha()]
    if len(line) > MAX_TITLE or len(letters) < 3 or letters[0].islower():
        return False
    if _BULLET.match(line) or _has_leaders(line) or not (line[0].isalnum() or line[0] in _OPENS):
        return False
    if line.endswith(_SENTENCE_ENDS) and not (_ABBREVIATION.search(line) or _CONTINUED.search(line)):
        return False
    return not is_figure_row(line)


def _goes_with_title(line: str) -> bool:
    """Whether a line goes with a title above it: units in parentheses, the years of columns, a date."""
    line = line.strip()
    if len(line) > MAX_TITLE:
        return False
    in_parentheses = line.startswith("(") and line.endswith(")")
    return in_parentheses or bool(_YEARS.search(line)) or (line.endswith(",") and any(map(str.isdigit, line)))


def _has_words(text: str) -> bool:
    return any(map(str.isalpha, text))


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines if line)[:MAX_CAPTION].rstrip()


def _bare(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", text.casefold()))
