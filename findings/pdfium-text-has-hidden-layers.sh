#!/usr/bin/env bash
# One would guess that the text page has the text of the page as pypdfium2 renders it, and that a layer (optional content)
# that is switched off when the file is opened is in neither. True: the picture lacks it, the text page has it, and there
# is no argument to leave it out.
# Seen with pypdfium2 5.15.2 (PdfPage.get_textpage, PdfTextPage.get_text_range; pdfium's FPDFText_LoadPage);
# ISO 32000-1, 8.11 says what is shown.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pypdfium2==5.15.2
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import pypdfium2


def pdf(off: str) -> bytes:
    """A page with one line, in a layer that is on or off when the file is opened."""
    content = b"/OC /Layer BDC BT /F 24 Tf 20 60 Td (Draft price 64 euros) Tj ET EMC"
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</Order[6 0 R]/OFF[{off}]>>>>>>".encode(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 320 120]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>/Properties<</Layer 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/OCG/Name(Drafts)>>",
    ]
    data, places = b"%PDF-1.5\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 7\n0000000000 65535 f \n" + table
    return data + b"trailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start


seen = {}
for name, off in (("on", ""), ("off", "6 0 R")):
    page = pypdfium2.PdfDocument(pdf(off))[0]
    dark = sum(shade < 128 for shade in bytes(page.render(grayscale=True).buffer))
    seen[name] = dark, page.get_textpage().get_text_range()
print("pypdfium2", version("pypdfium2"))
for name, (dark, text) in seen.items():
    print(f"layer {name}: {dark} dark pixels in the picture; the text page has {text!r}")
assert seen["on"][0] > 0 == seen["off"][0]
assert seen["on"][1] == seen["off"][1] == "Draft price 64 euros"
PY
