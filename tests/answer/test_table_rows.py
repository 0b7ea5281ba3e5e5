import pytest

from ragapp.answer.grounding import ground
from ragapp.answer.table_rows import breaks_condition, mixes_rows, of_another_column, of_another_row, tells_no_change
from ragapp.index.analysis import content_terms, known_terms
from tests.answer.answerkit import passage

KEYS = (
    "| Building | Room | Key holder | Since |\n| --- | --- | --- | --- |\n"
    "| Oak Hall | A-01 | Rosa Lind | May 2020 |\n| Oak Hall | A-02 | Timo Brandt | June 2021 |\n"
    "| Elm Court | B-01 | Vera Novak | May 2020 |\n| Elm Court | B-02 | Paul Hajek | July 2022 |"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "Timo Brandt holds the key of B-02 in Elm Court.",
        "Room B-01 is in Oak Hall.",
        "The key of A-01 is held by Novak.",
        "Vera Novak has held the key of B-01 since June 2021.",
    ],
)
def test_a_name_and_a_key_of_different_rows_are_not_stated(sentence):
    assert mixes_rows(sentence, KEYS)
    assert not ground(sentence, "Who holds which key, and where?", [passage(KEYS)], "en")[0][0].supported


@pytest.mark.parametrize(
    "sentence",
    [
        "Paul Hajek holds the key of B-02 in Elm Court.",
        "A-02 is in Oak Hall, and B-02 is in Elm Court.",
        "Rosa Lind, unlike Vera Novak, is in Oak Hall.",
        "The key holder of A-01 is Lind.",
        "Nobody knows.",
        "There are four rooms.",
    ],
)
def test_what_a_row_holds_or_what_compares_rows_is_left_alone(sentence):
    assert not mixes_rows(sentence, KEYS)


def test_what_stands_outside_the_table_holds_for_all_rows():
    assert not mixes_rows("Room B-01 is in Oak Hall.", f"{KEYS}\n\nB-01 has moved to Oak Hall.")
    assert not mixes_rows("Room B-01 is in Oak Hall.", f"{KEYS}\n\n| Moved | To |\n|---|---|\n| B-01 | Oak Hall |")


def test_a_name_that_is_written_once_holds_for_the_rows_below_it():
    grouped = (
        "| Region | City | Head |\n|---|---|---|\n"
        "| North | Kiel | Ann Lee |\n|  | Bremen | Bob Ray |\n| South | Ulm | Cem Oz |"
    )
    assert not mixes_rows("Bremen is in the North region.", grouped)
    assert mixes_rows("Bremen is in the South region.", grouped)
    headed = "| Item | Price |\n|---|---|\n| Drinks |  |\n| Green tea | 2 |\n| Bakery |  |\n| Rye bread | 3 |"
    assert mixes_rows("Rye bread is one of the Drinks.", headed) is False  # two cells of one column
    beside = (
        "|  | Item | Price |\n|---|---|---|\n"
        "| Drinks |  |  |\n|  | Green tea | 2 |\n| Bakery |  |  |\n|  | Rye bread | 3 |"
    )
    assert mixes_rows("Rye bread is one of the Drinks.", beside)
    assert not mixes_rows("Rye bread is from the Bakery.", beside)


@pytest.mark.parametrize("text", ["", "no table", "| a |", "| a |\n|---|", "|---|\n|---|\n|  |", "a | b"])
def test_odd_passages_mix_nothing(text):
    assert not mixes_rows("Room B-01 is in Oak Hall.", text)


FREIGHT = "| Zone | Days | Fee for 2 boxes |\n|---|---|---|\n| Norland | 9 | €12.50 |\n| Southland | 13 | €7.00 |"


@pytest.mark.parametrize(
    ("sentence", "mixes"),
    [
        ("Norland takes 13 days.", True),
        ("Norland takes 9 days.", False),
        ("The fee for Southland is 12.50 euros.", True),
        ("The fee of 2 boxes to Southland is €7.00.", False),
        ("Norland takes 9 days, Southland 13.", False),
        ("It takes 13 days.", False),
        ("Norland takes 11 days.", False),  # no cell at all, which is found elsewhere
    ],
)
def test_a_figure_of_another_row_is_not_stated(sentence, mixes):
    assert mixes_rows(sentence, FREIGHT) is mixes


CREW = (
    "| Name | Country | Trade | 2022 Hours | 2023 Hours |\n|---|---|---|---|---|\n"
    "| Ash 1 | Chile | paint | 310 | 415 |\n| Birch 2 | Peru | wood | 275 | 190 |\n| Cedar 3 | Chile | wood | 88 | 64 |"
)


@pytest.mark.parametrize(
    ("question", "row", "breaks"),
    [
        ("Who works in wood in Chile?", "| Cedar 3 | Chile | wood | 88 | 64 |", False),
        ("Who works in wood in Chile?", "| Birch 2 | Peru | wood | 275 | 190 |", True),
        ("Who works in wood in Chile?", "| Ash 1 | Chile | paint | 310 | 415 |", True),
        ("Compare Chile and Peru", "| Birch 2 | Peru | wood | 275 | 190 |", False),
        ("Who works in Spain?", "| Birch 2 | Peru | wood | 275 | 190 |", False),
        ("Who works in wood?", "no row", False),
    ],
)
def test_a_row_must_meet_what_the_question_names_of_its_columns(question, row, breaks):
    assert breaks_condition(question, CREW, row) is breaks


