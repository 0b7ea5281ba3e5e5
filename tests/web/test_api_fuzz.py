"""Whatever is sent to the API: an answer of the shape that its OpenAPI document tells, soon, and never a defect."""

import json
import site
import time
from pathlib import Path

import httpx
import jsonschema
import pytest
from apikit import serving
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import ragapp

pytestmark = pytest.mark.real
# seconds; a hang is what is meant, not a slow machine
SOON_S = 30
BODY_BYTES = 4 * 1024 * 1024
# what must not be told: how the program is made and where it lies
INSIDE = ("Traceback (most", 'File "', str(Path(ragapp.__file__).parent), *site.getsitepackages())
ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "x\udfff",
    "*",
    "[",
    "[!",
    "**/",
    "../../etc/passwd",
    "~",
    "%00",
    "{{7*7}}",
    "' OR 1=1 --",
    '"',
    'NEAR("a" "b", 2)',
    "a* OR b",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "\x1b]0;x\x07",
    "🙂" * 40,
    "what is it " * 600,
    "x" * 20_000,
    "What is the hotel limit for London?",
    "travel-policy-2025.pdf",
]
TEXT = st.sampled_from(ODD_TEXTS) | st.text(st.characters(), max_size=40)
WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
    st.just(10**400),
    st.just([]),
    st.just({}),
    st.just(float("nan")),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(TEXT, TEXT, max_size=3),
)
RAW = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"null",
            b"[]",
            b"{",
            b'{"a":' * 3000,
            b"[" * 100_000,
            b"\xff\xfe{\x00}\x00",
            b"NaN",
            b'"\xed\xa0\x80"',
            b'{"question": "\\ud800"}',
            b'{"k": 1e999}',
            b'{"question": "a", "question": "b"}',
        ]
    ),
)


def bounded(cases):
    return settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


class Api:
    """A client, and what the API says of itself."""

    def __init__(self, client: httpx.Client, home: Path):
        self.client, self.home = client, home
        self.document = client.get("/api/openapi.json").raise_for_status().json()

    def operation(self, method: str, path: str) -> dict:
        return self.document["paths"][path][method.lower()]

    def resolved(self, schema: dict) -> dict:
        return self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def check(self, method: str, path: str, answer: httpx.Response, declared: dict) -> None:
        """An answer is one that was declared, and tells nothing of the program."""
        told = f"{method} {path}: {answer.status_code} {answer.text[:600]!r}"
        assert answer.status_code < 500, told
        assert str(answer.status_code) in declared, told
        assert not any(secret in answer.text for secret in INSIDE), told
        kind = answer.headers["content-type"].partition(";")[0]
        forms = declared[str(answer.status_code)]["content"]
        assert kind in forms, told
        if kind == "text/event-stream":
            events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
            assert events, told
            assert all(json.loads(event) for event in events[:-1]), told
            assert events[-1] == "[DONE]" or {"error", "answer"} & json.loads(events[-1]).keys(), told
        else:
            schema = {**forms[kind]["schema"], "components": self.document["components"]}
            jsonschema.validate(answer.json(), schema)

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> httpx.Response:
        headers = {"content-type": kind} if body is not None else {}
        started = time.monotonic()
        answer = self.client.request(method, path, content=body, headers=headers)
        assert time.monotonic() - started < SOON_S
        self.check(method, path, answer, self.operation(method, path)["responses"])
        return answer


@pytest.fixture(scope="module")
def api(models_dir, sample_store, tmp_path_factory, request):
    home = tmp_path_factory.mktemp("fuzz")
    root = request.config.rootpath
    with serving(home, root, models_dir, sample_store, context=768, max_tokens=16, passages=1) as (page, _):
        headers = {"authorization": f"Bearer {page.server.token}"}
        with httpx.Client(base_url=page.server.url, headers=headers, timeout=SOON_S, trust_env=False) as client:
            yield Api(client, home)


