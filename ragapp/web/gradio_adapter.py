"""Everything that relies on more of Gradio than it documents, for the versions that ``pyproject.toml`` allows.

- Its import runs what only its own developers need, which takes more than half of the time (1.7 of 3.0 s of CPU).
- Its import loads the MCP library where that is installed (22 MB, a second), for a server of its own that is not used
  here; ragapp's own loads it when a program comes.
- Its ``head=`` comes into the page after Gradio has started; ``ui/scripts/gradio_shim.js`` must come before.
- Its page takes a parameter `page` for the name of another page of its own, and fails where there is none.
- Its frontend is a folder of files whose names change with their content; browsers are told to keep them.

``tests/web/test_gradio_adapter.py`` fails with what to look at when one of these changes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.staticfiles import StaticFiles
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SHIM = Path(__file__).parent / "ui" / "scripts" / "gradio_shim.js"
#: what the page says where the script goes in
HEAD = b"<head>"
#: response header of what has its version in its address
KEEP = "private, max-age=31536000, immutable"


def _without_type_stubs(component_meta: ModuleType) -> None:
    """No type stubs for editors are written beside the components, for which every source file is parsed anew."""
    component_meta.create_or_modify_pyi = lambda *arguments: None  # type: ignore[attr-defined]


def _without_event_docs(events: ModuleType) -> None:
    """The documentation of events keeps the gap for its component's name; filling it renders a template for each."""
    events.EventListener.set_doc = lambda self, component: None


#: module and name of what is replaced, and by what
REPLACED: dict[tuple[str, str], Callable[[ModuleType], None]] = {
    ("gradio.component_meta", "create_or_modify_pyi"): _without_type_stubs,
    ("gradio.events", "EventListener.set_doc"): _without_event_docs,
}


#: what Gradio does without where it is not installed, and is told that it is not
LEFT_OUT = "mcp"


class _Finder(MetaPathFinder):
    """Has modules changed right after they were run, before others use them, and keeps one from Gradio."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()  # others may want what Gradio does without

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == LEFT_OUT and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is left out", name=name)
        change = next((change for (module, _), change in REPLACED.items() if module == name), None)
        spec = PathFinder.find_spec(name, path) if change else None
        if not (change and spec and spec.loader):
            return None
        run, then = spec.loader.exec_module, change

        def exec_module(module: ModuleType) -> None:
            run(module)
            with suppress(AttributeError):  # another version, in which there may be no need for it
                then(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@cache
def import_gradio() -> ModuleType:
    """The module ``gradio``; whoever imports it later gets the same."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        import gradio
    finally:
        sys.meta_path.remove(finder)
    module: ModuleType = gradio
    return module


def frontend_files() -> StaticFiles:
    """Gradio's ``/assets``, which browsers may keep: their names change with what they hold."""
    import gradio
    from starlette.staticfiles import StaticFiles

    class KeptFiles(StaticFiles):
        def file_response(self, *arguments: Any, **named: Any) -> Any:
            response = super().file_response(*arguments, **named)
            response.headers["cache-control"] = KEEP
            return response

    return KeptFiles(directory=Path(gradio.__file__).parent / "templates" / "frontend" / "assets")


class EarlyScript:
    """ASGI middleware that puts the script at an address in front of all others of the page at ``/``."""

    def __init__(self, app: ASGIApp, script: str):
        self._app = app
        self._tag = f'<script src="{script}"></script>'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        wanted = True

        async def insert(message: Message) -> None:
            nonlocal wanted
            if message["type"] == "http.response.start":
                grown = [
                    (name, str(int(value) + len(self._tag)).encode() if name.lower() == b"content-length" else value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": grown}
            elif wanted and HEAD in message.get("body", b""):
                wanted = False
                message = {**message, "body": message["body"].replace(HEAD, HEAD + self._tag, 1)}
            await send(message)

        # what is compressed could not be changed here
        plain = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        # Gradio would take an address's `page` for one of its own pages; the parameters are for the scripts
        await self._app({**scope, "headers": plain, "query_string": b""}, receive, insert)
