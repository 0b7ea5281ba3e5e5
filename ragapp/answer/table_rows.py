"""Rows of a table against a sentence: a name and a key out of different rows are stated by none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from ragapp.answer import facts
from ragapp.reading.tables import ROW, RULE, row_cells

_FIGURE = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")
_AMOUNT = re.compile(r"[^\w]{0,3}\d+(?:[.,]\d+)*\W{0,3}[^\W\d]{0,4}\W?")
_MOST_ROWS = 1000
_ASKS_FOR_CHANGE = re.compile(
    r"\W*(?:by (?:how much|what|which|how many)\b|(?:de|d['’])\s?(?:combien|quel)"
    r"|um wie ?viel|(?:de|en|di|em) (?:cuánto|quanto)|met hoeveel)"
    r".*(?:gr[eo]w|r[io]se|increas|decreas|fall|fell|drop|declin|shr[aiu]nk|chang|go(?:ne)? (?:up|down)|went|improv"
    r"|augment|progress|croît|cr[ûu]|baiss|diminu|recul|évolu|vari|gestiegen|gewachsen|gesunken|gefallen|zugenommen"
    r"|abgenommen|verändert|aument|crec|baj|camb|cresc|calat|gestegen|gegroeid|gedaald|veranderd)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:chang|growth|increas|decreas|rise\b|vs\.?\b|variat|évolution|croissance|hausse|baisse|progression|veränderung"
    r"|wachstum|zuwachs|variaci|crecim|crescita|aumento|verandering|groei)|[+±]/?[-−–]",
    re.IGNORECASE,
)
# a thing and what it is for
_FOR = re.compile(r"(.+?)\s(?:for|pour|für|para|per|voor)\s(.+)", re.IGNORECASE | re.DOTALL)
_LONGEST = 80  # characters of a cell that names something

Row = dict[int, str]  # column -> text, never blank


def mixes_rows(sentence: str, passage: str) -> bool:
    """Whether a sentence has cells of a table in a passage that no row of it holds together.

    Cells count that name something, such as ``M-02`` or ``Mill House``, and beside such a name figures; no words in
    small letters, and nothing that the passage has outside this table or in its header as well. A sentence that has two
    cells of one column compares rows, or lists them; that is not judged here. Cells that are blank at the beginning of
    a row hold what stands above.
    """
    if "|" not in passage:
        return False
    tables, prose = _tables(passage)
    for table in tables:
        others = [text for other in tables if other is not table for row in other for text in row.values()]
        if _mixes(sentence, table[1:], "\n".join([prose, *table[0].values(), *others])):
            return True
    return False


def of_another_row(sentence: str, passage: str, quote: str, words: Callable[[str], set[str]]) -> bool:
    """Whether a sentence that is taken from one row names what another row of its table is about, in part.

    "The double for men is one set" is not stated by the row "Double mixed", though another one is of "Single men". A
    sentence that names the other row by all its words compares the two; that is not judged here.

    Args:
        words: the terms of a text.
    """
    if not ROW.match(quote):
        return False
    for head, *rows in _tables(passage)[0]:
        own = next((row for row in rows if all(cell in quote for cell in row.values())), None)
        if own is None or 0 not in own:
            continue
        others = [words(row.get(0, "")) for row in rows if row is not own]
        said = words(sentence) - words(" ".join([*own.values(), *head.values()]))
        said = said.difference(*(about for about in others if about <= words(sentence)))
        if any(about & said for about in others):
            return True
    return False


def _mixes(sentence: str, rows: Sequence[Row], rest: str) -> bool:
    cells = {text for row in rows for text in row.values() if _names_something(text)}
    words = {text: text for text in cells} | _last_words(cells)
    named = {words[word] for word in _found(words, sentence)}
    named -= set(_found(named, rest))
    figures = (_figures(sentence) - _figures(" ".join(named)) - _figures(rest)) if named else set()
    columns: dict[int, set[str]] = {}
    for row in rows:
        for column, text in row.items():
            if text in named:
                columns.setdefault(column, set()).add(text)
            elif figures and _AMOUNT.fullmatch(text):
                columns.setdefault(column, set()).update(_figures(text) & figures)
    had = set().union(*columns.values())
    if len(had) < 2 or any(len(texts) > 1 for texts in columns.values()):
        return False
    figures &= had
    held = [row for row in _filled(rows) if named <= set(row.values())]
    return not any(figures <= _figures(" ".join(row.values())) for row in held)


def _figures(text: str) -> set[str]:
    """The figures in a text that stand alone, without leading zeros."""
    return {figure.lstrip("0") for figure in _FIGURE.findall(text)}


def _last_words(cells: Iterable[str]) -> dict[str, str]:
    """Last words that stand for one cell only, as surnames do, and the cells that they stand for."""
    by_word: dict[str, set[str]] = {}
    for text in cells:
        for word in set(text.split()):
            by_word.setdefault(word, set()).add(text)
    last = {text.split()[-1]: text for text in cells if " " in text}
    return {word: text for word, text in last.items() if len(by_word[word]) == 1 and _names_something(word)}


def _filled(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with what stands above the cells that are blank at their beginning."""
    above: Row = {}
    for row in rows:
        first = min(row, default=0)
        if len(row) == 1:  # the heading of the rows below it
            above = {-1: row[first]}
            yield row
            continue
        filled = {column: text for column, text in above.items() if column < first} | row
        yield filled
        above = filled


