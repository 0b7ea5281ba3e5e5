"""What the API says when it does not do what is asked: always one JSON object, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ragapp.errors import RagappError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

#: statuses that any route may answer with besides 200, and why
REFUSALS = {
    400: "What is asked cannot mean anything.",
    401: "The token is missing or wrong.",
    403: "Another site may not ask.",
    404: "There is nothing at this address.",
    413: "The body is too large.",
    422: "A field is missing or wrong, or it cannot be done; the message says what to do next.",
    499: "It was stopped.",
}
# exit codes that have a status of their own
_STATUSES = {2: 400, 130: 499}
_DEFECT = "This is a defect of ragapp; the terminal that it runs in says more."


def error_json(
    message: str, hint: str = "", kind: str = "Error", param: str | None = None, exit_code: int = 1
) -> dict[str, Any]:
    """The body of a refusal: ragapp's fields, and those that OpenAI's clients look for.

    ``kind`` is the class of the error, ``param`` the field of the body that is wrong, with dots, and ``exit_code`` the
    one that the command would end with.
    """
    problem = {"message": message, "hint": hint, "type": kind, "code": None, "param": param}
    return {"error": problem, "exit_code": exit_code}


def add_error_answers(server: FastAPI) -> None:
    """Have everything that goes wrong on the API's routes told as :func:`error_json` gives it."""
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    @server.exception_handler(RagappError)
    def tell(request: Request, error: RagappError) -> JSONResponse:
        # half a surrogate pair, which a message may have taken from the question, cannot be sent
        message, hint = (text.encode("utf-8", "replace").decode() for text in (error.message, error.hint))
        body = error_json(message, hint, type(error).__name__, exit_code=error.exit_code)
        return JSONResponse(body, _STATUSES.get(error.exit_code, 422))

    @server.exception_handler(RequestValidationError)
    def tell_wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer repeats what was sent, which JSON cannot always hold (NaN, half a surrogate pair)
        wrong = [(_field(one["loc"]), one["msg"]) for one in error.errors()]
        message = "; ".join(f"{field}: {why}" if field else why for field, why in wrong)
        unreadable = any(one["type"] == "json_invalid" for one in error.errors())
        body = error_json(message, kind="ValidationError", param=wrong[0][0] or None, exit_code=2)
        return JSONResponse(body, 400 if unreadable else 422)

    @server.exception_handler(HTTPException)
    def tell_http(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse(error_json(str(error.detail), kind="HTTPError"), error.status_code, headers=error.headers)

    @server.exception_handler(Exception)
    def tell_defect(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(error_json(_DEFECT, kind="Defect"), 500)


def _field(place: tuple[int | str, ...]) -> str:
    """Where a wrong value stands, with dots; a name in it comes from the asker, too."""
    text = ".".join(str(part) for part in place if part != "body")
    return text.encode("utf-8", "replace").decode()
