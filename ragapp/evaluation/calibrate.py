"""Learning from a person's own questions when to answer and when to say that the documents do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ragapp.answer.calibration import Calibration, Example, fit
from ragapp.answer.signals import Signals
from ragapp.contract import Answer
from ragapp.errors import UsageError
from ragapp.evaluation.runner import Question, Result
from ragapp.evaluation.scores import contains_answer


def calibrate(results: Sequence[Result], start: Calibration) -> tuple[Calibration, dict[str, Any]]:
    """Fit a calibration to answered questions.

    Args:
        results: of questions that were all answered, whatever the confidence (``answer.threshold`` 0).
        start: what to stay near where there are few questions.

    Returns:
        The calibration, and for each caution the share of right answers that is given and of others that is refused.

    Raises:
        UsageError: there are too few questions with known answers, or none that the documents do not answer.
    """
    known = [(r.question, r.answer) for r in results if r.answer and r.answer.signals]
    known = [(question, answer) for question, answer in known if question.answers or not question.answerable]
    if not known:
        raise UsageError("No question of the file says what the right answer is.", "Give each line `answers`.")
    examples = [example_of(question, answer) for question, answer in known]
    right = [example.right for example in examples]
    fitted = fit(examples, start)
    p = [fitted.likeliest(example.signals) for example in examples]
    told: dict[str, Any] = {"questions": len(known), "right": sum(right)}
    for caution, threshold in fitted.thresholds.items():
        given = [value >= threshold for value in p]
        told[caution] = {
            "threshold": threshold,
            "right_answers_given": _share(g for g, r in zip(given, right, strict=True) if r),
            "others_refused": _share(not g for g, r in zip(given, right, strict=True) if not r),
        }
    return fitted, told


def example_of(question: Question, answer: Answer) -> Example:
    """What a question that was answered teaches."""
    signals = tuple(Signals(**values) for values in answer.signals)
    # the passages that were read come first
    texts = [passage.text for passage in answer.passages[: len(signals)]]
    states = tuple(question.answerable and contains_answer(text, question.answers) for text in texts)
    return Example(signals, states, is_right(question, answer))


def is_right(question: Question, answer: Answer) -> bool:
    """Whether an answer is right: the documents hold one, and it was given."""
    return question.answerable and not answer.abstained and contains_answer(answer.answer, question.answers)


def _share(values: Iterable[bool]) -> float:
    every = list(values)
    return round(sum(every) / max(1, len(every)), 4)
