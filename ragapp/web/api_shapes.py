"""What the API takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragapp.caution import Caution


class Question(BaseModel):
    """Body of ``POST /api/ask``.

    ``in`` restricts the documents: a name, a pattern, or a folder; ``caution`` is for this question alone.
    """

    question: str
    within: str = Field("", alias="in")
    caution: Caution | None = None
    model_config = ConfigDict(populate_by_name=True)


class Search(BaseModel):
    """Body of ``POST /api/search``; ``k`` is how many passages, ``in`` as for a question."""

    query: str
    k: int = Field(5, ge=1, le=200)
    within: str = Field("", alias="in")
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
