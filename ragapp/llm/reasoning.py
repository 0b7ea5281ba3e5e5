"""Telling the thinking of a reasoning model from its answer."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Tags(NamedTuple):
    """What a model writes around its thinking."""

    open: str
    close: str
    answer: tuple[str, ...] = ()  # between the thinking and the answer, or before an answer without thinking
    skip: str = ""  # stands for no thinking at all; empty for an opened and closed part with nothing in it


#: the first pair is that of DeepSeek R1, QwQ, Qwen 3 and most others; then Mistral, Cohere, Gemma 4, Seed, GPT-OSS
TAGS: tuple[Tags, ...] = (
    Tags("<think>", "</think>"),
    Tags("[THINK]", "[/THINK]"),
    Tags("<|START_THINKING|>", "<|END_THINKING|>"),
    Tags("<|channel>thought", "<channel|>"),
    Tags("<seed:think>", "</seed:think>"),
    Tags(
        "<|channel|>analysis<|message|>",
        "<|end|>",
        answer=("<|start|>assistant<|channel|>final<|message|>", "<|channel|>final<|message|>"),
        skip="<|channel|>final<|message|>",
    ),
)


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

    def feed(self, text: str) -> list[Piece]:
        """What has become certain with the next piece of the stream."""
        if self._answering:
            return [Piece("answer", text)] if text else []
        self._text += text
        return self._new_pieces(final=False)

    def finish(self) -> list[Piece]:
        """What was held back until now, when the stream has ended."""
        return [] if self._answering else self._new_pieces(final=True)

    def _new_pieces(self, *, final: bool) -> list[Piece]:
        thinking, answer, self.unfinished = _split(self._text, self._opened, self._tags, final)
        pieces = [Piece("thinking", thinking[self._thought :]), Piece("answer", answer)]
        self._thought, self._answering = len(thinking), bool(answer)
        return [piece for piece in pieces if piece.text]


def split_thinking(text: str, *, opened: bool = False, tags: Tags = TAGS[0]) -> tuple[str, str]:
    """Thinking and answer of a finished text; ``opened`` as for :class:`ThinkingSplitter`."""
    return _split(text, opened, tags, True)[:2]


def _split(text: str, opened: bool, tags: Tags, final: bool) -> tuple[str, str, bool]:
    """Thinking and answer, as far as they are certain, and whether the model is thinking still."""
    begun = text.lstrip()
    if begun.startswith(tags.open):  # some models write the tag again that the prompt has written
        begun = begun[len(tags.open) :].lstrip()
    elif not opened:
        # white space before an answer that nothing preceded is the answer's own
        return "", _answer(text, tags, (*tags.answer, tags.open), final), False
    elif tags.open.startswith(begun) and not final:
        return "", "", True
    thinking, closed, rest = begun.partition(tags.close)
    if closed:
        return thinking.rstrip(), _answer(rest.lstrip(), tags, tags.answer, final), False
    certain = len(begun) if final else len(begun) - overlap(begun, tags.close)
    # white space waits, too: it may turn out to stand before the closing tag
    return begun[:certain].rstrip(), "", True


def _answer(text: str, tags: Tags, marks: tuple[str, ...], final: bool) -> str:
    """An answer without the mark before it; empty while its beginning may become one of the marks."""
    begun = text.lstrip()
    for mark in tags.answer:
        if begun.startswith(mark):
            return begun[len(mark) :]
    waits = not begun or any(mark.startswith(begun) for mark in marks)
    return "" if waits and not final else text


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
        if tags.open in template or (tags.close in template and not tags.answer):
            return tags
    return None


def overlap(text: str, mark: str) -> int:
    """Length of the longest end of a text that is a beginning of a mark, but not the whole mark."""
    return next((n for n in range(min(len(text), len(mark) - 1), 0, -1) if text.endswith(mark[:n])), 0)
