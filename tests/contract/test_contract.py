"""OpenAPI, ``--json`` and the Python types of the contract say the same; none may drift from the others."""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter
from typer.testing import CliRunner

from ragapp import contract
from ragapp.contract.codec import from_values, to_values
from ragapp.settings import Settings

RECORDS = [kind for _, kind in inspect.getmembers(contract, inspect.isclass) if dataclasses.is_dataclass(kind)]
ROUTES = {
    ("/api/ask", "post"): contract.Answer,
    ("/api/search", "post"): contract.SearchResult,
    ("/api/compare", "post"): contract.Comparison,
    ("/api/documents", "get"): contract.DocumentList,
    ("/api/documents/remove", "post"): contract.Removal,
    ("/api/ingest", "post"): contract.IngestReport,
    ("/api/ingest", "get"): contract.IngestState,
}


@pytest.fixture(scope="module")
def openapi():
    from ragapp.web.api import make_api
    from ragapp.web.openai_api import make_openai_api

    server = FastAPI()
    state = SimpleNamespace(app=SimpleNamespace(settings=Settings()))  # no part is asked before there is a request
    server.include_router(make_api(state))
    server.include_router(make_openai_api(state))
    return server.openapi()


def resolved(schema, root):
    """A schema with what it refers to in place, without titles, descriptions and empty defaults."""
    if isinstance(schema, list):
        return [resolved(one, root) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return resolved(target, root)
    kept = {key: value for key, value in schema.items() if key not in ("title", "description", "$defs")}
    if kept.get("default", "") is None:  # FastAPI leaves it out
        del kept["default"]
    return {key: resolved(value, root) for key, value in kept.items()}


@pytest.mark.parametrize(
    ("route", "kind"), ROUTES.items(), ids=lambda value: " ".join(value) if type(value) is tuple else ""
)
def test_openapi_tells_the_type(openapi, route, kind):
    path, method = route
    answer = openapi["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    own = TypeAdapter(kind).json_schema(mode="serialization")
    assert resolved(answer, openapi) == resolved(own, own)
    assert set(resolved(answer, openapi)["properties"]) == {field.name for field in dataclasses.fields(kind)}


def test_every_refusal_is_told_of_every_route(openapi):
    for path, methods in openapi["paths"].items():
        for method, told in methods.items():
            refused = set(told["responses"]) - {"200"}
            own = {"415", "429", "503"} if path.startswith("/v1/") else {"422"}  # of OpenAI's statuses none is 422
            assert {"400", "401", "403", "404", "413"} | own <= refused, (path, method)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_survives_json(kind):
    record = example(kind)
    values = json.loads(json.dumps(to_values(record)))
    assert set(values) == {field.name for field in dataclasses.fields(kind)}
    assert from_values(kind, values) == record


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_unknown_fields_are_passed_over_and_wrong_types_refused(kind):
    values = to_values(example(kind))
    assert from_values(kind, {**values, "of_a_later_version": 1}) == example(kind)
    with pytest.raises(ValueError, match=kind.__name__):
        from_values(kind, dict.fromkeys(values, object()))


def example(kind):
    """A record with every field filled in, none with its default."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: value_of(hints[field.name]) for field in dataclasses.fields(kind)})


def value_of(hint):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return example(hint)
    if origin is typing.Literal:
        return arguments[-1]
    if origin is tuple:
        return (value_of(arguments[0]),)
    if origin is dict:
        return {"name": value_of(arguments[1])}
    if arguments:  # a union
        return value_of(next(one for one in arguments if one is not type(None)))
    return {str: "text", int: 7, float: 0.25, bool: True, typing.Any: "of any kind"}[hint]


@pytest.fixture(scope="module")
def ragapp(models_dir, sample_store, tmp_path_factory):
    """Runs a command with ``--json`` on the sample documents and gives what it printed."""
    from ragapp.cli.main import app

    home = tmp_path_factory.mktemp("contract")
    file = home / "settings.yaml"
    file.write_text(
        f"paths: {{data: {sample_store}, models: {models_dir}, ingest: {home / 'drop'}}}\n"
        "embedding: {model: all-minilm-l6-v2}\n"
        "llm: {model: smollm2-135m-instruct, context: 2048}\nanswer: {threshold: 0, max_tokens: 16}\n",
        encoding="utf-8",
    )

    def run(*arguments):
        result = CliRunner().invoke(app, ["--settings", str(file), *map(str, arguments), "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.mark.real
@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (("search", "hotel limit"), contract.SearchResult),
        (("ask", "What is the hotel limit for London?"), contract.Answer),
        (("ask", "What is the hotel limit for London?", "--no-llm"), contract.SearchResult),
        (("compare", "travel-policy-2024", "travel-policy-2025", "--about", "hotel limits"), contract.Comparison),
        (("documents", "list"), contract.DocumentList),
        (("documents", "show", 1), contract.DocumentDetails),
        (("ingest", "--dry-run"), contract.IngestReport),
        (("conversations", "list"), contract.ConversationList),
        (("models", "list"), contract.ModelList),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else value.__name__,
)
def test_commands_print_the_type(ragapp, command, kind):
    printed = ragapp(*command)
    assert to_values(from_values(kind, printed)) == printed
