from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pypdf
import pytest
from pdfkit import HEIGHT, PROSE, WIDTH, new_canvas, picture, scan, wrapped, write
from pypdf.annotations import FreeText
from reportlab.lib import colors
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.platypus import Table, TableStyle

from ragapp.errors import ReadingError
from ragapp.reading.document import Document, ReadOptions
from ragapp.reading.pdf.reader import read_pdf
from ragapp.reading.registry import read_file

NO_OCR = ReadOptions(ocr="off")


def _pdf(path: Path, pages: list[list[str]], **where) -> Document:
    canvas = new_canvas(path)
    for lines in pages:
        write(canvas, lines, **where)
    canvas.save()
    return read_pdf(path, NO_OCR)


# --- structure


def test_a_page_is_a_unit_and_the_title_is_the_documents_own(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "file.pdf")
    canvas.setTitle("Travel Policy é 2025")
    write(canvas, ["Mileage is 0.45 per mile."])
    write(canvas, ["Hotels cost 120 a night."])
    canvas.save()
    document = read_pdf(tmp_path / "file.pdf")
    assert document.title == "Travel Policy é 2025"
    assert [(unit.number, unit.kind, unit.label, unit.text, unit.coverage) for unit in document.units] == [
        (1, "page", "", "Mileage is 0.45 per mile.", "text"),
        (2, "page", "", "Hotels cost 120 a night.", "text"),
    ]
    assert document.warnings == []


def test_without_a_title_the_stem_stands_in(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "my-report.pdf")
    canvas.setTitle("")
    write(canvas, ["Text."])
    canvas.save()
    assert read_pdf(tmp_path / "my-report.pdf").title == "my-report"


def test_the_outline_becomes_headings(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "outline.pdf")
    pages = [
        (["Preface words.", "Part One", "Intro words.", "1.1 Travel", "Trains come first."], ["Part One", "Travel"]),
        (["Still about trains.", "Meals", "Lunch is 20 euros."], ["Meals"]),
        (["Still about lunch."], []),
        (["PART TWO", "Closing words."], ["Part Two"]),
    ]
    levels = {"Part One": 0, "Travel": 1, "Meals": 1, "Part Two": 0}
    for lines, entries in pages:
        for entry in entries:
            canvas.bookmarkPage(entry)
            canvas.addOutlineEntry(entry, entry, levels[entry])
        write(canvas, lines)
    canvas.save()
    document = read_pdf(tmp_path / "outline.pdf")
    found = [(unit.number, block.kind, block.headings, block.text) for unit in document.units for block in unit.blocks]
    assert found == [
        (1, "text", (), "Preface words."),
        (1, "heading", ("Part One",), "Part One"),
        (1, "text", ("Part One",), "Intro words."),
        (1, "heading", ("Part One", "Travel"), "1.1 Travel"),
        (1, "text", ("Part One", "Travel"), "Trains come first."),
        (2, "text", ("Part One", "Travel"), "Still about trains."),
        (2, "heading", ("Part One", "Meals"), "Meals"),
        (2, "text", ("Part One", "Meals"), "Lunch is 20 euros."),
        (3, "text", ("Part One", "Meals"), "Still about lunch."),
        (4, "heading", ("Part Two",), "PART TWO"),
        (4, "text", ("Part Two",), "Closing words."),
    ]


def test_a_line_in_front_of_a_heading_is_no_part_of_it(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "short.pdf")
    canvas.bookmarkPage("x")
    canvas.addOutlineEntry("5.3 Rest", "x", 0)
    write(canvas, ["The company is covered under policy", "CW-70418-H.", "5.3 Rest", "Take a break."])
    canvas.save()
    blocks = read_pdf(tmp_path / "short.pdf").units[0].blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("text", "The company is covered under policy CW-70418-H."),
        ("heading", "5.3 Rest"),
        ("text", "Take a break."),
    ]


def test_a_heading_over_two_lines_is_found(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "long.pdf")
    canvas.bookmarkPage("x")
    canvas.addOutlineEntry("Rules for travel to customers abroad", "x", 0)
    write(canvas, ["Before.", "2 Rules for travel", "to customers abroad", "After."])
    canvas.save()
    blocks = read_pdf(tmp_path / "long.pdf").units[0].blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("text", "Before."),
        ("heading", "2 Rules for travel to customers abroad"),
        ("text", "After."),
    ]


