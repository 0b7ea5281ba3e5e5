"""Commands beside a running page: its model answers, and it alone changes what is stored."""

import io
import json
import sys
import threading
import time
from pathlib import Path

import pytest

from ragapp.app import App
from ragapp.errors import CancelledError, StoreError
from ragapp.web.client import PageChat, PageClient
from ragapp.web.server_file import RunningServer

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))
from apikit import serving_state

QUESTION = "What is the hotel limit for London in the 2025 travel policy?"


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    """A client of a running page on a copy of the sample store, and its settings."""
    home = tmp_path_factory.mktemp("beside")
    with serving_state(home, request.config.rootpath, models_dir, sample_store) as (client, settings, _):
        yield client, settings


@pytest.fixture
def beside(page, home, monkeypatch):
    """The settings of a command beside the page; its own models are not there, so only the page's can answer."""
    _, settings = page
    for name, path in (("DATA", settings.paths.data), ("INGEST", settings.paths.ingest), ("MODELS", home / "none")):
        monkeypatch.setenv(f"RAGAPP_PATHS__{name}", str(path))
    return settings


@pytest.mark.real
class TestBesideThePage:
    def test_a_conversation_is_answered_by_its_model_and_kept(self, ragapp, beside, page, monkeypatch):
        lines = [QUESTION, "and for Paris?", "/rename Hotels", "/list", "/new", "/quit"]
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code, out, err = ragapp("chat")
        assert code == 0, err
        assert out.count("smollm2-135m-instruct") + err.count("smollm2-135m-instruct") == 2
        assert "renamed: Hotels" in out
        (row,) = json.loads(ragapp("conversations", "list", "--json")[1])["conversations"]
        assert (row["title"], row["turns"]) == ("Hotels", 2)
        monkeypatch.setattr(sys, "stdin", io.StringIO("/delete\n"))
        assert ragapp("chat", "--open", row["id"])[0] == 0
        assert json.loads(ragapp("conversations", "list", "--json")[1])["conversations"] == []

    def test_a_question_that_is_stopped_is_not_kept(self, page, beside):
        client, settings = page
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        with App(settings) as app:
            session = PageChat(client, app.conversations)
            before = time.monotonic()
            with pytest.raises(CancelledError):
                list(session.ask(QUESTION + " And why?" * 20, cancelled=stop.is_set))
            assert time.monotonic() - before < 10
            assert session.id is None
            time.sleep(1)
            assert app.conversations.list() == []

    def test_passages_and_summaries_come_from_it(self, ragapp, beside):
        code, out, err = ragapp("ask", QUESTION, "--no-llm", "--json")
        assert code == 0, err
        found = json.loads(out)
        assert found["hits"]
        assert "abstained" not in found
        code, out, err = ragapp("ask", "--summarize", "amendment-1-travel-policy.eml", "--json")
        assert code == 0, err
        assert json.loads(out)["model"] == "smollm2-135m-instruct"
        code, out, _ = ragapp("ask", "--summarize", "no-such-*", "--json")
        assert (code, json.loads(out)["exit_code"]) == (1, 1)

    def test_what_is_purged_leaves_no_trace(self, ragapp, beside, tmp_path):
        secret = "the kettle of Ravensbourne is vermilion"
        (tmp_path / "kettle.txt").write_text(secret, encoding="utf-8")
        assert ragapp("ingest", tmp_path / "kettle.txt")[0] == 0
        upload = beside.paths.data / "uploads" / "now" / "part"
        upload.parent.mkdir(parents=True, exist_ok=True)
        upload.write_bytes(b"an upload that goes on")
        code, out, err = ragapp("documents", "remove", "kettle.txt", "--purge")
        assert code == 0, err
        assert "Nothing of what was removed is left" in out
        assert "kettle.txt" in out.splitlines()[-1]
        assert upload.is_file()  # the page may be getting it just now
        for file in beside.paths.data.rglob("*"):
            if file.is_file():
                assert b"Ravensbourne" not in file.read_bytes(), file
        assert json.loads(ragapp("search", "hotel limit", "--json")[1])["hits"]
        assert json.loads(ragapp("documents", "remove", "--purge", "--json")[1])["purged"]


def test_a_page_that_has_gone_is_told_in_words():
    client = PageClient(RunningServer("http://127.0.0.1:9", 1, "token"))
    for ask in (lambda: client.get("ingest"), lambda: list(client.events("x", cancelled=lambda: False))):
        with pytest.raises(StoreError, match="does not answer: nothing answers there"):
            ask()
