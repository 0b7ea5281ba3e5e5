from __future__ import annotations

import errno
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from storekit import make_document, one_chunk_each

from ragapp.errors import StoreError
from ragapp.index import chroma_embedded, vector_store
from ragapp.index.catalog import Catalog, EmbedderIdentity
from ragapp.index.chroma import CollectionStore
from ragapp.index.chroma_embedded import STATE_NAME, EmbeddedChroma, EmbeddedStore, FileState
from ragapp.index.chroma_server import ChromaServer
from ragapp.index.vector_store import ExactScan, VectorBackend, reconcile

DIMENSION = 16


@pytest.fixture(params=["embedded", "server"])
def backend(request, tmp_path: Path) -> VectorBackend:
    """Both implementations of the port keep the same contract."""
    if request.param == "embedded":
        return EmbeddedChroma(tmp_path / "chroma")
    return ChromaServer(request.getfixturevalue("chroma_server").url)


@pytest.fixture
def library_id() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def chroma(backend: VectorBackend, library_id: str):
    store = backend.open(library_id, 1, DIMENSION)
    yield store
    store.close()


@pytest.fixture
def catalog(tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def _unit_vectors(count: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _fill(catalog: Catalog, vectors: np.ndarray) -> list[int]:
    document = make_document(*(f"page {n}" for n in range(len(vectors))))
    identity = catalog.identity_id(EmbedderIdentity("words", DIMENSION, True, "0" * 64, "1"))
    return catalog.put_document(Path("/a"), document, one_chunk_each(document), vectors, identity, 1, 1, "x")[1]


def test_the_nearest_first(chroma: CollectionStore) -> None:
    basis = np.eye(DIMENSION, dtype=np.float32)
    chroma.add([30, 10, 20], basis[:3])
    question = basis[0] + 0.5 * basis[2] + 0.1 * basis[1]
    assert chroma.nearest(question, 3) == [30, 20, 10]
    assert chroma.nearest(question, 1) == [30]
    assert chroma.nearest(question, 99) == [30, 20, 10]
    assert chroma.nearest(question, 2, within=[10, 20]) == [20, 10]
    assert chroma.nearest(question, 9, within=[10]) == [10]
    assert chroma.nearest(question, 9, within=[]) == []


def test_an_empty_index_finds_nothing(chroma: CollectionStore, catalog: Catalog) -> None:
    question = np.ones(DIMENSION, np.float32)
    for index in (chroma, ExactScan(catalog)):
        assert index.nearest(question, 5) == []
        assert index.nearest(question, 5, within=[1]) == []
    assert (chroma.count(), chroma.ids()) == (0, set())


def test_adding_replaces_and_removing_passes_over_what_is_not_there(chroma: CollectionStore) -> None:
    basis = np.eye(DIMENSION, dtype=np.float32)
    chroma.add([1, 2], basis[:2])
    chroma.add([2], basis[5:6])
    assert chroma.nearest(basis[5], 1) == [2]
    chroma.remove([1, 77])
    chroma.remove([])
    chroma.add([], basis[:0])
    assert (chroma.ids(), chroma.count()) == ({2}, 1)


def test_more_than_one_batch(chroma: CollectionStore, monkeypatch) -> None:
    monkeypatch.setattr(chroma, "batch", 7)
    vectors = _unit_vectors(30)
    chroma.add(list(range(30)), vectors)
    assert chroma.ids() == set(range(30))
    assert all(chroma.nearest(vectors[n], 1) == [n] for n in (0, 6, 7, 29))
    chroma.remove(list(range(20)))
    assert chroma.ids() == set(range(20, 30))


def test_what_was_added_is_there_after_reopening(backend: VectorBackend, library_id: str) -> None:
    store = backend.open(library_id, 1, DIMENSION)
    store.add([5, 6], _unit_vectors(2))
    store.save()
    store.close()
    store = backend.open(library_id, 1, DIMENSION)
    assert (store.ids(), store.notice) == ({5, 6}, "")
    assert store.nearest(_unit_vectors(2)[1], 1) == [6]
    store.close()


def test_two_identities_never_mix(backend: VectorBackend, library_id: str) -> None:
    one = backend.open(library_id, 1, DIMENSION)
    one.add([5], _unit_vectors(1))
    one.close()
    other = backend.open(library_id, 2, 3)
    assert other.ids() == set()
    other.add([6], np.ones((1, 3), np.float32))
    assert other.nearest(np.ones(3, np.float32), 5) == [6]
    other.close()


def test_what_is_deleted_is_empty_when_it_is_opened_again(backend: VectorBackend, library_id: str) -> None:
    for _ in range(2):
        store = backend.open(library_id, 1, DIMENSION)
        assert store.count() == 0
        store.add([5, 6], _unit_vectors(2))
        store.close()
        backend.delete(library_id)
        backend.delete(library_id)


def _filled(folder: Path, count: int = 30) -> np.ndarray:
    vectors = _unit_vectors(count)
    index = EmbeddedStore(folder, 1)
    index.add(list(range(count)), vectors)
    index.close()
    return vectors


def _graph_file(folder: Path, name: str) -> Path:
    return next(folder.glob(f"*/{name}"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chroma.sqlite3", b"no database" * 1000),
        ("link_lists.bin", b""),
        ("data_level0.bin", None),
        ("index_metadata.pickle", b"\x80\x03"),
        ("header.bin", bytes(100)),
    ],
)
def test_a_damaged_file_is_noticed_and_the_index_begun_anew(tmp_path: Path, name: str, content: bytes | None) -> None:
    vectors = _filled(tmp_path / "chroma")
    file = next((tmp_path / "chroma").rglob(name))
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert "is built anew" in index.notice
    assert (index.ids(), index.nearest(vectors[0], 5)) == (set(), [])
    index.add([7], vectors[7:8])
    index.close()
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert (index.notice, index.nearest(vectors[7], 5)) == ("", [7])
    index.close()


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (FileState.SAVED, True),
        (FileState.LOGGED, True),
        (FileState.OPENING, True),
        (FileState.SAVING, False),
        (FileState.DAMAGED, False),
    ],
)
def test_what_the_last_process_was_doing_decides_what_is_trusted(tmp_path: Path, state: str, kept: bool) -> None:
    vectors = _filled(tmp_path / "chroma")
    (tmp_path / "chroma" / STATE_NAME).write_text(state, encoding="ascii")
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert (index.notice == "") is kept
    assert FileState(tmp_path / "chroma" / STATE_NAME).get() == FileState.SAVED
    assert index.ids() == (set(range(30)) if kept else set())
    index.add([99], vectors[:1])
    index.close()
    assert FileState(tmp_path / "chroma" / STATE_NAME).get() == FileState.SAVED


