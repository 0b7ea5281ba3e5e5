"""Links on pages of PDFs: what leads where, and what leads nowhere that is shown."""

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ragapp.web.pdf_pages import PdfPages

WIDTH, HEIGHT = A4
PLACE = (72, 700, 272, 720)


def links_of(path, draw, page=1):
    """Links of a page of a file of three pages, whose first one was drawn so."""
    canvas = Canvas(str(path), pagesize=A4)
    draw(canvas)
    for number in (1, 2, 3):
        canvas.drawString(72, 500, f"Page {number}")
        canvas.bookmarkPage(f"page {number}")
        canvas.showPage()
    canvas.save()
    return PdfPages().layer(path, page).links


def test_a_link_to_another_page(tmp_path):
    (link,) = links_of(tmp_path / "a.pdf", lambda canvas: canvas.linkRect("", "page 3", PLACE))
    assert (link.page, link.address) == (3, "")
    box = link.box
    assert (box.left, box.top) == pytest.approx((72 / WIDTH, (HEIGHT - 720) / HEIGHT), abs=0.01)
    assert (box.width, box.height) == pytest.approx((200 / WIDTH, 20 / HEIGHT), abs=0.01)


def test_a_link_stands_where_a_turned_page_shows_it(tmp_path):
    def draw(canvas):
        canvas.setPageRotation(90)  # lying, as reportlab makes it, and shown upright
        canvas.linkRect("", "page 2", (72, 300, 272, 320))

    (link,) = links_of(tmp_path / "a.pdf", draw)
    assert (link.box.left, link.box.top) == pytest.approx((300 / WIDTH, 72 / HEIGHT), abs=0.01)
    assert (link.box.width, link.box.height) == pytest.approx((20 / WIDTH, 200 / HEIGHT), abs=0.01)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://example.com/leave?year=2025#days", "https://example.com/leave?year=2025#days"),
        ("HTTP://example.com/", "HTTP://example.com/"),
        ("www.example.com", "https://www.example.com"),
        ("mailto:desk@example.com", "mailto:desk@example.com"),
    ],
)
def test_a_link_to_an_address(tmp_path, written, shown):
    (link,) = links_of(tmp_path / "a.pdf", lambda canvas: canvas.linkURL(written, PLACE))
    assert (link.page, link.address) == (0, shown)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "vbscript:x",
        "https://",
        "https://[",
        "https://example.com/a b",
        "chapter2",
        "x" * 5_000,
        "https://example.com/" + "x" * 5_000,
    ],
)
def test_what_is_no_address_of_a_page_or_of_a_person_is_no_link(tmp_path, address):
    assert links_of(tmp_path / "a.pdf", lambda canvas: canvas.linkURL(address, PLACE)) == ()


def test_no_link_reaches_beyond_its_page_and_an_empty_one_is_none(tmp_path):
    def draw(canvas):
        canvas.linkURL("https://example.com/", (-500, -500, 5_000, 5_000))
        canvas.linkURL("https://example.com/", (100, 100, 100, 100))
        canvas.linkURL("https://example.com/", (9_000, 9_000, 9_100, 9_100))

    (link,) = links_of(tmp_path / "a.pdf", draw)
    box = (link.box.left, link.box.top, link.box.width, link.box.height)
    assert box == pytest.approx((0.0, 0.0, 1.0, 1.0))


def test_pages_without_links_have_none_and_thousands_are_cut(tmp_path):
    def draw(canvas):
        for n in range(3_000):
            canvas.linkURL(f"https://example.com/{n}", (72, 100 + n / 10, 90, 110 + n / 10))

    assert len(links_of(tmp_path / "a.pdf", draw)) == 1_000
    assert PdfPages().layer(tmp_path / "a.pdf", 2).links == ()
