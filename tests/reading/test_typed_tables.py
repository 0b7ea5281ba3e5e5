import csv

import pytest
from xlsxwriter import Workbook

from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.registry import read_file
from ragapp.reading.tables import markdown_table
from ragapp.reading.typed import builder
from ragapp.reading.typed.builder import add_tables
from ragapp.reading.typed.columns import ColumnCells, typed_columns
from ragapp.reading.typed.values import day_of, number_of


def column(*texts, name="Amount", is_workbook=False, others=()):
    cells = [ColumnCells(name, texts, range(2, len(texts) + 2), {})]
    cells += [ColumnCells("Other", other, range(2, len(other) + 2), {}) for other in others]
    return typed_columns(cells, is_workbook)[0]


def tables(path):
    document = read_file(path)
    add_tables(document)
    return document


def csv_file(folder, rows, delimiter=";", name="book.csv"):
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows(rows)
    return path


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1234", 1234, 1234),
        ("1,234.50", 1234.5, None),
        ("1.234,50", None, 1234.5),
        ("1 234,50 €", None, 1234.5),
        ("1\u202f234,5", None, 1234.5),
        ("1'234.50", 1234.5, None),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("0,125", None, 0.125),
        ("12,5", None, 12.5),
        ("(1,200.00)", -1200.0, None),
        ("−5", -5, -5),
        ("5-", -5, -5),
        ("$1,000.25", 1000.25, None),
        ("12.5%", 12.5, None),
        ("12.3 M€ (in full: 12345678)", 12345678, 12345678),
        ("1 234 567", 1234567, 1234567),
        ("12 kg", 12, 12),
    ],
)
def test_numbers_are_read_both_ways(text, point, comma):
    number = number_of(text)
    assert (number.point, number.comma) == (point, comma)


@pytest.mark.parametrize("text", ["0042", "06 39 98 10 01", "B2.05", "12/2024", "n/a", "1,23,4", "", "(12", "10 to 12"])
def test_keys_and_words_are_no_numbers(text):
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("2024-03-31", "2024-03-31", "2024-03-31"),
        ("31/03/2024", "2024-03-31", None),
        ("03/31/2024", None, "2024-03-31"),
        ("03/04/2024", "2024-04-03", "2024-03-04"),
        ("3.4.2024", "2024-04-03", "2024-04-03"),
        ("1er mars 2024", "2024-03-01", "2024-03-01"),
        ("March 3, 2024", "2024-03-03", "2024-03-03"),
        ("mars 2024", "2024-03", "2024-03"),
        ("31/03/2024 14:05", "2024-03-31T14:05", None),
    ],
)
def test_dates_are_read_both_ways(text, day_first, month_first):
    day = day_of(text)
    assert (day.day_first, day.month_first) == (day_first, month_first)


@pytest.mark.parametrize("text", ["31/02/2024", "32.1.2024", "2024", "someday 2024", "1.2", "3 Foo 2024"])
def test_what_is_no_day_is_no_date(text):
    assert day_of(text) is None


@pytest.mark.parametrize(
    ("texts", "kind", "unit", "values"),
    [
        (("1", "2", ""), "integer", "", [1, 2, None]),
        (("1,5", "2"), "decimal", "", [1.5, 2]),
        (("1 234,50 €", "10 €"), "money", "EUR", [1234.5, 10]),
        (("£5", "£6.25"), "money", "GBP", [5, 6.25]),
        (("5%", "7.5%"), "percent", "%", [5, 7.5]),
        (("3 kg", "4 kg"), "integer", "kg", [3, 4]),
        (("3 kg", "4 m"), "text", "", ["3 kg", "4 m"]),
        (("yes", "no", "yes"), "boolean", "", [1, 0, 1]),
        (("oui", "non"), "boolean", "", [1, 0]),
        (("31/12/2024", "01/02/2024"), "date", "", ["2024-12-31", "2024-02-01"]),
        (("12/31/2024", "01/02/2024"), "date", "", ["2024-12-31", "2024-01-02"]),
        (("North", "12"), "text", "", ["North", "12"]),
        (("0042", "0007"), "text", "", ["0042", "0007"]),
        (("-", "n/a"), "text", "", [None, None]),
    ],
)
def test_a_column_has_the_type_of_all_its_values(texts, kind, unit, values):
    found, read = column(*texts)
    assert (found.type, found.unit, read, found.doubt) == (kind, unit, values, None)


def test_one_sure_cell_decides_for_those_that_may_be_either():
    assert column("1,234", "5,678.25")[1] == [1234, 5678.25]
    assert column("1,234", "5,6")[1] == [1.234, 5.6]
    assert column("1,234", others=[("7,5",)])[1] == [1.234]


@pytest.mark.parametrize(
    ("texts", "kind", "line", "values"),
    [
        (("1,234.50", "2,000.10", "1 234,50", "99,5"), "changed_numbers", 4, [1234.5, 2000.1, 1234.5, 99.5]),
        (("1.5", "1,5", "2.5"), "mixed_numbers", 3, [1.5, 1.5, 2.5]),
        (("1,234", "5,678"), "unsure_numbers", 2, [1234, 5678]),
        (("31/12/2024", "12/31/2024"), "changed_dates", 3, ["2024-12-31", "2024-12-31"]),
        (("03/04/2024", "05/06/2024"), "unsure_dates", 2, ["2024-04-03", "2024-06-05"]),
        (("5 €", "5 £"), "mixed_currencies", 0, [5, 5]),
        ((*["7"] * 12, "about 9"), "not_read", 14, [*[7] * 12, None]),
    ],
)
def test_what_may_be_read_wrongly_is_said(texts, kind, line, values):
    found, read = column(*texts)
    assert (found.doubt.kind, found.doubt.line, read) == (kind, line, values)


