"""What the makers of an answer share: the model, its prompts, and the writing of one request, held to the passages."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ragapp.answer.answerability import SURE, AnswerabilityJudge, JudgedPassage
from ragapp.answer.calibration import Calibration
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import MARK, Grounding, Similarity, ground
from ragapp.answer.prompts import PromptSet, answer_messages, request_messages, without_place
from ragapp.answer.question_kind import Kind
from ragapp.answer.repetition import loop_start
from ragapp.answer.subjects import Subjects
from ragapp.contract import Citation, Event, Place, Sentence, Stage, Thought
from ragapp.index.analysis import known_terms
from ragapp.index.catalog import Catalog
from ragapp.index.sentences import sentence_spans
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk
from ragapp.retrieval.postprocess import continued
from ragapp.retrieval.question_language import question_language
from ragapp.settings import Settings

# characters of what the section says next that are read with a passage
NEXT_CHARACTERS = 1200
# share of a question's words that a passage has which is written from beside a likelier one
SUBJECT_SHARE = 0.5
# words from which on the language of a text is judged
_TELLING_WORDS = 5
# how a whole sentence ends, with its marks behind it
_ENDED = re.compile(rf"[.!?…][\"'»”’)\]]*(?:{MARK.pattern})*\s*\Z")


Read = TypeVar("Read")


@dataclass(slots=True)
class Workbench:
    """What the makers of one answer share.

    Attributes:
        question: as a whole.
        subjects: its particulars, held against passages.
        language: of the question, ISO 639-1; empty where it is unknown.
        enough: probability, 0 to 1, below which nothing is answered.
        passages: those of the search that the model may read, the best first.
        found: all that the search gave.
        search: for a question, so many passages, restricted as the question is.
        budget: tokens of passages that may be read.
        started: when the question came, by the monotonic clock.
        timings: seconds by stage, filled in.
        beyond: passages for which the budget has no room, but each of which the model can read: they are read where
            the others do not answer.
    """

    question: str
    engine: LanguageModel
    prompts: PromptSet
    settings: Settings
    calibration: Calibration
    language: str
    enough: float
    passages: Sequence[ScoredChunk]
    found: Sequence[ScoredChunk]
    search: Callable[[str, int], RetrievalResult]
    budget: int
    cancelled: Callable[[], bool]
    catalog: Catalog | None
    similar: Similarity | None
    subjects: Subjects
    started: float
    timings: dict[str, int | float]
    beyond: Sequence[ScoredChunk] = ()

    @property
    def sure(self) -> float:
        """Probability from which on a passage is written from beside a likelier one."""
        return max(self.enough, SURE)

    def timed(self, reading: Callable[[], Read]) -> Read:
        """What a reading of passages gives; the seconds that it takes are counted."""
        begun = time.monotonic()
        try:
            return reading()
        finally:
            self.timings["probe_s"] = round(self.timings.get("probe_s", 0.0) + time.monotonic() - begun, 3)

    def tokens_of(self, question: str, passages: Sequence[ScoredChunk]) -> int:
        """Tokens of the prompt that a question would be answered from."""
        return len(self.engine.prompt_tokens(answer_messages(self.prompts, question, passages, self.engine.escape)))

    def judge(self, question: str, kind: Kind = "fact") -> AnswerabilityJudge:
        """The judge of a question, or of a part of one."""
        return AnswerabilityJudge(self.engine, self.prompts, question, self.calibration, kind == "yes_no")

    def with_next(self, passage: ScoredChunk) -> list[ScoredChunk]:
        """A passage with what its section says next, and where that stands on the next page, that behind it."""
        if self.catalog is None or passage.chunk.text.rstrip().endswith("|"):  # further rows are of something else
            return [passage]
        grown = continued(passage, self.catalog, NEXT_CHARACTERS)
        size = sum(self.engine.count(one.chunk.text) for one in grown)
        return list(grown) if size <= max(self.budget, self.engine.count(passage.chunk.text)) else [passage]

    def strays(self, passage: ScoredChunk) -> bool:
        """Whether a passage in the question's language has, with what stands above it, few of the question's words."""
        chunk = passage.chunk
        if not self.language or chunk.language != self.language:
            return False
        shown = known_terms(f"{above(passage)}\n{chunk.text}", self.language)
        asked = known_terms(self.question, self.language)
        return len(asked & shown) < SUBJECT_SHARE * len(asked)

    def read(
        self, judge: AnswerabilityJudge, passages: Sequence[ScoredChunk], *, every: bool = False
    ) -> Generator[Event, None, list[JudgedPassage]]:
        """Judge passages as :meth:`AnswerabilityJudge.read` does, and tell which is being read."""
        reading = judge.reading(passages, self.cancelled, enough=self.enough, every=every)
        while True:
            try:
                number = self.timed(lambda: next(reading))
            except StopIteration as ended:
                judged: list[JudgedPassage] = ended.value
                return judged
            yield Stage("reading", len(passages), number=number, place=place_of(passages[number - 1]))

    def read_found(
        self, judge: AnswerabilityJudge, *, every: bool = False
    ) -> Generator[Event, None, list[JudgedPassage]]:
        """Judge the passages that were found; where those within the budget do not answer, those beyond it, too.

        Rather a longer wait than an answer that is lost.
        """
        read = yield from self.read(judge, self.passages, every=every)
        if self.beyond and not self.cancelled() and (not read or read[0].probability < self.enough):
            further = yield from self.read(judge, self.beyond, every=every)
            read = sorted([*read, *further], key=lambda one: -one.probability)
        return read

    def write(
        self, draft: Draft, question: str, used: Sequence[ScoredChunk], request: str
    ) -> Generator[Event, None, str]:
        """What the model writes of some passages at a request, unchecked, without what it repeats.

        Where that is in another language than the question it is asked once more; where that does not help, or where
        it writes nothing, the text is empty.
        """
        return (yield from self._written(draft, question, used, request, None))

    def tell(
        self,
        draft: Draft,
        question: str,
        used: Sequence[ScoredChunk],
        request: str,
        *,
        checked: str = "",
        main: bool = False,
        alone: bool = False,
    ) -> Generator[Event, None, tuple[str, bool]]:
        """As :meth:`write`; each sentence that the passages state is added to the draft, and told, once it is written.

        Where nothing is known of the language of the first sentences, all wait for the end of the text.

        Args:
            checked: the question that sentences are held against, where that is another one.
            main: add nothing unless the passages state the first sentence.
            alone: add only the first sentence that they state.

        Returns:
            The text, and whether the passages state anything of it.
        """
        statement = _Statement(
            draft,
            lambda: Grounding(
                checked or question, used, self.language, self.similar, self._subjects(checked or question)
            ),
            used,
            main,
            alone,
        )
        text = yield from self._written(draft, question, used, request, statement)
        yield from draft.proved()
        return text, statement.stated

    def _written(
        self, draft: Draft, question: str, used: Sequence[ScoredChunk], request: str, statement: _Statement | None
    ) -> Generator[Event, None, str]:
        yield Stage("writing", len(used), place=place_of(used[0]))
        draft.used.extend(one for one in used if one not in draft.used)
        messages = request_messages(self.prompts, question, used, self.engine.escape, request)
        draft.prompt_tokens = max(draft.prompt_tokens, len(self.engine.prompt_tokens(messages)))
        text = yield from self._stream(messages, used, statement)
        if self._foreign(text) and not (statement and statement.begun):
            if not self.cancelled():
                again = f"{request} {self.prompts.in_language}"
                messages = request_messages(self.prompts, question, used, self.engine.escape, again)
                text = yield from self._stream(messages, used, statement)
            if self._foreign(text) and not (statement and statement.begun):
                return ""
        if self.engine.stats.ended in ("limit", "time"):
            text = without_cut_off(text)
        # What was told stays where the text changes its language behind it, or where it was cut off by who stopped it.
        cut_off = self.cancelled() and self.engine.stats.ended == "stopped"
        if statement and not cut_off and not self._foreign(text):
            statement.read(text, ended=True)
        return text

    def silently(self, question: str, used: Sequence[ScoredChunk], request: str) -> str:
        """What the model writes of some passages, shown only when it has been checked."""
        messages = request_messages(self.prompts, question, used, self.engine.escape, request)
        text = _returned(self._stream(messages, used))
        return "" if self._foreign(text) else text

    def probability_of_yes(self, question: str, used: Sequence[ScoredChunk]) -> float:
        """The model's probability that passages, which it has read, answer a question with yes; one forward pass."""
        prompts = self.prompts
        messages = request_messages(prompts, question, used, self.engine.escape, prompts.polarity)
        return self.engine.choice_probabilities(messages, (prompts.yes, prompts.no), self.cancelled)[0]

    def ground(self, written: str, question: str, used: Sequence[ScoredChunk]) -> tuple[list[Sentence], list[Citation]]:
        """The sentences of a text with the passages that state them; see :func:`ragapp.answer.grounding.ground`."""
        return ground(written, question, used, self.language, self.similar, self._subjects(question))

    def lacks(self, question: str, passage: ScoredChunk) -> bool:
        """Whether a passage lacks something that a question gives: it is about something else."""
        return bool(self._subjects(question).missing(passage))

    def _subjects(self, question: str) -> Subjects:
        return self.subjects if question == self.question else Subjects(question, self.language, self.catalog)

    def quote(
        self, draft: Draft, question: str, passage: ScoredChunk, probability: float, written: str = "", given: str = ""
    ) -> bool:
        """Add a passage's own words where what was written of it is nothing, or not stated there; whether it has any.

        Only where the passage surely states the answer, by the ``probability`` that it was judged with, and has what
        the question gives, or where that is ``given``, this text.
        """
        if self.cancelled() or probability < self.sure or self.lacks(given or question, passage):
            return False
        return draft.quote(question, passage, MARK.sub("", written), self.similar)

    def _stream(
        self, messages: Sequence[Message], used: Sequence[ScoredChunk], statement: _Statement | None = None
    ) -> Generator[Event, None, str]:
        """What the model writes; what a statement takes of it meanwhile is told."""
        text = ""
        if statement:
            statement.begin()
        for piece in self._pieces(messages):
            self.timings.setdefault("first_token_s", round(time.monotonic() - self.started, 3))
            if isinstance(piece, Thought):
                yield piece
                continue
            text += piece
            begin = loop_start(text)
            if begin >= 0:
                inside = begin > 0 and text[begin - 1].isalnum() and text[begin].isalnum()
                text = text[: text.rfind(" ", 0, begin) + 1] if inside else text[:begin]
                break
            told = without_place(text, used)
            if statement and statement.may_read(told) and self._surely_own(told):
                statement.read(told, ended=False)
                yield from statement.draft.proved()
        self.timings["answer_tokens"] = self.timings.get("answer_tokens", 0) + self.engine.stats.answer_tokens
        text = without_place(text, used)
        return text if any(map(str.isalnum, MARK.sub("", text))) else ""

    def _pieces(self, messages: Sequence[Message]) -> Generator[Thought | str, None, None]:
        most, heat = self.settings.answer.max_tokens, self.settings.llm.temperature
        if not self.settings.llm.thinking:
            yield from self.engine.generate(messages, max_tokens=most, temperature=heat, cancelled=self.cancelled)
            return
        for piece in self.engine.generate_pieces(
            messages, max_tokens=most, temperature=heat, cancelled=self.cancelled, thinking=True
        ):
            yield Thought(piece.text) if piece.kind == "thinking" else piece.text

    def _foreign(self, text: str) -> bool:
        """Whether a text is surely in another language than the question."""
        if not self.language or len(text.split()) < _TELLING_WORDS:
            return False
        found = question_language(text)
        return found.confidence >= 1 and found.code != self.language

    def _surely_own(self, text: str) -> bool:
        """Whether a text is surely in the language of the question, or that is unknown."""
        if not self.language:
            return True
        found = question_language(text)
        return found.confidence >= 1 and found.code == self.language


