"""What the API gives, as its OpenAPI document tells it; more may stand beside what is named here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from ragapp.caution import Caution
from ragapp.web.api_errors import REFUSALS

Status = Literal["indexed", "updated", "unchanged", "removed", "skipped", "failed"]


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


class Sentence(BaseModel):
    """A sentence of an answer with the numbers of what states it."""

    text: str
    supported: bool
    citations: list[int]


class Citation(BaseModel):
    """The exact words behind a mark; ``start`` and ``end`` are offsets in the unit's stored text."""

    n: int
    document: str
    path: str
    page: int
    label: str
    kind: str
    quote: str
    start: int
    end: int


class Twin(BaseModel):
    """Where the same words stand, too."""

    document: str
    path: str
    page: int
    label: str


class _Found(BaseModel):
    """What is told of any passage that was found."""

    document: str
    path: str
    page: int
    label: str
    kind: str
    heading: str
    text: str
    score: float
    also_in: list[Twin]


class Passage(_Found):
    """A passage that was found for a question."""

    n: int


class Answered(BaseModel):
    """Answer of ``POST /api/ask``: the object of ``ragapp ask --json``."""

    question: str
    answer: str
    abstained: bool
    confidence: float
    sentences: list[Sentence]
    citations: list[Citation]
    passages: list[Passage]
    model: str
    context: dict[str, int]
    timings: dict[str, float]
    signals: list[dict[str, float]]
    note: str
    language: str
    bolder: Caution | Literal[""]


class Hit(_Found):
    """A passage with its scores."""

    dense: float
    lexical: float


class Searched(BaseModel):
    """Answer of ``POST /api/search``: the object of ``ragapp search --json``."""

    query: str
    hits: list[Hit]
    seconds: float
    stages: dict[str, float]


class Document(BaseModel):
    """A document of the store."""

    id: int
    document: str
    path: str
    title: str
    language: str
    size: int
    units: int
    units_without_text: int
    units_ocr: int
    chunks: int
    warnings: list[str]
    ingested_at: str


class Unread(BaseModel):
    """A file that is in no document, and why."""

    path: str
    reason: str
    hint: str
    tried_at: str
    size: int


class Documents(BaseModel):
    """Answer of ``GET /api/documents``."""

    documents: list[Document]
    failures: list[Unread]
    skipped: list[Unread]


class Removed(BaseModel):
    """Answer of ``POST /api/documents/remove``."""

    removed: list[Document]


class FileFate(BaseModel):
    """What became of a file."""

    path: str
    status: Status
    reason: str
    units: int
    chunks: int
    seconds: float


class Ingested(BaseModel):
    """Answer of ``POST /api/ingest``: the object of ``ragapp ingest --json``."""

    files: list[FileFate]
    totals: dict[str, float]
    warnings: list[str]


class FileNow(BaseModel):
    """A file of the run that is under way, or of the last one."""

    path: str
    status: str
    text: str


class IngestState(BaseModel):
    """Answer of ``GET /api/ingest``."""

    phase: Literal["idle", "running", "paused", "failed"]
    told: str
    counts: dict[str, int]
    progress: dict[str, Any] | None
    files: list[FileNow]


class Model(BaseModel):
    """A name that OpenAI's clients may ask for."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(BaseModel):
    """Answer of ``GET /v1/models``."""

    object: Literal["list"]
    data: list[Model]


class Reply(BaseModel):
    """The message of a completion."""

    role: Literal["assistant"]
    content: str


class CompletionChoice(BaseModel):
    """The one choice of a completion."""

    index: int
    message: Reply
    finish_reason: Literal["stop"]


class Completed(BaseModel):
    """Answer of ``POST /v1/chat/completions`` that is not streamed."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: dict[str, int]
    abstained: bool
    confidence: float
    sentences: list[Sentence]
    citations: list[Citation]
    passages: list[Passage]


class Vector(BaseModel):
    """The vector of a text: numbers, or these as little-endian float32 in Base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Embedded(BaseModel):
    """Answer of ``POST /v1/embeddings``."""

    object: Literal["list"]
    model: str
    data: list[Vector]
    usage: dict[str, int]


def answers(model: type[BaseModel]) -> dict[str, Any]:
    """What a route tells FastAPI of its answers; the OpenAPI document is made of it, the answers are sent as they are.

    Args:
        model: shape of what it gives where all goes well.
    """
    refused = {status: {"model": Refusal, "description": why} for status, why in REFUSALS.items()}
    return {"response_model": None, "responses": {200: {"model": model}, **refused}}
