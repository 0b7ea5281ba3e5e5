"""What a question can be restricted to, and what it is called."""

from pathlib import Path

from ragapp.index.records import DocumentRow
from ragapp.retrieval.scope import matching_documents
from ragapp.web.scopes import MOST_CHOICES, find_choices, joined, missing, scope_choice, scope_name

DROP = Path("/drop")


def row(n, path, title="", **facts):
    name = Path(path).name
    return DocumentRow(
        n, 1, path, name, title, "en", 1, 1, "s", (), "", 1, 0, 0, 0, 1, "", written="2024-05-05", **facts
    )


ROWS = [
    row(n, path, title)
    for n, (path, title) in enumerate(
        [
            ("/drop/a [old].pdf", ""),
            ("/drop/hr/leave.pdf", "Congés payés"),
            ("/drop/hr/pay.pdf", ""),
            ("/else/where/leave.pdf", ""),
        ]
    )
]


def test_a_pattern_finds_just_what_it_was_made_of():
    choices, count = find_choices(ROWS, DROP)
    assert count == len(choices) == 6
    ids = {choice.name: matching_documents(ROWS, choice.pattern) for choice in choices if not choice.folder}
    assert ids["a [old].pdf"] == [0]
    assert ids["hr"] == [1, 2]
    assert matching_documents(ROWS, joined(choice.pattern for choice in choices if choice.name == "leave.pdf")) == [
        1,
        3,
    ]


def test_typing_finds_by_name_title_and_folder_whatever_the_accents():
    assert [choice.folder for choice in find_choices(ROWS, DROP, "conges")[0]] == ["hr"]
    assert [choice.name for choice in find_choices(ROWS, DROP, "HR pay.p")[0]] == ["pay.pdf"]
    assert find_choices(ROWS, DROP, "zebra") == ([], 0)


def test_of_many_some_are_given_and_the_others_counted():
    rows = [row(n, f"/drop/n{n}.pdf") for n in range(500)]
    choices, count = find_choices(rows, DROP)
    assert (len(choices), count) == (MOST_CHOICES, 500)
    assert [choice.name for choice in find_choices(rows, DROP, "n499")[0]] == ["n499.pdf"]


def test_a_scope_is_called_by_its_files_and_tells_what_has_gone():
    scope = joined(choice.pattern for choice in find_choices(ROWS, DROP)[0])
    assert scope_name(scope, DROP) == "hr, where, a [old].pdf, leave.pdf, leave.pdf, pay.pdf"
    assert missing(scope, ROWS) == []
    assert missing(scope, ROWS[1:]) == ["/drop/a [[]old].pdf"]
    assert scope_choice("*.pdf", DROP).name == "*.pdf"
    assert joined(["a", "a", "", "b\nc", 3]) == "a"


def test_collections_tags_types_and_years_are_choices_before_all_others():
    rows = [row(1, "/drop/a.pdf", collections=("Staff",)), row(2, "/drop/b-2023.docx", tags=("draft", "Old"))]
    choices, count = find_choices(rows, DROP)
    assert count == 9
    assert [choice.pattern for choice in choices[:7]] == [
        "collection:Staff",
        "tag:draft",
        "tag:Old",
        "type:pdf",
        "type:word",
        "year:2024",
        "year:2023",
    ]
    for choice in choices:
        assert matching_documents(rows, choice.pattern)
    assert [choice.pattern for choice in find_choices(rows, DROP, "tag")[0]] == ["tag:draft", "tag:Old"]
    assert [choice.pattern for choice in find_choices(rows, DROP, "staff")[0]] == ["collection:Staff"]
    assert scope_choice("year:2024", DROP).shown("fr") == "Année 2024"
    assert scope_choice("collection:Staff", DROP).shown("en") == "Collection Staff"
    assert missing("tag:draft\ntag:gone\nafter:soon", rows) == ["tag:gone", "after:soon"]
