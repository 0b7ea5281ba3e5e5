"""What the commands share: settings from the common option, parts for the time of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ragapp.cli.output import note
from ragapp.errors import IdentityError

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.settings import Settings
    from ragapp.web.client import PageClient


def settings_of(context: typer.Context, overrides: dict[str, dict[str, Any]] | None = None) -> Settings:
    """The settings in force for a command."""
    from ragapp.privacy import apply_allow_list
    from ragapp.settings import load_settings

    settings = load_settings(context.obj, overrides)
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
