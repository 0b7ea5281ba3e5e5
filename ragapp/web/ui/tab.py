"""What a tab of the page is: a class in a module of its own, named in ``TABS`` of ``page.py``."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import gradio as gr
from gradio.components import Component

from ragapp.web.app_state import AppState
from ragapp.web.visitors import Visitor

if TYPE_CHECKING:
    from gradio.events import Dependency

#: options of events whose work shows its own progress and is nobody else's to call
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
#: options of those that must get through while an answer is being written
UNQUEUED: dict[str, Any] = {**QUIET, "queue": False}

#: new values of components; those that are not named stay as they are
Updates = dict[Component, Any]


def in_turn(visitor: Visitor, work: Callable[[], Updates]) -> Any:
    """What an event's function returns: what the work tells, with a mark in each text by which the newest is known.

    The events of a visitor do their work one after the other. What they tell may come to the browser in another order
    all the same: what was told earlier than what it shows is dropped there, see ``scripts/gradio_shim.js``.
    """
    with visitor.turn:
        updates = work()
        # by the clock, so that it goes on growing for a page that stays open while ragapp is started anew
        visitor.told = max(visitor.told + 1, int(time.time() * 1000))
        told = {
            place: f"<!--{place.elem_id} {visitor.told}-->{value}" if isinstance(place, gr.HTML) else value
            for place, value in updates.items()
        }
    return told or gr.skip()  # Gradio takes an empty dictionary for a value


class Part:
    """A part of the page with events of its own, which fill its ``outputs``."""

    def __init__(self, state: AppState, i18n: gr.I18n):
        self._state = state
        self._i18n = i18n
        self.outputs: list[Component] = []

    def html(self, elem_id: str) -> gr.HTML:
        """A place for HTML, which is one of the outputs."""
        made = gr.HTML(elem_id=elem_id, js_on_load=None)
        self.outputs.append(made)
        return made

    def visitor(self, request: gr.Request) -> Visitor:
        """Who asks."""
        return self._state.visitors.of(request.session_hash or "")

    def search_box(self, elem_id: str, label: str) -> gr.Textbox:
        """A line for search words; the label is a key of the texts."""
        text = self._i18n(label)
        plain: dict[str, Any] = {"show_label": False, "container": False, "lines": 1, "max_lines": 1}
        return gr.Textbox(label=text, placeholder=text, elem_id=elem_id, **plain)

    def on_button(
        self,
        name: str,
        work: Callable[[Visitor, dict[str, Any]], Any],
        outputs: list[Component],
        mode: str,
        *,
        in_turns: bool = True,
    ) -> Dependency:
        """Have work done when a button in HTML is pressed; see :func:`ragapp.web.ui.render.act`.

        It is given the visitor and the button's values, and returns updates; with ``in_turns`` off, what
        :func:`in_turn` returned for the part of it that must not overlap. ``mode`` is Gradio's ``trigger_mode``:
        ``multiple``, or ``always_last`` where only the latest counts.
        """

        def pressed(sent: str, request: gr.Request) -> Any:
            try:
                given = json.loads(sent or "{}")
            except ValueError:
                given = {}
            visitor, values = self.visitor(request), given if isinstance(given, dict) else {}
            return in_turn(visitor, lambda: work(visitor, values)) if in_turns else work(visitor, values)

        box = gr.Textbox(visible="hidden", elem_id=f"wire-{name}", label=name, show_label=False)
        made: Dependency = box.change(pressed, box, outputs, trigger_mode=mode, **UNQUEUED)
        return made


class Tab(Part, ABC):
    """A tab of the page; its title is the text ``tab.NAME``.

    Attributes:
        name: id of the tab.
        at_load: whether it is filled as soon as the page is loaded, not first when it is selected.
        outputs: the components that :meth:`show` and :meth:`follow` may fill.
    """

    name: ClassVar[str]
    at_load: ClassVar[bool] = False

    @abstractmethod
    def build(self) -> None:
        """Make the components."""

    @abstractmethod
    def wire(self, loaded: Dependency) -> None:
        """Tie events to work when every component of the page is there; after ``loaded``, the visitor is known."""

    @abstractmethod
    def show(self, visitor: Visitor) -> Updates:
        """All of it as it is now."""

    def follow(self, visitor: Visitor) -> Updates:
        """What has changed since the visitor saw it last; asked every second, so it must be quick."""
        return {}

    def selected(self, request: gr.Request) -> Any:
        """The tab was opened.

        Gradio says so of the first tab, too, while the page is being loaded: before it is known who looks, what this
        gave would overwrite what the greeting shows.
        """
        visitor = self.visitor(request)
        return gr.skip() if self.at_load and not visitor.greeted else in_turn(visitor, lambda: self.open(visitor))

    def open(self, visitor: Visitor) -> Updates:
        """Show it, and follow it from now on."""
        visitor.tabs.add(self.name)
        return self.show(visitor)
