"""The API as OpenAI's clients know it, below ``/v1``: chat programs can ask the documents as if they were a model."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ragapp.answer.assistant import Delta, Event
from ragapp.answer.followup import standalone
from ragapp.answer.marks import MarkFilter
from ragapp.answer.result import Answer
from ragapp.errors import RagappError, UsageError
from ragapp.index.conversations import Turn
from ragapp.reading.document import place_name
from ragapp.web.api import add_nothing_else, while_connected
from ragapp.web.api_answers import Completed, Embedded, Models, answers
from ragapp.web.api_shapes import ChatMessage, Completion, EmbeddingInput
from ragapp.web.desk import Desk

MODEL = "ragapp"
# what a client may ask to be embedded at once
MOST_INPUTS = 2048


def make_openai_api(desk: Desk) -> APIRouter:
    """The routes below ``/v1``.

    Args:
        desk: the parts that they work with.
    """
    router = APIRouter(prefix="/v1")
    streamed = answers(Completed)
    streamed["responses"][200]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}

    @router.get("/models", **answers(Models))
    def models() -> dict[str, Any]:
        settings = desk.app.settings
        named = {MODEL: "documents", settings.embedding.model: "embedder"}
        entry = {"object": "model", "created": 0}
        listed = [{"id": name, "owned_by": f"ragapp ({kind})", **entry} for name, kind in named.items()]
        return {"object": "list", "data": listed}

    @router.post("/chat/completions", **streamed)
    async def completions(body: Completion, request: Request):
        question, turns = question_of(body.messages)
        asked = await run_in_threadpool(standalone, question, turns)
        hung_up = [False]

        def events() -> Iterator[Event]:
            return desk.app.assistant.ask(asked.question, cancelled=lambda: hung_up[0])

        if body.stream:
            usage = bool((body.stream_options or {}).get("include_usage"))
            return StreamingResponse(_stream(desk, events(), hung_up, usage), media_type="text/event-stream")

        def work() -> Answer:
            return next(event for event in events() if isinstance(event, Answer))

        answer = await while_connected(request, lambda: run_in_threadpool(work), hung_up)
        desk.models.note_answer(answer.as_json())
        return _completion(answer)

    @router.post("/embeddings", **answers(Embedded))
    def embeddings(body: EmbeddingInput) -> dict[str, Any]:
        texts = [body.input] if isinstance(body.input, str) else body.input
        if not texts or len(texts) > MOST_INPUTS or not all(texts):
            raise UsageError(f"input must hold 1 to {MOST_INPUTS} texts, none of them empty.")
        vectors = desk.app.embedder.embed_documents(texts)
        return {
            "object": "list",
            "model": desk.app.settings.embedding.model,
            "data": [
                {"object": "embedding", "index": n, "embedding": _vector(vector, body.encoding_format)}
                for n, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": 0, "total_tokens": 0},
        }

    add_nothing_else(router)
    return router


def question_of(messages: list[ChatMessage]) -> tuple[str, list[Turn]]:
    """The last question of a chat, and the questions and answers before it.

    What a client's system messages say is passed over: how ragapp answers is its own matter.

    Raises:
        UsageError: the last message is not the person's.
    """
    turns: list[Turn] = []
    asked = ""
    for message in messages[:-1]:
        if message.role == "user":
            asked = message.text
        elif message.role == "assistant" and asked:
            understood = standalone(asked, turns).question
            turns.append(Turn(len(turns), asked, understood, {"answer": message.text}, ""))
            asked = ""
    if messages[-1].role != "user" or not messages[-1].text.strip():
        raise UsageError("The last message must be a question of the role `user`.")
    return messages[-1].text, turns


def answer_text(answer: Answer) -> str:
    """An answer as one text: sentences with their marks, then the quotes."""
    if answer.abstained:
        return answer.answer
    return "\n".join([" ".join(sentence.text for sentence in answer.sentences), "", *_quotes(answer)])


def _quotes(answer: Answer) -> list[str]:
    lines = []
    for citation in answer.citations:
        place = place_name(citation.kind, citation.page, citation.label)
        where = f"{citation.document}, {place}" if place else citation.document
        lines.append(f"[{citation.n}] {where}: “{' '.join(citation.quote.split())}”")
    return lines


def _completion(answer: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer_text(answer)}
    return {
        **_frame("chat.completion"),
        "usage": _usage(answer),
        **_extra(answer),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
    }


def _stream(desk: Desk, events: Iterator[Event], hung_up: list[bool], usage: bool) -> Iterator[str]:
    """Server-sent events.  What is written is checked only at its end: what the check adds or withdraws comes last."""
    marks, written = MarkFilter(), False
    frame = _frame("chat.completion.chunk")

    def line(delta: dict[str, Any], reason: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return f"data: {json.dumps({**frame, 'choices': [choice], **extra}, ensure_ascii=False)}\n\n"

    try:
        yield line({"role": "assistant", "content": ""})
        for event in events:
            if isinstance(event, Delta):
                if text := marks.feed(event.text):
                    written = True
                    yield line({"content": text})
            elif isinstance(event, Answer):
                desk.models.note_answer(event.as_json())
                yield line({"content": _end_text(event, written)})
                yield line({}, "stop", **_extra(event))
                if usage:
                    told = {**frame, "choices": [], "usage": _usage(event)}
                    yield f"data: {json.dumps(told)}\n\n"
            else:
                yield ": \n\n"  # keeps the connection open while passages are read
        yield "data: [DONE]\n\n"
    except RagappError as error:
        yield f"data: {json.dumps({'error': {'message': str(error), 'type': type(error).__name__}})}\n\n"
    finally:
        hung_up[0] = True


def _end_text(answer: Answer, written: bool) -> str:
    """What is added to an answer that was streamed: its checked form where that says more, and its quotes."""
    if not written:
        return answer_text(answer)
    if answer.abstained:
        return f"\n\n({answer.answer})"
    unsupported = [sentence.text for sentence in answer.sentences if not sentence.supported]
    doubts = [f"Not found in the passages: {text}" for text in unsupported]
    return "\n".join(["\n", *doubts, *_quotes(answer)])


def _frame(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(answer: Answer) -> dict[str, int]:
    prompt, written = answer.context.get("prompt_tokens", 0), int(answer.timings.get("answer_tokens", 0))
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _extra(answer: Answer) -> dict[str, Any]:
    values = answer.as_json()
    return {key: values[key] for key in ("abstained", "confidence", "sentences", "citations", "passages")}


def _vector(vector: np.ndarray, encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
