"""A run of ingestion in a process of its own, to be killed at any moment."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from placekit import SETTINGS, Place
from storekit import WordEmbedder

from ragapp.ingest import stages


class SlowEmbedder(WordEmbedder):
    """Takes about as long as a real one, so that kills fall into every stage."""

    def embed_documents(self, texts, progress=None):
        time.sleep(0.002 * len(texts))
        return super().embed_documents(texts, progress)


def ingest(root: Path) -> None:
    """Ingest ``root/docs`` into ``root/data``, a few texts and changes at a time."""
    stages.WINDOW = 8
    place = Place(root, SlowEmbedder())
    sys.stdout.write("running\n")
    sys.stdout.flush()
    place.with_settings(SETTINGS).run([place.docs])
    place.store.close()


if __name__ == "__main__":
    ingest(Path(sys.argv[1]))
