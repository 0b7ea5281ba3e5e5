import asyncio
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

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
