"""Follow-ups on the sample documents find the page that they are about, with the real index and embedder."""

import json

import pytest

from ragapp.answer.followup import standalone
from ragapp.app import App
from ragapp.index.conversations import Turn

pytestmark = pytest.mark.real


@pytest.fixture
def cases(request):
    lines = (request.path.parent / "follow_ups.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_follow_ups_find_their_page(sample_settings, cases):
    with App(sample_settings) as app:

        def covered(question):
            return max(passage.coverage for passage in app.retriever.search(question, 4).passages)

        def first(question, case):
            top = app.retriever.search(question, 1).passages[0].chunk
            return (top.document, top.unit) == (case["document"], case["page"])

        as_asked = sum(first(case["follow_up"], case) for case in cases)
        understood = 0
        for case in cases:
            turn = Turn(1, case["question"], case["question"], {"answer": case["answer"]}, "")
            understood += first(standalone(case["follow_up"], [turn], covered=covered).question, case)
    assert understood >= as_asked + 6
    assert understood >= 0.7 * len(cases)
