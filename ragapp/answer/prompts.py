"""The prompts, whose texts stand in ``prompts.yaml``: one section a language.

The order is system, passages, question, instruction, so that the probe (whether the passages answer at all) and the
answer share everything before the instruction in the model's prompt cache.

The answer's instruction offers no refusal and asks for no citation: a small model nearly always takes a refusal that it
is offered, and one that is asked for numbers often gives nothing else.  The probe and the grounding do both better.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice

from ragapp.answer.prompt_injection import redact_injections
from ragapp.answer.table_text import linearize_tables
from ragapp.answer.ticked_boxes import ticked_only
from ragapp.data_files import load_yaml
from ragapp.errors import SettingsError
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk

#: makes the model's control tokens in untrusted text plain text
Escape = Callable[[str], str]


DEFAULT_LANGUAGE = "en"
# characters from which on a text may be told to be the place of a passage
_PLACE_BEGUN = 12
_WORDS = re.compile(r"[^\W_]+")
_BEHIND_PLACE = ' *:.,;—–-\n»”"'
# prompts that ask for text, and so for its language
_IN_LANGUAGE = ("answer", "several", "decide", "list", "summary", "shorten")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one language; ``answer.prompts`` of the settings can word each of them anew."""

    system: str
    passages: str  #: line above the passages
    question: str  #: with ``{question}``
    probe: str  #: asks whether the passages answer, by ``yes`` or ``no``
    yes: str
    no: str
    answer: str  #: asks for one sentence
    several: str  #: asks for all that the passages say to the question
    decide: str  #: asks for yes or no and the sentence that decides it
    whether: str  #: asks of a yes/no question for ``yes``, ``no`` or ``unknown``
    unknown: str
    polarity: str  #: asks for ``yes`` or ``no`` as the answer
    in_language: str  #: stands behind a request that was answered in another language
    list: str  #: asks for an answer that names everything
    summary: str  #: asks for a summary of passages
    shorten: str  #: asks for the main points of a summary
    changed: str  #: asks what changed from the first passage to the second, as ``once …; now …``
    once: str  #: pattern of how the first half of that sentence begins
    now: str  #: pattern of how the second half does
    plain: str  #: asks for what one passage says, in one sentence
    not_found: str  #: shown when the documents do not say
    unsure: str  #: the doubt of an answer whose passage may not state it
    own_words: str  #: the doubt of an answer that is the passage's own sentences
    not_stated: str  #: shown below an answer, with ``{parts}`` of the question that no passage states
    disagrees: str  #: shown with the answer of another document: ``{document}``, ``{date}`` and ``{answer}``
    listed: str  #: shown below a list that was made from ``{count}`` of ``{found}`` passages
    rows_shown: str  #: shown below such a list of ``{count}`` rows of which only the first ``{shown}`` are in it
    rows: str  #: shown below a list that is ``{count}`` of the ``{found}`` rows of a table in ``{document}``
    compared: str  #: shown below a comparison that was made from ``{count}`` passages
    of_item: str  #: asks about one thing, ``{item}``, that is compared
    missing: str  #: stands in a comparison for what no passage states
    many_parts: str  #: shown where of a question's ``{count}`` parts only the first ``{read}`` were answered
    searched_only: str  #: shown where the question named the documents to search, by the ``{filter}``
    searched_all: str  #: shown where nothing was found among these
    which_document: str  #: shown where a summary is asked for and several ``{documents}`` may be meant
    long_question: str  #: shown where of a question's ``{words}`` words only ``{read}`` or ``{searched}`` were read
    orders: str  #: shown where a prompt injection in ``{document}`` was left out


_TEXTS = [field.name for field in fields(PromptSet)]


def parse_prompts(sections: Mapping[str, Mapping[str, str]]) -> dict[str, PromptSet]:
    """The prompts by language, from the sections of ``prompts.yaml``, whose head says what each must hold.

    Raises:
        ValueError: a text is missing or unknown; the message names it.
    """
    prompts = {}
    for language, section in sections.items():
        texts = dict(section)
        if name := texts.pop("language", ""):
            english = sections[DEFAULT_LANGUAGE]
            request = f"Answer in {name}."
            asked = {part: f"{english[part]} {request}" for part in _IN_LANGUAGE}
            texts = {**english, **asked, "in_language": request, **texts}
        if wrong := ", ".join(sorted(map(str, texts.keys() ^ set(_TEXTS)))):
            raise ValueError(f"prompts.yaml, section {language}: missing or unknown: {wrong}")
        prompts[language] = PromptSet(**texts)
    return prompts


_SECTIONS = load_yaml("prompts.yaml", __file__)
_ALL_PROMPTS = parse_prompts(_SECTIONS)
#: the languages that have prompts of their own, in which a question can be expected
PROMPTS = {code: prompts for code, prompts in _ALL_PROMPTS.items() if "probe" in _SECTIONS[code]}


