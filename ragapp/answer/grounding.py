"""Holding an answer against its passages: which passage states each sentence, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragapp.answer import facts
from ragapp.answer.orders import as_evidence
from ragapp.answer.sentences import sentence_spans
from ragapp.answer.spans import best_span
from ragapp.contract import Citation, Sentence
from ragapp.index.analysis import content_terms, content_words
from ragapp.retrieval.passage import Passage

MARK = re.compile(r"\s*\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
_LEADING_MARKS = re.compile(rf"(?:{MARK.pattern})+\s*")
_ITEM_NUMBER = re.compile(r"^(\d{1,2})[.)]\s+")
# share of what a sentence adds that the passage must hold
SUPPORT_SHARE = 0.5
# by how much another passage must hold more of a sentence to take a citation over
CITED_MARGIN = 0.34
# a sentence in other words than the passage's is supported where the meanings are so near, 0 unrelated to 1 identical
SIMILAR = 0.75
# languages whose nouns all have capitals, so that a capital is no sign of a name
_CAPITAL_NOUNS = {"de", "lb"}

#: how near a text is to others, 0 unrelated to 1 identical, for wording that differs
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# offsets in a passage's text
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Held:
    """What a passage has of a sentence.

    Attributes:
        share: of what the sentence adds to the question, 0 to 1; 0 where a figure, date or name is missing.
        cited: whether the model named the passage.
        echoed: share of the question's words that it has.
    """

    share: float
    cited: bool
    echoed: float


def ground(
    answer: str, question: str, passages: Sequence[Passage], language: str, similar: Similarity | None = None
) -> tuple[list[Sentence], list[Citation]]:
    """Tie each sentence of an answer to the passage that states it.

    A sentence is supported when every number (with its unit), date and name in it, and most of the words that it does
    not share with the question, occur in the passage, and neither denies what the other says.  A citation to a passage
    that does not support the sentence is moved to one that does, or dropped.  Orders to the program that reads a
    passage support nothing.

    Args:
        answer: as the model wrote it, with marks such as ``[1]``.
        question: words that the sentence merely repeats prove nothing.
        passages: in the order of their numbers in the prompt.
        language: ISO 639-1 code of the answer.
        similar: judges sentences whose words differ from the passage's; None leaves them unsupported.

    Returns:
        The sentences with corrected marks, and one citation for each passage that is cited, in order of appearance.
    """
    passages = [as_evidence(passage) for passage in passages]
    sentences: list[Sentence] = []
    citations: dict[int, Citation] = {}
    written = split_sentences(answer)
    numbered = _is_numbered(written)
    for raw in written:
        cited = [int(n) for group in MARK.findall(raw) for n in re.findall(r"\d+", group)]
        text = MARK.sub("", raw).strip()
        claim = _ITEM_NUMBER.sub("", text) if numbered else text
        if not claim.strip(" .,;:!?"):
            continue
        order = [n for n in dict.fromkeys(cited) if 1 <= n <= len(passages)]
        found = _supporting(claim, question, passages, language, order, similar)
        if found is None:
            sentences.append(Sentence(text, False, ()))
            continue
        n, span = found
        citations.setdefault(n, _cite(n, passages[n - 1], span))
        sentences.append(Sentence(f"{text} [{n}]", True, (n,)))
    return sentences, list(citations.values())


def split_sentences(text: str) -> list[str]:
    """Sentences of an answer; a mark behind the full stop stays with its sentence, a line break ends one."""
    sentences: list[str] = []
    for line in map(str.strip, text.splitlines()):
        for number, part in enumerate(line[begin:end] for begin, end in sentence_spans(line)):
            marks = _LEADING_MARKS.match(part)
            if number and marks:
                sentences[-1] += f" {marks[0].strip()}"
                part = part[marks.end() :]
            if part:
                sentences.append(part)
    return sentences


def _is_numbered(sentences: Sequence[str]) -> bool:
    """Whether an answer counts its points: those numbers are no figures of the documents, any other may be."""
    numbers = [int(item[1]) for item in map(_ITEM_NUMBER.match, sentences) if item]
    return len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1))


def _supporting(
    text: str,
    question: str,
    passages: Sequence[Passage],
    language: str,
    cited: Sequence[int],
    similar: Similarity | None,
) -> tuple[int, Span] | None:
    """Which passage states a sentence, and where: a cited one if any does, else the one that holds most of it.

    Between passages that hold as much of the sentence, the one that holds more of the question wins: two versions of
    a policy share many sentences, and the question says which is meant.
    """
    asked = set(content_terms(question, language))
    held: dict[int, _Held] = {}
    for n, passage in enumerate(passages, 1):
        terms = _terms(passage, language)
        echoed = len(asked & terms) / len(asked) if asked else 0.0
        held[n] = _Held(_support(text, question, passage, terms, language, similar), n in cited, echoed)
    best_first = sorted(held, key=lambda n: (-held[n].share, not held[n].cited, -held[n].echoed, n))
    # the model's own choice stands unless another passage holds clearly more
    kept = [n for n in cited if best_first and held[best_first[0]].share - held[n].share < CITED_MARGIN]
    for n in dict.fromkeys([*kept, *best_first]):
        if held[n].share < SUPPORT_SHARE:
            continue
        span = _span(text, question, passages[n - 1], language)
        if not _denied(text, passages[n - 1], span, language):
            return n, span
    return None


def _terms(passage: Passage, language: str) -> set[str]:
    """Terms of a passage with its title and headings, stemmed in its own language and in the answer's."""
    shown = _shown(passage)
    return set(content_terms(shown, passage.chunk.language)) | set(content_terms(shown, language))


