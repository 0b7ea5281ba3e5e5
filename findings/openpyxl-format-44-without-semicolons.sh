#!/usr/bin/env bash
# One would guess that the four built-in accounting formats (ids 41 to 44) are written alike: sections for positive
# numbers, negative ones, zero and text, separated by semicolons. True: openpyxl gives the one for id 44, the usual format
# of currencies, without any semicolon, as one section with three numbers and a text in it, so that whoever applies the code
# in cell.number_format does not get what Excel shows. A file that only names the id 44, as Excel's do, is enough.
# Seen with openpyxl 3.1.5 (openpyxl/styles/numbers.py, BUILTIN_FORMATS); ISO/IEC 29500-1, 18.8.30 says what codes are.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet XlsxWriter==3.3.1 openpyxl==3.1.5
"$folder/venv/bin/python" - <<'PY'
import io
from importlib.metadata import version

import openpyxl
import xlsxwriter

file = io.BytesIO()
workbook = xlsxwriter.Workbook(file)
sheet = workbook.add_worksheet()
for row, number in enumerate(range(41, 45)):
    sheet.write(row, 0, -12, workbook.add_format({"num_format": number}))
workbook.close()
codes = [cell.number_format for (cell,) in openpyxl.load_workbook(file).active.iter_rows()]
print("openpyxl", version("openpyxl"))
for number, code in enumerate(codes, start=41):
    print(f"{number}: {code.count(';') + 1} sections: {code}")
assert [code.count(";") for code in codes] == [3, 3, 3, 0], codes
PY
