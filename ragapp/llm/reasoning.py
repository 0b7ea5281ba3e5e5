"""Telling the thinking of a reasoning model from its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple


class Tags(NamedTuple):
    """What a model writes around its thinking."""

    open: str
    close: str
    answer: tuple[str, ...] = ()  # between the thinking and the answer, or before an answer without thinking
    skip: str = ""  # stands for no thinking at all; empty for an opened and closed part with nothing in it
    beside: str = ""  # what a template has as well that means these tags, where `open` has other uses


#: the first pair is that of DeepSeek R1, QwQ, Qwen 3 and most others; then Mistral, Cohere, Gemma 4, Seed, MiniMax,
#: Apriel, Solar, GPT-OSS
TAGS: tuple[Tags, ...] = (
    Tags("<think>", "</think>"),
    Tags("[THINK]", "[/THINK]"),
    Tags("<|START_THINKING|>", "<|END_THINKING|>"),
    Tags("<|channel>thought", "<channel|>"),
    Tags("<seed:think>", "</seed:think>"),
    Tags("<mm:think>", "</mm:think>"),
    Tags("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
    Tags(
        "<|think|>",
        "<|end|>",
        answer=("<|begin|>assistant<|content|>", "<|content|>"),
        skip="<|content|>",
        beside="<|content|>",
    ),
    Tags(
        "<|channel|>analysis<|message|>",
        "<|end|>",
        answer=("<|start|>assistant<|channel|>final<|message|>", "<|channel|>final<|message|>"),
        skip="<|channel|>final<|message|>",
    ),
)

#: what some models put around the answer that follows their thinking
FRAMES = {
    "<response>": "</response>",
    "<|START_RESPONSE|>": "<|END_RESPONSE|>",
    "<|START_TEXT|>": "<|END_TEXT|>",
    "[BEGIN FINAL RESPONSE]": "[END FINAL RESPONSE]",
}
_CLOSING = re.compile(r"</([^<>\s/]{1,30})>\s*$")


class Piece(NamedTuple):
    """A piece of what a model writes."""

    kind: Literal["thinking", "answer"]
    text: str  # never empty


class ThinkingSplitter:
    """Tells thinking from answer while the model writes, wherever the stream is cut.

    Only what the model begins with can be thinking: an answer that mentions ``<think>`` later stays an answer. The
    tags and the white space beside them belong to neither part. Thinking that never ends is thinking to the end.
    ``opened`` tells that the prompt has opened the thinking already.
    """

    def __init__(self, *, opened: bool = False, tags: Tags = TAGS[0]):
        self._tags = tags
        self._opened = self.unfinished = opened  # unfinished: whether the model is thinking still
        self._text = ""
        self._thought = 0  # characters of thinking that have been given out
        self._answering = False
        self._end: StopTexts | None = None  # of an answer in a frame

    def feed(self, text: str) -> list[Piece]:
        """What has become certain with the next piece of the stream."""
        if self._answering:
            shown = self._end.feed(text) if self._end else text
            return [Piece("answer", shown)] if shown else []
        self._text += text
        return self._new_pieces(final=False)

    def finish(self) -> list[Piece]:
        """What was held back until now, when the stream has ended."""
        pieces = [] if self._answering else self._new_pieces(final=True)
        rest = self._end.finish() if self._end else ""
        return [*pieces, Piece("answer", rest)] if rest else pieces

    def _new_pieces(self, *, final: bool) -> list[Piece]:
        thinking, answer, self.unfinished, end = _split(self._text, self._opened, self._tags, final)
        self._thought, thought, self._answering = len(thinking), self._thought, bool(answer)
        if answer and end:
            self._end = StopTexts([end])
            answer = self._end.feed(answer)
        pieces = [Piece("thinking", thinking[thought:]), Piece("answer", answer)]
        return [piece for piece in pieces if piece.text]


def split_thinking(text: str, *, opened: bool = False, tags: Tags = TAGS[0]) -> tuple[str, str]:
    """Thinking and answer of a finished text; ``opened`` as for :class:`ThinkingSplitter`."""
    thinking, answer, _, end = _split(text, opened, tags, True)
    return thinking, answer.partition(end)[0] if end else answer


def _split(text: str, opened: bool, tags: Tags, final: bool) -> tuple[str, str, bool, str]:
    """Thinking and answer, as far as they are certain; whether the model is thinking still; what ends the answer."""
    begun = text.lstrip()
    if begun.startswith(tags.open):  # some models write the tag again that the prompt has written
        begun = begun[len(tags.open) :].lstrip()
    elif not opened:
        # white space before an answer that nothing preceded is the answer's own
        answer, end = _answer(text, tags, (*tags.answer, tags.open), final)
        return "", answer, False, end
    elif tags.open.startswith(begun) and not final:
        return "", "", True, ""
    thinking, closed, rest = begun.partition(tags.close)
    if closed:
        answer, end = _answer(rest.lstrip(), tags, tags.answer, final)
        return thinking.rstrip(), answer, False, end or FRAMES.get(tags.close, "")
    certain = len(begun) if final else len(begun) - overlap(begun, tags.close)
    # white space waits, too: it may turn out to stand before the closing tag
    return begun[:certain].rstrip(), "", True, ""


def _answer(text: str, tags: Tags, marks: tuple[str, ...], final: bool) -> tuple[str, str]:
    """An answer without the mark before it, and the mark that ends it; empty while its beginning may become a mark."""
    begun = text.lstrip()
    for mark in tags.answer:
        if begun.startswith(mark):
            return begun[len(mark) :], ""
    for mark, end in FRAMES.items():
        if begun.startswith(mark):
            return begun[len(mark) :].lstrip(), end
    waits = not begun or any(mark.startswith(begun) for mark in (*marks, *FRAMES))
    return "" if waits and not final else text, ""


def opens_thinking(prompt: str, tags: Tags = TAGS[0]) -> bool:
    """Whether a prompt ends inside the thinking, so that the model writes no opening tag of its own."""
    return prompt.rstrip().endswith(tags.open)


def skip_thinking(prompt: str, tags: Tags = TAGS[0], *, switched: bool = False) -> str:
    """The prompt with the thinking begun and ended, so that the model goes straight to its answer.

    That is what Qwen 3's own template writes when thinking is off, and it does for models whose template knows no
    switch; ``switched`` tells that the template knows one and was told already.
    """
    end = prompt.rstrip()
    if end.endswith(tags.close):
        return prompt
    if end.endswith(tags.open):
        return f"{end}\n\n{tags.close}\n\n"
    return prompt if switched else prompt + (tags.skip or f"{tags.open}\n\n{tags.close}\n\n")


def find_tags(template: str) -> Tags | None:
    """The tags that a template mentions, None where it mentions none.

    The first templates of DeepSeek R1 know only the closing one, by which they cut the thinking from earlier answers.
    """
    for tags in TAGS:
        # a closing mark that other parts end with as well says nothing
        if (tags.open in template and tags.beside in template) or (tags.close in template and not tags.answer):
            return tags
    return None


def closed_by(before_answer: str) -> Tags | None:
    """The tags of a model whose finished answers begin behind a closing mark, ``</reason>``; None where they do not."""
    found = _CLOSING.search(before_answer)
    return Tags(f"<{found[1]}>", f"</{found[1]}>") if found else None


def overlap(text: str, mark: str) -> int:
    """Length of the longest end of a text that is a beginning of a mark, but not the whole mark."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if text.endswith(mark[:n])), 0)


class StopTexts:
    """Holds back what may be the beginning of a stop text; the stop text itself never comes through."""

    def __init__(self, stops: Iterable[str]):
        self._stops = tuple(filter(None, stops))
        self._held = ""
        #: whether a stop text has come
        self.reached = False

    def feed(self, text: str) -> str:
        """What can be shown with the next piece of the stream."""
        if self.reached:
            return ""
        held = self._held + text
        # the one that is complete first, as if every character came alone
        ends = [(held.index(stop) + len(stop), held.index(stop)) for stop in self._stops if stop in held]
        if ends:
            self.reached, self._held = True, ""
            return held[: min(ends)[1]]
        keep = max((overlap(held, stop) for stop in self._stops), default=0)
        shown = held[: len(held) - keep]
        self._held = held[len(shown) :]
        return shown

    def finish(self) -> str:
        """What was held back until now, when the stream has ended."""
        held, self._held = self._held, ""
        return held
