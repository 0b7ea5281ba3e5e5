"""The viewer beside an answer, in a real browser: a PDF of a thousand pages, a table, Markdown."""

import shutil

import pytest
import viewerkit
from pagekit import becomes, browser, open_page, running_page, serious_violations, shots, show_tab, soon  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.real]

QUESTION = "Where does it stand?"
VIEW = "#evidence .viewer"
PAGES = f"{VIEW} .view-pages"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("viewer")


@pytest.fixture(scope="module")
def ids(home, models_dir, sample_store, request):
    """Ids of the documents by name; a conversation cites them."""
    from ragapp.app import App
    from ragapp.settings import load_settings

    shutil.copytree(sample_store, home / "data")
    overrides = {"paths": {"data": home / "data", "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    made = (
        viewerkit.long_pdf(home / "long.pdf"),
        viewerkit.sheet_csv(home / "prices.csv"),
        viewerkit.notes_md(home / "notes.md"),
        viewerkit.long_pdf(home / "goes.pdf", 3),
        viewerkit.linked_pdf(home / "linked.pdf"),
    )
    with App(load_settings(request.config.rootpath / "settings.yaml", overrides), write=True) as app:
        for path in made:
            viewerkit.put(app, path)
        places = [
            ("long.pdf", 500, "A kingfisher was seen here"),
            ("long.pdf", 500, "Line 3 of page 500 speaks"),
            ("prices.csv", 2, "| Item 250 | green | 250.5 |"),
            ("notes.md", 200, "The owl of part 200 sleeps."),
            ("travel-policy-2025.pdf", 3, "| London | \u00a3175 |"),
        ]
        viewerkit.cite(app, QUESTION, places)
        return {row.name: row.id for row in app.store.catalog.documents()}


@pytest.fixture(scope="module")
def url(home, ids, models_dir, request):
    with running_page(
        home,
        request.config.rootpath,
        RAGAPP_PATHS__MODELS=str(models_dir),
        RAGAPP_EMBEDDING__MODEL="all-minilm-l6-v2",
        RAGAPP_LLM__MODEL="smollm2-135m-instruct",
        RAGAPP_LLM__CONTEXT="2048",
        RAGAPP_ANSWER__THRESHOLD="0",
    ) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser, url):  # noqa: F811
    page = open_page(browser, url, locale="en-GB")
    page.click(f"#talks .act.name:has-text('{QUESTION}')")
    page.wait_for_selector("#live .act.mark")
    yield page
    elsewhere = [one for one in page.requested if not one.startswith((url, "data:", "blob:"))]
    assert elsewhere == []
    assert page.complaints == []
    page.context.close()


def cited(page, n):
    """Open the answer's citation of this number and wait until it is shown."""
    # where it is chosen already, nothing else tells that the view is going to its mark once more
    with page.expect_response(lambda one: "citation" in (one.request.post_data or "")):
        page.click(f"#evidence .chip >> nth={n - 1}")
    page.wait_for_selector(f"#evidence .chip.chosen:has-text('{n}')")


def in_sight(page, selector):
    """Wait until the first element of a selector stands within what scrolls."""
    becomes(
        page,
        """selector => {
            const one = document.querySelector(selector)?.getBoundingClientRect();
            const box = document.querySelector("#evidence .view-pages").getBoundingClientRect();
            return one && one.top >= box.top - 1 && one.bottom <= box.bottom + 1;
        }""",
        selector,
    )


def drawn(page, number):
    """Wait until a page's picture has come."""
    becomes(page, "n => document.querySelector(`#evidence .sheet[data-page='${n}'] img`)?.naturalWidth > 300", number)


def test_the_cited_words_are_in_sight_and_so_are_name_page_and_file(page, shots):  # noqa: F811
    cited(page, 1)
    drawn(page, 500)
    in_sight(page, "#evidence .box")
    for place in (".view-title strong", ".view-head .open", ".view-bar"):
        page.wait_for_selector(f"{VIEW} {place}")
    column, title = page.locator("#evidence-column"), page.locator(f"{VIEW} .view-title")
    soon(lambda: 0 <= title.bounding_box()["y"] - column.bounding_box()["y"] < 140)
    soon(lambda: page.locator(f"{VIEW} .view-title").inner_text() == "long.pdf p. 500")
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "500")
    soon(lambda: page.locator(f"{VIEW} .at").inner_text() == "of 1000")
    page.screenshot(path=shots / "viewer.png")


