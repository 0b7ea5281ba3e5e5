"""The page reads passages ahead while nobody asks, with the model that is in memory."""

import time
from types import SimpleNamespace

import psutil
import pytest

from ragapp.answer.reading_ahead import ReadingProgress
from ragapp.app import App
from ragapp.errors import ModelError
from ragapp.llm.prompt_store import FOLDER_NAME, usage
from ragapp.settings import load_settings
from ragapp.web import idle_job, reading_job
from ragapp.web.app_state import AppState
from ragapp.web.ingest_job import IngestState
from ragapp.web.reading_job import ReadingJob
from ragapp.web.ui.models import render_reading

pytestmark = pytest.mark.real

TEXTS = {
    "ferry.md": "# Ferry\n\nThe ferry to Lorvik leaves at ten past seven from the northern quay on all days. " * 3,
    "crane.md": "# Crane\n\nThe crane of hall two lifts four tonnes and is tested by Adela Brask each spring. " * 3,
}


@pytest.fixture
def app(tmp_path, models_dir, monkeypatch):
    monkeypatch.setattr(idle_job, "on_mains", lambda: True)
    monkeypatch.setattr(ReadingJob, "_others_at_work", lambda job: 0.0)  # other tests are at work
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings = load_settings(None, {"paths": {"data": tmp_path / "data", "models": models_dir, "ingest": tmp_path}})
    settings.llm.model, settings.embedding.model = "smollm2-135m-instruct", "all-minilm-l6-v2"
    settings.llm.context, settings.llm.threads = 1024, 1
    with App(settings, write=True) as app:
        app.pipeline.run([tmp_path / name for name in TEXTS])
        yield app


@pytest.fixture
def job(app):
    job = ReadingJob(app, busy=lambda: False, idle_s=0.05)
    yield job
    job.close()


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_reads_once_the_model_is_in_memory_and_then_has_nothing_to_do(app, job, tmp_path):
    job.start()
    time.sleep(0.5)
    assert job.state is None  # no model is loaded for it
    engine = app.engine()
    wait_for(lambda: job.state == ReadingProgress(2, 2) and not job.running)
    engine.close()  # what is still being written
    assert usage(tmp_path / "data" / FOLDER_NAME).readings == 2
    engine.load()
    time.sleep(0.5)
    assert not job._wanted()


def test_it_lets_go_when_somebody_asks_and_comes_back(app, job, monkeypatch):
    rounds = []

    def watched(engine, catalog, settings, *, asked_about, cancelled, progress):
        rounds.append(time.monotonic())
        wait_for(cancelled)
        return ReadingProgress(1, 2)

    monkeypatch.setattr(reading_job, "read_ahead", watched)
    app.engine()
    job.start()
    for number in (1, 2):
        wait_for(lambda: len(rounds) == number and job.running)  # noqa: B023
        app.assistant.asked_at = time.monotonic()
    wait_for(lambda: len(rounds) == 3)


@pytest.mark.parametrize("why", ["off", "battery", "busy machine", "other work"])
def test_it_waits_where_it_must(app, job, monkeypatch, why):
    app.engine()
    job._idle_s = 0
    assert job._quiet()
    assert job._wanted()
    if why == "off":
        app.settings.llm.read_ahead = "off"
    elif why == "battery":
        monkeypatch.setattr(idle_job, "on_mains", lambda: False)
    elif why == "busy machine":
        monkeypatch.setattr(ReadingJob, "_others_at_work", lambda job: 90.0)
    else:
        job._busy = lambda: True
    assert not (job._quiet() and job._wanted())


def test_documents_that_come_are_read_even_where_the_model_has_to_be_loaded_for_it(app, job, tmp_path):
    job.start()
    wait_for(lambda: job._first)
    (tmp_path / "mill.md").write_text("# Mill\n\nThe mill of Dorrin grinds oats on two days of each week. " * 3)
    app.pipeline.run([tmp_path / "mill.md"])
    wait_for(lambda: job.state and (job.state.done, job.state.passages) == (3, 3) and not job.running)
    (tmp_path / "mill.md").rename(tmp_path / "old mill.md")
    app.pipeline.run([tmp_path])
    wait_for(lambda: not job.running and job._finished == job._key())
    assert {row.name for row in app.catalog.documents()} == {"ferry.md", "crane.md", "old mill.md"}
    assert usage(tmp_path / "data" / FOLDER_NAME).readings >= 3


def test_what_stands_in_the_way_is_told_once(app, job, monkeypatch):
    def failing(*arguments, **options):
        rounds.append(1)
        raise ModelError("What m has read cannot be kept on disk: No space left on device", "Make room.")

    rounds = []
    monkeypatch.setattr(reading_job, "read_ahead", failing)
    app.engine()
    job.start()
    wait_for(lambda: job.problem)
    assert "No space left" in render_reading(job, "en")
    time.sleep(0.3)
    assert rounds == [1]


def test_other_programs_are_told_from_its_own_work(app, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    job = ReadingJob(app, busy=lambda: False)
    job._process = SimpleNamespace(cpu_percent=lambda: 320.0)
    for whole, others in ((80.0, 0.0), (95.0, 15.0)):
        monkeypatch.setattr(psutil, "cpu_percent", lambda whole=whole: whole)
        assert job._others_at_work() == pytest.approx(others)


@pytest.mark.parametrize("why", ["battery", "other programs"])
def test_it_stops_where_the_machine_is_wanted_elsewhere(app, job, monkeypatch, why):
    told = []

    def watched(engine, catalog, settings, *, asked_about, cancelled, progress):
        progress(ReadingProgress(1, 2))
        told.append(cancelled())
        if why == "battery":
            monkeypatch.setattr(idle_job, "on_mains", lambda: False)
        else:
            monkeypatch.setattr(ReadingJob, "_others_at_work", lambda job: 30.0)
        progress(ReadingProgress(1, 2))
        told.append(cancelled())
        return ReadingProgress(1, 2)

    monkeypatch.setattr(reading_job, "read_ahead", watched)
    app.engine()
    job._work()
    assert told == [False, True]


def test_a_page_that_is_opened_loads_what_the_first_question_needs(app):
    state = AppState(app, SimpleNamespace(state=IngestState(), listen=lambda tell: None))
    state.warm_up()
    assert app.engine().loaded
    kept = len(app.engine()._context.tokens)
    assert kept > 0  # what every question begins with


def test_nothing_is_loaded_where_nothing_can_be_asked(app):
    for row in app.catalog.documents():
        app.store.remove(row.id)
    state = AppState(app, SimpleNamespace(state=IngestState(), listen=lambda tell: None))
    state.warm_up()
    assert "_engine" not in app.__dict__
    app.settings.llm.model = "nowhere.gguf"
    state.warm_up()  # what is missing is told to whoever asks
