"""What every response says to the browser: load nothing from elsewhere, run nothing that was slipped in."""

from __future__ import annotations

import re
import secrets

# What Gradio needs was measured in Chromium on the page: its inline scripts get a nonce; components set styles on
# their elements, which no nonce covers; pictures and fonts come inside style sheets.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'nonce-{nonce}'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "media-src": "'self' blob:",
    "frame-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",  # Gradio sets the document's base to its own root
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # nobody else is told; without any, browsers would say of the page's own forms that they come from nowhere
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    "x-robots-tag": "noindex",
}
# what the program itself brings may stay in the browser's cache, what comes from documents may not
_CACHEABLE = re.compile(r"/(?:assets|static|svelte)/|/(?:theme\.css|ui/page\.js|favicon\.ico|manifest\.json)$")
_SCRIPT = re.compile(rb"<(script|link rel=\"modulepreload\")(?=[\s>])", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


def new_nonce() -> str:
    """A value that one response's own scripts have, and none that was slipped into the page."""
    return secrets.token_urlsafe(18)


def content_policy(nonce: str) -> str:
    """The Content-Security-Policy of a response whose scripts have this nonce."""
    return "; ".join(f"{name} {value.format(nonce=nonce)}" for name, value in _POLICY.items())


def secured(headers: Headers, path: str, nonce: str) -> Headers:
    """A response's headers with what protects put in, and what opens it to other sites taken out.

    Args:
        headers: names in lower case.
        path: of the request.
        nonce: of the response.
    """
    is_pdf = any(name.lower() == b"content-type" and value.startswith(b"application/pdf") for name, value in headers)
    # a browser shows a PDF by a page of its own making, which must load what it needs
    policy = "frame-ancestors 'none'" if is_pdf else content_policy(nonce)
    own = {**_ALWAYS, "content-security-policy": policy}
    if not _CACHEABLE.search(path):
        own["cache-control"] = "no-store"
    names = {name.encode() for name in own}
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in names and not name.lower().startswith(b"access-control-") and name.lower() != b"server"
    ]
    return [*kept, *((name.encode(), value.encode()) for name, value in own.items())]


def with_nonce(html: bytes, nonce: str) -> bytes:
    """The page with its nonce on each script that it was sent with."""
    return _SCRIPT.sub(lambda match: match[0] + f' nonce="{nonce}"'.encode(), html)
