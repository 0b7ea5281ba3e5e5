"""Reads the header of a GGUF file, trusting nothing in it.

Every count and length is held against the file's size and a fixed bound before it is believed, so that a damaged
or hostile header ends in a message, never in a hang or in exhausted memory.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ragapp.errors import ModelError

Scalar = int | float | bool | str

MAX_HEADER = 256 << 20
MAX_ENTRIES = 65_536
MAX_TENSORS = 65_536
MAX_KEY = 65_535
MAX_STRING = 1 << 20  # the longest text that is kept; longer ones are skipped
MAX_KEPT = 16 << 20  # all kept texts together
MAX_ARRAY_STRINGS = 4_000_000  # vocabularies and merges together; the largest in use stay below one million
SMALL_ARRAY = 512  # per-layer numbers are kept, vocabularies are not
SHORT = 4096

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
# general.file_type -> name
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4",
}
# tensor type -> (elements in a block, bytes of a block)
_BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 40),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}
_TENSOR_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
    20: "IQ4_NL",
    23: "IQ4_XS",
    30: "BF16",
}
_ENCODERS = frozenset(
    {
        "bert",
        "eurobert",
        "gemma-embedding",
        "jina-bert-v2",
        "jina-bert-v3",
        "modern-bert",
        "neo-bert",
        "nomic-bert",
        "nomic-bert-moe",
        "t5encoder",
    }
)


@dataclass(frozen=True)
class GgufInfo:
    """What a GGUF header says.

    ``metadata`` holds scalars and short numeric arrays (as tuples); of everything longer only the length is kept,
    in ``lengths`` (elements of an array, bytes of a text).  ``parameters`` counts the tensors' elements,
    ``weights_size`` their bytes, ``matrices`` those of the matrices (tensors of two dimensions and more, the embedding
    of tokens left out) by type.
    """

    version: int
    architecture: str
    name: str | None
    quantization: str | None
    context_length: int | None
    embedding_length: int | None
    block_count: int | None
    head_count: int | None
    head_count_kv: int | None
    chat_template: str | None
    tensor_count: int
    parameters: int
    weights_size: int
    matrices: dict[str, int]
    size: int
    metadata: dict[str, Scalar | tuple[Scalar, ...]] = field(repr=False)
    lengths: dict[str, int] = field(repr=False)


class _BadHeader(Exception):
    """The header says something that cannot be."""


class _Reader:
    """Reads a file front to back and refuses to go past its end."""

    def __init__(self, file: BinaryIO, size: int):
        self._file = file
        self._size = size
        self._kept = 0
        self._strings = 0

    @property
    def position(self) -> int:
        return self._file.tell()

    def take(self, count: int) -> bytes:
        if count > SHORT:
            self._require(count)
        data = self._file.read(count)
        if len(data) < count:
            raise _BadHeader("it ends in the middle of its header")
        return data

    def skip(self, count: int) -> None:
        if count <= SHORT:
            self.take(count)
            return
        self._require(count)
        self._file.seek(count, 1)

    def number(self, form: str) -> Scalar:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self, limit: int) -> str | int:
        """The text, or its length in bytes when it is longer than ``limit`` and was skipped."""
        length = self.number("<Q")
        if length > limit:
            self.skip(length)
            return length
        self._kept += length
        if self._kept > MAX_KEPT:
            raise _BadHeader("its header holds too much text")
        return self.take(length).decode("utf-8", errors="replace")

    def skip_texts(self, count: int) -> None:
        self._strings += count
        if self._strings > MAX_ARRAY_STRINGS:
            raise _BadHeader("its header holds too many texts")
        for done in range(count):
            if done % SHORT == 0:
                self._require(8)
            self.skip(int.from_bytes(self.take(8), "little"))

    def _require(self, count: int) -> None:
        if self.position + count > min(self._size, MAX_HEADER):
            raise _BadHeader(f"its header claims {count} bytes that are not there")


def read_gguf(path: Path) -> GgufInfo:
    """Read the header of a GGUF file; the tensors' data is not touched.

    Args:
        path: the file.

    Raises:
        ModelError: it cannot be read, is something else (named where it can be told), is cut off, or is of a
            version that is not known.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(256)
            if head[:4] != b"GGUF":
                raise ModelError(f"{path} is not a GGUF file: {_seems(head, size)}.", "Fetch the model again.")
            file.seek(4)
            return _read(_Reader(file, size), size)
    except _BadHeader as error:
        hint = "The file is damaged or was not fetched to its end: fetch it again."
        raise ModelError(f"{path} cannot be used: {error}.", hint) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from None


