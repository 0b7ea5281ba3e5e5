import shutil

import pytest

from ragapp.errors import ReadingError
from ragapp.index.catalog import Catalog
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.pdf.reader import read_pdf
from ragapp.web.evidence import EvidenceFinder, Source
from ragapp.web.pdf_view import PdfView
from ragapp.web.setting_sources import decided_elsewhere, setting_rows


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
    assert (changed.file, changed.picture, changed.found) == ("changed", False, True)
    assert any(marked and "laundry" in text for block in changed.blocks for text, marked in block.pieces)
    path.unlink()
    assert finder.show(source).file == "gone"


def test_a_document_that_was_removed_still_shows_its_quote(catalog, view):
    shown = EvidenceFinder(lambda: catalog, view).show(Source("a.pdf", "/gone/a.pdf", 1, quote="the words"))
    assert shown.id == 0
    assert shown.blocks[0].pieces == (("the words", True),)


def test_a_damaged_pdf_shows_its_stored_text(catalog, tmp_path, view):
    path = tmp_path / "bad.pdf"
    path.write_bytes(b"%PDF-1.7 broken")
    put(catalog, path, Document("bad", [Unit(1, "page", "", [Block("It was once read.")])]))
    shown = EvidenceFinder(lambda: catalog, view).show(Source(path.name, str(path), 1, quote="once read", start=7))
    assert not shown.picture
    assert shown.blocks[0].pieces == (("It was ", False), ("once read", True), (".", False))


def test_the_text_of_another_version_is_searched_for_the_words(catalog, tmp_path, view):
    path = tmp_path / "a.txt"
    path.write_text("x", encoding="utf-8")
    blocks = [Block("A new first line."), Block("The kettle is green.")]
    put(catalog, path, Document("a", [Unit(1, "document", "", blocks)]))
    shown = EvidenceFinder(lambda: catalog, view).show(Source("a.txt", str(path), 1, quote="The kettle is green."))
    assert shown.found
    assert shown.blocks[1].pieces == (("The kettle is green.", True),)


def test_where_settings_come_from(monkeypatch, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("llm:\n  threads: 3\ningest:\n  passwords: [geheim]\n", encoding="utf-8")
    monkeypatch.setenv("RAGAPP_ANSWER__MAX_TOKENS", "99")
    from ragapp.settings import load_settings

    settings = load_settings(file, {"server": {"port": 9000}})
    rows = {row.key: row for section in setting_rows(settings, file).values() for row in section}
    assert (rows["llm.threads"].value, rows["llm.threads"].source) == ("3", "file")
    assert (rows["answer.max_tokens"].source, rows["answer.max_tokens"].origin) == (
        "environment",
        "RAGAPP_ANSWER__MAX_TOKENS",
    )
    assert rows["server.port"].source == "command"
    assert rows["retrieval.passages"].source == "default"
    assert "geheim" not in rows["ingest.passwords"].value
    assert decided_elsewhere("answer", "max_tokens")
    assert not decided_elsewhere("llm", "threads")
