"""Rows of boxes, with what is ticked in words."""

import pytest

from ragapp.reading.boxes import say_ticks
from ragapp.reading.document import Block
from ragapp.reading.registry import read_file


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Company car needed: ☐ yes ☒ no", "no"),
        ("Company car needed: yes ☐  no ☒", "no"),
        ("Insured: ☑ Yes ☐ No", "Yes"),
        ("Days: ☒ Mon ☐ Tue ☒ Wed", "Mon, Wed"),
        ("Smoker: ☐ yes ☐ no", "none"),
        ("Lunch: [ ] meat [x] fish", "fish"),
        ("☒ I agree", ""),  # one box says it itself
        ("☐ ☒", ""),
        ("no box", ""),
        ("☐ " + "word " * 20 + "☒ no", ""),
    ],
)
def test_a_row_of_boxes_says_what_is_ticked(row, said):
    [block] = say_ticks([Block(row)])
    assert block.text == (f"{row} [answer: {said}]" if said else row)


def test_boxes_in_a_cell_and_below_each_other():
    table = "| Item | Choice |\n| --- | --- |\n| Car | ☐ yes ☒ no |"
    assert say_ticks([Block(table, "table")])[0].text == table.replace("no |", "no [answer: no] |")
    assert say_ticks([Block("☐ yes\n☒ no")])[0].text == "☐ yes\n☒ no"


def test_it_is_said_in_every_format(tmp_path):
    (tmp_path / "form.txt").write_text("Car: ☐ yes ☒ no\nBus: ☒ yes ☐ no", encoding="utf-8")
    assert "☐ yes ☒ no [answer: no]\nBus: ☒ yes ☐ no [answer: yes]" in read_file(tmp_path / "form.txt").units[0].text
