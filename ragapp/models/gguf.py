"""Reads the headers of GGUF files, trusting nothing in them; a model may lie in several (``-00001-of-00003.gguf``).

Every count and length is held against the file's size and a fixed bound before it is believed, so that a damaged
or hostile header ends in a message, never in a hang or in exhausted memory.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ragapp.errors import ModelError

Scalar = int | float | bool | str
Metadata = dict[str, Scalar | tuple[Scalar, ...]]

MAX_HEADER = 256 << 20
MAX_ENTRIES = 65_536
MAX_TENSORS = 65_536
MAX_KEY = 65_535
MAX_STRING = 1 << 20  # the longest text that is kept; longer ones are skipped
MAX_KEPT = 16 << 20  # all kept texts together
MAX_ARRAY_STRINGS = 4_000_000  # vocabularies and merges together; the largest in use stay below one million
SMALL_ARRAY = 512  # per-layer numbers are kept, vocabularies are not
SHORT = 4096
PART = 1 << 20
MAX_SHARDS = 1000

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q").unpack_from
# names of the values of general.file_type, from 0 (llama.h), and of the types of tensors, from 0 (ggml.h)
_FILE_TYPES = """F32 F16 Q4_0 Q4_1 Q4_1_F16 Q4_2 Q4_3 Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S
    Q5_K_M Q6_K IQ2_XXS IQ2_XS Q2_K_S IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16 Q4_0_4_4
    Q4_0_4_8 Q4_0_8_8 TQ1_0 TQ2_0 MXFP4"""
_TENSOR_TYPES = """F32 F16 Q4_0 Q4_1 Q4_2 Q4_3 Q5_0 Q5_1 Q8_0 Q8_1 Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K IQ2_XXS IQ2_XS IQ3_XXS
    IQ1_S IQ4_NL IQ3_S IQ2_S IQ4_XS I8 I16 I32 I64 F64 IQ1_M BF16"""
_FILE_TYPE_NAMES = dict(enumerate(_FILE_TYPES.split()))
_TENSOR_TYPE_NAMES = dict(enumerate(_TENSOR_TYPES.split()))
# by the number of elements in a block (ggml.h): bytes of a block by the type of tensor
_BLOCK_BYTES = {
    1: {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2},
    32: {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 40, 20: 18, 39: 17},
    256: {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82}
    | {23: 136, 29: 56, 34: 54, 35: 66},
}
_BLOCKS = {kind: (length, size) for length, sizes in _BLOCK_BYTES.items() for kind, size in sizes.items()}
# figures of a model in several files that are those of all files together
_SUMMED = ("tensor_count", "parameters", "weights_size", "size")
# a model in several files
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_ENCODER = re.compile(r"(euro|neo-|modern-)?bert|nomic-bert(-moe)?|jina-bert-v[23]|gemma-embedding|t5encoder")


@dataclass(frozen=True)
class GgufHeader:
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
    chat_template: str | None
    tensor_count: int
    parameters: int
    weights_size: int
    matrices: dict[str, int]
    size: int
    metadata: Metadata = field(repr=False)
    lengths: dict[str, int] = field(repr=False)
    context_length: int | None
    embedding_length: int | None
    block_count: int | None
    head_count: int | None
    head_count_kv: int | None


class _BadHeader(Exception):
    """The header says something that cannot be."""


class _Reader:
    """Reads a file front to back and refuses to go past its end."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self._size = file, size
        self._kept = self._strings = 0
        self.position = file.tell

    def take(self, count: int) -> bytes:
        if count > SHORT:
            self._require(count)
        data = self._file.read(count)
        if len(data) < count:
            raise _BadHeader("it ends in the middle of its header")
        return data

    def skip(self, count: int) -> None:
        if count > SHORT:
            self._require(count)
            self._file.seek(count, 1)
        else:
            self.take(count)

    def scalar(self, form: str) -> Scalar:
        value: Scalar = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def whole(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def text(self, limit: int) -> str | int:
        """The text, or its length in bytes when it is longer than ``limit`` and was skipped."""
        length = self.whole(8)
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
        # vocabularies have some 100,000 texts: walking through a part of the file in memory takes a fifth of the time
        begin, at, part = self.position(), 0, b""
        for _ in range(count):
            if at + 8 > len(part):
                begin, at = begin + at, 0
                self._file.seek(min(begin, self._size))
                self._require(8)
                part = self.take(min(PART, self._size - begin, MAX_HEADER - begin))
            at += 8 + _LENGTH(part, at)[0]
        self._file.seek(min(begin + at, self._size))
        if begin + at > self._size:
            raise _BadHeader("it ends in the middle of its header")

    def _require(self, count: int) -> None:
        if self.position() + count > min(self._size, MAX_HEADER):
            raise _BadHeader(f"its header claims {count} bytes that are not there")


def read_gguf(path: Path) -> GgufHeader:
    """Read the header of a GGUF file; the tensors' data is not touched.

    Raises:
        ModelError: it cannot be read, is something else (named where it can be told), cut off, or of unknown version.
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


def whole_name(path: Path) -> str:
    """The name of the model that a file belongs to, without its ending."""
    found = _SHARD.fullmatch(path.name)
    return found["stem"] if found else path.stem


def first_shard(path: Path) -> Path:
    """The file to load for a model: the first of its files; the file itself where there is only one."""
    found = _SHARD.fullmatch(path.name)
    return path.with_name(f"{found['stem']}-00001-of-{found['count']}.gguf") if found else path


def is_later_shard(path: Path) -> bool:
    """Whether it is one of a model's files, and its first is there, too: that one stands for all."""
    first = first_shard(path)
    return first.name != path.name and first.is_file()


def shards_of(path: Path) -> list[Path]:
    """All files of the model whose first file this is, by their names; whether they are there is not looked at."""
    found = _SHARD.fullmatch(path.name)
    count = int(found["count"]) if found else 1
    if not found or not 1 < count <= MAX_SHARDS:
        return [path]
    return [path.with_name(f"{found['stem']}-{number:05}-of-{found['count']}.gguf") for number in range(1, count + 1)]


def find_first_shard(folder: Path, name: str) -> Path | None:
    """The first file of a model in several files by the model's name, None where there is none."""
    return next((path for path in sorted(folder.glob("*-00001-of-*.gguf")) if whole_name(path) == name), None)


def read_model(path: Path) -> GgufHeader:
    """The header of a model by its first file, with the figures of all; ModelError where one is missing or damaged."""
    info = read_gguf(path)
    count = info.metadata.get("split.count", 1)
    if not isinstance(count, int) or count <= 1:
        return info
    shards = shards_of(path)
    if len(shards) != count:
        message = f"{path} is one of {count} files of a model, but is not named so."
        raise ModelError(message, f"Name them as they were published: NAME-00001-of-{count:05}.gguf and so on.")
    if info.metadata.get("split.no", 0) != 0:
        raise ModelError(f"{path} is not the first file of its model.", f"Choose {shards[0].name}.")
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        message = f"{whole_name(path)} consists of {count} files, of which {_listed(missing)} missing in {path.parent}."
        raise ModelError(message, "Fetch them, too, and put them beside the others.")
    infos = [info, *map(read_gguf, shards[1:])]
    matrices: Counter[str] = Counter()
    for part in infos:
        matrices.update(part.matrices)
    sums = {name: sum(getattr(part, name) for part in infos) for name in _SUMMED}
    return replace(info, matrices=dict(matrices), **sums)


def require_llm(info: GgufHeader, path: Path) -> None:
    """Refuse a GGUF file that cannot write answers; the ModelError says what it is: an embedder, an adapter ..."""
    kind = str(info.metadata.get("general.type", "model"))
    pooling = info.metadata.get(f"{info.architecture}.pooling_type", 0)
    if info.architecture == "clip" or kind == "mmproj":
        what = "the image projector of a larger model"
    elif kind == "adapter":
        what = "an adapter (LoRA), which only works on top of its base model"
    elif kind == "imatrix":
        what = "an importance matrix"
    elif pooling == 4:
        what = "a reranker"
    elif _ENCODER.fullmatch(info.architecture) or pooling:
        what = f"an embedding model ({info.architecture})"
    elif info.tensor_count == 0 and "split.count" not in info.metadata:
        what = "a vocabulary without weights"
    elif "tokenizer.ggml.model" not in info.metadata:
        what = f"no text model ({info.architecture} without a tokenizer)"
    else:
        return
    raise ModelError(f"{path} is {what}, not a language model.", "Choose an instruct or chat model in GGUF form.")


def require_adapter(path: Path, base: GgufHeader, name: str) -> None:
    """Refuse, by a ModelError, a file that is not an adapter (LoRA) for the model of that header and name."""
    info = read_gguf(path)
    if info.metadata.get("general.type") != "adapter":
        raise ModelError(
            f"{path} is not an adapter (LoRA).", "llm.lora must name an adapter in GGUF form, or be empty."
        )
    kind = info.metadata.get("adapter.type")
    if kind != "lora":
        raise ModelError(f"{path} is an adapter of the kind {kind!r}, not lora.", "Choose another, or empty llm.lora.")
    if info.architecture != base.architecture:
        raise ModelError(
            f"The adapter {path} was made for the architecture {info.architecture}; {name} is of {base.architecture}.",
            "Choose one that was made for this model, or empty llm.lora.",
        )


def _seems(head: bytes, size: int) -> str:
    if size == 0:
        return "it is empty"
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, perhaps a sign-in or an error page saved in its place"
    if start.startswith(b"version https://git-lfs"):
        return "it is a git-lfs pointer, the weights themselves were not fetched"
    if start.startswith(b"pk\x03\x04"):
        return "it is a zip archive"
    if head.startswith(b"\x80") and head[1:2] in b"\x02\x03\x04\x05":
        return "it is a pickle (PyTorch weights)"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < size:
        return "it is a safetensors file"
    return "its first bytes are unknown"


def _read(reader: _Reader, size: int) -> GgufHeader:
    version = reader.whole(4)
    if version not in (2, 3):
        big_endian = int.from_bytes(version.to_bytes(4, "little"), "big") in (2, 3)
        raise _BadHeader("it is big-endian" if big_endian else f"GGUF version {version} is not supported (2 and 3 are)")
    tensor_count, entry_count = reader.whole(8), reader.whole(8)
    if entry_count > MAX_ENTRIES or tensor_count > MAX_TENSORS:
        raise _BadHeader(f"its header claims {entry_count} entries and {tensor_count} tensors")
    metadata: Metadata = {}
    lengths: dict[str, int] = {}
    for _ in range(entry_count):
        _read_entry(reader, metadata, lengths)
    alignment = metadata.get("general.alignment", 32)
    tensors = _read_tensors(reader, tensor_count, alignment, size)
    architecture = _text(metadata, "general.architecture") or "unknown"
    file_type = _whole(metadata, "general.file_type")
    # 1024 marks a type that the converter guessed
    quantization = None if file_type is None else _FILE_TYPE_NAMES.get(file_type & ~1024, f"type {file_type}")
    name, template = _text(metadata, "general.name"), _text(metadata, "tokenizer.chat_template")

    def number(key: str) -> int | None:
        return _whole(metadata, f"{architecture}.{key}")

    said = (version, architecture, name, quantization, template)
    sizes = (number("context_length"), number("embedding_length"), number("block_count"))
    heads = (number("attention.head_count"), number("attention.head_count_kv"))
    return GgufHeader(*said, tensor_count, *tensors, size, metadata, lengths, *sizes, *heads)


def _read_entry(reader: _Reader, metadata: Metadata, lengths: dict[str, int]) -> None:
    key = reader.text(MAX_KEY)
    if not isinstance(key, str):
        raise _BadHeader(f"its header holds a key of {key} bytes")
    kind = reader.whole(4)
    if kind in _SCALARS:
        metadata[key] = reader.scalar(_SCALARS[kind])
    elif kind == _STRING:
        value = reader.text(MAX_STRING)
        if isinstance(value, str):
            metadata[key] = value
        else:
            lengths[key] = value
    elif kind == _ARRAY:
        kind, count = reader.whole(4), reader.whole(8)
        lengths[key] = count
        if kind == _STRING:
            reader.skip_texts(count)
        elif kind not in _SCALARS:
            raise _BadHeader(f"its header holds an array of unknown type {kind}")
        elif count <= SMALL_ARRAY:
            metadata[key] = tuple(reader.scalar(_SCALARS[kind]) for _ in range(count))
        else:
            reader.skip(count * struct.calcsize(_SCALARS[kind]))
    else:
        raise _BadHeader(f"its header holds a value of unknown type {kind}")


def _read_tensors(reader: _Reader, count: int, alignment: object, size: int) -> tuple[int, int, dict[str, int]]:
    """How many elements the tensors have, their bytes, and the bytes of the matrices by type."""
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20:
        raise _BadHeader(f"its alignment is {alignment!r}"[:200])
    parameters = weights_size = end = 0
    matrices: dict[str, int] = {}
    for _ in range(count):
        name = reader.text(MAX_KEY)
        dimensions = reader.whole(4)
        if dimensions > 8:
            raise _BadHeader(f"a tensor has {dimensions} dimensions")
        elements = math.prod(reader.whole(8) for _ in range(dimensions))
        kind, offset = reader.whole(4), reader.whole(8)
        per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
        taken = elements // per_block * block_bytes
        parameters += elements
        weights_size += taken
        if dimensions > 1 and name != "token_embd.weight":
            kind_name = _TENSOR_TYPE_NAMES.get(kind, str(kind))
            matrices[kind_name] = matrices.get(kind_name, 0) + taken
        end = max(end, offset + taken)
    start = -(-reader.position() // alignment) * alignment
    if count and start + end > size:
        raise _BadHeader(f"it has {size} bytes, but its weights end at {start + end}")
    return parameters, weights_size, matrices


def _text(metadata: Metadata, key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) else None


def _whole(metadata: Metadata, key: str) -> int | None:
    """A whole number; of one number per layer the largest, which is the one that memory must suffice for."""
    value = metadata.get(key)
    values = value if isinstance(value, tuple) else (value,)
    numbers = [number for number in values if isinstance(number, int) and not isinstance(number, bool)]
    return max(numbers, default=None)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
