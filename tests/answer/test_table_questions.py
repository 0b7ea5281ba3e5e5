"""Questions to tables: which query their words tell, what is refused, and what the answer shows."""

import csv

import numpy as np
import pytest

from ragapp.answer.table_search import table_answer
from ragapp.answer.table_telling import Telling
from ragapp.answer.table_words import asked_of_table
from ragapp.index.catalog import Catalog
from ragapp.index.records import Chunk, EmbedderIdentity
from ragapp.reading.registry import read_file
from ragapp.reading.typed.builder import add_tables

ORDERS = """Order no;Customer;Region;Ordered on;Quantity;Net amount;Paid
1001;Dupont & fils;North;03/01/2024;5;1 200,50 €;yes
1002;Ackroyd;South;15/02/2024;2;80,00 €;no
1003;Dupont & fils;North;20/03/2024;1;3 000,00 €;yes
1004;Berg;East;02/04/2024;7;410,25 €;yes
1005;Ackroyd;North;31/12/2023;4;99,99 €;no
Total;;;;19;4 790,74 €;
"""
FLOW = "Day;Flow\n1;1,000.50\n2;2,000.25\n3;3 000,75\n"
PRICES = "Item;Price\nPen;5 €\nInk;7 £\nPad;9 €\n"


def stored(folder, books):
    """A catalog with some files, by their names, without vectors."""
    made = Catalog(folder / "catalog.sqlite3")
    identity = made.identity_id(EmbedderIdentity("none", 1, True, "none", "none"))
    for name, text in books.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        document = read_file(path)
        add_tables(document)
        chunks = [Chunk(unit.number, (), unit.text, 0, len(unit.text)) for unit in document.units]
        made.put_document(path, document, chunks, np.zeros((len(chunks), 1)), identity, 1, 1, name)
    return made


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    made = stored(tmp_path_factory.mktemp("tables"), {"orders.csv": ORDERS, "flow.csv": FLOW, "prices.csv": PRICES})
    yield made
    made.close()


@pytest.mark.parametrize(
    ("question", "language", "where", "line"),
    [
        ("How many orders are there?", "en", "", "orders.csv has 5 rows."),
        ("How many orders came from the North?", "en", "= 'North'", "3 rows of orders.csv with Region = North."),
        ("What is the total net amount?", "en", "", "Total of Net amount: 4,790.74 € (5 rows of orders.csv)."),
        ("Total net amount for Dupont & fils", "en", "= 'Dupont & fils'", "4,200.50 €"),
        ("What is the average quantity of paid orders?", "en", '"Paid" = 1', "4.33"),
        ("How many orders are not paid?", "en", '"Paid" = 0', "2 rows"),
        ("How many orders are over 400 €?", "en", '"Net amount" > 400', "3 rows"),
        ("How many orders have a quantity of at least 5?", "en", '"Quantity" >= 5', "2 rows"),
        ("How many orders between 50 and 100 EUR?", "en", '"Net amount" >= 50', "2 rows"),
        ("How many orders in 2024?", "en", "\"Ordered on\" >= '2024' AND \"Ordered on\" < '2025'", "4 rows"),
        ("How many orders before 1 February 2024?", "en", "< '2024-02-01'", "2 rows"),
        ("How many orders in the first quarter of 2024?", "en", "< '2024-04'", "3 rows"),
        ("What is the largest net amount?", "en", "", "3,000.00 €"),
        ("Which customer has the highest total net amount?", "en", "2 DESC", "Dupont & fils: 4,200.50 €"),
        ("Which region has the most orders?", "en", "COUNT(*)", "North: 3"),
        ("How many different customers are there?", "en", "COUNT(DISTINCT", "3 different values"),
        ("Total quantity by region", "en", 'GROUP BY 1', "North: 10"),
        ("Compare the total quantity of North and South", "en", "IN ('North', 'South')", "South: 2"),
        ("What is the net amount of order 1004?", "en", '"Order no" = 1004', "410.25 €"),
        ("List the orders from the East", "en", "= 'East'", "1004; Customer: Berg"),
    ],
)  # fmt: skip
def test_the_words_of_a_question_tell_the_query(catalog, question, language, where, line):
    found = table_answer(catalog, question, language)
    assert where in found.sql
    assert line in "\n".join(found.lines)


