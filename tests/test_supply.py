"""What is installed: every package pinned by version and hash, its licence listed; weights are never a pickle."""

import json
import re
import sys
from pathlib import Path

import pytest

from ragapp.errors import ModelError
from ragapp.index.model_folder import weights_sha256
from ragapp.models.discovery import find_model

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
import list_licences
import lock_requirements

ROOT = Path(sys.path.pop(0)).parent


def test_every_package_is_locked_by_hash():
    locked = lock_requirements.read_lock((ROOT / "requirements.lock").read_text("utf-8"))
    assert dict(locked) != {}
    assert {name: version for name, version in locked} == lock_requirements.pinned()
    assert all(hashes for hashes in locked.values())
    assert "torch" in list_licences.pinned()
    assert "torch" not in lock_requirements.pinned()


def test_a_lock_keeps_what_other_systems_found_and_drops_other_versions():
    archive = {"archive_info": {"hashes": {"sha256": "b" * 64}}}
    report = {"install": [{"metadata": {"name": "Some.Thing", "version": "2"}, "download_info": archive}]}
    before = f"some_thing==2 \\\n    --hash=sha256:{'a' * 64}\n"
    text = lock_requirements.write_lock({"some_thing": "2"}, report, before)
    assert lock_requirements.read_lock(text) == {("some_thing", "2"): {"a" * 64, "b" * 64}}
    text = lock_requirements.write_lock({"some_thing": "2"}, report, before.replace("==2", "==1"))
    assert lock_requirements.read_lock(text) == {("some_thing", "2"): {"b" * 64}}
    with pytest.raises(SystemExit, match="no other==1"):
        lock_requirements.write_lock({"other": "1"}, report, "")


def test_every_licence_is_listed_and_none_is_copyleft_for_the_whole():
    text = (ROOT / "docs" / "licences.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ") and "==" not in line]
    listed = {row[0]: row for row in rows if row[0] != "package"}
    assert {name: row[1] for name, row in listed.items()} == list_licences.pinned()
    for name, (_, _, licence) in listed.items():
        assert licence not in ("", "?"), name
        # the LGPL leaves a program that imports a library its own licence
        strong = re.search(r"(?<!L)GPL|(?<!Lesser )General Public|Proprietary|Commercial", licence, re.IGNORECASE)
        assert not strong, name


def test_a_licence_is_taken_from_what_the_package_says():
    assert list_licences.licence_of("pydantic") == "MIT"
    assert list_licences.licence_of("no-such-package") == ""
    before = "| colorama | 0.1 | BSD-3-Clause |\n"
    assert "| colorama | 0.4.6 | BSD-3-Clause |" in list_licences.build(before) or list_licences.licence_of("colorama")


def test_no_address_stands_in_what_pins():
    for name in ("requirements.lock", "constraints.txt"):
        text = (ROOT / name).read_text("utf-8")
        assert not re.search(r"https?://|@ file:", text)


@pytest.fixture
def pickled(tmp_path):
    """A folder as sentence-transformers writes it, weights as a pickle that tells when it is loaded."""
    import pickle

    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "exploded",)

    folder = tmp_path / "models" / "bad"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "modules.json").write_text(
        json.dumps([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}])
    )
    (folder / "config.json").write_text('{"architectures": ["BertModel"], "hidden_size": 8}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    yield folder
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("role", ["embedder", "cross-encoder"])
def test_a_pickle_is_refused_before_anything_opens_it(pickled, role):
    if role == "cross-encoder":
        (pickled / "modules.json").unlink()
        (pickled / "config.json").write_text(
            '{"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}'
        )
    with pytest.raises(ModelError, match=r"pytorch_model\.bin, which is refused"):
        find_model("bad", pickled.parent, role)
    with pytest.raises(ModelError, match=r"no model\.safetensors; weights in other forms are not loaded"):
        weights_sha256(pickled)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "weights.ckpt", "weights.pkl"])
def test_a_pickle_in_a_later_module_is_refused_too(pickled, name):
    (pickled / "pytorch_model.bin").rename(pickled / "model.safetensors")
    (pickled / "2_Dense").mkdir()
    (pickled / "2_Dense" / "config.json").write_text('{"in_features": 8, "out_features": 4}')
    (pickled / "2_Dense" / name).write_bytes(b"\x80\x04.")
    modules = json.loads((pickled / "modules.json").read_text())
    modules.append({"idx": 1, "name": "1", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (pickled / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="which is refused"):
        find_model("bad", pickled.parent, "embedder")
