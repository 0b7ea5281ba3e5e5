import asyncio
import os

import pytest

from ragapp.web.uploads import UploadError, free_path, refuse_too_large, safe_path, store_upload


async def pieces(content):
    for start in range(0, len(content), 7):
        yield content[start : start + 7]


def store(given, content, folder, most=1000):
    return asyncio.run(store_upload(given, pieces(content), folder, most))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("contracts/2024/a.docx", "contracts/2024/a.docx"),
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/etc/passwd.txt", "etc/passwd.txt"),
        ("C:\\Users\\me\\a.txt", "C_/Users/me/a.txt"),
        (".hidden/.bashrc.txt", "hidden/bashrc.txt"),
        ("a\x00b\u202e.txt", "a_b_.txt"),
        ("CON.txt", "_CON.txt"),
        ("e\u0301t\u00e9.txt", "\u00e9t\u00e9.txt"),
        ("  ./a .txt ", "a .txt"),
    ],
)
def test_names_lead_nowhere_but_down(given, kept):
    assert safe_path(given).as_posix() == kept


@pytest.mark.parametrize("given", ["", "..", "/", "../..", "."])
def test_what_is_no_name_is_refused(given):
    with pytest.raises(UploadError):
        safe_path(given)


def test_a_long_name_keeps_its_suffix():
    name = safe_path("\u00e9" * 300 + ".pdf").name
    assert len(name.encode()) <= 150
    assert name.endswith(".pdf")


def test_nothing_is_overwritten(tmp_path):
    first = store("a.txt", b"one, and some more", tmp_path)
    second = store("a.txt", b"two, and some more", tmp_path)
    again = store("a.txt", b"one, and some more", tmp_path)
    assert (first.name, second.name, again.name) == ("a.txt", "a (2).txt", "a.txt")
    assert first.read_bytes() == b"one, and some more"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a (2).txt", "a.txt"]


def test_a_file_that_is_too_large_leaves_nothing(tmp_path):
    with pytest.raises(UploadError, match="larger"):
        store("a.txt", b"x" * 2000, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_is_not_read_is_refused_with_what_helps(tmp_path):
    with pytest.raises(UploadError, match="no reader"):
        store("a.xyz", b"\x7fELF\x00\x00\x01", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_does_not_lead_out_of_the_folder(tmp_path):
    inside, outside = tmp_path / "drop", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(UploadError, match="outside"):
        store("link/a.txt", b"text", inside)
    assert list(outside.iterdir()) == []


def test_a_free_name_is_found(tmp_path):
    (tmp_path / "a.txt").touch()
    (tmp_path / "a (2).txt").touch()
    assert free_path(tmp_path / "a.txt").name == "a (3).txt"


def test_a_file_that_is_announced_as_too_large_is_refused_before_it_comes():
    with pytest.raises(UploadError, match=r"film\.mp4 is larger than 1 MB"):
        refuse_too_large("clips/film.mp4", str(3 * 2**30), 2**20)
    for announced in ("", "chunked", str(2**20)):
        refuse_too_large("film.mp4", announced, 2**20)


def test_uploads_that_are_under_way_are_not_swept_away(tmp_path):
    from ragapp.ingest.watch import delete_partial_uploads, partial_upload_path

    (tmp_path / "sub").mkdir()
    old, new = partial_upload_path(tmp_path / "a.pdf"), partial_upload_path(tmp_path / "sub" / "b.pdf")
    for path in (old, new):
        path.write_bytes(b"half of it")
    os.utime(old, (1, 1))
    assert delete_partial_uploads(tmp_path, idle_s=600) == 1
    assert (old.exists(), new.exists()) == (False, True)
    assert delete_partial_uploads(tmp_path) == 1
