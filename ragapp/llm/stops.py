"""Ending an answer at a text that ends the assistant's turn, where the model writes it instead of ending by itself."""

from __future__ import annotations

from collections.abc import Iterable


class StopTexts:
    """Holds back what may be the beginning of a stop text; the stop text itself never comes through.

    Args:
        stops: the texts; empty ones are ignored.
    """

    def __init__(self, stops: Iterable[str]):
        self._stops = tuple(filter(None, stops))
        self._held = ""
        #: whether a stop text has come
        self.reached = False

    def feed(self, text: str) -> str:
        """What can be shown with the next piece of the stream."""
        if self.reached:
            return ""
        held = self._held + text
        # the one that is complete first, as if every character came alone
        ends = [(held.index(stop) + len(stop), held.index(stop)) for stop in self._stops if stop in held]
        if ends:
            self.reached, self._held = True, ""
            return held[: min(ends)[1]]
        keep = max((_overlap(held, stop) for stop in self._stops), default=0)
        shown = held[: len(held) - keep]
        self._held = held[len(shown) :]
        return shown

    def finish(self) -> str:
        """What was held back until now, when the stream has ended."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of a text that is a beginning of the stop text."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
