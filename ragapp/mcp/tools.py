"""The tools: what they are called, take and give, and what each does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from glob import escape
from typing import Any

from anyio.to_thread import run_sync
from mcp import types
from pydantic import BaseModel, TypeAdapter

from ragapp.contract import (
    Answer,
    CheckedAnswer,
    DocumentPart,
    IngestReport,
    Labelled,
    LabelList,
    Place,
    Removal,
    SearchResult,
    UnitText,
)
from ragapp.errors import UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.mcp import arguments, results
from ragapp.mcp.call import Call
from ragapp.mcp.documents import (
    document_by_id,
    find_document,
    find_unit,
    labelled,
    labels_of,
    list_part,
    picture_of,
    text_of,
)
from ragapp.mcp.permitted import check_changeable, permitted_paths
from ragapp.reading.document import place_text
from ragapp.web.pdf_pages import WIDTH

Work = Callable[[Call, Any], Awaitable[types.CallToolResult]]
_CHANGES = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
_READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes:
        work: does it, for a call with its arguments.
        takes: the arguments.
        gives: the record that its structured content is.
        slow: whether it takes a place among the questions that may be answered or wait at a time.
    """

    name: str
    title: str
    description: str
    work: Work
    takes: type[BaseModel]
    gives: type[Any]
    annotations: types.ToolAnnotations
    slow: bool = False

    def described(self) -> types.Tool:
        """What a program is told of it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=_brief(self.takes.model_json_schema(by_alias=True)),
            output_schema=_brief(TypeAdapter(self.gives).json_schema(mode="serialization")),
            annotations=self.annotations,
        )


def _brief(schema: Any) -> Any:
    """A schema with what a model need not read left out: names of fields as titles, and all but the first paragraph of
    what is said of a record."""
    if isinstance(schema, list):
        return [_brief(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: _brief(one) for name, one in value.items()}
        elif key == "description":
            kept[key] = value.partition("\n\n")[0]
        elif key != "title":
            kept[key] = _brief(value)
    return kept


async def _search(call: Call, given: arguments.Search) -> types.CallToolResult:
    return results.search_result(await run_sync(lambda: call.library.search(given.query, given.k, given.scope)))


async def _ask(call: Call, given: arguments.Ask) -> types.CallToolResult:
    scope = given.scope
    answer = await call.outcome(
        lambda cancelled: call.library.ask(given.question, scope, given.caution, cancelled), Answer
    )
    return results.answer_result(answer)


async def _read(call: Call, given: arguments.Read) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            row = find_document(catalog, given.document)
            unit = find_unit(catalog, row, given.page, given.section)
        shown = [results.picture(picture_of(call.library, row, unit.number, WIDTH))] if given.picture else []
        return results.reading_result(text_of(row, unit, given.start), *shown)

    return await run_sync(work)


async def _page_picture(call: Call, given: arguments.PagePicture) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            row = find_document(catalog, given.document)
            jpeg = picture_of(call.library, row, given.page, given.width)
            unit = find_unit(catalog, row, given.page, "")
        place = Place(row.name, row.path, unit.number, unit.label, unit.kind)
        return results.result(place, place_text(place), results.picture(jpeg))

    return await run_sync(work)


async def _list_documents(call: Call, given: arguments.ListDocuments) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            return results.list_result(list_part(catalog, given.search, given.scope, given.offset, given.limit))

    return await run_sync(work)


async def _list_collections(call: Call, given: arguments.Nothing) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            return results.labels_result(labels_of(catalog))

    return await run_sync(work)


async def _summarize(call: Call, given: arguments.Summarize) -> types.CallToolResult:
    def find() -> DocumentRow:
        with call.library.opened() as catalog:
            return find_document(catalog, given.document)

    row = await run_sync(find)
    answer = await call.outcome(lambda cancelled: call.library.summarize(escape(row.path), cancelled), Answer)
    return results.answer_result(answer)


async def _ingest(call: Call, given: arguments.Ingest) -> types.CallToolResult:
    paths = await run_sync(permitted_paths, call.library.settings, given.paths)
    report = await call.outcome(lambda cancelled: call.library.ingest(paths, cancelled), IngestReport)
    return results.ingest_result(report)


async def _remove(call: Call, given: arguments.Remove) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            rows = _changeable(call, catalog, given.ids)
        return results.removal_result(call.library.remove([row.id for row in rows]))

    return await run_sync(work)


async def _tag(call: Call, given: arguments.Tag) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            rows = _changeable(call, catalog, given.ids)
            if not given.add and not given.remove:
                raise UsageError("No tag is named.", "Name some: add, remove.")
            catalog.labels.tag([row.id for row in rows], given.add)
            catalog.labels.untag([row.id for row in rows], given.remove)
            return results.labelled_result(labelled(catalog, rows))

    return await run_sync(work)


async def _collect(call: Call, given: arguments.Collect) -> types.CallToolResult:
    def work() -> types.CallToolResult:
        with call.library.opened() as catalog:
            added, removed = (_changeable(call, catalog, ids) for ids in (given.add, given.remove))
            if not added and not removed:
                raise UsageError("No document is named.", "Name some by their ids: add, remove.")
            if added:
                catalog.labels.add_to_collection(given.collection, [escape(row.path) for row in added])
            if removed:
                catalog.labels.remove_from_collection(given.collection, [escape(row.path) for row in removed])
            return results.labelled_result(labelled(catalog, [*added, *removed]))

    return await run_sync(work)


def _changeable(call: Call, catalog: Catalog, ids: Iterable[int]) -> list[DocumentRow]:
    """The documents with some ids, each once. Raises RagappError: there is none, or it may not be changed."""
    rows = [document_by_id(catalog, number) for number in dict.fromkeys(ids)]
    check_changeable(call.library.settings, rows)
    return rows


_READING = (
    Tool(
        "search",
        "Search the documents",
        "Find the passages of the person's own documents that fit best, by meaning and by words. Each comes with its"
        " document and page. Use `ask` for a checked answer.",
        _search,
        arguments.Search,
        SearchResult,
        _READS,
        slow=True,
    ),
    Tool(
        "ask",
        "Ask the documents",
        "Answer a question from the person's own documents alone, on this machine. Each sentence of the answer has a"
        " verdict (`supported`) and the exact quotes, documents and pages that it rests on. `grade` says what it"
        " is worth: `answered`; `likely`, which is to be checked; `not_found`, where the documents do not say: then the"
        " passages that come nearest are given. May take a minute.",
        _ask,
        arguments.Ask,
        CheckedAnswer,
        _READS,
        slow=True,
    ),
    Tool(
        "read",
        "Read a page or section",
        "The stored text of one page, slide, sheet or section of a document, found by its number or its heading; on"
        " request with a picture of the page.",
        _read,
        arguments.Read,
        UnitText,
        _READS,
    ),
    Tool(
        "page_picture",
        "See a page",
        "A picture of one page of a PDF, as JPEG: for tables, drawings, stamps and handwriting.",
        _page_picture,
        arguments.PagePicture,
        Place,
        _READS,
    ),
    Tool(
        "list_documents",
        "List the documents",
        "The documents that can be searched and asked, with their ids, paths and pages, and the files that could not be"
        " read, with the reason.",
        _list_documents,
        arguments.ListDocuments,
        DocumentPart,
        _READS,
    ),
    Tool(
        "list_collections",
        "List collections and tags",
        "The person's collections, which are named sets of folders and documents, and the tags on documents, with how"
        " many documents each has: what `in` and `tags` can name.",
        _list_collections,
        arguments.Nothing,
        LabelList,
        _READS,
    ),
    Tool(
        "summarize",
        "Summarize a document",
        "Summarize one document. Each sentence has the exact quote and page that it rests on. Takes minutes for a long"
        " document.",
        _summarize,
        arguments.Summarize,
        CheckedAnswer,
        _READS,
        slow=True,
    ),
)
_WRITING = (
    Tool(
        "ingest",
        "Ingest files",
        "Read files and folders into the store, or bring the store in step with them: documents whose files are gone"
        " are removed. Only the drop folder and the folders that the person has named are allowed.",
        _ingest,
        arguments.Ingest,
        IngestReport,
        _CHANGES,
        slow=True,
    ),
    Tool(
        "remove",
        "Remove documents",
        "Remove documents from the store. Their files stay where they are, and are not read in again until they change"
        " or are named. Only documents of the folders that `ingest` may read can be removed.",
        _remove,
        arguments.Remove,
        Removal,
        _CHANGES,
        slow=True,
    ),
    Tool(
        "tag",
        "Tag documents",
        "Put tags, which are words by which documents are found again, on documents, and take tags off them. Only"
        " documents of the folders that `ingest` may read can be tagged.",
        _tag,
        arguments.Tag,
        Labelled,
        _CHANGES,
    ),
    Tool(
        "collect",
        "Change a collection",
        "Put documents into a collection, which is made where there is none of this name, and take out such as were put"
        " in by themselves, not with their folder. Only documents of the folders that `ingest` may read can be.",
        _collect,
        arguments.Collect,
        Labelled,
        _CHANGES,
    ),
)


def tools(write: bool) -> dict[str, Tool]:
    """The tools by name: those that read, and with ``write`` those that change the store."""
    return {tool.name: tool for tool in (*_READING, *(_WRITING if write else ()))}
