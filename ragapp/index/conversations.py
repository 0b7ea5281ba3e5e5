"""Conversations in the catalog: their turns with the whole answers, listed, searched, renamed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ragapp.contract import Answer, Conversation, Feedback, Turn
from ragapp.contract.codec import from_values, to_values
from ragapp.errors import StoreError
from ragapp.index.analysis import plain
from ragapp.index.catalog import Catalog
from ragapp.index.sqlite import TOO_LARGE

TITLE_CHARACTERS = 60
MAX_TITLE_CHARACTERS = 200
# an answer of a version without grades counts as answered from this confidence on, where all of it was supported
SURE = 0.93
# so much of a note or of the right answer is kept
MAX_FEEDBACK_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What was deleted, as it stood in the catalog, so that it can be put back.

    Attributes:
        conversation: as it was listed.
        whole: whether the conversation itself was deleted, not only turns of it.
        turns: rows of its turns.
    """

    conversation: Conversation
    whole: bool
    turns: tuple[tuple[Any, ...], ...]


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
        if wanted := plain(search).split():
            texts = {row.id: [row.title] for row in rows}
            for conversation_id, *said in self._catalog.rows(
                "SELECT conversation_id, question, standalone, reply FROM turns"
            ):
                texts.get(conversation_id, []).extend(said)  # another process may have begun one just now
            bare = {id_: plain("\n".join(said)) for id_, said in texts.items()}
            rows = [row for row in rows if all(word in bare[row.id] for word in wanted)]
        return rows[:limit]

    def get(self, conversation_id: int) -> Conversation:
        """One conversation."""
        return _row(self._catalog.rows, conversation_id)

    def is_kept(self, conversation_id: int) -> bool:
        """Whether there is such a conversation (still)."""
        return bool(self._catalog.rows("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)))

    @property
    def version(self) -> tuple[Any, ...]:
        """Another one whenever a list of conversations or a turn of one has changed, by whatever process."""
        (counted,) = self._catalog.rows(
            "SELECT (SELECT COUNT(*) FROM conversations), (SELECT MAX(changed_at) FROM conversations),"
            " (SELECT COUNT(*) FROM turns), (SELECT MAX(id) FROM turns)"
        )
        return counted

    def turns(self, conversation_id: int) -> Sequence[Turn]:
        """The turns of a conversation, in order."""
        _row(self._catalog.rows, conversation_id)
        rows = self._catalog.rows(
            "SELECT id, question, standalone, answer, asked_at, scope, feedback FROM turns"
            " WHERE conversation_id = ? ORDER BY id",
            (conversation_id,),
        )
        return [
            Turn(
                question,
                _kept_answer(json.loads(kept), question, standalone, conversation_id),
                standalone,
                id_,
                at,
                scope,
                _kept_feedback(feedback),
            )
            for id_, question, standalone, kept, at, scope, feedback in rows
        ]

    def asked_about(self, turns: int = 200) -> Sequence[tuple[str, int]]:
        """Path and number of the units that the last so many answers quote or show, the newest first."""
        rows = self._catalog.rows("SELECT answer FROM turns ORDER BY id DESC LIMIT ?", (turns,))
        shown = (one for (kept,) in rows for one in _shown(json.loads(kept)))
        return list(dict.fromkeys((str(one["path"]), int(one["page"])) for one in shown))

    @property
    def rated_count(self) -> int:
        """Of how many answers the person said something."""
        return int(self._catalog.rows("SELECT COUNT(*) FROM turns WHERE feedback != ''")[0][0])

    def rated(self) -> Sequence[Turn]:
        """The turns of all conversations of whose answers the person said something, the oldest first."""
        return [
            turn
            for (conversation_id,) in self._catalog.rows(
                "SELECT DISTINCT conversation_id FROM turns WHERE feedback != '' ORDER BY conversation_id"
            )
            for turn in self.turns(conversation_id)
            if turn.feedback
        ]

    def add_turn(self, conversation_id: int, answer: Answer, scope: str = "") -> Turn:
        """Add a question, as it was asked and as it was understood, and its answer to a conversation.

        ``scope`` is what it was restricted to; that of the first question goes for the next ones, too.
        """
        question, standalone, now = _storable(answer.question), _storable(answer.standalone), _now()
        answer = replace(answer, question=question, standalone=standalone, conversation=conversation_id)
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            kept = json.dumps(to_values(answer))
            turn_id = connection.execute(
                "INSERT INTO turns (conversation_id, question, standalone, asked_at, reply, answer, scope)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (conversation_id, question, standalone, now, _storable(answer.answer), kept, _storable(scope)),
            ).lastrowid
            connection.execute(
                "UPDATE conversations SET title = ?, changed_at = ?, scope = ? WHERE id = ?",
                (
                    row.title or _title(question, TITLE_CHARACTERS),
                    now,
                    row.scope if row.turns else _storable(scope),
                    conversation_id,
                ),
            )
        return Turn(question, answer, standalone, turn_id or 0, now, scope)

    def set_scope(self, conversation_id: int, scope: str) -> None:
        """Restrict the next question to documents: patterns, one a line; empty for all."""
        with self._catalog.transaction() as connection:
            _row(connection.execute, conversation_id)
            values = _storable(scope), conversation_id
            connection.execute("UPDATE conversations SET scope = ? WHERE id = ?", values)

    def rate(self, turn_id: int, feedback: Feedback) -> None:
        """Keep what the person thinks of an answer instead of what they thought before; an empty one is nothing."""
        told = replace(
            feedback,
            note=_storable(feedback.note).strip()[:MAX_FEEDBACK_CHARACTERS],
            expected=_storable(feedback.expected).strip()[:MAX_FEEDBACK_CHARACTERS],
        )
        kept = json.dumps(to_values(told)) if told else ""
        with self._catalog.transaction() as connection:
            found = connection.execute("UPDATE turns SET feedback = ? WHERE id = ?", (kept, turn_id)).rowcount
            if not found:
                raise StoreError("This answer is no longer kept.", "Its conversation was deleted meanwhile.")
            connection.execute(
                "UPDATE conversations SET changed_at = ? WHERE id = (SELECT conversation_id FROM turns WHERE id = ?)",
                (_now(), turn_id),
            )

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
        return self.take_out(conversation_id).conversation

    def take_out(self, conversation_id: int, turn_ids: Sequence[int] | None = None) -> TakenOut:
        """Delete a conversation, or some turns of it, so that :meth:`put_back` can undo it.

        What was deleted is kept by the caller alone: nothing of it stays in the catalog.
        """
        with self._catalog.transaction() as connection:
            row = _row(connection.execute, conversation_id)
            turns = connection.execute(
                f"SELECT {_TURN_COLUMNS} FROM turns WHERE conversation_id = ? ORDER BY id", (conversation_id,)
            ).fetchall()
            if turn_ids is not None:
                turns = [turn for turn in turns if turn[0] in turn_ids]
            connection.executemany("DELETE FROM turns WHERE id = ?", [(turn[0],) for turn in turns])
            if turn_ids is None:
                connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
            else:
                connection.execute("UPDATE conversations SET changed_at = ? WHERE id = ?", (_now(), conversation_id))
        return TakenOut(row, turn_ids is None, tuple(turns))

    def put_back(self, taken: TakenOut) -> Conversation:
        """Undo :meth:`take_out`: with the same ids, which nothing else has been given meanwhile.

        Turns of a conversation that was deleted later bring it back, too.
        """
        row = taken.conversation
        with self._catalog.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO conversations (id, title, created_at, changed_at, scope) VALUES (?, ?, ?, ?, ?)",
                (row.id, row.title, row.created_at, row.changed_at, row.scope),
            )
            places = ", ".join("?" * len(_TURN_COLUMNS.split(",")))
            connection.executemany(
                f"INSERT OR IGNORE INTO turns ({_TURN_COLUMNS}) VALUES ({places})", list(taken.turns)
            )
            if not taken.whole:
                connection.execute("UPDATE conversations SET changed_at = ? WHERE id = ?", (_now(), row.id))
            return _row(connection.execute, row.id)

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
    values.setdefault("grade", _grade_of_earlier(values))
    values |= {"question": question, "standalone": standalone, "conversation": conversation_id}
    try:
        return from_values(Answer, values)
    except ValidationError as error:
        strange = {problem["loc"][0] for problem in error.errors()}
        return from_values(Answer, {name: value for name, value in values.items() if name not in strange})


def _kept_feedback(kept: str) -> Feedback:
    try:
        return from_values(Feedback, json.loads(kept)) if kept else Feedback()
    except (ValidationError, json.JSONDecodeError):  # of a later version
        return Feedback()


def _grade_of_earlier(values: Mapping[str, Any]) -> str:
    """The grade of an answer that was kept before there were grades; one that does not say is the record's own."""
    supported = all(sentence.get("supported") for sentence in values.get("sentences", ()) if isinstance(sentence, dict))
    confidence = values["confidence"]
    sure = isinstance(confidence, int | float) and confidence >= SURE
    return "answered" if supported and sure else "likely"


def _shown(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The citations and passages of an answer that was kept."""
    return [*answer.get("citations", ()), *answer.get("passages", ())]


def _paths(answer: Mapping[str, Any]) -> set[str]:
    """Files whose words an answer holds."""
    return {
        path for one in _shown(answer) for path in (one["path"], *(also["path"] for also in one.get("also_in", ())))
    }


_TURN_COLUMNS = "id, conversation_id, question, standalone, asked_at, reply, answer, scope, feedback"
_ROWS = (
    "SELECT id, title, created_at, changed_at, (SELECT COUNT(*) FROM turns WHERE conversation_id = conversations.id),"
    " scope FROM conversations"
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


def _now() -> str:
    # finer than a second: turns that follow each other closely must be listed in their order
    return datetime.now(UTC).isoformat(timespec="microseconds")
