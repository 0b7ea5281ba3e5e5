"""Checking a chat template with a made-up chat before a model is trusted to answer with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragapp.llm.batches import shared_prefix
from ragapp.llm.chat import Message

#: a system turn, and turns in which nothing is that a template might have of its own
SYSTEM = "canary-system"
TURNS: tuple[Message, ...] = tuple(
    {"role": "assistant" if place % 2 else "user", "content": f"canary-{word}"}
    for place, word in enumerate(("one", "two", "three", "four", "five", "six", "seven"))
)
_MARK = re.compile(r"\s*(<[^<>\s]{1,40}>|\[/?[A-Z_]{2,}\])")
_SHORTEST_STOP = 3
# what a template writes that no plain text holds: <|im_start|>, [INST], <<SYS>>, ### Instruction:
_MARKS = re.compile(r"<<[^<>\s]{1,40}>>|<[^<>\s]{1,40}>|\[/?[A-Z_]{2,}\]|^#{2,} [A-Z]\w*:$", re.MULTILINE)

# marks, white space and single characters: what two openings are compared by
_PIECES = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_ ]{2,}\]|\s+|[^\s]")

# (turns, whether what makes the assistant speak comes last) -> prompt
Render = Callable[[Sequence[Message], bool], str]


class TemplateUnfit(Exception):
    """The template does something with a chat that would make the model answer badly; the text says what."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a trial shows of a template."""

    writes_bos: bool  # its prompts begin with the beginning-of-sequence token
    stop: tuple[str, ...]  # what it writes after the assistant's turns: a model that writes it has ended its own
    # what it writes around the turns, as far as it looks like a mark; a text that holds one could pass for a turn
    marks: frozenset[str]
    before_answer: str  # from the end of a user's turn to the answer, as a chat has it that has gone on
    after_answer: str  # the mark behind a finished answer; empty where there is none


def check_template(render: Render, *, system: bool, bos: str = "", eos: str = "") -> Checked:
    """Render a chat with this template and look whether everything is in it, in order, once.

    ``system`` tells whether it takes a system turn as such; ``bos`` and ``eos`` are the texts of the tokens that begin
    and end a sequence, may be empty.

    Raises:
        TemplateUnfit: turns are lost, doubled, out of order or all alike; the sequence begins more than once;
            or nothing makes the assistant speak.
    """
    head: list[Message] = [{"role": "system", "content": SYSTEM}] if system else []
    asked = [*head, *TURNS[:5]]
    prompt, silent, longer = render(asked, True), render(asked, False), render([*head, *TURNS], True)
    _check_turns(prompt, TURNS[:5], system)
    _check_turns(longer, TURNS, system)
    if bos and bos != eos and re.match(rf"\s*{re.escape(bos)}\s*{re.escape(bos)}", prompt):
        raise TemplateUnfit(f"begins with {bos} twice")
    between = [_between(longer, first["content"], second["content"]) for first, second in pairwise(TURNS)]
    before_assistant, before_user = between[0].strip(), between[1].strip()
    if before_assistant == before_user:
        raise TemplateUnfit("writes the turns of both sides alike")
    _check_opening(_after(prompt), _after(silent), between[4].rstrip(), eos)
    # where the model frames its answer itself, the same mark may end a part before it, such as its thinking
    direct = _after(prompt).startswith(between[4].rstrip())
    return Checked(
        writes_bos=bool(bos) and prompt.lstrip().startswith(bos),
        stop=_stops(between[1]) if direct else (),
        marks=frozenset(_MARKS.findall(longer)),
        before_answer=between[4],
        after_answer=next(iter(_stops(between[1])), ""),
    )


def frame_prompt(prompt: str, before_answer: str, *, skipped: str = "") -> str:
    """A prompt that ends where an answer without thinking begins: behind the mark that the model would write first.

    ``prompt`` ends what follows the last question; ``before_answer`` is what stands between question and answer in a
    chat that has gone on (:class:`Checked`). An empty thinking part (``skipped``) stays in front of the mark; anything
    else that opens the turn for something other than the answer gives way to it.
    """
    begin = prompt.rfind(TURNS[0]["content"]) + len(TURNS[0]["content"])
    opening, before = _PIECES.findall(prompt[begin:]), _PIECES.findall(before_answer)
    shared = shared_prefix(opening, before)
    extra, mark = "".join(opening[shared:]), "".join(before[shared:])
    if not mark.strip() or prompt.rstrip().endswith(mark.strip()):
        return prompt
    if not extra.strip() or "".join(extra.split()) == "".join(skipped.split()):
        return prompt + (mark.lstrip() if extra else mark)
    return prompt[: len(prompt) - len(extra)] + mark


def _check_turns(prompt: str, turns: Sequence[Message], system: bool) -> None:
    places = [prompt.find(turn["content"]) for turn in turns]
    if min(places) < 0 or places != sorted(places):
        raise TemplateUnfit("loses or reorders turns")
    if any(prompt.count(turn["content"]) > 1 for turn in turns):
        raise TemplateUnfit("writes turns twice")
    # some publishers' templates put the system turn in front of the last question instead of the first
    if system and not 0 <= prompt.find(SYSTEM) < places[-1]:
        raise TemplateUnfit("loses or reorders turns: the system turn")


def _check_opening(tail: str, silent: str, finished: str, eos: str) -> None:
    """Raises TemplateUnfit where what follows the last question (``tail``) does not make the assistant speak.

    It is compared with what follows without generation prompt (``silent``) and in a chat that has gone on
    (``finished``).
    """
    # what is missing may be only what a finished answer brings along, such as the mark of an empty thinking part
    opened = tail != silent or not finished.startswith(tail.rstrip())
    if not opened and tail.rstrip() != finished:
        raise TemplateUnfit("does not open the assistant's turn")
    if eos and tail.rstrip().endswith(eos) and not finished.endswith(eos):
        raise TemplateUnfit("ends the sequence instead of opening the assistant's turn")


def _stops(after_answer: str) -> tuple[str, ...]:
    if mark := _MARK.match(after_answer):
        return (mark[1],)
    words = after_answer.strip().partition("\n")[0]
    return (words,) if len(words) >= _SHORTEST_STOP else ()


def _between(text: str, first: str, second: str) -> str:
    return text[text.index(first) + len(first) : text.index(second)]


def _after(prompt: str) -> str:
    last = TURNS[4]["content"]
    return prompt[prompt.index(last) + len(last) :]
