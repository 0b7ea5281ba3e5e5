"""``/docs``: the API to read, made here from its OpenAPI document, without scripts and without files from elsewhere.

The page and the document hold nothing of the person's, so no token is asked for; with a
password, one must be signed in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

Schema = Mapping[str, Any]

_JSON = "application/json"
# beyond what a double can count, a bound says nothing to a reader
_LARGE = 2**53
# how docstrings tell of a record's fields
_ATTRIBUTES = re.compile(r"^Attributes:$", re.MULTILINE)
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
:root { color-scheme: light dark; --line: #d4d4d8; --soft: #f4f4f5; --dim: #52525b; --link: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --line: #3f3f46; --soft: #1f1f23; --dim: #a1a1aa; --link: #93b4ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #131316; color: #ececf0; } }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; } h4 { font-size: .95rem; margin: 1rem 0 .2rem; }
a { color: var(--link); } code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .8rem;
  overflow-x: auto; }
p { margin: .4rem 0; } .dim { color: var(--dim); }
.method { display: inline-block; min-width: 3.4rem; font-weight: 600; }
section { border-top: 1px solid var(--line); } nav ul { list-style: none; padding: 0; margin: .5rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; } summary { cursor: pointer; } :focus-visible { outline: 2px solid var(--link); }
"""


def make_api_docs() -> APIRouter:
    """The page, and the document that it is made from."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    def page(request: Request) -> HTMLResponse:
        return HTMLResponse(render_api_docs(request.app.openapi(), str(request.base_url).rstrip("/")))

    @router.get("/openapi.json")
    def document(request: Request) -> JSONResponse:
        return JSONResponse(request.app.openapi())

    return router


def render_api_docs(document: Schema, base: str) -> str:
    """The page of an OpenAPI document, for a server at an address; every text is escaped."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    schemas: Schema = document.get("components", {}).get("schemas", {})
    below = {"/v1": "As OpenAI's clients know it", "/api": "Records of ragapp"}
    contents, parts = [], []
    for prefix, title in below.items():
        mine = [one for one in operations if one[1].startswith(f"{prefix}/")]
        links = (f'<li><a href="#{_anchor(m, p)}">{_named(m, p)}</a></li>' for m, p, _ in mine)
        contents.append(f"<li>{escape(title)}<ul>{''.join(links)}</ul></li>")
        parts.append(f'<h2>{escape(title)} <span class="dim">{prefix}</span></h2>')
        parts += (_operation(*one, schemas) for one in mine)
        parts.append(_refusals(f"{prefix}-refusals"[1:], [operation for _, _, operation in mine]))
    records = "".join(_record(name, schema) for name, schema in sorted(schemas.items()))
    title = escape(f"{document['info']['title']} {document['info'].get('version', '')}".strip())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: API</title><style>{_STYLE}</style></head><body>
