"""Killed at any moment, nothing that is stored is lost or doubled, and the next run goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from killkit import OTHER, SlowEmbedder, ingest, rebuild
from placekit import Place
from storekit import assert_in_step

from ragapp.index.catalog import Catalog

# of each kind and in each phase
KILLS = {signal.SIGKILL: 16, signal.SIGINT: 4}
HERE = Path(__file__).parent


def _fill(docs: Path) -> None:
    """Documents of one and of many chunks, twins, one without text, one that fails, one without a reader."""
    docs.mkdir(parents=True)
    rng = random.Random(7)
    for number in range(40):
        words = " ".join(f"word{rng.randrange(500)}" for _ in range(rng.choice((20, 80, 600))))
        (docs / f"{number:02d}.txt").write_text(f"Document {number}. {words}.", encoding="utf-8")
    shutil.copy(docs / "03.txt", docs / "twin.txt")
    (docs / "blank.txt").write_text("\n \n", encoding="utf-8")
    (docs / "broken.pdf").write_text("%PDF-1.7 broken", encoding="utf-8")
    (docs / "tool.exe").write_bytes(b"MZ")


def _change(docs: Path) -> None:
    """Every kind of change at once: the second half of the kills falls into this."""
    (docs / "00.txt").unlink()
    (docs / "01.txt").rename(docs / "moved.txt")
    for number in range(2, 20):
        path = docs / f"{number:02d}.txt"
        path.write_text(path.read_text(encoding="utf-8").replace("word1", "changed1"), encoding="utf-8")
    (docs / "new.md").write_text("# New\n\nThis is new.", encoding="utf-8")


def _start(root: Path, work: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parent.parent)))}
    return subprocess.Popen(
        [sys.executable, HERE / "killkit.py", root, work],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _run_with_kills(
    root: Path, how: signal.Signals, rng: random.Random, work: str = "ingest", killed: Callable[[], None] = lambda: None
) -> None:
    """Start runs and kill each at a random moment until enough kills came in the middle of one; then let one end."""
    before = root / "before"
    shutil.copytree(root / "data", before) if (root / "data").exists() else before.mkdir()
    longest, kills = 1.0, 0
    while kills < KILLS[how]:
        process = _start(root, work)
        assert process.stdout.readline() == b"running\n"
        began = time.monotonic()
        try:
            process.wait(timeout=rng.uniform(0.0, longest))
            ended = True
        except subprocess.TimeoutExpired:
            os.kill(process.pid, how)
            ended = process.wait() == 0
        if ended:
            # it came too late: all is done, and must be done again
            longest = max(0.5, time.monotonic() - began)
            shutil.rmtree(root / "data")
            shutil.copytree(before, root / "data")
        else:
            kills += 1
            killed()
    shutil.rmtree(before)
    assert _start(root, work).wait() == 0


def _content(root: Path, embedder: str = "words") -> dict:
    """All that is stored, without ids and times."""
    place = Place(root, SlowEmbedder(embedder))
    try:
        assert_in_step(place.store)
        catalog = place.store.catalog
        assert catalog.get_state("chroma_behind") == "0"
        assert catalog.rows("PRAGMA integrity_check") == [("ok",)]
        stored = {"unread": [(place.named(file.path), file.status, file.reason) for file in catalog.unread()]}
        for row in catalog.documents():
            chunks = catalog.chunks(catalog.chunk_ids([row.id]))
            ids, vectors = catalog.vectors(list(chunks))
            by_id = dict(zip(ids, vectors, strict=True))
            stored[place.named(row.path)] = (
                row.name,
                row.title,
                row.language,
                row.size,
                row.mtime_ns,
                row.sha256,
                row.units,
                row.units_without_text,
                row.warnings,
                row.conditions,
                place.store.identity,
                [(unit.number, text, unit.coverage) for unit, text in catalog.units(row.id)],
                [(c.unit, c.headings, c.text, c.start, c.end, by_id[c.id].tobytes()) for c in chunks.values()],
            )
        # whatever the run was stopped at, searching gives the same
        for word in ("word3", "changed17", "word499"):
            scores = catalog.match([word], 10)
            stored[f"scores of {word}"] = sorted(np.round(list(scores.values()), 6).tolist())
        return stored
    finally:
        place.store.close()


@pytest.mark.parametrize("how", list(KILLS), ids=["kill -9", "Ctrl-C"])
def test_a_run_killed_at_random_moments_ends_as_an_undisturbed_one(tmp_path: Path, how: signal.Signals) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    _fill(undisturbed / "docs")
    shutil.copytree(undisturbed / "docs", killed / "docs")
    rng = random.Random(int(how))
    for change in (lambda docs: None, _change):
        change(undisturbed / "docs")
        shutil.rmtree(killed / "docs")
        shutil.copytree(undisturbed / "docs", killed / "docs")
        ingest(undisturbed)
        _run_with_kills(killed, how, rng)
        expected = _content(undisturbed)
        assert len(expected) > 40
        assert _content(killed) == expected


@pytest.mark.parametrize("how", list(KILLS), ids=["kill -9", "Ctrl-C"])
def test_a_rebuild_killed_at_random_moments_ends_as_an_undisturbed_one(tmp_path: Path, how: signal.Signals) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    _fill(undisturbed / "docs")
    shutil.copytree(undisturbed / "docs", killed / "docs")
    for root in (undisturbed, killed):
        ingest(root)
    before = _content(undisturbed)
    asked = (undisturbed / "docs" / "07.txt").read_text(encoding="utf-8")[:100]
    for root in (undisturbed, killed):
        shutil.rmtree(root / "docs")
    rebuild(undisturbed)
    seen = set()

    def look() -> None:
        """The store is one embedder's, wholly, and that one finds in it what it should."""
        with closing(Catalog(killed / "data" / "catalog.sqlite3")) as catalog:
            (identity,) = catalog.stored_identities().values()
        seen.add(identity.embedder)
        place = Place(killed, SlowEmbedder(identity.embedder))
        try:
            assert_in_step(place.store)
            assert "Document 7" in place.search(asked)
        finally:
            place.store.close()

    _run_with_kills(killed, how, random.Random(int(how)), "rebuild", look)
    assert "words" in seen
    expected = _content(undisturbed, OTHER)
    assert expected.keys() == before.keys()
    assert expected != before
    assert _content(killed, OTHER) == expected
