import gzip
import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ragapp.web import assets
from ragapp.web.assets import Assets


@pytest.fixture
def client(tmp_path, monkeypatch):
    (tmp_path / "a-1.js").write_text("let a;" * 100)
    (tmp_path / "b-2.woff2").write_bytes(b"font")
    monkeypatch.setattr(assets, "assets_folder", lambda: tmp_path)

    def other(request):
        return PlainTextResponse("other", headers={"cache-control": "no-cache"})

    routes = [Route("/theme.css", other), Route("/assets/{name:path}", other), Route("/", other)]
    return TestClient(Assets(Starlette(routes=routes)))


def test_files_are_sent_packed_and_kept(client):
    answer = client.get("/assets/a-1.js", headers={"accept-encoding": "gzip, br"})
    assert answer.text == "let a;" * 100
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 6))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/javascript"
    plain = client.get("/assets/a-1.js", headers={"accept-encoding": "identity"})
    assert plain.text == answer.text
    assert "content-encoding" not in plain.headers
    assert client.get("/assets/b-2.woff2").content == b"font"


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/..%2Fassets.py", "/assets/sub/a-1.js", "/"])
def test_what_is_not_there_is_handed_on(client, path):
    assert client.get(path).text == "other"


def test_only_an_address_with_a_version_is_kept(client):
    assert client.get("/theme.css").headers["cache-control"] == "no-cache"
    assert "immutable" in client.get("/theme.css?v=1").headers["cache-control"]
    assert client.get("/?v=1").headers["cache-control"] == "no-cache"


def test_a_page_has_tags_for_what_is_there(tmp_path, monkeypatch):
    for name in ("a-1.js", "b-2.css"):
        (tmp_path / name).touch()
    (tmp_path / "list").write_text("a-1.js\nb-2.css\nof-another-version.js\n")
    monkeypatch.setattr(assets, "assets_folder", lambda: tmp_path)
    monkeypatch.setattr(assets, "_LIST", tmp_path / "list")
    assert assets.preloads.__wrapped__().decode() == (
        '<link rel="modulepreload" href="/assets/a-1.js">'
        '<link rel="preload" as="style" crossorigin href="/assets/b-2.css">'
    )


def test_gradio_comes_without_its_type_stubs_and_is_the_same():
    code = """
import sys
from ragapp.web.gradio_start import import_gradio
before = list(sys.meta_path)
gr = import_gradio()
assert sys.meta_path == before
import gradio, gradio.component_meta, inspect
assert gradio is gr
assert "pyi" not in gradio.component_meta.create_or_modify_pyi.__name__
with gr.Blocks():
    box = gr.Textbox("x")
    box.change(lambda value: value, box, box)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=120)
