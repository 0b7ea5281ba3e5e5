import math
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
from remotekit import MODEL, certificate, delta, likely, said, serving

from ragapp.errors import CancelledError, ModelError, SettingsError
from ragapp.llm.engine import Engine, EngineOptions
from ragapp.llm.remote import USUAL_WINDOW, OpenAIModel
from ragapp.llm.remote_http import MOST_BYTES, check_allowed, parse_address, read_key
from ragapp.llm.remote_server import guess_tokens
from ragapp.models.packs import get_pack

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is the key?"}]
SECRET = "sk-very-secret-0123456789"


@pytest.fixture
def engine_at():
    """Makes engines and closes them in the end."""
    made = []

    def make(server, model=MODEL, **options):
        made.append(OpenAIModel(server if isinstance(server, str) else server.url, model, **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def text(engine, chat=CHAT, **options):
    return "".join(engine.generate(chat, **{"max_tokens": 20, **options}))


def saying(*pieces):
    return lambda request, body: request.events(delta(), *(delta(piece) for piece in pieces), delta("", "stop"))


# --- where it may be


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.0.0.1:8080/v1", []),
        ("http://localhost:8080/v1", []),
        ("http://[::1]:8080/v1", []),
        ("https://GPU.example/v1", ["gpu.example"]),
        ("http://gpu.example:8000/v1", ["other:1", "gpu.example:8000"]),
        ("http://gpu.example/v1", ["gpu.example:80"]),
        ("https://gpu.example/v1/", ["gpu.example:443"]),
        ("http://10.0.0.5:8000", ["10.0.0.5"]),
        ("http://[fd00::5]:8000/v1", ["[fd00::5]:8000"]),
        ("http://[fd00::5]:8000/v1", ["fd00::5"]),
    ],
)
def test_what_is_allowed(url, allow):
    check_allowed(url, allow)