def require_llm(info: GgufInfo, path: Path) -> None:
    """Refuse a GGUF file that cannot write answers.

    Raises:
        ModelError: it is a projector, an embedder, a reranker, an adapter or a vocabulary; the message says which.
    """
    kind = str(info.metadata.get("general.type", "model"))
    pooling = info.metadata.get(f"{info.architecture}.pooling_type", 0)
    what = ""
    if info.architecture == "clip" or kind == "mmproj":
        what = "the image projector of a larger model"
    elif kind == "adapter":
        what = "an adapter (LoRA), which only works on top of its base model"
    elif kind == "imatrix":
        what = "an importance matrix"
    elif pooling == 4:
        what = "a reranker"
    elif info.architecture in _ENCODERS or pooling:
        what = f"an embedding model ({info.architecture})"
    elif info.tensor_count == 0 and "split.count" not in info.metadata:
        what = "a vocabulary without weights"
    elif "tokenizer.ggml.model" not in info.metadata:
        what = f"no text model ({info.architecture} without a tokenizer)"
    if what:
        raise ModelError(f"{path} is {what}, not a language model.", "Choose an instruct or chat model in GGUF form.")


def require_adapter(path: Path, base: GgufInfo, name: str) -> None:
    """Refuse a file that is no adapter (LoRA) for a model.

    Args:
        path: the file.
        base: header of the model.
        name: of the model, for messages.

    Raises:
        ModelError: it cannot be read, is something else, or was made for another architecture.
    """
    info = read_gguf(path)
    if info.metadata.get("general.type") != "adapter":
        raise ModelError(f"{path} is no adapter (LoRA).", "llm.lora must name an adapter in GGUF form, or be empty.")
    kind = info.metadata.get("adapter.type")
    if kind != "lora":
        raise ModelError(f"{path} is an adapter of the kind {kind!r}, not lora.", "Choose another, or empty llm.lora.")
    if info.architecture != base.architecture:
        raise ModelError(
            f"The adapter {path} was made for the architecture {info.architecture}; {name} is of {base.architecture}.",
            "Choose one that was made for this model, or empty llm.lora.",
        )


def _seems(head: bytes, size: int) -> str:
    start = head.lstrip().lower()
    if size == 0:
        return "it is empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, perhaps a sign-in or an error page saved in its place"
    if head.startswith(b"version https://git-lfs"):
        return "it is a git-lfs pointer, the weights themselves were not fetched"
    if head.startswith(b"PK\x03\x04"):
        return "it is a zip archive"
    if head.startswith(b"\x80") and head[1:2] in b"\x02\x03\x04\x05":
        return "it is a pickle (PyTorch weights)"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        return "it is a safetensors file"
    return "its first bytes are unknown"


def _read(reader: _Reader, size: int) -> GgufInfo:
    version = reader.number("<I")
    if version not in (2, 3):
        big_endian = int.from_bytes(version.to_bytes(4, "little"), "big") in (2, 3)
        raise _BadHeader("it is big-endian" if big_endian else f"GGUF version {version} is not supported (2 and 3 are)")
    tensor_count, entry_count = reader.number("<Q"), reader.number("<Q")
    if entry_count > MAX_ENTRIES or tensor_count > MAX_TENSORS:
        raise _BadHeader(f"its header claims {entry_count} entries and {tensor_count} tensors")
    metadata: dict[str, Scalar | tuple[Scalar, ...]] = {}
    lengths: dict[str, int] = {}
    for _ in range(entry_count):
        _read_entry(reader, metadata, lengths)
    tensors = _read_tensors(reader, tensor_count, metadata.get("general.alignment", 32), size)
    return _describe(version, tensor_count, tensors, size, metadata, lengths)


