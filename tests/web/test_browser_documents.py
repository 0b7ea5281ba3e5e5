"""The documents tab with ten thousand documents, and what people do in it."""

import shutil
import sqlite3
import time

import pytest
from pagekit import becomes, browser, open_page, running_page, serious_violations, shots, show_tab, soon  # noqa: F401

pytestmark = pytest.mark.real

MANY = 10_000
SEARCH = "#documents-search textarea, #documents-search input"
ROWS = "#documents tbody tr"


def many_documents(data, folder, count=MANY):
    """Put documents straight into a catalog, each with a file, a page of text and the samples' embedder."""
    folder.mkdir()
    with sqlite3.connect(data / "catalog.sqlite3") as connection:
        (identity,) = connection.execute("SELECT MAX(identity_id) FROM documents").fetchone()
        (readers,) = connection.execute("SELECT MAX(readers) FROM documents").fetchone()
        documents, units = [], []
        for n in range(count):
            path = folder / f"dossier {n % 40}" / f"contract {n:05}.txt"
            path.parent.mkdir(exist_ok=True)
            text = f"The contract number {n} is renewed every year unless one side ends it in writing."
            path.write_text(text, encoding="utf-8")
            found = path.stat()
            warned = '["2 pages are pictures."]' if n % 50 == 0 else "[]"
            documents.append(
                (
                    *(10_000 + n, identity, str(path), path.name, f"Contract {n}", "en"),
                    *(found.st_size, found.st_mtime_ns, f"sha{n}", warned, "2025-05-01T08:00:00+00:00", 1, readers),
                )
            )
            units.append((10_000 + n, 1, "page", "", text, f'[["text", 0, {len(text)}, []]]'))
        connection.executemany(
            "INSERT INTO documents (id, identity_id, path, name, title, language, size, mtime_ns, sha256, warnings,"
            " ingested_at, units, readers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            documents,
        )
        connection.executemany(
            "INSERT INTO units (document_id, number, kind, label, text, blocks) VALUES (?, ?, ?, ?, ?, ?)", units
        )


def page_of(home, models_dir, request, **more):
    return running_page(
        home,
        request.config.rootpath,
        RAGAPP_PATHS__MODELS=str(models_dir),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL="smollm2-135m-instruct",
        RAGAPP_LLM__CONTEXT="2048",
        RAGAPP_INGEST__SETTLE_S="0.5",
        **more,
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory, models_dir, sample_store, request):
    """A page with the twelve sample documents: its address and its folder."""
    home = tmp_path_factory.mktemp("few")
    shutil.copytree(sample_store, home / "data")
    with page_of(home, models_dir, request) as url:
        yield url, home


@pytest.fixture(scope="module")
def many(tmp_path_factory, models_dir, sample_store, request):
    """A page with ten thousand documents more."""
    home = tmp_path_factory.mktemp("many")
    shutil.copytree(sample_store, home / "data")
    many_documents(home / "data", home / "archive")
    with page_of(home, models_dir, request) as url:
        yield url, home


@pytest.fixture
def page(browser, few):  # noqa: F811
    page = open_page(browser, few[0], locale="en-GB")
    yield page
    assert page.complaints == []
    page.context.close()


@pytest.fixture
def long_page(browser, many):  # noqa: F811
    page = open_page(browser, many[0], locale="en-GB")
    yield page
    assert page.complaints == []
    page.context.close()


def first_name(page):
    return page.locator(f"{ROWS} >> nth=0 >> .act.name").inner_text()


def choose(page, *files):
    show_tab(page, "documents")
    with page.expect_file_chooser() as chooser:
        page.click("[data-act='choose-files']")
    chooser.value.set_files([{"name": name, "mimeType": "", "buffer": content} for name, content in files])


def drag(page, kind, *files):
    """Drag files over the page as a browser tells it."""
    page.evaluate(
        """([kind, files]) => {
          const carried = new DataTransfer();
          for (const [name, text] of files) carried.items.add(new File([text], name.replace("HALF", "\\ud800")));
          document.body.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried }));
        }""",
        [kind, list(files)],
    )


def test_what_was_told_first_and_comes_last_is_not_shown(page):
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    late = []

    def hold(route):
        if "sort" in (route.request.post_data or "") and not late:
            late.append((route, route.fetch()))  # it was told, and is on its way
        else:
            route.continue_()

    page.route("**/gradio_api/run/**", hold)
    page.click("#documents th.size button")
    while not late:
        page.wait_for_timeout(20)
    page.click("#documents th.pages button")
    page.wait_for_selector("#documents th.pages[aria-sort]")
    shown = page.locator(ROWS).all_inner_texts()
    (route, answer) = late[0]
    route.fulfill(response=answer)
    page.unroute("**/gradio_api/run/**")
    page.wait_for_timeout(500)
    assert page.locator("#documents th.size[aria-sort]").count() == 0
    assert page.locator(ROWS).all_inner_texts() == shown
    page.click("#documents th.name button")
    page.wait_for_selector("#documents th.name[aria-sort]")