@pytest.mark.parametrize(
    ("url", "allow", "place"),
    [
        ("http://gpu.example:8000/v1", [], "gpu.example:8000"),
        ("http://gpu.example:8001/v1", ["gpu.example:8000"], "gpu.example:8001"),
        ("http://gpu.example/v1", ["gpu.example:443"], "gpu.example:80"),
        ("http://evil-gpu.example/v1", ["gpu.example"], "evil-gpu.example:80"),
        ("http://gpu.example.evil/v1", ["gpu.example"], "gpu.example.evil:80"),
        ("http://localhost.evil:8080/v1", [], "localhost.evil:8080"),
        ("http://127.0.0.1.evil/v1", [], "127.0.0.1.evil:80"),
        ("http://0.0.0.0:8080/v1", [], "0.0.0.0:8080"),
        ("http://2130706433/v1", [], "2130706433:80"),
        ("http://[fd00::5]:8000/v1", ["[fd00::6]"], "[fd00::5]:8000"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_line_to_add(url, allow, place):
    with pytest.raises(SettingsError, match="not allowed") as caught:
        check_allowed(url, allow)
    line = f"allow: [{', '.join(f'{chr(34)}{entry}{chr(34)}' for entry in [*allow, place])}]"
    assert caught.value.hint.endswith(line)
    check_allowed(url, [*allow, place])
    with pytest.raises(SettingsError):
        OpenAIModel(url, "m", allow=allow)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gpu:8000",
        "ftp://gpu/v1",
        "http://",
        "http://gpu:port/v1",
        "http://gpu:99999/v1",
        "http://[::1/v1",
        "http://a b/v1",
        "file:///etc/passwd",
        "http://evil%2eexample/v1",
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(SettingsError, match=r"llm\.url"):
        check_allowed(url, [])


@pytest.mark.parametrize("url", [f"http://me:{SECRET}@127.0.0.1/v1", f"http://127.0.0.1/v1?key={SECRET}"])
def test_an_address_with_a_secret_in_it_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError, match=r"llm\.url") as caught:
        check_allowed(url, [])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("entry", ["http://gpu.example", "*.example", "", "a b", "gpu:x", "gpu/v1", "me@gpu"])
def test_what_cannot_stand_in_the_list_of_allowed_hosts(entry):
    with pytest.raises(SettingsError, match=r"privacy\.allow"):
        check_allowed("http://gpu.example/v1", [entry])


def test_the_parts_of_an_address():
    address = parse_address("http://GPU.example:8000/v1/")
    assert address.url == "http://GPU.example:8000/v1"
    assert (address.root, address.place) == ("http://GPU.example:8000", "gpu.example:8000")


def test_the_key_comes_from_the_environment_alone(monkeypatch):
    monkeypatch.setenv("GPU_KEY", f" {SECRET}\n")
    assert read_key("") == ""
    assert read_key("GPU_KEY") == SECRET
    for variable in ("GPU_KEY_MISSING", SECRET, "a b"):
        with pytest.raises(SettingsError) as caught:
            read_key(variable)
        assert SECRET not in str(caught.value)
    for broken in ("", "two words", "schlüssel", "a\nb"):
        monkeypatch.setenv("GPU_KEY", broken)
        with pytest.raises(SettingsError, match="GPU_KEY"):
            read_key("GPU_KEY")


def test_the_key_is_sent_and_a_plain_connection_to_elsewhere_is_told(monkeypatch, engine_at):
    monkeypatch.setenv("GPU_KEY", SECRET)
    with serving(saying("ok")) as server:
        engine = engine_at(server, key_variable="GPU_KEY")
        assert text(engine) == "ok"
        assert {headers["Authorization"] for _, _, headers in server.asked} == {f"Bearer {SECRET}"}
        assert not any("https" in notice for notice in engine.notices)
        bare = engine_at(server)
        text(bare)
        assert "Authorization" not in server.asked[-1][2]
    told = []
    elsewhere = engine_at("http://gpu.example/v1", allow=["gpu.example"], key_variable="GPU_KEY", tell=told.append)
    assert told == elsewhere.notices
    assert "https" in told[0]
    assert "key" in told[0]
    assert engine_at("https://gpu.example/v1", allow=["gpu.example"]).notices == []


def test_proxies_of_the_environment_are_not_used(monkeypatch, engine_at):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(saying("ok")) as server:
        assert text(engine_at(server)) == "ok"


def test_an_encrypted_connection_wants_a_certificate_that_this_machine_knows(tmp_path, monkeypatch, engine_at):
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with serving(saying("ok"), context) as server:
        with pytest.raises(ModelError, match="encrypted connection to") as caught:
            text(engine_at(server))
        assert "certificate" in caught.value.hint
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert text(engine_at(server)) == "ok"


# --- the answer


def test_an_answer_is_streamed_and_counted(engine_at):
    usage = {"prompt_tokens": 21, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 7}}

    def chat(request, body):
        request.events(delta(), delta("In the "), delta("drawer"), delta(".", "stop"), {"choices": [], "usage": usage})

    with serving(chat) as server:
        engine = engine_at(server)
        assert list(engine.generate(CHAT, max_tokens=20)) == ["In the ", "drawer", "."]
        assert server.bodies()[-1]["messages"] == CHAT
        assert server.bodies()[-1] | {"messages": 0} == {
            "model": MODEL,
            "messages": 0,
            "max_tokens": 20,
            "temperature": 0.0,
            "seed": 42,
            "stream": True,
            "stream_options": {"include_usage": True},
            "chat_template_kwargs": {"enable_thinking": False},
        }
        stats = engine.stats
        assert (stats.prompt_tokens, stats.answer_tokens, stats.cached_tokens, stats.finished) == (21, 5, 7, True)
        assert stats.first_token_s > 0
        assert engine.name == f"{MODEL} at 127.0.0.1:{server.server_port}"


def test_an_answer_may_end_without_the_last_mark(engine_at):
    with serving(lambda request, body: request.events(delta("a"), delta("b", "stop"), done=False)) as server:
        assert text(engine_at(server)) == "ab"


def test_an_answer_that_the_limit_cut_is_not_finished(engine_at):
    with serving(lambda request, body: request.events(delta("a"), delta("b", "length"))) as server:
        engine = engine_at(server)
        assert text(engine) == "ab"
        assert not engine.stats.finished
        assert engine.stats.answer_tokens == 2


def test_events_may_be_cut_anywhere_and_hold_any_character(engine_at):
    answer = "é 日本 🙂 \u2028 \x85 end"

    def chat(request, body):
        request.begin()
        import json

        event = json.dumps(delta(answer), ensure_ascii=False)
        raw = f": ping\r\n\r\nevent: message\r\nid: 1\r\ndata: {event}\r\n\r\ndata:[DONE]\r\n\r\n".encode()
        for byte in raw:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()

    with serving(chat) as server:
        assert text(engine_at(server)) == answer


def test_a_chat_is_folded_and_a_model_without_system_turns_gets_none(engine_at):
    def chat(request, body):
        if body["messages"][0]["role"] == "system":
            request.json({"error": {"message": "System role not supported"}}, 500)
        else:
            saying("ok")(request, body)

    with serving(chat) as server:
        engine = engine_at(server)
        assert text(engine, [*CHAT, {"role": "user", "content": "Now?"}]) == "ok"
        assert [turn["role"] for turn in server.bodies()[-1]["messages"]] == ["user"]
        assert "Be brief.\n\nWhere is the key?\n\nNow?" in server.bodies()[-1]["messages"][0]["content"]
        text(engine)
        assert len(server.bodies()) == 3


@pytest.mark.parametrize("field", ["chat_template_kwargs", "stream_options", "seed"])
def test_what_a_server_does_not_know_is_left_out_from_then_on(engine_at, field):
    def chat(request, body):
        if field in body:
            request.json({"error": {"message": f"Unrecognized request argument supplied: {field}"}}, 400)
        else:
            saying("ok")(request, body)

    with serving(chat) as server:
        engine = engine_at(server)
        assert text(engine) == "ok"
        assert text(engine) == "ok"
        assert len(server.bodies()) == 3


def test_thinking_is_left_out(engine_at):
    def chat(request, body):
        reasoning = {"choices": [{"delta": {"reasoning_content": "hm"}, "finish_reason": None}]}
        request.events(reasoning, delta("<thi"), delta("nk>Is it"), delta("?</think>\n\nIn the"), delta(" drawer."))

    with serving(chat) as server:
        assert text(engine_at(server)) == "In the drawer."


def test_an_answer_of_thinking_alone_is_told(engine_at):
    with serving(saying("<think>", "Let me see")) as server:
        engine = engine_at(server)
        assert text(engine) == ""
        assert any("thinking" in notice for notice in engine.notices)


# --- the choice


def test_choosing_weighs_the_first_tokens(engine_at):
    tokens = likely(Yes=math.log(0.5), yes=math.log(0.1), _Yes=math.log(0.06), No=math.log(0.22), N=math.log(0.1))
    with serving(lambda request, body: request.json(said("Yes", tokens))) as server:
        engine = engine_at(server)
        assert engine.choice_probabilities(CHAT, ("Yes", "No")) == pytest.approx([0.75, 0.25])
        asked = server.bodies()[-1]
        assert (asked["max_tokens"], asked["logprobs"], asked["top_logprobs"]) == (1, True, 20)
        assert not asked.get("stream")
        assert engine.choice_probabilities(CHAT, ("No", "Yes")) == pytest.approx([0.25, 0.75])
        assert not any("likely" in notice for notice in engine.notices)


def test_choosing_between_words_of_several_tokens(engine_at):
    with serving(lambda request, body: request.json(said("O", likely(O=math.log(0.6), N=math.log(0.2))))) as server:
        assert engine_at(server).choice_probabilities(CHAT, ("Oui", "Non")) == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("refusing", [False, True])
def test_without_probabilities_the_word_counts_and_that_is_said_once(engine_at, refusing):
    def chat(request, body):
        if refusing and body.get("logprobs"):
            request.json({"error": {"message": "logprobs is not supported"}}, 400)
        else:
            request.json(said("<think>\n\n</think>\n\nNo, it does not."))

    with serving(chat) as server:
        told = []
        engine = engine_at(server, tell=told.append)
        for _ in range(2):
            assert engine.choice_probabilities(CHAT, ("Yes", "No")) == pytest.approx([0.1, 0.9])
        assert len([sentence for sentence in told if "likely" in sentence]) == 1
        assert [bool(body.get("logprobs")) for body in server.bodies()] == [True, False, False]


def test_a_model_that_says_none_of_the_words_has_no_preference(engine_at):
    with serving(lambda request, body: request.json(said("Maybe", likely(Maybe=-0.1)))) as server:
        assert engine_at(server).choice_probabilities(CHAT, ("Yes", "No")) == [0.5, 0.5]


# --- window and tokens


LLAMA = {"default_generation_settings": {"n_ctx": 3000}}


@pytest.mark.parametrize(
    ("entry", "routes", "context", "window", "told"),
    [
        ({"max_model_len": 4000}, {}, "auto", 4000, False),
        ({"max_model_len": 4000}, {}, 1500, 1500, False),
        ({"max_model_len": 4000}, {}, 9000, 4000, False),
        ({"meta": {"n_ctx_train": 8000}}, {"props": LLAMA}, "auto", 3000, False),
        ({"meta": {"n_ctx_train": 8000, "n_ctx": 2500}}, {}, "auto", 2500, False),
        ({"meta": {"n_ctx_train": 8000}}, {}, "auto", USUAL_WINDOW, True),
        ({"meta": {"n_ctx_train": 1024}}, {}, "auto", 1024, True),
        ({"meta": {"n_ctx_train": 8000}}, {}, 6000, 6000, False),
        ({}, {}, "auto", USUAL_WINDOW, True),
        ({}, {}, 6000, 6000, False),
        ({"max_model_len": "4000"}, {"props": ["odd"]}, "auto", USUAL_WINDOW, True),
    ],
)
def test_the_window(engine_at, entry, routes, context, window, told):
    with serving(v1__models={"data": [{"id": MODEL, **entry}]}, **routes) as server:
        engine = engine_at(server, context=context)
        engine.load()
        assert engine.window == window
        assert any("llm.context" in notice for notice in engine.notices) == told


@pytest.mark.parametrize("loaded", [True, False])
def test_the_window_that_ollama_gave_the_model(engine_at, loaded):
    listed = {"models": [{"name": f"{MODEL}:latest", "context_length": 5000}]} if loaded else {"models": []}

    def load(request, body):
        listed["models"] = [{"name": body["model"], "context_length": 5000}]
        request.json({"done": True})

    routes = {"api__version": {"version": "0.13"}, "api__ps": lambda request, body: request.json(listed)}
    models = {"data": [{"id": f"{MODEL}:latest"}, {"id": "other:7b"}]}
    with serving(saying("ok"), v1__models=models, api__generate=load, **routes) as server:
        engine = engine_at(server)
        assert engine.window == 5000
        assert bool(server.bodies("/api/generate")) != loaded
        text(engine)
        assert server.bodies()[-1]["model"] == f"{MODEL}:latest"
        assert server.bodies()[-1]["reasoning_effort"] == "none"


def words(request, body):
    """A tokenizer for which words are tokens."""
    spoken = body.get("content") or body.get("input") or ""
    request.json({"tokens": list(range(len(spoken.split())))})


def test_llama_cpp_counts_texts_and_chats(engine_at):
    def apply(request, body):
        request.json({"prompt": " ".join(f"<{turn['role']}> {turn['content']} <end>" for turn in body["messages"])})

    with serving(saying("ok"), **{"tokenize": words, "apply-template": apply}) as server:
        engine = engine_at(server)
        assert engine.tokenizer == "llama.cpp"
        assert engine.count("one two three four") == 4
        asked = len(server.asked)
        assert engine.count("one two three four") == 4
        assert len(server.asked) == asked
        assert engine.count("") == 0
        assert len(engine.prompt_tokens(CHAT)) == 2 + 2 + 4 + 2
        assert engine.notices == []


def test_vllm_counts_texts_and_chats(engine_at):
    def tokenize(request, body):
        if "prompt" not in body and "messages" not in body:
            return request.json({"detail": [{"msg": "Field required", "loc": ["body", "prompt"]}]}, 422)
        chat = sum(10 + len(turn["content"].split()) for turn in body.get("messages", ()))
        count = chat or len(body["prompt"].split())
        return request.json({"count": count, "tokens": [1] * count, "max_model_len": 1000})

    with serving(tokenize=tokenize) as server:
        engine = engine_at(server)
        assert engine.tokenizer == "vllm"
        assert engine.count("one two three four") == 4
        assert len(engine.prompt_tokens(CHAT)) == 26


def test_llama_cpp_python_counts_texts(engine_at):
    with serving(extras__tokenize__count=lambda r, body: r.json({"count": len(body["input"].split())})) as server:
        engine = engine_at(server)
        assert engine.tokenizer == "llama-cpp-python"
        assert engine.count("one two three four") == 4
        assert 6 < len(engine.prompt_tokens(CHAT)) < 100


def test_where_nothing_counts_it_is_guessed_and_said(engine_at):
    with serving(tokenize=lambda request, body: request.raw(b"<html>hello</html>", kind="text/html")) as server:
        engine = engine_at(server)
        engine.load()
        assert engine.tokenizer == "guess"
        assert engine.count("one two three") == guess_tokens("one two three") == 4
        engine.close()
        engine.load()
        assert sum("guessed" in notice for notice in engine.notices) == 1


def test_a_prompt_beyond_the_window_is_refused_before_it_is_sent(engine_at):
    models = {"data": [{"id": MODEL, "max_model_len": 100}]}
    with serving(saying("ok"), v1__models=models, tokenize=words) as server:
        engine = engine_at(server)
        long = [{"role": "user", "content": "word " * 90}]
        for ask in (lambda: text(engine, long), lambda: engine.choice_probabilities(long, ("Yes", "No"))):
            with pytest.raises(ModelError, match="window"):
                ask()
        assert server.bodies() == []
        text(engine, [{"role": "user", "content": "word " * 40}], max_tokens=500)
        assert server.bodies()[-1]["max_tokens"] == 100 - len(
            engine.prompt_tokens([{"role": "user", "content": "word " * 40}])
        )


@pytest.mark.parametrize(
    ("wanted", "served", "name"),
    [
        ("a", ["a", "ab"], "a"),
        ("a", ["/models/a.gguf", "b"], "/models/a.gguf"),
        ("a.gguf", ["C:\\models\\a.gguf"], "C:\\models\\a.gguf"),
        ("a", ["a:latest", "a:7b"], "a:latest"),
        ("org/a", ["org/a"], "org/a"),
    ],
)
def test_the_model_may_be_named_shortly(engine_at, wanted, served, name):
    models = {"data": [{"id": one, "max_model_len": 900} for one in served]}
    with serving(saying("ok"), v1__models=models) as server:
        text(engine_at(server, wanted))
        assert server.bodies()[-1]["model"] == name


@pytest.mark.parametrize(("wanted", "served"), [("c", ["a", "b"]), ("a", ["x/a.gguf", "y/a.gguf"]), ("", ["a"])])
def test_a_model_that_is_not_there_is_refused_with_what_is(engine_at, wanted, served):
    models = {"data": [{"id": one} for one in served]}
    with serving(v1__models=models) as server, pytest.raises(ModelError, match=f"it has: {served[0]}") as caught:
        engine_at(server, wanted).load()
    assert "llm.model" in caught.value.hint


def test_a_server_without_a_list_of_models_is_asked_all_the_same(engine_at):
    with serving(saying("ok"), v1__models=lambda request, body: request.json({}, 404)) as server:
        assert text(engine_at(server)) == "ok"


@pytest.mark.parametrize(
    "sample",
    [
        "The committee met on Tuesday, 14 March 2023, in Room 4.12b.",
        "Le relevé détaillé a été envoyé à l'équipe.",
        "x = f(a[i], b['k']) != 0x1F;\n\n\treturn {}",
        "EUR 1,234.56 | 2024-05-01 | INV-000187",
        "日本語の文書です。",
        "🙂🙂",
        "Donaudampfschifffahrtsgesellschaft",
        "a\n\n\nb   c\t\td",
    ],
)
@pytest.mark.real
def test_the_guess_is_no_less_than_a_real_tokenizer_counts(small, sample):
    real = small.count(sample)
    assert real <= guess_tokens(sample) <= 3 * real + 3


# --- faults


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_nobody_there(engine_at):
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(ModelError, match=url.split("/")[2]) as caught:
        engine_at(url).load()
    assert "Start the server" in caught.value.hint


def error(status, message="it went wrong", **headers):
    return lambda request, body: request.json({"error": {"message": message}}, status, **headers)


def no_answer(request, body):
    request.wait_for_goodbye(3)


def break_off(request, body):
    request.begin()
    request.data('{"choices": [{"delta": {"content": "Half"}}]}')


FAULTS = {
    "key": (error(401, "Invalid API key"), "wants a key: Invalid API key", "environment variable"),
    "forbidden": (error(403), "wants a key", "environment variable"),
    "model": (error(404, "The model `tiny` does not exist"), "does not exist", "llm.model"),
    "busy": (error(429, **{"Retry-After": "7"}), "too much to do", "in 7 s"),
    "failed": (error(500), "status 500: it went wrong", "log"),
    "gateway": (lambda r, b: r.raw(b"<html><h1>Bad</h1></html>", 502, "text/html"), r"status 502\.", "log"),
    "loading": (error(503, "Loading model"), "Loading model", "Wait"),
    "refused": (error(400, "bad field"), "status 400: bad field", "llm.model"),
    "error inside": (lambda r, b: r.json({"error": {"message": "CUDA"}}), "CUDA|not JSON", "l"),
    "detail": (lambda r, b: r.json({"detail": "no such thing"}, 422), "no such thing", "llm.model"),
    "elsewhere": (lambda r, b: r.raw(b"", 307, Location="http://evil.example/v1?k=1"), "evil.example/v1", "llm.url"),
    "page": (lambda r, b: r.raw(b"<html>Welcome</html>", kind="text/html"), "not JSON: '<html>Welcome", "llm.url"),
    "empty": (lambda r, b: r.raw(b""), "not JSON", "llm.url"),
}
STREAM_FAULTS = {
    "whole": (lambda r, b: r.json(said("ok")), "not JSON", "llm.url"),
    "broken json": (lambda r, b: (r.begin(), r.data('{"choices": [')), "not JSON", "llm.url"),
    "no object": (lambda r, b: (r.begin(), r.data("17")), "not JSON", "llm.url"),
    "no event": (lambda r, b: (r.begin(), r.wfile.write(b"hello there\n\n")), "not JSON: 'hello there", "llm.url"),
    "error event": (
        lambda r, b: (r.begin(), r.data('{"error": {"message": "CUDA"}}')),
        "while it answered: CUDA",
        "log",
    ),
    "error line": (
        lambda r, b: (r.begin(), r.wfile.write(b'error: {"message": "old"}\n\n')),
        "while it answered: old",
        "log",
    ),
    "broken off": (break_off, "broke off in the middle", "again"),
    "no end": (lambda r, b: (r.begin(), r.wfile.write(b"data: " + b"x" * (MOST_BYTES + 100))), "MiB", "log"),
}


@pytest.mark.parametrize("fault", [*FAULTS, *STREAM_FAULTS])
def test_faults_of_an_answer(engine_at, fault):
    chat, message, hint = {**FAULTS, **STREAM_FAULTS}[fault]
    with serving(chat) as server:
        engine = engine_at(server)
        with pytest.raises(ModelError, match=message) as caught:
            text(engine)
        assert f"127.0.0.1:{server.server_port}" in caught.value.message
        assert hint in caught.value.hint
        server.routes["/v1/chat/completions"] = saying("well again")
        assert text(engine) == "well again"


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_a_choice(engine_at, fault):
    chat, message, hint = FAULTS[fault]
    with serving(chat) as server, pytest.raises(ModelError, match=message) as caught:
        engine_at(server).choice_probabilities(CHAT, ("Yes", "No"))
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "odd",
    [
        {},
        [],
        17,
        {"choices": None},
        {"choices": [7]},
        {"choices": [{"logprobs": {"content": [{"top_logprobs": [3]}]}}]},
    ],
)
def test_answers_of_an_odd_shape_are_no_traceback(engine_at, odd):
    with serving(lambda request, body: request.json(odd)) as server:
        assert engine_at(server).choice_probabilities(CHAT, ("Yes", "No")) == [0.5, 0.5]
    if isinstance(odd, dict):
        with serving(lambda request, body: request.events(odd)) as server:
            assert text(engine_at(server)) == ""


