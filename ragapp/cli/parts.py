"""What the commands share: settings from the common option, parts for the time of one command, Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from ragapp.cli.language import use_language
from ragapp.cli.output import note
from ragapp.errors import IdentityError, RagappError

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.settings import Settings
    from ragapp.web.client import PageClient


def settings_of(context: typer.Context, overrides: dict[str, dict[str, Any]] | None = None) -> Settings:
    """The settings in force for a command."""
    from ragapp.privacy import apply_allow_list
    from ragapp.settings import load_settings

    settings = load_settings(context.obj, overrides)
    use_language(settings.ui.language)
    apply_allow_list(settings.privacy.allow, settings.paths.data)
    return settings


def page_of(context: typer.Context) -> PageClient | None:
    """The page that runs on a command's store: its models are warm, and it alone may change the store."""
    from ragapp.web.server_file import read_server_file

    data = settings_of(context).paths.data
    if read_server_file(data) is None:
        return None
    from ragapp.web.client import running_page

    return running_page(data)


@contextmanager
def open_app(
    context: typer.Context, *, write: bool = False, overrides: dict[str, dict[str, Any]] | None = None
) -> Iterator[App]:
    """The parts of ragapp for the time of a command; a store that has to be rebuilt is told with how long it takes."""
    from ragapp.app import App

    with App(settings_of(context, overrides), write=write) as app:
        try:
            yield app
        except IdentityError:
            app.pipeline.measure_rebuild()
            app.store.check_identity()
            raise
        for text in app.notices:
            note(text)
        if "assistant" in app.__dict__:
            _tell_general(app)


def _tell_general(app: App) -> None:
    """Say that questions were judged by the general calibration, once for each pair of models."""
    from ragapp.answer.calibration_file import note_told, told_of

    with suppress(RagappError, OSError):  # it is no reason to fail after the answer
        pair, calibration = app.model_pair(), app.calibration()
        if calibration.origin == "general" and not told_of(app.calibration_file, pair):
            note(
                f"{pair.model} and {pair.embedder} were not measured together yet, so a general, careful calibration "
                "decides what is answered. Fit one to your documents: ragapp calibrate"
            )
            note_told(app.calibration_file, pair)


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """While this lasts, Ctrl-C sets the event; a second one, for work that does not listen, interrupts."""
    stop = threading.Event()

    def interrupted(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    try:
        before = signal.signal(signal.SIGINT, interrupted)
    except ValueError:  # not the main thread: nobody can press Ctrl-C here
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
