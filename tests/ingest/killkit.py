"""A run of ingestion, or a rebuild, in a process of its own, to be killed at any moment."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from placekit import SETTINGS, Place
from storekit import WordEmbedder

from ragapp.ingest import rebuild as rebuild_module
from ragapp.ingest import stages

# the embedder that a store is rebuilt for
OTHER = "others"


class SlowEmbedder(WordEmbedder):
    """Takes about as long as a real one, so that kills fall into every stage."""

    def embed_documents(self, texts, progress=None):
        time.sleep(0.002 * len(texts))
        return super().embed_documents(texts, progress)


def ingest(root: Path) -> None:
    """Ingest ``root/docs`` into ``root/data``, a few texts and changes at a time."""
    stages.WINDOW = 8
    place = Place(root, SlowEmbedder())
    _tell_running()
    place.with_settings(SETTINGS).run([place.docs])
    place.store.close()


def rebuild(root: Path) -> None:
    """Make ``root/data`` anew for another embedder, a few texts at a time; what is large is kept in parts."""
    stages.WINDOW = rebuild_module.WINDOW = 8
    rebuild_module._MANY_WINDOWS = 1
    place = Place(root, SlowEmbedder(OTHER))
    _tell_running()
    place.pipeline.rebuild()
    place.store.settle()
    place.store.close()


def _tell_running() -> None:
    sys.stdout.write("running\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"ingest": ingest, "rebuild": rebuild}[sys.argv[2]](Path(sys.argv[1]))