def test_a_silent_server(engine_at):
    with serving(no_answer) as server:
        engine = engine_at(server, timeout_s=0.3)
        with pytest.raises(ModelError, match=r"said nothing for 0\.3 s") as caught:
            text(engine)
    assert "llm.timeout" in caught.value.hint


def test_a_server_that_hangs_up(engine_at):
    def hang_up(request, body):
        request.close_connection = True

    with serving(hang_up) as server, pytest.raises(ModelError, match="broke off"):
        text(engine_at(server))


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("kind", ["text/plain", "application/json", "text/event-stream"])
def test_no_message_repeats_the_key(monkeypatch, engine_at, status, kind):
    monkeypatch.setenv("GPU_KEY", SECRET)

    def chat(request, body):
        echo = f"{'x' * 45} you sent {request.headers['Authorization']}"
        content = {"application/json": f'{{"error": "{echo}"}}', "text/event-stream": f"data: {echo}\n\n"}
        request.raw(content.get(kind, echo).encode(), status, kind)

    with serving(chat) as server:
        engine = engine_at(server, key_variable="GPU_KEY")
        for ask in (lambda: text(engine), lambda: engine.choice_probabilities(CHAT, ("Yes", "No"))):
            with pytest.raises(ModelError) as caught:
                ask()
            assert SECRET[:8] not in repr(caught.value)
            assert "xxx" in caught.value.message


