"""Models on this machine, and packs that can be fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """What an embedder can do, and what it costs.

    Attributes:
        languages: in words; empty where nobody said.
        dimensions: length of a vector.
        tokens: that it reads of one text, special tokens included.
        query_prompt: what is put in front of a question; often nothing.
        document_prompt: what is put in front of a passage.
        relative_time: time to embed a text, where all-minilm-l6-v2 takes 1; None where nobody measured it.
        memory: bytes that a process takes which embeds with it, about; None likewise.
        dense_weight: weight of its vectors beside the words where the settings say ``auto``; None likewise.
        chunk_tokens: best size of a chunk; None where that of the settings is as good as any.
    """

    languages: str
    dimensions: int
    tokens: int
    query_prompt: str = ""
    document_prompt: str = ""
    relative_time: float | None = None
    memory: int | None = None
    dense_weight: float | None = None
    chunk_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class LanguageModelInfo:
    """What a language model needs, and what it can do.

    Attributes:
        languages: ISO 639-1 codes, with spaces between.
        memory: bytes that a process takes which answers with it at 8,192 tokens of context, about.
        template: how chats are written for it, in a word; the template itself is in its file.
        thinks: whether it thinks before it answers: ``never``, ``may be turned off``, ``always``.
        calibration: ``shipped`` where the bounds of the grades come with ragapp; ``itself`` where they are found on
            one's own documents.
        rank: among the packs that a machine could run; the highest is proposed.
    """

    languages: str
    memory: int
    template: str
    thinks: str = "never"
    calibration: str = "itself"
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on this machine.

    Attributes:
        role: ``llm``, ``embedder``, ``cross-encoder``, ``other``.
        size: in bytes.
        status: ``verified``, ``unverified``, ``incomplete``, ``damaged`` or ``unknown``.
        pack: which pack it is, None where it is none.
        family: architecture, as its file names it.
        parameters: how many the model has.
        template: whether its file carries a chat template.
        memory: bytes that a language model takes with a usual context.
        problem: why it cannot be used; empty where it can.
        in_use: whether the settings name it.
        weights: whose weights those of a pack are, in words: of some packs there are several.
        embedder: what an embedder can do, None of another model.
        llm: what is known of a language model that is a pack.
    """

    name: str
    role: str
    path: str
    size: int
    pack: str | None
    status: str
    family: str | None
    parameters: int | None
    quantization: str | None
    context_length: int | None
    template: bool
    memory: int | None
    problem: str
    in_use: bool
    weights: str = ""
    embedder: EmbedderInfo | None = None
    llm: LanguageModelInfo | None = None


@dataclass(frozen=True, slots=True)
class PackInfo:
    """A pack that is not here.

    Attributes:
        role: what it is for, as of :class:`ModelInfo`.
        size: of all files together, in bytes.
        description: in a few words.
        embedder: what an embedder can do, None of another model.
        llm: what is known of a language model that is a pack.
    """

    name: str
    role: str
    size: int
    licence: str
    description: str = ""
    embedder: EmbedderInfo | None = None
    llm: LanguageModelInfo | None = None


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models that are here, and the packs that can be pulled."""

    models: tuple[ModelInfo, ...]
    packs: tuple[PackInfo, ...]


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far the pull of a model is: one line of ``ragapp models pull --json``.

    Attributes:
        step: what is being done, in words.
        done: bytes of this step that are there.
        total: bytes of this step; 0 while nobody knows.
        path: where the model lies, once it is whole; empty before.
        error: why it could not be fetched; empty otherwise.
        hint: what to do about that.
    """

    model: str
    step: str = ""
    done: int = 0
    total: int = 0
    path: str = ""
    error: str = ""
    hint: str = ""
