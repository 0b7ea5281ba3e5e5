from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import crashkit
import pytest

from ragapp.errors import ReadingError
from ragapp.reading import worker
from ragapp.reading.worker import Reader


@pytest.fixture
def misbehaving(monkeypatch) -> None:
    monkeypatch.setattr(worker, "_serve", crashkit.serve)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.txt"
    path.write_text("The coffee machine is on the second floor.", encoding="utf-8")
    return path


def _file(tmp_path: Path, suffix: str) -> Path:
    path = tmp_path / f"bad.{suffix}"
    path.write_text("something", encoding="utf-8")
    return path


def _text(reader: Reader, path: Path) -> str:
    return reader.read(path).units[0].text


def test_one_worker_reads_file_after_file(good: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Rules\n\nNo smoking.", encoding="utf-8")
    with Reader(30, 1024) as reader:
        assert "second floor" in _text(reader, good)
        first = reader._process.pid
        assert "No smoking." in _text(reader, other)
        assert reader._process.pid == first


@pytest.mark.parametrize(
    ("suffix", "told"),
    [
        ("exits", r"crashed on it \(exit 3\)"),
        ("quits", r"crashed on it \(exit 4\)"),
        ("segfaults", rf"crashed on it \(exit -{int(signal.SIGSEGV)}\)"),
        ("raises", "KeyError while reading: 'no such object'"),
        ("refuses", "^it is a riddle Solve it.$"),
        ("unsendable", "."),
        ("nobody", "no reader for .nobody"),
    ],
)
@pytest.mark.usefixtures("misbehaving")
def test_a_bad_file_costs_itself_only(tmp_path: Path, good: Path, suffix: str, told: str) -> None:
    with Reader(30, 1024) as reader:
        with pytest.raises(ReadingError, match=told):
            reader.read(_file(tmp_path, suffix))
        assert "second floor" in _text(reader, good)


@pytest.mark.usefixtures("misbehaving")
def test_a_hanging_reader_is_stopped(tmp_path: Path, good: Path) -> None:
    with Reader(2, 1024) as reader:
        started = time.monotonic()
        with pytest.raises(ReadingError, match="took longer than 2 s"):
            reader.read(_file(tmp_path, "hangs"))
        assert time.monotonic() - started < 10
        assert "second floor" in _text(reader, good)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system cannot limit memory")
@pytest.mark.usefixtures("misbehaving")
def test_a_hungry_reader_is_stopped(tmp_path: Path, good: Path) -> None:
    with Reader(60, 256) as reader:
        with pytest.raises(ReadingError, match="takes more than 256 MiB"):
            reader.read(_file(tmp_path, "hungry"))
        assert "second floor" in _text(reader, good)


@pytest.mark.usefixtures("misbehaving")
def test_a_large_document_comes_through(tmp_path: Path) -> None:
    with Reader(60, 1024) as reader:
        assert len(_text(reader, _file(tmp_path, "large"))) == 16 << 20


@pytest.mark.usefixtures("misbehaving")
def test_a_worker_killed_from_outside_is_started_anew(tmp_path: Path, good: Path) -> None:
    with Reader(30, 1024) as reader:
        assert "second floor" in _text(reader, good)
        killer = threading.Timer(0.5, os.kill, (reader._process.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(ReadingError, match=r"crashed on it \(exit -9\)"):
            reader.read(_file(tmp_path, "hangs"))
        killer.join()
        assert "second floor" in _text(reader, good)


def test_a_worker_killed_between_two_files_is_started_anew(good: Path) -> None:
    with Reader(30, 1024) as reader:
        _text(reader, good)
        os.kill(reader._process.pid, signal.SIGKILL)
        reader._process.join()
        assert "second floor" in _text(reader, good)


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (None, "cannot be read")])
def test_empty_and_missing_files(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "note.txt"
    if content is not None:
        path.write_bytes(content)
    with Reader(30, 1024) as reader, pytest.raises(ReadingError, match=told):
        reader.read(path)


def test_closing_ends_the_worker_and_may_be_repeated(good: Path) -> None:
    reader = Reader(30, 1024)
    reader.close()
    reader.read(good)
    process = reader._process
    reader.close()
    reader.close()
    assert not process.is_alive()
