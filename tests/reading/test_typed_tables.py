import csv

import pytest
from xlsxwriter import Workbook

from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.registry import read_file
from ragapp.reading.sheets import split, units
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


def sheet_file(folder, rows, name="book.xlsx"):
    with Workbook(str(folder / name)) as book:
        sheet = book.add_worksheet("Sheet")
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return folder / name


def open_document_file(rows):
    """An OpenDocument sheet in one XML file."""
    names = {"office": "office", "table": "table", "text": "text"}
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"' for name, path in names.items()
    )
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = "".join(f"<table:table-row>{''.join(map(cell.format, cells))}</table:table-row>" for cells in rows)
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    table = f'<table:table table:name="Sheet">{lines}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    return f'<office:document {spaces} office:mimetype="{mimetype}" office:version="1.3">{body}</office:document>'


def excel_xml_file(rows):
    """A workbook of Excel 2003 as XML."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    cell = '<Cell><Data ss:Type="String">{}</Data></Cell>'
    lines = "".join(f"<Row>{''.join(map(cell.format, cells))}</Row>" for cells in rows)
    sheet = f'<Worksheet ss:Name="Sheet"><Table>{lines}</Table></Worksheet>'
    start = '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    return f'{start}<Workbook xmlns="{space}" xmlns:ss="{space}">{sheet}</Workbook>'


FLAT_FILES = {"ods": open_document_file, "xml": excel_xml_file}


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


@pytest.mark.parametrize("form", ["csv", "xlsx", "ods", "xml"])
def test_rows_that_were_not_read_are_counted_too(tmp_path, monkeypatch, form):
    monkeypatch.setattr(units, "MAX_CELLS", 2 * 31)
    monkeypatch.setattr(builder, "MOST_ROWS", 20)
    rows = [["Name", "Amount"], *([f"n{n}", str(n)] for n in range(100))]
    if form == "csv":
        path = csv_file(tmp_path, rows)
    elif form == "xlsx":
        path = sheet_file(tmp_path, [[cells[0], int(cells[1])] if n else cells for n, cells in enumerate(rows)])
    else:
        path = tmp_path / {"ods": "book.fods", "xml": "book.xml"}[form]
        path.write_text(FLAT_FILES[form](rows), encoding="utf-8")
    document = tables(path)
    (table,) = document.tables
    assert len(table.rows) == 20
    assert table.left_out == 80
    assert "The file has more than 62 filled cells; the rows after them were not read." in document.warnings
    assert any(
        "first 20 rows are kept for counting and adding up; 80 more are not." in one for one in document.warnings
    )


def test_a_file_that_ends_at_the_most_cells_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(units, "MAX_CELLS", 8)
    rows = [["Name", "Amount"], ["a", "1"], ["b", "2"], ["c", "3"]]
    for path in (csv_file(tmp_path, rows), sheet_file(tmp_path, rows)):
        document = tables(path)
        assert (len(document.tables[0].rows), document.tables[0].left_out, document.warnings) == (3, 0, [])


def test_a_large_table_with_empty_cells_keeps_its_head(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "MAX_GRID", 100)
    rows = [["Name", "Amount", "Remark"], *([f"n{n}", str(n), "late" if n % 9 == 0 else ""] for n in range(60))]
    document = tables(csv_file(tmp_path, rows))
    assert [column.name for column in document.tables[0].columns] == ["Name", "Amount", "Remark"]
    assert len(document.tables[0].rows) == 60


def test_a_cell_far_away_still_lengthens_no_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(split, "MAX_GRID", 100)
    rows = [["Name", "Amount"], *([f"n{n}", str(n)] for n in range(60)), ["far", *[""] * 50, "x"]]
    rows[5:5] = [[f"m{n}", *[""] * n, "x"] for n in range(3, 50)]
    assert "| n1 | 1 |" in read_file(csv_file(tmp_path, rows)).units[0].text


def test_tables_and_columns_beyond_the_limit_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "MOST_TABLES", 2)
    monkeypatch.setattr(builder, "MOST_COLUMNS", 3)
    blocks = []
    for n in range(4):
        names = ["Name", "Weight", "Height", "Depth", "Price"][: 5 if n == 0 else 2]
        body = [[f"x{row}", *[str(row + n)] * (len(names) - 1)] for row in range(3)]
        blocks += [Block(f"Table {n}"), Block(markdown_table([names, *body]), "table")]
    document = Document("report", [Unit(1, "page", "", blocks)])
    add_tables(document)
    assert [len(one.columns) for one in document.tables] == [3, 2]
    assert document.warnings == [
        'Of the table "Table 0" the first 3 columns are kept for counting and adding up; 2 more are not.',
        "2 further tables of the file cannot be asked for figures: of one file 2 tables and 500,000 rows are kept for"
        " that.",
    ]


def test_whole_numbers_whose_mark_changes_half_way_are_thousands_and_told():
    found, values = column("1,007", "1,014", "950", "1.280", "2.001")
    assert (found.type, values) == ("integer", [1007, 1014, 950, 1280, 2001])
    assert (found.doubt.kind, found.doubt.line, found.doubt.example) == ("changed_numbers", 5, "1.280")
    mixed, values = column("1,007", "1.014", "1,280")
    assert (mixed.doubt.kind, values) == ("mixed_numbers", [1007, 1014, 1280])
    # where something tells the form, the marks are what they are
    told, values = column("1,007", "1.280", "0.125")
    assert (told.type, values) == ("decimal", [1007, 1.28, 0.125])
    shown, values = column("1,007", "1.280", is_workbook=True)
    assert (shown.doubt, values) == (None, [1007, 1.28])


def test_percentages_of_which_some_have_no_sign_are_doubtful():
    found, values = column("12%", "7.5%", "0", "0.4", "–")
    assert (found.type, values) == ("percent", [12, 7.5, 0, 0.4, None])
    assert (found.doubt.kind, found.doubt.line, found.doubt.cells) == ("bare_percentages", 5, 1)
    assert column("12%", "0", "7.5%")[0].doubt is None
    assert column("12", "7.5", "0.4", name="Share (%)")[0].doubt is None


@pytest.mark.parametrize("empty", ["", "  "])
def test_a_second_head_may_be_narrower(tmp_path, empty):
    first = [["Name", "Qty", "Price"], *([f"A{n}", str(n), f"{n}.5"] for n in range(1, 9))]
    second = [["Site", "Staff", empty], *([f"S{n}", str(n * 3), empty] for n in range(1, 9))]
    document = tables(csv_file(tmp_path, [*first, *second]))
    assert [[one.name for one in found.columns] for found in document.tables] == [
        ["Name", "Qty", "Price"],
        ["Site", "Staff"],
    ]
    assert [len(found.rows) for found in document.tables] == [8, 8]
    assert document.tables[1].rows[0].line == 11


def test_a_row_with_gaps_is_no_head_where_rows_below_fill_them(tmp_path):
    rows = [["Name", "Qty", "Price"], *([f"A{n}", str(n), f"{n}.5"] for n in range(1, 9))]
    rows.insert(4, ["late", "open", ""])
    (found,) = tables(csv_file(tmp_path, rows)).tables
    assert len(found.rows) == 9


@pytest.mark.parametrize(
    "end", [[["A9", "n/a", ""], ["B1", "7", ""], ["B2", "8", ""]], [["A9", "open", ""], ["B1", "7", ""]]]
)
def test_rows_at_the_end_that_lack_something_are_no_head(tmp_path, end):
    rows = [["Name", "Qty", "Price"], *([f"A{n}", str(n), f"{n}.5"] for n in range(1, 30)), *end]
    (found,) = tables(csv_file(tmp_path, rows)).tables
    assert len(found.rows) == 29 + len(end)


@pytest.mark.parametrize("corner", ["", "Region"])
def test_a_head_of_two_rows_whose_groups_are_named_over_each_column(tmp_path, corner):
    head = [["Region", "2023", "2023", "2024", "2024"], [corner, "Sales", "Cost", "Sales", "Cost"]]
    rows = [[f"R{n}", str(n * 10), str(n * 4), str(n * 12), str(n * 5)] for n in range(1, 9)]
    (found,) = tables(csv_file(tmp_path, [*head, *rows])).tables
    assert [one.name for one in found.columns] == [
        "Region",
        "2023 / Sales",
        "2023 / Cost",
        "2024 / Sales",
        "2024 / Cost",
    ]
    assert found.rows[0].values == ("R1", 10, 4, 12, 5)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("14 aout 2024", "2024-08-14"),
        ("1er fevrier 2024", "2024-02-01"),
        ("3. Jänner 2024", "2024-01-03"),
        ("9 sept. 2024", "2024-09-09"),
        ("Marc 2024", None),
    ],
)
def test_months_are_known_without_accents(text, day):
    found = day_of(text)
    assert (found.day_first if found else None) == day


def test_rows_beyond_the_limit_are_left_out_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "MOST_ROWS", 3)
    rows = [["Name", "Amount"], *([f"n{n}", str(n)] for n in range(5))]
    document = tables(csv_file(tmp_path, rows))
    assert (len(document.tables[0].rows), document.tables[0].left_out) == (3, 2)
    assert "3 rows are kept for counting and adding up; 2 more are not." in document.warnings[0]
