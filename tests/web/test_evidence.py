import shutil

import pytest

from ragapp.errors import ReadingError
from ragapp.index.catalog import Catalog
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.pdf.reader import read_pdf
from ragapp.web.evidence import EvidenceFinder, Source
from ragapp.web.pdf_view import PdfView


@pytest.fixture
def view():
    view = PdfView()
    yield view
    view.close()


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def put(catalog, path, document):
    import numpy as np

    from ragapp.index.records import EmbedderIdentity

    identity = catalog.identity_id(EmbedderIdentity("e", 2, True, "w", "c"))
    state = path.stat()
    catalog.put_document(path, document, [], np.zeros((0, 2)), identity, state.st_size, state.st_mtime_ns, "sha")


@pytest.fixture
def policy(tmp_path, catalog, request):
    path = tmp_path / "policy.pdf"
    shutil.copy(request.config.rootpath / "sample_docs" / "travel-policy-2025.pdf", path)
    document = read_pdf(path)
    put(catalog, path, document)
    return path, document


def source_of(path, document, page, quote):
    start = document.units[page - 1].text.index(quote)
    return Source(path.name, str(path), page, quote=quote, start=start)


def test_quoted_words_are_marked_on_the_page(catalog, policy, view):
    path, document = policy
    shown = EvidenceFinder(lambda: catalog, view).show(source_of(path, document, 3, "| London | \u00a3175 |"))
    assert shown.picture
    assert shown.file == "same"
    assert shown.units == 5
    assert shown.headings[-1].endswith("Hotel limits")
    assert len(shown.boxes) == 2  # the cells of one row
    assert abs(shown.boxes[0].top - shown.boxes[1].top) < 0.01
    assert shown.boxes[0].left < shown.boxes[1].left


def test_words_over_several_lines_get_a_box_a_line(catalog, policy, view):
    path, document = policy
    quote = "If nothing suitable is free within the limit, the desk may exceed it by 10% without asking; beyond that"
    boxes = EvidenceFinder(lambda: catalog, view).show(source_of(path, document, 3, quote)).boxes
    assert 2 <= len(boxes) <= 3
    assert all(0 <= box.left <= 1 and 0 < box.width <= 1 for box in boxes)


def test_a_page_is_a_picture_and_is_kept(policy, view):
    path, _ = policy
    picture = view.picture(path, 1)
    assert picture[:3] == b"\xff\xd8\xff"
    assert view.picture(path, 1) is picture
    with pytest.raises(ReadingError, match="no page 9"):
        view.picture(path, 9)


def test_a_file_that_has_changed_or_gone_falls_back_to_its_stored_text(catalog, policy, view):
    path, document = policy
    source = source_of(path, document, 3, "the company pays for laundry up to \u00a324 a week")
    finder = EvidenceFinder(lambda: catalog, view)
    path.write_bytes(b"something else")
    changed = finder.show(source)
    assert (changed.file, changed.picture) == ("changed", False)
    assert [document.units[2].text[start:end] for start, end in changed.spans] == [source.quote]
    path.unlink()
    assert finder.show(source).file == "gone"


def test_a_document_that_was_removed_still_shows_its_quote(catalog, view):
    shown = EvidenceFinder(lambda: catalog, view).show(Source("a.pdf", "/gone/a.pdf", 1, quote="the words"))
    assert (shown.id, shown.source.quote) == (0, "the words")


def test_a_damaged_pdf_shows_its_stored_text(catalog, tmp_path, view):
    path = tmp_path / "bad.pdf"
    path.write_bytes(b"%PDF-1.7 broken")
    put(catalog, path, Document("bad", [Unit(1, "page", "", [Block("It was once read.")])]))
    shown = EvidenceFinder(lambda: catalog, view).show(Source(path.name, str(path), 1, quote="once read", start=7))
    assert not shown.picture
    assert shown.spans == ((7, 16),)


def test_the_text_of_another_version_is_searched_for_the_words(catalog, tmp_path, view):
    path = tmp_path / "a.txt"
    path.write_text("x", encoding="utf-8")
    blocks = [Block("A new first line."), Block("The kettle is green.")]
    put(catalog, path, Document("a", [Unit(1, "document", "", blocks)]))
    shown = EvidenceFinder(lambda: catalog, view).show(Source("a.txt", str(path), 1, quote="The kettle is green."))
    text = "A new first line.\n\nThe kettle is green."
    assert [text[start:end] for start, end in shown.spans] == ["The kettle is green."]


