"""Passages are read ahead with a real model, kept, and found by the next question."""

import shutil
import time
from pathlib import Path

import pytest

from ragapp.answer import reading_ahead
from ragapp.answer.prompts import passage_messages, prompts_for
from ragapp.answer.reading_ahead import read_ahead
from ragapp.app import App
from ragapp.contract import Answer
from ragapp.errors import ModelError
from ragapp.llm import prompt_store
from ragapp.llm.prompt_store import FOLDER_NAME, usage
from ragapp.maintenance.erase import erase
from ragapp.retrieval.postprocess import join_neighbours
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


def passage(app, name):
    """The only passage of a document."""
    row = next(row for row in app.catalog.documents() if row.name == name)
    return reading_ahead._alone(app.catalog.unit_chunks(row.id, 1)[0])


def test_all_passages_are_read_once_and_go_with_their_document(app, tmp_path):
    folder = tmp_path / "data" / FOLDER_NAME
    told = []
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False, progress=told.append)
    app.engine().close()
    assert (reached.done, reached.passages) == (2, 2)
    assert [at.done for at in told] == [1, 2]
    assert usage(folder).readings == 2
    # the first question about a passage has only itself left to read
    app.settings.retrieval.context_tokens = 900  # or the speed is measured first
    engine, read = app.engine(), []
    decode = engine._context.decode
    engine._context.decode = lambda tokens: (read.append(len(tokens)), decode(tokens))[1]
    answer = app.ask("How much is the deposit for the boathouse?")
    assert answer.signals
    assert 0 < max(read) < 64
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


def test_the_newest_displaces_what_nobody_asked_about_and_nothing_is_read_in_vain(app, tmp_path, monkeypatch):
    monkeypatch.setattr(reading_ahead, "_NEWEST", 1)
    folder, engine = tmp_path / "data" / FOLDER_NAME, app.engine()
    assert read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False).done == 2
    held = usage(folder)
    largest = max(path.stat().st_size for path in folder.glob("*/*.kv"))
    engine._store.most_bytes = held.bytes + largest // 4  # room for these two only
    read, prefill = [], engine.prefill
    monkeypatch.setattr(engine, "prefill", lambda *given: (read.append(given[0][-1]["content"]), prefill(*given))[1])
    again = read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    assert (again.done, read) == (2, [])
    time.sleep(0.01)
    (tmp_path / "newest.md").write_text("# Tides\n\nHigh water at the jetty is told by the warden each evening. " * 3)
    app.pipeline.run([tmp_path / "newest.md"])
    reached = read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    assert [("jetty" in text) for text in read] == [True]
    assert reached.done < reached.passages == 3
    assert usage(folder).bytes <= engine._store.most_bytes
    reached = read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    assert len(read) == 1  # what has no room is not read for nothing


def test_a_full_disk_ends_it_in_words_and_is_not_counted_as_read(app, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ragapp.llm.prompt_store.os.replace", full)
    told = []
    with pytest.raises(ModelError, match="cannot be kept on disk: No space left"):
        read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False, progress=told.append)
    assert told == []


def test_passages_are_read_with_their_neighbours_where_the_search_joins_them(app, tmp_path):
    app.settings.retrieval.neighbours = 1
    rooms = [f"Room {n} of the boathouse has {n + 2} windows, {n + 3} chairs and a stove." for n in range(60)]
    (tmp_path / "rooms.md").write_text("# Rooms\n\n" + "\n\n".join(rooms))
    app.pipeline.run([tmp_path / "rooms.md"])
    engine = app.engine()
    read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    prompts = prompts_for("en", app.settings.answer.prompts)
    alone = passage(app, "rooms.md")
    (joined,) = join_neighbours([alone], app.catalog, 1)
    assert len(joined.chunk.text) > len(alone.chunk.text)
    assert engine.kept(passage_messages(prompts, joined, engine.escape))
    assert not engine.kept(passage_messages(prompts, alone, engine.escape))


def test_what_was_renamed_or_copied_goes_with_its_own_document(app, tmp_path):
    copy = tmp_path / "Dismissal of Ms Brask.md"
    copy.write_text(FACTS["keys.md"], encoding="utf-8")
    app.pipeline.run([copy])
    engine, folder = app.engine(), tmp_path / "data" / FOLDER_NAME
    read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    assert usage(folder).readings == 3
    app.store.remove(app.catalog.document_at(str(copy)).id)
    erase(app.store, tmp_path / "drop")
    assert usage(folder).readings == 2


def test_an_answer_on_its_way_leaves_nothing_of_a_document_that_is_purged_meanwhile(app, tmp_path):
    folder, row = tmp_path / "data" / FOLDER_NAME, app.catalog.document_at(str(tmp_path / "lease.md"))
    for event in app.assistant.ask("How much is the deposit for the boathouse?"):
        if isinstance(event, Answer):
            assert usage(folder).readings == 0  # written behind the answer
            app.store.remove(row.id)
            erase(app.store, tmp_path / "drop")
    app.engine().close()
    left = {source for path in folder.glob("*/*.kv") for source in prompt_store._sources(path)}
    assert row.reading_source not in left


def test_a_lowered_bound_holds_with_the_next_question(app, tmp_path):
    folder, engine = tmp_path / "data" / FOLDER_NAME, app.engine()
    read_ahead(engine, app.catalog, app.settings, cancelled=lambda: False)
    assert usage(folder).readings == 2
    engine.close()
    app.settings.llm.prompt_cache_mb = 0
    assert usage(folder).readings == 2
    app.ask("How much is the deposit for the boathouse?")
    app.engine().close()
    assert usage(folder).readings == 0


def test_it_stops_where_there_is_no_more_room(app, tmp_path):
    app.settings.llm.prompt_cache_mb = 0
    reached = read_ahead(app.engine(), app.catalog, app.settings, cancelled=lambda: False)
    assert reached.done == 0
    assert usage(tmp_path / "data" / FOLDER_NAME).readings == 0


def test_what_was_added_last_is_read_first_then_what_was_asked_about_then_the_rest(app, monkeypatch):
    monkeypatch.setattr(reading_ahead, "_NEWEST", 1)
    monkeypatch.setattr(app.engine(), "prefill", lambda messages, cancelled: read.append(messages[-1]["content"]))
    monkeypatch.setattr(app.engine(), "kept", lambda messages, rank: False)
    monkeypatch.setattr(app.engine(), "keep_ahead", lambda messages, sources, rank: True)
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
