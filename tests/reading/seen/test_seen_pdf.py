"""PDF with a text layer: what a viewer shows on its pages."""

import io
import re
from pathlib import Path

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import generic as g
from reportlab.lib.colors import black, red, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from seenkit import Seen, check, table

from ragapp.reading.document import ReadOptions
from ragapp.reading.pages.bidi import logical
from ragapp.reading.pdf.reader import read_pdf

NO_OCR = ReadOptions(ocr="off")
WIDTH, HEIGHT = A4


def drawn(draw, pages: int = 1):
    """Writes a PDF whose pages a function draws, given the canvas and the page's number."""

    def build(path: Path) -> None:
        canvas = Canvas(str(path), pagesize=A4, invariant=1)
        for number in range(1, pages + 1):
            canvas.setFont("Helvetica", 11)
            draw(canvas, number)
            canvas.showPage()
        canvas.save()

    return build


def edited(draw, edit, pages: int = 1):
    """As :func:`drawn`, then edited by pypdf."""

    def build(path: Path) -> None:
        drawn(draw, pages)(path)
        writer = pypdf.PdfWriter(clone_from=path)
        edit(writer)
        writer.write(path)

    return build


def typed(canvas: Canvas, x: float, y: float, *parts: tuple[str, float, float]) -> None:
    """A line of parts, each with its size and rise."""
    text = canvas.beginText(x, y)
    for part, size, rise in parts:
        text.setFont("Helvetica", size)
        text.setRise(rise)
        text.textOut(part)
    canvas.drawText(text)


def scripts(*parts: tuple[str, float, float]):
    return drawn(lambda canvas, number: typed(canvas, 72, 700, *parts))


def lines(*texts: str, top: float = 700):
    def draw(canvas: Canvas, number: int) -> None:
        for row, text in enumerate(texts):
            canvas.drawString(72, top - 18 * row, text)

    return draw


BODY = ("The committee met in the spring to look at the figures.", "It found them better than it had feared.")


def paged(head=None, foot=None, pages: int = 4):
    def draw(canvas: Canvas, number: int) -> None:
        if head:
            canvas.drawString(72, 800, head(number))
        for row, text in enumerate(BODY):
            canvas.drawString(72, 600 - 16 * row, f"{text[:-1]} in case {number * 7 + row}.")
        if foot:
            canvas.drawString(72, 30, foot(number))

    return drawn(draw, pages)


def turned(angle: float, *texts: str):
    def draw(canvas: Canvas, number: int) -> None:
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(angle)
        for row, text in enumerate(texts):
            canvas.drawString(-200, -18 * row, text)

    return drawn(draw)


def layered(config, usage=None, membership=None):
    """Two layers, "Draft" and "Final", each with a line; ``config`` gets both and edits the default configuration."""

    def edit(writer: pypdf.PdfWriter) -> None:
        groups = []
        for name in ("Draft", "Final"):
            group = g.DictionaryObject(
                {g.NameObject("/Type"): g.NameObject("/OCG"), g.NameObject("/Name"): g.TextStringObject(name)}
            )
            if usage:
                group.update(usage(name))
            groups.append(writer._add_object(group))
        default = g.DictionaryObject()
        config(default, *groups)
        writer._root_object[g.NameObject("/OCProperties")] = g.DictionaryObject(
            {g.NameObject("/OCGs"): g.ArrayObject(groups), g.NameObject("/D"): default}
        )
        page = writer.pages[0]
        font = page["/Resources"]["/Font"]
        name = next(iter(font))
        targets = membership(*groups) if membership else groups
        page["/Resources"][g.NameObject("/Properties")] = g.DictionaryObject(
            {g.NameObject(f"/L{index}"): target for index, target in enumerate(targets)}
        )
        stream = g.DecodedStreamObject()
        stream.set_data(
            f"BT {name} 12 Tf 72 700 Td (Rent of hall 9) Tj ET "
            f"/OC /L0 BDC BT {name} 12 Tf 72 680 Td (4,700 euros) Tj ET EMC "
            f"/OC /L1 BDC BT {name} 12 Tf 72 660 Td (5,200 euros) Tj ET EMC".encode()
        )
        page[g.NameObject("/Contents")] = writer._add_object(stream)

    return edited(lines("x"), edit)