def test_where_the_outline_points_decides_when_its_title_is_not_on_the_page(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "mistitled.pdf")
    for name, top in (("First", 800), ("Second", 760)):
        canvas.bookmarkHorizontalAbsolute(name, top, left=0, fit="XYZ")
        canvas.addOutlineEntry(name, name, 0)
    write(canvas, ["Alpha.", "Beta.", "Gamma.", "Delta."])
    canvas.save()
    blocks = read_pdf(tmp_path / "mistitled.pdf").units[0].blocks
    assert [(block.headings, block.text) for block in blocks] == [
        (("First",), "Alpha.\nBeta."),
        (("Second",), "Gamma.\nDelta."),
    ]


def test_printed_labels_are_kept_where_they_differ(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "labels.pdf")
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
    canvas.addPageLabel(2, style="ARABIC", start=1)
    canvas.addPageLabel(3, style="ARABIC", start=3, prefix="A-")
    canvas.addPageLabel(4, style="ARABIC", start=5)
    for word in ("one", "two", "three", "four", "five"):
        write(canvas, [word])
    canvas.save()
    labels = [(unit.number, unit.label) for unit in read_pdf(tmp_path / "labels.pdf").units]
    assert labels == [(1, "i"), (2, "ii"), (3, "1"), (4, "A-3"), (5, "")]


def test_attachments_are_listed(tmp_path: Path) -> None:
    _pdf(tmp_path / "plain.pdf", [["See the attachment."]])
    writer = pypdf.PdfWriter(clone_from=tmp_path / "plain.pdf")
    writer.add_attachment("rates.csv", b"a;b")
    writer.add_attachment("café.txt", b"x")
    writer.write(tmp_path / "with.pdf")
    warnings = read_pdf(tmp_path / "with.pdf").warnings
    assert warnings in (
        ["Attachments were not read: rates.csv, café.txt."],
        ["Attachments were not read: café.txt, rates.csv."],
    )


def test_form_values_stand_beside_their_labels(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "form.pdf")
    form = canvas.acroForm
    for row, (label, value) in enumerate([("Surname", "Sollers"), ("City", "Grenoble")]):
        canvas.drawString(72, 700 - 40 * row, label)
        form.textfield(name=label, value=value, x=160, y=692 - 40 * row, width=200, height=24)
    canvas.drawString(100, 620, "Agreed")
    form.checkbox(name="agreed", checked=True, x=72, y=616, size=16)
    canvas.drawString(100, 590, "Refused")
    form.checkbox(name="refused", checked=False, x=72, y=586, size=16)
    canvas.save()
    text = read_pdf(tmp_path / "form.pdf").units[0].text
    assert [line for line in text.split("\n") if line] == ["Surname Sollers", "City Grenoble", "☒ Agreed", "☐ Refused"]


def test_comments_are_read(tmp_path: Path) -> None:
    _pdf(tmp_path / "plain.pdf", [["The rate is 4%."]])
    writer = pypdf.PdfWriter(clone_from=tmp_path / "plain.pdf")
    note = FreeText(text="Since May it is 5%.", rect=(72, 600, 300, 640))
    writer.add_annotation(0, note)
    writer.write(tmp_path / "noted.pdf")
    assert [block.text for block in read_pdf(tmp_path / "noted.pdf").units[0].blocks] == [
        "The rate is 4%.",
        "Since May it is 5%.",
    ]


# --- running lines


