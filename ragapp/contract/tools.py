"""What programs get that use ragapp's tools: an answer sentence by sentence, a part of a document or of the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.contract.answers import Answer, DocumentWarnings, Filters, Passage, Place, Sentence, TableRow
from ragapp.contract.documents import Document, UnreadFile
from ragapp.contract.terms import Basis, Caution, Grade

_NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Place):
    """Words of a document that a sentence rests on.

    Attributes:
        n: number by which the sentence cites it.
        quote: the exact words; empty in answers that an earlier version kept.
    """

    n: int
    quote: str


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence of an answer with all that it rests on.

    Attributes:
        text: with its citation marks, such as ``[1]``.
        supported: the verdict: whether the words of its sources state it.
        sources: none where it is not supported.
    """

    text: str
    supported: bool
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, sentence: Sentence, passages: dict[int, Place]) -> CheckedSentence:
        """A sentence of an answer whose passages have these numbers."""
        quotes = dict(zip(sentence.citations, sentence.quotes, strict=False))
        sources = tuple(
            Source(place.document, place.path, place.page, place.label, place.kind, n=n, quote=quotes.get(n, ""))
            for n in sentence.citations
            if (place := passages.get(n))
        )
        return cls(sentence.text, sentence.supported, sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAnswer:
    """An answer that stands by itself: each sentence with its verdict, and the quote, document and page it rests on.

    Attributes:
        question: as it was asked; of a summary, the document's name.
        grade: what the answer is worth: ``likely`` is to be checked, ``not_found``: the documents do not say.
        answer: what a person reads, with citation marks.
        doubt: why a likely answer is to be checked, of a figure what may be wrong with it; else empty.
        sentences: of the answer; none where the documents do not say.
        not_stated: what the question asks for besides and no passage states.
        nearest: where the documents do not say, the passages that come nearest; else empty.
        confidence: estimated probability, 0 to 1, that the likeliest passage states the answer.
        suggested_caution: the caution with which a refused question would be tried; empty where none would do.
        note: what a person should know beside the answer; may be empty.
        stopped: whether it was stopped, so that it is what was proved until then.
        basis: what it rests on: passages of the documents, the list of documents, or ragapp itself; only the first has
            sources.
        listed: the documents that it names, where it rests on their list.
        query: the SQL by which a figure or a list was found in tables, a statement a line; empty for other answers.
        rows: the first rows of those tables that it rests on, each with its place.
        rows_found: how many rows these are in all.
        filters: what its documents were restricted to, and what the question proposed.
        warnings: what was not read of the documents that it rests on.
        language: of the answer, ISO 639-1; empty where it is unknown.
        model: name of the language model.
        seconds: in all.
    """

    question: str
    grade: Grade
    answer: str
    doubt: str = ""
    sentences: tuple[CheckedSentence, ...] = ()
    not_stated: tuple[str, ...] = ()
    nearest: tuple[Passage, ...] = ()
    confidence: float = 0.0
    suggested_caution: Caution | Literal[""] = ""
    note: str = ""
    stopped: bool = False
    basis: Basis = "documents"
    listed: tuple[Place, ...] = ()
    query: str = ""
    rows: tuple[TableRow, ...] = ()
    rows_found: int = 0
    filters: Filters = _NO_FILTERS
    warnings: tuple[DocumentWarnings, ...] = ()
    language: str = ""
    model: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, answer: Answer) -> CheckedAnswer:
        """What an answer says; of its passages, only what its sentences rest on, or, where it has none, the nearest."""
        # of a summary only what is cited is kept
        places: dict[int, Place] = {one.n: one for one in answer.citations}
        places |= dict(enumerate(answer.passages, 1))
        return cls(
            question=answer.question,
            grade=answer.grade,
            answer=answer.answer,
            doubt=answer.doubt,
            sentences=tuple(CheckedSentence.of(one, places) for one in answer.sentences),
            not_stated=answer.not_stated,
            nearest=answer.passages if answer.abstained else (),
            confidence=answer.confidence,
            suggested_caution=answer.suggested_caution,
            note=answer.note,
            stopped=answer.stopped,
            basis=answer.basis,
            listed=answer.listed,
            query=answer.query,
            rows=answer.rows,
            rows_found=answer.rows_found,
            filters=answer.filters,
            warnings=answer.warnings,
            language=answer.language,
            model=answer.model,
            seconds=float(answer.timings.get("total_s", 0.0)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitText(Place):
    """A part of the stored text of one page, slide, sheet or section.

    Attributes:
        id: of the document.
        units: how many pages, slides, sheets or sections the document has.
        text: the part.
        start: offset of its first character in the unit's text.
        characters: of the unit's whole text.
        next_start: where the next part begins, None behind the last.
        coverage: where the text comes from, or why there is none: ``text``, ``ocr``, ``needs_ocr``, ``empty``.
    """

    id: int
    units: int
    text: str
    start: int = 0
    characters: int = 0
    next_start: int | None = None
    coverage: str = ""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A part of the list of documents.

    Attributes:
        documents: by name.
        unread: files of this part of the list that could not be read.
        total: how many lines the whole list has, both kinds.
        next_offset: where the next part begins, None behind the last.
    """

    documents: tuple[Document, ...]
    unread: tuple[UnreadFile, ...]
    total: int
    next_offset: int | None = None


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """A collection: a named set of folders and documents.

    Attributes:
        name: by which it can be asked.
        members: patterns of its folders and documents.
        documents: how many it has now.
    """

    name: str
    members: tuple[str, ...]
    documents: int


@dataclass(frozen=True, slots=True)
class TagSize:
    """A tag, and how many documents have it."""

    tag: str
    documents: int


@dataclass(frozen=True, slots=True)
class LabelList:
    """All collections and tags, by name."""

    collections: tuple[CollectionSize, ...]
    tags: tuple[TagSize, ...]


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document with its tags and the collections that it belongs to."""

    id: int
    document: str
    path: str
    tags: tuple[str, ...]
    collections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The documents whose tags or collections were changed, as they are now."""

    documents: tuple[LabelledDocument, ...]
