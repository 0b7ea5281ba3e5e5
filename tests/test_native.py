import os

import pytest

from ragapp.native import threads_that_sleep

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_threads_sleep_and_the_environment_is_left_as_it_was():
    with threads_that_sleep():
        assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
        assert "GOMP_SPINCOUNT" not in os.environ
    assert not set(NAMES) & os.environ.keys()


def test_they_turn_for_a_while_where_that_is_wanted():
    with threads_that_sleep(500):
        assert [os.environ[name] for name in NAMES] == ["PASSIVE", "500"]
    assert not set(NAMES) & os.environ.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_chose_stays(monkeypatch, name):
    monkeypatch.setenv(name, "7")
    with threads_that_sleep(500):
        assert [os.environ.get(known) for known in NAMES] == ["7" if known == name else None for known in NAMES]
    assert os.environ[name] == "7"