def _book(path: Path, pages: int, head, foot) -> Document:
    canvas = new_canvas(path)
    for number in range(1, pages + 1):
        canvas.drawString(72, 40, foot(number))
        for row, line in enumerate(wrapped(PROSE[number:], 20, 70)):
            canvas.drawString(72, 740 - 16 * row, line)
        canvas.drawString(72 if number % 2 else 380, 800, head(number))
        canvas.showPage()
    canvas.save()
    return read_pdf(path, NO_OCR)


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        (lambda n: "ACME Handbook", lambda n: f"Page {n} of 6"),
        (lambda n: "ACME Handbook" if n % 2 else "Travel", lambda n: str(n + 10)),
        (lambda n: f"{n} ACME" if n % 2 else f"Travel {n}", lambda n: "Confidential"),
        (lambda n: "ACME", lambda n: f"- {n} -"),
    ],
    ids=["same", "left-and-right", "numbers-outside", "dashes"],
)
def test_running_headers_and_footers_are_told_once(tmp_path: Path, head, foot) -> None:
    document = _book(tmp_path / "running.pdf", 6, head, foot)
    assert head(1) in document.units[0].text
    for unit in document.units:
        assert head(unit.number) not in unit.text or unit.number <= 2
        assert foot(unit.number) not in unit.text or (unit.number == 1 and foot(1) == "Confidential")
        assert len(unit.text) > 1000


def test_printed_roman_numbers_are_removed(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "roman.pdf")
    canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
    for roman in ("i", "ii", "iii", "iv"):
        canvas.drawString(300, 30, roman)
        write(canvas, [f"A line about {roman * 3}.", "Another line."])
    canvas.save()
    assert [unit.text.split("\n")[-1] for unit in read_pdf(tmp_path / "roman.pdf").units] == ["Another line."] * 4


def test_lines_that_only_look_alike_in_their_numbers_are_kept(tmp_path: Path) -> None:
    pages = [[f"2025-0{page}-1{row} {page}{row}0.50 EUR" for row in range(6)] for page in range(1, 5)]
    document = _pdf(tmp_path / "statement.pdf", pages)
    assert [unit.text.split("\n") for unit in document.units] == pages


def test_the_head_of_a_table_on_every_page_is_kept(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "prices.pdf")
    for page in range(4):
        rows = [("Article", "Unit", "Price"), *((f"Bolt M{page}{row}", "piece", f"{row}.{page}0") for row in range(9))]
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                canvas.drawString(72 + 150 * column, 800 - 16 * row, cell)
        canvas.showPage()
    canvas.save()
    for unit in read_pdf(tmp_path / "prices.pdf").units:
        assert unit.text.startswith("| Article | Unit | Price |")


def test_two_pages_keep_their_like_lines(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "short.pdf", [["Offer", "Part 1"], ["Offer", "Part 2"]])
    assert [unit.text for unit in document.units] == ["Offer\nPart 1", "Offer\nPart 2"]


# --- order and tables


@pytest.mark.parametrize("row_by_row", [False, True])
def test_columns_are_read_one_after_the_other(tmp_path: Path, row_by_row: bool) -> None:
    left, right = wrapped(PROSE, 30), wrapped(PROSE[7:], 30)
    canvas = new_canvas(tmp_path / "columns.pdf")
    canvas.drawString(150, 800, "A heading that runs across both of the columns below it")
    drawn = [(72, row, line) for row, line in enumerate(left)] + [(320, row, line) for row, line in enumerate(right)]
    if row_by_row:
        drawn.sort(key=lambda item: item[1])
    for x, row, line in drawn:
        canvas.drawString(x, 760 - 14 * row, line)
    canvas.save()
    text = " ".join(read_pdf(tmp_path / "columns.pdf").units[0].text.split())
    assert text == " ".join(["A heading that runs across both of the columns below it", *left, *right])


def test_what_is_drawn_last_is_read_where_it_stands(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "form.pdf")
    for row, line in enumerate(["Name", "Address", "Signature"]):
        canvas.drawString(72, 700 - 30 * row, line)
    canvas.drawString(72, 760, "Application for leave")
    canvas.save()
    text = read_pdf(tmp_path / "form.pdf").units[0].text
    assert text.split() == ["Application", "for", "leave", "Name", "Address", "Signature"]


def _tabled(path: Path, rows: list[list[str]], style: list, widths: list[int] | None = None) -> list[tuple[str, str]]:
    canvas = new_canvas(path)
    canvas.drawString(72, 780, "What follows is a table of the usual kind, with a head and some rows.")
    table = Table(rows, colWidths=widths)
    table.setStyle(TableStyle(style))
    _, height = table.wrapOn(canvas, WIDTH - 144, HEIGHT)
    table.drawOn(canvas, 72, 750 - height)
    canvas.drawString(72, 720 - height, "And this sentence stands below it, as wide as the page allows it to be.")
    canvas.save()
    return [(block.kind, block.text) for block in read_pdf(path).units[0].blocks]


