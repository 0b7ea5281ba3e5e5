"""A person with a real browser, as a script: drop a file on the page, ask, look at the evidence; then remove and purge.

It is run with no network but loopback; see ``journeykit.py``.  What the browser writes goes to a folder of its own.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from journey import RAGAPP, bring_loopback_up, free_port

from ragapp.web.passwords import hash_password

HOME = Path(os.environ["HOME"])
PASSWORD = "correct horse battery"


@contextlib.contextmanager
def page(port: int):
    """``ragapp ui`` as a process of its own; it must have nothing to tell of refusals or defects."""
    with (HOME / "log").open("w+") as log:
        server = subprocess.Popen([*RAGAPP, "ui", "--port", str(port)], stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
        log.seek(0)
        told = log.read()
        assert "refused" not in told, told
        assert "Traceback" not in told, told


def open_tab(tab, url: str) -> list[dict]:
    """Open the page as soon as it is there, and sign in; gives the cookies."""
    until = time.monotonic() + 120
    while True:
        try:
            tab.goto(url)
            break
        except Exception:
            assert time.monotonic() < until
            time.sleep(0.2)
    for password in ("a wrong password", PASSWORD):
        assert tab.url == f"{url}sign-in"
        assert tab.evaluate("fetch('/config').then((answer) => answer.status)") == 401
        tab.fill("#password", password)
        tab.click("button")
        tab.wait_for_load_state()
    tab.wait_for_selector(".welcome, .exchange, .guide", timeout=60_000)
    return [{key: cookie[key] for key in ("httpOnly", "sameSite", "path")} for cookie in tab.context.cookies()]


def visit(tab, url: str, word: str, question: str) -> dict:
    """Drop a file, ask about it, look at its evidence; gives what was seen."""
    cookies = open_tab(tab, url)
    tab.locator('#tabs [role="tab"]').nth(1).click()
    with tab.expect_file_chooser() as chooser:
        tab.click("[data-act='choose-files']")
    text = f"# The vault\n\nThe code word of the vault is {word}. Only the treasurer knows it.\n"
    chooser.value.set_files([{"name": "vault.md", "mimeType": "text/markdown", "buffer": text.encode()}])
    tab.wait_for_selector("#documents tbody tr:has-text('vault.md')", timeout=120_000)
    tab.locator('#tabs [role="tab"]').nth(0).click()
    tab.fill("#question textarea", question)
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#talk .exchange .foot, #talk .exchange .abstained", timeout=180_000)
    asked = tab.locator("#talk .asked h2").last.inner_text()
    # the evidence of what was answered; where nothing was, that of the nearest passage
    tab.locator("#talk .act.mark, #talk .near .act, #talk .near .passage").first.click()
    tab.wait_for_selector("#evidence .view-title")
    tab.wait_for_selector("#evidence .unit-text")
    return {
        "cookies": cookies,
        "script_sees": tab.evaluate("document.cookie"),
        "asked": asked,
        "answered": len(tab.locator("#talk .exchange").last.inner_text()) > len(question),
        "evidence": word in tab.locator("#evidence .unit-text").inner_text(),
        "source": tab.locator("#evidence .view-title strong").inner_text(),
    }


def files_with(*marks: bytes) -> list[str]:
    """Files below the home that hold one of these."""
    return sorted(
        path.relative_to(HOME).as_posix()
        for path in HOME.rglob("*")
        if path.is_file() and any(mark in path.read_bytes() for mark in marks)
    )


def open_to_others() -> list[str]:
    """What in the data folder is for more than its owner."""
    data = Path(os.environ["RAGAPP_PATHS__DATA"])
    return sorted(str(path) for path in [data, *data.rglob("*")] if path.lstat().st_mode & 0o077)


def command(*arguments: object) -> dict:
    """One command's JSON."""
    done = subprocess.run([*RAGAPP, *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main() -> None:
    chromium, browser_home, flags, *words = sys.argv[1:]
    word, question_word = words
    marks = [mark.encode(code) for mark in words for code in ("utf-8", "utf-16-le")]
    os.umask(0o022)
    os.environ["RAGAPP_SERVER__PASSWORD"] = hash_password(PASSWORD)
    seen: dict = {"interfaces": bring_loopback_up()}
    url_port = free_port()
    with page(url_port) as url:
        # what the browser keeps is no matter of ragapp's
        os.environ["TMPDIR"] = browser_home
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=json.loads(flags), env={**os.environ, "HOME": browser_home}
            )
            tab = browser.new_context(locale="en-GB").new_page()
            requested, complaints = [], []
            tab.on("request", lambda request: requested.append(request.url))
            tab.on("console", lambda line: "Security Policy" in line.text and complaints.append(line.text))
            seen |= visit(tab, url, word, f"What is the code word of the vault, {question_word}?")
            browser.close()
        seen["elsewhere"] = [one for one in requested if not one.startswith((url, "data:", "blob:"))]
        seen["requests"], seen["complaints"] = len(requested), complaints
        seen["open_to_others"] = open_to_others()
    seen["held"] = files_with(*marks)
    # what a page leaves that loses its power in the middle of an upload
    drop, data = Path(os.environ["RAGAPP_PATHS__INGEST"]), Path(os.environ["RAGAPP_PATHS__DATA"])
    (drop / "sub").mkdir()
    for left in (drop / ".ragapp-upload-0.part", drop / "sub" / ".ragapp-upload-1.md", data / "uploads" / "x" / "a.md"):
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_text(word)
    (document,) = command("documents", "list")["documents"]
    purged = command("documents", "remove", document["id"], "--purge")
    seen["kept"] = [Path(path).relative_to(HOME).as_posix() for path in purged["files_kept"]]
    seen["forgotten"] = purged["answers_forgotten"]
    seen["left"] = files_with(*marks)
    seen["refused"] = (data / "refused.log").exists()
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
