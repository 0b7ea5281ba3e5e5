import os

import pytest

from ragapp.llm.runtime import import_llama

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.fixture
def seen(monkeypatch):
    """What the environment holds while llama.cpp is brought in."""
    import builtins

    held = {}
    real = builtins.__import__

    def watch(name, *rest, **more):
        if name == "llama_cpp":
            held.update({known: os.environ.get(known) for known in NAMES})
        return real(name, *rest, **more)

    import_llama.cache_clear()
    monkeypatch.setattr(builtins, "__import__", watch)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return held


def test_threads_turn_for_a_short_while_and_then_sleep(seen):
    import_llama()
    assert seen["OMP_WAIT_POLICY"] == "PASSIVE"
    assert int(seen["GOMP_SPINCOUNT"]) > 0
    assert not any(name in os.environ for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_chose_stays(seen, monkeypatch, name):
    monkeypatch.setenv(name, "7")
    import_llama()
    assert seen == {known: "7" if known == name else None for known in NAMES}
