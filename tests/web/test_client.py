"""The client of a running page, against a server that sends what it is told to: streams, refusals, a stop."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ragapp.contract import Answer, IngestProgress, IngestReport, Stage, Understood
from ragapp.contract.codec import to_values
from ragapp.errors import CancelledError, StoreError
from ragapp.web.client import PageClient, ServerError
from ragapp.web.server_file import RunningServer

ANSWER = Answer("and Paris?", "€190.", False, 0.9, standalone="What is the limit for Paris?", turns_dropped=2)


@contextmanager
def page(status=200, kind="application/json", body=b"", hold=None):
    """A client of a server that answers so; ``hold`` is set when the client has gone while it is kept waiting."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            if hold is not None:
                self.connection.settimeout(20)
                if not self.connection.recv(1):
                    hold.set()
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield PageClient(RunningServer(f"http://127.0.0.1:{server.server_port}", 1, "token"))
    finally:
        server.shutdown()
        server.server_close()


def sent(**events):
    return "".join(f"event: {name}\ndata: {json.dumps(values)}\n\n" for name, values in events.items()).encode()


def test_a_page_that_does_not_stream_gives_its_answer():
    with page(body=json.dumps(to_values(ANSWER)).encode()) as client:
        understood, answer = client.events("and Paris?")
    assert understood == Understood("What is the limit for Paris?", turns_dropped=2)
    assert answer == ANSWER


def test_events_come_as_they_are_sent():
    stage, unknown = to_values(Stage("reading", 3)), {"of": "a later version"}
    body = b": \n\n" + sent(stage=stage, novelty=unknown, answer=to_values(ANSWER))
    with page(kind="text/event-stream", body=body) as client:
        assert list(client.events("q")) == [Stage("reading", 3), ANSWER]


def test_how_far_an_ingestion_and_a_summary_are_comes_as_it_is_sent():
    progress, report = IngestProgress(1, 2, share=0.5), IngestReport()
    body = sent(ingestprogress=to_values(progress)) + b": \n\n" + sent(ingestreport=to_values(report))
    with page(kind="text/event-stream", body=body) as client:
        assert list(client.ingest_events(Path("/docs"))) == [progress, report]
    stage = Stage("summarising", part=1, parts=2)
    with page(kind="text/event-stream", body=sent(stage=to_values(stage), answer=to_values(ANSWER))) as client:
        assert list(client.summary_events("a.pdf")) == [stage, ANSWER]


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "says"),
    [
        (200, "text/event-stream", sent(stage={"name": "reading"}), StoreError, "it ended before the answer came"),
        (200, "application/json", b"<html>", StoreError, "does not answer: it is not valid JSON"),
        (200, "application/json", b'{"answer": 1}', StoreError, "of another version"),
        (500, "text/html", b"<html>", StoreError, "does not answer"),
        (422, "application/json", b'{"detail": "no"}', ServerError, "answered 422"),
        (422, "application/json", b'{"error": {"message": "No.", "hint": "Ask."}, "exit_code": 3}', ServerError, "No."),
        (200, "text/event-stream", sent(error={"error": {"message": "No.", "hint": ""}}), ServerError, "No."),
    ],
)
def test_what_goes_wrong_is_told(status, kind, body, error, says):
    with page(status, kind, body) as client, pytest.raises(error, match=says) as raised:
        list(client.events("q"))
    assert raised.value.exit_code == (3 if b'"exit_code": 3' in body else 1)


def test_a_stop_cuts_the_connection_at_once():
    gone, stop = threading.Event(), threading.Event()
    with page(hold=gone) as client:
        threading.Timer(0.3, stop.set).start()
        before = time.monotonic()
        with pytest.raises(CancelledError):
            list(client.events("q", cancelled=stop.is_set))
        assert time.monotonic() - before < 5
        assert gone.wait(5)
