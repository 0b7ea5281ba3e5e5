"""A whole server that a service manager stops in the middle of an answer, and starts anew."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from remotekit import MODEL, delta, likely, said, serving

from ragapp.web.server_file import read_server_file

pytestmark = pytest.mark.real

CANARY = "laptops"


def started(home: Path, models: Path, url: str, port: int) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")}
    settings = {
        "PATHS__DATA": home / "data",
        "PATHS__INGEST": home / "drop",
        "PATHS__MODELS": models,
        "EMBEDDING__MODEL": "all-minilm-l6-v2",
        "LLM__MODE": "openai",
        "LLM__URL": url,
        "LLM__MODEL": MODEL,
        "LLM__PARALLEL": 1,
        "ANSWER__THRESHOLD": 0,
        "ANSWER__CALIBRATE": "off",
        "RETRIEVAL__PASSAGES": 2,
        "SERVER__PORT": port,
        "SERVER__GRACE": 30,
        "SERVER__METRICS": "open",
        "SERVER__LOG": home / "requests.log",
    }
    environment |= {f"RAGAPP_{name}": str(value) for name, value in settings.items()}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    with (home / "said.txt").open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ui", "--no-browser"], env=environment, cwd=home, stdout=out, stderr=out
        )


def until_ready(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if httpx.get(f"{url}/ready", timeout=10, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready")


def test_answers_under_way_are_finished_and_the_next_process_goes_on(tmp_path, sample_store, models_dir):
    shutil.copytree(sample_store, tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, writing, go_on = f"http://127.0.0.1:{port}", threading.Event(), threading.Event()

    def chat(request, body):
        if body.get("stream"):
            writing.set()
            go_on.wait(60)
            request.events(delta("Laptops are replaced every four years."), delta("", "stop"))
        else:
            request.json(said("Yes", likely(Yes=-0.1, No=-3.0)))

    told: dict[str, httpx.Response] = {}

    def ask(name: str) -> None:
        token = read_server_file(tmp_path / "data").token
        told[name] = httpx.post(
            f"{url}/api/ask",
            json={"question": f"How often are {CANARY} replaced?"},
            headers={"authorization": f"Bearer {token}"},
            timeout=90,
            trust_env=False,
        )

    def get(path: str) -> httpx.Response:
        return httpx.get(f"{url}{path}", timeout=10, trust_env=False)

    with serving(chat) as server:
        process = started(tmp_path, models_dir, server.url, port)
        try:
            until_ready(url, process)
            first = threading.Thread(target=ask, args=("inside",))
            first.start()
            assert writing.wait(60)
            second = threading.Thread(target=ask, args=("waiting",))
            second.start()
            while "ragapp_questions_waiting 1.0" not in get("/metrics").text:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            second.join(30)
            ask("late")
            assert get("/ready").json() == {"ready": False, "reasons": ["stopping"]}
            assert get("/health").status_code == 200
            figures = get("/metrics").text
            go_on.set()
            first.join(30)
            assert process.wait(60) == 0
            assert told["inside"].status_code == 200
            assert told["inside"].json()["answer"].startswith("Laptops are replaced every four years")
            for name in ("waiting", "late"):
                assert (told[name].status_code, told[name].headers["retry-after"]) == (503, "15"), name
            assert read_server_file(tmp_path / "data") is None
            # what watches it has seen none of what was asked, nor any document
            log = (tmp_path / "requests.log").read_text("utf-8")
            assert log.count("POST /api/ask 200") == 1
            assert log.count("POST /api/ask 503") == 2
            for text in (figures, log):
                assert CANARY not in text.lower()
                assert "helpdesk" not in text
                assert str(tmp_path) not in text
            # nothing was lost
            process = started(tmp_path, models_dir, server.url, port)
            until_ready(url, process)
            ask("again")
            assert told["again"].json()["answer"] == told["inside"].json()["answer"]
        finally:
            process.terminate()
            process.wait(60)
