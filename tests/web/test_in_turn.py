"""The events of a visitor: one after the other, and each with a number by which the browser knows the newest."""

import re
import threading

import gradio as gr
import pytest

from ragapp.web.ui.tab import in_turn
from ragapp.web.visitors import Visitor, Visitors


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
