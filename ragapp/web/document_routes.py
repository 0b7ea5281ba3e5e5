"""Routes of the documents tab whose values must not go through the page's own fields: a file's password."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ragapp.errors import RagappError
from ragapp.settings import load_settings, write_setting
from ragapp.web.app_state import AppState
from ragapp.web.ui.translations import told
from ragapp.words.texts import choose_language

# longer than any password that a program takes
_MOST_BYTES = 10_000


def make_router(state: AppState, header: str) -> APIRouter:
    """The routes; a request must have the ``header``, which only a script of the page itself can set."""
    router = APIRouter()

    @router.post("/unlock")
    async def unlock(request: Request) -> Response:
        if request.headers.get(header) != "1":
            return JSONResponse({"error": "not from this page"}, 403)
        body = await request.body()
        try:
            if len(body) > _MOST_BYTES:
                raise ValueError("too long")
            values = await request.json()
            path, password, keep = str(values["path"]), str(values["password"]), bool(values.get("keep"))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "unreadable"}, 400)
        try:
            return JSONResponse({"opened": await run_in_threadpool(open_file, state, path, password, keep)})
        except RagappError as error:
            wanted = request.headers.get("x-language") or request.headers.get("accept-language", "")
            return JSONResponse({"error": told(error, choose_language(wanted))}, 400)

    return router


def open_file(state: AppState, path: str, password: str, keep: bool) -> bool:
    """Ingest a protected file with a password; whether it opens the file.

    Only a file that is on the list of those that could not be read is tried. ``keep``: the password is kept in the
    settings file where it does.

    Raises:
        RagappError: what ended the run, or the settings cannot be written.
    """
    if not password or path not in {file.path for file in state.app.catalog.unread()}:
        return False
    report = state.job.unlock(Path(path), password)
    opened = any(file.path == path and file.status != "failed" for file in report.files)
    if opened and keep:
        # not those that were only given for now
        kept = list(load_settings(state.settings_file).ingest.passwords)
        if password not in kept:
            write_setting("ingest", "passwords", [*kept, password], state.settings_file)
    return opened
