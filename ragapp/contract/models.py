"""Models on this machine, and packs that can be fetched."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class PackInfo:
    """A pack that is not here: its name, what it is for, its size in bytes and its licence."""

    name: str
    role: str
    size: int
    licence: str


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models that are here, and the packs that can be pulled."""

    models: tuple[ModelInfo, ...]
    packs: tuple[PackInfo, ...]
