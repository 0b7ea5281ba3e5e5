from __future__ import annotations

import struct
from pathlib import Path

import pytest
from olekit import ole_file

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.mail.outlook import decompressed_rtf
from ragapp.reading.registry import read_file

SENT = 133_881_433_370_000_000  # 2025-04-03 08:42:17 UTC in the ticks of Windows
# the example of [MS-OXRTFCP] 3.1
COMPRESSED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def _properties(values: dict[int, int], header: int) -> bytes:
    return bytes(header) + b"".join(
        struct.pack("<HHIq", 0x0040 if tag in (0x39, 0x0E06) else 3, tag, 6, value) for tag, value in values.items()
    )


def _text(tag: str, text: str) -> dict[str, bytes]:
    return {f"__substg1.0_{tag}001F": text.encode("utf-16-le")}


def _mail(**more: bytes) -> dict[str, bytes]:
    streams = {"__properties_version1.0": _properties({0x39: SENT}, 32)}
    streams |= _text("0037", "Congés d’été") | _text("0C1A", "Élodie Martin") | _text("5D01", "elodie@example.com")
    return streams | more


def _below(folder: str, streams: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in streams.items()}


def _recipient(number: int, kind: int, name: str, address: str) -> dict[str, bytes]:
    streams = {"__properties_version1.0": _properties({0x0C15: kind}, 8)} | _text("3001", name) | _text("39FE", address)
    return _below(f"__recip_version1.0_#{number:08X}", streams)


def _read(tmp_path: Path, streams: dict[str, bytes]) -> Document:
    (tmp_path / "mail.msg").write_bytes(ole_file(streams))
    return read_file(tmp_path / "mail.msg")


def _texts(document: Document) -> list[str]:
    return [block.text for block in document.units[0].blocks]


def test_headers_body_and_attachments(tmp_path: Path) -> None:
    streams = _mail() | _text("1000", "Bonjour,\r\n\r\nà bientôt " + "x" * 5000)
    streams |= _recipient(0, 1, "Bob", "bob@example.com") | _recipient(1, 2, "ann@example.com", "ann@example.com")
    streams |= _below("__attach_version1.0_#00000000", _text("3707", "rapport été.pdf"))
    streams |= _below("__attach_version1.0_#00000001", _text("3001", "An inner mail"))
    document = _read(tmp_path, streams)
    assert (document.title, document.units[0].kind) == ("Congés d’été", "mail")
    assert _texts(document) == [
        "From: Élodie Martin <elodie@example.com>\nTo: Bob <bob@example.com>\nCc: ann@example.com\n"
        "Date: Thu, 03 Apr 2025 08:42:17 +0000\nSubject: Congés d’été\nAttachments: rapport été.pdf, An inner mail",
        "Bonjour,",
        "à bientôt " + "x" * 5000,
    ]
    assert document.warnings == ["Attachments were not read: rapport été.pdf, An inner mail."]


@pytest.mark.parametrize(
    "body",
    [
        {"__substg1.0_10130102": '<meta charset="utf-8"><h1>Offre</h1><p>été</p>'.encode()},
        {"__substg1.0_10130102": b'<meta charset="windows-1252"><h1>Offre</h1><p>\xe9t\xe9</p>'},
        _text("1013", "<h1>Offre</h1><p>été</p>"),
    ],
)
def test_html_where_there_is_no_plain_text(tmp_path: Path, body: dict[str, bytes]) -> None:
    document = _read(tmp_path, _mail(**body))
    assert _texts(document)[1:] == ["Offre", "été"]
    assert document.units[0].blocks[-1].headings == ("Offre",)


def test_rtf_where_there_is_nothing_else(tmp_path: Path) -> None:
    rtf = b"{\\rtf1\\ansi\\pard caf\\'e9\\par}"
    packed = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    assert _texts(_read(tmp_path, _mail(**{"__substg1.0_10090102": packed})))[1:] == ["café"]


def test_compressed_rtf_as_in_the_specification() -> None:
    assert decompressed_rtf(COMPRESSED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


@pytest.mark.parametrize("packed", [b"", b"\xff" * 40, struct.pack("<II4sI", 99, 2**31, b"LZFu", 0)])
def test_damaged_compressed_rtf(tmp_path: Path, packed: bytes) -> None:
    with pytest.raises(ReadingError):
        decompressed_rtf(packed)


def test_a_mail_of_an_old_outlook_in_its_code_page(tmp_path: Path) -> None:
    streams = {"__properties_version1.0": _properties({0x3FFD: 1250}, 32)}
    streams |= {"__substg1.0_0037001E": "Żółć".encode("cp1250"), "__substg1.0_1000001E": "gęś".encode("cp1250")}
    document = _read(tmp_path, streams)
    assert document.title == "Żółć"
    assert _texts(document)[-1] == "gęś"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_a_truncated_mail(tmp_path: Path, share: float) -> None:
    data = ole_file(_mail() | _text("1000", "long body " * 2000))
    (tmp_path / "mail.msg").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ReadingError):
        read_file(tmp_path / "mail.msg")


@pytest.mark.parametrize(
    ("streams", "said"), [({"WordDocument": b"x"}, "old binary Word"), ({"Something": b"x"}, "another kind")]
)
def test_another_ole_file(tmp_path: Path, streams: dict[str, bytes], said: str) -> None:
    with pytest.raises(ReadingError, match=said):
        _read(tmp_path, streams)
