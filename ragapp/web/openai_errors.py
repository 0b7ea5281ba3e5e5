"""Refusals as OpenAI's clients read them: ``{"error": {"message", "type", "param", "code"}}``, without shell hints."""

from __future__ import annotations

import re
from typing import Any

from ragapp.errors import (
    BusyError,
    CancelledError,
    EmptyStoreError,
    ModelError,
    NotYetError,
    RagappError,
    StoppingError,
    StoreError,
    UsageError,
)

#: the paths that speak OpenAI's language
OPENAI_PATHS = re.compile(r"/v1(?:/|$)")
#: statuses that any route below ``/v1`` may answer with besides 200, and why
OPENAI_REFUSALS = {
    400: "A field is missing, wrong, unknown, or asks for what cannot be done; `param` names it.",
    401: "The token is missing, wrong or withdrawn.",
    403: "Another site may not ask.",
    404: "There is no such address or model.",
    405: "The address is asked in another way; `Allow` says how.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    429: "Too many questions are waiting; `Retry-After` says in how many seconds to ask again.",
    499: "It was stopped.",
    503: "Not ready yet, or something that it needs cannot be used.",
}
#: seconds; a question that came before the first document is worth asking again then
NOT_YET_RETRY_S = 10
#: seconds; a server that is stopped is mostly started anew
STOPPING_RETRY_S = 15
_CODES = {
    401: "invalid_api_key",
    403: "forbidden",
    404: "unknown_url",
    405: "method_not_allowed",
    413: "request_too_large",
    415: "unsupported_content_type",
    429: "rate_limit_exceeded",
    499: "request_cancelled",
    500: "internal_error",
    503: "service_unavailable",
}
# words for a shell are no help to a program
_SHELL = re.compile(r"\bragapp [a-z-]|--[a-z]")


class OpenAIError(Exception):
    """A refusal.

    Attributes:
        status: of HTTP.
        message: a sentence.
        code: what a program can tell it by; None for that of the status.
        param: the field of the body that is wrong, with dots.
        retry_s: after how many seconds it is worth asking again; 0 where that helps nothing.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None, retry_s: int = 0
    ):
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.retry_s = status, message, code, param, retry_s

    def json(self) -> dict[str, Any]:
        """The body."""
        return openai_json(self.status, self.message, self.code, self.param)


def openai_json(status: int, message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """The body of a refusal with a status."""
    kind = "requests" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
    # half a surrogate pair, which a message may have taken from the question, cannot be sent
    told = [text and text.encode("utf-8", "replace").decode() for text in (message, param)]
    return {"error": {"message": told[0], "type": kind, "param": told[1], "code": code or status_code_name(status)}}


def status_code_name(status: int) -> str | None:
    """What a program can tell a status by, as the ``code`` of a refusal; None where it says too little."""
    return _CODES.get(status)


def openai_error(error: RagappError, param: str | None = None) -> OpenAIError:
    """One of ragapp's own errors."""
    hint = "" if _SHELL.search(error.hint) else error.hint
    told = f"{error.message} {hint}".strip()
    if isinstance(error, CancelledError):
        return OpenAIError(499, told)
    if isinstance(error, BusyError):
        return OpenAIError(429, told, retry_s=error.retry_s)
    if isinstance(error, NotYetError):
        return OpenAIError(503, told, code="documents_not_ready", retry_s=NOT_YET_RETRY_S)
    if isinstance(error, StoppingError):
        return OpenAIError(503, told, code="server_stopping", retry_s=STOPPING_RETRY_S)
    if isinstance(error, EmptyStoreError):
        return OpenAIError(400, told, code="no_documents")
    if isinstance(error, ModelError):
        return OpenAIError(503, told, code="model_unavailable")
    if isinstance(error, StoreError):
        return OpenAIError(503, told, code="store_unavailable")
    return OpenAIError(
        400, told, code="invalid_value" if isinstance(error, UsageError) else "not_possible", param=param
    )