# a change that is awaited in the browser itself, so that asking does not count
def test_the_long_list_is_turned_filtered_and_ticked_over_its_pages(long_page, shots):  # noqa: F811
    page = long_page
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    soon(lambda: page.locator(ROWS).count() == 50)
    soon(lambda: "1–50 of 10,012" in page.locator(".pager >> nth=0").inner_text())
    page.screenshot(path=shots / "documents-many.png")
    page.check(f"{ROWS} >> nth=0 >> input[type=checkbox]")
    page.click(".pager >> nth=0 >> [aria-label='Last page']")
    becomes(page, "document.querySelector('.pager').textContent.includes('10,001–10,012')")
    soon(lambda: "1 selected" in page.locator(".ticked").inner_text())
    page.click(".pager >> nth=0 >> [aria-label='First page']")
    becomes(page, "document.querySelector('.pager').textContent.includes('1–50 of')")
    soon(lambda: page.is_checked(f"{ROWS} >> nth=0 >> input[type=checkbox]"))
    page.check("#documents .tick-all")
    page.click(".ticked .act:has-text('Select all 10,012')")
    soon(lambda: "All 10,012" in page.locator(".ticked").inner_text())
    page.click("[data-act='ticked']:has-text('Remove')")
    page.wait_for_selector("#confirm .confirm:has-text('Remove 10,012 documents?')")
    becomes(page, "document.activeElement.closest('#confirm') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector("#confirm .confirm", state="detached")
    page.click("#documents-filters .act:has-text('With warnings')")
    becomes(page, "document.querySelector('.pager .count').textContent.includes('of 200')")
    page.select_option("#documents-filters select", index=1)
    becomes(page, "document.querySelector('#documents-filters select').value.includes('pictures')")
    page.click("#documents-filters .act:has-text('All')")
    becomes(page, "document.querySelector('.pager .count').textContent.includes('10,012')")
    assert serious_violations(page) == []


def test_two_tabs_that_remove_the_same_documents_do_not_disturb_each_other(browser, many):  # noqa: F811
    pages = [open_page(browser, many[0], locale="en-GB") for _ in range(2)]
    for page in pages:
        show_tab(page, "documents")
        page.wait_for_selector(ROWS)
        page.fill(SEARCH, "contract 0000")
        becomes(page, "document.querySelectorAll('#documents tbody tr').length === 10")
        page.check("#documents .tick-all")
        page.click("[data-act='ticked']:has-text('Remove')")
        page.wait_for_selector("#confirm .confirm")
    pages[0].click("#confirm .act:has-text('Remove 10')")
    pages[0].wait_for_selector("#confirm .told-box:has-text('Removed: contract 00000.txt')")
    pages[1].click("#confirm .act:has-text('Remove 10')")
    pages[1].wait_for_selector("#confirm .told-box:has-text('There was nothing left to remove')")
    becomes(pages[1], "document.querySelector('#documents').textContent.includes('Nothing matches')")
    pages[0].click("#confirm .act:has-text('Undo')")
    becomes(pages[1], "document.querySelectorAll('#documents tbody tr').length === 10", seconds=60)
    for page in pages:
        page.context.close()


def test_files_may_be_dropped_on_every_tab_and_a_refused_one_keeps_its_reason(page, few, shots):  # noqa: F811
    drag(page, "dragover", ("a.txt", "x"))
    page.wait_for_selector(".drop-overlay:has-text('Drop to add to your documents')")
    page.screenshot(path=shots / "documents-drag.png")
    drag(page, "dragleave")
    page.wait_for_selector(".drop-overlay", state="detached")
    files = [
        ("tool.exe", "MZ\u0000\u0001"),
        ("odd ★ näme #1%.txt", "The lamp of the Oslo office is red."),
        ("HALF.txt", "The chair of the Rome office is blue."),
    ]
    drag(page, "drop", *files)
    page.wait_for_selector(".upload-panel li.failed:has-text('tool.exe')")
    becomes(page, "document.querySelectorAll('.upload-panel li').length === 1", seconds=20)  # the others are done
    show_tab(page, "documents")
    page.wait_for_selector(f"{ROWS}:has-text('odd ★ näme #1%.txt')", timeout=60_000)
    time.sleep(3)
    soon(lambda: page.locator(".upload-panel li.failed").count() == 1)
    page.screenshot(path=shots / "documents-refused.png")
    page.click(".upload-panel .act:has-text('Dismiss')")
    page.wait_for_selector(".upload-panel", state="hidden")
    names = sorted(path.name for path in (few[1] / "drop").iterdir())
    assert "odd ★ näme #1%.txt" in names
    assert "tool.exe" not in names
    assert len(names) == 2


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(page):
    show_tab(page, "documents")
    page.wait_for_selector("#drop .drop-zone")
    # three gigabytes that nobody has to write
    page.evaluate(
        """() => {
          const carried = new DataTransfer(), file = new File(["x"], "film.pdf");
          Object.defineProperty(file, "size", { value: 3 * 2 ** 30 });
          const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: carried });
          Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items: [], files: [file] } });
          document.body.dispatchEvent(event);
        }"""
    )
    page.wait_for_selector(".upload-panel li.failed:has-text('film.pdf')")
    soon(lambda: "is larger than" in page.locator(".upload-panel li.failed").inner_text())
    assert not [one for one in page.requested if one.endswith("/ui/upload")]


def test_text_is_pasted_and_becomes_a_document(page, few, shots):  # noqa: F811
    show_tab(page, "documents")
    page.click("#drop .act:has-text('Paste text')")
    page.wait_for_selector("#confirm .confirm")
    page.fill("#confirm input.field", "Minutes: 3/4 May")
    page.fill(
        "#confirm textarea.field", "The board has met in Ghent and has agreed to buy a new kettle for the office."
    )
    page.screenshot(path=shots / "documents-paste.png")
    assert serious_violations(page) == []
    page.click("#confirm .act:has-text('Add as a document')")
    page.wait_for_selector(f"{ROWS}:has-text('Minutes 3 4 May.md')", timeout=60_000)
    text = (few[1] / "drop" / "Minutes 3 4 May.md").read_text(encoding="utf-8")
    assert text.startswith("# Minutes: 3/4 May\n\nThe board has met in Ghent")


def test_an_address_alone_does_not_become_a_document(page, few):
    show_tab(page, "documents")
    page.click("#drop .act:has-text('Paste text')")
    for address in (
        "https://example.com/terms",
        "file:///srv/a.pdf",
        "C:\\Papers\\new lease.docx",
        "/srv/new lease.pdf",
    ):
        page.fill("#confirm textarea.field", f" {address}\n")
        page.click("#confirm .act:has-text('Add as a document')")
        page.wait_for_selector("#confirm .told:has-text('fetches nothing')")
        page.fill("#confirm textarea.field", "")
        page.click("#confirm .act:has-text('Add as a document')")
        page.wait_for_selector("#confirm .told:has-text('no text yet')")
    page.click("#confirm .act:has-text('Cancel')")
    assert [path.name for path in (few[1] / "drop").iterdir() if "example" in path.name or "lease" in path.name] == []


def test_a_protected_file_is_opened_with_its_password_in_the_page(page, few, shots):  # noqa: F811
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader("sample_docs/travel-policy-2025.pdf"))
    writer.add_metadata({"/Title": "Secret plan"})
    writer.encrypt("open sesame", algorithm="AES-256")
    content = io.BytesIO()
    writer.write(content)
    choose(page, ("secret.pdf", content.getvalue()))
    page.wait_for_selector(f"{ROWS}:has-text('secret.pdf') .reason", timeout=60_000)
    row = page.locator(f"{ROWS}:has-text('secret.pdf')")
    soon(lambda: "protected by a password" in row.inner_text())
    row.locator(".act:has-text('Enter password')").click()
    page.wait_for_selector("#confirm input[type=password]")
    page.fill("#confirm input[type=password]", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm .told.wrong:has-text('does not open')", timeout=60_000)
    page.screenshot(path=shots / "documents-password.png")
    page.fill("#confirm input[type=password]", "open sesame")
    page.check("#confirm .keep")
    page.click("#confirm .act:has-text('Open and ingest')")
    page.wait_for_selector(f"{ROWS}:has-text('secret.pdf') .act.name", timeout=60_000)
    page.click(f"{ROWS}:has-text('secret.pdf') .act.name")
    page.wait_for_selector("#preview img")
    becomes(page, "document.querySelector('#preview img').naturalWidth > 0")  # drawn with the password
    kept = "".join(path.read_text(encoding="utf-8") for path in few[1].glob("*.yaml"))
    assert "open sesame" in kept
    assert "wrong" not in kept.split("passwords:")[1].split("\n")[0]


def test_documents_are_removed_without_a_trace(page, few):
    choose(page, ("quetzal.txt", b"The quetzalcoatlus of the Turin office weighs two hundred kilograms."))
    page.wait_for_selector(f"{ROWS}:has-text('quetzal.txt') .act.name", timeout=60_000)
    page.check(f"{ROWS}:has-text('quetzal.txt') input")
    page.click("[data-act='ticked']:has-text('Remove')")
    page.click("#confirm .act:has-text('Remove and erase')")
    page.wait_for_selector("#confirm .told-box:has-text('Removed and erased: quetzal.txt')", timeout=60_000)
    soon(lambda: page.locator("#confirm .act:has-text('Undo')").count() == 0)
    data = few[1] / "data"
    left = [path for path in data.rglob("*") if path.is_file() and b"quetzalcoatlus" in path.read_bytes()]
    assert left == []
    assert (few[1] / "drop" / "quetzal.txt").exists()
    page.click("#documents-filters .act:has-text('Removed by you')")
    page.wait_for_selector(f"{ROWS}:has-text('quetzal.txt')")
    page.click(f"{ROWS}:has-text('quetzal.txt') .act:has-text('Index again')")
    page.click("#documents-filters .act:has-text('All')")
    page.wait_for_selector(f"{ROWS}:has-text('quetzal.txt') .act.name", timeout=60_000)


def test_many_files_of_one_run_leave_the_table_in_sight_and_can_all_be_found(page, shots):  # noqa: F811
    choose(
        page, *[(f"note {n:03}.txt", f"Note {n}: the lamp number {n} hangs in room {n}.".encode()) for n in range(60)]
    )
    becomes(page, "document.querySelector('#job').textContent.match(/(\\d+) added/)?.[1] >= 60", seconds=120)
    becomes(page, "document.querySelectorAll('.upload-panel li').length === 0", seconds=20)
    soon(lambda: page.locator("#job li").count() == 0)
    soon(lambda: page.locator("#documents table").bounding_box()["y"] < 500)
    page.screenshot(path=shots / "documents-run.png")
    page.click("#job .act:has-text('Show them')")
    page.wait_for_selector("#documents-filters .act.chosen:has-text('Last changes')")
    page.wait_for_selector(f"{ROWS} .outcome")
    added = page.locator("#job").inner_text().split(" added")[0]
    told = page.locator("#documents-filters .act.chosen .n").inner_text()
    assert int(told) >= int(added.split()[-1])
    page.wait_for_selector(f"{ROWS} >> nth=3 >> .outcome:has-text('added')")
    page.click("#documents-filters .act:has-text('All')")


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_small_screen_everything_is_reached_and_a_tapped_document_is_in_sight(page, shots, width):  # noqa: F811
    page.set_viewport_size({"width": width, "height": 844})
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    page.screenshot(path=shots / f"documents-{width}.png")
    soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= width)
    last = page.locator(f"{ROWS} >> nth=-1")
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box["y"] >= 0
    assert box["y"] < 844 - 30
    assert box["x"] >= 0
    page.fill(SEARCH, "travel-policy-2025")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length === 1")
    name = page.locator("#documents .act.name:has-text('travel-policy-2025.pdf')")
    name.scroll_into_view_if_needed()
    name.click()
    page.wait_for_selector("#preview .view-title")
    soon(lambda: 0 <= page.locator("#preview .view-title").bounding_box()["y"] < 300)
    page.screenshot(path=shots / f"documents-{width}-view.png")
    page.click("#preview .act.close")
    page.wait_for_selector("#preview .view-title", state="hidden")
    soon(lambda: page.locator("#documents table").is_visible())


