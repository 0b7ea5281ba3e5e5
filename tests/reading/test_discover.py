from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from ragapp.errors import PathError
from ragapp.reading.discover import FoundFile, discover, hash_file

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def _fill(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return root


def _names(root: Path, found: list[FoundFile]) -> list[str]:
    return [file.path.relative_to(root).as_posix() for file in found]


@pytest.mark.parametrize(
    ("names", "ignore", "found"),
    [
        (["b.txt", "a.txt", "Z.txt", "sub/c.txt"], [], ["Z.txt", "a.txt", "b.txt", "sub/c.txt"]),
        ([".hidden.txt", ".git/config", "a/.x/b.txt", "a/c.txt"], [], ["a/c.txt"]),
        (["@eaDir/a.jpg/x.txt", "b/#Recycle/a.txt", "b/$RECYCLE.BIN/$R1.txt", "b/recycle.txt"], [], ["b/recycle.txt"]),
        (["System Volume Information/a.txt", "~snapshot/h.0/a.txt", "__MACOSX/a.txt", "a.txt"], [], ["a.txt"]),
        (["~$plan.docx", "plan.docx", "x.tmp", "Thumbs.db"], ["~$*", "*.tmp", "Thumbs.db"], ["plan.docx"]),
        (["node_modules/x.txt", "src/y.txt"], ["node_modules"], ["src/y.txt"]),
        (["tmp/x.txt", "x.tmp.txt"], ["*.tmp"], ["tmp/x.txt", "x.tmp.txt"]),
        ([], [], []),
    ],
)
def test_a_folder_is_walked_in_order_with_its_ignore_rules(
    tmp_path: Path, names: list[str], ignore: list[str], found: list[str]
) -> None:
    assert _names(tmp_path, discover([_fill(tmp_path, *names)], ignore)) == found


def test_size_time_and_absolute_path_are_told(tmp_path: Path, monkeypatch) -> None:
    _fill(tmp_path, "docs/a.txt")
    os.utime(tmp_path / "docs/a.txt", ns=(1, 1_700_000_000_123_456_789))
    monkeypatch.chdir(tmp_path)
    assert discover([Path("docs")]) == [FoundFile(tmp_path / "docs/a.txt", 10, 1_700_000_000_123_456_789)]


def test_what_is_named_is_taken_though_hidden_or_ignored(tmp_path: Path) -> None:
    _fill(tmp_path, ".secret/a.txt", ".b.txt", "c.tmp")
    given = [tmp_path / ".secret", tmp_path / ".b.txt", tmp_path / "c.tmp"]
    assert _names(tmp_path, discover(given, ["*.tmp"])) == [".b.txt", ".secret/a.txt", "c.tmp"]


def test_overlapping_paths_give_each_file_once(tmp_path: Path) -> None:
    _fill(tmp_path, "a/b/c.txt", "a/d.txt")
    given = [tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c.txt", tmp_path / "a/../a"]
    assert _names(tmp_path, discover(given)) == ["a/b/c.txt", "a/d.txt"]


def test_excluded_files_are_passed_over(tmp_path: Path) -> None:
    _fill(tmp_path, "README.md", "sub/README.md")
    found = discover([tmp_path], exclude=[tmp_path / "README.md", tmp_path / "never-there"])
    assert _names(tmp_path, found) == ["sub/README.md"]


def test_links_that_loop_are_entered_once(tmp_path: Path) -> None:
    _fill(tmp_path, "a/b/c.txt")
    (tmp_path / "a/b/up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a/self").symlink_to(tmp_path / "a/self")
    found = discover([tmp_path])
    assert _names(tmp_path, found) == ["a/b/c.txt", "a/self"]
    assert found[1].problem


def test_linked_files_and_folders_are_taken(tmp_path: Path) -> None:
    _fill(tmp_path, "elsewhere/a.txt", "docs/b.txt")
    (tmp_path / "docs/linked.txt").symlink_to(tmp_path / "elsewhere/a.txt")
    (tmp_path / "docs/more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    found = discover([tmp_path / "docs"])
    assert _names(tmp_path / "docs", found) == ["b.txt", "linked.txt", "more/a.txt"]
    assert not any(file.problem for file in found)


def test_a_dangling_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (file,) = discover([tmp_path])
    assert "cannot be read" in file.problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes in folders")
def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert [file.problem for file in discover([tmp_path])] == ["is not a regular file"]
    assert [file.problem for file in discover([tmp_path / "pipe.txt"])] == ["is not a regular file"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x", encoding="utf-8")
    assert [file.problem for file in discover([tmp_path])] == ["has a name that is not valid UTF-8"]


@pytest.mark.parametrize("name", ["missing.txt", "missing/folder"])
def test_a_missing_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PathError, match=r"There is nothing at .*missing"):
        discover([tmp_path, tmp_path / name])


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_an_unreadable_file_is_told_and_an_unreadable_root_refused(tmp_path: Path) -> None:
    _fill(tmp_path, "docs/a.txt", "docs/b.txt")
    (tmp_path / "docs/a.txt").chmod(0)
    assert [file.problem for file in discover([tmp_path / "docs"])] == ["may not be read (permissions)", ""]
    (tmp_path / "docs").chmod(0)
    try:
        with pytest.raises(PathError, match="may not be read"):
            discover([tmp_path / "docs"])
    finally:
        (tmp_path / "docs").chmod(0o700)


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    _fill(tmp_path, "docs/closed/a.txt", "docs/b.txt")
    (tmp_path / "docs/closed").chmod(0)
    try:
        problems = {file.path.name: file.problem for file in discover([tmp_path / "docs"])}
    finally:
        (tmp_path / "docs/closed").chmod(0o700)
    assert problems["b.txt"] == ""
    assert problems["closed"]


@pytest.mark.parametrize("content", [b"", b"abc", b"x" * (1 << 20), b"y" * ((1 << 20) + 1)], ids=len)
def test_the_hash_is_that_of_the_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    assert hash_file(tmp_path / "f") == hashlib.sha256(content).hexdigest()
