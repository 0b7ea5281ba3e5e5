import pytest

from ragapp.reading.leaders import is_contents, shortened

CONTENTS = "1. Loans . . . . . . . . 3\n2. Taxes ............ 4\n3. When you leave ……… 5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONTENTS, True),
        (f"Contents\n\n{CONTENTS}", True),
        ("1. Loans . . . . . . . . 3\n2. Taxes ............ 4", True),
        (f"{CONTENTS}\nA loan is granted\nfor five years\nat most, and\nnobody has to\nsign for it.", False),
        ("Name: ........\nLoans are granted.\nTaxes are due.", False),
        ("Loans … 3", True),
        ("Annex B … xii\nIndex … A-4", True),
        ("He said … 3 times … that it is late.", False),
        ("", False),
    ],
)
def test_contents_are_known_by_their_leaders(text, expected):
    assert is_contents(text) is expected


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Loans . . . . . . . . . 3\nTaxes............4", "Loans … 3\nTaxes … 4"),
        ("Loans ……………… 3", "Loans … 3"),
        ("Wait... and see. . . It is late.", "Wait... and see. . . It is late."),
        ("Name: ____________", "Name: ____________"),
    ],
)
def test_rows_of_dots_are_shortened(text, short):
    assert shortened(text) == short
