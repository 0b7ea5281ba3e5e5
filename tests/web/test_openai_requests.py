"""What chat programs ask of ``/v1``: served, or refused in OpenAI's form with the field that is wrong."""

import json

import pytest
from openaikit import ANSWER, ASKED, chunks, openai_client, streamed_text

from ragapp.errors import EmptyStoreError, ModelError, StoreError, UsageError
from ragapp.web.openai_errors import openai_error


@pytest.fixture(scope="module")
def client():
    return openai_client()[0]


def post(client, **fields):
    return client.post("/v1/chat/completions", json={"messages": ASKED, **fields})


def problem(answer):
    error = answer.json()["error"]
    assert answer.json().keys() == {"error"}
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["code"]
    return error


SERVED = {
    "nothing but nulls": dict.fromkeys(
        [
            "model",
            "stream",
            "stream_options",
            "max_tokens",
            "stop",
            "temperature",
            "n",
            "tools",
            "response_format",
            "user",
        ]
    ),
    "what steers sampling": {"temperature": 2, "top_p": 0, "frequency_penalty": -2, "presence_penalty": 2, "seed": 7},
    "one answer": {"n": 1},
    "tools that may be called": {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto"},
    "tools that are allowed": {
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
    },
    "no probabilities": {"logprobs": False, "top_logprobs": 0, "logit_bias": {}},
    "text": {"response_format": {"type": "text"}, "modalities": ["text"]},
    "what is for the bill": {"user": "u", "metadata": {"a": "b"}, "service_tier": "auto", "store": False},
    "parts of text": {"messages": [{"role": "user", "content": [{"type": "text", "text": "How long?"}]}]},
    "a tool's result earlier": {
        "messages": [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]},
            {"role": "tool", "content": "nothing", "tool_call_id": "a"},
            {"role": "user", "content": "How long?"},
        ]
    },
}


@pytest.mark.parametrize("name", SERVED)
def test_what_clients_send_is_served(client, name):
    assert post(client, **SERVED[name]).status_code == 200


IMAGE = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
]
REFUSED = {
    "temperature": ({"temperature": 5}, "temperature"),
    "cold": ({"temperature": -0.1}, "temperature"),
    "top_p": ({"top_p": 1.5}, "top_p"),
    "two answers": ({"n": 2}, "n"),
    "none": ({"n": 0}, "n"),
    "probabilities": ({"logprobs": True}, "logprobs"),
    "their number": ({"top_logprobs": 3}, "top_logprobs"),
    "bias": ({"logit_bias": {"50256": -100}}, "logit_bias"),
    "a tool at any rate": ({"tool_choice": "required"}, "tool_choice"),
    "this tool": ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    "one of these tools": (
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}},
        "tool_choice",
    ),
    "a function": ({"function_call": {"name": "f"}}, "function_call"),
    "speech": ({"modalities": ["text", "audio"], "audio": {"voice": "alloy"}}, "modalities"),
    "the web": ({"web_search_options": {}}, "web_search_options"),
    "storing": ({"store": True}, "store"),
    "an unknown field": ({"top_k": 40}, "top_k"),
    "a picture": ({"messages": [{"role": "user", "content": IMAGE}]}, "messages.0.content.1.type"),
    "an unknown role": ({"messages": [{"role": "boss", "content": "x"}]}, "messages.0.role"),
    "no messages": ({"messages": []}, "messages"),
    "messages that are none": ({"messages": "x"}, "messages"),
    "the last is not a person's": ({"messages": [*ASKED, {"role": "assistant", "content": "x"}]}, "messages"),
    "a reply alone": ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
    "instructions alone": ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
    "tokens": ({"max_tokens": 0}, "max_tokens"),
    "tokens that are none": ({"max_completion_tokens": "many"}, "max_completion_tokens"),
    "many stops": ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    "a stop in JSON": ({"stop": "}", "response_format": {"type": "json_object"}}, "stop"),
    "another form": ({"response_format": {"type": "xml"}}, "response_format.type"),
    "a schema without a name": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        "response_format.json_schema",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_done_is_refused_by_name(client, name):
    fields, param = REFUSED[name]
    answer = post(client, **fields)
    assert answer.status_code == 400, answer.text
    error = problem(answer)
    assert error["param"] == param
    assert error["type"] == "invalid_request_error"
    assert "ragapp " not in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/chat/completions", 405, "POST"),
        ("PUT", "/v1/embeddings", 405, "POST"),
        ("DELETE", "/v1/models/ragapp", 405, "GET"),
        ("POST", "/v1/models", 405, "GET"),
        ("GET", "/v1/responses", 404, ""),
        ("POST", "/v1/audio/speech", 404, ""),
        ("GET", "/v1", 404, ""),
        ("GET", "/v1/models/gpt-4o", 404, ""),
    ],
)
def test_addresses_and_methods(client, method, path, status, allow):
    answer = client.request(method, path)
    assert answer.status_code == status
    problem(answer)
    assert allow in answer.headers.get("allow", "")
    assert bool(allow) == ("allow" in answer.headers)


def test_options_tell_the_methods(client):
    answer = client.options("/v1/chat/completions")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "POST, OPTIONS"
    assert not answer.content


