"""Small talk, and questions about ragapp and its list of documents: answered without passages and a language model.

What they ask is read by rules alone (``about_itself.yaml``, seven languages), which match whole questions only, so that
no question about what the documents say is taken for one of these.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ragapp.contract import Answer, Basis, Place, Turn
from ragapp.data_files import load_yaml
from ragapp.index.analysis import content_terms, plain
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.retrieval.passage import ScoredChunk

Kind = Literal["hello", "thanks", "abilities", "count", "list", "about", "latest"]

#: documents that are named in an answer; the rest is counted
MOST_NAMED = 20
#: documents that are told as the latest, and as the nearest where none has the words
LATEST, NEAREST = 5, 3
# passages among which documents about something are looked for
_SEARCHED = 60
# share of a topic's words that a passage must hold for its document to have to do with it
_COVERED = 0.7
# no question of these kinds is longer
_MOST_CHARACTERS = 160
_ENDS = " \t\n?.!,;:…¿¡-–—👋🙏🙂😊👍"
_FIRST = "en"
_KINDS: tuple[Kind, ...] = ("hello", "thanks", "abilities", "count", "list", "latest", "about")
# what documents are called in questions, by the ends of their names
_TYPES = {"pdf": (".pdf",), "word": (".docx", ".doc"), "excel": (".xlsx", ".xls"), "powerpoint": (".pptx", ".ppt")}


@dataclass(frozen=True, slots=True)
class AskedOfItself:
    """A question that is no question about what documents say.

    Attributes:
        kind: what it asks.
        language: in which it was recognised, ISO 639-1.
        topic: what documents are to be about; empty for the other kinds.
        suffixes: ends of the names of files that are meant; none for all.
    """

    kind: Kind
    language: str
    topic: str = ""
    suffixes: tuple[str, ...] = ()


class AboutItself:
    """Answers what can be answered from the catalog's list.

    ``search`` gives the best passages for a text, the best first; it is asked for documents about something only.
    """

    def __init__(self, catalog: Catalog, search: Callable[[str, int], Sequence[ScoredChunk]]):
        self._catalog = catalog
        self._search = search

    def answer(self, question: str, language: str = "") -> Answer | None:
        """The answer, in the question's language; None for a question about what documents say.

        ``language`` (ISO 639-1) decides where the question is the same in several.
        """
        started = time.monotonic()
        asked = recognise(question, language)
        if asked is None:
            return None
        told = _Told(asked.language)
        basis: Basis = "ragapp" if asked.kind in ("hello", "thanks", "abilities") else "list"
        note = told(f"from_{basis}")
        rows: list[DocumentRow] = []
        if basis == "ragapp":
            text = told(asked.kind)
        else:
            documents = self._catalog.documents()
            if not documents:
                text = told("none")
            elif asked.kind == "about":
                text, rows = self._about(asked.topic, asked.language, documents, told)
                note = told("from_search")
            elif asked.kind == "latest":
                rows = sorted(documents, key=lambda row: row.ingested_at, reverse=True)[:LATEST]
                text = _listed(told("latest"), rows, told, days=True)
            elif asked.kind == "list":
                rows = sorted(documents, key=lambda row: row.name.casefold())
                text = _listed(told("list", len(rows)), rows, told)
            else:
                text = _counted(documents, asked.suffixes, told)
        places = tuple(Place(row.name, row.path, 1, kind="document") for row in rows[:MOST_NAMED])
        return Answer(
            question,
            text,
            False,
            1.0,
            timings={"total_s": round(time.monotonic() - started, 3)},
            note=note,
            language=asked.language,
            standalone=" ".join(question.split()),
            basis=basis,
            listed=places,
        )

    def _about(
        self, topic: str, language: str, documents: Sequence[DocumentRow], told: _Told
    ) -> tuple[str, list[DocumentRow]]:
        """The documents that have to do with a topic: by name and title, then by what a search finds."""
        wanted = set(map(plain, content_terms(topic, language))) or {plain(topic)}
        by_path = {row.path: row for row in documents}
        named = [row for row in documents if _has(wanted, f"{row.name} {row.title}")]
        found: dict[str, DocumentRow] = {row.path: row for row in named}
        near: dict[str, DocumentRow] = {}
        for passage in self._search(topic, _SEARCHED):
            for path in (passage.chunk.path, *(other.path for other in passage.also_in)):
                if row := by_path.get(path):
                    near.setdefault(path, row)
                    if passage.coverage >= _COVERED:
                        found.setdefault(path, row)
        rows = list(found.values())
        if rows:
            return _listed(told("about", len(rows), topic=topic), rows, told), rows
        rows = list(near.values())[:NEAREST]
        if rows:
            return _listed(told("about_near", topic=topic), rows, told), rows
        return told("about_none", topic=topic), []


def recognise(question: str, language: str = "") -> AskedOfItself | None:
    """What a question asks of ragapp itself; None for one about what the documents say, whatever its language.

    ``language`` (ISO 639-1) decides where the question is the same in several.
    """
    if len(question) > _MOST_CHARACTERS:
        return None
    asked = re.sub("[¿¡]", "", unicodedata.normalize("NFC", question).replace("’", "'"))
    asked = " ".join(asked.split()).strip(_ENDS)
    text = plain(asked)
    if not text:
        return None
    rules = _rules()
    for code in sorted(rules, key=lambda code: (code != language, code != _FIRST)):
        for kind in _KINDS:
            if found := next(filter(None, (one.fullmatch(text) for one in rules[code][kind])), None):
                named = found.groupdict()
                # in the person's own letters: folding keeps the number of characters, or the folded ones are shown
                topic = named.get("topic") or ""
                if topic and len(text) == len(asked):
                    topic = asked[found.start("topic") : found.end("topic")]
                what = f"{named.get('type') or ''}{named.get('what') or ''}"
                suffixes = next((ends for name, ends in _TYPES.items() if name in what), ())
                return AskedOfItself(kind, code, topic.strip(_ENDS), suffixes)
    return None


def is_about_itself(turn: Turn) -> bool:
    """Whether a turn says nothing by which the next question could be understood."""
    return turn.answer.basis != "documents" or recognise(turn.question) is not None


class _Told:
    """The texts of one language."""

    def __init__(self, language: str):
        self._texts = load_texts()[language]

    def __call__(self, key: str, n: int | None = None, **values: object) -> str:
        one, _, many = self._texts[key].partition("|")
        text: str = many if many and n != 1 else one
        return text.format(n=n, **values)


@lru_cache(maxsize=1)
def load_texts() -> dict[str, dict[str, str]]:
    """The answers, by language and key."""
    texts: dict[str, dict[str, str]] = load_yaml("about_itself.yaml", __file__)["told"]
    return texts


@lru_cache(maxsize=1)
def _rules() -> dict[str, dict[str, tuple[re.Pattern[str], ...]]]:
    """The patterns of each kind, by language; each alternative by itself, as the same groups stand in several."""
    rules = {}
    for language, patterns in load_yaml("about_itself.yaml", __file__)["patterns"].items():
        parts = {name: patterns[name] for name in ("documents", "topic", "where")}
        rules[language] = {
            str(kind): tuple(re.compile(_filled(one, parts)) for one in _alternatives(patterns[kind]))
            for kind in _KINDS
        }
    return rules


def _filled(pattern: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern


def _alternatives(pattern: str) -> list[str]:
    """A pattern cut at the bars that stand in no group."""
    found, depth, begin = [], 0, 0
    for at, sign in enumerate(pattern):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            found.append(pattern[begin:at])
            begin = at + 1
    return [*found, pattern[begin:]]


def _counted(documents: Sequence[DocumentRow], suffixes: tuple[str, ...], told: _Told) -> str:
    if suffixes:
        n = sum(row.name.lower().endswith(suffixes) for row in documents)
        return told("of_type", n, all=len(documents))
    counted = Counter(Path(row.name).suffix.lower().lstrip(".").upper() or "–" for row in documents)
    types = ", ".join(f"{n} {name}" for name, n in counted.most_common())
    return told("count", len(documents), types=f" ({types})" if len(counted) > 1 else "")


def _listed(title: str, rows: Sequence[DocumentRow], told: _Told, *, days: bool = False) -> str:
    lines = [title]
    for row in rows[:MOST_NAMED]:
        day = f" ({row.ingested_at[:10]})" if days else ""
        name = f"{row.name} – {row.title}" if row.title and plain(row.title) not in plain(row.name) else row.name
        lines.append(f"- {name}{day}")
    if more := len(rows) - MOST_NAMED:
        lines += [told("more", more)] if more > 0 else []
    return "\n".join(lines)


def _has(words: Iterable[str], text: str) -> bool:
    """Whether each word begins one of a name or title, the ending of a longer one set aside."""
    there = re.findall(r"[^\W_]+", plain(text))
    return all(any(one.startswith(word[: max(4, len(word) - 2)]) for one in there) for word in words)
