"""What the API takes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Question(BaseModel):
    """Body of ``POST /api/ask``."""

    question: str
    within: str = Field("", alias="in")
    model_config = ConfigDict(populate_by_name=True)


class Search(BaseModel):
    """Body of ``POST /api/search``."""

    query: str
    k: int = Field(5, ge=1, le=200)
    within: str = Field("", alias="in")
    model_config = ConfigDict(populate_by_name=True)


class Ingest(BaseModel):
    """Body of ``POST /api/ingest``; no path means the drop folder."""

    paths: list[str] = Field(default_factory=list)
    force: bool = False
    prune: bool = False
    ocr: Literal["auto", "off", "always"] | None = None


class Remove(BaseModel):
    """Body of ``POST /api/documents/remove``."""

    ids: list[int]


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it; its content may come in parts."""

    role: str
    content: str | list[dict[str, Any]] | None = ""

    @property
    def text(self) -> str:
        """Its text."""
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
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
