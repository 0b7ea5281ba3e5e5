"""One conversation through every door: understood the same way, answered the same, with the same citations."""

from __future__ import annotations

import json
import time

import pytest
from apikit import serving_state
from typer.testing import CliRunner

from ragapp.contract import Answer
from ragapp.contract.codec import from_values

pytestmark = pytest.mark.real

CONVERSATION = (
    "What is the mileage rate for cars in the 2025 travel policy?",
    "and for bicycles?",
    "Wer genehmigt das?",
)


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    home = tmp_path_factory.mktemp("doors")
    # the prompts are long enough for a window of this size, the answers short enough for a test
    with serving_state(home, request.config.rootpath, models_dir, sample_store, max_tokens=16) as (
        client,
        settings,
        state,
    ):
        yield client, settings, state


@pytest.fixture
def command(page, monkeypatch, tmp_path):
    """Runs ``ragapp`` with the settings of the page; with lines to type where there are any."""
    from ragapp.cli.main import app

    _, settings, _ = page
    values = {
        "PATHS__DATA": settings.paths.data,
        "PATHS__MODELS": settings.paths.models,
        "PATHS__INGEST": settings.paths.ingest,
        "EMBEDDING__MODEL": settings.embedding.model,
        "LLM__MODEL": settings.llm.model,
        "LLM__CONTEXT": settings.llm.context,
        "ANSWER__THRESHOLD": 0,
        "ANSWER__MAX_TOKENS": settings.answer.max_tokens,
        "RETRIEVAL__PASSAGES": settings.retrieval.passages,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"RAGAPP_{name}", str(value))
    monkeypatch.chdir(tmp_path)  # no settings file

    def run(*arguments, typed=None):
        result = CliRunner().invoke(app, list(map(str, arguments)), input=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def by_ask(page, command):
    answers = []
    for question in CONVERSATION:
        kept = answers[-1].conversation if answers else "new"
        answers.append(from_values(Answer, json.loads(command("ask", question, "--conversation", kept, "--json"))))
    return answers


def by_chat(page, command):
    state = page[2]
    known = {row.id for row in state.app.conversations.list()}
    command("chat", typed="".join(f"{question}\n" for question in CONVERSATION))
    (new,) = [row.id for row in state.app.conversations.list() if row.id not in known]
    return [turn.answer for turn in state.app.conversations.turns(new)]


def by_page(page, command):
    from ragapp.web.runs import Exchange

    state = page[2]
    visitor = state.visitors.greet("session", "d" * 32, "en")
    for question in CONVERSATION:
        run = state.ask(visitor, Exchange(question))
        until = time.monotonic() + 120
        while run.running and time.monotonic() < until:
            run.wait(-1, 0.2)
    return [exchange.answer for exchange in visitor.exchanges]


def by_api(page, command):
    client, answers = page[0], []
    for question in CONVERSATION:
        turns = [{"question": one.question, "answer": one.answer} for one in answers]
        answers.append(from_values(Answer, client.post("ask", {"question": question, "turns": turns})))
    return answers


def by_openai(page, command):
    import openai

    from ragapp.web.openai_api import NOTE

    client, answers, messages = page[0], [], []
    outside = openai.OpenAI(base_url=f"{client.server.url}/v1", api_key=client.server.token, max_retries=0)
    for question in CONVERSATION:
        messages.append({"role": "user", "content": question})
        reply = outside.chat.completions.create(model="ragapp", messages=messages)
        text = reply.choices[0].message.content
        messages.append({"role": "assistant", "content": text})
        values = {name: getattr(reply, name) for name in ("abstained", "confidence", "standalone", "citations")}
        sentences = [sentence["text"] for sentence in reply.sentences]
        said, _, note = text.partition(f"\n\n{NOTE}")
        values |= {"question": question, "answer": " ".join(sentences) or said, "note": note}
        answers.append(from_values(Answer, values))
    return answers


@pytest.fixture(scope="module")
def expected(page):
    """What the assistant itself says to it."""
    from ragapp.contract import Turn

    assistant, turns = page[2].app.assistant, []
    for question in CONVERSATION:
        answer = assistant.answer(question, turns)
        turns.append(Turn(question, answer, answer.standalone))
    return [turn.answer for turn in turns]


@pytest.mark.parametrize("door", [by_ask, by_chat, by_page, by_api, by_openai], ids=lambda door: door.__name__)
def test_every_door_says_the_same(page, command, expected, door):
    answers = door(page, command)
    assert [answer.question for answer in answers] == list(CONVERSATION)
    assert [answer.standalone for answer in answers] == [answer.standalone for answer in expected]
    assert [answer.answer for answer in answers] == [answer.answer for answer in expected]
    assert [answer.citations for answer in answers] == [answer.citations for answer in expected]
    assert [answer.note for answer in answers] == [answer.note for answer in expected]


def test_the_conversation_needs_what_was_said_before(expected):
    assert expected[0].standalone == CONVERSATION[0]
    assert expected[1].standalone != CONVERSATION[1]
    assert "bicycles" in expected[1].standalone