def off(default, draft, final) -> None:
    default[g.NameObject("/OFF")] = g.ArrayObject([draft])


def base_off(default, draft, final) -> None:
    default[g.NameObject("/BaseState")] = g.NameObject("/OFF")
    default[g.NameObject("/ON")] = g.ArrayObject([final])


def by_usage(default, draft, final) -> None:
    default[g.NameObject("/AS")] = g.ArrayObject(
        [
            g.DictionaryObject(
                {
                    g.NameObject("/Event"): g.NameObject("/View"),
                    g.NameObject("/Category"): g.ArrayObject([g.NameObject("/View")]),
                    g.NameObject("/OCGs"): g.ArrayObject([draft, final]),
                }
            )
        ]
    )


def view_state(name: str):
    state = g.NameObject("/OFF" if name == "Draft" else "/ON")
    view = g.DictionaryObject({g.NameObject("/ViewState"): state})
    return {g.NameObject("/Usage"): g.DictionaryObject({g.NameObject("/View"): view})}


def nothing(default, draft, final) -> None:
    pass


def member(policy: str):
    def make(draft, final):
        def entry(rule: str):
            return g.DictionaryObject(
                {
                    g.NameObject("/Type"): g.NameObject("/OCMD"),
                    g.NameObject("/OCGs"): g.ArrayObject([draft, final]),
                    g.NameObject("/P"): g.NameObject(rule),
                }
            )

        return entry(policy), entry("/AnyOn")

    return make


def expressed(draft, final):
    negated = g.ArrayObject([g.NameObject("/Not"), final])
    return (g.DictionaryObject({g.NameObject("/Type"): g.NameObject("/OCMD"), g.NameObject("/VE"): negated}), final)


def form(*fields: tuple[str, dict]):
    """Labels with a field of AcroForm beside each."""

    def edit(writer: pypdf.PdfWriter) -> None:
        found = g.ArrayObject()
        for row, (_, entries) in enumerate(fields):
            y = 700 - 18 * row
            field = g.DictionaryObject(
                {
                    g.NameObject("/Type"): g.NameObject("/Annot"),
                    g.NameObject("/Subtype"): g.NameObject("/Widget"),
                    g.NameObject("/T"): g.TextStringObject(f"field{row}"),
                    g.NameObject("/Rect"): g.ArrayObject([g.NumberObject(n) for n in (250, y - 3, 450, y + 12)]),
                    g.NameObject("/F"): g.NumberObject(4),
                }
            )
            field.update({g.NameObject(key): value for key, value in entries.items()})
            found.append(writer._add_object(field))
        writer.pages[0][g.NameObject("/Annots")] = found
        writer._root_object[g.NameObject("/AcroForm")] = g.DictionaryObject({g.NameObject("/Fields"): found})

    return edited(lines(*(label for label, _ in fields)), edit)


def text_of(value: str):
    return g.TextStringObject(value)


def pairs(*options: tuple[str, str]):
    return g.ArrayObject([g.ArrayObject([text_of(saved), text_of(shown)]) for saved, shown in options])


COUNTRIES = pairs(("FR", "France"), ("DE", "Germany"), ("GR", "Greece"))


def xfa(template: str, data: str, text: str = "Please wait..."):
    def edit(writer: pypdf.PdfWriter) -> None:
        stream = g.DecodedStreamObject()
        stream.set_data(
            (
                '<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">'
                f'<template xmlns="http://www.xfa.org/schema/xfa-template/3.3/">{template}</template>'
                '<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/">'
                f"<xfa:data>{data}</xfa:data></xfa:datasets></xdp:xdp>"
            ).encode()
        )
        writer._root_object[g.NameObject("/AcroForm")] = g.DictionaryObject(
            {g.NameObject("/Fields"): g.ArrayObject(), g.NameObject("/XFA"): writer._add_object(stream)}
        )
        writer._root_object[g.NameObject("/NeedsRendering")] = g.BooleanObject(True)

    return edited(lines(text, "If this message is not eventually replaced, your viewer may not show it."), edit)


