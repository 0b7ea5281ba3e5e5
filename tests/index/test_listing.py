import hashlib
from pathlib import Path

import pytest
from storekit import make_document

from ragapp.index.catalog import Catalog
from ragapp.index.listing import COLUMNS, Around, Query, count_lines, list_page, matching_ids, warning_kind
from ragapp.index.records import EmbedderIdentity, UnreadRow
from ragapp.index.summary_line import first_sentence, summary_lines

NONE = Around()


@pytest.fixture
def catalog(tmp_path):
    import numpy as np

    catalog = Catalog(tmp_path / "catalog.sqlite")
    identity = catalog.identity_id(EmbedderIdentity("words", 4, True, "w", "c"))

    def put(path, *pages, title="", warnings=(), size=10):
        document = make_document(*pages, title=title or Path(path).stem)
        document.warnings.extend(warnings)
        sha256 = hashlib.sha256(path.encode()).hexdigest()
        facts = dict(size=size, mtime_ns=1, sha256=sha256)
        return catalog.put_document(Path(path), document, [], np.zeros((0, 4)), identity, **facts)[0]

    catalog.put = put
    yield catalog
    catalog.close()


def names(catalog, around=NONE, **query):
    return [line.name for line in list_page(catalog, Query(**query), around).lines]


def test_documents_are_found_whatever_their_case_and_accents_by_name_title_and_folder(catalog):
    catalog.put("/d/Zoé.pdf", *["x"] * 9)
    catalog.put("/d/a.docx", "x", title="Règlement intérieur")
    catalog.put("/papers/Straße/b.pdf", *["x"] * 5)
    assert names(catalog) == ["a.docx", "b.pdf", "Zoé.pdf"]
    assert names(catalog, column="pages", down=True) == ["Zoé.pdf", "b.pdf", "a.docx"]
    assert names(catalog, column="type") == ["a.docx", "b.pdf", "Zoé.pdf"]
    assert names(catalog, column="folder", down=True) == ["b.pdf", "a.docx", "Zoé.pdf"]
    assert names(catalog, search="reglement INTERIEUR") == ["a.docx"]
    assert names(catalog, search="ZOE") == ["Zoé.pdf"]
    assert names(catalog, search="papers strasse") == ["b.pdf"]
    assert names(catalog, search="100% a_b '\"") == []


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("down", [False, True])
def test_every_page_of_every_order_together_is_the_whole_list(catalog, column, down):
    for n in range(23):
        catalog.put(
            f"/d{n % 3}/{n % 7}.{'pdf' if n % 2 else 'txt'}" if n < 20 else f"/e/{n}.md", *["x"] * (n % 4), size=n
        )
    whole = list_page(catalog, Query(column=column, down=down, limit=100), NONE)
    assert whole.total == len(whole.lines) == len({line.path for line in whole.lines})
    parts = []
    for offset in range(0, whole.total, 5):
        part = list_page(catalog, Query(column=column, down=down, limit=5, offset=offset), NONE)
        assert (part.total, part.offset) == (whole.total, offset)
        parts += part.lines
    assert parts == list(whole.lines)


def test_a_page_beyond_the_end_is_the_last_one(catalog):
    for n in range(7):
        catalog.put(f"/d/{n}.txt", "x")
    page = list_page(catalog, Query(limit=3, offset=300), NONE)
    assert (page.offset, [line.name for line in page.lines]) == (6, ["6.txt"])
    assert list_page(catalog, Query(limit=3, offset=300, search="nothing"), NONE).lines == ()


