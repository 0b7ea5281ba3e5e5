"""Dry runs: what a run would do, and how long it would take on this machine, estimated from a sample of the files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from ragapp.contract import FileReport
from ragapp.errors import ReadingError
from ragapp.index.chunk_text import ChunkEmbedder, EmbeddedText
from ragapp.index.embedder import Embedder
from ragapp.index.lanes import lane_count
from ragapp.ingest.pace import Amount, Pace, Rate
from ragapp.ingest.plan import ContentIndex, Plan, Task, stored_report
from ragapp.ingest.time_left import TimeLeft
from ragapp.ingest.worker import ChunkedFile, Worker
from ragapp.reading.document import OcrMode

# of each suffix so many files are read, spread over their sizes, until the time is up
FILES_A_SUFFIX = 4
SAMPLE_S = 10.0
_TEXTS = 64  # embedded to measure the speed of this machine
_USUAL_OCR_S = 4.0
_MAX_OCR_PAGES = 3  # of a file to measure the speed of OCR with

OpenPreparer = Callable[[OcrMode | None], Worker]


def simulate(plan: Plan, contents: ContentIndex) -> list[Task]:
    """Enter into a plan what would become of its tasks; returns those whose files would have to be read.

    Nothing that is stored changes.
    """
    to_read = []
    for task in plan.tasks:
        try:
            verdict = contents.judge(task)
        except (ReadingError, OSError) as error:
            plan.fail(task.file, task.row, error)
            continue
        source = verdict.source
        if source and verdict.kind == "unchanged":
            plan.reports[task.path] = stored_report(source, task.path)
            continue
        if source and verdict.kind == "moved":
            plan.gone.remove(source)
        if verdict.kind == "new":
            to_read.append(task)
        plan.reports[task.path] = FileReport(task.path, verdict.status(task), verdict.reason)
    return to_read


def estimate_s(
    tasks: Iterable[Task], embedder: Embedder, workers: int, open_preparer: OpenPreparer, ocr: bool, pace: Pace
) -> float:
    """Seconds that reading by so many processes, recognition of scanned pages (``ocr``), embedding and storing take.

    ``pace`` is what is known of this machine; it learns from the sample.
    """
    by_suffix: dict[str, list[Task]] = {}
    files: list[tuple[str, int]] = []
    for task in tasks:
        by_suffix.setdefault(task.file.path.suffix.lower(), []).append(task)
        files.append((task.path, task.file.size))
    deadline = time.monotonic() + SAMPLE_S
    with open_preparer("off") as preparer:
        samples = {suffix: _sample(group, preparer, deadline) for suffix, group in sorted(by_suffix.items())}
    read = [pair for sample in samples.values() for pair in sample]
    _measure(embedder, [text for _, prepared in read for text in prepared.texts], pace)
    scans = [pair for pair in read if _scanned(pair[1])]
    ocr_s = _ocr_s(scans, open_preparer) if ocr and scans else 0.0
    for suffix, sample in samples.items():
        for task, prepared in sample:
            seconds = prepared.seconds + ocr_s * _scanned(prepared)
            amount = Amount(suffix, task.file.size)
            pace.note_file(amount, seconds, sum(len(text.text) for text in prepared.texts))
    return TimeLeft(files, workers, lane_count(), os.cpu_count() or 1, pace).left() or 0.0


def _sample(group: list[Task], preparer: Worker, deadline: float) -> list[tuple[Task, ChunkedFile]]:
    """Some files of one suffix, read; one at least."""
    by_size = sorted(group, key=lambda task: task.file.size)
    places = {round(part * (len(by_size) - 1) / FILES_A_SUFFIX) for part in range(FILES_A_SUFFIX + 1)}
    sample: list[tuple[Task, ChunkedFile]] = []
    # the middle ones say most, the largest costs most
    for place in sorted(places, key=lambda place: abs(place - len(by_size) / 2)):
        if sample and time.monotonic() > deadline:
            break
        with suppress(ReadingError):
            sample.append((by_size[place], preparer.prepare(by_size[place].file.path)))
    return sample


def _scanned(prepared: ChunkedFile) -> int:
    """How many pages OCR would recognise."""
    return prepared.document.units_covered("needs_ocr")


def _measure(embedder: Embedder, texts: list[EmbeddedText], pace: Pace) -> None:
    """Measure the speed of the embedder on some of the texts."""
    chosen = texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS]
    pace.measured = True
    if not chosen:
        return
    embedder.embed_documents(["loads the model"])
    started = time.monotonic()
    ChunkEmbedder(embedder).embed(chosen)
    pace.embed = Rate(time.monotonic() - started, sum(len(text.text) for text in chosen))


def _ocr_s(scans: list[tuple[Task, ChunkedFile]], open_preparer: OpenPreparer) -> float:
    """Seconds of OCR a page, measured on the file with the fewest."""
    task, prepared = min(scans, key=lambda scan: _scanned(scan[1]))
    if _scanned(prepared) > _MAX_OCR_PAGES:
        return _USUAL_OCR_S
    with open_preparer("auto") as preparer:
        try:
            read = preparer.prepare(task.file.path)
        except ReadingError:
            return _USUAL_OCR_S
    recognised = read.document.units_covered("ocr")
    return max(0.0, read.seconds - prepared.seconds) / recognised if recognised else 0.0
