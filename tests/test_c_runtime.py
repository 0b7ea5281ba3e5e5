import os
import platform
import subprocess
import sys

import pytest

from ragapp.c_runtime import passive_openmp_wait, trim_malloc, tune_malloc

THERE = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_threads_sleep_and_the_environment_is_left_as_it_was():
    with passive_openmp_wait():
        assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
        assert "GOMP_SPINCOUNT" not in os.environ
    assert not set(NAMES) & os.environ.keys()


def test_they_turn_for_a_while_where_that_is_wanted():
    with passive_openmp_wait(500):
        assert [os.environ[name] for name in NAMES] == ["PASSIVE", "500"]
    assert not set(NAMES) & os.environ.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_chose_stays(monkeypatch, name):
    monkeypatch.setenv(name, "7")
    with passive_openmp_wait(500):
        assert [os.environ.get(known) for known in NAMES] == ["7" if known == name else None for known in NAMES]
    assert os.environ[name] == "7"


@pytest.mark.skipif(not THERE, reason="glibc's own way")
def test_what_was_freed_between_what_is_in_use_goes_back_to_the_system():
    code = (
        "import psutil; from ragapp.c_runtime import trim_malloc, tune_malloc; tune_malloc()\n"
        "held = [bytes(100_000) for _ in range(1200)]; del held[:-1]; process = psutil.Process()\n"
        "before = process.memory_info().rss; trim_malloc(); print(before - process.memory_info().rss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50_000_000


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    tune_malloc()
    trim_malloc()
