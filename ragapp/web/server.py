"""The local server: one FastAPI app with the page at ``/`` and the API, behind what protects both."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ragapp import file_permissions
from ragapp.app import App
from ragapp.errors import RagappError
from ragapp.privacy import UPLOADS_NAME
from ragapp.settings import Server
from ragapp.web.app_state import AppState
from ragapp.web.gradio_adapter import EarlyScript, frontend_files, import_gradio
from ragapp.web.ingest_job import IngestJob
from ragapp.web.security import Security, policy_for, warning
from ragapp.web.server_file import announced, new_token
from ragapp.web.startup_page import StartupPage

if TYPE_CHECKING:
    from fastapi import FastAPI

# an open page holds its connection for ever
GRACE_S = 2
# so long the drop folder waits for a first visitor
FIRST_S = 5.0


class PortError(RagappError):
    """The address cannot be listened on."""


def build_server(state: AppState) -> FastAPI:
    """The web application; whoever reaches it may do everything, so it stands behind :class:`Security`."""
    gr = import_gradio()
    from fastapi import FastAPI

    from ragapp.web.api import make_api
    from ragapp.web.api_errors import add_error_answers
    from ragapp.web.files import make_router, script_address
    from ragapp.web.openai_api import make_openai_api
    from ragapp.web.ui.page import STYLESHEET, Page, make_theme

    with suppress(RagappError):
        _ = state.app.conversations  # now: later it would have to wait while a model or the store is being opened
    page = Page(state)
    # no generated API pages: they load their scripts from elsewhere
    server = FastAPI(title="ragapp", docs_url=None, redoc_url=None, openapi_url=None)
    for router in (make_router(state), make_api(state), make_openai_api(state)):
        server.include_router(router)
    add_error_answers(server)
    server.mount("/assets", frontend_files())
    server.add_middleware(EarlyScript, script=script_address())
    closed = dict.fromkeys(("show_error", "ssr_mode", "run_history", "enable_monitoring"), False)
    looks = {"theme": make_theme(), "css_paths": [STYLESHEET], "footer_links": [], "i18n": page.i18n}
    mounted: FastAPI = gr.mount_gradio_app(server, page.build(), path="/", **looks, **closed)
    # Gradio makes folders there that all may look into
    file_permissions.restrict(state.app.settings.paths.data / UPLOADS_NAME)
    return mounted


def serve(app: App, say: Callable[[str], None], settings_file: Path | None = None) -> None:
    """Serve the page until stopped, and ingest the drop folder meanwhile.

    Args:
        app: open for writing.
        say: tells the person where the page is.
        settings_file: of the command line, None for the usual one.

    Raises:
        SettingsError: the address is not valid, or is not this machine's own and there is no password.
        PortError: the port is taken.
    """
    import uvicorn

    settings = app.settings.server
    listening = listen(settings)
    token = new_token()
    host, port = listening.getsockname()[:2]
    secrets = {"password": settings.password, "token": token}
    policy = policy_for(settings.host, port, max_file_mb=app.settings.ingest.max_file_mb, **secrets)
    job = IngestJob(app)
    state = AppState(app, job, settings_file)

    def begin() -> None:
        """Ingest the drop folder once the first page is there, which its libraries would hold up for seconds."""
        state.visitors.came.wait(FIRST_S)
        job.start()

    # where everybody may come in, this machine's own programs use the shortest way
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"
    with closing(listening), closing(state), closing(job), announced(app.settings.paths.data, url, token):
        ready = threading.Thread(target=begin, name="ragapp-begin", daemon=True).start
        page = StartupPage(lambda: build_server(state), ready, lambda error: say(f"The page cannot be made: {error}"))
        # uvloop's connections could not be seen by the guard; what a proxy says of the asker could be anybody's word
        config = uvicorn.Config(
            Security(page, policy),
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        to_whom = "open to this machine only" if policy.loopback else "open to the network, with a password"
        say(f"The page is on {url}, {to_whom}. Stop with Ctrl-C.")
        if told := warning(policy):
            say(told)
        # uvicorn raises it again after its own orderly end
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def listen(settings: Server) -> socket.socket:
    """A listening socket.

    Raises:
        SettingsError: ``server.host`` is no address, or another than this machine's own and there is no password.
        PortError: the port is taken or not allowed.
    """
    policy_for(settings.host, settings.port, password=settings.password)  # says what is wrong with them
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    address = ipaddress.ip_address(host)
    listening = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, settings.port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise PortError(
            f"Port {settings.port} cannot be used: {error.strerror}.",
            f"Choose another: ragapp ui --port {settings.port + 1 if settings.port < 65535 else 7861}",
        ) from None
    return listening
