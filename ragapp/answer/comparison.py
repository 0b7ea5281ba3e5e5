"""Comparisons: one reading for each thing that is compared, side by side in a table with a citation in each cell."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ragapp.answer.answerability import JudgedPassage
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import MARK, own_sentences
from ragapp.answer.question_kind import QuestionKind
from ragapp.answer.writing import Workbench, place_of
from ragapp.contract import Citation, Event, Sentence, Stage
from ragapp.errors import CancelledError
from ragapp.index.analysis import known_terms
from ragapp.retrieval.passage import ScoredChunk

# passages that are read for each thing
PASSAGES_OF_AN_ITEM = 3
# things that are compared; further ones are told as left out
MOST_ITEMS = 6


def answer_comparison(bench: Workbench, draft: Draft, asked: QuestionKind) -> Generator[Event, None, bool]:
    """Read and write of each thing alone; False, and nothing is stated, where fewer than two are found anything of.

    What is missing then is named all the same, and so are things beyond :data:`MOST_ITEMS`.

    A passage counts for a thing whose name it has, in its text, its headings or its document's name: what the model
    says of the one must not come from a passage about the other.  Whoever stops it has the things that were read.
    """
    items = asked.items[:MOST_ITEMS]
    read: list[_Cell | None] = []
    for number, item in enumerate(items, 1):
        if bench.cancelled():
            break
        yield Stage("comparing", number)
        try:
            read.append((yield from _read_item(bench, item, asked)))
        except CancelledError:
            break
    items = items[: len(read)]
    found = [cell for cell in read if cell]
    asked_of = [f"{item} {asked.aspect}".strip() for item in asked.items]
    if len(found) < 2:
        if found and not bench.cancelled():
            draft.not_stated.extend(name for name, cell in zip(asked_of, read, strict=False) if cell is None)
        return False
    draft.lines = True
    draft.own_words = any(cell.own_words for cell in found)
    draft.used = list({cell.judged.passage.chunk.id: cell.judged.passage for cell in found}.values())
    texts: list[str] = []
    for item, name, cell in zip(items, asked_of, read, strict=False):
        if cell is None:
            draft.not_stated.append(name)
            texts.append(bench.prompts.missing)
            continue
        passage = cell.judged.passage
        draft.state(
            [Sentence(f"{_capital(item)}: {cell.text}", True, (1,), (cell.citation.quote,))], [cell.citation], [passage]
        )
        texts.append(f"{cell.text} [{draft.number(passage)}]")
    likeliest = {cell.judged.passage.chunk.id: cell.judged for cell in found}
    draft.judged = [likeliest[passage.chunk.id] for passage in draft.passages]
    draft.confidence = min(cell.judged.probability for cell in found)
    draft.not_stated.extend(asked_of[MOST_ITEMS:])
    draft.text = _table(items, texts)
    draft.notes.append(bench.prompts.compared.format(count=len(draft.citations)))
    return True


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a passage says of one thing."""

    text: str
    citation: Citation
    judged: JudgedPassage
    own_words: bool = False


def _read_item(bench: Workbench, item: str, asked: QuestionKind) -> Generator[Event, None, _Cell | None]:
    """What the likeliest passage about one thing says of it; None where there is none, or it does not say."""
    question = bench.prompts.of_item.format(item=f"{item} {asked.aspect}".strip())
    passages = bench.search(f"{item} {asked.aspect}".strip(), 2 * PASSAGES_OF_AN_ITEM).passages
    others = [other for other in asked.items if other != item]
    about = [one for one in passages if _is_about(one, item, others, bench.language)][:PASSAGES_OF_AN_ITEM]
    judge = bench.judge(question)
    read = yield from bench.read(judge, about)
    if not read:
        return None
    best = read[0].passage
    if asked.aspect and read[0].probability < bench.enough:
        return None
    yield Stage("writing", 1, place=place_of(best))
    text = bench.silently(question, [best], bench.prompts.answer)
    if bench.cancelled():  # it may be cut off
        raise CancelledError("Stopped.")
    sentences, citations = bench.ground(text, question, [best])
    stated = next((sentence for sentence in sentences if sentence.supported), None)
    if stated:
        return _Cell(MARK.sub("", stated.text).strip(), citations[0], read[0])
    quoted = own_sentences(question, best, bench.language)
    return _Cell(MARK.sub("", quoted[0].text).strip(), quoted[1], read[0], own_words=True) if quoted else None


def _is_about(passage: ScoredChunk, item: str, others: Sequence[str], language: str) -> bool:
    """Whether a passage has the words of a thing that the other things lack."""
    chunk = passage.chunk
    common = {term for other in others for term in known_terms(other, language)}
    own = known_terms(item, language)
    telling = own - common or own
    name = chunk.document.replace("-", " ").replace("_", " ").replace(".", " ")
    shown = " ".join([name, chunk.title, *chunk.headings, chunk.text])
    there = known_terms(shown, language) | known_terms(shown, chunk.language)
    return telling <= there


def _table(items: Sequence[str], cells: Sequence[str]) -> str:
    """A Markdown table with a column for each thing."""
    rows = [[_capital(item) for item in items], ["---"] * len(items), [" ".join(cell.split()) for cell in cells]]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
