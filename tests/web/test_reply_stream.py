"""Clients that are slow, have gone, or come in numbers: nobody holds a place for nothing; and where a reply is cut."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
import uvicorn
from openaikit import ANSWER, ASKED, openai_client, openai_server

from ragapp.contract import Understood
from ragapp.errors import CancelledError
from ragapp.web.reply_stream import ReplyLimits
from ragapp.web.security import Security, policy_for

SOON_S = 20
TOKEN = "secret"


@contextmanager
def listening(**options):
    """Serve the routes behind what protects them; gives the port."""
    app, _ = openai_server(**options)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        Security(app, policy_for("127.0.0.1", port, token=TOKEN)),
        port=port,
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait(lambda: server.started)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()


def wait(true):
    end = time.monotonic() + SOON_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def raw(port, body, path="/v1/chat/completions"):
    """A connection on which a question was sent."""
    content = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Authorization: Bearer {TOKEN}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    connection = socket.create_connection(("127.0.0.1", port), timeout=SOON_S)
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
    return connection


class Waiting:
    """Answers that wait until they are told to go on, or stopped."""

    def __init__(self):
        self.begun, self.stopped, self.ended, self.go_on = 0, 0, 0, threading.Event()

    def __call__(self, question, turns=(), *, cancelled, **options):
        self.begun += 1
        try:
            yield Understood(question)
            while not self.go_on.is_set():
                if cancelled():
                    self.stopped += 1
                    raise CancelledError("Stopped.")
                time.sleep(0.02)
            yield ANSWER
        finally:
            self.ended += 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_has_gone_frees_its_place(stream):
    ask = Waiting()
    with listening(ask=ask, waiting=1) as port:
        connection = raw(port, {"messages": ASKED, "stream": stream})
        wait(lambda: ask.begun)
        refused = httpx.post(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            json={"messages": ASKED},
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert 1 <= int(refused.headers["retry-after"]) <= 300
        connection.close()
        wait(lambda: ask.ended)
        assert ask.stopped
        ask.go_on.set()
        answer = httpx.post(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            json={"messages": ASKED},
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 200


OTHER_WAYS = {
    "/v1/chat/completions": {"messages": ASKED},
    "/api/ask": {"question": "How long?"},
    "/api/summarize": {"document": "contract.pdf"},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", OTHER_WAYS)
def test_programs_share_the_places_whichever_way_they_come(path, stream):
    ask = Waiting()
    with listening(ask=ask, waiting=1) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        connection = raw(port, {**OTHER_WAYS[path], "stream": stream}, path)
        wait(lambda: ask.begun)
        for other, body in OTHER_WAYS.items():
            refused = client.post(other, json=body)
            assert refused.status_code == 429, other
            assert 1 <= int(refused.headers["retry-after"]) <= 300
            assert refused.json()["error"]["message"].startswith("1 questions are being answered or wait already.")
        connection.close()
        wait(lambda: ask.ended)
        ask.go_on.set()
        for other, body in OTHER_WAYS.items():
            assert client.post(other, json=body).status_code == 200, other


def test_a_comparison_takes_a_place_where_the_model_puts_it_into_words():
    ask = Waiting()
    with listening(ask=ask, waiting=1) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        both = {"before": 1, "after": 2}
        connection = raw(port, {"messages": ASKED})
        wait(lambda: ask.begun)
        for stream in (False, True):
            assert client.post("/api/compare", json={**both, "explain": True, "stream": stream}).status_code == 429
            assert client.post("/api/compare", json={**both, "stream": stream}).status_code == 200
        connection.close()
        wait(lambda: ask.ended)
        ask.go_on.set()
        for stream in (False, True, False):  # and gives it back
            assert client.post("/api/compare", json={**both, "explain": True, "stream": stream}).status_code == 200


def test_a_client_that_does_not_read_holds_nobody_up():
    done = threading.Event()
    # more than what the system keeps for a connection
    long = replace(ANSWER, answer="\n".join(["x" * 2000] * 8000), abstained=True)

    def ask(question, turns=(), **options):
        yield Understood(question)
        yield long
        done.set()

    with listening(ask=ask, waiting=1) as port, raw(port, {"messages": ASKED, "stream": True}):
        wait(done.is_set)
        time.sleep(0.2)
        with raw(port, {"messages": ASKED, "stream": True}) as second:
            assert second.recv(12) == b"HTTP/1.1 200"


def test_places_are_given_back():
    client, asked = openai_client(waiting=1)
    for stream in (False, True, False):
        assert client.post("/v1/chat/completions", json={"messages": ASKED, "stream": stream}).status_code == 200
    for wrong in ({"messages": ASKED, "n": 3}, {"messages": [{"role": "user", "content": " "}]}):
        assert client.post("/v1/chat/completions", json=wrong).status_code == 400
    for stream in (False, True, False):
        assert client.post("/api/ask", json={"question": "How long?", "stream": stream}).status_code == 200
    both = {"question": "x", "turns": [{"question": "a", "answer": "b"}], "conversation": "new"}
    assert client.post("/api/ask", json=both).status_code == 400
    assert client.post("/v1/chat/completions", json={"messages": ASKED}).status_code == 200
    assert len(asked) == 7


@pytest.mark.parametrize("told", [True, False])
def test_a_question_of_ten_megabytes_is_refused_cleanly(told):
    body = json.dumps({"messages": [{"role": "user", "content": "why " * 2_500_000}]}).encode()
    with listening() as port:
        pieces = (body[n : n + 65536] for n in range(0, len(body), 65536))
        answer = httpx.post(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            content=body if told else pieces,
            headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
            timeout=SOON_S,
        )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_heads_are_told_without_bodies():
    with listening() as port, httpx.Client(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        base = f"http://127.0.0.1:{port}/v1"
        for path, status in (("/models", 200), ("/models/none", 404), ("/chat/completions", 405), ("/none", 404)):
            head, got = client.head(base + path), client.get(base + path)
            assert (head.status_code, got.status_code) == (status, status)
            assert head.content == b""
            assert head.headers["content-length"] == got.headers["content-length"]


def cut(pieces, most=None, stops=()):
    limits = ReplyLimits(most, stops, lambda text: len(text.split()))
    return "".join(map(limits.passed, pieces)) + limits.rest(), limits.reason


@pytest.mark.parametrize(
    ("pieces", "most", "stops", "text", "reason"),
    [
        (["One two. ", "Three four. "], 2, (), "One two. ", "length"),
        (["One two. ", "Three four. "], 4, (), "One two. Three four. ", "stop"),
        (["One two. [1] (not stated) Three. [2]"], 5, (), "One two. [1] (not stated)", "length"),
        (["One two.\n", "\n", "[1] a.pdf, p. 3: “One. Two.”"], 5, (), "One two.\n\n", "length"),
        (["| a | b |\n", "| c. d | e |\n"], 6, (), "| a | b |\n", "length"),
        (["abc", "def"], None, ("cd",), "ab", "stop"),
        (["abc", "xef"], None, ("cd",), "abcxef", "stop"),
        (["abc"], None, ("cd",), "abc", "stop"),
        (["aab"], None, ("ab",), "a", "stop"),
        (["a\n", "\n", "b"], None, ("\n\n",), "a", "stop"),
        (["abc"], None, ("",), "abc", "stop"),
    ],
)
def test_where_a_reply_ends(pieces, most, stops, text, reason):
    assert cut(pieces, most, stops) == (text, reason)
