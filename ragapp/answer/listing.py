"""Lists: everything of a kind, from the rows of a table that meet the condition, else from all passages with some."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ragapp.answer.draft import Draft
from ragapp.answer.grounding import citation_of
from ragapp.answer.row_lists import RowList, rows_meeting
from ragapp.answer.writing import Workbench, is_within
from ragapp.contract import Citation, Event, Sentence
from ragapp.index.lead_in import POINT
from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk

# A passage is listed from that states some of what is asked for with this share of the probability that is required:
# asked whether it states "the answer", the model says so less often of one that has a part of it.
SOME_SHARE = 0.5
# confidence in rows that have the words of the condition, where the model thinks so, too; else they are just likely
BY_WORDS = 0.9
# rows that are listed; more are told
MOST_ROWS = 40


def answer_list(bench: Workbench, draft: Draft) -> Generator[Event, None, None]:
    """Judge every passage, and list from those that state something; rows of a table are chosen by their own words."""
    judge = bench.judge(draft.question, "list")
    read = yield from bench.read_found(judge, every=True)
    draft.judged = read
    draft.confidence = read[0].probability if read else 0.0
    draft.passages = [one.passage for one in read]
    draft.lines = True
    used = [one.passage for one in read if one.probability >= SOME_SHARE * bench.enough]
    rows = _rows(bench, draft, [one.passage for one in read]) if read else None
    if rows:
        _state_rows(bench, draft, rows)
        yield from draft.proved()
        return
    if not read or draft.confidence < bench.enough:
        draft.prompt_tokens = bench.tokens_of(draft.question, used)
        draft.used = used
        return
    whole = _with_rest(bench, used)
    text, stated = yield from bench.tell(draft, draft.question, whole, bench.prompts.list)
    if not stated:
        bench.quote(draft, draft.question, used[0], draft.confidence, text)
        yield from draft.proved()
    if not draft.abstained:
        said = len({citation.n for citation in draft.citations})
        draft.notes.append(bench.prompts.listed.format(count=said, found=len(read)))


def _with_rest(bench: Workbench, used: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Passages to list from, each whose last line is a point of a list with what follows, as far as there is room."""
    room = bench.budget - sum(bench.engine.count(one.chunk.text) for one in used)
    whole: list[ScoredChunk] = []
    for passage in used:
        if any(is_within(passage, one) for one in whole):
            continue
        grown = bench.with_next(passage) if _ends_with_point(passage.chunk.text) else [passage]
        more = sum(bench.engine.count(one.chunk.text) for one in grown) - bench.engine.count(passage.chunk.text)
        if more > room:
            grown, more = [passage], 0
        room -= more
        whole += grown
    return whole


def _ends_with_point(text: str) -> bool:
    """Whether the last paragraph of a text is a list, whose points may go on over several lines."""
    paragraph = text.rstrip().rpartition("\n\n")[2]
    return any(map(POINT.match, paragraph.splitlines()))


def _rows(bench: Workbench, draft: Draft, passages: Sequence[ScoredChunk]) -> RowList | None:
    """The rows of a table among the passages that meet the condition, where the question's words choose some.

    All chunks of the document with the same columns are looked through, not only those that the search found.
    """
    whole: dict[int, Sequence[StoredChunk]] = {}
    for chunk in (passage.chunk for passage in passages if "|" in passage.chunk.text):
        if bench.catalog is not None and chunk.document_id not in whole:
            same = bench.catalog.chunks(bench.catalog.chunk_ids([chunk.document_id])).values()
            whole[chunk.document_id] = sorted(same, key=lambda one: (one.unit, one.start, one.id))
        if found := rows_meeting(draft.question, bench.language, chunk, whole.get(chunk.document_id, [chunk])):
            return found
    return None


def _state_rows(bench: Workbench, draft: Draft, rows: RowList) -> None:
    """A line for each row, with the words that identify it and those of the condition."""
    sentences: list[Sentence] = []
    citations: dict[int, Citation] = {}
    used: list[ScoredChunk] = []
    for row in rows.met[:MOST_ROWS]:
        known = next((one for one in draft.passages if one.chunk.id == row.chunk.id), None)
        passage = known or ScoredChunk(row.chunk, 0.0, 0.0, 0.0)
        if passage not in used:
            used.append(passage)
        n = used.index(passage) + 1
        sentences.append(Sentence(f"- {row.text} [{n}]", True, (n,), (row.quote,)))
        citations.setdefault(n, citation_of(row.chunk, n, row.span))
    draft.used = used
    draft.state(sentences, list(citations.values()), used)
    draft.confidence = max(draft.confidence, BY_WORDS if draft.confidence >= bench.enough else bench.enough)
    draft.notes.append(bench.prompts.rows.format(count=len(rows.met), found=rows.found, document=rows.document))
    if len(rows.met) > MOST_ROWS:
        draft.notes.append(bench.prompts.rows_shown.format(shown=MOST_ROWS, count=len(rows.met)))