def test_one_model_by_its_name(client):
    listed = client.get("/v1/models").json()["data"]
    for model in listed:
        assert client.get(f"/v1/models/{model['id']}").json() == model
    error = problem(client.get("/v1/models/org/other"))
    assert (error["code"], error["param"]) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"messages": [', "application/json", 400, "invalid_json"),
        (b'{"messages": []}', "text/plain", 415, "unsupported_content_type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_content_type"),
        (b"{}", "application/json", 400, "missing_required_parameter"),
        (b'{"messages": [], "zz": 1}', "application/json", 400, None),
        (b"[]", "application/json", 400, None),
    ],
)
def test_bodies_that_are_none(client, body, kind, status, code):
    answer = client.post("/v1/chat/completions", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    error = problem(answer)
    assert code in (None, error["code"])


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UsageError("Too long.", "Ask a shorter question."), 400, "invalid_value"),
        (EmptyStoreError("There are no documents.", "Add some: ragapp ingest"), 400, "no_documents"),
        (ModelError("The model x is missing.", "Fetch it: ragapp models pull x"), 503, "model_unavailable"),
        (StoreError("The index is damaged.", "Mend it: ragapp doctor --fix"), 503, "store_unavailable"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_speak_to_programs(error, status, code, stream):
    def ask(*arguments, **options):
        raise error
        yield

    client, _ = openai_client(ask=ask)
    answer = post(client, stream=stream)
    told = chunks(answer.text)[-1]["error"] if stream else problem(answer)
    assert stream or answer.status_code == status
    assert told["code"] == code
    assert "ragapp" not in told["message"]
    assert told["message"].startswith(error.message)
    assert (error.hint in told["message"]) == ("ragapp" not in error.hint)


def test_a_defect_says_nothing_of_the_program():
    def ask(*arguments, **options):
        raise ZeroDivisionError("secret")
        yield

    answer = post(openai_client(ask=ask)[0])
    assert answer.status_code == 500
    assert problem(answer)["type"] == "server_error"
    assert "secret" not in answer.text


def test_a_message_with_half_a_character_can_be_told():
    assert json.dumps(openai_error(UsageError("x \ud800 y")).json()).isascii()


TEXT = "The notice period is three months. [1] Trainees have two weeks. [2]"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({"max_tokens": 1000}, None, "stop"),
        ({"max_tokens": 3}, "", "length"),
        ({"max_tokens": 8}, "The notice period is three months. [1]", "length"),
        ({"max_completion_tokens": 9, "max_tokens": 1000}, "The notice period is three months. [1]", "length"),
        ({"stop": "Trainees"}, "The notice period is three months. [1] ", "stop"),
        ({"stop": ["zzz", "three"]}, "The notice period is ", "stop"),
        ({"stop": "nowhere"}, None, "stop"),
        ({"stop": "Trainees", "max_tokens": 4}, "", "length"),
    ],
)
def test_limits_end_a_reply(client, stream, fields, text, reason):
    answer = post(client, stream=stream, **fields)
    if stream:
        told = streamed_text(answer.text)
        ended = [one["choices"][0]["finish_reason"] for one in chunks(answer.text) if one["choices"]][-1]
    else:
        (choice,) = answer.json()["choices"]
        told, ended = choice["message"]["content"], choice["finish_reason"]
    if text is None:
        assert told.startswith(TEXT)
        assert "trainees.docx" in told
    else:
        assert told.rstrip() == text.rstrip()
    assert ended == reason


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_as_json(client, stream):
    answer = post(client, stream=stream, response_format={"type": "json_object"})
    text = streamed_text(answer.text) if stream else answer.json()["choices"][0]["message"]["content"]
    value = json.loads(text)
    assert value["answer"] == ANSWER.answer
    assert value["grade"] == "answered"
    assert [one["quotes"] for one in value["sentences"]] == [["notice of three months"], ["two weeks for trainees"]]
    assert value["citations"][0] == {
        "n": 1,
        "document": "contract.pdf",
        "page": 4,
        "place": "p. 4",
        "quote": "notice of three months",
    }


def test_json_has_whole_sentences_only(client):
    whole = json.loads(post(client, response_format={"type": "json_object"}).json()["choices"][0]["message"]["content"])
    most = len(json.dumps(whole).split()) - 1
    (choice,) = post(client, response_format={"type": "json_object"}, max_tokens=most).json()["choices"]
    assert choice["finish_reason"] == "length"
    value = json.loads(choice["message"]["content"])
    assert value["answer"] == "The notice period is three months. [1]"
    assert [one["n"] for one in value["citations"]] == [1]
    (choice,) = post(client, response_format={"type": "json_object"}, max_tokens=1).json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")


def embed(client, **fields):
    return client.post("/v1/embeddings", json={"input": "a b", **fields})


def test_embeddings(client):
    answer = embed(client, model=None, dimensions=None, encoding_format=None, user=None).json()
    assert answer["data"][0]["embedding"] == [1, 1, 1]
    assert answer["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
    assert embed(client, dimensions=3, encoding_format="base64").json()["data"][0]["embedding"] == "AACAPwAAgD8AAIA/"
    assert len(embed(client, input=["a", "b"]).json()["data"]) == 2


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"dimensions": 2}, "dimensions"),
        ({"dimensions": 0}, "dimensions"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[2028, 374]]}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": {"a": 1}}, "input"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"truncate": True}, "truncate"),
    ],
)
def test_embeddings_that_cannot_be_made(client, fields, param):
    answer = embed(client, **fields)
    assert answer.status_code == 400
    assert problem(answer)["param"] == param
