"""What stands before the page, before a small app."""

import asyncio
import re

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ragapp.errors import SettingsError
from ragapp.web.http_exchange import content_policy, with_nonce
from ragapp.web.passwords import Attempts, Sessions, check_hash, hash_password, is_password
from ragapp.web.security import Policy, Security, policy_for, warning

HOST = "127.0.0.1:7860"
OWN = {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "accept": "text/html"}


async def page(request):
    return HTMLResponse(
        "<html><script>window.x = '<b>'</script><script type=module src=a.js></script></html>",
        headers={"Access-Control-Allow-Origin": "*", "Server": "thing", "Cache-Control": "public"},
    )


async def echo(request):
    body = await request.body()
    return PlainTextResponse(str(len(body)))


async def events(request):
    async def pieces():
        for piece in ("a", "b"):
            yield piece
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def chat(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


async def failing(request):
    raise ValueError("own fault")


APP = Starlette(
    routes=[
        Route("/", page),
        Route("/assets/a.js", echo),
        Route("/config", lambda request: JSONResponse({})),
        Route("/gradio_api/queue/join", echo, methods=["GET", "POST"]),
        Route("/gradio_api/queue/data", events),
        Route("/gradio_api/upload", echo, methods=["POST"]),
        Route("/gradio_api/reset", failing, methods=["POST"]),
        Route("/gradio_api/file={path:path}", lambda request: PlainTextResponse(request.path_params["path"])),
        Route("/ui/file/1", lambda request: PlainTextResponse("%PDF", media_type="application/pdf")),
        Route("/ui/upload", echo, methods=["POST"]),
        Route("/gradio_api/proxy={path:path}", echo),
        Route("/monitoring", echo),
        Route("/login", echo),
        Route("/api/search", echo, methods=["GET", "POST"]),
        Route("/v1/models", echo),
        Route("/apiary", echo),
        Route("/mcp", echo),
        WebSocketRoute("/gradio_api/queue/join", chat),
        WebSocketRoute("/v1/live", chat),
    ]
)


def client(host: str = "127.0.0.1", **policy) -> TestClient:
    given = {"token": "secret-token", **policy}
    security = Security(APP, policy_for(host, 7860, **given))
    return TestClient(security, base_url=f"http://{HOST}", follow_redirects=False)


@pytest.fixture
def local():
    return client()


# who is asked


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (HOST, 200),
        ("localhost:7860", 200),
        ("LOCALHOST:7860", 200),
        ("[::1]:7860", 200),
        ("127.0.0.1", 200),
        ("evil.example:7860", 421),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:7860", 421),
        ("", 421),
        ("localhost.evil.example:7860", 421),
        ("127.0.0.1:80", 421),
        ("192.168.1.5:7860", 421),
        ("127.0.0.1:x", 421),
        ("evil@127.0.0.1:7860", 421),
        ("127.0.0.1:7860/..", 421),
        ("127.0.0.1:7860 evil", 421),
        ("0x7f.1:7860", 421),
    ],
)
def test_another_name_that_points_here_is_refused(local, host, status):
    assert local.get("/", headers={"host": host}).status_code == status


def test_two_host_headers_are_refused(local):
    request = local.build_request("GET", "/", headers=[("host", HOST), ("host", "evil.example")])
    assert local.send(request).status_code == 421


@pytest.mark.parametrize(
    ("host", "status"),
    [("192.168.1.5:7860", 303), ("[2001:db8::1]:7860", 303), ("office-pc:7860", 303), ("evil.example:7860", 421)],
)
def test_an_open_page_is_asked_for_by_address_or_known_name(host, status):
    opened = client("0.0.0.0", password=HASH, names=["Office-PC."])
    assert opened.get("/", headers={"host": host, **NAVIGATION}).status_code == status


# who asks


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # another program
        (OWN, True),
        ({"origin": f"http://{HOST}"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://127.0.0.1:8000"}, False),
        ({"origin": "http://localhost:7860"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
    ],
)
def test_another_site_may_not_ask(local, method, headers, allowed):
    answer = local.request(method, "/gradio_api/queue/join", headers=headers)
    assert answer.status_code == (200 if allowed else 403)


def test_a_link_elsewhere_may_lead_here_but_no_form(local):
    linked = {"sec-fetch-site": "cross-site", **NAVIGATION}
    assert local.get("/", headers=linked).status_code == 200
    assert local.post("/gradio_api/queue/join", headers=linked).status_code == 403


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [(OWN, True), ({}, True), ({"origin": "http://evil.example"}, False), ({"host": "evil.example:7860"}, False)],
)
def test_a_websocket_from_another_site_is_refused(local, headers, allowed):
    if allowed:
        with local.websocket_connect(f"ws://{HOST}/gradio_api/queue/join", headers=headers) as socket:
            assert socket.receive_text() == "hello"
    else:
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            local.websocket_connect(f"ws://{HOST}/gradio_api/queue/join", headers=headers),
        ):
            pass
        assert refused.value.code == 1008