@pytest.mark.parametrize(
    ("sentence", "question", "other"),
    [
        ("It is 190.", "What are the 2023 hours of Birch 2?", False),
        ("It is 275.", "What are the 2023 hours of Birch 2?", True),
        ("It is 275.", "What are the hours of Birch 2?", False),
        ("Birch 2 has 275 hours in 2022 and 190 in 2023.", "What are the hours of Birch 2?", False),
    ],
)
def test_a_figure_stands_below_the_heading_that_is_asked_for(sentence, question, other):
    def stems(text):
        return content_terms(text, "en")

    assert of_another_column(sentence, question, CREW, "| Birch 2 | Peru | wood | 275 | 190 |", stems) is other
    assert ground(sentence, question, [passage(CREW)], "en")[0][0].supported is not other


RUNS = (
    "| Fee | Members | Guests, tide table of the harbour | Guests, out of season |\n| --- | --- | --- | --- |\n"
    "| Landing | 3 | 5 | 9 |\n| Hauling out of the water | 20 | 35 | 60 |"
)


@pytest.mark.parametrize(
    ("figure", "question", "other"),
    [
        # "out" is a word of the row, so it tells nothing of the columns
        ("60", "What does hauling out of the water cost guests who use the tide table?", True),
        ("35", "What does hauling out of the water cost guests who use the tide table?", False),
        ("60", "What does hauling out of the water cost guests in the low season?", False),
        ("35", "What does hauling out of the water cost guests in the low season?", True),
    ],
)
def test_a_word_that_names_the_row_names_no_column(figure, question, other):
    def stems(text):
        return {term for term in content_terms(text, "en", ["out"]) if term != "of"}

    row = "| Hauling out of the water | 20 | 35 | 60 |"
    assert of_another_column(f"It is {figure}.", question, RUNS, row, stems) is other


HIVES = (
    "| Apiary | Honey in kg | Growth on 2021 |\n| --- | --- | --- |\n| Lindow | 410 | +7.5% |\n| Marl | 288 | -3.1% |"
)


@pytest.mark.parametrize(
    ("sentence", "question", "row", "wrong"),
    [
        ("Honey of Lindow grew by 410 kg.", "By how much did the honey of Lindow grow?", 0, True),
        ("Honey of Lindow grew by 7.5%.", "By how much did the honey of Lindow grow?", 0, False),
        ("Le miel de Marl a baissé de 288 kg.", "De combien le miel de Marl a-t-il baissé ?", 1, True),
        ("Le miel de Marl a baissé de 3,1 %.", "De combien le miel de Marl a-t-il baissé ?", 1, False),
        ("Lindow gave 410 kg of honey.", "How much honey did Lindow give?", 0, False),
        ("Honey of Lindow grew.", "By how much did the honey of Lindow grow?", 0, False),
    ],
)
def test_what_is_asked_for_as_a_change_is_no_amount_beside_it(sentence, question, row, wrong):
    quote = HIVES.split("\n")[2 + row]
    assert tells_no_change(sentence, question, HIVES, quote) is wrong


TENNIS = """| Event | Level | Format |
| --- | --- | --- |
| Men's singles | any | two sets |
| Women's singles | any | two short sets |
| Mixed doubles | open | one set of nine games |"""


@pytest.mark.parametrize(
    ("sentence", "another"),
    [
        ("The men's doubles are one set of nine games.", True),
        ("The mixed doubles are one set of nine games.", False),
        ("Doubles are one set of nine games.", False),
        ("The mixed doubles are one set, the men's singles two.", False),
    ],
)
def test_a_sentence_about_what_no_row_is_about_is_taken_from_none(sentence, another):
    quote = TENNIS.split("\n")[-1]
    assert of_another_row(sentence, TENNIS, quote, lambda text: known_terms(text, "en")) is another


PARTS = (
    "| Part | Text | Price GBP |\n| --- | --- | --- |\n| TX-1 | Seals for TX-90 | 7.5 |\n| TX-2 | Lamp for TX-90 | 31 |"
)


@pytest.mark.parametrize(
    ("question", "said", "stated"),
    [
        ("What is the price of the TX-90?", "The price of the TX-90 is GBP 7.5.", False),
        ("What is the price of the lamp of the TX-90?", "The price of the lamp is GBP 31.", True),
        ("What is the price of seals for the TX-90?", "Seals for the TX-90 cost GBP 7.5.", True),
        ("What is the price of TX-2?", "The price of TX-2 is GBP 31.", True),
    ],
)
def test_what_is_for_a_thing_is_not_the_thing(question, said, stated):
    sentences, _ = ground(said, question, [passage(PARTS, "prices.xlsx")], "en")
    assert sentences[0].supported is stated
