"""The comparison of two documents as the page shows it: its HTML, its report, and the work behind it."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI
from openaikit import document

from ragapp.contract import Change, Comparison, Explained, Piece, Quote, Stage
from ragapp.errors import ModelError, StoreError
from ragapp.web.api import make_api
from ragapp.web.api_errors import add_error_answers
from ragapp.web.client import PageClient, ServerError
from ragapp.web.comparison_report import report_heading, report_html, report_markdown
from ragapp.web.comparison_run import ComparisonRun, in_order
from ragapp.web.places import Places
from ragapp.web.server_file import RunningServer
from ragapp.web.ui.render_comparison import SHOWN_AT_ONCE, quote_mark, render_comparison

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script> & \"'>"


def quote(name, text, page=1, start=10, section="4 Hotels", **values):
    place = (name, f"/papers/{name}", page)
    return Quote(*place, section=section, text=text, shown=text, start=start, end=start + len(text), **values)


def a_change(before="A bus is £160.", after="A bus is £175.", **values):
    pieces = (Piece("same", "A bus is "), Piece("removed", before[9:]), Piece("added", after[9:]))
    quotes = {"before": quote("a.docx", before), "after": quote("b.pdf", after, page=3)}
    return Change("changed", "4 Hotels", ("amount",), **quotes, pieces=pieces, **values)


def comparison(*changes, **values):
    return Comparison(document(1, "a.docx"), document(2, "b.pdf"), changes, unchanged=7, **values)


class Found:
    """What a run is once it has found something."""

    def __init__(self, found=None, **values):
        self.before, self.after, self.about, self.found, self.error = 1, 2, "", found, ""
        self.running = self.stopping = False
        self.stage = None
        self.__dict__.update(values)


def html(found=None, language="en", most=SHOWN_AT_ONCE, **values):
    return render_comparison(Found(found, **values), "0" * 32, language, most=most)


class Seen(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text, self.marked = [], [], "", {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data):
        self.text += data
        if self.tags and self.tags[-1][0] in ("del", "ins"):
            self.marked.setdefault(self.tags[-1][0], data)


def test_both_quotes_are_links_to_their_places_with_the_words_that_differ_marked():
    seen = Seen(html(comparison(a_change(explanation="Before, it cost £160; now, it costs £175."))))
    quotes = [link for link in seen.links if "quote-link" in link.get("class", "")]
    assert [link["href"] for link in quotes] == ["/?document=1&page=1&mark=10-24", "/?document=2&page=3&mark=10-24"]
    assert seen.marked == {"del": "£160.", "ins": "£175."}
    for words in ("In plain words:", "Before, it cost £160; now", "amount", "4 Hotels", "1 changed", "7 statements"):
        assert words in seen.text
    assert [link["href"] for link in seen.links[:2]] == [f"/ui/comparison/{'0' * 32}.{s}" for s in ("md", "html")]


def test_a_quote_that_goes_on_in_the_next_unit_is_marked_to_the_end_of_the_first():
    assert quote_mark(quote("a", "abc", to_page=2)) == "10-999999999"
    assert quote_mark(quote("a", "abc")) == "10-13"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_of_a_document_or_a_model_is_markup(language):
    change = a_change(f"A bus is {HOSTILE}", f"A bus is {HOSTILE} now", explanation=HOSTILE)
    added = Change("added", HOSTILE, after=quote(HOSTILE, HOSTILE, section=HOSTILE))
    told = comparison(change, added, notes=(HOSTILE,), about=HOSTILE, sections=(HOSTILE,), explained=2)
    told = replace(told, before=document(1, HOSTILE), after=document(2, HOSTILE))
    for text in (html(told, language, about=HOSTILE), html(None, language, error=HOSTILE), report_html(told, language)):
        seen = Seen(text)
        assert not {tag for tag, _ in seen.tags} & {"script", "img"}
        assert not [name for _, attrs in seen.tags for name in attrs if name.startswith("on")]
    assert "<script>" not in report_markdown(told, language).replace("\\<", "")


def test_what_is_under_way_can_be_stopped_and_what_is_there_is_counted():
    changes = [a_change() for _ in range(3)]
    running = html(comparison(*changes), running=True, stage=Stage("explaining", part=2, parts=3))
    assert "Putting change 2 of 3 into words" in running
    assert "&quot;stop&quot;" in running
    failed = html(comparison(*changes), error="The model file is missing.")
    assert "job problem" in failed
    assert "Say it in plain words" in failed  # it can be tried again
    done = comparison(a_change(explanation="x"), *changes, explained=3)
    assert "1 of 3 changes in the language model’s words" in html(done)
    assert "Say the rest" in html(done)
    assert "Say the rest" not in html(replace(done, explained=4))


def test_of_many_changes_some_are_shown_and_there_is_a_way_to_the_rest():
    many = comparison(*(a_change() for _ in range(SHOWN_AT_ONCE + 5)))
    assert html(many).count('class="change"') == SHOWN_AT_ONCE
    assert "Show 5 more" in html(many)
    assert html(many, most=2 * SHOWN_AT_ONCE).count('class="change"') == SHOWN_AT_ONCE + 5


def test_documents_without_anything_in_common_have_a_note_and_no_groups():
    note = "The two documents have next to nothing in common, so there are no changes to show."
    assert "presque rien en commun" in html(comparison(related=False, notes=(note,)), "fr")


def test_the_report_has_all_of_it():
    moved = Change("moved", "5", before=quote("a.docx", "5 Claims"), after=quote("b.pdf", "5 Claims"))
    told = comparison(a_change(explanation="Now, £175."), moved, notes=("Both *files*.",), explained=1)
    text = report_markdown(told, "en")
    for line in ("> A bus is ~~£160.~~", "> A bus is **£175.**", "In plain words: Now, £175.", r"- Both \*files\*."):
        assert line in text.split("\n")
    assert "> Later, b.pdf, p. 3:  " in text.split("\n")
    assert report_heading(told, "en").file_name(".md").startswith("What changed a.docx → b.pdf ")
    assert "<ins>£175.</ins>" in report_html(told, "fr")


class Row:
    def __init__(self, number, name, years=(), day=""):
        self.id, self.name, self.years, self.day = number, name, frozenset(years), day


def test_the_earlier_one_is_told_by_years_else_by_days():
    def names(*rows):
        return [row.name for row in in_order(rows)]

    assert (
        names(Row(1, "policy 2025", [2025], "2023-01-01"), Row(2, "policy 2024", [2024], "2026-01-01"))[0][-4:]
        == "2024"
    )
    assert names(Row(1, "b", [2024], "2024-05-01"), Row(2, "a", [2024], "2024-06-01")) == ["b", "a"]
    assert names(Row(2, "b"), Row(1, "a")) == ["a", "b"]


class Explainer:
    def __init__(self):
        self.begun, self.ended = 0, None

    def explain(self, found, cancelled):
        for n in range(found.explained, 3):
            yield Stage("explaining", part=n + 1, parts=3)
            self.begun += 1
            until = time.monotonic() + 5
            while self.begun == 2 and not cancelled() and time.monotonic() < until:
                time.sleep(0.01)
            if cancelled():
                break
            yield Explained(n, f"sentence {n}")
            changes = list(found.changes)
            changes[n] = replace(changes[n], explanation=f"sentence {n}")
            found = replace(found, changes=tuple(changes))
        self.ended = self.begun
        yield replace(found, explained=min(self.begun, 3))


class SomeApp:
    def __init__(self, error=None):
        self.error, self.explainer = error, Explainer()

    def compare(self, before, after, about=""):
        if self.error:
            raise self.error
        return comparison(*(a_change() for _ in range(3)))


def test_a_run_tells_each_sentence_as_it_comes_and_stops_in_the_middle():
    run = ComparisonRun(SomeApp(), 1, 2)
    run.wait(5)
    assert run.found
    before = run.watch()
    run.explain()
    until = time.monotonic() + 5
    while run.stage is None or run.stage.part < 2:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert run.running
    assert run.watch() > before
    assert run.found.changes[0].explanation == "sentence 0"
    run.stop()
    run.wait(5)
    assert not run.running
    assert run.stage is None
    run.explain()  # the rest
    run.wait(5)
    assert [change.explanation for change in run.found.changes][::2] == ["sentence 0", "sentence 2"]


def test_an_error_is_told_and_nothing_waits_for_ever():
    for error in (StoreError("There is no document 7.", "See: x"), ModelError("It is missing.")):
        run = ComparisonRun(SomeApp(error), 1, 2)
        run.wait(5)
        assert (run.running, run.found) == (False, None)
        assert error.message in run.error
        assert "job problem" in html(None, error=run.error)


@contextmanager
def listening(app):
    """The API with an app of ours on a port, and the client of commands."""
    server = FastAPI()
    server.include_router(make_api(SimpleNamespace(app=app, places=Places(1))))
    add_error_answers(server)
    served = uvicorn.Server(uvicorn.Config(server, port=0, log_level="warning"))
    thread = threading.Thread(target=served.run)
    thread.start()
    while not served.started:
        time.sleep(0.02)
    port = served.servers[0].sockets[0].getsockname()[1]
    try:
        yield PageClient(RunningServer(f"http://127.0.0.1:{port}", 1, "token"))
    finally:
        served.should_exit = True
        thread.join()


def test_the_api_compares_and_tells_what_goes_on_while_changes_are_put_into_words():
    app = SomeApp()
    app.explainer.begun = 10  # nothing waits
    with listening(app) as page:
        plain = page.compare(1, 2)
        assert (plain.count("changed"), plain.explained) == (3, 0)
        events = list(page.explain_events(1, 2))
        assert [type(event) for event in events] == [Stage, Explained] * 3 + [Comparison]
        assert [event.explanation for event in events[1:6:2]] == ["sentence 0", "sentence 1", "sentence 2"]
        assert [change.explanation for change in events[-1].changes] == ["sentence 0", "sentence 1", "sentence 2"]
        asked = {"before": 1, "after": 2, "explain": True}
        assert page.post("compare", asked)["changes"][2]["explanation"] == "sentence 2"


def test_who_hangs_up_ends_it():
    app = SomeApp()
    with listening(app) as page:
        events = page.explain_events(1, 2)
        while not isinstance(next(events), Explained):
            pass
        events.close()
        until = time.monotonic() + 4  # it would go on by itself after five seconds
        while app.explainer.ended is None:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert app.explainer.ended < 3


def test_a_document_that_is_not_there_is_told_in_the_stream_too():
    with listening(SomeApp(StoreError("There is no document 7.", "See: x"))) as page:
        for ask in (lambda: page.compare(1, 7), lambda: list(page.explain_events(1, 7))):
            with pytest.raises(ServerError, match="no document 7"):
                ask()
