"""Models in several files."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelkit import LLAMA, RealGguf, gguf_bytes

from ragapp.errors import ModelError
from ragapp.llm.engine import Engine
from ragapp.models.discovery import find_model, list_models
from ragapp.models.gguf import first_shard, read_gguf, read_model, whole_name
from ragapp.models.packs import get_pack


@pytest.mark.parametrize(
    ("name", "whole", "first"),
    [
        ("m-00002-of-00003.gguf", "m", "m-00001-of-00003.gguf"),
        ("m-00001-of-00003.gguf", "m", "m-00001-of-00003.gguf"),
        ("m-q4-00010-of-00012.GGUF", "m-q4", "m-q4-00001-of-00012.gguf"),
        ("m.gguf", "m", "m.gguf"),
        ("m-2-of-3.gguf", "m-2-of-3", "m-2-of-3.gguf"),
    ],
)
def test_names(name: str, whole: str, first: str) -> None:
    assert whole_name(Path(name)) == whole
    assert first_shard(Path("x") / name) == Path("x") / first


def split(folder: Path, count: int = 3, stem: str = "big") -> list[Path]:
    """A made-up model in so many files of two tensors each."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{stem}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]
    for number, path in enumerate(paths):
        marks = {"split.no": number, "split.count": count}
        path.write_bytes(gguf_bytes((LLAMA if number == 0 else {}) | marks))
    return paths


def test_one_model_is_listed_with_the_size_of_all_its_files(tmp_path: Path) -> None:
    paths = split(tmp_path / "models")
    (model,) = list_models(tmp_path / "models")
    assert (model.name, model.path, model.problem) == ("big", paths[0], "")
    assert model.size == sum(path.stat().st_size for path in paths)
    assert model.parameters == 3 * 2 * 32
    info = read_model(paths[0])
    assert (info.weights_size, info.tensor_count, info.architecture) == (3 * 256, 6, "llama")
    assert info.matrices == {"F32": 3 * 256}


def test_it_is_found_by_its_name_and_by_any_of_its_files(tmp_path: Path) -> None:
    models = tmp_path / "models"
    paths = split(models)
    for name in ("big", paths[0].name, paths[1].name, paths[2].stem, str(paths[2])):
        assert find_model(name, models, "llm") == paths[0]


@pytest.mark.parametrize("gone", [1, 2])
def test_a_missing_file_is_named(tmp_path: Path, gone: int) -> None:
    models = tmp_path / "models"
    paths = split(models)
    paths[gone].unlink()
    with pytest.raises(ModelError, match=rf"3 files, of which {paths[gone].name} is missing"):
        find_model("big", models, "llm")
    (model,) = list_models(models)
    assert paths[gone].name in model.problem


def test_several_missing_files_and_a_missing_first(tmp_path: Path) -> None:
    models = tmp_path / "models"
    paths = split(models)
    for path in paths[1:]:
        path.unlink()
    with pytest.raises(ModelError, match=f"{paths[1].name}, {paths[2].name} are missing"):
        find_model("big", models, "llm")
    split(models)[0].unlink()
    found = list_models(models)
    assert found
    assert all(paths[0].name in model.problem for model in found)


def test_a_file_that_was_renamed_says_how_it_should_be_named(tmp_path: Path) -> None:
    paths = split(tmp_path)
    renamed = paths[0].rename(tmp_path / "mine.gguf")
    with pytest.raises(ModelError, match="not named so") as caught:
        read_model(renamed)
    assert "-00001-of-00003.gguf" in caught.value.hint


def test_a_damaged_file_among_them_is_named(tmp_path: Path) -> None:
    paths = split(tmp_path)
    paths[1].write_bytes(paths[1].read_bytes()[:-200])
    with pytest.raises(ModelError, match=paths[1].name):
        read_model(paths[0])


@pytest.mark.real
def test_a_real_model_in_three_files_answers_as_in_one(models_dir: Path, tmp_path: Path) -> None:
    whole = get_pack("smollm2-135m-instruct").target(models_dir)
    paths = RealGguf(whole).split(tmp_path, "smol", 3)
    assert read_model(paths[0]).weights_size == pytest.approx(read_gguf(whole).weights_size)
    answers = []
    for path in (whole, find_model("smol", tmp_path, "llm")):
        engine = Engine(path, "smol", context=512)
        answers.append("".join(engine.generate([{"role": "user", "content": "What is 2+2?"}], max_tokens=6)))
        engine.close()
    assert answers[0]
    assert answers[0] == answers[1]
