"""Records as a program gets them: as values of a known form, and as text that a model reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from mcp.types import CallToolResult, ContentBlock, ImageContent, TextContent

from ragapp.answer.layout import plain_text
from ragapp.contract import (
    Answer,
    CheckedAnswer,
    DocumentPart,
    IngestReport,
    Labelled,
    LabelList,
    Passage,
    Removal,
    SearchResult,
    UnitText,
)
from ragapp.contract.codec import to_values
from ragapp.errors import RagappError
from ragapp.plain_words import counted
from ragapp.reading.document import place_text
from ragapp.reading.tables import markdown_table

_GRADES = {
    "answered": "Answered from the documents.",
    "likely": "Likely, to be checked:",
    "not_found": "Not in the documents.",
}
# behind a sentence that no passage states
_UNSUPPORTED = "not found in the passages"


def result(record: Any, text: str, *more: ContentBlock) -> CallToolResult:
    """A record with its text, and whatever comes besides."""
    values = sendable(to_values(record))
    return CallToolResult(content=[text_content(text), *more], structured_content=values)


def failure(error: RagappError) -> CallToolResult:
    """Why a tool could not do it, for the model to read: no error of the protocol, which it would not see."""
    return CallToolResult(content=[text_content(str(error))], is_error=True)


def text_content(text: str) -> TextContent:
    """A block of text."""
    return TextContent(type="text", text=sendable(text))


def picture(jpeg: bytes) -> ImageContent:
    """A block with a picture."""
    return ImageContent(type="image", data=base64.b64encode(jpeg).decode(), mime_type="image/jpeg")


def sendable(values: Any) -> Any:
    """JSON values that can be sent: half a surrogate pair, as a file's name may have it, becomes a question mark."""
    return json.loads(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))


def answer_result(answer: Answer) -> CallToolResult:
    """An answer; a refusal is one as well, with the passages that come nearest."""
    return result(CheckedAnswer.of(answer), _answer_text(answer))


def _answer_text(answer: Answer) -> str:
    if answer.abstained:
        lines = [answer.answer or _GRADES["not_found"], *([answer.note] if answer.note else [])]
        if answer.passages:
            lines += ["", "Nearest passages:", *_passages(answer.passages)]
        lines += _query(answer)
        return "\n".join(lines)
    lines = [_GRADES[answer.grade]] if answer.basis == "documents" else []
    lines += [answer.doubt] if answer.doubt else []
    lines += ["", plain_text(answer, _UNSUPPORTED)]
    if answer.not_stated:
        lines.append(f"Not stated: {'; '.join(answer.not_stated)}")
    if answer.citations:
        lines += ["", "Sources:"]
        quotes = ((one, " ".join(one.quote.split())) for one in answer.citations)
        lines += [f"[{one.n}] {place_text(one)}: “{quote}”" for one, quote in quotes]
    lines += _query(answer)
    if answer.note:
        lines += ["", answer.note]
    if answer.stopped:
        lines += ["", "Stopped: this is what was proved until then."]
    return "\n".join(lines).strip()


def _query(answer: Answer) -> list[str]:
    """The query that a figure rests on, and the first of its rows with their places; nothing for other answers."""
    if not answer.query:
        return []
    lines = ["", "Query:", *answer.query.splitlines()]
    if answer.rows:
        lines += ["", f"Rows that it rests on ({len(answer.rows)} of {answer.rows_found:,}):"]
    for names in dict.fromkeys(row.columns for row in answer.rows):
        rows = [[f"{row.document}, {row.where}", *row.cells] for row in answer.rows if row.columns == names]
        lines.append(markdown_table([["place", *names], *rows]))
    return lines


def _passages(passages: Iterable[Passage]) -> list[str]:
    lines = []
    for n, one in enumerate(passages, 1):
        heading = f" ({one.heading})" if one.heading else ""
        lines += [f"[{n}] {place_text(one)}{heading}", one.text, ""]
    return lines


def search_result(found: SearchResult) -> CallToolResult:
    """Passages."""
    lines = _passages(found.hits) or ["No passage was found."]
    return result(found, "\n".join([*lines, found.note]).strip())


def reading_result(read: UnitText, *more: ContentBlock) -> CallToolResult:
    """A part of a document."""
    head = f"{place_text(read)} (document {read.id}, {read.page} of {read.units})"
    lines = [head, "", read.text or "There is no text on it."]
    if read.next_start is not None:
        lines += ["", f"[It goes on: {read.characters:,} characters in all; start={read.next_start} gives the next.]"]
    return result(read, "\n".join(lines), *more)


def list_result(part: DocumentPart) -> CallToolResult:
    """A part of the list."""
    files = " and files that were not read" if part.unread else ""
    lines = [f"{counted(part.total, 'document')}{files}:"]
    lines += [f"{one.id}: {one.document}, {counted(one.units, 'page')}, {one.path}" for one in part.documents]
    lines += [f"not read: {one.path}: {one.reason}. {one.hint}".rstrip() for one in part.unread]
    if part.next_offset is not None:
        lines.append(f"[It goes on: offset={part.next_offset} gives the next.]")
    return result(part, "\n".join(lines))


def labels_result(labels: LabelList) -> CallToolResult:
    """The collections and tags."""
    lines = ["Collections:" if labels.collections else "There are no collections."]
    lines += [f"{one.name}: {counted(one.documents, 'document')}" for one in labels.collections]
    lines += ["", "Tags:" if labels.tags else "There are no tags."]
    lines += [f"{one.tag}: {counted(one.documents, 'document')}" for one in labels.tags]
    return result(labels, "\n".join(lines))


def labelled_result(labelled: Labelled) -> CallToolResult:
    """What documents are labelled with."""
    lines = [
        f"{one.id}: {one.path}; tags: {', '.join(one.tags) or 'none'};"
        f" collections: {', '.join(one.collections) or 'none'}"
        for one in labelled.documents
    ]
    return result(labelled, "\n".join(lines))


def ingest_result(report: IngestReport) -> CallToolResult:
    """What became of files."""
    totals = report.totals
    states: tuple[tuple[str, int], ...] = (
        ("new", totals.indexed),
        ("updated", totals.updated),
        ("unchanged", totals.unchanged),
        ("removed", totals.removed),
        ("skipped", totals.skipped),
        ("failed", totals.failed),
    )
    told = ", ".join(f"{count} {state}" for state, count in states if count)
    failed = [f"{one.path}: {one.reason}" for one in report.files if one.status == "failed"]
    text = "\n".join([f"{counted(totals.files, 'file')}: {told}" if told else "Nothing to do.", *failed])
    return result(report, "\n".join([text, *report.warnings]))


def removal_result(removal: Removal) -> CallToolResult:
    """What was removed."""
    names = [f"removed {one.id}: {one.path}" for one in removal.removed]
    kept = ["The files themselves stay."] if removal.files_kept else []
    return result(removal, "\n".join([*names, *kept]))
