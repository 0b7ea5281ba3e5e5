from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from modelkit import LLAMA, gguf_bytes, sha256

from ragapp.errors import ModelError
from ragapp.models import discovery
from ragapp.models.checks import Manifest
from ragapp.models.discovery import find_candidates, find_model, list_models
from ragapp.models.packs import Pack, PackFile

WEIGHTS = gguf_bytes()
TINY = Pack("tiny", "llm", (PackFile("tiny-q4.gguf", len(WEIGHTS), sha256(WEIGHTS)),), "o/tiny", "MIT", "tiny")
PARTS = {"modules.json": b"[]", "config.json": b"{}", "model.safetensors": b"weights", "1_Pooling/config.json": b"{}"}
FOLDER = Pack(
    "embed", "embedder", tuple(PackFile(n, len(d), sha256(d)) for n, d in PARTS.items()), "o/embed", "MIT", "embedder"
)


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(discovery, "PACKS", {"tiny": TINY, "embed": FOLDER})


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def write(path: Path, data: bytes = WEIGHTS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_folder(folder: Path, parts: dict[str, bytes] = PARTS) -> Path:
    for name, data in parts.items():
        write(folder / name, data)
    return folder


def ollama(root: Path, name: str = "tiny", data: bytes = WEIGHTS) -> Path:
    digest = sha256(data)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:" + "0" * 64},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    write(root / "manifests" / "registry" / "library" / name / "latest", json.dumps({"layers": layers}).encode())
    return write(root / "blobs" / f"sha256-{digest}", data)


def test_pack_by_its_name_and_by_its_files_name(models):
    path = write(models / "tiny-q4.gguf")
    for name in ("tiny", "tiny-q4.gguf", "tiny-q4", str(path)):
        assert find_model(name, models, "llm") == path
    folder = write_folder(models / "embed")
    for name in ("embed", str(folder)):
        assert find_model(name, models, "embedder") == folder


@pytest.mark.parametrize("name", ["tiny", "embed"])
def test_missing_pack_names_the_command(models, name):
    with pytest.raises(ModelError) as caught:
        find_model(name, models, "llm" if name == "tiny" else "embedder")
    assert caught.value.hint == f"Run: ragapp models pull {name}"
    assert str(models) in caught.value.message


@pytest.mark.parametrize("data", [WEIGHTS[:-1], WEIGHTS[:-1] + b"\2"])
@pytest.mark.parametrize("name", ["tiny", "tiny-q4"])
def test_damaged_pack_is_refused(models, data, name):
    write(models / "tiny-q4.gguf", data)
    with pytest.raises(ModelError, match="damaged") as caught:
        find_model(name, models, "llm")
    assert caught.value.hint == "Run: ragapp models pull tiny"


def test_incomplete_or_altered_folder_is_refused(models):
    folder = write_folder(models / "embed")
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ModelError, match=r"1_Pooling/config.json \(missing\)"):
        find_model("embed", models, "embedder")
    write(folder / "1_Pooling" / "config.json", b"[]")
    with pytest.raises(ModelError, match=r"1_Pooling/config.json \(altered\)"):
        find_model("embed", models, "embedder")


def test_a_change_after_the_check_is_noticed(models):
    path = write(models / "tiny-q4.gguf")
    assert find_model("tiny", models, "llm") == path
    write(path, WEIGHTS[:-1] + b"\2")
    os.utime(path, ns=(5, 5))
    with pytest.raises(ModelError, match="damaged"):
        find_model("tiny", models, "llm")


def test_wrong_role_is_refused_with_the_right_ones(models):
    write(models / "tiny-q4.gguf")
    with pytest.raises(ModelError) as caught:
        find_model("tiny", models, "embedder")
    assert "embed" in caught.value.hint


def test_own_gguf_by_stem_name_and_path(models, tmp_path, monkeypatch):
    own = write(models / "own.gguf", gguf_bytes(LLAMA | {"general.name": "Own"}))
    for name in ("own", "own.gguf", str(own)):
        assert find_model(name, models, "llm") == own
    far = write(tmp_path / "far" / "x.gguf")
    assert find_model(str(far), models, "llm") == far
    monkeypatch.chdir(far.parent)
    assert find_model("./x.gguf", models, "llm") == far
    assert find_model("x.gguf", models, "llm") == far


def test_unknown_name_is_answered_with_the_nearest_and_what_is_there(models):
    write(models / "own.gguf")
    with pytest.raises(ModelError) as caught:
        find_model("owm", models, "llm")
    assert "There is: own" in caught.value.message
    assert "`own`" in caught.value.hint
    for name in ("", "../", "nope/../../etc"):
        with pytest.raises(ModelError):
            find_model(name, models, "llm")


