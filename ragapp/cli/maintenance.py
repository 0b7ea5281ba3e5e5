"""``ragapp demo``, ``ui`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.ask import say_events
from ragapp.cli.documents import Json
from ragapp.cli.models import models_in_use, pull_model
from ragapp.cli.output import ingest_bar, note, rebuild_progress, say, say_json, say_table
from ragapp.cli.parts import open_app, page_of, settings_of
from ragapp.errors import StoreError

if TYPE_CHECKING:
    from ragapp.settings import Settings

DEMO_QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
DEMO_FOLDER = "demo"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: ragapp demo")(demo)
    app.command(epilog="Example: ragapp ui --port 7861")(ui)
    app.command(epilog="Example: ragapp doctor --fix")(doctor)


def demo(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What to ask the sample documents.")] = DEMO_QUESTION,
) -> None:
    """Fetch the default models if they are missing, ingest the sample documents, answer one question."""
    from ragapp.web.app_state import sample_docs

    settings = settings_of(context)
    for name in models_in_use(settings):
        pull_model(settings, name)
    with open_app(context, write=True, overrides=_demo_store(settings)) as app:
        note("Ingesting the sample documents …")
        with ingest_bar() as progress:
            report = app.pipeline.run([sample_docs()], progress=progress)
        documents = len(app.store.catalog.documents())
        note(f"{documents} documents, {report.totals.chunks} chunks, {report.totals.seconds:.0f} s\n")
        say(f"Question: {question}")
        say_events(app.assistant.ask(question), question)
    say("\nOpen the page on these documents: ragapp ui --demo")
    say("Your own: put files into ingest/ and run: ragapp ui")


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
) -> None:
    """Open the page on this machine, and ingest what lies in the drop folder."""
    if set_password:
        _set_password(context)
        return
    from ragapp.web.app_state import sample_docs
    from ragapp.web.server import serve

    settings = settings_of(context)
    address = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    overrides: dict[str, dict[str, Any]] = {"server": address}
    if demo:
        overrides |= _demo_store(settings)
        overrides["paths"]["ingest"] = sample_docs()
    with open_app(context, write=True, overrides=overrides) as app:
        serve(app, note, context.obj)


def _set_password(context: typer.Context) -> None:
    from ragapp.settings import write_setting
    from ragapp.web.passwords import hash_password

    password = typer.prompt("Password of the page", hide_input=True, confirmation_prompt=True, err=True)
    file = write_setting("server", "password", hash_password(password), context.obj)
    say(f"The page asks for this password from its next start on. Its hash is in {file}.")


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
            say(line)
        say_table(("status", "what", "found", "what to do"), [(r.status, r.name, r.detail, r.hint) for r in results])
    if any(result.status == "fail" for result in results):
        raise typer.Exit(1)
