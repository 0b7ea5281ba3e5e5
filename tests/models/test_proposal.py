"""Which language model is proposed."""

import pytest

from ragapp.models.packs import PACKS
from ragapp.models.proposal import on_hub, propose, system_language

DEFAULT = "qwen2.5-coder-1.5b-instruct"
GB = 10**9


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "it", "nl", "pt"])
@pytest.mark.parametrize("free", [0, 1 * GB, 3 * GB, 6 * GB, 64 * GB])
def test_what_is_proposed_fits_and_knows_the_language(free, language):
    pack = propose(free, language, DEFAULT)
    assert pack.llm
    if pack.name != DEFAULT:
        assert pack.llm.memory <= free
        assert language in pack.llm.languages.split()


def test_more_memory_never_gives_a_lesser_model():
    ranks = [propose(free * GB, "fr", DEFAULT).llm.rank for free in range(3, 20)]
    assert ranks == sorted(ranks)
    assert ranks[-1] > PACKS[DEFAULT].llm.rank


def test_without_the_hub_it_is_what_the_package_index_has():
    for free in range(0, 20):
        assert propose(free * GB, "fr", DEFAULT, hub=False).wheels
    assert propose(16 * GB, "fr", DEFAULT, hub=False).name == DEFAULT


def test_a_language_that_no_model_knows_gets_the_default():
    assert propose(64 * GB, "xx", DEFAULT).name == DEFAULT


def test_a_hub_that_cannot_be_reached_has_nothing():
    assert not on_hub(PACKS["qwen3-8b"], "http://127.0.0.1:9")


@pytest.mark.parametrize(("name", "code"), [("fr_FR.UTF-8", "fr"), ("de", "de"), ("C.UTF-8", "en"), ("POSIX", "en")])
def test_the_language_of_the_system(monkeypatch, name, code):
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    monkeypatch.setenv("LC_ALL", name)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.delenv("LANG", raising=False)
    assert system_language() == code
