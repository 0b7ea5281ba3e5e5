"""Where the header of a table is: lines that stand above it, and headers of several rows as one line of names.

Nothing in a CSV file or a sheet marks a header. What is used is what a person goes by: the header is the first row that
is as wide as the table; names stand above figures; a name that is merged over columns heads those below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

Rows = Sequence[Sequence[str]]

MAX_HEADER = 6  # rows
MAX_ABOVE = 40  # lines above a header
MAX_PAIRS = 15  # rows of two cells that are no table of their own
_LIST = 40  # rows of a list of names with one value each
_VALUE_NAMES = re.compile(  # above the values of such a list
    "values?|answer|entry|amount|result|content|details|data|wert|inhalt|angabe|antwort|betrag|ergebnis|valeur|montant"
    "|réponse|contenu|valor|respuesta|importe|contenido|valore|risposta|importo|waarde|bedrag|antwoord|värde",
    re.IGNORECASE,
)
_SAMPLE = 200  # rows that tell what a column holds

# figures, amounts, dates and times, with a unit or a currency; 2024 alone may be the name of a column
_VALUE = re.compile(
    r"[(<>≤≥~±]?\s*[+\-−–]?\s*(?:[$€£¥]|(?-i:[A-Z]{3})\s)?\s*[+\-−–]?\.?\d[\d\s.,:/'’\-−TZ+]*(?:e[+-]?\d+)?\s*"
    r"(?:%|‰|[$€£¥]|[^\W\d]{1,4}[²³]?(?:/[^\W\d]{1,4}[²³]?)?|°[CFK]?)?\s*\)?"
    r"|\d{1,2}\.?[\s-][^\W\d]{3,9}\.?[\s-]\d{2,4}|TRUE|FALSE",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[+\-−]?[\d.,\s’']+")
_MAIL = re.compile(r"[^\s@|]+@[^\s@|]+\.[^\W\d]{2,}|(?:https?|ftp)://\S+")  # and addresses of pages
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{1,2}\.?[\s-][^\W\d]{3,9}\.?[\s-]\d{2,4}")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s*[/–-]\s*(?:(?:19|20)?\d\d))?")
_UNIT = re.compile(
    r"[\[(].{1,20}[\])]|[%‰€$£°-]|[kMGTmµμnhdc]?(?:m|g|s|h|d|l|L|t|A|V|W|J|N|K|C|F|Hz|Pa|bar|mol|Wh|VA|Ω|ppm|ppb|B|bit|EUR|USD"
    r"|GBP|CHF|€|\$)[²³23]?(?:\s?[/·*^-]+\s?[\wµ°²³-]{1,5})*|°[CFK]?|min|sec|days?|hours?|years?|pcs|pct|none|unitless|n/a"
    r"|(?:yyyy|dd|mm|hh)[\w:/. -]*|cm/s|km/h|m/s|mm/h|dBm?A?|pH|[kM]?[€$£]|-{1,3}"
)


def is_value(text: str) -> bool:
    """Whether a cell holds a figure, an amount, a date or a time rather than a name."""
    return bool(text) and len(text) <= 40 and _VALUE.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a cell may be a name in a header: words, or a year."""
    return bool(text) and (not is_value(text) or _YEAR.fullmatch(text) is not None)


def typed_columns(rows: Rows) -> set[int]:
    """Columns that hold values in nearly every row that fills them."""
    filled: Counter[int] = Counter()
    values: Counter[int] = Counter()
    for row in rows[:_SAMPLE]:
        for column, text in enumerate(row):
            if text:
                filled[column] += 1
                values[column] += is_value(text)
    return {column for column, count in filled.items() if values[column] >= 0.75 * count}


