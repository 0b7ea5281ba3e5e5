"""What the API says when it does not do what is asked: always one JSON object, never a traceback.

Below ``/v1`` that is OpenAI's form (:mod:`ragapp.web.openai_errors`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ragapp.errors import BusyError, NotYetError, RagappError, StoppingError
from ragapp.web.openai_errors import (
    NOT_YET_RETRY_S,
    OPENAI_PATHS,
    STOPPING_RETRY_S,
    OpenAIError,
    openai_error,
    openai_json,
    status_code_name,
)
from ragapp.words.messages import in_language
from ragapp.words.texts import choose_language

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse

#: statuses that any route may answer with besides 200, and why
REFUSALS = {
    400: "What is asked cannot mean anything.",
    401: "The token is missing or wrong.",
    403: "Another site may not ask.",
    404: "There is nothing at this address.",
    405: "The address is asked in another way; `Allow` says how.",
    413: "The body is too large.",
    422: "A field is missing or wrong, or it cannot be done; the message says what to do next.",
    429: "Too many questions of programs are waiting; `Retry-After` says in how many seconds to ask again.",
    499: "It was stopped.",
    503: "The first documents are being read, or the server is being stopped; `Retry-After` says when to ask again.",
}
# exit codes that have a status of their own
_STATUSES = {2: 400, 130: 499}
_VALIDATION_CODES = {
    "missing": "missing_required_parameter",
    "json_invalid": "invalid_json",
    "extra_forbidden": "unknown_parameter",
}
_TYPE = re.compile(r"str|int|float|bool|(?:list|dict|literal|constrained-\w+|function-\w+)\b.*")
_DEFECT = "This is a defect of ragapp; the terminal that it runs in says more."


def error_json(
    message: str,
    hint: str = "",
    kind: str = "Error",
    *,
    code: str | None = None,
    param: str | None = None,
    exit_code: int = 1,
) -> dict[str, Any]:
    """The body of a refusal: ragapp's fields, and those that OpenAI's clients look for.

    ``kind`` is the class of the error, ``code`` what a program can tell it by, the same as below ``/v1``, ``param`` the
    field of the body that is wrong, with dots, and ``exit_code`` the one that the command would end with.
    """
    problem = {"message": message, "hint": hint, "type": kind, "code": code, "param": param}
    return {"error": problem, "exit_code": exit_code}


def problem_json(error: RagappError, message: str | None = None, hint: str | None = None) -> dict[str, Any]:
    """The body of a refusal for one of ragapp's own errors, in its own words or in these."""
    told = openai_error(error)
    return error_json(
        error.message if message is None else message,
        error.hint if hint is None else hint,
        type(error).__name__,
        code=told.code or status_code_name(told.status),
        exit_code=error.exit_code,
    )


def refusal_json(path: str, status: int, message: str) -> dict[str, Any]:
    """The body of a refusal for a path, where no more is known of it than its status."""
    if OPENAI_PATHS.match(path):
        return openai_json(status, message)
    return error_json(message, kind="Refused", code=status_code_name(status))


def add_error_answers(server: FastAPI) -> None:
    """Have everything that goes wrong on the API's routes told as :func:`error_json` gives it, or as OpenAI does."""
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.responses import Response

    @server.exception_handler(ClientDisconnect)
    def tell_nobody(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=499)  # who sent the half of a body is gone: no defect, and nobody reads this

    @server.exception_handler(OpenAIError)
    def tell_openai(request: Request, error: OpenAIError) -> JSONResponse:
        headers = {"retry-after": str(error.retry_s)} if error.retry_s else None
        body = openai_json(error.status, _told(error.message, request), error.code, error.param)
        return JSONResponse(body, error.status, headers=headers)

    @server.exception_handler(RagappError)
    def tell(request: Request, error: RagappError) -> JSONResponse:
        if OPENAI_PATHS.match(request.url.path):
            return tell_openai(request, openai_error(error))
        # half a surrogate pair, which a message may have taken from the question, cannot be sent
        message, hint = (_told(text, request) for text in (error.message, error.hint))
        body = problem_json(error, message, hint)
        if isinstance(error, BusyError):
            return JSONResponse(body, 429, headers={"retry-after": str(error.retry_s)})
        if isinstance(error, NotYetError | StoppingError):
            wait = NOT_YET_RETRY_S if isinstance(error, NotYetError) else STOPPING_RETRY_S
            return JSONResponse(body, 503, headers={"retry-after": str(wait)})
        return JSONResponse(body, _STATUSES.get(error.exit_code, 422))

    @server.exception_handler(RequestValidationError)
    def tell_wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer repeats what was sent, which JSON cannot always hold (NaN, half a surrogate pair)
        wrong = [(_field(one["loc"]), one["msg"]) for one in error.errors()]
        message = "; ".join(dict.fromkeys(f"{field}: {why}" if field else why for field, why in wrong))
        first = error.errors()[0]["type"]
        code = _VALIDATION_CODES.get(first, "invalid_type" if first.endswith("_type") else "invalid_value")
        if OPENAI_PATHS.match(request.url.path):
            if not _is_json(request.headers):
                told = "The body must be JSON, with the header Content-Type: application/json."
                return tell_openai(request, OpenAIError(415, told))
            return tell_openai(request, OpenAIError(400, message, code=code, param=wrong[0][0] or None))
        unreadable = any(one["type"] == "json_invalid" for one in error.errors())
        body = error_json(message, kind="ValidationError", code=code, param=wrong[0][0] or None, exit_code=2)
        return JSONResponse(body, 400 if unreadable else 422)

    @server.exception_handler(HTTPException)
    def tell_http(request: Request, error: HTTPException) -> JSONResponse:
        told = _told(str(error.detail), request)
        if OPENAI_PATHS.match(request.url.path):
            return JSONResponse(openai_json(error.status_code, told), error.status_code, headers=error.headers)
        body = error_json(told, kind="HTTPError", code=status_code_name(error.status_code))
        return JSONResponse(body, error.status_code, headers=error.headers)

    @server.exception_handler(Exception)
    def tell_defect(request: Request, error: Exception) -> JSONResponse:
        told = _told(_DEFECT, request)
        if OPENAI_PATHS.match(request.url.path):
            return JSONResponse(openai_json(500, told), 500)
        return JSONResponse(error_json(told, kind="Defect", code=status_code_name(500)), 500)


def _is_json(headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _told(text: str, request: Request) -> str:
    """What is told, in the language that the client asks for, English by default."""
    language = choose_language(request.headers.get("accept-language", ""))
    return in_language(text, language).encode("utf-8", "replace").decode()


def _field(place: tuple[int | str, ...]) -> str:
    """Where a wrong value stands, with dots; a name in it comes from the asker, too."""
    # of a field that may be of several types, pydantic names the type, too, which is no field
    named = [str(part) for part in place if part != "body"]
    text = ".".join(part for n, part in enumerate(named) if not (n and _TYPE.fullmatch(part)))
    return text.encode("utf-8", "replace").decode()