def test_lines_are_narrowed_to_a_state(catalog):
    fine = catalog.put("/d/fine.pdf", "x")
    warned = catalog.put("/d/warned.pdf", "x", warnings=["3 pages are pictures."])
    gone, changed = (
        catalog.put("/d/gone.pdf", "x"),
        catalog.put("/d/changed.pdf", "x", warnings=["12 pages are pictures."]),
    )
    catalog.put_unread(
        UnreadRow("/d/bad.pdf", "failed", "the PDF is protected", "Add its password to ingest.passwords.")
    )
    catalog.put_unread(UnreadRow("/d/tool.exe", "skipped", "no reader"))
    catalog.put_unread(UnreadRow("/d/old.pdf", "skipped", "removed by hand"))
    around = Around((gone,), (changed,), ("/d/new.txt",), ("/d/fine.pdf", "/d/bad.pdf", "/d/left.txt"))
    found = {state: names(catalog, around, state=state) for state in count_lines(catalog, around).states}
    assert found == {
        "ready": ["fine.pdf"],
        "warnings": ["warned.pdf"],
        "failed": ["bad.pdf"],
        "changed": ["changed.pdf"],
        "gone": ["gone.pdf"],
        "waiting": ["new.txt"],
        "removed": ["old.pdf"],
        "skipped": ["tool.exe"],
        "run": ["bad.pdf", "fine.pdf", "left.txt"],
    }
    # what nobody could do anything about is not in the way
    assert names(catalog, around) == ["bad.pdf", "changed.pdf", "fine.pdf", "gone.pdf", "warned.pdf"]
    assert count_lines(catalog, around).all == 5
    assert matching_ids(catalog, Query(), around) == [fine, warned, gone, changed]
    (bad,) = list_page(catalog, Query(state="failed"), around).lines
    assert bad.wants_password
    assert bad.id is None


def test_documents_are_found_by_the_kind_of_their_warning(catalog):
    catalog.put("/d/a.pdf", "x", warnings=["3 pages are pictures.", "Attachments were not read: b."])
    catalog.put("/d/b.pdf", "x", warnings=["1,204 pages are pictures."])
    counts = count_lines(catalog, NONE)
    assert dict(counts.warnings) == {"… pages are pictures.": 2, "Attachments were not read: b.": 1}
    assert warning_kind("1,204 pages are pictures.") in counts.warnings
    assert names(catalog, state="warnings", warning="Attachments were not read: b.") == ["a.pdf"]
    assert names(catalog, warning="… pages are pictures.", down=True) == ["b.pdf", "a.pdf"]


def test_what_is_asked_for_is_a_value_and_never_a_query(catalog):
    catalog.put("/d/a.pdf", "x")
    hostile = "') OR 1=1; DROP TABLE documents; --"
    assert names(catalog, search=hostile) == []
    assert names(catalog, state=hostile) == []
    assert names(catalog, warning=hostile) == []
    assert names(catalog, column=hostile) == ["a.pdf"]


SENTENCE = "Staff of the Lyon office travel by train where it takes less than four hours."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{SENTENCE} Taxis are for late arrivals only.", SENTENCE),
        (f"12 March 2025\n\n{SENTENCE}", SENTENCE),
        (f"From: Jane Miller\nTo: all staff\n\n{SENTENCE}", SENTENCE),
        (f"Dear Ms Miller,\n\n{SENTENCE}", SENTENCE),
        ("Page 3 of 12\n\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22", ""),
        ("本協会の会員は毎年三月末までに会費を納めるものとする。遅れた場合は通知する。", None),
        ("", ""),
    ],
)
def test_a_document_is_told_by_its_first_sentence(text, line):
    found = first_sentence([("text", text)])
    assert found == line if line is not None else found.startswith("本協会")


def test_without_a_sentence_its_headings_tell_what_it_is_about_and_nothing_is_invented(catalog):
    from ragapp.reading.document import Block

    first = catalog.put("/d/a.txt", f"{SENTENCE} And so on, for as long as anybody wants to read this text.")
    second, third = catalog.put("/d/b.txt", "| 1 | 2 |"), catalog.put("/d/c.txt")
    document = make_document("x", title="b")
    document.units[0].blocks = [Block("Prices", "heading"), Block("| 1 | 2 |", "table"), Block("Terms", "heading")]
    import numpy as np

    facts = dict(size=1, mtime_ns=1, sha256="b")
    catalog.put_document(Path("/d/b.txt"), document, [], np.zeros((0, 4)), 1, **facts)
    found = summary_lines(catalog, [first, second, third])
    assert found == {first: SENTENCE, second: "Prices · Terms"}
    long = first_sentence([("text", "word " * 100)])
    assert len(long) <= 180
    assert long.endswith("…")
