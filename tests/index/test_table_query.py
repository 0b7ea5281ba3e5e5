"""What a query may do: select from its tables, and nothing else."""

import time

import numpy as np
import pytest

from ragapp.index.catalog import Catalog
from ragapp.index.records import Chunk, EmbedderIdentity
from ragapp.index.table_query import Condition, QueryError, TableQuery, TableReader
from ragapp.index.tables import tables_in
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.tables import markdown_table
from ragapp.reading.typed.builder import add_tables

ROWS = [["Name", "Team", "Hours"], ["Ada", "Red", "30"], ["Ben", "Red", "20"], ["O'Neil", "Blue", "25"]]
ROWS.append(["Total", "", "75"])


def stored(catalog, path, rows=ROWS, sha256="one"):
    document = Document("Staff", [Unit(1, "sheet", "Staff", [Block(markdown_table(rows), "table")])])
    add_tables(document)
    identity = catalog.identity_id(EmbedderIdentity("none", 1, True, "none", "none"))
    text = document.units[0].text
    chunks = [Chunk(1, (), text, 0, len(text))]
    return catalog.put_document(path, document, chunks, np.zeros((1, 1)), identity, 1, 1, sha256)[0]


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "catalog.sqlite3")
    stored(made, tmp_path / "staff.xlsx")
    yield made
    made.close()


@pytest.fixture
def reader(catalog):
    with TableReader(catalog.path, tables_in(catalog)) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (dict(aggregate="count"), [(3,)]),
        (dict(aggregate="sum", column="Hours"), [(75,)]),  # not 150
        (dict(aggregate="average", column="Hours", conditions=(Condition("Team", "=", ("Red",)),)), [(25.0,)]),
        (dict(aggregate="count", conditions=(Condition("Name", "=", ("O'Neil",)),)), [(1,)]),
        (dict(aggregate="count", conditions=(Condition("Team", "=", ("Red", "Blue")),)), [(3,)]),
        (dict(aggregate="sum", column="Hours", group="Team"), [("Blue", 25), ("Red", 50)]),
        (dict(aggregate="sum", column="Hours", group="Team", order="DESC", limit=1), [("Red", 50)]),
        (dict(aggregate="distinct", column="Team"), [(2,)]),
    ],
)
def test_figures(catalog, reader, query, rows):
    assert reader.ask(TableQuery(tables_in(catalog)[0], **query)).rows == rows


def test_the_rows_that_a_figure_rests_on_have_places(catalog, reader):
    (table,) = tables_in(catalog)
    places, count = reader.evidence(TableQuery(table, "largest", "Hours"), 10)
    assert ([table.row_place(place.unit, place.line) for place in places], count) == (["row 1"], 1)
    places, count = reader.evidence(TableQuery(table, "sum", "Hours"), 2)
    assert (len(places), count) == (2, 3)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM table_rows",
        "UPDATE staff SET Hours = 1",
        "INSERT INTO table_rows (table_id, n) VALUES (1, 9)",
        "DROP VIEW staff",
        "CREATE TEMP TABLE t (a)",
        "ATTACH DATABASE 'other.sqlite3' AS other",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'copy.sqlite3'",
        "SELECT 1; DELETE FROM table_rows",
        "SELECT * FROM table_rows",
        "SELECT * FROM main.table_rows",
        "SELECT path FROM documents",
        "SELECT text FROM units",
        "SELECT value FROM state",
        "SELECT sql FROM sqlite_master",
        "SELECT sql FROM sqlite_temp_master",
        "SELECT readfile('/etc/passwd')",
        "SELECT load_extension('x')",
        "SELECT randomblob(9)",
        "SELECT zeroblob(1000000000)",
        "SELECT printf('%.*c', 100000000, 'x')",
        "SELECT * FROM pragma_table_info('documents')",
        "SELECT * FROM json_each('[1]')",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n",
        "WITH t AS (SELECT * FROM documents) SELECT * FROM t",
        "SELECT (SELECT COUNT(*) FROM chunks) FROM staff",
        "SELECT COUNT(*) FROM staff WHERE Name IN (SELECT path FROM documents)",
        "EXPLAIN SELECT * FROM staff",
        "BEGIN",
        "nonsense",
        "",
    ],
)
def test_nothing_but_the_tables_can_be_asked(catalog, reader, sql, tmp_path):
    before = catalog.rows("SELECT COUNT(*) FROM table_rows")
    try:
        given = reader.run(sql).rows
    except QueryError:
        given = []
    assert given == []
    assert catalog.rows("SELECT COUNT(*) FROM table_rows") == before == [(4,)]
    assert {path.name for path in tmp_path.iterdir()} <= {f"catalog.sqlite3{end}" for end in ("", "-wal", "-shm")}


def test_what_runs_for_ever_is_ended(reader):
    rows = ", ".join(f"staff AS s{n}" for n in range(16))
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"longer than 0\.2 s"):
        reader.run(f"SELECT COUNT(*) FROM {rows} WHERE s0.Hours + s15.Hours < 0", seconds=0.2)
    assert time.monotonic() - begun < 5
    assert reader.run("SELECT COUNT(*) FROM staff").rows == [(3,)]


def test_so_many_rows_are_given(reader):
    found = reader.run("SELECT a.Name FROM staff a, staff b", most=5)
    assert (len(found.rows), found.is_cut) == (5, True)


def test_tables_live_and_go_with_their_document(catalog, tmp_path):
    (table,) = tables_in(catalog)
    row = catalog.document(table.document_id)
    copied, _, _ = catalog.copy_document(row.id, row.sha256, tmp_path / "copy.xlsx", 1, 1)
    assert [one.rows for one in tables_in(catalog, [copied])] == [3]
    catalog.rename_document(row.id, tmp_path / "moved.xlsx", 1, 1)
    assert [one.document for one in tables_in(catalog)] == ["moved.xlsx", "copy.xlsx"]
    stored(catalog, tmp_path / "moved.xlsx", ROWS[:3], "two")
    assert sorted(one.rows for one in tables_in(catalog)) == [2, 3]
    catalog.remove_document(copied)
    catalog.remove_document(row.id)
    assert (tables_in(catalog), catalog.rows("SELECT COUNT(*) FROM table_rows")) == ([], [(0,)])


def test_purging_leaves_no_byte_of_a_table(catalog, tmp_path):
    rows = [["Name", "Secret"], ["Ada", "zyzzogeton"], ["Ben", "quixotry"]]
    document_id = stored(catalog, tmp_path / "secret.xlsx", rows, "three")
    catalog.remove_document(document_id)
    catalog.purge()
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"zyzzogeton" not in left
    assert b"O'Neil" in left
