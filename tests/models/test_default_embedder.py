"""The default embedder as the package index has it: the real wheels, spread, loaded, asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragapp.app import build_embedder, dense_weight, prepare_embedder
from ragapp.errors import ModelError
from ragapp.index.model_folder import DIGEST_FILE
from ragapp.models.checks import installed_variant
from ragapp.models.packs import get_pack
from ragapp.models.pull import verify_pack
from ragapp.settings import Settings, load_settings

pytestmark = pytest.mark.real

NAME = Settings().embedding.model


def settings_of(models: Path, name: str = NAME, **retrieval) -> Settings:
    return load_settings(None, {"paths": {"models": models}, "embedding": {"model": name}, "retrieval": retrieval})


def test_it_is_whole_and_finds_across_languages(models_dir: Path) -> None:
    assert {check.status for check in verify_pack(get_pack(NAME), models_dir)} == {"ok"}
    variant = installed_variant(get_pack(NAME), models_dir)
    assert variant.converter
    settings = settings_of(models_dir)
    prepare_embedder(settings, NAME)
    embedder = build_embedder(settings)
    known = variant.embedder
    assert known
    assert (embedder.dimension, embedder.tokenizer.max_tokens) == (known.dimensions, known.tokens)
    prompts = embedder.tokenizer.prompts
    assert (prompts.query, prompts.document) == (known.query_prompt, known.document_prompt)
    passages = [
        "Les salariés disposent de 25 jours de congés payés par an.",
        "Lunch in the canteen is paid by the employer.",
        "The printer on the second floor is out of order.",
    ]
    vectors = embedder.embed_documents(passages)
    for question, best in {"How many days of leave are there?": 0, "Qui paie le repas à la cantine ?": 1}.items():
        assert np.argmax(vectors @ embedder.embed_query(question)) == best
    # the two sources' weights differ, so their vectors never meet in one store
    others = {pin.sha256 for other in get_pack(NAME).variants for pin in other.files if pin.name == "model.safetensors"}
    assert len(others) == 2
    assert embedder.weights_sha256 in others


def test_what_is_prepared_is_remembered_beside_the_weights(models_dir: Path, tmp_path: Path) -> None:
    small = get_pack("all-minilm-l6-v2")
    folder = tmp_path / small.name
    folder.mkdir()
    for source in small.target(models_dir).iterdir():
        if source.name != DIGEST_FILE:
            (folder / source.name).symlink_to(source)
    prepare_embedder(settings_of(tmp_path), small.name)
    assert (folder / DIGEST_FILE).is_file()
    with pytest.raises(ModelError, match=NAME):
        prepare_embedder(settings_of(tmp_path), NAME)


def test_the_weight_of_its_vectors_is_its_own_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    for name in (NAME, "all-minilm-l6-v2"):
        known = get_pack(name).embedder
        assert known
        assert dense_weight(settings_of(tmp_path, name)) == known.dense_weight
        assert dense_weight(settings_of(tmp_path, str(tmp_path / name))) == known.dense_weight
        assert dense_weight(settings_of(tmp_path, name, dense_weight=0.0)) == 0.0
    assert dense_weight(settings_of(tmp_path, "mine")) == 0.5
    assert dense_weight(settings_of(tmp_path, "mine", dense_weight=0.9)) == 0.9
