"""A backup written and restored: whole or not there, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from backupkit import DOCS, EMBEDDER, IDENTITY, backup, contents, keep_talk, make_store, tree
from storekit import assert_in_step, put_text

from ragapp.backup import making, snapshot
from ragapp.backup.archive import CATALOG_MEMBER, ArchiveWriter, Manifest, open_archive
from ragapp.backup.places import Move
from ragapp.backup.restoring import read_summary, restore_backup
from ragapp.backup.snapshot import DamagedError
from ragapp.errors import EmptyStoreError, PathError, StoreError
from ragapp.index import lexical_rebuild
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import Conversations
from ragapp.index.migrations import MIGRATIONS, _statements
from ragapp.index.replacement import STAGE_NAME, asides
from ragapp.index.store import CATALOG_NAME, LIBRARY_ID, SERVERS, Store
from ragapp.ingest.drives import note_arrived
from ragapp.ingest.plan import make_plan
from ragapp.maintenance.erase import erase
from ragapp.reading.discover import FoundFile

TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store and a backup of it, with conversations; neither is changed."""
    home = tmp_path_factory.mktemp("made")
    make_store(home / "data", "apple", talk="what of the apple")
    summary = backup(home / "data", home / "apple.zip", conversations=True)
    return home, summary


@pytest.fixture
def archive(made) -> Path:
    return made[0] / "apple.zip"


