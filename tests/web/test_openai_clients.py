"""Programs that people use with OpenAI's API, against the real page: their own packages, or the bodies they send."""

import json

import httpx
import pytest
from apikit import serving_state
from openaikit import streamed_text

from ragapp.web.tokens import Tokens

pytestmark = pytest.mark.real
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    """Address, a token that was made for it, and what the tabs share."""
    home = tmp_path_factory.mktemp("clients")
    with serving_state(home, request.config.rootpath, models_dir, sample_store) as (client, settings, state):
        yield f"{client.server.url}/v1", Tokens(settings.paths.data).new("a program"), state


@pytest.fixture(scope="module")
def openai(page):
    package = pytest.importorskip("openai")
    return package.OpenAI(base_url=page[0], api_key=page[1], max_retries=0)


def test_openai_models(openai):
    listed = [model.id for model in openai.models.list()]
    assert listed == ["ragapp", "all-minilm-l6-v2"]
    assert openai.models.retrieve("ragapp").id == "ragapp"
    assert openai.models.retrieve("all-minilm-l6-v2").owned_by == "ragapp (embedder)"


def test_openai_errors_are_those_of_the_package(openai):
    import openai as package

    def ask(**options):
        return openai.chat.completions.create(
            model="ragapp", messages=[{"role": "user", "content": QUESTION}], **options
        )

    with pytest.raises(package.NotFoundError) as told:
        openai.models.retrieve("gpt-4o")
    assert (told.value.code, told.value.param) == ("model_not_found", "model")
    with pytest.raises(package.BadRequestError) as told:
        ask(n=2)
    assert (told.value.type, told.value.param) == ("invalid_request_error", "n")
    with pytest.raises(package.BadRequestError) as told:
        ask(extra_body={"top_k": 3})
    assert (told.value.code, told.value.param) == ("unknown_parameter", "top_k")
    with pytest.raises(package.NotFoundError):
        openai.responses.create(model="ragapp", input=QUESTION)
    with pytest.raises(package.AuthenticationError) as told:
        package.OpenAI(base_url=str(openai.base_url), api_key="x", max_retries=0).models.list()
    assert told.value.code == "invalid_api_key"
    with pytest.raises(package.APIStatusError) as told:
        openai.chat.completions.create(model="ragapp", messages=[{"role": "user", "content": "why " * 2_500_000}])
    assert told.value.status_code == 413
    assert told.value.code == "request_too_large"


def test_openai_parses_an_answer(openai):
    from pydantic import BaseModel

    class Source(BaseModel):
        document: str
        quote: str

    class Reply(BaseModel):
        answer: str
        grade: str
        citations: list[Source]

    made = openai.chat.completions.parse(
        model="ragapp", messages=[{"role": "user", "content": QUESTION}], response_format=Reply
    )
    reply = made.choices[0].message.parsed
    assert reply.answer
    assert [one.quote for one in reply.citations] == [one["quote"] for one in made.citations]


def test_openai_restricts_the_documents_by_extra_fields(openai):
    import openai as package

    def ask(question, **extra):
        return openai.chat.completions.create(
            model="ragapp", messages=[{"role": "user", "content": question}], extra_body=extra
        )

    made = ask(QUESTION, types=["powerpoint"], after="2025")
    assert made.filters == {"used": ["type:powerpoint", "after:2025-01-01"], "proposed": []}
    assert {one["document"] for one in made.passages} == {"all-staff-meeting-2025-q1.pptx"}
    made = ask("How many instruments are in the price list?", **{"in": "*.xlsx"})
    assert made.query.startswith("SELECT COUNT(*)")
    assert made.rows_found == len(made.rows) == 11
    with pytest.raises(package.BadRequestError, match="'soon' is not a day") as told:
        ask(QUESTION, after="soon")
    assert told.value.param == "after"
    with pytest.raises(package.BadRequestError, match="No document or folder matches 'nothing'") as told:
        ask(QUESTION, **{"in": "nothing"})
    assert told.value.param == "in"


def test_openai_embeddings(openai):
    import openai as package

    made = openai.embeddings.create(model="x", input=["one", "two words"], dimensions=384)
    assert [len(one.embedding) for one in made.data] == [384, 384]
    assert made.usage.prompt_tokens >= 5  # with those that mark beginning and end
    with pytest.raises(package.BadRequestError, match="384"):
        openai.embeddings.create(model="x", input="one", dimensions=128)


def test_a_withdrawn_token_opens_nothing_more(page):
    url, _, state = page
    tokens = Tokens(state.app.settings.paths.data)
    given = tokens.new("for a while")

    def status():
        return httpx.get(f"{url}/models", headers={"authorization": f"Bearer {given}"}).status_code

    assert status() == 200
    tokens.revoke("for a while")
    assert status() == 401


