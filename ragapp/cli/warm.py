"""``ragapp models warm``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import phrase, size_of
from ragapp.cli.output import note, say, say_json
from ragapp.cli.parts import open_app, page_of, stoppable
from ragapp.cli.progress import progress_line, time_left
from ragapp.errors import ModelError, StoreError

if TYPE_CHECKING:
    from ragapp.answer.reading_ahead import ReadingProgress


def warm(context: typer.Context, as_json: Json = False) -> None:
    """Read your passages ahead, so that answers about them start at once; Ctrl-C stops, and the same goes on.

    The page does this while nobody asks anything. What is read is kept in paths.data, llm.prompt_cache_mb at the most.
    """
    from ragapp.answer.reading_ahead import read_ahead
    from ragapp.llm.prompt_store import FOLDER_NAME, usage

    if page_of(context):
        told = "The page is running on these documents, with the model in its memory."
        raise StoreError(told, "It reads ahead while nobody asks; or stop it and run: ragapp models warm")
    with open_app(context) as app, stoppable() as stop, progress_line() as line:
        engine = app.engine()
        if not engine.keeps:
            raise ModelError(
                f"What {engine.name} reads is not kept on disk.",
                "That needs a model in this process (llm.mode) whose memory can be cut back, and llm.prompt_cache_mb"
                " above 0.",
            )

        def tell(at: ReadingProgress) -> None:
            done = phrase("{done} of {all} passage|{done} of {all} passages", done=at.done, all=at.passages)
            line(done if at.seconds_left is None else f"{done}, {time_left(at.seconds_left)}")

        shown = app.conversations.asked_about()
        reached = read_ahead(engine, app.catalog, app.settings, asked_about=shown, cancelled=stop.is_set, progress=tell)
        full, folder = reached.done < reached.passages and not stop.is_set(), app.settings.paths.data / FOLDER_NAME
        engine.close()  # what is still being written
        held = usage(folder)
    if as_json:
        values = {"read": reached.done, "passages": reached.passages, "readings": held.readings, "bytes": held.bytes}
        say_json(values)
    else:
        need = (
            "{done} of {all} passage need not be read when you ask; {size} on disk."
            "|{done} of {all} passages need not be read when you ask; {size} on disk."
        )
        say(phrase(need, done=reached.done, all=reached.passages, size=size_of(held.bytes)))
    if full:
        note("There is no more room for readings: raise llm.prompt_cache_mb.")
    elif stop.is_set():
        note("Stopped; the same command goes on from here.")
