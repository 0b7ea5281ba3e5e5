"""Tags, collections, types and days in the documents tab: the list narrowed by them, and the form that gives them."""

import time
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from test_comparison_page import HOSTILE, Seen

from ragapp.errors import UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.listing import Query
from ragapp.index.records import EmbedderIdentity
from ragapp.reading.document import Block, Document, Unit
from ragapp.retrieval.scope import Filter
from ragapp.web.document_list import Choices, DocumentLister, Labels
from ragapp.web.ui.documents_labels import LabelsForm, narrowed, render_form, render_labels, render_narrowing


@pytest.fixture
def catalog(tmp_path):
    with_it = Catalog(tmp_path / "catalog.sqlite3")
    yield with_it
    with_it.close()


def put(catalog, folder, name, day=""):
    identity = catalog.identity_id(EmbedderIdentity("words", 4, True, "w", "c"))
    text = f"Written on {day}. A text." if day else "A text."
    read = Document(name, [Unit(1, "page", blocks=[Block(text)])], "en")
    where = (folder / name, read, [], np.zeros((0, 4)), identity, 1, 10**18, name)
    return catalog.put_document(*where)[0]


@pytest.fixture
def made(catalog, tmp_path):
    """A lister of five documents, the form, and the documents' ids by name."""
    days = {"a.pdf": "3 May 2024", "b.pdf": "", "c.docx": "3 May 2025", "d.txt": "", "e [1].pdf": "31 December 2024"}
    ids = {name: put(catalog, tmp_path / "papers", name, day) for name, day in days.items()}
    app = SimpleNamespace(catalog=catalog)
    state = SimpleNamespace(changes=1, running=False, waiting=0)
    lister = DocumentLister(app, SimpleNamespace(state=state, outcomes={}, waiting=()))
    return lister, LabelsForm(app), ids


def names(lister, chosen, **query):
    return sorted(line.name for line in lister.page(Query(**query), chosen).lines)


def test_the_list_is_narrowed_as_a_search_is(made):
    lister, form, ids = made
    form.do("tag", [ids["a.pdf"], ids["c.docx"]], "draft")
    form.do("collect", [ids["a.pdf"], ids["e [1].pdf"]], "Contracts")
    some = Filter(tags=("draft",))
    assert names(lister, some) == ["a.pdf", "c.docx"]
    assert lister.ids(Query(), some) == sorted([ids["a.pdf"], ids["c.docx"]])
    assert names(lister, Filter(collections=("Contracts",))) == ["a.pdf", "e [1].pdf"]
    assert names(lister, Filter(types=("pdf",), tags=("draft",))) == ["a.pdf"]
    assert names(lister, Filter(types=("pdf",)), search="papers b.pdf") == ["b.pdf"]
    assert names(lister, Filter(after="2024-05-01", before="2025-01-01")) == ["a.pdf", "e [1].pdf"]
    assert names(lister, Filter(tags=("nowhere",))) == []
    assert len(names(lister, Filter())) == 5


def test_what_is_given_and_taken_is_seen_at_once(made):
    lister, form, ids = made
    some, version = Filter(tags=("draft",)), lister.version
    form.do("tag", [ids["b.pdf"]], "draft")
    assert lister.version != version  # also when a command does it
    assert names(lister, some) == ["b.pdf"]
    assert lister.choices() == Choices((), ("draft",), ("pdf", "word", "text"), 5)
    assert lister.labels(lister.page(Query()))[ids["b.pdf"]] == Labels("2001-09-09", ("draft",), ())
    form.do("untag", [ids["b.pdf"]], "draft")
    assert names(lister, some) == []


def test_documents_are_put_into_a_collection_and_taken_out_themselves_but_not_their_folder(made, tmp_path, catalog):
    lister, form, ids = made
    catalog.labels.add_to_collection("Papers", [f"{tmp_path}/papers/*"])
    form.do("collect", [ids["e [1].pdf"]], "Contracts")
    html = form.render([ids["e [1].pdf"]], lister.choices(), "en")
    assert "Take out of Contracts" in html
    assert "Take out of Papers" not in html
    assert "Belongs to it by its folder" in html
    form.do("uncollect", list(ids.values()), "Contracts")
    assert names(lister, Filter(collections=("Contracts",))) == []
    assert len(names(lister, Filter(collections=("Papers",)))) == 5