PRICES = [
    ["Product", "Unit", "Price"],
    ["Electrode", "piece", "142.50"],
    ["Buffer", "bottle", "18.00"],
    ["Probe", "piece", "77.25"],
]


@pytest.mark.parametrize(
    "style", [[], [("GRID", (0, 0), (-1, -1), 0.5, colors.black)], [("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")]]
)
def test_a_table_becomes_rows_with_its_head(tmp_path: Path, style: list) -> None:
    blocks = _tabled(tmp_path / "table.pdf", PRICES, style, [160, 120, 100])
    assert [kind for kind, _ in blocks] == ["text", "table", "text"]
    assert blocks[1][1].split("\n") == [
        "| Product | Unit | Price |",
        "| --- | --- | --- |",
        "| Electrode | piece | 142.50 |",
        "| Buffer | bottle | 18.00 |",
        "| Probe | piece | 77.25 |",
    ]


def test_cells_of_several_lines_stay_one_cell(tmp_path: Path) -> None:
    rows = [
        ["Zone", "Equipment", "Check"],
        ["Glass", "Goggles, gloves,\nsleeves", "weekly"],
        ["Buffers\n(A1.07)", "Gloves", "monthly"],
        ["Store", "Shoes", "monthly"],
    ]
    style = [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    blocks = _tabled(tmp_path / "table.pdf", rows, style, [120, 160, 100])
    assert "| Glass | Goggles, gloves, sleeves | weekly |" in blocks[1][1]
    assert "| Buffers (A1.07) | Gloves | monthly |" in blocks[1][1]


def test_labels_and_values_are_no_table_but_keep_their_rows(tmp_path: Path) -> None:
    rows = [["Name:", "Ada"], ["City:", "London"], ["Room:", "Blue"], ["Phone:", "unknown"]]
    blocks = _tabled(tmp_path / "form.pdf", rows, [], [140, 140])
    assert [kind for kind, _ in blocks] == ["text"] * len(blocks)
    assert "Name: Ada\nCity: London\nRoom: Blue\nPhone: unknown" in "\n".join(text for _, text in blocks)


def test_empty_cells_stay_empty(tmp_path: Path) -> None:
    rows = [["Code", "Place", "Stock"], ["A1", "", "12"], ["", "North", "7"], ["C3", "South", ""]]
    assert (
        "| A1 |  | 12 |\n|  | North | 7 |\n| C3 | South |  |"
        in _tabled(tmp_path / "t.pdf", rows, [], [120, 120, 120])[1][1]
    )


# --- lines and words


def test_wrapped_lines_make_a_paragraph_and_others_keep_their_ends(tmp_path: Path) -> None:
    prose = wrapped(PROSE, 6, 80)
    lines = [*prose, "A short last line.", "", "12 Tilthammer Road", "Sheffield S9 9ZZ"]
    text = _pdf(tmp_path / "p.pdf", [lines]).units[0].text
    assert " ".join(prose) in text
    assert text.endswith("A short last line.\n\n12 Tilthammer Road\nSheffield S9 9ZZ")


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["Our terms of reim-", "bursement are state-of-the-art."], "terms of reimbursement are state-of-the-art."),
        (["The letter came from Marie-", "Claude in spring."], "from Marie-Claude in spring."),
        (["It is a peut-être or a peut-", "être, nobody knows."], "or a peut-être, nobody"),
        (["A plan for the years 2024-", "2025 and later on."], "years 2024-2025 and"),
        (["Alle Geld-", "und Sachleistungen."], "Alle Geld- und Sachleistungen."),
    ],
)
def test_words_hyphenated_at_a_lines_end(tmp_path: Path, lines: list[str], joined: str) -> None:
    assert joined in _pdf(tmp_path / "hyphen.pdf", [lines]).units[0].text.replace("\n", "")


