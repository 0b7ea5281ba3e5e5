"""What the browser tests share: a running page, a browser, pictures of what was seen."""

import inspect
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from ragapp.settings import write_setting

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TABS = ("chat", "documents", "models", "settings")
AXE = Path(__import__("axe_core_python").__file__).with_name("axe.min.js")


@contextmanager
def running_page(home, root, written=None, **settings):
    """`ragapp ui` as a process of its own; gives its address.  ``written`` goes into the file, below `answer`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shutil.copy(root / "settings.yaml", home / "settings.yaml")  # the page writes into it
    for key, value in (written or {}).items():
        write_setting("answer", key, value, home / "settings.yaml")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")},
        "RAGAPP_PATHS__DATA": str(home / "data"),
        "RAGAPP_PATHS__INGEST": str(home / "drop"),
        "RAGAPP_SERVER__GRACE": "0",  # nobody reads what is being answered at the end
        "RAGAPP_SETTINGS": str(home / "settings.yaml"),
        **settings,
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ragapp", "ui", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
        url = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, (home / "log").read_text()
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()
            server.wait(20)
    printed = (home / "log").read_text()
    assert "Traceback" not in printed, printed


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        message = "no Chromium was found; install it, for example: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Where pictures are kept: SCREENSHOTS_DIR, or pytest's own folder."""
    folder = Path(os.environ.get("SCREENSHOTS_DIR") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def becomes(page, expression, arg=None, seconds=30):
    """Wait until an expression is true; Playwright's own way makes code from text, which the page's policy forbids."""
    until = time.monotonic() + seconds
    while not page.evaluate(expression, arg):
        assert time.monotonic() < until, expression
        time.sleep(0.02)


def soon(holds, seconds=30):
    """Wait until something holds of a page that is still changing; use it wherever a test reads what the page shows."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, inspect.getsource(holds).strip()
        time.sleep(0.02)


# every page that was opened in this process, also those that are closed
OPENED = []


def open_page(browser, url, **options):
    """A tab of a new window; what it asks for, complains of and does is kept."""
    still = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
    page = browser.new_context(**still, **options).new_page()
    page.requested, page.complaints, page.happened = [], [], []
    OPENED.append(page)
    opened = time.monotonic()

    def note(what):
        page.happened.append((time.monotonic() - opened, what))

    page.on("framenavigated", lambda frame: note(f"at {frame.url}"))
    page.on("requestfailed", lambda request: note(f"{request.failure}: {request.method} {request.url}"))
    page.on("console", lambda line: note(line.text[:300]))
    page.on("request", lambda request: page.requested.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: "Security Policy" in line.text and page.complaints.append(line.text))
    page.goto(url)
    page.wait_for_selector(".welcome, .exchange", timeout=60_000)
    return page


def show_tab(page, name):
    page.locator('#tabs [role="tab"]').nth(TABS.index(name)).click()


def ask(page, question):
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def serious_violations(page):
    """What axe-core finds, as lines; minor and moderate ones are not told."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
