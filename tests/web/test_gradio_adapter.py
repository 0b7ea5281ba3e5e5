"""What is used of Gradio beyond what it documents; each test says what to look at when Gradio has changed."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from ragapp.web.gradio_adapter import HEAD, REPLACED, SHIM, EarlyScript, frontend_files, import_gradio

PAGE = "<html><head><script>late()</script></head><body>é</body></html>"
LOOK = "Gradio has changed: look at ragapp/web/gradio_adapter.py and at the range of versions in pyproject.toml. "


def frontend(pattern):
    """Scripts of Gradio's frontend that hold something."""
    gradio = Path(import_gradio().__file__).parent
    scripts = (gradio / "templates" / "frontend" / "assets").glob("*.js")
    return [path for path in scripts if re.search(pattern, path.read_text(encoding="utf-8", errors="replace"))]


@pytest.mark.parametrize(("module", "name"), REPLACED)
def test_what_is_replaced_is_there(module, name):
    import_gradio()
    found = importlib.import_module(module)
    for part in name.split("."):
        assert hasattr(found, part), f"{LOOK}{module} has no {name}: its import may be quick by itself now."
        found = getattr(found, part)


def test_gradio_comes_without_its_type_stubs_and_is_the_same():
    code = """
import sys
from ragapp.web.gradio_adapter import import_gradio
before = list(sys.meta_path)
gr = import_gradio()
assert sys.meta_path == before
import gradio, gradio.component_meta, gradio.events
assert gradio is gr
for replaced in (gradio.component_meta.create_or_modify_pyi, gradio.events.EventListener.set_doc):
    assert replaced.__module__ == "ragapp.web.gradio_adapter", replaced
with gr.Blocks():
    box = gr.Textbox("x")
    box.change(lambda value: value, box, box)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)


def test_gradio_comes_without_the_library_that_it_does_not_need():
    own = "import sys, gradio; assert 'mcp' in sys.modules, 'not needed any more'"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", own], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{LOOK}Its import may leave MCP out by itself now: {done.stderr}"
    code = """
import sys, threading
from ragapp.web import gradio_adapter
gr = gradio_adapter.import_gradio()
assert "mcp" not in sys.modules
finder = gradio_adapter._Finder()
sys.meta_path.insert(0, finder)
other = threading.Thread(target=__import__, args=("mcp.server",))  # of a program that comes meanwhile
other.start()
other.join()
sys.meta_path.remove(finder)
assert "mcp.server" in sys.modules
with gr.Blocks() as page:
    gr.Textbox("x")
gr.routes.App.create_app(page)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)


def test_the_shim_stands_in_for_what_the_frontend_uses():
    assert "window.Function" in SHIM.read_text(encoding="utf-8")
    made = frontend(r"Function\(\.\.\.\w+,`return \\`\$\{\w+\}\\`;`\)")
    assert made, f"{LOOK}HTML templates are no longer made by Function: perhaps gradio_shim.js need not replace it."
    asked = frontend(r"window\.navigator\.language\|\|window\.navigator\.languages\[0\]")
    assert asked, f"{LOOK}The language is no longer asked of the browser: perhaps a chosen one can be told to Gradio."


def test_the_page_has_a_place_for_the_script():
    page = Path(import_gradio().__file__).parent / "templates" / "frontend" / "index.html"
    assert page.read_bytes().count(HEAD) == 1, f"{LOOK}The page has no {HEAD!r} for EarlyScript."


def test_the_address_reaches_the_server():
    told = frontend(r"new URLSearchParams\(window\.location\.search\)\.toString\(\)")
    assert told, f"{LOOK}The address's parameters, by which a tab says who it is (core.js), are no longer sent along."


def test_frontend_files_are_kept_by_browsers():
    client = TestClient(Starlette(routes=[Mount("/assets", frontend_files())]))
    (script, *_) = frontend("initialLocale")
    answer = client.get(f"/assets/{script.name}")
    assert answer.status_code == 200, f"{LOOK}Its frontend lies in another folder."
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    for path in ("none.js", "..%2F..%2Findex.html"):
        assert client.get(f"/assets/{path}").status_code == 404


def page(request):
    assert "accept-encoding" not in request.headers
    return HTMLResponse(PAGE)


def streamed(request):
    return StreamingResponse(iter([PAGE[:20], PAGE[20:]]), media_type="text/html")


def other(request):
    return HTMLResponse(PAGE)


@pytest.mark.parametrize("first", [page, streamed])
def test_the_script_comes_before_all_others(first):
    app = EarlyScript(Starlette(routes=[Route("/", first), Route("/other", other)]), "/ui/page.js")
    client = TestClient(app)
    answer = client.get("/")
    assert answer.text == PAGE.replace("<head>", '<head><script src="/ui/page.js"></script>')
    if first is page:
        assert int(answer.headers["content-length"]) == len(answer.content)
    assert client.get("/other").text == PAGE


def test_an_address_with_parameters_of_our_own_is_the_page_all_the_same():
    seen = []

    def page(request):
        seen.append(dict(request.query_params))
        return HTMLResponse(PAGE)

    app = EarlyScript(Starlette(routes=[Route("/", page), Route("/other", page)]), "/ui/page.js")
    with TestClient(app) as client:
        assert "/ui/page.js" in client.get("/?document=7&page=3").text
        client.get("/other?page=3")
    assert seen == [{}, {"page": "3"}]
