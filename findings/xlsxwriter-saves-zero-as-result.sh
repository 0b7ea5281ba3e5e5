#!/usr/bin/env bash
# One would guess that a library without a calculator saves formulas without a result, so that readers of results find
# none. True: XlsxWriter saves 0 as the result of every formula that is given no value, and the flag fullCalcOnLoad; Excel
# computes anew when it opens the file, while readers (openpyxl with data_only) give the 0 as if it were computed.
# So a saved 0 in a workbook with fullCalcOnLoad is no result.
# Seen with XlsxWriter 3.3.1 and openpyxl 3.1.5 (xlsxwriter/worksheet.py, write_formula; xlsxwriter/workbook.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet XlsxWriter==3.3.1 openpyxl==3.1.5
"$folder/venv/bin/python" - <<'PY'
import io
import re
import zipfile
from importlib.metadata import version

import openpyxl
import xlsxwriter

file = io.BytesIO()
workbook = xlsxwriter.Workbook(file)
sheet = workbook.add_worksheet()
sheet.write_column(0, 0, [20, 22])
sheet.write_formula(2, 0, "=SUM(A1:A2)")
workbook.close()
package = zipfile.ZipFile(file)
cell = re.search(r'<c r="A3".*?</c>', package.read("xl/worksheets/sheet1.xml").decode())[0]
computes = re.search("<calcPr[^>]*>", package.read("xl/workbook.xml").decode())[0]
read = openpyxl.load_workbook(file, data_only=True).active["A3"].value
print("XlsxWriter", version("xlsxwriter"), "| openpyxl", version("openpyxl"))
print("20 + 22 is saved as:", cell)
print("the workbook says:", computes)
print("openpyxl with data_only reads:", repr(read))
assert "<v>0</v>" in cell and 'fullCalcOnLoad="1"' in computes and read == 0
PY