def _found(names: Iterable[str], text: str) -> Iterator[str]:
    """Which of the names stand in a text as whole words; of one inside another, the longer one."""
    among = sorted((name for name in names if name in text), key=len, reverse=True)
    if among:
        pattern = "|".join(map(re.escape, among))
        yield from (match[0] for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text))


def _names_something(text: str) -> bool:
    """Whether a cell may be the name or the key of a row: with letters, and figures, a capital or several words."""
    if not 2 <= len(text) <= _LONGEST or not any(map(str.isalpha, text)):
        return False
    if any(map(str.isdigit, text)):
        return text[0].isalpha()  # no amount with its unit
    return len(text) > 3 and text[0].isupper()


def _tables(passage: str) -> tuple[list[list[Row]], str]:
    """The tables of a passage, their header first, and its other lines."""
    tables: list[list[Row]] = []
    prose: list[str] = []
    lines = passage.split("\n")
    inside = False
    for number, line in enumerate(lines):
        if not ROW.match(line):
            inside = False
            prose.append(line)
        elif inside:
            if not RULE.match(line) and len(tables[-1]) < _MOST_ROWS:
                tables[-1].append(_row(line))
        elif number + 1 < len(lines) and RULE.match(lines[number + 1]):
            inside = True
            tables.append([_row(line)])
        else:
            prose.append(line)
    return tables, "\n".join(prose)


def _row(line: str) -> Row:
    return {column: text for column, cell in enumerate(row_cells(line)) if (text := cell.strip())}


def breaks_condition(question: str, passage: str, quote: str) -> bool:
    """Whether a question names a cell of a column, and the row that is quoted has another one there.

    "steel from Denmark" asks for rows whose cells say so; a row from Norway answers nothing.
    """
    if "|" not in quote:
        return False
    asked = question.casefold()
    for table in _tables(passage)[0]:
        rows = list(_filled(table[1:]))
        quoted = [row for line, row in zip(table[1:], rows, strict=True) if _is_quoted(line, quote)]
        if not quoted:
            continue
        columns: dict[int, set[str]] = {}
        for row in rows:
            for column, text in row.items():
                if column >= 0 and _may_be_asked_for(text):
                    columns.setdefault(column, set()).add(text.casefold())
        headers = {text.casefold() for text in table[0].values()}
        for column, texts in columns.items():
            named = set(_found(texts - headers, asked))
            # a word that most rows have, or that names another column's cells, too, says little
            elsewhere = set().union(*(others for other, others in columns.items() if other != column))
            named -= elsewhere
            if named and not any(_held(row.get(column, ""), named) for row in quoted):
                return True
    return False


def _held(cell: str, named: set[str]) -> bool:
    return not cell or cell.casefold() in named or any(name in cell.casefold() for name in named)


