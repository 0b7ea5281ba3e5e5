"""Documents' paths in another place, by the rules of whatever system wrote them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from backupkit import DOCS, EMBEDDER, IDENTITY, backup, make_store
from storekit import put_text

from ragapp.backup.archive import open_archive
from ragapp.backup.places import MOST_FOLDERS, Move, count_by_folder, folders_of, moved, parse_move
from ragapp.backup.restoring import restore_backup
from ragapp.errors import PathError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.conversations import Conversations
from ragapp.index.store import CATALOG_NAME, Store

HERE = Path("/srv/docs")


@pytest.mark.parametrize(
    ("path", "old", "expected"),
    [
        ("/home/a/docs/x.pdf", "/home/a/docs", "/srv/docs/x.pdf"),
        ("/home/a/docs/x.pdf", "/home/a/docs/", "/srv/docs/x.pdf"),
        ("/home/a/docs/2024/é x.pdf", "/home/a", "/srv/docs/docs/2024/é x.pdf"),
        ("/home/a/docs2/x.pdf", "/home/a/docs", None),
        ("/Home/a/docs/x.pdf", "/home/a/docs", None),
        ("/home/a/docs/../../.ssh/x", "/home/a/docs", None),
        (r"C:\Users\A\Docs\2024\x.pdf", r"C:\Users\A\Docs", "/srv/docs/2024/x.pdf"),
        (r"C:\Users\A\Docs\x.pdf", r"c:\users\a\docs", "/srv/docs/x.pdf"),
        (r"C:\Users\A\Docs\x.pdf", "C:/Users/A", "/srv/docs/Docs/x.pdf"),
        (r"\\server\share\x.pdf", r"\\server\share", "/srv/docs/x.pdf"),
        (r"D:\x.pdf", r"C:\\", None),
        (r"C:\x.pdf", "/home", None),
        ("/home/a/x.pdf", "/home/a/x.pdf", "/srv/docs"),
    ],
)
def test_a_path_moves_with_its_folder(path, old, expected):
    assert moved(path, [Move(old, HERE)]) == (expected or path)


def test_the_innermost_folder_decides():
    moves = [Move("/a", Path("/one")), Move("/a/b", Path("/two")), Move("/c", Path("/three"))]
    assert [moved(path, moves) for path in ("/a/x", "/a/b/x", "/d/x")] == ["/one/x", "/two/x", "/d/x"]


@pytest.mark.parametrize("text", ["", "/a", "/a=", "=/b", "docs=/b", "a=b"])
def test_what_is_no_move_is_told(text):
    with pytest.raises(UsageError, match="does not say what was where"):
        parse_move(text)


def test_a_move_is_read():
    assert parse_move(r"C:\Docs=/srv/docs") == Move(r"C:\Docs", HERE)
    assert parse_move("/a=~/b").new == Path.home() / "b"


def test_folders_are_told_by_the_outermost_few():
    assert folders_of(["/a/x", "/a/b/y", "/c/d/z"]) == ["/a", "/c/d"]
    many = [f"/home/u/{n}/{m}/f" for n in range(3) for m in range(20)]
    assert folders_of(many) == [f"/home/u/{n}" for n in range(3)]
    assert len(folders_of([f"/{n}/f" for n in range(99)])) <= MOST_FOLDERS
    assert count_by_folder(["/a/x", "/a/b/y", "/c/d/z"]) == {"/a": 2, "/c/d": 1}
    assert count_by_folder([]) == {}


@pytest.fixture
def archive(tmp_path):
    make_store(tmp_path / "data", "apple", talk="what of the apple")
    with Store(tmp_path / "data", IDENTITY, write=True) as store:
        put_text(store, EMBEDDER, Path("/other/z.txt"), "Elsewhere.")
    backup(tmp_path / "data", tmp_path / "out.zip", conversations=True)
    return tmp_path / "out.zip"


def test_documents_answers_and_scopes_move_and_the_rest_stays(archive, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "3.txt").write_text("It is here.")
    report = restore_backup(archive, tmp_path / "new", moves=[Move(str(DOCS), there)])
    assert report.moved == 6
    assert report.without_file == {"/other": 1, str(there): 5}
    with closing(Catalog(tmp_path / "new" / CATALOG_NAME)) as catalog:
        assert {row.path for row in catalog.documents()} == {*(f"{there}/{n}.txt" for n in range(6)), "/other/z.txt"}
        talks = Conversations(catalog)
        (turn,) = talks.turns(1)
        assert turn.answer.citations[0].path == f"{there}/0.txt"
        assert (turn.scope, talks.get(1).scope) == (f"{there}/0.txt", f"{there}/0.txt")
        assert catalog.labels.collection("First").patterns == (f"{there}/0.txt",)
        assert [row.name for row in catalog.documents() if row.collections and row.tags] == ["0.txt"]
        assert talks.forget_removed() == 0  # as it would if the answer cited what is not there


def test_a_file_may_get_another_name_and_is_found_by_it(archive, tmp_path):
    restore_backup(archive, tmp_path / "new", moves=[Move(str(DOCS / "2.txt"), tmp_path / "minutes.txt")])
    with Store(tmp_path / "new", IDENTITY) as store:
        row = store.catalog.document_at(str(tmp_path / "minutes.txt"))
        assert (row.name, row.title) == ("minutes.txt", "minutes")
        assert store.catalog.rows("SELECT COUNT(*) FROM lexical WHERE lexical MATCH 'context : minut'") == [(2,)]


def test_two_documents_in_one_place_are_refused(archive, tmp_path):
    moves = [Move(str(DOCS / "1.txt"), DOCS / "2.txt")]
    with pytest.raises(PathError, match=r"would both be /home/alice/docs/2\.txt"):
        restore_backup(archive, tmp_path / "new", moves=moves)
    assert not (tmp_path / "new" / CATALOG_NAME).exists()


def test_two_documents_may_change_places(archive, tmp_path):
    one, two = DOCS / "1.txt", DOCS / "2.txt"
    restore_backup(archive, tmp_path / "new", moves=[Move(str(one), two), Move(str(two), one)])
    with closing(Catalog(tmp_path / "new" / CATALOG_NAME)) as catalog:
        assert "document 1" in catalog.unit_text(catalog.document_at(str(two)).id, 1)


def test_the_drop_folder_is_the_drop_folder_here(tmp_path):
    old = tmp_path / "ingest"
    with Store(tmp_path / "data", IDENTITY, write=True) as store:
        put_text(store, EMBEDDER, old / "sub" / "a.txt", "Dropped.")
    backup(tmp_path / "data", tmp_path / "out.zip")
    new = tmp_path / "here"
    report = restore_backup(tmp_path / "out.zip", tmp_path / "one", drop_folder=new)
    assert report.without_file == {str(new / "sub"): 1}
    assert str(old) in report.notices[0]
    old.mkdir()  # with the old one in place nothing is to be moved
    report = restore_backup(tmp_path / "out.zip", tmp_path / "two", drop_folder=new)
    assert report.without_file == {str(old / "sub"): 1}
    assert not report.notices


def test_files_come_along_and_go_only_where_the_person_says(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    with Store(tmp_path / "data", IDENTITY, write=True) as store:
        for n in range(4):
            put_text(store, EMBEDDER, docs / f"{n}.txt", f"Document {n}.")
            (docs / f"{n}.txt").write_text(f"File {n}.")
    (docs / "3.txt").unlink()
    summary = backup(tmp_path / "data", tmp_path / "out.zip", files=True)
    assert summary.files == 3
    assert summary.left_out == (f"{docs / '3.txt'}: there is no such file or folder.",)
    with open_archive(tmp_path / "out.zip") as archive:
        assert all(docs.name not in kept.member for kept in archive.manifest.files)
    mtimes = [(docs / f"{n}.txt").stat().st_mtime_ns for n in range(3)]
    for n in range(3):
        (docs / f"{n}.txt").unlink()
    assert restore_backup(tmp_path / "out.zip", tmp_path / "one").files_written == 0
    assert not any(docs.iterdir())
    there = tmp_path / "there"
    there.mkdir()
    (there / "0.txt").write_text("Mine.")
    report = restore_backup(tmp_path / "out.zip", tmp_path / "two", moves=[Move(str(docs), there)])
    assert (report.files_written, report.without_file) == (2, {str(there): 1})
    assert [(there / f"{n}.txt").read_text() for n in range(3)] == ["Mine.", "File 1.", "File 2."]
    assert [(there / f"{n}.txt").stat().st_mtime_ns for n in (1, 2)] == mtimes[1:]
    assert len(list(there.iterdir())) == 3
