"""An answer as JSON in a chat's reply, and whether it fits the JSON Schema that a program asks for.

No model writes this JSON: it is the checked answer's own fields. So a schema is served where it is a part of ours, and
refused before any work is done where it is not, with what it asks for that an answer does not have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from ragapp.contract import Answer, Grade
from ragapp.reading.document import place_name
from ragapp.web.openai_errors import OpenAIError

_PARAM = "response_format"
_SCHEMA_PARAM = "response_format.json_schema.schema"
# what says nothing of which values are allowed
_NOTES = frozenset(
    ("$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated")
)
_TYPED = ("type", "properties", "required", "additionalProperties", "items", "enum", "const")
_KNOWN = frozenset((*_TYPED, "anyOf", "oneOf", "allOf", "$ref"))
_BOUNDS = frozenset(("minimum", "maximum"))
_DEPTH = 12

Schema = dict[str, Any]
Projection = Callable[[Any], Any]


class SentenceJson(BaseModel):
    """A sentence with the numbers of the citations that state it, and their exact words."""

    text: str
    supported: bool
    citations: list[int]
    quotes: list[str]


class CitationJson(BaseModel):
    """Where exact words stand."""

    n: int
    document: str
    page: int
    place: str
    quote: str


class RowJson(BaseModel):
    """A row of a table that a figure rests on: its place as a person would name it, names of columns, cells."""

    document: str
    page: int
    place: str
    columns: list[str]
    cells: list[str]


class FiltersJson(BaseModel):
    """What the documents were restricted to, and what of it the question proposed; both are lines of a filter."""

    used: list[str]
    proposed: list[str]


class AnswerJson(BaseModel):
    """What an answer is as JSON."""

    answer: str
    grade: Grade
    doubt: str
    abstained: bool
    confidence: float = Field(ge=0, le=1)
    language: str
    standalone: str
    not_stated: list[str]
    note: str
    sentences: list[SentenceJson]
    quotes: list[str]
    citations: list[CitationJson]
    query: str
    rows: list[RowJson]
    rows_found: int
    filters: FiltersJson

    @classmethod
    def of(cls, answer: Answer) -> AnswerJson:
        """The JSON of an answer."""
        fields = {"sentences", "quotes", "citations", "not_stated", "rows", "filters"}
        plain = {name: getattr(answer, name) for name in cls.model_fields if name not in fields}
        return cls(
            **plain,
            not_stated=list(answer.not_stated),
            sentences=[
                SentenceJson(
                    text=one.text, supported=one.supported, citations=list(one.citations), quotes=list(one.quotes)
                )
                for one in answer.sentences
            ],
            quotes=[one.quote for one in answer.citations],
            citations=[
                CitationJson(
                    n=one.n,
                    document=one.document,
                    page=one.page,
                    place=place_name(one.kind, one.page, one.label),
                    quote=one.quote,
                )
                for one in answer.citations
            ],
            rows=[
                RowJson(
                    document=one.document,
                    page=one.page,
                    place=one.where,
                    columns=list(one.columns),
                    cells=list(one.cells),
                )
                for one in answer.rows
            ],
            filters=FiltersJson(used=list(answer.filters.used), proposed=list(answer.filters.proposed)),
        )


_OURS: Schema = AnswerJson.model_json_schema()


def json_writer(response_format: dict[str, Any] | None) -> Callable[[Answer], str] | None:
    """What writes answers in the form that ``response_format`` asks for; None where that is plain text.

    Raises OpenAIError: there is no such form, or an answer has not what its schema asks for.
    """
    form = response_format or {"type": "text"}
    kind = form.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return lambda answer: _dumped(AnswerJson.of(answer).model_dump())
    if kind != "json_schema":
        told = f"response_format.type must be text, json_object or json_schema, not {kind!r}."
        raise OpenAIError(400, told, code="invalid_value", param=f"{_PARAM}.type")
    project = _projection(asked_schema(form), "", _root(form), 0)
    return lambda answer: _dumped(project(AnswerJson.of(answer).model_dump()))


def asked_schema(form: dict[str, Any]) -> Schema:
    """The schema of a response format. Raises OpenAIError: there is none that is for an object."""
    named = form.get("json_schema")
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(named, dict) or not isinstance(named.get("name"), str) or not isinstance(schema, dict):
        told = "response_format.json_schema needs a name and a schema."
        raise OpenAIError(400, told, code="missing_required_parameter", param=f"{_PARAM}.json_schema")
    return schema


def _root(form: dict[str, Any]) -> Schema:
    root: Schema = form["json_schema"]["schema"]
    return root


def _projection(theirs: Any, path: str, root: Schema, depth: int, ours: Schema = _OURS) -> Projection:
    """What makes a value of ours one of theirs. Raises OpenAIError: it cannot be one."""
    if depth > _DEPTH:
        raise _unserved(path, "it goes deeper than an answer does")
    if theirs is True or theirs == {}:
        return lambda value: value
    if not isinstance(theirs, dict):
        raise _unserved(path, "it is no schema")
    ours = _resolved(ours, _OURS, path)
    if "$ref" in theirs:
        return _projection(_resolved(theirs, root, path), path, root, depth + 1, ours)
    for word in ("anyOf", "oneOf"):
        if word in theirs:
            return _one_of(theirs[word], path, root, depth, ours)
    if "allOf" in theirs:
        if not isinstance(theirs["allOf"], list) or len(theirs["allOf"]) != 1:
            raise _unserved(path, "allOf is not served")
        return _projection(theirs["allOf"][0], path, root, depth + 1, ours)
    kind = ours["type"]
    bounded = _BOUNDS if kind in ("number", "integer") else frozenset()
    if strange := sorted(theirs.keys() - _KNOWN - _NOTES - bounded):
        raise _unserved(path, f"{strange[0]} is not served")
    kinds = theirs.get("type", kind)
    if not ({kind, "number"} if kind == "integer" else {kind}) & set(kinds if isinstance(kinds, list) else [kinds]):
        raise _unserved(path, f"it is of the type {kind}")
    if not _values_allowed(theirs, ours):
        raise _unserved(path, "it may have other values than these")
    if kind == "object":
        return _object(theirs, path, root, depth, ours)
    if kind == "array":
        each = _projection(theirs.get("items", True), f"{path}[]", root, depth + 1, ours["items"])
        return lambda value: [each(one) for one in value]
    return lambda value: value


def _object(theirs: Schema, path: str, root: Schema, depth: int, ours: Schema) -> Projection:
    wanted = theirs.get("properties")
    needed = theirs.get("required", [])
    if not isinstance(wanted, dict) or not wanted:
        if needed and not set(needed) <= ours["properties"].keys():
            raise _no_field(path, sorted(set(needed) - ours["properties"].keys())[0], ours)
        return lambda value: value
    chosen: dict[str, Projection] = {}
    for name, schema in wanted.items():
        if name in ours["properties"]:
            chosen[name] = _projection(schema, f"{path}.{name}".lstrip("."), root, depth + 1, ours["properties"][name])
        elif name in needed:
            raise _no_field(path, name, ours)
    if missing := [name for name in needed if name not in chosen]:
        raise _no_field(path, str(missing[0]), ours)
    if not chosen:
        raise _no_field(path, next(iter(wanted)), ours)
    return lambda value: {name: project(value[name]) for name, project in chosen.items()}


def _one_of(several: Any, path: str, root: Schema, depth: int, ours: Schema) -> Projection:
    problem = _unserved(path, "it allows nothing")
    for one in several if isinstance(several, list) else ():
        try:
            return _projection(one, path, root, depth + 1, ours)
        except OpenAIError as error:
            problem = error
    raise problem


def _values_allowed(theirs: Schema, ours: Schema) -> bool:
    if "const" in theirs and ours.get("enum") != [theirs["const"]]:
        return False
    if "enum" in theirs and not (isinstance(theirs["enum"], list) and _within(ours.get("enum"), theirs["enum"])):
        return False
    low, high = theirs.get("minimum"), theirs.get("maximum")
    return (low is None or ours.get("minimum", low - 1) >= low) and (
        high is None or ours.get("maximum", high + 1) <= high
    )


def _within(ours: list[Any] | None, theirs: list[Any]) -> bool:
    return ours is not None and all(value in theirs for value in ours)


def _resolved(schema: Schema, root: Schema, path: str) -> Schema:
    """The schema that a reference inside the document leads to."""
    if "$ref" not in schema:
        return schema
    found: Any = root
    for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
        found = found.get(part) if isinstance(found, dict) and part else found
    if not isinstance(found, dict):
        raise _unserved(path, f"{schema['$ref']!r} leads to no schema")
    return found


def _no_field(path: str, name: str, ours: Schema) -> OpenAIError:
    return _unserved(f"{path}.{name}".lstrip("."), f"an answer has only {', '.join(ours['properties'])} there")


def _unserved(path: str, why: str) -> OpenAIError:
    where = f"`{path}` cannot be served: {why}." if path else f"The schema cannot be served: {why}."
    told = f"{where} Answers come in fields of their own, which are not written by a model."
    return OpenAIError(400, told, code="unsupported_value", param=_SCHEMA_PARAM)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
