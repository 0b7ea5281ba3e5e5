"""What the API takes, the shapes of OpenAI's API, and how it refuses; all else is :mod:`ragapp.contract`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from ragapp.contract import Answer, Caution, Citation, Filters, Grade, Passage, Sentence, TableRow, Turn
from ragapp.errors import UsageError
from ragapp.index.facts import TYPES
from ragapp.retrieval.scope import joined_filter
from ragapp.web.api_errors import REFUSALS
from ragapp.web.openai_errors import OPENAI_REFUSALS


class EarlierTurn(BaseModel):
    """An earlier question of the conversation with its answer; ``standalone`` as the answer told it, if it is known."""

    question: str
    answer: str
    standalone: str = ""

    def as_turn(self) -> Turn:
        """The same for the assistant."""
        return Turn(self.question, Answer(self.question, self.answer, False, 0.0), self.standalone)


class Restricted(BaseModel):
    """What a question, search or list is restricted to; what is left out restricts nothing."""

    within: str = Field(
        "",
        alias="in",
        max_length=100_000,
        description="Only these documents, a line each: a name, a pattern such as *.pdf, a folder, a collection, or"
        " a condition: tag:draft, type:pdf, author:Bell, year:2024, after:2024-01-31, before:2025.",
    )
    tags: list[str] = Field(default_factory=list, max_length=50, description="Only documents with all of these tags.")
    types: list[str] = Field(
        default_factory=list,
        max_length=50,
        description=f"Only documents of one of these types: {', '.join(TYPES)}, or suffixes.",
    )
    authors: list[str] = Field(
        default_factory=list, max_length=50, description="Only documents of one of these authors; parts of their names."
    )
    after: str = Field("", description="Only documents of this day or later: 2024-01-31, 2024-01 or 2024.")
    before: str = Field("", description="Only documents of before this day.")
    model_config = ConfigDict(populate_by_name=True)

    @property
    def scope(self) -> str:
        """All of it as one filter. Raises UsageError: a value is no day or type."""
        apart = self.tags, self.types, self.authors, self.after, self.before
        return joined_filter(self.within, *apart) if any(apart) else self.within

    def wrong_field(self, is_wrong: Callable[[str], bool]) -> str | None:
        """The field, as a program names it, whose own filter is wrong; None where none is by itself."""
        for name, field in Restricted.model_fields.items():
            if value := getattr(self, name):
                try:
                    wrong = is_wrong(Restricted(**{name: value}).scope)
                except UsageError:
                    wrong = True
                if wrong:
                    return field.alias or name
        return None


class Question(Restricted):
    """Body of ``POST /api/ask``.

    ``in``, ``tags`` and so on restrict the documents; ``caution`` is for this question alone. A follow-up
    is understood by ``turns``, the oldest first, or by a kept ``conversation``, to which the answer is added; ``new``
    begins one, and the answer says its number. ``stream`` sends what goes on meanwhile as server-sent events, and the
    answer as the last one.
    """

    question: str
    caution: Caution | None = None
    turns: list[EarlierTurn] = Field(default_factory=list, max_length=100)
    conversation: Annotated[int, Field(ge=1, lt=2**63)] | Literal["new"] | None = None
    stream: bool = False


class Summarize(BaseModel):
    """Body of ``POST /api/summarize``: the name of one document, or a pattern that only one fits.

    ``stream`` sends how far it is as server-sent events, and the answer as the last one.
    """

    document: str
    stream: bool = False


class Search(Restricted):
    """Body of ``POST /api/search``; ``k`` is how many passages, all else as for a question."""

    query: str
    k: int = Field(5, ge=1, le=200)


class Compare(BaseModel):
    """Body of ``POST /api/compare``: ids of the earlier and the later document; ``about`` is a topic.

    ``explain`` has the language model say the most important changes in plain words; ``stream`` sends how far it is as
    server-sent events (``stage``, ``explained``), and the ``comparison`` as the last one.
    """

    before: Annotated[int, Field(ge=1, lt=2**63)]
    after: Annotated[int, Field(ge=1, lt=2**63)]
    about: str = ""
    explain: bool = False
    stream: bool = False


class Ingest(BaseModel):
    """Body of ``POST /api/ingest``: absolute paths; none means the drop folder.

    ``stream`` sends how far it is as server-sent events (``ingestprogress``), and the report as the last one.
    """

    paths: list[str] = Field(default_factory=list)
    force: bool = False
    prune: bool = False
    ocr: Literal["auto", "off", "always"] | None = None
    stream: bool = False


class Remove(BaseModel):
    """Body of ``POST /api/documents/remove``; ``purge`` leaves no trace of these, and of what was removed before."""

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]]
    purge: bool = False


class ContentPart(BaseModel):
    """A part of a message; of what is no text, only what kind it is of."""

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it; its content may come in parts."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = ""

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text or "" for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream tells besides; the padding against eavesdroppers that OpenAI offers is not needed here."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Completion(Restricted):
    """Body of ``POST /v1/chat/completions``. Any field may be null, and one that neither OpenAI nor ragapp knows is
    refused.

    Served: ``messages``, ``stream``, ``stream_options``, ``stop``, ``max_completion_tokens`` (``max_tokens`` is its
    older name) and ``response_format``; ragapp's own are ``in``, ``tags``, ``types``, ``authors``, ``after`` and
    ``before``, which restrict the documents. What steers a model's sampling is checked and has no effect, since answers
    are held against the documents, and always written the same. ``tools`` are never called. What else would change the
    answer is refused.
    """

    model_config = ConfigDict(extra="forbid")

    messages: list[ChatMessage] = Field(min_length=1)
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    response_format: dict[str, Any] | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    seed: int | None = None
    n: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    logit_bias: dict[str, float] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    store: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None

    @field_validator(*Restricted.model_fields, mode="before")
    @classmethod
    def _null_is_left_out(cls, value: Any, info: ValidationInfo) -> Any:
        field = Restricted.model_fields[str(info.field_name)]
        return field.get_default(call_default_factory=True) if value is None else value


class EmbeddingInput(BaseModel):
    """Body of ``POST /v1/embeddings``; token ids are refused, since they belong to another model's tokenizer.

    ``dimensions`` must be the embedder's own.
    """

    model_config = ConfigDict(extra="forbid")

    input: str | list[str] | list[int] | list[list[int]]
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(None, ge=1)
    user: str | None = None


class Model(BaseModel):
    """A name that OpenAI's clients may ask for."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str


