"""Opening a Chroma collection: its parameters, and what is not to be used."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ragapp import private

# With the log this long Chroma writes the graph.  Every addition reads the log again, and so does every start, which
# also adds what is in it to the graph; but each time that the graph is written, all ids are written with it.
LOG_RECORDS = 5000
HNSW = {"space": "cosine", "max_neighbors": 16, "ef_construction": 200, "ef_search": 400, "sync_threshold": LOG_RECORDS}
# Deleted vectors stay in the graph, found by none but in the way of all.  So many times as many slots as vectors are
# too many, unless there are few; what it costs to build the graph anew is spread over the deletions that led to it.
WORN_TIMES = 3
WORN_SLOTS = 10_000
# how long reading a graph may take
_CHECK_S = 120


class UnfitError(Exception):
    """What the folder holds is whole, but not to be used."""


def connect(folder: Path, identity_id: int):
    """Open the collection, made when missing, and use its graph once.

    Returns:
        Chroma's client and its collection.

    Raises:
        UnfitError: it must be built anew.
        Exception: Chroma has no common base for its errors; damaged files may end the process instead.
    """
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    private.make_folder(folder)
    client = chromadb.PersistentClient(
        str(folder), settings=ChromaSettings(anonymized_telemetry=False, is_persistent=True)
    )
    try:
        name = f"chunks-{identity_id}"
        for collection in client.list_collections():
            held = collection.configuration_json["hnsw"]
            if collection.name != name or any(held.get(key) != value for key, value in HNSW.items()):
                # Chroma would keep them, and there is one log for all
                raise UnfitError("it was made by another embedder or with other parameters")
        collection = client.get_or_create_collection(name, configuration={"hnsw": HNSW}, embedding_function=None)
        # the graph is read when it is first needed, and walking it shows more than reading it
        some = collection.get(limit=1, include=["embeddings"])["embeddings"]
        if len(some):
            collection.query(query_embeddings=[some[0]], n_results=1, include=["distances"])
        slots = _slots(folder, len(some[0]) if len(some) else 0)
        if slots > max(WORN_SLOTS, WORN_TIMES * collection.count()):
            raise UnfitError("most of its vectors are deleted ones")
    except BaseException:
        client.close()
        raise
    return client, collection


def _slots(folder: Path, dimension: int) -> int:
    """How many vectors the written graph has place for, deleted ones among them."""
    bytes_each = 4 * (2 * HNSW["max_neighbors"] + 1) + 4 * dimension + 8  # links, vector, label
    return sum(path.stat().st_size for path in folder.glob("*/data_level0.bin")) // bytes_each


def opens_elsewhere(folder: Path, identity_id: int) -> bool:
    """Whether another process can open it: the last one ended while it did, and this one shall not."""
    command = [sys.executable, "-m", __name__, str(folder), str(identity_id)]
    with suppress(subprocess.TimeoutExpired, OSError):
        return subprocess.run(command, capture_output=True, timeout=_CHECK_S, check=False).returncode == 0
    return False


if __name__ == "__main__":
    connect(Path(sys.argv[1]), int(sys.argv[2]))
