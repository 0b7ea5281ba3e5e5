from __future__ import annotations

import functools
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pdfkit import picture
from PIL import Image

from ragapp.errors import ReadingError
from ragapp.reading.document import Block, ReadOptions, Unit
from ragapp.reading.pages import ocr
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import HYPHEN

FRENCH = ["Été à Orléans : œuvre, façade, dîner, Noël", "Die Größe der Räume, Straße gesperrt"]


@functools.cache
def _recognised() -> ocr.RecognisedText:
    return ocr.recognise(picture(FRENCH), ReadOptions(ocr_engine="rapidocr"))


def test_accents_come_out_right() -> None:
    text = " ".join(line.text for line in _recognised().lines)
    for word in ("Été", "Orléans", "œuvre", "façade", "dîner", "Noël", "Größe", "Räume", "Straße"):
        assert word in text


def test_the_confidence_is_kept() -> None:
    assert 0.9 < _recognised().confidence <= 1.0
    assert _recognised().dropped == 0


def test_upside_down_is_turned() -> None:
    found = ocr.recognise(picture(FRENCH).rotate(180), ReadOptions(ocr_engine="rapidocr"))
    assert "Orléans" in " ".join(line.text for line in found.lines)


def test_nothing_in_the_picture() -> None:
    blank = Image.new("RGB", (300, 200), "white")
    assert ocr.recognise(blank, ReadOptions(ocr_engine="rapidocr")).lines == []


def test_it_needs_no_network() -> None:
    code = """
        import socket
        def refuse(*args, **kwargs):
            raise AssertionError("the network was asked for")
        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        from PIL import Image
        from ragapp.reading.pages import ocr
        from ragapp.reading.document import ReadOptions
        ocr.recognise(Image.new("RGB", (200, 100), "white"), ReadOptions(ocr_engine="rapidocr"))
        print("done")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "done", done.stderr
    assert done.stderr == ""  # it logs nothing either


# --- which engine


@pytest.mark.parametrize(
    ("wanted", "rapidocr", "tesseract", "engine", "told"),
    [
        ("auto", True, True, "rapidocr", ""),
        ("auto", True, False, "rapidocr", ""),
        ("auto", False, True, "tesseract", ""),
        ("auto", False, False, "", "pip install 'ragapp[ocr]'"),
        ("rapidocr", False, True, "", "pip install 'ragapp[ocr]'"),
        ("tesseract", True, True, "tesseract", ""),
        ("tesseract", True, False, "", "apt install tesseract-ocr"),
    ],
)
def test_which_engine(monkeypatch, wanted: str, rapidocr: bool, tesseract: bool, engine: str, told: str) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda name: object() if rapidocr else None)
    monkeypatch.setattr(ocr.shutil, "which", lambda name: "/usr/bin/tesseract" if tesseract else None)
    found, reason = ocr.chosen_engine(ReadOptions(ocr_engine=wanted))
    assert found == engine
    assert told in reason
    if not engine:
        with pytest.raises(ReadingError, match="no text recognition"):
            ocr.recognise(Image.new("RGB", (20, 20)), ReadOptions(ocr_engine=wanted))


# --- Tesseract, by what it prints

TSV = "\n".join(
    "\t".join(row)
    for row in [
        [
            "level",
            "page_num",
            "block_num",
            "par_num",
            "line_num",
            "word_num",
            "left",
            "top",
            "width",
            "height",
            "conf",
            "text",
        ],
        ["1", "1", "0", "0", "0", "0", "0", "0", "900", "360", "-1", ""],
        ["5", "1", "1", "1", "1", "1", "40", "40", "100", "30", "96.0", "Café"],
        ["5", "1", "1", "1", "1", "2", "150", "40", "60", "30", "90.0", "noir"],
        ["5", "1", "1", "1", "1", "3", "600", "40", "80", "30", "93.0", "2,50"],
        ["5", "1", "1", "1", "2", "1", "40", "90", "100", "30", "95.0", " "],
        ["5", "1", "2", "1", "1", "1", "40", "140", "100", "30", "20.0", "~~;"],
    ]
)


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that prints what Tesseract prints, and keeps how it was called."""
    program = tmp_path / "tesseract"
    (tmp_path / "out.tsv").write_text(TSV, encoding="utf-8")
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "if sys.argv[1:] == ['--list-langs']:\n"
        "    print('List of available languages (3):\\neng\\nfra\\nosd')\n"
        "else:\n"
        "    (here / 'args').write_text(' '.join(sys.argv[1:]))\n"
        "    (here / 'in.png').write_bytes(sys.stdin.buffer.read())\n"
        "    print((here / 'out.tsv').read_text(encoding='utf-8'))\n"
        "    sys.exit((here / 'fail').exists())\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ocr._installed_languages.cache_clear()
    yield tmp_path
    ocr._installed_languages.cache_clear()


