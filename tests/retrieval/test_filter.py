from __future__ import annotations

import random

import pytest

from ragapp.errors import PathError, UsageError
from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import Filter, joined_filter, matching_documents


def row(number: int, path: str, **facts: object) -> DocumentRow:
    name = path.rpartition("/")[2]
    return DocumentRow(number, 1, path, name, "", "en", 1, 1700000000 * 10**9, "s", (), "", 1, 0, 0, 0, 1, "", **facts)


# the files are all of 2023-11-14
ROWS = [
    row(1, "/docs/travel-policy-2024.pdf", written="2026-01-05", author="Anna Bell", tags=("Travel", "final")),
    row(2, "/docs/hr/leave.docx", written="2024-03-03", author="Émile Dupré", tags=("final",), collections=("Staff",)),
    row(3, "/docs/hr/pay.xlsx", written="2024-12-31", collections=("Staff", "Money")),
    row(4, "/docs/notes/plan.txt", tags=("draft",)),
    row(5, "/docs/mail/offer.eml", written="2025-01-01", author="anna bell <a@b.org>", collections=("Money",)),
]


@pytest.mark.parametrize(
    ("scope", "ids"),
    [
        ("type:pdf", [1]),
        ("type:PDF\ntype:mail", [1, 5]),
        ("type:docx", [2]),
        ("type:.docx", [2]),
        ("type:text", [4]),
        ("tag:final", [1, 2]),
        ("Tag: FINAL", [1, 2]),
        ("tag:final\ntag:travel", [1]),
        ("author:anna", [1, 5]),
        ("author:emile dupre", [2]),
        ("collection:staff", [2, 3]),
        ("Staff", [2, 3]),
        ("staff\noffer.eml", [2, 3, 5]),
        ("hr\ntype:excel", [3]),
        ("after:2024-12-31", [1, 3, 5]),
        ("before:2024-12-31", [2, 4]),
        ("after:2024\nbefore:2025", [2, 3]),
        ("after:2024-03", [1, 2, 3, 5]),
        ("after:2023\nafter:2025-01-01", [1, 5]),
        ("after:2023-11-14\nbefore:2023-11-15", [4]),  # by its file
        ("year:2024", [1, 2, 3]),  # the name goes before the day
        ("year:2026", []),
        ("year:2023", [4]),
        ("year:2023\nyear:2025", [4, 5]),
        ("*\ntag:final\nafter:2025", [1]),
    ],
)
def test_documents_that_fit(scope, ids):
    if ids:
        assert matching_documents(ROWS, scope) == ids
    else:
        with pytest.raises(PathError):
            matching_documents(ROWS, scope)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("tag:nothing", "No document fits 'tag:nothing'."),
        ("type:image", "No document fits 'type:image'."),
        ("hr\ntag:travel", "None of the documents that fit the other conditions fits 'tag:travel'."),
        ("tag:final\nbefore:2020", "No document fits 'before:2020-01-01'."),
        ("elsewhere\ntag:final", "No document or folder matches 'elsewhere'."),
        ("collection:Nobody", "No document fits 'collection:Nobody'."),
        ("type:pdf\nafter:2030", "No document fits 'after:2030-01-01'."),
        ("type:word\nauthor:anna", "None of the documents that fit the other conditions fits 'author:anna'."),
    ],
)
def test_what_emptied_a_filter_is_told(scope, told):
    with pytest.raises(PathError) as error:
        matching_documents(ROWS, scope)
    assert error.value.message == told
    assert error.value.hint


@pytest.mark.parametrize(
    "scope",
    [
        "after:yesterday",
        "after:2024-13",
        "before:2024-02-30",
        "after:",
        "tag:",
        "tag: ",
        "type:novel",
        "year:24",
        "year:x",
    ],
)
def test_conditions_that_cannot_be_read(scope):
    with pytest.raises(UsageError) as error:
        Filter.parse(scope)
    assert error.value.hint


def test_a_path_with_a_colon_is_no_condition():
    assert Filter.parse("C:\\docs\\a.txt\nnote: a.txt").within == ("C:\\docs\\a.txt", "note: a.txt")


def test_a_filter_and_its_text_are_the_same():
    text = joined_filter("hr\nStaff", ["a b"], [".PDF"], ["Anna"], "2024", "2025-06")
    assert text == "hr\nStaff\ntag:a b\ntype:pdf\nauthor:Anna\nafter:2024-01-01\nbefore:2025-06-01"
    assert str(Filter.parse(text)) == text
    assert joined_filter() == ""
    assert not Filter.parse("")


def test_nothing_outside_a_filter_is_ever_given():
    chance = random.Random(7)
    days = ["", "2023-05-01", "2024-01-01", "2024-12-31", "2025-02-03"]
    tags, names = ["a", "b", "c"], ["Staff", "Money"]
    rows = [
        row(
            number,
            f"/docs/{chance.choice(['hr', 'law', 'hr/old'])}/f{number}.{chance.choice(['pdf', 'docx', 'csv', 'eml'])}",
            written=chance.choice(days),
            author=chance.choice(["", "Anna", "Émile"]),
            tags=tuple(chance.sample(tags, chance.randint(0, 3))),
            collections=tuple(chance.sample(names, chance.randint(0, 2))),
        )
        for number in range(1, 121)
    ]
    empty = 0
    for _ in range(400):
        folder, tag, kind, after, before, collection, author = (
            value if chance.random() < 0.35 else ""
            for value in (
                chance.choice(["hr", "law"]),
                chance.choice(tags),
                chance.choice(["pdf", "word", "excel", "mail"]),
                chance.choice(["2024-01-01", "2024-12-31"]),
                chance.choice(["2024-12-31", "2025-06-01"]),
                chance.choice(names),
                chance.choice(["anna", "emile"]),
            )
        )
        lines = [folder, *(f"collection:{collection}" for _ in range(bool(collection)))]
        scope = joined_filter(
            "\n".join(filter(None, lines)), *([one] if one else [] for one in (tag, kind, author)), after, before
        )
        expected = [
            one.id
            for one in rows
            if (not folder or f"/{folder}/" in one.path)
            and (not tag or tag in one.tags)
            and (not kind or one.type == kind)
            and (not author or one.author == {"anna": "Anna", "emile": "Émile"}[author])
            and (not after or (one.written or "2023-11-14") >= after)
            and (not before or (one.written or "2023-11-14") < before)
            and (not collection or collection in one.collections)
        ]
        if not scope:
            continue
        if expected:
            assert matching_documents(rows, scope) == expected, scope
        else:
            empty += 1
            with pytest.raises(PathError):
                matching_documents(rows, scope)
    assert 0 < empty < 300
