"""Adapters (LoRA) on a real model."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelkit import gguf_bytes, lora_bytes

from ragapp.errors import ModelError
from ragapp.llm.engine import Engine, EngineOptions
from ragapp.models.gguf import read_model, require_adapter
from ragapp.models.packs import get_pack
from ragapp.models.planning import plan_engine
from ragapp.settings import load_settings

CHAT = [{"role": "user", "content": "Name three colours."}]
WIDTH = 576


@pytest.fixture(scope="module")
def smol(models_dir: Path) -> Path:
    return get_pack("smollm2-135m-instruct").target(models_dir)


def chances(path: Path, lora: Path | None = None, scale: float = 1.0) -> list[float]:
    engine = Engine(path, "smol", context=256, options=EngineOptions(lora=lora, lora_scale=scale))
    try:
        return engine.choice_probabilities(CHAT, ("The", "Red", "Three"))
    finally:
        engine.close()


@pytest.mark.real
def test_an_adapter_changes_what_the_model_says_by_its_scale(smol: Path, tmp_path: Path) -> None:
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(lora_bytes(WIDTH))
    plain = chances(smol)
    assert chances(smol, lora, 0.0) == pytest.approx(plain, abs=1e-3)
    whole, turned = chances(smol, lora, 1.0), chances(smol, lora, -1.0)
    for one, other in ((plain, whole), (plain, turned), (whole, turned)):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.005


@pytest.mark.real
@pytest.mark.parametrize(
    "content",
    [lora_bytes(64), lora_bytes(WIDTH)[:-3000], lora_bytes(WIDTH, architecture="qwen2"), gguf_bytes(), b"no model"],
    ids=["another width", "cut", "another architecture", "a model", "nothing"],
)
def test_what_llama_cpp_cannot_put_on_is_an_error(smol: Path, tmp_path: Path, content: bytes) -> None:
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(content)
    engine = Engine(smol, "smol", context=256, options=EngineOptions(lora=lora))
    with pytest.raises(ModelError, match=r"lora\.gguf cannot be put on smol"):
        engine.load()
    assert not engine.loaded


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lora_bytes(WIDTH, architecture="qwen2"), "made for the architecture qwen2; smol is of llama"),
        (lora_bytes(WIDTH, adapter__type="control"), "of the kind 'control'"),
        (gguf_bytes(), "is not an adapter"),
        (lora_bytes(WIDTH)[:-3000], "cannot be used"),
        (b"<html>", "web page"),
    ],
)
def test_what_is_no_adapter_for_a_model_is_refused_before_it_is_loaded(
    smol: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(content)
    with pytest.raises(ModelError, match=words):
        require_adapter(lora, read_model(smol), "smol")


def test_the_setting(models_dir: Path, tmp_path: Path) -> None:
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(lora_bytes(WIDTH))
    llm = {"model": "smollm2-135m-instruct", "lora": str(lora), "lora_scale": 0.5}
    settings = load_settings(None, {"paths": {"models": models_dir}, "llm": llm})
    plan = plan_engine(settings)
    assert (plan.options.lora, plan.options.lora_scale) == (lora, 0.5)
    assert "lora.gguf 0.5" in str(plan.options)
    settings.llm.lora = str(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match=r"none\.gguf is not in"):
        plan_engine(settings)


def test_it_takes_its_memory(models_dir: Path, tmp_path: Path) -> None:
    lora = tmp_path / "lora.gguf"
    lora.write_bytes(lora_bytes(WIDTH))
    llm = {"model": "smollm2-135m-instruct", "context": 512, "gpu_layers": 0}
    settings = load_settings(None, {"paths": {"models": models_dir}, "llm": llm})
    free = plan_engine(settings).need.total
    assert plan_engine(settings, free=free).context == 512
    settings.llm.lora = str(lora)
    with pytest.raises(ModelError, match="are free"):
        plan_engine(settings, free=free)
    assert plan_engine(settings, free=free + lora.stat().st_size).context == 512