def test_another_mark_of_the_same_page_moves_the_mark_only(page):
    cited(page, 1)
    drawn(page, 500)
    page.evaluate("window.sheet = document.querySelector(`#evidence .sheet[data-page='500']`)")
    before = page.locator("#evidence .box").first.bounding_box()["y"]
    asked = sum("/500.jpg" in one for one in page.requested)
    cited(page, 2)
    becomes(page, "before => document.querySelector('#evidence .box').getBoundingClientRect().top !== before", before)
    in_sight(page, "#evidence .box")
    soon(lambda: page.evaluate("sheet === document.querySelector(`#evidence .sheet[data-page='500']`)"))
    soon(lambda: page.locator("#evidence .box").count() == 1)
    assert sum("/500.jpg" in one for one in page.requested) == asked


def test_a_place_is_gone_to_as_soon_as_it_is_told(page):
    cited(page, 1)
    drawn(page, 500)
    went = page.evaluate("""async () => {
        const data = document.querySelector("#evidence .view-data");
        data.dataset.view = JSON.stringify({ ...JSON.parse(data.dataset.view), page: 640, boxes: [], mark: "" });
        await null;  // nothing else changes meanwhile
        return document.querySelector("#evidence .view-page").value;
    }""")
    assert went == "640"
    cited(page, 2)
    in_sight(page, "#evidence .box")


def test_a_cited_place_that_comes_late_does_not_take_the_view_back(page):
    cited(page, 1)
    in_sight(page, "#evidence .box")
    held = []

    def hold(route):
        if "citation" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    page.click("#evidence .chip >> nth=1")
    page.wait_for_timeout(100)
    page.fill(f"{VIEW} .view-page", "700")
    page.press(f"{VIEW} .view-page", "Enter")
    drawn(page, 700)
    assert held
    for one in held:
        one.continue_()
    page.unroute("**/*")
    page.wait_for_selector("#evidence .chip.chosen:has-text('2')")
    page.wait_for_timeout(300)
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "700")
    # the next that is asked for is gone to again
    cited(page, 1)
    in_sight(page, "#evidence .box")


def test_a_thousand_pages_are_scrolled_through_and_few_are_loaded(page):
    cited(page, 1)
    drawn(page, 500)
    page.fill(f"{VIEW} .view-page", "1")
    page.press(f"{VIEW} .view-page", "Enter")
    drawn(page, 1)
    before = len([one for one in page.requested if "/ui/page/" in one])
    most = page.evaluate("""async () => {
        const pages = document.querySelector("#evidence .view-pages");
        let most = 0;
        while (pages.scrollTop + pages.clientHeight < pages.scrollHeight - 2) {
            pages.scrollTop += 6000;
            await new Promise(requestAnimationFrame);
            most = Math.max(most, document.querySelectorAll("#evidence .sheet").length);
        }
        return most;
    }""")
    drawn(page, 1000)
    loaded = len([one for one in page.requested if "/ui/page/" in one]) - before
    assert most <= 8
    assert loaded <= 40
    soon(lambda: page.locator("#evidence .sheet").count() <= 8)
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "1000")


def test_words_are_found_and_counted(page, shots):  # noqa: F811
    cited(page, 1)
    drawn(page, 500)
    page.focus(PAGES)
    page.keyboard.press("Control+f")
    becomes(page, "document.activeElement.className === 'find-words'")
    page.keyboard.type("KINGFISHER")
    becomes(page, "document.querySelector('.find-told').innerText === '9 of 20'", seconds=120)
    in_sight(page, "#evidence .hit.now")
    soon(lambda: page.locator("#evidence .sheet[data-page='500'] .hit").count() == 2)
    page.screenshot(path=shots / "viewer-find.png")
    page.keyboard.press("Enter")
    becomes(page, "document.querySelector('.find-told').innerText === '10 of 20'")
    page.keyboard.press("Enter")
    becomes(page, "document.querySelector('.find-told').innerText === '11 of 20'")
    in_sight(page, "#evidence .sheet[data-page='600'] .hit.now")
    page.keyboard.press("Shift+Enter")
    becomes(page, "document.querySelector('.find-told').innerText === '10 of 20'")
    page.fill(".find-words >> nth=0", "no such bird")
    becomes(page, "document.querySelector('.find-told').innerText === 'Not found'", seconds=120)
    page.press(".find-words >> nth=0", "Escape")
    soon(lambda: not page.locator("#evidence .find-bar").is_visible())
    soon(lambda: page.locator("#evidence .hit").count() == 0)
    becomes(page, "document.activeElement.className === 'view-pages'")


