from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ragapp.errors import ModelError
from ragapp.llm.engine import Engine, EngineOptions
from ragapp.models.gguf import GgufHeader, read_gguf
from ragapp.models.memory import (
    AUTO_CONTEXT,
    fitting_context,
    free_memory,
    gpu_layers,
    host_need,
    largest_context,
    memory_need,
)
from ragapp.models.packs import get_pack

GIB, MIB = 1 << 30, 1 << 20


def info_of(**changes) -> GgufHeader:
    """As a file of seven thousand million parameters would say of itself."""
    facts = GgufHeader(
        version=3,
        architecture="llama",
        name="seven",
        quantization="Q4_K_M",
        context_length=32768,
        embedding_length=4096,
        block_count=32,
        head_count=32,
        head_count_kv=8,
        chat_template=None,
        tensor_count=291,
        parameters=7_000_000_000,
        weights_size=4 * GIB,
        matrices={"Q4_K": 3 * GIB, "Q6_K": GIB},
        size=4 * GIB,
        metadata={"llama.attention.head_count_kv": 8},
        lengths={"tokenizer.ggml.tokens": 32_000},
    )
    return replace(facts, **changes)


def test_the_parts_by_hand() -> None:
    need = memory_need(info_of(), 4096, 256)
    assert need.weights == 4 * GIB
    assert need.repacked == 3 * GIB
    assert memory_need(info_of(), 4096, 256, repack=False).total == need.total - 3 * GIB
    assert need.cache == 32 * 8 * (128 + 128) * 4096 * 2
    assert need.compute == 4 * 256 * (33 * 4096 + 5 * 4096)
    assert need.total == need.weights + need.repacked + need.cache + need.compute


@pytest.mark.parametrize(
    ("changes", "cache_type", "cells"),
    [
        ({}, "q8_0", 32 * 8 * 256 * 34 / 32),
        ({"metadata": {"llama.attention.head_count_kv": 2}}, "f16", 32 * 2 * 256 * 2),
        ({"metadata": {"llama.attention.head_count_kv": (8, 0) * 16}}, "f16", 16 * 8 * 256 * 2),
        ({"metadata": {}}, "f16", 32 * 32 * 256 * 2),
        (
            {
                "metadata": {
                    "llama.attention.head_count_kv": 1,
                    "llama.attention.key_length": 256,
                    "llama.attention.value_length": 64,
                }
            },
            "f16",
            32 * 320 * 2,
        ),
    ],
)
def test_the_cache_of_one_token(changes: dict, cache_type: str, cells: float) -> None:
    assert memory_need(info_of(**changes), 1024, 256, cache_type).cache == 1024 * cells


def test_flash_attention_holds_no_scores() -> None:
    plain, flash = (memory_need(info_of(), 32768, 256, flash=flash).compute for flash in (False, True))
    assert flash < plain / 20


@pytest.mark.parametrize(
    ("free", "limit", "context"),
    [(64 * GIB, None, 32768), (64 * GIB, 8192, 8192), (9 * GIB, None, 8192), (7 * GIB, None, 0), (64 * GIB, 700, 512)],
)
def test_the_largest_window_that_fits(free: int, limit: int | None, context: int) -> None:
    found = largest_context(info_of(), free, 256, limit=limit)
    assert found == context
    if found:
        assert memory_need(info_of(), found, 256).total <= free


@pytest.mark.parametrize(
    ("wished", "free", "context"),
    [(4096, 64 * GIB, 4096), (100_000, 64 * GIB, 32768), ("auto", 64 * GIB, AUTO_CONTEXT), ("auto", 8 * GIB, 4096)],
)
def test_the_window_to_load_with(wished, free: int, context: int) -> None:
    assert fitting_context(info_of(), "seven", wished, 256, free) == context


@pytest.mark.parametrize(
    ("wished", "free", "hint"),
    [(32768, 8 * GIB, "Set llm.context to 4096 or less"), (4096, 2 * GIB, "Close other"), ("auto", 2 * GIB, "smaller")],
)
def test_what_does_not_fit_is_refused_with_numbers_and_what_would(wished, free: int, hint: str) -> None:
    with pytest.raises(ModelError, match=r"seven with a context of \d+ tokens takes .* GB.* are free") as caught:
        fitting_context(info_of(), "seven", wished, 256, free)
    assert hint in caught.value.hint


def test_free_memory_is_no_more_than_the_machine_has() -> None:
    import psutil

    assert 0 < free_memory() < psutil.virtual_memory().total


@pytest.mark.timeout(300)
@pytest.mark.parametrize("context", [2048, 8192, 32768])
def test_what_llama_cpp_itself_says_that_it_took(models_dir: Path, context: int) -> None:
    smollm = get_pack("smollm2-135m-instruct").target(models_dir)
    code = (
        "import sys; from llama_cpp import Llama\n"
        f"Llama(sys.argv[1], n_ctx={context}, n_batch=256, n_ubatch=256, verbose=True)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(smollm)], capture_output=True, text=True, check=True).stderr
    parts = {}
    for line in told.splitlines():
        for name in ("CPU_Mapped model", "CPU KV", "CPU compute", "CPU_REPACK model"):
            if f"{name} buffer size =" in line:
                parts[name] = float(line.split("=")[1].split("MiB")[0])
    need = memory_need(read_gguf(smollm), context, 256)
    assert need.weights / MIB == pytest.approx(parts["CPU_Mapped model"], rel=0.02), json.dumps(parts)
    assert need.cache / MIB == pytest.approx(parts["CPU KV"], rel=0.001)
    assert need.compute / MIB == pytest.approx(parts["CPU compute"], rel=0.03)
    assert need.total / MIB == pytest.approx(sum(parts.values()), rel=0.03)


@pytest.mark.parametrize(("free", "layers"), [(64 * GIB, 33), (0, 0), (100 * MIB, 0), (3 * GIB, None)])
def test_how_many_layers_fit_a_gpu(free: int, layers: int | None) -> None:
    need = memory_need(info_of(), 4096, 256)
    found = gpu_layers(info_of(), need, free)
    if layers is None:
        assert 0 < found < 33
        assert need.compute + (need.weights + need.cache) * found / 33 <= free
        assert need.compute + (need.weights + need.cache) * (found + 1) / 33 > free
    else:
        assert found == layers


def test_what_a_gpu_takes_the_machine_need_not_have() -> None:
    need = memory_need(info_of(), 4096, 256)
    assert host_need(info_of(), need, 0) == need.total
    assert host_need(info_of(), need, 33) == need.compute
    assert need.compute < host_need(info_of(), need, 16) < need.total


@pytest.mark.real
@pytest.mark.parametrize(
    ("context", "cache_type", "flash"), [(512, "f16", True), (4096, "q8_0", True), (4096, "q4_0", True)]
)
def test_what_an_engine_with_other_options_took(models_dir: Path, context: int, cache_type: str, flash: bool) -> None:
    smollm = get_pack("smollm2-135m-instruct").target(models_dir)
    options = EngineOptions(batch=512, flash_attention=flash, cache_type=cache_type)
    engine = Engine(smollm, "smol", context=context, options=options)
    engine.load()
    taken = engine.placement.buffers
    engine.close()
    need = memory_need(read_gguf(smollm), context, 512, cache_type, flash)
    assert need.cache / MIB == pytest.approx(taken["CPU", "KV"], rel=0.001)
    assert need.compute / MIB == pytest.approx(taken["CPU", "compute"], rel=0.05)
