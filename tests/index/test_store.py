from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from storekit import WordEmbedder, assert_in_step, held_ids, identity_of, put_text

from ragapp.errors import IdentityError, StoreError
from ragapp.index.analysis import question_terms
from ragapp.index.chroma_embedded import EmbeddedStore
from ragapp.index.store import CHROMA_NAME, LOCK_NAME, Store
from ragapp.index.vector_store import ExactScan

EMBEDDER = WordEmbedder()
IDENTITY = identity_of(EMBEDDER)
A, B, C = Path("/docs/a.txt"), Path("/docs/b.txt"), Path("/docs/c.txt")


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _filled(data: Path) -> Store:
    store = Store(data, IDENTITY, write=True)
    put_text(store, EMBEDDER, A, "Apples are red.", "Pears are green.")
    put_text(store, EMBEDDER, B, "Trains leave at nine.")
    put_text(store, EMBEDDER, C, "Hotels cost a fortune.", "Breakfast is included.")
    store.settle()
    return store


def _found(store: Store, question: str, k: int = 5) -> list[str]:
    ids = store.vectors.nearest(EMBEDDER.embed_query(question), k)
    chunks = store.catalog.chunks(ids)
    return [chunks[chunk_id].text for chunk_id in ids]


def test_put_replace_and_remove_keep_all_three_in_step(data: Path) -> None:
    with _filled(data) as store:
        assert_in_step(store)
        assert _found(store, "c Hotels cost a fortune.")[0] == "Hotels cost a fortune."
        first = put_text(store, EMBEDDER, A, "Plums are blue.")
        assert_in_step(store)
        assert "Apples are red." not in _found(store, "a Apples are red.")
        assert store.remove(first).path == str(A)
        assert_in_step(store)
        assert [row.path for row in store.catalog.documents()] == [str(B), str(C)]


def test_removing_an_unknown_document_is_refused(data: Path) -> None:
    with _filled(data) as store:
        before = held_ids(store)
        with pytest.raises(StoreError, match="There is no document 99"):
            store.remove(99)
        assert held_ids(store) == before


def test_a_deleted_chroma_folder_is_filled_again_with_the_same_result(data: Path) -> None:
    with _filled(data) as store:
        before = held_ids(store), _found(store, "red trains")
    shutil.rmtree(data / CHROMA_NAME)
    with patch.object(WordEmbedder, "embed_documents", side_effect=AssertionError), Store(data, IDENTITY) as store:
        assert (held_ids(store), _found(store, "red trains")) == before


def test_rebuilding_gives_the_same_result(data: Path) -> None:
    with _filled(data) as store:
        before = held_ids(store), _found(store, "red trains")
        assert store.rebuild_vectors() == 5
        assert (held_ids(store), _found(store, "red trains")) == before


@pytest.mark.parametrize("step", ["add", "remove"])
def test_a_crash_between_catalog_and_chroma_is_mended_at_the_next_start(data: Path, step: str) -> None:
    store = _filled(data)
    put_text(store, EMBEDDER, A, "Plums are blue.", "Cherries are black.")
    with patch.object(EmbeddedStore, step, side_effect=Crash), pytest.raises(Crash):
        store.flush()
    store.close()
    with Store(data, IDENTITY) as store:
        assert_in_step(store)
        assert "Cherries are black." in _found(store, "a Cherries are black.")


def test_a_crash_while_removing_is_mended_at_the_next_start(data: Path) -> None:
    store = _filled(data)
    store.remove(1)
    with patch.object(EmbeddedStore, "remove", side_effect=Crash), pytest.raises(Crash):
        store.flush()
    store.close()
    with Store(data, IDENTITY) as store:
        assert_in_step(store)
        assert len(store.catalog.documents()) == 2


