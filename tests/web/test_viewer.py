"""The viewer's routes: what they give of a document, and how they say no."""

import json
import shutil
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ragapp.index.catalog import Catalog
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.pdf.reader import read_pdf
from ragapp.web.evidence import EvidenceFinder
from ragapp.web.pdf_view import PdfView
from ragapp.web.viewer import make_viewer

HOSTILE = '<img src=x onerror=alert(1)>"&'


def put(catalog, path, document):
    import numpy as np

    from ragapp.index.records import EmbedderIdentity

    identity, state = catalog.identity_id(EmbedderIdentity("e", 2, True, "w", "c")), path.stat()
    catalog.put_document(path, document, [], np.zeros((0, 2)), identity, state.st_size, state.st_mtime_ns, path.name)
    return catalog.document_at(str(path)).id


@pytest.fixture(scope="module")
def served(tmp_path_factory, request):
    """A client, the catalog, and ids: a PDF, a scan whose text was recognised, a text of two units, one without end."""
    folder = tmp_path_factory.mktemp("viewer")
    catalog, view = Catalog(folder / "catalog.sqlite3"), PdfView()
    ids = {}
    policy = folder / "policy.pdf"
    shutil.copy(request.config.rootpath / "sample_docs" / "travel-policy-2025.pdf", policy)
    ids["policy"] = put(catalog, policy, read_pdf(policy))
    blank = folder / "scan.pdf"
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(300, 400)
    writer.write(blank)
    ids["scan"] = put(catalog, blank, Document("scan", [Unit(1, "page", "", [Block("A stamp of Reims")], "ocr", 0.9)]))
    text = folder / "notes.txt"
    text.write_text("x", encoding="utf-8")
    first = Unit(1, "section", HOSTILE, [Block(HOSTILE, "heading", (HOSTILE,)), Block("The kettle is green.")])
    table = Unit(2, "sheet", "Prices", [Block("| Item | Price |\n|---|---|\n| Kettle | 12 |\n| Pot | 9 |", "table")])
    ids["notes"] = put(catalog, text, Document("notes", [first, table]))
    log = folder / "log.txt"
    log.write_text("y", encoding="utf-8")
    ids["log"] = put(catalog, log, Document("log", [Unit(1, "document", "", [Block("line of a log\n" * 5000)])]))
    app = FastAPI()
    app_state = SimpleNamespace(app=SimpleNamespace(catalog=catalog), view=view)
    app_state.evidence = EvidenceFinder(lambda: catalog, view)
    app.include_router(make_viewer(app_state))
    with TestClient(app) as client:
        yield client, catalog, ids
    view.close()
    catalog.close()


def test_an_outline_tells_sizes_places_and_parts(served):
    client, _, ids = served
    policy = client.get(f"/outline/{ids['policy']}").json()
    assert policy["parts"] == [1] * 5
    assert policy["places"][2] == "p. 3"
    ((width, height, count),) = policy["sizes"]
    assert (round(width), round(height), count) == (595, 842, 5)
    notes = client.get(f"/outline/{ids['notes']}?language=fr").json()
    assert notes["places"] == [HOSTILE, "feuille Prices"]
    assert notes["sizes"] == []
    assert client.get(f"/outline/{ids['log']}").json()["parts"] == [6]


def test_a_place_is_marked_by_a_span_of_the_stored_text(served):
    client, catalog, ids = served
    text = catalog.unit(ids["policy"], 3).text
    start = text.index("| London |")
    mark = f"{start}-{text.index(chr(10), start)}"
    view = client.get(f"/view/{ids['policy']}?page=3&mark={mark}").json()
    assert (view["page"], view["pictures"], view["mark"], view["notes"]) == (3, True, mark, [])
    assert len(view["boxes"]) >= 2
    assert len({round(box[1], 2) for box in view["boxes"]}) == 1
    for odd in ("5-2", "a-b", "1-", "9" * 40, "1-2;3-4"):
        reply = client.get(f"/view/{ids['policy']}", params={"page": 3, "mark": odd})
        assert (reply.status_code, reply.json()["mark"]) == (200, "")


@pytest.mark.parametrize("number", [0, -1, 6, 10**12, 10**30])
def test_a_page_that_is_not_there_is_a_clean_no(served, number):
    client, _, ids = served
    policy, notes = ids["policy"], ids["notes"]
    for address in (
        f"/view/{policy}?page={number}",
        f"/page/{policy}/{number}.jpg",
        f"/text/{policy}/{number}",
        f"/words/{policy}/{number}?words=a",
        f"/unit/{notes}/{number}/0",
        f"/unit/{notes}/1/{number or -1}",
    ):
        reply = client.get(address)
        assert reply.status_code == 404, address
        assert str(number or 0).removeprefix("-") in reply.json()["error"].replace(",", "") or "/unit/" in address
    assert client.get(f"/find/{policy}?words=a&first={number}&last={number}").json()["found"] == []