def test_files_that_ended_a_process_are_tried_in_another_one(tmp_path: Path) -> None:
    _filled(tmp_path / "chroma")
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    (tmp_path / "chroma" / STATE_NAME).write_text(FileState.OPENING, encoding="ascii")
    with patch.object(chroma_embedded, "connect", wraps=chroma_embedded.connect) as connect:
        index = EmbeddedStore(tmp_path / "chroma", 1)
    assert connect.call_count == 1, "opened here, before it was known to be safe"
    assert "cannot be opened" in index.notice
    index.close()


KILLED = """
import os, pathlib, signal, sys
import numpy as np
from ragapp.index import chroma_embedded as module
from ragapp.index.chroma_embedded import Seal
folder, moment = pathlib.Path(sys.argv[1]), sys.argv[2]
index = module.EmbeddedStore(folder, 1)
index.add(list(range(16)), np.eye(16, dtype=np.float32))
index.save()
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
index.add([16], np.ones((1, 16), np.float32))
if moment == "saving":
    Seal.write = die
    index.save()
die()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize(("moment", "kept"), [("logged", True), ("saving", False)])
def test_a_killed_process_leaves_what_opens(tmp_path: Path, moment: str, kept: bool) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "chroma"), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert index.ids() == (set(range(17)) if kept else set())
    if kept:
        assert index.nearest(np.ones(16, np.float32), 1) == [16]
    index.close()


def test_the_graph_is_written_at_saving_and_at_no_other_time(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(chroma_embedded, "LOG_RECORDS", 20)
    monkeypatch.setitem(chroma_embedded.PARAMETERS, "sync_threshold", 20)
    monkeypatch.setattr(chroma_embedded, "ADD_BATCH", 8)
    folder = tmp_path / "chroma"
    index = EmbeddedStore(folder, 1)
    written: dict[str, set[str]] = {}

    def watched(change):
        def change_and_look(**arguments) -> None:
            before = [(path, path.stat().st_mtime_ns) for path in folder.glob("*/*.pickle")]
            change(**arguments)
            after = [(path, path.stat().st_mtime_ns) for path in folder.glob("*/*.pickle")]
            written.setdefault("yes" if after != before else "no", set()).add(FileState(folder / STATE_NAME).get())

        return change_and_look

    monkeypatch.setattr(index._collection, "upsert", watched(index._collection.upsert))
    monkeypatch.setattr(index._collection, "delete", watched(index._collection.delete))
    vectors = _unit_vectors(100)
    for begin in range(0, 100, 10):
        index.add(list(range(begin, begin + 10)), vectors[begin : begin + 10])
        index.remove([begin, begin + 1, 1000])
    assert written == {"yes": {FileState.SAVING}, "no": {FileState.LOGGED}}
    index.close()
    index = EmbeddedStore(folder, 1)
    assert index.notice == ""
    assert index.ids() == {n for n in range(100) if n % 10 > 1}
    index.close()


def test_saving_leaves_nothing_to_be_done_at_the_next_start(tmp_path: Path) -> None:
    index = EmbeddedStore(tmp_path / "chroma", 1)
    index.add([1, 2], _unit_vectors(2))
    assert not list((tmp_path / "chroma").glob("*/index_metadata.pickle"))
    index.save()
    first = _graph_file(tmp_path / "chroma", "index_metadata.pickle").stat().st_mtime_ns
    index.save()
    index.close()
    assert _graph_file(tmp_path / "chroma", "index_metadata.pickle").stat().st_mtime_ns == first
    with patch.object(EmbeddedStore, "_save", side_effect=AssertionError("saved again")):
        index = EmbeddedStore(tmp_path / "chroma", 1)
        assert index.ids() == {1, 2}
        index.close()


def test_other_parameters_begin_anew(tmp_path: Path, monkeypatch) -> None:
    _filled(tmp_path / "chroma")
    monkeypatch.setitem(chroma_embedded.PARAMETERS, "max_neighbors", 8)
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert ("other parameters" in index.notice, index.count()) == (True, 0)
    index.close()


def test_a_graph_of_mostly_deleted_vectors_is_begun_anew(tmp_path: Path, monkeypatch) -> None:
    vectors = _filled(tmp_path / "chroma", 1000)

    def reopened() -> tuple[str, int]:
        index = EmbeddedStore(tmp_path / "chroma", 1)
        state = index.notice, index.count()
        index.close()
        return state

    index = EmbeddedStore(tmp_path / "chroma", 1)
    index.remove(list(range(600)))
    index.close()
    monkeypatch.setattr(chroma_embedded, "WORN_SLOTS", 500)
    assert reopened() == ("", 400)
    index = EmbeddedStore(tmp_path / "chroma", 1)
    index.add(list(range(2000, 2200)), vectors[:200])
    index.remove(list(range(600, 900)))
    index.close()
    monkeypatch.setattr(chroma_embedded, "WORN_SLOTS", 50_000)
    assert reopened() == ("", 300)
    monkeypatch.setattr(chroma_embedded, "WORN_SLOTS", 500)
    why, count = reopened()
    assert ("deleted" in why, count) == (True, 0)
    assert reopened() == ("", 0)


def test_an_inner_error_of_chroma_is_told_and_not_forgotten(tmp_path: Path) -> None:
    from chromadb.errors import InternalError

    vectors = _filled(tmp_path / "chroma")
    index = EmbeddedStore(tmp_path / "chroma", 1)
    with pytest.raises(StoreError, match="cannot be searched"):
        index.nearest(np.ones(3, np.float32), 1)
    assert index.nearest(vectors[3], 1) == [3]
    failing = patch.object(index._collection, "query", side_effect=InternalError("Failed to apply logs"))
    with failing, pytest.raises(StoreError, match="failed to apply logs"):
        index.nearest(vectors[3], 1)
    index.add([50], vectors[:1])
    index.close()
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert "it was damaged" in index.notice
    index.close()


def test_a_folder_that_cannot_be_made_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("mine", encoding="ascii")
    with pytest.raises(StoreError, match="cannot be opened"):
        EmbeddedStore(tmp_path / "chroma", 1)
    assert (tmp_path / "chroma").read_text(encoding="ascii") == "mine"


def test_a_full_disk_costs_no_vectors(tmp_path: Path) -> None:
    _filled(tmp_path / "chroma")
    full = patch.object(FileState, "set", side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with full, pytest.raises(StoreError, match=r"the disk is full.*free space"):
        EmbeddedStore(tmp_path / "chroma", 1)
    index = EmbeddedStore(tmp_path / "chroma", 1)
    assert (index.notice, index.count()) == ("", 30)
    index.close()


def _clustered(documents: int, of_each: int, seed: int = 0) -> np.ndarray:
    """The chunks of a document lie together and come one after the other."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(documents, 64)), of_each, axis=0)
    vectors = centres + 0.5 * rng.normal(size=centres.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _recall(index: EmbeddedStore, ids: np.ndarray, vectors: np.ndarray) -> float:
    asked = vectors[::17]
    true = [set(ids[np.argsort(-(vectors @ question))[:10]].tolist()) for question in asked]
    found = [set(index.nearest(question, 50)[:10]) for question in asked]
    return float(np.mean([len(a & b) / 10 for a, b in zip(true, found, strict=True)]))


def test_the_true_nearest_are_found_also_after_half_was_replaced(chroma: CollectionStore) -> None:
    vectors, ids = _clustered(100, 20), np.arange(2000)
    chroma.add(ids.tolist(), vectors)
    assert _recall(chroma, ids, vectors) >= 0.99
    # whole documents go, others come
    chroma.remove(ids[:1000].tolist())
    ids, vectors = np.arange(1000, 3000), np.concatenate([vectors[1000:], _clustered(50, 20, seed=1)])
    chroma.add(ids[1000:].tolist(), vectors[1000:])
    assert chroma.count() == 2000
    assert _recall(chroma, ids, vectors) >= 0.99


def test_the_scan_and_chroma_find_the_same(chroma: CollectionStore, catalog: Catalog) -> None:
    ids = _fill(catalog, _unit_vectors(300))
    chroma.add(*catalog.vectors())
    exact = ExactScan(catalog)
    some = ids[::3]
    for question in _unit_vectors(20, seed=1):
        for within in (None, some):
            expected = exact.nearest(question, 10, within)
            found = chroma.nearest(question, 10, within)
            assert len(set(expected) & set(found)) >= 9
            assert found[0] == expected[0]
            assert set(found) <= set(within or ids)


def test_equal_scores_come_by_id_and_all_parts_are_read(catalog: Catalog, monkeypatch) -> None:
    monkeypatch.setattr(vector_store, "_READ_BATCH", 7)
    basis = np.eye(DIMENSION, dtype=np.float32)
    ids = _fill(catalog, np.concatenate([basis[[1] * 10], basis[[0] * 12]]))
    exact = ExactScan(catalog)
    assert exact.nearest(basis[0], 5) == ids[10:15]
    assert exact.nearest(basis[0], 3, [*ids[:3], ids[21], ids[15]]) == [ids[15], ids[21], ids[0]]


def test_the_scan_is_exact(catalog: Catalog) -> None:
    vectors = _unit_vectors(40).astype(np.float16).astype(np.float32)
    ids = _fill(catalog, vectors)
    exact = ExactScan(catalog)
    for question in _unit_vectors(5, seed=2):
        order = sorted(range(40), key=lambda n: (-float(vectors[n] @ question), n))
        assert exact.nearest(question, 40) == [ids[n] for n in order]
        few = {ids[3], ids[9], 999}
        assert exact.nearest(question, 10, sorted(few)) == [ids[n] for n in order if ids[n] in few]


@pytest.mark.parametrize(
    ("lost", "gained", "changed"),
    [([], [], 0), ([0, 4], [], 2), ([], [900, 901], 2), ([1], [900], 2), (range(6), [], 6)],
)
def test_reconciling_makes_chroma_hold_what_the_catalog_holds(
    chroma: CollectionStore, catalog: Catalog, monkeypatch, lost: list[int], gained: list[int], changed: int
) -> None:
    monkeypatch.setattr(vector_store, "ADD_BATCH", 4)
    vectors = _unit_vectors(6)
    ids = _fill(catalog, vectors)
    chroma.add(*catalog.vectors())
    chroma.remove([ids[n] for n in lost])
    chroma.add(gained, _unit_vectors(len(gained), seed=3))
    told: list[tuple[int, int]] = []
    assert reconcile(catalog, chroma, lambda done, every: told.append((done, every))) == changed
    assert chroma.ids() == set(ids)
    assert [chroma.nearest(vector, 1) for vector in vectors] == [[chunk_id] for chunk_id in ids]
    assert (told[-1] if told else (0, 0)) == (len(lost), len(lost))
    assert reconcile(catalog, chroma) == 0
    if isinstance(chroma, EmbeddedStore):
        assert FileState(chroma.folder / STATE_NAME).get() == FileState.SAVED


def test_deleting_what_is_not_there_is_no_error(backend: VectorBackend, library_id: str) -> None:
    backend.delete(library_id)
    backend.remove(library_id, [1])
