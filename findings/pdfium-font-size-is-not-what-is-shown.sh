#!/usr/bin/env bash
# pdfium: FPDFText_GetFontSize gives the size that the content stream sets, not the one that is shown.
#
# One would guess: the size of a character's type in points, as a reader sees it and as its name in other libraries says,
# so that headings can be told from text by it.
# True: it is the operand of Tf alone. A page that scales its text by the text matrix or the page's own matrix, as many
# programs write it ("/F1 1 Tf 18 0 0 18 72 700 Tm"), has size 1 for headings and text alike; what is shown is that times
# the length of (c, d) of FPDFText_GetMatrix, which holds the text matrix and the page's own.
# Versions: pypdfium2 5.15.2 (pdfium's fpdf_text.h), reportlab 5.1.0. PDF 32000-1:2008, 9.3.1 and 9.4.4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pypdfium2==5.15.2 reportlab==5.1.0
"$folder/venv/bin/python" - "$folder/sizes.pdf" <<'PYTHON'
import ctypes
import math
import sys
from importlib.metadata import version

import pypdfium2
import pypdfium2.raw as pdfium
from reportlab.pdfgen.canvas import Canvas

canvas = Canvas(sys.argv[1], pagesize=(400, 400))
for y, size, words in ((300, 18, "Heading"), (200, 9, "Text")):
    text = canvas.beginText()
    text.setFont("Helvetica", 1)
    text.setTextTransform(size, 0, 0, size, 50, y)
    text.textOut(words)
    canvas.drawText(text)
canvas.showPage()
canvas.save()

page = pypdfium2.PdfDocument(sys.argv[1])[0]
text_page = page.get_textpage()
handle = text_page.raw
told, shown = [], []
matrix = pdfium.FS_MATRIX()
whole = text_page.get_text_range()
for words in ("Heading", "Text"):
    index = whole.index(words)
    told.append(pdfium.FPDFText_GetFontSize(handle, index))
    assert pdfium.FPDFText_GetMatrix(handle, index, ctypes.byref(matrix))
    shown.append(round(told[-1] * math.hypot(matrix.c, matrix.d), 3))
print("pypdfium2", version("pypdfium2"), "reportlab", version("reportlab"))
print("FPDFText_GetFontSize:", told, "- times (c, d) of FPDFText_GetMatrix:", shown)
if told != [1.0, 1.0] or shown != [18.0, 9.0]:
    sys.exit("This has changed.")
PYTHON
