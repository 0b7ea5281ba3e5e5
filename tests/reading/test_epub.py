from __future__ import annotations

from pathlib import Path

import pytest
from packagekit import write_epub, write_zip

from ragapp.errors import ReadingError
from ragapp.reading.registry import read_file

XHTML = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>'


def test_chapters_in_the_order_of_the_spine(tmp_path: Path) -> None:
    chapters = {
        "deux%20bis.xhtml": f"{XHTML}<h1>Deux</h1><a id='x'/><p>caf&#233;</p><h2>Sous</h2><p>fin</p></body></html>",
        "un.xhtml": "<html><head><title>Titre un</title></head><body><p>text</p></body></html>",
        "cover.xhtml": f"{XHTML}<img src='c.png'/></body></html>",
    }
    document = read_file(write_epub(tmp_path / "a.epub", chapters))
    assert document.title == "Le livre d’été"
    assert [(unit.number, unit.kind, unit.label, unit.coverage) for unit in document.units] == [
        (1, "section", "Deux", "text"),
        (2, "section", "Titre un", "text"),
        (3, "section", "cover", "empty"),
    ]
    assert [(block.text, block.headings) for block in document.units[0].blocks] == [
        ("Deux", ("Deux",)),
        ("café", ("Deux",)),
        ("Sous", ("Deux", "Sous")),
        ("fin", ("Deux", "Sous")),
    ]
    assert "nobody asks" not in "".join(unit.text for unit in document.units)


def test_very_long_chapters_are_cut_at_their_headings(tmp_path: Path) -> None:
    text = "".join(f"<h2>Part {number}</h2><p>{'words ' * 2000}</p>" for number in range(1, 4))
    document = read_file(write_epub(tmp_path / "a.epub", {"a.xhtml": f"<h1>One</h1>{text}", "b.xhtml": "<p>b</p>"}))
    assert [unit.label for unit in document.units] == ["One: Part 1", "One: Part 2", "One: Part 3", "b"]
    assert [unit.number for unit in document.units] == [1, 2, 3, 4]


def test_a_missing_chapter_is_told(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "a.epub", {"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"})
    import zipfile

    with zipfile.ZipFile(path) as package:
        members = {name: package.read(name) for name in package.namelist() if not name.endswith("a.xhtml")}
    document = read_file(write_zip(path, members))
    assert document.warnings == ["The chapter OEBPS/a.xhtml is missing in the file."]
    assert [unit.text for unit in document.units] == ["b"]


def test_copy_protection_is_named(tmp_path: Path) -> None:
    locked = '<encryption><CipherReference URI="OEBPS/a.xhtml"/></encryption>'
    with pytest.raises(ReadingError, match="DRM"):
        read_file(write_epub(tmp_path / "a.epub", {"a.xhtml": "x"}, {"META-INF/encryption.xml": locked}))


@pytest.mark.parametrize(
    "more",
    [
        {"META-INF/container.xml": "<broken"},
        {"META-INF/container.xml": "<container/>"},
        {"META-INF/container.xml": '<container><rootfile full-path="../../etc/passwd"/></container>'},
        {"OEBPS/book.opf": b"\xff\xfe\x00"},
        {"x.bin": bytes(32 * 1024 * 1024)},
    ],
)
def test_damaged_and_hostile_books(tmp_path: Path, more: dict[str, str | bytes]) -> None:
    with pytest.raises(ReadingError) as caught:
        read_file(write_epub(tmp_path / "a.epub", {"a.xhtml": "<p>a</p>"}, more))
    assert caught.value.hint


def test_entities_outside_the_book_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not read")
    chapter = f'<!DOCTYPE html [<!ENTITY e SYSTEM "{secret.as_uri()}">]><html><body><p>a &e; b</p></body></html>'
    document = read_file(write_epub(tmp_path / "a.epub", {"a.xhtml": chapter}))
    assert "do not read" not in document.units[0].text
    assert "b" in document.units[0].text


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_a_truncated_book(tmp_path: Path, share: float) -> None:
    path = write_epub(tmp_path / "a.epub", {"a.xhtml": "<p>a</p>"})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ReadingError):
        read_file(path)
