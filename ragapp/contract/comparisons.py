"""Two documents held side by side: what one has and the other has not, and what was changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragapp.contract.answers import Place
from ragapp.contract.documents import Document

#: what happened to a statement or a section; *moved*: the same words stand elsewhere
ChangeKind = Literal["changed", "added", "removed", "moved"]
#: what of a changed statement is another than before
ChangedFact = Literal["amount", "date", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Place):
    """Exact words of a document.

    Attributes:
        section: heading path, joined by `` > ``; empty where there are no headings.
        text: as it is stored; where it goes on in the next unit, that part stands behind a space.
        shown: the same for people: a row's cells with their columns, no marks of lists, one space between words.
        start: offset of the first word in the unit's stored text.
        end: offset behind the last one, there or in ``to_page``.
        to_page: the unit in which it ends, None where that is the one in which it begins.
    """

    section: str = ""
    text: str
    shown: str
    start: int
    end: int
    to_page: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words of a changed statement: in both documents, or in one of them alone."""

    kind: Literal["same", "removed", "added"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two documents.

    Attributes:
        section: the heading below which it stands, in the second document where it is there.
        facts: of what was changed, amounts, dates and numbers; empty where it is the wording alone.
        before: the words of the first document, None where it has none.
        after: those of the second one.
        pieces: of a changed statement, both texts as they are shown, word by word.
        explanation: the change in one plain sentence of the language model, which the quotes state; empty where it was
            not asked for, or where they do not state what the model wrote.
    """

    kind: ChangeKind
    section: str
    facts: tuple[ChangedFact, ...] = ()
    before: Quote | None = None
    after: Quote | None = None
    pieces: tuple[Piece, ...] = ()
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found between two documents.

    Attributes:
        before: the first document.
        after: the second one.
        changes: those of amounts, dates and numbers first, then in the order of the documents.
        related: whether the two have enough in common to be compared; there are no changes where not.
        common: share of the shorter document's statements that the other one has, the same or changed; 0 to 1.
        unchanged: how many statements are in both, word for word.
        about: the topic that was asked for; empty for the whole documents.
        sections: where there is a topic, the sections that are near it.
        notes: what a person should know of this comparison, a sentence each.
        explained: how many changes the language model was asked to put into words, the most important ones first.
    """

    before: Document
    after: Document
    changes: tuple[Change, ...]
    related: bool = True
    common: float = 1.0
    unchanged: int = 0
    about: str = ""
    sections: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    explained: int = 0

    def count(self, kind: ChangeKind) -> int:
        """How many changes are of a kind."""
        return sum(change.kind == kind for change in self.changes)


@dataclass(frozen=True, slots=True)
class Explained:
    """A change was put into words.

    Attributes:
        change: its place in the comparison, from 0.
        explanation: see :class:`Change`.
    """

    change: int
    explanation: str
