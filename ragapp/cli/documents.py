"""``ragapp ingest``, ``documents`` and ``search``."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from ragapp.cli.output import ingest_bar, note, say, say_json, say_table, shown_path, shown_seconds
from ragapp.cli.parts import open_app, page_of, settings_of
from ragapp.errors import UsageError
from ragapp.reading.document import OcrMode

FAILED_FILES = 3
# more skipped files than this are told by reason; `ragapp documents list` has each
MOST_SKIPPED = 10

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


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
    force: Annotated[bool, typer.Option("--force", help="Take in unchanged files again.")] = False,
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
    """Take files and folders into the store, or bring it in step with them."""
    if watch and (dry_run or as_json):
        raise UsageError("--watch goes on until it is stopped.", "Leave out --dry-run and --json.")
    page = None if watch or dry_run else page_of(context)
    if page:
        from ragapp.web.client import report_of

        paths = paths or [settings_of(context).paths.ingest]
        asked = [str(path.expanduser().absolute()) for path in paths]
        report = report_of(page.post("ingest", {"paths": asked, "force": force, "prune": prune, "ocr": ocr}))
        _say_ingested(report, paths, dry_run, as_json)
        return
    with open_app(context, write=not dry_run) as app, ingest_bar() as progress:
        paths = paths or [app.drop_folder()]
        options = {"force": force, "prune": prune, "ocr": ocr, "progress": progress}
        if watch:
            _watch(app, paths, options)
            return
        report = app.pipeline.run(paths, dry_run=dry_run, **options)
    _say_ingested(report, paths, dry_run, as_json)


def _say_ingested(report, paths: list[Path], dry_run: bool, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        extra = {"estimate_s": report.estimate_s} if dry_run else {}
        files = [asdict(file) for file in report.files]
        say_json({"files": files, "totals": report.totals, "warnings": report.warnings, **extra})
    else:
        _say_report(report, paths, dry_run)
    if report.count("failed"):
        raise typer.Exit(FAILED_FILES)


def _watch(app, paths: list[Path], options: dict) -> None:
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


def _say_report(report, paths: list[Path], dry_run: bool) -> None:
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
        say_table(
            ("status", "units", "no text", "ocr", "chunks", "seconds", "file", "note"),
            [
                (
                    f.status,
                    f.units or "",
                    f.units_without_text or "",
                    f.units_ocr or "",
                    f.chunks or "",
                    f"{f.seconds:.1f}" if f.seconds else "",
                    shown_path(f.path),
                    f.reason,
                )
                for f in changed
            ],
        )
    for reason, count in skipped.most_common() if "skipped" in hidden else ():
        say(f"{count} skipped: {reason}")
    totals = report.totals
    parts = [
        f"{totals[s]} {s}" for s in ("indexed", "updated", "unchanged", "removed", "skipped", "failed") if totals[s]
    ]
    if dry_run:
        time_left = f" It would take about {shown_seconds(report.estimate_s)}." if report.estimate_s else ""
        say(f"Would be: {', '.join(parts)}.{time_left}")
        return
    coverage = [f"{totals['units']} units"]
    coverage += [f"{totals['units_without_text']} without text"] if totals["units_without_text"] else []
    coverage += [f"{totals['units_ocr']} by OCR"] if totals["units_ocr"] else []
    say(f"{', '.join(parts)}; {totals['chunks']} chunks in {', '.join(coverage)}; {shown_seconds(report.seconds)}.")


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="Question or words.")],
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many passages.")] = 5,
    within: Annotated[str, typer.Option("--in", help="Only these documents: a name, a pattern, or a folder.")] = "",
    as_json: Json = False,
) -> None:
    """Find passages, without a language model."""
    from ragapp.answer.result import hit_json

    if page := page_of(context):
        from ragapp.web.client import passage_of

        values = page.post("search", {"query": query, "k": k, "in": within})
        if as_json:
            say_json(values)
            return
        say_passages([passage_of(hit) for hit in values["hits"]])
        note(f"{len(values['hits'])} passages in {values['seconds']:.2f} s")
        return
    with open_app(context) as app:
        retriever = app.retriever
        started = time.monotonic()
        found = retriever.search(query, k, within)
        seconds = round(time.monotonic() - started, 3)
    if as_json:
        hits = [hit_json(passage) for passage in found.passages]
        say_json({"query": query, "hits": hits, "seconds": seconds, "stages": found.seconds})
        return
    say_passages(found.passages)
    stages = ", ".join(f"{stage} {taken:.2f} s" for stage, taken in found.seconds.items())
    note(f"{len(found.passages)} passages in {seconds:.2f} s ({stages})")


def say_passages(passages) -> None:
    """Print passages with where they stand."""
    for n, passage in enumerate(passages, 1):
        chunk = passage.chunk
        heading = f" — {' > '.join(chunk.headings)}" if chunk.headings else ""
        say(f"[{n}] {chunk.document}{where(chunk.kind, chunk.unit, chunk.label)}{heading}  ({passage.score:.2f})")
        say("    " + chunk.text.replace("\n", "\n    ") + "\n")
        if passage.also_in:
            places = [other.document + where(other.kind, other.unit, other.label) for other in passage.also_in]
            say(f"    The same in: {'; '.join(dict.fromkeys(places))}\n")


def where(kind: str, page: int, label: str) -> str:
    """What is put behind a document's name to point at a unit of it; nothing where the unit is the whole file."""
    from ragapp.reading.document import place_name

    place = place_name(kind, page, label)
    return f", {place}" if place else ""


