import asyncio

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from ragapp.errors import (
    BusyError,
    CancelledError,
    EmptyStoreError,
    ModelError,
    NotYetError,
    PathError,
    StoppingError,
    StoreError,
    UsageError,
)
from ragapp.web.api_errors import add_error_answers, problem_json, refusal_json


def send(path: str, *messages: dict) -> list[dict]:
    """What a server with one route that reads its body sends, when these messages come."""
    server = FastAPI()
    add_error_answers(server)

    @server.post("/upload")
    async def upload(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    sent: list[dict] = []
    waiting = list(messages)

    async def receive() -> dict:
        return waiting.pop(0)

    async def keep(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 5),
    }
    asyncio.run(server(scope, receive, keep))
    return sent


def test_a_client_that_goes_away_in_the_middle_of_a_body_is_no_defect():
    half = {"type": "http.request", "body": b"half", "more_body": True}
    assert send("/upload", half, {"type": "http.disconnect"})[0]["status"] == 499


@pytest.mark.parametrize(("path", "status"), [("/upload", 200), ("/nowhere", 404)])
def test_others_are_answered(path, status):
    whole = {"type": "http.request", "body": b"whole", "more_body": False}
    assert send(path, whole)[0]["status"] == status


PROBLEMS = [
    (UsageError("a"), "invalid_value"),
    (PathError("a"), "not_possible"),
    (EmptyStoreError("a"), "no_documents"),
    (NotYetError("a"), "documents_not_ready"),
    (StoppingError("a"), "server_stopping"),
    (StoreError("a"), "store_unavailable"),
    (ModelError("a"), "model_unavailable"),
    (BusyError("a"), "rate_limit_exceeded"),
    (CancelledError("a"), "request_cancelled"),
    (ZeroDivisionError("a"), "internal_error"),
]


@pytest.mark.parametrize(("error", "code"), PROBLEMS, ids=[type(error).__name__ for error, _ in PROBLEMS])
def test_a_program_tells_problems_by_the_same_code_on_both_doors(error, code):
    server = FastAPI()
    add_error_answers(server)

    @server.get("/{door}/fail")
    def fail(door: str) -> None:
        raise error

    client = TestClient(server, raise_server_exceptions=False)
    assert [client.get(f"/{door}/fail").json()["error"]["code"] for door in ("api", "v1")] == [code, code]


def test_codes_of_what_is_asked_wrongly():
    server = FastAPI()
    add_error_answers(server)

    @server.post("/api/double")
    def double(number: int, extra: dict[str, int]) -> int:
        return 2 * number

    client = TestClient(server)
    replies = {
        "missing_required_parameter": client.post("/api/double", json={}),
        "invalid_value": client.post("/api/double?number=a", json={}),
        "invalid_type": client.post("/api/double?number=1", json=[]),
        "invalid_json": client.post("/api/double?number=1", content=b"{", headers={"content-type": "application/json"}),
        "unknown_url": client.get("/api/nowhere"),
        "method_not_allowed": client.get("/api/double"),
    }
    assert {code: reply.json()["error"]["code"] for code, reply in replies.items()} == {code: code for code in replies}
    assert refusal_json("/api/ask", 413, "Too large.")["error"]["code"] == "request_too_large"


def test_the_hint_for_a_person_stands_beside_the_code():
    told = problem_json(EmptyStoreError("Nothing there.", "Run: ragapp ingest ./docs"))
    assert told["error"]["hint"] == "Run: ragapp ingest ./docs"
    assert (told["error"]["type"], told["exit_code"]) == ("EmptyStoreError", 1)