class _Statement:
    """What passages state of one text, added to a draft while that is being written.

    Attributes:
        stated: whether they state anything.
        begun: whether anything was added.
    """

    def __init__(
        self, draft: Draft, grounding: Callable[[], Grounding], used: Sequence[ScoredChunk], main: bool, alone: bool
    ):
        self.draft, self._make, self._used, self._main, self._alone = draft, grounding, used, main, alone
        self.stated = self.begun = False
        self.begin()

    def begin(self) -> None:
        """Take a text from its beginning; nothing was added of the one before."""
        self._grounding = self._make()
        self._held: list[Sentence] = []  # until a sentence says something
        self._opened = self._refused = False
        self._looked = 0  # sentences that were waiting when it was last looked

    def may_read(self, text: str) -> bool:
        """Whether a text that is being written has more complete sentences than when this was last asked."""
        waiting, before = self._grounding.waiting(text), self._looked
        self._looked = waiting
        return waiting > before

    def read(self, text: str, *, ended: bool) -> None:
        """Add what is stated of the sentences that were not read yet, see :meth:`Grounding.read`."""
        new = self._grounding.read(text, ended=ended)
        self._looked = self._grounding.waiting(text)
        # a line that only introduces a list says nothing that could be stated
        saying = [sentence for sentence in new if not sentence.text.endswith(":")]
        self._held += new
        if not self._opened:
            if not saying:
                return
            self._opened, self._refused = True, self._main and not saying[0].supported
        taken, self._held = self._held, []
        if self._refused:
            return
        if self._alone:
            taken = [] if self.stated else [sentence for sentence in saying if sentence.supported][:1]
        self.stated |= self.draft.state(taken, self._grounding.citations, self._used)
        self.begun |= self.stated


