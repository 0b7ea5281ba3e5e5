"""A real Chroma server on this machine, and small servers that stand before it or behave badly."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx

# what the console script `chroma` does
_CHROMA = "import sys; sys.argv[0] = 'chroma'; from chromadb.cli.cli import app; app()"


class RunningChroma:
    """`chroma run` in a folder of its own; it keeps its port when it is started again."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", _CHROMA, "run", "--path", str(self.folder)]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=self.folder.parent, **quiet)
        for _ in range(300):
            try:
                httpx.get(f"{self.url}/api/v2/heartbeat", timeout=5, trust_env=False).raise_for_status()
                return
            except httpx.HTTPError:
                assert self._process.poll() is None, "chroma run has ended"
                time.sleep(0.1)
        raise AssertionError("chroma run does not answer")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Lose everything, as a server without its volume does."""
        self.kill()
        shutil.rmtree(self.folder)
        self.start()

    def collections(self) -> list[str]:
        path = "/api/v2/tenants/default_tenant/databases/default_database/collections"
        return [found["name"] for found in httpx.get(self.url + path, trust_env=False).json()]


@contextmanager
def running_chroma(folder: Path) -> Iterator[RunningChroma]:
    server = RunningChroma(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def answering(
    answer: Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]], trust: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server that answers each request with a status and a body; over TLS with a certificate."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            status, body = answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_PUT = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if trust:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if trust else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def passed_on(to: RunningChroma, token: str) -> Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes]]:
    """What a proxy that asks for a token does."""

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        if request.headers.get("Authorization") != f"Bearer {token}":
            return 401, b"<html>Who are you?</html>"
        connection = http.client.HTTPConnection("127.0.0.1", to.port)
        connection.request(request.command, request.path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        said = reply.status, reply.read()
        connection.close()
        return said

    return answer