def test_small_documents_are_given_to_chroma_together(data: Path) -> None:
    store = _filled(data)
    store.settle()
    with patch.object(EmbeddedStore, "add", autospec=True, side_effect=EmbeddedStore.add) as add:
        for number in range(5):
            put_text(store, EMBEDDER, Path(f"/docs/{number}.txt"), f"Page {number} of many.")
        assert add.call_count == 0
        # whoever searches finds them all the same
        assert "Page 3 of many." in _found(store, "3 Page 3 of many.")
        assert add.call_count == 1
    assert_in_step(store)
    store.close()


def test_enough_changes_are_given_to_chroma_at_once(data: Path, monkeypatch) -> None:
    monkeypatch.setattr("ragapp.index.store.FLUSH_CHUNKS", 4)
    store = _filled(data)
    store.settle()
    with patch.object(EmbeddedStore, "add", autospec=True, side_effect=EmbeddedStore.add) as add:
        for number in range(8):
            put_text(store, EMBEDDER, Path(f"/docs/{number}.txt"), f"Page {number} of many.")
        assert add.call_count == 2
    store.close()


def test_what_was_put_and_removed_at_once_never_reaches_chroma(data: Path) -> None:
    store = _filled(data)
    store.settle()
    document_id = put_text(store, EMBEDDER, Path("/docs/short-lived.txt"), "Gone soon.")
    store.remove(document_id)
    with patch.object(EmbeddedStore, "add", side_effect=Crash), patch.object(EmbeddedStore, "remove") as remove:
        store.flush()
    assert all(call.args == ([],) for call in remove.call_args_list)
    assert_in_step(store)
    store.close()


def test_a_crash_before_the_catalog_has_written_leaves_the_old(data: Path) -> None:
    store = _filled(data)
    with patch("ragapp.index.catalog_writes.bm25.add", side_effect=Crash), pytest.raises(Crash):
        put_text(store, EMBEDDER, A, "Plums are blue.")
    store.close()
    with Store(data, IDENTITY) as store:
        assert_in_step(store)
        assert "Apples are red." in _found(store, "a Apples are red.")


@pytest.mark.parametrize("lose", [True, False])
def test_a_chroma_that_differs_is_mended(data: Path, lose: bool) -> None:
    with _filled(data) as store:
        if lose:
            store.vectors.remove(store.catalog.chunk_ids()[:2])
        else:
            store.vectors.add([901, 902], np.ones((2, EMBEDDER.dimension)))
    with Store(data, IDENTITY) as store:
        assert_in_step(store)


def test_a_store_in_step_is_not_compared_again(data: Path) -> None:
    _filled(data).close()
    with patch("ragapp.index.store.reconcile", side_effect=AssertionError("compared")), Store(data, IDENTITY) as store:
        assert len(_found(store, "trains")) == 5


def test_removing_without_an_embedder_is_made_good_when_one_is_there(data: Path) -> None:
    _filled(data).close()
    with Store(data, write=True) as store:
        store.remove(2)
        store.settle()
    with Store(data, IDENTITY) as store:
        assert_in_step(store)
        assert "Trains leave at nine." not in _found(store, "b Trains leave at nine.")


def test_a_second_opener_reads_by_scan_and_finds_the_same(data: Path) -> None:
    with _filled(data) as owner, Store(data, IDENTITY) as reader:
        assert (owner.owner, reader.owner) == (True, False)
        assert isinstance(reader.vectors, ExactScan)
        for question in ("a Apples are red", "b Trains leave at nine", "c Breakfast"):
            assert _found(reader, question)[0] == _found(owner, question)[0]
            assert set(_found(reader, question)) == set(_found(owner, question))
        assert set(reader.catalog.match(question_terms("trains", ["en"]), 5)) == {3}


def test_who_only_reads_a_small_store_compares_with_all_vectors_and_never_opens_chroma(data: Path, monkeypatch) -> None:
    vector = EMBEDDER.embed_query("b Trains leave at nine.")
    with _filled(data) as writer:
        nearest, *others = writer.nearest(vector, 5)
        assert writer._store is not None
    with Store(data, IDENTITY) as reader, patch.object(reader, "_open", side_effect=AssertionError("opened")):
        assert reader.owner
        first, *rest = reader.nearest(vector, 5)
        assert (first, set(rest)) == (nearest, set(others))  # some are equally near
        assert set(reader.nearest(vector, 5, within=others)) == set(others)
    monkeypatch.setattr("ragapp.index.store.SCAN_CHUNKS", 4)
    with Store(data, IDENTITY) as reader:
        assert reader.nearest(vector, 5)[0] == nearest
        assert reader._store is not None


