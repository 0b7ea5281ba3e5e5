"""The events of a visitor: one after the other, and each with a number by which the browser knows the newest."""

import re
import threading
from types import SimpleNamespace

import gradio as gr
import pytest

from ragapp.web.runs import Exchange
from ragapp.web.ui.tab import in_turn
from ragapp.web.visitors import Choice, Visitor, Visitors


@pytest.fixture(scope="module")
def places():
    with gr.Blocks():
        return gr.HTML(elem_id="list"), gr.Button("Stop")


def number(told, place="list"):
    return int(re.match(rf"<!--{place} (\d+)-->", told)[1])


def test_what_is_told_later_has_a_greater_number_and_only_text_is_marked(places):
    html, button = places
    visitor = Visitor()
    first = in_turn(visitor, lambda: {html: "<p>one</p>", button: True})
    second = in_turn(visitor, lambda: {html: "<p>two</p>"})
    assert first[button] is True
    assert first[html].endswith("--><p>one</p>")
    assert number(second[html]) > number(first[html])
    assert in_turn(visitor, dict) == gr.skip()


def test_numbers_go_on_growing_when_ragapp_is_started_anew(places):
    html, _ = places
    before = number(in_turn(Visitor(), lambda: {html: ""})[html])
    threading.Event().wait(0.01)
    assert number(in_turn(Visitor(), lambda: {html: ""})[html]) > before


def test_an_event_waits_for_the_one_that_was_begun_before_it(places):
    html, _ = places
    visitor = Visitors().greet("s", "a" * 32, "en")
    begun, go_on, told = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        assert go_on.wait(30)
        return {html: visitor.search}

    first = threading.Thread(target=lambda: told.append(in_turn(visitor, slow)))
    first.start()
    assert begun.wait(30)

    def search():
        visitor.search = "contract"
        return {html: visitor.search}

    second = threading.Thread(target=lambda: told.append(in_turn(visitor, search)))
    second.start()
    second.join(0.2)
    assert not told
    go_on.set()
    first.join(30)
    second.join(30)
    assert [re.sub("<!--.*-->", "", one[html]) for one in told] == ["", "contract"]
    assert number(told[0][html]) < number(told[1][html])


def test_visitors_do_not_wait_for_each_other(places):
    html, _ = places
    one, other = Visitor(), Visitor()
    with one.turn:
        told = []
        thread = threading.Thread(target=lambda: told.append(in_turn(other, lambda: {html: "here"})))
        thread.start()
        thread.join(30)
    assert told


def chat(**values):
    """The chat's tab with what is asked of it here alone."""
    from ragapp.web.ui.chat import ChatTab

    tab = ChatTab.__new__(ChatTab)
    for name, value in values.items():
        setattr(tab, name, value)
    return tab


def exchange(question):
    return Exchange(question, SimpleNamespace(abstained=False))


def test_nobody_waits_while_questions_are_suggested(places, monkeypatch):
    html, _ = places
    visitor = Visitor(exchanges=[exchange("What is the notice period?")])
    begun, go_on, told = threading.Event(), threading.Event(), []

    class Slow:
        def __init__(self, *_):
            pass

        def after(self, *_):
            begun.set()
            assert go_on.wait(30)
            return ("And for managers?",)

    monkeypatch.setattr("ragapp.web.ui.chat.Suggester", Slow)
    tab = chat(_state=SimpleNamespace(app=SimpleNamespace(catalog=None)), after=html)
    monkeypatch.setattr(tab, "_render_after", lambda visitor: str(visitor.suggested))
    for left in (False, True):
        begun.clear()
        go_on.clear()
        thread = threading.Thread(target=lambda: told.append(tab._suggest(visitor)))
        thread.start()
        assert begun.wait(30)
        assert in_turn(visitor, lambda: {html: "at once"})[html].endswith("at once")
        if left:
            visitor.exchanges = [exchange("Another conversation?")]
        go_on.set()
        thread.join(30)
        if not left:
            assert visitor.suggested == (0, ("And for managers?",))
            visitor.suggested = (-1, ())
    assert told[0][html].endswith("('And for managers?',))")
    assert told[1] == gr.skip()
    assert visitor.suggested == (-1, ())


def test_evidence_that_comes_late_is_not_shown_for_another_choice(places, monkeypatch):
    html, _ = places
    visitor = Visitor()
    tab = chat(evidence=html)

    def late(visitor):
        visitor.choice = Choice(0, "citation", 2)  # another one was picked meanwhile
        return "page 1"

    monkeypatch.setattr(tab, "show_evidence", late)
    assert tab.pick(visitor, {"turn": 0, "n": 1}) == gr.skip()
    monkeypatch.setattr(tab, "show_evidence", lambda visitor: "page 2")
    assert tab.pick(visitor, {"turn": 0, "n": 2})[html].endswith("page 2")


def test_buttons_that_were_told_out_of_order_are_told_again(monkeypatch):
    visitor = Visitor(run=SimpleNamespace(running=True))
    first_steps = SimpleNamespace(depends_on=lambda: 1)
    state = SimpleNamespace(app=SimpleNamespace(conversations=SimpleNamespace(version=1)))
    columns = SimpleNamespace(list="talks", show=lambda visitor: "")
    tab = chat(_state=state, _first_steps=first_steps, _conversations=columns, stop="stop", send="send", scope="scope")
    state.refresh = lambda visitor: False
    monkeypatch.setattr(tab, "_render_scope", lambda visitor: "")
    tab.follow(visitor)
    assert "stop" not in tab.follow(visitor)
    visitor.run.running = False
    shown = tab.follow(visitor)
    assert (shown["stop"].visible, shown["send"].visible) == (False, True)
    assert "stop" not in tab.follow(visitor)