def _shown(passage: Passage) -> str:
    chunk = passage.chunk
    return " \n ".join((chunk.title, *chunk.headings, chunk.text))


def _support(
    text: str, question: str, passage: Passage, held: set[str], language: str, similar: Similarity | None
) -> float:
    """Share of what a sentence adds to the question that a passage holds; 0 when a figure, date or name is missing.

    A number counts for two words: the same figure in the same passage is seldom chance.
    """
    shown = _shown(passage)
    if facts.changes_a_figure(text, shown, question):
        return 0.0
    asked = set(content_terms(question, language))
    text, days = facts.without_shared_dates(text, shown)
    if language not in _CAPITAL_NOUNS and not set(content_terms(" ".join(facts.names(text)), language)) <= held | asked:
        return 0.0
    given = facts.numbers_and_parts(question)
    figures = [number for number in facts.numbers(text) if number not in given]
    words = content_words(text, language)
    own = words - asked
    # an echo of the question adds nothing, so all of it must be in the passage
    held_figures = 2 * (len(figures) + days)
    own = own if own or held_figures else words
    weight = len(own) + held_figures
    share = (len(own & held) + held_figures) / weight if weight else 0.0
    if share < SUPPORT_SHARE and similar and weight:
        statement = passage.chunk.text[slice(*_span(text, question, passage, language))]
        share = SUPPORT_SHARE if similar(text, [statement])[0] >= SIMILAR else share
    return share


def _denied(text: str, passage: Passage, span: Span, language: str) -> bool:
    if passage.chunk.language != language:
        return False
    statement = passage.chunk.text[slice(*span)]
    return facts.denies(text, statement, language, lambda words: content_terms(words, language))


def _span(text: str, question: str, passage: Passage, language: str) -> Span:
    return best_span(passage.chunk.text, text, question, language, passage.chunk.language)


def _cite(n: int, passage: Passage, span: Span) -> Citation:
    chunk = passage.chunk
    quote = chunk.text[slice(*span)]
    # a table chunk repeats its header: its rows stand in the unit at the end of its span
    shift = chunk.end - len(chunk.text)
    start = max(chunk.start, shift + span[0])
    place = (chunk.document, chunk.path, chunk.unit, chunk.label, chunk.kind)
    return Citation(*place, n=n, quote=quote, start=start, end=start + len(quote))
