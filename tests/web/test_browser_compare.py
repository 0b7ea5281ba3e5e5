"""Two documents side by side, and tags and collections, in a real browser."""

import pytest
from pagekit import becomes, browser, open_page, serious_violations, shots, show_tab, soon  # noqa: F401
from test_browser_documents import ROWS, few, first_name, many  # noqa: F401

pytestmark = pytest.mark.real

PAIR = ("travel-policy-2024.docx", "travel-policy-2025.pdf")


@pytest.fixture
def page(browser, few):  # noqa: F811
    page = open_page(browser, few[0], locale="en-GB")
    yield page
    assert page.complaints == []
    page.context.close()


def tick(page, *names):
    for name in names:
        page.check(f"{ROWS}:has-text('{name}') input[type=checkbox]")


def compare(page):
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    tick(page, *PAIR)
    page.click("[data-act='compare-ticked']")
    page.wait_for_selector(".comparison .change", timeout=60_000)


def sides(page):
    return [side.inner_text() for side in page.locator(".comparison .side .act.name").all()]


def test_two_documents_are_compared_and_a_quote_opens_its_page_with_the_words_marked(page, shots):  # noqa: F811
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    button = page.locator("[data-act='compare-ticked']")
    tick(page, PAIR[1])
    soon(lambda: button.is_disabled())
    compare(page)
    soon(lambda: sides(page) == list(PAIR))
    becomes(page, "document.activeElement.id === 'comparison-title'")
    soon(lambda: not page.locator("#documents table").is_visible())
    page.screenshot(path=shots / "compare.png")
    assert serious_violations(page) == []
    london = page.locator(".comparison .change:has-text('Place: London')").first
    soon(lambda: london.locator("del").first.inner_text() == "£160")
    soon(lambda: london.locator("ins").first.inner_text() == "£175")
    london.locator(".quote-link").nth(1).click()
    page.wait_for_selector("#preview .view-title:has-text('travel-policy-2025.pdf')")
    becomes(page, "document.querySelector('#preview .view-page')?.value === '3'")
    becomes(page, "document.querySelectorAll('#preview .box').length > 0")
    assert "document=" not in page.url  # it stands beside the list, and the address stays
    page.screenshot(path=shots / "compare-view.png")
    with page.context.expect_page() as opened:
        london.locator(".quote-link").nth(1).click(modifiers=["Control"])
    assert "/?document=" in opened.value.url
    opened.value.close()
    # by keys: narrowed to a topic, and all of it again
    count = page.locator(".comparison .change").count()
    page.fill("#comparison .topic", "hotel limits")
    page.keyboard.press("Enter")
    page.wait_for_selector(".comparison .note:has-text('Sections near “hotel limits”')", timeout=60_000)
    soon(lambda: 0 < page.locator(".comparison .change").count() < count)
    page.click(".comparison .act:has-text('Show everything')")
    becomes(page, "n => document.querySelectorAll('.comparison .change').length === n", count)
    page.click(".comparison .swap")
    becomes(page, "n => document.querySelector('.comparison .side .name').textContent === n", PAIR[1])
    with page.expect_download() as saved:
        page.click(".comparison .reports .act:has-text('Markdown')")
    assert "> Place: London" in saved.value.path().read_text(encoding="utf-8")
    page.reload()  # it comes back
    show_tab(page, "documents")
    page.wait_for_selector(".comparison .change", timeout=60_000)
    soon(lambda: sides(page) == [PAIR[1], PAIR[0]])
    page.click(".comparison .act:has-text('Back to the documents')")
    page.wait_for_selector(".comparison", state="detached")
    becomes(page, "document.activeElement.closest('#documents-search') !== null")  # nothing is ticked any more
    soon(lambda: page.locator("#documents table").is_visible())


def test_the_model_is_asked_on_demand_and_stopped(page):
    compare(page)
    page.click(".comparison .act:has-text('Say it in plain words')")
    page.wait_for_selector(".comparison progress")
    page.click(".comparison .act:has-text('Stop')")
    page.wait_for_selector(".comparison progress", state="detached", timeout=60_000)
    soon(lambda: page.locator(".comparison .change").count() > 5)
    page.click(".comparison .act:has-text('Back to the documents')")
    page.wait_for_selector(".comparison", state="detached")
    becomes(page, "document.activeElement.dataset.act === 'compare-ticked'")


def test_on_a_small_dark_screen_in_french_all_of_it_is_in_sight(browser, few, shots):  # noqa: F811
    page = open_page(browser, few[0], locale="fr-FR", color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    compare(page)
    soon(lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
    soon(lambda: "Montants, dates et nombres" in page.locator(".comparison").inner_text())
    page.screenshot(path=shots / "compare-390-dark-fr.png")
    assert serious_violations(page) == []
    page.locator(".comparison .quote-link").nth(1).click()
    page.wait_for_selector("#preview .view-title")
    soon(lambda: 0 <= page.locator("#preview .view-title").bounding_box()["y"] < 300)
    page.context.close()


def test_documents_are_tagged_put_into_a_collection_and_found_by_it(page, shots):  # noqa: F811
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    soon(lambda: page.locator(".narrowing [data-kind=tag]").count() == 0)  # nobody has used one
    tick(page, *PAIR)
    page.click("[data-act='ticked']:has-text('Tags and collections')")
    page.wait_for_selector("#confirm .confirm:has-text('Tags and collections of 2 documents')")
    page.keyboard.type("draft")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm .label:has-text('draft')")
    page.fill("#confirm [list=offered-collection]", "a/b")
    page.click("#confirm .act:has-text('Put in')")
    page.wait_for_selector("#confirm .told.wrong:has-text('pattern')")
    page.fill("#confirm [list=offered-collection]", "Travel")
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm .label:has-text('Travel')")
    page.screenshot(path=shots / "documents-labels.png")
    assert serious_violations(page) == []
    page.click("#confirm .act:has-text('Close')")
    page.click(f"{ROWS}:has-text('{PAIR[0]}') .label.tag")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length === 2")
    page.select_option(".narrowing [data-kind=type]", "pdf")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length === 1")
    assert first_name(page) == PAIR[1]
    page.screenshot(path=shots / "documents-narrowed.png")
    page.click(".narrowing .act:has-text('Clear')")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length > 5")
    page.select_option(".narrowing [data-kind=collection]", "Travel")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length === 2")
    page.fill(".narrowing [data-kind=after]", "2024-06-01")
    page.keyboard.press("Tab")
    becomes(page, "document.querySelectorAll('#documents tbody tr').length < 2")
    page.click(".narrowing .act:has-text('Clear')")
    page.click("[data-act='ticked']:has-text('Tags and collections')")
    page.click("#confirm [aria-label='Take off the tag draft']")
    page.wait_for_selector("#confirm .label:has-text('draft')", state="detached")
    page.click("#confirm .act:has-text('Close')")
    becomes(page, "!document.querySelector('.narrowing [data-kind=tag]')")


def test_ten_thousand_documents_are_narrowed_and_turned(browser, many):  # noqa: F811
    page = open_page(browser, many[0], locale="en-GB")
    show_tab(page, "documents")
    page.wait_for_selector(ROWS)
    page.select_option(".narrowing [data-kind=type]", "text")
    becomes(page, "document.querySelector('.pager .count').textContent.includes('of 10,00')")
    page.click(".pager >> nth=0 >> [aria-label='Next page']")
    becomes(page, "document.querySelector('.pager .count').textContent.includes('51–100')")
    soon(lambda: page.locator(ROWS).count() == 50)
    assert page.complaints == []
    page.context.close()