def annotated(subtype: str, rect, **entries):
    def edit(writer: pypdf.PdfWriter) -> None:
        x0, y0, x1, y1 = rect
        mark = g.DictionaryObject(
            {
                g.NameObject("/Type"): g.NameObject("/Annot"),
                g.NameObject("/Subtype"): g.NameObject(subtype),
                g.NameObject("/Rect"): g.ArrayObject([g.NumberObject(n) for n in rect]),
                g.NameObject("/QuadPoints"): g.ArrayObject(
                    [g.NumberObject(n) for n in (x0, y1, x1, y1, x0, y0, x1, y0)]
                ),
                g.NameObject("/F"): g.NumberObject(4),
            }
        )
        mark.update({g.NameObject(f"/{key}"): value for key, value in entries.items()})
        writer.pages[0][g.NameObject("/Annots")] = g.ArrayObject([writer._add_object(mark)])

    return edited(lines("FC-9 costs 64 euros", "FC-9 costs 71 euros"), edit)


def struck(canvas: Canvas, number: int) -> None:
    lines("FC-9 costs 64 euros", "FC-9 costs 71 euros")(canvas, number)
    canvas.setLineWidth(0.6)
    canvas.line(72, 703, 72 + canvas.stringWidth("FC-9 costs 64 euros"), 703)


def underlined(canvas: Canvas, number: int) -> None:
    lines("FC-9 costs 64 euros", "FC-9 costs 71 euros")(canvas, number)
    canvas.line(72, 698.5, 72 + canvas.stringWidth("FC-9 costs 64 euros"), 698.5)


def covered(canvas: Canvas, number: int, colour=black) -> None:
    lines("The account is", "DE02 1203 0000", "of the branch in Lyon")(canvas, number)
    canvas.setFillColor(colour)
    canvas.rect(70, 678, 120, 14, fill=1, stroke=0)


def shaded(canvas: Canvas, number: int) -> None:
    canvas.drawString(72, 760, "Prices of the year")
    canvas.setFillColor(black)
    canvas.rect(70, 696, 200, 16, fill=1, stroke=0)
    canvas.setFillColor(white)
    canvas.drawString(72, 700, "White words on a black bar")


def barred(canvas: Canvas, number: int) -> None:
    for x, words in ((72, "Customer"), (300, "Vehicle")):
        canvas.setFillColor(black)
        canvas.rect(x - 2, 696, 80, 16, fill=1, stroke=0)
        canvas.setFillColor(white)
        canvas.drawString(x, 700, words)
    canvas.setFillColor(black)
    canvas.rect(70, 676, 62, 16, fill=1, stroke=0)
    canvas.setFillColor(white)
    canvas.drawString(72, 680, "Order no.")
    canvas.setFillColor(black)
    canvas.drawString(136, 680, "RO-2022")
    canvas.drawString(72, 660, "Total 64 euros ")
    canvas.setFillColor(white)
    canvas.drawString(160, 660, "without tax")


def in_colour(colour=None, mode: int = 0):
    def draw(canvas: Canvas, number: int) -> None:
        canvas.drawString(72, 700, "What everybody sees on the page")
        text = canvas.beginText(72, 650)
        text.setFont("Helvetica", 11)
        if colour is not None:
            text.setFillColor(colour)
        text.setTextRenderMode(mode)
        text.textOut("secret words")
        canvas.drawText(text)

    return drawn(draw)


