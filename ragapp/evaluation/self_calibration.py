"""Calibration without labels: the model is asked what it wrote itself about passages of a person's own documents.

Of each passage that is drawn the model writes a question, which is asked twice: as it is, and so that nothing answers
it, by hiding every passage that may, or by changing a name, year or number.  All are answered whatever the confidence,
as ``ragapp eval --calibrate`` does with questions of a person's own, and the calibration is fitted to what came of it.
Every step is kept (:mod:`ragapp.evaluation.outcomes`), so a run that is stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ragapp.answer.assistant import Assistant, answer_of
from ragapp.answer.budget import TokenBudget
from ragapp.answer.calibration import LEAST_OF_A_KIND, SURE_ODDS, Calibration, bounds_around, fit, with_odds
from ragapp.answer.calibration_file import ModelPair, general_calibration, save_calibration
from ragapp.answer.prompts import prompts_for
from ragapp.errors import CancelledError, EmptyStoreError, StoreError, UsageError
from ragapp.evaluation.generated_questions import (
    GeneratedQuestion,
    answered_again,
    fault_of,
    is_found,
    may_answer,
    whole_text,
    write_question,
)
from ragapp.evaluation.metrics import contains_answer
from ragapp.evaluation.near_misses import near_miss
from ragapp.evaluation.outcomes import Drawn, Outcome, OutcomeFile, Variant, written_features
from ragapp.evaluation.sampling import sampled_chunks
from ragapp.index.analysis import content_terms, folded_words, known_terms
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.retrieval.retriever import Retriever

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.index.records import StoredChunk
    from ragapp.llm.interface import LanguageModel

#: questions that are asked unless another number is wanted; each is asked twice
QUESTIONS = 30
#: of fewer nothing is learnt
LEAST_QUESTIONS = 12
# a question must find its passage among so many
FOUND_AMONG = 10
# passages are drawn for a question until so many have given none
MOST_DRAWN = 6
# passages that are looked through for one that answers a changed question, and the share of its words that such a
# one has
STATED_AMONG, STATED_SHARE = 10, 0.5
# texts of the collection whose names are put into near misses
NAMES_FROM = 40
# what a bound is worth that so many outcomes give as they lie, beside the one that is reckoned from all of them
BOUNDS_WEIGHT = 60
# Share of the questions that nothing answers which lie below the bound; what is written is checked besides.
REFUSED_SHARE = 0.85
# Share of right answers above the bound of `answered`, of questions that the model wrote.  They are easier than those
# of people: half as many answers to them are wrong at the same confidence, and .93 is wanted.
SURE_SHARE = 0.965
LOCK_NAME = "calibration.lock"


@dataclass(frozen=True, slots=True)
class CalibrationProgress:
    """How far a self-calibration is: questions done of all, and the seconds that are left, None before the first."""

    done: int
    questions: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What a self-calibration gave.

    Attributes:
        drawn: passages that a question was written about.
        questions: those that were good.
        outcomes: answers that were learnt from.
        right: how many of them were right.
        faults: why other questions were not used, with how often, the most frequent first.
    """

    pair: ModelPair
    calibration: Calibration
    drawn: int
    questions: int
    outcomes: int
    right: int
    faults: dict[str, int]


class HidingRetriever(Retriever):
    """A retriever that shares the parts of another one, and does not find what a function hides."""

    def __init__(self, retriever: Retriever, hides: Callable[[ScoredChunk], bool], deeper: int = 20) -> None:
        vars(self).update(vars(retriever))
        self._hides, self._deeper = hides, deeper

    def search(self, question: str, k: int, within: str = "") -> RetrievalResult:
        """See :meth:`ragapp.retrieval.retriever.Retriever.search`; there may be fewer than ``k`` passages."""
        found = super().search(question, k + self._deeper, within)
        kept = [replace(passage, also_in=()) for passage in found.passages if not self._hides(passage)]
        return replace(found, passages=tuple(kept[:k]))


