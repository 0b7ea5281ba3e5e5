"""Citation marks in a text that is still being written."""

from __future__ import annotations

import re

from ragapp.answer.grounding import MARK


class MarkFilter:
    """Holds back citation marks in a stream: which passage supports a sentence is known only when it ends."""

    _OPEN = re.compile(r"\s*\[[\d,;\s]*$|\s+$")

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown of the text so far and was not yet."""
        text = MARK.sub("", self._held + piece)
        match = self._OPEN.search(text)
        cut = match.start() if match else len(text)
        self._held = text[cut:]
        return text[:cut]
