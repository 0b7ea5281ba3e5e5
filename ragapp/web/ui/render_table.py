"""The query that an answer rests on and its rows, as inert HTML below it."""

from __future__ import annotations

from html import escape

from ragapp.contract import Answer
from ragapp.web.ui.render import table_box
from ragapp.web.ui.translations import tr
from ragapp.words import forms


def render_rows(answer: Answer, language: str) -> str:
    """The query of an answer from tables, with the rows that it rests on and their places; nothing for another answer.

    It is closed at first; where rows are all there is to show, it is open.
    """
    if not answer.query:
        return ""
    found = forms.number(answer.rows_found, language)
    title = tr(language, "answer.query", n=answer.rows_found, found=found)
    opened = " open" if answer.abstained else ""
    body = f"<pre>{escape(answer.query)}</pre>"
    if answer.rows_found > len(answer.rows):
        told = tr(language, "answer.first_rows", shown=forms.number(len(answer.rows), language), found=found)
        body += f"<p>{escape(told)}</p>"
    names: tuple[str, ...] | None = None
    lines: list[str] = []
    for row in answer.rows:
        if names is not None and row.columns != names:
            body += _table(names, lines, language)
            lines = []
        names = row.columns
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        lines.append(f"<tr><th scope='row'>{escape(f'{row.document}, {row.where}')}</th>{cells}</tr>")
    if names is not None:
        body += _table(names, lines, language)
    return f'<details class="answer-query"{opened}><summary>{escape(title)}</summary>{body}</details>'


def _table(names: tuple[str, ...], lines: list[str], language: str) -> str:
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in (tr(language, "answer.row_place"), *names))
    return table_box(
        tr(language, "answer.query_rows"),
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>",
    )
