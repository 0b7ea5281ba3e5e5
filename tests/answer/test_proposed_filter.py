from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.answer.assistant import Assistant, answer_of
from ragapp.answer.proposed_filter import propose_filter
from ragapp.contract import Answer, Filters
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.settings import Settings
from tests.storekit import WordEmbedder, identity_of, make_document, one_chunk_each


def row(number: int, path: str, day: str = "", **facts: object) -> DocumentRow:
    name = path.rpartition("/")[2]
    return DocumentRow(
        number, 1, path, name, "", "en", 1, 1, "s", (), "", 1, 0, 0, 0, 1, "", written=day or "2020-05-05", **facts
    )


ROWS = [
    row(1, "/docs/travel-policy-2024.docx"),
    row(2, "/docs/travel-policy-2025.pdf"),
    row(3, "/docs/contracts/lease.docx", "2023-04-01"),
    row(4, "/docs/contrats/bail.docx", "2023-04-01"),
    row(5, "/docs/price-list-2025.xlsx", collections=("Sales",)),
    row(6, "/docs/amendment.eml", collections=("Human resources",)),
    row(7, "/docs/accord-teletravail-2024.docx", collections=("Contrats",)),
]
NAMES = ["Sales", "Human resources", "Contrats"]


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        # years
        ("What is the hotel limit in the 2024 policy?", ["year:2024"]),
        ("What is the hotel limit in the 2024 travel policy?", ["year:2024"]),
        ("According to the travel policy of 2025, who approves trips?", ["year:2025"]),
        ("What rent is due under the contracts from 2023?", ["year:2023"]),
        ("Which limits are in our 2025 documents?", ["year:2025"]),
        ("Quel est le préavis dans les contrats de 2023 ?", ["year:2023"]),
        ("Selon l’accord de télétravail de 2024, combien de jours ?", ["year:2024"]),
        ("Que dit l'accord sur les jours dans l'accord 2024 ?", ["year:2024"]),
        # a year of the matter, not of the documents
        ("What was the turnover in 2024?", []),
        ("What was the turnover of the company in 2024?", []),
        ("How many days of leave were taken in the year 2024?", []),
        ("What is the price in the 2025 season?", []),
        ("Quel était le chiffre d’affaires de 2024 ?", []),
        ("Dans le rapport, quel est le chiffre de 2024 ?", []),
        ("Dans le rapport le chiffre de 2024 est-il donné ?", []),
        # no such document of that year
        ("What is in the 2019 policy?", []),
        ("What is in the 2023 policy?", []),
        ("What rent is in the 2024 lease?", []),
        # several years compare
        ("What differs between the 2024 policy and the 2025 policy?", []),
        ("What is in the 2024 policy and not in 2025?", []),
        ("What is said, but not in the 2024 policy?", []),
        ("Que disent les textes autres que les contrats de 2023 ?", []),
        # types
        ("What does a heat pump cost in the spreadsheets?", ["type:excel"]),
        ("In the PDF files, who approves trips?", ["type:pdf"]),
        ("Who approves trips in the Word documents that are signed?", ["type:word"]),
        ("What was announced in the emails?", ["type:mail"]),
        ("Que coûte la pompe dans les feuilles de calcul ?", ["type:excel"]),
        ("Qui valide, d'après les courriels ?", ["type:mail"]),
        ("What must stand in the email signature?", []),
        ("Where is the workbook folder?", []),
        ("Can I send it by email?", []),
        ("What is in the slides?", []),
        ("In the pdfs or in the spreadsheets, what is the price?", []),
        ("What is the price in the spreadsheets and PDFs?", []),
        ("Is it in the PDFs, or in the spreadsheets?", []),
        ("What is in the image files?", []),  # there are none
        # collections
        ("What does a pump cost in Sales?", ["collection:Sales"]),
        ("What is the price in the collection Sales?", ["collection:Sales"]),
        ("Who approves leave in the human resources collection?", ["collection:Human resources"]),
        ("Quel est le préavis dans les contrats ?", ["collection:Contrats"]),
        ("Quel est le délai dans les contrats de 2024 ?", ["collection:Contrats"]),
        ("Who has the best sales?", []),
        ("What sales were made?", []),
        ("Who is not in Sales?", []),
        # together
        ("In the 2025 documents in Sales, what does a pump cost?", ["year:2025", "collection:Sales"]),
        ("", []),
    ],
)
def test_what_a_question_names(question, lines):
    assert list(propose_filter(question, lambda: ROWS, NAMES)) == lines


def test_what_would_restrict_nothing_is_not_proposed():
    assert propose_filter("What is in the 2024 documents?", lambda: [ROWS[0], ROWS[6]]) == ()
    assert propose_filter("What is in the 2024 documents?", list) == ()


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "catalog.sqlite3")
    identity = made.identity_id(identity_of(WordEmbedder()))
    for path in ("/docs/policy-2024.txt", "/docs/policy-2025.txt"):
        document = make_document("Some words.", title="t")
        vectors = WordEmbedder().embed_documents(["Some words."])
        made.put_document(Path(path), document, one_chunk_each(document), vectors, identity, 1, 1, path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("question", "scope", "answered_in", "asked", "filters", "note"),
    [
        ("What is in the 2024 policy?", "", "year:2024", ["year:2024"], (("year:2024",), ("year:2024",)), "Only"),
        ("What is in the 2024 policy?", "", "", ["year:2024", ""], ((), ("year:2024",)), "Nothing was found in 2024"),
        ("What is in the 2024 policy?", "", None, ["year:2024", ""], ((), ("year:2024",)), "Nothing was found in 2024"),
        # who says where to look is not corrected, and `*` asks everything
        ("What is in the 2024 policy?", "*", "*", ["*"], (("*",), ()), ""),
        ("What is in the 2024 policy?", "tag:a\n*.txt", None, ["tag:a\n*.txt"], (("tag:a", "*.txt"), ()), ""),
        ("What is in the policy?", "", "", [""], ((), ()), ""),
    ],
)
def test_where_the_named_documents_do_not_answer_all_are_asked(
    catalog, monkeypatch, question, scope, answered_in, asked, filters, note
):
    assistant = Assistant(None, lambda: None, Settings(), catalog=catalog)
    within = []

    def answer(question, scope, *how):
        within.append(scope)
        found = scope == answered_in
        yield Answer(question, "25 days" if found else "not said", not found, 1.0, language="en")

    monkeypatch.setattr(assistant, "_answer", answer)
    given = answer_of(assistant.ask(question, scope=scope))
    assert within == asked
    assert given.filters == Filters(*filters)
    assert given.note.startswith(note)
    assert bool(given.note) == bool(note)
    assert given.abstained == (answered_in is None)