def test_own_file_that_is_no_language_model_is_refused(models):
    write(models / "proj.gguf", gguf_bytes({"general.architecture": "clip"}))
    with pytest.raises(ModelError, match="projector"):
        find_model("proj", models, "llm")
    write(models / "page.gguf", b"<html>")
    with pytest.raises(ModelError, match="web page"):
        find_model("page", models, "llm")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "refused"),
        ({"config.json": b"{}"}, "holds no weights"),
        ({"model.safetensors": b"x"}, "holds no model"),
        ({"modules.json": b'[{"type": "evil.Module", "path": ""}]', "model.safetensors": b"x"}, "code of its own"),
        ({"modules.json": b"[3]", "model.safetensors": b"x"}, "code of its own"),
        (
            {
                "modules.json": b'[{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]',
                "model.safetensors": b"x",
                "2_Dense/pytorch_model.bin": b"x",
            },
            "refused",
        ),
    ],
)
def test_unsafe_or_unusable_folders_are_refused(models, parts, words):
    write_folder(models / "own", parts)
    with pytest.raises(ModelError, match=words):
        find_model("own", models, "embedder")


def test_safe_folder_may_hold_pickles_beside_its_safetensors(models):
    modules = b'[{"type": "sentence_transformers.models.Transformer", "path": ""}]'
    parts = {"modules.json": modules, "model.safetensors": b"x", "pytorch_model.bin": b"x"}
    folder = write_folder(models / "own", parts)
    assert find_model("own", models, "embedder") == folder


def test_list_tells_packs_from_own_files(models, tmp_path):
    write(models / "tiny-q4.gguf")
    write(models / "own.gguf")
    write(models / "broken.gguf", b"<html>")
    write(models / ".staging" / "tiny" / "x.gguf")
    write_folder(models / "embed")
    parts = {"config.json": b'{"architectures": ["BertForSequenceClassification"]}', "model.safetensors": b"x"}
    write_folder(models / "rank", parts)
    found = {model.name: model for model in list_models(models)}
    assert set(found) == {"tiny", "own", "broken", "embed", "rank"}
    assert (found["tiny"].status, found["tiny"].pack, found["tiny"].quantization) == ("unverified", "tiny", "Q4_K_M")
    assert (found["own"].status, found["own"].pack, found["own"].has_template) == ("unknown", None, True)
    assert (found["own"].context_length, found["own"].parameters) == (2048, 64)
    assert found["broken"].role == "other"
    assert "web page" in found["broken"].problem
    assert (found["embed"].role, found["embed"].size) == ("embedder", sum(map(len, PARTS.values())))
    assert found["rank"].role == "cross-encoder"


def test_list_status_of_packs(models):
    path = write(models / "tiny-q4.gguf")
    find_model("tiny", models, "llm")
    assert list_models(models)[0].status == "verified"
    write(path, WEIGHTS[:-1] + b"\2")
    os.utime(path, ns=(5, 5))
    Manifest(models).sha256(path)
    assert list_models(models)[0].status == "damaged"
    write(path, WEIGHTS[:-1])
    model = list_models(models)[0]
    assert (model.status, model.role) == ("damaged", "llm")
    assert model.problem
    path.unlink()
    (write_folder(models / "embed") / "config.json").unlink()
    assert list_models(models)[0].status == "incomplete"


def test_list_of_nothing(tmp_path):
    assert list_models(tmp_path / "none") == []


def test_other_stores_are_listed_and_usable(models, tmp_path, monkeypatch):
    store = tmp_path / "ollama"
    monkeypatch.setenv("OLLAMA_MODELS", str(store))
    blob = ollama(store)
    write(store / "manifests" / "registry" / "library" / "bad" / "latest", b"not json")
    escape = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../etc/passwd"}
    hostile = {"layers": [3, escape]}
    write(store / "manifests" / "registry" / "library" / "evil" / "latest", json.dumps(hostile).encode())
    studio = write(Path.home() / ".lmstudio" / "models" / "pub" / "repo" / "studio.gguf")
    four = write(Path.home() / ".local" / "share" / "nomic.ai" / "GPT4All" / "four.gguf")
    found = {model.name: model.path for model in list_models(models)}
    assert found == {"ollama:tiny:latest": blob, "lm-studio:studio": studio, "gpt4all:four": four}
    assert find_model("ollama:tiny:latest", models, "llm") == blob


def test_pack_files_are_found_elsewhere_by_hash_or_name_and_size(tmp_path):
    pin = TINY.files[0]
    assert find_candidates(pin) == []
    home = Path.home()
    blob = ollama(home / ".ollama" / "models")
    studio = write(home / ".lmstudio" / "models" / "a" / "b" / pin.name)
    write(home / ".cache" / "lm-studio" / "models" / "a" / "b" / pin.name, b"another size")
    hub = write(home / ".cache" / "huggingface" / "hub" / "models--o--tiny" / "blobs" / pin.sha256)
    assert find_candidates(pin) == [blob, studio, hub]
