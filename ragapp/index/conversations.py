"""Conversations in the catalog: their turns with the whole answers, listed, searched, renamed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ragapp.errors import StoreError
from ragapp.index.analysis import fold
from ragapp.index.catalog import Catalog
from ragapp.index.connection import TOO_LARGE

TITLE_CHARACTERS = 60
MAX_TITLE_CHARACTERS = 200
# what a model thinks is no part of its answer
_NEVER_KEPT = frozenset({"thinking", "thought", "thoughts", "reasoning"})


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer.

    Attributes:
        question: as the person asked it.
        standalone: what was searched for and answered; the same where the question stands alone.
        answer: as :meth:`ragapp.answer.result.Answer.as_json` gives it.
        asked_at: ISO 8601, UTC.
    """

    id: int
    question: str
    standalone: str
    answer: dict[str, Any]
    asked_at: str

    @property
    def reply(self) -> str:
        """The answer's words alone."""
        return self.answer.get("answer", "")


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as it is listed.

    Attributes:
        title: made from the first question until the person gives another; empty before the first question.
        created_at: ISO 8601, UTC.
        changed_at: when the last turn was added, or the title changed.
        turns: how many there are.
    """

    id: int
    title: str
    created_at: str
    changed_at: str
    turns: int


class Conversations:
    """The conversations of a catalog.

    They need no more than the catalog, which any process may write: a conversation in the terminal can be kept while
    the page owns the store.

    Args:
        catalog: open; it is not closed here.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def create(self, title: str = "") -> int:
        """Begin a conversation; without a title it gets one from its first question.

        Returns:
            Its id.

        Raises:
            StoreError: the catalog cannot be written.
        """
        now = _now()
        with self._catalog.transaction() as connection:
            return connection.execute(
                "INSERT INTO conversations (title, created_at, changed_at) VALUES (?, ?, ?)",
                (_title(title, MAX_TITLE_CHARACTERS), now, now),
            ).lastrowid

    def list(self, search: str = "", limit: int | None = None) -> list[ConversationRow]:
        """Conversations, the one that changed last first.

        Args:
            search: only those whose title, questions and answers have all these words, or parts of words; capitals
                and accents do not matter.
            limit: how many at the most; all when None.
        """
        rows = [ConversationRow(*row) for row in self._catalog.rows(f"{_ROWS} ORDER BY changed_at DESC, id DESC")]
        if wanted := _plain(search).split():
            texts = {row.id: [row.title] for row in rows}
            for conversation_id, *said in self._catalog.rows(
                "SELECT conversation_id, question, standalone, reply FROM turns"
            ):
                texts.get(conversation_id, []).extend(said)  # another process may have begun one just now
            plain = {id_: _plain("\n".join(said)) for id_, said in texts.items()}
            rows = [row for row in rows if all(word in plain[row.id] for word in wanted)]
        return rows[:limit]

    def get(self, conversation_id: int) -> ConversationRow:
        """One conversation.

        Raises:
            StoreError: there is none with this id.
        """
        return _row(self._catalog.rows, conversation_id)

    def turns(self, conversation_id: int) -> list[Turn]:
        """The turns of a conversation, in order.

        Raises:
            StoreError: there is no such conversation.
        """
        _row(self._catalog.rows, conversation_id)
        rows = self._catalog.rows(
            "SELECT id, question, standalone, answer, asked_at FROM turns WHERE conversation_id = ? ORDER BY id",
            (conversation_id,),
        )
        return [Turn(id_, question, asked, json.loads(answer), at) for id_, question, asked, answer, at in rows]

    def add_turn(self, conversation_id: int, question: str, standalone: str, answer: Mapping[str, Any]) -> Turn:
        """Add a question and its answer to a conversation.

        Args:
            conversation_id: where.
            question: as the person asked it.
            standalone: what was answered.
            answer: as :meth:`ragapp.answer.result.Answer.as_json` gives it; what the model thought is not kept.

        Raises:
            StoreError: there is no such conversation, or the catalog cannot be written.
        """
        kept = {key: value for key, value in answer.items() if key not in _NEVER_KEPT}
        question, standalone, now = _storable(question), _storable(standalone), _now()
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            turn_id = connection.execute(
                "INSERT INTO turns (conversation_id, question, standalone, asked_at, reply, answer)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (conversation_id, question, standalone, now, _storable(str(kept.get("answer", ""))), json.dumps(kept)),
            ).lastrowid
            connection.execute(
                "UPDATE conversations SET title = ?, changed_at = ? WHERE id = ?",
                (row.title or _title(question, TITLE_CHARACTERS), now, conversation_id),
            )
        return Turn(turn_id, question, standalone, json.loads(json.dumps(kept)), now)

    def rename(self, conversation_id: int, title: str) -> ConversationRow:
        """Give a conversation another title.

        Raises:
            StoreError: there is no such conversation, or the title is empty.
        """
        title = _title(title, MAX_TITLE_CHARACTERS)
        if not title:
            raise StoreError("A conversation's title can't be empty.", "Give it one: ragapp conversations rename ID …")
        with self._catalog.transaction() as connection:
            _row(connection.execute, conversation_id)
            connection.execute(
                "UPDATE conversations SET title = ?, changed_at = ? WHERE id = ?", (title, _now(), conversation_id)
            )
            return _row(connection.execute, conversation_id)

    def delete(self, conversation_id: int) -> ConversationRow:
        """Delete a conversation with all its turns.

        Returns:
            What it was.

        Raises:
            StoreError: there is no such conversation.
        """
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            connection.execute("DELETE FROM turns WHERE conversation_id = ?", (conversation_id,))
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        return row

    def forget_removed(self) -> int:
        """Delete every turn whose answer quotes or shows a document that is not in the catalog any more.

        A conversation that loses all of its turns goes with them.

        Returns:
            How many turns were deleted.
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


def understood_as(question: str, standalone: str) -> str:
    """The question that was answered, where that is another than was asked; else empty.

    Args:
        question: as the person asked it.
        standalone: what was answered, its spaces evened out; may be empty where nothing was.
    """
    return "" if standalone == " ".join(question.split()) else standalone


def shortened(text: str, characters: int) -> str:
    """A text on one line, cut between words where it is longer than so many characters."""
    text = " ".join(text.split())
    if len(text) <= characters:
        return text
    head = text[: characters - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > characters // 2 else head).rstrip(" ,;:.") + "…"


def _paths(answer: Mapping[str, Any]) -> set[str]:
    """Files whose words an answer holds."""
    shown = [*answer.get("citations", ()), *answer.get("passages", ())]
    return {path for one in shown for path in (one["path"], *(also["path"] for also in one.get("also_in", ())))}


_ROWS = (
    "SELECT id, title, created_at, changed_at, (SELECT COUNT(*) FROM turns WHERE conversation_id = conversations.id)"
    " FROM conversations"
)


def _row(query: Callable[..., Iterable[tuple]], conversation_id: int) -> ConversationRow:
    if abs(conversation_id) < TOO_LARGE:
        for found in query(f"{_ROWS} WHERE id = ?", (conversation_id,)):
            return ConversationRow(*found)
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
