from __future__ import annotations

import re
from pathlib import Path

from tests.reading.seen.seenkit import Seen, check, table
from tests.reading.seen.xlsxkit import merged, rows, xlsx

GAP = None

CASES = [
    Seen(
        "two tables with the same names",
        ".xlsx",
        xlsx(rows(["Part", "Stock", GAP, "Part", "Stock"], ["Bolt", 3, GAP, "Tea", 7], ["Nut", 4, GAP, "Jam", 9])),
        sees=("| Bolt | 3 |\n| Nut | 4 |", "| Tea | 7 |\n| Jam | 9 |"),
        never=(re.compile(r"Bolt.*Tea"),),
        source="Excel's current region ends at a blank column",
    ),
    Seen(
        "a title above each",
        ".xlsx",
        xlsx(
            rows(
                ["Ulm", GAP, GAP, "Graz"],
                ["Job", "Staff", GAP, "Job", "Staff"],
                ["Cook", 3, GAP, "Cook", 5],
                ["Clerk", 4, GAP, "Clerk", 6],
            )
        ),
        sees=("| Cook | 3 |", "| Cook | 5 |"),
        never=("Ulm: Graz", re.compile(r"3.*5")),
        headings=("Ulm", "Graz"),
        source="Excel's current region ends at a blank column",
    ),
    Seen(
        "one begins lower",
        ".xlsx",
        xlsx(
            rows(
                ["Item", "Price"],
                ["Bolt", 3],
                ["Nut", 4, GAP, "Contact", "Phone"],
                ["Pin", 5, GAP, "Ann", "0123"],
                [GAP, GAP, GAP, "Bob", "0456"],
            )
        ),
        sees=("| Pin | 5 |", "| Contact | Phone |\n| --- | --- |\n| Ann | 0123 |\n| Bob | 0456 |"),
        never=(re.compile(r"Pin.*Ann"),),
    ),
    Seen(
        "a shorter one with rows of its own",
        ".xlsx",
        xlsx(
            rows(
                ["Code", "Amount", GAP, "Sign", "Meaning"],
                ["K7", 3, GAP, "red", "late"],
                ["K8", 4, GAP, "green", "paid"],
                ["K9", 5],
            )
        ),
        sees=("| K9 | 5 |", "| red | late |"),
        never=(re.compile(r"K7.*red"),),
    ),
    Seen(
        "a remark far to the right",
        ".xlsx",
        xlsx(rows(["Month", "Sales"], ["Jan", 3, GAP, GAP, GAP, GAP, "Without VAT"], ["Feb", 4])),
        sees=("| Jan | 3 |\n| Feb | 4 |", "Without VAT"),
        never=(re.compile(r"Jan.*VAT"),),
    ),
    Seen(
        "three with titles",
        ".xlsx",
        xlsx(
            rows(
                ["Red", GAP, GAP, "Blue", GAP, GAP, "Green"],
                ["Who", "Pts", GAP, "Who", "Pts", GAP, "Who", "Pts"],
                ["Ann", 1, GAP, "Ann", 2, GAP, "Ann", 3],
            )
        ),
        sees=("| Ann | 1 |", "| Ann | 2 |", "| Ann | 3 |"),
        headings=("Red", "Blue", "Green"),
    ),
    Seen(
        "labels beside an address",
        ".xlsx",
        xlsx(
            rows(
                ["Acme Ltd", GAP, GAP, "Invoice:", "5003"],
                ["Main St 1", GAP, GAP, "Date:", "2 May"],
                ["Ulm", GAP, GAP, "Customer:", "K-77"],
            )
        ),
        sees=("Acme Ltd\nMain St 1\nUlm", "Invoice: 5003\nDate: 2 May\nCustomer: K-77"),
    ),
    Seen(
        "a blank column within a table",
        ".xlsx",
        xlsx(rows(["Who", "Plan", GAP, "Actual"], ["Ann", 3, GAP, 5], ["Bob", 4, GAP, 6], ["Cem", 7])),
        sees=("| Who | Plan | Actual |", "| Ann | 3 | 5 |", "| Cem | 7 |  |"),
    ),
    Seen(
        "sums right of a blank column",
        ".xlsx",
        xlsx(
            rows(
                ["Item", "Size", GAP, "Price", "Sum"],
                ["Bolt", "M4", GAP, 3, 30],
                ["Nut", "M5", GAP, 4, 40],
                [GAP, GAP, GAP, "Total", 70],
            )
        ),
        sees=("| Bolt | M4 | 3 | 30 |", "| Total | 70 |"),
    ),
    Seen(
        "a title merged over a blank column holds a table together",
        ".xlsx",
        xlsx(
            rows(["Results", GAP, GAP, GAP, GAP], ["A", "B", GAP, "A", "B"], ["x", 1, GAP, "y", 2]),
            after=merged("A1:E1"),
        ),
        sees=("| x | 1 | y | 2 |",),
    ),
    Seen(
        "a hidden column is no gap",
        ".xlsx",
        xlsx(
            rows(["Part", "Stock", "Key", "Part", "Stock"], ["Bolt", 3, "k", "Tea", 7], ["Nut", 4, "k", "Jam", 9]),
            before='<cols><col min="3" max="3" width="9" hidden="1"/></cols>',
        ),
        sees=("| Bolt | 3 | Tea | 7 |",),
        warns=("hidden column",),
    ),
]


@table(CASES)
def test_tables_beside_each_other(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
