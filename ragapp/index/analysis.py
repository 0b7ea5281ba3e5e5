"""Text analysis: text to index terms (elisions split, Snowball stems, accents folded, codes kept whole, dates).

Documents are stemmed in their own language; a question is stemmed in every language of the collection.  A word has one
index term: its stem as it is written, folded, since stemmers know endings by their accents (``salarié``, ``salariée``).
Where folding it first leads to another stem, that is its *plain stem*: what the word would have been indexed under had
it been typed without accents.  The index keeps which terms belong to a plain stem, so that ``securite`` finds
``sécurité``.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, Any

from ragapp.data_files import load_yaml
from ragapp.index.dates import date_terms

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


@dataclass(frozen=True, slots=True)
class Language:
    """What ``languages.yaml`` says of a language."""

    stemmer: str
    stop_words: str = ""
    common_words: str = ""


_ENTRIES: dict[str, dict[str, Any]] = load_yaml("languages.yaml", __file__)
LANGUAGES = {code: Language(**entry) for code, entry in _ENTRIES.items()}
SNOWBALL_LANGUAGES = {code: language.stemmer for code, language in LANGUAGES.items()}
STOP_WORDS = {code: language.stop_words for code, language in LANGUAGES.items() if language.stop_words}
COMMON_WORDS = {code: frozenset(language.common_words.split()) for code, language in LANGUAGES.items()}
# languages that are written with the month before the day as well as behind it: 03/04/2024 is found by both readings
_EITHER_ORDER = frozenset({"en"})
# what the terms of a text depend on besides the stemmers: whoever changes it here or in the dates counts this up, and
# every lexical index is made anew from its stored text
TERMS_VERSION = 3

_LOADING = threading.Lock()
# size of the caches of stems and folded words
_KNOWN_WORDS = 50_000

SHORT_TEXT_CHARACTERS = 400

# vowel signs and other marks that are part of a word, which Python does not count as letters
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u064b-\u065f\u0670\u0900-\u0963\u0971-\u0dff"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3"
)
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
# scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese; pairs of characters are indexed
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
# Accents, Hebrew points and Arabic vowels, which are often left out; an Indic vowel sign never is. Cyrillic й and ї are
# letters on every keyboard that writes them; only ё and marks of stress are left out.
_ACCENTS = re.compile(
    "[\u0300\u0301]|(?<=[еЕ])\u0308|(?<![\u0400-\u04ff])[\u0302-\u036f]|[\u0591-\u05c7\u064b-\u065f\u0670]"
)
# letters that are no accented ones, as who does not have them types them; Unicode has no decomposition for these
_LETTERS = str.maketrans(
    {
        **{"œ": "oe", "æ": "ae", "ß": "ss", "þ": "th", "ĳ": "ij", "ς": "σ"},
        **dict(zip("øłđðıŋħŧɓɖɗɛəƒɠɣɨƙɲɔƥʂƭʉʋⱱƴƶȼɇɉɋɍɏ", "olddinhtbddeefggiknopstuvvyzcejqry", strict=True)),
    }
)
# 1,250 and 1 250 and 1.250: found by 1250
_GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+(?!\d)")
# INV-2024-0031, 4.2, 31/03/2025, anna@example.com, 1,250.00: found by the whole as well as by the parts
# (possessive, and only from the start of a word: a megabyte without a space must not cost its square)
_IN_A_CODE = re.compile(r"[\d@]")
_CODE = re.compile(r"(?<![^\W_])[^\W_]++(?:[-/._,@:+][^\W_]++)+")
# what is longer is no word that anybody asks for; base64 and the like would only fill the index
MAX_TERM_CHARACTERS = 64
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|dell|nell|sull|all|un)'(?=\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Analysed:
    """What a text is indexed by.

    Attributes:
        terms: in order, with repetitions: lower-case, of letters and digits only.
        plain: each plain stem with the term of its word, where they differ, once.
    """

    terms: list[str]
    plain: list[tuple[str, str]]


def analyse(text: str, language: str) -> Analysed:
    """The index terms of a text.

    Words of a language (ISO 639-1 code) without a Snowball stemmer are kept unstemmed.
    """
    normal, words, codes = _words_and_codes(text)
    found = [_term(word, language) for word in words]
    if _IN_A_CODE.search(normal):
        codes += chain.from_iterable(date_terms(normal, words, either_order=language in _EITHER_ORDER))
    accented = () if normal.isascii() else dict.fromkeys(word for word in words if not word.isascii())
    pairs = dict.fromkeys(_pair(word, language) for word in accented)
    return Analysed([term for term in (*found, *codes) if term], [pair for pair in pairs if pair])


def terms(text: str, language: str) -> list[str]:
    """The terms of :func:`analyse`."""
    return analyse(text, language).terms


def question_terms(text: str, languages: Iterable[str]) -> list[str]:
    """The terms of :func:`question_words`, each once, in order."""
    return list(dict.fromkeys(chain.from_iterable(question_words(text, languages))))


def question_words(
    text: str, languages: Iterable[str], alike: Callable[[str], Iterable[str]] | None = None
) -> list[tuple[str, ...]]:
    """The content words of a question: for each, in order, the terms that it may be indexed under.

    These are its terms and plain stems in all of the languages (ISO 639-1 codes), and what an index has ``alike`` (see
    :func:`ragapp.index.bm25.alike`).  Each word comes once, codes and dates last.  Stop words are left out unless there
    are no others.
    """
    languages = list(dict.fromkeys(languages)) or ["en"]
    normal, words, codes = _words_and_codes(text)
    content = [word for word in words if not any(word in _folded_stop_list(language) for language in languages)]
    groups = []
    for word in content or words:
        stems = [_term(word, language) for language in languages]
        plain = [_plain_stem(word, language) for language in languages]
        groups.append((*stems, *plain, *(chain.from_iterable(map(alike, dict.fromkeys(plain))) if alike else ())))
    groups += [(code,) for code in codes]
    for date in date_terms(normal, words, either_order=not _EITHER_ORDER.isdisjoint(languages)):
        groups.append((*date, *(chain.from_iterable(map(alike, date)) if alike else ())))
    distinct = (tuple(dict.fromkeys(filter(None, group))) for group in groups)
    return list(dict.fromkeys(filter(None, distinct)))


def folded_words(text: str) -> list[str]:
    """The words of a text in order, case-folded and without accents."""
    return _WORD.findall(_folded(text.casefold()))


def content_terms(text: str, language: str, known: Container[str] = ()) -> list[str]:
    """Terms of a text without the stop words of its language, with repetitions; dates are left out.

    A word comes by its plain stem where only that is ``known``, as it is when the other side is typed without accents.
    """
    _, words, codes = _words_and_codes(text)
    content = [word for word in words if word not in stop_list(language)]
    forms = ((_term(word, language), _plain_stem(word, language) if known else "") for word in content)
    stems = (plain if term not in known and plain in known else term for term, plain in forms)
    return [term for term in (*stems, *codes) if term]


def content_words(text: str, language: str, known: Container[str] = ()) -> set[str]:
    """The terms of :func:`content_terms` that contain no digit."""
    return {term for term in content_terms(text, language, known) if not any(map(str.isdigit, term))}


def known_terms(text: str, language: str) -> set[str]:
    """The terms of :func:`content_terms` with the plain stems of its words: what another text is held against."""
    _, words, codes = _words_and_codes(text)
    content = [word for word in words if word not in stop_list(language)]
    forms = ((_term(word, language), _plain_stem(word, language)) for word in content)
    return {term for term in (*chain.from_iterable(forms), *codes) if term}


def _words_and_codes(text: str) -> tuple[str, list[str], list[str]]:
    """A text as it is read here, lower-case and in Unicode's compatibility form, its words and its codes."""
    normal = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("i\u0307", "i")
    codes = []
    if _IN_A_CODE.search(normal):
        codes = [
            fold("".join(_WORD.findall(code)))
            for code in _CODE.findall(normal)
            if len(code) <= MAX_TERM_CHARACTERS and ("@" in code or any(map(str.isdigit, code)))
        ]
        codes += ["".join(filter(str.isdigit, number)) for number in _GROUPED_NUMBER.findall(normal)]
    words = _WORD.findall(_ELISION.sub(" ", normal) if "'" in normal else normal)
    if not normal.isascii() and _UNSPACED.search(normal):
        words = [part for word in words for part in _pairs(word)]
    return normal, [word for word in words if len(word) <= MAX_TERM_CHARACTERS], codes


