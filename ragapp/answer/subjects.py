"""Whose fact it is: which of the particulars that a question gives, a passage and its document lack.

"How long does the contract with Borealis Print run?" gives a name; the same clause of another client's contract says
nothing of it.  Particulars are names, codes, labels (``hall 3``, ``version 2.2``), years, and roles whose holder is
asked for.  Amounts
and days are none, since a rule for a range of them answers, too; nor are words that any passage might say otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

from ragapp.data_files import load_yaml
from ragapp.index.analysis import fold, stop_list
from ragapp.index.catalog import Catalog
from ragapp.index.dates import dates, is_month
from ragapp.retrieval.passage import ScoredChunk

# languages that capitalise all nouns, so that a capital is no sign of a name
CAPITAL_NOUNS = frozenset({"de", "lb"})
# letters that inflected forms of a name share, and how alike a name is that is spelled otherwise
_SHORTEST_STEM, _ENDING, _ALIKE = 4, 3, 0.82

_DATA: dict[str, str] = {name: "".join(words.split()) for name, words in load_yaml("subjects.yaml", __file__).items()}
_NO_NAME = re.compile(_DATA["no_names"], re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_CAPITAL = r"[A-ZÀ-ÖØ-Þ]"
_PART = rf"{_CAPITAL}[^\W_]*(?:['’&-][^\W_]+)*"
_LINK = r"(?:of|of the|de|du|des|da|do|dos|di|del|della|de la|van|van de|van den|von|der|zu|y|&)"
# a full stop behind these ends no sentence: initials, "Dr", "St", "Mrs"
_ABBREVIATED = r"(?:(?:(?<=\b[^\W\d_])|(?<=\b[^\W\d_]{2})|(?<=\bMrs)|(?<=\bMme)|(?<=\bInc)|(?<=\bLtd))\.)?"
_NAME = re.compile(rf"(?<![^\W_]){_PART}(?:{_ABBREVIATED}[ \u00a0](?:{_LINK}[ \u00a0])?{_PART})*")
# behind these a capital begins a sentence, a line or a quotation
_BEGINS = re.compile(r"(?:^|[.!?:…«“\"(\[¿¡\n*•–]|\s-)[\s¿¡«“\"(]*\Z")
_YEAR = re.compile(r"(?<![\w.,/£€$-])(?:1[0-9]|20)\d\d(?![\w/]|[.,]\d|-\d{1,2}\b)")
_YEARS = re.compile(
    r"(?<!\d)((?:1\d|20)\d\d)\s*(?:-|–|—|/|to|and|until|till|bis|und|à|au|et|al?|y|e|en|tot|through)\s*((?:1\d|20)?\d\d)(?!\d)"
)
_CODE = re.compile(
    r"(?<![\w.,/-])(?=[\w./-]*\d)(?=[\w./-]*[^\W\d_])[^\W_]+(?:[-./][^\W_]+)*(?!\w)|(?<![\w.,/-])\d{2,}(?:-\d+)+(?![\w-])"
)
# 90-day, 19th, 1960s, 45p, 10km, 5pm: no codes
_MEASURED = re.compile(
    r"[\d.,]+-[^\W\d_]{3,}|[\d.,/-]+(?:st|nd|rd|th|s|[eèéº°ª]\w*|er|re|[aop]|[ap]m|h|u|uhr|\D{0,2}m|\D?g|k|w|kw|[kmgt]b|[vw]|min|ct)|[\d.,/-]+h\d\d"
)
_LABEL = re.compile(
    rf"(?<![^\W_])(?P<noun>{_DATA['labelled']})[ \u00a0](?P<n>\d{{1,4}}(?:\.\d{{1,3}})*)"
    r"(?![\w%€£$°]|[.,:]\d|[ \u00a0]?[-–][ \u00a0]?\d)",
    re.IGNORECASE,
)
# behind these stand names in German, alone or of two words
_TITLED = re.compile(
    r"\b(?:Herrn?|Frau|Firma|Dr\.|Kund(?:e|en|in)|Mieter(?:in)?|Lieferant(?:en|in)?|Mandant(?:en|in)?)\s\Z"
)
_WITH = re.compile(r"\b(?:mit|von|bei|für|an|durch|gegen)\s\Z")
# behind these stand places, which may be instances of what a rule says of a whole region
_AT = re.compile(
    r"\b(?:to|in|from|at|near|à|en|au|aux|a|nach|aus|naar|uit|para|em|da|de|du)\s(?:the\s)?\Z", re.IGNORECASE
)
_LETTERS = r"[^\W\d_]"
_ROLE = re.compile(
    rf"(?<![^\W_])(?P<of>(?:{_LETTERS}{{2,}}[ -]){{1,4}})(?:{_DATA['roles_behind']})(?![^\W_])"
    rf"|(?<![^\W_])(?:{_DATA['roles_before']})[ \u00a0](?P<what>(?:{_LETTERS}+[ ’'-]?){{1,6}})"
    rf"|(?<![^\W_])(?P<compound>{_LETTERS}{{4,}}(?:{_DATA['roles_at_end']}))(?![^\W_])",
    re.IGNORECASE,
)
_WHO = re.compile(r"\W*(?:who|whom|whose|qui|wer|wen|wem|quién|quien|chi|quem|wie)\b", re.IGNORECASE)
_OR = re.compile(
    r"[\s,]*(?:,|and|or|versus|vs\.?|than|to|et|ou|und|oder|y|o|e|en|of)?[\s,]*(?:the|in|les?|la|der|die|das|el|il|de|het|os?|as?)?\s*"
)


Kind = Literal["name", "code", "label", "year", "role"]


@dataclass(frozen=True, slots=True)
class Particular:
    """Something that a question gives, and where it stands there."""

    kind: Kind
    text: str
    start: int
    end: int


def particulars(question: str, language: str) -> list[Particular]:
    """The particulars of a question in a language (ISO 639-1), in order."""
    found: list[Particular] = []

    def add(kind: Kind, start: int, end: int) -> None:
        if end > start and not any(one.start < end and start < one.end for one in found):
            found.append(Particular(kind, question[start:end], start, end))

    for match in _LABEL.finditer(question):
        if not _YEAR.fullmatch(match["n"]):
            add("label", *match.span())
    days = [span for _, span in dates(question)]
    for match in _CODE.finditer(question):
        of_day = any(begin < match.end() and match.start() < end for begin, end in days)
        if not of_day and not _MEASURED.fullmatch(match[0].lower()) and not _YEARS.fullmatch(match[0]):
            add("code", *match.span())
    for match in _YEAR.finditer(question):
        add("year", *match.span())
    for start, end in _name_spans(question, language):
        add("name", start, end)
    if _WHO.match(question):
        for match in _ROLE.finditer(question):
            of = next(name for name in ("of", "what", "compound") if match[name])
            words = [word for word in _WORD.finditer(match[of]) if word[0].lower() not in stop_list(language)]
            if words:
                add("role", match.start(of) + words[0].start(), match.start(of) + words[-1].end())
    return sorted(found, key=lambda one: one.start)


def missing_particulars(
    question: str, passage: ScoredChunk, language: str, about: str = "", spelled: Callable[[str], bool] | None = None
) -> set[str]:
    """Which of the particulars that a question gives stand neither in a passage nor in what says what it is of.

    Of several that are given as alternatives ("A or B", "from 2023 to 2024"), one is enough.

    Args:
        language: of the question, ISO 639-1.
        about: what else is known of the passage's document, such as its beginning, where contracts name the parties.
        spelled: whether some document has a word.  A place that none has ("a trip to Austria") may be one of those that
            a rule is for, and counts for none; a name counts for a passage in another language only where a document
            has it, since names are translated.  None: unknown.

    Returns:
        The particulars, as the question spells them; empty for a passage that may be about what is asked.
    """
    chunk = passage.chunk
    shown = _Shown.of("\n".join((chunk.document, chunk.title, *chunk.headings, chunk.label, chunk.text, about)))
    foreign = bool(chunk.language and language and chunk.language != language)
    missing: set[str] = set()
    for group in _alternatives(question, particulars(question, language)):
        if spelled and all(_is_place(one, question) and not _is_spelled(one, spelled) for one in group):
            continue
        lacking = [one for one in group if not _stands(one, shown, foreign, spelled)]
        if len(lacking) == len(group):
            missing.update(one.text for one in lacking)
    return missing


def says_it_of_a_sibling(sentence: str, quote: str, shown: str, language: str) -> bool:
    """Whether a sentence says of one thing what a quote says of another of its kind, and of that alone.

    "In the Saver 3200 option …" is not stated by "In the Core 1500 option …".  Names are of a kind where the passage
    puts them side by side ("Harbor Select and Open Road", two heads of a table) or where each stands before a number.

    Args:
        shown: the passage with what stands above it.
    """
    own, quoted = (
        {one.text for one in particulars(text, language) if one.kind == "name"} for text in (sentence, quote)
    )
    told = quote.casefold()
    if not own or not quoted or any(name.casefold() in told for name in own):
        return False
    return any(_are_siblings(one, other, shown) for one in own for other in quoted)


def _are_siblings(one: str, other: str, shown: str) -> bool:
    a, b = re.escape(one), re.escape(other)
    number = r"(?:[ \u00a0]\d{1,5})?"
    beside = r"\s*(?:[,/&|]|and|or|et|ou|und|oder|y|o|e|en|of)(?:\s(?:and|or|et|ou))?\s*(?:the\s|les?\s|la\s|l['’])?"
    beside += rf"(?:{_CAPITAL}[^\W_]*\s)?"  # of a name whose first word says little: "Old Mill"
    if re.search(rf"\b(?:{a}{number}{beside}{b}|{b}{number}{beside}{a})\b", shown):
        return True
    return all(re.search(rf"\b{name}[ \u00a0]\d{{1,5}}\b", shown) for name in (a, b))


def _alternatives(question: str, given: list[Particular]) -> list[list[Particular]]:
    groups: list[list[Particular]] = []
    for one in given:
        last = groups[-1][-1] if groups else None
        if last and last.kind == one.kind and _OR.fullmatch(question[last.end : one.start]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _name_spans(question: str, language: str) -> Iterator[tuple[int, int]]:
    for match in _NAME.finditer(question):
        start, end = match.span()
        words = list(re.finditer(_PART, match[0]))
        if _BEGINS.search(question[:start]):
            # the first word of a sentence has a capital in any case
            words = words[1:]
            if not words:
                continue
        while words and _no_name(words[0][0], language):
            words = words[1:]
        while words and _no_name(words[-1][0], language):
            words = words[:-1]
        if not words:
            continue
        begin, end = words[0].start(), words[-1].end()
        if language not in CAPITAL_NOUNS or _surely_a_name(match[0][begin:end], question[: start + begin]):
            yield start + begin, start + end


def _surely_a_name(text: str, ahead: str) -> bool:
    """Whether capitalised words are a name in a language that capitalises all nouns, by what stands ahead of them."""
    if "-" in text:
        return False
    together = re.fullmatch(rf"{_PART}(?: {_PART})+", text) and not re.match(r"\w+(?:e|e[mnrs]) ", text)
    return (text.isupper() and len(text) > 1) or bool(_TITLED.search(ahead) or (together and _WITH.search(ahead)))


def _no_name(word: str, language: str) -> bool:
    plain = re.sub(r"['’]s\Z", "", word)
    return bool(_NO_NAME.fullmatch(plain)) or is_month(plain) or plain.lower() in stop_list(language)


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str
    folded: str
    words: frozenset[str]
    stems: frozenset[str]
    initials: str

    @staticmethod
    @lru_cache(maxsize=64)
    def of(text: str) -> _Shown:
        normal = unicodedata.normalize("NFKC", text)
        folded = fold(normal.lower())
        words = _WORD.findall(folded)
        return _Shown(
            normal,
            folded,
            frozenset(words),
            frozenset(word[:_SHORTEST_STEM] for word in words),
            "".join(word[0] for word in words if word not in ("of", "the", "and", "de", "la", "des", "du", "et")),
        )


def _stands(one: Particular, shown: _Shown, foreign: bool, spelled: Callable[[str], bool] | None) -> bool:
    if one.kind == "year":
        return _year_stands(int(one.text), shown.text)
    if one.kind == "code":
        return _code_stands(one.text, shown.folded)
    if one.kind == "role":
        return foreign or _role_stands(one.text, shown)
    if one.kind == "label":
        number = one.text.split()[-1].split("\u00a0")[-1]
        return bool(re.search(rf"(?<![\w.,]){re.escape(number)}(?![\w]|[.,]\d)", shown.folded))
    if foreign and not (spelled and _is_spelled(one, spelled)):
        return True
    return _name_stands(one.text, shown)


def _is_place(one: Particular, question: str) -> bool:
    return one.kind == "name" and " " not in one.text and bool(_AT.search(question[: one.start]))


def _is_spelled(one: Particular, spelled: Callable[[str], bool]) -> bool:
    return all(map(spelled, _WORD.findall(re.sub(r"['’]s?\b", "", one.text))))


def _year_stands(year: int, text: str) -> bool:
    if re.search(rf"(?<!\d){year}(?!\d)|['’]{year % 100:02}(?!\d)", text):
        return True
    for match in _YEARS.finditer(text):
        first, last = int(match[1]), int(match[2])
        last += first // 100 * 100 if last < 100 else 0
        if first <= year <= last:
            return True
    decade = re.search(rf"(?<!\d){year // 10}0['’]?s\b", text)
    return bool(decade)


def _code_stands(code: str, folded: str) -> bool:
    runs = re.findall(r"\d+|[^\W\d_]+", fold(code.lower()))
    pattern = r"[\s./_-]{0,2}".join(map(re.escape, runs))
    return bool(re.search(rf"(?<![^\W_]){pattern}(?![^\W_])", folded))


def _name_stands(name: str, shown: _Shown) -> bool:
    words = [word for word in re.findall(_PART, name)]
    there = [_word_stands(word, shown) for word in words]
    return all(there) or (len(there) > 1 and there[-1])


def _role_stands(role: str, shown: _Shown) -> bool:
    words = _WORD.findall(role)
    initials = "".join(word[0] for word in words).lower()
    abbreviated = len(words) > 1 and any(initials in word and len(word) <= len(words) + 2 for word in shown.words)
    return abbreviated or any(_word_stands(word, shown) for word in words)


def _word_stands(word: str, shown: _Shown) -> bool:
    plain = fold(unicodedata.normalize("NFKC", re.sub(r"['’]s?\Z", "", word)).lower())
    if len(word) > 1 and word.isupper() and len(word) <= 6 and plain in shown.initials:
        return True
    return all(_plain_stands(piece, shown) for piece in _WORD.findall(plain) if len(piece) > 1)


def _plain_stands(word: str, shown: _Shown) -> bool:
    if word in shown.words:
        return True
    if len(word) < _SHORTEST_STEM:
        return False
    stem = word[: max(_SHORTEST_STEM, len(word) - _ENDING)]
    if any(
        other.startswith(stem) or (len(other) >= _SHORTEST_STEM and word.startswith(other)) for other in shown.words
    ):
        return True
    return any(
        other[0] == word[0]
        and abs(len(other) - len(word)) <= 2
        and SequenceMatcher(None, word, other).ratio() >= _ALIKE
        for other in shown.words
        if len(other) > _SHORTEST_STEM
    )


# characters of a document's beginning that say what it is of, whom it is between, of what date it is
OPENING_CHARACTERS = 1500


def opening(catalog: Catalog, document_id: int) -> str:
    """What a document says at its beginning, where contracts name the parties and forms their number."""
    text = ""
    for number in (1, 2):
        text += f"{catalog.unit_text(document_id, number)[: OPENING_CHARACTERS - len(text)]}\n"
    return text


class Subjects:
    """Holds passages of a catalog against the particulars of a question in a language (ISO 639-1)."""

    def __init__(self, question: str, language: str, catalog: Catalog | None = None):
        self._question, self._language, self._catalog = question, language, catalog
        self._spelled: dict[str, bool] = {}
        self._openings: dict[int, str] = {}
        self._lacking: dict[tuple[int, str], set[str]] = {}

    def missing(self, passage: ScoredChunk) -> set[str]:
        """See :func:`missing_particulars`; what a document says at its beginning counts for all its passages."""
        key = (passage.chunk.id, passage.chunk.text)
        if key not in self._lacking:
            spelled = self._is_spelled if self._catalog else None
            about = self.opening(passage)
            self._lacking[key] = missing_particulars(self._question, passage, self._language, about, spelled)
        return self._lacking[key]

    def first(self, passages: Sequence[ScoredChunk]) -> list[ScoredChunk]:
        """The passages in their order, those first that lack nothing.

        Where one document is about what is asked, the like clauses of others need not be read before it.
        """
        return sorted(passages, key=lambda one: bool(self.missing(one)))

    def opening(self, passage: ScoredChunk) -> str:
        """The beginning of a passage's document; empty without a catalog."""
        document_id = passage.chunk.document_id
        if self._catalog and document_id not in self._openings:
            self._openings[document_id] = opening(self._catalog, document_id)
        return self._openings.get(document_id, "")

    def _is_spelled(self, word: str) -> bool:
        if self._catalog and word not in self._spelled:
            groups = self._catalog.question_words(word, self._catalog.languages())
            self._spelled[word] = bool(self._catalog.term_frequencies([term for group in groups for term in group]))
        return self._spelled.get(word, False)