def lines_above(rows: Rows, across: Sequence[dict[int, str]]) -> int:
    """How many rows stand above the header: titles, and names with one value as exports of devices and banks begin.

    ``across`` is as for :func:`header_rows`.
    """
    width = max(map(len, rows), default=0)
    filled = [sum(map(bool, row)) for row in rows[:_SAMPLE]]
    if width < 2 or len(rows) < 2:
        return 0
    usual = Counter(filled).most_common(1)[0][0]
    usual = max(filled) if usual < 3 else usual
    titles = place = 0
    for place, row in enumerate(rows[: MAX_ABOVE + 1]):
        # ["", "Total"] is the header of a two-column table whose first column has no name
        is_title = filled[place] == 1 and (bool(row[0]) or (width > 2 and not across[place]))
        if is_title and titles == place:
            titles += 1
        # two names far from each other head groups of columns, and so do merged ones
        near = any(row[1:3]) or (len(rows) > place + 1 and all(rows[place + 1]))
        is_pair = filled[place] == 2 and usual > 2 and bool(row[0]) and near and not across[place]
        if not is_title and not is_pair:
            break
    else:
        return min(titles, len(rows) - 1)
    if place == titles:
        return titles
    pairs = [row for row in rows[titles:place] if sum(map(bool, row)) == 2]
    below = rows[place + 1 :]
    is_header = bool(rows[place][0]) and filled[place] > 2 and _is_header_row(rows[place]) and bool(below)
    is_sure = len(pairs) > 1 or any(row[0].endswith(":") for row in pairs) or _names_above_values(rows[place], below)
    return place if is_header and is_sure else titles


def is_pairs(rows: Rows) -> bool:
    """Whether these are a few rows that name one value each, as lines above a table do."""
    return len(rows) <= MAX_PAIRS and all(row[0] and not is_value(row[0]) and not any(row[2:]) for row in rows)


def pair_line(row: Sequence[str]) -> str:
    """A row above a table on one line: ``Station: Brekke``."""
    filled = [text for text in row if text]
    return f"{filled[0].rstrip(':')}: {filled[1]}" if len(filled) == 2 else " ".join(filled)


def header_rows(rows: Rows, across: Sequence[dict[int, str]], down: int, last_known: int) -> int:
    """How many of the rows are the header, at least one.

    Args:
        rows: of one table, of one width.
        across: for each row, what a merged cell shows in the columns right of its first.
        down: the most rows that a merged cell which begins in the first row covers.
        last_known: the place of a row that the file itself has as the last of a header; negative where it says nothing.
    """
    most = min(MAX_HEADER, len(rows) - 1)
    if 0 <= last_known < most and all(map(_is_header_row, rows[: last_known + 1])):
        return last_known + 1
    count = 1
    while count < most and _goes_on(rows, across, down, count):
        count += 1
    return count


def is_headless(rows: Rows) -> bool:
    """Whether the first row is data: figures stand in it wherever they stand below, in figures of the same kind.

    So it is where it holds the address of a mail or a page above others, and in lists of names with one value each that
    have nothing in common (Phone, Start, Salary). Sizes, hours and years that count up, and dates above figures, name
    columns.
    """
    if _is_list_of_values(rows):
        return True
    if len(rows) > 1 and any(map(_MAIL.fullmatch, rows[0])):
        return any(_MAIL.fullmatch(text) and _MAIL.fullmatch(rows[1][column]) for column, text in enumerate(rows[0]))
    typed = typed_columns(rows[1:]) if len(rows) > 2 else set()
    first = [rows[0][column] for column in sorted(typed)]
    if not typed or not all(text and is_value(text) and not _YEAR.fullmatch(text) for text in first):
        return False
    kinds = [_PLAIN.fullmatch(rows[0][column]) is None for column in sorted(typed)]
    below = [_PLAIN.fullmatch(next(row[column] for row in rows[1:] if row[column])) is None for column in sorted(typed)]
    if kinds != below:
        return False
    whole = [int(text) for text in first if text.isdecimal()]
    return not (len(whole) == len(first) > 1 and all(low < high for low, high in pairwise(whole)))


def _is_list_of_values(rows: Rows) -> bool:
    names = [row[0] for row in rows]
    if len(rows[0]) != 2 or not 3 <= len(rows) <= _LIST or len(set(names)) < len(names) or any(map(is_value, names)):
        return False
    if _VALUE_NAMES.fullmatch(rows[0][1]):
        return False
    values = [row[1] for row in rows[1:] if is_value(row[1])]
    kinds = {"date" if _DATE.match(text) else "plain" if _PLAIN.fullmatch(text) else "other" for text in values}
    return all(names) and "date" in kinds and len(kinds) > 1


