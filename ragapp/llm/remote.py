"""A language model behind an OpenAI-compatible server: llama.cpp's, vLLM, Ollama and others.

What is sent there are the prompts, with the passages of the documents in them; nothing is sent to an address that the
person has not allowed.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cached_property, lru_cache
from typing import Any, Literal

from ragapp.errors import CancelledError, ModelError
from ragapp.llm.chat import Message
from ragapp.llm.fair_lock import Cancelled
from ragapp.llm.interface import TIMED_TOKENS, GenerationStats, LanguageModel
from ragapp.llm.reasoning import Piece, ThinkingSplitter, split_thinking
from ragapp.llm.remote_http import Connection, ErrorResponse, check_allowed, parse_address, read_key
from ragapp.llm.remote_server import NO_SUCH_PAGE, ModelServer, first, get

# where neither the server nor the settings say how long the window is; no server in use has a shorter one by default
USUAL_WINDOW = 2048
# probability of a word that was written, where the server does not tell how likely it was
WORD_SHARE = 0.9
WORD_TOKENS = 8
# the special tokens of all families of models: which of them this one has, the server does not say
_MARKS = re.compile(
    r"<\|[^<>|\s]{1,40}\|?>|<[^<>|\s]{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|</?s>|<</?SYS>>"
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS|TOOL_CONTENT|ARGS|CALL_ID|THINK|IMG)\]"
    r"|<(?:bos|eos|pad|unk|mask|start_of_turn|end_of_turn|start_of_image|end_of_image|start_of_role|end_of_role)>"
    r"|<(?:end_of_text|endoftext|begin_of_text|fim_[a-z]+)>|</?(?:think|seed:[a-z]+|tool_call|tool_response)>"
)


class OpenAIModel(LanguageModel):
    """One model of an OpenAI-compatible server.

    Args:
        url: base URL of the server, which mostly ends with ``/v1``.
        allow: hosts that may be sent documents to (``privacy.allow``).
        key_variable: name of the environment variable that holds the bearer token; empty for none.
        context: window in tokens where the server does not say, and never more than this; ``auto`` to trust the server.
        seed: for temperatures above zero.
        timeout_s: how long the server may say nothing.
        max_seconds: that writing a turn may take; 0 for no limit.
        thinking_tokens: that a model may think beside the length of its answer.
        tell: called with each sentence that the person should read, once each.
        places: how many callers it is asked for at a time; a server that answers fewer lets the others wait.

    Raises:
        SettingsError: the address is not valid or not allowed, or the key is not there.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        allow: Sequence[str] = (),
        key_variable: str = "",
        context: int | Literal["auto"] = "auto",
        seed: int = 42,
        timeout_s: float = 120.0,
        max_seconds: float = 0.0,
        thinking_tokens: int = 0,
        tell: Callable[[str], None] = lambda sentence: None,
        places: int = 1,
    ):
        check_allowed(url, allow)
        self.address = parse_address(url)
        # names the place too, so that nobody takes the answer for this machine's
        super().__init__(f"{model} at {self.address.place}", places)
        self._wanted, self._context, self._tell = model, context, tell
        self._seed, self._max_seconds, self._thinking_tokens = seed, max_seconds, thinking_tokens
        self._gives_probabilities = True
        key = read_key(key_variable)
        self._connection = Connection(self.address, key, timeout_s)
        if not self.address.encrypted and not self.address.loopback:
            also = ", and so is the key" if key else ""
            self._notice(f"What is sent to {self.address.place} can be read on the way{also}: llm.url is not https.")

    @property
    def fingerprint(self) -> str:
        return f"{self._wanted} at {self.address.url}"

    @property
    def identity(self) -> str:
        return self.fingerprint

    @cached_property
    def _server(self) -> ModelServer:
        return ModelServer(self._connection, self._wanted, self._seed)

    @cached_property
    def tokenizer(self) -> str:
        """What counts the tokens: the kind of server that does, or ``guess``."""
        if self._server.tokenizer == "guess":
            self._notice(f"{self.address.place} does not count tokens; they are guessed, rather too many than too few.")
        return self._server.tokenizer

    @cached_property
    def window(self) -> int:
        served = self._server.model
        wished = None if self._context == "auto" else self._context
        known = [tokens for tokens in (served.window or served.trained, wished) if tokens]
        if served.window is None and wished is None:
            known.append(USUAL_WINDOW)
            self._notice(
                f"{self.address.place} does not say how long its context is; {min(known)} tokens are taken for it."
                " Set llm.context to what the server was started with."
            )
        return min(known)

    @property
    def loaded(self) -> bool:
        return "window" in self.__dict__

    def load(self) -> None:
        if self.loaded:  # nobody waits then for those who are being answered
            return
        with self._turns.turn(alone=True):
            _ = self.window, self.tokenizer

    def reachable(self, seconds: float = 3.0) -> bool:
        """Whether the server answers within so many seconds; it is not asked to write anything, and nobody waits."""
        until = time.monotonic() + seconds
        try:
            self._connection.fetch("GET", f"{self.address.url}/models", None, lambda: time.monotonic() > until)
        except ErrorResponse as error:
            return error.status in NO_SUCH_PAGE  # some have no list of models
        except (ModelError, CancelledError):
            return False
        return True

    def close(self) -> None:
        with self._turns.turn(alone=True):
            for part in ("_server", "tokenizer", "window", "_count"):
                self.__dict__.pop(part, None)
            self._connection.close()

    def prefill(self, messages: Sequence[Message], cancelled: Cancelled | None = None) -> int:
        """Nothing: what the server keeps of earlier prompts is its own affair."""
        return 0

    @cached_property
    def _count(self) -> Callable[[str], int]:
        # the same passages are counted again for each question
        _ = self.tokenizer
        return lru_cache(512)(self._server.count)

    def count(self, text: str) -> int:
        """Tokens of a text; raises ModelError where the server cannot be asked."""
        return self._count(text)

    def escape(self, text: str) -> str:
        """Text in which nothing is a special token of any known family of models."""
        return _MARKS.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)

    def prompt_tokens(self, messages: Sequence[Message], cancelled: Cancelled | None = None) -> range:
        """As many numbers as a chat has tokens; which tokens, only the server knows."""
        _ = self.tokenizer
        return range(self._server.count_chat(messages, cancelled))

    def choice_probabilities(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None = None
    ) -> list[float]:
        """See :meth:`LanguageModel.choice_probabilities`.

        Where the server gives no probabilities, the word that the model writes has nine tenths; where it writes none of
        them, all have the same.
        """
        with self._turns.turn(cancelled):
            self._check_room(messages, cancelled)
            if self._gives_probabilities:
                top = self._server.first_token(messages, cancelled)
                weights = [_weight(top, choice) for choice in choices] if top else []
                if total := sum(weights):
                    return [weight / total for weight in weights]
                if top is None:
                    self._gives_probabilities = False
                    self._notice(
                        f"{self.address.place} does not say how likely words are, so what it is sure of counts"
                        f" {WORD_SHARE:g}; llama.cpp's server, vLLM and new versions of Ollama say it."
                    )
            said = self._first_written(messages, choices, cancelled)
        if said is None:
            return [1 / len(choices)] * len(choices)
        rest = (1 - WORD_SHARE) / max(1, len(choices) - 1)
        return [WORD_SHARE if place == said else rest for place in range(len(choices))]

    def generate_pieces(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        cancelled: Cancelled | None = None,
        thinking: bool | None = None,
    ) -> Iterator[Piece]:
        """See :meth:`LanguageModel.generate_pieces`; ``thinking=False`` tells the server to turn it off."""
        started = time.monotonic()
        with self._turns.turn(cancelled):
            tokens = self._check_room(messages, cancelled)
            self.stats = stats = GenerationStats(tokens, ended="stopped")
            splitter = ThinkingSplitter()
            limit = max_tokens if thinking is False else max_tokens + self._thinking_tokens
            options = {"max_tokens": min(limit, self.window - tokens), "temperature": temperature}
            deadline = float("inf")
            try:
                # closed at once when the caller wants no more, so that the server stops, too
                stream = self._server.stream(messages, options, cancelled, thinking=thinking is not False)
                with closing(stream) as events:
                    for event in events:
                        thought, text = self._read_event(event, stats, started)
                        if thought:
                            yield Piece("thinking", thought)
                        yield from splitter.feed(text)
                        if stats.first_token_s and deadline == float("inf") and self._max_seconds:
                            deadline = time.monotonic() + self._max_seconds
                        if time.monotonic() > deadline and stats.ended == "stopped":
                            stats.ended = "time"
                            break
            except CancelledError:
                if not stats.answer_tokens:
                    raise
            if splitter.unfinished and thinking is False:
                self._notice(f"{self.name} spends its answer on thinking; turn its thinking off on the server.")
            yield from splitter.finish()

    def prompt_speed(self) -> float:
        if not self.seen_speed:
            with self._turns.turn():
                options = {"max_tokens": 1, "temperature": 0.0}
                # some servers load a model when it is first asked
                self._server.ask([{"role": "user", "content": "word"}], options)
                # begins as no prompt before, so that nothing of it is in a cache
                messages: list[Message] = [{"role": "user", "content": f"{uuid.uuid4()} " + "word " * TIMED_TOKENS}]
                tokens = len(self.prompt_tokens(messages))
                started = time.monotonic()
                answer = self._server.ask(messages, options)
                took = max(time.monotonic() - started, 1e-3)
                exact = get(answer, "usage", "prompt_tokens")
                self.seen_speed = (exact if isinstance(exact, int) and exact > 0 else tokens) / took
        return self.seen_speed

    def _check_room(self, messages: Sequence[Message], cancelled: Cancelled | None) -> int:
        tokens = len(self.prompt_tokens(messages, cancelled))
        if tokens + 1 > self.window:
            message = f"The prompt has {tokens} tokens; the window of {self.name} is {self.window}."
            hint = "Lower retrieval.context_tokens, or start the server with a larger context and raise llm.context."
            raise ModelError(message, hint)
        return tokens

    def _read_event(self, event: dict[str, Any], stats: GenerationStats, started: float) -> tuple[str, str]:
        """The thinking, where the server tells it itself, and the text of one event; figures go into ``stats``."""
        choice = first(event, "choices")
        if reason := get(choice, "finish_reason"):
            stats.ended = "end" if reason == "stop" else "limit"
        delta = get(choice, "delta")
        thought, text = get(delta, "reasoning_content") or get(delta, "reasoning"), get(delta, "content")
        thought, text = (said if isinstance(said, str) else "" for said in (thought, text))
        if thought or text:
            stats.first_token_s = stats.first_token_s or time.monotonic() - started
        # mostly one token a piece; the usage at the end says it exactly
        stats.answer_tokens += bool(thought) + bool(text)
        stats.thinking_tokens += bool(thought)
        for name, path in (
            ("prompt_tokens", ("prompt_tokens",)),
            ("answer_tokens", ("completion_tokens",)),
            ("cached_tokens", ("prompt_tokens_details", "cached_tokens")),
        ):
            if isinstance(figure := get(event, "usage", *path), int):
                setattr(stats, name, figure)
        speed = get(event, "timings", "prompt_per_second")
        if isinstance(speed, float | int) and (get(event, "timings", "prompt_n") or 0) >= TIMED_TOKENS:
            self.seen_speed = max(self.seen_speed, float(speed))
        return thought, text

    def _first_written(
        self, messages: Sequence[Message], choices: Sequence[str], cancelled: Cancelled | None
    ) -> int | None:
        """Which of the words the model writes first, None for none of them."""
        answer = self._server.ask(messages, {"max_tokens": WORD_TOKENS, "temperature": 0.0}, cancelled)
        text = get(first(answer, "choices"), "message", "content")
        said = split_thinking(text)[1] if isinstance(text, str) else ""
        found = [
            (match.start(), place)
            for place, choice in enumerate(choices)
            if (match := re.search(rf"\b{re.escape(choice)}\b", said, re.IGNORECASE))
        ]
        return min(found)[1] if found else None

    def _notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)
            self._tell(sentence)


def _weight(top: dict[str, float], choice: str) -> float:
    """Probability of a word by those of first tokens: of the whole word where it is a token, else of its beginnings."""
    word = choice.casefold()
    forms = [(token.strip(" ▁Ġ\n").casefold(), probability) for token, probability in top.items()]
    whole = sum(probability for form, probability in forms if form == word)
    return whole or sum(probability for form, probability in forms if form and word.startswith(form))
