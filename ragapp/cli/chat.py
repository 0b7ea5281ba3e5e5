"""``ragapp chat``: a conversation in the terminal."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.ask import AskedCaution, conversation_number, say_events
from ragapp.cli.conversations import exported, say_conversations, say_turn, write_new
from ragapp.cli.filters import restricted
from ragapp.cli.language import phrase
from ragapp.cli.names import conversation_numbers
from ragapp.cli.output import note, say
from ragapp.cli.parts import open_app, page_of, settings_of, stoppable
from ragapp.errors import CancelledError, RagappError, UsageError

if TYPE_CHECKING:
    from ragapp.answer.chat_session import ChatSession
    from ragapp.app import App
    from ragapp.contract import Caution
    from ragapp.web.client import PageChat

#: what can be typed instead of a question
COMMANDS = {
    "/new": "begin another conversation",
    "/list [WORDS]": "conversations, the newest first",
    "/open N": "go on with conversation N",
    "/rename TITLE": "give this conversation another title",
    "/delete [N]": "delete this conversation, or conversation N",
    "/export FILE": "write this conversation as Markdown",
    "/help": "this list",
    "/quit": "end; so does Ctrl-D. Ctrl-C stops an answer.",
}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: ragapp chat --open 3")(chat)


@restricted
def chat(
    context: typer.Context,
    scope: str = "",
    caution: AskedCaution = None,
    conversation: Annotated[
        int | None, typer.Option("--open", help="Go on with this conversation.", autocompletion=conversation_numbers)
    ] = None,
) -> None:
    """Talk with the documents: follow-up questions are understood, and the conversation is kept."""
    from ragapp.app import App
    from ragapp.web.client import PageChat

    page = page_of(context)
    with App(settings_of(context)) if page else open_app(context) as app:
        if not page:
            app.check_llm()
        begin = partial(PageChat, page, app.conversations) if page else app.chat
        terminal = _Terminal(app, begin, scope, caution, conversation)
        if sys.stdin.isatty():
            told = f"The page at {page.server.url} answers. " if page else ""
            note(f"{told}Ask, or /help. Ctrl-C stops an answer, Ctrl-D ends.")
        for line in _lines():
            if not terminal.take(line):
                break


class _Terminal:
    """What the lines of one terminal do."""

    def __init__(
        self,
        app: App,
        begin: Callable[..., ChatSession | PageChat],
        scope: str,
        caution: Caution | None,
        conversation: int | None,
    ):
        self._app = app
        self._begin = begin
        self._scope = scope
        self._caution = caution
        self._session = begin(conversation)
        for turn in self._session.turns:
            say_turn(turn)

    def take(self, line: str) -> bool:
        """Answer a question or follow a command; returns False when the person wants to end.

        Raises RagappError: in a script, where going on would hide it; a person is told, and goes on.
        """
        line = line.strip()
        try:
            if line in ("/quit", "/exit"):
                return False
            if line.startswith("/"):
                self._command(*line[1:].partition(" ")[::2])
            elif line:
                self._ask(line)
        except RagappError as error:
            if not sys.stdin.isatty():
                raise
            note(f"ragapp: {error}")
        return True

    def _ask(self, question: str) -> None:
        with stoppable() as stop:
            try:
                events = self._session.ask(question, scope=self._scope, caution=self._caution, cancelled=stop.is_set)
                say_events(events, question)
            except CancelledError:
                note("\nStopped; this question is not kept.")
        say()

    def _command(self, name: str, argument: str) -> None:
        argument = argument.strip()
        kept = self._app.conversations
        if name == "new":
            self._session = self._begin()
            note("A new conversation.")
        elif name == "list":
            say_conversations(kept.list(argument), argument)
        elif name == "open":
            number = conversation_number(argument, "Example: /open 3. See: /list")
            self._session = self._begin(number)
            say(kept.get(number).title)
            for turn in self._session.turns:
                say_turn(turn)
        elif name == "rename":
            say(phrase("renamed: {title}", title=kept.rename(self._this(), argument).title))
        elif name == "delete":
            number = conversation_number(argument, "Example: /delete 3. See: /list") if argument else self._this()
            gone = kept.delete(number)
            if gone.id == self._session.id:
                self._session = self._begin()
            say(phrase("removed {id}: {title}", id=str(gone.id), title=gone.title))
        elif name == "export":
            self._export(argument)
        elif name == "help":
            shown = {phrase(typed): phrase(told) for typed, told in COMMANDS.items()}
            widest = max(map(len, shown))
            for typed, told in shown.items():
                say(f"{typed:<{widest}}   {told}")
        else:
            raise UsageError(f"There is no /{name}.", "See: /help")

    def _export(self, argument: str) -> None:
        try:
            (name,) = shlex.split(argument, posix=sys.platform != "win32") if " " in argument else [argument]
        except ValueError:
            name = argument  # a name with spaces and no quotes
        if not name:
            raise UsageError("Say which file to write.", "Example: /export travel.md")
        text = exported(self._app.conversations.get(self._this()), self._session.turns)
        write_new(Path(name).expanduser(), text)
        say(phrase("written: {name}", name=name))

    def _this(self) -> int:
        if self._session.id is None:
            raise UsageError("Nothing has been asked in this conversation yet.", "Ask something first, or /open one.")
        return self._session.id


def _lines() -> Iterator[str]:
    """What the person types, or what comes in by a pipe, line by line, until it ends."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            if line.strip():
                say(f"> {line.strip()}")
            yield line
        return
    with suppress(ImportError):  # Windows has its own
        import readline  # noqa: F401 - editing and history of the line
    while True:
        try:
            yield input("> ")
        except EOFError:
            say()
            return
        except KeyboardInterrupt:
            note("\n/quit or Ctrl-D ends.")
