"""Words with few values that several records share; light enough for ``--help``."""

from __future__ import annotations

from typing import Literal, get_args

Caution = Literal["low", "normal", "high"]
#: every value of ``answer.caution``, the least cautious first
CAUTIONS: tuple[Caution, ...] = get_args(Caution)
