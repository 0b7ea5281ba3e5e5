"""The graph beside a model's weights: exported once, held against the library's own vectors, and known again by hash.

Three files lie in the model's folder: the graph in each precision that was needed, and notes: what the graphs were made
from, how near their vectors come to those of sentence-transformers, and how fast int8 is on which processor.  All can
be deleted; a folder that cannot be written to is exported at each start, which is slower, not wrong.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ragapp.index.bert_graph import BertLayout, Precision, bert_layout, fp32_graph, int8_graph
from ragapp.index.library_encoder import ORDINARY_TOKENS, TRIAL, LibraryEncoder
from ragapp.index.model_folder import EmbedderTokenizer, UnknownLayout, write_whole
from ragapp.index.onnx_encoder import OnnxEncoder, Weights
from ragapp.index.processor import processor_name

NOTES = ".encoder.json"
GRAPH = ".encoder-{}.onnx"
# raise it when the same weights would give another graph
VERSION = 1
# lowest cosine, over the trial texts, of a graph's vectors to the library's in fp32
LEAST_COSINE: dict[Precision, float] = {"fp32": 0.9999, "int8": 0.98}
# int8 is taken by itself where it needs at most this share of fp32's time
WORTH_IT = 0.8
_ROUNDS, _SECONDS = 5, 1.0
# texts of many kinds and languages, one a line; changing them changes every int8 vector
CALIBRATION = Path(__file__).with_name("calibration_texts.txt").read_text(encoding="utf-8").splitlines()


class ExportedModel:
    """A model whose graph stands for it.

    Raises:
        UnknownLayout: it has no graph, or one whose vectors are not those of the library.
        ModelError: the library cannot load it.
    """

    def __init__(self, folder: Path, tokenizer: EmbedderTokenizer, weights_file: Path, weights_sha256: str) -> None:
        self._folder, self._tokenizer = folder, tokenizer
        self._layout: BertLayout = bert_layout(tokenizer.config)
        self._weights = Weights(weights_file)
        self._notes = self._read_notes(weights_sha256)
        if "cosines" not in self._notes:
            self._notes["cosines"] = self._held_against_the_library()
            self._write_notes()
        if not self._faithful("fp32"):
            raise UnknownLayout(f"its graph differs from the model (cosine {self._notes['cosines']['fp32']:.4f})")

    @property
    def has_int8(self) -> bool:
        """Whether int8 keeps its vectors near enough."""
        return self._faithful("int8")

    @property
    def int8_cosine(self) -> float:
        """Lowest cosine of its int8 vectors to those in fp32."""
        return float(self._notes["cosines"]["int8"])

    def encoder(self, precision: Precision) -> OnnxEncoder:
        """The model, ready to embed."""
        return OnnxEncoder(self._graph(precision), self._weights, self._layout, self._tokenizer)

    @property
    def quickest(self) -> Precision:
        """The precision to take on this processor: int8 where it is near enough and much quicker, else fp32.

        Measured once a processor, for a second; remembered in the notes.
        """
        if not self.has_int8:
            return "fp32"
        processor = processor_name()
        if self._notes.get("processor") != processor:
            self._notes |= {"processor": processor, "int8_time": round(self._int8_time(), 3)}
            self._write_notes()
        return "int8" if self._notes["int8_time"] <= WORTH_IT else "fp32"

    def _int8_time(self) -> float:
        """Time of int8 as a share of that of fp32: best of several rounds in turn, which other work disturbs least."""
        ids = (self._tokenizer.passage_ids(["passage " * ORDINARY_TOKENS])[0])[:ORDINARY_TOKENS]
        sides = {precision: self._unsaved_encoder(precision) for precision in ("fp32", "int8")}
        best = dict.fromkeys(sides, float("inf"))
        begun = time.perf_counter()
        rounds = 0
        while rounds < _ROUNDS or (time.perf_counter() - begun < _SECONDS):
            for precision, encoder in sides.items():
                started = time.perf_counter()
                encoder.encode_ids(ids)
                best[precision] = min(best[precision], time.perf_counter() - started)
            rounds += 1
        return best["int8"] / best["fp32"]

    def _held_against_the_library(self) -> dict[str, float]:
        ids = self._tokenizer.passage_ids(TRIAL)
        mine = {p: np.stack([self._unsaved_encoder(p).encode_ids(one) for one in ids]) for p in LEAST_COSINE}
        theirs = LibraryEncoder(self._folder, self._tokenizer, ORDINARY_TOKENS).encode_ids(ids)
        return {p: round(float((vectors * theirs).sum(1).min()), 6) for p, vectors in mine.items()}

    def _unsaved_encoder(self, precision: Precision) -> OnnxEncoder:
        return OnnxEncoder(self._built(precision), self._weights, self._layout, self._tokenizer)

    def _faithful(self, precision: Precision) -> bool:
        return float(self._notes["cosines"][precision]) >= LEAST_COSINE[precision]

    def _graph(self, precision: Precision) -> Path | bytes:
        file = self._folder / GRAPH.format(precision)
        with suppress(OSError):
            if self._notes["graphs"].get(precision) == sha256(file.read_bytes()).hexdigest():
                return file
        built = self._built(precision)
        if not write_whole(file, built):
            return built
        self._notes["graphs"][precision] = sha256(built).hexdigest()
        self._write_notes()
        return file

    def _built(self, precision: Precision) -> bytes:
        try:
            if precision == "fp32":
                return fp32_graph(self._weights.tensor, self._layout)
            return int8_graph(self._weights.tensor, self._layout, self._maxima)
        except ValueError as error:  # shapes that do not fit together
            raise UnknownLayout(f"{self._folder}: {error}") from None

    @cached_property
    def _maxima(self) -> dict[str, np.ndarray]:
        """The largest magnitudes of each channel that goes into a linear layer, over the calibration texts."""
        graph = fp32_graph(self._weights.tensor, self._layout, with_inputs=True)
        encoder = OnnxEncoder(graph, self._weights, self._layout, self._tokenizer)
        maxima: dict[str, np.ndarray] = {}
        for ids in self._tokenizer.passage_ids(CALIBRATION):
            for name, values in zip(encoder.output_names, encoder.outputs(ids, ()), strict=True):
                largest = np.abs(values.reshape(-1, values.shape[-1])).max(0)
                maxima[name] = np.maximum(maxima.get(name, largest), largest)
        return maxima

    def _read_notes(self, weights_sha256: str) -> dict[str, Any]:
        fresh = {"version": VERSION, "weights": weights_sha256, "graphs": {}}
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = json.loads((self._folder / NOTES).read_text(encoding="utf-8"))
            if (kept["version"], kept["weights"]) == (VERSION, weights_sha256):
                cosines = {precision: float(kept["cosines"][precision]) for precision in LEAST_COSINE}
                return {**fresh, **kept, "cosines": cosines, "graphs": dict(kept["graphs"])}
        return fresh

    def _write_notes(self) -> None:
        write_whole(self._folder / NOTES, json.dumps(self._notes, indent=1).encode())
