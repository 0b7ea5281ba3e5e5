"""``ragapp ingest``, ``documents`` and ``search``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.output import ingest_bar, note, place_of, say, say_record, say_table, shown_path
from ragapp.cli.parts import open_app, page_of, settings_of
from ragapp.contract import IngestReport, Passage, Removal, SearchResult
from ragapp.errors import UsageError
from ragapp.reading.document import OcrMode
from ragapp.terminal_text import shown_seconds

if TYPE_CHECKING:
    from ragapp.app import App

FAILED_FILES = 3
# more skipped files than this are told by reason; `ragapp documents list` has each
MOST_SKIPPED = 10

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Scope = Annotated[str, typer.Option("--in", help="Only these documents: a name, a pattern, or a folder.")]
Id = Annotated[int, typer.Argument(help="See: ragapp documents list")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: ragapp ingest ./docs")(ingest)
    app.command(epilog='Example: ragapp search "notice period" -k 3')(search)
    group = typer.Typer(help="What is indexed, how well, and removing it.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", epilog="Example: ragapp documents list")(list_documents)
    group.command(epilog="Example: ragapp documents show 3")(show)
    group.command(epilog="Example: ragapp documents remove 3 4 --purge")(remove)
    app.add_typer(group, name="documents")


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
    """Ingest files and folders, or bring it in step with them."""
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
        say(f"There are no files in {where}. Put documents there, or name another folder: ragapp ingest ./docs")
        return
    skipped = Counter(file.reason for file in report.files if file.status == "skipped")
    hidden = {"unchanged"} if skipped.total() <= MOST_SKIPPED else {"unchanged", "skipped"}
    changed = [file for file in report.files if file.status not in hidden]
    if changed:
        rows = []
        for f in changed:
            counts = [count or "" for count in (f.units, f.units_without_text, f.units_ocr, f.chunks)]
            taken = f"{f.seconds:.1f}" if f.seconds else ""
            rows.append((f.status, *counts, taken, shown_path(f.path), f.reason))
        say_table(("status", "units", "no text", "ocr", "chunks", "seconds", "file", "note"), rows)
    for reason, count in skipped.most_common() if "skipped" in hidden else ():
        say(f"{count} skipped: {reason}")
    totals = report.totals
    parts = [
        f"{count} {status}"
        for status in ("indexed", "updated", "unchanged", "removed", "skipped", "failed")
        if (count := getattr(totals, status))
    ]
    if dry_run:
        time_left = f" It would take about {shown_seconds(report.estimate_s)}." if report.estimate_s else ""
        say(f"Would be: {', '.join(parts)}.{time_left}")
        return
    coverage = [f"{totals.units} units"]
    coverage += [f"{totals.units_without_text} without text"] if totals.units_without_text else []
    coverage += [f"{totals.units_ocr} by OCR"] if totals.units_ocr else []
    say(f"{', '.join(parts)}; {totals.chunks} chunks in {', '.join(coverage)}; {shown_seconds(totals.seconds)}.")


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Question or words.")],
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many passages.")] = 5,
    scope: Scope = "",
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
    stages = ", ".join(f"{stage} {taken:.2f} s" for stage, taken in found.stages.items())
    note(f"{len(found.hits)} passages in {found.seconds:.2f} s ({stages})")


def say_hits(found: SearchResult) -> None:
    """Print what a search found, and its note."""
    say_passages(found.hits)
    if found.note:
        say(f"{found.note}\n")


def say_passages(passages: Iterable[Passage]) -> None:
    """Print passages with where they stand."""
    for n, passage in enumerate(passages, 1):
        heading = f" — {passage.heading}" if passage.heading else ""
        say(f"[{n}] {place_of(passage)}{heading}  ({passage.score:.2f})")
        say("    " + passage.text.replace("\n", "\n    ") + "\n")
        if passage.also_in:
            say(f"    The same in: {'; '.join(dict.fromkeys(map(place_of, passage.also_in)))}\n")


def list_documents(context: typer.Context, as_json: Json = False) -> None:
    """List the documents in the store with their coverage, and the files that are not in it, with the reason."""
    with open_app(context) as app:
        listed = app.documents()
    if as_json:
        say_record(listed)
        return
    unread = [("failed", file) for file in listed.failures] + [("skipped", file) for file in listed.skipped]
    if not listed.documents and not unread:
        say("There are no documents yet. Add some: ragapp ingest ./docs")
        return
    if listed.documents:
        columns = ("id", "document", "language", "units", "no text", "ocr", "chunks", "warnings", "path")
        rows = []
        for d in listed.documents:
            found = d.units_without_text or "", d.units_ocr or "", d.chunks, len(d.warnings) or ""
            rows.append((d.id, shown_path(d.document), d.language or "?", d.units, *found, shown_path(d.path)))
        say_table(columns, rows)
    if listed.documents and unread:
        say()
    if unread:
        files = [(status, shown_path(file.path), f"{file.reason}. {file.hint}".strip()) for status, file in unread]
        say_table(("status", "file", "why"), files)


def show(context: typer.Context, id: Id, as_json: Json = False) -> None:
    """Show how well one document is covered, unit by unit."""
    with open_app(context) as app:
        row = app.document(id)
    if as_json:
        say_record(row)
        return
    say(f"{row.document}: {row.title}\n{row.path}")
    gaps = f", {row.units_without_text} without text" if row.units_without_text else ""
    gaps += f", {row.units_ocr} by OCR" if row.units_ocr else ""
    language = row.language or "unknown"
    say(f"{row.units} units{gaps}, {row.chunks} chunks, language {language}, ingested {row.ingested_at}")
    for warning in row.warnings:
        say(f"warning: {warning}")
    units = [("" if value is None else value for value in astuple(unit)) for unit in row.units_list]
    say_table(("unit", "kind", "label", "characters", "coverage", "confidence"), [tuple(unit) for unit in units])


def remove(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help="See: ragapp documents list")] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Leave no trace of these, and of what was removed before, in any file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove documents from the store; the files themselves stay.

    They are not ingested again until they change or are named: ragapp ingest FILE
    """
    from ragapp.index.chroma_server import server_of
    from ragapp.index.store import Store
    from ragapp.ingest.conditions import remove_by_hand
    from ragapp.maintenance.erase import erase

    if not ids and not purge:
        raise UsageError("No document is named.", "See: ragapp documents list")
    if not purge and (page := page_of(context)):
        removal = page.remove(ids or ())
    else:
        settings = settings_of(context)
        with Store(settings.paths.data, write=True, backend=server_of(settings)) as store:
            rows = remove_by_hand(store, ids or (), settings.ingest)
            store.settle()
            for text in store.notices:
                note(text)
            forgotten = erase(store, settings.paths.ingest) if purge else 0
        files_kept = tuple(row.path for row in rows if Path(row.path).exists())
        removal = Removal(tuple(row.described() for row in rows), purge, forgotten, files_kept)
    if as_json:
        say_record(removal)
        return
    for row in removal.removed:
        say(f"removed {row.id}: {shown_path(row.path)}")
    if purge:
        if forgotten := removal.answers_forgotten:
            say(f"Answers in conversations that showed removed documents, deleted as well: {forgotten}.")
        say("Nothing of what was removed is left in the store's files.")
        for path in removal.files_kept:
            say(f"The file itself is yours and stays until you delete it: {shown_path(path)}")
