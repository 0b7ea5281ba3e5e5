"""The routes below ``/v1`` and ``/api`` with answers that are given, for what needs no model."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ragapp.contract import Answer, Citation, Comparison, Document, Sentence, Stage, Understood
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Settings
from ragapp.web.api import make_api
from ragapp.web.api_errors import add_error_answers
from ragapp.web.metrics import Metrics
from ragapp.web.openai_api import make_openai_api
from ragapp.web.places import Places

ASKED = [{"role": "user", "content": "How long is the notice period?"}]
ANSWER = Answer(
    "q",
    "The notice period is three months. [1] Trainees have two weeks. [2]",
    False,
    0.93,
    sentences=(
        Sentence("The notice period is three months. [1]", True, (1,), ("notice of three months",)),
        Sentence("Trainees have two weeks. [2]", True, (2,), ("two weeks for trainees",)),
    ),
    citations=(
        Citation("contract.pdf", "/contract.pdf", 4, n=1, quote="notice of three months", start=0, end=22),
        Citation("trainees.docx", "/trainees.docx", 1, n=2, quote="two weeks for trainees", start=0, end=22),
    ),
    language="en",
)


def document(number, name, **values):
    """A document of the store."""
    empty = {"title": name, "language": "en", "size": 1, "units": 1, "units_without_text": 0, "units_ocr": 0}
    empty |= {"units_needing_ocr": 0, "chunks": 1, "warnings": (), "ingested_at": "2026-01-01", "day": "2025-03-01"}
    return Document(id=number, document=name, path=f"/papers/{name}", **{**empty, **values})


class Embedder:
    """Vectors of three numbers."""

    dimension = 3
    tokenizer = SimpleNamespace(passage_tokens=lambda texts: [len(text.split()) for text in texts])

    def embed_documents(self, texts):
        return np.ones((len(texts), 3), np.float32)


def openai_server(ask=None, answer=ANSWER, waiting=20, documents=()):
    """The web application, and the list of what was asked; a word is a token, ``documents`` are rows of the catalog."""
    asked = []

    def given(question, turns=(), **options):
        asked.append((question, tuple((turn.question, turn.reply) for turn in turns)))
        yield Understood(question)
        yield Stage("writing")
        yield answer

    settings, compared = Settings(), Comparison(document(1, "a.docx"), document(2, "b.pdf"), ())
    app = SimpleNamespace(
        assistant=SimpleNamespace(ask=ask or given),
        settings=settings,
        engine=lambda: SimpleNamespace(count=lambda text: len(text.split())),
        embedder=Embedder(),
        questions=FairLock(),
        catalog=SimpleNamespace(documents=lambda: list(documents)),
        summarizer=SimpleNamespace(summarize=lambda document, cancelled: (ask or given)(document, cancelled=cancelled)),
        compare=lambda before, after, about: compared,
        explainer=SimpleNamespace(explain=lambda found, cancelled: iter([Stage("explaining"), found])),
    )
    server = FastAPI(title="ragapp", docs_url=None, redoc_url=None, openapi_url=None)
    models, job = SimpleNamespace(note_answer=lambda one: None), SimpleNamespace(beginning=False)
    state = SimpleNamespace(app=app, metrics=Metrics(), models=models, job=job, places=Places(waiting))
    server.include_router(make_openai_api(state))
    server.include_router(make_api(state))
    add_error_answers(server)
    return server, asked


def openai_client(**options):
    """A client of it, and what was asked."""
    server, asked = openai_server(**options)
    return TestClient(server, raise_server_exceptions=False), asked


def chunks(text):
    """The chunks of a stream."""
    return [json.loads(line[6:]) for line in text.split("\n\n") if line.startswith("data: {")]


def streamed_text(text):
    """What a stream writes."""
    return "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks(text) if one.get("choices"))
