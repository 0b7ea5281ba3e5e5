"""A chat and its turns, brought into the shape that every chat template can write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypedDict

# stands for turns that are no longer there, where a chat would begin with the assistant
LEFT_OUT = "…"


class Message(TypedDict):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


def fold(messages: Iterable[Message], *, system: bool = True) -> list[Message]:
    """The chat as templates expect it: at most one system turn, first; then user and assistant in turn.

    Nothing is left out and the order stays. Turns of the same role in a row become one; a system turn that is not the
    first, or that the template cannot take (``system=False``), becomes a part of the user's turn at its place; an empty
    one is dropped; a chat that begins with the assistant gets a user turn that stands for what was left out.
    """
    turns: list[Message] = []
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "system":
            if not content.strip():
                continue
            if not system or any(turn["role"] != "system" for turn in turns):
                role = "user"
        if turns and turns[-1]["role"] == role:
            content = "\n\n".join(filter(None, (turns[-1]["content"], content)))
            turns[-1] = {"role": role, "content": content}
        else:
            turns.append({"role": role, "content": content})
    first = 1 if turns and turns[0]["role"] == "system" else 0
    if turns and (len(turns) == first or turns[first]["role"] == "assistant"):
        turns.insert(first, {"role": "user", "content": LEFT_OUT})
    return turns
