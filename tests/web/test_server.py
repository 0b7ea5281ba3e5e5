import asyncio
import logging
import socket

import pytest

from ragapp.errors import SettingsError
from ragapp.settings import Server
from ragapp.web.server import OrderlyEnd, PortError, listen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback_is_served(host):
    port = free_port()
    with listen(Server(host=host, port=port)) as listening:
        assert listening.getsockname()[1] == port
        assert listening.getsockname()[0].startswith("127.")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "8.8.8.8", "::", "example", ""])
def test_other_addresses_are_refused(host):
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1"):
        listen(Server(host=host, port=free_port()))


def test_a_taken_port_names_another():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortError, match=f"Port {port}.*--port"):
            listen(Server(port=port))


def test_stopping_with_an_open_page_is_no_error():
    """What uvicorn says of streams that it ends; other errors stay."""
    heard = []
    logger = logging.getLogger("tests.orderly-end")
    logger.addFilter(OrderlyEnd())
    logger.addHandler(handler := logging.Handler())
    handler.emit = lambda record: heard.append(record.getMessage())
    logger.error("Cancel %s running task(s), timeout graceful shutdown exceeded", 1)
    logger.error("Exception in ASGI application\n", exc_info=asyncio.CancelledError("Task cancelled"))
    assert heard == []
    logger.error("Exception in ASGI application\n", exc_info=ValueError("a defect"))
    assert heard == ["Exception in ASGI application\n"]
