"""How many tokens of passages a question may cost: what this machine reads in about ten seconds."""

from __future__ import annotations

import platform
from contextlib import suppress

from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.llm.interface import LanguageModel

# what a person waits without being annoyed
READING_S = 10.0
# about four passages: with fewer the right one is too often not among them, and a right answer is worth the wait
MIN_TOKENS = 800
# a reading that was so much faster than what is remembered shows that the machine was busy then
FASTER = 1.25


class ReadingBudget:
    """Tokens of passages for a model on this machine, measured when the model is first used and remembered.

    Args:
        catalog: where the speed is remembered.
    """

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def __call__(self, engine: LanguageModel) -> int:
        """Tokens that may be read, no window considered."""
        key = f"reading speed of {engine.fingerprint} on {platform.machine()} {platform.processor()}"
        known = self._remembered(key)
        seen = engine.seen_speed if known else engine.reading_speed()
        if seen > FASTER * known:
            known = seen
            with suppress(StoreError):  # the store may be another process's, or full; it is measured again then
                self._catalog.set_state(key, f"{seen:.1f}")
        return max(MIN_TOKENS, int(known * READING_S))

    def _remembered(self, key: str) -> float:
        with suppress(ValueError):
            return float(self._catalog.get_state(key) or 0)
        return 0.0
