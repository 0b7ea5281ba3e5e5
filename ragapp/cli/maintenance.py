"""``ragapp demo``, ``ui`` and ``doctor``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.ask import say_events
from ragapp.cli.documents import Json
from ragapp.cli.language import phrase, spoken
from ragapp.cli.models import models_in_use, note_proposal, pull_model
from ragapp.cli.output import ask_secret, note, say, say_json, say_table
from ragapp.cli.parts import open_app, page_of, settings_of
from ragapp.cli.progress import ingest_bar, rebuild_progress
from ragapp.errors import ModelError, StoreError
from ragapp.terminal_text import shown_seconds

if TYPE_CHECKING:
    from ragapp.contract import Event
    from ragapp.settings import Settings

#: to which the sample documents have the answer; in another language another one
DEMO_QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
DEMO_FOLDER = "demo"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: ragapp demo")(demo)
    app.command(epilog="Example: ragapp ui --port 7861")(ui)
    app.command(epilog="Example: ragapp doctor --fix")(doctor)


def demo(
    context: typer.Context,
    question: Annotated[
        str | None, typer.Argument(help="What to ask the sample documents; default: a question that they answer.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing: the models must be here; fail where nothing is answered.")
    ] = False,
) -> None:
    """Fetch the default models if they are missing, ingest the sample documents, answer one question.

    Where the model hub is within reach and has a model that suits this machine better, it is named.
    """
    from ragapp.contract import Answer
    from ragapp.web.app_state import sample_docs

    settings = settings_of(context)
    question = question or phrase(DEMO_QUESTION)
    if offline:
        _make_ready_offline(settings)
    else:
        note_proposal(settings)
        for name in models_in_use(settings):
            pull_model(settings, name)
    answers: list[Answer] = []

    def kept(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            answers.extend([event] if isinstance(event, Answer) else [])
            yield event

    with open_app(context, write=True, overrides=_demo_store(settings)) as app:
        note("Ingesting the sample documents …")
        with ingest_bar() as progress:
            report = app.pipeline.run([sample_docs()], progress=progress)
        documents = phrase("{n} document|{n} documents", n=len(app.store.catalog.documents()))
        chunks = phrase("{n} chunk|{n} chunks", n=report.totals.chunks)
        note(f"{documents}, {chunks}, {shown_seconds(report.totals.seconds)}\n")
        say(phrase("Question: {question}", question=question))
        say_events(kept(app.assistant.ask(question)), question)
    if offline and not any(answer.citations for answer in answers):
        raise ModelError("The demo gave no answer with its source.", "See what is wrong: ragapp doctor")
    say(phrase("\nOpen the page on these documents: ragapp ui --demo"))
    say(phrase("Your own: put files into ingest/ and run: ragapp ui"))


def _make_ready_offline(settings: Settings) -> None:
    """Do what is done when models have come, without fetching any.  Raises ModelError: one is not here."""
    from ragapp.app import prepare_embedder
    from ragapp.web.app_state import missing_models

    if missing := missing_models(settings):
        told = f"{' and '.join(missing)} cannot be found in {settings.paths.models}."
        raise ModelError(told, "Install the bundle again, or leave --offline out where there is a network.")
    note(f"{settings.embedding.model}: making it ready, which takes some seconds the first time")
    prepare_embedder(settings, settings.embedding.model)


def _demo_store(settings: Settings) -> dict[str, dict[str, Any]]:
    return {"paths": {"data": settings.paths.data / DEMO_FOLDER}}


def ui(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: server.host.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default: server.port.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Open the sample documents' store.")] = False,
    set_password: Annotated[
        bool, typer.Option("--set-password", help="Ask for a password, keep its hash, and open nothing.")
    ] = False,
    browser: Annotated[
        bool | None,
        typer.Option("--browser/--no-browser", help="Show it in your browser; default: at a terminal with a screen."),
    ] = None,
) -> None:
    """Open the page on this machine, and ingest what lies in the drop folder."""
    if set_password:
        _set_password(context)
        return
    from ragapp.mcp.http import McpDoor
    from ragapp.web.app_state import sample_docs
    from ragapp.web.browser import open_browser, wants_browser
    from ragapp.web.server import serve

    settings = settings_of(context)
    address = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    overrides: dict[str, dict[str, Any]] = {"server": address}
    if demo:
        overrides |= _demo_store(settings)
        overrides["paths"]["ingest"] = sample_docs()
    with open_app(context, write=True, overrides=overrides) as app:
        shown = wants_browser(sys.stderr.isatty()) if browser is None else browser
        serve(app, note, context.obj, show=open_browser if shown else lambda url: False, doors=[McpDoor])


def _set_password(context: typer.Context) -> None:
    from ragapp.settings import write_setting
    from ragapp.web.passwords import hash_password

    password = ask_secret("Password of the page")
    file = write_setting("server", "password", hash_password(password), context.obj)
    say(phrase("The page asks for this password from its next start on. Its hash is in {file}.", file=str(file)))


def doctor(
    context: typer.Context,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Mend what can be mended, and rebuild what another embedder made; may be stopped."),
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Hash the models' files, too.")] = False,
    as_json: Json = False,
) -> None:
    """Check everything and say what to do."""
    from ragapp.maintenance import doctor as care

    settings = settings_of(context)
    done: list[str] = []
    if fix:
        if page_of(context):
            told = f"The page is running on {settings.paths.data}, and it alone may change what is stored."
            raise StoreError(told, "Rebuild on its tab Documents, or stop it and run: ragapp doctor --fix")
        with rebuild_progress() as progress:
            done = care.fix(settings, progress)
    results = list(care.run_checks(settings, verify=verify))
    if as_json:
        from dataclasses import asdict

        say_json({"checks": [asdict(result) for result in results], "done": done})
    else:
        for line in done:
            say(spoken(line))
        rows = [(phrase(r.status), spoken(r.name), spoken(r.detail), spoken(r.hint)) for r in results]
        say_table(("status", "what", "found", "what to do"), rows, below="what to do", whole=("status",))
    if any(result.status == "fail" for result in results):
        raise typer.Exit(1)
