import asyncio

import pytest
from fastapi import FastAPI, Request

from ragapp.web.api_errors import add_error_answers


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
