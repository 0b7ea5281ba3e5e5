"""The commands on real documents with the real models (a small language model)."""

import json

import pytest
import typer

from ragapp.cli.ask import _MarkFilter
from ragapp.cli.main import app


def commands():
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {sub}", inner) for sub, inner in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_command_has_help_with_an_example(ragapp, name, command):
    code, out, _ = ragapp(*name.split(), "--help")
    assert code == 0
    assert command.help.splitlines()[0][:40] in out
    assert f"Example: ragapp {name}" in out


def test_the_readme_names_every_command(request):
    readme = (request.config.rootpath / "README.md").read_text(encoding="utf-8")
    for name, _ in commands():
        first, _, rest = name.partition(" ")
        line = next((line for line in readme.splitlines() if line.startswith(f"| `ragapp {first}")), "")
        assert line, name
        assert rest in line, name


def test_version_and_no_arguments(ragapp):
    assert ragapp("--version")[:2] == (0, "ragapp 0.1.0\n")
    code, out, err = ragapp()
    assert "ingest" in out + err
    assert code in (0, 2)


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["It is 25", " days", " [", "1", "]", "."], "It is 25 days."),
        (["a [1] b"], "a b"),
        (["x [1, 2]"], "x"),
        (["array[", "i", "] ok"], "array[i] ok"),
        (["[1] first"], " first"),
    ],
)
def test_marks_are_held_back_while_streaming(pieces, shown):
    marks = _MarkFilter()
    assert "".join(marks.feed(piece) for piece in pieces) == shown


