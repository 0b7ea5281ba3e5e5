"""Bytes that nobody meant to be a file: a reader gives text or says why not, soon; it never fails in another way."""

import functools
import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragapp.errors import ReadingError
from ragapp.reading.document import ReadOptions
from ragapp.reading.registry import read_file

SAMPLES = Path(__file__).resolve().parents[2] / "sample_docs"
NAMES = sorted(path.name for path in SAMPLES.iterdir() if path.name != "questions.jsonl")
# seconds; a hang is what is meant, not a slow machine
SOON_S = 20
QUIET = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
SUFFIXES = [
    ".pdf",
    ".docx",
    ".pptx",
    ".xlsx",
    ".xls",
    ".odt",
    ".ods",
    ".odp",
    ".rtf",
    ".html",
    ".md",
    ".txt",
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".xml",
    ".eml",
    ".msg",
    ".epub",
    ".ipynb",
]
# what parsers of these kinds trip over
PIECES = [
    b"%PDF-1.7\n",
    b"1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj ",
    b"trailer<</Root 1 0 R>>",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"{\\rtf1 ",
    b"\\bin99999999 ",
    b"{" * 40,
    b"}" * 40,
    b"\\u-32768?",
    b"<html>",
    b"<table><tr><td colspan=99999>",
    b"<![CDATA[",
    b"&#x110000;",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"[" * 60,
    b'{"a":',
    b"1e999",
    b'"cells": [{"cell_type": "code", "source": 5}]',
    b"From: a@b\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
    b"Content-Transfer-Encoding: base64\r\n\r\n=",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\xed\xa0\x80",
    b"\xff" * 9,
    b"a,b;c\td\n",
    b'"unclosed',
    b"\r",
    b"| a | b |\n|---|\n",
    b"```\n",
    b"#" * 9,
    b"\x1b[0m",
]
MADE = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=12).map(b"".join)


def read(path: Path, data: bytes) -> None:
    """Read the bytes as a file of this name; the only failure is the one that is told."""
    path.write_bytes(data)
    started = time.monotonic()
    try:
        document = read_file(path, ReadOptions(ocr="off"))
    except ReadingError as error:
        document = None
        told = error.message
    else:
        told = "".join(unit.text for unit in document.units)
    told.encode("utf-8")
    assert told or document
    assert time.monotonic() - started < SOON_S


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_made_up_bytes(tmp_path, suffix):
    @QUIET
    @given(MADE)
    def check(data):
        read(tmp_path / f"made{suffix}", data)

    check()


@functools.cache
def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def damaged(choice, data: bytes) -> bytes:
    """The bytes with some overwritten, cut out or put in."""
    wrong = bytearray(data)
    for _ in range(choice.draw(st.integers(1, 4))):
        at = choice.draw(st.integers(0, len(wrong)))
        piece = choice.draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)))
        wrong[at : at + choice.draw(st.integers(0, 200))] = piece
    return bytes(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_real_files_with_wrong_bytes(tmp_path, name):
    @QUIET
    @given(st.data())
    def check(choice):
        read(tmp_path / name, damaged(choice, sample(name)))

    check()


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(("docx", "pptx", "xlsx"))])
def test_packages_with_wrong_parts(tmp_path, name):
    """The damage is within a part, so that the package itself opens."""

    @QUIET
    @given(st.data())
    def check(choice):
        with zipfile.ZipFile(io.BytesIO(sample(name))) as package:
            parts = {part: package.read(part) for part in package.namelist()}
        part = choice.draw(st.sampled_from(sorted(parts)))
        way = choice.draw(st.sampled_from(["damage", "damage", "empty", "drop", "swap"]))
        if way == "drop":
            del parts[part]
        else:
            other = parts[choice.draw(st.sampled_from(sorted(parts)))]
            parts[part] = {"damage": damaged(choice, parts[part]), "empty": b"", "swap": other}[way]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            for member, content in parts.items():
                package.writestr(member, content)
        read(tmp_path / name, buffer.getvalue())

    check()