def width(page):
    return page.locator("#evidence .sheet").first.bounding_box()["width"]


def test_pages_are_zoomed_by_buttons_keys_and_wheel_and_fit_again(page):
    cited(page, 1)
    drawn(page, 500)
    page.click(f"{VIEW} .view-fit")
    fit = width(page)
    pane = page.locator(PAGES).bounding_box()["width"]
    assert pane - 50 < fit <= pane
    page.click(f"{VIEW} .view-larger")
    becomes(page, "fit => document.querySelector('#evidence .sheet').offsetWidth > 1.2 * fit", fit)
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "500")
    page.focus(PAGES)
    page.keyboard.press("-")
    becomes(page, "fit => Math.abs(document.querySelector('#evidence .sheet').offsetWidth - fit) < 3", fit)
    page.hover(PAGES)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    becomes(page, "fit => document.querySelector('#evidence .sheet').offsetWidth > 1.15 * fit", fit)
    soon(lambda: page.evaluate("window.visualViewport.scale") == 1)
    page.focus(PAGES)
    page.keyboard.press("0")
    becomes(page, "fit => Math.abs(document.querySelector('#evidence .sheet').offsetWidth - fit) < 2", fit)
    # enlarged, it is drawn anew with more pixels
    for _ in range(6):
        page.click(f"{VIEW} .view-larger")
    becomes(page, "document.querySelector(`#evidence .sheet[data-page='500'] img.shown`)?.naturalWidth > 1500")
    page.click(f"{VIEW} .view-fit")


def test_keys_go_through_the_pages(page):
    cited(page, 1)
    drawn(page, 500)
    page.focus(PAGES)
    for key, number in (("ArrowRight", "501"), ("ArrowLeft", "500"), ("Home", "1"), ("End", "1000")):
        page.keyboard.press(key)
        becomes(page, "n => document.querySelector('#evidence .view-page').value === n", number)
    page.fill(f"{VIEW} .view-page", "4711")
    page.press(f"{VIEW} .view-page", "Enter")
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "1000")
    page.fill(f"{VIEW} .view-page", "seven")
    page.press(f"{VIEW} .view-page", "Enter")
    soon(lambda: page.locator(f"{VIEW} .view-page").input_value() == "1000")


def test_text_is_selected_and_copied_over_lines(page):
    cited(page, 5)
    drawn(page, 3)
    page.wait_for_selector("#evidence .sheet[data-page='3'] .text-layer span")
    said = page.evaluate("""() => {
        const all = [...document.querySelectorAll("#evidence .sheet[data-page='3'] .text-layer span")];
        const london = all.find((one) => one.textContent.trim() === "London");
        const range = document.createRange();
        range.setStartBefore(all[all.indexOf(london) - 4]);
        range.setEndAfter(all[all.indexOf(london) + 1]);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        const box = london.getBoundingClientRect();
        const mark = document.querySelector("#evidence .box").getBoundingClientRect();
        return {text: String(getSelection()), apart: Math.abs(box.left - mark.left), wide: box.width / mark.width};
    }""")
    assert said["text"].splitlines()[-1].split() == ["London", "\u00a3175"]
    assert len(said["text"].splitlines()) >= 2
    assert said["apart"] < 6
    assert 0.8 < said["wide"] < 1.2
    page.evaluate("getSelection().removeAllRanges()")


def test_a_list_of_pages_leads_to_them(page, shots):  # noqa: F811
    cited(page, 1)
    drawn(page, 500)
    page.click(f"{VIEW} button.view-list")
    page.wait_for_selector(f"{VIEW} .thumb[aria-current='true'] img")
    soon(lambda: page.locator(f"{VIEW} .thumb[aria-current='true'] >> span >> nth=-1").inner_text() == "500")
    soon(lambda: page.locator(f"{VIEW} .thumb").count() < 30)
    page.screenshot(path=shots / "viewer-list.png")
    page.click(f"{VIEW} .thumb[aria-label='long.pdf, page 502']")
    becomes(page, "document.querySelector('#evidence .view-page').value === '502'")
    page.click(f"{VIEW} button.view-list")
    soon(lambda: not page.locator(f"{VIEW} .page-list").is_visible())


