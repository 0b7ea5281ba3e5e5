from concurrent.futures import ThreadPoolExecutor

import pytest
from apikit import serving

from ragapp.answer.calibration_file import general_calibration
from ragapp.contract import Answer
from ragapp.contract.codec import from_values, to_values
from ragapp.errors import StoreError
from ragapp.web.api_shapes import ChatMessage
from ragapp.web.client import PageClient, ServerError, running_page
from ragapp.web.server_file import RunningServer, announced, read_server_file

pytestmark = pytest.mark.real
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"


@pytest.fixture(scope="module")
def page(models_dir, sample_store, tmp_path_factory, request):
    home = tmp_path_factory.mktemp("api")
    with serving(home, request.config.rootpath, models_dir, sample_store) as (client, settings):
        yield client, settings, home


def test_the_file_beside_the_store_tells_its_owner_only(page):
    client, settings, _ = page
    file = settings.paths.data / "server.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_server_file(settings.paths.data).token == client.server.token
    assert running_page(settings.paths.data) is not None


def test_without_the_token_nothing_is_told(page):
    client, _, _ = page
    for token in ("", "wrong", client.server.token[:-1]):
        with pytest.raises(ServerError, match="token is missing or wrong"):
            PageClient(RunningServer(client.server.url, 1, token)).get("documents")


def test_a_question_is_answered_in_the_shape_of_the_command(page):
    client, _, _ = page
    values = client.post("ask", {"question": QUESTION, "in": "travel-policy-2025.pdf"})
    assert {
        "question",
        "answer",
        "abstained",
        "confidence",
        "sentences",
        "citations",
        "passages",
        "model",
        "context",
        "timings",
    } <= values.keys()
    assert {passage["document"] for passage in values["passages"]} == {"travel-policy-2025.pdf"}
    assert to_values(from_values(Answer, values)) == values


def test_a_question_may_have_a_caution_of_its_own(page):
    client, _, _ = page
    thresholds = general_calibration().thresholds
    for caution, threshold in thresholds.items():
        values = client.post("ask", {"question": "What does a lunch cost in the canteen?", "caution": caution})
        if values["confidence"] < threshold:
            assert values["abstained"]
            assert (values["bolder"] == "") == (values["confidence"] < thresholds["low"])
    with pytest.raises(ServerError, match="caution"):
        client.post("ask", {"question": QUESTION, "caution": "none"})


def test_passages_are_found(page):
    client, _, _ = page
    found = client.search("hotel limit London", 3)
    assert len(found.hits) == 3
    assert any("London" in hit.text for hit in found.hits)


def test_problems_are_told_in_words(page):
    client, _, _ = page
    with pytest.raises(ServerError, match=r"nothing\.pdf") as told:
        client.post("search", {"query": "x", "in": "nothing.pdf"})
    assert "documents list" in str(told.value)
    with pytest.raises(ServerError, match="not an absolute path"):
        client.post("ingest", {"paths": ["docs"]})
    with pytest.raises(ServerError, match="no document 999"):
        client.post("documents/remove", {"ids": [999]})


def test_files_are_taken_in_listed_and_removed(page, tmp_path):
    client, _, _ = page
    (tmp_path / "kettle.txt").write_text("The kettle of the Lyon office is green.", encoding="utf-8")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    report = client.post("ingest", {"paths": [str(tmp_path)]})
    assert report["totals"]["indexed"] == 1
    assert report["totals"]["failed"] == 1
    listed = client.get("documents")
    kettle = next(row for row in listed["documents"] if row["document"] == "kettle.txt")
    assert any(file["path"].endswith("broken.pdf") for file in listed["failures"])
    assert client.post("documents/remove", {"ids": [kettle["id"]]})["removed"][0]["document"] == "kettle.txt"
    again = client.post("ingest", {"paths": [str(tmp_path)]})
    assert again["totals"]["indexed"] == 0  # what was removed by hand stays removed
    assert client.get("ingest")["phase"] in ("idle", "running")


