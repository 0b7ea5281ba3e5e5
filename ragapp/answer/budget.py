"""The token budget for passages: what this machine reads in about ten seconds."""

from __future__ import annotations

import os
from contextlib import suppress

from ragapp.errors import StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.processor import processor_name
from ragapp.llm.interface import LanguageModel

# seconds that people wait without annoyance
READING_S = 10.0
# about four passages: with fewer, the right one is too often missing
MIN_TOKENS = 800
# a speed by so much above the stored one shows that the machine was busy when that was measured
FASTER = 1.25


class TokenBudget:
    """The budget of a model, whatever its window; its speed on this processor is measured at first use, kept in the
    catalog, and raised by whatever is read faster later on."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    def __call__(self, engine: LanguageModel) -> int:
        key = f"reading speed of {engine.fingerprint} on {os.cpu_count()} × {processor_name()}"
        known = 0.0
        with suppress(ValueError):
            known = float(self._catalog.get_state(key) or 0)
        seen = engine.seen_speed if known else engine.prompt_speed()
        if seen > FASTER * known:
            known = seen
            with suppress(StoreError):  # the store may be full or belong to another process; it is measured again then
                self._catalog.set_state(key, f"{seen:.1f}")
        return max(MIN_TOKENS, int(known * READING_S))
