"""The API as OpenAI's clients know it, below ``/v1``: chat programs can ask the documents as if they were a model."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ragapp.answer.assistant import answer_of
from ragapp.answer.layout import is_quotation, plain_text
from ragapp.answer.prompts import PROMPTS, prompts_for
from ragapp.contract import Answer, Citation, Event, Proved, Turn
from ragapp.errors import RagappError, UsageError
from ragapp.index.records import DocumentRow
from ragapp.reading.document import place_text
from ragapp.retrieval.scope import matching_documents
from ragapp.web import api_shapes as shapes
from ragapp.web.answer_json import asked_schema, json_writer
from ragapp.web.api import add_nothing_else, while_connected
from ragapp.web.chat_tasks import ChatTask, chat_task, persons_words
from ragapp.web.openai_errors import OpenAIError, openai_error
from ragapp.web.openai_requests import check_completion
from ragapp.web.reply_stream import Noted, ReplyLimits, as_json, fitting_json, limited, with_errors
from ragapp.web.streaming import ChatText, events_or_silence, in_queue, on_own_thread

if TYPE_CHECKING:
    from ragapp.web.app_state import AppState

MODEL = "ragapp"
# what a client may ask to be embedded at once
MOST_INPUTS = 2048
#: before what is to be checked about an answer, above it
DOUBT = "⚠ "
#: before what the person should know beside an answer, below it
NOTE = "ℹ "
# behind a sentence that no passage states
UNSUPPORTED = "not found in the passages"
# the quotes below an answer, as _quotes() writes them
_QUOTE = re.compile(r"\[\d+\] .+: “.*”")


def make_openai_api(state: AppState) -> APIRouter:
    """The routes below ``/v1``."""
    router = APIRouter(prefix="/v1", responses=shapes.OPENAI_REFUSED)
    stream: dict[str, Any] = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}

    def known() -> list[shapes.Model]:
        named = {MODEL: "documents", state.app.settings.embedding.model: "embedder"}
        return [shapes.Model(id=name, owned_by=f"ragapp ({kind})") for name, kind in named.items()]

    @router.get("/models")
    def models() -> shapes.Models:
        """What may stand in `model`; any other name is taken for `ragapp`, or for the embedder."""
        return shapes.Models(data=known())

    @router.get("/models/{name:path}")
    def model(name: str) -> shapes.Model:
        """One of these by its name."""
        for one in known():
            if one.id == name:
                return one
        raise OpenAIError(404, f"There is no model {name!r}.", code="model_not_found", param="model")

    @router.post(
        "/chat/completions",
        response_model=shapes.Completed | shapes.Told,
        responses={**shapes.OPENAI_REFUSED, 200: stream},
    )
    async def completions(body: shapes.Completion, request: Request) -> Any:
        """The last message is a question about the documents, those before it are the conversation.

        Titles, tags and the like, which chat programs ask for by themselves, are answered from the conversation.
        """
        check_completion(body)
        usage = bool(body.stream_options and body.stream_options.include_usage)
        task = chat_task(body.messages)
        if task:
            return _tell_task(task, body, usage)
        write = json_writer(body.response_format)
        if write and body.stop:
            raise OpenAIError(400, "JSON is not cut at a stop sequence.", code="unsupported_value", param="stop")
        own = state.app.settings.answer.prompts
        try:
            question, turns = question_of(body.messages, own)
        except UsageError as error:
            raise openai_error(error, "messages") from None
        scope = _scope_of(body)
        if scope:  # else it would lose its turn
            await run_in_threadpool(_check_scope, scope, body, state)
        place, hung_up, noted = state.places.take(), [False], Noted()
        try:
            asked = await in_queue(
                state,
                "openai",
                lambda ticket: state.app.assistant.ask(
                    question, turns, scope=scope, cancelled=lambda: hung_up[0], ticket=ticket
                ),
            )
        except BaseException:
            place.give_back()
            raise
        events = noted.listening(asked, place)
        most = body.max_completion_tokens or body.max_tokens
        limits = ReplyLimits(most, [body.stop] if isinstance(body.stop, str) else body.stop or [], count)
        if body.stream:
            lines = with_errors(_stream(state, events, hung_up, usage), noted)
            if write:
                lines = as_json(lines, noted, lambda answer: fitting_json(answer, write, most, count))
            elif limits:
                lines = limited(lines, limits)
            return StreamingResponse(lines, media_type="text/event-stream")

        def work() -> Answer:
            with closing(events):
                return answer_of(events)

        answer = await while_connected(request, lambda: on_own_thread(work), hung_up)
        state.models.note_answer(answer)
        if write:
            text, reason = await run_in_threadpool(fitting_json, answer, write, most, count)
        else:
            text = answer_text(answer, own)
            if limits:
                text = await run_in_threadpool(lambda: (limits.passed(text) + limits.rest()).rstrip())
            reason = limits.reason
        choice = shapes.CompletionChoice(message=shapes.Reply(content=text), finish_reason=reason)
        checked = shapes.Checked.of(answer).model_dump()
        return shapes.Completed(**_frame("chat.completion"), **checked, choices=[choice], usage=_usage(answer))

    def count(text: str) -> int:
        """Tokens of a text as the language model counts them."""
        return state.app.engine().count(text)

    @router.post("/embeddings")
    def embeddings(body: shapes.EmbeddingInput) -> shapes.Embedded:
        """The vectors of passages, of length one."""
        given = [body.input] if isinstance(body.input, str) else body.input
        if not all(isinstance(one, str) for one in given):
            told = (
                "Token ids are of another model's tokenizer: send texts (LangChain: check_embedding_ctx_length=False)."
            )
            raise OpenAIError(400, told, code="unsupported_value", param="input")
        texts = [str(one) for one in given]
        if not texts or len(texts) > MOST_INPUTS or not all(texts):
            told = f"input must hold 1 to {MOST_INPUTS} texts, none of them empty."
            raise OpenAIError(400, told, code="invalid_value", param="input")
        embedder, name = state.app.embedder, state.app.settings.embedding.model
        if body.dimensions not in (None, embedder.dimension):
            told = f"{name} makes vectors of {embedder.dimension} numbers, which mean nothing when they are cut."
            raise OpenAIError(400, told, code="unsupported_value", param="dimensions")
        vectors = enumerate(embedder.embed_documents(texts))
        data = [shapes.Vector(index=n, embedding=_vector(one, body.encoding_format or "float")) for n, one in vectors]
        tokens = sum(embedder.tokenizer.passage_tokens(texts))
        return shapes.Embedded(
            model=name, data=data, usage=shapes.EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
        )

    add_nothing_else(router)
    return router


def _scope_of(body: shapes.Completion) -> str:
    """The filter of a completion. Raises OpenAIError: a value cannot be read."""
    try:
        return body.scope
    except UsageError as error:
        raise openai_error(error, body.wrong_field(lambda scope: False)) from None


def _check_scope(scope: str, body: shapes.Completion, state: AppState) -> None:
    """Raises OpenAIError: the filter of a completion lets no document through, or a line of it cannot be read."""
    rows = state.app.catalog.documents()
    if not rows:
        return  # that there is none is told later, or the first ones are waited for
    try:
        matching_documents(rows, scope)
    except RagappError as error:
        raise openai_error(error, body.wrong_field(lambda one: not _lets_through(one, rows))) from None


def _lets_through(scope: str, rows: Sequence[DocumentRow]) -> bool:
    try:
        return bool(matching_documents(rows, scope))
    except RagappError:
        return False


def _tell_task(task: ChatTask, body: shapes.Completion, usage: bool) -> StreamingResponse | shapes.Told:
    """The reply to what a chat program asks for by itself."""
    asks_json = (body.response_format or {}).get("type") == "json_schema"
    text = task.reply(asked_schema(body.response_format or {}) if asks_json else None)
    if not body.stream:
        choice = shapes.CompletionChoice(message=shapes.Reply(content=text))
        return shapes.Told(**_frame("chat.completion"), choices=[choice], usage=shapes.Usage())
    frame = _frame("chat.completion.chunk")

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}]}

    told = [chunk({"role": "assistant", "content": ""}), chunk({"content": text}), chunk({}, "stop")]
    told += [{**frame, "choices": [], "usage": shapes.Usage().model_dump()}] if usage else []
    lines = [f"data: {json.dumps(one, ensure_ascii=False)}\n\n" for one in told]
    return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


def question_of(
    messages: list[shapes.ChatMessage], own: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[str, list[Turn]]:
    """The last question of a chat, and the questions and answers before it, without what :func:`answer_text` adds.

    What a client's system messages say is passed over: how ragapp answers is its own matter.  ``own`` is
    ``answer.prompts`` of the settings.

    Raises UsageError: the last message is not the person's.
    """
    turns: list[Turn] = []
    asked = ""
    for message in messages[:-1]:
        if message.role == "user":
            asked = persons_words(message.text)
        elif message.role == "assistant" and asked:
            turns.append(Turn(asked, Answer(asked, _own_words(message.text, own), False, 0.0)))
            asked = ""
    if messages[-1].role != "user" or not messages[-1].text.strip():
        raise UsageError("The last message must be a question of the role `user`.")
    return persons_words(messages[-1].text), turns


def _own_words(reply: str, own: Mapping[str, Mapping[str, str]] | None) -> str:
    """The answer in an earlier reply."""
    told = {prompts_for(language, own).not_stated for language in PROMPTS}
    beside = [_QUOTE.pattern, f"{DOUBT}.*", f"{NOTE}.*"]
    beside += [re.escape(text).replace(r"\{parts\}", ".*") for text in told]
    lines = [line for line in reply.splitlines() if not re.fullmatch("|".join(beside), line)]
    return "\n".join(line.removeprefix("> ").replace(f" ({UNSUPPORTED})", "") for line in lines).strip()


def answer_text(answer: Answer, own: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """An answer as one text: why it is to be checked, its sentences with their marks, what is not stated, the quotes,
    and what the person should know beside it.

    ``own`` is ``answer.prompts`` of the settings.
    """
    note = ["", f"{NOTE}{answer.note}"] if answer.note else []
    if answer.abstained:
        return "\n".join([answer.answer, *note])
    prompts = prompts_for(answer.language, own)
    doubt = answer.doubt or prompts.unsure
    head = [f"{DOUBT}{doubt}", ""] if answer.grade == "likely" else []
    words = plain_text(answer, UNSUPPORTED)
    if answer.basis != "documents":  # its note says what it rests on
        return f"{words}\n\n{answer.note}"
    if is_quotation(answer):
        words = "\n".join(f"> {line}" for line in words.splitlines())
    told = ["", prompts.not_stated.format(parts="; ".join(answer.not_stated))] if answer.not_stated else []
    return "\n".join([*head, words, *told, "", *map(_quote, answer.citations), *note])


def _quote(citation: Citation) -> str:
    return f"[{citation.n}] {place_text(citation)}: “{' '.join(citation.quote.split())}”"


async def _stream(
    state: AppState, events: Iterator[Event], hung_up: list[bool], usage: bool
) -> AsyncGenerator[str, None]:
    """Server-sent events. Each sentence is sent once it is proved, so that no word is taken back."""
    own = state.app.settings.answer.prompts
    text = ChatText(lambda answer: answer_text(answer, own), lambda doubt: f"{DOUBT}{doubt}")
    frame = _frame("chat.completion.chunk")

    def line(delta: dict[str, Any], reason: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        told = json.dumps({**frame, "choices": [choice], **extra}, ensure_ascii=False)
        return f"data: {told.encode('utf-8', 'replace').decode()}\n\n"  # half a surrogate pair cannot be sent

    try:
        yield line({"role": "assistant", "content": ""})
        async with aclosing(events_or_silence(events, hung_up)) as told:
            async for event in told:
                if isinstance(event, Answer):
                    state.models.note_answer(event)
                    for piece in text.finish(event).splitlines(keepends=True):
                        yield line({"content": piece})
                    yield line({}, "stop", **shapes.Checked.of(event).model_dump(mode="json"))
                    if usage:
                        counted = {**frame, "choices": [], "usage": _usage(event).model_dump()}
                        yield f"data: {json.dumps(counted)}\n\n"
                elif isinstance(event, Proved) and (piece := text.add(event)):
                    yield line({"content": piece})
                else:
                    yield ": \n\n"  # keeps the connection open while passages are read and the answer is written
        yield "data: [DONE]\n\n"
    except RagappError as error:
        yield f"data: {json.dumps({'error': {'message': str(error), 'type': type(error).__name__}})}\n\n"


def _frame(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _usage(answer: Answer) -> shapes.Usage:
    prompt, written = answer.context.prompt_tokens, int(answer.timings.get("answer_tokens", 0))
    return shapes.Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


def _vector(vector: NDArray[np.float32], encoding: str) -> list[float] | str:
    if encoding == "base64":
        return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
    return [float(value) for value in vector]
