"""Questions that say which documents they ask: "in the 2024 policy", "dans les feuilles de calcul", "in Contracts"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ragapp.data_files import load_yaml
from ragapp.errors import RagappError
from ragapp.index.analysis import plain
from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import Filter

_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_ANY_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
# of a noun, so that "policies" is found in "policy"
_STEM_LETTERS = 5
# the shortest name of a collection that a question can name by the way
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class _Language:
    before: str
    unless: str
    years: tuple[re.Pattern[str], ...]
    general: re.Pattern[str]
    types: dict[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def _languages() -> dict[str, _Language]:
    values = load_yaml("proposed_filter.yaml", __file__)
    found = {}
    for code, words in values.items():
        noun, before = f"(?P<noun>{words['noun']}|{words['any']})", rf"(?<!\w){words['in']}"
        years = tuple(
            re.compile(before + pattern.replace("{noun}", noun).replace("{y}", _YEAR)) for pattern in words["year"]
        )
        # what follows may go on naming a thing ("in the workbook folder"); then it has no end
        types = {
            name: re.compile(rf"{before}(?:{pattern})\b(?P<end>(?= ?[?.,;:!]|$| (?:{words['after']})\b))?")
            for name, pattern in words["types"].items()
        }
        found[code] = _Language(before, words["not"], years, re.compile(words["any"]), types)
    return found


def propose_filter(
    question: str, documents: Callable[[], Sequence[DocumentRow]], names: Iterable[str] = ()
) -> tuple[str, ...]:
    """The conditions on documents that a question names; nothing where it is not plain, or no document meets them.

    A year counts where it is that of a kind of document which is called so, not where it is a year of the matter
    ("turnover of 2023"); a question with two years, two types or two collections compares, and is left alone.

    Args:
        question: as it stands alone.
        documents: lists all of them; asked only where the question may name some.
        names: of the collections.

    Returns:
        Lines of a filter: ``year:2024``, ``type:excel``, ``collection:Contracts``; at the most one of each.
    """
    asked = " ".join(plain(question).replace("’", "'").split())
    languages = _languages().values()
    years = set(_ANY_YEAR.findall(asked))
    dated = [one for language in languages for one in _dated(language, asked)] if len(years) == 1 else []
    named = [name for name in names if len(name) >= _SHORTEST_NAME and _is_named(languages, asked, name)]
    types = [
        (name, match)
        for language in languages
        for name, pattern in language.types.items()
        for match in pattern.finditer(asked)
    ]
    found: list[str] = []
    if len({name for name, _ in types}) == 1 and all(m["end"] is not None and _is_meant(m) for _, m in types):
        found.append(f"type:{types[0][0]}")
    found += [f"collection:{name}" for name in named] if len(named) == 1 else []
    if not dated and not found:
        return ()
    rows = documents()
    if any(_is_called(one, rows) for one in dated):
        found.insert(0, f"year:{years.pop()}")
    while found:
        try:
            fitting = Filter.parse("\n".join(found)).matching(rows)
            return tuple(found) if len(fitting) < len(rows) else ()
        except RagappError:  # "the contracts of 2023" need not be those of a collection with this name
            found.pop()
    return ()


def _is_meant(match: re.Match[str]) -> bool:
    """Whether the words before do not say that other documents are meant."""
    before = match.string[: match.start()]
    return not any(re.search(rf"\b{language.unless} $", before) for language in _languages().values())


@dataclass(frozen=True, slots=True)
class _Dated:
    """A year and what is asked to be of it: the beginning of its name, empty for any document."""

    year: int
    stem: str


def _dated(language: _Language, asked: str) -> Iterator[_Dated]:
    """The years that a question names as those of documents."""
    for pattern in language.years:
        for match in filter(_is_meant, pattern.finditer(asked)):
            noun = match["noun"]
            stem = "" if language.general.fullmatch(noun) else noun.removesuffix("s")[:_STEM_LETTERS]
            yield _Dated(int(match["year"]), stem)


def _is_called(dated: _Dated, rows: Sequence[DocumentRow]) -> bool:
    """Whether a document of that year is called so."""
    return any(dated.year in row.years and dated.stem in plain(f"{row.path} {row.title}") for row in rows)


def _is_named(languages: Iterable[_Language], asked: str, name: str) -> bool:
    """Whether a question asks in a collection: "in Contracts", "dans la collection Contrats", "in the contracts"."""
    wanted = re.escape(" ".join(plain(name).split()))
    for language in languages:
        places = rf"(?<!\w)(?:{language.before}|in |within |from |dans |parmi )(?:(?:the |la )?collection )?"
        match = re.search(rf"{places}[\"'«“]? ?{wanted}(?: collection)?(?!\w)", asked)
        if match and _is_meant(match):
            return True
    return False
