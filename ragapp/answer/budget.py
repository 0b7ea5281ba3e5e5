"""The token budget for passages: what this machine reads in about ten seconds."""

from __future__ import annotations

import platform
from contextlib import suppress

from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.llm.interface import LanguageModel

# seconds that people wait without annoyance
READING_S = 10.0
# about four passages: with fewer, the right one is too often missing
MIN_TOKENS = 800
# a speed by so much above the stored one shows that the machine was busy when that was measured
FASTER = 1.25


class TokenBudget:
    """The budget of a model, whatever its window; its speed is measured at first use and kept in the catalog."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def __call__(self, engine: LanguageModel) -> int:
        key = f"reading speed of {engine.fingerprint} on {platform.machine()} {platform.processor()}"
        known = 0.0
        with suppress(ValueError):
            known = float(self._catalog.get_state(key) or 0)
        seen = engine.seen_speed if known else engine.prompt_speed()
        if seen > FASTER * known:
            known = seen
            with suppress(StoreError):  # the store may be full or belong to another process; it is measured again then
                self._catalog.set_state(key, f"{seen:.1f}")
        return max(MIN_TOKENS, int(known * READING_S))
