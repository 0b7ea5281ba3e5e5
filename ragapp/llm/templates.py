"""How a chat is written for one model: the Jinja template that its GGUF file carries.

A file without a template is refused: guessing a family's format makes a model that answers, badly, without anybody
knowing why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from ragapp.errors import ModelError


class Message(TypedDict):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatTemplate:
    """Renders chats in one model's own format.

    Args:
        source: Jinja text of the template.
        bos: text of the beginning-of-sequence token, may be empty.
        eos: text of the end-of-sequence token, may be empty.
        name: of the model, for messages.

    Raises:
        ModelError: the template is not valid Jinja, or loses turns.
    """

    def __init__(self, source: str, bos: str, eos: str, name: str):
        from jinja2 import TemplateError
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._name = name
        self._errors = (TemplateError, ValueError, TypeError)
        try:
            # llama-cpp-python renders in Jinja's immutable sandbox: a template can neither call nor change anything
            self._formatter = Jinja2ChatFormatter(template=source, eos_token=eos, bos_token=bos)
        except TemplateError as error:
            raise ModelError(f"The chat template of {name} is not valid: {error}.", "Choose another model.") from None
        self._fold = False
        self._check()

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], bos: str, eos: str, name: str) -> ChatTemplate:
        """The template that a GGUF file carries.

        Raises:
            ModelError: it carries none.
        """
        source = metadata.get("tokenizer.chat_template")
        if not source:
            raise ModelError(
                f"{name} carries no chat template, so ragapp cannot know how to talk to it.",
                "Use an instruction-tuned GGUF: ragapp models list",
            )
        return cls(source, bos, eos, name)

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt for a chat, ready for the assistant's next turn.

        Args:
            messages: turns; a system message, if any, comes first.

        Raises:
            ModelError: the template refuses the chat.
        """
        if self._fold:
            messages = _fold_system(messages)
        try:
            return self._render(messages)
        except self._errors as first_error:
            folded = _fold_system(messages)
            if folded == list(messages):
                raise ModelError(f"The chat template of {self._name} failed: {first_error}.") from None
        try:
            return self._render(folded)
        except self._errors as error:
            raise ModelError(f"The chat template of {self._name} failed: {error}.") from None

    def _render(self, messages: Sequence[Message]) -> str:
        return self._formatter(messages=list(messages)).prompt

    def _check(self) -> None:
        """A template that drops a turn would make the model answer without the passages or the question."""
        canaries: list[Message] = [
            {"role": "system", "content": "canary-one"},
            {"role": "user", "content": "canary-two"},
            {"role": "assistant", "content": "canary-three"},
            {"role": "user", "content": "canary-four"},
        ]
        prompt = self.render(canaries)
        if canaries[0]["content"] not in prompt:
            # some templates leave the system turn out in silence
            self._fold = True
            prompt = self.render(canaries)
        positions = [prompt.find(message["content"]) for message in canaries]
        if min(positions) < 0 or positions != sorted(positions):
            raise ModelError(f"The chat template of {self._name} loses or reorders turns.", "Choose another model.")


def _fold_system(messages: Sequence[Message]) -> list[Message]:
    """The system turn put in front of the first user turn, for templates that know no system role."""
    if len(messages) < 2 or messages[0]["role"] != "system" or messages[1]["role"] != "user":
        return list(messages)
    first: Message = {"role": "user", "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
    return [first, *messages[2:]]
