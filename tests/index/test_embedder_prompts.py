from __future__ import annotations

import pytest

from ragapp.index.model_folder import Prompts, model_prompts

BGE = "Represent this sentence for searching relevant passages: "


@pytest.mark.parametrize(
    ("prompts", "names", "expected"),
    [
        ({}, ["all-MiniLM-L6-v2"], Prompts()),
        ({"query": "", "document": ""}, ["all-minilm-l6-v2", ""], Prompts()),
        ({"query": "q: ", "document": "d: "}, ["multilingual-e5-small"], Prompts("q: ", "d: ")),
        ({"query": "q: ", "document": "", "passage": "p: "}, ["x"], Prompts("q: ", "p: ")),
        ({"query": "q: "}, ["x"], Prompts("q: ", "")),
        ({"document": None, "corpus": "c: "}, ["x"], Prompts("", "c: ")),
        ({}, ["multilingual-e5-small"], Prompts("query: ", "passage: ")),
        ({}, ["e5-base-v2"], Prompts("query: ", "passage: ")),
        ({}, ["mine", "intfloat/multilingual-e5-large"], Prompts("query: ", "passage: ")),
        ({}, ["BGE-small-en-v1.5"], Prompts(BGE, "")),
        ({}, ["bge-m3"], Prompts()),
        ({}, ["nomic-embed-text-v1.5"], Prompts("search_query: ", "search_document: ")),
        ({}, ["snowflake-arctic-embed-m"], Prompts(BGE, "")),
        ({}, ["snowflake-arctic-embed-m-v2.0"], Prompts("query: ", "")),
        ({}, ["mxbai-embed-large-v1"], Prompts(BGE, "")),
        ({}, ["gte-base"], Prompts()),
        ({}, ["camembert-base5"], Prompts()),
    ],
)
def test_what_a_model_wants_in_front(prompts: dict, names: list[str], expected: Prompts) -> None:
    assert model_prompts(prompts, *names) == expected


@pytest.mark.parametrize("name", ["e5-mistral-7b-instruct", "multilingual-e5-large-instruct"])
def test_instructed_models_get_an_instruction_for_questions_only(name: str) -> None:
    prompts = model_prompts({}, name)
    assert prompts.query.startswith("Instruct: ")
    assert prompts.document == ""
