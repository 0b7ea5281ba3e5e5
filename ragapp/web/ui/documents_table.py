"""The list of documents: what it can be narrowed to, its lines, its pages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from pathlib import Path, PurePath

from ragapp.contract import FileReport
from ragapp.index.listing import COLUMNS, STATES, Counts, Line, Page
from ragapp.web.document_list import Labels
from ragapp.web.ui.documents_labels import render_day, render_labels
from ragapp.web.ui.render import act, table_box
from ragapp.web.ui.translations import told, tr
from ragapp.web.visitors import ROWS, Listing
from ragapp.words.forms import number, short_day, size

# kinds of warnings that can be chosen
_WARNINGS = 12
# states whose files can be ingested again by a button of their own
_AGAIN = ("failed", "removed", "skipped", "changed")


def render_filters(counts: Counts, listing: Listing, language: str) -> str:
    """What the list can be narrowed to, with how many lines there would be."""
    if not counts.all and not any(counts.states.values()):
        return ""
    chips = [_chip("", tr(language, "list.all"), counts.all, listing, language)]
    for state in STATES:
        count = counts.states.get(state, 0)
        if count or listing.state == state:
            chips.append(_chip(state, tr(language, f"list.{state}"), count, listing, language))
    group = escape(tr(language, "list.filter"))
    kinds = ""
    if counts.warnings and listing.state in ("", "warnings"):
        wanted = escape(tr(language, "list.warning"))
        options = [f'<option value="">{escape(tr(language, "list.any_warning"))}</option>']
        for kind, count in list(counts.warnings.items())[:_WARNINGS]:
            chosen = " selected" if kind == listing.warning else ""
            words = told(kind, language)
            label = f"{words if len(words) < 90 else words[:89] + '…'} ({number(count, language)})"
            options.append(f'<option value="{escape(kind)}"{chosen}>{escape(label)}</option>')
        kinds = f'<select class="warning-kind" aria-label="{wanted}">{"".join(options)}</select>'
    return f'<div class="filters" role="group" aria-label="{group}">{"".join(chips)}{kinds}</div>'


def render_table(
    page: Page,
    counts: Counts,
    listing: Listing,
    language: str,
    *,
    chosen: int = 0,
    summaries: Mapping[int, str] | None = None,
    labels: Mapping[int, Labels] | None = None,
    outcomes: Mapping[str, FileReport] | None = None,
    drop_folder: Path | None = None,
) -> str:
    """A page of the list; the document with the id ``chosen`` is shown beside it."""
    if not counts.all and not any(counts.states.values()):
        return ""
    head = "".join(_head(column, listing, language) for column in COLUMNS)
    body = "".join(
        _row(
            line,
            language,
            chosen=bool(line.id) and line.id == chosen,
            summary=(summaries or {}).get(line.id or 0, ""),
            labels=(labels or {}).get(line.id or 0, Labels()),
            outcome=(outcomes or {}).get(line.path),
            folder=shown_folder(line.path, drop_folder),
        )
        for line in page.lines
    )
    if not page.lines:
        body = f'<tr><td class="none" colspan="{len(COLUMNS) + 1}">{escape(tr(language, "list.none"))}</td></tr>'
    every = escape(tr(language, "documents.all"))
    table = (
        '<table class="documents"><thead><tr>'
        f'<th class="tick"><input type="checkbox" class="tick-all" aria-label="{every}"></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    pager = _pager(page, language)
    ticked = f'<p class="ticked" data-total="{page.total}" hidden></p>'
    return f"{pager}{ticked}{table_box(tr(language, 'documents.table'), table)}{pager if page.total > ROWS else ''}"


def shown_folder(path: str, drop_folder: Path | None) -> str:
    """The folder of a file: below the drop folder by its own name, below the home folder with a tilde."""
    folder = PurePath(os.path.dirname(path))
    for base, name in ((drop_folder, drop_folder.name if drop_folder else ""), (Path.home(), "~")):
        if base and folder.is_relative_to(base):
            return str(PurePath(name) / folder.relative_to(base))
    return str(folder)


def _breakable(folder: str) -> str:
    """A folder as HTML that breaks behind its separators."""
    return escape(folder).replace(os.sep, f"{os.sep}<wbr>")


def _chip(state: str, label: str, count: int, listing: Listing, language: str) -> str:
    pressed = state == listing.state
    inner = f'{escape(label)} <span class="n">{number(count, language)}</span>'
    css = "chip filter chosen" if pressed else "chip filter"
    made = act("documents", f"{label} ({count})", inner=inner, css=css, what="filter", state=state)
    return made.replace("<button ", f'<button aria-pressed="{"true" if pressed else "false"}" ', 1)


def _head(column: str, listing: Listing, language: str) -> str:
    chosen = column == listing.column
    arrow = (" ↓" if listing.down else " ↑") if chosen else ""
    sort = f' aria-sort="{"descending" if listing.down else "ascending"}"' if chosen else ""
    button = act("documents", tr(language, f"documents.{column}") + arrow, css="sort", what="sort", column=column)
    return f'<th scope="col" class="{column}"{sort}>{button}</th>'


def _row(
    line: Line, language: str, *, chosen: bool, summary: str, labels: Labels, outcome: FileReport | None, folder: str
) -> str:
    tick = ""
    name = f"<strong>{escape(line.name)}</strong>"
    if line.id is not None:
        label = escape(tr(language, "documents.tick", name=line.name))
        tick = f'<input type="checkbox" value="{line.id}" aria-label="{label}">'
        name = act("documents", line.name, css="name", tip=line.path, what="preview", id=line.id)
    title = line.title if line.title not in ("", Path(line.name).stem, line.name) else ""
    below = [f'<span class="title">{escape(title)}</span>'] if title else []
    about = [render_day(labels, language), escape(summary) if summary != title else ""]
    below += [f'<span class="summary">{" · ".join(filter(None, about))}</span>'] if any(about) else []
    below += [shown] if (shown := render_labels(labels, language)) else []
    if line.reason:
        below = [f'<span class="reason">{escape(_reason(line, language))}</span>']
    tools = _tools(line, language)
    pages = number(line.units, language) if line.id is not None else ""
    cells = (
        f'<td class="name">{name}{"".join(below)}{tools}</td><td class="folder" title="{escape(line.path)}">'
        f'{_breakable(folder)}</td><td class="type">{escape(PurePath(line.name).suffix[1:].upper())}</td>'
        f'<td class="pages">{pages}</td>{_coverage(line, language)}'
        f'<td class="state">{_state(line, language, outcome)}</td><td class="date">{short_day(line.day, language)}</td>'
        f'<td class="size">{size(line.size, language) if line.size >= 0 else ""}</td>'
    )
    return f'<tr{" class=chosen" if chosen else ""}><td class="tick">{tick}</td>{cells}</tr>'


def _coverage(line: Line, language: str) -> str:
    if line.id is None:
        return '<td class="coverage"></td>'
    share = (line.units - line.without_text) / line.units if line.units else 0.0
    gaps = [tr(language, "documents.by_ocr", n=line.units_ocr)] if line.units_ocr else []
    gaps += [tr(language, "documents.unread_pages", n=line.needing_ocr)] if line.needing_ocr else []
    tip = escape(", ".join(gaps))
    return f'<td class="coverage" title="{tip}">{share * 100:.0f}\u00a0%{" *" if gaps else ""}</td>'


def _state(line: Line, language: str, outcome: FileReport | None) -> str:
    state = line.state
    label = escape(tr(language, f"state.{state}"))
    warned = "".join(f"<li>{escape(told(warning, language))}</li>" for warning in line.warnings)
    done = ""
    if outcome and outcome.status in ("indexed", "updated", "removed"):
        done = f'<span class="outcome">{escape(tr(language, f"file.{outcome.status}"))}</span>'
        if state == "removed":
            return done
    if not warned:
        return f'<span class="badge {state}">{label}</span>{done}'
    counted = escape(tr(language, "state.warned", n=len(line.warnings)))
    badge = "" if state == "warnings" else f'<span class="badge {state}">{label}</span>'
    return f'{badge}<details><summary class="badge warnings">{counted}</summary><ul>{warned}</ul></details>{done}'


def _tools(line: Line, language: str) -> str:
    tools = []
    if line.wants_password:
        label = tr(language, "password.ask")
        tools.append(act("documents", label, css="tool strong", what="ask-password", path=line.path))
    if line.state in _AGAIN:
        again = tr(language, "documents.retry" if line.state == "failed" else "documents.again")
        tools.append(act("documents", again, css="tool", what="again", paths=[line.path]))
    return f'<span class="row-tools">{"".join(tools)}</span>' if tools else ""


def _reason(line: Line, language: str) -> str:
    if line.state == "removed":
        return tr(language, "documents.removed_reason")
    if line.wants_password:
        return tr(language, "password.wanted")
    return told(f"{line.reason}. {line.hint}".strip(), language)


def _pager(page: Page, language: str) -> str:
    first, last = page.offset + 1, page.offset + len(page.lines)
    counted = escape(tr(language, "list.part", first=first if page.lines else 0, last=last, all=page.total))
    if page.total <= ROWS:
        counted = escape(tr(language, "list.count", n=page.total))
        return f'<p class="count" role="status">{counted}</p>'
    back = _leaf(page.offset - ROWS, "‹", tr(language, "list.back"), page.offset > 0)
    on = _leaf(page.offset + ROWS, "›", tr(language, "list.on"), last < page.total)
    begin = _leaf(0, "«", tr(language, "list.begin"), page.offset > 0)
    end = _leaf((page.total - 1) // ROWS * ROWS, "»", tr(language, "list.end"), last < page.total)
    return f'<div class="pager">{begin}{back}<span class="count" role="status">{counted}</span>{on}{end}</div>'


def _leaf(offset: int, sign: str, label: str, there: bool) -> str:
    if not there:
        return '<span class="leaf off" aria-hidden="true"></span>'
    return act("documents", label, inner=sign, css="leaf", what="page", offset=offset)
