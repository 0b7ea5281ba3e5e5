"""What two documents differ in: small texts side by side, and the sample policies end to end."""

from pathlib import Path

import numpy as np
import pytest

from ragapp.app import App
from ragapp.compare.comparer import compare_documents
from ragapp.compare.sections import read_sections
from ragapp.compare.words import changed_facts, pieces_of
from ragapp.contract import Piece
from ragapp.errors import EmptyStoreError, StoreError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.records import EmbedderIdentity
from ragapp.reading.document import Block, Document, Unit


@pytest.fixture
def catalog(tmp_path):
    with_it = Catalog(tmp_path / "catalog.sqlite3")
    yield with_it
    with_it.close()


def blocks(text):
    """Blocks by a little Markdown: headings, tables, paragraphs between blank lines."""
    path, made = [], []
    for paragraph in text.strip().split("\n\n"):
        if paragraph.startswith("#"):
            mark, _, title = paragraph.partition(" ")
            path = [*path[: len(mark) - 1], title]
            made.append(Block(title, "heading", tuple(path)))
        else:
            made.append(Block(paragraph, "table" if paragraph.startswith("|") else "text", tuple(path)))
    return made


def put(catalog, name, *pages, sha256=None, **unit):
    identity = catalog.identity_id(EmbedderIdentity("words", 4, True, "w", "c"))
    units = [Unit(n, "page", blocks=blocks(page) if page else [], **unit) for n, page in enumerate(pages, 1)]
    document = Document(Path(name).stem, units, "en")
    path = Path("/papers", name)
    return catalog.put_document(path, document, [], np.zeros((0, 4)), identity, 1, 1, sha256 or name)[0]


def compared(catalog, before, after):
    """The changes from one text to the other."""
    return compare_documents(catalog, put(catalog, "a.md", before), put(catalog, "b.md", after))


