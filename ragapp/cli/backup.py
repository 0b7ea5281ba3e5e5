"""``ragapp backup`` and ``ragapp restore``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import moment, phrase, size_of, spoken
from ragapp.cli.output import note, say, say_record, shown_path
from ragapp.cli.parts import settings_of
from ragapp.cli.progress import progress_line
from ragapp.plain_words import counted

if TYPE_CHECKING:
    from ragapp.contract import BackupListener, BackupProgress, BackupSummary, RestoreReport
    from ragapp.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: ragapp backup ragapp-backup.zip --include-conversations")(backup)
    app.command(epilog="Example: ragapp restore ragapp-backup.zip --move /home/alice/docs=/home/bob/docs")(restore)


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    include_conversations: Annotated[
        bool, typer.Option("--include-conversations", help="With the questions and answers that are kept.")
    ] = False,
    include_files: Annotated[
        bool, typer.Option("--include-files", help="With the documents' own files, as they are now.")
    ] = False,
    salvage: Annotated[bool, typer.Option("--salvage", help="Take what can be read of a damaged store.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Write all that is stored into one file, also while the page runs or documents are ingested.

    It has texts, vectors and the index of words, so that nothing is embedded again; models and settings are not in it.
    """
    from ragapp.backup.making import Wishes, make_backup

    settings = settings_of(context)
    wishes = Wishes(include_conversations, include_files, salvage, force)
    with _progress() as listen:
        summary = make_backup(settings.paths.data, out, wishes, drop_folder=settings.paths.ingest, listen=listen)
    if as_json:
        say_record(summary)
        return
    say(f"{shown_path(summary.file)}: {_described(summary)}")
    for text in summary.left_out:
        note(f"Not in it: {text}")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What ragapp backup wrote.")],
    to: Annotated[Path | None, typer.Option(help="The data folder to restore to; default: paths.data.")] = None,
    move: Annotated[
        list[str] | None,
        typer.Option("--move", metavar="OLD=NEW", help="Files below OLD are below NEW here; may be repeated."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the backup, and say what is in it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Put a store aside that has documents or conversations.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the store, on this machine or another one.

    It is checked to the last byte before anything is touched. The store that was there is kept beside it. Files that
    the backup holds are written where --move says that they are, unless there are some.
    """
    from ragapp.backup.places import parse_move
    from ragapp.backup.restoring import read_summary, restore_backup

    settings = settings_of(context)
    if check:
        with _progress() as listen:
            summary = read_summary(file, listen)
        if as_json:
            say_record(summary)
        else:
            _say_checked(summary)
        return
    folder = to.absolute() if to else settings.paths.data
    moves = [parse_move(text) for text in move or ()]
    with _progress() as listen:
        report = restore_backup(
            file, folder, moves=moves, drop_folder=settings.paths.ingest, force=force, listen=listen
        )
    if as_json:
        say_record(report)
        return
    _say_restored(report, settings)


def _say_checked(summary: BackupSummary) -> None:
    say(phrase("{file} is whole: {what}", file=shown_path(summary.file), what=_described(summary)))
    told = "made {when} by ragapp {version}, schema {schema}"
    say(phrase(told, when=moment(summary.made_at), version=summary.version, schema=str(summary.schema)))
    say(phrase("embedder: {names}", names=", ".join(summary.embedders) or "–"))
    for folder in summary.folders:
        say(phrase("documents from {folder}", folder=folder))
    for text in summary.left_out:
        note(f"Not in it: {text}")


def _say_restored(report: RestoreReport, settings: Settings) -> None:
    say(phrase("restored to {folder}: {what}", folder=shown_path(report.folder), what=_described(report.backup)))
    for text in report.notices:
        note(text)
    if report.moved:
        say(phrase("{n} document has another path now.|{n} documents have another path now.", n=report.moved))
    if report.files_written:
        say(phrase("{n} file written from the backup.|{n} files written from the backup.", n=report.files_written))
    for folder, count in report.without_file.items():
        note(f"{counted(count, 'file')} not found in {folder}. Answers quote the stored text all the same.")
    if report.without_file:
        note("If the files are elsewhere, restore again with --force and say where: --move OLD=NEW")
    if report.put_aside:
        aside = shown_path(report.put_aside)
        say(phrase("What was there before is kept in {folder}; delete it when you do not need it.", folder=aside))
    others = [name for name in report.backup.embedders if name != settings.embedding.model]
    if others:
        note(
            f"The vectors are of {', '.join(others)}, and embedding.model is {settings.embedding.model}."
            f" Keep them with: ragapp settings set embedding.model {others[0]}"
        )
    if report.folder != str(settings.paths.data):
        note(f"To use it: ragapp settings set paths.data {report.folder}")


def _described(summary: BackupSummary) -> str:
    talks = summary.conversations
    parts = [
        phrase("{n} document|{n} documents", n=summary.documents),
        phrase("{n} chunk|{n} chunks", n=summary.chunks),
        phrase("no conversations") if talks is None else phrase("{n} conversation|{n} conversations", n=talks),
    ]
    if summary.files:
        parts.append(phrase("{n} file|{n} files", n=summary.files))
    return ", ".join([*parts, size_of(summary.bytes)])


@contextmanager
def _progress() -> Iterator[BackupListener]:
    with progress_line() as tell:

        def listen(at: BackupProgress) -> None:
            stage = spoken(at.stage)
            tell(f"{stage}: {size_of(at.done)} / {size_of(at.total)}" if at.total else f"{stage} …")

        yield listen
