from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from storekit import make_document, one_chunk_each

from ragapp.errors import StoreError
from ragapp.index import vectors as vectors_module
from ragapp.index.catalog import Catalog, Identity
from ragapp.index.vectors import ChromaIndex, ExactIndex, reconcile

DIMENSION = 16


@pytest.fixture
def chroma(tmp_path: Path):
    index = ChromaIndex(tmp_path / "chroma", 1)
    yield index
    index.close()


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
    identity = catalog.identity_id(Identity("words", DIMENSION, True, "0" * 64, "1"))
    return catalog.put_document(Path("/a"), document, one_chunk_each(document), vectors, identity, 1, 1, "x")[1]


def test_the_nearest_first(chroma: ChromaIndex) -> None:
    basis = np.eye(DIMENSION, dtype=np.float32)
    chroma.add([30, 10, 20], basis[:3])
    question = basis[0] + 0.5 * basis[2] + 0.1 * basis[1]
    assert chroma.nearest(question, 3) == [30, 20, 10]
    assert chroma.nearest(question, 1) == [30]
    assert chroma.nearest(question, 99) == [30, 20, 10]
    assert chroma.nearest(question, 2, within=[10, 20]) == [20, 10]
    assert chroma.nearest(question, 9, within=[10]) == [10]
    assert chroma.nearest(question, 9, within=[]) == []


def test_an_empty_index_finds_nothing(chroma: ChromaIndex, catalog: Catalog) -> None:
    question = np.ones(DIMENSION, np.float32)
    for index in (chroma, ExactIndex(catalog)):
        assert index.nearest(question, 5) == []
        assert index.nearest(question, 5, within=[1]) == []
    assert (chroma.count(), chroma.ids()) == (0, set())


def test_adding_replaces_and_removing_passes_over_what_is_not_there(chroma: ChromaIndex) -> None:
    basis = np.eye(DIMENSION, dtype=np.float32)
    chroma.add([1, 2], basis[:2])
    chroma.add([2], basis[5:6])
    assert chroma.nearest(basis[5], 1) == [2]
    chroma.remove([1, 77])
    chroma.remove([])
    chroma.add([], basis[:0])
    assert (chroma.ids(), chroma.count()) == ({2}, 1)


def test_more_than_one_batch(chroma: ChromaIndex, monkeypatch) -> None:
    monkeypatch.setattr(vectors_module, "ADD_BATCH", 7)
    vectors = _unit_vectors(30)
    chroma.add(list(range(30)), vectors)
    assert chroma.ids() == set(range(30))
    assert all(chroma.nearest(vectors[n], 1) == [n] for n in (0, 6, 7, 29))
    chroma.remove(list(range(20)))
    assert chroma.ids() == set(range(20, 30))


def test_what_was_added_is_there_after_reopening(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma", 1)
    index.add([5, 6], _unit_vectors(2))
    index.close()
    index = ChromaIndex(tmp_path / "chroma", 1)
    assert index.ids() == {5, 6}
    assert index.nearest(_unit_vectors(2)[1], 1) == [6]
    index.close()


def test_two_identities_never_mix(tmp_path: Path) -> None:
    one = ChromaIndex(tmp_path / "chroma", 1)
    one.add([5], _unit_vectors(1))
    one.close()
    other = ChromaIndex(tmp_path / "chroma", 2)
    assert other.ids() == set()
    other.add([6], np.ones((1, 3), np.float32))
    assert other.nearest(np.ones(3, np.float32), 5) == [6]
    other.close()


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "chroma").mkdir()
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="ragapp doctor --fix"):
        ChromaIndex(tmp_path / "chroma", 1)


def test_the_scan_and_chroma_find_the_same(chroma: ChromaIndex, catalog: Catalog) -> None:
    ids = _fill(catalog, _unit_vectors(300))
    chroma.add(*catalog.vectors())
    exact = ExactIndex(catalog)
    some = ids[::3]
    for question in _unit_vectors(20, seed=1):
        for within in (None, some):
            expected = exact.nearest(question, 10, within)
            found = chroma.nearest(question, 10, within)
            assert len(set(expected) & set(found)) >= 9
            assert found[0] == expected[0]
            assert set(found) <= set(within or ids)


def test_the_scan_is_exact(catalog: Catalog) -> None:
    vectors = _unit_vectors(40).astype(np.float16).astype(np.float32)
    ids = _fill(catalog, vectors)
    exact = ExactIndex(catalog)
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
    chroma: ChromaIndex, catalog: Catalog, monkeypatch, lost: list[int], gained: list[int], changed: int
) -> None:
    monkeypatch.setattr(vectors_module, "ADD_BATCH", 4)
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


def test_deleting_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    ChromaIndex.delete(tmp_path / "chroma")
