"""What a completion request asks for that is not done, refused with the field's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragapp.web import api_shapes as shapes
from ragapp.web.openai_errors import OpenAIError

_ALLOWED_PARTS = frozenset(("text", "refusal"))


def check_completion(body: shapes.Completion) -> None:
    """Raises OpenAIError: something of it cannot be served, and leaving it out would be another request."""
    for param, told in _unserved(body):
        raise OpenAIError(400, told, code="unsupported_value", param=param)


def _unserved(body: shapes.Completion) -> Iterator[tuple[str, str]]:
    for n, message in enumerate(body.messages):
        if isinstance(message.content, list):
            for m, part in enumerate(message.content):
                if part.type not in _ALLOWED_PARTS:
                    yield f"messages.{n}.content.{m}.type", f"Only text is read, not {part.type!r}."
    if (body.n or 1) > 1:
        yield "n", "A question has one answer: n must be 1."
    if body.logprobs or body.top_logprobs:
        yield "logprobs" if body.logprobs else "top_logprobs", "Probabilities of tokens are not given."
    if body.logit_bias:
        yield "logit_bias", "Tokens cannot be made more or less likely."
    if body.modalities and body.modalities != ["text"]:
        yield "modalities", "Answers are text."
    if body.audio:
        yield "audio", "Answers are text."
    if _forces(body.tool_choice):
        yield "tool_choice", "No tool is ever called: tool_choice must be auto or none."
    if _forces(body.function_call):
        yield "function_call", "No function is ever called: function_call must be auto or none."
    if body.web_search_options is not None:
        yield "web_search_options", "Only your documents are searched."
    if body.store:
        yield "store", "Completions are not stored."


def _forces(choice: str | dict[str, Any] | None) -> bool:
    """Whether a tool must be called; a list of tools that are allowed forces nothing unless it says so."""
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools")
        return not isinstance(allowed, dict) or allowed.get("mode") != "auto"
    return choice not in (None, "auto", "none")
