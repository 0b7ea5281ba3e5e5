import pytest
from answerkit import passage

from ragapp.answer.grounding import ground
from ragapp.answer.ticked_boxes import blank_unticked, ticked_only


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("Car needed: ☐ yes ☒ no", "Car needed: no"),
        ("Car needed: ☑ yes ☐ no", "Car needed: yes"),
        ("Car needed: yes ☐ no ☒", "Car needed: no"),
        ("Car needed: [ ] yes [x] no", "Car needed: no"),
        ("Car needed: (X) yes ( ) no", "Car needed: yes"),
        ("  ☐ day ☒ night ☐ both", "  night"),
        ("| Car | ☐ yes ☒ no | ☒ paid ☐ open |", "| Car | no | paid |"),
        ("Diet: ☒ vegan ☒ no nuts ☐ halal", "Diet: vegan, no nuts"),
        ("☐ paint\n☒ sweep", "☐ paint\n☒ sweep"),
        ("☐ yes ☐ no", "☐ yes ☐ no"),
        ("Rating: ■■■□□", "Rating: ■■■□□"),
        ("see [x] and [1]", "see [x] and [1]"),
        ("f( ) and a[x]", "f( ) and a[x]"),
        ("", ""),
    ],
)
def test_only_ticked_options_of_a_row_are_shown(row, shown):
    assert ticked_only(row) == shown


def test_blanks_keep_every_offset():
    text = "A: ☐ yes ☒ no\nB: ☒ yes ☐ no"
    blank = blank_unticked(text)
    assert len(blank) == len(text)
    assert blank.index("☒ yes") == text.index("☒ yes")
    assert blank.split() == ["A:", "☒", "no", "B:", "☒", "yes"]


def test_an_option_that_is_not_ticked_supports_no_answer():
    found = passage("Badge request\nPaper badge: ☐ blue ☒ green")
    assert not ground("It is blue [1].", "Which badge?", [found], "en")[0][0].supported
    assert ground("It is green [1].", "Which badge?", [found], "en")[0][0].supported


@pytest.mark.parametrize(
    ("answer", "supported"),
    [
        ("Yes, a company car is needed [1].", False),
        ("A company car is needed [1].", False),
        ("No, a company car is not needed [1].", True),
        ("No company car is needed [1].", True),
        ("The safety briefing was attended [1].", True),
        ("No, the safety briefing was not attended [1].", False),
    ],
)
def test_an_answer_against_a_ticked_box_is_not_supported(answer, supported):
    form = passage("Access\n\nCompany car needed: ☐ yes ☒ no\nSafety briefing attended: ☒ yes ☐ no")
    assert ground(answer, "Is it needed or attended?", [form], "en")[0][0].supported == supported
