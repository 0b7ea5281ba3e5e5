"""Many people ask at once: with a model server together, with a model in this process in turn."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from remotekit import MODEL, delta, likely, said, serving

from ragapp.app import App
from ragapp.contract import Answer, Proved, Stage
from ragapp.errors import ModelError
from ragapp.settings import Settings

pytestmark = pytest.mark.real

QUESTION = "How often are laptops replaced?"
PEOPLE = 20


@contextmanager
def app_of(home: Path, store: Path, models: Path, **llm) -> Iterator[App]:
    shutil.copytree(store, home / "data")
    settings = Settings(
        paths={"data": home / "data", "models": models, "ingest": home / "drop"},
        embedding={"model": "all-minilm-l6-v2"},
        llm=llm,
        answer={"threshold": 0, "max_tokens": 16},
        retrieval={"passages": 2},
    )
    with App(settings, write=True) as app:
        yield app


def remote(url: str, **llm) -> dict:
    return {"mode": "openai", "url": url, "model": MODEL, **llm}


def replying(seconds: float, inside: list[int] | None = None, most: list[int] | None = None):
    """Judges and answers, each after so many seconds, however many ask: as a server with room for all does."""

    def chat(request, body):
        if inside is not None:
            inside.append(1)
            most.append(len(inside))
        time.sleep(seconds)
        if inside is not None:
            inside.pop()
        if body.get("stream"):
            request.events(delta("Laptops are replaced"), delta(" every four years."), delta("", "stop"))
        else:
            request.json(said("Yes", likely(Yes=-0.1, No=-3.0)))

    return chat


def first_word(app: App, question: str = QUESTION) -> tuple[float, list[int], Answer]:
    """Seconds to the first sentence, the places in the queue that were told, and the answer."""
    began, first, places, answer = time.monotonic(), 0.0, [], None
    for event in app.assistant.ask(question):
        if isinstance(event, Stage) and event.name == "waiting":
            places.append(event.ahead)
        if isinstance(event, Proved | Answer):
            first = first or time.monotonic() - began
        if isinstance(event, Answer):
            answer = event
    assert answer
    return first, places, answer


def all_at_once(app: App, people: int) -> list[tuple[float, list[int], Answer]]:
    told = []
    threads = [threading.Thread(target=lambda: told.append(first_word(app))) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(told) == people
    return told


@pytest.mark.alone
def test_twenty_people_each_see_the_first_word_within_twice_the_lone_time(tmp_path, sample_store, models_dir):
    with (
        serving(replying(0.8)) as server,
        app_of(tmp_path, sample_store, models_dir, **remote(server.url, parallel=PEOPLE)) as app,
    ):
        first_word(app)  # loads the embedder
        alone, _, answer = first_word(app)
        told = all_at_once(app, PEOPLE)
    assert answer.answer.startswith("Laptops are replaced every four years")
    assert {one.answer for _, _, one in told} == {answer.answer}
    assert all(not places for _, places, _ in told)
    assert max(first for first, _, _ in told) < 2 * alone, (alone, sorted(first for first, _, _ in told))


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_are_asked_together_than_the_server_takes(tmp_path, sample_store, models_dir, parallel):
    inside, most = [], []
    with (
        serving(replying(0.05, inside, most)) as server,
        app_of(tmp_path, sample_store, models_dir, **remote(server.url, parallel=parallel)) as app,
    ):
        told = all_at_once(app, 6)
    assert max(most) == parallel
    # each who waits is told a place, and moves up
    waited = [places for _, places, _ in told if places]
    assert len(waited) >= 6 - parallel - 1
    assert all(places == sorted(places, reverse=True) for places in waited)
    assert max(max(places) for places in waited) <= 6 - parallel


def test_a_model_in_this_process_answers_one_at_a_time():
    """Whatever llm.parallel says: the engine holds the text of one question."""
    local = Settings(llm={"parallel": 20})
    assert (local.llm.places, App(local).questions.places) == (1, 1)
    assert App(Settings(llm=remote("http://127.0.0.1:1/v1", parallel=20))).questions.places == 20


def test_a_server_that_goes_away_in_an_answer_and_comes_back(tmp_path, sample_store, models_dir):
    """What was asked is told with what to do; what waits behind it and what comes later is answered."""
    away = threading.Event()
    answer = replying(0.0)

    def chat(request, body):
        if away.is_set() and body.get("stream"):
            request.begin()
            request.data('{"choices": [{"delta": {"content": "Laptops"}}]}')  # and not a word more
        else:
            answer(request, body)

    with serving(chat) as server, app_of(tmp_path, sample_store, models_dir, **remote(server.url, parallel=2)) as app:
        assert first_word(app)[2].answer.startswith("Laptops are replaced every four years")
        away.set()
        # what was proved before it broke off would stand; here that is nothing
        with pytest.raises(ModelError, match="broke off"):
            first_word(app)
        assert app.questions.callers == 0
        away.clear()
        assert first_word(app)[2].answer.startswith("Laptops are replaced every four years")