def test_a_table_is_shown_whole_and_one_row_is_marked(page, shots):  # noqa: F811
    cited(page, 3)
    in_sight(page, "#evidence mark.cited")
    row = page.locator("#evidence tr:has(mark.cited)")
    soon(lambda: row.count() == 1)
    soon(lambda: row.locator("td").all_inner_texts() == ["Item 250", "green", "250.5"])
    soon(lambda: page.locator("#evidence th").first.inner_text() == "Item")
    soon(lambda: page.locator("#evidence .part[data-unit='2'] tr").count() > 150)
    page.screenshot(path=shots / "viewer-table.png")
    page.focus(PAGES)
    page.keyboard.press("Control+f")
    page.fill(".find-words >> nth=0", "item 39")
    page.keyboard.press("Enter")
    # 39, and 390 to 399
    becomes(page, "document.querySelector('.find-told').innerText.endsWith('of 11')")
    in_sight(page, "#evidence mark.hit.now")
    page.keyboard.press("Escape")


def test_a_long_text_is_scrolled_whole_and_is_never_markup(page, shots):  # noqa: F811
    cited(page, 4)
    in_sight(page, "#evidence mark.cited")
    soon(lambda: page.locator("#evidence mark.cited").inner_text() == "The owl of part 200 sleeps.")
    page.screenshot(path=shots / "viewer-text.png")
    soon(lambda: page.locator("#evidence .unit-text img, #evidence .unit-text b").count() == 0)
    page.focus(PAGES)
    page.keyboard.press("End")
    in_sight(page, "#evidence .part:last-child .block:last-child")
    page.keyboard.press("Home")
    becomes(page, "document.querySelector('#evidence .view-pages').scrollTop === 0")
    page.wait_for_selector("#evidence .block:has-text('The owl of part 1 sleeps')")
    page.click(f"{VIEW} .view-mark")
    in_sight(page, "#evidence mark.cited")


def test_a_pdf_can_be_read_as_the_text_that_was_read(page):
    cited(page, 5)
    drawn(page, 3)
    page.click(f"{VIEW} .view-text")
    in_sight(page, "#evidence mark.cited")
    soon(lambda: page.locator("#evidence tr:has(mark.cited) td").all_inner_texts()[:2] == ["London", "\u00a3175"])
    page.click(f"{VIEW} .view-text")
    drawn(page, 3)
    in_sight(page, "#evidence .box")


def test_panes_are_widened_folded_and_remembered(page, shots):  # noqa: F811
    cited(page, 1)
    line = page.locator(".pane-bar[data-pane='evidence'] [role='separator']")
    before = page.locator("#evidence-column").bounding_box()["width"]
    line.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    soon(lambda: page.locator("#evidence-column").bounding_box()["width"] > before + 60)
    wide = page.locator("#evidence-column").bounding_box()["width"]
    soon(lambda: int(line.get_attribute("aria-valuenow")) > 0)
    box = line.bounding_box()
    page.mouse.move(box["x"] + 7, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 127, box["y"] + 300, steps=4)
    page.mouse.up()
    soon(lambda: abs(page.locator("#evidence-column").bounding_box()["width"] - (wide - 120)) < 6)
    fold = page.locator(".pane-bar[data-pane='conversations'] .pane-fold")
    soon(lambda: fold.get_attribute("aria-label") == "Hide the conversations")
    fold.click()
    soon(lambda: not page.locator("#talks-column").is_visible())
    soon(lambda: fold.get_attribute("aria-expanded") == "false")
    line.focus()
    page.keyboard.press("Enter")
    soon(lambda: not page.locator("#evidence-column").is_visible())
    page.screenshot(path=shots / "viewer-folded.png")
    page.reload()
    page.wait_for_selector("#live .act.mark")
    becomes(page, "document.querySelectorAll('.pane-bar').length === 2")
    soon(lambda: not page.locator("#talks-column").is_visible())
    soon(lambda: not page.locator("#evidence-column").is_visible())
    # what is asked for is shown
    page.locator("#live .act.mark").nth(1).click()
    page.wait_for_selector("#evidence-column", state="visible")
    page.click(".pane-bar[data-pane='conversations'] .pane-fold")
    soon(lambda: page.locator("#talks-column").is_visible())


