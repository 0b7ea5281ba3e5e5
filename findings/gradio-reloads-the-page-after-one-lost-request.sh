#!/usr/bin/env bash
# One would guess: where a single request of a Gradio page fails (a laptop that changes its network), the page tells of
# an error and stays as it is, so that what a person has typed is still there.
# True: with gradio 6.31.0 the page takes the server for lost after one failed call of an event, asks for it every two
# seconds, and as soon as it answers loads itself anew. What was typed into other boxes is gone, and so is every state
# that only the page had; a page that wants to keep them must keep them in the browser's storage.
# Source: the running page; js/core/src/Blocks.svelte of gradio 6.31.0 (reconnection ends with a reload).
# Needs a Chromium on the PATH.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
[ -n "$chromium" ] || { echo "no Chromium was found on the PATH"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q gradio==6.31.0 playwright==1.65.2
cat > lost.py <<'PY'
import sys
import time

import gradio as gr
from playwright.sync_api import sync_playwright

with gr.Blocks() as page:
    asked, answer, notes = gr.Textbox(elem_id="asked"), gr.Textbox(elem_id="answer"), gr.Textbox(elem_id="notes")
    gr.Button("Ask", elem_id="ask").click(lambda text: text.upper(), asked, answer, queue=False)
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True)

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox", "--disable-gpu"])
    tab = browser.new_page()
    loads, lost = [], []
    tab.on("load", lambda: loads.append(time.monotonic()))

    def lose_one(route):
        if route.request.method == "POST" and not lost:
            lost.append(time.monotonic())
            route.abort()
        else:
            route.continue_()

    tab.goto(url)
    tab.wait_for_selector("#asked textarea")
    tab.route("**/gradio_api/**", lose_one)
    tab.fill("#notes textarea", "typed by a person")
    tab.fill("#asked textarea", "hello")
    tab.click("#ask")
    tab.wait_for_timeout(8000)
    tab.wait_for_selector("#notes textarea")
    kept = tab.input_value("#notes textarea")
    again = [round(at - lost[0], 1) for at in loads if at > lost[0]]
    print("gradio", gr.__version__)
    print("one request was lost; the server was there all the time")
    print("loads of the page behind that, seconds:", again)
    print("what a person had typed into another box:", repr(kept))
    browser.close()
page.close()
sys.exit(0 if again and not kept else 1)
PY
GRADIO_ANALYTICS_ENABLED=False env/bin/python lost.py "$chromium"
