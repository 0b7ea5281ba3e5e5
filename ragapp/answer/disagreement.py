"""Documents that contradict each other: what another version of the answer's passage says is told beside it, dated."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from ragapp.answer.draft import Draft
from ragapp.answer.grounding import MARK
from ragapp.answer.versions import document_date, figures_disagree, other_versions
from ragapp.answer.writing import Workbench, place_of
from ragapp.contract import Event, Sentence, Stage
from ragapp.retrieval.passage import ScoredChunk

# other versions that are asked, each of which costs a reading
MOST_VERSIONS = 2


def tell_other_versions(bench: Workbench, draft: Draft, found: Sequence[ScoredChunk]) -> Generator[Event, None, None]:
    """Add to an answer what another version of its passage says, where that gives other figures."""
    prompts, question = bench.prompts, draft.question
    best = draft.passages[draft.citations[0].n - 1]
    versions = other_versions(best, found, bench.subjects.opening)
    rows = {row.id: row for row in bench.catalog.documents()} if bench.catalog and versions else {}
    for passage in versions[:MOST_VERSIONS]:
        row = rows.get(passage.chunk.document_id)
        if row is None or bench.cancelled():
            continue
        yield Stage("comparing", 1, place=place_of(passage))
        if bench.judge(question).read_one(passage, bench.cancelled).probability < draft.confidence / 2:
            continue
        text = bench.silently(question, [passage], prompts.answer)
        if bench.cancelled():  # it may be cut off
            return
        sentences, citations = bench.ground(text, question, [passage])
        if not (sentences and sentences[0].supported and figures_disagree(draft.text, text, question)):
            continue
        n = draft.number(passage)
        name, other = passage.chunk.document, MARK.sub("", sentences[0].text)
        said = prompts.disagrees.format(document=name, date=document_date(row), answer=other)
        draft.sentences.append(Sentence(f"{said} [{n}]", True, (n,), sentences[0].quotes))
        if all(citation.n != n for citation in draft.citations):
            draft.citations.append(replace(citations[0], n=n))
        draft.text = f"{draft.text} {said} [{n}]"
        yield from draft.proved()
