"""Tokens of programs: they last, are kept for their owner alone, and open nothing once they are withdrawn."""

import hashlib
import json
import threading
from datetime import date

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from ragapp.errors import StoreError, UsageError
from ragapp.web.security import Security, policy_for
from ragapp.web.tokens import Tokens

OWN = "a-token-of-my-own-1234"


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path / "data")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs ``ragapp token`` on a data folder of its own."""
    from ragapp.cli.main import app

    monkeypatch.setenv("RAGAPP_PATHS__DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments, typed=None):
        result = CliRunner().invoke(app, ["token", *arguments], input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_default_one_stays(tokens):
    token = tokens.default()
    assert token == tokens.default() == Tokens(tokens.file.parent).default()
    assert tokens.accepts(token)
    assert len(token) > 40
    assert {path.stat().st_mode & 0o777 for path in tokens.file.parent.iterdir()} == {0o600}
    other = tokens.new()
    assert (tokens.accepts(token), tokens.accepts(other)) == (False, True)


def test_of_others_only_the_hash_is_kept(tokens):
    token = tokens.new("Open WebUI")
    text = tokens.file.read_text(encoding="utf-8")
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert tokens.accepts(token)
    assert not tokens.accepts(token[:-1])
    assert not tokens.accepts(hashlib.sha256(token.encode()).hexdigest())
    assert not tokens.accepts("")


def test_one_is_withdrawn_while_another_process_uses_it(tokens):
    using = Tokens(tokens.file.parent)
    first, second = tokens.new("one"), tokens.new("two")
    assert using.accepts(first)
    tokens.revoke("one")
    assert (using.accepts(first), using.accepts(second)) == (False, True)
    tokens.file.unlink()
    assert not using.accepts(second)
    tokens.file.write_text("{", encoding="utf-8")
    assert not using.accepts(second)


def test_the_days_are_noted(tokens):
    token = tokens.new("one")
    today = date.today().isoformat()
    assert [(one.made, one.used) for one in tokens.all()] == [(today, "")]
    tokens.accepts(token)
    assert [(one.made, one.used) for one in tokens.all()] == [(today, today)]
    before = tokens.file.stat().st_mtime_ns
    assert tokens.accepts(token)
    assert tokens.file.stat().st_mtime_ns == before  # once a day is enough


def test_a_withdrawn_default_does_not_come_back_by_itself(tokens):
    tokens.prepare()
    tokens.revoke("default")
    tokens.prepare()
    assert tokens.all() == []
    with pytest.raises(UsageError, match="withdrawn"):
        tokens.default()
    assert tokens.default() if tokens.new() else None


@pytest.mark.parametrize(("name", "token"), [("", ""), ("a\nb", ""), ("-x", ""), ("x", "short"), ("x", "ü" * 30)])
def test_names_and_tokens_that_are_none(tokens, name, token):
    with pytest.raises(UsageError):
        tokens.new(name, token)


def test_a_name_is_taken_once(tokens):
    tokens.new("Chatbox")
    with pytest.raises(UsageError, match="already"):
        tokens.new("chatbox")
    with pytest.raises(UsageError, match="no token"):
        tokens.revoke("other")


def test_a_damaged_file_is_told(tokens):
    tokens.prepare()
    tokens.file.write_text('{"tokens": [{"name": 1}]}', encoding="utf-8")
    with pytest.raises(StoreError, match="damaged"):
        tokens.all()


def test_many_at_once_lose_nothing(tokens):
    threads = [threading.Thread(target=tokens.new, args=(f"t{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens.all()) == 12


def test_the_command(run):
    token = run("show").strip()
    assert run("show").strip() == token
    assert json.loads(run("show", "--json")) == {"name": "default", "token": token}
    named = json.loads(run("new", "Open WebUI", "--json"))["token"]
    assert run("new", "mine", "--stdin", typed=f"{OWN}\n").strip() == OWN
    listed = {one["name"]: one for one in json.loads(run("list", "--json"))["tokens"]}
    assert list(listed) == ["default", "mine", "Open WebUI"]
    assert listed["mine"] == {"name": "mine", "made": date.today().isoformat(), "used": None}
    shown = run("list")
    assert "never" in shown
    assert not any(secret in shown for secret in (token, named, OWN))
    run("revoke", "Open WebUI")
    assert "Open WebUI" not in run("list")
    assert run("new").strip() != token
    with pytest.raises(UsageError, match="no token on stdin"):
        run("new", "x", "--stdin", typed="\n")


def served(tokens):
    app = FastAPI()
    app.get("/v1/models")(lambda: {})
    policy = policy_for("127.0.0.1", 7860, token="of this start")
    return TestClient(Security(app, policy, accepts=tokens.accepts), base_url="http://127.0.0.1:7860")


def test_the_page_takes_tokens_until_they_are_withdrawn(tokens):
    client, token = served(tokens), tokens.new("one")

    def status(given):
        return client.get("/v1/models", headers={"authorization": given}).status_code

    assert status(f"Bearer {token}") == status(f"bearer {token}") == status("Bearer of this start") == 200
    assert status(f"Basic {token}") == status(token) == status("Bearer") == status("Bearer x") == 401
    tokens.revoke("one")
    assert status(f"Bearer {token}") == 401


def test_who_has_no_token_is_told_as_openai_tells_it(tokens):
    answer = served(tokens).get("/v1/models")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.json().keys() == {"error"}
    assert served(tokens).get("/api/documents").json()["error"]["hint"] == ""