# what is there


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring",
        "/login",
        "/gradio_api/proxy=http://x/",
        "/apiary",
        "/docs",
        "/.env",
        "/file=/etc/passwd",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/upload",
        "/gradio_api/upload_progress",
        "/gradio_api/vibe-edit/",
        "/gradio_api/stream/a/b/c/d",
        "/gradio_api/component_server",
    ],
)
def test_what_the_page_does_not_need_is_not_there(local, path):
    assert local.get(path).status_code in (400, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../settings.yaml",
        "/assets/%2e%2e/settings.yaml",
        "/assets/..%2fsettings.yaml",
        "/assets/%252e%252e/settings.yaml",
        "/assets/..\\settings.yaml",
        "/assets/%5c..%5cx",
        "/gradio_api/file=../x",
        "/gradio_api/file=%2e%2e/x",
        "/gradio_api/file=/a/../../etc/passwd",
        "/gradio_api/file=a%00.txt",
        "//etc/passwd",
        "/assets//x",
        "/gradio_api/file=..%255c..%255cx",
    ],
)
def test_no_path_leads_up(local, path):
    scope = {
        "type": "http",
        "method": "GET",
        "path": _decoded(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", HOST.encode())],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    asyncio.run(local.app(scope, receive, send))
    assert sent[0]["status"] == 400


def _decoded(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)


# the API


@pytest.mark.parametrize("path", ["/api/search", "/v1/models", "/mcp"])
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer secret-token", 200),
        ("Bearer secret-toke", 401),
        ("Bearer ", 401),
        ("bearer secret-token", 200),  # a scheme's name has no case (RFC 9110)
        ("Bearer secret-token x", 401),
        ("secret-token", 401),
        ("Basic c2VjcmV0", 401),
        (None, 401),
        ("Bearer sécret", 401),
    ],
)
def test_the_api_wants_its_token(local, path, authorization, status):
    headers = {"authorization": authorization.encode()} if authorization else {}
    answer = local.get(path, headers=headers)
    assert answer.status_code == status
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


def test_without_a_token_there_is_no_api():
    closed = client(token="")
    assert closed.get("/api/search").status_code == 401
    assert closed.get("/api/search", headers={"authorization": "Bearer "}).status_code == 401


def test_the_token_is_no_help_to_another_site(local):
    headers = {"authorization": "Bearer secret-token", "origin": "http://evil.example"}
    assert local.post("/api/search", headers=headers).status_code == 403


def test_a_websocket_of_the_api_wants_the_token(local):
    with local.websocket_connect(f"ws://{HOST}/v1/live", headers={"authorization": "Bearer secret-token"}) as socket:
        assert socket.receive_text() == "hello"
    with pytest.raises(WebSocketDisconnect), local.websocket_connect(f"ws://{HOST}/v1/live"):
        pass


# the password


def sign_in(signed, password=PASSWORD, **headers):
    return signed.post("/sign-in", data={"password": password}, headers=headers)


def test_with_a_password_nothing_is_shown_before_it():
    signed = client(password=HASH)
    assert signed.get("/", headers=NAVIGATION).headers["location"] == "/sign-in"
    for path in ("/config", "/assets/a.js", "/gradio_api/queue/data", "/ui/file/1"):
        assert signed.get(path).status_code == 401
    assert signed.post("/ui/upload", content=b"x").status_code == 401
    with pytest.raises(WebSocketDisconnect), signed.websocket_connect(f"ws://{HOST}/gradio_api/queue/join"):
        pass
    assert signed.get("/api/search", headers={"authorization": "Bearer secret-token"}).status_code == 200
    form = signed.get("/sign-in")
    assert form.status_code == 200
    assert "<script" not in form.text


def test_signing_in_and_out():
    signed = client(password=HASH)
    answer = sign_in(signed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"ragapp_7860=[\w-]{40,}; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict", cookie)
    assert signed.get("/", headers=NAVIGATION).status_code == 200
    with signed.websocket_connect(f"ws://{HOST}/gradio_api/queue/join") as socket:
        assert socket.receive_text() == "hello"
    kept = dict(signed.cookies)
    signed.post("/sign-out")
    signed.cookies.update(kept)
    assert signed.get("/config").status_code == 401
    signed.cookies.set("ragapp_7860", "made-up")
    assert signed.get("/config").status_code == 401


def test_over_tls_the_cookie_stays_there():
    security = Security(APP, policy_for("127.0.0.1", 7860, password=HASH))
    secure = TestClient(security, base_url=f"https://{HOST}", follow_redirects=False)
    assert sign_in(secure).headers["set-cookie"].endswith("; Secure")


def test_a_wrong_password_is_told_and_tries_are_limited():
    now = [0.0]
    security = Security(APP, policy_for("127.0.0.1", 7860, password=HASH), Attempts(each=3, clock=lambda: now[0]))
    signed = TestClient(security, base_url=f"http://{HOST}", follow_redirects=False)
    for wrong in ("", "<b>x", PASSWORD[:-1]):
        answer = sign_in(signed, wrong)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "<b>" not in answer.text
    answer = sign_in(signed)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 301
    now[0] = 301
    assert sign_in(signed).status_code == 303
    assert sign_in(signed, "x" * 5000).status_code == 413


