"""Questions that are suggested on an empty conversation, made of real stored documents."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import yaml

from ragapp.answer import first_questions
from ragapp.answer.first_questions import MOST_CHARACTERS, questions_of, suggested_questions
from ragapp.app import App
from ragapp.retrieval.retriever import best_by_words
from ragapp.settings import Settings, load_settings

SUGGESTIONS = Path(first_questions.__file__).with_suffix(".yaml")

HANDBOOK = """# Handbook of the rowing club

## How do I book a boat?

Boats are booked at the boathouse desk, by telephone or in person, at least two days ahead.

## Fees

The annual membership fee is 240 euros. The rescue course is 3 days. The fee is 5.

## Slipway

The old slipway was closed on 14 March 2024. The secretary who is ill is 44.

| Boat | Daily rate EUR | Storage |
| --- | --- | --- |
| Heron | 35 | 12 |
| Kingfisher | 48 | rack 3 |
"""
REGLEMENT = """# Règlement du jardin partagé

Le montant de la cotisation est de 35 euros par an. La hauteur maximale des clôtures est limitée à 1,20 m.

Le puits communal a été rénové le 3 mai 2023. Le prix est de 4 euros.
"""
NOTHING = "# Poem\n\nGrey is the water, and grey is the sky, and nobody counts what the herons pass by.\n"


@pytest.fixture
def library(tmp_path, models_dir):
    overrides = {"paths": {"data": tmp_path / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    with App(load_settings(None, overrides), write=True) as app:

        def take_in(**texts):
            for name, text in texts.items():
                (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
            app.pipeline.run([tmp_path / f"{name}.md" for name in texts])
            return app

        yield take_in


@pytest.mark.real
def test_headings_sentences_and_cells_become_questions_that_the_search_answers(library):
    app = library(handbook=HANDBOOK, reglement=REGLEMENT, poem=NOTHING)
    made = {row.name: [q for q, _ in questions_of(app.catalog, row)] for row in app.catalog.documents()}
    assert made["poem.md"] == []
    english = made["handbook.md"]
    assert english[0] == "How do I book a boat?"
    for question in (
        "What is the annual membership fee?",
        "How many days is the rescue course?",
        "When was the old slipway closed?",
        "What is the daily rate for Heron in EUR?",
    ):
        assert question in english, english
    # neither a subject that may be anybody's nor half a sentence
    assert not any("the fee?" in question or "secretary" in question for question in english)
    french = made["reglement.md"]
    for question in ("Quel est le montant de la cotisation ?", "Quelle est la hauteur maximale des clôtures ?"):
        assert question in french
    assert not any(question.startswith("Quel est le prix") for question in french)
    documents = app.catalog.documents()
    for language in ("en", "fr"):
        asked = suggested_questions(app.catalog, documents, language, partial(best_by_words, app.catalog))
        assert 2 <= len(asked) <= 4
        assert len(set(asked)) == len(asked)
        assert all(len(question) <= MOST_CHARACTERS for question in asked)
        for question in asked:
            best = app.retriever.search(question, 1).passages[0].chunk
            assert best.document == ("reglement.md" if question in french else "handbook.md")
        # the person's own language first
        assert asked[0] in (french if language == "fr" else english)


@pytest.mark.real
def test_what_the_search_answers_with_something_else_is_not_suggested(library):
    app = library(handbook=HANDBOOK)
    documents = app.catalog.documents()
    assert suggested_questions(app.catalog, documents, "en", partial(best_by_words, app.catalog))
    assert suggested_questions(app.catalog, documents, "en", lambda question: None) == []


@pytest.mark.real
def test_the_sample_documents_have_questions_of_their_own(sample_store):
    from ragapp.index.catalog import Catalog

    catalog = Catalog(sample_store / "catalog.sqlite3")
    try:
        documents = catalog.documents()
        for language, words in (("en", "HM-200 manual"), ("fr", "télétravail")):
            asked = suggested_questions(catalog, documents, language, lambda question: None)
            assert len(asked) == 4
            assert any(words in question for question in asked)
        few = [row for row in documents if row.name == "price-list-2025.xlsx"]
        assert suggested_questions(catalog, few, "en", lambda question: None) == [
            "What is the list price of the HM-200 in pounds?"
        ]
    finally:
        catalog.close()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_questions_about_the_samples_were_answered_rightly_by_the_default_models(request, language):
    """By what `benchmarks/answers.py` kept of them."""
    root = request.config.rootpath

    def lines(name):
        return [json.loads(line) for line in (root / name).read_text(encoding="utf-8").splitlines()]

    known = {row["question"]: row for row in lines("sample_docs/questions.jsonl")}
    outcomes = {row["id"]: row for row in lines("benchmarks/outcomes/sample-docs.jsonl")}
    for name, question in yaml.safe_load(SUGGESTIONS.read_text(encoding="utf-8"))["samples"][language].items():
        assert known[question]["document"] == name
        outcome = outcomes[known[question]["id"]]
        assert outcome["model"] == Settings().llm.model
        assert (outcome["right"], outcome["supported"], outcome["own_words"]) == (True, True, False)