def test_superscripts_stay_in_their_line(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "super.pdf")
    canvas.drawString(72, 700, "An area of 25 m")
    end = 72 + canvas.stringWidth("An area of 25 m")
    canvas.setFont("Helvetica", 7)
    canvas.drawString(end, 704, "2")
    canvas.setFont("Helvetica", 12)
    canvas.drawString(end + 8, 700, "is rented.")
    canvas.save()
    assert read_pdf(tmp_path / "super.pdf").units[0].text == "An area of 25 m^2 is rented."


@pytest.mark.parametrize("turn", [0, 90, 270])
def test_turned_pages_are_read_like_upright_ones(tmp_path: Path, turn: int) -> None:
    _tabled(tmp_path / "table.pdf", PRICES, [], [160, 120, 100])
    writer = pypdf.PdfWriter(clone_from=tmp_path / "table.pdf")
    page = writer.pages[0]
    page.rotate(turn)
    if turn:
        page.add_transformation(
            {  # the content stands upright when the page is shown
                90: pypdf.Transformation((0, 1, -1, 0, WIDTH, 0)),
                270: pypdf.Transformation((0, -1, 1, 0, 0, HEIGHT)),
            }[turn]
        )
        page.mediabox = page.cropbox = pypdf.generic.RectangleObject((-HEIGHT, -HEIGHT, HEIGHT, HEIGHT))
    writer.write(tmp_path / "turned.pdf")
    assert "| Buffer | bottle | 18.00 |" in read_pdf(tmp_path / "turned.pdf").units[0].text


# --- coverage


