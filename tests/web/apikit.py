"""The whole web application on a copy of the sample store, on a port of its own, behind what protects it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ragapp.app import App
from ragapp.settings import Settings, load_settings
from ragapp.web.app_state import AppState
from ragapp.web.client import PageClient
from ragapp.web.server import MakeDoor
from ragapp.web.server_file import RunningServer, announced, new_token
from ragapp.web.tokens import Tokens


@contextmanager
def serving(*arguments, **options) -> Iterator[tuple[PageClient, Settings]]:
    """As :func:`serving_state`, without the state."""
    with serving_state(*arguments, **options) as (client, settings, _):
        yield client, settings


@contextmanager
def serving_state(
    home: Path,
    root: Path,
    models: Path,
    store: Path,
    *,
    context: int = 2048,
    max_tokens: int = 24,
    passages: int = 2,
    doors: Sequence[MakeDoor] = (),
) -> Iterator[tuple[PageClient, Settings, AppState]]:
    """Serve it; gives a client with the token, the settings, and what the tabs of the page share.

    Args:
        home: an empty folder.
        root: of the project.
        models: folder with the weights.
        store: a data folder; it is copied.
        context: tokens of the language model's window.
        max_tokens: of an answer.
        passages: that are read for a question.
        doors: other ways in.
    """
    import uvicorn

    from ragapp.web.ingest_job import IngestJob
    from ragapp.web.security import Security, policy_for
    from ragapp.web.server import build_server, listen

    shutil.copytree(store, home / "data")
    overrides = {
        "paths": {"data": home / "data", "models": models, "ingest": home / "drop"},
        "embedding": {"model": "all-minilm-l6-v2"},
        "llm": {"model": "smollm2-135m-instruct", "context": context},
        "answer": {"threshold": 0, "max_tokens": max_tokens},
        "retrieval": {"passages": passages},
    }
    settings = load_settings(root / "settings.yaml", overrides)
    settings.server.port = 0
    with App(settings, write=True) as app:
        job = IngestJob(app)
        state = AppState(app, job)
        listening = listen(settings.server)
        port = listening.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        token = new_token()
        tokens = Tokens(settings.paths.data)
        policy = policy_for("127.0.0.1", port, token=token)
        protected = Security(build_server(state, doors), policy, accepts=tokens.accepts)
        server = uvicorn.Server(uvicorn.Config(protected, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        job.start()
        try:
            with announced(settings.paths.data, url, token):
                yield PageClient(RunningServer(url, 1, token)), settings, state
        finally:
            server.should_exit = True
            thread.join()
            job.close()
            state.close()
