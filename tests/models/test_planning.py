"""How much of the memory a language model's window may take beside the embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.models import memory
from ragapp.models.gguf import read_model
from ragapp.models.packs import get_pack
from ragapp.models.planning import embedder_size, plan_engine
from ragapp.settings import load_settings

pytestmark = pytest.mark.real

MIB = 1 << 20


def settings_of(models_dir: Path, embedder: str, context: int | str = "auto"):
    llm = {"model": "smollm2-135m-instruct", "context": context}
    paths, embedding = {"models": models_dir}, {"model": embedder}
    return load_settings(None, {"paths": paths, "embedding": embedding, "llm": llm})


def test_a_window_that_is_chosen_leaves_the_embedder_its_room(models_dir: Path) -> None:
    large, small = (settings_of(models_dir, name) for name in ("multilingual-e5-small", "all-minilm-l6-v2"))
    assert embedder_size(large) > 4 * embedder_size(small) > 0
    info = read_model(get_pack("smollm2-135m-instruct").target(models_dir))
    least = memory.memory_need(info, memory.SMALLEST_CONTEXT, 256).total
    free = least + embedder_size(large) + 40 * MIB
    beside_large, beside_small = plan_engine(large, free=free), plan_engine(small, free=free)
    assert beside_large.need.total <= free - embedder_size(large)
    assert memory.SMALLEST_CONTEXT <= beside_large.context < beside_small.context
    # a window that was set by hand is as it was set
    assert plan_engine(settings_of(models_dir, "multilingual-e5-small", 2048), free=free).context == 2048


def test_where_there_is_no_room_for_both_something_is_proposed_still(models_dir: Path) -> None:
    settings = settings_of(models_dir, "multilingual-e5-small")
    info = read_model(get_pack("smollm2-135m-instruct").target(models_dir))
    free = memory.memory_need(info, memory.SMALLEST_CONTEXT, 256).total
    assert plan_engine(settings, free=free).context == memory.SMALLEST_CONTEXT


def test_an_embedder_that_is_not_here_takes_nothing(tmp_path: Path, models_dir: Path) -> None:
    assert embedder_size(settings_of(tmp_path, "multilingual-e5-small")) == 0
    assert embedder_size(settings_of(models_dir, "nothing")) == 0
