import pytest

from ragapp.errors import PathError
from ragapp.web.uploads import safe_name


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("report.pdf", "report.pdf"),
        ("Ré sumé (2).DOCX", "Ré sumé (2).DOCX"),
        ("../../etc/cron.d/x.txt", "x.txt"),
        ("..\\..\\windows\\x.md", "x.md"),
        ("/etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\a.pdf", "a.pdf"),
        ("a\x00b.txt", "ab.txt"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("\x1b]0;t\x07a.txt", "a.txt"),
        ('a<b>:"c|?*.html', "a_b___c___.html"),
        ("e\u0301.txt", "é.txt"),
        ("x" * 400 + ".pdf", "x" * 196 + ".pdf"),
        ("é" * 300 + ".pdf", "é" * 98 + ".pdf"),
    ],
)
def test_a_name_stays_in_its_folder(given, stored):
    assert safe_name(given) == stored


@pytest.mark.parametrize(
    "given",
    ["", ".", "..", "/", ".pdf", ".htaccess", "a", "a.exe", "a.pdf.exe", "a.sh", "nul.txt", "COM1.pdf", "a.zip"],
)
def test_what_is_no_document_is_refused(given):
    with pytest.raises(PathError):
        safe_name(given)
