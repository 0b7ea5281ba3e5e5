"""Tables of PDFs whose cells are drawn: wrapped and empty cells, joined ones, and tables that go on over pages."""

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from ragapp.reading.document import Document
from ragapp.reading.pages.grids import find_grids
from ragapp.reading.pdf.reader import read_pdf

BODY = getSampleStyleSheet()["BodyText"]
GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.grey)
FEES = [
    ["Boat", "Members", "Guests", "Remarks"],
    ["Rowing boat for two persons with cushions", "£4 an hour", "£7 an hour", ""],
    ["Canoe", "£3 an hour", "£5 an hour, with a deposit of £20 in cash", "Not below 12 years"],
    ["Sailing dinghy", "£9 an hour", "Not hired out", "Licence needed"],
]


def written(path, *parts, style=(), widths=None, repeat=0):
    flow = []
    for part in parts:
        if isinstance(part, str):
            flow.append(Paragraph(part, BODY))
        else:
            cells = [[Paragraph(cell, BODY) if cell else "" for cell in row] for row in part]
            flow.append(Table(cells, style=[GRID, *style], colWidths=widths, repeatRows=repeat))
    SimpleDocTemplate(str(path), pagesize=A4).build(flow)
    return read_pdf(path)


def tables(document: Document) -> list[list[list[str]]]:
    found = []
    for unit in document.units:
        for block in unit.blocks:
            if block.kind == "table":
                rows = [line.strip().strip("|").split("|") for line in block.text.split("\n")]
                found.append([[cell.strip() for cell in row] for row in rows if "---" not in row[0]])
    return found


def test_wrapped_and_empty_cells_stay_cells(tmp_path):
    found = written(tmp_path / "fees.pdf", "Fees are paid at the hut.", FEES, "Boats are back by dusk.")
    assert tables(found) == [FEES]
    texts = [block.text for block in found.units[0].blocks if block.kind == "text"]
    assert texts == ["Fees are paid at the hut.", "Boats are back by dusk."]


def test_cells_of_long_prose_stay_cells(tmp_path):
    prose = " ".join(["The keeper inspects the hull and the oars before and after each trip and writes it down."] * 3)
    rows = [["Duty", "What is done", "Who pays"], ["Inspection", prose, "The club"], ["Repair", prose, "The hirer £5"]]
    assert tables(written(tmp_path / "duties.pdf", rows, widths=[70, 300, 70])) == [rows]


def test_what_is_said_once_for_several_rows_or_columns_stands_in_each(tmp_path):
    rows = [
        ["Hall", "Weekday", "Weekend", "Deposit"],
        ["Great hall", "£200", "£300", "£100"],
        ["Small hall", "£80", "", ""],
        ["Total", "", "", "£100"],
    ]
    style = [("SPAN", (1, 2), (2, 2)), ("SPAN", (3, 1), (3, 2)), ("SPAN", (0, 3), (2, 3))]
    (found,) = tables(written(tmp_path / "halls.pdf", rows, style=style, widths=[100] * 4))
    assert found[2] == ["Small hall", "£80", "£80", "£100"]
    assert found[3] == ["Total", "", "", "£100"]


def test_a_head_of_two_rows_is_one(tmp_path):
    rows = [
        ["Class", "Plan pays", "", "Wait"],
        ["", "In network", "Elsewhere", ""],
        ["Fillings", "80%", "60%", "None"],
        ["Crowns", "50%", "40%", "12 months"],
    ]
    style = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1)), ("SPAN", (3, 0), (3, 1))]
    (found,) = tables(written(tmp_path / "classes.pdf", rows, style=style, widths=[100] * 4))
    assert found[0] == ["Class", "Plan pays In network", "Plan pays Elsewhere", "Wait"]
    assert found[1:] == rows[2:]


@pytest.mark.parametrize("repeat", [0, 1])
def test_a_table_that_goes_on_over_pages_keeps_its_header(tmp_path, repeat):
    rows = [["Article", "Price", "Remarks on the article"]]
    rows += [[f"Oar number {n} of the red series", f"£{n}.50", "" if n % 3 else "Sold in pairs"] for n in range(1, 60)]
    found = tables(written(tmp_path / "oars.pdf", rows, widths=[90, 60, 90], repeat=repeat))
    assert len(found) > 1
    assert all(part[0] == rows[0] for part in found)
    assert [row for part in found for row in part[1:]] == rows[1:]


def test_a_grid_drawn_as_one_path(tmp_path):
    path = tmp_path / "grid.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.grid([60, 160, 260, 360], [700, 660, 620, 580])
    for y, row in zip(
        (680, 640, 600), (["Pool", "Depth", "Opens"], ["Main", "1.8 m", ""], ["Small", "0.6 m", "June"]), strict=True
    ):
        for x, cell in zip((65, 165, 265), row, strict=True):
            canvas.drawString(x, y, cell)
    canvas.save()
    assert tables(read_pdf(path)) == [[["Pool", "Depth", "Opens"], ["Main", "1.8 m", ""], ["Small", "0.6 m", "June"]]]


def test_a_box_that_heads_each_page_is_a_header(tmp_path):
    path = tmp_path / "manual.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    rows = [["Document", "Revision", "Owner"], ["QM 4 711", "3", "Quality"], ["QM 4 712", "1", "Safety"]]
    for number in range(1, 5):
        canvas.grid([60, 200, 340, 480], [820, 800, 780, 760])
        for y, row in zip((805, 785, 765), rows, strict=True):
            for x, cell in zip((65, 205, 345), row, strict=True):
                canvas.drawString(x, y, cell)
        canvas.drawString(60, 600, f"Step {number}: open valve {number} slowly.")
        canvas.showPage()
    canvas.save()
    found = read_pdf(path)
    assert [unit.blocks[-1].text for unit in found.units] == [f"Step {n}: open valve {n} slowly." for n in range(1, 5)]
    assert [len(unit.blocks) for unit in found.units[1:]] == [1, 1, 1]
    assert "QM 4 711" in found.units[0].blocks[0].text


def test_a_form_and_a_diagram_are_no_tables(tmp_path):
    path = tmp_path / "form.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.grid([60, 160, 360], [700, 670, 640, 610])
    for y, label in zip((680, 650, 620), ("Name:", "Street:", "Town:"), strict=True):
        canvas.drawString(65, y, label)
    canvas.grid([100, 150, 200, 250, 300], [500, 450, 400, 350, 300])
    canvas.drawString(110, 470, "x")
    canvas.drawString(260, 320, "y")
    canvas.save()
    found = read_pdf(path)
    assert tables(found) == []
    texts = "\n".join(block.text for block in found.units[0].blocks)
    assert texts.split() == ["Name:", "Street:", "Town:", "x", "y"]


def test_rules_that_do_not_touch_are_no_grid():
    assert find_grids([(10.0, 0.0, 100.0), (50.0, 0.0, 100.0)], [(200.0, 0.0, 60.0), (250.0, 0.0, 60.0)]) == []


def test_a_grid_without_borders_has_its_outer_columns_and_rows():
    (grid,) = find_grids([(20.0, 0.0, 90.0), (40.0, 0.0, 90.0)], [(30.0, 0.0, 60.0), (60.0, 0.0, 60.0)])
    assert grid.xs == (0.0, 30.0, 60.0, 90.0)
    assert grid.ys == (0.0, 20.0, 40.0, 60.0)