class SelfCalibration:
    """Calibrates the models in use on the documents of a library.

    Args:
        questions: how many are asked, each twice.
        seed: fixes which passages are drawn.
        cancelled: asked often; True stops the work.
        progress: told after each step.
    """

    def __init__(
        self,
        app: App,
        questions: int = QUESTIONS,
        *,
        seed: int = 0,
        cancelled: Callable[[], bool] = lambda: False,
        progress: Callable[[CalibrationProgress], None] = lambda at: None,
    ) -> None:
        self._app, self._wanted, self._seed = app, questions, seed
        self._cancelled, self._progress = cancelled, progress
        self._outcomes = OutcomeFile(app.settings.paths.data)
        self._settings = app.settings.model_copy(deep=True)
        self._settings.answer.threshold = 0.0
        self._settings.answer.tables = False  # a query over tables says nothing of how passages are judged
        self._others: list[tuple[str, str]] | None = None

    def run(self) -> CalibrationReport:
        """Ask what has not been asked yet, fit the calibration, and save it for these models.

        Raises:
            CancelledError: stopped; the same goes on from there.
            UsageError: there are too few passages, or the model writes too few usable questions.
            StoreError: another process calibrates, or there are no documents.
            ModelError: a model cannot be used.
        """
        if not self._app.store.catalog.chunk_count():
            told = f"There are no documents in the store {self._app.store.folder}."
            raise EmptyStoreError(told, "Add some: ragapp ingest ./docs")
        with self._alone():
            pair = self._app.model_pair()
            drawn, outcomes = self._ask(pair, self._app.engine())
        questions = [one for one in drawn if not one.fault]
        faults = Counter(one.fault for one in drawn if one.fault)
        if len(questions) < min(self._wanted, LEAST_QUESTIONS):
            raise self._too_few(len(drawn), len(questions), faults, pair)
        right = sum(outcome.right for outcome in outcomes)
        if min(right, len(outcomes) - right) < LEAST_OF_A_KIND:
            told = f"Of {len(outcomes)} answers to what {pair.model} wrote itself, {right} were right"
            least = f"{LEAST_OF_A_KIND} right ones and as many others are needed to calibrate."
            raise UsageError(f"{told}; {least}", f"Ask more: ragapp calibrate --questions {2 * self._wanted}")
        calibration = fit_to_outcomes(outcomes)
        save_calibration(self._app.calibration_file, pair, calibration, self._app.former_embedder)
        counts = len(drawn), len(questions), len(outcomes), right
        return CalibrationReport(pair, calibration, *counts, dict(faults.most_common()))

    def forget(self) -> None:
        """Forget what was asked of these models, so that :meth:`run` begins anew."""
        self._outcomes.forget(self._app.model_pair().key)

    def _ask(self, pair: ModelPair, engine: LanguageModel) -> tuple[list[Drawn], list[Outcome]]:
        key = pair.key
        drawn, outcomes = self._outcomes.read(key)
        known = {one.chunk: one for one in drawn}
        asked = {(one.chunk, one.variant == "answerable") for one in outcomes}
        started, worked, done = time.monotonic(), 0, 0
        self._tell(0, started, 0)
        for number, chunk in enumerate(sampled_chunks(self._app.store.catalog, self._seed)):
            if done >= self._wanted or number >= MOST_DRAWN * self._wanted:
                break
            one = known.get(self._hash(chunk))
            fresh = one is None
            if one is None:
                one = self._draw(key, engine, chunk)
                drawn.append(one)
            if one.fault:
                continue
            for answerable in (True, False):
                if (one.chunk, answerable) not in asked:
                    fresh = True
                    outcome = self._answer(one, engine, chunk, answerable, done)
                    if outcome:
                        self._outcomes.add(outcome)
                        outcomes.append(outcome)
            done, worked = done + 1, worked + fresh
            self._tell(done, started, worked)
        return drawn, outcomes

    def _tell(self, done: int, started: float, worked: int) -> None:
        """``worked`` is how many of those that are done were asked since ``started``."""
        left = (time.monotonic() - started) / worked * (self._wanted - done) if worked else None
        self._progress(CalibrationProgress(done, self._wanted, left))

    def _draw(self, key: str, engine: LanguageModel, chunk: StoredChunk) -> Drawn:
        """Let the model write a question about a chunk, and look at it."""
        written = write_question(engine, chunk, self._cancelled)
        self._stop_if_cancelled()
        fault = fault_of(written, chunk)
        if not fault:
            found = self._app.retriever.search(written.question, FOUND_AMONG).passages
            fault = "" if is_found(chunk, found) else "does not find the passage"
        if not fault:
            prompts = prompts_for(chunk.language, self._settings.answer.prompts)
            same = answered_again(engine, prompts, written, chunk, self._cancelled)
            self._stop_if_cancelled()
            fault = "" if same else "answered otherwise when read again"
        documents = (self._document(chunk.document_id),)
        one = Drawn(key, self._hash(chunk), documents, written.question, written.answer, fault)
        self._outcomes.add(one)
        return one

    def _answer(
        self, drawn: Drawn, engine: LanguageModel, chunk: StoredChunk, answerable: bool, number: int
    ) -> Outcome | None:
        """Ask a question, or one that nothing answers; None where no passage was left to judge."""
        written = GeneratedQuestion(drawn.question, drawn.answer)
        retriever, question, documents = self._app.retriever, written.question, set(drawn.documents)
        variant: Variant = "answerable"
        if not answerable:
            variant, question = "hidden", written.question
            # in turn, since what is far from the documents and what is near to them are told apart by different signals
            changed = self._near_miss(written, chunk) if number % 2 else ""
            if changed:
                variant, question = "near_miss", changed
                put_in = set(folded_words(changed)) - set(folded_words(written.question))
                documents |= {sha256 for text, sha256 in self._texts() if put_in & set(folded_words(text))}
        hidden = HidingRetriever(retriever, lambda passage: may_answer(passage, chunk, written.answer))
        assistant = Assistant(
            hidden if variant == "hidden" else retriever,
            lambda: engine,
            self._settings,
            TokenBudget(self._app.store.catalog),
            catalog=self._app.store.catalog,
            similar=self._app.embedder.scaled_similarities,
            calibration=lambda engine: general_calibration(),
        )
        # everywhere, also where the question names a year or a kind of document
        answer = answer_of(assistant.ask(question, scope="*", cancelled=self._cancelled))
        self._stop_if_cancelled()
        if not answer.signals:
            return None
        right = answerable and not answer.abstained and contains_answer(answer.answer, [written.answer])
        judged = [answer.passages[n - 1] for n in answer.judged]
        rows = [self._app.store.catalog.document_at(passage.path) for passage in judged]
        documents |= {row.sha256 for row in rows if row}
        stated = tuple(answerable and contains_answer(passage.text, [written.answer]) for passage in judged)
        return Outcome(
            drawn.pair,
            drawn.chunk,
            tuple(sorted(documents)),
            variant,
            question,
            answer.answer,
            answer.signals,
            stated,
            right,
            written_features(answer),
        )

    def _near_miss(self, written: GeneratedQuestion, chunk: StoredChunk) -> str:
        language = chunk.language

        def is_stated(question: str, wrong: str) -> bool:
            """Whether a passage has what was put in beside most of what is asked."""
            asked = set(content_terms(question, language)) - set(content_terms(wrong, language))
            for passage in self._app.retriever.search(question, STATED_AMONG).passages:
                shown = whole_text(passage.chunk)
                beside = asked & known_terms(shown, language)
                if contains_answer(shown, [wrong]) and len(beside) >= STATED_SHARE * len(asked):
                    return True
            return False

        others = [text for text, _ in self._texts()]
        return near_miss(written.question, language, others, is_stated, self._seed)

    def _texts(self) -> list[tuple[str, str]]:
        """Some texts of the collection, each with the hash of its document."""
        if self._others is None:
            sampled = islice(sampled_chunks(self._app.store.catalog, self._seed), NAMES_FROM)
            self._others = [(one.text, self._document(one.document_id)) for one in sampled]
        return self._others

    def _too_few(self, drawn: int, good: int, faults: Counter[str], pair: ModelPair) -> UsageError:
        if drawn < MOST_DRAWN * self._wanted and drawn < 3 * LEAST_QUESTIONS:
            told = f"There are too few documents to calibrate on: {drawn} passages gave {good} questions."
            least = f"{LEAST_QUESTIONS} are needed, so about {3 * LEAST_QUESTIONS} passages, or a dozen pages."
            return UsageError(f"{told} {least}", "Add documents; until then the calibration stays what it is.")
        why = ", ".join(f"{fault} ({count})" for fault, count in faults.most_common(3))
        few = f"Of {drawn} questions that {pair.model} wrote, {good} can be used, and {LEAST_QUESTIONS} are needed"
        return UsageError(f"{few}: {why}.", "Calibrate with questions of your own: ragapp eval QUESTIONS --calibrate")

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError("Stopped.")

    def _document(self, document_id: int) -> str:
        row = self._app.store.catalog.document(document_id)
        return row.sha256 if row else ""

    def _hash(self, chunk: StoredChunk) -> str:
        whole = f"{self._document(chunk.document_id)}\0{chunk.unit}\0{chunk.text}"
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one process calibrates in a data folder."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._app.settings.paths.data / LOCK_NAME, mode=0o600)
        try:
            with lock.acquire(timeout=0):
                yield
        except Timeout:
            raise StoreError("Another ragapp calibrates on these documents.", "Wait until it has finished.") from None


