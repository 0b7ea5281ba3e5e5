"""Running a question file, scoring the answers, and refitting the answerability classifier on them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from ragapp.answer.calibration import Calibration, Example, Features, fit
from ragapp.contract import Answer
from ragapp.contract.codec import to_values
from ragapp.errors import PathError, UsageError
from ragapp.evaluation.metrics import contains_answer, exact_match, token_f1, token_recall
from ragapp.plain_words import reason_of

if TYPE_CHECKING:
    from ragapp.app import App

SEARCH_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is known about its answer; what is not known is empty."""

    id: str  #: from the file, or its line number
    text: str
    answers: tuple[str, ...] = ()
    document: str = ""  #: name of the file that answers
    pages: tuple[int, ...] = ()  #: that answer
    answerable: bool = True  #: whether the documents state the answer

    def matches(self, document: str, page: int | None = None) -> bool:
        """Whether a document and page are those that answer."""
        right = not self.document or document == self.document
        return right and (page is None or not self.pages or page in self.pages)


@dataclass(slots=True)
class QuestionResult:
    """What one question gave: the places found, in order, and the answer; None where only a search was made."""

    question: Question
    places: list[tuple[str, int]] = field(default_factory=list)
    answer: Answer | None = None
    seconds: float = 0.0


def read_questions(path: Path) -> list[Question]:
    """Read a question file: one JSON object a line, with ``question`` and the known ones of the other fields.

    Raises:
        PathError: the file cannot be read.
        UsageError: a line is no such object; the message names it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PathError(f"The question file {path} cannot be read: {reason_of(error)}.") from None
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            questions.append(
                Question(
                    str(values.get("id", number)),
                    str(values["question"]),
                    tuple(map(str, values.get("answers") or ())),
                    str(values.get("document") or ""),
                    tuple(map(int, values.get("pages") or ())),
                    bool(values.get("answerable", True)),
                )
            )
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f'{path} line {number} is not {{"question": …}}: {reason_of(error)}.') from None
    if not questions:
        raise UsageError(f"{path} holds no questions.")
    return questions


def run_questions(
    app: App, questions: Sequence[Question], *, with_llm: bool, out: Path | None = None, scope: str = ""
) -> Iterator[QuestionResult]:
    """Ask every question in turn, with one loaded model.

    Args:
        with_llm: whether to answer, or only to search.
        out: file to which each answer is written as it comes, one JSON object a line; without answers the
            passages that were found, the best first.
        scope: restricts the documents; see :class:`ragapp.retrieval.scope.Filter`.
    """
    try:
        stream = out.open("w", encoding="utf-8") if out else None
    except OSError as error:
        raise PathError(f"{out} cannot be written: {error.strerror}.") from None
    with stream or nullcontext():
        for question in questions:
            started = time.monotonic()
            hits = app.retriever.search(question.text, SEARCH_DEPTH, scope).passages
            result = QuestionResult(question, [(hit.chunk.document, hit.chunk.unit) for hit in hits])
            if with_llm:
                result.answer = app.assistant.answer(question.text, scope=scope)
            result.seconds = time.monotonic() - started
            if stream:
                expected = {name: getattr(question, name) for name in ("answers", "document", "pages", "answerable")}
                line = {"id": question.id, "expected": expected, "question": question.text}
                if result.answer:
                    line |= to_values(result.answer)
                else:
                    line["passages"] = [to_values(hit.described(n)) for n, hit in enumerate(hits, 1)]
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                stream.flush()
            yield result


def aggregate(questions: Sequence[Question], results: Sequence[QuestionResult], *, with_llm: bool) -> dict[str, Any]:
    """Scores of a run: each a mean over the questions that it applies to, 0 to 1, None where there are none."""
    located = [r for r in results if r.question.answerable and r.question.document]
    summary: dict[str, Any] = {
        "questions": len(questions),
        "retrieval": {
            "document@5": _mean(any(r.question.matches(d) for d, _ in r.places[:5]) for r in located),
            "page@1": _mean(any(r.question.matches(*p) for p in r.places[:1]) for r in located),
            "page@5": _mean(any(r.question.matches(*p) for p in r.places[:5]) for r in located),
            "mrr@10": _mean(_reciprocal_rank(r) for r in located),
        },
    }
    answers = [(r.question, r.answer) for r in results if r.answer]
    if with_llm:
        known = [(q, a) for q, a in answers if q.answerable and q.answers]
        cited = [(q, a) for q, a in answers if q.answerable and q.document and not a.abstained]
        summary["answers"] = {
            "exact": _mean(exact_match(a.answer, q.answers) for q, a in known),
            "contains": _mean(not a.abstained and contains_answer(a.answer, q.answers) for q, a in known),
            "recall": _mean(0 if a.abstained else token_recall(a.answer, q.answers) for q, a in known),
            "f1": _mean(token_f1(a.answer, q.answers) for q, a in known),
        }
        summary["citations"] = {
            "page_hit": _mean(any(q.matches(c.document, c.page) for c in a.citations) for q, a in cited),
            "quote_found": _mean(
                any(contains_answer(c.quote, q.answers) for c in a.citations) for q, a in cited if q.answers
            ),
        }
        summary["abstention"] = {
            "refused_unanswerable": _mean(a.abstained for q, a in answers if not q.answerable),
            "answered_answerable": _mean(not a.abstained for q, a in answers if q.answerable),
        }
    seconds = sorted(r.seconds for r in results)
    middle = round(seconds[len(seconds) // 2], 3) if seconds else None
    return summary | {"seconds": {"total": round(sum(seconds), 2), "median": middle}}


def calibrate(results: Sequence[QuestionResult], start: Calibration) -> tuple[Calibration, dict[str, Any]]:
    """Fit a calibration to questions that were all answered, whatever the confidence (``answer.threshold`` 0).

    Returns:
        The calibration, which stays near ``start`` where there are few questions, and what it gives: the share of right
        answers that are given and of others that are refused, by caution.

    Raises:
        UsageError: there are too few questions with known answers, or none that the documents do not answer.
    """
    known = [(r.question, r.answer) for r in results if r.answer and r.answer.signals]
    known = [(question, answer) for question, answer in known if question.answers or not question.answerable]
    if not known:
        raise UsageError("No question of the file says what the right answer is.", "Give each line `answers`.")
    examples = [example_of(question, answer) for question, answer in known]
    right = [example.right for example in examples]
    fitted = replace(fit(examples, start), origin="questions")
    p = [fitted.max_probability(example.signals) for example in examples]
    told: dict[str, Any] = {"questions": len(known), "right": sum(right)}
    for caution, threshold in fitted.thresholds.items():
        given = [value >= threshold for value in p]
        told[caution] = {
            "threshold": threshold,
            "right_answers_given": _mean(g for g, r in zip(given, right, strict=True) if r),
            "others_refused": _mean(not g for g, r in zip(given, right, strict=True) if not r),
        }
    return fitted, told


def example_of(question: Question, answer: Answer) -> Example:
    """The training example that an answered question gives."""
    signals = tuple(Features(**values) for values in answer.signals)
    texts = [answer.passages[n - 1].text for n in answer.judged]
    states = tuple(question.answerable and contains_answer(text, question.answers) for text in texts)
    return Example(signals, states, is_right(question, answer))


def is_right(question: Question, answer: Answer) -> bool:
    """Whether the documents answer the question and an expected answer was given."""
    return question.answerable and not answer.abstained and contains_answer(answer.answer, question.answers)


def _reciprocal_rank(result: QuestionResult) -> float:
    ranks = (rank for rank, place in enumerate(result.places, 1) if result.question.matches(*place))
    return 1 / next(ranks, float("inf"))


def _mean(values: Iterable[float]) -> float | None:
    numbers = [float(value) for value in values]
    return round(mean(numbers), 4) if numbers else None
