"""Documents as resources: ``ragapp://document/7``, ``…/page/3`` and ``…/page/3/picture``."""

from __future__ import annotations

import base64
import re

from mcp import types
from mcp.shared.exceptions import MCPError

from ragapp.errors import RagappError
from ragapp.mcp.documents import document_by_id, find_unit, picture_of, whole_text
from ragapp.mcp.library import Library
from ragapp.mcp.results import sendable
from ragapp.plain_words import counted
from ragapp.web.pdf_pages import WIDTH

#: resources that are listed at once
PAGE = 100
_URI = re.compile(r"ragapp://document/(\d{1,18})(?:/page/(\d{1,9})(/picture)?)?")
_TEXT, _JPEG = "text/plain", "image/jpeg"

TEMPLATES = [
    types.ResourceTemplate(
        uri_template="ragapp://document/{id}",
        name="document",
        title="A document",
        description="The text of a document, page by page; of a very long one the beginning.",
        mime_type=_TEXT,
    ),
    types.ResourceTemplate(
        uri_template="ragapp://document/{id}/page/{number}",
        name="page",
        title="A page of a document",
        description="The text of a page, slide, sheet or section, counted from 1.",
        mime_type=_TEXT,
    ),
    types.ResourceTemplate(
        uri_template="ragapp://document/{id}/page/{number}/picture",
        name="page_picture",
        title="A picture of a page",
        description="A page of a PDF as it looks.",
        mime_type=_JPEG,
    ),
]


def list_resources(library: Library, cursor: str | None) -> types.ListResourcesResult:
    """Some of the documents as resources; ``cursor`` is what the part before told.

    Raises MCPError: it is none.
    """
    if cursor is not None and not re.fullmatch(r"\d{1,18}", cursor):
        raise MCPError(types.INVALID_PARAMS, "This cursor is not one that was given.")
    with library.opened() as catalog:
        rows = catalog.rows(
            "SELECT id, name, title, units FROM documents WHERE id > ? ORDER BY id LIMIT ?",
            (int(cursor or 0), PAGE + 1),
        )
    listed = [
        types.Resource(
            uri=f"ragapp://document/{number}",
            name=sendable(name),
            title=sendable(title or name),
            description=counted(units, "page"),
            mime_type=_TEXT,
        )
        for number, name, title, units in rows[:PAGE]
    ]
    return types.ListResourcesResult(resources=listed, next_cursor=str(rows[PAGE - 1][0]) if len(rows) > PAGE else None)


def read_resource(library: Library, uri: str) -> types.ReadResourceResult:
    """What stands at an address. Raises MCPError: nothing does, or it cannot be shown."""
    named = _URI.fullmatch(uri)
    if named is None:
        raise _nothing(uri, "There is nothing at this address.")
    number, page, drawn = named.groups()
    contents: types.TextResourceContents | types.BlobResourceContents
    try:
        with library.opened() as catalog:
            row = document_by_id(catalog, int(number))
            if drawn:
                jpeg = picture_of(library, row, int(page), WIDTH)
                contents = types.BlobResourceContents(uri=uri, mime_type=_JPEG, blob=base64.b64encode(jpeg).decode())
            else:
                text = find_unit(catalog, row, int(page), "").text if page else whole_text(catalog, row)
                contents = types.TextResourceContents(uri=uri, mime_type=_TEXT, text=sendable(text))
    except RagappError as error:
        raise _nothing(uri, str(error)) from None
    return types.ReadResourceResult(contents=[contents])


def _nothing(uri: str, why: str) -> MCPError:
    return MCPError(types.INVALID_PARAMS, sendable(why), {"uri": sendable(uri)})
