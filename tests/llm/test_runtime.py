"""How llama.cpp's library is brought in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "llama_cpp":
            print(os.environ.get("OMP_WAIT_POLICY"))
sys.meta_path.insert(0, Watch())
{first}
print(os.environ.get("OMP_WAIT_POLICY"))
"""
FIRST = {
    "itself": "from ragapp.llm.runtime import import_llama; import_llama()",
    "asking for a GPU": "from ragapp.llm.options import can_offload; can_offload()",
    "looking for GPUs": "from ragapp.llm.devices import gpus; gpus()",
    "keeping the log": "from ragapp.llm.loading import keep_log; keep_log()",
}


def policies(first: str, **environment: str) -> list[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first)], capture_output=True, text=True, check=True,
        env={**inherited, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST)
def test_its_threads_sleep_where_they_wait_and_nobody_elses_do(first: str) -> None:
    assert policies(first) == ["PASSIVE", "None"]


def test_a_persons_own_choice_stays() -> None:
    assert policies(FIRST["itself"], OMP_WAIT_POLICY="ACTIVE") == ["ACTIVE", "ACTIVE"]
