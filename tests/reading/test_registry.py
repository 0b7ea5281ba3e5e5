"""Which reader reads what: suffixes, content that is something else, protection, and hostile files of every format."""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import xlwt
from docx.opc.constants import CONTENT_TYPE
from msoffcrypto.format.ooxml import OOXMLFile
from olekit import ole_file
from packagekit import write_epub, write_odf, write_zip

from ragapp.errors import ReadingError
from ragapp.reading import formats
from ragapp.reading.document import ReadOptions
from ragapp.reading.registry import READERS, SUFFIXES, read_file, reason_unread

RTF = rb"{\rtf1\ansi\pard the text\par}"
HTML = b"<!DOCTYPE html><html><body><h1>Head</h1><p>the text</p></body></html>"
WORD_TEMPLATE = CONTENT_TYPE.WML_DOCUMENT_MAIN.replace("document.main", "template.main")
MHTML = b"MIME-Version: 1.0\nSubject: Page\nContent-Type: text/html\n\n<h1>Head</h1><p>the text</p>"


def _make(path: Path) -> bytes:
    """A good file of the format that the suffix says, as bytes."""
    if path.suffix == ".docx":
        document = docx.Document()
        document.add_paragraph("the text")
        document.save(str(path))
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.append(["the text", "b"])
        book.save(path)
    elif path.suffix == ".pptx":
        deck = pptx.Presentation()
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "the text"
        deck.save(str(path))
    elif path.suffix == ".xls":
        book = xlwt.Workbook()
        book.add_sheet("a").write(0, 0, "the text")
        book.save(str(path))
    elif path.suffix == ".epub":
        write_epub(path, {"a.xhtml": "<p>the text</p>"})
    else:
        write_odf(path, "<text:p>the text</text:p>")
    return path.read_bytes()


def _read(tmp_path: Path, name: str, data: bytes, *passwords: str):
    (tmp_path / name).write_bytes(data)
    return read_file(tmp_path / name, ReadOptions(passwords=passwords))


def _refused(tmp_path: Path, name: str, data: bytes, *passwords: str) -> ReadingError:
    with pytest.raises(ReadingError) as caught:
        _read(tmp_path, name, data, *passwords)
    assert caught.value.hint.endswith(".")
    assert caught.value.message[0].islower()
    return caught.value


def test_every_reader_is_there() -> None:
    from importlib import import_module

    for module, function in filter(any, READERS.values()):
        assert callable(getattr(import_module(module), function))


def test_every_suffix_that_is_read_is_in_the_documentation() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"\.\w+", "".join(line for line in text.split("\n") if line.startswith("| ") and "`." in line))
    )
    assert {suffix for suffix, reader in READERS.items() if any(reader)} == named


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_zero_bytes(tmp_path: Path, suffix: str) -> None:
    assert "0 bytes" in _refused(tmp_path, f"a{suffix}", b"").message


# --- content that is something else


