"""A summary that is asked for like any other question, with the real store, embedder and a small language model."""

import pytest

from ragapp.app import App
from ragapp.contract import Stage

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def app(models_dir, tmp_path_factory, request):
    from ragapp.settings import load_settings

    place = tmp_path_factory.mktemp("asked")
    (place / "docs").mkdir()
    for year, price in ((2023, 40), (2024, 45)):
        rules = (
            f"The berth costs €{price} a month.\n\n## Keys\n\nKeys are kept by Jon Aker.\n\n## Dogs\n\nDogs stay away."
        )
        (place / "docs" / f"mooring-{year}.md").write_text(f"# Mooring rules {year}\n\n{rules}\n", encoding="utf-8")
    overrides = {
        "paths": {"data": place / "data", "models": models_dir},
        "embedding": {"model": "all-minilm-l6-v2"},
        "llm": {"model": "smollm2-135m-instruct", "context": 2048},
        "answer": {"max_tokens": 24},
    }
    with App(load_settings(request.config.rootpath / "settings.yaml", overrides), write=True) as opened:
        opened.pipeline.run([place / "docs"])
        yield opened


def test_the_document_that_is_named_is_read_part_by_part(app):
    events = list(app.assistant.ask("Could you summarise the mooring rules 2024 for me, in two sentences?"))
    answer = events[-1]
    assert [event.name for event in events if isinstance(event, Stage)][:1] == ["summarising"]
    assert {citation.document for citation in answer.citations} <= {"mooring-2024.md"}
    assert len(answer.sentences) <= 2
    assert answer.standalone == answer.question


def test_this_document_is_the_one_that_is_searched_in(app):
    events = list(app.assistant.ask("Résume ce document", scope="mooring-2023.md"))
    assert [event.name for event in events if isinstance(event, Stage)][:1] == ["summarising"]
    assert {citation.document for citation in events[-1].citations} <= {"mooring-2023.md"}


def test_where_several_may_be_meant_the_note_names_them(app):
    events = list(app.assistant.ask("Summarise the mooring rules"))
    assert "summarising" not in [event.name for event in events if isinstance(event, Stage)]
    assert "mooring-2023.md, mooring-2024.md" in events[-1].note
