"""Mails as units: one for the mail of a file, and one for each mail inside it, within bounds that count together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ragapp.reading.blocks import BlockBuilder, split_long
from ragapp.reading.document import Document, Unit
from ragapp.reading.html.reader import add_html
from ragapp.reading.left_out import LeftOut
from ragapp.reading.mail.content_lines import content_entries
from ragapp.reading.text import one_line

# of mails in mails, of mails in one file, and of characters and bytes unpacked from them
_MOST_LEVELS = 25
_MOST_MAILS = 300
_MOST_UNPACKED = 100_000_000
_LONGEST_LABEL = 80


@dataclass
class Letter:
    """The body of one mail while it is read."""

    out: BlockBuilder = field(default_factory=BlockBuilder)
    attachments: list[str] = field(default_factory=list)  # names that the mail shows
    inner: list[Callable[[], None]] = field(default_factory=list)  # each reads a mail inside this one
    sheets: list[str] = field(default_factory=list)  # style sheets that its HTML refers to
    entries: set[str] = field(default_factory=set)  # events and cards, each once


class Letters:
    """Collects the mails of a file."""

    def __init__(self, add_file: Callable[[Letters, Letter, str, bytes, bool], None]) -> None:
        """``add_file`` adds an attachment to a mail, by its name and bytes, and whether it may hold the mail itself."""
        self._add_file = add_file
        self.units: list[Unit] = []
        self.notes: list[str] = []
        self.left_out = LeftOut()
        self.unread: list[str] = []  # names of attachments
        self._title = ""
        self._unpacked = 0
        self._level = 0

    def read(self, headers: dict[str, str], add_body: Callable[[Letter], None]) -> None:
        """Add a mail, then those inside it; ``add_body`` fills in what is in it."""
        letter = Letter()
        add_body(letter)
        shown = headers | {"Attachments": ", ".join(letter.attachments)}
        head = BlockBuilder()
        head.text("\n".join(f"{name}: {value}" for name, value in shown.items() if value))
        label = f'mail "{headers.get("Subject") or "without a subject"}"'[:_LONGEST_LABEL] if self.units else ""
        self._title = self._title or headers.get("Subject", "")
        letter.out.end_list()
        blocks = list(split_long([*head.blocks, *letter.out.blocks]))
        self.units.append(Unit(len(self.units) + 1, "mail", label, blocks))
        self._level += 1
        for read_inner in letter.inner:
            if self._level > _MOST_LEVELS or len(self.units) >= _MOST_MAILS:
                hint = "Save them as files of their own."
                self.left_out.add("mail inside other mails", "mails inside other mails", hint=hint)
            else:
                read_inner()
        self._level -= 1

    def has_room(self, size: int) -> bool:
        """Whether so much more may be unpacked; it is counted, and what has no room is told."""
        self._unpacked += size
        if self._unpacked <= _MOST_UNPACKED:
            return True
        self.note(f"More than {_MOST_UNPACKED:,} characters are packed in the mail; the rest was not read.")
        return False

    def note(self, text: str) -> None:
        """Add a warning, once."""
        if text not in self.notes:
            self.notes.append(text)

    def add_file(self, letter: Letter, name: str, data: bytes, may_hold_mail: bool = False) -> None:
        """Add an attachment: read it, if it is of a kind that belongs to the mail, else name it."""
        self._add_file(self, letter, name, data, may_hold_mail)

    def attach(self, letter: Letter, name: str) -> None:
        """Name an attachment that is not read."""
        letter.attachments.append(name)
        self.unread.append(name)

    def add_page(self, letter: Letter, html: str) -> None:
        """Add a body that is HTML."""
        add_html(letter.out, html, self.left_out, "\n".join(letter.sheets))

    def add_entries(self, letter: Letter, text: str) -> bool:
        """Add the events or cards of a calendar part, those that the mail has twice once; whether it has any."""
        entries = [lines for _, lines in content_entries(text)]
        for lines in entries:
            if lines not in letter.entries:
                letter.entries.add(lines)
                letter.out.text(lines)
        return bool(entries)

    def document(self, path: Path) -> Document:
        """All of them as one document."""
        notes = self.notes + self.left_out.warnings()
        if self.unread:
            notes.append(f"Attachments were not read: {', '.join(self.unread)}.")
        return Document(one_line(self._title) or path.stem, self.units, warnings=notes)
