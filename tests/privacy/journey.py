"""The whole journey of a person, as a script: take documents in, search, ask, look after all, open the page.

It is run with no network but loopback, and under a tracer of system calls; see ``journeykit.py``.
"""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

RAGAPP = [sys.executable, "-m", "ragapp"]


def bring_loopback_up() -> list[str]:
    """In a new network namespace even loopback is down.  Returns the interfaces that there are."""
    import fcntl

    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, get_flags, request))[1]
        with contextlib.suppress(PermissionError):  # outside a namespace it is up
            fcntl.ioctl(control, set_flags, struct.pack("16sh14x", b"lo", flags | up))
    return [name for _, name in socket.if_nameindex()]


def command(*arguments: object) -> dict:
    """One command, in this process, which it guards; and its JSON."""
    from ragapp.__main__ import run

    sys.argv = ["ragapp", *map(str, arguments), "--json"]
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = 0
        try:
            run()
        except SystemExit as end:
            code = end.code
    assert not code, errors.getvalue()
    assert "refused" not in errors.getvalue(), errors.getvalue()
    return json.loads(out.getvalue())


# how a stranger might ask, by another site, another name or another path -> the status that is right
STRANGERS = {
    ("/", "Host: evil.example"): 421,
    ("/", "Origin: http://evil.example"): 403,
    ("/", "Sec-Fetch-Site: cross-site"): 403,
    ("/api/documents", ""): 401,
    ("/v1/models", ""): 401,
    ("/v1/models", "Authorization: Bearer x"): 401,
    ("/api/openapi.json", ""): 401,
    ("/openapi.json", ""): 200,  # what the API is, and nothing of the person's
    ("/docs", ""): 200,
    ("/docs", "Host: evil.example"): 421,
    ("/openapi.json", "Sec-Fetch-Site: cross-site"): 403,
    ("/redoc", ""): 404,
    ("/gradio_api/file=/etc/passwd", ""): 404,
    ("/gradio_api/file/etc/passwd", ""): 404,
    ("/file=/etc/passwd", ""): 404,
    ("/gradio_api/proxy=x", ""): 404,
    ("/gradio_api/upload", ""): 404,
    ("/static/../../../../../../etc/passwd", ""): 400,
    ("/static/%2e%2e/%2e%2e/etc/passwd", ""): 400,
    ("/static/..%2f..%2fetc/passwd", ""): 400,
    ("/assets/%252e%252e/settings.yaml", ""): 400,
    ("//etc/passwd", ""): 400,
    ("/assets/..\\..\\settings.yaml", ""): 400,
    ("/assets//etc/passwd", ""): 400,
    ("/ui/file/%00", ""): 400,
    ("/ui/file/99999999999999999999", ""): 404,
    ("/ui/file/1e3", ""): 422,
    ("/ui/file//etc/passwd", ""): 400,
    ("/ui/export/..%2f..%2fx.md", ""): 400,
    ("/ui/page/1/99999999999999999999.jpg", ""): 404,
}


def asked(port: int, path: str, header: str = "") -> int:
    """The status that a request gets, its path sent as it is."""
    lines = [f"GET {path} HTTP/1.1", *([header] if header else []), "Connection: close"]
    if not header.startswith("Host"):
        lines.insert(1, f"Host: 127.0.0.1:{port}")
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.makefile("rb").readline().split()[1])


def open_page(port: int) -> tuple[int, dict[str, int]]:
    """Start the page, fetch it, have strangers ask, stop it.

    Returns:
        Its HTTP status, and what strangers got that they should not have got.
    """
    with subprocess.Popen([*RAGAPP, "ui", "--port", str(port)], stderr=subprocess.PIPE, text=True) as page:
        try:
            for _ in range(600):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                    connection.request("GET", "/")
                    answer = connection.getresponse()
                    assert b"ragapp" in answer.read()
                    if answer.getheader("retry-after"):  # it is only beginning
                        time.sleep(0.2)
                        continue
                    got = {f"{path} {header}": asked(port, path, header) for path, header in STRANGERS}
                    wrong = {f"{path} {header}": right for (path, header), right in STRANGERS.items()}
                    return answer.status, {name: status for name, status in got.items() if status != wrong[name]}
                except ConnectionRefusedError:
                    assert page.poll() is None, page.stderr.read()
                    time.sleep(0.1)
            raise AssertionError("the page did not open")
        finally:
            page.send_signal(signal.SIGINT)
            told = page.communicate(timeout=60)[1]
            assert "refused" not in told, told


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    seen: dict = {"interfaces": bring_loopback_up()}
    seen["ingested"] = command("ingest", *sys.argv[2:])["totals"]["indexed"]
    question = f"What is the hotel limit for London, {sys.argv[1]}?"
    seen["hit"] = command("search", question, "-k", "1")["hits"][0]["document"]
    seen["asked"] = len(command("ask", question)["passages"])
    network = next(check for check in command("doctor")["checks"] if check["name"] == "network")
    seen["network"] = network["status"]
    seen["page"], seen["strangers"] = open_page(free_port())
    seen["refused"] = Path(os.environ["RAGAPP_PATHS__DATA"], "refused.log").exists()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