<header><h1>{title}: API</h1>
<p>Every request needs a token: <code>Authorization: Bearer TOKEN</code>. It is shown by
<code>ragapp token show</code> on the machine that this page runs on. Chat programs ask for a base URL, which is
<code>{escape(base)}/v1</code>, a key, which is the token, and a model, which is <code>ragapp</code>.</p>
{_example(base)}
<p><a href="/openapi.json">The OpenAPI document</a> · <a href="/">ragapp</a></p></header>
<nav aria-label="Contents"><ul>{"".join(contents)}<li><a href="#records">Records</a></li></ul></nav>
<main>{"".join(parts)}<h2 id="records">Records</h2>{records}</main></body></html>
"""


def _example(base: str) -> str:
    body = json.dumps({"model": "ragapp", "messages": [{"role": "user", "content": "What is the notice period?"}]})
    text = (
        f"curl {base}/v1/chat/completions \\\n"
        f'  -H "Authorization: Bearer TOKEN" -H "Content-Type: application/json" \\\n  -d \'{body}\''
    )
    return f'<pre tabindex="0">{escape(text)}</pre>'


def _operation(method: str, path: str, operation: Schema, schemas: Schema) -> str:
    told = str(operation.get("description") or "")
    body = operation.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema")
    parts = [f'<section id="{_anchor(method, path)}"><h3>{_named(method, path)}</h3>{_paragraphs(told)}']
    if body:
        name = _name_of(body)
        told = schemas.get(name, {}).get("description", "") if name else ""
        parts += ["<h4>Body</h4>", _paragraphs(told), _fields(schemas.get(name, body))]
    if parameters := operation.get("parameters"):
        rows = ((one["name"], _type(one.get("schema", {})), one.get("description", "")) for one in parameters)
        parts += ["<h4>Parameters</h4>", _table(("name", "type", "what it is"), rows)]
    done = operation.get("responses", {}).get("200", {}).get("content", {})
    kinds = (_type(form.get("schema", {})) if kind == _JSON else _code(kind) for kind, form in done.items())
    parts.append(f"<p>Gives {' or '.join(kinds)}.</p></section>" if done else "</section>")
    return "".join(parts)


def _refusals(anchor: str, operations: Iterable[Schema]) -> str:
    """What a group of operations answers when it does not do what is asked, told once."""
    told: dict[str, tuple[str, str]] = {}
    for operation in operations:
        for status, answer in operation.get("responses", {}).items():
            if status.isdigit() and int(status) >= 400:
                kinds = (_type(form.get("schema", {})) for form in answer.get("content", {}).values())
                told[status] = " or ".join(kinds), _with_code(str(answer.get("description", "")))
    if not told:
        return ""
    rows = ((status, *told[status]) for status in sorted(told))
    table = _table(("status", "body", "why"), rows)
    return f'<section id="{anchor}"><h3>When it is not done</h3>{table}</section>'


def _record(name: str, schema: Schema) -> str:
    told = _paragraphs(_ATTRIBUTES.split(str(schema.get("description", "")))[0])
    return f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>{told}{_fields(schema)}</section>'


def _fields(schema: Schema) -> str:
    needed = schema.get("required", ())
    told = dict(_ATTRIBUTE.findall(str(schema.get("description", ""))))
    rows = []
    for name, field in schema.get("properties", {}).items():
        default = (
            ""
            if name in needed or not isinstance(field.get("default"), str | int | float)
            else f" = {_code(json.dumps(field['default']))}"
        )
        kind = _type(field) + default + (' <span class="dim">needed</span>' if name in needed else "")
        rows.append(
            (_code(name), kind, _with_code(" ".join(str(field.get("description") or told.get(name, "")).split())))
        )
    if not rows:
        return f"<p>{_type(schema)}</p>" if schema.get("type") != "object" else ""
    return _table(("field", "type", "what it is"), rows)


def _type(schema: Schema) -> str:
    """What a value is, as HTML; other records are links."""
    if name := _name_of(schema):
        return f'<a href="#{escape(name)}">{escape(name)}</a>'
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(_type(one) for one in schema[word])
    if "enum" in schema or "const" in schema:
        return " or ".join(_code(json.dumps(value)) for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [
        f"{sign} {schema[name]:g}"
        for name, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if name in schema and abs(schema[name]) < _LARGE
    ]
    return escape(f"{kind or 'any value'} {' '.join(bounds)}".strip())


def _name_of(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already; a last column without any is left out."""
    filled = list(rows)
    if not any(row[-1] for row in filled):
        heads, filled = heads[:-1], [row[:-1] for row in filled]
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in filled)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _paragraphs(text: str) -> str:
    """A docstring as HTML: what stands between backticks is code."""
    parts = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{_with_code(part)}</p>" for part in parts)


def _with_code(text: str) -> str:
    text = re.sub(r":(?:class|func|attr|mod|meth):`~?([\w.]+)`", r"`\1`", text)
    pieces = text.replace("``", "`").split("`")
    return "".join(_code(piece) if n % 2 else escape(piece) for n, piece in enumerate(pieces))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _named(method: str, path: str) -> str:
    return f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code>'


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}{path}".replace("/", "-").replace("{", "").replace("}", "").replace(":path", ""))