def test_what_is_restored_is_what_was_there(made, archive, tmp_path):
    before = contents(made[0] / "data")
    embedded = len(EMBEDDER.embedded)
    report = restore_backup(archive, tmp_path / "elsewhere")
    assert contents(tmp_path / "elsewhere") == before
    assert len(EMBEDDER.embedded) == embedded
    with Store(tmp_path / "elsewhere", IDENTITY, write=True) as store:
        assert_in_step(store)
        (talk,) = Conversations(store.catalog).list()
        assert [turn.question for turn in Conversations(store.catalog).turns(talk.id)] == ["what of the apple"]
    assert (report.backup.documents, report.backup.chunks, report.backup.conversations) == (6, 12, 1)
    assert report.without_file == {str(DOCS): 6}
    assert not report.put_aside


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_it_is_for_its_owner_alone(made, archive, tmp_path):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    umask = os.umask(0)
    try:
        restore_backup(archive, tmp_path / "data")
    finally:
        os.umask(umask)
    wrong = [path for path in (tmp_path / "data").rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not wrong


def test_any_program_can_open_it_and_the_manifest_tells_all(made, archive):
    with zipfile.ZipFile(archive) as members:
        assert members.testzip() is None
        manifest = json.loads(members.read("manifest.json"))
        assert {one["name"] for one in manifest["members"]} | {"manifest.json"} == set(members.namelist())
    assert manifest["schemas"] == {CATALOG_MEMBER: len(MIGRATIONS)}
    assert manifest["embedders"][0]["weights_sha256"] == EMBEDDER.weights_sha256
    assert (manifest["documents"], manifest["folders"]) == (6, [str(DOCS)])
    assert read_summary(archive) == made[1]


def test_what_was_removed_and_what_is_not_wanted_is_not_in_it(tmp_path):
    data = tmp_path / "data"
    make_store(data, "pear", documents=30, talk="qzxvkw")
    with Store(data, IDENTITY, write=True) as store:
        gone = put_text(store, EMBEDDER, DOCS / "jqxzvb.txt", "jqxzvb " * 300)
        store.remove(gone)
        store.settle()
    live = (data / CATALOG_NAME).read_bytes()
    assert b"jqxzvb" in live
    assert b"qzxvkw" in live
    summary = backup(data, tmp_path / "out.zip")
    with open_archive(tmp_path / "out.zip") as opened:
        opened.extract(CATALOG_MEMBER, tmp_path / "catalog")
    taken = (tmp_path / "catalog").read_bytes()
    assert b"pear" in taken
    assert b"jqxzvb" not in taken
    assert b"qzxvkw" not in taken
    assert summary.conversations is None


def test_what_is_there_is_not_overwritten_unasked(made, archive, tmp_path):
    out = tmp_path / "out.zip"
    out.write_bytes(b"mine")
    with pytest.raises(PathError, match="is there already"):
        backup(made[0] / "data", out)
    assert out.read_bytes() == b"mine"
    with pytest.raises(PathError, match="is a folder"):
        backup(made[0] / "data", tmp_path)
    backup(made[0] / "data", out, force=True)
    assert read_summary(out).documents == 6
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_an_empty_folder_is_no_store(tmp_path):
    with pytest.raises(EmptyStoreError):
        backup(tmp_path / "data", tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["copying", "packing"])
def test_a_full_disk_leaves_nothing_and_says_so(made, tmp_path, monkeypatch, where):
    if where == "copying":

        def full(source, target, listen):
            with closing(sqlite3.connect(target, isolation_level=None)) as connection:
                connection.execute("PRAGMA max_page_count = 2")
                connection.execute("CREATE TABLE t (a)")
                connection.execute("INSERT INTO t VALUES (zeroblob(100000))")

        monkeypatch.setattr(snapshot, "copy_catalog", full)
    else:
        monkeypatch.setattr(ArchiveWriter, "add", lambda *given: (_ for _ in ()).throw(OSError(28, "no space left")))
    with pytest.raises(PathError, match=r"the disk is full .* Nothing was left"):
        backup(made[0] / "data", tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_do_not_share_a_place(made, tmp_path):
    out = tmp_path / "out.zip"
    with making._work_folder(out), pytest.raises(StoreError, match="Another process is writing"):
        backup(made[0] / "data", out)
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from backupkit import EMBEDDER, IDENTITY
from storekit import put_text
from ragapp.index.store import Store
with Store(Path(sys.argv[1]), IDENTITY, write=True) as store:
    for n in range(100_000):
        if n % 20 == 10:
            print(n, flush=True)
        put_text(store, EMBEDDER, Path(f"/written/{n % 150}.txt"), *[f"Page {p} of version {n}." for p in range(4)])
"""


def test_it_is_of_one_moment_while_another_process_writes(tmp_path):
    data = tmp_path / "data"
    make_store(data, "plum", documents=60)
    path = os.pathsep.join([str(TESTS), str(TESTS / "backup"), str(TESTS.parent)])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(data)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        counts = []
        for n in range(3):
            assert int(writer.stdout.readline()) >= 10
            counts.append(backup(data, tmp_path / f"{n}.zip").documents)
    finally:
        writer.kill()
        writer.wait()
    assert counts == sorted(counts)
    assert counts[-1] > 60
    restore_backup(tmp_path / "2.zip", tmp_path / "restored")
    with Store(tmp_path / "restored", IDENTITY, write=True) as store:
        assert_in_step(store)
        for row in store.catalog.documents():
            texts = [text for _, text in store.catalog.units(row.id)]
            assert len(texts) == row.units
            if row.path.startswith("/written"):  # all pages are of one version
                assert len({text.rpartition(" ")[2] for text in texts}) == 1
    with Store(data, IDENTITY, write=True) as store:  # and the store itself was not harmed
        assert_in_step(store)


def test_a_changed_byte_is_found_wherever_it_is(archive, tmp_path):
    whole = archive.read_bytes()
    places = [*range(0, 64, 7), *range(64, len(whole), len(whole) // 60), *range(len(whole) - 140, len(whole), 5)]
    bad = tmp_path / "bad.zip"
    for place in places:
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        with pytest.raises((StoreError, PathError), match=r"is damaged|is no backup"):
            restore_backup(bad, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_cut_file_is_found_and_nothing_is_touched(archive, tmp_path):
    whole = archive.read_bytes()
    make_store(tmp_path / "data", "kept")
    before = tree(tmp_path / "data")
    bad = tmp_path / "bad.zip"
    for length in (*range(0, len(whole), len(whole) // 25), len(whole) - 1):
        bad.write_bytes(whole[:length])
        with pytest.raises((StoreError, PathError), match=r"is damaged|is no backup"):
            restore_backup(bad, tmp_path / "data", force=True)
    assert tree(tmp_path / "data") == before


@pytest.mark.parametrize("name", ["text.txt", "other.zip", "folder", "missing.zip"])
def test_another_file_is_no_backup(tmp_path, name):
    (tmp_path / "text.txt").write_text("no zip at all, but longer than any seal could be " * 3)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("letter.txt", "a letter")
    (tmp_path / "folder").mkdir()
    with pytest.raises(PathError, match=r"is no backup of ragapp|cannot be read"):
        restore_backup(tmp_path / name, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def sealed(path: Path, catalog: Path, **changes: object) -> Path:
    """A backup file with any catalog and manifest in it, and the right checksum."""
    writer = ArchiveWriter(path)
    member = writer.add(CATALOG_MEMBER, catalog)
    values = {
        **{"made_at": "2026-01-01", "version": "0", "schemas": {CATALOG_MEMBER: len(MIGRATIONS)}, "embedders": ()},
        **{"documents": 0, "chunks": 0, "conversations": None, "drop_folder": "", "folders": (), "members": (member,)},
    }
    writer.finish(Manifest(**{**values, **changes}))
    return path


def test_a_later_schema_is_refused_in_plain_words(made, tmp_path):
    newer = tmp_path / "newer"
    shutil.copytree(made[0] / "data", newer)
    with closing(sqlite3.connect(newer / CATALOG_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StoreError, match=r"has schema \d+; this ragapp knows"):
        backup(newer, tmp_path / "out.zip")
    told = {CATALOG_MEMBER: len(MIGRATIONS) + 1}
    for n, schemas in enumerate([told, {CATALOG_MEMBER: 1}]):  # by the manifest; and by the catalog where that lies
        file = sealed(tmp_path / f"{n}.zip", newer / CATALOG_NAME, schemas=schemas)
        with pytest.raises(StoreError, match=r"has schema \d+; this ragapp knows") as refused:
            restore_backup(file, tmp_path / "data")
        assert "Install the newer ragapp." in str(refused.value)
    assert not (tmp_path / "data" / CATALOG_NAME).exists()


@pytest.mark.parametrize("harm", ["text", "empty", "other tables", "trigger"])
def test_a_catalog_that_is_none_is_refused(made, tmp_path, harm):
    catalog = tmp_path / "catalog"
    if harm == "text":
        catalog.write_text("no database " * 1000)
    elif harm == "empty":
        catalog.write_bytes(b"")
    else:
        shutil.copy(made[0] / "data" / CATALOG_NAME, catalog)
        with closing(sqlite3.connect(catalog)) as connection:
            if harm == "trigger":
                connection.execute("CREATE TRIGGER t AFTER INSERT ON state BEGIN DELETE FROM documents; END")
            else:
                connection.execute("DROP TABLE units")
    file = sealed(tmp_path / "strange.zip", catalog)
    make_store(tmp_path / "data", "kept")
    before = contents(tmp_path / "data")
    with pytest.raises(StoreError, match="Nothing was changed"):
        restore_backup(file, tmp_path / "data", force=True)
    assert contents(tmp_path / "data") == before
    assert not (tmp_path / "data" / STAGE_NAME).exists()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_store_of_an_earlier_schema_goes_through_the_migrations(tmp_path, version):
    data = tmp_path / "data"
    data.mkdir()
    with closing(sqlite3.connect(data / CATALOG_NAME)) as connection:
        for script in MIGRATIONS[:version]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        identity = (IDENTITY.embedder, IDENTITY.dimension, 1, IDENTITY.weights_sha256, IDENTITY.chunker)
        connection.execute("INSERT INTO identities VALUES (1, ?, ?, ?, ?, ?)", identity)
        connection.execute(
            "INSERT INTO documents (identity_id, path, name, title, language, size, mtime_ns, sha256, warnings,"
            " ingested_at) VALUES (1, '/old/a.txt', 'a.txt', 'a', 'en', 5, 1, 'hash', '[]', '2024-01-01')"
        )
        connection.execute(
            "INSERT INTO units (document_id, number, kind, label, text, blocks)"
            " VALUES (1, 1, 'page', '', 'An old sentence.', '[[\"text\", 0, 16, []]]')"
        )
        vector = EMBEDDER.embed_documents(["An old sentence."]).astype("float16").tobytes()
        connection.execute(
            'INSERT INTO chunks (document_id, unit, headings, text, start, "end", vector)'
            " VALUES (1, 1, '[]', 'An old sentence.', 0, 16, ?)",
            (vector,),
        )
        if version >= 2:
            connection.execute("UPDATE documents SET units = 1, chunks = 1")
        connection.commit()
    assert backup(data, tmp_path / "old.zip", conversations=True).schema == version
    with closing(sqlite3.connect(data / CATALOG_NAME)) as connection:  # which is not brought up to date by it
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    restore_backup(tmp_path / "old.zip", tmp_path / "new")
    with Store(tmp_path / "new", IDENTITY, write=True) as store:
        assert store.catalog.rows("PRAGMA user_version") == [(len(MIGRATIONS),)]
        (row,) = store.catalog.documents()
        assert (row.path, row.chunks, store.catalog.unit_text(1, 1)) == ("/old/a.txt", 1, "An old sentence.")
        assert len(store.nearest(EMBEDDER.embed_query("sentence"), 3)) == 1


def test_a_store_in_use_is_refused(archive, tmp_path):
    data = tmp_path / "data"
    make_store(data, "pear")
    before = contents(data)
    with Store(data, IDENTITY, write=True), pytest.raises(StoreError, match="is using the store"):
        restore_backup(archive, data, force=True)
    with closing(Catalog(data / CATALOG_NAME)) as reading:
        reading.documents()
        with pytest.raises(StoreError, match="Another ragapp process reads the store"):
            restore_backup(archive, data, force=True)
    assert contents(data) == before
    assert not asides(data)


def test_a_store_that_is_there_is_kept_beside_and_can_be_used(made, archive, tmp_path):
    data = tmp_path / "data"
    make_store(data, "pear", documents=9, talk="what of the pear")
    (data / "tokens.json").write_text('{"tokens": []}')
    pears, apples = contents(data), contents(made[0] / "data")
    with pytest.raises(StoreError, match="9 documents and 1 conversation"):
        restore_backup(archive, data)
    assert contents(data) == pears
    report = restore_backup(archive, data, force=True)
    assert contents(data) == apples
    assert contents(Path(report.put_aside)) == pears
    assert (data / "tokens.json").exists()
    with Store(data, IDENTITY, write=True) as store:
        store.remove(1)
        erase(store, tmp_path / "ingest")
    assert not asides(data)  # or what was removed could be read there


def test_a_damaged_store_gives_way(made, archive, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / CATALOG_NAME).write_bytes(b"no database " * 999)
    with pytest.raises(StoreError, match="There is a damaged store"):
        restore_backup(archive, data)
    report = restore_backup(archive, data, force=True)
    assert contents(data) == contents(made[0] / "data")
    assert (asides(data)[0] / CATALOG_NAME).read_bytes() == b"no database " * 999
    assert report.put_aside == str(asides(data)[0])


def test_a_small_disk_is_told_beforehand(archive, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(PathError, match=r"are needed in .*, and 1\.0 kB are free"):
        restore_backup(archive, tmp_path / "data")


@pytest.fixture
def harmed(tmp_path):
    """A store in which the texts of some documents cannot be read."""
    data = tmp_path / "harmed"
    with Store(data, IDENTITY, write=True) as store:
        for n in range(40):
            put_text(store, EMBEDDER, DOCS / f"{n}.txt", f"Document {n} says {'so ' * 900}", f"And {n} more.")
        store.settle()
        store.catalog.labels.tag([1, 2], ["kept"])
        store.catalog.labels.add_to_collection("First", ["0.txt"])
        keep_talk(store, "what is left")
    with closing(sqlite3.connect(data / CATALOG_NAME)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    whole = (data / CATALOG_NAME).read_bytes()
    page = whole.index(b"Document 17 says") // 4096  # of the table of pages of text
    with (data / CATALOG_NAME).open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    return data


def test_a_damaged_store_is_told_with_what_can_be_saved(harmed, tmp_path):
    with pytest.raises(DamagedError, match=r"is damaged: .*No backup was written") as told:
        backup(harmed, tmp_path / "out.zip")
    assert "of 40 documents in it can be read; these cannot: " in str(told.value)
    assert f"{DOCS}/17.txt" in str(told.value)
    assert "--salvage" in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["harmed"]


def test_a_catalog_that_is_no_database_is_damaged_and_one_that_is_locked_is_not(tmp_path):
    (tmp_path / CATALOG_NAME).write_bytes(b"no database " * 999)
    with pytest.raises(DamagedError, match="Not even its list of documents can be read"):
        backup(tmp_path, tmp_path / "out.zip")
    with pytest.raises(StoreError, match="Nothing can be saved of"):
        backup(tmp_path, tmp_path / "out.zip", salvage=True)
    found = {}
    for name in ("full", "locked"):
        with closing(sqlite3.connect(tmp_path / "x", isolation_level=None, timeout=0)) as one:
            one.execute("CREATE TABLE IF NOT EXISTS t (a)")
            with closing(sqlite3.connect(tmp_path / "x", isolation_level=None, timeout=0)) as other:
                one.execute("BEGIN EXCLUSIVE") if name == "locked" else other.execute("PRAGMA max_page_count = 2")
                with pytest.raises(sqlite3.OperationalError) as raised:
                    other.execute("INSERT INTO t VALUES (zeroblob(100000))")
                found[name] = (snapshot.is_damage(raised.value), making.is_full(raised.value))
    assert found == {"full": (False, True), "locked": (False, False)}


def test_what_can_be_read_of_a_damaged_store_is_saved(harmed, tmp_path):
    summary = backup(harmed, tmp_path / "out.zip", salvage=True, conversations=True)
    assert 30 <= summary.documents < 40
    assert f"{DOCS}/17.txt" in summary.left_out[0]
    assert summary.conversations == 1
    restore_backup(tmp_path / "out.zip", tmp_path / "data")
    with Store(tmp_path / "data", IDENTITY, write=True) as store:
        assert not lexical_rebuild.is_current(store.catalog)
        assert [(row.tags, row.collections) for row in store.catalog.documents() if row.tags] == [
            (("kept",), ("First",)),
            (("kept",), ()),
        ]
        assert lexical_rebuild.rebuild(store.catalog) == store.catalog.chunk_count() == summary.chunks
        assert_in_step(store)
        (found,) = store.nearest(EMBEDDER.embed_query("And 3 more."), 1)
        assert store.catalog.chunks([found])[found].text == "And 3 more."


def test_collections_on_a_server_are_not_shared_with_where_it_came_from(made, tmp_path):
    def ids(data: Path) -> tuple[str | None, str | None]:
        with closing(Catalog(data / CATALOG_NAME)) as catalog:
            return catalog.get_state(LIBRARY_ID), catalog.get_state(SERVERS)

    data = tmp_path / "data"
    shutil.copytree(made[0] / "data", data)
    with Store(data, IDENTITY, write=True) as store:
        own = store.library_id
        store.catalog.set_state(SERVERS, "http://one:8000")
        backup(data, tmp_path / "out.zip")
        store.catalog.set_state(SERVERS, "http://one:8000 http://two:8000")
    restore_backup(tmp_path / "out.zip", tmp_path / "copy")
    assert ids(tmp_path / "copy") == (None, None)
    restore_backup(tmp_path / "out.zip", data, force=True)
    assert ids(data) == (own, "http://one:8000 http://two:8000")


def test_no_ingestion_removes_what_was_restored_without_its_file(archive, tmp_path):
    there = tmp_path / "docs"
    there.mkdir()
    (there / "1.txt").write_text("here")
    restore_backup(archive, tmp_path / "data", moves=[Move(str(DOCS), there)])
    with closing(Catalog(tmp_path / "data" / CATALOG_NAME)) as catalog:
        found = [FoundFile(there / "1.txt", 4, 1)]
        plan = make_plan(catalog, [there], found, conditions="")
        assert plan.gone == []
        assert "5 documents came from a backup without their files, and stay." in plan.notes[0]
        assert len(make_plan(catalog, [there], found, conditions="", prune=True).gone) == 5
        note_arrived(catalog, [*found, FoundFile(there / "2.txt", 4, 1)])
        plan = make_plan(catalog, [there], found, conditions="")
        assert [row.name for row in plan.gone] == ["2.txt"]  # it was there, and is no more
