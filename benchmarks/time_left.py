"""Is the time left of an ingestion right?  What was told on the way, held against how long it took.

    python benchmarks/time_left.py FOLDER … [--models DIR] [--embedder NAME]

Each folder is ingested into a store of its own twice: by a ragapp that knows nothing of this machine yet, and by one
that remembers the speeds of the first run.  The table has, at 10, 25, 50 and 75 % of the time that it took, the seconds
that were told to be left and those that were.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ragapp.privacy import go_offline

SHARES = (0.1, 0.25, 0.5, 0.75)


def told_on_the_way(folder: Path, overrides: dict, pace: str) -> tuple[list[tuple[float, float | None]], float, str]:
    """Each moment with the time left that was told then, the seconds that it took, and what was learnt."""
    from ragapp.app import App
    from ragapp.ingest.pace import PACE
    from ragapp.settings import load_settings

    told: list[tuple[float, float | None]] = []
    with tempfile.TemporaryDirectory() as data:
        settings = load_settings(None, {**overrides, "paths": {**overrides["paths"], "data": Path(data)}})
        with App(settings, write=True) as app:
            if pace:
                app.store.catalog.set_state(PACE, pace)
            report = app.pipeline.run([folder], progress=lambda at: told.append((at.seconds, at.seconds_left)))
            return told, report.totals.seconds, app.store.catalog.get_state(PACE) or ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--embedder", default="all-minilm-l6-v2")
    given = parser.parse_args()
    overrides: dict = {"paths": {}, "embedding": {"model": given.embedder}}
    if given.models:
        overrides["paths"]["models"] = given.models
    go_offline()
    print(f"| folder | run | seconds | {' | '.join(f'at {share:.0%}: told / true' for share in SHARES)} |")
    print("|---|---|---|" + "---|" * len(SHARES))
    for folder in given.folders:
        pace = ""
        for run in ("first", "second"):
            told, seconds, pace = told_on_the_way(folder, overrides, pace)
            cells = []
            for share in SHARES:
                at, left = next((one for one in told if one[0] >= share * seconds), told[-1])
                true = seconds - at
                off = f" ({left / true:.2f})" if left is not None and true > 0 else ""
                cells.append(f"{'–' if left is None else f'{left:.0f}'} / {true:.0f}{off}")
            print(f"| {folder.name} | {run} | {seconds:.0f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
