"""Programs that wait for hours leave the threads of the pool to those who ask."""

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace

import httpx
from fastapi import FastAPI

from ragapp.contract import IngestReport, SearchResult
from ragapp.web.api import make_api
from ragapp.web.places import Places

# threads of the pool that Starlette has
POOL = 40


def test_many_that_wait_for_an_ingestion_do_not_hold_up_a_search(tmp_path):
    running: Future[IngestReport] = Future()
    app = SimpleNamespace(drop_folder=lambda: tmp_path, search=lambda query, k, scope: SearchResult(query, (), 0.0))
    job = SimpleNamespace(run=lambda paths, **options: running)
    server = FastAPI()
    server.include_router(make_api(SimpleNamespace(app=app, job=job, places=Places(1))))

    async def ask():
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            waiting = [asyncio.create_task(client.post("/api/ingest", json={})) for _ in range(POOL + 5)]
            await asyncio.sleep(0.5)
            try:
                found = await asyncio.wait_for(client.post("/api/search", json={"query": "leave"}), 10)
                assert not any(task.done() for task in waiting)
            finally:
                running.set_result(IngestReport.of([], seconds=1.0))
            return found, await asyncio.gather(*waiting)

    found, ingested = asyncio.run(ask())
    assert (found.status_code, found.json()["query"]) == (200, "leave")
    assert {reply.status_code for reply in ingested} == {200}
