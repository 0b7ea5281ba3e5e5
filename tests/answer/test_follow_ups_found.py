"""Which follow-ups need the last question, and what both together find, with the real index and embedder."""

import json

import pytest

from ragapp.answer.followup import standalone
from ragapp.app import App
from ragapp.contract import Answer, Turn

pytestmark = pytest.mark.real

OTHER_LANGUAGES = [
    ("Wie hoch ist die Hotelgrenze für London?", "und für Paris?"),
    ("Wie lange werden nächtliche Backups aufbewahrt?", "und die monatlichen?"),
    ("Wer leitet das Travel Desk 2025?", "wann ist sie abwesend?"),
    ("¿Cuál es el límite de hotel para Londres?", "¿y para París?"),
    ("¿Quién aprueba un viaje de £1,800?", "¿y fuera de Europa?"),
    ("¿Cuántos caracteres debe tener una contraseña?", "¿caducan?"),
    ("Qual è il limite dell'hotel per Londra?", "e per Parigi?"),
    ("Chi gestisce il travel desk?", "qual è il suo interno?"),
    ("Hoeveel kost de HM-200?", "en in euro's?"),
    ("Quantos dias de férias há em Sheffield?", "e em Grenoble?"),
]


@pytest.fixture
def retriever(sample_settings):
    """Finds passages in the sample documents."""
    with App(sample_settings) as app:
        yield app.retriever


@pytest.fixture
def search(retriever):
    return retriever.search


@pytest.fixture
def covered(retriever):
    """Share of a question's words that the best passage holds."""
    return lambda question: retriever.coverage(question, 4)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_follow_ups_find_their_page(request, search, covered):
    cases = lines(request.path.parent / "follow_ups.jsonl")

    def first(question, case):
        top = search(question, 1).passages[0].chunk
        return (top.document, top.unit) == (case["document"], case["page"])

    as_asked = sum(first(case["follow_up"], case) for case in cases)
    understood = 0
    for case in cases:
        turn = Turn(case["question"], Answer(case["question"], case["answer"], False, 1.0), case["question"])
        understood += first(standalone(case["follow_up"], [turn], covered=covered).question, case)
    assert understood >= as_asked + 4
    assert understood >= 0.7 * len(cases)


def test_questions_that_stand_alone_are_left_alone(request, covered):
    questions = [case["question"] for case in lines(request.config.rootpath / "sample_docs" / "questions.jsonl")]
    changed = [
        question
        for last, question in zip(questions[-1:] + questions, questions, strict=False)
        if standalone(question, [Turn(last, Answer(last, "", False, 1.0), last)], covered=covered).how != "unchanged"
    ]
    assert len(changed) <= 0.05 * len(questions), changed


@pytest.mark.parametrize(("last", "question"), OTHER_LANGUAGES)
def test_follow_ups_in_other_languages_are_told(last, question, covered):
    assert standalone(question, [Turn(last, Answer(last, "", False, 1.0), last)], covered=covered).how == "appended"