# --- stopping


def stream_slowly(request, body):
    request.begin()
    request.data('{"choices": [{"delta": {"content": "Once"}}]}')
    request.wait_for_goodbye()


@pytest.mark.alone
@pytest.mark.parametrize("what", ["answer", "choice"])
def test_stopping_before_the_first_token_closes_the_connection(engine_at, what):
    with serving(no_answer) as server:
        engine = engine_at(server)
        engine.load()
        stop_at = time.monotonic() + 0.3

        def cancelled():
            return time.monotonic() > stop_at

        ask = {
            "answer": lambda: text(engine, cancelled=cancelled),
            "choice": lambda: engine.choice_probabilities(CHAT, ("Yes", "No"), cancelled),
        }[what]
        with pytest.raises(CancelledError):
            ask()
        assert time.monotonic() - stop_at < 0.2
        wait_until(lambda: server.left_at)
        assert server.left_at - stop_at < 0.2


@pytest.mark.alone
def test_stopping_while_it_writes_keeps_the_text_and_closes_the_connection(engine_at):
    with serving(stream_slowly) as server:
        engine = engine_at(server)
        pieces, stop_at = [], [math.inf]
        for piece in engine.generate(CHAT, max_tokens=20, cancelled=lambda: time.monotonic() > stop_at[0]):
            pieces.append(piece)
            stop_at[0] = time.monotonic() + 0.2
        assert time.monotonic() - stop_at[0] < 0.2
        assert pieces == ["Once"]
        wait_until(lambda: server.left_at)
        assert server.left_at - stop_at[0] < 0.2


