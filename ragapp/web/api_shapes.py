"""What the API takes, the shapes of OpenAI's API, and how it refuses; all else is :mod:`ragapp.contract`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragapp.contract import Answer, Caution, Citation, Passage, Sentence, Turn
from ragapp.web.api_errors import REFUSALS


class EarlierTurn(BaseModel):
    """An earlier question of the conversation with its answer; ``standalone`` as the answer told it, if it is known."""

    question: str
    answer: str
    standalone: str = ""

    def as_turn(self) -> Turn:
        """The same for the assistant."""
        return Turn(self.question, Answer(self.question, self.answer, False, 0.0), self.standalone)


class Question(BaseModel):
    """Body of ``POST /api/ask``.

    ``in`` restricts the documents: a name, a pattern, or a folder; ``caution`` is for this question alone. A follow-up
    is understood by ``turns``, the oldest first, or by a kept ``conversation``, to which the answer is added; ``new``
    begins one, and the answer says its number.
    """

    question: str
    scope: str = Field("", alias="in")
    caution: Caution | None = None
    turns: list[EarlierTurn] = Field(default_factory=list, max_length=100)
    conversation: Annotated[int, Field(ge=1, lt=2**63)] | Literal["new"] | None = None
    model_config = ConfigDict(populate_by_name=True)


class Search(BaseModel):
    """Body of ``POST /api/search``; ``k`` is how many passages, ``in`` as for a question."""

    query: str
    k: int = Field(5, ge=1, le=200)
    scope: str = Field("", alias="in")
    model_config = ConfigDict(populate_by_name=True)


class Ingest(BaseModel):
    """Body of ``POST /api/ingest``: absolute paths; none means the drop folder."""

    paths: list[str] = Field(default_factory=list)
    force: bool = False
    prune: bool = False
    ocr: Literal["auto", "off", "always"] | None = None


class Remove(BaseModel):
    """Body of ``POST /api/documents/remove``."""

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]]


class ContentPart(BaseModel):
    """A part of a message; what is no text is passed over."""

    type: str
    text: str | None = None


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it; its content may come in parts."""

    role: str
    content: str | list[ContentPart] | None = ""

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text or "" for part in self.content if part.type == "text")
        return self.content or ""


class Completion(BaseModel):
    """Body of ``POST /v1/chat/completions``; what ragapp decides itself (temperature, …) is passed over."""

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = ""
    stream: bool = False
    stream_options: dict[str, Any] | None = None


class EmbeddingInput(BaseModel):
    """Body of ``POST /v1/embeddings``."""

    input: str | list[str]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"


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
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(BaseModel):
    """Tokens of a completion."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Checked(BaseModel):
    """What a completion says beside its text: the fields of :class:`ragapp.contract.Answer` of the same names."""

    abstained: bool
    confidence: float
    standalone: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, answer: Answer) -> Checked:
        """The fields of an answer."""
        return cls(**{name: getattr(answer, name) for name in Checked.model_fields})


class Completed(Checked):
    """Answer of ``POST /v1/chat/completions`` that is not streamed."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage


class Vector(BaseModel):
    """The vector of a text: numbers, or these as little-endian float32 in Base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Embedded(BaseModel):
    """Answer of ``POST /v1/embeddings``."""

    object: Literal["list"] = "list"
    model: str
    data: list[Vector]
    usage: Usage = Usage()


class Problem(BaseModel):
    """Why something could not be done, in the words of the command line; ``param`` names the field that is wrong."""

    message: str
    hint: str
    type: str
    code: str | None
    param: str | None


class Refusal(BaseModel):
    """Body of everything that is not done; ``exit_code`` is the one that the command would end with."""

    error: Problem
    exit_code: int


#: what a router tells FastAPI of refusals
REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": why} for status, why in REFUSALS.items()
}