TESSERACT = ReadOptions(ocr_engine="tesseract", ocr_languages=("fr", "en", "de"))


def test_tesseracts_words_become_lines(tesseract: Path) -> None:
    found = ocr.recognise(picture(["Café noir"]), TESSERACT)
    assert [[piece.text for piece in line.pieces] for line in found.lines] == [["Café noir", "2,50"]]
    assert found.lines[0].x0 == 40
    assert found.lines[0].x1 == 680
    assert found.confidence == pytest.approx((4 * 0.96 + 4 * 0.90 + 4 * 0.93) / 12, abs=0.01)
    assert found.dropped == 1
    assert Image.open(tesseract / "in.png").size == (900, 360)


def test_tesseract_is_asked_for_the_installed_languages(tesseract: Path) -> None:
    ocr.recognise(picture(["x"]), TESSERACT)
    assert "-l fra+eng " in (tesseract / "args").read_text(encoding="utf-8")
    assert ocr.missing_languages(TESSERACT) == ["tesseract-ocr-deu"]
    assert ocr.missing_languages(ReadOptions(ocr_engine="rapidocr", ocr_languages=("de",))) == []
    read = [Unit(1, blocks=[Block("Grosse")], coverage="ocr", confidence=0.95)]
    assert ocr.coverage_warnings(read, TESSERACT) == [
        "Tesseract lacks languages, so accents may be wrong: install tesseract-ocr-deu."
    ]


def test_tesseract_that_fails_is_told(tesseract: Path) -> None:
    (tesseract / "fail").touch()
    with pytest.raises(ReadingError, match="Tesseract failed"):
        ocr.recognise(picture(["x"]), TESSERACT)


def test_tesseract_that_takes_too_long_is_told(tesseract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_TESSERACT_TIMEOUT_S", 0.001)
    with pytest.raises(ReadingError, match="took longer"):
        ocr.recognise(picture(["x"]), TESSERACT)


# --- small parts


def test_noise_is_dropped_and_hyphens_are_marked() -> None:
    lines = [("reim-", 0.9), ("bursement", 0.9), ("~~", 0.2), ("2024-", 0.9)]
    found = [(Line([Piece(text, 0, 20 * row, 50, 20 * row + 10)]), score) for row, (text, score) in enumerate(lines)]
    kept = ocr._kept(found)
    assert [line.text for line in kept.lines] == [f"reim{HYPHEN}", "bursement", "2024-"]
    assert kept.dropped == 1
    assert kept.confidence == pytest.approx(0.9)


def test_large_pictures_are_scaled_down() -> None:
    small = ocr.within_limit(Image.new("L", (8000, 4000)))
    assert small.width * small.height <= ocr.MAX_PIXELS
    assert small.width / small.height == pytest.approx(2, abs=0.01)


def test_what_is_told_of_pages() -> None:
    units = [
        Unit(1, blocks=[Block("x")]),
        Unit(2, coverage="needs_ocr"),
        Unit(3, coverage="needs_ocr"),
        Unit(4, blocks=[Block("y")], coverage="ocr", confidence=0.6),
        Unit(5, coverage="needs_ocr"),
        Unit(6),
    ]
    assert ocr.coverage_warnings(units, ReadOptions(ocr="off")) == [
        "3 of 6 pages are pictures whose text was not recognised: 2-3, 5. Recognition is off: set ingest.ocr to auto.",
        "Pages that were recognised with little confidence: 4.",
    ]
    assert ocr.coverage_warnings([Unit(1), Unit(2)], ReadOptions()) == ["There is no text in it."]
    assert ocr.coverage_warnings([Unit(1, blocks=[Block("x")]), Unit(2)], ReadOptions()) == []
