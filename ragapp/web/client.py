"""Talking to the running page from another process: the store and the warm model are its own.

Only the standard library is used, so that a command that finds no page has lost no time.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ragapp.answer.result import Answer, Citation, Sentence
from ragapp.errors import RagappError, StoreError
from ragapp.index.records import StoredChunk
from ragapp.ingest.report import FileReport, IngestReport
from ragapp.retrieval.passage import Passage
from ragapp.web.server_file import RunningServer, read_server_file

_HELLO_S = 2.0
# an answer may take minutes on a slow machine, taking in a folder hours
_WORK_S = 24 * 3600.0
# the page is on this machine: no proxy of the environment is asked
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServerError(RagappError):
    """The running page said why it could not."""


class PageClient:
    """The API of a running page.

    Args:
        server: where it listens.
    """

    def __init__(self, server: RunningServer):
        self.server = server

    def get(self, path: str, timeout_s: float = _WORK_S) -> Any:
        """The answer to a GET below ``/api``."""
        return self._send(path, None, timeout_s)

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """The answer to a POST below ``/api``.

        Raises:
            ServerError: what the page said.
            StoreError: it has gone meanwhile.
        """
        return self._send(path, json.dumps(values).encode(), _WORK_S)

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
    """The page that runs on a store; None where there is none.

    Args:
        data: ``paths.data``.
    """
    server = read_server_file(data)
    if server is None:
        return None
    client = PageClient(server)
    try:
        client.get("ingest", _HELLO_S)
    except RagappError:  # a page that was killed leaves its file behind
        return None
    return client


def answer_of(values: dict[str, Any]) -> Answer:
    """An answer out of the shape that :meth:`Answer.as_json` gives it."""
    plain = {field.name for field in fields(Answer)} - {"sentences", "citations", "passages"}
    return Answer(
        **{key: value for key, value in values.items() if key in plain},
        sentences=[Sentence(one["text"], one["supported"], tuple(one["citations"])) for one in values["sentences"]],
        citations=[Citation(**one) for one in values["citations"]],
        passages=[passage_of(one) for one in values["passages"]],
    )


def passage_of(values: dict[str, Any]) -> Passage:
    """A passage out of its shape in an answer or a search; ids are those of nothing."""
    chunk = StoredChunk(
        values["page"],
        tuple(filter(None, values["heading"].split(" > "))),
        values["text"],
        0,
        len(values["text"]),
        id=0,
        document_id=0,
        document=values["document"],
        title="",
        path=values["path"],
        language="",
        label=values["label"],
        kind=values["kind"],
    )
    also = tuple(
        replace(chunk, document=one["document"], path=one["path"], unit=one["page"], label=one["label"])
        for one in values.get("also_in", ())
    )
    scores = (values.get(key, 0.0) for key in ("score", "dense", "lexical", "coverage"))
    return Passage(chunk, *scores, also_in=also)


def report_of(values: dict[str, Any]) -> IngestReport:
    """A report of ingestion out of its shape."""
    files = [FileReport(**file) for file in values["files"]]
    return IngestReport(files, values["warnings"], seconds=values["totals"]["seconds"])


def _told(error: urllib.error.HTTPError) -> RagappError:
    try:
        values = json.load(error)
        told = ServerError(values["error"]["message"], values["error"]["hint"])
        told.exit_code = int(values.get("exit_code", 1))
        return told
    except (OSError, ValueError, KeyError, TypeError):
        return ServerError(f"The running page answered {error.code}.", "Stop it and try again.")
