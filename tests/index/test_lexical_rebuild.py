"""The lexical index is made anew from the stored text, whatever happens meanwhile."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from storekit import make_document, one_chunk_each

from ragapp.index import lexical_rebuild
from ragapp.index.catalog import Catalog
from ragapp.index.catalog_writes import LEXICAL_ANALYSIS
from ragapp.index.records import EmbedderIdentity

IDENTITY = EmbedderIdentity("words", 4, True, "0" * 64, "version 1")
TABLES = ("lexical", "plain_stems")


class StoppedError(Exception):
    pass


def _put(catalog: Catalog, name: str, *texts: str) -> int:
    document = make_document(*texts, language="fr", title=Path(name).stem)
    chunks = one_chunk_each(document)
    vectors = np.ones((len(chunks), 4), np.float32)
    return catalog.put_document(Path(name), document, chunks, vectors, catalog.identity_id(IDENTITY), 1, 1, name)[0]


def _filled(path: Path) -> Catalog:
    catalog = Catalog(path)
    for number in range(30):
        _put(
            catalog,
            f"/règles {number}.txt",
            f"la sécurité numéro{number}",
            "des salariées",
            f"payé le {number + 1}/3/2031",
        )
    return catalog


def _make_old(catalog: Catalog) -> None:
    """As a ragapp of before would have left it: words folded before they were stemmed, and no plain stems."""
    with catalog.transaction() as connection:
        connection.execute("UPDATE lexical SET body = 'la securit' WHERE body LIKE '%secur%'")
        connection.execute("UPDATE lexical SET body = 'de salarie' WHERE body LIKE '%salari%'")
        connection.execute("DELETE FROM plain_stems")
        connection.execute("DELETE FROM state WHERE key = ?", (LEXICAL_ANALYSIS,))


def _tables(catalog: Catalog) -> dict[str, list[tuple[object, ...]]]:
    return {table: catalog.rows(f"SELECT rowid, * FROM {table} ORDER BY rowid") for table in TABLES}


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lexical_rebuild, "_CHUNKS_A_TIME", 7)
    catalog = _filled(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def _stop_after(chunks: int):
    def progress(done: int, total: int) -> None:
        if done >= chunks:
            raise StoppedError

    return progress


def _found(catalog: Catalog, question: str) -> int:
    return len(catalog.match(catalog.question_words(question), 200))


def test_a_new_catalog_is_current(tmp_path: Path) -> None:
    with closing(Catalog(tmp_path / "catalog.sqlite3")) as catalog:
        assert lexical_rebuild.is_current(catalog)
        assert lexical_rebuild.rebuild(catalog) == 0
        _put(catalog, "/a.txt", "words")
        assert lexical_rebuild.is_current(catalog)


def test_an_index_of_before_is_searched_and_made_anew(catalog: Catalog) -> None:
    expected = _tables(catalog)
    _make_old(catalog)
    assert not lexical_rebuild.is_current(catalog)
    assert _found(catalog, "sécurité") == _found(catalog, "securite") == 30
    told: list[tuple[int, int]] = []
    assert lexical_rebuild.rebuild(catalog, lambda *at: told.append(at)) == 90
    assert told == [(done, 90) for done in [*range(0, 90, 7), 90]]
    assert lexical_rebuild.is_current(catalog)
    assert _tables(catalog) == expected
    assert _found(catalog, "salarié") == _found(catalog, "securite") == 30
    assert catalog.lexical_scale().chunks == 90
    assert not catalog.rows("SELECT name FROM sqlite_master WHERE name LIKE '%next%'")


@pytest.mark.parametrize("version", ["1 snowballstemmer 2.2.0", "", "2 PyStemmer 3.0"])
def test_other_stemmers_are_another_analysis(catalog: Catalog, version: str) -> None:
    catalog.set_state(LEXICAL_ANALYSIS, version)
    assert not lexical_rebuild.is_current(catalog)
    lexical_rebuild.rebuild(catalog)
    assert lexical_rebuild.is_current(catalog)


@pytest.mark.parametrize("chunks", [0, 1, 45, 90])
def test_what_is_stopped_leaves_the_old_one_and_goes_on(catalog: Catalog, chunks: int) -> None:
    expected = _tables(catalog)
    _make_old(catalog)
    old = _tables(catalog)
    with pytest.raises(StoppedError):
        lexical_rebuild.rebuild(catalog, _stop_after(chunks))
    assert _tables(catalog) == old
    assert not lexical_rebuild.is_current(catalog)
    told: list[int] = []
    with closing(Catalog(catalog.path)) as again:
        lexical_rebuild.rebuild(again, lambda done, total: told.append(done))
    assert told[0] >= chunks
    assert _tables(catalog) == expected


def test_what_another_analysis_began_is_begun_anew(catalog: Catalog, monkeypatch) -> None:
    expected = _tables(catalog)
    _make_old(catalog)
    with monkeypatch.context() as patch:
        patch.setattr(lexical_rebuild, "analysis_version", lambda: "1 other 1.0")
        with pytest.raises(StoppedError):
            lexical_rebuild.rebuild(catalog, _stop_after(40))
    told: list[int] = []
    lexical_rebuild.rebuild(catalog, lambda done, total: told.append(done))
    assert told[0] == 0
    assert _tables(catalog) == expected


def test_documents_change_meanwhile(catalog: Catalog, tmp_path: Path) -> None:
    def change(catalog: Catalog, at: int) -> None:
        rows = catalog.documents()
        early, late = sorted(row.id for row in rows)[1 + at], sorted(row.id for row in rows)[-1 - at]
        for document_id in (early, late):
            catalog.remove_document(document_id)
        for document_id in (early + 1, late - 1):
            catalog.rename_document(document_id, Path(f"/dépôt {document_id}.txt"), 2, 2)
        _put(catalog, f"/new {at}.txt", f"une entrée {at}", "la durée")

    def progress(done: int, total: int) -> None:
        if done in {42, 63}:
            change(catalog, done // 21)

    _make_old(catalog)
    lexical_rebuild.rebuild(catalog, progress)
    with closing(_filled(tmp_path / "other.sqlite3")) as other:
        for at in (2, 3):
            change(other, at)
        assert _tables(catalog) == _tables(other)
    assert set(catalog.chunk_ids()) == {row[0] for row in catalog.rows("SELECT rowid FROM lexical")}


def test_others_search_on_while_the_index_is_exchanged(catalog: Catalog) -> None:
    _make_old(catalog)
    with closing(Catalog(catalog.path)) as reader:
        assert _found(reader, "securite") == 30
        assert reader.term_frequencies(["securit"]) == {"securit": 30}
        lexical_rebuild.rebuild(catalog, lambda done, total: _found(reader, "securite") == 30 or 1 / 0)
        assert _found(reader, "securite") == _found(reader, "salarié") == 30
        assert reader.term_frequencies(["securit", "secur"]) == {"secur": 30}


def test_a_purge_leaves_no_plain_stem_of_what_was_removed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    with closing(Catalog(path)) as catalog:
        document_id = _put(catalog, "/a.txt", "la vérifiabilité")
        _put(catalog, "/b.txt", "autre chose")
        ((joined,),) = catalog.rows("SELECT body FROM plain_stems")
        plain = joined.partition("\ue000")[0]
        catalog.remove_document(document_id)
        catalog.purge()
        assert plain.encode() not in path.read_bytes()
        assert _found(catalog, "verifiabilite") == 0