def of_another_column(
    sentence: str, question: str, passage: str, quote: str, stems: Callable[[str], Iterable[str]]
) -> bool:
    """Whether a figure of a sentence stands in the quoted row below another heading than the one that is asked for."""
    if "|" not in quote:
        return False
    asked = set(stems(f"{sentence} {question}"))
    said = _figures(sentence) - _figures(question)
    measured = {unit for number, unit in facts.quantities(sentence) if number in said}
    for table in _tables(passage)[0]:
        titles = {column: set(stems(text)) for column, text in table[0].items()}
        for row in table[1:]:
            if not said or not _is_quoted(row, quote):
                continue
            # "the out-of-pocket limit" names a row, and not the column "out of network"
            label = set(stems(" ".join(text for text in row.values() if not _figures(text))))
            headings = {column: terms - label for column, terms in titles.items()}
            holding = {column for column, text in row.items() if _figures(text) & said}
            if holding and _nearer_columns(row, headings, asked, holding, measured):
                return True
            # the heading that is wholly asked for, and the most specific of such
            wanted = {column: terms for column, terms in headings.items() if terms and terms <= asked and column in row}
            if not holding or not wanted:
                continue
            most = max(map(len, wanted.values()))
            # "by how much did sales grow": a share is not looked for in the column of amounts that the words name
            best = {
                column
                for column, terms in wanted.items()
                if len(terms) == most and _figures(row[column]) and _may_measure(row[column], measured)
            }
            if best and not best & holding and all(headings.get(column, set()) - asked for column in holding):
                return True
    return False


def _nearer_columns(
    row: Row, headings: dict[int, set[str]], asked: set[str], holding: set[int], units: set[str]
) -> set[int]:
    """Columns with a figure whose heading has all that is asked for which the headings of others have, and more."""
    return {
        column
        for column, text in row.items()
        if _figures(text)
        and _may_measure(text, units)
        and all(headings.get(column, set()) & asked > headings.get(other, set()) & asked for other in holding)
    }


def tells_no_change(sentence: str, question: str, passage: str, quote: str) -> bool:
    """Whether a question asks by how much something changed, and a sentence tells what stands beside the change.

    That is so where the quoted row has a figure in a column of changes, and the sentence none of the figures there.
    """
    if "|" not in quote or not _ASKS_FOR_CHANGE.match(question):
        return False
    said = set(facts.numbers(sentence)) - set(facts.numbers(question))
    for table in _tables(passage)[0]:
        changes = {column for column, text in table[0].items() if _CHANGE.search(text)}
        for row in table[1:]:
            told: set[str] = set().union(*(facts.numbers(row.get(column, "")) for column in changes))
            if said and told and _is_quoted(row, quote):
                return not said & told
    return False


def _may_measure(cell: str, units: set[str]) -> bool:
    """Whether a cell may hold a quantity in one of some units, as one without a unit does."""
    own = {unit for _, unit in facts.quantities(cell)}
    return not units or not own or bool(units & own)


def _is_quoted(row: Row, quote: str) -> bool:
    return any(_row(line) == row for line in map(str.strip, quote.split("\n")) if ROW.match(line))


def _may_be_asked_for(text: str) -> bool:
    """Whether a cell may be what a question names: a word or name, no amount."""
    return 3 <= len(text) <= _LONGEST and text[0].isalpha()


def of_something_for_it(
    quote: str, asked: Collection[str], words: Callable[[str], Iterable[str]], said: set[str]
) -> bool:
    """Whether a row is about a thing for what is asked about, of which nothing is said: ``Seals for HM-200``.

    Args:
        asked: names and codes of the question.
        words: terms of a text; ``said`` are those of sentence and question.
    """
    cells = row_cells(quote) if "|" in quote else []
    for cell in cells:
        parts = _FOR.fullmatch(cell.strip())
        if not parts:
            continue
        elsewhere = " ".join([parts[1], *(other for other in cells if other is not cell)]).casefold()
        named = [one.casefold() for one in asked if one.casefold() in parts[2].casefold()]
        if named and not any(one in elsewhere for one in named) and not said & set(words(parts[1])):
            return True
    return False
