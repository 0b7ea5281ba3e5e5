"""The page in a real browser, with the real store and a small language model."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.real]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"


@pytest.fixture(scope="module")
def address(models_dir, sample_store, tmp_path_factory, request):
    """A running `ragapp ui` on a copy of the sample store; its drop folder is empty."""
    home = tmp_path_factory.mktemp("page")
    shutil.copytree(sample_store, home / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RAGAPP_")},
        "RAGAPP_PATHS__DATA": str(home / "data"), "RAGAPP_PATHS__INGEST": str(home / "drop"),
        "RAGAPP_PATHS__MODELS": str(models_dir), "RAGAPP_LLM__MODEL": "smollm2-135m-instruct",
        "RAGAPP_LLM__CONTEXT": "2048", "RAGAPP_ANSWER__THRESHOLD": "0", "RAGAPP_ANSWER__MAX_TOKENS": "48",
        "RAGAPP_SETTINGS": str(request.config.rootpath / "settings.yaml"),
    }  # fmt: skip
    log = (home / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "ragapp", "ui", "--port", str(port)], env=environment, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}/"
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            break
        except OSError:
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.2)
    yield url, home
    server.terminate()
    server.wait(20)
    log.close()
    assert "Traceback" not in (home / "log").read_text()


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


@pytest.fixture
def page(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.requested = []
    page.on("request", lambda request: page.requested.append(request.url))
    page.goto(address[0])
    page.wait_for_selector("#question textarea")
    yield page
    page.close()


def ask(page, question):
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def test_a_question_is_answered_with_its_sources_and_nothing_is_fetched_from_elsewhere(page, address, tmp_path):
    page.wait_for_selector("#documents li")
    assert page.locator("#documents li").count() == 12
    ask(page, QUESTION)
    page.wait_for_selector("#answer .answer:not(:has(.cursor))", timeout=120_000)
    page.wait_for_function("document.querySelector('#status').innerText.includes('smollm2')", timeout=120_000)
    assert page.locator("#answer .answer").inner_text().strip()
    assert not page.locator("#stop").is_visible()
    page.screenshot(path=tmp_path / "answer.png", full_page=True)
    elsewhere = [url for url in page.requested if not url.startswith((address[0], "data:", "blob:"))]
    assert elsewhere == []


def test_stop_stops(page):
    page.wait_for_selector("#documents li")
    ask(page, "Tell me everything about the calibration of the HM-200, its electrodes and the yearly service.")
    page.wait_for_selector("#stop", state="visible", timeout=60_000)
    page.click("#stop")
    page.wait_for_selector("#stop", state="hidden", timeout=60_000)


def test_an_error_is_told_in_words(page):
    ask(page, "   ")
    page.wait_for_function("document.querySelector('#status').innerText.includes('empty')", timeout=30_000)


def test_a_file_in_the_drop_folder_is_taken_in_and_a_bad_one_is_told(page, address):
    page.wait_for_selector("#documents li")
    drop = address[1] / "drop"
    drop.mkdir(exist_ok=True)
    (drop / "kettle.txt").write_text("The kettle is green.", encoding="utf-8")
    (drop / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    page.click("#rescan")
    page.wait_for_selector("#documents li:has-text('kettle.txt')", timeout=60_000)
    page.wait_for_selector("#documents li.failed:has-text('broken.pdf')", timeout=60_000)


def test_a_file_that_is_dropped_while_the_page_is_open_comes_by_itself(page, address):
    page.wait_for_selector("#documents li")
    (address[1] / "drop" / "lamp.txt").write_text("The lamp is red.", encoding="utf-8")
    page.wait_for_selector("#documents li:has-text('lamp.txt')", timeout=60_000)
    (address[1] / "drop" / "lamp.txt").unlink()
    page.wait_for_selector("#documents li:has-text('lamp.txt')", state="detached", timeout=60_000)
