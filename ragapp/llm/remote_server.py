"""One model of an OpenAI-compatible server: found by name, its tokens counted, asked for chat completions.

OpenAI's interface tells neither the context window nor how tokens are counted, so each kind of server (llama.cpp's,
llama-cpp-python's, vLLM, Ollama) is asked in its own way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple, TypeVar

from ragapp.errors import ModelError
from ragapp.llm.chat import Message, fold
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.remote_http import Body, Connection, ErrorResponse, InvalidResponse

Tokenizer = Literal["llama.cpp", "vllm", "llama-cpp-python", "guess"]

# a template's marks around a turn, and what it may put before the first: Llama 3.1 writes a date and more
TURN_TOKENS, CHAT_TOKENS = 8, 40
# as many as OpenAI, vLLM and Ollama give at the most
TOP_TOKENS = 20
# longer words are seldom in a vocabulary
_SHORT_WORD = 9
# models that a message names
_LISTED = 8
#: statuses of a page that a server does not have
NO_SUCH_PAGE = (404, 405, 501)
# fields that some servers know and others refuse; a request does as well without
_OPTIONAL = ("chat_template_kwargs", "reasoning_effort", "stream_options", "seed")
# those that turn thinking off
_NO_THINKING = ("chat_template_kwargs", "reasoning_effort")

_Answer = TypeVar("_Answer")


class ServedModel(NamedTuple):
    """A model as its server describes it; None is what the server does not say."""

    name: str  # in requests
    window: int | None = None  # tokens of prompt and answer together
    trained: int | None = None  # tokens that it was trained for
    ollama: bool = False  # whether the server is Ollama


class ModelServer:
    """Asks one model of one server; what a server refuses to understand is left out of later requests.

    Every method raises ModelError when the server fails, and CancelledError when ``cancelled`` says so. ``wanted`` is
    the model's name; the end of a path, or a name without Ollama's tag, will do when only one has it.
    """

    def __init__(self, connection: Connection, wanted: str, seed: int):
        self._connection, self._wanted, self._seed = connection, wanted, seed
        self._takes_system = True
        self._refused: set[str] = set()
        self._completions_url = f"{connection.address.url}/chat/completions"

    @cached_property
    def model(self) -> ServedModel:
        """What the server says of the model; raises ModelError where it has no such model."""
        listed = None
        try:
            listed = self._connection.fetch("GET", f"{self._connection.address.url}/models")
        except ErrorResponse as error:
            if error.status not in NO_SUCH_PAGE:
                raise
        entries = {entry["id"]: entry for entry in items(listed, "data") if isinstance(get(entry, "id"), str)}
        name = self._wanted
        if entries and name not in entries:
            alike = [other for other in entries if name in _short_names(other)]
            if len(alike) != 1:
                names = ", ".join(sorted(entries)[:_LISTED]) + (", …" if len(entries) > _LISTED else "")
                message = f"{self._connection.address.place} has no model {name!r}, or several; it has: {names}."
                raise ModelError(message, "Set llm.model to one of them.")
            name = alike[0]
        entry = entries.get(name)
        trained = _number(get(entry, "meta", "n_ctx_train"))
        # vLLM, llama.cpp's server, llama-cpp-python's, Ollama
        window = (
            _number(get(entry, "max_model_len"))
            or _number(get(self._try("/props"), "default_generation_settings", "n_ctx"))
            or _number(get(entry, "meta", "n_ctx"))
        )
        ollama = not window and bool(get(self._try("/api/version"), "version"))
        return ServedModel(name, self._ollama_window(name) if ollama else window, trained, ollama)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """What counts the tokens: the kind of server that does, or ``guess``."""
        kinds: tuple[Tokenizer, ...] = ("llama.cpp", "vllm", "llama-cpp-python")
        for kind in kinds:
            with suppress(ErrorResponse, InvalidResponse):
                if self._count_as(kind, "one two three", None) >= 3:
                    return kind
        return "guess"

    def count(self, text: str, cancelled: Cancelled | None = None) -> int:
        """Tokens of a text."""
        return self._count_as(self.tokenizer, text, cancelled) if text else 0

    def count_chat(self, messages: Sequence[Message], cancelled: Cancelled | None = None) -> int:
        """Tokens of a chat; where the server only counts texts, rather much is added for the model's template."""

        def ask(body: Body) -> int | None:
            chat = {name: value for name, value in body.items() if name not in ("seed", "reasoning_effort")}
            if self.tokenizer == "vllm":
                return _counted(self._post("/tokenize", {**chat, "add_generation_prompt": True}, cancelled))
            prompt = get(self._post("/apply-template", chat, cancelled), "prompt")
            if not isinstance(prompt, str):
                return None
            rendered = {"content": prompt, "add_special": True, "parse_special": True}
            return _counted(self._post("/tokenize", rendered, cancelled))

        if self.tokenizer in ("llama.cpp", "vllm"):
            try:
                if (tokens := self._with_fallbacks(ask, messages)) is not None:
                    return tokens
            except ErrorResponse as error:
                if error.status not in NO_SUCH_PAGE:
                    raise
        return CHAT_TOKENS + sum(TURN_TOKENS + self.count(message["content"], cancelled) for message in messages)

    def ask(self, messages: Sequence[Message], options: Body, cancelled: Cancelled | None = None) -> Any:
        """The completion of a chat in one piece; ``options`` are further fields of the request."""
        url = self._completions_url
        return self._with_fallbacks(
            lambda body: self._connection.fetch("POST", url, body | options, cancelled), messages
        )

    def stream(
        self, messages: Sequence[Message], options: Body, cancelled: Cancelled | None, *, thinking: bool
    ) -> Generator[Body, None, None]:
        """The completion of a chat event by event; without ``thinking`` the server is told to turn it off."""

        def begin(body: Body) -> tuple[list[Body], Generator[Body, None, None]]:
            body = {**body, "stream": True, "stream_options": {"include_usage": True}}
            left_out = self._refused.union(_NO_THINKING if thinking else ())
            body = {name: value for name, value in body.items() if name not in left_out}
            events = self._connection.events(self._completions_url, body | options, cancelled)
            # what a server refuses, it refuses before the first event
            return list(islice(events, 1)), events

        begun, events = self._with_fallbacks(begin, messages)
        with closing(events):
            yield from begun
            yield from events

    def first_token(self, messages: Sequence[Message], cancelled: Cancelled | None) -> dict[str, float] | None:
        """The likeliest first tokens of an answer and their probabilities; None where the server does not give them."""
        options = {"max_tokens": 1, "temperature": 0.0, "logprobs": True, "top_logprobs": TOP_TOKENS}
        try:
            answer = self.ask(messages, options, cancelled)
        except ErrorResponse as error:
            if "logprobs" not in error.said.casefold():
                raise
            return None
        top: dict[str, float] = {}
        for entry in items(first(first(answer, "choices"), "logprobs", "content"), "top_logprobs"):
            token, logprob = get(entry, "token"), get(entry, "logprob")
            if isinstance(token, str) and isinstance(logprob, float | int) and not math.isnan(logprob):
                top[token] = top.get(token, 0.0) + math.exp(min(logprob, 0.0))
        return top or None

    def _with_fallbacks(self, ask: Callable[[Body], _Answer], messages: Sequence[Message]) -> _Answer:
        """What ``ask`` gives for the body of a request, repeated without what the server does not know."""
        while True:
            chat = fold(messages, system=self._takes_system)
            body: Body = {"model": self.model.name, "messages": chat, "seed": self._seed}
            # a check and a short answer leave no room for thinking; each kind of server has its own word for that
            if self.model.ollama:
                body["reasoning_effort"] = "none"
            else:
                body["chat_template_kwargs"] = {"enable_thinking": False}
            try:
                return ask({name: value for name, value in body.items() if name not in self._refused})
            except ErrorResponse as error:
                said = error.said.casefold()
                unknown = next((field for field in _OPTIONAL if field in said and field not in self._refused), None)
                if unknown:
                    self._refused.add(unknown)
                elif self._takes_system and error.status in (400, 500) and "system" in said and "role" in said:
                    self._takes_system = False
                else:
                    raise

    def _count_as(self, kind: Tokenizer, text: str, cancelled: Cancelled | None) -> int:
        if kind == "guess":
            return guess_tokens(text)
        requests: dict[Tokenizer, tuple[str, Body]] = {
            "llama.cpp": ("/tokenize", {"content": text, "add_special": False}),
            "vllm": ("/tokenize", {"model": self.model.name, "prompt": text, "add_special_tokens": False}),
            "llama-cpp-python": ("/extras/tokenize/count", {"model": self.model.name, "input": text}),
        }
        return _counted(self._post(*requests[kind], cancelled))

    def _ollama_window(self, name: str) -> int | None:
        """Ollama's window of a model, known once it is loaded; a longer prompt would be cut without a word."""
        for loaded in (False, True):
            for entry in items(self._try("/api/ps"), "models"):
                if name in (get(entry, "name"), get(entry, "model")):
                    return _number(get(entry, "context_length"))
            if not loaded:
                # without a prompt it only loads
                self._post("/api/generate", {"model": name, "stream": False}, None)
        return None

    def _post(self, path: str, body: Body, cancelled: Cancelled | None) -> Any:
        return self._connection.fetch("POST", f"{self._connection.address.root}{path}", body, cancelled)

    def _try(self, path: str) -> Any:
        """A page that need not be there: other servers refuse it, or show a page for people."""
        with suppress(ErrorResponse, InvalidResponse):
            return self._connection.fetch("GET", f"{self._connection.address.root}{path}")
        return None


