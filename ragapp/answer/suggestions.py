"""What could be asked next, found without a language model: only what some passage surely has.

It comes from other documents that have the question's words, from headings near the cited passage, and from parts that
the chosen documents do not state and others do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from glob import escape
from itertools import islice

from ragapp.contract import Answer, Place
from ragapp.data_files import load_yaml
from ragapp.index.analysis import content_terms, plain
from ragapp.index.catalog import Catalog
from ragapp.retrieval.passage import ScoredChunk

MOST = 3
# share of a question's words that a passage must hold for it to be suggested
COVERED = 0.75
# headings of more words are sentences; of fewer letters they are numbers
_MOST_WORDS, _FEWEST_LETTERS = 9, 4
# a search is made for each of them, so no more are tried
_MOST_TRIED = 6
_NUMBER = re.compile(r"^(?:[\dIVXivx]+[.)]?)+\s+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that could be asked next.

    Attributes:
        label: what is shown.
        question: what is asked.
        scope: patterns of the documents it is restricted to, one a line; empty for all.
    """

    label: str
    question: str
    scope: str = ""


class Suggester:
    """Finds what to ask next.

    ``search`` gives the best passages for a text among the documents of a scope, the best first.
    """

    def __init__(self, catalog: Catalog, search: Callable[[str, int, str], Sequence[ScoredChunk]]):
        self._catalog = catalog
        self._search = search

    def after(self, answer: Answer, scope: str = "", asked: Iterable[str] = ()) -> tuple[Suggestion, ...]:
        """Three suggestions at the most behind an answer; none behind small talk.

        Args:
            scope: what its question was restricted to.
            asked: the questions of the conversation so far, which are not suggested again.
        """
        if answer.basis != "documents":
            return ()
        known = {_plain(question) for question in (*asked, answer.question)}
        texts = _texts(answer.language)
        found: list[Suggestion] = []
        # one of each kind before a second
        kinds: list[Iterator[Suggestion]] = [
            islice(self._not_stated(answer, scope, texts), 1),
            islice(self._other_documents(answer, scope, texts), 1),
            self._headings(answer, scope, texts),
        ]
        for one in (one for kind in kinds for one in kind):
            if (one.scope != scope or _plain(one.question) not in known) and one not in found:
                found.append(one)
            if len(found) == MOST:
                break
        return tuple(found)

    def _not_stated(self, answer: Answer, scope: str, texts: dict[str, str]) -> Iterator[Suggestion]:
        """Parts that other documents than the chosen ones have."""
        for part in answer.not_stated if scope else ():
            if any(passage.coverage >= COVERED for passage in self._search(part, 3, "")):
                yield Suggestion(texts["everywhere"].format(question=part), part)

    def _other_documents(self, answer: Answer, scope: str, texts: dict[str, str]) -> Iterator[Suggestion]:
        """The same question of documents that have its words, too, and were not cited."""
        if answer.abstained:
            return
        cited = {citation.path for citation in answer.citations}
        for passage in answer.passages:
            if passage.path not in cited and passage.coverage >= COVERED:
                cited.add(passage.path)
                question = answer.standalone or answer.question
                yield Suggestion(texts["other"].format(document=passage.document), question, escape(passage.path))

    def _headings(self, answer: Answer, scope: str, texts: dict[str, str]) -> Iterator[Suggestion]:
        """Parts of the document near the cited passage, or near the nearest ones behind a refusal."""
        places: Sequence[Place] = answer.passages[:2] if answer.abstained else answer.citations[:1]
        own = set() if answer.abstained else {_plain(name) for name in _own_headings(answer)}
        tried = 0
        for place in places:
            for heading in self._near(place, own):
                if tried == _MOST_TRIED:
                    return
                tried += 1
                name = place.document.rpartition(".")[0] or place.document
                question = texts["heading"].format(document=name, heading=heading)
                hits = self._search(question, 2, scope)
                if any(hit.chunk.path == place.path and heading in map(_bare, hit.chunk.headings) for hit in hits):
                    yield Suggestion(question, question, scope)

    def _near(self, place: Place, own: Collection[str]) -> list[str]:
        """Headings of the same page, then of the next, then of the one before."""
        row = self._catalog.document_at(place.path)
        if row is None:
            return []
        title = _plain(row.title or row.name)
        found: dict[str, str] = {}
        for number in (place.page, place.page + 1, place.page - 1):
            for chunk in self._catalog.unit_chunks(row.id, number) if number > 0 else ():
                heading = _bare(chunk.headings[-1]) if chunk.headings else ""
                letters = sum(map(str.isalpha, heading))
                if letters < _FEWEST_LETTERS or len(heading.split()) > _MOST_WORDS:
                    continue
                # a heading with no words of its own ("Table 3", "Introduction") says nothing
                if not content_terms(heading, chunk.language) or _plain(heading) in own or _plain(heading) in title:
                    continue
                found.setdefault(_plain(heading), heading)
        return list(found.values())


def _own_headings(answer: Answer) -> list[str]:
    cited = {citation.n for citation in answer.citations[:1]}
    return [_bare(part) for one in answer.passages if one.n in cited for part in one.heading.split(" > ")]


def _bare(heading: str) -> str:
    """A heading on one line without its number."""
    return _NUMBER.sub("", " ".join(heading.split())).strip(" .:")


def _texts(language: str) -> dict[str, str]:
    texts = _all_texts()
    return texts.get(language, texts["en"])


@lru_cache(maxsize=1)
def _all_texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = load_yaml("suggestions.yaml", __file__)
    return texts


def _plain(text: str) -> str:
    return " ".join(plain(text).split()).rstrip(" ?.!")
