"""Which JSON Schemas an answer's own fields fit."""

import json
from dataclasses import replace

import jsonschema
import pytest
from openaikit import ANSWER
from pydantic import BaseModel

from ragapp.contract import Filters, TableRow
from ragapp.web.answer_json import json_writer
from ragapp.web.openai_errors import OpenAIError


class Source(BaseModel):
    document: str
    quote: str
    page: float


class Reply(BaseModel):
    answer: str
    citations: list[Source]
    doubt: str | None = None
    mood: str = "fine"


def form(schema):
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


def thing(*required, **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


TEXT, NUMBER = {"type": "string"}, {"type": "number"}
SERVED = {
    "a text": (thing("answer", answer=TEXT), {"answer"}),
    "a model of pydantic": (Reply.model_json_schema(), {"answer", "citations", "doubt"}),
    "lists": (
        thing("quotes", "not_stated", quotes={"type": "array", "items": TEXT}, not_stated={"type": "array"}),
        {"quotes", "not_stated"},
    ),
    "all of it": ({"type": "object"}, None),
    "any object": ({"type": "object", "required": ["grade"]}, None),
    "grades": (
        thing("grade", grade={"enum": ["answered", "likely", "not_found", "unknown"], "description": "How sure."}),
        {"grade"},
    ),
    "bounds": (thing("confidence", confidence={**NUMBER, "minimum": 0, "maximum": 100}), {"confidence"}),
    "one of two": (thing("doubt", doubt={"anyOf": [{"type": "null"}, TEXT]}), {"doubt"}),
    "several types": (thing("doubt", doubt={"type": ["string", "null"]}), {"doubt"}),
    "a field that need not be there": (thing("answer", answer=TEXT, mood=TEXT), {"answer"}),
}
REFUSED = {
    "a field that no answer has": (thing("answer", "mood", answer=TEXT, mood=TEXT), "`mood`"),
    "a field of a citation": (
        thing("citations", citations={"type": "array", "items": thing("url", url=TEXT)}),
        "`citations[].url`",
    ),
    "another type": (thing("answer", answer={"type": "array", "items": TEXT}), "`answer`"),
    "a whole number": (thing("confidence", confidence={"type": "integer"}), "`confidence`"),
    "other values": (thing("grade", grade={"enum": ["yes", "no"]}), "`grade`"),
    "free text among values": (thing("answer", answer={"enum": ["yes", "no"]}), "`answer`"),
    "a pattern": (thing("answer", answer={**TEXT, "pattern": "^[A-Z]"}), "pattern"),
    "a length": (thing("answer", answer={**TEXT, "maxLength": 10}), "maxLength"),
    "bounds": (thing("confidence", confidence={**NUMBER, "maximum": 0.5}), "`confidence`"),
    "items": (thing("quotes", quotes={"type": "array", "items": TEXT, "minItems": 1}), "minItems"),
    "a list": ({"type": "array", "items": TEXT}, "object"),
    "nothing of ours": (thing(mood=TEXT), "`mood`"),
    "a reference to nowhere": (thing("answer", answer={"$ref": "#/$defs/None"}), "None"),
    "an endless one": ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "deeper"),
    "no schema": (thing("answer", answer=False), "`answer`"),
}


@pytest.mark.parametrize("name", SERVED)
def test_a_schema_that_is_a_part_of_ours(name):
    schema, fields = SERVED[name]
    value = json.loads(json_writer(form(schema))(ANSWER))
    jsonschema.validate(value, schema)
    assert fields is None or value.keys() == fields


@pytest.mark.parametrize("name", REFUSED)
def test_a_schema_that_is_not(name):
    schema, told = REFUSED[name]
    with pytest.raises(OpenAIError) as refused:
        json_writer(form(schema))
    assert refused.value.status == 400
    assert refused.value.param == "response_format.json_schema.schema"
    assert told in refused.value.message


def test_a_figure_comes_with_its_query_and_rows():
    schema = thing("rows", rows={"type": "array", "items": thing("place", "cells", place=TEXT, cells={})})
    row = TableRow("b.xlsx", "/b.xlsx", 2, where="May!A3:B3", columns=("Name", "Sum"), cells=("Ada", "7"))
    answer = replace(ANSWER, query="SELECT 1", rows=(row,), rows_found=9, filters=Filters((), ("year:2024",)))
    assert json.loads(json_writer(form(schema))(answer)) == {"rows": [{"place": "May!A3:B3", "cells": ["Ada", "7"]}]}
    whole = json.loads(json_writer({"type": "json_object"})(answer))
    assert (whole["query"], whole["rows_found"], whole["rows"][0]["page"]) == ("SELECT 1", 9, 2)
    assert whole["filters"] == {"used": [], "proposed": ["year:2024"]}


def test_text_is_no_json():
    assert json_writer(None) is None
    assert json_writer({"type": "text"}) is None
