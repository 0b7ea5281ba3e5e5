"""Conversations in the catalog: their turns with the whole answers, listed, searched, renamed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ragapp.contract import Answer, Conversation, Turn
from ragapp.contract.codec import from_values, to_values
from ragapp.errors import StoreError
from ragapp.index.analysis import fold
from ragapp.index.catalog import Catalog
from ragapp.index.sqlite import TOO_LARGE

TITLE_CHARACTERS = 60
MAX_TITLE_CHARACTERS = 200


class Conversations:
    """The conversations of a catalog, which is not closed here.

    Any process may write the catalog: a conversation in the terminal can be kept while the page owns the store.

    Raises:
        StoreError: by every method, where there is no such conversation, or the catalog cannot be written.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def create(self, title: str = "") -> int:
        """Begin a conversation and return its id; without a title it gets one from its first question."""
        now = _now()
        with self._catalog.transaction() as connection:
            added = connection.execute(
                "INSERT INTO conversations (title, created_at, changed_at) VALUES (?, ?, ?)",
                (_title(title, MAX_TITLE_CHARACTERS), now, now),
            )
            return added.lastrowid or 0

    def list(self, search: str = "", limit: int | None = None) -> list[Conversation]:
        """Conversations, the one that changed last first.

        A search finds those whose title, questions and answers have all its words, or parts of words; capitals and
        accents do not matter.
        """
        rows = [Conversation(*row) for row in self._catalog.rows(f"{_ROWS} ORDER BY changed_at DESC, id DESC")]
        if wanted := _plain(search).split():
            texts = {row.id: [row.title] for row in rows}
            for conversation_id, *said in self._catalog.rows(
                "SELECT conversation_id, question, standalone, reply FROM turns"
            ):
                texts.get(conversation_id, []).extend(said)  # another process may have begun one just now
            plain = {id_: _plain("\n".join(said)) for id_, said in texts.items()}
            rows = [row for row in rows if all(word in plain[row.id] for word in wanted)]
        return rows[:limit]

    def get(self, conversation_id: int) -> Conversation:
        """One conversation."""
        return _row(self._catalog.rows, conversation_id)

    def turns(self, conversation_id: int) -> Sequence[Turn]:
        """The turns of a conversation, in order."""
        _row(self._catalog.rows, conversation_id)
        rows = self._catalog.rows(
            "SELECT id, question, standalone, answer, asked_at FROM turns WHERE conversation_id = ? ORDER BY id",
            (conversation_id,),
        )
        return [
            Turn(question, _kept_answer(json.loads(kept), question, standalone, conversation_id), standalone, id_, at)
            for id_, question, standalone, kept, at in rows
        ]

    def add_turn(self, conversation_id: int, answer: Answer) -> Turn:
        """Add a question, as it was asked and as it was understood, and its answer to a conversation."""
        question, standalone, now = _storable(answer.question), _storable(answer.standalone), _now()
        answer = replace(answer, question=question, standalone=standalone, conversation=conversation_id)
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            kept = json.dumps(to_values(answer))
            turn_id = connection.execute(
                "INSERT INTO turns (conversation_id, question, standalone, asked_at, reply, answer)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (conversation_id, question, standalone, now, _storable(answer.answer), kept),
            ).lastrowid
            connection.execute(
                "UPDATE conversations SET title = ?, changed_at = ? WHERE id = ?",
                (row.title or _title(question, TITLE_CHARACTERS), now, conversation_id),
            )
        return Turn(question, answer, standalone, turn_id or 0, now)

    def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a conversation another title; an empty one is a StoreError, too."""
        title = _title(title, MAX_TITLE_CHARACTERS)
        if not title:
            raise StoreError("A conversation's title can't be empty.", "Give it one: ragapp conversations rename ID …")
        with self._catalog.transaction() as connection:
            _row(connection.execute, conversation_id)
            connection.execute(
                "UPDATE conversations SET title = ?, changed_at = ? WHERE id = ?", (title, _now(), conversation_id)
            )
            return _row(connection.execute, conversation_id)

    def delete(self, conversation_id: int) -> Conversation:
        """Delete a conversation with all its turns; returns what it was."""
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            connection.execute("DELETE FROM turns WHERE conversation_id = ?", (conversation_id,))
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        return row

    def forget_removed(self) -> int:
        """Delete every turn whose answer quotes or shows a document that is not in the catalog any more.

        A conversation that loses all of its turns goes with them.  Returns how many turns were deleted.
        """
        held = {row.path for row in self._catalog.documents()}
        gone = [
            turn_id
            for turn_id, answer in self._catalog.rows("SELECT id, answer FROM turns")
            if not _paths(json.loads(answer)) <= held
        ]
        with self._catalog.transaction() as connection:
            connection.executemany("DELETE FROM turns WHERE id = ?", [(turn_id,) for turn_id in gone])
            if gone:
                connection.execute("DELETE FROM conversations WHERE id NOT IN (SELECT conversation_id FROM turns)")
        return len(gone)


def shortened(text: str, characters: int) -> str:
    """A text on one line, cut between words where it is longer than so many characters."""
    text = " ".join(text.split())
    if len(text) <= characters:
        return text
    head = text[: characters - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > characters // 2 else head).rstrip(" ,;:.") + "…"


def _kept_answer(kept: Mapping[str, Any], question: str, standalone: str, conversation_id: int) -> Answer:
    """An answer as it was stored, by this version or an earlier one; what is of another shape today is left out."""
    values = {"answer": "", "abstained": False, "confidence": 0.0, "suggested_caution": kept.get("bolder", ""), **kept}
    values |= {"question": question, "standalone": standalone, "conversation": conversation_id}
    try:
        return from_values(Answer, values)
    except ValidationError as error:
        strange = {problem["loc"][0] for problem in error.errors()}
        return from_values(Answer, {name: value for name, value in values.items() if name not in strange})


def _paths(answer: Mapping[str, Any]) -> set[str]:
    """Files whose words an answer holds."""
    shown = [*answer.get("citations", ()), *answer.get("passages", ())]
    return {path for one in shown for path in (one["path"], *(also["path"] for also in one.get("also_in", ())))}


_ROWS = (
    "SELECT id, title, created_at, changed_at, (SELECT COUNT(*) FROM turns WHERE conversation_id = conversations.id)"
    " FROM conversations"
)


def _row(query: Callable[..., Iterable[tuple[Any, ...]]], conversation_id: int) -> Conversation:
    if abs(conversation_id) < TOO_LARGE:
        for found in query(f"{_ROWS} WHERE id = ?", (conversation_id,)):
            return Conversation(*found)
    raise StoreError(f"There is no conversation {conversation_id}.", "See: ragapp conversations list")


def _title(text: str, characters: int) -> str:
    return shortened("".join(c if c.isprintable() else " " for c in _storable(text)), characters)


def _storable(text: str) -> str:
    """Text that SQLite can keep: half a surrogate pair, from a terminal with another encoding, is no character."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _plain(text: str) -> str:
    return fold(text.casefold())


def _now() -> str:
    # finer than a second: turns that follow each other closely must be listed in their order
    return datetime.now(UTC).isoformat(timespec="microseconds")
