"""Which questions need the one before them, and what of the model's rewriting is taken."""

from __future__ import annotations

import json

import pytest

from ragapp.answer.followup import standalone
from ragapp.answer.rewriting import checked, rewrite_messages
from ragapp.contract import Answer, Turn, Understood

CARS = "What is the mileage rate for cars?"
LAPTOPS = "How often are laptops replaced?"
DESK = "Who runs the travel desk?"
RAN = "Helen Tansley runs the travel desk. [1]"

REWRITTEN = [
    (CARS, "", "and for bicycles?", "What is the mileage rate for bicycles?"),
    (CARS, "", "what about 2024?", "What is the mileage rate for cars in 2024?"),
    (CARS, "", "why?", "Why is the mileage rate for cars?"),
    (DESK, RAN, "when is she away?", "When is Helen Tansley away?"),
    (DESK, RAN, "what is her extension?", "What is Helen Tansley's extension?"),
    ("What does E27 mean on the HM-200?", "", "and E31?", "What does E31 mean on the HM-200?"),
    ("Who approves a journey of £300?", "", "and £3,000?", "Who approves a journey of £3,000?"),
    ("Quel est le prix du café à Grenoble ?", "", "et à Paris ?", "Quel est le prix du café à Paris ?"),
    ("Qui est la référente ?", "Nadège Brissaud. [1]", "où est son bureau ?", "Où est le bureau de Nadège Brissaud ?"),
    ("Was kostet das Hotel in London?", "", "und in Paris?", "Was kostet das Hotel in Paris?"),
    ("Wer leitet das Reisebüro?", "Anna Roth. [1]", "wann ist sie abwesend?", "Wann ist Anna Roth abwesend?"),
    ("¿Cuál es el límite para Londres?", "", "¿y para París?", "¿Cuál es el límite para París?"),
    ("Quanto costa l'hotel a Londra?", "", "e a Parigi?", "Quanto costa l'hotel a Parigi?"),
    ("Jaki jest limit dla Londynu?", "", "a dla Paryża?", "Jaki jest limit dla Paryża?"),
    ("Каков лимит на отель в Лондоне?", "", "а в Париже?", "Каков лимит на отель в Париже?"),
    ("Otelin sınırı Londra için nedir?", "", "ya Paris için?", "Otelin sınırı Paris için nedir?"),
    ("ロンドンのホテルの上限は？", "", "パリは？", "パリのホテルの上限は？"),
    ("伦敦的酒店限额是多少？", "", "巴黎呢？", "巴黎的酒店限额是多少？"),
]


def turn(question, reply="", n=1):
    return Turn(question, Answer(question, reply, False, 1.0), question, n)


def understood(last, question, reply="", **more):
    return standalone(question, [turn(last, reply)], **more)


def refuse(*_):
    raise AssertionError("asked")


@pytest.mark.parametrize(("last", "reply", "question", "written"), REWRITTEN)
def test_a_follow_up_is_rewritten_in_any_language(last, reply, question, written):
    found = understood(last, question, reply, covered=lambda _: 1.0, rewrite=lambda *_: (written, 2))
    assert found == Understood(written, "model", 2)


@pytest.mark.parametrize(("last", "reply", "question", "written"), REWRITTEN)
def test_without_a_model_both_questions_are_asked(last, reply, question, written):
    found = understood(last, question, reply, covered=lambda _: 1.0)
    assert found == Understood(f"{last} {question[0].upper()}{question[1:]}", "appended")


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave does somebody in Sheffield get after ten years?",
        "My HM-200 shows E27. What does that code stand for?",
        "In welchem Büro in Grenoble sitzt der Techniker für Computer und Drucker?",
        "À quelle vitesse peut-on rouler au maximum sur le parking du site de Grenoble ?",
        "Какой максимальный вес багажа разрешён при перелёте из Манчестера в Лион?",
    ],
)
def test_a_long_question_stands_alone(question):
    assert understood(CARS, question, covered=refuse, rewrite=refuse) == Understood(question, "unchanged")


@pytest.mark.parametrize(
    "question",
    [
        "how often are laptops replaced?",
        "combien coûtera la climatisation de l'atelier ?",
        "wann öffnet die Kantine morgens?",
        # their "il", "it" and "their" stand for nothing that was said before
        "Que se passe-t-il si je perds mon badge ?",
        "Est-il prévu une prime pour le permanent ?",
        "Is it allowed to bring dogs to the office?",
        "Where do visitors leave their cars?",
    ],
)
def test_between_short_and_long_the_search_decides(question):
    asked = []

    def covered(share):
        return lambda text: asked.append(text) or share

    assert understood(CARS, question, covered=covered(0.3), rewrite=refuse).how == "unchanged"
    assert understood(CARS, question, covered=covered(0.8)).how == "appended"
    assert understood(CARS, question, rewrite=refuse).how == "unchanged"
    assert set(asked) == {f"{CARS} {question[0].upper()}{question[1:]}"}


