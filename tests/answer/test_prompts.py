import itertools
import re
from dataclasses import asdict

import pytest
from answerkit import passage

from ragapp.answer.prompts import (
    PROMPTS,
    answer_messages,
    opening_messages,
    parse_prompts,
    probe_messages,
    prompts_for,
    render_passage,
    summary_messages,
    without_place,
)
from ragapp.errors import SettingsError


@pytest.mark.parametrize("language", sorted(PROMPTS))
def test_probe_and_answer_share_all_up_to_the_question(language):
    prompts = PROMPTS[language]
    shown = [passage("Some text."), passage("Other text.")]
    probe = probe_messages(prompts, "Why?", shown, str)
    answer = answer_messages(prompts, "Why?", shown, str)
    assert probe[0] == answer[0]
    common = answer[1]["content"].index(prompts.answer)
    assert probe[1]["content"][:common] == answer[1]["content"][:common]
    assert "Why?" in answer[1]["content"][:common]
    assert answer[1]["content"].index("Other text.") < answer[1]["content"].index("Why?")


LAYOVERS = passage(
    "Pay is due.",
    "book.pdf",
    9,
    title="Handbook",
    headings=("Chapter 6. Drivers on the road", "6.3 Layovers and motels"),
)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Handbook > Chapter 6. Drivers on the road > 6.3 Layovers and motels: Pay is due.", "Pay is due."),
        ("Chapter 6. Drivers on the road > 6.3 Layovers and motels\nPay is due.", "Pay is due."),
        ("**book.pdf, p. 9 — Handbook > Chapter 6. Drivers on the road > 6.3 Layovers and motels**: Pay", "Pay"),
        ("Handbook, Chapter 6. Drivers on the road, 6.3 Layovers and motels. Pay is due.", "Pay is due."),
        ("Chapter 6: Drivers on the road – 6.3 Layovers and motels – Pay is due.", "Pay is due."),
        ("Chapter 6. Drivers on the road, 6.3 Layovers and hotels are repaid.", None),
        ("6.3 Layovers and motels are repaid.", "6.3 Layovers and motels are repaid."),
        ("Handbook pay is due.", "Handbook pay is due."),
        ("Pay is due.", "Pay is due."),
        ("", ""),
    ],
)
def test_the_place_of_a_passage_is_no_part_of_what_is_written(written, told):
    assert without_place(written, [passage("Other."), LAYOVERS]) == (written if told is None else told)


def test_what_is_told_of_a_growing_text_only_grows():
    text = "Handbook > Chapter 6. Drivers on the road > 6.3 Layovers and motels: Pay is due at noon."
    told = [without_place(text[:end], [LAYOVERS]) for end in range(13, len(text) + 1)]
    assert told[-1] == "Pay is due at noon."
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(told))


def test_text_of_documents_and_questions_goes_through_escape():
    messages = answer_messages(
        PROMPTS["en"], "q <|end|>", [passage("p <|end|>")], lambda text: text.replace("<|", "< |")
    )
    assert "<|end|>" not in messages[1]["content"]


def test_braces_in_a_question_are_text():
    messages = answer_messages(PROMPTS["en"], "what is {x} and {question}?", [], str)
    assert "what is {x} and {question}?" in messages[1]["content"]


def test_a_passage_says_whose_it_is_and_where():
    text = render_passage(2, passage("Body.", "a.pdf", 7, title="Policy", headings=("Policy", "Leave"), label="iv"))
    assert text.startswith("[2] a.pdf, iv — Policy > Leave\nBody.")
    assert "p. 7" in render_passage(1, passage("Body.", "a.pdf", 7))


def test_rows_of_a_table_are_spelled_out():
    text = render_passage(1, passage("| Place | Hotel |\n| --- | --- |\n| Paris | €172 |", "a.pdf"))
    assert "Place: Paris; Hotel: €172" in text
    assert "|" not in text


def test_other_languages_get_english_prompts_that_ask_for_an_answer_in_them():
    assert prompts_for("xx") == PROMPTS["en"]
    assert prompts_for("") == PROMPTS["en"]
    danish = prompts_for("da")
    assert danish.answer.endswith("Answer in Danish.")
    assert danish.list.endswith("Answer in Danish.")
    assert danish.not_found != PROMPTS["en"].not_found
    assert (danish.probe, danish.yes) == (PROMPTS["en"].probe, PROMPTS["en"].yes)


SEARCHED = ("searched_only", "searched_all", "which_document")


def test_seven_languages_have_all_that_a_person_reads_in_them():
    assert {"en", "fr", "de", "es", "it", "nl", "pt"} <= PROMPTS.keys()
    for name in (
        "not_found",
        "unsure",
        "own_words",
        "not_stated",
        "disagrees",
        "listed",
        "long_question",
        "orders",
        *SEARCHED,
    ):
        texts = [getattr(prompts, name) for prompts in PROMPTS.values()]
        assert len(set(texts)) == len(PROMPTS)
        fields = [sorted(re.findall(r"{(\w+)}", text)) for text in texts]
        assert all(names == fields[0] for names in fields)


def test_a_text_that_a_language_lacks_is_named():
    texts = asdict(PROMPTS["en"])
    assert parse_prompts({"en": texts}) == {"en": PROMPTS["en"]}
    with pytest.raises(ValueError, match="section fr: missing or unknown: summary"):
        parse_prompts({"en": texts, "fr": {name: text for name, text in texts.items() if name != "summary"}})
    with pytest.raises(ValueError, match="section en: missing or unknown: True, yes"):
        parse_prompts({"en": {True if name == "yes" else name: text for name, text in texts.items()}})


def test_a_person_may_word_the_prompts():
    own = {"en": {"answer": "Be brief."}, "de": {"not_found": "Nichts."}}
    assert prompts_for("en", own).answer == "Be brief."
    assert prompts_for("en", own).probe == PROMPTS["en"].probe
    assert prompts_for("de", own).not_found == "Nichts."
    assert prompts_for("fr", own) == PROMPTS["fr"]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"en": {"anwser": "x"}}, "Did you mean `answer`?"),
        ({"en": {"question": "Q:"}}, "{question}"),
        ({"en": {"qqq": ""}}, "Known:"),
    ],
)
def test_a_prompt_that_cannot_be_is_refused(own, told):
    with pytest.raises(SettingsError) as refused:
        prompts_for("en", own)
    assert told in f"{refused.value} {refused.value.hint}"


def test_every_chat_begins_with_the_opening():
    system, user = opening_messages(PROMPTS["en"])
    shown = [passage("x")]
    for messages in (probe_messages(PROMPTS["en"], "Why?", shown, str), summary_messages(PROMPTS["en"], shown, str)):
        assert messages[0] == system
        assert messages[1]["content"].startswith(user["content"])
