"""Text recognition (OCR) by RapidOCR, whose models come inside its wheel, or by Tesseract, an installed program."""

from __future__ import annotations

import functools
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from ragapp.errors import ReadingError
from ragapp.plain_words import counted
from ragapp.reading.document import ReadOptions, Unit
from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import HYPHEN
from ragapp.reading.text import clean

if TYPE_CHECKING:
    from PIL.Image import Image

# RapidOCR is as right at 150 dpi as at 300, down to type of 7 points, and much faster; Tesseract is made for 300
_DPI = {"rapidocr": 150, "tesseract": 300}
MAX_PIXELS = 12_000_000  # of a picture that is recognised; A4 at 300 dpi has 8.7 million
_MAX_SIDE = 2400  # pixels; RapidOCR scales larger pictures down
# a picture of more than this many widths in height is read in pieces: a screenshot of a whole page, a till receipt
_LONG = 2.2
_PIECE_WIDTH = 1600  # pixels that a long picture's width is scaled down to
_MAX_PIECES = 60
_MIN_CONFIDENCE = 0.5  # lines below it are noise: photographs, stamps, handwriting
_LOW_CONFIDENCE = 0.8  # pages below it are named in a warning
# half the processor for each of the two workers or more that read
_THREADS = max(1, (os.cpu_count() or 2) // 2)
_TESSERACT_TIMEOUT_S = 120
# ISO 639-1, as in the settings, to Tesseract's names
_LANGUAGES = """
    en eng  fr fra  de deu  es spa  it ita  pt por  nl nld  pl pol  sv swe  da dan  nb nor  no nor  fi fin  cs ces
    sk slk  sl slv  hu hun  ro ron  hr hrv  tr tur  ca cat  el ell  ru rus  uk ukr  bg bul  ar ara  he heb
    zh chi_sim  ja jpn  ko kor
"""
_TESSERACT_LANGUAGES = dict(re.findall(r"(\w+) (\w+)", _LANGUAGES))
INSTALL = "pip install 'ragapp[ocr]'"


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """The text of a picture."""

    lines: list[Line]  # in the engine's order, boxes in pixels
    confidence: float  # 0 to 1, mean over the characters; 0 where there are none
    dropped: int  # lines left out as noise
    turn: int = 0  # degrees, counter-clockwise, by which the picture was turned to be read


def chosen_engine(options: ReadOptions) -> tuple[str, str]:
    """(``rapidocr`` or ``tesseract``, empty), or (empty, a sentence that says why there is none and what to do)."""
    has_rapidocr = find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None
    has_tesseract = shutil.which("tesseract") is not None
    if has_rapidocr and options.ocr_engine != "tesseract":
        return "rapidocr", ""
    if has_tesseract and options.ocr_engine != "rapidocr":
        return "tesseract", ""
    if options.ocr_engine == "tesseract":
        return "", "Tesseract is not installed: apt install tesseract-ocr, or set ingest.ocr_engine to auto."
    return "", f"Text recognition is not installed: {INSTALL}."


def recognise(image: Image, options: ReadOptions) -> RecognisedText:
    """The text in a picture of any mode, scaled down to :data:`MAX_PIXELS`; ReadingError if no engine works."""
    engine, reason = chosen_engine(options)
    if not engine:
        raise ReadingError("no text recognition", reason)
    find = _by_rapidocr if engine == "rapidocr" else partial(_by_tesseract, languages=options.ocr_languages)
    image = image.convert("RGB")
    if image.height > _LONG * image.width and image.height > _MAX_SIDE:
        return _kept(_in_pieces(image, find))
    image = within_limit(image)
    found = find(image)
    best = _kept(found)
    on_its_side = _lies_on_its_side(found)
    if not on_its_side and (not found or best.confidence >= _LOW_CONFIDENCE):
        return best
    if on_its_side:
        # its lines were read one by one, perhaps well, but in the order of another side
        turned = [replace(_kept(find(image.rotate(turn, expand=True))), turn=turn) for turn in (90, 270)]
        better = max(turned, key=lambda text: text.confidence)
        return better if better.confidence > best.confidence - 0.1 else best
    turned_over = replace(_kept(find(image.rotate(180))), turn=180)
    return turned_over if turned_over.confidence > best.confidence + 0.05 else best


def dpi(options: ReadOptions) -> int:
    """The resolution that pages should be drawn in for the engine that will read them."""
    return _DPI[chosen_engine(options)[0] or "rapidocr"]


_Found = list[tuple[Line, float]]


def _kept(found: _Found) -> RecognisedText:
    """The lines that are no noise, a hyphen at a line's end written as :data:`HYPHEN`."""
    kept = [(line, score) for line, score in found if score >= _MIN_CONFIDENCE and line.text.strip()]
    for line, _ in kept:
        last = line.pieces[-1]
        if last.text.endswith("-") and last.text[-2:-1].isalpha():
            last.text = last.text[:-1] + HYPHEN
    letters = sum(len(line.text) for line, _ in kept)
    mean = sum(len(line.text) * score for line, score in kept) / letters if letters else 0.0
    return RecognisedText([line for line, _ in kept], mean, len(found) - len(kept))


def _lies_on_its_side(found: _Found) -> bool:
    """Whether most of the text runs upward or downward; signs of one or two letters do not tell."""
    long = [line for line, _ in found if len(line.text) > 3]
    return 2 * sum(line.height > 1.5 * (line.x1 - line.x0) for line in long) > len(long)


def _in_pieces(image: Image, find: Callable[[Image], _Found]) -> _Found:
    """What is found in a long picture, which is cut where there is least ink, so that its letters need not shrink."""
    scale = min(1.0, _PIECE_WIDTH / image.width, (_MAX_PIECES * _MAX_SIDE * 0.75) / image.height)
    if scale < 1:
        image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    found: _Found = []
    for top, bottom in _cuts(image):
        for line, score in find(image.crop((0, top, image.width, bottom))):
            for piece in line.pieces:
                piece.top, piece.bottom = piece.top + top, piece.bottom + top
            found.append((Line(line.pieces), score))
    return found


def _cuts(image: Image) -> list[tuple[int, int]]:
    """Upper and lower edges of pieces of :data:`_MAX_SIDE` at the most, each cut where a row is most of one colour."""
    import numpy as np

    # how much neighbouring pixels of a row differ
    ink = np.abs(np.diff(np.asarray(image.convert("L"), np.int16), axis=1)).mean(axis=1)
    smooth = np.convolve(ink, np.ones(5) / 5, mode="same")
    edges = [0]
    while image.height - edges[-1] > _MAX_SIDE:
        first, last = edges[-1] + _MAX_SIDE * 3 // 4, edges[-1] + _MAX_SIDE
        edges.append(first + int(np.argmin(smooth[first:last])))
    return list(pairwise([*edges, image.height]))


def within_limit(image: Image) -> Image:
    """The picture, scaled down where it has more than :data:`MAX_PIXELS`."""
    scale = (MAX_PIXELS / max(image.width * image.height, 1)) ** 0.5
    size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
    return image.resize(size) if scale < 1 else image


@functools.cache
def _rapidocr() -> Any:
    import logging
    from pathlib import Path

    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    names = {"Det": "*_det_*.onnx", "Cls": "*_cls_*.onnx", "Rec": "*_rec_*.onnx"}
    paths = {}
    for part, pattern in names.items():
        fitting = sorted(models.glob(pattern))
        if not fitting:
            # without a path it would fetch the model from the net
            raise ReadingError(f"RapidOCR's own model {pattern} is missing", f"Install it again: {INSTALL}.")
        paths[f"{part}.model_path"] = str(fitting[0])
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    settings = {
        "Global.log_level": "critical",
        "Global.text_score": 0.0,  # kept or dropped here, so that what is dropped is counted
        "Global.max_side_len": _MAX_SIDE,
        # the classifier takes some upright lines for upside-down ones; pages are turned as a whole instead
        "Global.use_cls": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return rapidocr.RapidOCR(params=settings | paths)


def _by_rapidocr(image: Image) -> _Found:
    import numpy as np

    result = _rapidocr()(np.asarray(image)[:, :, ::-1].copy())
    if getattr(result, "boxes", None) is None or result.txts is None:
        return []
    found = []
    for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
        text = clean(text).strip()
        if text:
            (x0, y0), (x1, y1) = box.min(axis=0), box.max(axis=0)
            found.append((Line([Piece(text, float(x0), float(y0), float(x1), float(y1))]), float(score)))
    return found


def _by_tesseract(image: Image, languages: Sequence[str]) -> _Found:
    names = _tesseract_names(languages)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    command = ["tesseract", "stdin", "stdout", "-l", "+".join(names), "--dpi", str(_DPI["tesseract"]), "tsv"]
    # its own threads wait for each other by spinning, which is far slower wherever a core is busy
    env = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    png = buffer.getvalue()
    try:
        done = subprocess.run(command, input=png, capture_output=True, timeout=_TESSERACT_TIMEOUT_S, env=env)
    except subprocess.TimeoutExpired:
        message = f"Tesseract took longer than {_TESSERACT_TIMEOUT_S} s for a page"
        raise ReadingError(message, "Scan it at a lower resolution.") from None
    except OSError as error:
        raise ReadingError(f"Tesseract cannot be started ({error.strerror})", "Check its installation.") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", errors="replace").strip().split("\n")[-1]
        raise ReadingError(f"Tesseract failed ({said})", "Check its installation.")
    return _tsv_lines(done.stdout.decode("utf-8", errors="replace"))


def _tsv_lines(tsv: str) -> _Found:
    """Lines of Tesseract's table of words (level 5), whose columns 2-4 number block, paragraph and line."""
    lines: dict[tuple[str, ...], list[tuple[str, float, float, float, float, float]]] = {}
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        left, top, width, height, score = (float(cell) for cell in cells[6:11])
        word = (clean(cells[11]).strip(), left, top, left + width, top + height, max(score, 0.0) / 100)
        lines.setdefault(tuple(cells[1:5]), []).append(word)
    found = []
    for words in lines.values():
        letters = sum(len(word[0]) for word in words)
        score = sum(len(word[0]) * word[5] for word in words) / max(letters, 1)
        found.append((Line(_pieces_of(words)), score))
    return found


def _pieces_of(words: list[tuple[str, float, float, float, float, float]]) -> list[Piece]:
    high = max(word[4] for word in words) - min(word[2] for word in words)
    pieces: list[Piece] = []
    for text, x0, y0, x1, y1, _ in words:
        last = pieces[-1] if pieces else None
        if last is not None and x0 - last.x1 <= high:
            last.add_word(text, x0, y0, x1, y1)
        else:
            pieces.append(Piece(text, x0, y0, x1, y1, False, [(text, x0, x1)]))
    return pieces


@functools.cache
def _installed_languages() -> frozenset[str]:
    try:
        done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(done.stdout.decode("utf-8", errors="replace").split("\n")[1:]) - {"", "osd"}


def _tesseract_names(languages: Sequence[str]) -> list[str]:
    """Tesseract's names of those languages whose data is installed; English where none is."""
    installed = _installed_languages()
    names = dict.fromkeys(_TESSERACT_LANGUAGES.get(language.lower(), language.lower()) for language in languages)
    return [name for name in names if name in installed] or ["eng"]


def missing_languages(options: ReadOptions) -> list[str]:
    """Debian's packages of those wished languages that Tesseract lacks; none where another engine is used."""
    if chosen_engine(options)[0] != "tesseract":
        return []
    names = (_TESSERACT_LANGUAGES.get(language.lower(), language.lower()) for language in options.ocr_languages)
    return [f"tesseract-ocr-{name.replace('_', '-')}" for name in names if name not in _installed_languages()]


def coverage_warnings(units: Sequence[Unit], options: ReadOptions) -> list[str]:
    """Sentences about the pages of a document that are pictures or empty."""
    warnings = []
    waiting = [unit.number for unit in units if unit.coverage == "needs_ocr"]
    if waiting:
        off = "Recognition is off: set ingest.ocr to auto."
        reason = off if options.ocr == "off" else chosen_engine(options)[1]
        kind = "is a picture" if len(waiting) == 1 else "are pictures"
        share = f"{len(waiting)} of {counted(len(units), 'page')} {kind}"
        warnings.append(f"{share} whose text was not recognised: {ranges(waiting)}. {reason}".strip())
    done = [unit for unit in units if unit.coverage == "ocr"]
    poor = [unit.number for unit in done if (unit.confidence or 0.0) < _LOW_CONFIDENCE]
    if poor:
        warnings.append(f"Pages that were recognised with little confidence: {ranges(poor)}.")
    missing = missing_languages(options) if done else []
    if missing:
        warnings.append(f"Tesseract lacks languages, so accents may be wrong: install {' '.join(missing)}.")
    empty = [unit.number for unit in units if unit.coverage == "empty"]
    if empty and len(empty) == len(units):
        warnings.append("There is no text in it.")
    return warnings


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as ranges: ``[1, 2, 3, 7]`` -> ``1-3, 7``."""
    # in a run of consecutive numbers, number and position grow alike
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
