import pytest

from ragapp.answer.table_text import as_prose, linearize_tables

TABLE = "| Place | Hotel, per night | Lunch |\n| --- | :---: | --- |\n| London | £160 | £12 |\n| Paris |  | €17 |"


def test_every_value_stands_beside_the_name_of_its_column():
    assert linearize_tables(TABLE).splitlines() == [
        "Place: London; Hotel, per night: £160; Lunch: £12",
        "Place: Paris; Lunch: €17",
    ]


def test_what_is_around_a_table_stays():
    text = f"Limits | 2024\n\n{TABLE}\n\nBreakfast is included.\n| no table |"
    spelled = linearize_tables(text)
    assert spelled.startswith("Limits | 2024\n\nPlace: London")
    assert spelled.endswith("Lunch: €17\n\nBreakfast is included.\n| no table |")


def test_two_tables_keep_their_own_columns():
    other = "| Code | Meaning |\n|---|---|\n| E27 | Out of tolerance |"
    assert linearize_tables(f"{TABLE}\n\n{other}").endswith("Code: E27; Meaning: Out of tolerance")


@pytest.mark.parametrize("text", ["", "No table.", "| a | b |", "|---|---|", "a\n|---|\nb"])
def test_what_is_no_table_stays_as_it_is(text):
    assert linearize_tables(text) == text


def test_odd_rows_lose_nothing():
    text = "|  | Rate |\n|---|---|\n| Car | 45p | extra |\n| a \\| b | 2 |"
    assert linearize_tables(text).splitlines() == ["Car; Rate: 45p; extra", "a | b; Rate: 2"]


def test_a_quote_is_one_line_without_bars():
    assert as_prose("| London | £160 | £12 |") == "London; £160; £12"
    assert as_prose(f"Limits\n\n{TABLE}").startswith(
        "Limits Place: London; Hotel, per night: £160; Lunch: £12 Place: Paris"
    )
