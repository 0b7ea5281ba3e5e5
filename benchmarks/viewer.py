"""What does a long PDF cost beside an answer, in memory and time?

    python benchmarks/viewer.py [--pages N] [--models DIR] [--tree DIR]

A PDF of many pages is made and stored.  `ragapp ui` (of another checkout with ``--tree``) shows it, and a browser goes
through it: by the viewer all of it is scrolled, two screens at a time; where there is none, its button leafs through
the first hundred pages.  Peak resident memory is told of the page's process, of the one that draws, and of the tab.
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
import threading
import time
import urllib.request
from pathlib import Path

import psutil

from ragapp.privacy import go_offline

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
MODEL, EMBEDDER = "smollm2-135m-instruct", "all-minilm-l6-v2"
LEAVES = 100
_SCROLL = """async () => {
  const pages = document.querySelector(".viewer:not([hidden]) .view-pages");
  const there = () => [...pages.querySelectorAll(".sheet")].some((sheet) => {
    const box = sheet.getBoundingClientRect(), frame = pages.getBoundingClientRect();
    return box.top < frame.bottom && box.bottom > frame.top && sheet.querySelector("img")?.naturalWidth;
  });
  const took = [];
  let most = 0;
  while (pages.scrollTop + pages.clientHeight < pages.scrollHeight - 2) {
    pages.scrollTop += 2 * pages.clientHeight;
    const begun = performance.now();
    if (took.length < 120) {
      while (!there() && performance.now() - begun < 5000) await new Promise((done) => setTimeout(done, 10));
      took.push(performance.now() - begun);
    } else await new Promise((done) => setTimeout(done, 5));
    most = Math.max(most, pages.querySelectorAll("img").length);
  }
  return [took, most];
}"""


def make_store(home: Path, models: Path, pages: int) -> None:
    """A PDF whose pages are full of text, stored as it was read."""
    import numpy as np
    from reportlab.pdfgen.canvas import Canvas

    from ragapp.app import App
    from ragapp.reading.registry import read_file
    from ragapp.settings import load_settings

    path = home / "long.pdf"
    canvas = Canvas(str(path))
    for number in range(1, pages + 1):
        for line in range(45):
            canvas.drawString(
                60, 790 - 16 * line, f"Line {line} of page {number} speaks of measures, of men and of {line * number}."
            )
        canvas.showPage()
    canvas.save()
    overrides = {"paths": {"data": home / "data", "models": models}, "embedding": {"model": EMBEDDER}}
    with App(load_settings(ROOT / "settings.yaml", overrides), write=True) as app:
        app.pipeline.run([ROOT / "sample_docs" / "onboarding-guide-sheffield.md"])
        catalog, state = app.store.catalog, path.stat()
        identity = catalog.documents()[0].identity_id
        nothing = np.zeros((0, 384), np.float32)
        catalog.put_document(
            path, read_file(path), [], nothing, identity, state.st_size, state.st_mtime_ns, "sha-of-long"
        )


class Peaks(threading.Thread):
    """Watches the resident memory of processes, by name: the largest sum that was seen, in bytes."""

    def __init__(self, server: psutil.Process, browser: psutil.Process):
        super().__init__(daemon=True)
        self._server, self._browser = server, browser
        self.peaks: dict[str, int] = {}

    def run(self) -> None:
        while True:
            seen: dict[str, int] = {}
            try:
                seen["the page's process"] = self._server.memory_info().rss
                for child in self._server.children(recursive=True):
                    seen["what draws"] = seen.get("what draws", 0) + child.memory_info().rss
                for child in self._browser.children(recursive=True):
                    if "--type=renderer" in child.cmdline():
                        seen["the browser's tab"] = max(seen.get("the browser's tab", 0), child.memory_info().rss)
            except psutil.Error:
                continue
            for name, size in seen.items():
                self.peaks[name] = max(self.peaks.get(name, 0), size)
            time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="folder with the models")
    parser.add_argument("--tree", type=Path, default=ROOT, help="checkout whose page is measured")
    parser.add_argument(
        "--chromium", default=next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    )
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        make_store(home, arguments.models, arguments.pages)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")},
            "PYTHONPATH": str(arguments.tree),
            "RAGAPP_PATHS__DATA": str(home / "data"),
            "RAGAPP_PATHS__INGEST": str(home / "drop"),
            "RAGAPP_PATHS__MODELS": str(arguments.models),
            "RAGAPP_EMBEDDING__MODEL": EMBEDDER,
            "RAGAPP_LLM__MODEL": MODEL,
            "RAGAPP_ANSWER__THRESHOLD": "0",
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ui", "--port", str(port)],
            env=environment,
            cwd=arguments.tree,
            stdout=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            try:
                with urllib.request.urlopen(url, timeout=5) as reply:
                    if b"gradio-app" in reply.read():
                        break
            except OSError:
                pass
            time.sleep(0.2)
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=FLAGS)
        watch = Peaks(psutil.Process(server.pid), psutil.Process())
        watch.start()
        try:
            page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
            page.goto(url)
            page.wait_for_selector(".welcome, .exchange", timeout=60_000)
            page.locator('#tabs [role="tab"]').nth(1).click()
            page.click("#documents [data-act]:has-text('long.pdf')")
            page.wait_for_selector("#preview .sheet img")
            before = dict(watch.peaks)
            if page.locator("#preview .view-pages").count():
                took, most = page.evaluate(_SCROLL)
                told = f"{arguments.pages} pages scrolled; pictures in the page: {most} at the most"
            else:
                took = []
                for number in range(2, min(LEAVES, arguments.pages) + 1):
                    begun = time.monotonic()
                    page.click("#preview [aria-label='Next page']")
                    page.wait_for_selector(f"#preview img[src$='/{number}.jpg']")
                    page.evaluate("document.querySelector('#preview img').decode()")
                    took.append(1000 * (time.monotonic() - begun))
                told = f"{len(took)} pages leafed through"
            time.sleep(1)
        finally:
            browser.close()
            server.terminate()
            server.wait(30)
    print(f"{told}; a page is there after {statistics.median(took):.0f} ms (median of {len(took)})\n")
    print("| peak resident memory, MB | first page shown | at the end |")
    print("|---|---|---|")
    for name, size in watch.peaks.items():
        print(f"| {name} | {before.get(name, 0) / 1e6:.0f} | {size / 1e6:.0f} |")


if __name__ == "__main__":
    go_offline()
    main()