@pytest.mark.parametrize("real", [".docx", ".xlsx", ".pptx", ".xls", ".odt", ".epub"])
@pytest.mark.parametrize("named", [".pdf", ".doc", ".txt", ".html", ".docx", ".rtf", ".csv", ".msg"])
def test_a_wrong_suffix_is_read_by_its_content_with_a_warning(tmp_path: Path, real: str, named: str) -> None:
    document = _read(tmp_path, f"a{named}", _make(tmp_path / f"good{real}"))
    assert "the text" in "".join(unit.text for unit in document.units)
    if real == named:
        assert document.warnings == []
    else:
        assert document.warnings[0].startswith(f"The file is named {named} but is a")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.doc", RTF, "an RTF document"),
        ("a.doc", HTML, "an HTML page"),
        ("a.xls", HTML, "an HTML page"),
        ("a.doc", MHTML, "web page or mail"),
        ("a.html", MHTML, "web page or mail"),
        ("a.txt", RTF, "an RTF document"),
        ("a.pdf", b"the text is plain\n" * 9, "plain text"),
        ("a.docx", "the text, été\n".encode(), "plain text"),
    ],
)
def test_text_formats_under_wrong_suffixes(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    document = _read(tmp_path, name, data)
    assert "the text" in document.units[0].text
    assert said in document.warnings[0]


def test_separated_values_named_as_a_workbook_are_a_table(tmp_path: Path) -> None:
    document = _read(tmp_path, "a.xls", b"Nom\tPrix\nA\t1\n")
    assert document.units[0].text == "| Nom | Prix |\n| --- | --- |\n| A | 1 |"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.log", "a.eml"])
def test_markup_in_text_files_is_no_wrong_suffix(tmp_path: Path, name: str) -> None:
    data = b"Subject: x\nMIME-Version: 1.0\n\n" + HTML if name == "a.eml" else HTML
    assert not [note for note in _read(tmp_path, name, data).warnings if "named" in note]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.doc", ole_file({"WordDocument": b"x"}), "old binary Word"),
        ("a.docx", ole_file({"WordDocument": b"x"}), "old binary Word"),
        ("a.ppt", ole_file({"PowerPoint Document": b"x"}), "old binary PowerPoint"),
        ("a.doc", b"\x00\x01\x02\xff" * 50, "damaged"),
        ("a.pdf", b"\x1f\x8b\x08" + bytes(50), "a gzip archive"),
        ("a.txt", b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7z archive"),
        ("a.docx", b"SQLite format 3\x00" + bytes(50), "SQLite"),
    ],
)
def test_what_has_no_reader_says_what_it_is(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    assert said in _refused(tmp_path, name, data).message


def _zip(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name in names:
            package.writestr(name, "x")
    return stream.getvalue()


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason", "hint"),
    [
        ("a.zip", _zip("a.txt"), "archive", "Unpack it"),
        ("a.tar.gz", b"\x1f\x8b", "archive", "Unpack it"),
        ("a.bak", _zip("a.txt"), "no reader for .bak, and it is a zip archive", "Unpack it"),
        ("a.old", _tar(), "a tar archive", "Unpack it"),
        ("a.pages", _zip("Index/Document.iwa"), "Apple iWork", "Export it"),
        ("a.zzz", _zip("Index/Document.iwa"), "Apple iWork", "Export it"),
        ("a.xlsb", _zip("xl/workbook.bin"), "binary Excel", "convert-to xlsx"),
        ("a.mp3", b"ID3", "a sound or a film", "Write down"),
        ("report", b"%PDF-1.7\n", "no reader for files without a suffix, but it is a PDF", "suffix .pdf"),
        ("a.conf", b"key = value\n", "no reader for .conf, but it is text", "suffix .txt"),
        ("a.bin", bytes(range(256)) * 4, "no reader for .bin", "Convert it"),
        ("a.exe", b"MZ\x90\x00" + bytes(60), "a Windows program", "Leave it out"),
    ],
)
def test_files_without_a_reader_get_a_reason_and_a_hint(
    tmp_path: Path, name: str, data: bytes, reason: str, hint: str
) -> None:
    (tmp_path / name).write_bytes(data)
    told = reason_unread(tmp_path / name)
    assert reason in told[0]
    assert hint in told[1]
    assert _refused(tmp_path, name, data).message == told[0]


def test_a_reason_is_given_for_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    assert reason_unread(tmp_path / "gone.xyz")[0] == "no reader for .xyz"


def test_a_zip_in_a_zip_in_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    data = b"x"
    for _ in range(50):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("inner.zip", data)
        data = stream.getvalue()
    assert "a zip archive" in _refused(tmp_path, "a.docx", data).message


@pytest.mark.parametrize(
    ("suffix", "usual", "kind"),
    [
        (".docm", CONTENT_TYPE.WML_DOCUMENT_MAIN, "application/vnd.ms-word.document.macroEnabled.main+xml"),
        (".dotx", CONTENT_TYPE.WML_DOCUMENT_MAIN, WORD_TEMPLATE),
        (".xlsm", CONTENT_TYPE.SML_SHEET_MAIN, "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
        (".ppsx", CONTENT_TYPE.PML_PRESENTATION_MAIN, CONTENT_TYPE.PML_SLIDESHOW_MAIN),
    ],
)
def test_templates_macros_and_slide_shows(tmp_path: Path, suffix: str, usual: str, kind: str) -> None:
    base = {".docm": ".docx", ".dotx": ".docx", ".xlsm": ".xlsx", ".ppsx": ".pptx"}[suffix]
    _make(tmp_path / f"good{base}")
    with zipfile.ZipFile(tmp_path / f"good{base}") as package:
        parts = {name: package.read(name) for name in package.namelist()}
    types = parts["[Content_Types].xml"].replace(usual.encode(), kind.encode())
    assert types != parts["[Content_Types].xml"]
    path = write_zip(tmp_path / f"a{suffix}", parts | {"[Content_Types].xml": types})
    document = read_file(path)
    assert "the text" in document.units[0].text
    assert document.warnings == []


# --- passwords


def _protected(tmp_path: Path, suffix: str, password: str) -> bytes:
    stream = io.BytesIO()
    OOXMLFile(io.BytesIO(_make(tmp_path / f"plain{suffix}"))).encrypt(password, stream)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".pptx"])
