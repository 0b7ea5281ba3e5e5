"""``ragapp compare``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import phrase, terminal_language
from ragapp.cli.names import document_names, document_number
from ragapp.cli.output import note, place_of, say, say_coloured, say_record, say_text
from ragapp.cli.parts import open_app, page_of, settings_of, stoppable
from ragapp.cli.progress import progress_line
from ragapp.errors import CancelledError

if TYPE_CHECKING:
    from ragapp.contract import Change, Comparison, Explained, Piece, Quote, Stage

# characters of an added or removed text that are shown; --json has all
_SHOWN = 600
# moved statements that are shown
_MOST_MOVED = 10
_SIGNS = {"changed": "~", "added": "+", "removed": "-", "moved": ">"}
# as in wdiff, and in git's word diff
_MARKS = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog='Example: ragapp compare policy-2024.docx policy-2025.pdf --about "hotel limits"')(compare)


def compare(
    context: typer.Context,
    before: Annotated[
        str,
        typer.Argument(help="The earlier one: its name, a part of it, or its number.", autocompletion=document_names),
    ],
    after: Annotated[str, typer.Argument(help="The later one, in the same way.", autocompletion=document_names)],
    about: Annotated[str, typer.Option(metavar="TOPIC", help="Only the sections that are near this topic.")] = "",
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say the most important changes in plain words: by the language model, where the quotes state them.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what changed from one document to another, with the words of both; no language model finds it."""
    from ragapp.app import App

    with App(settings_of(context)) as app:
        ids = [document_number(app, name) for name in (before, after)]
    stopped = False
    if page := page_of(context):
        found = page.compare(*ids, about=about)
        if explain:
            with stoppable() as stop:
                events = page.explain_events(*ids, about=about, cancelled=stop.is_set)
                found, stopped = _explained(found, events), stop.is_set()
    else:
        with open_app(context) as app:
            if explain:
                app.check_llm()  # a missing model is told before anything is compared
            found = app.compare(*ids, about=about)
            if explain:
                with stoppable() as stop:
                    found, stopped = _explained(found, app.explainer.explain(found, stop.is_set)), stop.is_set()
    if as_json:
        say_record(found)
    else:
        _say_comparison(found)
    if stopped:
        raise typer.Exit(CancelledError.exit_code)


def _explained(found: Comparison, events: Iterable[Stage | Explained | Comparison]) -> Comparison:
    """A comparison with what was put into words until the end, or until the person stopped it."""
    from ragapp.answer.stages import stage_words
    from ragapp.contract import Comparison, Explained, Stage

    read = 0
    try:
        with progress_line() as tell:
            for event in events:
                if isinstance(event, Stage):
                    read = event.part - 1
                    tell(stage_words(event, terminal_language()))
                elif isinstance(event, Explained):
                    changes = list(found.changes)
                    changes[event.change] = replace(changes[event.change], explanation=event.explanation)
                    found = replace(found, changes=tuple(changes))
                elif isinstance(event, Comparison):
                    return event
    except CancelledError:
        pass
    return replace(found, explained=read)


def _say_comparison(found: Comparison) -> None:
    say(f"{found.before.document} → {found.after.document}")
    for warning in found.notes:
        note(f"Note: {warning}")
    if not found.related:
        return
    if found.about and found.sections:
        where = "; ".join(found.sections)
        say_text(phrase("Sections near “{topic}”: {sections}", topic=found.about, sections=where))
    elif found.about:
        say(phrase("No section is near “{topic}”.", topic=found.about))
    figures = [change for change in found.changes if change.facts]
    moved = [change for change in found.changes if change.kind == "moved"]
    others = [change for change in found.changes if not change.facts and change.kind != "moved"]
    _say_group(phrase("Amounts, dates and numbers"), figures)
    _say_group(phrase("Wording, and what is new or gone"), others)
    _say_group(phrase("The same words in another place"), moved[:_MOST_MOVED])
    if len(moved) > _MOST_MOVED:
        say(phrase("  and {n} more of these", n=len(moved) - _MOST_MOVED))
    if found.explained:
        said = sum(bool(change.explanation) for change in found.changes)
        say()
        say_text(
            phrase(
                "= {said} of {n} change in the language model’s words; only what the quotes state is shown."
                "|= {said} of {n} changes in the language model’s words; only what the quotes state is shown.",
                said=said,
                n=found.explained,
            )
        )
    if not found.changes:
        say(phrase("Nothing was changed there.") if found.about else phrase("Nothing was changed."))
        return
    counts = [
        phrase("{n} changed|{n} changed", n=found.count("changed")) if found.count("changed") else "",
        phrase("{n} added|{n} added", n=found.count("added")) if found.count("added") else "",
        phrase("{n} removed|{n} removed", n=found.count("removed")) if found.count("removed") else "",
        phrase("{n} moved|{n} moved", n=found.count("moved")) if found.count("moved") else "",
        "" if found.about else phrase("{n} statement the same|{n} statements the same", n=found.unchanged),
    ]
    say()
    say(f"{', '.join(filter(None, counts))}.")


def _say_group(title: str, changes: list[Change]) -> None:
    if not changes:
        return
    say()
    say_coloured(title)
    section = None
    for change in changes:
        if change.section != section:
            section = change.section
            say()
            say_text(section or phrase("Without a heading"))
        _say_change(change)


def _say_change(change: Change) -> None:
    sign = _SIGNS[change.kind]
    if change.kind == "moved" and change.before and change.after:
        say_text(f"{sign} {place_of(change.before)} → {place_of(change.after)}", "  ")
        say_text(_shortened(change.after), "    ")
        return
    places = " → ".join(place_of(quote) for quote in (change.before, change.after) if quote)
    say_text(f"{sign} {places}", "  ")
    if change.explanation:
        say_text(change.explanation, "    = ")
    if change.before and change.after:
        for side, quote in (("removed", change.before), ("added", change.after)):
            say_text(_marked(change.pieces, side) or quote.shown, "    - " if side == "removed" else "    + ")
    elif only := change.before or change.after:
        for line in _shortened(only).split("\n"):
            say_text(line, f"    {sign} ")


def _marked(pieces: tuple[Piece, ...], side: str) -> str:
    """One of two texts with what the other has not between marks."""
    text = ""
    for piece in pieces:
        if piece.kind in ("same", side):
            before, after = _MARKS[piece.kind]
            words = piece.text.strip()
            if not words:
                text += piece.text
                continue
            front, back = piece.text[: piece.text.index(words)], piece.text[piece.text.index(words) + len(words) :]
            text += f"{front}{before}{words}{after}{back}"
    return text


def _shortened(quote: Quote) -> str:
    if len(quote.shown) <= _SHOWN:
        return quote.shown
    shown = quote.shown[:_SHOWN].rsplit(" ", 1)[0]
    return f"{shown} … ({phrase('{n} character in all|{n} characters in all', n=len(quote.shown))})"