def _pairs(word: str) -> list[str]:
    """A word, split into character bigrams where its script puts no spaces."""
    parts = []
    end = 0
    for run in _UNSPACED.finditer(word):
        parts += [word[end : run.start()], *(run[0][i : i + 2] for i in range(max(1, len(run[0]) - 1)))]
        end = run.end()
    return [part for part in (*parts, word[end:]) if part]


@lru_cache(maxsize=_KNOWN_WORDS)
def fold(text: str) -> str:
    """A lower-case text as it is typed without accents: ``é`` -> ``e``, ``œ`` -> ``oe``, ``ł`` -> ``l``."""
    return _folded(text)


def plain(text: str) -> str:
    """A text of any case as it is looked for in names and titles: without case and accents."""
    return _folded(text.casefold())


def _folded(text: str) -> str:
    if text.isascii():
        return text
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


def detect_language(text: str, among: Iterable[str] = ()) -> str:
    """The likeliest language of a text as ISO 639-1 code, empty for a text without letters.

    It is one of ``among``; any that has a stemmer when that is empty.
    """
    if not any(character.isalpha() for character in text):
        return ""
    choices = sorted(SNOWBALL_LANGUAGES.keys() & set(among) or SNOWBALL_LANGUAGES.keys())
    if len(choices) == 1:
        return choices[0]
    # a question is too short for n-grams; its stop words tell its language better where they are unambiguous
    if len(text) < SHORT_TEXT_CHARACTERS:
        counted = _count_stop_words(text, choices)
        if counted and (len(counted) == 1 or counted[0][0] > counted[1][0]):
            return counted[0][1]
    ranked = (language for language, _ in _identifier().rank(text) if language in choices)
    return next(ranked, choices[0])


