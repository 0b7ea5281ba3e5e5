from __future__ import annotations

import struct
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modelkit import LLAMA, entry, gguf_bytes, text

from ragapp.errors import ModelError
from ragapp.models import gguf
from ragapp.models.gguf import GgufHeader, read_gguf, require_llm


@pytest.fixture
def file(tmp_path):
    return tmp_path / "m.gguf"


@pytest.mark.parametrize("version", [2, 3])
def test_reads_what_the_header_says(file, version):
    file.write_bytes(gguf_bytes(version=version))
    info = read_gguf(file)
    assert (info.version, info.architecture, info.name, info.quantization) == (version, "llama", "Tiny", "Q4_K_M")
    assert (info.context_length, info.embedding_length, info.block_count) == (2048, 64, 2)
    assert (info.head_count, info.head_count_kv) == (4, 2)
    assert (info.chat_template, info.tensor_count, info.parameters) == ("{{ messages }}", 2, 64)
    assert info.size == file.stat().st_size
    assert info.metadata["llama.attention.head_count_kv"] == (1, 2)
    assert "tokenizer.ggml.tokens" not in info.metadata
    assert info.lengths["tokenizer.ggml.tokens"] == 3
    assert info.lengths["tokenizer.ggml.token_type"] == 1000
    require_llm(info, file)


def test_missing_fields_are_none(file):
    file.write_bytes(gguf_bytes({"general.architecture": "llama", "llama.context_length": "many"}))
    info = read_gguf(file)
    assert (info.name, info.quantization, info.context_length, info.chat_template) == (None, None, None, None)


@pytest.mark.parametrize(("value", "name"), [(1024 + 15, "Q4_K_M"), (7, "Q8_0"), (999, "type 999")])
def test_quantization_names(file, value, name):
    file.write_bytes(gguf_bytes(LLAMA | {"general.file_type": value}))
    assert read_gguf(file).quantization == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  <!DOCTYPE html><html>", "web page"),
        (b"<html><body>404", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs"),
        (b"PK\x03\x04rest", "zip"),
        (b"\x80\x02}q", "pickle"),
        (struct.pack("<Q", 20) + b'{"a":1}' + b" " * 40, "safetensors"),
        (b"hello", "unknown"),
        (b"GGU", "unknown"),
    ],
)
def test_other_files_are_named(file, content, words):
    file.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        read_gguf(file)
    assert str(file) in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GGUF", "ends in the middle"),
        (gguf_bytes(version=1), "version 1 is not supported"),
        (gguf_bytes(version=4), "version 4 is not supported"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (gguf_bytes()[:-1], "weights end at"),
        (gguf_bytes()[:200], "ends in the middle"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 62), "not there"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IQ", 8, 1 << 40), "not there"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 8, 1 << 40), "too many texts"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 0, 1 << 63), "not there"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "unknown type 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", 77), "unknown type 77"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("t") + struct.pack("<I", 1 << 30), "dimensions"),
        (gguf_bytes(LLAMA | {"general.alignment": 0}), "alignment"),
        (gguf_bytes(LLAMA | {"general.alignment": "x"}), "alignment"),
    ],
)
def test_damaged_headers_end_in_a_message(file, content, words):
    file.write_bytes(content)
    started = time.monotonic()
    with pytest.raises(ModelError, match=words):
        read_gguf(file)
    assert time.monotonic() - started < 1


def test_a_sparse_file_with_millions_of_empty_texts_does_not_hang(file):
    with file.open("wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 2))
        for key in "ab":
            out.write(text(key) + struct.pack("<IIQ", 9, 8, 3_000_000))
        out.truncate(1 << 30)
    started = time.monotonic()
    with pytest.raises(ModelError):
        read_gguf(file)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("part", [8, 9, 64, 1 << 20])
def test_texts_that_are_skipped_may_lie_across_the_parts_that_are_read(file, part, monkeypatch):
    monkeypatch.setattr(gguf, "PART", part)
    texts = [b"x" * (n * 7 % 90) for n in range(300)]
    packed = b"".join(struct.pack("<Q", len(one)) + one for one in texts)
    array = text("words") + struct.pack("<IIQ", 9, 8, len(texts)) + packed
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + array + entry("behind", "here"))
    info = read_gguf(file)
    assert (info.lengths["words"], info.metadata["behind"]) == (300, "here")
    for cut in (len(file.read_bytes()) - len(entry("behind", "here")) - 1, 500):
        file.write_bytes(file.read_bytes()[:cut])
        with pytest.raises(ModelError, match=r"ends in the middle|not there"):
            read_gguf(file)


def test_much_text_is_not_kept(file):
    big = "x" * (1 << 20)
    content = b"".join(entry(f"k{n}", big) for n in range(20))
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 20) + content)
    with pytest.raises(ModelError, match="too much text"):
        read_gguf(file)
    file.write_bytes(gguf_bytes({"k": big + "y"}))
    info = read_gguf(file)
    assert info.lengths["k"] == len(big) + 1
    assert "k" not in info.metadata


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.gguf", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_gguf(path)


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_give_a_description_or_a_model_error(file, data):
    content = bytearray(gguf_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(content) - 9))
        new = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 8, b"\0" * 8])))
        content[at : at + len(new)] = new
    file.write_bytes(content[: data.draw(st.integers(4, len(content)))])
    try:
        info = read_gguf(file)
    except ModelError:
        return
    assert isinstance(info, GgufHeader)


@settings(max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=400))
def test_any_tail_after_the_magic(file, tail):
    file.write_bytes(b"GGUF\x03\0\0\0" + tail)
    with suppress(ModelError):
        read_gguf(file)


@pytest.mark.parametrize(
    ("metadata", "tensors", "words"),
    [
        ({"general.architecture": "clip"}, 1, "projector"),
        (LLAMA | {"general.type": "mmproj"}, 1, "projector"),
        (LLAMA | {"general.type": "adapter"}, 1, "adapter"),
        (LLAMA | {"general.type": "imatrix"}, 1, "importance matrix"),
        (LLAMA | {"general.architecture": "bert"}, 1, "embedding model"),
        (LLAMA | {"llama.pooling_type": 3}, 1, "embedding model"),
        (LLAMA | {"llama.pooling_type": 4}, 1, "reranker"),
        (LLAMA, 0, "without weights"),
        ({"general.architecture": "llama"}, 1, "without a tokenizer"),
        ({}, 1, "without a tokenizer"),
    ],
)
def test_only_language_models_pass(file, metadata, tensors, words):
    file.write_bytes(gguf_bytes(metadata, tensors))
    with pytest.raises(ModelError, match=words):
        require_llm(read_gguf(file), file)
