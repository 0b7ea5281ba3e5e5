"""Questions that the language model writes about passages, and what is looked at before one is believed.

That a model's own questions teach when to answer is known from answering without labelled data; a question is kept only
when the passage bears out its answer and the question leads back to the passage (Alberti et al., Synthetic QA Corpora
Generation with Roundtrip Consistency, ACL 2019).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ragapp.answer.grounding import ground
from ragapp.answer.prompts import DEFAULT_LANGUAGE, Escape, PromptSet, answer_messages, render_passage
from ragapp.answer.table_text import linearize_tables
from ragapp.data_files import load_yaml
from ragapp.evaluation.metrics import contains_answer, normalise
from ragapp.index.analysis import content_terms, folded_words, known_terms
from ragapp.index.records import StoredChunk
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import ScoredChunk

# a question and its answer are written in no more tokens
MOST_TOKENS = 96
MOST_QUESTION_WORDS = 40
MOST_ANSWER_WORDS = 12
# a question that has so many words of the passage in a row, or this share of its own, only copies it
COPIED_WORDS = 9
COPIED_SHARE = 0.75
# content words without which nobody knows what a question is about
LEAST_CONTENT = 2
# chunks that are mostly the same words are versions of each other (Jaccard similarity)
ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class QuestionPrompt:
    """The texts of one language; see the head of ``question_prompts.yaml``."""

    write: str
    question: str
    answer: str
    points: re.Pattern[str]
    aside: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class GeneratedQuestion:
    """A question about a passage, with the answer that the passage gives; either may be empty."""

    question: str
    answer: str


@cache
def question_prompts() -> dict[str, QuestionPrompt]:
    """The texts by language."""
    values = load_yaml("question_prompts.yaml", __file__)
    return {
        code: QuestionPrompt(
            *(texts[name] for name in ("write", "question", "answer")),
            *(re.compile(texts[name], re.IGNORECASE) for name in ("points", "aside")),
        )
        for code, texts in values.items()
    }


def question_messages(chunk: StoredChunk, escape: Escape) -> list[Message]:
    """The chat that asks for a question about a chunk, in the chunk's language."""
    prompts = question_prompts()
    prompt = prompts.get(chunk.language, prompts[DEFAULT_LANGUAGE])
    shown = escape(render_passage(1, ScoredChunk(chunk, 0.0, 0.0, 0.0)).partition("] ")[2])
    within = "" if chunk.language in prompts else f" Write both in the passage's language ({chunk.language})."
    asked = f"{prompt.write}{within}\n{prompt.question} …\n{prompt.answer} …"
    return [{"role": "user", "content": f"{shown}\n{asked}"}]


def write_question(engine: LanguageModel, chunk: StoredChunk, cancelled: Cancelled) -> GeneratedQuestion:
    """Let the model write a question about a chunk.

    Raises:
        CancelledError: stopped while the prompt was read; later, what was written until then is returned.
        ModelError: the model cannot be used, or the chunk does not fit its window.
    """
    messages = question_messages(chunk, engine.escape)
    text = "".join(engine.generate(messages, max_tokens=MOST_TOKENS, cancelled=cancelled))
    return parse_question(text)


def answered_again(
    engine: LanguageModel, prompts: PromptSet, written: GeneratedQuestion, chunk: StoredChunk, cancelled: Cancelled
) -> bool:
    """Whether the model, when it is asked its question with the chunk alone, gives the same answer again.

    What it reads for that is what it reads again when the chunk is judged, so it costs little.

    Raises:
        CancelledError, ModelError: as of :func:`write_question`.
    """
    messages = answer_messages(prompts, written.question, [ScoredChunk(chunk, 0.0, 0.0, 0.0)], engine.escape)
    text = "".join(engine.generate(messages, max_tokens=MOST_TOKENS, cancelled=cancelled))
    return contains_answer(text, [written.answer])


