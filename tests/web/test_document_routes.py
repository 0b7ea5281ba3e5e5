from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ragapp.contract import FileReport, IngestReport
from ragapp.index.catalog import Catalog
from ragapp.index.records import UnreadRow
from ragapp.settings import load_settings
from ragapp.web.document_routes import make_router

HEADERS = {"x-ragapp": "1"}


@pytest.fixture
def client(tmp_path):
    """The routes on a real catalog and settings file; the job opens every file with "sesame" only."""
    settings_file = tmp_path / "settings.yaml"
    settings_file.write_text("ingest:\n  passwords: [before]\n", encoding="utf-8")
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.put_unread(UnreadRow("/d/a.pdf", "failed", "protected", "Add its password to ingest.passwords."))
    tried = []

    def unlock(path, password):
        tried.append((path, password))
        return IngestReport((FileReport(str(path), "indexed" if password == "sesame" else "failed"),))

    state = SimpleNamespace(
        app=SimpleNamespace(catalog=catalog), job=SimpleNamespace(unlock=unlock), settings_file=settings_file
    )
    app = FastAPI()
    app.include_router(make_router(state, "x-ragapp"))
    client = TestClient(app)
    client.tried, client.settings_file = tried, settings_file
    yield client
    catalog.close()


def ask(client, headers=HEADERS, **values):
    return client.post("/unlock", json={"path": "/d/a.pdf", **values}, headers=headers)


def test_a_password_that_opens_the_file_is_kept_where_that_is_wished(client):
    assert ask(client, password="wrong", keep=True).json() == {"opened": False}
    assert ask(client, password="sesame").json() == {"opened": True}
    assert load_settings(client.settings_file).ingest.passwords == ["before"]
    assert ask(client, password="sesame", keep=True).json() == {"opened": True}
    assert ask(client, password="sesame", keep=True).json() == {"opened": True}
    assert load_settings(client.settings_file).ingest.passwords == ["before", "sesame"]
    assert {path for path, _ in client.tried} == {Path("/d/a.pdf")}


def test_only_files_of_the_list_are_tried_and_only_for_the_page_itself(client):
    assert ask(client, password="sesame", path="/etc/shadow").json() == {"opened": False}
    assert ask(client, password="").json() == {"opened": False}
    assert ask(client, headers={}, password="sesame").status_code == 403
    assert client.tried == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"path": "/d/a.pdf"}', b'"' + b"x" * 20_000 + b'"', b"\xff\xfe"])
def test_what_is_no_request_is_refused(client, body):
    assert client.post("/unlock", content=body, headers=HEADERS).status_code == 400
    assert client.tried == []
