from __future__ import annotations

import re

import pytest

from ragapp.contract import Answer, Filters, Sentence
from ragapp.errors import UsageError
from ragapp.web.api_shapes import Question, Search
from ragapp.web.ui.render_answer import render_answer


@pytest.mark.parametrize(
    ("body", "scope"),
    [
        ({}, ""),
        ({"in": "hr"}, "hr"),
        ({"in": "hr\ntype:pdf"}, "hr\ntype:pdf"),
        (
            {
                "in": "hr",
                "tags": ["a", "b"],
                "types": ["PDF"],
                "authors": ["Anna"],
                "after": "2024",
                "before": "2025-06",
            },
            "hr\ntag:a\ntag:b\ntype:pdf\nauthor:Anna\nafter:2024-01-01\nbefore:2025-06-01",
        ),
    ],
)
def test_fields_of_the_api_are_one_filter(body, scope):
    assert Question.model_validate({"question": "x", **body}).scope == scope
    assert Search.model_validate({"query": "x", **body}).scope == scope


def test_a_field_that_cannot_be_read_is_told():
    with pytest.raises(UsageError, match="'soon' is not a day"):
        _ = Search(query="x", after="soon").scope


@pytest.mark.parametrize(
    ("filters", "chips", "button"),
    [
        (Filters(("year:2024", "type:excel"), ("year:2024", "type:excel")), ["Année 2024", "Type excel"], True),
        (Filters((), ("year:2024",)), [], False),  # nothing was found in it, so it does not hold
        (Filters(("hr",), ()), [], False),
        (Filters(("collection:<b>",), ("collection:<b>",)), ["Collection &lt;b&gt;"], True),
    ],
)
def test_a_proposed_filter_can_be_taken_off(filters, chips, button):
    sentence = Sentence("25 days.", True, ())
    answer = Answer("In the 2024 policy?", "25 days.", False, 0.9, (sentence,), language="fr", filters=filters)
    html = render_answer(answer, 0, "fr")
    assert re.findall(r'<li class="scope-chip"><span>(.*?)</span>', html) == chips
    assert ("Chercher plutôt dans tous les documents" in html) == button
    assert ("[&quot;*&quot;]" in html) == button
    assert "<b>" not in html
