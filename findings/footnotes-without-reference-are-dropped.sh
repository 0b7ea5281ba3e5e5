#!/usr/bin/env bash
# One would guess that the footnote plugin of markdown-it-py shows a note that nothing refers to at the end, or leaves its
# line as text, as Markdown does with all else that it does not understand. True: the note is in neither the HTML nor the
# tokens; its text is dropped in silence.
# Seen with mdit-py-plugins 0.7.0 and markdown-it-py 4.3.0 (mdit_py_plugins/footnote/index.py, footnote_def,
# footnote_tail).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mdit-py-plugins==0.7.0 markdown-it-py==4.3.0
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

source = "Fees apply.[^a]\n\n[^a]: Since May.\n\n[^b]: The deadline is 4 June.\n"
plain, parser = MarkdownIt(), MarkdownIt().use(footnote_plugin)
html, tokens = parser.render(source), parser.parse(source)
print("mdit-py-plugins", version("mdit-py-plugins"), "| markdown-it-py", version("markdown-it-py"))
print("without the plugin, the second note is text:", "The deadline is 4 June." in plain.render(source))
print("with it:", html.replace("\n", ""))
assert "The deadline is 4 June." in plain.render(source)
assert "Since May." in html and "deadline" not in html
assert not any("deadline" in token.content for token in tokens)
PY