def partly(*parts):
    """A line of parts, each with its colour, drawn one after the other."""

    def draw(canvas: Canvas, number: int) -> None:
        text = canvas.beginText(72, 700)
        for part, colour in parts:
            text.setFillColor(colour)
            text.textOut(part)
        canvas.drawText(text)

    return drawn(draw)


def table_above_columns(canvas: Canvas, number: int) -> None:
    for row in range(8):
        for x, text in ((72, f"Zone {row}"), (140, f"{row}.10"), (310, "days")):
            canvas.drawString(x, 780 - 14 * row, text)
    for x, name in ((72, "left"), (320, "right")):
        for row in range(6):
            canvas.drawString(x, 640 - 14 * row + (x > 72), f"This is the {name} column of prose {row},")


def beyond(writer: pypdf.PdfWriter) -> None:
    writer.pages[0].cropbox = g.RectangleObject((0, 300, WIDTH, HEIGHT))


def picture(width: float, height: float, words: str = ""):
    def draw(canvas: Canvas, number: int) -> None:
        from PIL import Image

        buffer = io.BytesIO()
        Image.new("RGB", (400, 300), (200, 220, 240)).save(buffer, "PNG")
        for row in range(6):
            canvas.drawString(72, 760 - 16 * row, BODY[row % 2])
        canvas.drawImage(ImageReader(buffer), 72, 300, width, height)
        if words:
            canvas.drawString(80, 310, words)

    return drawn(draw)


ZONES = [(f"Zone {n}", f"{n}.10", f"{n + 5}.90", str(n % 5 + 1)) for n in range(1, 13)]
ZONE_HEAD = ("Destination", "Up to 2 kg", "Up to 10 kg", "Transit days")


def cells(canvas: Canvas, rows, top: float = 780, by_column: bool = False) -> None:
    placed = [(row, column, text) for row, texts in enumerate(rows) for column, text in enumerate(texts) if text]
    for row, column, text in sorted(placed, key=lambda cell: cell[:2] if not by_column else (cell[1], cell[0])):
        canvas.drawString(72 + 120 * column, top - 16 * row, text)


def over_pages(second_head: bool = False, note: str = "", shift: float = 0):
    def draw(canvas: Canvas, number: int) -> None:
        if number > 1:
            canvas.translate(shift, 0)
            if note:
                canvas.drawString(72, 800, note)
        part = ZONES[4 * number - 4 : 4 * number]
        cells(canvas, [ZONE_HEAD, *part] if number == 1 or second_head else part)

    return drawn(draw, 3)


ROW = re.compile(
    r"\| Destination \| Up to 2 kg \| Up to 10 kg \| Transit days \|\n[^\n]*\n\| Zone 9 \| 9\.10 \| 14\.90 \| 5 \|"
)

