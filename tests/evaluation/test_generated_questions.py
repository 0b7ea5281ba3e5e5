"""What a model writes about a passage, and which questions are believed."""

from dataclasses import replace

import pytest

from ragapp.answer.prompts import prompts_for
from ragapp.evaluation.generated_questions import (
    GeneratedQuestion,
    answered_again,
    fault_of,
    is_found,
    may_answer,
    parse_question,
    question_messages,
    question_prompts,
)
from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk

TEXT = (
    "Travellers who go to Oslo may stay at a hotel for at most 185 euros a night, breakfast included. "
    "Whoever stays longer than six nights rents a flat; Marit Dahl in the office at Bergen arranges it."
)


def chunk(text=TEXT, number=1, unit=1, start=0, document_id=1, language="en"):
    place = unit, (), text, start, start + len(text)
    names = "travel.pdf", "Travel", "/docs/travel.pdf", language, ""
    return StoredChunk(*place, id=number, document_id=document_id, **dict(zip(NAMES, names, strict=True)))


NAMES = "document", "title", "path", "language", "label"


def found(one, also_in=()):
    return ScoredChunk(one, 1.0, 0.5, 1.0, also_in=also_in)


GOOD = GeneratedQuestion("How much may a hotel in Oslo cost a night?", "185 euros")


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Question: Who is it?\nAnswer: Marit Dahl", "Who is it?", "Marit Dahl"),
        ("**Question:** Who is it?\n\n**Answer:** Marit Dahl.", "Who is it?", "Marit Dahl"),
        ("Question : Qui est-ce ?\nRéponse : « Marit Dahl »", "Qui est-ce ?", "Marit Dahl"),
        ("Frage: Wer ist es?\nAntwort: Marit Dahl", "Wer ist es?", "Marit Dahl"),
        ('Who is it?\n"Marit Dahl"', "Who is it?", "Marit Dahl"),
        ("Question: Who is it? The passage says so.\nAnswer: Marit Dahl", "Who is it?", "Marit Dahl"),
        ("Question: How much is it?\nAnswer: £1,250", "How much is it?", "£1,250"),
        ("Question: According to the passage, who is it?\nAnswer: Marit Dahl", "Who is it?", "Marit Dahl"),
        ("Question: Who is it, according to this text?\nAnswer: Marit Dahl", "Who is it?", "Marit Dahl"),
        ("Question: Who in the text is it?\nAnswer: Marit Dahl", "Who is it?", "Marit Dahl"),
        ("Question : Qui est-ce dans le document ?\nRéponse : Marit Dahl", "Qui est-ce ?", "Marit Dahl"),
        ("Frage: Wer ist es laut dem Text?\nAntwort: Marit Dahl", "Wer ist es?", "Marit Dahl"),
        ("I cannot do that.", "", ""),
        ("", "", ""),
    ],
)
def test_question_and_answer_are_read_as_models_write_them(text, question, answer):
    assert parse_question(text) == GeneratedQuestion(question, answer)


def test_a_good_question_has_no_fault():
    assert fault_of(GOOD, chunk()) == ""


@pytest.mark.parametrize(
    ("question", "answer", "fault"),
    [
        ("Oslo hotel prices", "185 euros", "no question"),
        ("What?", "185 euros", "no question"),
        ("How much may a hotel in Oslo cost a night?", "", "no short answer"),
        ("How much may a hotel in Oslo cost a night?", " ".join(["word"] * 13), "no short answer"),
        ("How much does a hotel in Oslo cost as the passage says?", "185 euros", "does not stand alone"),
        ("What does she arrange at the office in Bergen?", "a flat", "does not stand alone"),
        ("Quel est le prix à Oslo d'après ce texte ?", "185 euros", "does not stand alone"),
        ("How much is it a night?", "185 euros", "is about nothing in the passage"),
        ("Who painted the ceiling of a chapel?", "Marit Dahl", "is about nothing in the passage"),
        ("Who may stay at a hotel for at most 185 euros a night?", "Travellers", "copies the passage"),
        ("How much may a hotel in Oslo cost a night?", "190 euros", "answer not in the passage"),
        ("How many nights does one stay in Oslo for 185 euros?", "185 euros", "gives its answer away"),
    ],
)
def test_what_is_wrong_with_a_question_is_named(question, answer, fault):
    assert fault_of(GeneratedQuestion(question, answer), chunk()) == fault


def test_a_row_of_a_table_is_asked_about_in_words():
    table = chunk("City | Hotel limit | Meals\nOslo | 185 euros | 60 euros\nBergen | 150 euros | 55 euros")
    assert fault_of(GOOD, table) == ""


@pytest.mark.parametrize(("language", "label"), [("en", "Question: …"), ("fr", "Réponse : …"), ("de", "Frage: …")])
def test_the_model_is_asked_in_the_passages_language(language, label):
    (message,) = question_messages(chunk(language=language), lambda text: text)
    assert label in message["content"]
    assert "Marit Dahl" in message["content"]


def test_another_language_is_asked_for_by_the_english_prompt():
    (message,) = question_messages(chunk(language="fi"), lambda text: text)
    assert "Question: …" in message["content"]
    assert "(fi)" in message["content"]


def test_what_a_passage_says_to_the_model_is_escaped():
    (message,) = question_messages(chunk("Stop <|end|> here."), lambda text: text.replace("<|end|>", "< end >"))
    assert "<|end|>" not in message["content"]


def test_every_language_that_is_answered_in_has_its_texts():
    assert set(question_prompts()) == {"en", "fr", "de", "es", "it", "nl", "pt"}


def test_a_chunk_is_found_as_itself_its_double_or_its_neighbourhood():
    one = chunk()
    assert is_found(one, [found(chunk("Other", 2, 2)), found(one)])
    assert is_found(one, [found(chunk("Other", 2, 2), also_in=(one,))])
    assert is_found(one, [found(chunk("overlapping it", 3, start=40))])
    assert not is_found(one, [found(chunk("Other", 2, 2))])


@pytest.mark.parametrize(
    ("other", "hidden"),
    [
        (chunk(), True),
        (chunk("In Norway 185 euros are paid.", 2, 5), True),
        (chunk("Stays longer than six nights", 2, start=20), True),
        # another version, with other figures
        (replace(chunk(TEXT.replace("185", "170"), 2, document_id=2), document="travel-2024.pdf"), True),
        (chunk("The canteen is closed on Sundays and in August.", 2, 5), False),
    ],
)
def test_all_that_may_answer_is_hidden(other, hidden):
    assert may_answer(found(other), chunk(), "185 euros") == hidden


@pytest.mark.parametrize(("again", "same"), [("It is 185 euros. [1]", True), ("It is 190 euros.", False), ("", False)])
def test_a_question_gets_the_same_answer_when_it_is_asked_of_its_passage(again, same):
    class Model:
        def escape(self, text):
            return text

        def generate(self, messages, *, max_tokens, cancelled):
            asked = messages[-1]["content"]
            assert GOOD.question in asked
            assert "Marit Dahl" in asked
            yield again

    assert answered_again(Model(), prompts_for("en"), GOOD, chunk(), lambda: False) == same
