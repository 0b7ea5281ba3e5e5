"""Reranking by a cross-encoder, which reads question and passage together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ragapp.errors import ModelError
from ragapp.index.sbert import load_model

_BATCH = 8


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder that gives a pair of texts one score; it is loaded when first needed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self._lock = threading.Lock()

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, 0 to 1; what exceeds the model's window is cut at the end.

        Raises:
            ModelError: the model cannot be loaded, or is no reranker.
        """
        if not texts:
            return []
        import torch

        with self._lock:
            scores = self._model.predict(
                [(question, text) for text in texts],
                batch_size=_BATCH,
                activation_fn=torch.nn.Sigmoid(),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return [float(score) for score in scores]

    @cached_property
    def _model(self) -> Any:
        hint = "Check retrieval.reranker, or set it to nothing."
        model = load_model("CrossEncoder", self.folder, "reranker", hint)
        if model.num_labels != 1:
            raise ModelError(
                f"{self.folder} is not a reranker: it gives {model.num_labels} figures for a pair of texts, not one.",
                "Choose a cross-encoder made for ranking, for example ms-marco-MiniLM.",
            )
        return model
