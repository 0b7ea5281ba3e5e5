"""``ragapp calibrate``, and where it is told what the answers are judged by."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from ragapp.app import App

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))
from calibrationkit import Oracle


@pytest.fixture
def stored(furnished, sample_store, monkeypatch):
    """The sample documents with a model made by hand."""
    shutil.copytree(sample_store, furnished / "data")
    oracle = Oracle()
    monkeypatch.setattr(App, "_engine", property(lambda app: oracle))
    monkeypatch.setenv("RAGAPP_RETRIEVAL__CONTEXT_TOKENS", "800")
    return oracle


def checks(ragapp):
    return {check["name"]: check for check in json.loads(ragapp("doctor", "--json")[1])["checks"]}


@pytest.mark.real
def test_calibrating_tells_what_came_of_it_and_doctor_does_too(ragapp, stored):
    before = checks(ragapp)["calibration"]
    assert before["status"] == "warn"
    assert "general" in before["detail"]
    assert before["hint"].endswith("ragapp calibrate")
    code, out, err = ragapp("calibrate", "--questions", "12")
    assert code == 0, err
    assert "fitted to 24 questions that the model wrote about your documents" in out
    assert "of which 12 could be used" in out
    assert "caution normal: shown from" in out
    assert "0 of 12 questions" in err
    after = checks(ragapp)["calibration"]
    assert after["status"] == "ok"
    assert "24 questions" in after["detail"]
    # it is all known, and nothing is asked
    calls = len(stored.calls)
    told = json.loads(ragapp("calibrate", "--questions", "12", "--json")[1])
    assert len(stored.calls) == calls
    assert told["questions"] == 12
    assert told["calibration"]["origin"] == "documents"


@pytest.mark.real
def test_ctrl_c_stops_and_says_how_to_go_on(ragapp, stored, monkeypatch):
    import os
    import signal

    def interrupted(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        yield "Question"

    monkeypatch.setattr(stored, "generate", interrupted)
    code, _, err = ragapp("calibrate")
    assert code == 130
    assert "Stopped" in err
    assert "goes on from there" in err


@pytest.mark.real
def test_the_general_one_is_told_once_in_the_terminal(ragapp, stored):
    first = ragapp("ask", "What is the hotel limit in London?")[2]
    again = ragapp("ask", "What is the hotel limit in London?")[2]
    assert "were not measured together yet" in first
    assert "ragapp calibrate" in first
    assert "were not measured together" not in again


def test_without_documents_it_says_so(ragapp, furnished):
    code, _, err = ragapp("calibrate")
    assert code == 1
    assert "There are no documents" in err


def test_beside_a_running_page_it_says_what_the_page_does(ragapp, furnished, monkeypatch):
    import ragapp.cli.calibrate as command

    monkeypatch.setattr(command, "page_of", lambda context: object())
    code, _, err = ragapp("calibrate")
    assert code == 1
    assert "calibrates while nobody asks" in err


def test_few_questions_are_refused(ragapp, home):
    assert ragapp("calibrate", "--questions", "3")[0] == 2
