"""The page calibrates while nobody asks, and lets go of the model when somebody does."""

import shutil
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from ragapp.app import App
from ragapp.errors import CancelledError, StoreError
from ragapp.evaluation.outcomes import OutcomeFile
from ragapp.evaluation.self_calibration import CalibrationProgress
from ragapp.settings import load_settings
from ragapp.web import calibration_job, idle_job
from ragapp.web.calibration_job import CalibrationJob, CalibrationState
from ragapp.web.idle_job import on_mains
from ragapp.web.ui.render_calibration import render_calibration

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from calibrationkit import Oracle


class Slow(Oracle):
    """Writes until it is stopped."""

    def __init__(self):
        super().__init__()
        self.writing = threading.Event()

    def generate(self, messages, *, max_tokens, temperature=0.0, cancelled=None):
        self.writing.set()
        while not cancelled():
            time.sleep(0.002)
        yield ""


@pytest.fixture
def app(sample_store, models_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(idle_job, "on_mains", lambda: True)
    data = shutil.copytree(sample_store, tmp_path / "data")
    overrides = {
        "paths": {"data": data, "models": models_dir},
        "embedding": {"model": "all-minilm-l6-v2"},
        "retrieval": {"context_tokens": 800},
    }
    with App(load_settings(None, overrides), write=True) as app:
        yield app


@pytest.fixture
def begin(app):
    """Start a job with a model made by hand."""
    jobs = []

    def start(model, busy=lambda: False, idle_s=0.05):
        model.ahead = 0
        app.__dict__["_engine"] = model
        job = CalibrationJob(app, busy, idle_s, questions=12)
        jobs.append(job)
        job.start()
        return job

    yield start
    for job in jobs:
        job.close()


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.real
def test_two_models_that_were_not_measured_are_calibrated_once(app, begin):
    model = Oracle()
    job = begin(model)
    wait_for(lambda: job.state.origin == "documents")
    assert (job.state.running, job.state.fitted_on) == (False, 24)
    assert job.state.changes > 12  # each question was told
    asked = len(model.calls)
    time.sleep(0.3)
    assert len(model.calls) == asked


@pytest.mark.real
@pytest.mark.parametrize("how", ["asked", "waiting", "another model", "switched off", "closed", "documents come"])
def test_it_stops_at_once(app, begin, how):
    model = Slow()
    job = begin(model)
    assert model.writing.wait(60)
    assert job.state.running
    stopped = time.monotonic()
    if how == "asked":
        app.assistant.asked_at = stopped
    elif how == "waiting":
        model.ahead = 2
    elif how == "another model":
        app.__dict__["_engine"] = Oracle()
        job._idle_s = 60
    elif how == "switched off":
        app.settings.answer.calibrate = "off"
    elif how == "documents come":
        job._busy = lambda: True
    else:
        job.close()
    job._idle_s = 60  # it must not begin again
    wait_for(lambda: not job.state.running, 5)
    assert time.monotonic() - stopped < 0.5
    assert app.calibration().origin == "general"
    # what was being written is not taken for a question
    assert OutcomeFile(app.settings.paths.data).read(app.model_pair().key) == ([], [])


@pytest.mark.real
def test_it_waits_while_something_else_is_to_be_done(app, begin, monkeypatch):
    model = Oracle()
    job = begin(model, busy=lambda: True)
    time.sleep(0.3)
    assert not job.state.running
    job._busy = lambda: False
    assert job._quiet()
    app.settings.answer.calibrate = "off"
    assert not job._quiet()
    app.settings.answer.calibrate = "auto"
    model.ahead = 1
    assert not job._quiet()
    model.ahead = 0
    job._idle_s = 60
    assert not job._quiet()
    job._idle_s = 0
    monkeypatch.setattr(idle_job, "on_mains", lambda: False)
    assert not job._quiet()
    assert model.calls == []


@pytest.mark.real
@pytest.mark.parametrize("problem", [StoreError("Another ragapp calibrates."), ZeroDivisionError("a defect")])
def test_what_may_pass_does_not_end_it_for_good(app, begin, monkeypatch, problem):
    tried = []

    def fail(self):
        tried.append(1)
        raise problem

    monkeypatch.setattr(calibration_job, "AGAIN_S", 0.05)
    monkeypatch.setattr(idle_job, "PAUSE_S", 0.05)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    monkeypatch.setattr(calibration_job.SelfCalibration, "run", fail)
    begin(Oracle())
    wait_for(lambda: len(tried) > 1)


@pytest.mark.real
def test_what_cannot_be_calibrated_is_told_and_not_tried_again(app, begin):
    model = Oracle(spoils=("e",))
    job = begin(model)
    wait_for(lambda: job.state.told)
    assert "0 can be used" in job.state.told
    wait_for(lambda: not job.state.running)
    asked = len(model.calls)
    time.sleep(0.3)
    assert len(model.calls) == asked


@pytest.mark.parametrize(("plugged", "mains"), [(True, True), (False, False), (None, True)])
def test_on_battery_it_is_left_alone(monkeypatch, plugged, mains):
    battery = type("Battery", (), {"power_plugged": plugged})
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    assert on_mains() == mains
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert on_mains()
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert on_mains()


def test_it_is_told_in_words():
    state = CalibrationState("general", 166, running=True, done=4, questions=30, seconds_left=300)
    told = render_calibration(state, "en")
    assert "general" in told
    assert "4 of 30" in told
    assert "5 min left" in told
    assert "4 questions posées sur 30" in render_calibration(state, "fr")
    assert render_calibration(CalibrationState(), "en") == ""
    assert "Too few." in render_calibration(CalibrationState("general", 166, told="Too few."), "en")


@pytest.mark.real
def test_it_rests_between_two_steps_and_stops_where_the_plug_is_pulled(app, begin, monkeypatch):
    steps, plugged = [], [True]
    monkeypatch.setattr(idle_job, "on_mains", lambda: plugged[0])

    class Watched:
        def __init__(self, *arguments, progress, cancelled):
            self._tell, self._cancelled = progress, cancelled

        def run(self):
            for n in range(50):
                time.sleep(0.1)
                if self._cancelled():
                    raise CancelledError("Stopped.")
                begun = time.monotonic()
                self._tell(CalibrationProgress(n, 50))
                steps.append(time.monotonic() - begun)

    monkeypatch.setattr(calibration_job, "SelfCalibration", Watched)
    job = begin(Oracle())
    wait_for(lambda: len(steps) >= 3)
    assert job.state.running
    assert all(rest >= 0.09 for rest in steps)
    plugged[0] = False
    wait_for(lambda: not job.state.running)
    assert len(steps) < 10
