"""Bad input: one clear line, the next step, the right exit code, never a traceback."""

import json
import shutil

import pytest

from ragapp.settings import load_settings


def check(result, code, *says):
    assert result[0] == code, result
    told = result[1] + result[2]
    assert "Traceback" not in told
    for text in says:
        assert text in told, told
    return told


# what is set up, arguments, exit code, what must be said
BEFORE_ANY_MODEL = [
    (["ingest", "missing-folder"], 1, ["ragapp models pull multilingual-e5-small"]),
    (["search", "x"], 1, ["ragapp models pull multilingual-e5-small"]),
    (["ask", "x"], 1, ["ragapp models pull qwen2.5-coder-1.5b-instruct"]),
    (["ask", "x", "--no-llm"], 1, ["ragapp models pull multilingual-e5-small"]),
    (["models", "show", "nothing"], 1, ["nothing"]),
    (["models", "use", "nothing.gguf"], 1, ["nothing.gguf"]),
    (["models", "pull", "qwen2.5-coder-1.5b-instruc"], 1, ["qwen2.5-coder-1.5b-instruct"]),
    (["models", "verify", "nothing"], 1, ["nothing"]),
    (["documents", "show", "7"], 1, ["no document 7", "ragapp documents list"]),
    (["documents", "remove", "7"], 1, ["no document 7", "ragapp documents list"]),
    (["documents", "remove"], 2, ["No document is named"]),
    (["eval", "missing.jsonl"], 1, ["missing.jsonl"]),
    (["ui", "--host", "0.0.0.0"], 1, ["0.0.0.0", "127.0.0.1"]),
    (["ui", "--host", "example"], 1, ["example", "127.0.0.1"]),
    (["doctor"], 1, ["ragapp models pull multilingual-e5-small", "ragapp models pull qwen2.5-coder-1.5b-instruct"]),
    (["--settings", "missing.yaml", "ingest"], 1, ["missing.yaml"]),
    (["nonsense"], 2, ["nonsense"]),
    (["ask"], 2, ["question", "--summarize"]),
    (["ask", "x", "--summarize", "a.pdf"], 2, ["question", "--summarize"]),
    (["ask", "--summarize", "a.pdf"], 1, ["ragapp models pull qwen2.5-coder-1.5b-instruct"]),
    (["eval", "q.jsonl", "--calibrate", "--no-llm"], 2, ["--calibrate needs answers"]),
    (["search", "x", "-k", "0"], 2, ["-k"]),
    (["search", "x", "--kk"], 2, ["--kk"]),
    (["documents", "show", "seven"], 1, ["no document named seven", "ragapp documents list"]),
    (["ui", "--port", "99999"], 2, ["--port", "65535"]),
    (["ingest", "--ocr", "perhaps"], 2, ["--ocr", "always"]),
    (["ingest", "--watch", "--dry-run"], 2, ["--watch goes on until it is stopped"]),
    (["ingest", "--watch", "--json"], 2, ["--watch goes on until it is stopped"]),
]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    BEFORE_ANY_MODEL,
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
)
def test_before_any_model(ragapp, home, arguments, code, says):
    check(ragapp(*arguments), code, *says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("llm:\n  modle: x\n", ["llm.modle", "`model`", "settings.yaml"]),
        ("lllm: {}\n", ["lllm", "`llm`"]),
        ("llm: [\n", ["line", "not valid YAML"]),
        ("server:\n  port: eighty\n", ["server.port", "eighty"]),
    ],
)
@pytest.mark.parametrize("arguments", [["ingest"], ["ask", "x"], ["models", "list"], ["doctor"]], ids=" ".join)
def test_broken_settings(ragapp, home, text, says, arguments):
    (home / "settings.yaml").write_text(text, encoding="utf-8")
    check(ragapp(*arguments), 1, *says)


def test_nothing_listed_is_said_in_words(ragapp, home):
    check(ragapp("documents", "list"), 0, "no documents yet", "ragapp ingest")
    check(ragapp("models", "verify"), 0, "no packs here", "ragapp models pull")


