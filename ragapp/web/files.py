"""The routes below ``/ui``: the page's script, the viewer's, files of documents, exports, uploads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from ragapp.errors import RagappError
from ragapp.evaluation.rated_answers import rated_questions
from ragapp.web import document_routes
from ragapp.web.app_state import AppState
from ragapp.web.comparison_report import report_heading, report_html, report_markdown
from ragapp.web.export_files import content_disposition, export_html, heading_of, question_file
from ragapp.web.gradio_adapter import KEEP, SHIM
from ragapp.web.scopes import find_choices
from ragapp.web.ui.render_answer import render_markdown
from ragapp.web.ui.translations import LANGUAGES, told
from ragapp.web.uploads import refuse_too_large, store_upload
from ragapp.web.viewer import make_viewer
from ragapp.words.texts import choose_language, texts_in

# shown in the browser; anything else is handed over as a download, so that no document's script runs as the page
_SHOWN = {".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8", ".png": "image/png", ".jpg": "image/jpeg"}
_NOT_SNIFFED = {"X-Content-Type-Options": "nosniff"}
# only a script of the page itself can set it, so no other site can send files
UPLOAD_HEADER = "x-ragapp"


def script_code() -> str:
    """The page's own script, with its texts in all languages."""
    texts = {code: texts_in(code) for code in LANGUAGES}
    # first what Gradio needs, then what the other scripts share
    first = [SHIM, SHIM.with_name("core.js")]
    others = sorted(set(SHIM.parent.glob("*.js")) - set(first))
    code = "".join(script.read_text(encoding="utf-8") for script in first + others)
    return f"const RAGAPP_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n{code}"


def script_address() -> str:
    """Where the page's script lies; another one when it changes, so that browsers may keep it."""
    return f"/ui/page.js?v={hashlib.sha256(script_code().encode()).hexdigest()[:16]}"


def make_router(state: AppState) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/ui", include_in_schema=False)
    router.include_router(make_viewer(state))
    code = script_code()

    @router.get("/page.js")
    async def page_script(v: str = "") -> Response:
        return Response(code, media_type="text/javascript", headers={"Cache-Control": KEEP if v else "no-cache"})

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

    @router.get("/export/{tab}.{suffix}")
    def export(tab: str, suffix: str) -> Response:
        visitor = state.visitors.by_tab(tab)
        if visitor is None or not visitor.exchanges or suffix not in ("md", "html"):
            return Response(status_code=404)
        heading, exchanges, language = heading_of(visitor), list(visitor.exchanges), visitor.language
        if suffix == "html":
            text, kind = export_html(heading, exchanges, language, state.evidence, state.view), "text/html"
        else:
            text, kind = render_markdown(heading.title, heading.day, exchanges, language), "text/markdown"
        headers = {"Content-Disposition": content_disposition(heading.file_name(f".{suffix}")), **_NOT_SNIFFED}
        return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)

    @router.get("/comparison/{tab}.{suffix}")
    def comparison(tab: str, suffix: str) -> Response:
        visitor = state.visitors.by_tab(tab)
        found = visitor.comparison.found if visitor and visitor.comparison else None
        if visitor is None or found is None or suffix not in ("md", "html"):
            return Response(status_code=404)
        language = visitor.language
        text = report_html(found, language) if suffix == "html" else report_markdown(found, language)
        named = report_heading(found, language).file_name(f".{suffix}")
        headers = {"Content-Disposition": content_disposition(named), **_NOT_SNIFFED}
        kind = "text/html" if suffix == "html" else "text/markdown"
        return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)

    @router.get("/rated.jsonl")
    def rated() -> Response:
        text = question_file(rated_questions(state.app.conversations.rated()).lines)
        headers = {"Content-Disposition": content_disposition("rated questions.jsonl"), **_NOT_SNIFFED}
        return Response(text, media_type="application/jsonl; charset=utf-8", headers=headers)

    @router.get("/scopes")
    def scopes(q: str = "", language: str = "en") -> JSONResponse:
        documents, drop = state.documents()[0], state.app.settings.paths.ingest
        found, count = find_choices(documents, drop, q)
        choices = [{"pattern": one.pattern, "name": one.shown(language), "folder": one.folder} for one in found]
        return JSONResponse({"choices": choices, "more": count - len(choices)})

    @router.post("/upload")
    async def upload(request: Request) -> Response:
        if request.headers.get(UPLOAD_HEADER) != "1":
            return JSONResponse({"error": "not from this page"}, 403)
        given = unquote(request.headers.get("x-path", ""), errors="replace")
        try:
            folder = await run_in_threadpool(state.app.drop_folder)
            most = state.app.settings.ingest.max_file_mb * 1024**2
            refuse_too_large(given, request.headers.get("content-length", ""), most)
            path = await store_upload(given, request.stream(), folder, most)
        except RagappError as error:
            wanted = request.headers.get("x-language") or request.headers.get("accept-language", "")
            return JSONResponse({"error": told(error, choose_language(wanted))}, 400)
        return JSONResponse({"stored": path.name})

    router.include_router(document_routes.make_router(state, UPLOAD_HEADER))
    return router