CASES = [
    # raised and lowered figures: size and baseline, as producers write them
    Seen(
        "note mark in small type with a rise",
        ".pdf",
        scripts(("The fee was 350", 11, 0), ("4", 6.5, 4), (" euros.", 11, 0)),
        sees=("350^4 euros.",),
        never=("3504",),
        source="ISO 32000-1, 9.3.7 (text rise)",
    ),
    Seen(
        "exponent",
        ".pdf",
        scripts(("The tank holds 10", 11, 0), ("4", 6.5, 4), (" litres", 11, 0)),
        sees=("10^4 litres",),
        never=("104",),
        source="LibreOffice's export",
    ),
    Seen(
        "rise without smaller type",
        ".pdf",
        scripts(("room 12", 11, 0), ("3", 11, 4), (" is free", 11, 0)),
        sees=("12^3 is free",),
        source="ISO 32000-1, 9.3.7",
    ),
    Seen(
        "square metres",
        ".pdf",
        scripts(("640 m", 11, 0), ("2", 7, 4), (" and two gates", 11, 0)),
        sees=("640 m^2 and two",),
    ),
    Seen("ordinal", ".pdf", scripts(("the 22", 11, 0), ("nd", 7, 4), (" of May", 11, 0)), sees=("the 22nd of May",)),
    Seen(
        "chemical formula",
        ".pdf",
        scripts(("CO", 11, 0), ("2", 7, -2), (" of the hall", 11, 0)),
        sees=("CO2 of the hall",),
    ),
    Seen("index", ".pdf", scripts(("the value x", 11, 0), ("i", 7, -2), (" grows", 11, 0)), sees=("x_i grows",)),
    Seen("two marks", ".pdf", scripts(("12", 11, 0), ("1, 2", 6, 4), (" days", 11, 0)), sees=("12^(1, 2) days",)),
    Seen("note at the foot", ".pdf", scripts(("1", 6, 4), (" Excluding tax.", 11, 0)), sees=("^1 Excluding tax.",)),
    Seen(
        "bold is not raised",
        ".pdf",
        scripts(("350", 11, 0), (".", 11, 0), ("40 euros", 11, 0)),
        sees=("350.40 euros",),
        never=("^",),
    ),
    Seen(
        "small type on the line",
        ".pdf",
        scripts(("Total 350", 11, 0), (" net", 8, 0)),
        sees=("Total 350 net",),
        never=("^", "_"),
    ),
    # running heads
    Seen(
        "invoice numbers",
        ".pdf",
        paged(lambda n: f"Invoice No. {5000 + n}"),
        sees=("Invoice No. 5003", "Invoice No. 5004"),
    ),
    Seen("payslips that count from one", ".pdf", paged(lambda n: f"Payslip {n}"), sees=("Payslip 1", "Payslip 4")),
    Seen("exhibit numbers after a colon", ".pdf", paged(lambda n: f"Exhibit: {n}"), sees=("Exhibit: 3",)),
    Seen("a long number by itself", ".pdf", paged(lambda n: str(70200 + n)), sees=("70203",)),
    Seen(
        "form number once",
        ".pdf",
        paged(lambda n: "QP-417 valid to March 2027"),
        sees=(re.compile(r"^(?:(?!QP-417)[\s\S])*QP-417(?:(?!QP-417)[\s\S])*$"),),
    ),
    Seen("page of pages", ".pdf", paged(None, lambda n: f"Page {n} of 4"), never=("Page 2", "Page 1")),
    Seen("Seite", ".pdf", paged(None, lambda n: f"Seite {n}/4"), never=("Seite",)),
    Seen(
        "words and page number",
        ".pdf",
        paged(None, lambda n: f"SOP-0093 page {n} of 4"),
        sees=("SOP-0093 page 1 of 4",),
        never=("page 3 of 4",),
    ),
    Seen(
        "bare numbers with an offset",
        ".pdf",
        paged(None, lambda n: str(n + 10)),
        never=(re.compile(r"^1[1-4]$", re.M),),
    ),
    Seen(
        "pages that are all alike",
        ".pdf",
        drawn(lines("Voucher for one meal", top=800), 4),
        sees=(re.compile(r"(?:Voucher for one meal\s*){4}"),),
    ),
    # turned text
    *[
        Seen(
            f"written at {angle} degrees",
            ".pdf",
            turned(
                angle,
                "The annual budget of the branch amounts to",
                "four million euros and was approved on",
                "the third of May.",
            ),
            sees=(re.compile(r"amounts to\sfour million euros and was approved on\sthe third of May\."),),
        )
        for angle in (90, 180, 270)
    ],
    *[
        Seen(
            f"page turned by {turn}",
            ".pdf",
            edited(
                lines("The budget amounts to", "four million euros."),
                lambda writer, turn=turn: writer.pages[0].rotate(turn),
            ),
            sees=(re.compile(r"amounts to\sfour million"),),
            source="ISO 32000-1, table 30 (Rotate)",
        )
        for turn in (90, 180, 270)
    ],
    # layers
    Seen(
        "layer off",
        ".pdf",
        layered(off),
        sees=("5,200",),
        never=("4,700",),
        warns=("hidden layer", "Draft"),
        source="ISO 32000-1, 8.11.4.3 (OFF)",
    ),
    Seen(
        "all off but one",
        ".pdf",
        layered(base_off),
        sees=("5,200",),
        never=("4,700",),
        warns=("Draft",),
        source="ISO 32000-1, table 101 (BaseState)",
    ),
    Seen(
        "layer off for viewing",
        ".pdf",
        layered(by_usage, view_state),
        sees=("5,200",),
        never=("4,700",),
        warns=("Draft",),
        source="ISO 32000-1, 8.11.4.4 (AS)",
    ),
    Seen(
        "usage that nothing applies",
        ".pdf",
        layered(nothing, view_state),
        sees=("5,200", "4,700"),
        source="ISO 32000-1, 8.11.4.4",
    ),
    Seen("all layers on", ".pdf", layered(nothing), sees=("5,200", "4,700")),
    Seen(
        "member of all",
        ".pdf",
        layered(off, None, member("/AllOn")),
        sees=("5,200",),
        never=("4,700",),
        warns=("Draft",),
        source="ISO 32000-1, 8.11.2.2 (AllOn)",
    ),
    Seen(
        "member of any off",
        ".pdf",
        layered(off, None, member("/AnyOff")),
        sees=("5,200", "4,700"),
        warns=("Draft",),
        source="ISO 32000-1, 8.11.2.2 (AnyOff)",
    ),
    Seen(
        "expression",
        ".pdf",
        layered(off, None, expressed),
        sees=("5,200",),
        never=("4,700",),
        warns=("Draft",),
        source="ISO 32000-1, 8.11.2.2 (VE)",
    ),
    # forms
    Seen(
        "choice by what it shows",
        ".pdf",
        form(
            (
                "Country:",
                {"/FT": g.NameObject("/Ch"), "/Ff": g.NumberObject(1 << 17), "/Opt": COUNTRIES, "/V": text_of("DE")},
            )
        ),
        sees=("Country: Germany",),
        never=("DE",),
        source="ISO 32000-1, 12.7.4.4",
    ),
    Seen(
        "two chosen",
        ".pdf",
        form(
            (
                "Countries:",
                {
                    "/FT": g.NameObject("/Ch"),
                    "/Ff": g.NumberObject(1 << 21),
                    "/Opt": COUNTRIES,
                    "/V": g.ArrayObject([text_of("FR"), text_of("GR")]),
                },
            )
        ),
        sees=("France, Greece",),
        never=("Germany",),
        source="ISO 32000-1, table 231",
    ),
    Seen(
        "own words in a combo box",
        ".pdf",
        form(
            (
                "Country:",
                {"/FT": g.NameObject("/Ch"), "/Ff": g.NumberObject(3 << 17), "/Opt": COUNTRIES, "/V": text_of("Malta")},
            )
        ),
        sees=("Country: Malta",),
        source="ISO 32000-1, table 230 (Edit)",
    ),
    Seen(
        "password",
        ".pdf",
        form(
            ("Name:", {"/FT": g.NameObject("/Tx"), "/V": text_of("Ada")}),
            ("Word:", {"/FT": g.NameObject("/Tx"), "/Ff": g.NumberObject(1 << 13), "/V": text_of("s3cret")}),
        ),
        sees=("Name: Ada",),
        never=("s3cret",),
        source="ISO 32000-1, table 228 (Password)",
    ),
    Seen(
        "hidden field",
        ".pdf",
        form(
            ("Name:", {"/FT": g.NameObject("/Tx"), "/V": text_of("Ada")}),
            ("", {"/FT": g.NameObject("/Tx"), "/F": g.NumberObject(2), "/V": text_of("code 77")}),
        ),
        sees=("Name: Ada",),
        never=("code 77",),
        warns=("hidden form field",),
        source="ISO 32000-1, table 165 (Hidden)",
    ),
    Seen(
        "dynamic form",
        ".pdf",
        xfa(
            '<field name="rent"><caption><value><text>Monthly rent</text></value></caption></field>',
            "<f><rent>1850 euros</rent></f>",
        ),
        sees=("Monthly rent: 1850 euros",),
        never=("Please wait",),
        warns=("XFA",),
        source="XFA 3.3",
    ),
    Seen(
        "dynamic form with a choice",
        ".pdf",
        xfa(
            '<field name="c"><caption><value><text>Country</text></value></caption><items><text>Germany</text>'
            '<text>France</text></items><items save="1"><text>DE</text><text>FR</text></items></field>',
            "<f><c>DE</c></f>",
        ),
        sees=("Country: Germany",),
        warns=("XFA",),
        source="XFA 3.3 (items, save)",
    ),
    # struck out, covered, unseen
    Seen(
        "struck out by a line",
        ".pdf",
        drawn(struck),
        sees=("71 euros",),
        never=("64",),
        warns=("struck-out passage",),
        source="Word's and LibreOffice's export",
    ),
    Seen("underlined", ".pdf", drawn(underlined), sees=("64 euros", "71 euros")),
    Seen(
        "struck out by a mark",
        ".pdf",
        annotated("/StrikeOut", (72, 697, 172, 711)),
        sees=("71 euros",),
        never=("64",),
        warns=("struck-out",),
        source="ISO 32000-1, 12.5.6.10",
    ),
    Seen(
        "below a black bar",
        ".pdf",
        drawn(covered),
        sees=("The account is", "of the branch"),
        never=("1203",),
        warns=("hidden passage",),
    ),
    Seen(
        "below white-out",
        ".pdf",
        drawn(lambda canvas, number: covered(canvas, number, white)),
        never=("1203",),
        warns=("hidden passage",),
    ),
    Seen(
        "below a black annotation",
        ".pdf",
        annotated("/Square", (70, 696, 200, 712), IC=g.ArrayObject([g.NumberObject(0)] * 3)),
        sees=("71 euros",),
        never=("64",),
        warns=("hidden",),
        source="ISO 32000-1, 12.5.6.8 (IC)",
    ),
    Seen("white on a black bar", ".pdf", drawn(shaded), sees=("White words on a black bar",)),
    Seen(
        "white on bars with a gap between them, and beside black on paper",
        ".pdf",
        drawn(barred),
        sees=("Customer Vehicle", "Order no. RO-2022", "Total 64 euros"),
        never=("without tax",),
        warns=("1 hidden passage",),
        source="Excel's export",
    ),
    Seen("white on white", ".pdf", in_colour(white), never=("secret",), warns=("hidden passage",)),
    Seen(
        "white words within a line",
        ".pdf",
        partly(("The fee is ", black), ("999 ", white), ("64 euros", black)),
        sees=(re.compile("fee is +64 euros"),),
        never=("999",),
        warns=("1 hidden passage",),
        source="LibreOffice: white words in a web page",
    ),
    Seen(
        "white words before a line",
        ".pdf",
        partly(("999 ", white), ("The fee is 64 euros", black)),
        sees=("The fee is 64 euros",),
        never=("999",),
        warns=("1 hidden passage",),
    ),
    Seen(
        "white figures glued to others",
        ".pdf",
        partly(("The fee is 6", black), ("99", white), ("4 euros", black)),
        never=("699", "994"),
        warns=("1 hidden passage",),
    ),
    Seen(
        "columns of prose below a table",
        ".pdf",
        drawn(table_above_columns),
        sees=(re.compile(r"left column of prose 0,\s+This is the left column of prose 1"),),
        never=(re.compile(r"left column of prose 0,\s+This is the right"),),
        source="Chromium: column-count below a table",
    ),
    Seen("red", ".pdf", in_colour(red), sees=("secret words",)),
    Seen(
        "without ink",
        ".pdf",
        in_colour(mode=3),
        never=("secret",),
        warns=("hidden passage",),
        source="ISO 32000-1, table 106 (mode 3)",
    ),
    Seen(
        "outside of the crop box",
        ".pdf",
        edited(
            lambda canvas, number: (canvas.drawString(72, 700, "inside"), canvas.drawString(72, 100, "slug line")),
            beyond,
        ),
        sees=("inside",),
        never=("slug",),
        warns=("outside of the visible page",),
        source="ISO 32000-1, 14.11.2",
    ),
    # pictures
    Seen("large picture", ".pdf", picture(300, 200), warns=("1 picture was left out (p. 1)",), options=NO_OCR),
    Seen("logo", ".pdf", picture(60, 30), options=NO_OCR),
    Seen(
        "picture with its text over it",
        ".pdf",
        picture(300, 200, "The text of the picture stands over it."),
        options=NO_OCR,
    ),
    # tables
    Seen("rest of a table without its header", ".pdf", over_pages(), sees=(ROW,)),
    Seen("rest of a table with its header", ".pdf", over_pages(second_head=True), sees=(ROW,)),
    Seen("rest of a table below a note", ".pdf", over_pages(note="Tariffs (continued)"), sees=(ROW, "continued")),
    Seen("rest of a table on a page with another margin", ".pdf", over_pages(shift=20), sees=(ROW,)),
    Seen(
        "table drawn column by column",
        ".pdf",
        drawn(lambda canvas, number: cells(canvas, [ZONE_HEAD, *ZONES[:6]], by_column=True)),
        sees=("| Zone 3 | 3.10 | 8.90 | 4 |",),
    ),
    Seen(
        "empty cells keep their column",
        ".pdf",
        drawn(
            lambda canvas, number: cells(
                canvas, [ZONE_HEAD, *ZONES[:3], ("Zone 4", "", "9.90", ""), ("Zone 5", "", "", "1")]
            )
        ),
        sees=("| Zone 4 |  | 9.90 |  |", "| Zone 5 |  |  | 1 |"),
    ),
]


