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

from ragapp.answer import load_yaml
from ragapp.answer.prompt_injection import redact_injections
from ragapp.answer.table_text import linearize_tables
from ragapp.answer.ticked_boxes import ticked_only
from ragapp.errors import SettingsError
from ragapp.llm.templates import Message
from ragapp.retrieval.passage import RetrievalResult, ScoredChunk

#: makes the model's control tokens in untrusted text plain text
Escape = Callable[[str], str]


DEFAULT_LANGUAGE = "en"
# prompts that ask for text, and so for its language
_IN_LANGUAGE = ("answer", "list", "summary", "shorten")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """The prompts of one language; ``answer.prompts`` of the settings can word each of them anew."""

    system: str
    passages: str  #: line above the passages
    question: str  #: with ``{question}``
    probe: str  #: asks whether the passages answer, by ``yes`` or ``no``
    yes: str
    no: str
    answer: str
    list: str  #: asks for an answer that names everything
    summary: str  #: asks for a summary of passages
    shorten: str  #: asks for the main points of a summary
    not_found: str  #: shown when the documents do not say
    disagrees: str  #: shown with the answer of another document: ``{document}``, ``{date}`` and ``{answer}``
    listed: str  #: shown below a list that was made from ``{count}`` passages
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
            texts = {**english, **{part: f"{english[part]} Answer in {name}." for part in _IN_LANGUAGE}, **texts}
        if wrong := ", ".join(sorted(map(str, texts.keys() ^ set(_TEXTS)))):
            raise ValueError(f"prompts.yaml, section {language}: missing or unknown: {wrong}")
        prompts[language] = PromptSet(**texts)
    return prompts


_SECTIONS = load_yaml("prompts.yaml")
_ALL_PROMPTS = parse_prompts(_SECTIONS)
#: the languages that have prompts of their own, in which a question can be expected
PROMPTS = {code: prompts for code, prompts in _ALL_PROMPTS.items() if "language" not in _SECTIONS[code]}
_WANTS_LIST = re.compile(
    r"^\W*(?:list|name|enumerate|give|tell|show)\b.{0,20}\ball\b|^\W*(?:list|enumerate)\b|\bwhat are all\b|"
    r"\ball (?:of )?the (?:\w+ ){1,3}(?:that|which|who|are|is|there)\b|^\W*which \w+s (?:are|have|exist|get|need)\b|"
    r"^\W*(?:liste[rz]?|[ée]num[èe]re[rz]?|cite[rz]?|donne[rz]?|nomme[rz]?)\b.{0,25}\b(?:tous|toutes|les|des|liste)\b|"
    r"^\W*quel(?:le)?s sont (?:tou(?:s|tes) )?les\b",
    re.IGNORECASE,
)


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
    chunk = passage.chunk
    where = " > ".join(dict.fromkeys(part for part in (chunk.title, *chunk.headings) if part))
    text = linearize_tables(ticked_only(redact_injections(chunk.text)))
    return f"[{n}] {chunk.document}, {chunk.label or f'p. {chunk.unit}'} — {where}\n{text}\n\n"


def opening_messages(prompts: PromptSet) -> list[Message]:
    """The beginning that all chats about passages share, for warming the cache."""
    return [{"role": "system", "content": prompts.system}, {"role": "user", "content": f"{prompts.passages}\n"}]


def probe_messages(prompts: PromptSet, question: str, passages: Sequence[ScoredChunk], escape: Escape) -> list[Message]:
    """The chat that asks whether the passages state the answer."""
    return _messages(prompts, question, passages, escape, prompts.probe)


def answer_messages(
    prompts: PromptSet, question: str, passages: Sequence[ScoredChunk], escape: Escape, listing: bool = False
) -> list[Message]:
    """The chat that asks for the answer; it shares all up to its last line with :func:`probe_messages`."""
    return _messages(prompts, question, passages, escape, prompts.list if listing else prompts.answer)


def summary_messages(
    prompts: PromptSet, passages: Sequence[ScoredChunk], escape: Escape, shorten: bool = False
) -> list[Message]:
    """The chat that asks for a summary of passages, or for the main points of summaries."""
    return _messages(prompts, None, passages, escape, prompts.shorten if shorten else prompts.summary)


def wants_list(question: str) -> bool:
    """Whether a question asks for everything of a kind."""
    return bool(_WANTS_LIST.search(question))


def _messages(
    prompts: PromptSet, question: str | None, passages: Sequence[ScoredChunk], escape: Escape, instruction: str
) -> list[Message]:
    asked = "" if question is None else prompts.question.replace("{question}", question)
    shown = "".join(render_passage(n, passage) for n, passage in enumerate(passages, 1))
    content = f"{prompts.passages}\n{escape(shown)}{escape(asked)}\n\n{instruction}"
    return [{"role": "system", "content": prompts.system}, {"role": "user", "content": content}]