def test_an_abandoned_answer_closes_the_connection_and_lets_the_next_caller_in(engine_at):
    with serving(stream_slowly) as server:
        engine = engine_at(server)
        stream = engine.generate(CHAT, max_tokens=20)
        next(stream)
        assert engine.ahead == 1
        stream.close()
        wait_until(lambda: server.left_at)
        assert engine.ahead == 0
        server.routes["/v1/chat/completions"] = saying("next")
        assert text(engine) == "next"


def test_callers_wait_for_their_turn(engine_at):
    inside, most = [], []

    def chat(request, body):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        saying("ok")(request, body)

    with serving(chat) as server:
        engine = engine_at(server)
        threads = [threading.Thread(target=text, args=(engine,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == [1, 1, 1, 1]


def test_several_callers_are_served_together_each_with_its_own_figures(engine_at):
    inside, most, all_in = [], [], threading.Barrier(4)

    def chat(request, body):
        inside.append(1)
        most.append(len(inside))
        all_in.wait(10)
        said = body["messages"][-1]["content"]
        inside.pop()
        request.events(delta(said), {"choices": [], "usage": {"completion_tokens": len(said)}}, delta("", "stop"))

    heard = {}

    def ask(engine, word):
        heard[word] = text(engine, [{"role": "user", "content": word}]), engine.stats.answer_tokens

    with serving(chat) as server:
        engine = engine_at(server, places=4)
        words = [f"{'word' * n}" for n in range(1, 5)]
        threads = [threading.Thread(target=ask, args=(engine, word)) for word in words]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(most) == 4
    assert heard == {word: (word, len(word)) for word in words}
    assert engine.ahead == 0


def test_closing_waits_for_all_that_are_served(engine_at):
    go_on = threading.Event()

    def chat(request, body):
        request.begin()
        request.data('{"choices": [{"delta": {"content": "begun"}}]}')
        go_on.wait(10)
        request.data('{"choices": [{"delta": {"content": " and ended"}, "finish_reason": "stop"}]}')
        request.data("[DONE]")

    with serving(chat) as server:
        engine, heard = engine_at(server, places=3), []
        threads = [threading.Thread(target=lambda: heard.append(text(engine))) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(server.bodies()) == 2)
        closing = threading.Thread(target=engine.close)
        closing.start()
        wait_until(lambda: engine.ahead == 3)
        assert closing.is_alive()
        go_on.set()
        for thread in (*threads, closing):
            thread.join(10)
        assert heard == ["begun and ended"] * 2


def test_whether_a_server_is_there(engine_at):
    with serving(saying("ok")) as server:
        engine = engine_at(server)
        assert engine.reachable()
        server.routes["/v1/models"] = lambda request, body: request.json({"error": "loading"}, 503)
        assert not engine.reachable()
        server.routes["/v1/models"] = lambda request, body: request.wait_for_goodbye(5)
        began = time.monotonic()
        assert not engine.reachable(0.2)
        assert time.monotonic() - began < 4
        del server.routes["/v1/models"]  # a server may have no list
        assert engine.reachable()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert not engine_at(f"http://127.0.0.1:{port}/v1").reachable()


def test_closing_ends_its_thread_and_it_can_be_used_again(engine_at):
    with serving(saying("ok")) as server:
        engine = engine_at(server)
        assert not engine.loaded
        assert text(engine) == "ok"
        assert engine.loaded
        assert "ragapp-remote" in {thread.name for thread in threading.enumerate()}
        engine.close()
        engine.close()
        assert "ragapp-remote" not in {thread.name for thread in threading.enumerate()}
        assert not engine.loaded
        assert text(engine) == "ok"


def test_the_reading_speed_is_measured_once_on_a_new_prompt(engine_at):
    def chat(request, body):
        time.sleep(0.05)
        request.json({**said("x"), "usage": {"prompt_tokens": 200}})

    with serving(chat, tokenize=words) as server:
        engine = engine_at(server)
        assert 500 < engine.prompt_speed() <= 4000
        asked = len(server.bodies())
        assert engine.prompt_speed() == engine.seen_speed
        assert len(server.bodies()) == asked
        other = engine_at(server)
        other.prompt_speed()
        assert server.bodies()[1]["messages"] != server.bodies()[-1]["messages"]


@pytest.mark.parametrize(
    "mark",
    [
        "<|im_end|>",
        "<|eot_id|>",
        "<|start_header_id|>",
        "</s>",
        "<s>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<end_of_turn>",
        "<start_of_turn>",
        "<｜User｜>",
        "<｜end▁of▁sentence｜>",
        "<|END_OF_TURN_TOKEN|>",
        "<think>",
        "[SYSTEM_PROMPT]",
        "<|channel|>",
        "<bos>",
        "<eos>",
        "<|endoftext|>",
        "<channel|>",
    ],
)
def test_marks_of_every_family_lose_their_power(mark):
    engine = OpenAIModel("http://127.0.0.1:1/v1", "m")
    assert mark not in engine.escape(f"a{mark}b{mark}")
    assert engine.escape(f"{mark}").replace(" ", "") == mark
    plain = "if a < b | c > d: x[1] = <b>bold</b> [2] |x|"
    assert engine.escape(plain) == plain


# --- a real server


@pytest.fixture(scope="module")
def small(models_dir):
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    engine = Engine(path, "smol", context=1024, options=EngineOptions(threads=1))
    yield engine
    engine.close()


# without the kernels for AMX, which end the process on some machines that announce them; ragapp leaves them out, too
SERVER = """
import runpy
import llama_cpp
defaults = llama_cpp.llama_model_default_params
def without_extra_buffers():
    parameters = defaults()
    parameters.use_extra_bufts = b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()
    return parameters
llama_cpp.llama_cpp.llama_model_default_params = without_extra_buffers
runpy.run_module("llama_cpp.server", run_name="__main__")
"""


@pytest.fixture(scope="module")
def llama_server(models_dir, tmp_path_factory):
    """llama.cpp behind the server of llama-cpp-python."""
    pytest.importorskip("sse_starlette", reason="the server of llama-cpp-python needs the packages of the extra dev")
    path, port = get_pack("smollm2-135m-instruct").target(models_dir), free_port()
    command = [
        sys.executable,
        "-c",
        SERVER,
        "--model",
        str(path),
        "--model_alias",
        "smol",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--n_ctx",
        "1024",
        "--n_batch",
        "256",
        "--n_ubatch",
        "256",
        "--api_key",
        SECRET,
        "--n_threads",
        "1",
        "--n_threads_batch",
        "1",
        "--verbose",
        "False",
    ]
    log = (tmp_path_factory.mktemp("server") / "log").open("w+")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("RAGAPP_")}
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), 120)
        log.seek(0)
        assert process.poll() is None, log.read()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(met, seconds=5.0):
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.01)
    assert met()


