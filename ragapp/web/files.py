"""The routes below ``/ui``: the page's script, pictures of pages, files of documents, exports, uploads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ragapp.errors import RagappError
from ragapp.web.app_state import AppState
from ragapp.web.evidence import file_condition
from ragapp.web.gradio_adapter import KEEP, SHIM
from ragapp.web.ui.render import render_markdown
from ragapp.web.ui.translations import LANGUAGES, TEXTS
from ragapp.web.uploads import store_upload

# shown in the browser; anything else is handed over as a download, so that no document's script runs as the page
_SHOWN = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg"}
_NOT_SNIFFED = {"X-Content-Type-Options": "nosniff"}
# only a script of the page itself can set it, so no other site can send files
UPLOAD_HEADER = "x-ragapp"


def script_code() -> str:
    """The page's own script, with its texts in all languages."""
    texts = {code: {key: text[n] for key, text in TEXTS.items()} for n, code in enumerate(LANGUAGES)}
    code = "".join(script.read_text(encoding="utf-8") for script in (SHIM, SHIM.with_name("page.js")))
    return f"const RAGAPP_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n{code}"


def script_address() -> str:
    """Where the page's script lies; another one when it changes, so that browsers may keep it."""
    return f"/ui/page.js?v={hashlib.sha256(script_code().encode()).hexdigest()[:16]}"


def make_router(state: AppState) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/ui", include_in_schema=False)
    code = script_code()

    @router.get("/page.js")
    async def page_script(v: str = "") -> Response:
        return Response(code, media_type="text/javascript", headers={"Cache-Control": KEEP if v else "no-cache"})

    @router.get("/page/{document_id}/{number}.jpg")
    def page_picture(document_id: int, number: int) -> Response:
        row = state.app.catalog.document(document_id)
        if row is None or file_condition(row) != "same" or Path(row.path).suffix.lower() != ".pdf":
            return Response(status_code=404)
        try:
            picture = state.view.picture(Path(row.path), number)
        except RagappError:
            return Response(status_code=404)
        headers = {**_NOT_SNIFFED, "Cache-Control": "private, max-age=600"}
        return Response(picture, media_type="image/jpeg", headers=headers)

    @router.get("/file/{document_id}")
    def file(document_id: int) -> Response:
        row = state.app.catalog.document(document_id)
        if row is None or not Path(row.path).is_file():
            return Response(status_code=404)
        kind = _SHOWN.get(Path(row.path).suffix.lower())
        return FileResponse(
            row.path,
            media_type=kind or "application/octet-stream",
            filename=row.name,
            content_disposition_type="inline" if kind else "attachment",
            headers=_NOT_SNIFFED,
        )

    @router.get("/export/{tab}.md")
    def export(tab: str) -> Response:
        visitor = state.visitors.by_tab(tab)
        if visitor is None:
            return Response(status_code=404)
        text = render_markdown(list(visitor.exchanges), visitor.language)
        headers = {"Content-Disposition": 'attachment; filename="ragapp.md"', **_NOT_SNIFFED}
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)

    @router.post("/upload")
    async def upload(request: Request) -> Response:
        if request.headers.get(UPLOAD_HEADER) != "1":
            return JSONResponse({"error": "not from this page"}, 403)
        given = unquote(request.headers.get("x-path", ""), errors="replace")
        try:
            folder = await run_in_threadpool(state.app.drop_folder)
            most = state.app.settings.ingest.max_file_mb * 1024**2
            path = await store_upload(given, request.stream(), folder, most)
        except RagappError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"stored": path.name})

    return router
