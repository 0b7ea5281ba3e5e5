"""Points of a list, and the line above them that decides what they say."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import ground, own_sentences
from ragapp.index.lead_in import lead_in

POLICY = """Our cover is broad. The policy does not pay for:
• damage by moths or vermin
• glass, unless it
broke in a fire
• hire of tents and marquees
The policy pays for:
1. theft of tools
2. repair of pumps
Claims are paid within a week."""


@pytest.mark.parametrize(
    ("begins", "above"),
    [
        ("• damage", "The policy does not pay for"),
        ("• hire", "The policy does not pay for"),
        ("hire of tents", "The policy does not pay for"),
        ("2. repair", "The policy pays for"),
        ("Claims", ""),
        ("broke in", ""),
        ("Our cover", ""),
    ],
)
def test_a_point_stands_under_the_sentence_that_introduces_its_list(begins, above):
    assert lead_in(POLICY, POLICY.index(begins)) == above


def test_a_sentence_that_introduces_a_list_may_begin_on_an_earlier_line():
    text = "Opening hours vary. In the\nfollowing weeks the\noffice is closed:\n- week 30\n- week 52"
    assert lead_in(text, text.index("- week 52")) == "In the following weeks the office is closed"


def test_a_title_above_the_sentence_is_no_part_of_it():
    text = "Exclusions\nThe plan does not cover:\n• tents"
    assert lead_in(text, text.index("• tents")) == "The plan does not cover"


@pytest.mark.parametrize("text", ["- one\n- two", "A | b:\n- one\n- two", "Rules\n- one\n- two"])
def test_without_a_colon_nothing_introduces_a_list(text):
    assert lead_in(text, text.index("- two")) == ""


@pytest.mark.parametrize(
    ("written", "question", "supported"),
    [
        ("The hire of tents is not paid for.", "Does the policy pay for the hire of tents?", True),
        ("The policy pays for the hire of tents.", "Does the policy pay for the hire of tents?", False),
        ("The policy pays for the repair of pumps.", "Does the policy pay for the repair of pumps?", True),
        ("The policy does not pay for pumps.", "Does the policy pay for the repair of pumps?", False),
    ],
)
def test_a_point_says_what_the_line_above_its_list_makes_of_it(written, question, supported):
    (sentence,), citations = ground(written, question, [passage(POLICY, "policy.pdf", 1)], "en")
    assert sentence.supported is supported
    if supported:
        assert citations[0].quote.endswith(("marquees", "pumps"))


def test_a_quoted_point_is_told_behind_the_line_above_it():
    found = own_sentences("Is the hire of tents paid for?", passage(POLICY, "policy.pdf", 1), "en")
    assert found is not None
    sentence, citation = found
    assert sentence.text == "The policy does not pay for: hire of tents and marquees [1]"
    assert citation.quote == "• hire of tents and marquees"


def test_of_points_that_share_the_lines_words_the_one_with_the_rarer_word_is_quoted():
    text = "The plan does not cover:\n• injuries covered by others\n• travel to a clinic\n• acupuncture and massage"
    found = own_sentences("Is acupuncture covered?", passage(text, "plan.pdf", 1), "en")
    assert found is not None
    assert found[0].text.startswith("The plan does not cover: acupuncture")


@pytest.mark.parametrize(
    ("written", "supported"),
    [
        ("Glass is paid for if it broke in a fire.", True),
        ("Glass is not paid for if it broke in a fire.", False),
        ("The policy pays for glass.", False),
    ],
)
def test_an_exception_of_a_denial_is_what_it_is(written, supported):
    text = "The policy does not pay for:\n• glass, unless it broke in a fire\n• tents"
    (sentence,), _ = ground(written, "When is glass paid for?", [passage(text, "policy.pdf", 1)], "en")
    assert sentence.supported is supported


def test_a_list_far_down_a_long_text_is_introduced_by_the_line_above_it():
    text = "The plan covers everything.\n" * 4_000 + POLICY
    assert lead_in(text, text.index("• hire")) == "The policy does not pay for"


def test_a_line_without_an_end_introduces_nothing():
    text = "The policy does not pay for:\n" + "dust " * 10_000
    assert lead_in(text, len(text) - 5) == ""
