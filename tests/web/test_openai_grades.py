"""What chat programs are told of an answer's grade; and that they are sent no word that is taken back."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ragapp.contract import Answer, Citation, Proved, Sentence, Stage, Understood
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Settings
from ragapp.web import streaming
from ragapp.web.api_shapes import ChatMessage
from ragapp.web.metrics import Metrics
from ragapp.web.openai_api import make_openai_api, question_of
from ragapp.web.places import Places

QUOTE = Citation("a.pdf", "/a.pdf", 3, n=1, quote="The limit\nis £175.", start=0, end=18)
TOLD = "[1] a.pdf, p. 3: “The limit is £175.”"
ROWS = ("| | Paris |", "|---|---|", "| Hotel | £175 [1] |")


def answer(*texts, **fields):
    sentences = tuple(Sentence(text, not text.endswith("?"), (1,)) for text in texts)
    values = {"abstained": False, "confidence": 0.9, "sentences": sentences, "citations": (QUOTE,), "language": "en"}
    return Answer("q", "\n".join(texts), **{**values, **fields})


CASES = {
    "answered": (answer("You get £175. [1]"), f"You get £175. [1]\n\n{TOLD}"),
    "likely": (
        answer("You get £175. [1]", grade="likely", doubt="Check it."),
        f"⚠ Check it.\n\nYou get £175. [1]\n\n{TOLD}",
    ),
    "quoted": (
        answer("The limit is £175. [1]", grade="likely", doubt="Check it."),
        f"⚠ Check it.\n\n> The limit is £175. [1]\n\n{TOLD}",
    ),
    "not found": (answer(abstained=True, citations=()), ""),
    "not stated": (
        answer("You get £175. [1]", not_stated=("who pays", "when")),
        f"You get £175. [1]\n\nNot stated: who pays; when\n\n{TOLD}",
    ),
    "in French": (
        answer("Soit 175 £. [1]", not_stated=("qui paie",), language="fr"),
        f"Soit 175 £. [1]\n\nNon précisé : qui paie\n\n{TOLD}",
    ),
    "a table": (answer(*ROWS), f"|  | Paris |\n| --- | --- |\n| Hotel | £175 [1] |\n\n{TOLD}"),
    "noted": (answer("You get £175. [1]", note="Half of it."), f"You get £175. [1]\n\n{TOLD}\n\nℹ Half of it."),
    "noted, not found": (
        replace(answer("No.", abstained=True, citations=()), note="All was searched."),
        "No.\n\nℹ All was searched.",
    ),
    "cut off": (
        answer("You get £175. [1]", note="The model failed.", stopped=True),
        f"You get £175. [1]\n\n{TOLD}\n\nℹ The model failed.",
    ),
    "not all stated": (
        answer("You get £175. [1]", "Who pays?"),
        f"You get £175. [1]\nWho pays? (not found in the passages)\n\n{TOLD}",
    ),
}


def proved_early(made):
    """What is told of an answer while it is made."""
    known = set()
    for sentence in made.sentences:
        new = tuple(one for one in made.citations if one.n in sentence.citations and one.n not in known)
        known.update(one.n for one in new)
        yield Proved(sentence, new, made.grade, made.doubt, language=made.language)


def posted(made, *, stream, told=None):
    """What a client gets for an answer, of which some was told before."""

    def ask(*arguments, **options):
        yield Understood("q")
        yield Stage("writing")
        yield from told or ()
        yield made

    app = SimpleNamespace(assistant=SimpleNamespace(ask=ask), settings=Settings(), questions=FairLock())
    server = FastAPI()
    models, job = SimpleNamespace(note_answer=lambda one: None), SimpleNamespace(beginning=False)
    state = SimpleNamespace(app=app, metrics=Metrics(), models=models, job=job, places=Places(1))
    server.include_router(make_openai_api(state))
    body = {"messages": [{"role": "user", "content": "q"}], "stream": stream}
    return TestClient(server).post("/v1/chat/completions", json=body)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_sent_whole_and_streamed_alike(name):
    made, text = CASES[name]
    whole = posted(made, stream=False).json()
    assert whole["choices"][0]["message"]["content"] == text
    told = {"grade": made.grade, "doubt": made.doubt, "not_stated": list(made.not_stated), "abstained": made.abstained}
    told |= {"note": made.note, "stopped": made.stopped}
    assert {field: whole[field] for field in told} == told
    lines = posted(made, stream=True).text.split("\n\n")
    assert lines[-2] == "data: [DONE]"
    pieces = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces) == text
    assert {field: pieces[-1][field] for field in told} == told


def content(response):
    """The pieces of text that a client gets."""
    pieces = [json.loads(line[6:]) for line in response.text.split("\n\n") if line.startswith("data: {")]
    return [text for piece in pieces for choice in piece["choices"] if (text := choice["delta"].get("content", ""))]


QUOTED = Sentence("The limit is £175. [1]", True, (1,), ("The limit\nis £175.",))
FURTHER = Sentence("The rest is yours. [1]", True, (1,), ("The rest is yours.",))
OWN = Sentence("You get £175. [1]", True, (1,), ("The limit\nis £175.",))
EARLY = {
    "answered": (dict(grade="answered"), (OWN, FURTHER), ["You get £175. [1]", " The rest is yours. [1]"]),
    "likely": (
        dict(grade="likely", doubt="Check it."),
        (OWN, FURTHER),
        ["⚠ Check it.\n\nYou get £175. [1]", " The rest is yours. [1]"],
    ),
    "nothing but a quotation": (dict(grade="likely", doubt="Check it."), (QUOTED,), []),
    "a quotation and more": (
        dict(grade="likely", doubt="Check it."),
        (QUOTED, OWN),
        ["⚠ Check it.\n\nThe limit is £175. [1] You get £175. [1]"],
    ),
    "verbatim": (dict(grade="answered"), (QUOTED,), ["The limit is £175. [1]"]),
    "a table": (dict(grade="answered"), tuple(Sentence(f"{row} [1]", True, (1,)) for row in ROWS[2:]), []),
    "not stated": (dict(grade="answered", not_stated=("who pays",)), (OWN,), ["You get £175. [1]"]),
    "noted": (dict(grade="answered", note="Half of it."), (OWN,), ["You get £175. [1]"]),
    "in French": (dict(grade="answered", not_stated=("qui paie",), language="fr"), (OWN,), ["You get £175. [1]"]),
}


@pytest.mark.parametrize("name", EARLY)
def test_what_is_proved_is_sent_before_the_rest_and_nothing_is_taken_back(name):
    fields, sentences, first = EARLY[name]
    made = answer(*(one.text for one in sentences), **{**fields, "sentences": sentences})
    made = replace(made, answer=" ".join(one.text for one in sentences))
    pieces = content(posted(made, stream=True, told=[*proved_early(made)]))
    assert pieces[: len(first)] == first
    assert "".join(pieces) == "".join(content(posted(made, stream=True)))
    assert "".join(pieces) == posted(made, stream=False).json()["choices"][0]["message"]["content"]


def test_a_doubt_that_a_further_part_brings_stands_below_the_answer():
    made = answer(
        OWN.text, FURTHER.text, sentences=(OWN, FURTHER), grade="likely", doubt="Check it.", not_stated=("who",)
    )
    made = replace(made, answer=f"{OWN.text} {FURTHER.text}", note="Half of it.")
    first, second = proved_early(made)
    told = [replace(first, grade="answered", doubt=""), second]
    pieces = content(posted(made, stream=True, told=told))
    assert pieces[:2] == ["You get £175. [1]", " The rest is yours. [1]"]
    said = "".join(pieces)
    assert (
        said == f"You get £175. [1] The rest is yours. [1]\n\nNot stated: who\n\n⚠ Check it.\n\n{TOLD}\n\nℹ Half of it."
    )
    _, (turn,) = question_of(
        [ChatMessage(role=role, content=one) for role, one in (("user", "q"), ("assistant", said), ("user", "and?"))]
    )
    assert turn.reply == made.answer


def test_a_client_that_waits_long_is_told_that_it_goes_on(monkeypatch):
    monkeypatch.setattr(streaming, "KEEP_ALIVE_S", 0.1)

    def slowly():
        time.sleep(0.45)
        yield Stage("writing")

    made = CASES["answered"][0]
    lines = posted(made, stream=True, told=slowly()).text.split("\n\n")
    assert lines.count(": ") >= 5


@pytest.mark.parametrize("name", CASES)
def test_a_reply_that_comes_back_is_the_answer_again(name):
    made, text = CASES[name]
    said = [("user", "q"), ("assistant", text), ("user", "and?")]
    _, (turn,) = question_of([ChatMessage(role=role, content=content) for role, content in said])
    words = turn.reply.replace("|  | Paris |\n| --- | --- |", "| | Paris |\n|---|---|")
    assert words == made.answer


def test_what_is_not_stated_is_told_in_the_persons_own_words():
    own = {"en": {"not_stated": "Nowhere: {parts}"}}
    said = [("user", "q"), ("assistant", "It is so.\n\nNowhere: who (pays)"), ("user", "and?")]
    _, (turn,) = question_of([ChatMessage(role=role, content=content) for role, content in said], own)
    assert turn.reply == "It is so."
