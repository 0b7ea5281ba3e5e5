from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ragapp.errors import StoreError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.facts import TYPES, facts_of, file_day, stated_day, stated_years, type_of
from ragapp.index.migrations import MIGRATIONS, _statements
from ragapp.index.patterns import _normalised, _shapes, path_matcher
from ragapp.reading.formats import READERS
from tests.storekit import WordEmbedder, identity_of, make_document, one_chunk_each


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Travel policy\n\nApproved on 3 March 2024 by the board.", "2024-03-03"),
        ("Règlement intérieur\n\nEn vigueur au 1er janvier 2023", "2023-01-01"),
        ("Minutes, 2025-02-11", "2025-02-11"),
        ("Compte rendu du 11/02/2025", "2025-02-11"),
        ("Leave begins on 3 March.", ""),  # no year
        ("31 February 2024, then 1 March 2024", "2024-03-01"),
        ("Founded on 4 May 1789", ""),
        ("a" * 700 + " 3 March 2024", ""),  # too far from the title
        ("", ""),
    ],
)
def test_the_day_that_stands_near_the_title(text, day):
    assert stated_day(text) == day


@pytest.mark.parametrize(
    ("kind", "text", "day", "author", "expected"),
    [
        ("page", "Of 3 March 2024", "2023-01-02", "Anna", ("2023-01-02", "properties", "Anna")),
        ("page", "Of 3 March 2024", "", "", ("2024-03-03", "text", "")),
        ("page", "Nothing", "", "", ("", "", "")),
        (
            "mail",
            "From: Anna Bell <anna@example.org>\nTo: all\nDate: Mon, 3 Mar 2025 10:00:00 +0100\nSubject: Of 1 May 2020",
            "",
            "",
            ("2025-03-03", "properties", "Anna Bell <anna@example.org>"),
        ),
        ("page", "From: Anna", "", "", ("", "", "")),
    ],
)
def test_what_a_reading_tells(kind, text, day, author, expected):
    assert tuple(facts_of(kind, text, day, author).values()) == expected


def test_every_suffix_that_is_read_has_a_type():
    assert {suffix for family in TYPES.values() for suffix in family} <= set(READERS)
    for name, family in [("a.PDF", "pdf"), ("a.csv", "excel"), ("a.odt", "word"), ("a.md", "text"), ("a", "text")]:
        assert type_of(name) == family


def test_years_and_days_of_files():
    assert stated_years("policy-2024.docx", "Policy 2025, no 120241") == {2024, 2025}
    assert stated_years("policy_20240101.pdf", "") == frozenset()
    assert file_day(0) == "1970-01-01"
    assert file_day(10**30) == ""


def test_documents_of_an_earlier_schema_get_what_their_texts_tell(tmp_path):
    file = tmp_path / "catalog.sqlite3"
    with sqlite3.connect(file) as connection:
        for script in MIGRATIONS[:8]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute("PRAGMA user_version = 8")
        connection.execute("INSERT INTO identities VALUES (1, 'e', 2, 1, 'h', 'c')")
        texts = [
            ("page", "Approved on 3 March 2024"),
            ("mail", "From: Anna\nDate: Tue, 4 Mar 2025 10:00:00"),
            ("page", "no date"),
        ]
        for number, (kind, text) in enumerate(texts, 1):
            connection.execute(
                "INSERT INTO documents (identity_id, path, name, title, language, size, mtime_ns, sha256, warnings,"
                " ingested_at) VALUES (1, ?, 'a.txt', 'a', 'en', 5, 1700000000000000000, 'h', '[]', '2024-01-01')",
                (f"/{number}.txt",),
            )
            connection.execute(
                "INSERT INTO units (document_id, number, kind, label, text, blocks) VALUES (?, 1, ?, '', ?, '[]')",
                (number, kind, text),
            )
    connection.close()
    for _ in range(2):  # the second time there is nothing left to do
        catalog = Catalog(file)
        found = [(row.day, row.day_from, row.author, row.tags, row.collections) for row in catalog.documents()]
        catalog.close()
        assert found == [
            ("2024-03-03", "text", "", (), ()),
            ("2025-03-04", "properties", "Anna", (), ()),
            ("2023-11-14", "file", "", (), ()),
        ]


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "catalog.sqlite3")
    identity = made.identity_id(identity_of(WordEmbedder()))
    for path in ("/docs/hr/leave.txt", "/docs/hr/old/pay.txt", "/docs/lease.txt"):
        document = make_document("Some words.", title="t")
        vectors = WordEmbedder().embed_documents(["Some words."])
        made.put_document(Path(path), document, one_chunk_each(document), vectors, identity, 1, 1, path)
    yield made
    made.close()