def list_documents(context: typer.Context, as_json: Json = False) -> None:
    """List the documents in the store with their coverage, and the files that are not in it, with the reason."""
    from ragapp.index.library import Library

    with Library(settings_of(context).paths.data) as library:
        documents, unread = library.catalog.documents(), library.catalog.unread()
    if as_json:
        listed = {"failures": "failed", "skipped": "skipped"}
        say_json(
            {"documents": [row.as_json() for row in documents]}
            | {key: [file.as_json() for file in unread if file.status == status] for key, status in listed.items()}
        )
        return
    if not documents and not unread:
        say("There are no documents yet. Add some: ragapp ingest ./docs")
        return
    if documents:
        say_table(
            ("id", "document", "language", "units", "no text", "ocr", "chunks", "warnings", "path"),
            [
                (
                    d.id,
                    shown_path(d.name),
                    d.language or "?",
                    d.units,
                    d.units_without_text or "",
                    d.units_ocr or "",
                    d.chunks,
                    len(d.warnings) or "",
                    shown_path(d.path),
                )
                for d in documents
            ],
        )
    if documents and unread:
        say()
    if unread:
        say_table(
            ("status", "file", "why"),
            [(file.status, shown_path(file.path), f"{file.reason}. {file.hint}".strip()) for file in unread],
        )


def show(
    context: typer.Context, id: Annotated[int, typer.Argument(help="See: ragapp documents list")], as_json: Json = False
) -> None:
    """Show how well one document is covered, unit by unit."""
    from ragapp.errors import StoreError
    from ragapp.index.library import Library

    with Library(settings_of(context).paths.data) as library:
        row = library.catalog.document(id)
        if row is None:
            raise StoreError(f"There is no document {id}.", "See: ragapp documents list")
        units = [_unit_json(unit, len(text)) for unit, text in library.catalog.units(id)]
    if as_json:
        say_json({**row.as_json(), "units_list": units})
        return
    say(f"{row.name}: {row.title}\n{row.path}")
    gaps = f", {row.units_without_text} without text" if row.units_without_text else ""
    gaps += f", {row.units_ocr} by OCR" if row.units_ocr else ""
    language = row.language or "unknown"
    say(f"{row.units} units{gaps}, {row.chunks} chunks, language {language}, ingested {row.ingested_at}")
    for warning in row.warnings:
        say(f"warning: {warning}")
    columns = ("unit", "kind", "label", "characters", "coverage", "confidence")
    say_table(columns, [tuple("" if value is None else value for value in unit.values()) for unit in units])


def remove(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help="See: ragapp documents list")] = None,
    purge: Annotated[
        bool, typer.Option("--purge", help="Leave no trace of these, and of what was removed before, in any file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove documents from the store; the files themselves stay.

    They are not taken in again until they change or are named: ragapp ingest FILE
    """
    from ragapp.care.erase import erase
    from ragapp.index.chroma_server import server_of
    from ragapp.index.library import Library
    from ragapp.ingest.removal import remove_by_hand

    if not ids and not purge:
        raise UsageError("No document is named.", "See: ragapp documents list")
    if not purge and (page := page_of(context)):
        values = page.post("documents/remove", {"ids": ids})
        if as_json:
            say_json(values)
        for row in () if as_json else values["removed"]:
            say(f"removed {row['id']}: {shown_path(row['path'])}")
        return
    settings = settings_of(context)
    with Library(settings.paths.data, write=True, backend=server_of(settings)) as library:
        removed = remove_by_hand(library, ids or (), settings.ingest)
        library.settle()
        for text in library.mended:
            note(text)
        forgotten = erase(library, settings.paths.ingest) if purge else 0
    kept = [row.path for row in removed if Path(row.path).exists()]
    if as_json:
        removed_json = [row.as_json() for row in removed]
        say_json({"removed": removed_json, "purged": purge, "answers_forgotten": forgotten, "files_kept": kept})
        return
    for row in removed:
        say(f"removed {row.id}: {shown_path(row.path)}")
    if purge:
        if forgotten:
            say(f"Answers in conversations that showed removed documents, deleted as well: {forgotten}.")
        say("Nothing of what was removed is left in the store's files.")
        for path in kept:
            say(f"The file itself is yours and stays until you delete it: {shown_path(path)}")


def _unit_json(unit, characters: int) -> dict:
    confidence = None if unit.confidence is None else round(unit.confidence, 3)
    return {
        "number": unit.number,
        "kind": unit.kind,
        "label": unit.label,
        "characters": characters,
        "coverage": unit.coverage,
        "confidence": confidence,
    }