def test_who_reads_for_hours_leaves_the_store_to_others_and_sees_what_they_change(data: Path) -> None:
    _filled(data).close()
    with Store(data, IDENTITY, own=False) as reader:
        assert not reader.owner
        assert "Trains leave at nine." in _found(reader, "b Trains leave at nine.")
        with Store(data, IDENTITY, write=True, wait_s=0) as writer:
            writer.remove(2)
            put_text(writer, EMBEDDER, Path("/docs/d.txt"), "The kettle is vermilion.")
            writer.settle()
        assert _found(reader, "d The kettle is vermilion.")[0] == "The kettle is vermilion."
        assert "Trains leave at nine." not in _found(reader, "b Trains leave at nine.")
        scan = reader.vectors
        assert reader.vectors is scan  # nothing has changed: it is not read anew
        with pytest.raises(StoreError, match="not open for writing"):
            reader.remove(1)


def test_a_second_writer_is_refused_and_told_who_owns_the_store(data: Path) -> None:
    with _filled(data), pytest.raises(StoreError, match=rf"process \(id {os.getpid()}\) is using"):
        Store(data, IDENTITY, write=True, wait_s=0)


def test_another_process_is_named_and_may_be_waited_for(data: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ragapp.index.store import Store\n"
        "with Store(Path(sys.argv[1]), write=True): print('open', flush=True); sys.stdin.readline()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"id {holder.pid}\).* Let it finish or stop it"):
            Store(data, IDENTITY, write=True, wait_s=0.1)
        holder.stdin.write("\n")
        holder.stdin.flush()
        with Store(data, IDENTITY, write=True, wait_s=20) as store:
            assert store.owner
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("identity", [IDENTITY, None])
def test_who_does_not_own_the_store_changes_nothing(data: Path, identity) -> None:
    with _filled(data) as owner:
        before = held_ids(owner)
        with Store(data, identity) as reader, pytest.raises(StoreError, match="not open for writing"):
            reader.remove(1)
        if identity is not None:
            with Store(data, identity) as reader, pytest.raises(StoreError, match="not open for writing"):
                put_text(reader, EMBEDDER, A, "Plums.")
            with Store(data, identity) as reader, pytest.raises(StoreError, match="not open for writing"):
                reader.rebuild_vectors()
        assert held_ids(owner) == before
        assert _found(owner, "a Apples are red.")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"embedder": "others", "weights_sha256": "f" * 64}, "with the embedder words, but settings say others"),
        ({"weights_sha256": IDENTITY.weights_sha256 + "+int8-v1"}, "with fp32 vectors, but .* make int8-v1 ones"),
        ({"weights_sha256": IDENTITY.weights_sha256 + "+int8-v9+prompt 'a+b: '"}, "fp32 vectors, but .* int8-v9 ones"),
        ({"weights_sha256": IDENTITY.weights_sha256 + "+prompt 'a+b: '"}, "prompt none, but settings say 'a\\+b: '"),
        ({"weights_sha256": "f" * 64}, "with other weights of words than those that are here .SHA-256 .*now ffffffff"),
        ({"chunker": "version 9, 48 tokens, overlap 8"}, "in chunks of version .* this ragapp makes version 9"),
        ({"chunker": IDENTITY.chunker.replace("48", "64")}, "in chunks of version .* settings say .* 64 tokens"),
        ({"dimension": 8}, "were stored with other weights"),
    ],
)
def test_a_store_of_another_identity_is_refused(data: Path, changed: dict, told: str) -> None:
    _filled(data).close()
    with Store(data, replace(IDENTITY, **changed), write=True) as store:
        for use in (store.check_identity, lambda: store.vectors, lambda: put_text(store, EMBEDDER, A, "x")):
            with pytest.raises(IdentityError, match=told) as caught:
                use()
            assert "ragapp doctor --fix" in caught.value.hint
    with Store(data, replace(IDENTITY, embedder="renamed")) as store:
        assert_in_step(store)


