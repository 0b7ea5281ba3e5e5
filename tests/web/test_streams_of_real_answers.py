"""A real answer of a small model as it is sent: by /v1 and by /api, over HTTP."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest
from apikit import serving

from ragapp.contract import Answer, Proved, Stage

pytestmark = pytest.mark.real

QUESTIONS = (
    "What are the rules for hotels and meals in the 2025 travel policy?",
    "What is the mileage rate for cars in the 2025 travel policy?",
    "What is the height of the Eiffel Tower?",
)


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    home = tmp_path_factory.mktemp("streams")
    with serving(home, request.config.rootpath, models_dir, sample_store, max_tokens=80) as (client, _):
        yield client


def asked(client, question, stream):
    """A completion that is asked for."""
    body = json.dumps({"messages": [{"role": "user", "content": question}], "stream": stream}).encode()
    headers = {"Authorization": f"Bearer {client.server.token}", "Content-Type": "application/json"}
    return urllib.request.urlopen(urllib.request.Request(f"{client.server.url}/v1/chat/completions", body, headers))


def streamed(client, question):
    """The pieces of text of a streamed completion, with the seconds when each came, and those of the end."""
    begun, pieces = time.monotonic(), []
    with asked(client, question, True) as lines:
        for line in lines:
            if line.startswith(b"data: {"):
                (choice,) = json.loads(line[6:])["choices"]
                if text := choice["delta"].get("content"):
                    pieces.append((time.monotonic() - begun, text))
    return pieces, time.monotonic() - begun


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_streamed_is_the_answer(page, question, capsys):
    pieces, took = streamed(page, question)
    with asked(page, question, False) as reply:
        whole = json.load(reply)
    assert "".join(text for _, text in pieces) == whole["choices"][0]["message"]["content"]
    with capsys.disabled():
        print(f"\n{question} First text after {pieces[0][0]:.2f} s of {took:.2f} s, {len(pieces)} pieces.")


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_told_early_stands_in_the_answer(page, question):
    *before, answer = page.events(question)
    assert isinstance(answer, Answer)
    assert tuple(event.sentence for event in before if isinstance(event, Proved)) == answer.sentences
    read = [event.place.document for event in before if isinstance(event, Stage) and event.number]
    assert read
    assert all(read)
