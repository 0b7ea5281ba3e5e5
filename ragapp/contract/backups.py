"""Backups of a store: what was written, what is in one, what became of restoring it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BackupProgress:
    """Where writing or restoring a backup stands.

    Attributes:
        stage: what is being done.
        done: bytes that are behind it.
        total: bytes that there are to do in this stage.
    """

    stage: str
    done: int = 0
    total: int = 0


BackupListener = Callable[[BackupProgress], None]


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What is in a backup.

    Attributes:
        file: its path.
        bytes: its size.
        made_at: when it was written (ISO 8601, UTC).
        version: the ragapp that wrote it.
        schema: version of the catalog in it.
        embedders: names of the models that its vectors were made with.
        documents: how many there are.
        chunks: how many passages these have.
        conversations: how many are in it; None where it was made without them.
        files: how many of the documents' own files are in it.
        folders: folders that the documents came from.
        left_out: what could not be taken, one sentence each.
    """

    file: str
    bytes: int
    made_at: str
    version: str
    schema: int
    embedders: tuple[str, ...]
    documents: int
    chunks: int
    conversations: int | None = None
    files: int = 0
    folders: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What became of restoring a backup.

    Attributes:
        backup: what was in it.
        folder: the data folder that has it now.
        put_aside: folder with the store that was there before; empty where there was none.
        moved: how many documents have another path than they had.
        files_written: how many documents' files were written from the backup.
        without_file: how many documents' files are not where they are said to be, by folder.
        notices: what a person should know, one sentence each.
    """

    backup: BackupSummary
    folder: str
    put_aside: str = ""
    moved: int = 0
    files_written: int = 0
    without_file: dict[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
