"""How soon is the page there, and how soon does it answer a hand?

    python benchmarks/page.py [--rounds N] [--models DIR] [--model NAME] [--documents N]

A store of the sample documents is made once, with so many others beside them (``--documents``).  In each round
`ragapp ui` is started anew on a copy of it, and a new browser (Chromium by way of Playwright) opens the page twice:
with an empty cache, and again with what it kept.  No language model is loaded before a question is asked.

- port answers: from the start of the command until http://127.0.0.1 answers at all, and until it answers with the page
- page ready: from the address being opened, while the page is being served, until the question box can be used
- first status: from Enter in the question box until the question and "Searching" stand in the talk
- first word of the server: until the server's own first word on that question has come
- citation: from a click on a source until its evidence stands beside the answer
- documents: from a click on the tab until its first page of the list stands there, the first time and again
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ragapp.privacy import go_offline

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# seconds: told by the page's own clock, so that neither Playwright nor a busy machine's scheduling of it counts
_READY = """
  const box = () => document.querySelector("#question textarea");
  const there = () => box() && !box().disabled && document.querySelector(".welcome, .exchange");
  const look = () => { if (there() && !window.readyAt) { window.readyAt = performance.now(); watch.disconnect(); } };
  const watch = new MutationObserver(look);
  watch.observe(document, {childList: true, subtree: true});
"""
_WATCHED = """
  let begun = 0;
  window.seen = {};
  const note = (name) => {
    if (begun && !(name in window.seen)) {
      window.seen[name] = 0;
      requestAnimationFrame(() => { window.seen[name] = performance.now() - begun; });  // it can be seen from then on
    }
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Enter") { window.seen = {}; begun = performance.now(); }
  }, true);
  addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    if (!document.querySelector("#live .stage")) return;
    note("status");
    if (document.querySelector("#stop")?.offsetParent) note("server");
  }).observe(document.body, {childList: true, subtree: true, attributes: true, characterData: true}));
