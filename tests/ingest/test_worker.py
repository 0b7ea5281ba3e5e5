from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import crashkit
import psutil
import pytest
from storekit import WordEmbedder, chunker_of

from ragapp.errors import CancelledError, ReadingError, TransientReadingError
from ragapp.ingest import worker
from ragapp.ingest.worker import Limits, Worker
from ragapp.reading.document import ReadOptions
from tests.reading.pdfkit import new_canvas, picture, scan


def preparer(timeout_s: float = 30, memory_mb: int = 1024, **limits) -> Worker:
    return Worker(chunker_of(WordEmbedder()), Limits(timeout_s, memory_mb=memory_mb, **limits), ReadOptions())


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
    path.write_bytes(bytes(range(256)))  # what looks like text would be read as text
    return path


def _text(reader: Worker, path: Path) -> str:
    return reader.prepare(path).document.units[0].text


def test_one_worker_reads_file_after_file(good: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Rules\n\nNo smoking.", encoding="utf-8")
    with preparer(30, 1024) as reader:
        assert "second floor" in _text(reader, good)
        first = reader._child.process.pid
        assert "No smoking." in _text(reader, other)
        assert reader._child.process.pid == first


def test_a_file_is_looked_at_before_it_is_read(tmp_path: Path, good: Path) -> None:
    canvas = new_canvas(tmp_path / "two.pdf")
    for _ in range(2):
        canvas.drawString(72, 700, "The coffee machine is on the second floor.")
        canvas.showPage()
    canvas.save()
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    with preparer() as reader:
        assert reader.survey(tmp_path / "two.pdf").pages == 2
        assert reader.survey(tmp_path / "broken.pdf") is None
        assert reader.survey(tmp_path / "gone.pdf") is None
        assert "second floor" in _text(reader, good)


@pytest.mark.parametrize(
    ("suffix", "told"),
    [
        ("exits", r"crashed on it \(exit 3\)"),
        ("quits", r"crashed on it \(exit 4\)"),
        ("segfaults", rf"crashed on it \(exit -{int(signal.SIGSEGV)}\)"),
        ("raises", "it cannot be read: no such object"),
        ("refuses", "^it is a riddle Solve it.$"),
        ("unsendable", "."),
        ("nobody", "no reader for .nobody"),
        ("deep", "nested too deeply"),
    ],
)
@pytest.mark.usefixtures("misbehaving")
def test_a_bad_file_costs_itself_only(tmp_path: Path, good: Path, suffix: str, told: str) -> None:
    with preparer(30, 1024) as reader:
        with pytest.raises(ReadingError, match=told):
            reader.prepare(_file(tmp_path, suffix))
        assert "second floor" in _text(reader, good)


@pytest.mark.usefixtures("misbehaving")
def test_a_hanging_reader_is_stopped(tmp_path: Path, good: Path) -> None:
    with preparer(2, 1024) as reader:
        started = time.monotonic()
        with pytest.raises(ReadingError, match="took longer than 2 s"):
            reader.prepare(_file(tmp_path, "hangs"))
        assert time.monotonic() - started < 10
        assert "second floor" in _text(reader, good)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the system cannot limit memory")
@pytest.mark.usefixtures("misbehaving")
def test_a_hungry_reader_is_stopped(tmp_path: Path, good: Path) -> None:
    with preparer(60, 256) as reader:
        with pytest.raises(ReadingError, match="takes more than 256 MiB"):
            reader.prepare(_file(tmp_path, "hungry"))
        assert "second floor" in _text(reader, good)


@pytest.mark.usefixtures("misbehaving")
def test_a_reader_that_grows_is_stopped_where_the_system_does_not_limit_it(tmp_path: Path, good: Path) -> None:
    with preparer(60, 4096) as reader:
        assert "second floor" in _text(reader, good)
        # the worker has set its own limit by now; what is left is the parent's watch
        reader._limits = Limits(60, memory_mb=256)
        with pytest.raises(ReadingError, match="takes more than 256 MiB"):
            reader.prepare(_file(tmp_path, "growing"))
        assert "second floor" in _text(reader, good)


@pytest.mark.alone
@pytest.mark.usefixtures("misbehaving")
def test_pages_that_ocr_reads_have_time_of_their_own(tmp_path: Path) -> None:
    slow, told = _file(tmp_path, "slow"), []
    with preparer(1, ocr_timeout_s=5) as reader:
        prepared = reader.prepare(slow, lambda *unit: told.append(unit))
        assert told == [(page, 4, True, 0) for page in range(1, 5)]
        assert prepared.seconds >= 2
    with preparer(1, ocr_timeout_s=0) as reader, pytest.raises(ReadingError, match="took longer than 1 s"):
        reader.prepare(slow)


@pytest.mark.usefixtures("misbehaving")
def test_cancelling_ends_the_worker_at_once(tmp_path: Path, good: Path) -> None:
    with preparer() as reader:
        reader.prepare(good)
        process, started = reader._child.process, time.monotonic()
        with pytest.raises(CancelledError):
            reader.prepare(_file(tmp_path, "hangs"), cancelled=lambda: time.monotonic() - started > 0.5)
        assert time.monotonic() - started < 5
        assert not process.is_alive()
        assert "second floor" in _text(reader, good)


def test_a_file_is_cut_and_its_language_told(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("# Congés\n\nLe congé annuel est de vingt-cinq jours par an pour tous.", encoding="utf-8")
    with preparer() as reader:
        prepared = reader.prepare(path)
    assert prepared.document.language == "fr"
    assert [chunk.headings for chunk in prepared.chunks] == [("Congés",)]
    assert prepared.texts[0].context == "note > Congés"
    assert prepared.texts[0].text.startswith("Congés\n\nLe congé annuel")


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "much.txt"
    path.write_text("word " * 250_000, encoding="utf-8")
    with preparer(max_text_mb=1) as reader, pytest.raises(ReadingError, match=r"holds 1 million characters .*\(1\)"):
        reader.prepare(path)


@pytest.mark.usefixtures("misbehaving")
def test_a_worker_that_has_grown_is_replaced(tmp_path: Path, good: Path, monkeypatch) -> None:
    monkeypatch.setattr(worker, "_RECYCLE_MB", 1)
    with preparer() as reader:
        reader.prepare(good)
        assert reader._child is None
        assert "second floor" in _text(reader, good)


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from test_worker import preparer\n"
        "from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    reader = preparer()\n"
        "    reader.prepare(Path(sys.argv[1]))\n"
        "    print(reader._child.process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code, encoding="utf-8")
    note = tmp_path / "note.txt"
    note.write_text("A note.", encoding="utf-8")
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    parent = subprocess.Popen([sys.executable, script, note], stdout=subprocess.PIPE, text=True, env=environment)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    child.wait(timeout=10)


@pytest.mark.usefixtures("misbehaving")
def test_a_large_document_comes_through(tmp_path: Path) -> None:
    with preparer(60, 1024) as reader:
        assert len(_text(reader, _file(tmp_path, "large"))) == 16 << 20


@pytest.mark.usefixtures("misbehaving")
def test_a_worker_killed_from_outside_is_started_anew(tmp_path: Path, good: Path) -> None:
    with preparer(30, 1024) as reader:
        assert "second floor" in _text(reader, good)
        killer = threading.Timer(0.5, os.kill, (reader._child.process.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(ReadingError, match=r"crashed on it \(exit -9\)"):
            reader.prepare(_file(tmp_path, "hangs"))
        killer.join()
        assert "second floor" in _text(reader, good)


def test_a_worker_killed_between_two_files_is_started_anew(good: Path) -> None:
    with preparer(30, 1024) as reader:
        _text(reader, good)
        os.kill(reader._child.process.pid, signal.SIGKILL)
        reader._child.process.join()
        assert "second floor" in _text(reader, good)


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (None, "cannot be read")])
def test_empty_and_missing_files(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "note.txt"
    if content is not None:
        path.write_bytes(content)
    with preparer(30, 1024) as reader, pytest.raises(ReadingError, match=told):
        reader.prepare(path)


def test_an_error_of_the_system_is_told_from_one_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    with preparer(30, 1024) as reader:
        with pytest.raises(TransientReadingError):
            reader.prepare(tmp_path / "gone.txt")
        with pytest.raises(ReadingError) as caught:
            reader.prepare(tmp_path / "empty.txt")
    assert not isinstance(caught.value, TransientReadingError)


def test_closing_ends_the_worker_and_may_be_repeated(good: Path) -> None:
    reader = preparer(30, 1024)
    reader.close()
    reader.prepare(good)
    process = reader._child.process
    reader.close()
    reader.close()
    assert not process.is_alive()


def test_a_picture_is_read_on_the_page_where_it_stands(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "floors.pdf")
    for page in (1, 2, 3):
        for row in range(12):
            canvas.drawString(72, 330 - 16 * row, f"Floor {page}, room {row}: two desks and a printer.")
        if page == 2:
            scan(canvas, picture(["Exit by the north stairs", "Meeting point: the car park"]), 0.4)
        canvas.showPage()
    canvas.save()
    told = []
    with preparer() as reader:
        prepared = reader.prepare(tmp_path / "floors.pdf", lambda *unit: told.append(unit[:3]))
    assert "north stairs" in prepared.document.units[1].text
    assert told == [(1, 3, False), (2, 3, False), (2, 3, True), (3, 3, False)]
