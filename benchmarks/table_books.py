"""Books for `tables.py`, the same at every run: English and French forms, merged heads, totals rows, 100,000 rows."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]

_REGIONS = ["North", "South", "East", "West", "Highlands"]
_PRODUCTS = ["Bench meter", "Field meter", "Probe", "Buffer set", "Stirrer", "Printer"]
_STATES = ["Paid", "Open", "Overdue", "Cancelled"]
_AGENCES = ["Lyon", "Lille", "Nantes", "Marseille", "Strasbourg"]
_ARTICLES = ["Électrode", "Sonde", "Agitateur", "Solution tampon", "Imprimante"]
_CARRIERS = ["Nordfrakt", "Parcelink", "Transmer", "Velopost"]
_PORTS = ["Hull", "Antwerp", "Le Havre", "Rotterdam", "Bilbao", "Genoa"]
_TEAMS = ["Finance", "Assembly", "Optics", "Support"]


def orders() -> Rows:
    """1,000 orders in pounds."""
    drawn = random.Random(1)
    found = []
    for n in range(1000):
        quantity, price = drawn.randint(1, 40), drawn.choice([12.5, 48.0, 96.25, 120.0, 310.4, 1480.0])
        day = date(2024, 1, 1) + timedelta(days=drawn.randrange(366))
        found.append(
            {
                "Order no": 50_001 + n,
                "Customer": f"Customer {drawn.randint(1, 60):03}",
                "Region": drawn.choice(_REGIONS),
                "Product": drawn.choice(_PRODUCTS),
                "Order date": day,
                "Quantity": quantity,
                "Net amount": round(quantity * price, 2),
                "Discount": drawn.choice([0, 0, 0.05, 0.1]),
                "Status": drawn.choice(_STATES),
            }
        )
    return found


def ventes() -> Rows:
    """1,000 sales in euros."""
    drawn = random.Random(2)
    found = []
    for n in range(1000):
        found.append(
            {
                "Numéro": f"V-{n + 1:05}",
                "Date": date(2023, 1, 1) + timedelta(days=drawn.randrange(730)),
                "Agence": drawn.choice(_AGENCES),
                "Article": drawn.choice(_ARTICLES),
                "Quantité": drawn.randint(1, 25),
                "Montant TTC": round(drawn.uniform(15, 9800), 2),
                "Réglé": drawn.choice(["oui", "oui", "non"]),
            }
        )
    return sorted(found, key=lambda row: row["Agence"])


def shipments(count: int = 100_000) -> Rows:
    """Shipments, 100,000 of them."""
    drawn = random.Random(3)
    found = []
    for n in range(count):
        found.append(
            {
                "Shipment": f"S{n + 1:06}",
                "Carrier": drawn.choice(_CARRIERS),
                "Port": drawn.choice(_PORTS),
                "Sent on": date(2022, 1, 1) + timedelta(days=drawn.randrange(1095)),
                "Weight (kg)": round(drawn.uniform(0.5, 2400), 1),
                "Freight EUR": round(drawn.uniform(9, 3500), 2),
                "Customs": drawn.choice(["yes", "no"]),
            }
        )
    return found


def staff() -> Rows:
    """48 people of a Word file."""
    drawn = random.Random(4)
    return [
        {
            "Name": f"{drawn.choice(['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn'])} Person{n:02}",
            "Team": drawn.choice(_TEAMS),
            "Site": drawn.choice(["Sheffield", "Grenoble"]),
            "Hours a week": drawn.choice([20, 28, 35, 38]),
            "First aider": drawn.choice(["yes", "no", "no"]),
        }
        for n in range(1, 49)
    ]


def readings() -> Rows:
    """200 readings of a device whose numbers change their form half way."""
    drawn = random.Random(5)
    return [
        {"Reading": n + 1, "Station": drawn.choice(["Brekke", "Sund"]), "Flow": round(drawn.uniform(1000, 5000), 2)}
        for n in range(200)
    ]


def write_books(folder: Path, large: bool = True) -> list[Path]:
    """Write all books into a folder; ``large`` writes that of 100,000 rows, too."""
    paths = [_orders(folder), _ventes(folder), _staff(folder), _readings(folder)]
    return [*paths, _shipments(folder)] if large else paths


def _orders(folder: Path) -> Path:
    """A workbook: a title, a head of two rows with merged cells, cells with formats, a totals row."""
    from xlsxwriter import Workbook

    rows, path = orders(), folder / "orders-2024.xlsx"
    book = Workbook(str(path))
    sheet = book.add_worksheet("Orders")
    money, day, share = (book.add_format({"num_format": code}) for code in ('#,##0.00 "£"', "yyyy-mm-dd", "0%"))
    sheet.write(0, 0, "Orders of Harrowmere Instruments")
    sheet.merge_range(2, 0, 2, 4, "Order")
    sheet.merge_range(2, 5, 2, 8, "Figures")
    for column, name in enumerate(rows[0]):
        sheet.write(3, column, name)
    formats = {"Order date": day, "Net amount": money, "Discount": share}
    for n, row in enumerate(rows, 4):
        for column, (name, value) in enumerate(row.items()):
            if isinstance(value, date):
                sheet.write_datetime(n, column, value, day)
            else:
                sheet.write(n, column, value, formats.get(name))
    last = 4 + len(rows)
    sheet.write(last, 0, "Total")
    sheet.write(last, 5, sum(row["Quantity"] for row in rows))
    sheet.write(last, 6, round(sum(row["Net amount"] for row in rows), 2), money)
    book.close()
    return path


def _ventes(folder: Path) -> Path:
    """A CSV file in French forms, with a subtotal behind each branch and a total at its end."""
    rows = ventes()
    lines = [";".join(rows[0])]
    for agence in sorted(_AGENCES):
        own = [row for row in rows if row["Agence"] == agence]
        lines += [";".join(_french(value) for value in row.values()) for row in own]
        lines.append(_french_total(f"Sous-total {agence}", own))
    lines.append(_french_total("Total général", rows))
    path = folder / "ventes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _french(value: Any) -> str:
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, float):
        return f"{value:,.2f} €".replace(",", "\u202f").replace(".", ",")
    return str(value)


def _french_total(name: str, rows: Rows) -> str:
    amount = round(sum(row["Montant TTC"] for row in rows), 2)
    return f"{name};;;;{sum(row['Quantité'] for row in rows)};{_french(float(amount))};"


def _shipments(folder: Path) -> Path:
    rows, path = shipments(), folder / "shipments.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(rows[0]) + "\n")
        for row in rows:
            cells = [f'"{value:,.2f}"' if name == "Freight EUR" else str(value) for name, value in row.items()]
            out.write(",".join(cells) + "\n")
    return path


def write_workbook(path: Path, rows: Rows) -> None:
    """Write rows as a plain sheet of a workbook, row after row, so that there may be a million."""
    from xlsxwriter import Workbook

    book = Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Shipments")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, list(rows[0]))
    for n, row in enumerate(rows, 1):
        for column, value in enumerate(row.values()):
            if isinstance(value, date):
                sheet.write_datetime(n, column, value, day)
            else:
                sheet.write(n, column, value)
    book.close()


def _staff(folder: Path) -> Path:
    from docx import Document

    rows, path = staff(), folder / "staff-list.docx"
    document = Document()
    document.add_heading("Staff list", 1)
    document.add_paragraph("Everyone who works here, with hours a week.")
    table = document.add_table(rows=1, cols=len(rows[0]))
    for cell, name in zip(table.rows[0].cells, rows[0], strict=True):
        cell.text = name
    for row in rows:
        for cell, value in zip(table.add_row().cells, row.values(), strict=True):
            cell.text = str(value)
    last = table.add_row().cells
    last[0].text, last[3].text = "Total", str(sum(row["Hours a week"] for row in rows))
    document.save(str(path))
    return path


def _readings(folder: Path) -> Path:
    lines = ["Reading;Station;Flow"]
    for row in readings():
        flow = f"{row['Flow']:,.2f}"
        if row["Reading"] > 100:
            flow = flow.replace(",", " ").replace(".", ",")
        lines.append(f"{row['Reading']};{row['Station']};{flow}")
    path = folder / "readings.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
