"""What a model server says of itself: which models it serves, their window, and how it counts tokens.

OpenAI's interface has no word for the last two, so each kind of server is asked in its own way.
"""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from ragapp.errors import ModelError
from ragapp.llm.remote_http import Connection, NotSpoken, Refused
from ragapp.llm.stopping import Cancelled

#: what counts the tokens: llama.cpp's server, vLLM's, llama-cpp-python's, or a guess
Tokenizer = Literal["llama.cpp", "vllm", "llama-cpp-python", "guess"]

# a template's marks around a turn, and what it may put before the first: Llama 3.1 writes a date and more
TURN_TOKENS, CHAT_TOKENS = 8, 40
# longer ones are seldom in a vocabulary
_SHORT_WORD = 9
# models that a message names
_LISTED = 8


class ServedModel(NamedTuple):
    """A model as its server describes it.

    Attributes:
        model: its name in requests.
        window: tokens of prompt and answer together; None where the server does not say.
        trained: tokens that it was trained for; None where the server does not say.
        ollama: whether the server is Ollama.
    """

    model: str
    window: int | None = None
    trained: int | None = None
    ollama: bool = False


def ask_model(connection: Connection, wanted: str) -> ServedModel:
    """Find a model among those that the server has.

    Args:
        connection: to the server.
        wanted: its name; the end of a path, or a name without Ollama's tag, will do when only one model has it.

    Raises:
        ModelError: the server has no such model, or cannot be asked.
    """
    url = f"{connection.address.url}/models"
    try:
        listed = connection.fetch("GET", url)
    except Refused as error:
        if error.status not in (404, 405, 501):
            raise
        listed = None
    entries = [entry for entry in get(listed, "data") or [] if isinstance(get(entry, "id"), str)]
    model, entry = wanted, {}
    if entries:
        same = [entry for entry in entries if entry["id"] == wanted] or [
            entry for entry in entries if wanted in _short_names(entry["id"])
        ]
        if len(same) != 1:
            names = ", ".join(sorted(entry["id"] for entry in entries)[:_LISTED])
            more = ", …" if len(entries) > _LISTED else ""
            raise ModelError(
                f"{connection.address.place} has no model {wanted!r}, or several; it has: {names}{more}.",
                "Set llm.model to one of them.",
            )
        entry = same[0]
        model = entry["id"]
    trained = _number(get(entry, "meta", "n_ctx_train"))
    if window := _number(get(entry, "max_model_len")):
        return ServedModel(model, window, trained)
    properties = _try(connection, "GET", "/props")
    window = _number(get(properties, "default_generation_settings", "n_ctx")) or _number(get(entry, "meta", "n_ctx"))
    if window:
        return ServedModel(model, window, trained)
    if get(_try(connection, "GET", "/api/version"), "version"):
        return ServedModel(model, _ask_ollama(connection, model), trained, True)
    return ServedModel(model, None, trained)


def find_tokenizer(connection: Connection, model: str) -> Tokenizer:
    """How this server counts tokens."""
    for tokenizer in ("llama.cpp", "vllm", "llama-cpp-python"):
        try:
            if count_text(connection, model, tokenizer, "one two three") >= 3:
                return tokenizer
        except (Refused, NotSpoken):
            continue
    return "guess"


def count_text(
    connection: Connection, model: str, tokenizer: Tokenizer, text: str, cancelled: Cancelled | None = None
) -> int:
    """Tokens of a text.

    Raises:
        ModelError: the server cannot be asked any more.
        CancelledError: ``cancelled`` said so.
    """
    if tokenizer == "guess":
        return guess_tokens(text)
    if tokenizer == "llama.cpp":
        return _tokenized(connection, {"content": text, "add_special": False}, cancelled)
    if tokenizer == "vllm":
        return _tokenized(connection, {"model": model, "prompt": text, "add_special_tokens": False}, cancelled)
    url = f"{connection.address.root}/extras/tokenize/count"
    return _number(get(connection.fetch("POST", url, {"model": model, "input": text}, cancelled), "count")) or 0


def count_chat(
    connection: Connection, tokenizer: Tokenizer, body: dict[str, Any], cancelled: Cancelled | None = None
) -> int | None:
    """Tokens of a chat in the model's own format; None where the server does not tell.

    Args:
        connection: to the server.
        tokenizer: how it counts.
        body: the request for an answer to that chat.
        cancelled: asked many times a second.

    Raises:
        ModelError: the server refuses the chat, or cannot be asked any more.
        CancelledError: ``cancelled`` said so.
    """
    chat = {name: body[name] for name in ("model", "messages", "chat_template_kwargs") if name in body}
    if tokenizer == "vllm":
        return _tokenized(connection, {**chat, "add_generation_prompt": True}, cancelled)
    if tokenizer == "llama.cpp":
        try:
            rendered = connection.fetch("POST", f"{connection.address.root}/apply-template", chat, cancelled)
        except Refused as error:
            if error.status not in (404, 405, 501):
                raise
            return None
        if isinstance(prompt := get(rendered, "prompt"), str):
            return _tokenized(connection, {"content": prompt, "add_special": True, "parse_special": True}, cancelled)
    return None


def _tokenized(connection: Connection, body: dict[str, Any], cancelled: Cancelled | None) -> int:
    answer = connection.fetch("POST", f"{connection.address.root}/tokenize", body, cancelled)
    tokens = get(answer, "tokens")
    return _number(get(answer, "count")) or (len(tokens) if isinstance(tokens, list) else 0)


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


def _ask_ollama(connection: Connection, model: str) -> int | None:
    """Ollama's window of a model, which is known once it is loaded.

    A longer prompt is cut without a word, so this must be known.
    """
    for load in (False, True):
        if load:
            # without a prompt it only loads
            connection.fetch("POST", f"{connection.address.root}/api/generate", {"model": model, "stream": False})
        for entry in get(_try(connection, "GET", "/api/ps"), "models") or []:
            if model in (get(entry, "name"), get(entry, "model")):
                return _number(get(entry, "context_length"))
    return None


def _try(connection: Connection, method: str, path: str) -> Any:
    """An answer that need not be there; other servers say that there is no such page, or show one."""
    try:
        return connection.fetch(method, f"{connection.address.root}{path}")
    except (Refused, NotSpoken):
        return None


def _short_names(name: str) -> set[str]:
    path = PurePosixPath(name.replace("\\", "/"))
    return {path.name, path.name.removesuffix(".gguf"), name.removesuffix(":latest")}


def get(value: Any, *names: str) -> Any:
    """A value far inside of what a stranger sent; None where it is not."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
