#!/usr/bin/env bash
# One would guess that the server of chromadb 1.5.9 (`chroma run`) tells its version as 1.5.9, so that a client can see
# whether both are of one release. True: /api/v2/version answers "1.0.0", the version of the server's API.
# Seen with chromadb 1.5.9 (the server is the Rust binary in the same wheel).
set -euo pipefail
folder=$(mktemp -d)
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chromadb==1.5.9
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/chroma" run --path "$folder/data" --host 127.0.0.1 --port "$port" >"$folder/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
"$folder/venv/bin/python" - "$port" <<'PY'
import json
import sys
import time
import urllib.request
from importlib.metadata import version

for _ in range(100):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/api/v2/version", timeout=5) as reply:
            told = json.load(reply)
            break
    except OSError:
        time.sleep(0.2)
print("installed:", version("chromadb"), "| the server says:", told)
assert told == "1.0.0" != version("chromadb")
PY
