"""What a question can be restricted to, as lines of a filter, and what people call it: documents, folders, tags, …"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from ragapp.errors import RagappError
from ragapp.index.analysis import plain
from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import CONDITIONS, matching_documents
from ragapp.words.texts import tr

#: of a longer list the first are shown, and the rest is found by typing
MOST_CHOICES = 60
#: documents and folders that one question can be restricted to
MOST_CHOSEN = 50
_ESCAPED = re.compile(r"\[([*?[])\]")


@dataclass(frozen=True, slots=True)
class Choice:
    """A document, a folder, or a condition on documents.

    Attributes:
        pattern: as the search takes it.
        name: the file's or folder's, or the value of the condition.
        folder: in which it lies, from the drop folder on where it lies below that; may be empty.
        kind: ``document``, ``folder`` (with all that is below it), or the kind of the condition.
    """

    pattern: str
    name: str
    folder: str = ""
    kind: str = "document"

    def shown(self, language: str) -> str:
        """What it is called on the page."""
        return self.name if self.kind == "document" else tr(language, f"scope.{self.kind}", name=self.name)


def find_choices(documents: Iterable[DocumentRow], drop: Path, words: str = "") -> tuple[list[Choice], int]:
    """Collections, tags, types, years, folders and documents that have some words in their names, and how many in all.

    Those of a document are its name, title and folder. Types and years are there where there are several.

    No more than :data:`MOST_CHOICES` are given; capitals and accents do not matter.
    """
    wanted = plain(words).split()
    rows = sorted(documents, key=lambda row: (row.name.casefold(), row.path))
    folders = sorted({Path(row.path).parent for row in rows} - {drop})
    found = [one for one in _conditions(rows) if _has(wanted, f"{one.kind} {one.name}")]
    found += [
        Choice(escape(str(one)) + "/*", shown, "", "folder")
        for one in folders
        if _has(wanted, shown := _below(one, drop))
    ]
    for row in rows:
        folder = Path(row.path).parent
        where = "" if folder == drop else _below(folder, drop)
        if _has(wanted, f"{row.name} {row.title} {where}"):
            found.append(Choice(escape(row.path), row.name, where))
    return found[:MOST_CHOICES], len(found)


def _conditions(rows: Sequence[DocumentRow]) -> list[Choice]:
    """The collections, tags, types and years that documents have."""
    types = sorted({row.type for row in rows})
    years = sorted({year for row in rows for year in row.years}, reverse=True)
    values = {
        "collection": sorted({name for row in rows for name in row.collections}, key=str.casefold),
        "tag": sorted({tag for row in rows for tag in row.tags}, key=str.casefold),
        "type": types if len(types) > 1 else [],
        "year": list(map(str, years)) if len(years) > 1 else [],
    }
    return [Choice(f"{kind}:{value}", value, "", kind) for kind, named in values.items() for value in named]


def joined(patterns: Iterable[str]) -> str:
    """Several patterns as one scope, a line each."""
    named = [one for one in patterns if isinstance(one, str) and one.strip() and "\n" not in one]
    return "\n".join(list(dict.fromkeys(named))[:MOST_CHOSEN])


def parted(scope: str) -> list[str]:
    """The patterns of a scope."""
    return [line for line in scope.split("\n") if line.strip()]


def scope_choice(pattern: str, drop: Path) -> Choice:
    """What a pattern of a scope is called; one that a person has written is shown as it is."""
    if (kind := pattern.partition(":")[0]) in CONDITIONS:
        return Choice(pattern, pattern.partition(":")[2], "", kind)
    is_folder = pattern.endswith("/*")
    path = Path(_ESCAPED.sub(r"\1", pattern[:-2] if is_folder else pattern))
    if is_folder:
        return Choice(pattern, _below(path, drop), "", "folder")
    return Choice(pattern, path.name or pattern, str(path.parent) if path.is_absolute() else "")


def scope_name(scope: str, drop: Path) -> str:
    """What a scope is called in a line; empty for all documents."""
    return ", ".join(scope_choice(one, drop).name for one in parted(scope))


def missing(scope: str, documents: Sequence[DocumentRow]) -> list[str]:
    """The patterns of a scope that no document matches (any more)."""
    gone = []
    for pattern in parted(scope):
        try:
            matching_documents(documents, pattern)
        except RagappError:
            gone.append(pattern)
    return gone


def _below(folder: Path, drop: Path) -> str:
    return str(folder.relative_to(drop) if folder.is_relative_to(drop) else folder.name or folder)


def _has(words: Sequence[str], text: str) -> bool:
    bare = plain(text)
    return all(word in bare for word in words)
