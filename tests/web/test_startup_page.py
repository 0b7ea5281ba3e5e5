import asyncio
import json
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from ragapp.web.startup_page import StartupPage


class Inner:
    def __init__(self):
        self.lives = []
        self.router = SimpleNamespace(lifespan_context=self.lifespan)

    @asynccontextmanager
    async def lifespan(self, app):
        self.lives.append("begun")
        yield
        self.lives.append("ended")

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 418, "headers": []})


async def status(page, path="/"):
    sent = []

    async def send(message):
        sent.append(message)

    await page({"type": "http", "path": path}, None, send)
    return sent[0]["status"]


def test_it_answers_at_once_and_then_hands_on():
    may_build, inner, ready = threading.Event(), Inner(), threading.Event()

    def build():
        may_build.wait(5)
        return inner

    async def live():
        page = StartupPage(build, ready.set)
        messages, sent = asyncio.Queue(), []

        async def send(message):
            sent.append(message["type"])

        await messages.put({"type": "lifespan.startup"})
        living = asyncio.create_task(page({"type": "lifespan"}, messages.get, send))
        while not sent:
            await asyncio.sleep(0.01)
        before = await status(page), await status(page, "/api/ask")
        asking = asyncio.create_task(status(page, "/ui/ready"))
        await asyncio.sleep(0.05)
        assert not asking.done()
        may_build.set()
        assert await asking == 200
        while not ready.is_set():
            await asyncio.sleep(0.01)
        after = await status(page)
        await messages.put({"type": "lifespan.shutdown"})
        await living
        return before, after, sent

    before, after, sent = asyncio.run(live())
    assert before == (200, 503)
    assert after == 418
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert inner.lives == ["begun", "ended"]


def test_what_goes_wrong_is_told():
    told = []

    async def live():
        page = StartupPage(lambda: 1 / 0, failed=told.append)
        messages = asyncio.Queue()

        async def send(message):
            pass

        await messages.put({"type": "lifespan.startup"})
        living = asyncio.create_task(page({"type": "lifespan"}, messages.get, send))
        while not told:
            await asyncio.sleep(0.01)
        found = await status(page)
        await messages.put({"type": "lifespan.shutdown"})
        await living
        return found

    assert asyncio.run(live()) == 500
    assert isinstance(told[0], ZeroDivisionError)


def test_programs_are_asked_for_patience_in_their_own_form():
    def told(path):
        sent = []

        async def send(message):
            sent.append(message)

        asyncio.run(StartupPage(Inner)({"type": "http", "path": path}, None, send))
        start, body = sent
        headers = dict(start["headers"])
        assert start["status"] == 503
        assert headers[b"content-type"] == b"application/json"
        assert int(headers[b"retry-after"]) >= 1
        return json.loads(body["body"])

    assert told("/v1/models")["error"]["code"] == "service_unavailable"
    assert told("/v1/chat/completions").keys() == {"error"}
    assert told("/api/ask")["error"]["hint"] == ""


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        (b"fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (b"de-DE,de;q=0.9,en;q=0.5,fr;q=0.7", "fr"),
        (b"en-GB", "en"),
        (b"fr;q=0, en;q=0.1", "en"),
        (b"ja", "en"),
        (b"fr;q=oops", "fr"),
        (b"", "en"),
    ],
)
def test_it_speaks_the_language_of_the_browser(asked, language):
    sent = []

    async def ask():
        async def send(message):
            sent.append(message)

        await StartupPage(lambda: None)(
            {"type": "http", "path": "/", "headers": [(b"accept-language", asked)]}, None, send
        )

    asyncio.run(ask())
    body = sent[1]["body"].decode()
    assert f'<html lang="{language}">' in body
    assert {"en": ">ragapp is starting", "fr": ">Démarrage de ragapp"}[language] in body


def test_a_language_that_was_chosen_on_the_page_is_heeded_by_its_script():
    sent = []

    async def ask():
        async def send(message):
            sent.append(message)

        await StartupPage(lambda: None)({"type": "http", "path": "/", "headers": []}, None, send)

    asyncio.run(ask())
    body = sent[1]["body"].decode()
    assert 'data-fr="Démarrage de ragapp…"' in body
    assert 'localStorage.getItem("ragapp-language")' in body
