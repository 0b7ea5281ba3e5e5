"""What the tools ask of ragapp, whoever has the store: a running page, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ragapp.contract import Caution, Event, IngestProgress, IngestReport, Removal, SearchResult
from ragapp.index.catalog import Catalog
from ragapp.settings import Settings
from ragapp.web.places import Places

# asked whether to stop
Cancelled = Callable[[], bool]


class Library(Protocol):
    """The documents and what can be done with them.

    Methods are called on threads, several at a time, but for :meth:`ask`, which only takes its place in the queue; what
    an iterator yields is made on the thread that iterates it. All raise RagappError where it cannot be done.
    """

    settings: Settings
    places: Places  # for what takes long

    def opened(self) -> AbstractContextManager[Catalog]:
        """What is stored, to be read, or labelled, for the time of a ``with``."""

    def search(self, query: str, k: int, scope: str) -> SearchResult:
        """The ``k`` best passages for a query; ``scope`` restricts the documents."""

    def ask(self, question: str, scope: str, caution: Caution | None, cancelled: Cancelled) -> Iterator[Event]:
        """What goes on while a question is answered, and the answer at last."""

    def summarize(self, document: str, cancelled: Cancelled) -> Iterator[Event]:
        """What goes on while the document that a pattern fits is summarised, and the summary at last."""

    def picture(self, path: Path, page: int, width: int) -> bytes:
        """A page of a PDF as JPEG, so many pixels wide."""

    def ingest(self, paths: Sequence[Path], cancelled: Cancelled) -> Iterator[IngestProgress | IngestReport]:
        """How far the ingestion of files and folders is, and the report at last."""

    def remove(self, ids: Sequence[int]) -> Removal:
        """Remove documents; their files stay."""