def test_words_that_stand_apart_are_marked_apart(catalog, tmp_path, view):
    rows = "\n".join(f"| Town {n} | {n * 7} |" for n in range(1, 60))
    table = f"| Place | Limit |\n| --- | --- |\n{rows}"
    path = tmp_path / "a.txt"
    path.write_text("x", encoding="utf-8")
    put(catalog, path, Document("a", [Unit(1, "sheet", "Limits", [Block(table, "table")])]))
    # as a passage has it: the table's header stands before rows that are far from it
    quote = "| Place | Limit |\n| --- | --- |\n| Town 41 | 287 |\n| Town 42 | 294 |"
    spans = EvidenceFinder(lambda: catalog, view).show(Source("a.txt", str(path), 1, quote=quote)).spans
    marked = " ".join(table[start:end] for start, end in spans)
    assert "Town 41" in marked
    assert "Town 42" in marked
    assert "Town 20" not in marked


def column_by_column(path, words_below=()):
    """A PDF with a table whose cells are drawn one column after the other."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path))
    for column, cells in enumerate((("Leeds", "Hull", "York"), ("single", "double", "single"), ("145", "212", "99"))):
        for line, cell in enumerate(cells):
            canvas.drawString(72 + 150 * column, 700 - 30 * line, cell)
    for line, words in enumerate(words_below):
        canvas.drawString(72, 400 - 30 * line, words)
    canvas.save()


def test_a_row_that_is_drawn_by_columns_is_marked_in_its_own_line(tmp_path, view):
    path = tmp_path / "columns.pdf"
    column_by_column(path, ("Hull has a double bill, and 212 seats.",))
    boxes = view.place(path, 1, "| Hull | double | 212 |", 0.1).boxes
    assert len(boxes) == 3
    assert len({round(box.top, 2) for box in boxes}) == 1
    assert boxes[0].top < 0.3
    assert [round(box.left, 1) for box in boxes] == [0.1, 0.4, 0.6]


def test_the_text_of_a_page_stands_where_it_is_drawn(policy, view):
    path, _ = policy
    runs = view.layer(path, 3).runs
    text = "".join(("\n" if run.line else "") + run.text for run in runs)
    assert "London £175" in " ".join(text.split())
    london, limit = (next(run for run in runs if run.text.strip() == word) for word in ("London", "£175"))
    assert abs(london.box.top - limit.box.top) < 0.005
    assert london.box.left + london.box.width < limit.box.left
    assert all(0 <= run.box.left < 1 and 0 < run.box.height < 0.1 for run in runs)


def test_words_are_counted_and_found_on_pages(policy, view):
    path, _ = policy
    counts = view.count(path, 1, 5, "hotel")
    assert len(counts) == 5
    for page, count in enumerate(counts, 1):
        assert len(view.words(path, page, "HOTEL")) == count
    assert sum(counts) > 3
    assert view.count(path, 1, 5, "no such words") == (0, 0, 0, 0, 0)


def test_pages_have_the_sizes_that_they_are_shown_in(tmp_path, view):
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(300, 400)
    writer.add_blank_page(300, 400).rotate(90)
    writer.write(tmp_path / "turned.pdf")
    assert view.sizes(tmp_path / "turned.pdf") == ((300, 400), (400, 300))


def test_a_long_file_is_opened_anew_before_it_fills_the_memory(tmp_path, monkeypatch):
    from viewerkit import long_pdf

    from ragapp.web import pdf_pages

    monkeypatch.setattr(pdf_pages, "_MOST_PARSED", 10)
    path, pages = long_pdf(tmp_path / "long.pdf", 35), pdf_pages.PdfPages()
    opened, real = [], pdf_pages.PdfPages._close
    monkeypatch.setattr(pdf_pages.PdfPages, "_close", lambda self, key: (opened.append(key), real(self, key)))
    assert sum(pages.count(path, 1, 35, "of page 33 ")) == 30
    assert len(opened) == 3
