"""What stands on an empty conversation, looked for while the page is open."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from ragapp.app import App
from ragapp.contract import IngestState
from ragapp.settings import load_settings
from ragapp.web.ui.first_steps import FirstSteps

RULES = """# Rules of the allotment

## When is the water turned on?

The water is turned on on 1 April, and off again on 15 October of each year.

The annual rent is 85 euros. The old pump was replaced on 9 May 2023.
"""


@pytest.mark.real
def test_questions_are_suggested_before_embedder_and_vectors_are_opened(tmp_path, models_dir):
    overrides = {"paths": {"data": tmp_path / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    settings = load_settings(None, overrides)
    (tmp_path / "rules.md").write_text(RULES, encoding="utf-8")
    with App(settings, write=True) as app:
        app.pipeline.run([tmp_path / "rules.md"])
    with App(settings) as app:
        job = SimpleNamespace(state=IngestState())
        state = SimpleNamespace(app=app, job=job, listing_version=1, documents=lambda: (app.catalog.documents(), []))
        steps = FirstSteps(state)
        assert steps.questions("en") == []  # nobody waits for them
        until = time.monotonic() + 30
        while not steps._looks and time.monotonic() < until:
            time.sleep(0.01)
        questions = steps.questions("en")
        assert {"When is the water turned on?", "What is the annual rent?"} <= set(questions)
        # each of these would be some hundred megabytes that a page nobody asks does not need
        assert {"embedder", "store", "retriever"}.isdisjoint(app.__dict__)
        for question in questions:
            assert app.retriever.search(question, 1).passages[0].chunk.document == "rules.md"
