from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from e5kit import SHAPE, SmallE5, tensor_sizes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from ragapp.errors import ModelError
from ragapp.models import e5s1
from ragapp.models.e5s1 import convert

HIDDEN, LAYERS, HEADS, WIDE, VOCABULARY, POSITIONS, TYPES = SHAPE
GOOD = SmallE5()
GOOD_BYTES = GOOD.build()


def converted(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "small.bin").write_bytes(data)
    convert(tmp_path / "small.bin", tmp_path / "made")
    return tmp_path / "made"


def test_every_weight_is_what_the_file_says(tmp_path, monkeypatch):
    monkeypatch.setattr(e5s1, "STEP", 96)  # several steps for every tensor
    found = load_file(converted(tmp_path, GOOD_BYTES) / "model.safetensors")
    names = {
        "embeddings.word_embeddings.weight": ("emb.word", (VOCABULARY, HIDDEN)),
        "embeddings.position_embeddings.weight": ("emb.pos", (POSITIONS, HIDDEN)),
        "embeddings.LayerNorm.bias": ("emb.ln.b", (HIDDEN,)),
        "encoder.layer.0.attention.self.query.weight": ("l0.q.w", (HIDDEN, HIDDEN)),
        "encoder.layer.1.attention.output.dense.bias": ("l1.ao.b", (HIDDEN,)),
        "encoder.layer.1.attention.output.LayerNorm.weight": ("l1.aln.w", (HIDDEN,)),
        "encoder.layer.1.intermediate.dense.weight": ("l1.fi.w", (WIDE, HIDDEN)),
        "encoder.layer.1.intermediate.dense.bias": ("l1.fi.b", (WIDE,)),
        "encoder.layer.0.output.dense.weight": ("l0.fo.w", (HIDDEN, WIDE)),
        "encoder.layer.0.output.LayerNorm.bias": ("l0.oln.b", (HIDDEN,)),
    }
    for name, (source, shape) in names.items():
        assert found[name].shape == shape
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name].ravel(), GOOD.weights[source].astype(np.float32), err_msg=name)
    assert not found["pooler.dense.weight"].any()
    assert len(found) == len(tensor_sizes()) + 2


def test_the_folder_is_a_whole_model_and_always_the_same(tmp_path):
    (tmp_path / "a").mkdir()
    made = converted(tmp_path / "a", GOOD_BYTES)
    config = json.loads((made / "config.json").read_text())
    shape = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
    assert [config[key] for key in shape] == list(SHAPE[:5])
    assert (config["max_position_embeddings"], config["type_vocab_size"]) == (POSITIONS, TYPES)
    assert config["layer_norm_eps"] == 1e-12
    (tmp_path / "b").mkdir()
    again = converted(tmp_path / "b", GOOD_BYTES)
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    assert len(files) == 7
    assert all((made / file).read_bytes() == (again / file).read_bytes() for file in files)


def test_transformers_loads_it_and_misses_nothing(tmp_path):
    transformers = pytest.importorskip("transformers")
    made = converted(tmp_path, GOOD_BYTES)
    model, told = transformers.BertModel.from_pretrained(made, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    assert model.config.hidden_size == HIDDEN


def test_how_far_it_is_is_told_up_to_the_whole_file(tmp_path):
    (tmp_path / "small.bin").write_bytes(GOOD_BYTES)
    told: list[int] = []
    convert(tmp_path / "small.bin", tmp_path / "made", told.append)
    assert told == sorted(told)
    assert told[-1] == (tmp_path / "made" / "model.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"magic": b"GGUF"}, "does not begin with E5S1"),
        ({"version": 2}, "has version 2; this ragapp reads version 1"),
        ({"block": 64}, "what no model has"),
        ({"epsilon": float("nan")}, "what no model has"),
        ({"shape": (32, 2, 5, 64, 40, 16, 2)}, "what no model has"),
        ({"shape": (32, 2, 4, 64, 1 << 30, 16, 2), "names": ["emb.pos"]}, "what no model has"),
        ({"names": [*tensor_sizes(), "emb.pos"]}, "emb.pos twice"),
        ({"names": list(tensor_sizes())[:-2]}, "2 tensors are missing"),
        ({"names": [*tensor_sizes(), "other"]}, "'other', which such a model does not have"),
        ({"names": [*tensor_sizes(), "x" * 65]}, "a name of 65 bytes"),
        ({"entries": {"emb.ln.w": (0, 31, 0, 124)}}, "31 weights"),
        ({"entries": {"emb.ln.w": (2, 32, 0, 128)}}, "type 2"),
        ({"entries": {"emb.word": (1, 1280, 0, 1280)}}, "1280 bytes"),
        ({"entries": {"l1.oln.b": (0, 32, 1 << 62, 128)}}, "beyond the file's end"),
        ({"entries": {"l1.oln.b": (0, 32, len(GOOD_BYTES) - 127, 128)}}, "beyond the file's end"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, changes, words):
    with pytest.raises(ModelError, match=words):
        converted(tmp_path, SmallE5(**changes).build())


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.1, 0.5, 0.999])
def test_a_file_that_ends_early(tmp_path, share):
    with pytest.raises(ModelError):
        converted(tmp_path, GOOD_BYTES[: int(len(GOOD_BYTES) * share)])


def test_weights_that_are_no_numbers(tmp_path):
    spoilt = GOOD_BYTES[:-4] + struct.pack("<f", float("inf"))
    with pytest.raises(ModelError, match="no numbers"):
        converted(tmp_path, spoilt)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_end_in_a_model_error_or_a_whole_folder(tmp_path, data):
    spoilt = bytearray(GOOD_BYTES)
    # the head and the list of tensors are the first few kilobytes
    places = st.integers(0, 2500) | st.integers(0, len(spoilt) - 1)
    for at in data.draw(st.lists(places, min_size=1, max_size=6)):
        spoilt[at] = data.draw(st.integers(0, 255))
    try:
        made = converted(tmp_path, bytes(spoilt))
    except ModelError:
        return
    assert len(load_file(made / "model.safetensors")) == len(tensor_sizes()) + 2