def test_a_data_folder_that_cannot_be_made(ragapp, furnished, monkeypatch):
    (furnished / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("RAGAPP_PATHS__DATA", str(furnished / "file" / "data"))
    check(ragapp("ingest"), 1, str(furnished / "file" / "data"), "paths.data")


def test_a_drop_folder_that_cannot_be_made(ragapp, furnished, monkeypatch):
    (furnished / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("RAGAPP_PATHS__INGEST", str(furnished / "file" / "drop"))
    check(ragapp("ingest"), 1, str(furnished / "file" / "drop"), "paths.ingest")


@pytest.mark.real
class TestWithModels:
    def test_empty_folder(self, ragapp, furnished):
        (furnished / "docs").mkdir()
        check(ragapp("ingest", "docs"), 0, "no files in docs", "ragapp ingest")

    def test_missing_path(self, ragapp, furnished):
        check(ragapp("ingest", "docs"), 1, str(furnished / "docs"))

    def test_no_documents(self, ragapp, furnished):
        for command in (["search", "x"], ["ask", "x"], ["ask", "x", "--json"]):
            check(ragapp(*command), 1, "no documents", "ragapp ingest")

    def test_an_empty_question(self, ragapp, furnished):
        check(ragapp("search", "  "), 2, "empty")

    def test_bad_files_cost_only_themselves(self, ragapp, furnished):
        docs = furnished / "docs"
        docs.mkdir()
        (docs / "good.txt").write_text("The kettle is green.", encoding="utf-8")
        (docs / "empty.pdf").write_bytes(b"")
        (docs / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing")
        (docs / "fake.docx").write_bytes(b"PK\x03\x04 and nothing")
        (docs / "notes.xyz").write_bytes(b"?")
        result = ragapp("ingest", "docs")
        check(result, 3, "empty.pdf", "broken.pdf", "fake.docx", "notes.xyz", "1 indexed", "3 failed", "1 skipped")
        check(ragapp("documents", "list"), 0, "good.txt", "failed", "docs/broken.pdf", "skipped")
        check(ragapp("search", "green kettle", "-k", "1"), 0, "The kettle is green.")
        check(
            ragapp("search", "green kettle, please " * 500, "-k", "1"), 0, "The kettle is green.", "of its 1500 words"
        )

    @pytest.mark.parametrize(
        ("content", "says"),
        [(b"<!doctype html>", "bad.gguf"), (b"", "bad.gguf"), (b"GGUF\x03\x00\x00\x00", "bad.gguf")],
        ids=["html", "empty", "truncated"],
    )
    def test_a_gguf_that_is_not_one(self, ragapp, furnished, monkeypatch, content, says):
        (furnished / "bad.gguf").write_bytes(content)
        monkeypatch.setenv("RAGAPP_LLM__MODEL", str(furnished / "bad.gguf"))
        check(ragapp("ask", "x"), 1, says)
        check(ragapp("models", "use", furnished / "bad.gguf"), 1, says)

    def test_an_altered_model_is_refused(self, ragapp, furnished, models_dir, monkeypatch):
        models = furnished / "models"
        models.mkdir()
        name = "SmolLM2-135M-Instruct.Q4_1.gguf"
        content = bytearray((models_dir / name).read_bytes())
        content[len(content) // 2] ^= 1
        (models / name).write_bytes(content)
        shutil.copytree(models_dir / "all-minilm-l6-v2", models / "all-minilm-l6-v2")
        monkeypatch.setenv("RAGAPP_PATHS__MODELS", str(models))
        check(ragapp("ask", "x"), 1, "damaged", "ragapp models pull smollm2-135m-instruct")
        check(ragapp("models", "verify"), 1, "smollm2-135m-instruct", "ragapp models pull")

    def test_another_embedder_is_refused_with_the_way_out(self, ragapp, furnished, monkeypatch):
        (furnished / "a.txt").write_text("The kettle is green.", encoding="utf-8")
        check(ragapp("ingest", "a.txt"), 0, "1 indexed")
        monkeypatch.setenv("RAGAPP_INGEST__CHUNK_TOKENS", "100")
        for command in (["search", "kettle"], ["ingest", "a.txt"], ["doctor"]):
            check(ragapp(*command), 1, "ragapp doctor --fix")
        check(ragapp("doctor", "--fix"), 0, "1 document was rebuilt for all-minilm-l6-v2")
        check(ragapp("search", "kettle"), 0, "The kettle is green.")

    def test_a_store_in_use_is_told(self, ragapp, furnished, monkeypatch):
        from filelock import FileLock

        from ragapp.index.store import Store

        monkeypatch.setattr(Store.__init__, "__kwdefaults__", {"write": False, "wait_s": 0.1, "backend": None})
        (furnished / "a.txt").write_text("x", encoding="utf-8")
        (furnished / "data").mkdir()
        with FileLock(furnished / "data" / "store.lock"):
            check(ragapp("ingest", "a.txt"), 1, "Another ragapp process")


def test_a_password_is_kept_as_a_hash(ragapp, home, monkeypatch):
    from ragapp.web.passwords import is_password

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *words, **options: "short")
    check(ragapp("ui", "--set-password"), 1, "10 characters")
    monkeypatch.setattr("typer.prompt", lambda *words, **options: "a long password")
    check(ragapp("ui", "--set-password"), 0, "settings.local.yaml")
    written = (home / "settings.local.yaml").read_text(encoding="utf-8")
    assert "a long password" not in written
    assert is_password("a long password", load_settings().server.password)


def test_a_chroma_server_that_is_away_is_told_when_something_is_removed(ragapp, home, monkeypatch):
    from storekit import WordEmbedder, identity_of, put_text

    from ragapp.index.store import Store

    with Store(home / "data", identity_of(WordEmbedder()), write=True) as store:
        for name in ("a", "b"):
            put_text(store, WordEmbedder(), home / f"{name}.txt", f"The text of {name}.")
    monkeypatch.setenv("RAGAPP_STORE__CHROMA", "http://127.0.0.1:1")
    code, out, err = ragapp("documents", "remove", 1)
    assert (code, "removed 1" in out) == (0, True)
    assert "The Chroma server at http://127.0.0.1:1 cannot be reached" in err
    check(
        ragapp("documents", "remove", 2, "--purge"), 1, "gone from the files here", "may still be on the Chroma server"
    )
    check(ragapp("documents", "list"), 0, "There are no documents yet")
    code, out, _ = ragapp("doctor", "--json")
    (found,) = (check for check in json.loads(out)["checks"] if check["name"] == "chroma server")
    assert (code, found["status"], found["hint"]) == (1, "fail", "Start it there, or check store.chroma.")