def labels_of(catalog):
    return {row.name: (row.tags, row.collections) for row in catalog.documents()}


def test_tags_stay_with_their_document(catalog):
    ids = {row.name: row.id for row in catalog.documents()}
    catalog.labels.tag([ids["leave.txt"], ids["pay.txt"]], ["Draft", "draft", "à relire"])
    catalog.labels.tag([ids["leave.txt"], 999], ["  HR   2024 "])
    assert set(labels_of(catalog)["leave.txt"][0]) == {"à relire", "Draft", "HR 2024"}
    assert catalog.labels.tag_counts()["Draft"] == 2
    catalog.rename_document(ids["pay.txt"], Path("/docs/wages.txt"), 1, 1)
    catalog.labels.untag([ids["pay.txt"]], ["DRAFT"])
    assert labels_of(catalog)["wages.txt"][0] == ("à relire",)
    catalog.labels.untag([ids["leave.txt"]])
    catalog.remove_document(ids["pay.txt"])
    assert catalog.labels.tag_counts() == {}
    for bad in ("", " ", "x" * 81):
        with pytest.raises(UsageError):
            catalog.labels.tag([ids["leave.txt"]], [bad])


def test_a_collection_has_what_comes_into_its_folder(catalog):
    catalog.labels.add_to_collection("Staff", ["/docs/hr/*"])
    catalog.labels.add_to_collection("staff", ["/docs/lease.txt", "/docs/hr/*"])
    assert [(row.name, row.patterns) for row in catalog.labels.collections()] == [
        ("Staff", ("/docs/hr/*", "/docs/lease.txt"))
    ]
    assert all(collections == ("Staff",) for _, collections in labels_of(catalog).values())
    catalog.labels.remove_from_collection("STAFF", ["/docs/hr/*"])
    assert {name for name, (_, collections) in labels_of(catalog).items() if collections} == {"lease.txt"}
    with pytest.raises(StoreError, match="does not name"):
        catalog.labels.remove_from_collection("Staff", ["/docs/hr/*"])
    catalog.labels.remove_from_collection("Staff")
    with pytest.raises(StoreError, match="no collection"):
        catalog.labels.collection("Staff")
    for bad in ("", "a*", "tag:x", "a/b"):
        with pytest.raises(UsageError):
            catalog.labels.add_to_collection(bad, ["x"])


def test_a_copy_has_the_same_facts(catalog):
    row = catalog.documents()[0]
    with catalog.transaction() as connection:
        connection.execute("UPDATE documents SET written = '2020-01-01', dated_by = 'text', author = 'A'")
    catalog.copy_document(row.id, row.sha256, Path("/docs/copy.txt"), 1, 1)
    copy = catalog.document_at("/docs/copy.txt")
    assert (copy.day, copy.author, copy.tags) == ("2020-01-01", "A", ())


def test_a_purge_leaves_no_path_of_a_removed_document(catalog):
    catalog.labels.add_to_collection("Staff", ["/docs/hr/*", "/docs/lease.txt", "/docs/gone [[]1].txt", "*.pdf"])
    catalog.labels.forget_removed()
    assert catalog.labels.collection("Staff").patterns == ("*.pdf", "/docs/hr/*", "/docs/lease.txt")


PATTERNS = ["/docs/contracts/a.pdf", "/docs/contracts", "c:/papers/x [[]1].txt", "//server/share/plan.md", "/readme.md"]


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/docs/contracts/a.pdf", [True, True, False, False, False]),
        ("/DOCS/Contracts/2024/b.pdf", [False, True, False, False, False]),
        ("/mnt/docs/contracts/b.pdf", [False, True, False, False, False]),
        ("/docs/contracts.pdf", [False, False, False, False, False]),
        ("/docs/contracts/a.pdf/inner.txt", [True, True, False, False, False]),
        ("C:\\papers\\x [1].txt", [False, False, True, False, False]),
        ("C:\\papers\\x 1.txt", [False, False, False, False, False]),
        ("//server/share/plan.md", [False, False, False, True, False]),
        ("/any/where/readme.md", [False, False, False, False, True]),
    ],
)
def test_whole_paths_are_looked_up_as_the_patterns_that_they_are(path, fits):
    for pattern, expected in zip(PATTERNS, fits, strict=True):
        assert path_matcher([pattern])(path) is expected
        # what the shell pattern itself says
        name, whole, folder = _shapes(pattern)
        where = _normalised(path)
        above, _, file = where.rpartition("/")
        assert bool(name.match(file) or whole.match(where) or folder.match(f"{above}/")) is expected
    assert path_matcher(PATTERNS)(path) is any(fits)
