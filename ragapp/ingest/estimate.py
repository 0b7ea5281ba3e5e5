"""What a run would do, and how long it would take on this machine: judged by a sample of the files themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ragapp.contract import FileReport
from ragapp.errors import ReadingError
from ragapp.index.chunk_text import ChunkEmbedder, ChunkText
from ragapp.index.embedder import Embedder
from ragapp.ingest.plan import Contents, Plan, Task, kept_report, settle_failed
from ragapp.ingest.worker import Prepared, Preparer
from ragapp.reading.discover import unreadable
from ragapp.reading.document import OcrMode

# of each suffix so many files are read, spread over their sizes, until the time is up
FILES_A_SUFFIX = 4
SAMPLE_S = 10.0
_TEXTS = 64  # embedded to learn how fast this machine does that
_USUAL_OCR_S = 4.0
_MAX_OCR_PAGES = 3  # a file to learn the speed of OCR from has no more pages to recognise


def foresee(plan: Plan, contents: Contents, conditions: str) -> list[Task]:
    """Enter into a plan what would become of its tasks; changes nothing that is stored.

    Returns:
        The files that would have to be read.
    """
    to_read = []
    for task in plan.tasks:
        try:
            verdict = contents.judge(task)
        except (ReadingError, OSError) as error:
            problem = unreadable(error) if isinstance(error, OSError) else error
            settle_failed(plan, task.file, task.row, problem, conditions)
            continue
        if verdict.kind == "unchanged":
            plan.reports[task.path] = kept_report(task.row)
            continue
        if verdict.kind == "moved":
            plan.gone.remove(verdict.source)
        if verdict.kind == "new":
            to_read.append(task)
        plan.reports[task.path] = FileReport(task.path, verdict.status(task), verdict.reason)
    return to_read


@dataclass(slots=True)
class _Sample:
    """What the sampled files of one suffix came to."""

    bytes: int = 0
    read_s: float = 0.0
    texts: list[ChunkText] = field(default_factory=list)
    ocr_pages: int = 0


def estimate_s(
    tasks: Iterable[Task], embedder: Embedder, workers: int, open_preparer: Callable[[OcrMode], Preparer], ocr: bool
) -> float:
    """Seconds that reading and embedding would take.

    Args:
        tasks: files to read.
        embedder: embeds some of their text.
        workers: how many processes would read.
        open_preparer: makes a worker with a mode of OCR.
        ocr: whether pages without text would be recognised.
    """
    by_suffix: dict[str, list[Task]] = {}
    for task in tasks:
        by_suffix.setdefault(task.file.path.suffix.lower(), []).append(task)
    samples: dict[str, _Sample] = {}
    scans: list[tuple[Task, Prepared]] = []
    deadline = time.monotonic() + SAMPLE_S
    with open_preparer("off") as preparer:
        for suffix, group in sorted(by_suffix.items()):
            samples[suffix] = _sample(group, preparer, deadline, scans)
    texts = [text for sample in samples.values() for text in sample.texts]
    embed_s = _embed_s(embedder, texts)
    ocr_s = _ocr_s(scans, open_preparer) if ocr and scans else 0.0
    embedding = reading = 0.0
    for suffix, sample in samples.items():
        share = sum(task.file.size for task in by_suffix[suffix]) / max(1, sample.bytes)
        embedding += share * len(sample.texts) * embed_s
        reading += share * (sample.read_s + sample.ocr_pages * ocr_s)
    # both go on at once, on the same processor
    return max(embedding, reading / workers) + min(embedding, reading / workers) / workers


def _sample(group: list[Task], preparer: Preparer, deadline: float, scans: list[tuple[Task, Prepared]]) -> _Sample:
    sample = _Sample()
    by_size = sorted(group, key=lambda task: task.file.size)
    places = {round(part * (len(by_size) - 1) / FILES_A_SUFFIX) for part in range(FILES_A_SUFFIX + 1)}
    # the middle ones say most, the largest costs most
    for place in sorted(places, key=lambda place: abs(place - len(by_size) / 2)):
        if sample.bytes and time.monotonic() > deadline:
            break
        task = by_size[place]
        try:
            prepared = preparer.prepare(task.file.path)
        except ReadingError:
            continue
        sample.bytes += task.file.size
        sample.read_s += prepared.seconds
        sample.texts += prepared.texts
        pages = prepared.document.units_covered("needs_ocr")
        sample.ocr_pages += pages
        if pages:
            scans.append((task, prepared))
    return sample


def _embed_s(embedder: Embedder, texts: list[ChunkText]) -> float:
    chosen = texts[:: max(1, len(texts) // _TEXTS)][:_TEXTS]
    if not chosen:
        return 0.0
    embedder.embed_documents(["loads the model"])
    started = time.monotonic()
    ChunkEmbedder(embedder).embed(chosen)
    return (time.monotonic() - started) / len(chosen)


def _ocr_s(scans: list[tuple[Task, Prepared]], open_preparer: Callable[[OcrMode], Preparer]) -> float:
    """Seconds that OCR takes for a page, learnt from the file with the fewest."""
    task, prepared = min(scans, key=lambda scan: scan[1].document.units_covered("needs_ocr"))
    if prepared.document.units_covered("needs_ocr") > _MAX_OCR_PAGES:
        return _USUAL_OCR_S
    with open_preparer("auto") as preparer:
        try:
            read = preparer.prepare(task.file.path)
        except ReadingError:
            return _USUAL_OCR_S
    recognised = read.document.units_covered("ocr")
    return max(0.0, read.seconds - prepared.seconds) / recognised if recognised else 0.0
