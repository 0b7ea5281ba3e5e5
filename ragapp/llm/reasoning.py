"""The part of an answer in which a reasoning model thinks, told from the answer itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple


class Tags(NamedTuple):
    """What a model writes around its thinking.

    Attributes:
        open: what begins it.
        close: what ends it.
        answer: what may stand between the thinking and the answer, or before an answer without thinking.
        skip: what stands for no thinking at all; empty for an opened and closed part with nothing in it.
    """

    open: str
    close: str
    answer: tuple[str, ...] = ()
    skip: str = ""


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
    """A piece of what a model writes.

    Attributes:
        kind: whether it belongs to the thinking or to the answer.
        text: the piece, never empty.
    """

    kind: Literal["thinking", "answer"]
    text: str


class ThinkingSplitter:
    """Tells thinking from answer while the model writes, wherever the stream is cut.

    Only what the model begins with can be thinking: an answer that mentions ``<think>`` later stays an answer. The
    tags and the white space beside them belong to neither part. Thinking that never ends is thinking to the end.

    Args:
        opened: whether the prompt has opened the thinking already.
        tags: what opens and closes it.
    """

    def __init__(self, *, opened: bool = False, tags: Tags = TAGS[0]):
        self._open, self._close = tags.open, tags.close
        self._marks = tags.answer
        self._opened = opened
        self._held = ""
        self._state: Literal["start", "opened", "thinking", "closed", "answer"] = "opened" if opened else "start"

    @property
    def unfinished(self) -> bool:
        """Whether the model is thinking still."""
        return self._state in ("opened", "thinking")

    def feed(self, text: str) -> list[Piece]:
        """What has become certain with the next piece of the stream."""
        self._held += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def finish(self) -> list[Piece]:
        """What was held back until now, when the stream has ended."""
        rest, self._held = self._held, ""
        if self.unfinished:
            rest = rest.strip() if self._state == "opened" else rest.rstrip()
            return [Piece("thinking", rest)] if rest else []
        rest = rest.lstrip() if self._state == "closed" else rest
        return [Piece("answer", rest)] if rest else []

    def _step(self, pieces: list[Piece]) -> bool:
        """One change of state; False where more text is needed."""
        if self._state == "answer":
            self._put(pieces, "answer", self._held)
            return False
        if self._state == "thinking":
            return self._think(pieces)
        begun = self._held.lstrip()
        if not begun:
            return False
        if self._state in ("start", "closed"):
            return self._begin(begun)
        if self._opened and begun.startswith(self._open):
            # some models write the tag again that the prompt has written
            self._held, self._opened = begun[len(self._open) :], False
        elif self._opened and self._open.startswith(begun):
            return False
        else:
            self._held, self._state = begun, "thinking"
        return True

    def _begin(self, begun: str) -> bool:
        """The beginning of all, or of what follows the thinking."""
        first = self._state == "start"
        if first and begun.startswith(self._open):
            self._held, self._state = begun[len(self._open) :], "opened"
            return True
        for mark in self._marks:
            if begun.startswith(mark):
                self._held, self._state = begun[len(mark) :], "answer"
                return True
        if any(mark.startswith(begun) for mark in (*self._marks, self._open if first else "")):
            return False
        # white space before an answer that nothing preceded is the answer's own
        self._held, self._state = self._held if first else begun, "answer"
        return True

    def _think(self, pieces: list[Piece]) -> bool:
        at = self._held.find(self._close)
        if at >= 0:
            thought, rest = self._held[:at].rstrip(), self._held[at + len(self._close) :]
            self._put(pieces, "thinking", thought)
            self._held, self._state = rest, "closed"
            return True
        certain = len(self._held)
        for length in range(min(len(self._close) - 1, certain), 0, -1):
            if self._held.endswith(self._close[:length]):
                certain -= length
                break
        # white space waits, too: it may turn out to stand before the closing tag
        certain = len(self._held[:certain].rstrip())
        rest = self._held[certain:]
        self._put(pieces, "thinking", self._held[:certain])
        self._held = rest
        return False

    def _put(self, pieces: list[Piece], kind: Literal["thinking", "answer"], text: str) -> None:
        if text:
            pieces.append(Piece(kind, text))
        self._held = ""


def split_thinking(text: str, *, opened: bool = False, tags: Tags = TAGS[0]) -> tuple[str, str]:
    """Thinking and answer of a finished text.

    Args:
        text: what the model wrote.
        opened: whether the prompt had opened the thinking already.
        tags: what opens and closes it.
    """
    splitter = ThinkingSplitter(opened=opened, tags=tags)
    pieces = [*splitter.feed(text), *splitter.finish()]
    return _joined(pieces, "thinking"), _joined(pieces, "answer")


def opens_thinking(prompt: str, tags: Tags = TAGS[0]) -> bool:
    """Whether a prompt ends inside the thinking, so that the model writes no opening tag of its own."""
    return prompt.rstrip().endswith(tags.open)


def skip_thinking(prompt: str, tags: Tags = TAGS[0], *, switched: bool = False) -> str:
    """The prompt with the thinking begun and ended, so that the model goes straight to its answer.

    That is what Qwen 3's own template writes when thinking is off, and it does for models whose template knows no
    switch.

    Args:
        prompt: ready for the assistant's turn.
        tags: what opens and closes the thinking.
        switched: whether the template was told already and knows what that means.
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


def _joined(pieces: Iterable[Piece], kind: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind == kind)
