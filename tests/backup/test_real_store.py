"""The sample documents by the real embedder, Chroma and language model: asked before a backup and after."""

from __future__ import annotations

import pytest

from ragapp.app import App
from ragapp.index.chunk_text import ChunkEmbedder

QUESTIONS = (
    "What is the hotel limit for London?",
    "mileage rate for cars",
    "Combien de jours de congés ?",
    "Who approves expenses above 5,000?",
)


def searched(app: App) -> list[object]:
    found: list[object] = []
    for question in QUESTIONS:
        hits = app.search(question, k=8).hits
        found.append([(hit.path, hit.page, hit.text, round(hit.score, 6), round(hit.lexical, 6)) for hit in hits])
    return found


def answered(app: App) -> tuple[object, ...]:
    answer = app.ask(QUESTIONS[0])
    return answer.answer, answer.grade, round(answer.confidence, 6), answer.citations


@pytest.mark.real
def test_questions_are_answered_as_before_and_nothing_is_embedded_again(sample_settings, tmp_path, monkeypatch):
    sample_settings.answer.max_tokens = 24
    elsewhere = sample_settings.model_copy(deep=True)
    elsewhere.paths.data = tmp_path / "data"
    with App(sample_settings) as app:
        before, answer = searched(app), answered(app)
        summary = app.backup(tmp_path / "backup.zip", include_conversations=True)
    assert (summary.documents, summary.embedders) == (12, ("all-minilm-l6-v2",))
    monkeypatch.setattr(ChunkEmbedder, "embed", None)  # by which documents are embedded
    with App(elsewhere, write=True) as app:
        assert app.documents().documents == ()
        report = app.restore(tmp_path / "backup.zip")  # parts that are open see the new store
        assert (report.without_file, report.put_aside, report.moved) == ({}, "", 0)
        assert searched(app) == before
        assert len(app.documents().documents) == 12
        app.store.settle()
    with App(elsewhere) as app:  # and the next process
        assert searched(app) == before
        assert answered(app) == answer
        assert not app.store.notices
