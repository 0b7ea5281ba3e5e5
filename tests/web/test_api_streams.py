"""What is sent while an answer is made, and whose question comes first; with a stand-in for the assistant."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from ragapp.answer.asked import Asked
from ragapp.contract import Answer, Citation, Place, Proved, Sentence, Stage, Understood
from ragapp.contract.codec import from_values
from ragapp.errors import CancelledError, EmptyStoreError, StoreError
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Settings
from ragapp.web import streaming
from ragapp.web.api import make_api
from ragapp.web.api_errors import add_error_answers
from ragapp.web.client import PageClient, ServerError
from ragapp.web.metrics import Metrics
from ragapp.web.openai_api import make_openai_api
from ragapp.web.places import Places
from ragapp.web.server_file import RunningServer

QUOTE = Citation("a.pdf", "/a.pdf", 3, n=1, quote="The limit is £175.", start=0, end=18)
PROVED = Proved(Sentence("You get £175. [1]", True, (1,), (QUOTE.quote,)), (QUOTE,), language="en")


class Assistant:
    """Answers one at a time, each in a moment; notes in which order."""

    def __init__(self, queue, seconds=0.01, error=None):
        self.queue, self.seconds, self.error, self.order, self.stopped = queue, seconds, error, [], threading.Event()

    def ask(self, question, turns=(), *, ticket=None, cancelled=lambda: False, **options):
        ticket = ticket or self.queue.ticket()
        return Asked(self._events(question, ticket, cancelled), ticket)

    def _events(self, question, ticket, cancelled):
        while not ticket.wait(0.05):
            pass
        yield Understood(question)
        if self.error:
            raise self.error
        yield Stage("reading", 2, number=1, place=Place("a.pdf", "/a.pdf", 3))
        yield PROVED
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            if cancelled():
                self.stopped.set()
                raise CancelledError("Stopped.")
            time.sleep(0.005)
        self.order.append(question)
        yield Answer(
            question, PROVED.sentence.text, False, 0.9, (PROVED.sentence,), (QUOTE,), language="en", standalone=question
        )


def made_server(assistant, beginning=False, counts=(1,)):
    counts = list(counts)
    app = SimpleNamespace(assistant=assistant, settings=Settings(), questions=assistant.queue)
    models = SimpleNamespace(note_answer=lambda one: None)
    state = SimpleNamespace(app=app, metrics=Metrics(), models=models, places=Places(60))
    state.job, state.document_count = (
        SimpleNamespace(beginning=beginning),
        lambda: counts.pop(0) if counts[1:] else counts[0],
    )
    server = FastAPI()
    server.include_router(make_api(state))
    server.include_router(make_openai_api(state))
    add_error_answers(server)
    return server


def serving(beginning=False, counts=(1,), **options):
    assistant = Assistant(FairLock(), **options)
    transport = httpx.ASGITransport(made_server(assistant, beginning, counts))
    return assistant, httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60)


def body(path, question, **more):
    asked = {"messages": [{"role": "user", "content": question}]} if path.startswith("/v1") else {"question": question}
    return {**asked, **more}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_many_questions_at_once_are_all_answered_in_the_order_of_asking(path, stream):
    assistant, client = serving()
    questions = [f"question {n}" for n in range(60)]  # more than the pool has threads

    async def post(number):
        return (await client.post(path, json=body(path, questions[number], stream=stream))).status_code

    async def ask():
        async with client:
            return await asyncio.gather(*map(post, range(len(questions))))

    assert asyncio.run(ask()) == [200] * 60
    assert assistant.order == questions


def test_the_api_sends_each_event_as_its_record():
    _, client = serving()

    async def ask():
        async with client:
            return (await client.post("/api/ask", json=body("/api", "q", stream=True))).text

    sent = [piece.partition("\n") for piece in asyncio.run(ask()).split("\n\n") if piece.startswith("event: ")]
    kinds = {kind.__name__.lower(): kind for kind in (Understood, Stage, Proved, Answer)}
    records = [from_values(kinds[name[7:]], json.loads(data[6:])) for name, _, data in sent]
    assert [type(record) for record in records] == [Understood, Stage, Proved, Answer]
    assert records[1].place == Place("a.pdf", "/a.pdf", 3)
    assert records[2] == PROVED
    assert records[3].sentences == (PROVED.sentence,)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/ask", ("type", "EmptyStoreError")),
        ("/api/ask", ("code", "no_documents")),
        ("/v1/chat/completions", ("code", "no_documents")),
    ],
)
def test_a_problem_ends_the_stream_in_words(path, kind):
    _, client = serving(error=EmptyStoreError("Nothing there.", "Add some."))

    async def ask():
        async with client:
            return (await client.post(path, json=body(path, "q", stream=True))).text

    last = asyncio.run(ask()).rstrip().split("\n\n")[-1]
    problem = json.loads(last.partition("data: ")[2])["error"]
    assert problem["message"].startswith("Nothing there.")
    assert problem[kind[0]] == kind[1]


def test_a_question_that_cannot_be_asked_keeps_nobody_waiting():
    _, client = serving()
    wrong = {"question": "q", "turns": [{"question": "a", "answer": "b"}], "conversation": "new"}

    async def ask():
        async with client:
            refused = await client.post("/api/ask", json=wrong)
            return refused.status_code, (await client.post("/api/ask", json={"question": "q"})).status_code

    assert asyncio.run(ask()) == (400, 200)


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_a_question_before_the_first_document_waits_for_it(path, monkeypatch):
    async def ask(wait_s, *counts):
        monkeypatch.setattr(streaming, "FIRST_DOCUMENT_S", wait_s)
        assistant, client = serving(beginning=True, counts=counts)
        async with client:
            reply = await client.post(path, json=body(path, "q"))
        return reply, assistant.order, assistant.queue.ticket().wait(0)

    assert asyncio.run(ask(30, 0, 0, 1))[0].status_code == 200
    reply, order, free = asyncio.run(ask(0, 0))
    assert (reply.status_code, order, free) == (503, [], True)
    assert int(reply.headers["retry-after"]) > 0
    assert reply.json()["error"]["message"].startswith("The first documents are still being read.")


def test_who_hangs_up_ends_the_work():
    assistant = Assistant(FairLock(), seconds=30)
    hung_up = [False]

    async def listen():
        events = streaming.events_or_silence(assistant.ask("q", cancelled=lambda: hung_up[0]), hung_up)
        async for event in events:
            if isinstance(event, Proved):
                break
        await events.aclose()

    asyncio.run(listen())
    assert assistant.stopped.wait(5)


@contextmanager
def listening(**options):
    """The same on a port, with a client of commands."""
    assistant, _ = serving(**options)
    server = uvicorn.Server(uvicorn.Config(made_server(assistant), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield assistant, PageClient(RunningServer(f"http://127.0.0.1:{port}", 1, "token"))
    finally:
        server.should_exit = True
        thread.join()


def test_a_command_hears_what_goes_on_at_the_page():
    with listening() as (_, client):
        events = list(client.events("q"))
    assert [type(event) for event in events] == [Understood, Stage, Proved, Answer]
    assert events[2] == PROVED


def test_a_command_is_told_why_there_is_no_answer():
    with listening(error=EmptyStoreError("Nothing there.", "Add some.")) as (_, client):
        with pytest.raises(ServerError, match=r"Nothing there\. Add some\."):
            list(client.events("q"))
        with pytest.raises(ServerError):
            list(client.events("q", caution="none"))


def test_who_stops_a_command_stops_the_page():
    stop = threading.Event()
    with listening(seconds=30) as (assistant, client):
        events = client.events("q", cancelled=stop.is_set)
        while not isinstance(next(events), Proved):
            pass
        stop.set()
        with pytest.raises(CancelledError):
            next(events)
        assert assistant.stopped.wait(5)


def test_a_page_that_has_gone_is_told():
    with listening() as (_, client):
        pass
    with pytest.raises(StoreError, match="does not answer"):
        list(client.events("q"))
