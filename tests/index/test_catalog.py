from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import make_document, one_chunk_each

from ragapp.errors import StoreError
from ragapp.index.analysis import Analysed, question_words, terms
from ragapp.index.catalog import Catalog
from ragapp.index.catalog_writes import context_line
from ragapp.index.migrations import MIGRATIONS
from ragapp.index.records import Chunk, EmbedderIdentity, UnreadRow
from ragapp.reading.document import Block, Document, Unit

IDENTITY = EmbedderIdentity("words", 4, True, "0" * 64, "version 1")


@pytest.fixture
def catalog(tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def _put(catalog: Catalog, path: str, document: Document, chunks: list[Chunk] | None = None, sha256: str = "s"):
    chunks = one_chunk_each(document) if chunks is None else chunks
    vectors = np.arange(4 * len(chunks), dtype=np.float32).reshape(len(chunks), 4)
    return catalog.put_document(Path(path), document, chunks, vectors, catalog.identity_id(IDENTITY), 10, 20, sha256)


def _everything(catalog: Catalog) -> dict[str, list]:
    tables = ("documents", "units", "chunks", "unread", "lexical", "plain_stems", "identities")
    with catalog.transaction() as connection:
        found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        found["rowids"] = connection.execute("SELECT rowid FROM lexical").fetchall()
    return found


def test_a_document_is_told_as_it_was_put(catalog: Catalog) -> None:
    document = make_document("First page.", "", "Third page.", title="Rules", language="fr")
    document.warnings = ["1 of 3 pages have no text.", "Accents: é"]
    document_id, added, gone = _put(catalog, "/docs/rules.pdf", document)
    (row,) = catalog.documents()
    assert row == catalog.document(document_id)
    assert (row.path, row.name, row.title, row.language) == ("/docs/rules.pdf", "rules.pdf", "Rules", "fr")
    assert (row.size, row.mtime_ns, row.sha256, row.warnings) == (10, 20, "s", tuple(document.warnings))
    assert (row.units, row.units_without_text, row.chunks, gone) == (3, 1, 2, [])
    assert catalog.chunk_ids() == catalog.chunk_ids([document_id]) == added
    assert catalog.chunk_count() == len(added) == 2
    assert catalog.unit_text(document_id, 3) == "Third page."
    assert catalog.unit_text(document_id, 4) == catalog.unit_text(99, 1) == ""
    chunk = catalog.chunks(added)[added[1]]
    assert (chunk.unit, chunk.text, chunk.document, chunk.path) == (3, "Third page.", "rules.pdf", "/docs/rules.pdf")
    assert (chunk.title, chunk.language, chunk.label, chunk.kind, chunk.document_id) == (
        "Rules",
        "fr",
        "",
        "page",
        document_id,
    )
    assert catalog.languages() == ["fr"]


def test_the_same_path_is_replaced_and_its_chunks_get_new_ids(catalog: Catalog) -> None:
    first, old, _ = _put(catalog, "/a.txt", make_document("old words", "more"))
    second, new, gone = _put(catalog, "/a.txt", make_document("fresh words"), sha256="t")
    assert (first, gone) == (second, old)
    assert not set(old) & set(new)
    assert catalog.chunk_ids() == new
    assert len(catalog.units(first)) == 1
    assert catalog.document(first).sha256 == "t"
    assert catalog.match(["old"], 5) == {}
    assert set(catalog.match(["fresh"], 5)) == set(new)


def test_ids_are_never_used_again(catalog: Catalog) -> None:
    first, old, _ = _put(catalog, "/a.txt", make_document("one", "two"))
    assert catalog.remove_document(first) == old
    assert _everything(catalog) == {
        **_everything(catalog),
        "documents": [],
        "units": [],
        "chunks": [],
        "lexical": [],
        "plain_stems": [],
    }
    assert catalog.chunk_count() == 0
    second, new, _ = _put(catalog, "/a.txt", make_document("one", "two"))
    assert second > first
    assert min(new) > max(old)


def test_ids_are_not_used_again_after_reopening(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "c")
    first, old, _ = _put(catalog, "/a.txt", make_document("one"))
    catalog.remove_document(first)
    catalog.close()
    catalog = Catalog(tmp_path / "c")
    second, new, _ = _put(catalog, "/a.txt", make_document("one"))
    catalog.close()
    assert (second > first, new > old) == (True, True)


def test_removing_an_unknown_document_changes_nothing(catalog: Catalog) -> None:
    _put(catalog, "/a.txt", make_document("one"))
    before = _everything(catalog)
    assert catalog.remove_document(99) == []
    assert _everything(catalog) == before


@pytest.mark.parametrize("path", ["/a.txt", "/new.txt"])
@pytest.mark.parametrize("broken_at", ["unit", "chunk", "vector", "lexical"])
def test_an_error_in_the_middle_changes_nothing(catalog: Catalog, monkeypatch, path: str, broken_at: str) -> None:
    _put(catalog, "/a.txt", make_document("one", "two"))
    catalog.put_unread(UnreadRow("/new.txt", "failed", "bad"))
    before = _everything(catalog)
    document = make_document("three", "four")
    chunks = one_chunk_each(document)
    vectors: list = [np.zeros(4), np.zeros(4)]
    if broken_at == "unit":
        document.units[1].number = 1
    elif broken_at == "chunk":
        chunks[1] = replace(chunks[1], text=None)
    elif broken_at == "vector":
        vectors[1] = ["not a number"]
    else:
        monkeypatch.setattr(
            "ragapp.index.bm25.analyse", lambda text, language: 1 / 0 if text == "four" else Analysed(["x"], [])
        )
    with pytest.raises((StoreError, ValueError, ZeroDivisionError, TypeError, AttributeError)):
        catalog.put_document(Path(path), document, chunks, vectors, 1, 1, 1, "x")
    assert _everything(catalog) == before
    monkeypatch.undo()
    _put(catalog, path, document := make_document("three", "four"))
    assert [row.chunks for row in catalog.documents() if row.path == path] == [len(document.units)]


def test_chunks_and_vectors_must_be_as_many(catalog: Catalog) -> None:
    document = make_document("one", "two")
    with pytest.raises(ValueError, match="2 chunks, but 1 vectors"):
        catalog.put_document(Path("/a"), document, one_chunk_each(document), np.zeros((1, 4)), 1, 1, 1, "x")
    assert catalog.documents() == []


def test_an_interrupted_transaction_is_rolled_back(catalog: Catalog) -> None:
    def interrupted() -> None:
        with catalog.transaction() as connection:
            connection.execute("INSERT INTO state VALUES ('a', '1')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert catalog.get_state("a") is None
    catalog.set_state("a", "2")
    catalog.set_state("a", "3")
    assert catalog.get_state("a") == "3"


def test_unread_files_are_kept_until_they_are_taken_in(catalog: Catalog) -> None:
    catalog.put_unread(UnreadRow("/b.pdf", "failed", "damaged", "Save it again."))
    catalog.put_unread(UnreadRow("/a.pdf", "failed", "password"))
    last = UnreadRow("/a.pdf", "skipped", "no reader", "", "2025-01-01", 7, 8, "x")
    catalog.put_unread(last)
    first, second = catalog.unread()
    assert first == last
    assert (second.path, second.reason, second.hint, second.size) == ("/b.pdf", "damaged", "Save it again.", -1)
    assert second.tried_at > "2025"
    _put(catalog, "/a.pdf", make_document("one"))
    assert [file.path for file in catalog.unread()] == ["/b.pdf"]
    catalog.remove_unread("/b.pdf")
    assert catalog.unread() == []


def test_touching_changes_size_and_time_only(catalog: Catalog) -> None:
    document_id, *_ = _put(catalog, "/a.txt", make_document("one"))
    before = catalog.document(document_id)
    catalog.touch_document(document_id, 11, 22)
    assert catalog.document(document_id) == replace(before, size=11, mtime_ns=22)


def test_vectors_are_given_by_id_in_half_precision(catalog: Catalog) -> None:
    document = make_document("one", "two", "three")
    vectors = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    identity = catalog.identity_id(IDENTITY)
    _, ids, _ = catalog.put_document(Path("/a"), document, one_chunk_each(document), vectors, identity, 1, 1, "x")
    found, held = catalog.vectors()
    assert (found, held.dtype) == (ids, np.float32)
    np.testing.assert_array_equal(held, vectors.astype(np.float16).astype(np.float32))
    some, rows = catalog.vectors([ids[2], ids[0], 999])
    np.testing.assert_array_equal(rows, held[[ids.index(chunk_id) for chunk_id in some]])
    assert sorted(some) == [ids[0], ids[2]]
    assert catalog.vectors([])[0] == []
    assert catalog.chunks([999]) == {}


def test_many_ids_are_asked_for_at_once(catalog: Catalog) -> None:
    document = make_document(*(f"page {n}" for n in range(2000)))
    _, ids, _ = _put(catalog, "/a", document)
    assert list(catalog.chunks(ids)) == ids
    assert catalog.vectors(ids)[0] == ids
    assert len(catalog.match(["page"], 5000, ids)) == 2000


def test_identities_are_one_by_what_they_make(catalog: Catalog) -> None:
    one = catalog.identity_id(IDENTITY)
    assert catalog.identity_id(replace(IDENTITY, embedder="another name")) == one
    others = [
        replace(IDENTITY, dimension=5),
        replace(IDENTITY, normalised=False),
        replace(IDENTITY, weights_sha256="1" * 64),
        replace(IDENTITY, chunker="version 2"),
    ]
    assert len({one, *map(catalog.identity_id, others)}) == 5
    assert catalog.stored_identities() == {}
    _put(catalog, "/a", make_document("one"))
    assert catalog.stored_identities() == {one: IDENTITY}


def test_the_languages_most_frequent_first(catalog: Catalog) -> None:
    for n, language in enumerate(["fr", "en", "", "de", "en", "de"]):
        _put(catalog, f"/{n}", make_document("word", language=language))
    assert catalog.languages() == ["de", "en", "fr"]


_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_blocks = st.builds(
    Block, _words, st.sampled_from(["text", "heading", "table"]), st.lists(_words, max_size=3).map(tuple)
)
_units = st.builds(
    lambda kind, label, blocks: Unit(0, kind, label, blocks),
    st.sampled_from(["page", "slide", "sheet", "section", "mail", "document"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.lists(_blocks, max_size=5),
)


@given(st.lists(_units, min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_units_blocks_and_offsets_come_back_exactly(units: list[Unit], data: st.DataObject) -> None:
    for number, unit in enumerate(units, start=1):
        unit.number = number
    chunks = []
    for unit in units:
        if unit.text:
            start = data.draw(st.integers(0, len(unit.text) - 1))
            end = data.draw(st.integers(start + 1, len(unit.text)))
            headings = tuple(data.draw(st.lists(_words, max_size=2)))
            chunks.append(Chunk(unit.number, headings, unit.text[start:end], start, end))
    catalog = Catalog(Path(":memory:"))
    document_id, added, _ = _put(catalog, "/a.txt", Document("t", units), chunks)
    stored = catalog.units(document_id)
    assert [unit for unit, _ in stored] == units
    assert [text for _, text in stored] == [unit.text for unit in units]
    held = catalog.chunks(added)
    for chunk_id, chunk in zip(added, chunks, strict=True):
        found = held[chunk_id]
        assert Chunk(found.unit, found.headings, found.text, found.start, found.end) == chunk
        assert catalog.unit_text(document_id, found.unit)[found.start : found.end] == found.text
    catalog.close()


def test_two_threads_write_and_read_at_once(catalog: Catalog) -> None:
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for n in range(20):
                document_id, ids, _ = _put(catalog, f"/{name}{n}", make_document(f"{name} {n}", "common"))
                assert catalog.chunks(ids)[ids[0]].text == f"{name} {n}"
                assert len(catalog.units(document_id)) == 2
                if n % 5 == 4:
                    catalog.remove_document(document_id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(catalog.documents()) == 32
    assert len(catalog.match(["common"], 100)) == 32


def test_two_catalogs_on_one_file_wait_for_each_other(tmp_path: Path) -> None:
    one, other = Catalog(tmp_path / "c"), Catalog(tmp_path / "c")
    released = threading.Event()

    def hold() -> None:
        with one.transaction() as connection:
            connection.execute("INSERT INTO state VALUES ('one', '1')")
            started.set()
            released.wait(10)

    started = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    started.wait(10)
    assert other.get_state("one") is None
    threading.Timer(0.3, released.set).start()
    other.set_state("other", "1")
    thread.join()
    assert (other.get_state("one"), one.get_state("other")) == ("1", "1")
    one.close()
    other.close()


def test_many_open_a_new_catalog_at_once(tmp_path: Path) -> None:
    errors: list[BaseException] = []
    gate = threading.Barrier(4)

    def work(path: Path) -> None:
        gate.wait()
        try:
            Catalog(path).close()
        except BaseException as error:
            errors.append(error)

    for attempt in range(3):
        threads = [threading.Thread(target=work, args=(tmp_path / f"{attempt}.sqlite3",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\x07" * 5000])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(StoreError, match=r"cannot be opened: .*Check paths.data"):
        Catalog(tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == content


def test_damage_that_shows_later_is_told(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "c")
    for n in range(50):
        _put(catalog, f"/{n}", make_document("word " * 200))
    catalog.close()
    data = bytearray((tmp_path / "c").read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    (tmp_path / "c").write_bytes(data)

    def use() -> None:
        with closing(Catalog(tmp_path / "c")) as catalog:
            catalog.documents()
            catalog.match(["word"], 5)

    with pytest.raises(StoreError):
        use()


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        Catalog(tmp_path / "c")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Catalog(tmp_path / "c").close()
    connection = sqlite3.connect(tmp_path / "c")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match=f"schema {len(MIGRATIONS) + 1}; this ragapp knows {len(MIGRATIONS)}"):
        Catalog(tmp_path / "c")


def test_the_chunks_of_a_unit_come_in_the_order_of_its_text(catalog: Catalog) -> None:
    document = make_document("one two three", "four", title="Rules")
    chunks = [
        Chunk(1, ("H",), "three", 8, 13),
        Chunk(2, (), "four", 0, 4),
        Chunk(1, (), "one", 0, 3),
        Chunk(1, ("H",), "two", 4, 7),
    ]
    document_id, ids, _ = _put(catalog, "/a.txt", document, chunks)
    _put(catalog, "/b.txt", make_document("other", "four"))
    assert [chunk.text for chunk in catalog.unit_chunks(document_id, 1)] == ["one", "two", "three"]
    (chunk,) = catalog.unit_chunks(document_id, 2)
    assert chunk == catalog.chunks([ids[1]])[ids[1]]
    assert catalog.unit_chunks(document_id, 3) == catalog.unit_chunks(99, 1) == []


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "The mileage rate is 45 pence.", "mileage"),
        ("fr", "La sécurité du bâtiment", "securite"),
        ("fr", "Trois jours de conges", "congés"),
        ("hi", "अवकाश नीति में बदलाव किया गया है।", "नीति"),
        ("hi", "यात्रा के नियम", "नियम"),
        ("th", "พนักงานมีวันลาพักร้อนสิบวัน", "วันลา"),
        ("ja", "有給休暇は年に二十日です。", "休暇"),
        ("zh", "员工每年有二十天年假。", "年假"),
        ("ar", "سياسة السفر للموظفين", "السفر"),
        ("el", "Η άδεια διαρκεί είκοσι ημέρες", "άδεια"),
        ("de", "Die Datenschutzgrundverordnung gilt.", "Datenschutzgrundverordnung"),
    ],
)
def test_terms_of_any_script_are_counted_and_found(catalog: Catalog, language: str, text: str, asked: str) -> None:
    _, (wanted, other), _ = _put(catalog, "/a.txt", make_document(text, "something else", language=language))
    words = catalog.question_words(asked)
    assert words[0][0] in question_words(asked, [language])[0]
    indexed = {term for word in words for term in word if term in terms(text, language)}
    assert catalog.term_frequencies([*indexed, "absent"]) == dict.fromkeys(indexed, 1)
    assert list(catalog.match(words, 5)) == [wanted]
    assert catalog.indexed_terms([wanted]) == {wanted: (["a"], terms(text, language))}
    assert other not in catalog.indexed_terms([wanted])


def test_frequencies_are_counted_while_another_connection_writes(tmp_path: Path) -> None:
    with closing(Catalog(tmp_path / "c")) as reader, closing(Catalog(tmp_path / "c")) as writer:
        _put(writer, "/a.txt", make_document("mileage"))
        assert reader.term_frequencies(["mileag"]) == {"mileag": 1}
        with writer.transaction() as connection:
            connection.execute("INSERT INTO state VALUES ('a', '1')")
            assert reader.term_frequencies(["mileag"]) == {"mileag": 1}
        _put(writer, "/b.txt", make_document("mileage"))
        assert reader.term_frequencies(["mileag"]) == {"mileag": 2}


@pytest.mark.parametrize("ask", [lambda c: c.term_frequencies(["a"]), lambda c: c.indexed_terms([1])])
def test_a_lexical_table_that_is_gone_is_told(catalog: Catalog, ask) -> None:
    with catalog.transaction() as connection:
        connection.execute("DROP TABLE lexical")
    with pytest.raises(StoreError, match="could not be searched"):
        ask(catalog)


@pytest.mark.parametrize(
    ("name", "title", "headings", "line"),
    [
        ("a/b/rules.pdf", "Rules", ("One", "Two"), "rules > Rules > One > Two"),
        ("rules.pdf", "rules", (), "rules"),
        ("rules.pdf", "", ("", "rules", "x"), "rules > x"),
    ],
)
def test_the_context_line_says_each_part_once(name: str, title: str, headings: tuple, line: str) -> None:
    assert context_line(name, title, headings) == line


@pytest.mark.parametrize("number", [2**63, 10**30, -(2**63) - 1, 2**63 - 1, 0, -1])
def test_a_number_that_no_id_can_be_is_the_id_of_nothing(catalog, number):
    _put(catalog, "/a.txt", make_document("Apples are red."))
    assert catalog.document(number) is None
    assert catalog.unit(1, number) is None
    assert catalog.unit(number, 1) is None


def test_what_is_written_after_another_process_was_there_is_not_lost(tmp_path):
    """Two connections of one process, as the page has them, and a command that comes and goes meanwhile."""
    path = tmp_path / "catalog.sqlite3"
    code = (
        "import sys; from pathlib import Path; from ragapp.index.catalog import Catalog\n"
        "catalog = Catalog(Path(sys.argv[1])); print(catalog.get_state('later')); catalog.close()"
    )

    def command():
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    first, second = Catalog(path), Catalog(path)
    first.set_state("before", "1")
    assert command() == "None"
    second.set_state("later", "kept")
    assert command() == "kept"
    first.close()
    second.close()
    assert command() == "kept"
