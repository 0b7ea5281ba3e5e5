import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ragapp.web.early_script import EarlyScript

PAGE = "<html><head><script>late()</script></head><body>é</body></html>"


def page(request):
    assert "accept-encoding" not in request.headers
    return HTMLResponse(PAGE)


def streamed(request):
    return StreamingResponse(iter([PAGE[:20], PAGE[20:]]), media_type="text/html")


def other(request):
    return HTMLResponse(PAGE)


@pytest.mark.parametrize("first", [page, streamed])
def test_the_script_comes_before_all_others(first):
    app = EarlyScript(Starlette(routes=[Route("/", first), Route("/other", other)]), "/ui/page.js", b"<link>")
    client = TestClient(app)
    answer = client.get("/")
    assert answer.text == PAGE.replace("<head>", '<head><script src="/ui/page.js"></script><link>')
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert client.get("/other").text == PAGE