def guess_tokens(text: str) -> int:
    """Tokens of a text for any model, rather too many than too few.

    A short word in small letters takes a token for every three, any other word one for every two; everything else one
    for each character, or for two bytes where it is not ASCII, but for the space before a word.
    """
    words = sum(
        math.ceil(len(word) / (3 if len(word) <= _SHORT_WORD and word[1:].islower() else 2))
        for word in re.findall(r"[A-Za-z]+", text)
    )
    marks = len(re.findall(r"[!-@\[-`{-~]|\s(?![A-Za-z])", text))
    others = sum(math.ceil(len(character.encode("utf-8", "replace")) / 2) for character in text if ord(character) > 127)
    return words + marks + others


def get(value: Any, *names: str) -> Any:
    """A value far inside of what a stranger sent; None where it is not."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items(value: Any, *names: str) -> list[Any]:
    """A list far inside of what a stranger sent; empty where it is not."""
    found = get(value, *names)
    return found if isinstance(found, list) else []


def first(value: Any, *names: str) -> Any:
    """The first of such a list; None where there is none."""
    return next(iter(items(value, *names)), None)


def _counted(answer: Any) -> int:
    return _number(get(answer, "count")) or len(items(answer, "tokens"))


def _short_names(name: str) -> set[str]:
    path = PurePosixPath(name.replace("\\", "/"))
    return {path.name, path.name.removesuffix(".gguf"), name.removesuffix(":latest")}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
