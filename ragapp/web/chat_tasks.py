"""What chat programs ask a model besides a person's questions: titles, tags, follow-up questions, search queries.

They are told by their whole form (``chat_tasks.yaml``), never by a phrase, so that no person's question is taken for
one. They are answered at once from the conversation that they bring along: neither the documents nor a model are asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ragapp.data_files import load_yaml
from ragapp.web.api_shapes import ChatMessage

Kind = Literal["title", "tags", "follow_ups", "queries", "autocomplete", "prompt", "emoji", "tool_choice", "summary"]

TITLE_CHARACTERS = 50
MOST_TAGS = 3
# of one question or answer in a summary of the conversation
_SUMMARY_CHARACTERS = 300
# the key of the JSON that Open WebUI asks for, and what a template without JSON asks for
_KEY = re.compile(r'\{\s*\\?"(title|tags|follow_ups|queries|prompt)\\?"\s*:')
_PLAIN_TITLE = re.compile(r"(?is)\A(?:### Task:\s*)?(?:generate|create|write|provide) (?:a |an )?[^.\n]{0,60}\btitle\b")
# who says what in a conversation that was written down
_SPEAKER = re.compile(r"(?m)^(?:#+ )?(user|human|assistant|ai|system|model|bot)\s*:[ \t]*", re.IGNORECASE)
_PERSON = frozenset(("user", "human"))
_CHATBOX_RULE = "\n\n---------\n\n"
# a quote below an answer of ours
_QUOTED = re.compile(r"(?m)^\[\d+\] ([^\n]+?\.\w{2,5})(?:, [^\n]*?)?: “")
_SENTENCE = re.compile(r"(?<=[.!?。？！])\s+")
_SMALL = re.compile(r"\s+(?:\w{1,3}|[^\w\s]+)$")


@dataclass(frozen=True, slots=True)
class Said:
    """Something of a conversation."""

    by_person: bool
    text: str


@dataclass(frozen=True, slots=True)
class ChatTask:
    """A task with the conversation that it is about; ``as_json`` where the program asks for JSON."""

    kind: Kind
    chat: tuple[Said, ...]
    as_json: bool = False

    def reply(self, schema: dict[str, Any] | None = None) -> str:
        """The answer, in the form that the program asks for; ``schema`` is that of its ``response_format``, if any."""
        made = _MAKERS[self.kind](self.chat)
        if schema is not None:
            return _dumped({name: made if name == self.kind else "" for name in schema.get("properties", {})})
        return _dumped({_NAMES.get(self.kind, self.kind): made}) if self.as_json else str(made)


def chat_task(messages: Sequence[ChatMessage]) -> ChatTask | None:
    """The task that the messages are, None where a person asks something."""
    systems = [one for one in messages if one.role in ("system", "developer")]
    others = [one for one in messages if one.role not in ("system", "developer")]
    alone = [one for one in others if one.role == "user"] if len(others) == 1 else []
    if len(messages) == 1 and systems:
        alone = systems
    places = {
        "only": alone,
        "system": systems if others and others[-1].role == "user" else [],
        "last": list(messages[-1:]),
    }
    for kind, where, form in _forms():
        for message in places[where]:
            found = form.fullmatch(message.text.strip())
            task = found and _task(kind, found, [one for one in others if one is not message])
            if task:
                return task
    return None


def persons_words(text: str) -> str:
    """A message without what a program put around a person's question."""
    for form in _wrapped():
        if found := form.fullmatch(text.strip()):
            return found["question"]
    return text