def test_langchain(page):
    package = pytest.importorskip("langchain_openai")
    from pydantic import BaseModel, Field

    class Reply(BaseModel):
        """What the documents say."""

        answer: str = Field(description="In a sentence.")
        quotes: list[str]

    url, token, _ = page
    chat = package.ChatOpenAI(model="ragapp", base_url=url, api_key=token, max_retries=0, temperature=0)
    said = chat.invoke([("system", "Be brief."), ("human", QUESTION)])
    assert said.content
    assert said.response_metadata["finish_reason"] == "stop"
    assert "".join(piece.content for piece in chat.stream(QUESTION)) == chat.invoke(QUESTION).content
    reply = chat.with_structured_output(Reply).invoke(QUESTION)
    assert isinstance(reply, Reply)
    embedder = package.OpenAIEmbeddings(
        model="all-minilm-l6-v2", base_url=url, api_key=token, check_embedding_ctx_length=False, max_retries=0
    )
    assert len(embedder.embed_query("one")) == 384
    assert len(embedder.embed_documents(["one", "two"])) == 2


def test_token_ids_of_langchain_are_refused_with_the_remedy(page):
    url, token, _ = page
    # as OpenAIEmbeddings sends them by default
    body = {"input": [[3923, 374, 279, 9689, 4017]], "model": "text-embedding-ada-002", "encoding_format": "base64"}
    answer = httpx.post(f"{url}/embeddings", json=body, headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 400
    assert "check_embedding_ctx_length=False" in answer.json()["error"]["message"]


SAID = [
    {"role": "user", "content": "What is the mileage rate for cars in the 2025 travel policy?"},
    {"role": "assistant", "content": "It is 0.45."},
    {"role": "user", "content": "and for bicycles?"},
]
REPLY_SCHEMA = {
    "properties": {
        "answer": {"title": "Answer", "type": "string"},
        "quotes": {"items": {"type": "string"}, "title": "Quotes", "type": "array"},
    },
    "required": ["answer", "quotes"],
    "title": "A",
    "type": "object",
    "additionalProperties": False,
}
# recorded from the programs: LlamaIndex's OpenAILike (llama-index-llms-openai-like 0.8), and the others by their source
BODIES = {
    "LlamaIndex, complete": {
        "messages": [{"role": "user", "content": QUESTION}],
        "model": "ragapp",
        "stream": False,
        "temperature": 0.1,
    },
    "LlamaIndex, chat": {
        "messages": [{"role": "system", "content": "Be brief."}, *SAID],
        "model": "ragapp",
        "stream": False,
        "temperature": 0.1,
    },
    "LlamaIndex, stream": {
        "messages": [{"role": "user", "content": QUESTION}],
        "model": "ragapp",
        "stream": True,
        "temperature": 0.1,
    },
    "LlamaIndex, limited": {
        "messages": [{"role": "user", "content": QUESTION}],
        "model": "ragapp",
        "max_tokens": 64,
        "stream": False,
        "temperature": 0.3,
    },
    "LlamaIndex, structured": {
        "messages": [{"role": "user", "content": QUESTION}],
        "model": "ragapp",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"schema": REPLY_SCHEMA, "name": "A", "strict": True},
        },
        "stream": False,
        "temperature": 0.1,
    },
    "Open WebUI, chat": {
        "stream": True,
        "model": "ragapp",
        "messages": SAID,
        "stream_options": {"include_usage": True},
    },
    "LibreChat, chat": {
        "model": "ragapp",
        "messages": SAID,
        "stream": True,
        "user": "65a",
        "temperature": 1,
        "top_p": 1,
    },
    "LobeChat, chat": {
        "model": "ragapp",
        "messages": SAID,
        "stream": True,
        "frequency_penalty": 0,
        "presence_penalty": 0,
        "temperature": 1,
        "top_p": 1,
        "stream_options": {"include_usage": True},
    },
    "Chatbox, chat": {
        "model": "ragapp",
        "messages": [{"role": "system", "content": "You are a helpful assistant."}, *SAID],
        "temperature": 0.7,
        "top_p": None,
        "stream": True,
    },
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_other_programs(page, name):
    url, token, _ = page
    body = BODIES[name]
    answer = httpx.post(f"{url}/chat/completions", json=body, headers={"authorization": f"Bearer {token}"}, timeout=240)
    assert answer.status_code == 200, answer.text
    if body["stream"]:
        assert streamed_text(answer.text)
        assert answer.text.endswith("data: [DONE]\n\n")
        return
    content = answer.json()["choices"][0]["message"]["content"]
    assert content or body.get("max_tokens")
    if "response_format" in body:
        assert json.loads(content).keys() == {"answer", "quotes"}


def test_a_follow_up_is_understood_as_on_the_page(page):
    url, token, _ = page
    answer = httpx.post(
        f"{url}/chat/completions", json={"messages": SAID}, headers={"authorization": f"Bearer {token}"}, timeout=240
    ).json()
    assert "bicycles" in answer["standalone"]
    assert answer["standalone"] != SAID[-1]["content"]