def test_the_openai_package_can_ask(page):
    openai = pytest.importorskip("openai")
    client, _, _ = page
    outside = openai.OpenAI(base_url=f"{client.server.url}/v1", api_key=client.server.token, max_retries=0)
    assert "ragapp" in [model.id for model in outside.models.list()]
    messages = [{"role": "system", "content": "Be a pirate."}, {"role": "user", "content": QUESTION}]
    whole = outside.chat.completions.create(model="ragapp", messages=messages)
    assert whole.choices[0].message.content.strip()
    assert whole.passages  # what OpenAI's shape has no place for stands beside it
    pieces = list(
        outside.chat.completions.create(
            model="ragapp", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices).strip()
    assert pieces[-1].usage.prompt_tokens > 0
    assert any(getattr(piece, "citations", None) is not None for piece in pieces)
    vectors = outside.embeddings.create(model="all-minilm-l6-v2", input=["one", "two"])
    assert [len(one.embedding) for one in vectors.data] == [384, 384]
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{client.server.url}/v1", api_key="wrong", max_retries=0).models.list()
    with pytest.raises(openai.BadRequestError, match="question"):
        outside.chat.completions.create(model="ragapp", messages=[{"role": "system", "content": "x"}])


def test_two_may_ask_at_once(page):
    client, _, _ = page
    with ThreadPoolExecutor(2) as both:
        answers = list(
            both.map(
                lambda name: client.post("ask", {"question": QUESTION, "in": name}),
                ["travel-policy-2025.pdf", "travel-policy-2024.docx"],
            )
        )
    assert {answer["passages"][0]["document"] for answer in answers} == {
        "travel-policy-2025.pdf",
        "travel-policy-2024.docx",
    }


def test_commands_ask_the_page_that_runs(page, tmp_path, monkeypatch):
    import json

    from typer.testing import CliRunner

    from ragapp.cli.main import app

    _, settings, home = page
    for name, value in {"DATA": home / "data", "MODELS": settings.paths.models, "INGEST": home / "drop"}.items():
        monkeypatch.setenv(f"RAGAPP_PATHS__{name}", str(value))

    def run(*arguments):
        result = CliRunner().invoke(app, list(map(str, arguments)))
        assert result.exit_code == 0, result.output
        return result.stdout

    # a model of these settings that is not there does not matter: the page has its own
    monkeypatch.setenv("RAGAPP_LLM__MODEL", "nothing")
    assert json.loads(run("ask", QUESTION, "--json"))["model"] == "smollm2-135m-instruct"
    found = run("search", "hotel limit", "-k", "2")
    assert "[2] " in found
    assert "passages in" not in found
    assert len(json.loads(run("search", "hotel limit", "-k", "2", "--json"))["hits"]) == 2
    (tmp_path / "lamp.txt").write_text("The lamp is red.", encoding="utf-8")
    assert json.loads(run("ingest", tmp_path / "lamp.txt", "--json"))["totals"]["indexed"] == 1
    listed = json.loads(run("documents", "list", "--json"))["documents"]
    lamp = next(row for row in listed if row["document"] == "lamp.txt")
    assert f"removed {lamp['id']}" in run("documents", "remove", lamp["id"])


def test_a_page_that_was_killed_is_not_waited_for(tmp_path):
    with announced(tmp_path, "http://127.0.0.1:9", "x"):
        assert running_page(tmp_path) is None
        with pytest.raises(StoreError, match="does not answer"):
            PageClient(read_server_file(tmp_path)).get("ingest", 1)
    assert read_server_file(tmp_path) is None
    (tmp_path / "server.json").write_text("{", encoding="utf-8")
    assert running_page(tmp_path) is None


def test_a_chat_becomes_a_question_with_what_came_before():
    from ragapp.web.openai_api import question_of

    said = [
        ("system", "x"),
        ("user", "What is the notice period?"),
        ("assistant", "Three months."),
        ("user", "And for trainees?"),
    ]
    question, turns = question_of([ChatMessage(role=role, content=content) for role, content in said])
    assert question == "And for trainees?"
    assert [(turn.question, turn.reply) for turn in turns] == [("What is the notice period?", "Three months.")]
    parts = ChatMessage(
        role="user", content=[{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    )
    assert parts.text == "a\nb"


def test_an_error_is_told_in_the_language_that_is_asked_for(page):
    import httpx

    client, _, _ = page
    server = client.server
    for wanted, told, missing in (
        (
            "fr-FR,fr;q=0.9,en;q=0.5",
            "Aucun document ni dossier ne correspond à «\u202fnothing.pdf\u202f».",
            "Le jeton d’accès à l’API",
        ),
        ("en", "No document or folder matches 'nothing.pdf'.", "The API's token"),
        ("ja", "No document or folder matches 'nothing.pdf'.", "The API's token"),
    ):
        headers = {"Authorization": f"Bearer {server.token}", "Accept-Language": wanted}
        asked = {"question": "Why?", "in": "nothing.pdf"}
        answer = httpx.post(f"{server.url}/api/ask", json=asked, headers=headers, timeout=60).json()
        assert answer["error"]["message"] == told
        assert answer["error"]["type"] == "PathError"  # whatever the language
        refused = httpx.get(f"{server.url}/api/documents", headers={"Accept-Language": wanted})
        assert refused.status_code == 401
        assert refused.json()["error"]["message"].startswith(missing)
