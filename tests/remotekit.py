"""A small model server on this machine that does what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import select
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "tiny"


def delta(text=None, finish=None, **more):
    content = {"role": "assistant"} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": content, "finish_reason": finish}], **more}


def said(text, logprobs=None):
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}]}


def likely(**tokens):
    """Log probabilities of first tokens; an underscore stands for a space."""
    top = [{"token": token.replace("_", " "), "logprob": logprob} for token, logprob in tokens.items()]
    return {"content": [{**top[0], "top_logprobs": top}]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self._serve(None)

    def do_POST(self):
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body):
        self.server.asked.append((self.path, body, dict(self.headers)))
        answer = self.server.routes.get(self.path)
        if answer is None:
            self.json({"error": {"message": "no such page"}}, 404)
        elif callable(answer):
            answer(self, body)
        else:
            self.json(answer)

    def json(self, value, status=200, **headers):
        self.raw(json.dumps(value).encode(), status, "application/json", **headers)

    def raw(self, content, status=200, kind="text/plain", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def begin(self):
        """The head of a stream that ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def events(self, *values, done=True):
        self.begin()
        for value in values:
            self.data(json.dumps(value, ensure_ascii=False))
        if done:
            self.data("[DONE]")

    def data(self, text):
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def wait_for_goodbye(self, seconds=5.0):
        """Notes when the client closes the connection."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1):
            self.server.left_at = time.monotonic()
        self.close_connection = True


def certificate(folder):
    """A file with a key and a certificate for this machine that nobody knows."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    builder = builder.add_extension(place, False).add_extension(x509.BasicConstraints(True, None), True)
    made = builder.sign(key, hashes.SHA256())
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, form, secret) + made.public_bytes(pem))
    return file


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # many callers come at once

    def __init__(self, routes, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.routes = {"/v1/models": {"data": [{"id": MODEL, "max_model_len": 1000}]}, **routes}
        self.asked = []
        self.left_at = None

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/v1"

    def bodies(self, path="/v1/chat/completions"):
        return [body for asked, body, _ in self.asked if asked == path]


@contextmanager
def serving(chat=None, context=None, **routes):
    """A server, encrypted where there is a TLS context.

    ``chat`` answers chat completions; the other names are paths, with ``__`` for ``/``.
    """
    paths = {f"/{name.replace('__', '/')}": answer for name, answer in routes.items()}
    if chat is not None:
        paths["/v1/chat/completions"] = chat
    server = Server(paths, context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
