"""Quantities in words that a passage does not have."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground
from ragapp.answer.spelled_quantities import lacks_spelled_quantity


@pytest.mark.parametrize(
    ("statement", "source", "language", "lacks"),
    [
        ("You are off for eight weeks.", "Leave is six weeks.", "en", True),
        ("You are off for eight weeks.", "Leave is 8 weeks.", "en", False),
        ("You are off for eight weeks.", "Eight weeks are paid.", "en", False),
        ("Boots are replaced twice a year.", "Boots are replaced in spring.", "en", True),
        ("Boots are replaced twice a year.", "Boots are replaced two times in a year.", "en", False),
        ("Boots are replaced once a year.", "Boots are replaced on request.", "en", True),
        ("Boots are replaced once a year.", "Boots are replaced annually.", "en", False),
        ("The two houses are closed.", "Old Mill and North Quay are closed.", "en", False),
        ("You wait twenty-one days.", "You wait 21 days.", "en", False),
        ("Le prêt dure trois semaines.", "Le prêt dure deux semaines.", "fr", True),
        ("Le prêt dure trois semaines.", "Le prêt dure 3 semaines.", "fr", False),
        ("Il s'emprunte une fois par an.", "Il s'emprunte au guichet.", "fr", True),
        ("Il s'emprunte une fois par an.", "Il s'emprunte chaque année.", "fr", False),
        ("On vient deux fois par mois.", "On vient le lundi.", "fr", True),
        ("Man wartet drei Wochen.", "Man wartet zwei Wochen.", "de", False),
    ],
)
def test_quantities_in_words(statement, source, language, lacks):
    assert lacks_spelled_quantity(statement, source, language) is lacks


@pytest.mark.parametrize(
    ("question", "written", "supported"),
    [
        ("How long is the lease of a shed?", "The lease of a shed is five years.", True),
        ("How long is the lease of a shed?", "The lease of a shed is seven years.", False),
        ("Is the lease of a shed seven years?", "The lease of a shed is not seven years.", False),
    ],
)
def test_a_sentence_with_another_quantity_is_not_stated(question, written, supported):
    lease = passage("The lease of a shed is five years and is renewed in writing.", "lease.pdf", 1)
    sentences, _ = ground(written, question, [lease], "en")
    assert sentences[0].supported is supported
