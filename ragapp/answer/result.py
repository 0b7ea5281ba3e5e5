"""What an answer is: sentences, citations, passages and figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ragapp.caution import Caution
from ragapp.retrieval.passage import Passage


@dataclass(frozen=True, slots=True)
class Citation:
    """A number in the answer, tied to exact words of one page.

    Attributes:
        n: the number, that of the passage in the prompt.
        document: file name.
        path: of the file.
        page: 1-based position in the file.
        label: printed page label, sheet or slide name; may be empty.
        quote: exact words of the stored text.
        start: offset of the quote in its unit's stored text.
        end: offset behind it.
        kind: what the unit is called: page, slide, sheet, section, …
    """

    n: int
    document: str
    path: str
    page: int
    label: str
    quote: str
    start: int
    end: int
    kind: str = "page"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer.

    Attributes:
        text: with its citation marks.
        supported: whether a cited passage states it.
        citations: numbers of the passages that do.
    """

    text: str
    supported: bool
    citations: tuple[int, ...]


@dataclass(slots=True)
class Answer:
    """All that is known about one answer; :meth:`as_json` gives the shape that programs rely on.

    Attributes:
        question: what was asked.
        answer: what the person reads, with citation marks.
        abstained: whether that is only that the documents do not say.
        confidence: estimated probability, 0 to 1, that the likeliest passage states the answer.
        sentences: of the answer; empty when abstained.
        citations: one for each passage that is cited.
        passages: those that were found; their numbers are their places here, 1-based.
        model: name of the language model.
        context: tokens of window and prompt, passages used and dropped.
        timings: seconds, and the number of generated tokens.
        signals: what is known of each passage that was read, in their order, see
            :class:`ragapp.answer.signals.Signals`; the confidence was worked out from the first.
        note: what the person should know beside the answer; may be empty.
        language: of the question and so of the answer, ISO 639-1; empty where it is unknown.
        bolder: the caution with which it would be tried to answer what was refused; empty where none would do.
    """

    question: str
    answer: str
    abstained: bool
    confidence: float
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    model: str = ""
    context: dict[str, int] = field(default_factory=dict)
    timings: dict[str, float | int] = field(default_factory=dict)
    signals: list[dict[str, float]] = field(default_factory=list)
    note: str = ""
    language: str = ""
    bolder: Caution | Literal[""] = ""

    def as_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return {
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "confidence": round(self.confidence, 4),
            "sentences": [
                {"text": s.text, "supported": s.supported, "citations": list(s.citations)} for s in self.sentences
            ],
            "citations": [
                {
                    "n": c.n,
                    "document": c.document,
                    "path": c.path,
                    "page": c.page,
                    "label": c.label,
                    "kind": c.kind,
                    "quote": c.quote,
                    "start": c.start,
                    "end": c.end,
                }
                for c in self.citations
            ],
            "passages": [passage_json(n, passage) for n, passage in enumerate(self.passages, 1)],
            "model": self.model,
            "context": self.context,
            "timings": self.timings,
            "signals": [{name: round(value, 4) for name, value in read.items()} for read in self.signals],
            "note": self.note,
            "language": self.language,
            "bolder": self.bolder,
        }


def passage_json(n: int, passage: Passage) -> dict[str, Any]:
    """A passage of an answer as plain values; ``n`` is its number in the prompt."""
    chunk = passage.chunk
    return {
        "n": n,
        "document": chunk.document,
        "path": chunk.path,
        "page": chunk.unit,
        "label": chunk.label,
        "kind": chunk.kind,
        "heading": " > ".join(chunk.headings),
        "text": chunk.text,
        "score": round(passage.score, 4),
        "also_in": [
            {"document": other.document, "path": other.path, "page": other.unit, "label": other.label}
            for other in passage.also_in
        ],
    }


def hit_json(passage: Passage) -> dict[str, Any]:
    """A passage of a search as plain values."""
    values = passage_json(0, passage)
    del values["n"]
    return {
        **values,
        "dense": round(passage.dense, 4),
        "lexical": round(passage.lexical, 4),
        "coverage": round(passage.coverage, 4),
    }
