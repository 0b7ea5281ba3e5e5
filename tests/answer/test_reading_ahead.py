"""Passages are read ahead with a real model, kept, and found by the next question."""

import shutil
import time
from pathlib import Path

import pytest

from ragapp.answer import reading_ahead
from ragapp.answer.reading_ahead import read_ahead
from ragapp.app import App
from ragapp.llm.prompt_store import FOLDER_NAME, usage
from ragapp.maintenance.erase import erase
from ragapp.settings import load_settings

pytestmark = pytest.mark.real

FACTS = {
    "lease.md": "# Lease\n\nThe deposit for the boathouse is 3,150 euros and is paid back within eight weeks. " * 3,
    "keys.md": "# Keys\n\nThe spare key of the pump room hangs in the office of Mirela Tomc, behind the door. " * 3,
}


@pytest.fixture
def app(tmp_path, models_dir):
    for name, text in FACTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings = load_settings(None, {"paths": {"data": tmp_path / "data", "models": models_dir, "ingest": tmp_path}})
    settings.llm.model, settings.embedding.model = "smollm2-135m-instruct", "all-minilm-l6-v2"
    settings.llm.context, settings.llm.threads = 1024, 1
    with App(settings, write=True) as app:
        app.pipeline.run([tmp_path / name for name in FACTS])
        yield app


def test_all_passages_are_read_once_and_go_with_their_document(app, tmp_path):
    folder = tmp_path / "data" / FOLDER_NAME
    told = []
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False, progress=told.append)
    app.engine().close()
    assert (reached.done, reached.passages) == (2, 2)
    assert [at.done for at in told] == [1, 2]
    assert usage(folder).readings == 2
    # the first question about a passage has only itself left to read
    answer = app.ask("How much is the deposit for the boathouse?")
    assert answer.signals
    assert app.engine().stats.prompt_tokens == 0 or app.engine().stats.cached_tokens > 48
    row = next(row for row in app.catalog.documents() if row.name == "lease.md")
    app.store.remove(row.id)
    app.engine().close()
    before = usage(folder).readings
    erase(app.store, tmp_path / "drop")
    assert usage(folder).readings < before
    again = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False)
    assert (again.done, again.passages) == (1, 1)
    shutil.rmtree(folder)


def test_it_stops_when_somebody_asks_and_goes_on_later(app, tmp_path):
    answers = iter([False, True])
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: next(answers, True))
    assert reached.done < reached.passages
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False)
    assert reached.done == reached.passages == 2


def test_it_stops_where_there_is_no_more_room(app, tmp_path):
    app.settings.llm.prompt_cache_mb = 0
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False)
    assert reached.done == 0
    assert usage(tmp_path / "data" / FOLDER_NAME).readings == 0


def test_what_was_added_last_is_read_first_then_what_was_asked_about_then_the_rest(app, monkeypatch):
    monkeypatch.setattr(reading_ahead, "_NEWEST", 1)
    monkeypatch.setattr(app.engine(), "prefill", lambda messages, cancelled: read.append(messages[-1]["content"]))
    monkeypatch.setattr(app.engine(), "kept", lambda messages: False)
    monkeypatch.setattr(app.engine(), "keep", lambda messages, sources: None)
    (folder,) = {Path(row.path).parent for row in app.catalog.documents()}
    for name in ("asked.md", "newest.md"):
        (folder / name).write_text(f"# {name}\n\nNothing but words that fill the only page of this document. " * 3)
        app.pipeline.run([folder / name])
        time.sleep(0.01)
    rows = sorted(app.catalog.documents(), key=lambda row: (row.ingested_at, row.id), reverse=True)
    first, second = (Path(row.name).stem for row in rows[2:])
    shown = [("gone.md", 1), (str(folder / f"{second}.md"), 1), (str(folder / f"{first}.md"), 9)]
    for asked, order in (((), ["newest", "asked", first, second]), (shown, ["newest", second, "asked", first])):
        read = []
        reached = read_ahead(app.engine(), app.catalog, app.settings, asked_about=asked, cancelled=lambda: False)
        assert [next(name for name in order if f"{name}.md" in text) for text in read] == order
        assert reached.done == reached.passages == 4