def test_a_name_that_would_be_taken_for_a_pattern_is_refused(made):
    _, form, ids = made
    for name in ("a/b", "*", "x" * 81, " "):
        with pytest.raises(UsageError):
            form.do("collect", list(ids.values()), name)


@pytest.mark.parametrize(
    ("kind", "value", "field", "becomes"),
    [
        ("tag", "draft", "tags", ("draft",)),
        ("tag", "", "tags", ()),
        ("type", "pdf", "types", ("pdf",)),
        ("collection", "a:b", "collections", ("a:b",)),
        ("after", "2024-01-31", "after", "2024-01-31"),
        ("before", "2024-12-31", "before", "2025-01-01"),
        ("before", "", "before", ""),
    ],
)
def test_one_kind_is_changed_and_the_others_stay(kind, value, field, becomes):
    before = Filter(("x",), ("c",), ("t",), ("word",), ("Ann",), ("2024",), "2020-01-01", "2021-01-01")
    after = narrowed(before, kind, value)
    assert getattr(after, field) == becomes
    others = [name for name in Filter.__dataclass_fields__ if name != field]
    assert [getattr(after, name) for name in others] == [getattr(before, name) for name in others]


@pytest.mark.parametrize(("kind", "value"), [("type", "exe"), ("author", "Ann"), ("after", "soon"), ("before", "2024")])
def test_what_no_field_of_the_page_says_is_refused(kind, value):
    with pytest.raises(ValueError, match=r"."):
        narrowed(Filter(), kind, value)


def test_the_last_day_is_shown_as_people_say_it():
    html = render_narrowing(Choices(("C",), ("t",), ("pdf", "word"), 9), Filter(before="2025-01-01", tags=("t",)), "fr")
    assert 'value="2024-12-31"' in html
    assert '<option value="t" selected>' in html
    assert "Tous les types" in html
    assert "Effacer" in html
    assert "Clear" not in render_narrowing(Choices((), (), (), 9), Filter(), "en")
    assert render_narrowing(Choices(), Filter(), "en") == ""


@pytest.mark.parametrize("language", ["en", "fr"])
def test_names_are_inert(language):
    row = SimpleNamespace(name=HOSTILE)
    some = Counter({HOSTILE: 1})
    choices = Choices((HOSTILE,), (HOSTILE,), ("pdf", "word"), 1)
    for html in (
        render_labels(Labels("2024-01-01", (HOSTILE,), (HOSTILE,)), language),
        render_narrowing(choices, Filter(tags=(HOSTILE,), collections=(HOSTILE,)), language),
        render_form(row, 2, some, some, {HOSTILE}, choices, language, HOSTILE),
        render_form(row, 1, some, some, set(), choices, language),
    ):
        tags = Seen(html).tags
        assert not {tag for tag, _ in tags} & {"script", "img"}
        assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]


@pytest.mark.timeout(60)
def test_ten_thousand_documents_are_put_into_a_collection_in_seconds(made, catalog, tmp_path):
    lister, form, ids = made
    with catalog.transaction() as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(documents)") if row[1] not in ("id", "path")]
        copied = ", ".join(columns)
        for n in range(10_000):
            path = str(tmp_path / f"dossier {n % 40}" / f"contract {n:05}.txt")
            connection.execute(
                f"INSERT INTO documents (path, {copied}) SELECT ?, {copied} FROM documents WHERE id = ?",
                (path, ids["d.txt"]),
            )
    every = lister.ids(Query())
    assert len(every) == 10_005
    begun = time.monotonic()
    form.do("collect", every, "All")
    form.do("tag", every, "old")
    html = form.render(every, lister.choices(), "en")
    assert "Take out of All" in html
    assert "/10005" not in html  # all of them have both
    page = lister.page(Query(offset=9_950), Filter(collections=("All",), tags=("old",)))
    assert (page.total, len(page.lines)) == (10_005, 50)
    assert lister.labels(page)[page.lines[0].id].collections == ("All",)
    assert time.monotonic() - begun < 20
