"""A store of another embedder is made anew from its stored text: all at once for who asks, bit by bit on the disk."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from placekit import SETTINGS, Place
from storekit import WordEmbedder, assert_in_step, chunker_of, identity_of

from ragapp.contract import IngestProgress
from ragapp.errors import CancelledError, IdentityError, StoreError
from ragapp.index import rebuilds
from ragapp.index.store import Store
from ragapp.ingest import rebuild
from ragapp.ingest.pipeline import Pipeline

TEXTS = {f"{n}.txt": f"This is file number {n}. Its word is uniq{n}." for n in range(1, 7)}


class CountingEmbedder(WordEmbedder):
    """Counts the calls of the model."""

    calls = 0

    def embed_documents(self, texts, progress=None):
        self.calls += 1
        return super().embed_documents(texts, progress)


def filled(root: Path, embedder: str = "one", texts: dict[str, str] = TEXTS) -> None:
    """A store made by an embedder; the files are gone afterwards."""
    place = Place(root, WordEmbedder(embedder))
    for name, text in texts.items():
        place.write(name, text)
    place.run()
    place.store.close()
    shutil.rmtree(place.docs)


def stop_at(count: int, how: type[BaseException] = KeyboardInterrupt):
    """A listener that ends a rebuild when so many documents are done."""

    def listen(at: IngestProgress) -> None:
        if at.files_done >= count:
            raise how

    return listen


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    monkeypatch.setattr("ragapp.ingest.rebuild.WINDOW", 2)
    monkeypatch.setattr("ragapp.ingest.stages.WINDOW", 2)


def test_another_embedder_is_refused_until_rebuilt_from_stored_text(tmp_path: Path) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two", dimension=24))
    place.write("7.txt", "A new one.")
    refused = r"The 6 documents in .*data \(6 chunks\) were stored with the embedder one, but settings say two"
    for use in (place.run, lambda: place.search("uniq3")):
        with pytest.raises(IdentityError, match=refused) as caught:
            use()
        assert "ragapp doctor --fix" in caught.value.hint
        assert "set embedding.model to one" in caught.value.hint
    before = place.rows()
    assert place.embedder.embedded == []
    told: list[IngestProgress] = []
    assert place.pipeline.rebuild(told.append) == 6
    assert (told[-1].files_done, told[-1].files, told[-1].chunks) == (6, 6, 6)
    assert [at.files_done for at in told] == sorted(at.files_done for at in told)
    assert_in_step(place.store)
    assert place.search("uniq3") == TEXTS["3.txt"]
    # nothing but the vectors has changed, and the day it was read is still that
    identity_id = place.store.identity_id
    assert [replace(row, identity_id=0) for row, _ in place.rows()] == [
        replace(row, identity_id=0) for row, _ in before
    ]
    assert {row.identity_id for row, _ in place.rows()} == {identity_id}
    assert place.pipeline.rebuild() == 0
    place.store.close()


@pytest.mark.parametrize("how", ["Ctrl-C", "cancel"])
def test_one_that_was_stopped_leaves_the_store_as_it_was_and_goes_on(tmp_path: Path, how: str) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two"))
    done: list[int] = []
    stopping = {"Ctrl-C": (stop_at(4),), "cancel": (lambda at: done.append(at.files_done), lambda: done[-1:] == [4])}
    with pytest.raises(CancelledError, match="4 of 6 documents are rebuilt"):
        place.pipeline.rebuild(*stopping[how])
    with pytest.raises(IdentityError, match=r"The 6 documents .* 4 of them are rebuilt already"):
        place.search("uniq3")
    place.store.close()
    # with the embedder of before it is as it was
    old = Place(tmp_path, WordEmbedder("one"))
    assert old.search("uniq3") == TEXTS["3.txt"]
    assert old.embedder.embedded == []
    assert_in_step(old.store)
    old.store.close()
    place = Place(tmp_path, WordEmbedder("two"))
    told: list[IngestProgress] = []
    assert place.pipeline.rebuild(told.append) == 6
    assert (told[0].files_done, told[0].files) == (4, 6)
    assert {text for text in place.embedder.embedded if "number" in text} == {TEXTS["5.txt"], TEXTS["6.txt"]}
    assert place.search("uniq3") == TEXTS["3.txt"]
    assert_in_step(place.store)
    place.store.close()


def test_what_changes_while_a_rebuild_is_half_done_is_not_overwritten(tmp_path: Path) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two"))
    with pytest.raises(CancelledError):
        place.pipeline.rebuild(stop_at(4))
    place.store.close()
    old = Place(tmp_path, WordEmbedder("one"))
    for name, text in TEXTS.items():
        old.write(name, text)
    old.write("1.txt", "Another text, of quite another length.")
    (old.docs / "2.txt").rename(old.docs / "renamed.txt")
    shutil.copy(old.docs / "3.txt", old.docs / "copy.txt")
    (old.docs / "4.txt").unlink()
    old.run()
    old.store.close()
    place = Place(tmp_path, WordEmbedder("two"))
    assert place.pipeline.rebuild() == 6
    assert_in_step(place.store)
    assert place.search("another length") == "Another text, of quite another length."
    assert place.search("renamed") == TEXTS["2.txt"]
    assert {Path(path).name for path in place.stored()} == {
        "1.txt", "renamed.txt", "3.txt", "copy.txt", "5.txt", "6.txt",
    }  # fmt: skip
    assert place.store.catalog.rows("SELECT COUNT(*) FROM prepared_chunks") == [(0,)]
    place.store.close()


def test_what_was_prepared_of_a_removed_document_goes_with_it_by_bytes(tmp_path: Path) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two"))
    with pytest.raises(CancelledError):
        place.pipeline.rebuild(stop_at(4))
    (prepared,) = place.store.catalog.rows("SELECT vector, text FROM prepared_chunks WHERE text LIKE '%uniq1.'")
    place.store.close()
    with Store(tmp_path / "data", write=True) as store:
        (row,) = (row for row in store.catalog.documents() if row.name == "1.txt")
        store.remove(row.id)
        store.purge()
    left = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert prepared[0] not in left
    assert b"uniq1." not in left
    assert b"uniq2." in left
    place = Place(tmp_path, WordEmbedder("two"))
    assert place.pipeline.rebuild() == 5
    assert_in_step(place.store)
    place.store.close()


def test_going_back_to_an_earlier_embedder_finds_the_documents(tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        place = Place(tmp_path, WordEmbedder(name))
        place.write("a.txt", "The printer is on the first floor.")
        place.pipeline.rebuild()
        place.run()
        assert_in_step(place.store)
        assert place.search("printer floor") == "The printer is on the first floor."
        place.store.close()


def test_going_on_with_a_third_embedder_drops_what_was_prepared_for_the_second(tmp_path: Path) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two"))
    with pytest.raises(CancelledError):
        place.pipeline.rebuild(stop_at(4))
    place.store.close()
    place = Place(tmp_path, WordEmbedder("three"))
    assert place.pipeline.rebuild() == 6
    texts = [text for text in place.embedder.embedded if "number" in text]
    assert sorted(texts) == sorted(TEXTS.values())
    assert place.search("uniq3") == TEXTS["3.txt"]
    place.store.close()


def test_a_store_that_an_earlier_version_left_mixed_is_made_whole(tmp_path: Path) -> None:
    """Before, a rebuild that was stopped left some documents with the new identity."""
    filled(tmp_path, "one", {name: TEXTS[name] for name in ("1.txt", "2.txt")})
    data = tmp_path / "data"
    with Store(data, identity_of(WordEmbedder("two")), write=True) as store:
        other = store.catalog.identity_id(store.identity)
        with store.catalog.transaction() as connection:
            connection.execute("UPDATE documents SET identity_id = ? WHERE name = '1.txt'", (other,))
    for name in ("one", "two"):
        place = Place(tmp_path, WordEmbedder(name))
        with pytest.raises(IdentityError, match=r"A document in .* was stored with the embedder"):
            place.search("uniq1")
        place.store.close()
    place = Place(tmp_path, WordEmbedder("one"))
    assert place.pipeline.rebuild() == 1
    assert place.search("uniq1") == TEXTS["1.txt"]
    assert_in_step(place.store)
    place.store.close()


def test_another_size_of_chunks_embeds_only_chunks_that_are_new(tmp_path: Path) -> None:
    long = " ".join(f"The word of sentence {n} is long{n}." for n in range(20))
    filled(tmp_path, "one", {**TEXTS, "long.txt": long})
    embedder = WordEmbedder("one")
    with Store(tmp_path / "data", identity_of(embedder, 64, 8), write=True) as store:
        pipeline = Pipeline(store, embedder, chunker_of(embedder, 64, 8), SETTINGS)
        assert pipeline.rebuild() == 7
        assert not set(TEXTS.values()) & set(embedder.embedded)
        assert any("long19" in text for text in embedder.embedded)
        assert_in_step(store)
        assert len({row.identity_id for row in store.catalog.documents()}) == 1


def test_another_version_of_the_chunker_embeds_all_anew(tmp_path: Path, monkeypatch) -> None:
    """What is embedded of a chunk may have changed with it."""
    filled(tmp_path)
    monkeypatch.setattr("ragapp.ingest.chunking.CHUNKER_VERSION", 99)
    place = Place(tmp_path, WordEmbedder("one"))
    with pytest.raises(IdentityError, match=r"in chunks of version .* but this ragapp makes version 99"):
        place.run()
    assert place.pipeline.rebuild() == 6
    assert set(TEXTS.values()) <= set(place.embedder.embedded)
    place.store.close()


def test_short_documents_are_embedded_together(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("ragapp.ingest.rebuild.WINDOW", 128)
    monkeypatch.setattr("ragapp.ingest.stages.WINDOW", 128)
    filled(tmp_path, "one", {f"{n}.txt": f"Only word{n}." for n in range(200)})
    place = Place(tmp_path, CountingEmbedder("two"))
    assert place.pipeline.rebuild() == 200
    assert place.embedder.calls == 2
    place.store.close()


def test_a_large_document_is_kept_part_by_part(tmp_path: Path) -> None:
    filled(tmp_path, "one", {"large.txt": "\n\n".join(f"Paragraph {n} of the report. " * 9 for n in range(40))})
    embedded: list[int] = []

    def stop(at: IngestProgress) -> None:
        embedded.append(at.chunks)
        if at.chunks >= 20:
            raise KeyboardInterrupt

    place = Place(tmp_path, WordEmbedder("two"))
    with pytest.raises(CancelledError, match="0 of 1 documents"):
        place.pipeline.rebuild(stop)
    place.store.close()
    place = Place(tmp_path, WordEmbedder("two"))
    first = set(embedded)
    told: list[IngestProgress] = []
    assert place.pipeline.rebuild(told.append) == 1
    (chunks,) = [row.chunks for row in place.store.catalog.documents()]
    assert chunks > 2 * rebuild._MANY_WINDOWS
    assert told[-1].chunks == chunks - (max(first) - 2)  # of the window in which it was stopped nothing is kept
    assert_in_step(place.store)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    filled(undisturbed, "two", {"large.txt": "\n\n".join(f"Paragraph {n} of the report. " * 9 for n in range(40))})
    with Store(undisturbed / "data") as store:
        assert np.array_equal(store.catalog.vectors()[1], place.store.catalog.vectors()[1])
    place.store.close()


def test_documents_without_text_are_rebuilt_too(tmp_path: Path) -> None:
    filled(tmp_path, "one", {"blank.txt": "\n \n", "a.txt": "A text."})
    place = Place(tmp_path, WordEmbedder("two"))
    assert place.pipeline.rebuild() == 2
    assert place.search("text") == "A text."
    place.store.close()


def test_a_disk_that_fills_up_is_told_and_the_store_stays_as_it_was(tmp_path: Path) -> None:
    filled(tmp_path, "one", {f"{n}.txt": " ".join(f"w{n}x{m}" for m in range(3000)) for n in range(4)})
    place = Place(tmp_path, WordEmbedder("two"))
    catalog = place.store.catalog
    (pages,) = catalog.rows("PRAGMA page_count")[0]
    catalog.rows(f"PRAGMA max_page_count = {pages + 60}")
    with pytest.raises(StoreError, match="could not be written: database or disk is full") as caught:
        place.pipeline.rebuild()
    assert "free space" in caught.value.hint
    assert "doctor --fix goes on" in caught.value.hint
    place.store.close()
    old = Place(tmp_path, WordEmbedder("one"))
    assert "w2x7" in old.search("w2x7")
    assert_in_step(old.store)
    old.store.close()
    place = Place(tmp_path, WordEmbedder("two"))
    assert place.pipeline.rebuild() == 4
    assert_in_step(place.store)
    place.store.close()


def test_the_room_of_the_old_vectors_is_given_back(tmp_path: Path) -> None:
    filled(tmp_path, "one", {f"{n}.txt": " ".join(f"w{n}x{m}" for m in range(3000)) for n in range(4)})
    file = tmp_path / "data" / "catalog.sqlite3"
    before = file.stat().st_size
    place = Place(tmp_path, WordEmbedder("two"))
    place.pipeline.rebuild()
    assert "w2x7" in place.search("w2x7")
    place.store.close()
    assert file.stat().st_size < 1.1 * before
    with sqlite3.connect(tmp_path / "data" / "chroma" / "chroma.sqlite3") as chroma:
        assert chroma.execute("SELECT COUNT(*) FROM collections").fetchone() == (1,)


def test_how_long_it_takes_is_measured_and_told(tmp_path: Path) -> None:
    filled(tmp_path)
    place = Place(tmp_path, WordEmbedder("two"))
    identity = place.store.identity
    assert rebuilds.rebuild_need(place.store.catalog, identity) == rebuilds.RebuildNeed(6, 6, 0, 6)
    place.pipeline.measure_rebuild()
    need = rebuilds.rebuild_need(place.store.catalog, identity)
    assert need.seconds is not None
    rebuilds.remember_pace(place.store.catalog, identity, 120.0)
    with pytest.raises(IdentityError, match=r"doctor --fix \(about 12 min; it can be stopped, and goes on\)"):
        place.search("uniq3")
    # of another embedder nothing is known
    with Store(tmp_path / "data", identity_of(WordEmbedder("three"))) as store:
        assert rebuilds.rebuild_need(store.catalog, store.identity).seconds is None
    with pytest.raises(CancelledError):
        place.pipeline.rebuild(stop_at(4))
    need = rebuilds.rebuild_need(place.store.catalog, identity)
    assert (need.documents, need.prepared, need.chunks_left) == (6, 4, 2)
    assert need.seconds < 100  # by the speed that it really had
    place.store.close()