"""
# what came from the browser's own cache was not sent
_SENT = "performance.getEntriesByType('resource').filter((one) => one.transferSize > 0).length + 1"
_LISTED = """async () => {
  const tabs = document.querySelectorAll("#tabs [role=tab]");
  const there = () => document.querySelector("#documents tbody tr")?.offsetParent;
  const begun = performance.now();
  tabs[1].click();
  while (!there() && performance.now() - begun < 20000) await new Promise(requestAnimationFrame);
  if (!there()) throw new Error("no list came");
  const took = performance.now() - begun;
  tabs[0].click();
  return took;
}"""
_CITED = """async (n) => {
  const place = document.querySelector("#evidence"), marks = document.querySelectorAll("#log .mark, #live .mark");
  const mark = marks[n % marks.length];
  const named = (button) => { const {turn, n} = JSON.parse(button?.dataset.values || "{}"); return `${turn} ${n}`; };
  const there = () => named(place.querySelector(".chip.chosen")) === named(mark);
  if (there()) return null;
  const begun = performance.now();
  const all = {childList: true, subtree: true, attributes: true, characterData: true};
  const changed = new Promise((done) => new MutationObserver(() => there() && done()).observe(place, all));
  mark.click();
  await Promise.race([changed, new Promise((_, fail) => setTimeout(() => fail(new Error("no evidence came")), 20000))]);
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""


def make_store(home: Path, models: Path, model: str, documents: int) -> None:
    """The sample documents, so many others, and a conversation that cites two places."""
    import numpy as np

    from ragapp.answer.grounding import ground
    from ragapp.app import App
    from ragapp.contract import Answer
    from ragapp.reading.registry import read_file
    from ragapp.settings import load_settings

    overrides = {"paths": {"data": home / "data", "models": models}, "llm": {"model": model}}
    with App(load_settings(ROOT / "settings.yaml", overrides), write=True) as app:
        app.pipeline.run([ROOT / "sample_docs"])
        passages = list(app.retriever.search(QUESTION, 4, "*travel-policy-2025.pdf").passages)
        written = "The hotel limit for London is £175 per night. Claims are sent within 30 days."
        sentences, citations = ground(written, QUESTION, passages, "en")
        shown = tuple(passage.described(n) for n, passage in enumerate(passages, 1))
        answer = Answer(
            QUESTION,
            written,
            False,
            0.9,
            tuple(sentences),
            tuple(citations),
            shown,
            model,
            timings={"total_s": 8.0},
            standalone=QUESTION,
        )
        kept = app.conversations
        talk = kept.create()
        for _ in range(2):  # so that there is another mark to go to
            kept.add_turn(talk, answer)
        identity = app.catalog.documents()[0].identity_id
        nothing = np.zeros((0, app.embedder.dimension), np.float32)
        for number in range(documents):
            path = home / "archive" / f"dossier {number % 40}" / f"contract {number:05}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"The contract number {number} is renewed every year.", encoding="utf-8")
            state = path.stat()
            app.catalog.put_document(
                path, read_file(path), [], nothing, identity, state.st_size, state.st_mtime_ns, f"sha {number}"
            )


@contextmanager
def started(home: Path, models: Path, model: str, figures: dict[str, list[float]]) -> Iterator[str]:
    """`ragapp ui` on a store, with how long it took; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")},
        "RAGAPP_PATHS__DATA": str(home / "data"),
        "RAGAPP_PATHS__INGEST": str(home / "drop"),
        "RAGAPP_PATHS__MODELS": str(models),
        "RAGAPP_LLM__MODEL": model,
        "RAGAPP_ANSWER__THRESHOLD": "0",
        "RAGAPP_ANSWER__MAX_TOKENS": "16",
        "RAGAPP_RETRIEVAL__PASSAGES": "1",
    }
    begun = time.monotonic()
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ui", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}/"
    try:
        waiting = ["port answers", "port answers with the page"]
        while waiting:
            try:
                with urllib.request.urlopen(url, timeout=5) as reply:
                    served = b"gradio-app" in reply.read()
            except OSError:
                if server.poll() is not None:
                    sys.exit((home / "log").read_text())
            else:
                done = waiting if served else waiting[: len(waiting) - 1]
                waiting = waiting[len(done) :]
                for name in done:
                    figures[name].append(time.monotonic() - begun)
            time.sleep(0.02)
        yield url
    finally:
        server.terminate()
        server.wait(20)


def one_round(browser, url: str, figures: dict[str, list[float]], requests: dict[str, list[int]]) -> None:
    """Open the page with an empty cache and again, ask, and go from source to source."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.add_init_script(_READY)
    context.add_init_script(_WATCHED)
    for cache in ("cold", "warm"):
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(".welcome, .exchange", timeout=60_000)
        page.wait_for_timeout(200)
        figures[f"page ready, {cache} cache"].append(page.evaluate("window.readyAt") / 1000)
        requests[cache].append(page.evaluate(_SENT))
        if cache == "cold":
            page.close()
    for number in range(3):
        page.fill("#question textarea", f"{QUESTION} {number}")
        page.keyboard.press("Enter")
        page.wait_for_selector("#stop", state="visible", timeout=60_000)
        page.wait_for_timeout(200)
        page.keyboard.press("Escape")
        page.wait_for_selector("#stop", state="hidden", timeout=240_000)
        seen = page.evaluate("window.seen")
        figures["first status"].append(seen["status"] / 1000)
        figures["first word of the server"].append(seen["server"] / 1000)
        page.click("#new")
        page.wait_for_selector(".welcome")
    page.locator("#talks .act.name").last.click()
    page.wait_for_selector("#live .act.mark")
    page.wait_for_timeout(500)
    for number in range(6):
        took = page.evaluate(_CITED, number)
        if took is not None:
            figures["citation"].append(took / 1000)
        page.wait_for_timeout(300)
    for name in ("documents, first", "documents, again"):
        figures[name].append(page.evaluate(_LISTED) / 1000)
        page.wait_for_timeout(300)
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="folder with the models")
    parser.add_argument("--documents", type=int, default=0, help="documents beside the samples")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b-instruct", help="language model that answers")
    parser.add_argument(
        "--chromium", default=next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    )
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    figures: dict[str, list[float]] = defaultdict(list)
    requests: dict[str, list[int]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        make_store(home, arguments.models, arguments.model, arguments.documents)
        for number in range(arguments.rounds):
            browser = playwright.chromium.launch(executable_path=arguments.chromium, args=FLAGS)
            with started(home, arguments.models, arguments.model, figures) as url:
                one_round(browser, url, figures, requests)
            browser.close()
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    print("| | median, s | from | to |")
    print("|---|---|---|---|")
    for name, values in figures.items():
        print(f"| {name} | {statistics.median(values):.3f} | {min(values):.3f} | {max(values):.3f} |")
    told = ", ".join(f"{statistics.median(counts):.0f} with a {cache} cache" for cache, counts in requests.items())
    print(f"\nAnswers of the server until the page is ready: {told}.")


if __name__ == "__main__":
    go_offline()
    main()
