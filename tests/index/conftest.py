"""A Chroma server for the tests of the vector store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromakit import RunningChroma, running_chroma


@pytest.fixture(scope="module")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningChroma]:
    with running_chroma(tmp_path_factory.mktemp("served") / "chroma") as server:
        yield server