def _count_stop_words(text: str, languages: Iterable[str]) -> list[tuple[int, str]]:
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    counts = [(sum(word in stop_list(language) for word in words), language) for language in languages]
    return sorted((pair for pair in counts if pair[0]), reverse=True)


def language_shares(text: str) -> dict[str, float]:
    """Estimated probabilities of the languages that have a stemmer, by letters alone; what is missing of 1 is others'.

    Log-likelihoods are divided by the root of the text's bytes, as py3langid's own normalisation does: those of
    overlapping n-grams are far too sure otherwise.  Loading the model takes a second.
    """
    ranked = _identifier().rank(text)
    best = max(score for _, score in ranked)
    scale = math.sqrt(len(text.encode("utf-8", "surrogatepass")) or 1)
    shares = {language: math.exp((score - best) / scale) for language, score in ranked}
    total = sum(shares.values())
    return {language: share / total for language, share in shares.items() if language in SNOWBALL_LANGUAGES}


def _identifier() -> LanguageIdentifier:
    with _LOADING:  # threads that come at the same time would each load it
        return _loaded_identifier()


@cache
def _loaded_identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


@cache
def stop_list(language: str) -> frozenset[str]:
    """The stop words of a language (ISO 639-1 code), as they are written."""
    return frozenset(STOP_WORDS.get(language, "").split())


@cache
def _folded_stop_list(language: str) -> frozenset[str]:
    return stop_list(language) | set(map(fold, stop_list(language)))


class _Stemmers(threading.local):
    """The stemmers of a thread: one works on a word in itself, and two threads that share it get each other's stems."""

    def __init__(self) -> None:
        self._of: dict[str, Any] = {}

    def stem(self, word: str, language: str) -> str:
        if language not in self._of:
            import snowballstemmer

            name = SNOWBALL_LANGUAGES.get(language)
            self._of[language] = snowballstemmer.stemmer(name) if name else None
        stemmer = self._of[language]
        return stemmer.stemWord(word) if stemmer else word


_STEMMERS = _Stemmers()


@lru_cache(maxsize=_KNOWN_WORDS)
def _term(word: str, language: str) -> str:
    """The index term of a word."""
    return fold(_STEMMERS.stem(word, language))


def _plain_stem(word: str, language: str) -> str:
    """The term that a word would have without its accents."""
    return _term(fold(word), language)


@lru_cache(maxsize=_KNOWN_WORDS)
def _pair(word: str, language: str) -> tuple[str, str] | None:
    """A word's plain stem with its term, None where they are the same."""
    plain, term = _plain_stem(word, language), _term(word, language)
    return (plain, term) if plain and term and plain != term else None


def analysis_version() -> str:
    """What the terms of a text depend on: their version here, and the stemmers' library with its version."""
    # snowballstemmer gives the place to PyStemmer where that is installed
    library = "PyStemmer" if find_spec("Stemmer") else "snowballstemmer"
    return f"{TERMS_VERSION} {library} {version(library)}"
