"""Where a question goes that is answered by a server elsewhere: there, and nowhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from remotekit import MODEL, delta, likely, said, serving

pytestmark = pytest.mark.real

# every name that is looked up and every address that is connected to or sent to, from the first line on
CHILD = """
import json, sys
seen = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        seen.append([event, repr(arguments[-1])])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        seen.append([event, repr(arguments[0])])
sys.addaudithook(watch)
from ragapp.cli.main import run
try:
    run()
finally:
    print(json.dumps(seen), file=sys.stderr)
"""


def ask(folder: Path, url: str, store: Path, models: Path) -> tuple[dict, list[list[str]]]:
    environment = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    settings = {
        "PATHS__DATA": store,
        "PATHS__MODELS": models,
        "EMBEDDING__MODEL": "all-minilm-l6-v2",
        "LLM__MODE": "openai",
        "LLM__URL": url,
        "LLM__MODEL": MODEL,
        "ANSWER__THRESHOLD": 0,
    }
    environment |= {f"RAGAPP_{name}": str(value) for name, value in settings.items()}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, "ask", "How many days a week can people work from home?", "--json"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), json.loads(done.stderr.splitlines()[-1])


def test_only_the_server_is_talked_to(sample_store: Path, models_dir: Path, tmp_path: Path) -> None:
    def chat(request, body):
        if body.get("stream"):
            request.events(delta("Two days"), delta(" a week.", "stop"))
        else:
            request.json(said("Yes", likely(Yes=-0.1, No=-3.0)))

    with serving(chat) as server:
        answer, seen = ask(tmp_path, server.url, sample_store, models_dir)
        port = server.server_port
        asked = [body for path, body, _ in server.asked if path.endswith("/chat/completions")]
    assert asked
    assert answer["model"] == f"{MODEL} at 127.0.0.1:{port}"
    connected = {target for event, target in seen if event != "socket.getaddrinfo"}
    assert connected == {repr(("127.0.0.1", port))}
    looked_up = {target for event, target in seen if event == "socket.getaddrinfo"}
    assert looked_up <= {repr("127.0.0.1"), repr(b"127.0.0.1")}