@table(CASES)
def test_what_a_viewer_shows(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


def placed(shown: str) -> list[tuple[str, float, float]]:
    """Glyphs from left to right, as they stand on a page."""
    return [(char, float(place), place + 1.0) for place, char in enumerate(shown)]


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        (".םילקש 1250 אוה Widget Pro לש ריחמה", "המחיר של Widget Pro הוא 1250 שקלים."),
        (".(2 הסרג) Pro ריחמה", "המחיר Pro (גרסה 2)."),
        ("INV-2024/17 םקר תינובשח", "חשבונית רקם INV-2024/17".replace("רקם", "רקם")),
        ("The name is םולש in the list.", "The name is שלום in the list."),
        ("12.50 ריחמ", "מחיר 12.50"),
        ("50% החנה", "הנחה 50%"),
        ("plain", "plain"),
    ],
)
def test_glyphs_from_left_to_right_are_put_into_reading_order(shown: str, read: str) -> None:
    assert logical(placed(shown)) == read


def test_vowel_signs_stay_with_their_letters() -> None:
    found = [("ש", 10.0, 16.0), ("ָ", 12.0, 14.0), ("ל", 4.0, 9.0), ("ם", 0.0, 3.0)]
    assert logical(found) == "שָלם"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 99_999), st.integers(0, 99), st.booleans()), min_size=1, max_size=8))
def test_a_raised_figure_never_joins_the_number_before_it(tmp_path: Path, rows) -> None:
    def draw(canvas: Canvas, number: int) -> None:
        for row, (whole, mark, spaced) in enumerate(rows):
            typed(
                canvas,
                72,
                760 - 20 * row,
                (f"Fee {whole}", 11, 0),
                (str(mark), 6.5, 4),
                (" euros" if spaced else ".", 11, 0),
            )

    drawn(draw)(tmp_path / "fuzz.pdf")
    text = read_pdf(tmp_path / "fuzz.pdf").units[0].text
    for whole, mark, spaced in rows:
        assert f"Fee {whole}^{mark}{' euros' if spaced else '.'}" in text
