"""What a benchmark has found so far, one JSON object a line, so that it goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Kept(dict[str, dict[str, Any]]):
    """Outcomes by what identifies them.

    Args:
        path: of the file, made when missing; None where nothing is to be written.
        key: name of the value that identifies an outcome.
    """

    def __init__(self, path: Path | None, key: str = "id"):
        self._path, self._key = path, key
        super().__init__({one[key]: one for one in read_lines(path)} if path and path.is_file() else {})

    def keep(self, outcome: dict[str, Any]) -> None:
        """Add an outcome, and write it at once."""
        self[outcome[self._key]] = outcome
        if self._path:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(outcome, ensure_ascii=False) + "\n")
