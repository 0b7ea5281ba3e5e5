"""Choosing what is fastest from figures, remembering it, and putting it into force."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ragapp.errors import ModelError, SettingsError
from ragapp.llm import options as engine_options
from ragapp.llm.options import EngineOptions, can_repack, repacking_pays
from ragapp.models import planning, tuning
from ragapp.models.packs import get_pack
from ragapp.models.planning import choose_options
from ragapp.models.tuning import (
    FILE_NAME,
    Trial,
    TunedOptions,
    candidates,
    choose,
    combine,
    measure,
    read_tuned,
    write_tuned,
)
from ragapp.settings import Llm

FIRST = EngineOptions(threads=4)
FOUND = TunedOptions(3, 512, True, "q8_0", "2026-01-31", 0.12)


def trial(seconds: float | list[float], **changes) -> Trial:
    """One whose typical question takes so many seconds, half of them reading."""
    rounds = seconds if isinstance(seconds, list) else [seconds, seconds]
    reading, writing = ([2 * tokens / each for each in rounds] for tokens in tuning.QUESTION)
    return Trial(replace(FIRST, **changes), reading, writing)


FLASH, EIGHT = {"flash_attention": True}, {"flash_attention": True, "cache_type": "q8_0"}


@pytest.mark.parametrize(
    ("others", "best"),
    [
        ([trial(9, batch=512)], {"batch": 512}),
        ([trial(9.9, batch=512)], {}),
        ([trial(11, batch=512), trial(12, **FLASH)], {}),
        ([trial(9, **FLASH), trial(8.8, **EIGHT)], FLASH),
        ([trial(9, **FLASH), trial(8, **EIGHT)], EIGHT),
        ([trial(10.5, **FLASH), trial(9.7, **EIGHT)], {}),
        ([trial(10.5, **FLASH), trial(9.3, **EIGHT)], EIGHT),
        ([trial([12, 9], batch=512)], {"batch": 512}),
    ],
)
def test_the_first_is_left_only_for_what_is_clearly_faster(others: list[Trial], best: dict) -> None:
    assert choose([trial(10), *others]).options == replace(FIRST, **best)


def test_on_a_restless_machine_more_is_asked_of_a_gain() -> None:
    assert choose([trial([10, 10.8]), trial(9.4, batch=512)]).options == FIRST
    assert choose([trial([10, 10.8]), trial(8.8, batch=512)]).options.batch == 512


def test_changes_that_are_worth_it_alone_are_put_together() -> None:
    trials = [
        trial(10),
        trial(9, threads=8),
        trial(12, batch=128),
        trial(9, batch=512),
        trial(9.5, **FLASH),
        trial(9.5, **EIGHT),
    ]
    assert combine(trials) == EngineOptions(8, 512, True, "f16")
    assert combine([trial(10), trial(9.9, threads=8), trial(9.9, batch=512), trial(11, **FLASH)]) == FIRST


def test_each_candidate_differs_in_one_thing() -> None:
    first, *others = candidates(FIRST)
    assert first == FIRST
    for other in others:
        different = {key for key, value in asdict(other).items() if value != asdict(first)[key]}
        assert different in ({"threads"}, {"batch"}, {"flash_attention"}, {"flash_attention", "cache_type"})
    assert len({str(one) for one in candidates(FIRST)}) == len(candidates(FIRST))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"weights")
    return path


def test_what_was_measured_is_remembered_for_this_file_on_this_machine(tmp_path, model, monkeypatch) -> None:
    models = tmp_path / "models"
    assert read_tuned(models, model) is None
    assert write_tuned(models, model, FOUND) == models / FILE_NAME
    assert read_tuned(models, model) == FOUND
    monkeypatch.setattr(tuning, "machine", lambda: "another")
    assert read_tuned(models, model) is None
    write_tuned(models, model, replace(FOUND, threads=9))
    monkeypatch.undo()
    assert read_tuned(models, model) == FOUND


def test_another_file_of_the_same_name_is_measured_anew(tmp_path, model) -> None:
    write_tuned(tmp_path, model, FOUND)
    os.utime(model, ns=(5, 5))
    assert read_tuned(tmp_path, model) is None
    write_tuned(tmp_path, model, FOUND)
    assert len(json.loads((tmp_path / FILE_NAME).read_text())) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"threads": 0},
        {"threads": "4"},
        {"batch": -1},
        {"cache_type": "q2"},
        {"flash_attention": False},
        {"day": 3},
        {"gain": "x"},
        {"more": 1},
        {"flash_attention": "yes"},
        {"repack": "yes"},
    ],
)
def test_a_damaged_memory_is_no_memory(tmp_path, model, changes: dict) -> None:
    write_tuned(tmp_path, model, FOUND)
    tree = json.loads((tmp_path / FILE_NAME).read_text())
    for entry in tree.values():
        for found in entry.values():
            found.update(changes)
    (tmp_path / FILE_NAME).write_text(json.dumps(tree))
    assert read_tuned(tmp_path, model) is None


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"m.gguf 7 5": 3}', "[" * 100_000])
def test_a_file_of_something_else_is_no_memory_and_is_written_over(tmp_path, model, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    assert read_tuned(tmp_path, model) is None
    write_tuned(tmp_path, model, FOUND)
    assert read_tuned(tmp_path, model) == FOUND


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, model) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        write_tuned(tmp_path / "file", model, FOUND)


MEASURED = {"threads": 3, "batch": 512, "flash_attention": True, "cache_type": "q8_0"}


@pytest.mark.parametrize(
    ("settings", "found", "wanted"),
    [
        ({}, FOUND, MEASURED),
        ({"threads": 2}, FOUND, {**MEASURED, "threads": 2}),
        ({"batch": 64}, FOUND, {**MEASURED, "batch": 64}),
        ({"cache_type": "f16"}, FOUND, {**MEASURED, "cache_type": "f16"}),
        ({"flash_attention": False}, FOUND, {**MEASURED, "flash_attention": False, "cache_type": "f16"}),
        ({}, None, {"threads": 7, "batch": 256, "flash_attention": False, "cache_type": "f16"}),
        ({"cache_type": "q4_0"}, None, {"flash_attention": True, "cache_type": "q4_0"}),
        ({"flash_attention": True}, None, {"flash_attention": True, "cache_type": "f16"}),
        ({"gpu_layers": 5}, None, {"gpu_layers": 5}),
        ({}, None, {"repack": repacking_pays()}),
        ({}, FOUND, {"repack": repacking_pays()}),  # measured by a version that did not try it
        ({}, replace(FOUND, repack=True), {"repack": True}),
        ({}, replace(FOUND, repack=False), {"repack": False}),
        ({"repack": True}, replace(FOUND, repack=False), {"repack": True}),
        ({"repack": False}, replace(FOUND, repack=True), {"repack": False}),
        ({}, None, {"gpu_layers": "auto"}),
    ],
)
def test_settings_win_over_what_was_measured(
    monkeypatch, settings: dict, found: TunedOptions | None, wanted: dict
) -> None:
    monkeypatch.setattr(planning, "physical_cores", lambda: 7)
    options, reasons = choose_options(Llm(**settings), found)
    assert {key: getattr(options, key) for key in wanted} == wanted
    for key in ("threads", "batch", "flash_attention", "cache_type", "repack"):
        by_hand = getattr(Llm(**settings), key) != getattr(Llm(), key)
        assert ("by the settings" in reasons[key]) is by_hand
        if found and not by_hand and options.cache_type != "f16" and (key != "repack" or found.repack is not None):
            assert "measured on 2026-01-31" in reasons[key]


@pytest.mark.parametrize(
    ("machine", "told", "pays"),
    [
        ("x86_64", b"AVX2 = 1 | FMA = 1", False),
        ("AMD64", b"AVX2 = 1 | AVX512 = 1 | AVX512_VNNI = 1", True),
        ("x86_64", b"AVX512 = 1 | AMX_INT8 = 1", False),
        ("aarch64", b"NEON = 1 | ARM_FMA = 1", True),
    ],
)
def test_where_nothing_was_measured_the_processor_decides_on_the_layout(monkeypatch, machine, told, pays) -> None:
    monkeypatch.setattr(engine_options.platform, "machine", lambda: machine)
    monkeypatch.setattr(engine_options, "import_llama", lambda: SimpleNamespace(llama_print_system_info=lambda: told))
    assert repacking_pays() is pays
    assert EngineOptions(gpu_layers=0).repacks() is pays
    # by hand, too, never where it could end the process
    assert EngineOptions(gpu_layers=0, repack=True).repacks() is (b"AMX" not in told)
    assert not EngineOptions(gpu_layers=0, repack=False).repacks()


def test_a_short_cache_without_flash_attention_is_refused() -> None:
    with pytest.raises(SettingsError, match="needs flash attention"):
        choose_options(Llm(cache_type="q8_0", flash_attention=False), None)


@pytest.mark.real
def test_a_real_model_is_measured(models_dir: Path, monkeypatch) -> None:
    monkeypatch.setattr(tuning, "WRITE_TOKENS", 2)
    told: list[str] = []
    measured = measure(
        get_pack("smollm2-135m-instruct").target(models_dir), EngineOptions(), seconds=3, tell=told.append
    )
    assert len(told) >= 2 * 4
    assert measured.best in measured.trials
    for one in measured.trials:
        assert len(one.reading) == len(one.writing) == 2
        assert min(one.reading) > 1
        assert min(one.writing) > 1
    assert {t.options.cache_type for t in measured.trials} == {"f16", "q8_0"}
    assert measured.tuned().batch == measured.best.options.batch
    assert {t.options.repacks() for t in measured.trials} == ({True, False} if can_repack() else {False})
    assert measured.tuned().repack is measured.best.options.repacks()
