#!/usr/bin/env bash
# One would guess that chromadb.HttpClient connects when it is first used, and that a time limit can be set before then.
# True: its constructor already asks the server three times, through httpx with timeout=None, and takes no option for it;
# whatever is set afterwards comes too late for these three. Time limits have to be put around it, or below it.
# Seen with chromadb 1.5.9 (chromadb/__init__.py, chromadb/api/client.py, chromadb/api/fastapi.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chromadb==1.5.9
cat >"$folder/look.py" <<'PY'
import inspect
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import chromadb
import httpx
from chromadb.config import Settings

asked = []


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        last = self.path.rpartition("/")[2]
        if last == "identity":
            body = {"user_id": "", "tenant": "default_tenant", "databases": ["default_database"]}
        elif last == "default_database":
            body = {"id": "00000000-0000-0000-0000-000000000000", "name": last, "tenant": "default_tenant"}
        else:
            body = {"name": last}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


made = []
real = httpx.Client.__init__


def noted(self, *arguments, **options):
    made.append(options.get("timeout", "httpx's default"))
    real(self, *arguments, **options)


httpx.Client.__init__ = noted
server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
chromadb.HttpClient(port=server.server_port, settings=Settings(anonymized_telemetry=False))
options = list(inspect.signature(chromadb.HttpClient).parameters)
print("chromadb", version("chromadb"))
print("asked by the constructor:", asked)
print("time limits of its sessions:", made)
print("options of the constructor:", options)
assert len(asked) == 3, asked
assert made and all(limit is None for limit in made), made
assert not any("timeout" in option for option in options)
PY
"$folder/venv/bin/python" "$folder/look.py"
