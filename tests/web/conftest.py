"""A browser test that fails tells what its pages did: where they went, what they could not fetch, what they show."""

import json

import pytest
from pagekit import OPENED

# what the page last said of itself
_SHOWN = """() => ({
    talk: window.ragapp?.talkState?.(),
    pending: sessionStorage.getItem('ragapp-pending'),
    live: document.querySelector('#live')?.innerText.slice(0, 800),
    question: document.querySelector('#question textarea')?.value,
    asked: document.querySelector('#confirm')?.innerText.slice(0, 400),
    ticked: document.querySelector('#documents .ticked')?.innerText,
    notices: [...document.querySelectorAll('.talk-notice, .toast-body')].map((one) => one.innerText),
})"""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call" or not report.failed:
        return
    for page in [page for page in OPENED if not page.is_closed()][-3:]:
        lines = [f"{second:7.1f} s  {what}" for second, what in page.happened[-40:]]
        try:
            lines.append(json.dumps(page.evaluate(_SHOWN), ensure_ascii=False, indent=1))
        except Exception as error:  # the page may be gone, which says enough
            lines.append(str(error))
        report.sections.append(("what the page did", "\n".join(lines)))