def test_tries_are_limited_for_each_and_for_all():
    now = [0.0]
    attempts = Attempts(each=2, together=5, window_s=10, clock=lambda: now[0])
    assert [attempts.take("a") for _ in range(3)] == [0, 0, 10]
    assert [attempts.take(name) for name in "bcd"] == [0, 0, 0]
    assert attempts.take("e") == 10
    attempts.forgive("a")
    assert attempts.take("e") == 0
    now[0] = 11
    assert attempts.take("a") == 0


def test_a_session_ends_when_it_is_idle_or_too_many_are_there():
    now = [0.0]
    sessions = Sessions(idle_s=10, most=2, clock=lambda: now[0])
    first = sessions.begin()
    now[0] = 9
    assert sessions.goes_on(first)
    now[0] = 18
    second = sessions.begin()
    now[0] = 18.5
    assert sessions.goes_on(first)
    now[0] = 19
    third = sessions.begin()
    assert [sessions.goes_on(token) for token in (first, second, third)] == [True, False, True]
    now[0] = 40
    assert not sessions.goes_on(third)
    assert not sessions.goes_on("")


def test_a_password_is_kept_as_a_salted_hash():
    other = hash_password(PASSWORD)
    assert other != HASH
    assert PASSWORD not in HASH
    assert is_password(PASSWORD, HASH)
    assert is_password(PASSWORD, other)
    assert not is_password(PASSWORD + "x", HASH)
    with pytest.raises(SettingsError, match="10 characters"):
        hash_password("short")


@pytest.mark.parametrize(
    "stored",
    [
        "plain words",
        "scrypt$1$8$1$AAAA$AAAA",
        "scrypt$1073741824$8$1$AAAA$AAAA",
        "$$$$$",
        pytest.param(HASH[:-4], id="cut off"),  # its salt differs from process to process
    ],
)
def test_a_password_that_is_no_hash_is_refused_and_not_repeated(stored):
    with pytest.raises(SettingsError) as refused:
        check_hash(stored)
    assert stored not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_others_only_with_a_password_and_a_warning(host):
    with pytest.raises(SettingsError, match="without a password"):
        policy_for(host, 7860)
    assert "TLS" in warning(policy_for(host, 7860, password=HASH))
    assert warning(policy_for("127.0.0.1", 7860)) == ""
    with pytest.raises(SettingsError, match="not an address"):
        policy_for("office", 7860)


# how much


def test_uploads_and_other_bodies_are_limited():
    policy = Policy(7860, upload_bytes=1000, body_bytes=100)
    small = TestClient(Security(APP, policy), base_url=f"http://{HOST}")

    def pieces(count):
        for _ in range(count):
            yield b"x" * 50

    for path, limit in (("/ui/upload", 1000), ("/gradio_api/queue/join", 100)):
        assert small.post(path, content=b"x" * limit).text == str(limit)
        assert small.post(path, content=b"x" * (limit + 1)).status_code == 413
        assert small.post(path, content=pieces(limit // 50)).text == str(limit)
        assert small.post(path, content=pieces(limit // 50 + 1)).status_code == 413


def test_a_fault_of_the_app_is_not_hidden(local):
    with pytest.raises(ValueError, match="own fault"):
        local.post("/gradio_api/reset")


# what the answer may do


@pytest.mark.parametrize("path", ["/", "/config", "/nothing", "/assets/a.js", "/api/search", "/sign-in"])
def test_every_answer_protects(path):
    headers = client(password="" if path == "/config" else HASH).get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert ("cache-control" in headers) == (not path.startswith("/assets"))


def test_only_the_pages_own_scripts_run(local):
    first, second = (local.get("/", headers=NAVIGATION) for _ in range(2))
    nonce = re.search(r"script-src [^;]*'nonce-([\w-]+)'", first.headers["content-security-policy"])[1]
    assert first.text.count(f'<script nonce="{nonce}"') == 2
    assert nonce not in second.text
    assert int(first.headers["content-length"]) == len(first.content)
    assert first.headers["cache-control"] == "no-store"
    assert "server" not in first.headers


def test_a_policy_names_nobody_else():
    policy = content_policy("n")
    assert not re.search(r"https?:|\*|unsafe-hashes", policy)
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in script


def test_a_pdf_is_shown_by_the_browsers_own_page(local):
    assert local.get("/ui/file/1").headers["content-security-policy"] == "frame-ancestors 'none'"


def test_a_nonce_goes_to_tags_only():
    assert with_nonce(b"<SCRIPT>a</SCRIPT><scripted>", "n") == b'<SCRIPT nonce="n">a</SCRIPT><scripted>'


def test_a_stream_is_passed_on_piece_by_piece(local):
    with local.stream("GET", "/gradio_api/queue/data", headers={"accept": "text/event-stream"}) as answer:
        assert list(answer.iter_text()) == ["a", "b"]