def test_passwords_are_tried(tmp_path: Path, suffix: str) -> None:
    data = _protected(tmp_path, suffix, "sésame")
    assert "the text" in _read(tmp_path, f"a{suffix}", data, "wrong", "sésame").units[0].text
    missing = _refused(tmp_path, f"a{suffix}", data)
    assert missing.message == "the file is password-protected"
    assert "ingest.passwords" in missing.hint
    assert "no password of ingest.passwords opens it" in _refused(tmp_path, f"a{suffix}", data, "wrong").message


def test_a_workbook_protected_against_changes_opens_without_a_password(tmp_path: Path) -> None:
    assert "the text" in _read(tmp_path, "a.xlsx", _protected(tmp_path, ".xlsx", "VelvetSweatshop")).units[0].text


def test_a_protected_file_under_an_old_suffix(tmp_path: Path) -> None:
    document = _read(tmp_path, "a.doc", _protected(tmp_path, ".docx", "x"), "x")
    assert "the text" in document.units[0].text


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_protected_file(tmp_path: Path, share: float) -> None:
    data = _protected(tmp_path, ".docx", "x")
    _refused(tmp_path, "a.docx", data[: int(len(data) * share)], "x")


# --- hostile files end in bounded time, with text or a reason

DEEP = 100_000
HOSTILE = {
    "deep.html": "<div>" * DEEP + "bottom" + "</div>" * DEEP,
    "tables.html": "<table><tr><td>" * 20_000 + "bottom",
    "lists.html": "<ul><li>x" * 20_000 + "bottom",
    "bold.html": "<b>" * DEEP + "bottom",
    "spans.html": "<table><tr>"
    + "<td colspan=9999 rowspan=9999>x</td>" * 100
    + "</tr>"
    + "<tr><td>y</td></tr>" * 2000
    + "</table>bottom",
    "quotes.md": ">" * DEEP + " bottom",
    "lists.md": "\n".join(" " * (2 * depth) + "- x" for depth in range(300)) + "bottom",
    "brackets.md": "[" * DEEP + "bottom" + "](" * 1000,
    "line.txt": "word " * 400_000 + "bottom",
    "line.md": "word " * 400_000 + "bottom",
    "line.html": "<p>" + "word " * 400_000 + "bottom",
    "line.json": json.dumps(["word " * 400_000 + "bottom"]),
    "line.xml": "<a>" + "word " * 400_000 + "bottom</a>",
    "line.rtf": r"{\rtf1 " + "word " * 400_000 + "bottom}",
    "line.eml": "Subject: x\nFrom: y\n\n" + "word " * 400_000 + "bottom",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_keep_their_text_in_bounded_time(tmp_path: Path, name: str) -> None:
    started = time.process_time()
    document = _read(tmp_path, name, HOSTILE[name].encode())
    assert "bottom" in "".join(unit.text for unit in document.units)
    assert max(len(unit.text) for unit in document.units) < 500_000 or name == "line.eml"  # a mail is one unit
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "mail",
    [
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1000)),
        "Content-Type: message/rfc822\n\n" * 1000,
    ],
)
def test_mails_nested_without_measure(tmp_path: Path, mail: str) -> None:
    assert "nested too deep" in _refused(tmp_path, "a.eml", b"From: a@b\nSubject: x\n" + mail.encode()).message


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ('{"question": "Who?", "answers": ["Ann"], "document": "a.pdf", "pages": [1]}', True),
        ('{"question": "Who?", "answerable": false}', True),
        ('{"id": "1", "question": "Who?", "answer": "Ann", "expected": ["Ann"], "passages": []}', True),
        ('{"question": "How do I log in?", "answer": "With your badge."}', False),
        ('{"answers": [1, 2]}', False),
        ('["question", "answers"]', False),
        ("no JSON at all", False),
        ("[" * 100_000, False),
    ],
)
def test_questions_about_documents_are_no_documents(tmp_path: Path, line: str, left_out: bool) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    reason = reason_unread(path)
    assert (reason is not None) == left_out
    if left_out:
        assert "ragapp eval" in reason[0]
        with pytest.raises(ReadingError, match="ragapp eval"):
            read_file(path)


def test_a_mistake_in_the_table_of_formats_names_the_entry() -> None:
    with pytest.raises(ValueError, match=r"formats\.yaml, a PDF: .*'sufixes'"):
        formats._format({"name": "a PDF", "sufixes": [".pdf"]})