@pytest.mark.parametrize(
    "question",
    [
        "How many orders came from Narnia?",  # a word that is nothing of the table
        "What is the total VAT of all orders?",
        "How many orders were cancelled?",
        "What is the total price?",  # in two currencies
        "Which region has the highest net amount?",  # of one order, or of all?
        "How many days of leave do employees get?",
        "What is the notice period?",
        "How many orders are there without a customer?",
        "How many North are there?",
    ],
)
def test_what_the_words_do_not_tell_is_left_to_the_passages(catalog, question):
    assert table_answer(catalog, question, "en") is None


def test_the_scope_of_a_question_holds(catalog):
    assert table_answer(catalog, "How many orders are there?", "en", scope="flow.csv") is None
    assert table_answer(catalog, "How many orders are there?", "en", scope="nothing*") is None


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Quel est le plus petit montant ?", "smallest"),
        ("Quel est le plus grand montant ?", "largest"),
        ("Combien d'articles ?", "count"),
        ("Quelle est la moyenne des ventes ?", "average"),
    ],
)
def test_french_asks_for_the_same_figures(question, kind):
    assert kind in asked_of_table(question, "fr").wanted


def test_no_figure_is_asked_for():
    assert asked_of_table("Wie viele Aufträge gibt es?", "de") is None
    assert asked_of_table("Who signs the contract?", "en") is None
    assert "list" not in asked_of_table("What is the list price of the pen?", "en").wanted


class Writer:
    """Stands in for a language model that writes what it is told to."""

    def __init__(self, *texts):
        self.texts, self.asked = list(texts), []

    def generate(self, messages, **options):
        self.asked.append([message["content"] for message in messages])
        yield self.texts.pop(0)

    def escape(self, text):
        return text


def test_the_model_writes_a_query_where_the_words_do_not_tell(catalog):
    question = "How much net amount was signed for in the North?"
    engine = Writer('SELECT SUM("Net amount") FROM orders WHERE "Region" = \'North\';')
    found = table_answer(catalog, question, "en", engine=engine)
    assert (found.by, found.lines) == (
        "model",
        ["Total of Net amount: 4,300.49 € (3 rows of orders.csv with Region = North)."],
    )
    assert "North" in engine.asked[0][1]


@pytest.mark.parametrize(
    "written",
    [
        "DELETE FROM orders",
        'SELECT SUM("Net amount") FROM orders WHERE "Region" = \'North\'; DROP TABLE tables',
        "SELECT path FROM documents",
        'SELECT SUM("Net amount") FROM orders, flow WHERE "Region" = \'North\'',
        'SELECT SUM("Net amount") FROM orders',  # the North is left out
        'SELECT SUM("Net amount") FROM orders WHERE "Region" = \'South\' AND "Region" = \'North\'',  # nobody said South
        'SELECT COUNT(*) FROM orders WHERE "Region" = \'North\' AND "Quantity" > 3',
        'SELECT AVG("Net amount") FROM orders WHERE "Region" = \'North\'',  # another figure
        'SELECT SUM("Profit") FROM orders WHERE "Region" = \'North\'',
        'SELECT SUM("Net amount") FROM orders WHERE "Region" IN (SELECT \'North\')',
        "The total is 4300.",
        "",
    ],
)
def test_after_two_tries_the_rows_are_shown_and_no_figure(catalog, written):
    engine = Writer(written, written)
    found = table_answer(catalog, "How much net amount was signed for in the North?", "en", engine=engine)
    assert found.by == "nobody"
    assert found.answered[0].count == 3
    assert not engine.texts
    assert "cannot be used" in engine.asked[1][-1]


def test_the_second_try_may_be_good(catalog):
    engine = Writer("SELECT 1", '```sql\nSELECT SUM("Net amount") AS s FROM orders WHERE "Region" = \'North\'\n```')
    found = table_answer(catalog, "How much net amount was signed for in the North?", "en", engine=engine)
    assert (found.by, found.answered[0].result.rows) == ("model", [(4300.49,)])


@pytest.mark.parametrize(
    "question",
    [
        "How many days off does a new driver in the North get each year?",
        "What is the average age of a pensioner in the North who still works?",
    ],
)
def test_nothing_is_written_for_a_question_that_is_mostly_about_something_else(catalog, question):
    engine = Writer()
    assert table_answer(catalog, question, "en", engine=engine) is None
    assert not engine.asked


