"""The sentence of a passage that is quoted, told by meaning where people ask in other words."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import MEANT, own_sentences

LEAVE = passage(
    "Overtime is paid in the month after it. A crew member who has a newborn may stay at home for nine weeks. Boots are"
    " replaced every two years.",
    "handbook.pdf",
    4,
)
QUESTION = "My partner is about to deliver, so how long am I off work?"


def meaning(**near):
    """A similarity that knows how near sentences are by a word in them."""

    def similar(text, others):
        assert text == QUESTION
        return [max([value for word, value in near.items() if word in other], default=0.0) for other in others]

    return similar


def test_a_sentence_in_other_words_is_found_by_its_meaning():
    assert own_sentences(QUESTION, LEAVE, "en") is None
    sentence, citation = own_sentences(QUESTION, LEAVE, "en", similar=meaning(newborn=0.6, Boots=0.2))
    assert citation.quote == "A crew member who has a newborn may stay at home for nine weeks."
    assert sentence.text == f"{citation.quote} [1]"


@pytest.mark.parametrize("nearest", [0.0, MEANT - 0.01])
def test_what_only_comes_nearest_is_not_quoted(nearest):
    assert own_sentences(QUESTION, LEAVE, "en", similar=meaning(newborn=nearest)) is None


def test_titles_and_labels_are_not_quoted():
    plan = passage(
        "Leave of young parents\n\nQuestions: leave@club.example\n\nBoots are replaced every two years.",
        "handbook.pdf",
        4,
        headings=("Leave of young parents",),
    )
    for nearest in ({"Leave": 0.8}, {"Questions": 0.8}):
        assert own_sentences(QUESTION, plan, "en", similar=meaning(**nearest)) is None


def test_words_count_beside_the_meaning():
    question = "How often are boots replaced?"
    alike = {"Overtime": 0.5, "Boots": 0.4}

    def similar(text, others):
        return [next(value for word, value in {**alike, "": 0.0}.items() if word in other) for other in others]

    _, citation = own_sentences(question, LEAVE, "en", similar=similar)
    assert citation.quote == "Boots are replaced every two years."
