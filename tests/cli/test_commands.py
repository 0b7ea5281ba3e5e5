"""The commands on real documents with the real models (a small language model)."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

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
    assert ragapp("--version")[:2] == (0, "ragapp 0.2.0\n")
    code, out, err = ragapp()
    assert "ingest" in out + err
    assert code in (0, 2)


def _stored(catalog: Path) -> int:
    """How many documents another process has stored."""
    if not catalog.is_file():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM documents").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


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
        assert 0 < json.loads(out)["estimate_s"] < 60
        assert "It would take about" in ragapp("ingest", docs, "--dry-run")[1]
        assert ragapp("documents", "list", "--json")[1].count('"id"') == 0

        code, out, _ = ragapp("ingest", docs, "--json")
        report = json.loads(out)
        assert code == 0
        assert set(report) == {"files", "totals", "warnings", "estimate_s"}
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
        assert "Nothing of what was removed is left" in ragapp("documents", "remove", "--purge")[1]
        assert json.loads(ragapp("ingest", docs, "--json")[1])["totals"]["indexed"] == 0
        assert json.loads(ragapp("ingest", docs / "leave.md", "--json")[1])["totals"]["indexed"] == 1
        listed = json.loads(ragapp("documents", "list", "--json")[1])["documents"]
        leave = next(row["id"] for row in listed if row["document"] == "leave.md")
        told = ragapp("documents", "remove", leave, "--purge")[1]
        assert "stays until you delete it" in told
        assert "leave.md" in told.splitlines()[-1]
        hits = json.loads(ragapp("search", "how much annual leave", "--json")[1])["hits"]
        assert [hit["document"] for hit in hits] == ["frais.txt"]

    def test_each_file_is_accounted_for(self, ragapp, furnished, docs):
        (docs / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
        (docs / "tool.exe").write_bytes(b"MZ")
        (docs / "a name\nof two lines.txt").write_text("Strange.", encoding="utf-8")
        try:
            code, out, _ = ragapp("ingest", docs)
            assert code == 3
            lines = {line.split()[0]: line for line in out.splitlines() if line}
            assert {"indexed", "failed", "skipped"} <= set(lines)
            assert "broken.pdf" in lines["failed"]
            assert "a name\\nof two lines.txt" in out
            code, out, _ = ragapp("ingest", docs, "--json")
            report = json.loads(out)
            assert (code, report["totals"]["unchanged"], report["totals"]["failed"]) == (3, 3, 1)
            code, out, _ = ragapp("documents", "list", "--json")
            listed = json.loads(out)
            assert code == 0
            assert {"units", "units_without_text", "units_ocr", "units_needing_ocr", "chunks", "warnings"} <= set(
                listed["documents"][0]
            )
            assert [entry["path"] for entry in listed["failures"]] == [str(docs / "broken.pdf")]
            assert listed["failures"][0]["hint"]
            assert [entry["path"] for entry in listed["skipped"]] == [str(docs / "tool.exe")]
            out = ragapp("documents", "list")[1]
            assert "broken.pdf" in out
            assert "tool.exe" in out
        finally:
            for name in ("broken.pdf", "tool.exe", "a name\nof two lines.txt"):
                (docs / name).unlink()

    def test_many_skipped_files_are_told_by_reason(self, ragapp, furnished, docs):
        folder = docs.parent / "program"
        folder.mkdir(exist_ok=True)
        for number in range(30):
            (folder / f"{number}.{'exe' if number % 3 else 'iso'}").write_bytes(b"MZ")
        out = ragapp("ingest", folder)[1]
        assert re.search(r"^20 skipped: no reader for \.exe", out, re.MULTILINE)
        assert re.search(r"^10 skipped: .*archive", out, re.MULTILINE)
        assert "1.exe" not in out

    def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(self, ragapp, furnished, tmp_path):
        many = tmp_path / "many"
        many.mkdir()
        for number in range(80):
            (many / f"{number:03d}.txt").write_text(f"Number {number}. " + f"word{number} " * 300, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ingest", many], cwd=furnished, stderr=subprocess.PIPE, text=True
        )
        catalog = furnished / "data" / "catalog.sqlite3"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and _stored(catalog) < 5:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
        assert process.returncode == 130, told
        assert "Traceback" not in told
        assert "files are done and stay stored. The same command goes on from there." in told
        kept = _stored(catalog)
        assert 5 <= kept < 80
        totals = json.loads(ragapp("ingest", many, "--json")[1])["totals"]
        assert (totals["unchanged"], totals["indexed"]) == (kept, 80 - kept)

    def test_watching_takes_in_what_is_dropped(self, furnished, tmp_path):
        drop = tmp_path / "drop"
        drop.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ingest", "--watch", drop],
            cwd=furnished,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "RAGAPP_INGEST__SETTLE_S": "0.5"},
        )
        assert process.stderr.readline().startswith("Following ")
        (drop / "new.txt").write_text("Dropped while the folder was watched.", encoding="utf-8")
        told = next(line for line in process.stdout if "new.txt" in line)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "Stopped." in err
        assert told.startswith("indexed")

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
        assert "[1] leave.md\n" in out
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
        assert "model: smollm2-135m-instruct" in (furnished / "settings.local.yaml").read_text(encoding="utf-8")
        assert (furnished / "settings.yaml").read_text(encoding="utf-8") == "llm:\n  context: 2048\n"

    def test_doctor(self, ragapp, furnished, docs):
        assert ragapp("ingest", docs)[0] == 0
        code, out, _ = ragapp("doctor", "--json")
        assert code == 0
        assert {check["name"]: check["status"] for check in json.loads(out)["checks"]}["store"] == "ok"

    def test_doctor_says_that_a_calibration_of_an_earlier_version_does_not_count(self, ragapp, furnished):
        former = {"weights": {"probe": 1, "score": 1, "dense": 1}, "intercept": 0, "thresholds": {}, "questions": 40}
        (furnished / "data").mkdir(exist_ok=True)
        (furnished / "data" / "calibration.json").write_text(json.dumps({"tiny": former}))
        checks = {check["name"]: check for check in json.loads(ragapp("doctor", "--json")[1])["checks"]}
        assert checks["calibration"]["status"] == "warn"
        assert "tiny" in checks["calibration"]["detail"]
        assert "ragapp eval" in checks["calibration"]["hint"]

    @pytest.mark.parametrize(("most", "status"), [("1", "ok"), ("0", "warn")])
    def test_doctor_tells_what_the_prompt_cache_holds(self, ragapp, furnished, most, status, monkeypatch):
        from ragapp.llm.prompt_store import FOLDER_NAME, PromptStore

        PromptStore(furnished / "data" / FOLDER_NAME, "m", 1 << 30).add(range(64), bytes(600_000), ["a"])
        monkeypatch.setenv("RAGAPP_LLM__PROMPT_CACHE_MB", most)
        checks = {check["name"]: check for check in json.loads(ragapp("doctor", "--json")[1])["checks"]}
        assert checks["prompt cache"]["status"] == status
        assert checks["prompt cache"]["detail"] == f"passages read already: 1 (1 of at most {most} MB)"

    def test_doctor_reads_again_what_an_earlier_version_read(self, ragapp, furnished, docs):
        import sqlite3

        assert ragapp("ingest", docs)[0] == 0
        with sqlite3.connect(furnished / "data" / "catalog.sqlite3") as catalog:
            catalog.execute("UPDATE documents SET readers = 1, warnings = '[\"Less was read.\"]'")
        catalog.close()
        (store,) = (check for check in json.loads(ragapp("doctor", "--json")[1])["checks"] if check["name"] == "store")
        assert (store["status"], store["hint"]) == ("warn", "Read their files again: ragapp doctor --fix")
        assert (
            "2 documents were read again, since an earlier version of ragapp had read them."
            in ragapp("doctor", "--fix")[1]
        )
        documents = json.loads(ragapp("documents", "list", "--json")[1])["documents"]
        assert not any("Less was read." in row["warnings"] for row in documents)

    def test_doctor_indexes_the_words_anew(self, ragapp, furnished, docs):
        import sqlite3

        def store() -> dict[str, str]:
            checks = json.loads(ragapp("doctor", "--json")[1])["checks"]
            return next(check for check in checks if check["name"] == "store")

        assert ragapp("ingest", docs)[0] == 0
        before = json.loads(ragapp("search", "repas", "--json")[1])["hits"]
        with sqlite3.connect(furnished / "data" / "catalog.sqlite3") as catalog:
            catalog.execute("UPDATE state SET value = '1 snowballstemmer 2.2.0' WHERE key = 'lexical_analysis'")
        catalog.close()
        assert json.loads(ragapp("search", "repas", "--json")[1])["hits"] == before
        assert store()["status"] == "warn"
        assert "Index them anew: ragapp doctor --fix" in store()["hint"]
        assert "The words of 2 passages were indexed anew." in ragapp("doctor", "--fix")[1]
        assert store()["status"] == "ok"

    def test_an_answer_tells_how_its_document_was_read(self, ragapp, furnished, tmp_path, monkeypatch):
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        sheet = tmp_path / "hotels.csv"
        sheet.write_bytes("City;Limit\nLondon;175 €\nОдесса;90 €\n".encode("cp1251"))
        assert ragapp("ingest", sheet)[0] == 0
        told = json.loads(ragapp("ask", "What is the limit for London?", "--json")[1])["warnings"]
        assert [(one["document"], len(one["warnings"])) for one in told] == [("hotels.csv", 1)]
        assert (
            f"How hotels.csv was read:\n- {told[0]['warnings'][0]}" in ragapp("ask", "What is the limit for London?")[1]
        )

    def test_doctor_rebuilds_a_lost_index(self, ragapp, furnished, docs):
        assert ragapp("ingest", docs)[0] == 0
        before = json.loads(ragapp("search", "repas", "--json")[1])["hits"]
        shutil.rmtree(furnished / "data" / "chroma")
        code, out, _ = ragapp("doctor", "--fix")
        assert code == 0
        assert "rebuilt from the catalog: 2 vectors" in out
        assert json.loads(ragapp("search", "repas", "--json")[1])["hits"] == before

    def test_a_store_of_another_embedder_is_told_measured_and_rebuilt(
        self, ragapp, furnished, docs, monkeypatch, tmp_path
    ):
        """Other prompts make other vectors: the same weights are two embedders."""
        docs = Path(shutil.copytree(docs, tmp_path / "own"))
        assert ragapp("ingest", docs)[0] == 0
        monkeypatch.setenv("RAGAPP_EMBEDDING__DOCUMENT_PROMPT", "passage: ")
        told = "The 2 documents in .* (2 chunks) were stored with the passage prompt none, but settings say 'passage: '"
        for command in (("ingest", docs), ("search", "repas"), ("search", "repas", "--json"), ("ask", "What is paid?")):
            code, out, err = ragapp(*command)
            assert code == 1
            assert json.loads(out)["error"] if "--json" in command else out == ""
            assert re.search(told.replace("(", r"\(").replace(")", r"\)"), err)
            assert re.search(r"with: ragapp doctor --fix \(about \d+ s; it can be stopped, and goes on\)", err)
            assert "set embedding.document_prompt back" in err
        assert ragapp("documents", "list")[0] == 0  # needs no embedder
        code, out, _ = ragapp("doctor", "--json")
        (store,) = (check for check in json.loads(out)["checks"] if check["name"] == "store")
        assert (code, store["status"]) == (1, "fail")
        assert "2 documents" in store["detail"]
        assert "doctor --fix (about" in store["hint"]
        shutil.rmtree(docs)  # what is stored is enough
        code, out, err = ragapp("doctor", "--fix", "--json")
        assert code == 0, err
        done = json.loads(out)["done"]
        assert done[0].startswith("2 documents were rebuilt for all-minilm-l6-v2")
        assert "of 2 documents" in err
        assert json.loads(ragapp("search", "repas", "--json")[1])["hits"]
        assert ragapp("doctor", "--fix", "--json")[1].count("rebuilt for") == 0
        monkeypatch.delenv("RAGAPP_EMBEDDING__DOCUMENT_PROMPT")
        assert "stored with the passage prompt 'passage: ', but settings say none" in ragapp("search", "repas")[2]

    def test_an_embedder_that_is_missing_is_told_with_the_one_that_made_the_store(
        self, ragapp, furnished, docs, monkeypatch
    ):
        assert ragapp("ingest", docs)[0] == 0
        monkeypatch.setenv("RAGAPP_EMBEDDING__MODEL", "another-embedder")
        for command in (("search", "repas"), ("doctor", "--fix")):
            code, _, err = ragapp(*command)
            assert code == 1
            assert "another-embedder" in err
            assert "embedding.model: all-minilm-l6-v2 in settings.yaml" in err

    def test_demo(self, ragapp, furnished, monkeypatch):
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "0")
        code, out, err = ragapp("demo", "What is the hotel limit for London in the 2025 travel policy?")
        assert code == 0, err
        assert "Question: What is the hotel limit" in out
        assert "ragapp ui --demo" in out
        assert (furnished / "data" / "demo" / "catalog.sqlite3").is_file()
        assert not (furnished / "data" / "catalog.sqlite3").exists()

    def test_the_demo_offline_fetches_nothing_and_fails_without_a_cited_answer(self, ragapp, furnished, monkeypatch):
        for fetching in ("pull_model", "note_proposal"):
            monkeypatch.setattr(f"ragapp.cli.maintenance.{fetching}", None)
        monkeypatch.setenv("RAGAPP_ANSWER__THRESHOLD", "1")
        code, out, err = ragapp("demo", "--offline", "Who sings at the opera?")
        assert (code, "The demo gave no answer with its source." in err) == (1, True)
        assert "Question: Who sings at the opera?" in out
        assert "12 documents" in err


def test_a_refusal_says_which_caution_would_try(capsys):
    from ragapp.cli.ask import say_answer
    from ragapp.contract import Answer

    for suggested_caution, told in (("low", True), ("", False)):
        say_answer(
            Answer(
                "q",
                "Your documents do not say.",
                True,
                0.3,
                timings={"total_s": 1.0},
                suggested_caution=suggested_caution,
            )
        )
        assert ("--caution low" in capsys.readouterr().out) == told