@pytest.fixture
def remote(llama_server, monkeypatch):
    monkeypatch.setenv("GPU_KEY", SECRET)
    engine = OpenAIModel(llama_server, "smol", key_variable="GPU_KEY", context=1024)
    yield engine
    engine.close()


@pytest.mark.real
@pytest.mark.parametrize("question", ["What is 2+2?", "Name three colours.", "Où est la clé ? Réponds en français."])
def test_a_real_server_says_what_the_engine_in_process_says(remote, small, question):
    chat = [CHAT[0], {"role": "user", "content": question}]
    assert text(remote, chat, max_tokens=16) == text(small, chat, max_tokens=16)
    assert remote.stats.answer_tokens == pytest.approx(small.stats.answer_tokens, abs=1)
    assert remote.stats.finished == small.stats.finished


@pytest.mark.real
def test_a_real_server_is_as_sure_as_the_engine_in_process(remote, small):
    for passage in ("The key is in the drawer.", "It rained all day.", "Nobody knows where the key is."):
        content = f"{passage}\nDoes this say where the key is? Reply Yes or No."
        chat = [{"role": "user", "content": content}]
        assert remote.choice_probabilities(chat, ("Yes", "No")) == pytest.approx(
            small.choice_probabilities(chat, ("Yes", "No")), abs=0.03
        )
    assert remote.notices == []


