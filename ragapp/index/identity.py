"""Whether vectors were made as the embedder in use makes them; if not, in what they differ, and how to go back.

An identity says all that vectors and chunks depend on (:class:`ragapp.index.records.EmbedderIdentity`). The name of the
embedder is for people and decides nothing. ``weights_sha256`` is :attr:`ragapp.index.embedder.Embedder.made_with`: the
hash of the weights, and after plus signs what else the vectors depend on: the precision, unless it is fp32, and the
passage prompt, if any, which stands last since it may hold plus signs of its own.
"""

from __future__ import annotations

from typing import NamedTuple

from ragapp.index.bert_graph import SCHEME, Precision
from ragapp.index.records import EmbedderIdentity

_PROMPT = "+prompt "
_SET_BACK = "set it back in settings.yaml"
_SHOWN_DIGITS = 8


class MadeWith(NamedTuple):
    """What the vectors of an identity were made with: hash of the weights, precision, passage prompt (quoted)."""

    weights: str
    precision: str
    prompt: str


class Difference(NamedTuple):
    """How the documents of a store were made, in words that follow "were stored", and how to keep them as they are."""

    told: str
    way_back: str


def made_with(identity: EmbedderIdentity) -> MadeWith:
    """The parts of an identity's ``weights_sha256``."""
    before, _, prompt = identity.weights_sha256.partition(_PROMPT)
    weights, _, precision = before.partition("+")
    return MadeWith(weights, precision or "fp32", prompt or "none")


def stored_precision(identity: EmbedderIdentity, weights_sha256: str) -> Precision | None:
    """The precision of vectors; None where other weights made them, or int8 as an earlier ragapp rounded it."""
    made = made_with(identity)
    if made.weights != weights_sha256:
        return None
    known: dict[str, Precision] = {"fp32": "fp32", SCHEME: "int8"}
    return known.get(made.precision)


def same_identity(one: EmbedderIdentity, other: EmbedderIdentity) -> bool:
    """Whether vectors and chunks of two identities may stand in one store."""
    return _vector_key(one) == _vector_key(other) and one.chunker == other.chunker


def same_vectors(one: EmbedderIdentity, other: EmbedderIdentity) -> bool:
    """Whether a chunk that both would make gets the same vector: only the sizes of chunks differ, if anything."""
    return _vector_key(one) == _vector_key(other) and _version(one.chunker) == _version(other.chunker)


def difference(stored: EmbedderIdentity, wanted: EmbedderIdentity) -> Difference:
    """In what the first thing that differs between a store's identity and that in use does, as people know it."""
    made, wants = made_with(stored), made_with(wanted)
    if made.weights != wants.weights or stored.dimension != wanted.dimension:
        if stored.embedder != wanted.embedder:
            told = f"with the embedder {stored.embedder}, but settings say {wanted.embedder}"
            return Difference(told, f"set embedding.model to {stored.embedder}")
        hashes = [f"{weights[:_SHOWN_DIGITS]}…" for weights in (made.weights, wants.weights)]
        told = (
            f"with other weights of {stored.embedder} than those that are here (SHA-256 {hashes[0]}, now {hashes[1]})"
        )
        return Difference(told, f"put the former weights back (ragapp models pull {stored.embedder}, if it is a pack)")
    if made.precision != wants.precision:
        told = f"with {made.precision} vectors, but settings and processor make {wants.precision} ones"
        return Difference(told, "set embedding.precision back")
    if made.prompt != wants.prompt:
        told = f"with the passage prompt {made.prompt}, but settings say {wants.prompt}"
        return Difference(told, "set embedding.document_prompt back")
    if _version(stored.chunker) != _version(wanted.chunker):
        return Difference(f"in chunks of {stored.chunker}, but this ragapp makes {wanted.chunker}", "")
    return Difference(f"in chunks of {stored.chunker}, but settings say {wanted.chunker}", _SET_BACK)


def _vector_key(identity: EmbedderIdentity) -> tuple[int, bool, str]:
    return identity.dimension, identity.normalised, identity.weights_sha256


def _version(chunker: str) -> str:
    """The chunker's version; it changes with whatever is embedded of a chunk."""
    return chunker.partition(",")[0]
