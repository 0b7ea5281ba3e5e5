"""Text analysis: text to index terms (elisions split, accents folded, Snowball stems, codes kept whole).

Documents are stemmed in their own language; a question is stemmed in every language of the collection.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier


@dataclass(frozen=True, slots=True)
class Language:
    """What ``languages.yaml`` says of a language."""

    stemmer: str
    fold_first: bool = False
    stop_words: str = ""


_ENTRIES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("languages.yaml").read_text(encoding="utf-8")
)
LANGUAGES = {code: Language(**entry) for code, entry in _ENTRIES.items()}
SNOWBALL_LANGUAGES = {code: language.stemmer for code, language in LANGUAGES.items()}
STOP_WORDS = {code: language.stop_words for code, language in LANGUAGES.items() if language.stop_words}
FOLDED_FIRST = {code for code, language in LANGUAGES.items() if language.fold_first}

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
# accents, Hebrew points and Arabic vowels, which are often left out; an Indic vowel sign never is
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")
# 1,250 and 1 250 and 1.250: found by 1250
_GROUPED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?:[ .,'\u00a0\u202f]\d{3})+(?!\d)")
# INV-2024-0031, 4.2, 31/03/2025, anna@example.com, 1,250.00: found by the whole as well as by the parts
# (possessive, and only from the start of a word: a megabyte without a space must not cost its square)
_CODE = re.compile(r"(?<![^\W_])[^\W_]++(?:[-/._,@:+][^\W_]++)+")
# what is longer is no word that anybody asks for; base64 and the like would only fill the index
MAX_TERM_CHARACTERS = 64
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|dell|nell|sull|all|un)'(?=\w)", re.IGNORECASE)


def terms(text: str, language: str) -> list[str]:
    """Index terms of a text, in order, with repetitions: lower-case, of letters and digits only.

    Words of a language (ISO 639-1 code) without a Snowball stemmer are kept unstemmed.
    """
    words, codes = _words_and_codes(text)
    return [term for term in (*(_stem(word, language) for word in words), *codes) if term]


def question_terms(text: str, languages: Iterable[str]) -> list[str]:
    """The terms of :func:`question_words`, each once, in order."""
    return list(dict.fromkeys(chain.from_iterable(question_words(text, languages))))


def question_words(text: str, languages: Iterable[str]) -> list[tuple[str, ...]]:
    """The content words of a question: for each, in order, its terms in all of the languages (ISO 639-1 codes).

    Each word comes once, codes last.  Stop words are left out unless there are no others.
    """
    languages = list(dict.fromkeys(languages)) or ["en"]
    words, codes = _words_and_codes(text)
    content = [word for word in words if not any(word in _stop_list(language) for language in languages)]
    stems = (tuple(dict.fromkeys(_stem(word, language) for language in languages)) for word in content or words)
    groups = (tuple(filter(None, group)) for group in (*stems, *((code,) for code in codes)))
    return list(dict.fromkeys(filter(None, groups)))


def folded_words(text: str) -> list[str]:
    """The words of a text in order, case-folded and without accents."""
    return _WORD.findall(_folded(text.casefold()))


def content_terms(text: str, language: str) -> list[str]:
    """Terms of a text without the stop words of its language, with repetitions."""
    words, codes = _words_and_codes(text)
    stems = (_stem(word, language) for word in words if word not in _stop_list(language))
    return [term for term in (*stems, *codes) if term]


def content_words(text: str, language: str) -> set[str]:
    """The terms of :func:`content_terms` that contain no digit."""
    return {term for term in content_terms(text, language) if not any(map(str.isdigit, term))}


def _words_and_codes(text: str) -> tuple[list[str], list[str]]:
    normal = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("i\u0307", "i")
    codes = [
        fold("".join(_WORD.findall(code)))
        for code in _CODE.findall(normal)
        if len(code) <= MAX_TERM_CHARACTERS and ("@" in code or any(map(str.isdigit, code)))
    ]
    codes += ["".join(filter(str.isdigit, number)) for number in _GROUPED_NUMBER.findall(normal)]
    words = _WORD.findall(_ELISION.sub(" ", normal))
    if _UNSPACED.search(normal):
        words = [part for word in words for part in _pairs(word)]
    return [word for word in words if len(word) <= MAX_TERM_CHARACTERS], codes


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
    """Drop accents: ``é`` -> ``e``, ``œ`` -> ``oe``."""
    return _folded(text)


def _folded(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("æ", "ae").replace("ß", "ss"))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


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
    counts = [(sum(word in _stop_list(language) for word in words), language) for language in languages]
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


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


@cache
def _stop_list(language: str) -> frozenset[str]:
    return frozenset(STOP_WORDS.get(language, "").split())


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    name = SNOWBALL_LANGUAGES.get(language)
    return snowballstemmer.stemmer(name) if name else None


@lru_cache(maxsize=_KNOWN_WORDS)
def _stem(word: str, language: str) -> str:
    stemmer = _stemmer(language)
    if not stemmer:
        return fold(word)
    return fold(stemmer.stemWord(fold(word) if language in FOLDED_FIRST else word))
