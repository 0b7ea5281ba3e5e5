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


def open_page(port: int) -> int:
    """Start the page, fetch it, stop it.  Returns the HTTP status."""
    with subprocess.Popen([*RAGAPP, "ui", "--port", str(port)], stderr=subprocess.PIPE, text=True) as page:
        try:
            for _ in range(600):
                try:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                    connection.request("GET", "/")
                    answer = connection.getresponse()
                    assert b"ragapp" in answer.read()
                    return answer.status
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
    seen["page"] = open_page(free_port())
    seen["refused"] = Path(os.environ["RAGAPP_PATHS__DATA"], "refused.log").exists()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