HOTELS = "## 4 Hotels\n\nA hotel in London costs at most £160 a night. Breakfast is included."
TRAINS = "## 3 Trains\n\nTrains are booked seven working days ahead. Standard class is the rule."
CLAIMS = "## 5 Claims\n\nClaims are handed in within 60 days of the return. A receipt is needed for every item."
POLICY = f"# Travel\n\n{TRAINS}\n\n{HOTELS}\n\n{CLAIMS}"
TABLE = "## Limits\n\n| Place | Night | Lunch |\n| --- | --- | --- |\n| London | £160 | £12 |\n| Paris | €172 | €17 |"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (POLICY, POLICY, []),
        # spaces, quotes, marks and numbers of headings are no changes
        (POLICY, POLICY.replace("## 4 Hotels", "## 7 Hotels").replace("a night. ", "a night.  "), []),
        (POLICY, POLICY.replace("£160", "£175"), [("changed", ("amount",), "£160", "£175")]),
        (POLICY, POLICY.replace("60 days", "30 days"), [("changed", ("number",), "60 days", "30 days")]),
        (POLICY, POLICY.replace("seven", "ten"), [("changed", ("number",), "seven", "ten")]),
        (POLICY, POLICY.replace("Standard class", "First class"), [("changed", (), "Standard", "First")]),
        (POLICY, POLICY + " Late claims are not paid.", [("added", (), None, "Late claims are not paid.")]),
        (POLICY, POLICY.replace(" Breakfast is included.", ""), [("removed", (), "Breakfast is included.", None)]),
        (POLICY, POLICY.replace("## 5 Claims", "## 5 Reimbursement"), [("changed", (), "5 Claims", "5 Reimbursement")]),
        (POLICY, f"# Travel\n\n{CLAIMS}\n\n{TRAINS}\n\n{HOTELS}", [("moved", (), "5 Claims", "5 Claims")]),
        (TABLE, TABLE.replace("€172", "€190"), [("changed", ("amount",), "Night: €172", "Night: €190")]),
        (TABLE, TABLE + "\n| Lyon | €142 | €17 |", [("added", (), None, "Place: Lyon; Night: €142; Lunch: €17")]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_small_changes(catalog, before, after, expected):
    found = compared(catalog, before, after)
    assert found.related
    told = [(change.kind, change.facts) for change in found.changes]
    assert told == [(kind, facts) for kind, facts, _, _ in expected]
    for change, (_, _, gone, there) in zip(found.changes, expected, strict=True):
        assert (gone is None) == (change.before is None)
        assert (there is None) == (change.after is None)
        assert gone is None or gone in change.before.shown
        assert there is None or there in change.after.shown


def test_figures_come_first_and_the_rest_in_the_order_of_the_document(catalog):
    after = POLICY.replace("Standard class", "First class").replace("60 days", "30 days") + " Late claims wait."
    found = compared(catalog, POLICY, after)
    assert [(change.kind, bool(change.facts)) for change in found.changes] == [
        ("changed", True),
        ("changed", False),
        ("added", False),
    ]
    assert found.unchanged == 8


def test_quotes_are_the_words_that_are_stored(catalog):
    before, after = put(catalog, "a.md", POLICY), put(catalog, "b.md", POLICY.replace("£160", "£175") + " It is so.")
    for change in compare_documents(catalog, before, after).changes:
        for number, quote in ((before, change.before), (after, change.after)):
            if quote:
                assert catalog.unit_text(number, quote.page)[quote.start : quote.end] == quote.text


def test_a_sentence_that_goes_on_on_the_next_page_is_one(catalog):
    whole = "Claims are handed in within 60 days of the return. A receipt is needed."
    before = put(catalog, "a.pdf", whole)
    after = put(catalog, "b.pdf", "Claims are handed in within 60 days", "of the return. A receipt is needed.")
    assert compare_documents(catalog, before, after).changes == ()
    changed = put(catalog, "c.pdf", "Claims are handed in within 30 days", "of the return. A receipt is needed.")
    (change,) = compare_documents(catalog, before, changed).changes
    assert (change.after.page, change.after.to_page) == (1, 2)


def test_a_section_with_another_name_is_found_by_its_text(catalog):
    found = compared(catalog, POLICY, POLICY.replace("4 Hotels", "6 Where to sleep").replace("£160", "£175"))
    assert [(change.kind, change.facts) for change in found.changes] == [("changed", ("amount",)), ("changed", ())]
    assert found.changes[1].after.shown == "6 Where to sleep"
    assert found.changes[0].section.endswith("6 Where to sleep")


def test_bad_input(catalog):
    policy, empty = put(catalog, "a.md", POLICY), put(catalog, "empty.md", "")
    scan = put(catalog, "scan.pdf", "", coverage="needs_ocr")
    recipe = put(
        catalog, "recipe.md", "# Soup\n\nPeel three onions. Fry them slowly in butter.\n\nAdd broth, then cheese."
    )
    with pytest.raises(UsageError, match="itself"):
        compare_documents(catalog, policy, policy)
    with pytest.raises(StoreError, match="no document 99"):
        compare_documents(catalog, policy, 99)
    with pytest.raises(EmptyStoreError, match=r"empty\.md has no text"):
        compare_documents(catalog, policy, empty)
    with pytest.raises(EmptyStoreError, match="not recognised"):
        compare_documents(catalog, scan, policy)
    unrelated = compare_documents(catalog, policy, recipe)
    assert not unrelated.related
    assert unrelated.changes == ()
    assert "next to nothing in common" in unrelated.notes[0]


def test_copies_and_pages_by_ocr_are_said(catalog):
    same = [put(catalog, name, POLICY, sha256="0") for name in ("a.md", "copy.md")]
    assert "byte for byte" in compare_documents(catalog, *same).notes[0]
    read = put(catalog, "read.pdf", POLICY.replace("£160", "£16O"), coverage="ocr")
    assert "misreading" in " ".join(compare_documents(catalog, same[0], read).notes)


def test_long_documents_take_seconds_and_what_is_left_out_is_said(catalog):
    lines = [f"Point {n} of list {n % 97} says that item {n * 7919 % 10007} costs £{n}." for n in range(24_000)]
    before = put(catalog, "a.txt", "\n".join(lines))
    after = put(catalog, "b.txt", "\n".join([*lines[:5], "A new point stands here.", *lines[6:]]))
    found = compare_documents(catalog, before, after)
    assert found.seconds < 60
    assert any("too long" in note for note in found.notes)
    assert "A new point" in " ".join(change.after.shown for change in found.changes if change.after)
    assert len(found.changes) < 10


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ("It costs £160 a night.", "It costs £175 a night.", ("amount",)),
        ("It costs £1,250.00.", "It costs £1250.", ()),
        ("In force from 1 March 2024.", "In force from 01/03/2024.", ()),
        ("In force from 1 March 2024.", "In force from 1 April 2024.", ("date",)),
        ("Book seven days ahead.", "Book 7 days ahead.", ()),
        ("Réserver sept jours avant.", "Réserver dix jours avant.", ("number",)),
        ("Dans les 60 jours.", "Dans les 30 jours.", ("number",)),
        ("It is allowed.", "It is not allowed.", ()),
    ],
)
def test_changed_facts(before, after, facts):
    assert changed_facts(before, after) == facts


def test_pieces_are_both_texts():
    before, after = "The limit in London is £160 a night.", "The limit in London is £175 a night, at most."
    pieces = pieces_of(before, after)
    assert Piece("removed", "£160") in pieces
    assert Piece("added", "£175") in pieces
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


@pytest.mark.timeout(20)
def test_words_that_repeat_a_thousand_times_take_no_minutes():
    before, after = "a b " * 700, "b a c " * 500
    pieces = pieces_of(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before


def test_lines_broken_by_the_page_are_one_sentence():
    text = "This line was broken by the page because it is as long as can be\nThere the sentence ends.\nOwner A. Low"
    (section,), _ = read_sections([Unit(1, "page", blocks=[Block(text)])])
    assert [statement.shown for statement in section.statements] == [
        "This line was broken by the page because it is as long as can be There the sentence ends.",
        "Owner A. Low",
    ]


@pytest.mark.real
def test_the_sample_policies(sample_settings):
    with App(sample_settings) as app:
        ids = {row.name: row.id for row in app.catalog.documents()}
        pair = ids["travel-policy-2024.docx"], ids["travel-policy-2025.pdf"]
        found, about = app.compare(*pair), app.compare(*pair, about="hotel limits")
    (london,) = [c for c in found.changes if c.facts and c.before and c.before.shown.startswith("Place: London")]
    assert london.before.text == "| London | £160 | £12 | £29 |"
    assert (london.after.text, london.after.page) == ("| London | £175 | £14 | £32 |", 3)
    assert found.changes[0].facts
    assert london in about.changes
    assert 0 < len(about.changes) < len(found.changes) / 2
    assert any("Hotel" in section for section in about.sections)