def _read_entry(reader: _Reader, metadata: dict, lengths: dict[str, int]) -> None:
    key = reader.text(MAX_KEY)
    if not isinstance(key, str):
        raise _BadHeader(f"its header holds a key of {key} bytes")
    kind = reader.number("<I")
    if kind in _SCALARS:
        metadata[key] = reader.number(_SCALARS[kind])
    elif kind == _STRING:
        value = reader.text(MAX_STRING)
        (metadata if isinstance(value, str) else lengths)[key] = value
    elif kind == _ARRAY:
        _read_array(reader, key, metadata, lengths)
    else:
        raise _BadHeader(f"its header holds a value of unknown type {kind}")


def _read_array(reader: _Reader, key: str, metadata: dict, lengths: dict[str, int]) -> None:
    kind, count = reader.number("<I"), reader.number("<Q")
    lengths[key] = count
    if kind == _STRING:
        reader.skip_texts(count)
    elif kind not in _SCALARS:
        raise _BadHeader(f"its header holds an array of unknown type {kind}")
    elif count <= SMALL_ARRAY:
        metadata[key] = tuple(reader.number(_SCALARS[kind]) for _ in range(count))
    else:
        reader.skip(count * struct.calcsize(_SCALARS[kind]))


@dataclass(slots=True)
class _Tensors:
    """What the tensors of a file come to; see :class:`GgufInfo`."""

    parameters: int = 0
    size: int = 0
    matrices: dict[str, int] = field(default_factory=dict)


def _read_tensors(reader: _Reader, count: int, alignment: object, size: int) -> _Tensors:
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20:
        raise _BadHeader(f"its alignment is {alignment!r}"[:200])
    found = _Tensors()
    end = 0
    for _ in range(count):
        name = reader.text(MAX_KEY)
        dimensions = reader.number("<I")
        if dimensions > 8:
            raise _BadHeader(f"a tensor has {dimensions} dimensions")
        elements = math.prod(reader.number("<Q") for _ in range(dimensions))
        kind, offset = reader.number("<I"), reader.number("<Q")
        per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
        taken = elements // per_block * block_bytes
        found.parameters += elements
        found.size += taken
        if dimensions > 1 and name != "token_embd.weight":
            kind_name = _TENSOR_TYPES.get(kind, str(kind))
            found.matrices[kind_name] = found.matrices.get(kind_name, 0) + taken
        end = max(end, offset + taken)
    start = -(-reader.position // alignment) * alignment
    if count and start + end > size:
        raise _BadHeader(f"it has {size} bytes, but its weights end at {start + end}")
    return found


def _describe(
    version: int, tensor_count: int, tensors: _Tensors, size: int, metadata: dict, lengths: dict[str, int]
) -> GgufInfo:
    architecture = _text(metadata, "general.architecture") or "unknown"
    file_type = _whole(metadata, "general.file_type")
    return GgufInfo(
        version=version,
        architecture=architecture,
        name=_text(metadata, "general.name"),
        # 1024 marks a type that the converter guessed
        quantization=None if file_type is None else _FILE_TYPES.get(file_type & ~1024, f"type {file_type}"),
        context_length=_whole(metadata, f"{architecture}.context_length"),
        embedding_length=_whole(metadata, f"{architecture}.embedding_length"),
        block_count=_whole(metadata, f"{architecture}.block_count"),
        head_count=_whole(metadata, f"{architecture}.attention.head_count"),
        head_count_kv=_whole(metadata, f"{architecture}.attention.head_count_kv"),
        chat_template=_text(metadata, "tokenizer.chat_template"),
        tensor_count=tensor_count,
        parameters=tensors.parameters,
        weights_size=tensors.size,
        matrices=tensors.matrices,
        size=size,
        metadata=metadata,
        lengths=lengths,
    )


def _text(metadata: dict, key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) else None


def _whole(metadata: dict, key: str) -> int | None:
    """A whole number; of one number per layer the largest, which is the one that memory must suffice for."""
    value = metadata.get(key)
    values = value if isinstance(value, tuple) else (value,)
    numbers = [number for number in values if isinstance(number, int) and not isinstance(number, bool)]
    return max(numbers, default=None)
