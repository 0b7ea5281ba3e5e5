"""The API as OpenAI's clients know it, below ``/v1``: chat programs can ask the documents as if they were a model."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ragapp.answer.assistant import answer_of
from ragapp.answer.grounding import CitationMarkFilter
from ragapp.contract import Answer, Citation, Delta, Event, Turn
from ragapp.errors import RagappError, UsageError
from ragapp.reading.document import place_name
from ragapp.web import api_shapes as shapes
from ragapp.web.api import add_nothing_else, while_connected

if TYPE_CHECKING:
    from ragapp.web.app_state import AppState

MODEL = "ragapp"
# what a client may ask to be embedded at once
MOST_INPUTS = 2048
# the quotes below an answer, as _quotes() writes them
_QUOTE = re.compile(r"\[\d+\] .+: “.*”")


def make_openai_api(state: AppState) -> APIRouter:
    """The routes below ``/v1``."""
    router = APIRouter(prefix="/v1", responses=shapes.REFUSED)
    stream: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

    @router.get("/models")
    def models() -> shapes.Models:
        named = {MODEL: "documents", state.app.settings.embedding.model: "embedder"}
        data = [shapes.Model(id=name, owned_by=f"ragapp ({kind})") for name, kind in named.items()]
        return shapes.Models(data=data)

    @router.post("/chat/completions", response_model=shapes.Completed, responses={**shapes.REFUSED, 200: stream})
    async def completions(body: shapes.Completion, request: Request) -> Any:
        question, turns = question_of(body.messages)
        hung_up = [False]
        events = state.app.assistant.ask(question, turns, cancelled=lambda: hung_up[0])
        if body.stream:
            usage = bool((body.stream_options or {}).get("include_usage"))
            return StreamingResponse(_stream(state, events, hung_up, usage), media_type="text/event-stream")
        answer = await while_connected(request, lambda: run_in_threadpool(answer_of, events), hung_up)
        state.models.note_answer(answer)
        choices = [shapes.CompletionChoice(message=shapes.Reply(content=answer_text(answer)))]
        checked = shapes.Checked.of(answer).model_dump()
        return shapes.Completed(**_frame("chat.completion"), **checked, choices=choices, usage=_usage(answer))

    @router.post("/embeddings")
    def embeddings(body: shapes.EmbeddingInput) -> shapes.Embedded:
        texts = [body.input] if isinstance(body.input, str) else body.input
        if not texts or len(texts) > MOST_INPUTS or not all(texts):
            raise UsageError(f"input must hold 1 to {MOST_INPUTS} texts, none of them empty.")
        vectors = enumerate(state.app.embedder.embed_documents(texts))
        data = [shapes.Vector(index=n, embedding=_vector(one, body.encoding_format)) for n, one in vectors]
        return shapes.Embedded(model=state.app.settings.embedding.model, data=data)

    add_nothing_else(router)
    return router


def question_of(messages: list[shapes.ChatMessage]) -> tuple[str, list[Turn]]:
    """The last question of a chat, and the questions and answers before it.

    What a client's system messages say is passed over: how ragapp answers is its own matter.

    Raises UsageError: the last message is not the person's.
    """
    turns: list[Turn] = []
    asked = ""
    for message in messages[:-1]:
        if message.role == "user":
            asked = message.text
        elif message.role == "assistant" and asked:
            lines = [line for line in message.text.splitlines() if not _QUOTE.fullmatch(line)]
            turns.append(Turn(asked, Answer(asked, "\n".join(lines).strip(), False, 0.0)))
            asked = ""
    if messages[-1].role != "user" or not messages[-1].text.strip():
        raise UsageError("The last message must be a question of the role `user`.")
    return messages[-1].text, turns


def answer_text(answer: Answer) -> str:
    """An answer as one text: sentences with their marks, then the quotes."""
    if answer.abstained:
        return answer.answer
    return "\n".join([" ".join(sentence.text for sentence in answer.sentences), "", *map(_quote, answer.citations)])


def _quote(citation: Citation) -> str:
    place = place_name(citation.kind, citation.page, citation.label)
    where = f"{citation.document}, {place}" if place else citation.document
    return f"[{citation.n}] {where}: “{' '.join(citation.quote.split())}”"


def _stream(state: AppState, events: Iterator[Event], hung_up: list[bool], usage: bool) -> Iterator[str]:
    """Server-sent events.  What is written is checked only at its end: what the check adds or withdraws comes last."""
    marks, written = CitationMarkFilter(), False
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
                state.models.note_answer(event)
                yield line({"content": _end_text(event, written)})
                yield line({}, "stop", **shapes.Checked.of(event).model_dump(mode="json"))
                if usage:
                    told = {**frame, "choices": [], "usage": _usage(event).model_dump()}
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
    return "\n".join(["\n", *doubts, *map(_quote, answer.citations)])


def _frame(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(answer: Answer) -> shapes.Usage:
    prompt, written = answer.context.prompt_tokens, int(answer.timings.get("answer_tokens", 0))
    return shapes.Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


def _vector(vector: NDArray[np.float32], encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
