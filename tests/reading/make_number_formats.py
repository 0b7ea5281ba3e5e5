"""Makes ``number_formats.csv``: what LibreOffice shows of pairs of a number format and a value.

    python tests/reading/make_number_formats.py

needs ``soffice``; the tests need only the table. Where LibreOffice differs from Excel, the column ``excel`` holds
what Excel shows, and ``why`` the reason. These two are filled in by hand, and kept when the table is made anew.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import xlsxwriter
from number_format_pairs import pairs

TABLE = Path(__file__).with_name("number_formats.csv")
# comma, quotes, UTF-8, en-US, cells as they are shown
_AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true,true,false,false,-1"


def _workbook(path: Path, rows: list[tuple[str, Any]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("S")
        sheet.set_column(0, 0, 250)  # so wide that no cell is a row of #
        for row, (code, value) in enumerate(rows):
            shape = book.add_format({"num_format": code, "align": "left"})
            if isinstance(value, str):
                sheet.write_string(row, 0, value, shape)
            else:
                sheet.write_number(row, 0, value, shape)
            sheet.write_string(row, 1, ".")


def _by_libreoffice(rows: list[tuple[str, Any]]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        _workbook(Path(folder) / "pairs.xlsx", rows)
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", _AS_SHOWN]
        subprocess.run(
            [*command, "--outdir", folder, f"{folder}/pairs.xlsx"], check=True, capture_output=True, timeout=600
        )
        written = next(Path(folder).glob("pairs*.csv")).read_text(encoding="utf-8")
    return [line[0] for line in csv.reader(io.StringIO(written))]


def _by_hand() -> dict[tuple[str, str], tuple[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["code"], row["value"]): (row["excel"], row["why"]) for row in csv.DictReader(file)}


def main() -> None:
    """Write the table."""
    rows = pairs()
    seen = _by_libreoffice(rows)
    if len(seen) != len(rows):
        sys.exit(f"{len(seen)} rows came back for {len(rows)} pairs")
    by_hand = _by_hand() if TABLE.exists() else {}
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["code", "value", "libreoffice", "excel", "why"])
        for (code, value), shown in zip(rows, seen, strict=True):
            written = json.dumps(value, ensure_ascii=False)
            table.writerow([code, written, " ".join(shown.split()), *by_hand.get((code, written), ("", ""))])
    print(f"{len(rows)} pairs: {TABLE}")


if __name__ == "__main__":
    main()