@pytest.mark.parametrize(
    ("together", "alone", "how"), [(0.7, 1.0, "appended"), (0.3, 0.6, "appended"), (0.3, 1.0, "unchanged")]
)
def test_of_a_few_words_a_passage_holds_all(together, alone, how):
    def covered(text):
        return alone if text == "who is the treasurer?" else together

    assert understood(CARS, "who is the treasurer?", covered=covered).how == how


def test_all_questions_of_the_samples_stand_alone(request):
    lines = (request.config.rootpath / "sample_docs" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines]
    wrong = [q for last, q in zip(asked[-1:] + asked, asked, strict=False) if understood(last, q).how != "unchanged"]
    assert not wrong


@pytest.mark.parametrize("question", ["and for bicycles?", "why?", "who approves it?", "How many days?", "", "  "])
def test_the_first_question_is_never_changed(question):
    assert standalone(question, [], rewrite=refuse) == Understood(question.strip(), "unchanged")


def test_a_follow_up_to_a_follow_up():
    turns = [turn(CARS)]
    for asked in ("and for bicycles?", "and  in 2024?", "why?"):
        found = standalone(asked, turns)
        assert found.question == f"{CARS} {asked[0].upper()}{' '.join(asked.split())[1:]}"
        turns.append(Turn(asked, Answer(asked, "", False, 1.0), found.question))
    rewritten = turn("What is the mileage rate for bicycles?")
    assert standalone("why?", [turn(CARS), rewritten]).question == "What is the mileage rate for bicycles? Why?"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("How often are laptops and phones replaced?", ""),  # phones: invented
        ("Where are the old laptops kept?", ""),  # old: invented
        ("Where are the laptops kept?", "Where are the laptops kept?"),
        ('"Where are laptops kept?"\nThey are kept in the store.', "Where are laptops kept?"),
        ("Where are laptops kept? In the store.", "Where are laptops kept?"),
        ("Laptops are kept in Sheffield.", ""),
        ("Laptops are kept.", ""),
        (LAPTOPS, ""),  # the last question, not this one
        ("Where are they kept?", "Where are they kept?"),
        ("where are they kept?", "Where are they kept?"),
        ("", ""),
        ("?", ""),
        ("Where are laptops kept " * 20 + "?", ""),
    ],
)
def test_what_the_model_writes_is_checked(written, kept):
    found = understood(LAPTOPS, "Where are they kept?", rewrite=lambda *_: (written, 2))
    if kept:
        assert (found.question, found.how) == (kept, "unchanged" if kept == "Where are they kept?" else "model")
    else:
        assert found == Understood(f"{LAPTOPS} Where are they kept?", "appended")


def test_figures_are_kept_and_none_is_invented():
    turns = [turn(LAPTOPS, "Every four years, since 2021. [1]")]
    assert checked("Why are laptops replaced since 2021?", "why since 2021?", turns, "en")
    assert not checked("Why are laptops replaced since 2022?", "why since 2022 then?", turns[:0], "en")
    assert not checked("Why are laptops replaced?", "why since 2021?", turns, "en")
    assert not checked("Why are laptops replaced every five years?", "why is that so?", turns, "en")
    assert checked("Why are laptops replaced every four years?", "why is that so?", turns, "en")


def test_a_conversation_cannot_end_the_prompt():
    messages = rewrite_messages("<end>?", [turn("<end>", "<end>")], lambda text: text.replace("<end>", "< end>"))
    assert "<end>" not in messages[-1]["content"]
    assert messages[-1]["content"].count("< end>") == 3


@pytest.mark.parametrize(
    "question", ["?", "🙂", "((((", "and", "et", "it", "\\", "and for", "漢字", "x" * 5000, "{reply}"]
)
def test_odd_questions_do_no_harm(question):
    for last in (CARS, "", "(", "🙂", "{question}"):
        for written in ("", "?", question, last, "🙂", "{question}"):
            found = understood(last, question, covered=lambda _: 0.0, rewrite=lambda *_, text=written: (text, 0))
            assert found.question
            assert len(found.question) <= len(question) + len(last) + 10
