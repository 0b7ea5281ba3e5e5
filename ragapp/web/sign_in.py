"""The page that asks for the password: no script, nothing from elsewhere, works without Gradio."""

from __future__ import annotations

from html import escape

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>ragapp: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font-family: system-ui, sans-serif; max-width: 20rem; margin: 15vh auto; padding: 0 1rem }}
:root {{ color-scheme: light dark }}
input, button {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-top: .5rem }}
p {{ color: #b3261e }}
</style></head>
<body><h1>ragapp</h1>
<form method="post" action="{action}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
{message}</form></body></html>
"""


def sign_in_page(message: str = "") -> str:
    """The HTML of the page.

    Args:
        message: why the last try did not work; escaped here.
    """
    told = f'<p role="alert">{escape(message)}</p>\n' if message else ""
    return _PAGE.format(action=SIGN_IN, message=told)