@pytest.mark.real
def test_a_figure_is_answered_with_its_query_and_rows(sample_settings):
    from ragapp.app import App

    with App(sample_settings) as app:
        answer = app.ask("What is the highest list price in EUR of the instruments?")
        app.settings.answer.tables = False
        passages = app.ask("What is the highest list price in EUR of the instruments?")
    assert answer.query == 'SELECT MAX("List price EUR") FROM "instruments"'
    assert (answer.abstained, answer.grade) == (False, "answered")
    assert answer.answer == (
        "Largest List price EUR: 8,670 € (price-list-2025.xlsx, Instruments). [1]\n"
        "- HT-12; Description: Automatic titrator, one burette [1]"
    )
    (row,) = answer.rows
    assert (row.where, row.cells[0], answer.rows_found) == ("Instruments!A13:F13", "HT-12", 1)
    assert "HT-12" in answer.citations[0].quote
    assert answer.sentences[0].supported
    assert passages.query == ""


@pytest.mark.real
@pytest.mark.parametrize("stated", [True, False])
def test_the_model_is_asked_for_a_query_only_where_passages_do_not_answer(sample_settings, monkeypatch, stated):
    from ragapp.answer import table_answer as module
    from ragapp.answer.assistant import Assistant
    from ragapp.app import App
    from ragapp.contract import Sentence

    writers = []

    def unanswered(catalog, question, language, *, engine, **options):
        writers.append(engine)

    def from_passages(self, bench, draft, asked):
        if stated:
            draft.add(Sentence("It holds 2,400 readings. [1]", True, (1,)))
        return iter(())

    monkeypatch.setattr(module, "table_answer", unanswered)
    monkeypatch.setattr(module, "_is_of_table", lambda bench: True)
    monkeypatch.setattr(Assistant, "_drafted_from_passages", from_passages)
    with App(sample_settings) as app:
        answer = app.ask("How many readings fit into the memory of the HM-200?")
        assert writers == ([None] if stated else [None, app.engine()])
    assert answer.abstained is not stated


def test_what_may_be_read_wrongly_is_said(catalog):
    found = table_answer(catalog, "What is the total flow?", "en")
    assert found.lines == ["Total of Flow: 6,001.50 (3 rows of flow.csv)."]
    (doubt,) = Telling("en", found.answered[0].query).doubts()
    assert doubt == "The numbers of Flow change their form at row 4 (3 000,75); the figure may be wrong."


@pytest.mark.parametrize(
    ("text", "question", "doubt"),
    [
        (
            "Wire;Ohm\n" + "".join(f"w{n};{n}\n" for n in range(12)),
            "How many wires are there?",
            "The table has 5 more rows, which are not kept; they are not counted.",
        ),
        (
            "Team;Share\nA;40%\nB;0.3\nC;30%\n",
            "What is the average share?",
            "Cells of Share without % (1, the first in row 3: 0.3) were read as percent; the figure may be wrong.",
        ),
    ],
)
def test_a_figure_that_may_be_wrong_is_doubtful(tmp_path, monkeypatch, text, question, doubt):
    monkeypatch.setattr("ragapp.reading.typed.builder.MOST_ROWS", 7)
    catalog = stored(tmp_path, {"wires.csv": text})
    found = table_answer(catalog, question, "en")
    assert Telling("en", found.answered[0].query).doubts() == [doubt]
    catalog.close()


def test_amounts_are_asked_in_any_currency(tmp_path):
    rows = "".join(f"a{n};{n * 100} zł\n" for n in range(1, 9))
    catalog = stored(tmp_path, {"fees.csv": f"Member;Fee\n{rows}"})
    found = table_answer(catalog, "How many fees are over 450 PLN?", "en")
    assert found.lines == ["4 rows of fees.csv with Fee > 450 zł."]
    assert table_answer(catalog, "What is the total fee in PLN?", "en").lines == [
        "Total of Fee: 3,600 zł (8 rows of fees.csv)."
    ]
    # no currency: a word that says something
    assert table_answer(catalog, "How many mad members are there?", "en") is None
    catalog.close()


def test_many_rows_are_asked_quickly(tmp_path):
    path = tmp_path / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Reading", "Station", "Flow"])
        rows.writerows((n, f"Station {n % 7}", f"{n}.5") for n in range(20_000))
    document = read_file(path)
    add_tables(document)
    made = Catalog(tmp_path / "catalog.sqlite3")
    identity = made.identity_id(EmbedderIdentity("none", 1, True, "none", "none"))
    made.put_document(path, document, [], np.zeros((0, 1)), identity, 1, 1, "many")
    found = table_answer(made, "What is the total flow at Station 3?", "en")
    made.close()
    assert found.answered[0].count == 2857
    assert found.seconds < 1