@pytest.mark.real
def test_a_real_server_counts_as_the_engine_in_process(remote, small):
    assert remote.tokenizer == "llama-cpp-python"
    for sample in ("The committee met on Tuesday.", "Le relevé détaillé", "x = f(a[i])"):
        assert remote.count(sample) == small.count(sample)
    assert len(remote.prompt_tokens(CHAT)) >= len(small.prompt_tokens(CHAT))


@pytest.mark.real
def test_a_real_server_refuses_a_wrong_key(llama_server, monkeypatch):
    monkeypatch.setenv("GPU_KEY", "wrong-key")
    engine = OpenAIModel(llama_server, "smol", key_variable="GPU_KEY")
    with pytest.raises(ModelError, match="refused the key") as caught:
        engine.load()
    assert "wrong-key" not in str(caught.value)
    engine.close()


@pytest.mark.real
def test_stopping_a_real_server_and_asking_again(remote):
    chat = [{"role": "user", "content": "Write a long story about a ship."}]
    whole = text(remote, chat, max_tokens=30)
    pieces = []
    for piece in remote.generate(chat, max_tokens=30, cancelled=lambda: len(pieces) >= 3):
        pieces.append(piece)
    assert 3 <= len(pieces) < 30
    assert whole.startswith("".join(pieces))
    assert text(remote, chat, max_tokens=30) == whole


