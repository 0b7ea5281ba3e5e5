"""Questions of chat programs that are restricted to some documents."""

import json

import pytest
from openaikit import ANSWER, ASKED, openai_client

from ragapp.index.records import DocumentRow


def row(number, name, *, tags=(), author="", written="2024-05-01", collections=()):
    """A document as the catalog lists it."""
    read = (10, 1, "", (), "2025-01-01", 1, 0, 0, 0, 1, "")
    return DocumentRow(
        number, 1, f"/docs/{name}", name, name, "en", *read, 1, written, "text", author, tags, collections
    )


DOCUMENTS = [
    row(1, "policy.pdf", tags=("travel",), author="Ana Bell", written="2024-05-01", collections=("HR",)),
    row(2, "prices.xlsx", written="2025-02-01"),
]
GIVEN = [
    ({}, ""),
    ({"in": None, "tags": None, "after": None}, ""),
    ({"in": "HR"}, "HR"),
    ({"in": "type:excel"}, "type:excel"),
    (
        {
            "in": "*.pdf",
            "tags": ["travel"],
            "types": ["PDF"],
            "authors": ["bell"],
            "after": "2024",
            "before": "2025-01",
        },
        "*.pdf\ntag:travel\ntype:pdf\nauthor:bell\nafter:2024-01-01\nbefore:2025-01-01",
    ),
]
WRONG = [
    ({"after": "soon"}, "after", "'soon' is not a day."),
    ({"in": "HR", "before": "31/12/2024"}, "before", "'31/12/2024' is not a day."),
    ({"types": ["tablet"]}, "types", "'tablet' is not a type of documents."),
    ({"in": "year:now"}, "in", "'now' is not a year."),
    ({"in": "gone.pdf"}, "in", "No document or folder matches 'gone.pdf'."),
    ({"in": "policy.pdf", "tags": ["draft"]}, "tags", "No document fits 'tag:draft'."),
    ({"in": "prices.xlsx", "tags": ["travel"]}, None, "fits 'tag:travel'"),
    ({"tags": "travel"}, "tags", "valid list"),
    ({"tags": ["x"] * 51}, "tags", "at most 50 items"),
    ({"tag": ["travel"]}, "tag", "not permitted"),
]


def client_of(**options):
    """A client, and the filters of its questions."""
    scopes = []

    def ask(question, turns=(), *, scope="", **more):
        scopes.append(scope)
        yield ANSWER

    return openai_client(ask=ask, **options)[0], scopes


def post(client, **fields):
    return client.post("/v1/chat/completions", json={"messages": ASKED, **fields})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("given", "scope"), GIVEN)
def test_its_fields_are_one_filter(given, scope, stream):
    client, scopes = client_of(documents=DOCUMENTS)
    answer = post(client, stream=stream, **given)
    assert answer.status_code == 200, answer.text
    assert scopes == [scope]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("given", "param", "told"), WRONG)
def test_one_that_lets_nothing_through_is_refused_before_anything_is_sent(given, param, told, stream):
    client, scopes = client_of(documents=DOCUMENTS, waiting=1)
    for _ in range(2):  # it takes no place
        answer = post(client, stream=stream, **given)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["type"], error["param"]) == ("invalid_request_error", param)
        assert told in error["message"]
        assert "--" not in error["message"]
    assert scopes == []


def test_before_there_are_documents_that_is_told_instead():
    client, scopes = client_of()
    assert post(client, **{"in": "policy.pdf"}).status_code == 200
    assert scopes == ["policy.pdf"]


def test_it_is_in_the_answer():
    values = post(client_of(documents=DOCUMENTS)[0], types=["pdf"]).json()
    assert values["filters"] == {"used": [], "proposed": []}  # of the answer that was given
    streamed = post(client_of(documents=DOCUMENTS)[0], types=["pdf"], stream=True).text
    last = [json.loads(line[6:]) for line in streamed.split("\n\n") if '"finish_reason": "stop"' in line]
    assert last[0]["filters"] == values["filters"]
