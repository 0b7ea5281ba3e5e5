"""``/mcp`` of a running page, by the official client; and ``ragapp mcp`` beside it, which asks the page."""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client
from mcpkit import server_of, talking

from ragapp.mcp.http import McpDoor
from ragapp.mcp.own_library import OwnLibrary

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))
from apikit import serving_state

pytestmark = pytest.mark.real
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}},
}


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    """A client of a running page on a copy of the sample store, its settings, and what its tabs share."""
    home = tmp_path_factory.mktemp("page")
    with serving_state(home, request.config.rootpath, models_dir, sample_store, doors=[McpDoor]) as served:
        yield served


@asynccontextmanager
async def transport(server):
    headers = {"Authorization": f"Bearer {server.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        streamable_http_client(f"{server.url}/mcp", http_client=http) as streams,
    ):
        yield streams


@pytest.fixture(scope="module", params=["legacy", "auto"])
def talk(request, page):
    client, _, _ = page
    with talking(transport(client.server), request.param) as talk:
        yield talk


def posted(page, path="/mcp", values=HELLO, **headers):
    client, _, _ = page
    given = {
        "accept": "application/json, text/event-stream",
        "authorization": f"Bearer {client.server.token}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return httpx2.post(client.server.url + path, headers=given, content=json.dumps(values), trust_env=False)


def test_it_answers_as_the_program_does(talk):
    assert "ingest" not in [tool.name for tool in talk.do("list_tools").tools]
    (first, *_) = talk.values("search", query=QUESTION)["hits"]
    assert first["document"] == "travel-policy-2025.pdf"
    image = talk.call("page_picture", document=first["path"], page=first["page"]).content[-1]
    assert image.mime_type == "image/jpeg"
    answer = talk.values("ask", question=QUESTION)
    assert talk.progress[0][2] == "searching"
    assert answer["model"] == "smollm2-135m-instruct"
    assert talk.do("read_resource", "ragapp://document/1").contents[0].text


def test_a_question_that_is_given_up_leaves_the_queue(talk, page):
    _, _, state = page

    async def give_up():
        with anyio.move_on_after(0.3):
            await talk.client.call_tool("ask", {"question": QUESTION + " And why is that so?" * 20})

    talk.portal.call(give_up)
    end = time.monotonic() + 20
    while state.app.questions.callers:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"host": "evil.example"}, 421),
        ({"content_type": "text/plain"}, 400),
        ({"accept": "text/html"}, 406),
        ({}, 200),
    ],
)
def test_who_may_ask(page, headers, status):
    answer = posted(page, **headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_other_addresses_and_bodies_are_refused(page):
    assert posted(page, "/mcp/else").status_code == 404
    assert posted(page, values=["not", "a", "request"]).status_code == 400
    assert posted(page, values={**HELLO, "id": "x" * (5 << 20)}).status_code == 413
    assert posted(page, mcp_session_id="of somebody else").status_code == 404


def test_beside_the_page_its_models_answer(page, tmp_path):
    _, settings, state = page
    beside = settings.model_copy(deep=True)
    beside.paths.models = tmp_path / "none"
    library = OwnLibrary(beside)
    note = settings.paths.ingest / "kettle.txt"
    note.write_text("The kettle of Ravensbourne is vermilion.", encoding="utf-8")
    with talking(server_of(library, write=True)) as talk:
        assert talk.values("search", query=QUESTION)["hits"]
        assert talk.values("ask", question=QUESTION)["model"] == "smollm2-135m-instruct"
        assert talk.progress[0][2] == "searching"
        assert talk.values("summarize", document="amendment-1-travel-policy.eml")["model"]
        assert "summarising part 1" in talk.progress[0][2]
        talk.values("ingest", paths=["kettle.txt"])
        (document,) = talk.values("list_documents", search="kettle")["documents"]
        talk.values("remove", ids=[document["id"]])
        assert talk.values("list_documents", search="kettle")["documents"] == []

        async def give_up():
            with anyio.move_on_after(0.3):
                await talk.client.call_tool("ask", {"question": QUESTION + " And why is that so?" * 20})

        talk.portal.call(give_up)
        end = time.monotonic() + 20
        while state.app.questions.callers:
            assert time.monotonic() < end
            time.sleep(0.05)
    library.close()


def test_the_page_ends_with_its_sessions():
    """Also when nobody has ever come, and while somebody is there."""
    from types import SimpleNamespace

    from ragapp.settings import Settings
    from ragapp.web.places import Places

    async def live(come):
        door = McpDoor(SimpleNamespace(app=SimpleNamespace(settings=Settings()), places=Places(1)))
        async with door.lifespan():
            if come:
                assert await door.manager() is await door.manager()

    for come in (False, True):
        asyncio.run(asyncio.wait_for(live(come), 10))