def test_thinking_is_told_from_the_answer(engine_at):
    def chat(request, body):
        reasoning = {"choices": [{"delta": {"reasoning_content": "hm"}, "finish_reason": None}]}
        request.events(reasoning, delta("<think>Is it"), delta("?</think>In the"), delta(" drawer.", "stop"))

    with serving(chat) as server:
        engine = engine_at(server, thinking_tokens=30)
        pieces = list(engine.generate_pieces(CHAT, max_tokens=20, thinking=True))
        assert "".join(piece.text for piece in pieces if piece.kind == "thinking") == "hmIs it?"
        assert "".join(piece.text for piece in pieces if piece.kind == "answer") == "In the drawer."
        body = server.bodies()[-1]
        assert body["max_tokens"] == 50
        assert "chat_template_kwargs" not in body
        assert (engine.stats.thinking_tokens, engine.stats.ended) == (1, "end")


@pytest.mark.parametrize(("finish", "ended"), [("stop", "end"), ("length", "limit")])
def test_how_an_answer_ended(engine_at, finish, ended):
    with serving(lambda request, body: request.events(delta("a"), delta("b", finish))) as server:
        engine = engine_at(server)
        assert text(engine) == "ab"
        assert engine.stats.ended == ended


def test_writing_is_ended_after_so_many_seconds(engine_at):
    def unhurried(request, body):
        request.events(delta("a "), delta("b "), delta("c", "stop"))

    with serving(unhurried) as server:
        engine = engine_at(server, max_seconds=60)
        assert text(engine) == "a b c"
        engine = engine_at(server, max_seconds=1e-9)
        assert text(engine) in ("a ", "a b ")
        assert engine.stats.ended == "time"