def fit_to_outcomes(outcomes: Sequence[Outcome], start: Calibration | None = None) -> Calibration:
    """Fit a calibration to the outcomes of questions that the model wrote itself.

    The weights stay near those of ``start`` (the general calibration) where there are few outcomes.  The bound of what
    is answered comes from the questions that nothing answers: those are like what people ask in vain, while a question
    that the model wrote about a passage is nearer to it than theirs are, so that a bound between the two kinds would
    refuse most of what people ask.

    Raises:
        UsageError: there are too few right answers, or too few others.
    """
    fitted = fit([outcome.example for outcome in outcomes], start or general_calibration())
    p = np.array([fitted.max_probability(outcome.example.signals) for outcome in outcomes])
    right = np.array([outcome.right for outcome in outcomes], bool)
    unanswerable = np.array([outcome.variant != "answerable" for outcome in outcomes], bool)
    normal = refusing_cut(p[unanswerable])
    share = len(outcomes) / (len(outcomes) + BOUNDS_WEIGHT)
    sure = _between(with_odds(normal, SURE_ODDS), sure_cut(p, right), share)
    sure = max(sure, with_odds(normal, 2.0))
    bounds = bounds_around(normal), bounds_around(sure)
    return replace(fitted, thresholds=bounds[0], sure_bounds=bounds[1], origin="documents")


