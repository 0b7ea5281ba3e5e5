#!/usr/bin/env bash
# One would guess: a new value of Gradio's HTML component replaces what it showed (innerHTML), so that a script of the
# page notices it by the elements that come and go, as with earlier versions.
# True: with gradio 6.31.0 the new HTML is compared with what is there, node by node, and only what differs is changed:
# an element stays the same object, with the attributes and listeners that scripts gave it in so far as the new HTML
# has them, and a value that differs in an attribute alone adds and removes nothing. A MutationObserver for childList
# sees none of it; it must be told of the attributes.
# Source: the running page; the HTML component of gradio 6.31.0 (its template is rendered anew and then patched in).
# Needs a Chromium on the PATH.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$chromium" ] || { echo "no Chromium was found on the PATH"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q gradio==6.31.0 playwright==1.65.2
cat > patched.py <<'PY'
import sys

import gradio as gr
from playwright.sync_api import sync_playwright

SHOWN = '<p class="place" data-page="{}">A page of a document</p>'
with gr.Blocks() as page:
    html = gr.HTML(SHOWN.format(1), elem_id="html")
    gr.Button("On", elem_id="on").click(lambda: SHOWN.format(2), None, html, queue=False)
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True)

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox", "--disable-gpu"])
    tab = browser.new_page()
    tab.goto(url)
    tab.wait_for_selector(".place")
    tab.evaluate("""() => {
        const place = document.querySelector(".place");
        Object.assign(window, { place, children: 0, attributes: 0 });
        const parent = place.parentElement;
        new MutationObserver((seen) => { children += seen.length; }).observe(parent, { childList: true, subtree: true });
        new MutationObserver((seen) => { attributes += seen.length; }).observe(parent, { attributes: true, subtree: true });
    }""")
    tab.click("#on")
    tab.wait_for_selector(".place[data-page='2']")
    same, children, attributes = tab.evaluate(
        "() => [place === document.querySelector('.place'), children, attributes]"
    )
    print("gradio", gr.__version__)
    print("the element of before has the new attribute:", same)
    print("elements that came or went:", children, "; attributes that changed:", attributes)
    browser.close()
page.close()
sys.exit(0 if same and not children and attributes else 1)
PY
GRADIO_ANALYTICS_ENABLED=False env/bin/python patched.py "$chromium"
