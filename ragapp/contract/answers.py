"""An answer with its sentences, citations and passages; the result of a search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ragapp.contract.terms import Basis, Caution, Grade


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer.

    Attributes:
        text: with its citation marks, such as ``[1]``.
        supported: whether a cited passage states it.
        citations: numbers of the passages that do.
        quotes: the exact words of each of these that state it; empty in answers that an earlier version kept.
    """

    text: str
    supported: bool
    citations: tuple[int, ...]
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of a document.

    Attributes:
        document: file name.
        path: of the file.
        page: 1-based position of the unit in the file.
        label: printed page label, sheet or slide name; may be empty.
        kind: what the unit is called: page, slide, sheet, section, …
    """

    document: str
    path: str
    page: int
    label: str = ""
    kind: str = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation(Place):
    """A number in the answer, tied to exact words of one unit.

    Attributes:
        n: number of the passage.
        quote: exact words of the unit's stored text.
        start: offset of the quote in that text.
        end: offset behind it.
    """

    n: int
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage(Place):
    """A passage that was found.

    Attributes:
        n: its number in the answer, 1-based; its rank in a search.
        heading: heading path, joined by `` > ``.
        text: the stored text.
        score: by which passages are ordered: the reranker's where there is one, else the fused score.
        dense: cosine with the question.
        lexical: BM25.
        coverage: share of the question's words that it holds, rare ones counting more; 0 to 1.
        also_in: where the same words stand, too.
    """

    n: int = 0
    heading: str = ""
    text: str
    score: float
    dense: float = 0.0
    lexical: float = 0.0
    coverage: float = 0.0
    also_in: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow(Place):
    """A row of a table that a figure rests on.

    Attributes:
        where: its place as a person would name it, such as ``Orders!A12:F12`` or ``page 3, row 4``.
        columns: names of the columns.
        cells: what is written in them, one for each column.
    """

    where: str
    columns: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentWarnings:
    """What was not read of a document, or not surely.

    Attributes:
        id: of the document in the store.
        document: file name.
        path: of the file.
        warnings: of the reading, a sentence each.
    """

    id: int
    document: str
    path: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What the language model was given, in tokens.

    Attributes:
        window: size of its context window.
        prompt_tokens: of the prompt that the answer was written from.
        passages_used: passages in it.
        passages_dropped: passages that were found but left no room.
        parts: of a summary, how many parts of the document were read.
    """

    window: int = 0
    prompt_tokens: int = 0
    passages_used: int = 0
    passages_dropped: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Filters:
    """What an answer's documents were restricted to, a line each: ``travel*``, ``year:2024``, ``tag:draft``.

    Attributes:
        used: those that held for this answer.
        proposed: those that the question named itself. Where they are not among the used ones, nothing was found with
            them, and all documents were searched.
    """

    used: tuple[str, ...] = ()
    proposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer.

    Attributes:
        question: as it was asked.
        answer: what the person reads, with citation marks.
        abstained: whether that is only that the documents do not say.
        confidence: estimated probability, 0 to 1, that the likeliest passage states the answer.
        sentences: of the answer; empty when abstained.
        citations: one for each passage that is cited, with the words that its first sentence rests on; those of each
            sentence are its ``quotes``.
        passages: those that were found, the cited ones first, in the order in which they are cited, then the likeliest;
            their numbers are their places here, 1-based.
        model: name of the language model.
        context: what the model was given.
        timings: seconds by stage, and ``answer_tokens``, the number of generated tokens.
        signals: features of each passage that was judged, the likeliest first; see
            :class:`ragapp.answer.calibration.Features`.
        judged: the numbers of these passages.
        note: what the person should know beside the answer; may be empty.
        language: of the question and the answer, ISO 639-1; empty where it is unknown.
        suggested_caution: the caution with which a refused question would be tried; empty where none would do.
        bolder: the same, by the name that version 0.1 gave it.
        standalone: the question as it was understood in its conversation; the same where it stands alone.
        turns_dropped: earlier turns of the conversation that the model could not be shown.
        conversation: id of the conversation that keeps this answer, None where none does.
        warnings: of the documents that are cited, or, when abstained, of those that were read for it.
        grade: what the answer is worth.
        doubt: why a likely answer is to be checked, a sentence in the language of the question; else empty.
        not_stated: what the question asks for besides and no passage states, in the question's words.
        stopped: whether somebody stopped it, so that it is what was proved until then.
        basis: what it rests on: passages of the documents, the list of documents, or ragapp itself (small talk, what it
            can do); only the first has citations.
        listed: the documents that it names, where it rests on their list.
        query: the SQL by which a figure or a list was found in tables, a statement a line; empty for other answers.
        rows: the first rows of those tables that it rests on.
        rows_found: how many rows these are in all.
        filters: what its documents were restricted to, and what the question proposed.
    """

    question: str
    answer: str
    abstained: bool
    confidence: float
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    model: str = ""
    context: AnswerContext = AnswerContext()
    timings: dict[str, int | float] = field(default_factory=dict)
    signals: tuple[dict[str, float], ...] = ()
    judged: tuple[int, ...] = field(default=(), kw_only=True)
    note: str = ""
    language: str = ""
    suggested_caution: Caution | Literal[""] = ""
    bolder: Caution | Literal[""] = ""
    standalone: str = ""
    turns_dropped: int = 0
    conversation: int | None = None
    warnings: tuple[DocumentWarnings, ...] = ()
    grade: Grade = "answered"
    doubt: str = ""
    not_stated: tuple[str, ...] = ()
    stopped: bool = False
    basis: Basis = "documents"
    listed: tuple[Place, ...] = ()
    query: str = ""
    rows: tuple[TableRow, ...] = ()
    rows_found: int = 0
    filters: Filters = Filters()

    def __post_init__(self) -> None:
        if self.abstained:  # also in records of earlier versions, which had no grades
            object.__setattr__(self, "grade", "not_found")

    @property
    def understood_as(self) -> str:
        """The question that was answered, where that is another than was asked; else empty."""
        return "" if self.standalone == " ".join(self.question.split()) else self.standalone


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages found for a query, the best first.

    Attributes:
        query: as it was asked.
        hits: what was found.
        seconds: in all.
        stages: seconds by stage: ``embed``, ``search`` and, where there is a reranker, ``rerank``.
        note: what the person should know beside the hits; may be empty.
    """

    query: str
    hits: tuple[Passage, ...]
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    note: str = ""
