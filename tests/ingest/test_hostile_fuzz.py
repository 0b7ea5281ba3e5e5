"""Damaged files of every kind through the process that reads them, and through a whole run: always an outcome."""

from __future__ import annotations

import io
import random
import time
import zipfile
from pathlib import Path

import pytest
from basekit import base_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from placekit import SETTINGS, Place
from storekit import WordEmbedder, chunker_of

import ragapp
from ragapp.errors import ReadingError
from ragapp.ingest.worker import Limits, Worker
from ragapp.reading.document import ReadOptions
from ragapp.reading.registry import READERS

# seconds; a hang is what is meant, not a slow machine
SOON_S = 30
MEMORY_MB = 1024
QUIET = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
# what no outcome may say: a reader has failed in a way that nobody foresaw, or told how it is made
UNFORESEEN = (
    "while reading",
    "crashed on it",
    "took longer",
    "takes more than",
    "Traceback",
    str(Path(ragapp.__file__).parent),
)
PIECES = [
    b"",
    b"\0" * 8,
    b"\xff" * 8,
    b"PK\x03\x04",
    b"<",
    b">",
    b"&#x110000;",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"[" * 200,
    b"{" * 200,
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b"\xed\xa0\x80",
    b"\r\n--x",
    b'"',
    b"\\u-32768?",
    b"\\bin99999999 ",
    b"%%EOF",
    b"endobj",
    b"/Length 99999999",
    b"stream\n",
]


class Damage:
    """Where and how a file is damaged, drawn from a source of choices."""

    def __init__(self, number, pick):
        self._number, self._pick = number, pick

    def bytes_of(self, data: bytes) -> bytes:
        """The bytes with some overwritten, cut out, put in, doubled or cut off."""
        wrong = bytearray(data)
        for _ in range(self._number(1, 4)):
            at, length = self._number(0, len(wrong)), self._number(0, 60)
            way = self._pick(["put", "overwrite", "cut", "flip", "double", "end"])
            if way == "put":
                wrong[at:at] = self._pick(PIECES)
            elif way == "overwrite":
                wrong[at : at + length] = self._pick(PIECES)
            elif way == "cut":
                del wrong[at : at + length]
            elif way == "flip" and at < len(wrong):
                wrong[at] ^= 1 << self._number(0, 7)
            elif way == "double":
                wrong[at:at] = wrong[at : at + 10 * length]
            elif way == "end":
                del wrong[max(1, at) :]
        return bytes(wrong)

    def file_of(self, data: bytes) -> bytes:
        """The file damaged as a whole or, of a package, in one of its parts, so that the package itself opens."""
        if not data.startswith(b"PK") or not self._number(0, 3):
            return self.bytes_of(data)
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        part, way = self._pick(sorted(parts)), self._pick(["damage", "damage", "damage", "drop", "swap"])
        if way == "drop":
            del parts[part]
        else:
            parts[part] = self.bytes_of(parts[part]) if way == "damage" else parts[self._pick(sorted(parts))]
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            for name, content in parts.items():
                package.writestr(name, content)
        return stream.getvalue()


@pytest.fixture(scope="module")
def reader():
    limits = Limits(SOON_S, memory_mb=MEMORY_MB)
    with Worker(chunker_of(WordEmbedder()), limits, ReadOptions(ocr="off")) as reader:
        yield reader


def outcome(reader: Worker, path: Path) -> str:
    """What became of a file; empty where it was read."""
    started = time.monotonic()
    try:
        prepared = reader.prepare(path)
    except ReadingError as error:
        told = str(error)
        assert len(told) > 10
    else:
        told = ""
        assert prepared.document.units
        for text in (chunk.text for chunk in prepared.chunks):
            text.encode("utf-8")
    assert time.monotonic() - started < SOON_S
    assert not any(sign in told for sign in UNFORESEEN), told
    return told


def test_there_is_a_file_for_every_reader(reader, tmp_path):
    read = {READERS[Path(name).suffix] for name in base_files()}
    assert read == set(READERS.values()) - {("", "")}  # which has no reader
    for name, content in base_files().items():
        (tmp_path / name).write_bytes(content)
        assert outcome(reader, tmp_path / name) == ""


@pytest.mark.parametrize("name", base_files())
def test_a_damaged_file_has_an_outcome(reader, tmp_path, name):
    @QUIET
    @given(st.data())
    def check(data):
        damage = Damage(
            lambda low, high: data.draw(st.integers(low, high)), lambda things: data.draw(st.sampled_from(things))
        )
        (tmp_path / name).write_bytes(damage.file_of(base_files()[name]) or b"x")
        outcome(reader, tmp_path / name)

    check()


def test_a_folder_of_damaged_files_is_accounted_for(place: Place):
    """Through the whole run: reading, embedding, storing."""
    chance = random.Random(20)
    damage = Damage(chance.randint, chance.choice)
    for n in range(3):
        for name, content in base_files().items():
            (place.docs / f"{n}-{name}").write_bytes(damage.file_of(content))
    report = place.with_settings(SETTINGS.model_copy(update={"ocr": "off", "max_file_mb": 20})).run([place.docs])
    fates = {place.named(file.path): file for file in report.files}
    assert len(fates) == 3 * len(base_files())
    assert {file.status for file in fates.values()} == {"indexed", "failed"}
    odd = {name: file.reason for name, file in fates.items() if any(sign in file.reason for sign in UNFORESEEN)}
    assert odd == {}
    assert all(len(file.reason) > 10 for file in fates.values() if file.status == "failed")
