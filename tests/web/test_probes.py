"""What watches a server, and ends it: probes, figures, log, an orderly end; none of them tells of documents."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from ragapp.contract import Answer, FileReport, Proved, RebuildNeed, Sentence, Stage
from ragapp.errors import CancelledError, ModelError, SettingsError, StoppingError, StoreError
from ragapp.llm.fair_lock import FairLock
from ragapp.settings import Server, Settings
from ragapp.web.app_state import Readiness
from ragapp.web.graceful_end import let_finish, make_graceful
from ragapp.web.metrics import Metrics
from ragapp.web.passwords import hash_password
from ragapp.web.probes import Probes
from ragapp.web.request_log import RequestLog, part_of, request_logger
from ragapp.web.security import Security, policy_for
from ragapp.web.server import proxies_of

CANARY = "Zanzibar-4711"
TOKEN = "a-token-of-this-server"
PASSWORD = hash_password("open sesame, please")


class Catalog:
    broken = False

    def document_count(self):
        if self.broken:
            raise StoreError(f"The catalog {CANARY} is damaged.")
        return 3

    def chunk_count(self):
        return 40


def state_of(folder, **readiness):
    """What the probes ask of the state, with a name in everything that has one."""
    model = SimpleNamespace(loaded=True)
    app = SimpleNamespace(
        settings=Settings(paths={"data": folder, "models": folder / CANARY}),
        questions=FairLock(),
        catalog=Catalog(),
        check_llm=lambda: None,
        _engine=model,
    )
    found = Readiness(**{"missing": (), "documents": 3, **readiness})
    job = SimpleNamespace(state=SimpleNamespace(waiting=2, running=True))
    return SimpleNamespace(app=app, metrics=Metrics(), job=job, readiness=lambda: found)


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})


def client_of(state, *, started=True, host="127.0.0.1", **policy):
    policy = policy_for(host, 7860, token=TOKEN, **policy)
    protected = Security(Probes(page, state, lambda: started), policy)
    return TestClient(protected, base_url="http://127.0.0.1:7860")


@pytest.mark.parametrize("policy", [{}, {"password": PASSWORD}, {"host": "0.0.0.0", "password": PASSWORD}])
def test_health_and_readiness_want_neither_password_nor_token(tmp_path, policy):
    client = client_of(state_of(tmp_path), **policy)
    assert (client.get("/health").status_code, client.get("/health").json()) == (200, {"status": "ok"})
    assert client.get("/ready").json() == {"ready": True, "reasons": []}
    assert client.head("/ready").content == b""
    assert client.post("/ready").status_code == 405
    assert client.get("/ready").headers["cache-control"] == "no-store"
    # and they open nothing else
    for path in ("/health/x", "/ready/../api/documents", "/healthz", "/api/documents", "/metrics"):
        assert client.get(path, follow_redirects=False).status_code in (303, 400, 401, 404), path
    # nobody else's name is served
    assert client.get("/ready", headers={"host": "elsewhere.example"}).status_code == 421


@pytest.mark.parametrize(
    ("reasons", "change"),
    [
        (["starting"], {"started": False}),
        (["model_missing"], {"missing": (CANARY,)}),
        (["stopping"], {"end": True}),
        (["store_unusable"], {"broken": True}),
        (["model_unusable"], {"model": ModelError(f"{CANARY} is damaged.")}),
        (["model_missing", "store_unusable"], {"missing": (CANARY,), "broken": True}),
        (["documents_of_another_embedder"], {"rebuild": RebuildNeed(3, 40, 0, 40, None)}),
        ([], {"documents": 0}),  # an empty store waits to be filled
    ],
)
def test_why_it_is_not_ready(tmp_path, reasons, change):
    readiness = {name: change[name] for name in ("missing", "documents", "rebuild") if name in change}
    state = state_of(tmp_path, **readiness)
    state.app.catalog.broken = change.get("broken", False)
    if "model" in change:

        def fail():
            raise change["model"]

        state.app.check_llm = fail
    if change.get("end"):
        state.app.questions.end()
    answer = client_of(state, started=change.get("started", True)).get("/ready")
    assert answer.status_code == (503 if reasons else 200)
    assert answer.json() == {"ready": not reasons, "reasons": reasons}
    assert ("retry-after" in answer.headers) == bool(reasons)
    assert CANARY not in answer.text


def test_a_model_server_that_goes_away_and_comes_back(tmp_path, monkeypatch):
    from ragapp.llm.remote import OpenAIModel
    from ragapp.web import probes

    state = state_of(tmp_path)
    state.app._engine = engine = OpenAIModel("http://127.0.0.1:9/v1", CANARY)
    there = [False]
    monkeypatch.setattr(engine, "reachable", lambda: there[0])
    client = client_of(state)
    assert client.get("/ready").json()["reasons"] == ["model_server_away"]
    there[0] = True
    assert client.get("/ready").status_code == 503  # what was found holds for a moment
    monkeypatch.setattr(probes, "_KEPT_S", 0)
    assert client.get("/ready").status_code == 200


@pytest.mark.parametrize(
    ("metrics", "headers", "status"),
    [
        ("off", {"authorization": f"Bearer {TOKEN}"}, 404),
        ("token", {}, 401),
        ("token", {"authorization": "Bearer wrong"}, 401),
        ("token", {"authorization": f"Bearer {TOKEN}"}, 200),
        ("open", {}, 200),
    ],
)
def test_who_may_see_the_figures(tmp_path, metrics, headers, status):
    client = client_of(state_of(tmp_path), metrics=metrics, password=PASSWORD)
    assert client.get("/metrics", headers=headers).status_code == status


def answer(grade="answered", **more):
    return Answer(CANARY, CANARY, grade == "not_found", 0.9, grade=grade, **more)


def proved():
    return Proved(Sentence(CANARY, True, ()))


def figures(text):
    """By name and labels."""
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def failing(error):
    yield Stage("searching")
    raise error


def test_questions_are_counted_by_how_they_ended(tmp_path):
    metrics = Metrics()
    runs = [
        ("page", iter([Stage("searching"), proved(), answer()])),
        ("page", iter([answer("not_found")])),
        ("api", iter([proved(), answer("likely")])),
        ("openai", iter([proved(), answer(stopped=True)])),
        ("openai", failing(CancelledError("Stopped."))),
        ("api", failing(ModelError(CANARY))),
    ]
    for surface, events in runs:
        with suppress(CancelledError, ModelError):
            list(metrics.watched(events, surface))
    abandoned = metrics.watched(iter([Stage("searching"), answer()]), "api")
    next(abandoned)
    abandoned.close()
    told = figures(metrics.text()[0].decode())
    ended = {name: value for name, value in told.items() if name.startswith("ragapp_questions_total") and value}
    assert ended == {
        'ragapp_questions_total{outcome="answered",surface="page"}': 1,
        'ragapp_questions_total{outcome="not_found",surface="page"}': 1,
        'ragapp_questions_total{outcome="likely",surface="api"}': 1,
        'ragapp_questions_total{outcome="stopped",surface="openai"}': 2,
        'ragapp_questions_total{outcome="failed",surface="api"}': 1,
        'ragapp_questions_total{outcome="stopped",surface="api"}': 1,
    }
    assert told['ragapp_answer_seconds_count{surface="page"}'] == 2
    assert told['ragapp_first_word_seconds_count{surface="page"}'] == 1  # "not found" is no word of an answer
    assert told['ragapp_first_word_seconds_count{surface="openai"}'] == 1
    assert told['ragapp_answer_seconds_count{surface="openai"}'] == 0


def test_the_time_of_waiting_counts():
    metrics = Metrics()
    list(metrics.watched(iter([proved(), answer()]), "page", time.monotonic() - 100))
    told = figures(metrics.text()[0].decode())
    assert told['ragapp_first_word_seconds_bucket{le="60.0",surface="page"}'] == 0
    assert told['ragapp_first_word_seconds_bucket{le="120.0",surface="page"}'] == 1


def test_how_the_server_stands(tmp_path):
    state = state_of(tmp_path)
    (tmp_path / "catalog.sqlite3").write_bytes(b"x" * 1000)
    (tmp_path / "chroma" / CANARY).mkdir(parents=True)
    (tmp_path / "chroma" / CANARY / f"{CANARY}.bin").write_bytes(b"x" * 70)
    tickets = [state.app.questions.ticket() for _ in range(3)]
    state.metrics.count_files(
        [FileReport(f"/{CANARY}.pdf", status, CANARY) for status in ("indexed", "failed", "failed", "unchanged")]
    )
    list(state.metrics.watched(iter([proved(), answer()]), "page"))
    client = client_of(state, metrics="open")
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    values = figures(told.text)
    expected = {
        "ragapp_questions_running": 1,
        "ragapp_questions_waiting": 2,
        "ragapp_question_places": 1,
        "ragapp_documents": 3,
        "ragapp_chunks": 40,
        "ragapp_catalog_bytes": 1000,
        "ragapp_vector_store_bytes": 70,
        "ragapp_files_waiting": 2,
        "ragapp_ingesting": 1,
        "ragapp_model_loaded": 1,
        'ragapp_ingested_files_total{outcome="indexed"}': 1,
        'ragapp_ingested_files_total{outcome="failed"}': 2,
    }
    assert {name: values[name] for name in expected} == expected
    assert values["process_resident_memory_bytes"] > 1e6
    assert CANARY not in told.text
    assert str(tmp_path) not in told.text
    state.app.catalog.broken = True
    state.app.catalog.chunk_count = state.app.catalog.document_count
    assert "ragapp_documents NaN" in client.get("/metrics").text
    assert tickets


# --- the log


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/", "/"),
        ("/api/ask", "/api/ask"),
        ("/v1/chat/completions", "/v1/chat/…"),
        (f"/ui/file/{CANARY}.pdf", "/ui/file/…"),
        (f"/ui/{CANARY}", "/ui/…"),
        (f"/assets/{CANARY}.js", "/assets/…"),
        (f"/{CANARY}", "/…"),
        (f"/healthy-{CANARY}", "/…"),
        ("/health", "/health"),
        ("/api\nforged", "/api/…"),
        ("", "/…"),
    ],
)
def test_of_a_path_only_the_programs_own_words_are_written(path, part):
    assert part_of(path) == part


def test_a_line_for_each_request_and_files_that_are_put_aside(tmp_path):
    settings = Server(log=str(tmp_path / "logs" / "ragapp.log"), log_mb=1, log_files=2)
    logger = request_logger(settings)
    client = TestClient(RequestLog(page, logger), base_url="http://127.0.0.1:7860")
    client.post(f"/api/ask?q={CANARY}", json={"question": CANARY}, headers={"user-agent": CANARY})
    file = tmp_path / "logs" / "ragapp.log"
    line = file.read_text()
    assert line.count("\n") == 1
    assert " INFO testclient POST /api/ask 200 0." in line
    assert CANARY not in line
    assert file.stat().st_mode & 0o077 == 0
    for _ in range(40):
        logger.info("%s", "x" * 100_000)
    kept = sorted(file.parent.iterdir())
    assert [one.name for one in kept] == ["ragapp.log", "ragapp.log.1", "ragapp.log.2"]
    assert all(one.stat().st_size <= 1024 * 1024 and one.stat().st_mode & 0o077 == 0 for one in kept)
    _forget(logger)


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    from ragapp.errors import PathError

    with pytest.raises(PathError, match="cannot be written"):
        request_logger(Server(log=str(tmp_path / "file" / "ragapp.log")))


def _forget(logger):
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()


# --- proxies and names


@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0", "*", "proxy.example", ""])
def test_not_everybody_is_a_proxy(entry):
    with pytest.raises(SettingsError, match=r"server\.proxies"):
        proxies_of(Server(proxies=[entry]))


def test_addresses_and_networks_are_proxies():
    assert proxies_of(Server(proxies=["10.0.0.5", "172.20.0.0/16", "::1"])) == ["10.0.0.5", "172.20.0.0/16", "::1"]


def test_a_name_of_a_proxy_wants_a_password_and_is_served():
    with pytest.raises(SettingsError, match=r"docs\.example\.org without a password"):
        policy_for("127.0.0.1", 7860, names=["docs.example.org"])
    policy = policy_for("127.0.0.1", 7860, names=["docs.example.org"], password=PASSWORD)
    client = TestClient(Security(page, policy), base_url="https://docs.example.org")
    assert client.get("/sign-in").status_code == 200
    own = client.post("/sign-in", data={"password": "x"}, headers={"origin": "https://docs.example.org"})
    assert own.status_code == 403
    assert client.get("/", headers={"host": "other.example.org"}).status_code == 421


@pytest.mark.parametrize(
    ("trusted", "scheme", "client"), [(["10.0.0.5"], "https", "203.0.113.9"), (["10.0.0.6"], "http", "10.0.0.5")]
)
def test_only_a_proxy_that_is_named_is_believed(trusted, scheme, client):
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    seen = {}

    async def app(scope, receive, send):
        seen.update(scheme=scope["scheme"], client=scope["client"][0])

    headers = [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.9"), (b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "scheme": "http", "client": ("10.0.0.5", 1), "headers": headers}
    asyncio.run(ProxyHeadersMiddleware(app, trusted_hosts=proxies_of(Server(proxies=trusted)))(scope, None, None))
    assert seen == {"scheme": scheme, "client": client}


# --- the end


def test_what_is_being_answered_is_finished():
    questions = FairLock()
    inside, waiting = questions.ticket(), questions.ticket()
    assert inside.wait(0)
    state = SimpleNamespace(app=SimpleNamespace(questions=questions))
    ended = threading.Thread(target=let_finish, args=(state, 20.0))
    ended.start()
    with pytest.raises(StoppingError):
        waiting.wait(10)
    waiting.leave()
    assert ended.is_alive()
    assert not questions.cut
    inside.leave()
    ended.join(10)
    assert not ended.is_alive()


def test_what_takes_too_long_is_cut_off():
    questions = FairLock()
    inside = questions.ticket()
    state = SimpleNamespace(app=SimpleNamespace(questions=questions))
    ended = threading.Thread(target=let_finish, args=(state, 0.0))
    ended.start()
    deadline = time.monotonic() + 10
    while not questions.cut:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    inside.leave()
    ended.join(10)
    assert not ended.is_alive()


def test_signals():
    heard, finishing, finish = [], threading.Event(), threading.Event()
    server = SimpleNamespace(should_exit=False, handle_exit=lambda number, frame: heard.append(number))

    def work():
        finishing.set()
        finish.wait(10)

    make_graceful(server, work)
    server.handle_exit(signal.SIGTERM, None)
    assert finishing.wait(10)
    assert not server.should_exit
    server.handle_exit(signal.SIGINT, None)
    assert heard == [signal.SIGINT]
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    finish.set()


@pytest.mark.parametrize(("path", "kind"), [("/api/x", "StoppingError"), ("/v1/x", "server_error")])
def test_a_program_is_told_when_to_ask_again(path, kind):
    from fastapi import FastAPI

    from ragapp.web.api_errors import add_error_answers

    app = FastAPI()

    @app.get(path)
    async def ask():
        raise FairLock().refusal()

    add_error_answers(app)
    told = TestClient(app).get(path)
    assert (told.status_code, told.headers["retry-after"], told.json()["error"]["type"]) == (503, "15", kind)
    assert json.dumps(told.json())
