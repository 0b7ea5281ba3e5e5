"""What llama.cpp's log tells of where a model was put.

The lines of the processor are recorded; those of GPUs are composed in the form that llama.cpp's messages have.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.llm import engine as engines
from ragapp.llm import options as options_module
from ragapp.llm.engine import Engine, EngineOptions, gpu_notices
from ragapp.llm.loading import USEFUL, Placement, read_placement
from ragapp.models.packs import get_pack

CPU = """\
load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
load_tensors:   CPU_Mapped model buffer size =    92.10 MiB
llama_context:        CPU  output buffer size =     0.19 MiB
llama_kv_cache:        CPU KV buffer size =    23.91 MiB
sched_reserve:        CPU compute buffer size =    49.69 MiB
"""
CUDA = """\
llama_prepare_model_devices: using device CUDA0 (NVIDIA GeForce RTX 3060) (0000:01:00.0) - 11870 MiB free
load_tensors: offloading output layer to GPU
load_tensors: offloading 27 repeating layers to GPU
load_tensors: offloaded 29/29 layers to GPU
load_tensors:   CPU_Mapped model buffer size =   125.19 MiB
load_tensors:        CUDA0 model buffer size =   934.70 MiB
llama_context:  CUDA_Host  output buffer size =     0.58 MiB
llama_kv_cache:      CUDA0 KV buffer size =    56.00 MiB
llama_context:      CUDA0 compute buffer size =   299.75 MiB
llama_context:  CUDA_Host compute buffer size =     7.01 MiB
"""
PARTLY = """\
llama_prepare_model_devices: using device CUDA0 (NVIDIA RTX A2000) - 5000 MiB free
llama_prepare_model_devices: using device CUDA1 (NVIDIA RTX A2000) - 5000 MiB free
load_tensors: offloaded 20/33 layers to GPU
load_tensors:   CPU_Mapped model buffer size =  1500.00 MiB
load_tensors:        CUDA0 model buffer size =  1200.00 MiB
load_tensors:        CUDA1 model buffer size =  1300.00 MiB
"""
METAL = """\
llama_prepare_model_devices: using device Metal (Apple M2) - 10922 MiB free
load_tensors: offloaded 29/29 layers to GPU
load_tensors: Metal_Mapped model buffer size =   934.70 MiB
load_tensors:   CPU_Mapped model buffer size =   125.19 MiB
"""
VULKAN = """\
llama_prepare_model_devices: using device Vulkan0 (AMD Radeon Graphics (RADV GFX1030)) (unknown id) - 8192 MiB free
load_tensors: offloaded 29/29 layers to GPU
load_tensors:      Vulkan0 model buffer size =   900.00 MiB
load_tensors:  Vulkan_Host model buffer size =   100.00 MiB
"""
NONE = """\
load_tensors: offloading 0 repeating layers to GPU
load_tensors: offloaded 0/29 layers to GPU
load_tensors:   CPU_Mapped model buffer size =   934.70 MiB
load_tensors:   CPU_REPACK model buffer size =   600.00 MiB
"""


@pytest.mark.parametrize(
    ("log", "devices", "offloaded", "layers", "host", "gpu", "said"),
    [
        (CPU, (), 0, 0, 165.89, 0, "on the processor, 166 MiB"),
        (
            CUDA,
            ("NVIDIA GeForce RTX 3060 (CUDA0)",),
            29,
            29,
            132.78,
            1290.45,
            "all layers on NVIDIA GeForce RTX 3060 (CUDA0): 1290 MiB there, 133 MiB of the machine's own memory",
        ),
        (
            PARTLY,
            ("NVIDIA RTX A2000 (CUDA0)", "NVIDIA RTX A2000 (CUDA1)"),
            20,
            33,
            1500,
            2500,
            "20 of 33 layers on NVIDIA RTX A2000 (CUDA0), NVIDIA RTX A2000 (CUDA1): 2500 MiB there",
        ),
        (METAL, ("Apple M2 (Metal)",), 29, 29, 125.19, 934.7, "all layers on Apple M2 (Metal)"),
        (
            VULKAN,
            ("AMD Radeon Graphics (RADV GFX1030) (Vulkan0)",),
            29,
            29,
            100,
            900,
            "all layers on AMD Radeon Graphics (RADV GFX1030) (Vulkan0): 900 MiB there",
        ),
        (NONE, (), 0, 29, 1534.7, 0, "on the processor, 1535 MiB"),
        ("", (), 0, 0, 0, 0, "on the processor"),
    ],
)
def test_what_the_log_says(log, devices, offloaded, layers, host, gpu, said) -> None:
    placement = read_placement(log.splitlines())
    assert (placement.devices, placement.offloaded, placement.layers) == (devices, offloaded, layers)
    assert placement.on_gpu is (offloaded > 0)
    assert placement.host_mib == pytest.approx(host)
    assert placement.gpu_mib == pytest.approx(gpu, abs=1e-6)
    assert str(placement).startswith(said)


def test_only_lines_of_use_are_kept() -> None:
    kept = [line for line in CUDA.splitlines() if USEFUL.search(line)]
    assert len(kept) == 8
    assert read_placement(kept) == read_placement(CUDA.splitlines())


@pytest.mark.parametrize(
    ("wanted", "able", "offloaded", "words"),
    [
        ("auto", False, 0, ""),
        (0, True, 0, ""),
        (0, False, 0, ""),
        (10, True, 10, ""),
        ("auto", True, 29, ""),
        (10, False, 0, "cannot use a GPU"),
        (-1, False, 0, "cannot use a GPU"),
        ("auto", True, 0, "put no layer"),
        (-1, True, 0, "put no layer"),
    ],
)
def test_who_asks_for_the_gpu_is_told_where_it_is_not_used(monkeypatch, wanted, able, offloaded, words) -> None:
    monkeypatch.setattr(engines, "can_offload", lambda: able)
    notices = gpu_notices(EngineOptions(gpu_layers=wanted), Placement(offloaded=offloaded, layers=29), "tiny")
    assert len(notices) == bool(words)
    assert all(words in notice and "tiny" in notice for notice in notices)


@pytest.mark.parametrize(("wanted", "able", "layers"), [("auto", True, -1), ("auto", False, 0), (7, True, 7)])
def test_how_many_layers_are_asked_for(monkeypatch, wanted, able, layers) -> None:
    monkeypatch.setattr(options_module, "can_offload", lambda: able)
    assert EngineOptions(gpu_layers=wanted).layers_wanted() == layers


@pytest.mark.real
def test_a_loaded_model_says_where_it_is(models_dir: Path) -> None:
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    engine = Engine(path, "smol", context=512, options=EngineOptions(gpu_layers=5))
    assert engine.placement is None
    engine.load()
    try:
        assert engine.placement.host_mib + engine.placement.gpu_mib > path.stat().st_size / 2**20 * 0.9
        assert engine.placement.on_gpu or "cannot use a GPU" in engine.notices[0]
    finally:
        engine.close()