def test_each_page_is_told_apart(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "mixed.pdf")
    write(canvas, ["A page of text."])
    canvas.showPage()  # empty
    scan(canvas, picture(["Invoice 1042"]))
    canvas.showPage()
    scan(canvas, picture(["Invoice 1043"]))
    canvas.drawString(500, 20, "page 4")  # a scan with a printed number
    canvas.showPage()
    canvas.drawString(72, 700, "A page of text with a logo, which is no scan.")
    canvas.drawInlineImage(picture(["logo"], (200, 60)), 72, 750, 100, 30)
    canvas.showPage()
    for index in range(400):  # text turned into outlines
        canvas.circle(60 + 12 * (index % 40), 700 - 40 * (index // 40), 10, fill=1)
    canvas.showPage()
    canvas.save()
    document = read_pdf(tmp_path / "mixed.pdf", NO_OCR)
    assert [unit.coverage for unit in document.units] == [
        "text",
        "empty",
        "needs_ocr",
        "needs_ocr",
        "text",
        "needs_ocr",
    ]
    assert document.warnings == [
        "3 of 6 pages are pictures whose text was not recognised: 3-4, 6. Recognition is off: set ingest.ocr to auto."
    ]


def test_a_text_layer_of_noise_needs_ocr(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "good.pdf", [["Readable words on a page."]])
    data = (tmp_path / "good.pdf").read_bytes()
    assert document.units[0].coverage == "text"
    reader = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    mapping = b"1 beginbfrange <00> <ff> <e000> endbfrange"
    stream = pypdf.generic.DecodedStreamObject()
    stream.set_data(
        b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <ff> "
        b"endcodespacerange " + mapping + b" endcmap end"
    )
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        font.get_object()[pypdf.generic.NameObject("/ToUnicode")] = reader._add_object(stream)
    reader.write(tmp_path / "noise.pdf")
    assert read_pdf(tmp_path / "noise.pdf", NO_OCR).units[0].coverage == "needs_ocr"


def test_ticks_tell_which_pages_are_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ragapp.reading.pages import ocr

    canvas = new_canvas(tmp_path / "mixed.pdf")
    write(canvas, ["A page of text."])
    scan(canvas, picture(["Invoice 1042"]))
    canvas.showPage()
    canvas.save()
    monkeypatch.setattr(ocr, "recognise", lambda image, options: ocr.RecognisedText([], 0.0, 0))
    told: list[tuple[int, int, bool]] = []
    document = read_pdf(tmp_path / "mixed.pdf", ReadOptions(tick=lambda *tick: told.append(tick)))
    assert told == [(1, 2, False), (2, 2, False), (2, 2, True)]
    assert document.units[1].coverage == "empty"  # nothing was found in the picture


def test_a_scan_is_recognised(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "scan.pdf")
    scan(canvas, picture(["Invoice 1042 of 3 May", "Amount due 86.40 EUR"]), 0.28)
    canvas.save()
    unit = read_pdf(tmp_path / "scan.pdf").units[0]
    assert unit.coverage == "ocr"
    assert unit.confidence is not None
    assert unit.confidence > 0.9
    assert "Invoice 1042 of 3 May" in unit.text
    assert "86.40 EUR" in unit.text


# --- protected and damaged


def _locked(path: Path, user: str) -> None:
    canvas = new_canvas(path, encrypt=StandardEncryption(user, ownerPassword="owner"))
    write(canvas, ["The safe's code is 1234."])
    canvas.save()


def test_a_password_is_asked_for(tmp_path: Path) -> None:
    _locked(tmp_path / "locked.pdf", "user")
    with pytest.raises(ReadingError, match="protected by a password") as caught:
        read_pdf(tmp_path / "locked.pdf")
    assert "ingest.passwords" in caught.value.hint
    with pytest.raises(ReadingError, match=r"none of those in ingest\.passwords"):
        read_pdf(tmp_path / "locked.pdf", ReadOptions(passwords=("wrong", "worse")))


@pytest.mark.parametrize(("user", "passwords"), [("", ()), ("user", ("wrong", "user")), ("user", ("owner",))])
def test_passwords_are_tried(tmp_path: Path, user: str, passwords: tuple[str, ...]) -> None:
    _locked(tmp_path / "locked.pdf", user)
    assert "1234" in read_pdf(tmp_path / "locked.pdf", ReadOptions(passwords=passwords)).units[0].text


@pytest.mark.parametrize("content", [b"%PDF-1.7 then nothing", b"%PDF-1.4\n" + b"\x00\xff" * 500])
def test_what_is_no_pdf_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pdf").write_bytes(content)
    with pytest.raises(ReadingError, match="not a readable PDF"):
        read_file(tmp_path / "bad.pdf")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_pdf_is_refused_or_read_but_never_breaks(tmp_path: Path, share: float) -> None:
    _pdf(tmp_path / "whole.pdf", [[f"Page {n} is about parcels."] for n in range(5)])
    data = (tmp_path / "whole.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: int(len(data) * share)])
    with suppress(ReadingError):
        assert read_pdf(tmp_path / "cut.pdf", NO_OCR).units


def test_broken_structure_does_not_cost_the_text(tmp_path: Path) -> None:
    canvas = new_canvas(tmp_path / "outline.pdf")
    canvas.bookmarkPage("Part")
    canvas.addOutlineEntry("Part", "Part", 0)
    write(canvas, ["Part", "Words."])
    canvas.save()
    data = (tmp_path / "outline.pdf").read_bytes()
    assert b"/Outlines" in data
    (tmp_path / "outline.pdf").write_bytes(data.replace(b"/Outlines ", b"/Outlines 9", 1))
    assert "Words." in read_pdf(tmp_path / "outline.pdf").units[0].text


def test_pages_whose_list_is_lost_are_found(tmp_path: Path) -> None:
    _pdf(tmp_path / "whole.pdf", [["Parcels go by lorry."], ["Letters go by train."]])
    data = (tmp_path / "whole.pdf").read_bytes()
    assert data.count(b"/Type /Pages") == 1
    (tmp_path / "lost.pdf").write_bytes(data.replace(b"/Type /Pages", b"/Type /Xages").replace(b"/Kids", b"/Xids"))
    document = read_pdf(tmp_path / "lost.pdf", NO_OCR)
    text = " ".join(unit.text for unit in document.units)
    assert "Parcels go by lorry." in text
    assert "Letters go by train." in text


def test_a_long_document_is_read_whole(tmp_path: Path) -> None:
    document = _pdf(tmp_path / "long.pdf", [[f"This is page {n} about item {n * 7}."] for n in range(1, 301)], top=500)
    assert len(document.units) == 300
    assert document.units[299].text == "This is page 300 about item 2100."
