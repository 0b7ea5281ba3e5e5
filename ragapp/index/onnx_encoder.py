"""An embedding model as onnxruntime runs its graph: one text a run, as many runs at a time as there are cores."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ragapp.index.bert_graph import BertLayout
from ragapp.index.lanes import embed_in_lanes, lane_count
from ragapp.index.model_folder import EmbedderTokenizer, UnknownLayout
from ragapp.index.processor import sums_exactly
from ragapp.privacy import OFFLINE_ENVIRONMENT

# a safetensors file begins with the length of its JSON header, which is far smaller than this
_MAX_HEADER = 100 << 20
_TYPES = {"F32": np.float32, "F16": np.float16}
_TABLES = "embeddings.{}_embeddings.weight"


class Weights:
    """The tensors of a safetensors file, mapped into memory: only what is looked at is read.

    Raises:
        UnknownLayout: the file is no safetensors file, or its numbers are neither float32 nor float16.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            with file.open("rb") as stream:
                size = int.from_bytes(stream.read(8), "little")
                if size > _MAX_HEADER:
                    raise UnknownLayout(f"{file} is no safetensors file")
                self._header: dict[str, Any] = json.loads(stream.read(size))
        except (OSError, ValueError) as error:
            raise UnknownLayout(f"{file}: {error}") from None
        self._begin = 8 + size
        names = [name for name in self._header if name.endswith(_TABLES.format("word"))]
        # models that were saved with a head have the encoder's name in front
        self._prefix = names[0].removesuffix(_TABLES.format("word")) if names else ""

    def tensor(self, name: str) -> np.ndarray:
        """A tensor by its name in the encoder, read-only."""
        try:
            entry = self._header[self._prefix + name]
            begin, end = entry["data_offsets"]
            kind, shape = _TYPES[entry["dtype"]], tuple(entry["shape"])
            if end - begin != np.dtype(kind).itemsize * int(np.prod(shape)):
                raise ValueError("its size is not that of its shape")
            return np.memmap(self._file, kind, "r", self._begin + begin, shape)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise UnknownLayout(f"{self._file}, {name}: {error}") from None


class TokenTable:
    """The table of token vectors in the weights' file, of which only the rows that are asked for are read.

    Read, not mapped: around each row that is touched Linux maps sixty kilobytes, and soon all of the 384 MB that the
    table of a multilingual model has.
    """

    def __init__(self, mapped: np.ndarray) -> None:
        self._mapped = mapped
        self._file: BinaryIO | None = None
        if isinstance(mapped, np.memmap) and hasattr(os, "pread"):
            self._file = open(str(mapped.filename), "rb")  # noqa: SIM115, closed with the table
            self._begin, self._row_bytes = mapped.offset, mapped.itemsize * mapped.shape[1]

    def rows(self, ids: Sequence[int]) -> np.ndarray:
        """Vectors of tokens: float32 of shape (len(ids), dimension)."""
        if self._file is None:
            found: np.ndarray = self._mapped[np.asarray(ids, np.int64)].astype(np.float32)
            return found
        if ids and not 0 <= min(ids) <= max(ids) < len(self._mapped):
            raise IndexError("a token that the table does not have")
        handle, size = self._file.fileno(), self._row_bytes
        data = b"".join([os.pread(handle, size, self._begin + token * size) for token in ids])
        return np.frombuffer(data, self._mapped.dtype).reshape(len(ids), -1).astype(np.float32)


class OnnxEncoder:
    """A graph of :func:`ragapp.index.bert_graph.fp32_graph` or ``int8_graph`` with the tables of its model.

    Args:
        graph: the file, or its bytes where it could not be written.

    Raises:
        UnknownLayout: the weights lack a table.
        RuntimeError: onnxruntime cannot load the graph.
    """

    def __init__(self, graph: Path | bytes, weights: Weights, layout: BertLayout, tokenizer: EmbedderTokenizer) -> None:
        self._tokenizer = tokenizer
        self._session = _session(graph)
        self._words = TokenTable(weights.tensor(_TABLES.format("word")))
        places = weights.tensor(_TABLES.format("position"))[layout.first_position :].astype(np.float32)
        self._places = places + weights.tensor(_TABLES.format("token_type"))[0].astype(np.float32)
        if self._tokenizer.max_tokens > len(self._places):
            raise UnknownLayout("a window that is longer than the table of positions")

    def question(self, text: str) -> np.ndarray:
        """See :meth:`ragapp.index.embedder.Embedder.embed_query`."""
        return self.encode_ids(self._tokenizer.question_ids(text))

    def passages(self, texts: Sequence[str], progress: Callable[[int], None]) -> np.ndarray:
        """See :meth:`ragapp.index.embedder.Embedder.embed_documents`; the longest go first, so no lane ends late."""
        vectors = np.zeros((len(texts), self._tokenizer.dimension), np.float32)
        ids = self._tokenizer.passage_ids(texts)
        longest_first = ([row] for row in sorted(range(len(ids)), key=lambda row: -len(ids[row])))
        embed_in_lanes(self._lanes, lambda part: self.encode_ids(ids[part[0]])[None], longest_first, vectors, progress)
        return vectors

    def encode_ids(self, ids: Sequence[int]) -> np.ndarray:
        """Vector of one tokenized text: float32 of shape (dimension,), of length one."""
        vector: np.ndarray = self.outputs(ids, ["vector"])[0][0]
        length = float(np.linalg.norm(vector))
        return vector / length if length else vector

    def outputs(self, ids: Sequence[int], names: Sequence[str]) -> list[np.ndarray]:
        """What the graph gives for one tokenized text under these names, or, without any, under all that it has."""
        tokens = self._words.rows(ids) + self._places[: len(ids)]
        found: list[np.ndarray] = self._session.run(list(names) or None, {"tokens": tokens[None]})
        return found

    @property
    def output_names(self) -> list[str]:
        """The names of the graph's outputs."""
        return [output.name for output in self._session.get_outputs()]

    @cached_property
    def _lanes(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(lane_count(), "embedding")


def _session(graph: Path | bytes) -> Any:
    # set already where a command runs; whoever uses this alone is no more asked for telemetry than that
    os.environ.update(OFFLINE_ENVIRONMENT)
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # plans of memory are made for each length of text, and kept
    options.enable_mem_pattern = False
    # The graph is made of fused operators already; the optimiser would only join additions with layer normalisations,
    # and that operator is so much slower that a text takes a third longer (`benchmarks/README.md`).
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if not sums_exactly():
        options.add_session_config_entry("session.x64quantprecision", "1")
    source = graph if isinstance(graph, bytes) else str(graph)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own exceptions have no common base
        raise RuntimeError(str(error).splitlines()[0]) from None