def test_without_an_identity_documents_are_seen_but_not_searched(data: Path) -> None:
    _filled(data).close()
    with Store(data) as store:
        store.check_identity()
        assert len(store.catalog.documents()) == 3
        with pytest.raises(ValueError, match="without an identity"):
            store.vectors  # noqa: B018


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "data")


def test_a_damaged_catalog_lets_the_lock_go(data: Path) -> None:
    _filled(data).close()
    for path in data.glob("catalog.sqlite3*"):
        path.write_bytes(b"damaged" * 1000)
    kept = []  # what holds the first library must not decide whether the second gets the lock
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            Store(data, IDENTITY, write=True, wait_s=0)
        kept.append(caught)


def test_the_store_is_for_its_owner_alone(data: Path) -> None:
    _filled(data).close()
    if os.name == "posix":
        assert data.stat().st_mode & 0o077 == 0
        assert (data / CHROMA_NAME).stat().st_mode & 0o077 == 0
    assert (data / LOCK_NAME).exists()


WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]


class StoreMachine(RuleBasedStateMachine):
    """Whatever happens to a store, catalog, lexical table and Chroma agree, and what is stored is found."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="store"))
        self.store = Store(self.folder / "data", IDENTITY, write=True)
        self.held: dict[Path, list[str]] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def reopen(self, *, lose_chroma: bool = False) -> None:
        self.store.close()
        if lose_chroma:
            shutil.rmtree(self.folder / "data" / CHROMA_NAME, ignore_errors=True)
        self.store = Store(self.folder / "data", IDENTITY, write=True)

    def put(self, path: Path, words: list[str]) -> None:
        put_text(self.store, EMBEDDER, path, *(f"{word}{path.stem} is on this page." for word in words))

    @rule(path=st.sampled_from([A, B, C]), words=st.lists(st.sampled_from(WORDS), max_size=3, unique=True))
    def put_or_replace(self, path: Path, words: list[str]) -> None:
        self.put(path, words)
        self.held[path] = words

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.held)))
        (row,) = (row for row in self.store.catalog.documents() if row.path == str(path))
        self.store.remove(row.id)
        del self.held[path]

    @rule()
    def settle(self) -> None:
        self.store.settle()

    @rule(lose_chroma=st.booleans())
    def start_again(self, lose_chroma: bool) -> None:
        self.reopen(lose_chroma=lose_chroma)

    @rule(path=st.sampled_from([A, B, C]), words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True))
    def crash_after_the_catalog(self, path: Path, words: list[str]) -> None:
        self.put(path, words)
        self.held[path] = words
        with patch.object(EmbeddedStore, "add", side_effect=Crash), pytest.raises(Crash):
            self.store.settle()
        self.reopen()

    @precondition(lambda self: any(self.held.values()))
    @rule()
    def chroma_forgets(self) -> None:
        self.store.settle()
        self.store.vectors.remove(self.store.catalog.chunk_ids()[:1])
        self.reopen()

    @invariant()
    def all_agree(self) -> None:
        assert_in_step(self.store)
        assert {row.path for row in self.store.catalog.documents()} == {str(path) for path in self.held}

    @invariant()
    def what_is_stored_is_found(self) -> None:
        for path, words in self.held.items():
            for word in words:
                (found,) = self.store.catalog.match([f"{word}{path.stem}"], 5)
                assert f"{word}{path.stem}" in self.store.catalog.chunks([found])[found].text
        count = sum(map(len, self.held.values()))
        assert len(self.store.vectors.nearest(EMBEDDER.embed_query("page"), 50)) == count


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