@pytest.mark.parametrize("document", [0, -3, 999, 10**30])
def test_a_document_that_is_not_there_is_told_in_words(served, document):
    client, *_ = served
    for address in (
        "view/{}",
        "outline/{}",
        "page/{}/1.jpg",
        "text/{}/1",
        "unit/{}/1/0",
        "words/{}/1",
        "find/{}?words=a",
    ):
        reply = client.get("/" + address.format(document))
        assert reply.status_code == 404
        assert "no longer in the store" in reply.json()["error"]
    assert "n’est plus" in client.get(f"/view/{document}?language=fr").json()["error"]


def test_text_comes_with_the_links_of_its_page(served, tmp_path):
    import viewerkit

    client, catalog, _ = served
    path = viewerkit.linked_pdf(tmp_path / "linked.pdf")
    linked = put(catalog, path, read_pdf(path))
    (to_page, away) = client.get(f"/text/{linked}/1").json()["links"]
    assert to_page[1:] == [30, ""]
    assert away[1:] == [0, "https://example.com/terms"]
    assert all(0 <= side <= 1 for side in to_page[0])
    assert client.get(f"/text/{linked}/2").json()["links"] == []


def test_pictures_come_in_some_widths_only_and_of_pdfs_only(served):
    import io

    from PIL import Image

    client, _, ids = served
    for width in (240, 1600):
        reply = client.get(f"/page/{ids['policy']}/1.jpg?width={width}")
        assert reply.headers["content-type"] == "image/jpeg"
        assert abs(Image.open(io.BytesIO(reply.content)).width - width) <= 1
    assert client.get(f"/page/{ids['policy']}/1.jpg?width=99999").status_code == 404
    assert client.get(f"/page/{ids['notes']}/1.jpg").status_code == 404


def test_stored_text_is_never_markup(served):
    client, _, ids = served
    html = client.get(f"/unit/{ids['notes']}/1/0", params={"words": "img src", "mark": "0-9"}).json()["html"]
    assert "<img" not in html
    assert "&lt;" in html
    assert 'role="heading"' in html


def test_a_link_that_is_older_than_the_text_marks_nothing_and_says_so(served):
    client, catalog, ids = served
    start = catalog.unit(ids["notes"], 1).text.index("The kettle")
    place = {"page": 1, "mark": f"{start}-{start + 10}"}
    made = client.get(f"/view/{ids['notes']}", params=place).json()
    again = client.get(f"/view/{ids['notes']}", params={**place, "seal": made["seal"]}).json()
    assert (again["mark"], again["notes"]) == (place["mark"], [])
    stale = client.get(f"/view/{ids['notes']}", params={**place, "mark": "0-10", "seal": made["seal"]}).json()
    assert (stale["mark"], stale["seal"]) == ("", "")
    assert "any more" in stale["notes"][0]


def test_words_are_counted_in_text_and_marked_there(served):
    client, _, ids = served
    found = client.get(f"/find/{ids['notes']}", params={"words": "KETTLE", "last": 9, "text": 1}).json()
    assert found["found"] == [[1, 0, 1], [2, 0, 1]]
    unit = client.get(f"/unit/{ids['notes']}/2/0", params={"words": "kettle"}).json()
    assert unit["hits"] == 1
    assert '<td><mark class="hit" data-hit="0">Kettle</mark></td>' in unit["html"]
    found = client.get(f"/find/{ids['log']}", params={"words": "of a log", "text": 1}).json()["found"]
    assert sum(count for *_, count in found) == 5000
    for _, part, count in found:
        assert client.get(f"/unit/{ids['log']}/1/{part}", params={"words": "of a log"}).json()["hits"] == count


def test_words_of_a_scan_are_found_on_its_page(served):
    client, _, ids = served
    assert client.get(f"/find/{ids['scan']}", params={"words": "reims"}).json()["found"] == [[1, 0, 1]]
    assert client.get(f"/words/{ids['scan']}/1", params={"words": "reims"}).json()["places"] == []
    assert client.get(f"/text/{ids['scan']}/1").json() == {"runs": [], "text": "A stamp of Reims", "links": []}
    assert any("OCR" in note for note in client.get(f"/view/{ids['scan']}").json()["notes"])


def test_the_pages_that_are_looked_through_at_a_time_are_limited(served):
    client, _, ids = served
    reply = client.get(f"/find/{ids['policy']}", params={"words": "e" * 5000, "first": 1, "last": 10**9})
    assert reply.json() == {"last": 100, "found": []}


def test_answers_are_json(served):
    client, _, ids = served
    reply = client.get(f"/unit/{ids['notes']}/1/0")
    assert reply.headers["content-type"].startswith("application/json")
    assert set(json.loads(reply.content)) == {"html", "hits"}