def refusing_cut(probabilities: np.ndarray, share: float = REFUSED_SHARE) -> float:
    """The probability below which so large a share of questions lies.

    In a few questions one or two decide where that is; so it is drawn to where it would be if the log-odds were
    distributed normally, as :data:`BOUNDS_WEIGHT` says.
    """
    odds = _log_odds(probabilities)
    reckoned = float(odds.mean() + NormalDist().inv_cdf(share) * odds.std())
    found = float(np.quantile(odds, share))
    weight = 2 * len(odds) / (2 * len(odds) + BOUNDS_WEIGHT)  # each question was asked twice
    return float(1 / (1 + np.exp(-(reckoned + weight * (found - reckoned)))))


def sure_cut(probabilities: np.ndarray, right: np.ndarray, share: float = SURE_SHARE) -> float:
    """The lowest probability above which so large a share of answers is right; the highest where there is none.

    The highest few are no measure: at least :data:`~ragapp.answer.calibration.LEAST_OF_A_KIND` lie above it.
    """
    order = np.argsort(-probabilities, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = [n for n in range(LEAST_OF_A_KIND - 1, len(order)) if shares[n] >= share]
    return float(probabilities[order][enough[-1] if enough else 0])


def _between(one: float, other: float, share: float) -> float:
    """The probability whose log-odds lie between those of two, this share of the way to the other."""
    odds = _log_odds(np.array([one, other]))
    return float(1 / (1 + np.exp(-(odds[0] + share * (odds[1] - odds[0])))))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    p = np.clip(probabilities, 0.01, 0.99)
    return np.asarray(np.log(p / (1 - p)))