def parse_question(text: str) -> GeneratedQuestion:
    """The question and the answer that a model wrote: behind their labels, else the first two lines."""
    labels = {"question": r"question|frage|pregunta|domanda|vraag|pergunta|q"}
    labels["answer"] = r"answer|r[ée]ponse|antwort|respuesta|risposta|antwoord|resposta|a"
    lines = [line.strip(" *#\t") for line in text.splitlines()]
    lines = [line for line in lines if line]
    found = {}
    for part, words in labels.items():
        label = re.compile(rf"^(?:{words})\W{{0,2}}\s?:\W*?(?=[\w“\"«'’¿¡£$€(-])", re.IGNORECASE)
        found[part] = next((line[match.end() :] for line in lines if (match := label.match(line))), "")
    if not found["question"] and len(lines) >= 2 and lines[0].endswith("?"):
        found = {"question": lines[0], "answer": lines[1]}
    # some write on: the question ends with its mark
    question, mark, _ = found["question"].partition("?")
    return GeneratedQuestion(_without_asides(f"{question}{mark}".strip()), _bare(found["answer"]))


def _without_asides(question: str) -> str:
    """A question without "according to the passage" and the like, which says nothing of what is asked."""
    cut = question
    for prompt in question_prompts().values():
        cut = prompt.aside.sub(" ", cut)
    if cut != question:
        end = " ?" if question.endswith(" ?") else "?"
        question = re.sub(r"[\s,]*\?$", end, " ".join(cut.replace(" , ", " ").split()).lstrip(" ,"))
    return question[:1].upper() + question[1:]


def _bare(answer: str) -> str:
    return answer.strip(' "“”«»*').rstrip(".").strip()


def fault_of(written: GeneratedQuestion, chunk: StoredChunk) -> str:
    """Why a question is not to be used, in a word or two; empty where it is good.

    It must stand alone, be in other words than the passage's own, and have a short answer that stands in the passage,
    that the passage bears out as an answer of the assistant would be, and that the question does not give away.
    """
    question, answer = written.question, written.answer
    words = folded_words(question)
    if not question.endswith("?") or not 3 <= len(words) <= MOST_QUESTION_WORDS:
        return "no question"
    if not normalise(answer) or len(folded_words(answer)) > MOST_ANSWER_WORDS:
        return "no short answer"
    if any(prompt.points.search(question) for prompt in question_prompts().values()):
        return "does not stand alone"
    shown = "\n".join((chunk.title, *chunk.headings, chunk.text))
    terms = set(content_terms(question, chunk.language, known_terms(shown, chunk.language)))
    if len(terms) < LEAST_CONTENT or not terms & known_terms(shown, chunk.language):
        return "is about nothing in the passage"
    if _copied(words, folded_words(chunk.text)):
        return "copies the passage"
    if not contains_answer(chunk.text, [answer]) and not contains_answer(linearize_tables(chunk.text), [answer]):
        return "answer not in the passage"
    if contains_answer(question, [answer]):
        return "gives its answer away"
    sentences, _ = ground(answer, question, [ScoredChunk(chunk, 0.0, 0.0, 0.0)], chunk.language)
    if not sentences or not all(sentence.supported for sentence in sentences):
        return "answer not borne out"
    return ""


def _copied(question: Sequence[str], passage: Sequence[str]) -> bool:
    text = f" {' '.join(passage)} "
    most = max(min(COPIED_WORDS, round(COPIED_SHARE * len(question))), 4)
    return any(f" {' '.join(question[at : at + most])} " in text for at in range(len(question) - most + 1))


def is_found(chunk: StoredChunk, passages: Sequence[ScoredChunk]) -> bool:
    """Whether a chunk, or one that has its place or says the same, is among the passages of a search."""
    every = [one for passage in passages for one in (passage.chunk, *passage.also_in)]
    return any(one.id == chunk.id or _same_place(one, chunk) for one in every)


def whole_text(chunk: StoredChunk) -> str:
    """A chunk's text below all that says what it is of."""
    return "\n".join((chunk.document, chunk.title, *chunk.headings, chunk.text))


def may_answer(passage: ScoredChunk, chunk: StoredChunk, answer: str) -> bool:
    """Whether a passage may answer a question about a chunk, rather too often than too seldom.

    Such are those that state its answer, those of its place in the document, and versions of it, with whatever figures.
    """
    one = passage.chunk
    if one.id == chunk.id or contains_answer(whole_text(one), [answer]) or _same_place(one, chunk):
        return True
    mine, other = set(folded_words(chunk.text)), set(folded_words(one.text))
    return len(mine & other) >= ALIKE * len(mine | other)


def _same_place(one: StoredChunk, other: StoredChunk) -> bool:
    same = (one.document_id, one.unit) == (other.document_id, other.unit)
    return same and one.start < other.end and other.start < one.end
