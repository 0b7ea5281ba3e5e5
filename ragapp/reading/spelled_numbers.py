"""Numbers written out in words, as lists and page numbers may print them: twenty-one, twenty-first, vingt et unième."""

from __future__ import annotations

# beyond this, a number is printed in figures
_MOST = 999_999
_ENGLISH = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ENGLISH_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_FRENCH = [
    "zéro",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
_FRENCH_TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante"}


def cardinal_words(number: int, language: str = "en") -> str:
    """A number in words, in English or French (``en``, ``fr``); in figures where it is negative or above 999,999."""
    if not 0 <= number <= _MOST or language not in ("en", "fr"):
        return str(number)
    return _french(number) if language == "fr" else _english(number)


def ordinal_words(number: int, language: str = "en") -> str:
    """The ordinal of a number in words, where :func:`cardinal_words` has words for it."""
    words = cardinal_words(number, language)
    if not words[-1].isalpha():
        return words
    if language == "fr":
        return _french_ordinal(words)
    front, last = _split_last(words)
    ending = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return front + _ENGLISH_ORDINALS.get(last, ending)


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _ENGLISH_TENS[tens - 2] + (f"-{_ENGLISH[ones]}" if ones else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    front, rest = divmod(number, size)
    return f"{_english(front)} {name}" + (f" {_english(rest)}" if rest else "")


def _french(number: int) -> str:
    if number < 20:
        return _FRENCH[number]
    if number < 100:
        return _french_tens(number)
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        front = "cent" if hundreds == 1 else f"{_FRENCH[hundreds]} cent"
        return f"{front} {_french(rest)}" if rest else front + "s" * (hundreds > 1)
    thousands, rest = divmod(number, 1000)
    times = _french(thousands)
    times = times[:-1] if times.endswith(("cents", "vingts")) else times
    front = "mille" if thousands == 1 else f"{times} mille"
    return f"{front} {_french(rest)}" if rest else front


def _french_tens(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens in (7, 9):  # soixante et onze, quatre-vingt-onze
        tens, ones = tens - 1, ones + 10
    if tens == 8:
        return f"quatre-vingt-{_FRENCH[ones]}" if ones else "quatre-vingts"
    if ones in (1, 11):
        return f"{_FRENCH_TENS[tens]} et {_FRENCH[ones]}"
    return _FRENCH_TENS[tens] + (f"-{_FRENCH[ones]}" if ones else "")


def _french_ordinal(words: str) -> str:
    if words == "un":
        return "premier"
    front, last = _split_last(words)
    if last == "cinq":
        return f"{front}cinquième"
    if last == "neuf":
        return f"{front}neuvième"
    stem = last.removesuffix("e")
    if last in ("vingts", "cents"):
        stem = last[:-1]
    return f"{front}{stem}ième"


def _split_last(words: str) -> tuple[str, str]:
    at = max(words.rfind(" "), words.rfind("-")) + 1
    return words[:at], words[at:]
