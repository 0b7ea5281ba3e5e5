"""Questions that count, add up and compare, answered from typed tables by a query whose rows are shown."""

from __future__ import annotations

import time
from collections.abc import Generator

from ragapp.answer.draft import Draft
from ragapp.answer.grounding import citation_of
from ragapp.answer.table_search import MOST_LISTED, Answered, table_answer
from ragapp.answer.table_telling import Telling
from ragapp.answer.table_words import table_rules
from ragapp.answer.writing import Workbench
from ragapp.contract import Citation, Event, Sentence
from ragapp.index.catalog import Catalog
from ragapp.index.table_query import RowPlace
from ragapp.index.tables import StoredTable
from ragapp.retrieval.passage import ScoredChunk

# confidence in a figure that a query gave which accounts for every word of the question
BY_QUERY = 0.99
# rows that a figure is cited with; further ones are shown below it
MOST_CITED = 5


def answer_from_tables(
    bench: Workbench, draft: Draft, scope: str = "", *, by_model: bool = False
) -> Generator[Event, None, bool]:
    """Answer a question from typed tables, where its words tell the query.

    Args:
        by_model: have the model write the query where they do not, and the passage that fits best is of a table; it
            takes seconds, so passages are asked before. Where no valid query comes, the draft still abstains, and shows
            the rows that have the question's words.

    Returns:
        Whether it was answered.
    """
    catalog = bench.catalog
    if catalog is None or not bench.settings.answer.tables or (by_model and not _is_of_table(bench)):
        return False
    begun = time.monotonic()
    told = table_answer(
        catalog,
        draft.question,
        bench.language,
        found=bench.found,
        scope=scope,
        engine=bench.engine if by_model else None,
        cancelled=bench.cancelled,
    )
    if told is None:
        return False
    bench.timings["tables_s"] = round(time.monotonic() - begun, 3)
    bench.timings["query_s"] = round(told.seconds, 4)
    texts: dict[str, str] = table_rules()[told.language]["told"]
    if told.by == "nobody":
        _show_rows(draft, told.answered[0])
        draft.notes.append(texts["failed"].format(table=told.answered[0].query.table.document))
        return False
    for one in told.answered:
        _tell(bench, draft, one)
    if told.by == "model":
        draft.doubt = f"{texts['written']} {draft.doubt}".strip()
    yield from draft.proved()
    return True


def _is_of_table(bench: Workbench) -> bool:
    """Whether the passage that fits a question best is of a table, so that the model may be asked for a query."""
    return bool(bench.passages) and bench.passages[0].chunk.text.lstrip().startswith("|")


def _show_rows(draft: Draft, answered: Answered) -> None:
    draft.query = answered.sql
    draft.rows = answered.rows
    draft.rows_found = answered.count


def _tell(bench: Workbench, draft: Draft, answered: Answered) -> None:
    """Add what a query gave to the answer: the figure, cited with the rows that it rests on, and its doubts."""
    assert bench.catalog is not None
    telling = Telling(bench.language, answered.query)
    cited = _cited(bench.catalog, draft, answered)
    rows = answered.rows
    lines = telling.lines(answered.result, answered.count, [row.cells for row in rows])
    draft.lines = draft.lines or len(lines) > 1 or bool(draft.sentences)
    if not cited:  # nothing is in the table that it could be cited with: that no row is there
        cited = _first_row(bench.catalog, draft, answered.query.table)
    known = {one.n for one in draft.citations}
    draft.citations += [one for one in cited if one.n not in known]
    numbers = [one.n for one in cited]
    for place, line in enumerate(lines):
        own = [numbers[place]] if answered.query.aggregate == "rows" and place < len(numbers) else numbers[:MOST_CITED]
        quotes = tuple(next(one.quote for one in cited if one.n == n) for n in own)
        marks = "".join(f" [{n}]" for n in own)
        draft.add(Sentence(f"{line}{marks}", bool(own), tuple(own), quotes))
    draft.confidence = max(draft.confidence, BY_QUERY)
    draft.query = f"{draft.query}\n{answered.sql}".strip()
    draft.rows += rows
    draft.rows_found += answered.count
    draft.notes += telling.notes(answered.count, len(rows))
    if doubts := telling.doubts():
        draft.doubt = " ".join([draft.doubt, *doubts]).strip()


def _cited(catalog: Catalog, draft: Draft, answered: Answered) -> list[Citation]:
    """Citations of the first rows, each in the chunk that it stands in."""
    table = answered.query.table
    most = MOST_LISTED if answered.query.aggregate == "rows" else MOST_CITED
    found: list[Citation] = []
    for place in answered.places[:most]:
        if citation := _citation(catalog, draft, table, place):
            found.append(citation)
    unique = {one.n: one for one in reversed(found)}
    return list(reversed(unique.values())) if answered.query.aggregate != "rows" else found


def _first_row(catalog: Catalog, draft: Draft, table: StoredTable) -> list[Citation]:
    rows = catalog.rows(
        'SELECT n, unit, start, "end", line FROM table_rows WHERE table_id = ? ORDER BY n LIMIT 1', (table.id,)
    )
    made = [_citation(catalog, draft, table, RowPlace(*row)) for row in rows]
    return [one for one in made if one]


def _citation(catalog: Catalog, draft: Draft, table: StoredTable, place: RowPlace) -> Citation | None:
    line = catalog.unit_text(table.document_id, place.unit)[place.start : place.end]
    for chunk in catalog.unit_chunks(table.document_id, place.unit):
        if chunk.start <= place.start < chunk.end and (at := chunk.text.find(line)) >= 0 and line:
            known = next((one for one in draft.passages if one.chunk.id == chunk.id), None)
            passage = known or ScoredChunk(chunk, 0.0, 0.0, 0.0)
            if passage not in draft.used:
                draft.used.append(passage)
            return citation_of(chunk, draft.number(passage), (at, at + len(line)))
    return None
