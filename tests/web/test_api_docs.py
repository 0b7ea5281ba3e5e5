"""The page ``/docs``: made here, safe to look at, and complete."""

import re

import pytest
from fastapi.testclient import TestClient
from openaikit import openai_server

from ragapp.web.api_docs import make_api_docs, render_api_docs
from ragapp.web.passwords import hash_password
from ragapp.web.security import Security, policy_for
from ragapp.web.ui.settings import render_programs

ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def server():
    app, _ = openai_server()
    app.include_router(make_api_docs())
    return app


def client(server, **policy):
    return TestClient(
        Security(server, policy_for("127.0.0.1", 7860, **policy)), base_url=ADDRESS, follow_redirects=False
    )


def test_it_can_be_read_without_a_token(server):
    page = client(server).get("/docs")
    assert page.status_code == 200
    document = client(server).get("/openapi.json").json()
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    assert f"{ADDRESS}/v1" in page.text


def test_nothing_in_it_runs_or_comes_from_elsewhere(server):
    page = client(server).get("/docs").text
    assert "<script" not in page
    assert not re.search(r"\son\w+=|javascript:", page)
    assert set(re.findall(r'(?:src|href)="([^"#]*)', page)) <= {"", "/", "/openapi.json"}
    assert not re.search(r"url\(|@import", page)


def test_links_lead_somewhere(server):
    page = client(server).get("/docs").text
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(ids)


def test_with_a_password_one_signs_in_first(server):
    guarded = client(server, password=hash_password("correct horse battery"))
    assert guarded.get("/docs", headers={"accept": "text/html"}).status_code == 303
    assert guarded.get("/openapi.json").status_code == 401


def test_every_text_is_escaped():
    evil = "<img src=x onerror=alert(1)>"
    field = {"type": "string", "description": evil, "default": evil}
    document = {
        "info": {"title": evil},
        "paths": {
            f"/v1/{evil}": {"get": {"description": f"`{evil}` {evil}", "responses": {"200": {"description": evil}}}}
        },
        "components": {"schemas": {"A": {"type": "object", "description": evil, "properties": {evil: field}}}},
    }
    assert "<img" not in render_api_docs(document, f"http://{evil}")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_settings_tell_the_address_and_never_the_token(language):
    html = render_programs(7860, language)
    assert ">http://127.0.0.1:7860/v1</code>" in html
    assert "ragapp token show" in html
    assert "<code>ragapp</code>" in html
    assert 'href="/docs"' in html
