"""Requests for chat completions in the shape that one server takes, and what is read from its answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from ragapp.llm.chat import Message, fold
from ragapp.llm.remote_http import Connection, Refused
from ragapp.llm.remote_server import ServedModel, get
from ragapp.llm.stopping import Cancelled

__all__ = ["Completions", "first", "get", "weight"]

# as many as OpenAI, vLLM and Ollama give at the most
TOP_TOKENS = 20
# what some servers know and others refuse; the request does as well without
_OPTIONAL = ("chat_template_kwargs", "reasoning_effort", "stream_options", "seed")
# what tells a server to turn thinking off
_NO_THINKING = ("chat_template_kwargs", "reasoning_effort")

_Answer = TypeVar("_Answer")


class Completions:
    """Asks one model of one server.

    Args:
        connection: to the server.
        served: the model.
        seed: for temperatures above zero.
    """

    def __init__(self, connection: Connection, served: ServedModel, seed: int):
        self._connection = connection
        self._served = served
        self._seed = seed
        self._takes_system = True
        self._refused: set[str] = set()
        self._url = f"{connection.address.url}/chat/completions"

    def ask(self, messages: Sequence[Message], wishes: dict[str, Any], cancelled: Cancelled | None = None) -> Any:
        """The answer in one piece.

        Args:
            messages: the chat.
            wishes: further fields of the request.
            cancelled: asked many times a second.
        """
        return self.adapted(lambda body: self._connection.fetch("POST", self._url, body | wishes, cancelled), messages)

    def stream(
        self,
        messages: Sequence[Message],
        wishes: dict[str, Any],
        cancelled: Cancelled | None = None,
        *,
        thinking: bool = False,
    ) -> Iterator[dict]:
        """The answer event by event.

        Args:
            messages: see :meth:`ask`, as the next two.
            wishes: see there.
            cancelled: see there.
            thinking: whether the server is not told to turn thinking off.
        """

        def begin(body: dict[str, Any]) -> tuple[list[dict], Iterator[dict]]:
            if thinking:
                body = {name: value for name, value in body.items() if name not in _NO_THINKING}
            more = {"stream": True, "stream_options": {"include_usage": True}}
            wanted = {name: value for name, value in more.items() if name not in self._refused}
            events = self._connection.events(self._url, body | wanted | wishes, cancelled)
            # what a server refuses, it refuses before the first event
            return list(islice(events, 1)), events

        begun, events = self.adapted(begin, messages)
        try:
            yield from begun
            yield from events
        finally:
            events.close()

    def first_tokens(self, messages: Sequence[Message], cancelled: Cancelled | None) -> dict[str, float] | None:
        """The likeliest first tokens and their probabilities; None where the server does not give them."""
        wishes = {"max_tokens": 1, "temperature": 0.0, "logprobs": True, "top_logprobs": TOP_TOKENS}
        try:
            answer = self.ask(messages, wishes, cancelled)
        except Refused as error:
            if "logprobs" not in error.said.casefold():
                raise
            return None
        token = first(get(first(get(answer, "choices")), "logprobs", "content"))
        top: dict[str, float] = {}
        for entry in get(token, "top_logprobs") or []:
            text, logprob = get(entry, "token"), get(entry, "logprob")
            if isinstance(text, str) and isinstance(logprob, float | int) and not math.isnan(logprob):
                top[text] = top.get(text, 0.0) + math.exp(min(logprob, 0.0))
        return top or None

    def adapted(self, ask: Callable[[dict[str, Any]], _Answer], messages: Sequence[Message]) -> _Answer:
        """What ``ask`` gives for the body of a request, repeated without what the server does not know."""
        while True:
            try:
                return ask(self._body(messages))
            except Refused as error:
                if not self._adapts(error):
                    raise

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        body = {"model": self._served.model, "messages": fold(messages, system=self._takes_system), "seed": self._seed}
        # a check and a short answer leave no room for thinking; each kind of server has its own word for that
        if self._served.ollama:
            body["reasoning_effort"] = "none"
        else:
            body["chat_template_kwargs"] = {"enable_thinking": False}
        return {name: value for name, value in body.items() if name not in self._refused}

    def _adapts(self, error: Refused) -> bool:
        said = error.said.casefold()
        for field in _OPTIONAL:
            if field in said and field not in self._refused:
                self._refused.add(field)
                return True
        if self._takes_system and error.status in (400, 500) and "system" in said and "role" in said:
            self._takes_system = False
            return True
        return False


def weight(top: dict[str, float], choice: str) -> float:
    """Probability of the tokens that begin a word; of the whole word, where that is a token.

    Args:
        top: tokens and their probabilities.
        choice: the word; capitals and white space make no difference.
    """
    word = choice.casefold()
    forms = [(token.strip(" ▁Ġ\n").casefold(), probability) for token, probability in top.items()]
    whole = sum(probability for form, probability in forms if form == word)
    return whole or sum(probability for form, probability in forms if form and word.startswith(form))


def first(values: Any) -> Any:
    """The first of a list; None where there is no list, or nothing in it."""
    return values[0] if isinstance(values, list) and values else None
