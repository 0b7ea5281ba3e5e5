"""How long reading files takes, beside another version of ragapp on the same files.

    git worktree add ../before COMMIT
    python benchmarks/reading.py ../before FOLDER [--rounds 5] [--cells 500000]

Both versions read each file of the folder that both can read, and a workbook that is made here, in processes of their
own and in turn, so that what else the machine does falls on both alike.  OCR is off.  Printed are seconds a unit by
format, the fastest of the rounds, and the ratio of this version to the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
# reads every file named in the arguments; prints seconds and units of each as JSON
READ = """
import json, sys, time
from pathlib import Path
from ragapp.reading.document import ReadOptions
from ragapp.reading.registry import read_file
found = {}
options = ReadOptions(ocr="off")
for name in json.load(sys.stdin):
    try:
        read_file(Path(name), options)  # what is loaded once is not counted
        started = time.perf_counter()
        units = len(read_file(Path(name), options).units)
        found[name] = time.perf_counter() - started, units
    except Exception as error:
        print(f"{name}: {type(error).__name__}", file=sys.stderr)
json.dump(found, sys.stdout)
"""


def make_workbook(path: Path, cells: int) -> None:
    """A workbook of ten columns: names, whole numbers, amounts, percentages and dates."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        shapes = [
            book.add_format({"num_format": code}) for code in ("General", "#,##0.00 €", "0.0%", "yyyy-mm-dd", "0")
        ]
        sheet.write_row(0, 0, [f"Column {n}" for n in range(10)])
        for row in range(1, cells // 10):
            for column in range(5):
                sheet.write_string(row, column, f"name {(row * 7 + column) % 5000}")
            for column in range(5, 10):
                sheet.write_number(row, column, (row * 13 % 9000) / (1000 if column == 7 else 1), shapes[column - 5])


def read(checkout: Path, files: list[Path]) -> dict[str, tuple[float, int]]:
    """Seconds and units of each file that a version can read."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", READ],
        input=json.dumps(list(map(str, files))),
        capture_output=True,
        text=True,
        env=environment,
        cwd=checkout,
        check=True,
    )
    return {name: (seconds, units) for name, (seconds, units) in json.loads(done.stdout).items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("other", type=Path, help="checkout of the other version")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--cells", type=int, default=500_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as made:
        workbook = Path(made, f"{chosen.cells} cells.xlsx")
        make_workbook(workbook, chosen.cells)
        files = sorted(path for path in chosen.folder.rglob("*") if path.is_file())
        sides = {"this": HERE, "other": chosen.other.resolve()}
        best: dict[str, dict[str, tuple[float, int]]] = {side: {} for side in sides}
        for number in range(chosen.rounds):
            for side in (*sides,) if number % 2 else (*reversed(sides),):
                wanted = [*files, workbook] if number < 2 else files  # the workbook takes long
                for name, (seconds, units) in read(sides[side], wanted).items():
                    before = best[side].get(name, (seconds, units))
                    best[side][name] = min(seconds, before[0]), units
    total: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0, 0.0, 0])
    for name in sorted(best["this"].keys() & best["other"].keys()):
        kinds = (Path(name).name,) if name == str(workbook) else (Path(name).suffix.lower(), "all")
        for kind in kinds:
            row = total[kind]
            row[0] += 1
            for place, side in ((1, "this"), (3, "other")):
                seconds, units = best[side][name]
                row[place], row[place + 1] = row[place] + seconds, row[place + 1] + units
    print("| files | this: s, units, ms a unit | other: s, units, ms a unit | ratio of seconds |\n|---|---|---|---|")
    for kind, (count, *row) in total.items():
        shown = [f"{row[at]:.3f}, {row[at + 1]:.0f}, {1000 * row[at] / max(row[at + 1], 1):.2f}" for at in (0, 2)]
        print(f"| {count:.0f} {kind} | {shown[0]} | {shown[1]} | {row[0] / row[2]:.2f} |")


if __name__ == "__main__":
    main()
