"""What the page fetches besides Gradio's own: its script, pictures of pages, files, exports; where it sends files."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ragapp.errors import RagappError
from ragapp.web.desk import Desk
from ragapp.web.dropped import store_upload
from ragapp.web.evidence import file_state
from ragapp.web.ui.render import render_markdown
from ragapp.web.ui.translations import LANGUAGES, TEXTS

# shown in the browser; anything else is handed over as a download, so that no document's script runs as the page
_SHOWN = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg"}
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=600"}
# only a script of the page itself can set it, so no other site can send files
UPLOAD_HEADER = "x-ragapp"


def script_code(script: Path) -> str:
    """The page's own script, with the texts that it says."""
    named = {code: {key: text[n] for key, text in TEXTS.items()} for n, code in enumerate(LANGUAGES)}
    return script.read_text(encoding="utf-8").replace('"TEXTS"', json.dumps(named, ensure_ascii=False), 1)


def make_router(desk: Desk, code: str) -> APIRouter:
    """The routes below ``/ui``.

    Args:
        desk: what the tabs share.
        code: the page's own script.
    """
    router = APIRouter(prefix="/ui", include_in_schema=False)

    @router.get("/page.js")
    async def page_script() -> Response:
        return Response(code, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    @router.get("/page/{document_id}/{number}.jpg")
    def page_picture(document_id: int, number: int) -> Response:
        row = desk.catalog.document(document_id)
        if row is None or file_state(row) != "same" or Path(row.path).suffix.lower() != ".pdf":
            return Response(status_code=404)
        try:
            picture = desk.view.picture(Path(row.path), number)
        except RagappError:
            return Response(status_code=404)
        return Response(picture, media_type="image/jpeg", headers=_HEADERS)

    @router.get("/file/{document_id}")
    def file(document_id: int) -> Response:
        row = desk.catalog.document(document_id)
        if row is None or not Path(row.path).is_file():
            return Response(status_code=404)
        kind = _SHOWN.get(Path(row.path).suffix.lower())
        return FileResponse(
            row.path,
            media_type=kind or "application/octet-stream",
            filename=row.name,
            content_disposition_type="inline" if kind else "attachment",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    @router.get("/export/{tab}.md")
    def export(tab: str) -> Response:
        visitor = desk.visitors.by_tab(tab)
        if visitor is None:
            return Response(status_code=404)
        text = render_markdown(list(visitor.exchanges), visitor.language)
        headers = {"Content-Disposition": 'attachment; filename="ragapp.md"', "X-Content-Type-Options": "nosniff"}
        return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)

    @router.post("/upload")
    async def upload(request: Request) -> Response:
        if request.headers.get(UPLOAD_HEADER) != "1":
            return JSONResponse({"error": "not from this page"}, 403)
        given = unquote(request.headers.get("x-path", ""), errors="replace")
        settings = desk.app.settings
        try:
            folder = await run_in_threadpool(desk.app.drop_folder)
            path = await store_upload(given, request.stream(), folder, settings.ingest.max_file_mb * 1024**2)
        except RagappError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"stored": path.name})

    return router
