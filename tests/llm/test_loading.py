"""How far a model is loaded, told by llama.cpp itself."""

import pytest

from ragapp.errors import ModelError
from ragapp.llm import loading
from ragapp.llm.engine import Engine
from ragapp.models.packs import get_pack

pytestmark = pytest.mark.real


@pytest.fixture
def told(monkeypatch):
    """All that is told, and what stands in between."""
    told, note = [], loading._note

    def both(now):
        note(now)
        told.append(loading.loading_progress())

    monkeypatch.setattr(loading, "_note", both)
    return told


@pytest.fixture
def path(models_dir):
    return get_pack("smollm2-135m-instruct").target(models_dir)


def test_loading_is_told_from_nothing_to_all(told, path):
    own = loading.import_llama().llama_cpp.llama_model_default_params
    engine = Engine(path, "small", context=256)
    engine.load()
    assert told[-1] is None
    shares = [now.share for now in told[:-1]]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(set(shares)) > 10
    assert {now.path for now in told[:-1]} == {path}
    assert loading.import_llama().llama_cpp.llama_model_default_params is own
    assert engine.count("What is told is the same model") > 3
    engine.close()


def test_a_vocabulary_alone_and_a_file_that_fails_leave_nothing_behind(told, path, tmp_path):
    loading.load_vocabulary(path).close()
    assert told == []
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(ModelError):
        loading.load_model(broken)
    assert told[-1] is None
    assert loading.loading_progress() is None
