"""Raised and lowered text, numerals and what is left out, as they are written on one line."""

import pytest

from ragapp.reading.left_out import LeftOut
from ragapp.reading.numerals import numeral
from ragapp.reading.scripts import join_scripts


@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        ([("12", ""), ("3", "super"), (" days", "")], "12^3 days"),
        ([("10", ""), ("-6", "super")], "10^-6"),
        ([("10", ""), ("−6", "super"), (" m", "")], "10^−6 m"),
        ([("95", ""), ("2", "super"), (" euros", "")], "95^2 euros"),
        ([("is 12.", ""), ("3", "super")], "is 12.^3"),
        ([("100", ""), ("(1)", "super")], "100^(1)"),
        ([("12", ""), ("1, 2", "super")], "12^(1, 2)"),
        ([("x", ""), ("2", "super"), ("1", "super")], "x^21"),
        ([("5", ""), ("a", "super")], "5^a"),
        ([("", ""), ("1", "super"), (" plus VAT", "")], "^1 plus VAT"),
        ([("le 1", ""), ("er", "super"), (" mai", "")], "le 1er mai"),
        ([("the 22", ""), ("nd ", "super"), ("of", "")], "the 22nd of"),
        ([("au XX", ""), ("e", "super"), (" siècle", "")], "au XXe siècle"),
        ([("M", ""), ("me", "super"), (" Roy", "")], "Mme Roy"),
        ([("n", ""), ("o", "super"), (" 7", "")], "no 7"),
        ([("Brand", ""), ("®", "super"), (" 5", "")], "Brand® 5"),
        ([("40", ""), ("*", "super")], "40*"),
        ([("CO", ""), ("2", "sub")], "CO2"),
        ([("H", ""), ("2", "sub"), ("O", "")], "H2O"),
        ([("x", ""), ("i", "sub")], "x_i"),
        ([("101", ""), ("2", "sub"), (" is 5", "")], "101_2 is 5"),
        ([("x", ""), ("i", "sub"), ("2", "super")], "x_i^2"),
        ([("plain", "")], "plain"),
        ([(" ", "super"), ("x", "")], " x"),
    ],
)
def test_raised_and_lowered_text_stays_apart(pieces, line):
    assert join_scripts(pieces) == line


@pytest.mark.parametrize(
    ("number", "style", "printed"),
    [
        (4, "decimal", "4"),
        (4, "decimal-zero", "04"),
        (27, "lower-letter", "aa"),
        (28, "upper-letter", "BB"),
        (1994, "lower-roman", "mcmxciv"),
        (4, "upper-roman", "IV"),
        (112, "ordinal", "112th"),
        (23, "ordinal", "23rd"),
        (6, "symbol", "††"),
        (9, "none", ""),
        (0, "upper-roman", "0"),
        (-3, "lower-letter", "-3"),
        (10**6, "lower-letter", "1000000"),
        (10**6, "upper-roman", "1000000"),
    ],
)
def test_a_number_as_it_is_printed(number, style, printed):
    assert numeral(number, style) == printed


def test_letters_like_column_names():
    assert [numeral(n, "lower-letter", repeat_letters=False) for n in (26, 27, 28, 703)] == ["z", "aa", "ab", "aaa"]


def test_what_was_left_out_is_counted_by_kind_and_place():
    left_out = LeftOut()
    left_out.add("hidden row", "hidden rows", "sheet Sales", 2, hint="Unhide them in Excel.")
    left_out.add("hidden row", "hidden rows", "sheet Costs")
    left_out.add("comment", "comments")
    left_out.add("chart", "charts", count=0)
    assert left_out.warnings() == [
        "3 hidden rows were left out (sheet Sales; sheet Costs). Unhide them in Excel.",
        "1 comment was left out.",
    ]


def test_not_every_place_is_named():
    left_out = LeftOut()
    for number in range(1, 9):
        left_out.add("stamp", "stamps", f"p. {number}")
    assert left_out.warnings() == ["8 stamps were left out (p. 1; p. 2; p. 3; p. 4; p. 5 and 3 more places)."]
    left_out = LeftOut()
    for number in range(1, 7):
        left_out.add("stamp", "stamps", f"p. {number}")
    assert left_out.warnings() == ["6 stamps were left out (p. 1; p. 2; p. 3; p. 4; p. 5 and 1 more place)."]
