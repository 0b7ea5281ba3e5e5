"""Pulls of what this machine has, and what this machine does to a pull."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path

import filelock
import pytest
from modelkit import Recorder, sha256
from pullkit import DATA, HALF, PARTS, folder, leftovers, llm, publish, pull

from ragapp.errors import ModelError, PullError
from ragapp.models.checks import Manifest
from ragapp.models.pull import verify_pack


def test_present_and_verified_is_returned_at_once(models, no_subprocess, monkeypatch):
    models.mkdir()
    (models / "tiny.gguf").write_bytes(DATA)
    assert pull(llm(), models, use_hub=True) == models / "tiny.gguf"
    monkeypatch.setattr("ragapp.models.checks.hash_file", no_subprocess)
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

    monkeypatch.setattr(os, "link", refuse)
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


# the machine


def test_full_disk_is_said_with_the_numbers(models, index, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
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


def test_pull_error_is_a_model_error():
    assert issubclass(PullError, ModelError)
