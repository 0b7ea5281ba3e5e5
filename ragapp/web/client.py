"""Talking to the running page from another process: the store and the warm model are its own.

Only the standard library is used until it answers, so that a command that finds no page has lost no time.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from ragapp.contract import Answer, Caution, IngestReport, Removal, SearchResult
from ragapp.errors import RagappError, StoreError
from ragapp.web.server_file import RunningServer, read_server_file

T = TypeVar("T")
_HELLO_S = 2.0
# an answer may take minutes on a slow machine, ingesting a folder hours
_WORK_S = 24 * 3600.0
# the page is on this machine: no proxy of the environment is asked
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerError(RagappError):
    """The running page said why it could not."""


class PageClient:
    """The API of a running page; every call gives what the same call of :class:`ragapp.app.App` gives.

    Raises ServerError: what the page said; StoreError: it has gone meanwhile.
    """

    def __init__(self, server: RunningServer):
        self.server = server

    def ask(
        self, question: str, *, scope: str = "", caution: Caution | None = None, conversation: int | str | None = None
    ) -> Answer:
        """The answer to a question, in a kept conversation where one is named; ``new`` begins one."""
        body = {"question": question, "in": scope, "caution": caution, "conversation": conversation}
        return self._record(Answer, "ask", body)

    def search(self, query: str, k: int = 5, scope: str = "") -> SearchResult:
        """The ``k`` best passages for a query."""
        return self._record(SearchResult, "search", {"query": query, "k": k, "in": scope})

    def ingest(self, *paths: Path, force: bool, prune: bool, ocr: str | None) -> IngestReport:
        """Add files and folders to the store."""
        asked = [str(path.expanduser().absolute()) for path in paths]
        return self._record(IngestReport, "ingest", {"paths": asked, "force": force, "prune": prune, "ocr": ocr})

    def remove(self, ids: Sequence[int]) -> Removal:
        """Remove documents from the store."""
        return self._record(Removal, "documents/remove", {"ids": list(ids)})

    def get(self, path: str, timeout_s: float = _WORK_S) -> Any:
        """The JSON that a GET below ``/api`` gives."""
        return self._send(path, None, timeout_s)

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """The JSON that a POST below ``/api`` gives."""
        return self._send(path, json.dumps(values).encode(), _WORK_S)

    def _record(self, kind: type[T], path: str, values: dict[str, Any]) -> T:
        from ragapp.contract.codec import from_values

        try:
            return from_values(kind, self.post(path, values))
        except ValueError:
            told = f"The page at {self.server.url} is of another version of ragapp."
            raise StoreError(told, "Stop it and start it again.") from None

    def _send(self, path: str, body: bytes | None, timeout_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self.server.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.url}/api/{path}", body, headers)
        try:
            with _OPENER.open(request, timeout=timeout_s) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise _told(error) from None
        except (OSError, ValueError) as error:
            raise StoreError(f"The page at {self.server.url} does not answer: {error}.", "Try again.") from None


def running_page(data: Path) -> PageClient | None:
    """The page that runs on the store in ``data``; None where there is none."""
    server = read_server_file(data)
    if server is None:
        return None
    client = PageClient(server)
    try:
        client.get("ingest", _HELLO_S)
    except RagappError:  # a page that was killed leaves its file behind
        return None
    return client


def _told(error: urllib.error.HTTPError) -> RagappError:
    try:
        values = json.load(error)
        told = ServerError(values["error"]["message"], values["error"]["hint"])
        told.exit_code = int(values.get("exit_code", 1))
        return told
    except (OSError, ValueError, KeyError, TypeError):
        return ServerError(f"The running page answered {error.code}.", "Stop it and try again.")
