"""Days of the week: which are named, and sentences that are about another day than the one asked for."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground, own_sentences
from ragapp.answer.weekdays import weekdays
from ragapp.answer.yes_no import decided


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Open Tuesday to Friday.", {1, 2, 3, 4}),
        ("Mon-Fri, and Sun", {0, 1, 2, 3, 4, 6}),
        ("Friday through Monday", {4, 5, 6, 0}),
        ("Monday and Friday", {0, 4}),
        ("le mardi et le vendredi", {1, 4}),
        ("du mercredi au samedi", {2, 3, 4, 5}),
        ("en semaine de 18 h à 22 h", {0, 1, 2, 3, 4}),
        ("le week-end", {5, 6}),
        ("tous les jours sauf le mardi", {0, 1, 2, 3, 4, 5, 6}),
        ("von Montag bis Donnerstag", {0, 1, 2, 3}),
        ("de lunes a jueves", {0, 1, 2, 3}),
        ("We sat in the sun and wed in the autumn.", set()),
        ("Mondrian friends wedded", set()),
        ("no day at all", set()),
    ],
)
def test_days_that_a_text_names(text, days):
    assert weekdays(text) == days


HOURS = (
    "The archive is open on Tuesday and Friday from 2 to 6 p.m. It is closed on Monday, Thursday and on holidays. "
    "Copies are made from Wednesday to Saturday."
)


@pytest.mark.parametrize(
    ("written", "supported"),
    [
        ("The archive is open on Thursday.", False),
        ("The archive is open on Friday.", True),
        ("The archive is open on Monday from 2 to 6 p.m.", False),
        ("Copies are made on Thursday.", True),
        ("Copies are made on Sunday.", False),
    ],
)
def test_a_sentence_about_a_day_is_stated_where_that_day_stands(written, supported):
    question = f"{'Are copies made' if 'Copies' in written else 'Is the archive open'} on {written.split()[-1]}?"
    (sentence,), _ = ground(written, question, [passage(HOURS, "hours.pdf", 1)], "en")
    assert sentence.supported is supported


def test_the_sentence_that_has_the_day_is_quoted():
    found = own_sentences("Is the archive open on Thursday?", passage(HOURS, "hours.pdf", 1), "en")
    assert found is not None
    assert found[0].text == "It is closed on Monday, Thursday and on holidays. [1]"


def test_a_quote_of_another_day_decides_nothing():
    assert decided("Is the archive open on Thursday?", "The archive is open on Tuesday.", "en") is None
    assert decided("Is the archive open on Thursday?", "The archive is open from Tuesday to Friday.", "en") is True