def test_a_wide_and_a_dark_screen_and_french(browser, few, shots):  # noqa: F811
    page = open_page(browser, few[0], locale="fr-FR", color_scheme="dark")
    page.set_viewport_size({"width": 2560, "height": 1300})
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    page.screenshot(path=shots / "documents-2560-dark-fr.png")
    assert serious_violations(page) == []
    tools = [box.bounding_box() for box in page.locator("#drop .toolbar .act").all()]
    assert len({round(box["y"]) for box in tools}) == 1
    assert len({round(box["height"]) for box in tools}) == 1
    words = page.locator("#documents-row").inner_text()
    for english in ("Folder", "Ready", "Select", "added", "warning", "Remove"):
        assert english not in words
    page.context.close()


def test_a_browser_that_goes_away_in_the_middle_of_an_upload_leaves_nothing(few):
    import socket
    from urllib.parse import urlsplit

    url, home = few
    at = urlsplit(url)
    lines = ["POST /ui/upload HTTP/1.1", f"Host: {at.netloc}", "X-Ragapp: 1", "X-Path: half.txt"]
    head = "\r\n".join([*lines, "Content-Length: 100000", "", ""])
    with socket.create_connection((at.hostname, at.port)) as connection:
        connection.sendall(head.encode() + b"The first half of it. " * 100)
        time.sleep(1)
    until = time.monotonic() + 10
    while list((home / "drop").glob(".ragapp-upload-*")):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert not (home / "drop" / "half.txt").exists()