def test_workbooks_show_decimal_points():
    assert column("1,234", "5,678", is_workbook=True)[0].doubt is None


def test_places_totals_and_both_lines_of_a_merged_head(tmp_path):
    path = tmp_path / "book.xlsx"
    book = Workbook(str(path))
    sheet, money = book.add_worksheet("Sales"), book.add_format({"num_format": "#,##0"})
    sheet.write("B2", "Sales of the year")
    sheet.merge_range("C4:D4", "2024")
    sheet.merge_range("E4:F4", "2025")
    head, north = ["Region", "Units", "Revenue", "Units", "Revenue"], ["North", 3, 10.6, 4, 20.4]
    lines = [head, north, ["South", 5, 30.4, 6, 40.6], ["Total", 8, 41, 10, 61]]
    for row, line in enumerate(lines, 4):
        for place, value in enumerate(line, 1):
            sheet.write(row, place, value, money if place in (3, 5) else None)
    book.close()
    (table,) = tables(path).tables
    assert [one.name for one in table.columns] == [
        "Region", "2024 / Units", "2024 / Revenue", "2025 / Units", "2025 / Revenue"
    ]  # fmt: skip
    assert (table.title, table.sheet, table.first_column) == ("Sales of the year", "Sales", 1)
    assert [(row.line, row.is_total) for row in table.rows] == [(6, False), (7, False), (8, True)]
    # shown as 11 and 30, kept as they are
    assert [row.values[2] for row in table.rows] == [10.6, 30.4, 41]


@pytest.mark.parametrize(
    ("rows", "totals"),
    [
        ([["North", "5"], ["South", "7"], ["Total", "12"]], [2]),
        ([["North", "5"], ["South", "7"], ["Sous-total", "12"], ["West", "1"], ["Gesamt", "13"]], [2, 4]),
        ([["Ada", "5"], ["Ben", "7"], ["Total North", "12"], ["Cleo", "1"]], [2]),
        ([["Ada", "5"], ["Ben", "7"], ["Total SA", "3"], ["Cleo", "1"]], []),  # a customer
        ([["Ada", "5"], ["Ben", "7"], ["Cleo", "1"], ["", "13"]], [3]),
        ([["Ada", "5"], ["Ben", "7"], ["Cleo", "1"], ["", "14"]], []),
        ([["Ada", "5"], ["Ben", "7"], ["Average", "6"]], [2]),
    ],
)
def test_rows_that_add_up_others_are_totals(tmp_path, rows, totals):
    (table,) = tables(csv_file(tmp_path, [["Name", "Amount"], *rows])).tables
    assert [n for n, row in enumerate(table.rows) if row.is_total] == totals


def test_a_second_head_begins_another_table_and_the_same_head_again_is_no_row(tmp_path):
    rows = [["Name", "Amount"], ["Ada", "5"], ["Ben", "7"], ["Name", "Amount"], ["Cleo", "9"]]
    (table,) = tables(csv_file(tmp_path, rows)).tables
    assert [row.values[0] for row in table.rows] == ["Ada", "Ben", "Cleo"]
    assert [row.line for row in table.rows] == [2, 3, 5]
    rows = [["Name", "Amount"], ["Ada", "5"], ["Ben", "7"], ["Country", "People"], ["Chile", "19"], ["Peru", "34"]]
    first, second = tables(csv_file(tmp_path, rows)).tables
    assert [len(first.rows), [one.name for one in second.columns]] == [2, ["Country", "People"]]


@pytest.mark.parametrize(
    "rows",
    [
        [["A", "B"]],  # no rows
        [["", "", "Amount"], ["x", "y", "5"], ["x", "z", "6"]],  # no names
        [["SP-10", "Bolt"], ["SP-11", "Nut"], ["SP-12", "Pin"]],  # its first row is data
        [["12", "15"], ["Ada", "Ben"], ["Cleo", "Dan"]],
    ],
)
def test_without_a_clear_head_there_is_no_table(rows):
    document = Document("t", [Unit(1, blocks=[Block(markdown_table(rows), "table")])])
    add_tables(document)
    assert document.tables == []


def test_a_table_goes_on_on_the_next_page_and_its_rows_stand_where_they_say():
    blocks = [Block(markdown_table([["Name", "Days"], [name, "3"]]), "table") for name in ("Ada | Co", "Ben", "Cleo")]
    pages = [Unit(n, blocks=[block]) for n, block in enumerate(blocks, 1)]
    pages[0].blocks.insert(0, Block("Page 1.", "text"))
    document = Document("t", pages)
    add_tables(document)
    (table,) = document.tables
    assert [row.values for row in table.rows] == [("Ada | Co", 3), ("Ben", 3), ("Cleo", 3)]
    shown = [document.units[row.unit - 1].text[row.start : row.end] for row in table.rows]
    assert shown == ["| Ada \\| Co | 3 |", "| Ben | 3 |", "| Cleo | 3 |"]


def test_a_form_that_changes_half_way_is_a_warning(tmp_path):
    rows = [["Day", "Flow"], ["1", "1,234.50"], ["2", "1,000.25"], ["3", "1 234,50"]]
    assert tables(csv_file(tmp_path, rows)).warnings == [
        'In the table "book" the numbers of "Flow" change their form at row 4: 1 234,50. Sums of them may be wrong.'
    ]


def test_rows_beyond_the_limit_are_left_out_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "MOST_ROWS", 3)
    rows = [["Name", "Amount"], *([f"n{n}", str(n)] for n in range(5))]
    document = tables(csv_file(tmp_path, rows))
    assert (len(document.tables[0].rows), document.tables[0].left_out) == (3, 2)
    assert "3 rows are kept for counting and adding up; 2 more are not." in document.warnings[0]