def above(passage: ScoredChunk) -> str:
    """What stands above a passage: the title of its document and its headings."""
    return "\n".join((passage.chunk.title, *passage.chunk.headings))


def place_of(passage: ScoredChunk) -> Place:
    """Where a passage stands."""
    chunk = passage.chunk
    return Place(chunk.document, chunk.path, chunk.unit, chunk.label, chunk.kind)


def _returned(events: Generator[Event, None, str]) -> str:
    """What a generator returns in the end, whatever it yields before."""
    while True:
        try:
            next(events)
        except StopIteration as ended:
            return str(ended.value)


def is_within(passage: ScoredChunk, other: ScoredChunk) -> bool:
    """Whether a passage is part of what another, grown one holds."""
    own, whole = passage.chunk, other.chunk
    same = (own.document_id, own.unit) == (whole.document_id, whole.unit)
    return same and whole.start <= own.start and own.end <= whole.end


def without_cut_off(text: str) -> str:
    """A text without its last sentence where that has no end, unless it is the only one."""
    told = text.rstrip()
    if _ENDED.search(told):
        return text
    before, line = told[: told.rfind("\n") + 1], told[told.rfind("\n") + 1 :]
    spans = list(sentence_spans(line))
    kept = before + (line[: spans[-1][0]] if len(spans) > 1 else "")
    return kept.rstrip() or text