def test_a_link_leads_to_the_place_and_back(page, browser, url, ids, shots):  # noqa: F811
    cited(page, 1)
    drawn(page, 500)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click(f"{VIEW} .view-link")
    page.wait_for_selector(f"{VIEW} .view-link.done")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{url}?document={ids['long.pdf']}&page=500&mark=")
    other = open_page(browser, url, locale="en-GB")
    other.goto(link)
    other.wait_for_selector("#evidence .sheet[data-page='500'] .box")
    drawn(other, 500)
    in_sight(other, "#evidence .box")
    soon(lambda: other.locator(f"{VIEW} .view-title strong").inner_text() == "long.pdf")
    becomes(other, "link => location.href === link", link)
    # the address follows the page that is looked at
    other.fill(f"{VIEW} .view-page", "7")
    other.press(f"{VIEW} .view-page", "Enter")
    becomes(other, "location.search.endsWith('&page=7')")
    other.reload()
    drawn(other, 7)
    other.click(f"{VIEW} .view-close")
    becomes(other, "location.search === ''")
    soon(lambda: not other.locator(VIEW).is_visible())
    other.go_back()
    drawn(other, 7)
    assert serious_violations(other) == []
    other.goto(f"{url}?document={ids['prices.csv']}&page=99")
    other.wait_for_selector(f"{VIEW} .note")
    soon(lambda: other.locator(f"{VIEW} .view-notes").inner_text() == "prices.csv has no page 99; it has 2.")
    other.wait_for_selector("#evidence .unit-text td")
    for odd in ("99999", "-1", "x%3Cimg%20src%3Dx%3E", "99999999999999999999"):
        other.goto(f"{url}?document={odd}&page=1")
        other.wait_for_selector(f"{VIEW} .problem")
        soon(lambda: "no longer in the store" in other.locator(f"{VIEW} .problem").inner_text())
    assert other.complaints == []
    other.context.close()


def test_links_of_a_pdf_lead_on_by_mouse_and_keyboard(browser, url, ids, shots):  # noqa: F811
    page = open_page(browser, url, locale="en-GB")
    page.goto(f"{url}?document={ids['linked.pdf']}&page=1")
    drawn(page, 1)
    inside = page.locator("#evidence .page-link[aria-label='Go to p. 30']")
    outside = page.locator(
        "#evidence .page-link[aria-label='Opens in another tab, outside ragapp: https://example.com/terms']"
    )
    outside.hover()
    page.screenshot(path=shots / "links.png")
    assert outside.get_attribute("href") == "https://example.com/terms"
    assert outside.get_attribute("target") == "_blank"
    assert set(outside.get_attribute("rel").split()) == {"noopener", "noreferrer"}
    assert serious_violations(page) == []
    inside.focus()
    page.keyboard.press("Enter")
    drawn(page, 30)
    becomes(page, "document.querySelector('#evidence .view-page').value === '30'")
    becomes(page, "location.search.endsWith('&page=30')")
    page.keyboard.press("Home")
    drawn(page, 1)
    with page.context.expect_page() as opened:
        inside.click(modifiers=["Control"])
    drawn(opened.value, 30)
    assert page.complaints == []
    page.context.close()


def test_a_document_that_changes_or_goes_meanwhile_is_told(browser, url, ids, home):  # noqa: F811
    page = open_page(browser, url, locale="en-GB")
    page.goto(f"{url}?document={ids['goes.pdf']}&page=1")
    drawn(page, 1)
    (home / "goes.pdf").write_bytes(b"%PDF-1.7 another")
    page.focus(PAGES)
    page.keyboard.press("End")
    page.wait_for_selector("#evidence .unit-text:has-text('Section 3')")
    soon(lambda: "has changed" in page.locator(f"{VIEW} .view-notes").inner_text())
    show_tab(page, "documents")
    page.check("#documents tbody tr:has-text('goes.pdf') input")
    page.click("[data-act='ticked']:has-text('Remove')")
    page.click("#confirm .danger")
    page.wait_for_selector("#confirm:has-text('Removed: goes.pdf')")
    show_tab(page, "chat")
    page.focus(PAGES)
    page.keyboard.press("Control+f")
    page.keyboard.type("section")
    becomes(page, "document.querySelector('.find-told').innerText.includes('no longer in the store')")
    page.reload()
    page.wait_for_selector(f"{VIEW} .problem:has-text('no longer in the store')")
    page.context.close()


