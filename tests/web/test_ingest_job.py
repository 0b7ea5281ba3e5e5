import time
from pathlib import Path

import pytest

from ragapp.app import App
from ragapp.errors import CancelledError, PathError
from ragapp.settings import load_settings
from ragapp.web.app_state import AppState
from ragapp.web.ingest_job import IngestJob
from ragapp.web.ui.documents_job import render_job
from ragapp.web.ui.first_steps import FirstSteps

pytestmark = pytest.mark.real


@pytest.fixture
def job(models_dir, tmp_path, request):
    overrides = {
        "paths": {"data": tmp_path / "data", "models": models_dir, "ingest": tmp_path / "drop"},
        "ingest": {"settle_s": 0.2},
        "embedding": {"model": "all-minilm-l6-v2"},
        **getattr(request, "param", {}),
    }
    with App(load_settings(request.config.rootpath / "settings.yaml", overrides), write=True) as app:
        job = IngestJob(app)
        yield job, app, tmp_path / "drop"
        job.close()


def wait(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def names(app):
    return sorted(row.name for row in app.store.catalog.documents())


def test_the_drop_folder_is_followed_paused_asked_and_what_is_removed_stays_removed(job, tmp_path):
    job, app, drop = job
    drop.mkdir()
    (drop / "one.txt").write_text("The first one.", encoding="utf-8")
    (drop / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
    job.start()
    wait(lambda: job.state.phase == "idle" and job.state.counts.get("indexed"))
    assert names(app) == ["one.txt"]
    fates = {Path(file.path).name: file.status for file in job.state.files}
    assert fates == {"one.txt": "indexed", "bad.pdf": "failed"}

    job.pause()
    wait(lambda: job.state.phase == "paused")
    (drop / "two.txt").write_text("The second one.", encoding="utf-8")
    time.sleep(1)
    assert names(app) == ["one.txt"]
    job.start()
    wait(lambda: names(app) == ["one.txt", "two.txt"])

    other = tmp_path / "elsewhere.txt"
    other.write_text("From elsewhere.", encoding="utf-8")
    report = job.run([other]).result(60)
    assert report.count("indexed") == 1
    with pytest.raises(PathError):
        job.run([tmp_path / "nothing.txt"]).result(60)

    changes = job.state.changes
    one = app.store.catalog.document_at(str(drop / "one.txt"))
    assert job.remove([one.id]) == ["one.txt"]
    assert job.state.changes > changes
    job.start()
    wait(lambda: job.state.phase == "idle")
    time.sleep(0.5)
    assert names(app) == ["elsewhere.txt", "two.txt"]
    assert (drop / "one.txt").exists()
    assert job.run([drop / "one.txt"], force=True).result(60).count("indexed") == 1
    assert app.store.catalog.unread()[0].path.endswith("bad.pdf")
    assert len(app.store.catalog.unread()) == 1


def test_what_an_earlier_version_read_is_read_again_wherever_it_lies(job, tmp_path):
    job, app, drop = job
    drop.mkdir()
    other = tmp_path / "elsewhere.txt"
    other.write_text("From elsewhere.", encoding="utf-8")
    app.pipeline.run([other])
    with app.store.catalog.transaction() as catalog:
        catalog.execute("UPDATE documents SET readers = 1")
    job.start()
    wait(lambda: job.state.phase == "idle")
    assert [file.status for file in job.state.files] == ["updated"]
    assert app.store.catalog.documents()[0].readers > 1


def test_documents_of_another_embedder_are_rebuilt_when_it_is_asked_for(job, tmp_path):
    """Other prompts make other vectors: the same weights are two embedders."""
    job, app, drop = job
    drop.mkdir()
    for n in range(3):
        (drop / f"{n}.txt").write_text(f"The kettle number {n} is green.", encoding="utf-8")
    settings = app.settings.model_copy(deep=True)
    settings.embedding.document_prompt = "passage: "
    with App(settings, write=True) as before:
        before.pipeline.run([drop])
    state = AppState(app, job)
    job.start()
    wait(lambda: job.state.phase == "failed" and job.state.rebuild)
    need = job.state.rebuild
    assert (need.documents, need.chunks, need.prepared) == (3, 3, 0)
    assert need.seconds > 0
    assert "stored with the passage prompt" in job.state.told
    assert not state.readiness().ready
    for render in (lambda: render_job(job.state, "en"), lambda: FirstSteps(state).render("en")):
        assert "Rebuild now" in render()
        assert "3 passages to rebuild, about" in render()
    # what is removed meanwhile is removed
    (first, *_) = app.store.catalog.documents()
    assert job.remove([first.id]) == ["0.txt"]
    job.rebuild()
    job.rebuild()  # pressed twice
    wait(lambda: job.state.phase == "idle" and not job.state.rebuild)
    assert names(app) == ["1.txt", "2.txt"]
    assert state.readiness().rebuild is None
    hits = app.search("kettle number 2").hits
    assert hits[0].document == "2.txt"
    job.rebuild()  # of a page that has not noticed yet
    assert app.store.catalog.rows("SELECT COUNT(*) FROM prepared_documents") == [(0,)]


def test_a_search_lists_the_other_documents_that_say_the_same_last(job, tmp_path):
    _, app, _ = job
    for name in ("old/kettle.txt", "new/kettle.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("The kettle is descaled on Fridays.", encoding="utf-8")
    (tmp_path / "mugs.txt").write_text("Mugs go into the dishwasher.", encoding="utf-8")
    app.pipeline.run([tmp_path / "old", tmp_path / "new", tmp_path / "mugs.txt"])
    first, second, third = app.search("When is the kettle descaled?").hits
    assert (first.document, second.document, third.document) == ("kettle.txt", "mugs.txt", "kettle.txt")
    assert [place.path for place in first.also_in] == [third.path]
    assert len(app.search("When is the kettle descaled?", 2).hits) == 2


def test_a_defect_ends_one_run_and_not_the_job(job, tmp_path, monkeypatch):
    job, _, drop = job
    drop.mkdir()
    (drop / "one.txt").write_text("The first one.", encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setattr("ragapp.ingest.pipeline.discover", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            job.run([drop]).result(60)
        wait(lambda: job.state.phase == "failed")
        assert "ZeroDivisionError" in job.state.told
    assert job.run([drop]).result(60).count("indexed") == 1
    with pytest.raises(PathError):
        job.run([drop / ("x" * 5000)]).result(60)


@pytest.mark.parametrize("job", [{"store": {"chroma": "http://127.0.0.1:9"}}], indirect=True)
def test_a_chroma_server_that_is_not_there_is_told_and_nothing_waits_for_it(job):
    job, app, drop = job
    drop.mkdir()
    (drop / "one.txt").write_text("The kettle is green.", encoding="utf-8")
    job.start()
    wait(lambda: job.state.counts and job.state.phase == "idle")
    assert names(app) == ["one.txt"]
    assert "http://127.0.0.1:9" in job.state.told
    assert app.search("kettle").hits[0].document == "one.txt"


def protected(folder, password):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(Path(__file__).parents[2] / "sample_docs" / "travel-policy-2025.pdf"))
    writer.encrypt(password, algorithm="AES-256")
    writer.write(folder / "secret.pdf")
    return folder / "secret.pdf"


def test_a_password_is_kept_only_where_it_opens_the_file(job, tmp_path):
    job, app, drop = job
    drop.mkdir()
    path = protected(drop, "open sesame")
    job.start()
    wait(lambda: job.state.counts.get("failed"))
    assert job.unlock(path, "wrong").count("failed") == 1
    assert app.settings.ingest.passwords == []
    assert names(app) == []
    assert job.unlock(path, "open sesame").count("indexed") == 1
    assert app.settings.ingest.passwords == ["open sesame"]
    assert names(app) == ["secret.pdf"]
    # it is told as what it is now, not as what it was
    assert {Path(file.path).name: file.status for file in job.state.files} == {"secret.pdf": "indexed"}


def test_a_page_of_a_file_is_drawn_with_a_password_that_was_added_later(tmp_path):
    from ragapp.errors import ReadingError
    from ragapp.web.pdf_view import PdfView

    path, passwords = protected(tmp_path, "later"), []
    view = PdfView(passwords)
    try:
        with pytest.raises(ReadingError):
            view.picture(path, 1)
        passwords.append("later")
        assert view.picture(path, 1).startswith(b"\xff\xd8")
    finally:
        view.close()


def test_what_is_told_of_a_run_agrees_with_its_list_and_a_quiet_look_does_not_wipe_it(job):
    job, _, drop = job
    drop.mkdir()
    (drop / "old.pdf").write_bytes(b"%PDF-1.7 broken")
    job.start()
    wait(lambda: job.state.phase == "idle" and job.state.counts["failed"])
    for n in range(3):
        (drop / f"{n}.txt").write_text(f"The kettle number {n}.", encoding="utf-8")
        wait(lambda n=n: job.state.counts["indexed"] == n + 1)
    job.start()  # looks again, and finds nothing
    time.sleep(1)
    wait(lambda: job.state.phase == "idle")
    assert job.state.counts == {"indexed": 3, "updated": 0, "removed": 0, "failed": 1}
    assert len(job.state.files) == len(job.outcomes) == 4
    job._ended -= 1000  # a long time ago
    (drop / "0.txt").write_text("The kettle number nought.", encoding="utf-8")
    wait(lambda: job.state.counts["updated"] == 1)
    # what failed before and was not tried again is no news
    assert job.state.counts == {"indexed": 0, "updated": 1, "removed": 0, "failed": 0}


def test_documents_are_erased_while_others_are_ingested_and_somebody_else_removes_them_too(job, tmp_path):
    job, app, drop = job
    drop.mkdir()
    for n in range(6):
        (drop / f"{n}.txt").write_text(f"The pterodactyl number {n} sleeps.", encoding="utf-8")
    job.start()
    wait(lambda: len(names(app)) == 6)
    ids = [row.id for row in app.store.catalog.documents()]
    assert [row.name for row in job.remove_known([ids[0], 99_999])] == ["0.txt"]
    done = job.erase([*ids[:3], ids[1]]).result(60)
    assert [row.name for row in done.rows] == ["1.txt", "2.txt"]
    assert done.erased
    assert names(app) == ["3.txt", "4.txt", "5.txt"]
    left = [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and b"number 1 sleeps" in path.read_bytes()
    ]
    assert left == []
    assert app.search("pterodactyl number 4").hits[0].document == "4.txt"
    assert [row.name for row in job.remove_later([ids[3], ids[0]]).result(60).rows] == ["3.txt"]
    assert (drop / "1.txt").exists()


def test_files_that_wait_are_told(job):
    job, app, drop = job
    drop.mkdir()
    app.settings.ingest.settle_s = 3
    job.start()
    wait(lambda: job.state.phase == "idle")
    (drop / "new.txt").write_text("It has come only just now.", encoding="utf-8")
    wait(lambda: job.state.waiting == 1)
    assert [Path(path).name for path in job.waiting] == ["new.txt"]
    wait(lambda: names(app) == ["new.txt"])
    wait(lambda: job.state.waiting == 0)


def test_who_follows_a_run_is_told_how_far_it_is_and_can_stop_it(job, tmp_path):
    job, app, drop = job
    drop.mkdir()
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n}.txt").write_text(f"The kettle number {n} is green. " * 200, encoding="utf-8")
    job.start()
    *told, report = job.run_events([folder / "0.txt"], cancelled=lambda: False)
    assert report.count("indexed") == 1
    assert all(one.files == 1 for one in told)

    stop = [False]
    events = job.run_events([folder], cancelled=lambda: stop[0])
    assert next(events).files == 39
    later = job.run_events([folder / "1.txt"], cancelled=lambda: stop[0])  # has to wait until the other one is done
    stop[0] = True
    for one in (later, events):
        with pytest.raises(CancelledError):
            list(one)
    assert len(names(app)) < 40
    wait(lambda: job.state.phase == "idle")
    assert job.run([folder]).result(60).count("failed") == 0  # it goes on with what is asked next
    assert len(names(app)) == 40
