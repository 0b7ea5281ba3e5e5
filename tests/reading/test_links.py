from __future__ import annotations

import pytest

from ragapp.reading.links import with_address


@pytest.mark.parametrize(
    ("words", "target", "shown"),
    [
        ("the rules", "https://example.org/a", "the rules (https://example.org/a)"),
        ("example.org", "https://www.example.org/", "example.org"),
        ("See https://example.org/a", "HTTPS://example.org/a", "See https://example.org/a"),
        ("write to us", "mailto:a@example.org?subject=Hello", "write to us (a@example.org)"),
        ("a@example.org", "mailto:A@example.org", "a@example.org"),
        ("call", "tel:+33612345678", "call (+33612345678)"),
        ("06 12 34 56 78", "tel:0612345678", "06 12 34 56 78"),
        ("above", "#chapter", "above"),
        ("the file", "report.docx", "the file"),
        ("the file", "file:///C:/report.docx", "the file"),
        ("run", "javascript:alert(1)", "run"),
        ("long", "https://example.org/" + "x" * 400, "long"),
        (" ", "https://example.org/a", " "),
        ("odd", "https://", "odd"),
    ],
)
def test_where_a_link_leads_stands_behind_its_words(words: str, target: str, shown: str) -> None:
    assert with_address(words, target) == shown
