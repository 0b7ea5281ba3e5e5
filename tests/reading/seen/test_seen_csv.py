from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.reading.seen.seenkit import Seen, check, table


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content.encode(encoding))


LINES = [
    Seen(
        "lines above the header of an instrument",
        ".csv",
        text("Logger,TX-9,\nOperator,A. Lund,\nTime,Temp,Flag\n10:00,1.5,ok\n11:00,1.6,ok\n"),
        sees=("Logger: TX-9\nOperator: A. Lund", "| Time | Temp | Flag |\n| --- |"),
        source="exports of data loggers",
    ),
    Seen(
        "a bank's lines above",
        ".csv",
        text(
            "Konto;DE00 0000\nStand;1.204,77 EUR\n\nTag;Empfänger;Betrag\n"
            "03.03.2025;Stadtwerke;-412,60\n05.03.2025;Lohr;-86,40\n",
            "cp1252",
        ),
        sees=("Konto: DE00 0000\nStand: 1.204,77 EUR", "| Tag | Empfänger | Betrag |\n| --- |"),
        source="exports of banks",
    ),
    Seen(
        "lines padded with separators",
        ".csv",
        text(
            '"Account","DE99",,,\n"From","01.01.2025",,,\nDate,Payee,Text,Amount,Rest\n02.01.2025,Foo,Rent,-4,10\n03.01.2025,Bar,,-3,7\n'
        ),
        sees=("Account: DE99", "| Date | Payee | Text | Amount | Rest |\n| --- |"),
        source="exports of spreadsheets",
    ),
    Seen(
        "a row of units",
        ".csv",
        text("Time;Temp;Rain\nhh:mm;°C;mm\n10:00;1,5;0\n11:00;1,4;0,2\n"),
        sees=("| Time / hh:mm | Temp / °C | Rain / mm |\n| --- | --- | --- |\n| 10:00 |",),
        source="exports of data loggers",
    ),
    Seen(
        "several tables in one file",
        ".csv",
        text("Sales\nMonth,Revenue\nJan,100\nFeb,120\n\nStaff\nTeam,Heads\nRed,5\nBlue,7\n"),
        sees=(
            "| Month | Revenue |\n| --- | --- |\n| Jan | 100 |\n| Feb | 120 |",
            "| Team | Heads |\n| --- | --- |\n| Red | 5 |",
        ),
        headings=("Sales", "Staff"),
        source="exports of reports",
    ),
    Seen(
        "groups of columns that are not merged",
        ".csv",
        text(";2023;;2024;\nSite;Revenue;Cost;Revenue;Cost\nLyon;1;2;3;4\nNice;5;6;7;8\n"),
        sees=("| Site | 2023 / Revenue | 2023 / Cost | 2024 / Revenue | 2024 / Cost |",),
        source="sheets saved as CSV",
    ),
    Seen(
        "years are names",
        ".csv",
        text("Country,2021,2022\nFrance,1.5,2.5\nSpain,2.5,2.6\n"),
        sees=("| Country | 2021 | 2022 |\n| --- |",),
        source="exports of statistical offices",
    ),
    Seen(
        "no header at all",
        ".csv",
        text("Bolt;3;4,50\nNut;5;1,50\nPin;2;0,50\n"),
        sees=("|  |  |  |\n| --- | --- | --- |\n| Bolt | 3 | 4,50 |",),
        source="exports of tills",
    ),
    Seen(
        "sizes that count up are a header",
        ".csv",
        text("Colour;36;37;38\nRed;4;0;1\nBlue;2;2;2\n"),
        sees=("| Colour | 36 | 37 | 38 |\n| --- |",),
        source="stock lists",
    ),
    Seen(
        "a header without its last name",
        ".csv",
        text("Name,Role\nAnn,Dev,likes tea\nBob,Ops,x\n"),
        sees=("| Name | Role |  |\n| --- |",),
        source="lists typed by hand",
    ),
    Seen(
        "codes as formulas that keep their zeros",
        ".csv",
        text('Code,Name\n="00123",Ann\n="00042",Bob\n'),
        sees=("| 00123 | Ann |", "| 00042 | Bob |"),
        never=('="',),
        source="Excel and LibreOffice show 00123",
    ),
    Seen(
        "quotes with a backslash before them",
        ".csv",
        text('Name,Note\nAnn,"said \\"no\\", and left"\nBob,fine\n'),
        sees=('| Ann | said "no", and left |', "| Bob | fine |"),
        source="exports of Spark and MySQL",
    ),
    Seen(
        "a backslash at the end of a folder",
        ".csv",
        text('Name,Folder\nAnn,"C:\\data\\"\nBob,"D:\\"\n'),
        sees=("| Ann | C:\\data\\ |", "| Bob | D:\\ |"),
        source="RFC 4180 knows no escape",
    ),
    Seen(
        "spaces before quotes",
        ".csv",
        text('Name, Note, City\n"Ann", "tea, coffee", "Ulm"\n"Bob", "milk, jam", "Graz"\n'),
        sees=("| Ann | tea, coffee | Ulm |",),
        source="files written by hand and by scripts",
    ),
    Seen(
        "addresses of mails have no header above them",
        ".csv",
        text("Ann,Berlin,ann@example.org\nBob,Paris,bob@example.org\n"),
        sees=("| --- | --- | --- |\n| Ann | Berlin | ann@example.org |",),
        source="exports of address books",
    ),
    Seen(
        "a lone pair of lines with colons above",
        ".csv",
        text("Serial:,A-17\nOwner:,Lab 3\n\nSample,pH\nS1,7.1\nS2,6.9\n"),
        sees=("Serial: A-17\nOwner: Lab 3", "| Sample | pH |\n| --- |"),
        source="exports of instruments",
    ),
    Seen(
        "words and a figure below a table are no row of it",
        ".csv",
        text("Name,Hours\nAnn,12\nBob,15\n\nSource: payroll, run 3\nPrinted by Lee\n"),
        sees=("| Source: payroll | run 3 |",),
        never=(re.compile(r"Hours \|\n\| --- \| --- \|\n\| Source"),),
        source="reports with a foot",
    ),
]


@table([*LINES])
def test_seen(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)
