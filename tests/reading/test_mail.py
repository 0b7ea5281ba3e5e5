from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.mail.reader import read_eml


def _read(tmp_path: Path, data: bytes) -> Document:
    path = tmp_path / "mail.eml"
    path.write_bytes(data)
    return read_eml(path)


def _mail(subject: str = "Congés d’été") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Élodie Martin <elodie@example.com>"
    mail["To"] = "bob@example.com"
    mail["Date"] = "Thu, 03 Apr 2025 09:42:17 +0100"
    if subject:
        mail["Subject"] = subject
    return mail


def _texts(document: Document) -> list[str]:
    return [block.text for block in document.units[0].blocks]


def test_headers_and_plain_body(tmp_path: Path) -> None:
    mail = _mail()
    mail.set_content("Bonjour,\n\nà bientôt\n")
    document = _read(tmp_path, mail.as_bytes())
    assert (document.title, document.warnings, document.units[0].kind) == ("Congés d’été", [], "mail")
    assert _texts(document) == [
        "From: Élodie Martin <elodie@example.com>\nTo: bob@example.com\nDate: Thu, 03 Apr 2025 09:42:17 +0100\n"
        "Subject: Congés d’été",
        "Bonjour,",
        "à bientôt",
    ]


def test_html_is_preferred_to_plain_text_as_mail_programs_do(tmp_path: Path) -> None:
    mail = _mail()
    mail.set_content("plain")
    mail.add_alternative("<p>rich</p>", subtype="html")
    assert _texts(_read(tmp_path, mail.as_bytes()))[1:] == ["rich"]


def test_plain_text_is_read_where_the_html_has_no_words(tmp_path: Path) -> None:
    mail = _mail()
    mail.set_content("plain")
    mail.add_alternative("<p><img src='cid:x'></p>", subtype="html")
    assert _texts(_read(tmp_path, mail.as_bytes()))[1:] == ["plain"]


@pytest.mark.parametrize("plain", [None, " \n"])
def test_html_is_read_where_there_is_no_plain_text(tmp_path: Path, plain: str | None) -> None:
    mail = _mail()
    html = "<style>p{}</style><h1>Offre</h1><table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
    if plain is None:
        mail.set_content(html, subtype="html")
    else:
        mail.set_content(plain)
        mail.add_alternative(html, subtype="html")
    document = _read(tmp_path, mail.as_bytes())
    assert _texts(document)[1:] == ["Offre", "| A | B |\n| --- | --- |\n| 1 | 2 |"]
    assert document.units[0].blocks[-1].headings == ("Offre",)


def test_attachments_are_named_and_not_read(tmp_path: Path) -> None:
    mail = _mail()
    mail.set_content("see attached")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="rapport été.pdf")
    mail.add_attachment("secret", filename="notes.txt")
    mail.add_attachment(_mail("Inner"))
    document = _read(tmp_path, mail.as_bytes())
    assert document.warnings == ["Attachments were not read: rapport été.pdf, notes.txt."]
    assert _texts(document)[0].endswith('\nAttachments: rapport été.pdf, notes.txt, the mail "Inner"')
    assert _texts(document)[1:] == ["see attached"]
    assert [(unit.kind, unit.label) for unit in document.units] == [("mail", ""), ("mail", 'mail "Inner"')]
    assert "Subject: Inner" in document.units[1].text


def test_a_mail_without_subject_is_called_by_its_file(tmp_path: Path) -> None:
    assert _read(tmp_path, _mail("").as_bytes() + b"\nbody").title == "mail"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain; charset=iso-8859-1", "déjà vu".encode("latin-1")),
        ("text/plain; charset=no-such-charset", "déjà vu".encode("latin-1")),
        ("text/plain; charset=us-ascii", "déjà vu".encode()),
        ("text/plain", "déjà vu".encode("cp1252")),
        ("text/html; charset=x-unknown", "<p>déjà vu</p>".encode()),
        ("text/plain; charset=utf-7", "déjà vu".encode("utf-7")),
    ],
)
def test_wrong_and_missing_charsets_are_tolerated(tmp_path: Path, content_type: str, body: bytes) -> None:
    head = f"From: a@example.com\nSubject: x\nContent-Type: {content_type}\nContent-Transfer-Encoding: 8bit\n\n"
    assert _texts(_read(tmp_path, head.encode() + body))[1:] == ["déjà vu"]


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?ZMOpasOgIHZ1?=",
        "=?iso-8859-1?Q?d=E9j=E0_vu?=",
        "déjà vu",
        "=?utf-8?Q?d=C3=A9j=C3=A0?=\n =?utf-8?Q?_vu?=",
    ],
)
def test_subjects_in_any_form(tmp_path: Path, subject: str) -> None:
    assert _read(tmp_path, f"From: a@example.com\nSubject: {subject}\n\nbody".encode()).title == "déjà vu"


@pytest.mark.parametrize(
    "head",
    [
        b"From: <\nSubject: x\n",
        b"From: a@b\nTo: =?utf-8?Q?=ff=fe?= <,;:@\nSubject: x\nDate: yesterday-ish\n",
        b"From: a\nSubject: x\nContent-Type: multipart/mixed; boundary=never\n",
        b"From: a\nSubject: x\nContent-Type: text/plain; charset*=''%\nContent-Transfer-Encoding: base64\n",
        b'From: a\nSubject: x\nContent-Disposition: attachment; filename*0*=x; filename="\n',
    ],
)
def test_malformed_mails_are_read_as_far_as_they_go(tmp_path: Path, head: bytes) -> None:
    document = _read(tmp_path, head + b"\nbody!")
    assert document.title == "x"
    assert document.units[0].blocks


def test_an_unreadable_part_is_told(tmp_path: Path) -> None:
    body = bytes(range(128, 160)) * 9 + b"\0" * 99
    document = _read(tmp_path, b"From: a\nSubject: x\nContent-Type: text/plain\n\n" + body)
    assert "not read" in document.warnings[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"just a note without headers", "not a mail"),
        (b"key: value\n\nbody", "not a mail"),
        (b"%PDF-1.4", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Office"),
        (bytes(range(256)), "not a mail"),
    ],
)
def test_what_is_not_a_mail_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(ReadingError, match=said) as caught:
        _read(tmp_path, data)
    assert caught.value.hint
