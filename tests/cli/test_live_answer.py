"""A real answer in a terminal: stages with the page that is read, sentences as they are proved, the answer once."""

import os
import re
import sys
import threading

import pytest

from ragapp.app import App
from ragapp.cli.ask import say_events
from ragapp.contract import Answer, Proved
from ragapp.settings import load_settings

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")]

QUESTION = "What are the rules for hotels and meals in the 2025 travel policy?"


@pytest.fixture(scope="module")
def app(models_dir, sample_store, request):
    overrides = {
        "paths": {"data": sample_store, "models": models_dir},
        "embedding": {"model": "all-minilm-l6-v2"},
        "llm": {"model": "smollm2-135m-instruct", "context": 2048},
        "answer": {"threshold": 0.0, "max_tokens": 64},
    }
    with App(load_settings(request.config.rootpath / "settings.yaml", overrides)) as app:
        yield app


def test_a_terminal_shows_what_is_read_and_no_word_that_is_not_in_the_answer(app, monkeypatch):
    import pty

    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "400")
    written, events = bytearray(), []

    def read():
        while True:
            try:
                written.extend(os.read(master, 65536))
            except OSError:  # its other end is closed
                return

    def seen():
        for event in app.assistant.ask(QUESTION):
            events.append(event)
            yield event

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with os.fdopen(slave, "w", encoding="utf-8", newline="\n") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        say_events(seen(), QUESTION)
    reader.join(10)
    os.close(master)
    shown = written.decode("utf-8", "replace")
    assert re.search(r"… reading \S+\.\w+.* \(\d+ of \d+\) \(\d+ s\)", shown)
    answer = events[-1]
    assert isinstance(answer, Answer)
    heading = shown.index({"answered": "✓", "likely": "! Likely", "not_found": "✗"}[answer.grade])
    early = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", shown[:heading])
    told = [event.sentence.text for event in events if isinstance(event, Proved)]
    assert told == [sentence.text for sentence in answer.sentences]
    for line in filter(None, map(str.strip, early.splitlines())):
        assert line.startswith("… ") or line == answer.doubt or any(one in line for one in told), line
