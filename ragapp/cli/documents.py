"""``ragapp ingest``, ``documents`` and ``search``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.filters import restricted
from ragapp.cli.language import exact_figure, figure, moment, phrase, spoken
from ragapp.cli.names import document_names, document_number
from ragapp.cli.output import note, place_of, say, say_record, say_table, say_text, shown_path
from ragapp.cli.parts import open_app, page_of, settings_of
from ragapp.cli.progress import ingest_bar
from ragapp.errors import UsageError
from ragapp.reading.document import OcrMode
from ragapp.terminal_text import shown_seconds

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.contract import IngestReport, Passage, SearchResult
    from ragapp.contract.documents import UnitCoverage, UnreadFile

FAILED_FILES = 3
# more skipped files than this are told by reason; `ragapp documents list` has each
MOST_SKIPPED = 10

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> typer.Typer:
    """Add this module's commands; returns the group ``documents``."""
    app.command(epilog="Example: ragapp ingest ./docs")(ingest)
    app.command(epilog='Example: ragapp search "notice period" -k 3')(search)
    group = typer.Typer(help="What is indexed, how well, and removing it.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog="Example: ragapp documents list")(list_documents)
    group.command(epilog="Example: ragapp documents show travel-policy")(show)
    group.command(epilog="Example: ragapp documents remove old.pdf 4 --purge")(remove)
    app.add_typer(group, name="documents")
    return group


def ingest(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; default: the drop folder.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Read unchanged files again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen, and how long it would take.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the folders until stopped with Ctrl-C.")] = False,
    ocr: Annotated[OcrMode | None, typer.Option(help="Pages that are pictures; default: ingest.ocr.")] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what is gone, even all that came from a folder that is empty now.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ingest files and folders, or bring what is stored in step with them."""
    if watch and (dry_run or as_json):
        raise UsageError("--watch goes on until it is stopped.", "Leave out --dry-run and --json.")
    page = None if watch or dry_run else page_of(context)
    if page:
        paths = paths or [settings_of(context).paths.ingest]
        report = page.ingest(*paths, force=force, prune=prune, ocr=ocr)
    else:
        with open_app(context, write=not dry_run) as app, ingest_bar() as progress:
            paths = paths or [app.drop_folder()]
            options: dict[str, Any] = {"force": force, "prune": prune, "ocr": ocr, "progress": progress}
            if watch:
                _watch(app, paths, options)
                return
            report = app.pipeline.run(paths, dry_run=dry_run, **options)
    if as_json:
        say_record(report)
    else:
        _say_report(report, paths, dry_run)
    if report.count("failed"):
        raise typer.Exit(FAILED_FILES)


def _watch(app: App, paths: list[Path], options: dict[str, Any]) -> None:
    from ragapp.errors import CancelledError
    from ragapp.ingest.watch import follow

    settings = app.settings.ingest
    note(f"Following {', '.join(shown_path(str(path)) for path in paths)}. Stop with Ctrl-C.")
    quiet = {"unchanged", "skipped"}
    try:
        for report in follow(app.pipeline, paths, settle_s=settings.settle_s, rescan_s=settings.rescan_s, **options):
            if any(file.status not in quiet for file in report.files) or report.warnings:
                _say_report(report, paths, False)
            # what failed once is told once
            quiet = {"unchanged", "skipped", "failed"}
            options = {**options, "force": False}
    except (CancelledError, KeyboardInterrupt):
        note("Stopped.")


def _say_report(report: IngestReport, paths: list[Path], dry_run: bool) -> None:
    for warning in report.warnings:
        note(f"Note: {warning}")
    if not report.files:
        where = ", ".join(str(path) for path in paths)
        told = "There are no files in {where}. Put documents there, or name another folder: ragapp ingest ./docs"
        say(phrase(told, where=where))
        return
    skipped = Counter(file.reason for file in report.files if file.status == "skipped")
    hidden = {"unchanged"} if skipped.total() <= MOST_SKIPPED else {"unchanged", "skipped"}
    changed = [file for file in report.files if file.status not in hidden]
    if changed:
        rows = []
        for f in changed:
            counts = [count or "" for count in (f.units, f.units_without_text, f.units_ocr, f.chunks)]
            taken = figure(f.seconds, 1) if f.seconds else ""
            rows.append((phrase(f.status), *counts, taken, shown_path(f.path), spoken(f.reason)))
        columns = ("status", "units", "no text", "ocr", "chunks", "seconds", "file", "note")
        say_table(columns, rows, drop=columns[5:0:-1], below="note", whole=columns[:6])
    for reason, count in skipped.most_common() if "skipped" in hidden else ():
        say(phrase("{n} skipped: {why}", n=count, why=spoken(reason)))
    totals = report.totals
    by_status = {
        "{n} indexed": totals.indexed,
        "{n} updated": totals.updated,
        "{n} unchanged": totals.unchanged,
        "{n} removed": totals.removed,
        "{n} skipped": totals.skipped,
        "{n} failed": totals.failed,
    }
    parts = ", ".join(phrase(words, n=count) for words, count in by_status.items() if count)
    if dry_run:
        say(phrase("Would be: {parts}.", parts=parts))
        if report.estimate_s:
            say(phrase("It would take about {time}.", time=shown_seconds(report.estimate_s)))
        return
    chunks = phrase("{n} chunk|{n} chunks", n=totals.chunks)
    units = _coverage(totals.units, totals.units_without_text, totals.units_ocr)
    taken = shown_seconds(totals.seconds)
    say(phrase("{files}; {chunks} in {units}; {time}.", files=parts, chunks=chunks, units=units, time=taken))


def _coverage(units: int, without_text: int, by_ocr: int) -> str:
    """How many units there are, and how many of them have no text, or one that was recognised."""
    parts = [phrase("{n} unit|{n} units", n=units)]
    parts += [phrase("{n} without text", n=without_text)] if without_text else []
    parts += [phrase("{n} by OCR", n=by_ocr)] if by_ocr else []
    return ", ".join(parts)


@restricted
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Question or words.")],
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many passages.")] = 5,
    scope: str = "",
    as_json: Json = False,
) -> None:
    """Find passages, without a language model."""
    if page := page_of(context):
        found = page.search(query, k, scope)
    else:
        with open_app(context) as app:
            found = app.search(query, k, scope)
    if as_json:
        say_record(found)
        return
    say_hits(found)
    stages = ", ".join(f"{phrase(stage)} {figure(taken, 2)} s" for stage, taken in found.stages.items())
    told = "{n} passage in {seconds} s ({stages})|{n} passages in {seconds} s ({stages})"
    note(phrase(told, n=len(found.hits), seconds=figure(found.seconds, 2), stages=stages))


def say_hits(found: SearchResult) -> None:
    """Print what a search found, and its note."""
    say_passages(found.hits)
    if found.note:
        say(f"{found.note}\n")


def say_passages(passages: Iterable[Passage]) -> None:
    """Print passages with where they stand."""
    for n, passage in enumerate(passages, 1):
        heading = f" — {passage.heading}" if passage.heading else ""
        say_text(f"[{n}] {place_of(passage)}{heading}  ({figure(passage.score, 2)})")
        say_text(passage.text, "    ")
        say()
        if passage.also_in:
            places = phrase("; ").join(dict.fromkeys(map(place_of, passage.also_in)))
            say_text(phrase("The same in: {places}\n", places=places), "    ")


@restricted
def list_documents(context: typer.Context, scope: str = "", as_json: Json = False) -> None:
    """List the documents in the store with their coverage, and the files that are not in it, with the reason."""
    with open_app(context) as app:
        listed = app.documents(scope)
    if as_json:
        say_record(listed)
        return
    unread = [("failed", file) for file in listed.failures] + [("skipped", file) for file in listed.skipped]
    if not listed.documents and not unread:
        say(phrase("There are no documents yet. Add some: ragapp ingest ./docs"))
        return
    if listed.documents:
        columns = (
            "id",
            "document",
            "language",
            "units",
            "no text",
            "ocr",
            "chunks",
            "warnings",
            "date",
            "tags",
            "folder",
        )
        rows = []
        for d in listed.documents:
            found = d.units_without_text or "", d.units_ocr or "", d.chunks, len(d.warnings) or ""
            rows.append(
                (
                    d.id,
                    shown_path(d.document),
                    d.language or "?",
                    d.units,
                    *found,
                    d.day,
                    ", ".join(d.tags),
                    folder if (folder := str(Path(shown_path(d.path)).parent)) != "." else "",
                )
            )
        few = ("date", "chunks", "language", "ocr", "no text", "warnings", "units", "tags")
        say_table(columns, rows, drop=few, below="folder", whole=columns[2:9])
    if listed.documents and unread:
        say()
    if unread:
        files = [(phrase(status), shown_path(file.path), _why(file)) for status, file in unread]
        say_table(("status", "file", "why"), files, below="why")


def _why(file: UnreadFile) -> str:
    return spoken(f"{file.reason}. {file.hint}".strip())


def _dated(day: str, where: str) -> str:
    """The day of a document with where that is from."""
    if where == "properties":
        return phrase("of {day} (by its properties)", day=day)
    if where == "text":
        return phrase("of {day} (as its text says)", day=day)
    return phrase("of {day} (by its file)", day=day)


def show(
    context: typer.Context,
    document: Annotated[
        str, typer.Argument(help="Its name, a part of it, or its number.", autocompletion=document_names)
    ],
    as_json: Json = False,
) -> None:
    """Show how well one document is covered, unit by unit."""
    with open_app(context) as app:
        row = app.document(document_number(app, document))
    if as_json:
        say_record(row)
        return
    say(f"{row.document}: {row.title}\n{row.path}")
    facts = [
        _coverage(row.units, row.units_without_text, row.units_ocr),
        phrase("{n} chunk|{n} chunks", n=row.chunks),
        phrase("language {code}", code=row.language or phrase("unknown")),
        phrase("ingested {when}", when=moment(row.ingested_at)),
    ]
    say(", ".join(facts))
    author = [phrase("author {name}", name=row.author)] if row.author else []
    say_text(", ".join([row.type, _dated(row.day, row.day_from), *author]))
    if row.tags:
        say_text(phrase("tags: {tags}", tags=", ".join(row.tags)))
    if row.collections:
        say_text(phrase("collections: {names}", names=", ".join(row.collections)))
    for warning in row.warnings:
        say_text(phrase("warning: {warning}", warning=spoken(warning)))
    units = [_unit_row(unit) for unit in row.units_list]
    columns = ("unit", "kind", "label", "characters", "coverage", "confidence")
    say_table(columns, units, drop=("confidence", "kind", "characters"))


def _unit_row(unit: UnitCoverage) -> tuple[object, ...]:
    confidence = "" if unit.confidence is None else exact_figure(unit.confidence)
    return unit.number, phrase(unit.kind), unit.label, unit.characters, phrase(unit.coverage), confidence


def remove(
    context: typer.Context,
    documents: Annotated[
        list[str] | None, typer.Argument(help="Their numbers or whole names.", autocompletion=document_names)
    ] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Leave no trace of these, and of what was removed before, in any file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove documents from the store; the files themselves stay.

    They are not ingested again until they change or are named: ragapp ingest FILE
    """
    from ragapp.app import App
    from ragapp.maintenance.removal import remove_documents

    if not documents and not purge:
        raise UsageError("No document is named.", "See: ragapp documents list")
    settings = settings_of(context)
    with App(settings) as app:
        ids = list(dict.fromkeys(document_number(app, text, part=False) for text in documents or ()))
    page = page_of(context)
    if page:
        removal = page.remove(ids, purge=purge)
    else:
        removal, notices = remove_documents(settings, ids, purge=purge)
        for text in notices:
            note(text)
    if as_json:
        say_record(removal)
        return
    for row in removal.removed:
        say(phrase("removed {id}: {path}", id=str(row.id), path=shown_path(row.path)))
    if purge:
        if forgotten := removal.answers_forgotten:
            say(phrase("Answers in conversations that showed removed documents, deleted as well: {n}.", n=forgotten))
        say(phrase("Nothing of what was removed is left in the store's files."))
        for path in removal.files_kept:
            told = "The file itself is yours and stays until you delete it: {path}"
            say(phrase(told, path=shown_path(path)))