def joined_header(rows: Rows, across: Sequence[dict[int, str]]) -> list[str]:
    """One name for each column from the rows of a header, outermost first: ``2024 / Revenue``."""
    width = len(rows[0])
    spread = zip(rows, across, strict=True)
    shown = [[row[column] or right.get(column, "") for column in range(width)] for row, right in spread]
    for place, row in enumerate(shown[:-1]):
        if not any(across) and _heads_groups(rows[place], rows[place + 1]):
            for column in range(1, width):
                row[column] = row[column] or (row[column - 1] if rows[place + 1][column] else "")
    names = []
    for column in range(width):
        parts = [row[column] for row in shown if row[column]]
        names.append(" / ".join(part for place, part in enumerate(parts) if part not in parts[:place]))
    return names


def goes_on(rows: Rows, columns: Sequence[int], before: Rows, its_columns: Sequence[int]) -> bool:
    """Whether rows below a blank line go on with the table before: values stand where it has values.

    ``columns`` and ``its_columns`` are the places of the columns of both in the file.
    """
    typed = {its_columns[column] for column in typed_columns(before[1:])}
    first = {columns[column]: text for column, text in enumerate(rows[0]) if text}
    if not set(columns) <= set(its_columns) or not typed & set(first):
        return False
    return all(is_value(text) for column, text in first.items() if column in typed)


def _goes_on(rows: Rows, across: Sequence[dict[int, str]], down: int, count: int) -> bool:
    above, row, below = rows[count - 1], rows[count], rows[count + 1 :]
    if not _is_header_row(row):
        return False
    bands = across[count - 1]
    heads = {column for column in bands} | {column - 1 for column in bands if column - 1 not in bands}
    if bands:
        under = [column for column in heads if row[column]]
        # elsewhere, one of both rows names the column; two names would be a name and its first value
        apart = all(
            not above[column] or not row[column] or above[column] == row[column]
            for column in range(len(row))
            if column not in heads
        )
        distinct = len({row[column] for column in under}) > 1 or len(under) == 1
        if len(under) > 1 and (apart or bool(typed_columns(below) - typed_columns([row]))) and (distinct or apart):
            return apart or _names_above_values(row, below)
    typed = typed_columns(below)
    if down > count and typed and not any(is_value(text) and not _YEAR.fullmatch(text) for text in above):
        return True
    if not typed:
        return False
    if _is_units(row, typed) and all(map(is_name, filter(None, above))):
        return True
    return _heads_groups(above, row) and _names_above_values(row, below)


def _names_above_values(row: Sequence[str], below: Rows) -> bool:
    typed = typed_columns(below)
    return bool(typed) and all(is_name(row[column]) for column in typed if row[column])


def _heads_groups(above: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row's names stand over groups of the next row's, which repeat below each: Plan, Actual, Plan …"""
    heads = [column for column, text in enumerate(above) if text]
    if not row[0] or row[0] == above[0]:  # a name that is written over each column of its group is one, too
        heads = [column for column in heads if not column or above[column] != above[column - 1]]
    names = [text for text in row if text]
    if len(heads) < 2 or len(heads) >= len(names) or any(not row[column] for column in heads if column):
        return False
    if any(above[column] and row[column] for column in range(heads[0] if heads[0] else 0)):
        return False
    repeated = [text for text, count in Counter(names).items() if count > 1]
    return len(repeated) > 0 and all(is_name(text) for text in names)


def _is_header_row(row: Sequence[str]) -> bool:
    return any(row) and all(is_name(text) for text in row if text)


def _is_units(row: Sequence[str], typed: set[int]) -> bool:
    units = [column for column, text in enumerate(row) if text and _UNIT.fullmatch(text)]
    filled = sum(map(bool, row))
    return bool(units) and len(units) >= 0.6 * filled and bool(set(units) & typed)
