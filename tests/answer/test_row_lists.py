"""Rows that meet the condition of a question by their own words."""

import pytest
from answerkit import passage

from ragapp.answer.grounding import citation_of
from ragapp.answer.row_lists import rows_meeting

ROWS = [
    "| Site | Town | Keeper | Alarm tested |",
    "| --- | --- | --- | --- |",
    "| Depot 1 | Graz | Mona Lind | yes |",
    "| Depot 2 | Linz | Otto Graz | no |",
    "| Shop 3 | Graz | Pia Wels | no |",
    "| Depot 4 | Wels | Rolf Amann | yes |",
]


def meeting(question, language="en", rows=ROWS, split=None, **place):
    chunks = [passage("\n".join(rows), "sites-2024.xlsx", 1, **place).chunk]
    if split:
        parts = [rows[:split], [*rows[:2], *rows[split:]]]
        chunks = [passage("\n".join(part), "sites-2024.xlsx", n, **place).chunk for n, part in enumerate(parts, 1)]
    found = rows_meeting(question, language, chunks[0], chunks)
    return None if found is None else [row.text.split(";")[0] for row in found.met]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("List all sites in Graz.", ["Depot 1", "Shop 3"]),  # not the one whose keeper is called Graz
        ("List the depots.", ["Depot 1", "Depot 2", "Depot 4"]),
        ("List all depots in Graz", ["Depot 1"]),
        ("Which sites have an alarm?", ["Depot 1", "Depot 4"]),
        ("List all shops in Wels", []),
        ("List all sites in Bern.", None),
        ("List all sites that were rebuilt.", None),
        ("List all sites.", None),
        ("List all sites with more than 3 rooms", None),
        ("List all depots after 2", None),
        ("List all sites of at least £4", None),
        ("List all sites that are not in Graz", None),
        ("List all depots without an alarm", None),
        ("List all sites except those in Linz", None),
        ("List all sites in Linz or Wels", ["Depot 2", "Depot 4"]),
        ("List all sites in Graz and Linz", ["Depot 1", "Depot 2", "Shop 3"]),
        ("List all shops in Graz or Linz", ["Shop 3"]),
    ],
)
def test_the_words_of_the_question_choose_rows(question, rows):
    assert meeting(question) == rows


def test_whoever_is_in_a_table_of_people_is_meant_by_people():
    people = ["| Name | Team |", "| --- | --- |", "| Ada | Lab |", "| Ben | Shop |", "| Cleo | Lab |"]
    assert meeting("List all employees of the lab", rows=people) == ["Ada", "Cleo"]
    assert meeting("List all employees in Graz") is None


def test_other_languages():
    header = ["| Agence | Ville | Clé |", "| --- | --- | --- |"]
    rows = [*header, "| Nord | Lille | oui |", "| Sud | Nîmes | non |", "| Est | Nancy | oui |"]
    assert meeting("Liste toutes les agences de Nîmes", "fr", rows) == ["Sud"]
    assert meeting("Liste toutes les agences qui ont une clé", "fr", rows) == ["Nord", "Est"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Liste toutes les agences qui ne sont pas à Nîmes", "fr"),
        ("Liste toutes les agences sauf Nîmes", "fr"),
        ("Nenne alle Agence, die nicht in Nîmes sind", "de"),
        ("Enumera las agence que no están en Nîmes", "es"),
        ("Elenca le agence che non sono a Nîmes", "it"),
        ("Noem alle agence die niet in Nîmes zijn", "nl"),
        ("Liste as agence que não estão em Nîmes", "pt"),
    ],
)
def test_what_is_left_out_is_never_what_is_listed(question, language):
    header = ["| Agence | Ville | Clé |", "| --- | --- | --- |"]
    rows = [*header, "| Nord | Lille | oui |", "| Sud | Nîmes | non |", "| Est | Nancy | oui |"]
    assert meeting(question, language, rows) is None


def test_all_chunks_of_the_table_are_looked_through():
    assert meeting("List all depots", split=4) == ["Depot 1", "Depot 2", "Depot 4"]


def test_a_table_with_other_columns_is_another_table():
    chunks = [
        passage("\n".join(ROWS), "sites.xlsx", 1).chunk,
        passage("| Depot | Rent |\n| --- | --- |\n| Depot 9 | 4 |", "sites.xlsx", 2).chunk,
    ]
    found = rows_meeting("List all depots", "en", chunks[0], chunks)
    assert found.found == 4


def test_the_words_of_a_row_stand_where_they_are_said_to():
    chunk = passage("Our sites:\n\n" + "\n".join(ROWS), "sites.xlsx", 1, start=100).chunk
    found = rows_meeting("List all depots in Wels", "en", chunk, [chunk])
    (row,) = found.met
    cited = citation_of(row.chunk, 1, row.span)
    assert cited.quote == row.quote
    assert chunk.text[cited.start - 100 :].startswith(row.quote)
    assert row.quote == ROWS[5]
    assert row.text == "Depot 4; Town: Wels"


def test_text_without_a_table():
    chunk = passage("No table here, only | a line.", "a.md").chunk
    assert rows_meeting("List all sites in Graz.", "en", chunk, [chunk]) is None
