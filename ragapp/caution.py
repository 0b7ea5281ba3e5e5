"""How sure ragapp must be before it answers, by name; beside the settings, which ``--help`` has no time to load."""

from __future__ import annotations

from typing import Literal, get_args

Caution = Literal["low", "normal", "high"]
#: every value that ``answer.caution`` takes, the least first
CAUTIONS: tuple[Caution, ...] = get_args(Caution)