def test_the_preview_of_a_document_is_the_same_viewer(page, shots):  # noqa: F811
    show_tab(page, "documents")
    page.click("#documents [data-act]:has-text('travel-policy-2025.pdf')")
    becomes(page, "document.querySelector(`#preview .sheet[data-page='1'] img`)?.naturalWidth > 300")
    soon(lambda: page.locator("#preview .view-title strong").inner_text() == "travel-policy-2025.pdf")
    page.click("#preview .view-on")
    becomes(page, "document.querySelector('#preview .view-page').value === '2'")
    page.screenshot(path=shots / "viewer-preview.png")
    assert serious_violations(page) == []
    page.click("#preview .view-close")
    soon(lambda: not page.locator("#preview-column").is_visible())
    page.click("#documents [data-act]:has-text('travel-policy-2025.pdf')")
    page.wait_for_selector("#preview .sheet img")
    show_tab(page, "chat")


@pytest.mark.parametrize(("wide", "high"), [(390, 844), (320, 640), (683, 400)])
def test_on_a_small_screen_it_lies_over_the_talk_with_a_way_back(page, shots, wide, high):  # noqa: F811
    page.set_viewport_size({"width": wide, "height": high})
    try:
        becomes(page, "document.querySelector('#evidence-column').offsetParent === null")
        mark = page.locator("#live .act.mark").first
        mark.click()
        drawn(page, 500)
        in_sight(page, "#evidence .box")
        page.screenshot(path=shots / f"viewer-{wide}.png")
        column = page.locator("#evidence-column").bounding_box()
        assert (column["x"], column["y"], column["width"]) == (0, 0, wide)
        soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= wide)
        overlapping = page.evaluate("""() => {
            const shown = [...document.querySelectorAll("#evidence .viewer :is(button, input, a)")]
                .map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width);
            return shown.flatMap(([a, x], n) => shown.slice(n + 1)
                .filter(([b, y]) => !a.contains(b) && x.left < y.right - 1 && y.left < x.right - 1
                    && x.top < y.bottom - 1 && y.top < x.bottom - 1)
                .map(([b]) => `${a.className} / ${b.className}`));
        }""")
        assert overlapping == []
        assert serious_violations(page) == []
        page.click("#evidence .to-talk")
        becomes(page, "document.querySelector('#evidence-column').offsetParent === null")
        becomes(page, "document.activeElement.matches('.act.mark')")
        mark.click()
        page.wait_for_selector("#chat-row.looking")
        page.go_back()
        becomes(page, "document.querySelector('#evidence-column').offsetParent === null")
    finally:
        page.set_viewport_size({"width": 1280, "height": 800})


def test_wide_screens_are_used_and_all_is_named(page, shots):  # noqa: F811
    page.evaluate("localStorage.removeItem('ragapp-pane-evidence')")
    page.set_viewport_size({"width": 2560, "height": 1300})
    page.reload()
    page.wait_for_selector("#live .act.mark")
    cited(page, 1)
    drawn(page, 500)
    column = page.locator("#evidence-column").bounding_box()
    assert column["x"] + column["width"] > 2480
    assert column["width"] > 900
    page.screenshot(path=shots / "viewer-wide.png")
    nameless = page.evaluate("""() => {
        const all = document.querySelectorAll("#evidence .viewer :is(button, input, a), .pane-bar :is(button, [role])");
        const named = (one) => one.getAttribute("aria-label") || one.textContent.trim();
        return [...all].filter((one) => !named(one)).map((one) => one.outerHTML);
    }""")
    assert nameless == []
    assert serious_violations(page) == []
    page.emulate_media(color_scheme="dark")
    becomes(page, "document.body.classList.contains('dark')")
    page.screenshot(path=shots / "viewer-wide-dark.png")
    assert serious_violations(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