class Models(BaseModel):
    """Answer of ``GET /v1/models``."""

    object: Literal["list"] = "list"
    data: list[Model]


class Reply(BaseModel):
    """The message of a completion."""

    role: Literal["assistant"] = "assistant"
    content: str


class CompletionChoice(BaseModel):
    """The one choice of a completion."""

    index: int = 0
    message: Reply
    finish_reason: Literal["stop", "length"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """Tokens of a completion."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Checked(BaseModel):
    """What a completion says beside its text: the fields of :class:`ragapp.contract.Answer` of the same names."""

    grade: Grade
    abstained: bool
    confidence: float
    doubt: str
    not_stated: tuple[str, ...]
    note: str
    stopped: bool
    standalone: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    query: str
    rows: tuple[TableRow, ...]
    rows_found: int
    filters: Filters

    @classmethod
    def of(cls, answer: Answer) -> Checked:
        """The fields of an answer."""
        return cls(**{name: getattr(answer, name) for name in Checked.model_fields})


class Told(BaseModel):
    """Answer of ``POST /v1/chat/completions`` that is not streamed, as OpenAI has it."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage


class Completed(Checked, Told):
    """The same for a question, with what is known of its answer."""


class Vector(BaseModel):
    """The vector of a text: numbers, or these as little-endian float32 in Base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens of the texts that were embedded."""

    prompt_tokens: int
    total_tokens: int


class Embedded(BaseModel):
    """Answer of ``POST /v1/embeddings``."""

    object: Literal["list"] = "list"
    model: str
    data: list[Vector]
    usage: EmbeddingUsage


class Problem(BaseModel):
    """Why something could not be done, in the words of the command line; ``code`` is what a program can tell it by.

    ``hint`` is for a person, and may name a command; ``param`` names the field that is wrong.
    """

    message: str
    hint: str
    type: str
    code: str | None
    param: str | None


class Refusal(BaseModel):
    """Body of everything that is not done; ``exit_code`` is the one that the command would end with."""

    error: Problem
    exit_code: int


class OpenAIProblem(BaseModel):
    """Why something could not be done; ``param`` names the field that is wrong, ``code`` is for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIRefusal(BaseModel):
    """Body of everything below ``/v1`` that is not done."""

    error: OpenAIProblem


#: what the router of ``/v1`` tells FastAPI of refusals
OPENAI_REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIRefusal, "description": why} for status, why in OPENAI_REFUSALS.items()
}
# else FastAPI would tell of its own form of refusals, which is never sent
OPENAI_REFUSED["4XX"] = {"model": OpenAIRefusal, "description": "Any other refusal."}
#: what that of ``/api`` does
REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": why} for status, why in REFUSALS.items()
}