def prompts_for(language: str, own: Mapping[str, Mapping[str, str]] | None = None) -> PromptSet:
    """The prompts of a language; where it has none, the English ones, which then ask for an answer in it.

    Raises:
        SettingsError: ``own``, which is ``answer.prompts`` of the settings, names an unknown prompt.
    """
    prompts = _ALL_PROMPTS.get(language, PROMPTS[DEFAULT_LANGUAGE])
    changed = (own or {}).get(language, {})
    for part in changed:
        if part not in _TEXTS:
            near = difflib.get_close_matches(part, _TEXTS, 1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(_TEXTS)}."
            raise SettingsError(f"answer.prompts.{language}: there is no prompt `{part}`.", hint)
    if "{question}" not in changed.get("question", "{question}"):
        raise SettingsError(f"answer.prompts.{language}.question must hold {{question}}.")
    return replace(prompts, **changed)


def long_question_note(prompts: PromptSet, search: RetrievalResult) -> str:
    """What is told of a search whose question was longer than what was read of it."""
    counts = {"read": search.words_read, "searched": search.words_searched, "words": search.words}
    return prompts.long_question.format(**counts)


def render_passage(n: int, passage: ScoredChunk) -> str:
    """A passage as it stands in the prompt: number, document, place in it, text without prompt injections."""
    text = linearize_tables(ticked_only(redact_injections(passage.chunk.text)))
    return f"[{n}] {_page(passage)} — {' > '.join(_path(passage))}\n{text}\n\n"


def _page(passage: ScoredChunk) -> str:
    """The document and page of a passage, as the prompt has them."""
    chunk = passage.chunk
    return f"{chunk.document}, {chunk.label or f'p. {chunk.unit}'}"


def _path(passage: ScoredChunk) -> list[str]:
    """The titles above a passage, outermost first, each once."""
    return list(dict.fromkeys(part for part in (passage.chunk.title, *passage.chunk.headings) if part))


def without_place(text: str, passages: Sequence[ScoredChunk]) -> str:
    """What a model writes without the place of a passage at its beginning, which small models copy from the prompt.

    While it may still be writing one, the text is empty, so that what is told of a growing text only grows.
    """
    begun = text.lstrip(" \n*#>-")
    for passage in passages:
        path = _path(passage)
        for place in [_page(passage), *(" > ".join(path[first:]) for first in range(len(path) - 1))]:
            # by words, since a model puts other signs between the titles
            words = _WORDS.findall(place)
            written = list(islice(_WORDS.finditer(begun), len(words) + 1))  # asked for each token that is written
            same = [word[0] == known for word, known in zip(written, words, strict=False)]
            if len(written) > len(words) > 0 and all(same):
                rest = begun[written[len(words) - 1].end() :].lstrip(_BEHIND_PLACE)
                return without_place(rest, passages)
            last = len(written) - 1
            growing = 0 <= last < len(words) and all(same[:-1]) and words[last].startswith(written[last][0])
            if growing and len(begun) >= _PLACE_BEGUN:
                return ""
    return text


def opening_messages(prompts: PromptSet) -> list[Message]:
    """The beginning that all chats about passages share, for warming the cache."""
    return [{"role": "system", "content": prompts.system}, {"role": "user", "content": f"{prompts.passages}\n"}]


def passage_messages(prompts: PromptSet, passage: ScoredChunk, escape: Escape) -> list[Message]:
    """The beginning that all chats about one passage share, whatever is asked."""
    return _begun(prompts, [passage], escape, "")


def probe_messages(prompts: PromptSet, question: str, passages: Sequence[ScoredChunk], escape: Escape) -> list[Message]:
    """The chat that asks whether the passages state the answer."""
    return _messages(prompts, question, passages, escape, prompts.probe)


def answer_messages(
    prompts: PromptSet, question: str, passages: Sequence[ScoredChunk], escape: Escape
) -> list[Message]:
    """The chat that asks for the answer; it shares all up to its last line with :func:`probe_messages`."""
    return _messages(prompts, question, passages, escape, prompts.answer)


def request_messages(
    prompts: PromptSet, question: str, passages: Sequence[ScoredChunk], escape: Escape, request: str
) -> list[Message]:
    """The chat that ends in a request; it shares all up to that with :func:`probe_messages`."""
    return _messages(prompts, question, passages, escape, request)


def summary_messages(
    prompts: PromptSet, passages: Sequence[ScoredChunk], escape: Escape, shorten: bool = False
) -> list[Message]:
    """The chat that asks for a summary of passages, or for the main points of summaries."""
    return _messages(prompts, None, passages, escape, prompts.shorten if shorten else prompts.summary)


def change_messages(prompts: PromptSet, passages: Sequence[ScoredChunk], escape: Escape) -> list[Message]:
    """The chat that asks what changed from one passage to another, or what a single one says."""
    return _messages(prompts, None, passages, escape, prompts.changed if len(passages) > 1 else prompts.plain)


def _messages(
    prompts: PromptSet, question: str | None, passages: Sequence[ScoredChunk], escape: Escape, instruction: str
) -> list[Message]:
    asked = "" if question is None else prompts.question.replace("{question}", question)
    return _begun(prompts, passages, escape, f"{escape(asked)}\n\n{instruction}")


def _begun(prompts: PromptSet, passages: Sequence[ScoredChunk], escape: Escape, rest: str) -> list[Message]:
    shown = "".join(render_passage(n, passage) for n, passage in enumerate(passages, 1))
    content = f"{prompts.passages}\n{escape(shown)}{rest}"
    return [{"role": "system", "content": prompts.system}, {"role": "user", "content": content}]
