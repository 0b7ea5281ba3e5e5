"""The number formats of Word's lists and notes (ISO/IEC 29500-1, 17.18.59, ST_NumberFormat)."""

from __future__ import annotations

import re

from ragapp.reading.numerals import NumeralStyle, numeral
from ragapp.reading.spelled_numbers import cardinal_words, ordinal_words
from ragapp.reading.word.east_asian_numerals import east_asian_numeral

_STYLES: dict[str, NumeralStyle] = {
    "decimal": "decimal",
    "decimalZero": "decimal-zero",
    "lowerLetter": "lower-letter",
    "upperLetter": "upper-letter",
    "lowerRoman": "lower-roman",
    "upperRoman": "upper-roman",
    "chicago": "symbol",
    "none": "none",
}
# formats that count through a fixed row of signs and repeat them behind its end
_ROWS = {
    "russianLower": "абвгдежзиклмнопрстуфхцчшщыэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "hindiVowels": "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह",
    "aiueo": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "iroha": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
}
_ENCLOSED = {
    "decimalEnclosedCircle": 0x2460,
    "decimalEnclosedCircleChinese": 0x2460,
    "decimalEnclosedParen": 0x2474,
    "decimalEnclosedFullstop": 0x2488,
}
_DIGITS = {"hindiNumbers": 0x966, "hindiArabic": 0x660, "thaiNumbers": 0xE50, "decimalFullWidth": 0xFF10}
_MOST_REPEATS = 30  # of a letter; a damaged file may count without end
_FIRST_OF_CUSTOM = re.compile(r"0*1(?=\D|$)")


def word_numeral(number: int, name: str, language: str = "en") -> str:
    """A number in a format of Word.

    Args:
        number: at least 0.
        name: a value of ``ST_NumberFormat``, or the pattern of a custom format (``001, 002, 003, ...``). A format that
            is not known is printed in figures, as Word prints those that it does not know.
        language: ISO 639-1 code, which decides how ordinals and numbers in words are written.
    """
    if style := _STYLES.get(name):
        return numeral(number, style)
    if text := east_asian_numeral(number, name):
        return text
    if name == "ordinal":
        return _ordinal(number, language)
    if name in ("cardinalText", "ordinalText"):
        words = (cardinal_words if name == "cardinalText" else ordinal_words)(number, language)
        return words[:1].upper() + words[1:]
    if name == "hex":
        return f"{number:X}"
    if name == "numberInDash":
        return f"- {number} -"
    if row := _ROWS.get(name):
        times = (number - 1) // len(row) + 1
        return row[(number - 1) % len(row)] * times if 0 < times <= _MOST_REPEATS else str(number)
    if (first := _ENCLOSED.get(name)) and 0 < number <= 20:
        return chr(first + number - 1)
    if zero := _DIGITS.get(name):
        return "".join(chr(zero + int(digit)) for digit in str(number))
    if custom := _FIRST_OF_CUSTOM.match(name):
        return str(number).zfill(len(custom[0]))
    return str(number)


def _ordinal(number: int, language: str) -> str:
    if language == "fr":
        return f"{number}{'er' if number == 1 else 'e'}"
    if language in ("de", "da", "nb", "nn", "fi", "cs", "pl", "hu", "hr", "sk", "sl"):
        return f"{number}."
    if language in ("es", "it", "pt"):
        return f"{number}º"
    if language == "nl":
        return f"{number}e"
    return numeral(number, "ordinal")
