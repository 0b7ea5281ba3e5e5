"""The local server: one FastAPI app with the page at ``/`` and the API, behind what protects both."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import ragapp
from ragapp import file_permissions
from ragapp.app import App
from ragapp.errors import RagappError, SettingsError
from ragapp.privacy import UPLOADS_NAME
from ragapp.settings import Server
from ragapp.web.app_state import AppState
from ragapp.web.graceful_end import let_finish, make_graceful
from ragapp.web.gradio_adapter import EarlyScript, frontend_files, import_gradio
from ragapp.web.ingest_job import IngestJob
from ragapp.web.probes import Probes
from ragapp.web.request_log import RequestLog, request_logger
from ragapp.web.security import Security, policy_for, warning
from ragapp.web.server_file import announced, new_token
from ragapp.web.startup_page import StartupPage
from ragapp.web.tokens import Tokens

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.routing import BaseRoute

# an open page holds its connection for ever
GRACE_S = 2
# so long the drop folder waits for a first visitor
FIRST_S = 5.0
# and so long the models wait then, which would take the processors from the page that is being drawn
WARM_S = 2.0


class OrderlyEnd(logging.Filter):
    """Leaves out of the server's log that open pages were let go when it was stopped: that is its ordinary end."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, asyncio.CancelledError) or "graceful shutdown exceeded" in record.getMessage())


class PortError(RagappError):
    """The address cannot be listened on."""


class Door(Protocol):
    """Another way in than the page and its API."""

    routes: Sequence[BaseRoute]

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """What lives as long as the page does."""


# made with what the page's tabs and its API share
MakeDoor = Callable[[AppState], Door]


def build_server(state: AppState, doors: Sequence[MakeDoor] = ()) -> FastAPI:
    """The web application; whoever reaches it may do everything, so it stands behind :class:`Security`."""
    gr = import_gradio()
    from fastapi import FastAPI

    from ragapp.web.api import make_api
    from ragapp.web.api_docs import make_api_docs
    from ragapp.web.api_errors import add_error_answers
    from ragapp.web.files import make_router, script_address
    from ragapp.web.openai_api import make_openai_api
    from ragapp.web.ui.page import STYLESHEETS, Page, make_theme

    with suppress(RagappError):
        _ = state.app.conversations  # now: later it would have to wait while a model or the store is being opened
    page = Page(state)
    # no generated API pages: they load their scripts from elsewhere
    opened = [make(state) for make in doors]

    @asynccontextmanager
    async def lifespan(server: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as lives:
            for door in opened:
                await lives.enter_async_context(door.lifespan())
            yield

    no_pages: dict[str, Any] = dict.fromkeys(("docs_url", "redoc_url", "openapi_url"))
    server = FastAPI(title="ragapp", version=ragapp.__version__, lifespan=lifespan, **no_pages)
    for door in opened:
        server.router.routes.extend(door.routes)
    for router in (make_router(state), make_api(state), make_openai_api(state), make_api_docs()):
        server.include_router(router)
    add_error_answers(server)
    server.mount("/assets", frontend_files())
    server.add_middleware(EarlyScript, script=script_address())
    closed = dict.fromkeys(("show_error", "ssr_mode", "run_history", "enable_monitoring"), False)
    looks = {"theme": make_theme(), "css_paths": STYLESHEETS, "footer_links": [], "i18n": page.i18n}
    mounted: FastAPI = gr.mount_gradio_app(server, page.build(), path="/", **looks, **closed)
    # Gradio makes folders there that all may look into
    file_permissions.restrict(state.app.settings.paths.data / UPLOADS_NAME)
    return mounted


def serve(
    app: App,
    say: Callable[[str], None],
    settings_file: Path | None = None,
    show: Callable[[str], bool] = lambda url: False,
    doors: Sequence[MakeDoor] = (),
) -> None:
    """Serve the page until stopped, and ingest the drop folder meanwhile.

    Args:
        app: open for writing.
        say: tells the person where the page is.
        settings_file: of the command line, None for the usual one.
        show: opens the page's address in a browser, and tells whether there is one.
        doors: other ways in.

    Raises:
        SettingsError: the address is not valid, or is not this machine's own and there is no password.
        PortError: the port is taken.
        PathError: the log cannot be written.
        StoreError: the tokens of programs cannot be read.
    """
    import uvicorn
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    settings = app.settings.server
    trusted = proxies_of(settings)
    logger = request_logger(settings) if settings.log else None
    listening = listen(settings)
    token = new_token()  # for this machine's own commands while the page runs
    tokens = Tokens(app.settings.paths.data)
    tokens.prepare()
    host, port = listening.getsockname()[:2]
    secrets: dict[str, Any] = {"password": settings.password, "token": token}
    open_to: dict[str, Any] = {"names": settings.names, "metrics": settings.metrics}
    policy = policy_for(settings.host, port, max_file_mb=app.settings.ingest.max_file_mb, **secrets, **open_to)
    job = IngestJob(app)
    job.expect()
    state = AppState(app, job, settings_file)

    def begin() -> None:
        """Ingest the drop folder once the first page is there, which its libraries would hold up for seconds; read
        ahead and calibrate when nobody has asked for a while. Load the models as soon as somebody may ask."""
        state.visitors.came.wait(FIRST_S)
        job.start()
        state.reading.start()
        state.calibration.start()
        state.visitors.came.wait()
        time.sleep(WARM_S)
        state.warm_up()

    # where everybody may come in, this machine's own programs use the shortest way
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"
    with closing(listening), closing(state), closing(job), announced(app.settings.paths.data, url, token):
        ready = threading.Thread(target=begin, name="ragapp-begin", daemon=True).start
        page = StartupPage(
            lambda: build_server(state, doors), ready, lambda error: say(f"The page cannot be made: {error}")
        )
        protected: Any = Security(Probes(page, state, lambda: page.started), policy, accepts=tokens.accepts)
        if logger:
            protected = RequestLog(protected, logger)
        if trusted:  # what anybody else says of the asker is not believed
            protected = ProxyHeadersMiddleware(protected, trusted_hosts=trusted)
        # uvloop's connections could not be seen by the guard
        config = uvicorn.Config(
            protected,
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        logging.getLogger("uvicorn.error").addFilter(OrderlyEnd())
        to_whom = "open to this machine only" if policy.loopback else "open to the network, with a password"
        say(f"The page is on {url}, {to_whom}. Stop with Ctrl-C.")
        if told := warning(policy):
            say(told)
        show(url)  # the socket listens already: a browser that is quick waits a moment
        # uvicorn raises it again after its own orderly end
        with suppress(KeyboardInterrupt):
            make_graceful(uvicorn.Server(config), lambda: let_finish(state, settings.grace)).run(sockets=[listening])


def proxies_of(settings: Server) -> list[str]:
    """The addresses and networks whose word on the asker is taken.

    Raises:
        SettingsError: one is neither; that everybody is believed can not be set.
    """
    for entry in settings.proxies:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            network = None
        if network is None or not network.prefixlen:
            raise SettingsError(
                f"server.proxies: {entry!r} is no address or network of a reverse proxy.",
                'Write its address, "10.0.0.5", or its network, "172.20.0.0/16".',
            )
    return settings.proxies


def listen(settings: Server) -> socket.socket:
    """A listening socket.

    Raises:
        SettingsError: ``server.host`` is no address, or another than this machine's own and there is no password.
        PortError: the port is taken or not allowed.
    """
    policy_for(
        settings.host, settings.port, password=settings.password, names=settings.names
    )  # says what is wrong with them
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
