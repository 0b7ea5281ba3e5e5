from __future__ import annotations

import pytest

from ragapp.reading.document import Block, Unit, place_name


@pytest.mark.parametrize(
    ("kind", "number", "label", "shown"),
    [
        ("page", 4, "", "p. 4"),
        ("page", 4, "iv", "p. 4 (iv)"),
        ("slide", 3, "", "slide 3"),
        ("sheet", 2, "Sales, rows 2-201", "sheet Sales, rows 2-201"),
        ("sheet", 1, "", "sheet 1"),
        ("section", 2, "Holidays", "Holidays"),
        ("section", 2, "", "section 2"),
        ("mail", 1, "", ""),
        ("document", 1, "", ""),
    ],
)
def test_a_unit_is_pointed_at_as_a_person_would(kind: str, number: int, label: str, shown: str) -> None:
    assert place_name(kind, number, label) == shown


def test_a_unit_without_blocks_is_empty_unless_it_is_a_picture() -> None:
    assert Unit(1).coverage == "empty"
    assert Unit(1, blocks=[Block("x")]).coverage == "text"
    assert Unit(1, coverage="needs_ocr").coverage == "needs_ocr"