@pytest.mark.real
class TestJourney:
    @pytest.fixture(scope="class")
    def docs(self, tmp_path_factory):
        docs = tmp_path_factory.mktemp("journey") / "docs"
        docs.mkdir()
        (docs / "leave.md").write_text("# Leave\n\nAnnual leave is 25 days a year.\n", encoding="utf-8")
        (docs / "frais.txt").write_text("Le forfait repas est de 19 € par jour.", encoding="utf-8")
        return docs

    def test_ingest_search_remove(self, ragapp, furnished, docs):
        code, out, _ = ragapp("ingest", docs, "--dry-run", "--json")
        assert code == 0
        assert json.loads(out)["totals"]["indexed"] == 2
        assert ragapp("documents", "list", "--json")[1].count('"id"') == 0

        code, out, _ = ragapp("ingest", docs, "--json")
        report = json.loads(out)
        assert code == 0
        assert set(report) == {"files", "totals"}
        assert {"path", "status", "reason", "units", "units_without_text", "units_ocr", "chunks", "seconds"} == set(
            report["files"][0]
        )
        assert report["totals"]["indexed"] == 2
        assert json.loads(ragapp("ingest", docs, "--json")[1])["totals"]["unchanged"] == 2

        code, out, _ = ragapp("search", "how much annual leave", "-k", "1", "--json")
        hits = json.loads(out)["hits"]
        assert [(hit["document"], hit["page"]) for hit in hits] == [("leave.md", 1)]
        assert {"document", "path", "page", "heading", "text", "score", "dense", "lexical"} <= set(hits[0])
        assert hits[0]["path"] == str(docs / "leave.md")

        listed = json.loads(ragapp("documents", "list", "--json")[1])["documents"]
        assert {row["document"]: row["language"] for row in listed} == {"leave.md": "en", "frais.txt": "fr"}
        shown = json.loads(ragapp("documents", "show", listed[0]["id"], "--json")[1])
        assert shown["units_list"][0]["number"] == 1

        leave = next(row["id"] for row in listed if row["document"] == "leave.md")
        code, out, _ = ragapp("documents", "remove", leave)
        assert code == 0
        assert "leave.md" in out
        hits = json.loads(ragapp("search", "how much annual leave", "--json")[1])["hits"]
        assert [hit["document"] for hit in hits] == ["frais.txt"]

    def test_ask_in_text_and_json(self, ragapp, furnished, docs, monkeypatch):
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        assert ragapp("ingest", docs)[0] == 0
        code, out, _ = ragapp("ask", "How many days is annual leave?", "--json")
        answer = json.loads(out)
        assert code == 0
        assert answer["model"] == "smollm2-135m-instruct"
        assert answer["passages"][0]["document"] == "leave.md"
        code, out, _ = ragapp("ask", "How many days is annual leave?")
        assert code == 0
        assert "leave.md, p. 1" in out
        code, out, _ = ragapp("ask", "How many days is annual leave?", "--no-llm", "--in", "frais*")
        assert "frais.txt" in out
        assert "leave.md" not in out
        assert ragapp("ask", "x", "--in", "nothing*")[0] == 1

    def test_eval(self, ragapp, furnished, docs):
        assert ragapp("ingest", docs)[0] == 0
        (furnished / "q.jsonl").write_text(
            '{"question": "How many days is annual leave?", "answers": ["25 days"],'
            ' "document": "leave.md", "pages": [1]}\n'
            '{"question": "Who is the chair?", "answerable": false}\n',
            encoding="utf-8",
        )
        code, out, _ = ragapp("eval", "q.jsonl", "--json", "--out", "r.jsonl")
        summary = json.loads(out)
        assert code == 0
        assert summary["retrieval"]["page@1"] == 1.0
        assert set(summary) == {"questions", "retrieval", "answers", "citations", "abstention", "seconds"}
        assert len((furnished / "r.jsonl").read_text(encoding="utf-8").splitlines()) == 2

    def test_models(self, ragapp, furnished):
        code, out, _ = ragapp("models", "list", "--json")
        found = {model["name"]: model for model in json.loads(out)["models"]}
        assert found["smollm2-135m-instruct"]["in_use"]
        code, out, _ = ragapp("models", "show", "smollm2-135m-instruct")
        assert code == 0
        assert "architecture: llama" in out
        assert ragapp("models", "verify")[0] == 0
        code, out, _ = ragapp("models", "pull", "smollm2-135m-instruct")
        assert code == 0
        assert "SmolLM2-135M-Instruct.Q4_1.gguf" in out

    def test_use_writes_the_settings(self, ragapp, furnished, monkeypatch):
        monkeypatch.delenv("RAGAPP_LLM__MODEL")
        code, out, _ = ragapp("models", "use", "smollm2-135m-instruct")
        assert code == 0
        assert "llm.model is now smollm2-135m-instruct" in out
        text = (furnished / "settings.yaml").read_text(encoding="utf-8")
        assert "model: smollm2-135m-instruct" in text
        assert "context: 2048" in text

    def test_doctor(self, ragapp, furnished, docs):
        assert ragapp("ingest", docs)[0] == 0
        code, out, _ = ragapp("doctor", "--json")
        assert code == 0
        assert {check["name"]: check["status"] for check in json.loads(out)["checks"]}["store"] == "ok"

    def test_doctor_rebuilds_a_lost_index(self, ragapp, furnished, docs):
        import shutil

        assert ragapp("ingest", docs)[0] == 0
        before = json.loads(ragapp("search", "repas", "--json")[1])["hits"]
        shutil.rmtree(furnished / "data" / "chroma")
        code, out, _ = ragapp("doctor", "--fix")
        assert code == 0
        assert "rebuilt from the catalog: 2 vectors" in out
        assert json.loads(ragapp("search", "repas", "--json")[1])["hits"] == before

    def test_demo(self, ragapp, furnished, monkeypatch):
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        code, out, err = ragapp("demo", "What is the hotel limit for London in the 2025 travel policy?")
        assert code == 0, err
        assert "Question: What is the hotel limit" in out
        assert "ragapp ui --demo" in out
        assert (furnished / "data" / "demo" / "catalog.sqlite3").is_file()
        assert not (furnished / "data" / "catalog.sqlite3").exists()
