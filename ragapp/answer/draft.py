"""An answer while it is being made: sentences of several writings, cited and numbered as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ragapp.answer.answerability import JudgedPassage
from ragapp.answer.grounding import MARK, Similarity, own_sentences
from ragapp.contract import Citation, Proved, Sentence, TableRow
from ragapp.index.analysis import content_terms
from ragapp.retrieval.passage import ScoredChunk


@dataclass(slots=True)
class Draft:
    """An answer in the making; an abstention until something is stated.

    Attributes:
        text: what the person reads.
        confidence: probability, 0 to 1, that the likeliest passage states the answer; of several parts the lowest.
        own_words: whether some of it is the passage's own words, since what was written is not stated there.
        passages: those of the answer, the cited ones first (see :meth:`number`), then the likeliest; a citation's
            number is the place here, 1-based.
        used: those that were written from.
        judged: one for each passage that was judged, the likeliest first.
        notes: what the person should know beside the answer.
        not_stated: parts of the question that no passage states.
        prompt_tokens: of the longest prompt that was written from.
        lines: whether each sentence is a line of its own.
        doubt: why it is to be checked, whatever its confidence; empty where nothing is doubtful.
        query: the SQL that found it in tables; else empty.
        rows: the first rows of tables that it rests on.
        rows_found: how many these are in all.

    Sentences and citations are only ever added, and none changes, so each can be told as soon as it is there.
    """

    question: str
    text: str
    language: str
    abstained: bool = True
    confidence: float = 0.0
    own_words: bool = False
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    passages: list[ScoredChunk] = field(default_factory=list)
    used: list[ScoredChunk] = field(default_factory=list)
    judged: list[JudgedPassage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_stated: list[str] = field(default_factory=list)
    prompt_tokens: int = 0
    lines: bool = False
    doubt: str = ""
    query: str = ""
    rows: list[TableRow] = field(default_factory=list)
    rows_found: int = 0
    _told: int = 0  # sentences that :meth:`proved` gave
    _cited: int = 0  # passages that have a number

    def proved(self) -> Iterator[Proved]:
        """Each sentence that was added since the last time, with the citations that came with it."""
        while self._told < len(self.sentences):
            sentence = self.sentences[self._told]
            known = {n for one in self.sentences[: self._told] for n in one.citations}
            new = tuple(one for one in self.citations if one.n in sentence.citations and one.n not in known)
            self._told += 1
            yield Proved(sentence, new, lines=self.lines, language=self.language)

    def number(self, passage: ScoredChunk) -> int:
        """The number of a passage: those that are cited come first, in the order in which they are cited.

        One that is not there yet is added; one that has grown takes its own place.
        """
        ids = [shown.chunk.id for shown in self.passages]
        at = ids.index(passage.chunk.id) if passage.chunk.id in ids else len(ids)
        known = self.passages.pop(at) if at < len(ids) else passage
        # none behind those that have a number was told yet
        place = min(at, self._cited)
        self._cited += at >= self._cited
        self.passages.insert(place, max(known, passage, key=lambda one: len(one.chunk.text)))
        return place + 1

    def state(self, sentences: Sequence[Sentence], citations: Sequence[Citation], used: Sequence[ScoredChunk]) -> bool:
        """Add what was grounded in some passages, which it numbers from 1; what none of them states is left out.

        What the answer says already is not said again. Returns whether the passages state anything.
        """
        stated = False
        cited = {citation.n: citation for citation in citations}
        said = [self._words(sentence.text) for sentence in self.sentences]
        for sentence in sentences:
            words = self._words(sentence.text)
            if not sentence.supported:
                continue
            stated = True
            if any(words and words <= other for other in said):
                continue
            said.append(words)
            numbers = tuple(self.number(used[n - 1]) for n in sentence.citations)
            marks = "".join(f" [{n}]" for n in numbers)
            self.sentences.append(
                Sentence(f"{MARK.sub('', sentence.text).strip()}{marks}", True, numbers, sentence.quotes)
            )
            for n, own in zip(sentence.citations, numbers, strict=True):
                if all(known.n != own for known in self.citations):
                    self.citations.append(replace(cited[n], n=own))
        if stated:
            self._say()
        return stated

    def add(self, sentence: Sentence) -> None:
        """Add a sentence as it is, whatever has been said; its numbers are those of :meth:`number`."""
        self.sentences.append(sentence)
        self._say()

    def quote(self, question: str, passage: ScoredChunk, written: str = "", similar: Similarity | None = None) -> bool:
        """Add the passage's own sentence that is nearest to a question and what was written; whether there is one."""
        found = own_sentences(question, passage, self.language, written, similar=similar)
        if found is None:
            return False
        before = len(self.sentences)
        self.state([found[0]], [found[1]], [passage])
        self.own_words |= len(self.sentences) > before
        return True

    def _say(self) -> None:
        self.abstained = False
        self.text = ("\n" if self.lines else " ").join(sentence.text for sentence in self.sentences)

    def _words(self, text: str) -> frozenset[str]:
        return frozenset(content_terms(MARK.sub("", text), self.language))
