from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.index import chroma_embedded
from ragapp.index.chroma_embedded import FileState, Seal


def test_a_state_is_remembered(tmp_path: Path) -> None:
    state = FileState(tmp_path / "new" / "state")
    assert state.get() == FileState.SAVED
    for word in (FileState.LOGGED, FileState.SAVING, FileState.SAVED, FileState.OPENING):
        state.set(word, lasting=word == FileState.SAVING)
        assert FileState(tmp_path / "new" / "state").get() == word
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state"]


def test_damaged_stays(tmp_path: Path) -> None:
    state = FileState(tmp_path / "state")
    state.set(FileState.DAMAGED)
    state.set(FileState.SAVED, lasting=True)
    assert state.get() == FileState.DAMAGED


@pytest.mark.parametrize(
    ("name", "content", "broken"),
    [
        ("small", b"12345", ""),
        ("small", b"12346", "below/small"),
        ("small", b"1234", "below/small"),
        ("small", None, "below/small"),
        ("large", bytes(50), ""),  # only its size is known
        ("large", bytes(49), "below/large"),
        ("new", b"later", ""),
        ("../seal", b"{", "seal"),
    ],
)
def test_a_seal_shows_what_has_changed(
    tmp_path: Path, monkeypatch, name: str, content: bytes | None, broken: str
) -> None:
    monkeypatch.setattr(chroma_embedded, "SEALED_WHOLE_BYTES", 40)
    folder = tmp_path / "below"
    folder.mkdir()
    (folder / "small").write_bytes(b"12345")
    (folder / "large").write_bytes(b"x" * 50)
    seal = Seal(tmp_path / "seal")
    assert seal.broken() == ""
    seal.write(sorted(folder.iterdir()))
    assert seal.broken() == ""
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert Seal(tmp_path / "seal").broken() == broken