def valid(api: Api, schema: dict, known: dict[str, st.SearchStrategy], name: str = "") -> st.SearchStrategy:
    """Values that a schema allows; what stands in ``known`` is taken for the fields of these names."""
    schema = api.resolved(schema)
    if name in known:
        return known[name]
    if "anyOf" in schema:
        return st.one_of([valid(api, one, known) for one in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    kind = schema.get("type")
    if kind == "object":
        fields = {key: valid(api, one, known, key) for key, one in schema.get("properties", {}).items()}
        needed = {key: fields.pop(key) for key in schema.get("required", ())}
        more = st.dictionaries(TEXT, WRONG, max_size=1) if schema.get("additionalProperties") else st.just({})
        return st.tuples(st.fixed_dictionaries(needed, optional=fields), more).map(lambda both: {**both[1], **both[0]})
    if kind == "array":
        return st.lists(valid(api, schema["items"], known), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum", schema.get("exclusiveMaximum", 1) - 1 or None))
    return {"string": TEXT, "boolean": st.booleans(), "null": st.none()}.get(kind, WRONG)


def spoiled(draw, value):
    """The value with something in it that the schema does not allow."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.booleans()):
            return {**value, key: spoiled(draw, value[key])}
        return {other: one for other, one in value.items() if other != key}
    return draw(WRONG)


@st.composite
def bodies(draw, api: Api, schema: dict, known: dict[str, st.SearchStrategy]) -> tuple[bytes, str]:
    """A body and its content type; every second one is as the schema says."""
    way = draw(st.sampled_from(["valid", "valid", "valid", "spoiled", "spoiled", "raw"]))
    kind = draw(st.sampled_from(["application/json"] * 7 + ["text/plain", "multipart/form-data", ""]))
    if way == "raw":
        return draw(RAW), kind
    value = draw(valid(api, schema, known))
    if way == "spoiled":
        value = spoiled(draw, value)
    return json.dumps(value).encode(), kind


# path -> how many bodies; those that a model or a reader works on for long get fewer
POSTS = {
    "/api/search": 80,
    "/api/ask": 18,
    "/v1/chat/completions": 60,
    "/v1/embeddings": 60,
    "/api/ingest": 30,
    "/api/summarize": 12,
    "/api/compare": 40,
    "/api/documents/remove": 50,
}


def test_every_route_is_tried(api):
    told = {(method.upper(), path) for path, methods in api.document["paths"].items() for method in methods}
    assert told == {("POST", path) for path in POSTS} | {("GET", path) for path in GETS}
    for path, methods in api.document["paths"].items():
        for operation in methods.values():
            assert {"200", "400", "401", "404", "405", "413"} <= operation["responses"].keys(), path
            assert ("422" in operation["responses"]) == path.startswith("/api/"), path


@pytest.mark.parametrize("path", POSTS)
def test_any_body(api, path):
    files = api.home / "files"
    files.mkdir(exist_ok=True)
    (files / "a.txt").write_text("The kettle is green.", encoding="utf-8")
    (files / "b.pdf").write_bytes(b"%PDF-1.7 broken")
    # nothing of this machine but these files is taken in
    places = [
        str(files),
        f"{files}/a.txt",
        f"{files}/b.pdf",
        f"{files}/none",
        f"{files}/\0",
        f"{files}/\ud800",
        f"{files}/{'x' * 5000}",
        "",
        ".",
        "a.txt",
        "~",
        "\0",
        "../..",
    ]
    known = {
        "paths": st.lists(st.sampled_from(places), min_size=1, max_size=3),
        "role": st.sampled_from(["user", "user", "user", "assistant", "system", "\ud800"]),
        # hardly any other number is that of a conversation
        "conversation": st.sampled_from([None, None, "new", 1]),
        "type": st.sampled_from(["text", "text", "text", "image_url"]),
        "document": st.sampled_from(["a.txt", "a.txt", "a.txt", "none", "*.pdf", "\0", "\ud800"]),
        "dimensions": st.sampled_from([None, None, None, 384, 2]),
        "stop": st.sampled_from([None, None, "a", ["the", "of"], [""] * 5]),
    }
    if path == "/api/summarize":  # of a document that is short
        api.client.post("/api/ingest", json={"paths": [f"{files}/a.txt"]}).raise_for_status()
    if path == "/api/compare":
        known |= {"before": st.sampled_from([1, 1, 2, -1]), "after": st.sampled_from([2, 2, 3, 10**9])}
    schema = api.operation("POST", path)["requestBody"]["content"]["application/json"]["schema"]
    if path == "/v1/chat/completions":
        # few values of these would do, and there are many fields
        for name in api.resolved(schema)["properties"].keys() - {"messages", "model", "stream", "stop"}:
            known[name] = st.integers(0, 80).flatmap(lambda n: WRONG if n == 40 else st.none())
    seen = set()

    @bounded(POSTS[path])
    @given(bodies(api, schema, known))
    @example((b"x" * (BODY_BYTES + 1), "application/json"))
    def check(sent):
        seen.add(api.send("POST", path, *sent).status_code)

    check()
    # what is sent is not so odd that nothing of it gets anywhere
    assert {200, 413, 400 if path.startswith("/v1/") else 422} <= seen


BELOW = {"/api": "/api/ingest", "/v1": "/v1/models"}
GETS = ["/api/documents", "/api/ingest", "/v1/models", "/v1/models/{name}"]


@pytest.mark.parametrize("path", GETS)
def test_any_get(api, path):
    answer = api.client.get(path.format(name="ragapp"))
    assert answer.status_code == 200
    api.check("GET", path, answer, api.operation("GET", path)["responses"])


@pytest.mark.parametrize(("method", "path"), [("GET", path) for path in GETS] + [("POST", path) for path in POSTS])
def test_without_the_token_or_from_elsewhere(api, method, path):
    declared = api.operation(method, path)["responses"]
    for headers, status in (({"authorization": "Bearer é"}, 401), ({"origin": "http://evil.example"}, 403)):
        answer = api.client.request(
            method, path.format(name="x"), headers={name: value.encode() for name, value in headers.items()}
        )
        assert answer.status_code == status
        api.check(method, path, answer, declared)


def test_any_address(api):
    declared = {below: api.operation("GET", path)["responses"] for below, path in BELOW.items()}
    pieces = st.sampled_from(
        ["/", "//", "..", "%2e", "%00", "%2f", "ask", "models", "documents", "remove", "é", "?x=1", "\\", "~"]
    )

    @bounded(60)
    @given(
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
        st.sampled_from(["/api", "/v1"]),
        st.lists(pieces, max_size=5).map("".join),
    )
    def check(method, below, rest):
        answer = api.client.request(method, f"{below}/x/{rest}")
        assert answer.status_code in (400, 404)
        api.check(method, f"{below}/x/{rest}", answer, declared[below])

    check()
    for path, status in {"/api": 404, "/v1": 404, "/api/": 404, "/api/ask": 405, "/v1/embeddings": 405}.items():
        answer = api.client.get(path)
        assert answer.status_code == status
        assert answer.headers.get("allow", "POST, OPTIONS") == "POST, OPTIONS"
        api.check("GET", path, answer, declared["/v1" if path.startswith("/v1") else "/api"])
