"""What lies on the disk: for its owner alone, and gone when it is to be gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp import file_permissions
from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.records import UnreadRow
from ragapp.index.store import CHROMA_NAME, Store
from ragapp.ingest.watch import delete_partial_uploads
from ragapp.maintenance.erase import erase
from ragapp.web.uploads import store_upload

EMBEDDER = WordEmbedder()
IDENTITY = identity_of(EMBEDDER)
# words that no stemmer changes, no other text holds, and no name of a file
CANARY, HEADING = "qzxvkw", "jqxzvb"
FORMS = [word.encode(code) for word in (CANARY, HEADING) for code in ("utf-8", "utf-16-le")]


def modes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.rglob("*")]
    }


def files_with(folder: Path, *traces: bytes) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and any(trace in path.read_bytes() for trace in traces)
    }


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "data", IDENTITY, write=True) as store:
        for number in range(40):
            put_text(store, EMBEDDER, Path(f"/docs/{number}.txt"), f"Sentence {number} of the {number}th document.")
        put_text(store, EMBEDDER, Path(f"/docs/{HEADING}.txt"), f"The code word is {CANARY}.", f"Again {CANARY}.")
        store.settle()
        yield store


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_store_is_for_its_owner_alone(tmp_path, umask):
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "store.owner").write_text("of an earlier ragapp")
    (data / "store.owner").chmod(0o644)
    before = os.umask(umask)
    try:
        with Store(data, IDENTITY, write=True) as store:
            put_text(store, EMBEDDER, Path("/docs/a.txt"), "Apples are red.")
            store.settle()
            while_open = modes(data)
        closed = modes(data)
    finally:
        os.umask(before)
    assert {"catalog.sqlite3", "catalog.sqlite3-wal", "chroma/chroma.sqlite3", "store.lock"} <= set(while_open)
    for seen in (while_open, closed):
        wrong = {name: oct(mode) for name, mode in seen.items() if mode & 0o077}
        assert wrong == {}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_not_ragapps_own_is_left_alone(tmp_path):
    data = tmp_path / "home"
    (data / "bin").mkdir(parents=True)
    (data / "bin" / "tool").write_text("#!/bin/sh")
    (data / "notes.txt").write_text("mine")
    for path, mode in (("", 0o755), ("bin", 0o755), ("bin/tool", 0o755), ("notes.txt", 0o644)):
        (data / path).chmod(mode)
    with Store(data, IDENTITY, write=True) as store:
        put_text(store, EMBEDDER, Path("/docs/a.txt"), "Apples are red.")
        store.settle()
    seen = modes(data)
    assert [seen[name] for name in (".", "bin", "bin/tool", "notes.txt")] == [0o755, 0o755, 0o755, 0o644]
    assert [seen[name] for name in ("chroma", "catalog.sqlite3", "store.lock")] == [0o700, 0o600, 0o600]


def test_a_catalog_in_memory_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    Catalog(Path(":memory:")).close()
    assert modes(tmp_path) == {".": 0o755}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_small_file_is_never_open_to_others(tmp_path):
    path = tmp_path / "server.json"
    (tmp_path / "server.json.partial").write_text("left by a crash")
    (tmp_path / "server.json.partial").chmod(0o666)
    before = os.umask(0)
    try:
        file_permissions.write_atomically(path, "{}")
    finally:
        os.umask(before)
    assert modes(tmp_path)["server.json"] == 0o600
    assert path.read_text() == "{}"
    assert sorted(modes(tmp_path)) == [".", "server.json"]


def test_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("another's")
    outside.chmod(0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(outside)
    file_permissions.restrict(tmp_path / "data")
    assert modes(tmp_path)["outside"] == 0o644


def test_purging_leaves_no_byte(store):
    data = store.folder
    document = next(row for row in store.catalog.documents() if HEADING in row.path)
    vectors = store.catalog.vectors(store.catalog.chunk_ids([document.id]))[1]
    traces = [*FORMS, *(v.astype(kind).tobytes() for v in vectors for kind in (np.float16, np.float32))]
    # some builds of SQLite overwrite what is deleted, most do not
    store.catalog._connection.execute("PRAGMA secure_delete = OFF")
    store.remove(document.id)
    store.settle()
    left = files_with(data, *traces)
    assert {"catalog.sqlite3", "catalog.sqlite3-wal"} & left, "the search must find what is only marked as deleted"
    assert any(name.startswith("chroma/") for name in left)
    store.purge()
    assert files_with(data, *traces) == set()
    assert len(store.catalog.documents()) == 40
    assert store.catalog.match(["sentenc"], 50).keys() == set(store.catalog.chunk_ids())
    assert len(store.vectors.nearest(EMBEDDER.embed_query("Sentence"), 50)) == 40
    store.close()
    assert files_with(data, *traces) == set()


def test_what_was_removed_earlier_goes_too(store):
    document = next(row for row in store.catalog.documents() if HEADING in row.path)
    put_text(store, EMBEDDER, Path(f"/docs/{HEADING}.txt"), "Another text under the same name.")
    store.settle()
    folder = store.folder
    store.close()
    assert files_with(folder, CANARY.encode())
    with Store(folder, write=True) as later:
        later.remove(next(row.id for row in later.catalog.documents() if HEADING in row.path))
        later.purge()
    assert document.path.endswith(f"{HEADING}.txt")
    assert files_with(folder, *FORMS) == set()


def test_purging_tells_that_a_reader_keeps_the_past(store):
    store.remove(next(row.id for row in store.catalog.documents() if HEADING in row.path))
    with contextlib.closing(sqlite3.connect(store.folder / "catalog.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM documents").fetchone()
        store.catalog._connection.execute("PRAGMA busy_timeout = 100")
        with pytest.raises(StoreError, match="another ragapp process reads the store"):
            store.purge()
    store.purge()
    assert files_with(store.folder, *FORMS) == set()


def test_purging_needs_the_store(store):
    with Store(store.folder) as reader, pytest.raises(StoreError, match="not open for writing"):
        reader.purge()
    assert (store.folder / CHROMA_NAME).is_dir()


def test_erasing_takes_what_uploads_have_left_and_names_of_files_that_are_gone(store, tmp_path):
    drop, uploads = tmp_path / "drop", store.folder / "uploads"
    for left in (drop / ".ragapp-upload-1f.part", drop / "sub" / ".ragapp-upload-2f.pdf", uploads / "x" / "a.pdf"):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text(CANARY)
    (drop / "own.part").write_text("the person's own")
    (drop / ".hidden.part").write_text("also the person's own")
    (drop / "here.txt").write_text("here")
    for path in (drop / f"{HEADING}.txt", drop / "here.txt", tmp_path / "unplugged" / "far.txt"):
        store.catalog.put_unread(UnreadRow(str(path), "skipped", "removed by hand"))
    store.remove(next(row.id for row in store.catalog.documents() if HEADING in row.path))
    assert erase(store, drop) == 0
    assert files_with(tmp_path, *FORMS) == set()
    assert sorted(path.name for path in drop.iterdir()) == [".hidden.part", "here.txt", "own.part", "sub"]
    assert [Path(file.path).name for file in store.catalog.unread()] == ["here.txt", "far.txt"]


def test_an_upload_that_lost_its_power_is_not_taken_in_and_is_known_again(tmp_path):
    from ragapp.reading.discover import discover

    async def broken():
        yield CANARY.encode()
        raise KeyboardInterrupt

    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: kept.append(path))  # no time is left for it
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(store_upload("a.txt", broken(), tmp_path, 1000))
    assert files_with(tmp_path, CANARY.encode()) == {path.name for path in kept}
    assert discover([tmp_path]) == []
    assert delete_partial_uploads(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not tell what is open")
def test_what_is_sorted_on_disk_is_sorted_beside_the_catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir()
    catalog = Catalog(tmp_path / "data" / "catalog.sqlite3")
    with catalog.transaction() as connection:
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute(
            "CREATE TEMP TABLE sorted AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < 300000) SELECT i, hex(randomblob(40)) AS t FROM n ORDER BY t"
        )
        names = [
            os.readlink(f"/proc/self/fd/{number}")
            for number in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{number}")
        ]
    catalog.close()
    written = [name for name in names if "etilqs" in name]
    assert written, "the search must find what is written"
    assert all(name.startswith(str(tmp_path / "data")) for name in written)
