"""Collections, tags and filters, as a person types them; searched without a language model."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def stored(ragapp, furnished):
    docs = furnished / "docs"
    (docs / "hr").mkdir(parents=True)
    (docs / "hr" / "leave-2024.md").write_text("# Leave\n\nApproved on 3 March 2024.\n\nAnnual leave is 25 days.\n")
    (docs / "hr" / "leave-2025.txt").write_text("Leave, as of 1 January 2025: annual leave is 27 days.\n")
    (docs / "frais.html").write_text(
        '<html><head><meta name="author" content="Émile Dupré"></head><p>Le congé annuel est de 25 jours.</p>'
    )
    assert ragapp("ingest", docs)[0] == 0
    return docs


def test_collections_tags_and_filters(ragapp, stored):
    def found(*options: str) -> set[str]:
        code, out, err = ragapp("search", "annual leave", "--json", *options)
        assert code == 0, (out, err)
        return {hit["document"] for hit in json.loads(out)["hits"]}

    # collections
    assert "no collections yet" in ragapp("collections", "list")[1]
    assert ragapp("collections", "add", "Staff", stored / "hr") == (0, "Staff: 2 documents\n", "")
    assert ragapp("collections", "add", "Staff", "frais.html")[1] == "Staff: 3 documents\n"
    assert ragapp("collections", "remove", "Staff", "frais.html")[1] == "Staff: 2 documents\n"
    shown = json.loads(ragapp("collections", "show", "staff", "--json")[1])
    assert shown["members"] == [f"{stored / 'hr'}/*"]
    assert len(shown["documents"]) == 2
    assert found("--in", "Staff") == {"leave-2024.md", "leave-2025.txt"}
    # tags
    assert ragapp("documents", "tag", "leave-2024.md", "old", "to check")[1] == "leave-2024.md: old, to check\n"
    assert ragapp("documents", "tag", "Staff", "hr")[1].count("hr") == 2
    assert found("--tag", "hr", "--tag", "OLD") == {"leave-2024.md"}
    assert ragapp("documents", "untag", "leave-2024.md", "old")[1] == "leave-2024.md: hr, to check\n"
    code, _, err = ragapp("search", "leave", "--tag", "old")
    assert code == 1
    assert "No document fits 'tag:old'." in err
    # the rest
    assert found("--type", "web") == {"frais.html"}
    assert found("--author", "dupre") == {"frais.html"}
    assert found("--after", "2025", "--in", "hr") == {"leave-2025.txt"}
    assert found("--before", "2025") == {"leave-2024.md"}
    listed = json.loads(ragapp("documents", "list", "--tag", "hr", "--json")[1])
    assert [(one["document"], one["day"], one["tags"]) for one in listed["documents"]] == [
        ("leave-2024.md", "2024-03-03", ["hr", "to check"]),
        ("leave-2025.txt", "2025-01-01", ["hr"]),
    ]
    told = ragapp("documents", "show", "leave-2024")[1]
    assert "text, of 2024-03-03 (as its text says)" in told
    assert "collections: Staff" in told
    # what is wrong is told
    for options, what in [
        (("--after", "soon"), "'soon' is not a day."),
        (("--type", "novel"), "'novel' is not a type of documents."),
        (
            ("--in", "hr", "--author", "dupre"),
            "None of the documents that fit the other conditions fits 'author:dupre'.",
        ),
    ]:
        code, _, err = ragapp("search", "leave", *options)
        assert code in (1, 2)
        assert what in err
    assert ragapp("collections", "show", "nobody")[0] == 1
    assert ragapp("collections", "add", "Staff", "nothing-here")[0] == 1
    assert ragapp("collections", "remove", "Staff")[1] == "removed Staff\n"
    assert ragapp("documents", "list", "--in", "Staff")[0] == 1


def test_a_question_file_is_asked_within_a_filter(ragapp, stored, tmp_path):
    line = {"question": "How many days is annual leave?", "answers": ["27 days"], "document": "leave-2025.txt"}
    (tmp_path / "q.jsonl").write_text(json.dumps(line))
    scores = json.loads(ragapp("eval", tmp_path / "q.jsonl", "--no-llm", "--type", "txt", "--json")[1])
    assert scores["retrieval"]["page@1"] == 1
    scores = json.loads(ragapp("eval", tmp_path / "q.jsonl", "--no-llm", "--type", "web", "--json")[1])
    assert scores["retrieval"]["document@5"] == 0


def test_a_command_that_can_be_restricted_has_all_filters():
    import typer

    from ragapp.cli.main import app

    def offered(command, path=""):
        for name, one in getattr(command, "commands", {}).items():
            yield from offered(one, f"{path} {name}".strip())
        if not hasattr(command, "commands"):
            yield path, {flag: one.help for one in command.params for flag in one.opts}

    found = {path: flags for path, flags in offered(typer.main.get_command(app)) if "--in" in flags}
    assert {"ask", "search", "chat", "eval", "documents list"} <= found.keys()
    filters = ("--in", "--tag", "--type", "--author", "--after", "--before")
    assert {tuple((flag, flags.get(flag)) for flag in filters) for flags in found.values()} == {
        tuple((flag, found["ask"][flag]) for flag in filters)
    }
