"""The routes of the viewer, below ``/ui``: what a document has, its pages as pictures with their text, its stored text,
and where words stand in it.  They serve documents of the catalog and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragapp.contract import Place
from ragapp.errors import RagappError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.web.app_state import AppState
from ragapp.web.evidence import file_condition, is_drawn, mark_spans
from ragapp.web.highlight import occurrences
from ragapp.web.pdf_pages import WIDTH, WIDTHS
from ragapp.web.pdf_text import Box
from ragapp.web.ui.render import render_place
from ragapp.web.ui.render_evidence import render_part, view_data
from ragapp.web.ui.translations import LANGUAGES, tr
from ragapp.web.unit_text import part_count, shown_part

# characters that are looked for, and pages that are looked through at a time
_MOST_WORDS, _MOST_PAGES = 200, 100


class _Missing(Exception):
    """What was asked for is not there; its text says so to a person."""


def make_viewer(state: AppState) -> APIRouter:
    """The routes; what is not there is answered by status 404 and ``{"error": words}``."""
    router = APIRouter()

    @router.get("/view/{document_id}")
    def view(document_id: int, page: int = 1, mark: str = "", seal: str = "", language: str = "en") -> Response:
        with _told() as told:
            row = _row(state, document_id, _known(language))
            if not 1 <= page <= row.units:
                raise _Missing(tr(_known(language), "viewer.no_page", name=row.name, page=page, units=row.units))
            shown = state.evidence.at(row, page, mark_spans(mark), seal)
            data = view_data(shown, _known(language))
            if seal and mark_spans(mark) and not shown.spans:
                data["notes"].append(tr(_known(language), "viewer.other_words"))
            told.append(data)
        return _answer(told)

    @router.get("/outline/{document_id}")
    def outline(document_id: int, language: str = "en") -> Response:
        with _told() as told:
            row = _row(state, document_id, _known(language))
            units = state.app.catalog.outline(row.id)
            places = [Place(row.name, row.path, unit.number, unit.label, unit.kind) for unit in units]
            sizes = _sizes(state, row)
            told.append(
                {
                    "places": [render_place(place, _known(language)) for place in places],
                    "parts": [part_count(unit.characters) for unit in units],
                    # runs of pages of one size: width and height in points, and how many
                    "sizes": _runs_of(sizes),
                }
            )
        return _answer(told)

    @router.get("/page/{document_id}/{number}.jpg")
    def picture(document_id: int, number: int, width: int = WIDTH) -> Response:
        with _told() as told:
            row = _drawn(state, document_id)
            if width not in WIDTHS:
                raise _Missing(f"Pages are drawn in widths of {', '.join(map(str, WIDTHS))} pixels.")
            return Response(state.view.picture(Path(row.path), number, width), media_type="image/jpeg")
        return _answer(told)

    @router.get("/text/{document_id}/{number}")
    def text(document_id: int, number: int) -> Response:
        with _told() as told:
            row = _drawn(state, document_id)
            layer = state.view.layer(Path(row.path), number)
            # what was recognised has no place on the page
            told.append(
                {
                    "runs": [[run.text, *_rounded(run.box), int(run.line)] for run in layer.runs],
                    "text": "" if layer.runs else state.app.catalog.unit_text(row.id, number),
                    "links": [[_rounded(link.box), link.page, link.address] for link in layer.links],
                }
            )
        return _answer(told)

    @router.get("/unit/{document_id}/{number}/{part}")
    def unit(document_id: int, number: int, part: int, mark: str = "", words: str = "") -> Response:
        with _told() as told:
            row = _row(state, document_id)
            stored = state.app.catalog.unit(row.id, number)
            if stored is None or not 0 <= part < part_count(len(stored.text)):
                raise _Missing(tr("en", "viewer.no_page", name=row.name, page=number, units=row.units))
            blocks, hits = shown_part(stored, part, mark_spans(mark), words[:_MOST_WORDS])
            told.append({"html": render_part(blocks), "hits": hits})
        return _answer(told)

    @router.get("/words/{document_id}/{number}")
    def words_on_page(document_id: int, number: int, words: str = "") -> Response:
        with _told() as told:
            row = _drawn(state, document_id)
            places = state.view.words(Path(row.path), number, words[:_MOST_WORDS])
            told.append({"places": [[_rounded(box) for box in boxes] for boxes in places]})
        return _answer(told)

    @router.get("/find/{document_id}")
    def find(document_id: int, words: str, first: int = 1, last: int = 1, text: bool = False) -> Response:
        with _told() as told:
            row = _row(state, document_id) if text else _drawn(state, document_id)
            last = min(last, first + _MOST_PAGES - 1)
            words = words[:_MOST_WORDS]
            counted = _count_text if text else _count_pages
            found = counted(state, row, words, first, last)
            told.append({"last": last, "found": [list(one) for one in found if one[2]]})
        return _answer(told)

    return router


# --- what the routes share


@contextmanager
def _told() -> Iterator[list[dict[str, Any]]]:
    """Collects an answer; what is missing or cannot be shown becomes an answer that says so."""
    told: list[dict[str, Any]] = []
    try:
        yield told
    except (_Missing, RagappError) as error:
        told[:] = [{"error": str(error)}]


def _answer(told: list[dict[str, Any]]) -> Response:
    return JSONResponse(told[0], 404 if "error" in told[0] else 200)


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"


def _row(state: AppState, document_id: int, language: str = "en") -> DocumentRow:
    row = state.app.catalog.document(document_id)
    if row is None:
        raise _Missing(tr(language, "viewer.removed"))
    return row


def _drawn(state: AppState, document_id: int) -> DocumentRow:
    """A document whose pages are shown as pictures."""
    row = _row(state, document_id)
    if not is_drawn(row, file_condition(row)):
        raise _Missing(f"{row.name} has no pages that could be drawn.")
    return row


def _sizes(state: AppState, row: DocumentRow) -> tuple[tuple[float, float], ...]:
    if not is_drawn(row, file_condition(row)):
        return ()
    try:
        return state.view.sizes(Path(row.path))
    except RagappError:
        return ()  # its text is shown


def _runs_of(sizes: tuple[tuple[float, float], ...]) -> list[list[float]]:
    runs: list[list[float]] = []
    for width, height in sizes:
        if runs and runs[-1][:2] == [width, height]:
            runs[-1][2] += 1
        else:
            runs.append([width, height, 1])
    return runs


def _rounded(box: Box) -> list[float]:
    return [round(side, 5) for side in (box.left, box.top, box.width, box.height)]


def _count_pages(state: AppState, row: DocumentRow, words: str, first: int, last: int) -> list[tuple[int, int, int]]:
    """(page, 0, places) of pages as they are drawn; of those without letters, places in what was recognised there."""
    last = min(last, len(state.view.sizes(Path(row.path))))
    first = max(first, 1)
    counts = state.view.count(Path(row.path), first, last, words) if first <= last else ()
    catalog: Catalog = state.app.catalog
    found = []
    for page, count in enumerate(counts, first):
        seen = count
        if not count and row.units_ocr:
            unit = catalog.unit(row.id, page)
            seen = len(occurrences(unit.text, words)) if unit and unit.coverage == "ocr" else 0
        found.append((page, 0, seen))
    return found


def _count_text(state: AppState, row: DocumentRow, words: str, first: int, last: int) -> list[tuple[int, int, int]]:
    """(unit, part, places) of the stored text."""
    found = []
    for number in range(max(first, 1), min(last, row.units) + 1):
        unit = state.app.catalog.unit(row.id, number)
        if unit is None:
            continue
        for part in range(part_count(len(unit.text))):
            found.append((number, part, shown_part(unit, part, (), words)[1]))
    return found
