"""Two documents side by side, in the place of the list of documents."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from ragapp.errors import RagappError
from ragapp.web.comparison_run import ComparisonRun, in_order
from ragapp.web.ui.render import job_box
from ragapp.web.ui.render_comparison import SHOWN_AT_ONCE, render_comparison
from ragapp.web.ui.tab import Part, Updates
from ragapp.web.ui.translations import told
from ragapp.web.visitors import Visitor

# most comparisons take less; what takes longer is shown when it has come
_AT_ONCE_S = 0.6


class ComparisonView(Part):
    """What a visitor compares: chosen by ticks in the list, found in the background."""

    def build(self) -> None:
        """Make the component."""
        self.comparison = self.html("comparison")

    def wire(self) -> None:
        """Tie its buttons to work."""
        self.on_button("compare", self.act, self.outputs, "multiple")

    def show(self, visitor: Visitor) -> Updates:
        """It as it is now."""
        visitor.forget("comparison")
        return self.follow(visitor)

    def follow(self, visitor: Visitor) -> Updates:
        """It, where it has changed since the visitor saw it."""
        run = visitor.comparison
        version = run.watch() if run else 0
        if not visitor.is_new("comparison", (run, version, visitor.comparison_shown, visitor.language)):
            return {}
        if run is None:
            return {self.comparison: ""}
        seconds = time.monotonic() - run.began
        shown = render_comparison(run, visitor.tab, visitor.language, most=visitor.comparison_shown, seconds=seconds)
        return {self.comparison: shown}

    def act(self, visitor: Visitor, values: dict[str, Any]) -> Updates:
        """Do what a button says."""
        try:
            self._do(visitor, str(values.get("what", "")), values)
        except RagappError as error:
            return {self.comparison: job_box(escape(told(error, visitor.language)), problem=True)}
        except (KeyError, ValueError, TypeError, OverflowError):  # a page of another version
            return {}
        return self.follow(visitor)

    def _do(self, visitor: Visitor, what: str, values: dict[str, Any]) -> None:
        run = visitor.comparison
        if what == "open":
            rows = [self._state.app.catalog.document(int(one)) for one in values["ids"][:2]]
            there = [row for row in rows if row]
            if len(there) == 2:
                before, after = in_order(there)
                self._begin(visitor, before.id, after.id)
        elif run is None:
            return
        elif what == "swap":
            self._begin(visitor, run.after, run.before, run.about)
        elif what == "about":
            self._begin(visitor, run.before, run.after, " ".join(str(values.get("topic", "")).split())[:200])
        elif what == "explain":
            run.explain()
        elif what == "stop":
            run.stop()
        elif what == "more":
            visitor.comparison_shown += SHOWN_AT_ONCE
        elif what == "close":
            run.stop()
            visitor.comparison = None

    def _begin(self, visitor: Visitor, before: int, after: int, about: str = "") -> None:
        if visitor.comparison:
            visitor.comparison.stop()
        visitor.comparison = ComparisonRun(self._state.app, before, after, about)
        visitor.comparison_shown = SHOWN_AT_ONCE
        visitor.comparison.wait(_AT_ONCE_S)