def title_of(question: str) -> str:
    """A title for a conversation that begins with a question: its topic, in its own words."""
    text = " ".join(re.sub(r"[*_`#>|]+", " ", question).split())
    text = _SENTENCE.split(text)[0] if len(text) > TITLE_CHARACTERS else text
    bare = text.strip(" ?!.¿¡。？！:;,\"'“”«»")
    for opener in _openers():
        left = opener.sub("", bare, count=1)
        bare = left if len(left) > 2 else bare
    if len(bare) > TITLE_CHARACTERS:
        head = bare[: TITLE_CHARACTERS + 1]
        bare = head[: head.rfind(" ")] if " " in head[TITLE_CHARACTERS // 2 :] else head[:TITLE_CHARACTERS]
        while _SMALL.search(bare):  # "… of the" is no end of a title
            bare = _SMALL.sub("", bare)
    return bare[:1].upper() + bare[1:]


def _task(kind: str, found: re.Match[str], others: list[ChatMessage]) -> ChatTask | None:
    groups = found.groupdict()
    if groups.get("chat") is not None:
        chat = _said(groups["chat"])
    elif len(others) == 1 and others[0].text.lstrip().startswith("["):
        chat = _listed(others[0].text) or (Said(True, others[0].text),)
    elif len(others) == 1 and _SPEAKER.match(others[0].text):
        chat = _said(others[0].text)
    else:
        chat = tuple(Said(one.role == "user", one.text) for one in others)
    if kind != "by_key":
        return ChatTask(_KINDS[kind], chat, kind in ("autocomplete", "tool_choice"))
    key = _KEY.search(groups["task"])
    if key:
        return ChatTask(_KINDS[key[1]], chat, True)
    return ChatTask("title", chat) if _PLAIN_TITLE.match(groups["task"]) else None


def _said(text: str) -> tuple[Said, ...]:
    """A conversation that was written down, in the ways that programs do."""
    if _CHATBOX_RULE in text:
        parts = text.split(_CHATBOX_RULE)
        if len(parts) > 1 and parts[0].lstrip().startswith("You are "):  # the instructions that it begins with
            parts = parts[1:]
        return tuple(Said(n % 2 == 0, part.strip()) for n, part in enumerate(parts))
    pieces = _SPEAKER.split(text)
    spoken = [(who.lower(), said) for who, said in zip(pieces[1::2], pieces[2::2], strict=True)]
    if not spoken:
        return (Said(True, text.strip()),)
    return tuple(Said(who in _PERSON, said.strip()) for who, said in spoken if who != "system")


def _listed(text: str) -> tuple[Said, ...]:
    """A conversation as JSON; empty where it is none."""
    try:
        return tuple(
            Said(one["role"] == "user", str(one.get("mainText") or one.get("content") or ""))
            for one in json.loads(text)
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()


def _title(chat: Sequence[Said]) -> str:
    asked = next((one.text for one in chat if one.by_person and one.text.strip()), "")
    return title_of(asked) or next((title_of(one.text) for one in chat), "")


def _tags(chat: Sequence[Said]) -> list[str]:
    """The documents that answers were quoted from, as names without endings."""
    names = [name for one in chat if not one.by_person for name in _QUOTED.findall(one.text)]
    bare = (re.sub(r"[_\-\s]+", " ", name.rpartition(".")[0]).strip() for name in names)
    return list(dict.fromkeys(filter(None, bare)))[:MOST_TAGS]


def _queries(chat: Sequence[Said]) -> list[str]:
    asked = [" ".join(one.text.split()) for one in chat if one.by_person]
    return asked[-1:] if asked and asked[-1] else []


def _emoji(chat: Sequence[Said]) -> str:
    return "🤔" if any(one.text.rstrip().endswith(("?", "？")) for one in chat) else "🙂"


def _summary(chat: Sequence[Said]) -> str:
    lines = (f"{'User' if one.by_person else 'Assistant'}: {' '.join(one.text.split())}" for one in chat)
    return "\n".join(line[:_SUMMARY_CHARACTERS] for line in lines)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_KINDS: dict[str, Kind] = {
    **{"title": "title", "tags": "tags", "follow_ups": "follow_ups", "queries": "queries", "prompt": "prompt"},
    **{"autocomplete": "autocomplete", "emoji": "emoji", "tool_choice": "tool_choice", "summary": "summary"},
}
# the JSON's key where that is not the kind's name
_NAMES: dict[str, str] = {"autocomplete": "text", "tool_choice": "tool_calls"}
_MAKERS: dict[str, Callable[[Sequence[Said]], Any]] = {
    "title": _title,
    "tags": _tags,
    "queries": _queries,
    "emoji": _emoji,
    "summary": _summary,
    "prompt": lambda chat: next(iter(_queries(chat)), ""),
    # what nobody asked is not guessed
    "follow_ups": lambda chat: [],
    "autocomplete": lambda chat: "",
    "tool_choice": lambda chat: [],
}


@cache
def _data() -> dict[str, Any]:
    values: dict[str, Any] = load_yaml("chat_tasks.yaml", __file__)
    return values


@cache
def _forms() -> list[tuple[str, str, re.Pattern[str]]]:
    return [(one["kind"], one["where"], re.compile(one["form"], re.DOTALL)) for one in _data()["forms"]]


@cache
def _wrapped() -> list[re.Pattern[str]]:
    return [re.compile(form, re.DOTALL) for form in _data()["wrapped"]]


@cache
def _openers() -> list[re.Pattern[str]]:
    return [re.compile(rf"\A(?:{opener})", re.IGNORECASE) for opener in _data()["openers"]]
