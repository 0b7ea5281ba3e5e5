"""How far a run of ingestion is, and how long it will take still.

What is left is played through: the files that are not read yet, as long as files of their kind and size have taken, on
as many readers as there are; their text through the embedder and into the store; all of it on the cores of this
machine, which slow each other down when they are more than there are cores.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ragapp.ingest.pace import Amount, Pace
from ragapp.reading.survey import Survey

# more files than this are played through in groups
_GROUPS = 200
# so many pages of a file must be read before they say as much of it as its kind does
_PAGES_TO_TRUST = 1.0
# what takes longer than expected is expected to take so much more of what it took
_OVERDUE = 0.4
# until so much of a first run is over, the time left would be a guess
_MIN_SHARE = 0.03
_MIN_S = 2.0
_LITTLE = 0.3
# seconds and characters of a file that cannot be opened for a look
_CLOSED = 0.5, 1_000.0
# characters that take as long to store as what a document takes besides them
_A_DOCUMENT = 2_000
# seconds
_NOTHING = 1e-9


@dataclass(slots=True)
class _File:
    amount: Amount
    typical: bool = True  # whether it says anything of others
    seconds: float = 0.0  # of reading so far, as if alone on the machine
    page: int = 0
    pages: int = 0
    characters: int = 0  # found on the pages before


@dataclass(slots=True)
class _Work:
    """Some files: seconds of reading, embedding and storing, each as if alone on the machine."""

    read: float
    embed: float
    store: float


@dataclass(slots=True)
class _Demand:
    """Who wants the processor now."""

    reading: dict[str, _File] = field(default_factory=dict)
    embedding: bool = False
    storing: bool = False


class TimeLeft:
    """The work of one run, and what has been done of it.  Threads may share it.

    Args:
        files: path and size in bytes of each file that may have to be read, in the order in which they are.
        workers: processes that read.
        lanes: cores that the embedder uses.
        cores: of this machine.
        pace: what is known of its speed; it learns from this run.
        clock: gives seconds.
    """

    def __init__(
        self,
        files: Iterable[tuple[str, int]],
        workers: int,
        lanes: int,
        cores: int,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = pace
        self._workers, self._lanes, self._cores = max(1, workers), max(1, lanes), max(1, cores)
        self._clock = clock
        self._lock = threading.RLock()
        self._begun = self._at = clock()
        self._waiting = {path: _File(Amount(os.path.splitext(path)[1].lower(), size)) for path, size in files}
        self._now = _Demand()
        self._characters = 0.0  # read, and not embedded yet
        self._to_store = 0.0  # characters that are embedded and not stored yet, with those that documents count for
        self._stored = 0.0
        self._remembered = pace.measured  # by an earlier run
        self._loaded = self._stores = False  # the embedder and the store, in this run
        self._embedded_s = 0.0  # of embedding since the last measurement, as if alone
        self._read = self._known = 0  # files that had to be read, and those that had not
        self._share = 0.0
        # the files of a suffix that were looked at, together
        self._surveyed: dict[str, Amount] = {}
        self.bytes = sum(file.amount.size for file in self._waiting.values())
        self.bytes_done = 0

    # what happens

    def surveyed(self, path: str, seen: Survey | None) -> None:
        """Some pages of a file were looked at, before it is read or while it is; None where it could not be opened."""
        with self._lock:
            file = self._waiting.get(path) or self._now.reading.get(path)
            if file and seen is None:  # its reading will soon fail, or take another way than that of the others
                file.amount, file.typical = Amount(file.amount.suffix, file.amount.size, *_CLOSED), False
            elif file and seen:
                file.amount = one = Amount.surveyed(file.amount.suffix, file.amount.size, seen)
                all_ = self._surveyed.get(one.suffix, Amount(one.suffix, 0, 0.0))
                size, seconds = all_.size + one.size, (all_.seconds or 0.0) + (one.seconds or 0.0)
                self._surveyed[one.suffix] = Amount(one.suffix, size, seconds, all_.characters + one.characters)

    def begin(self, path: str) -> None:
        """A reader has taken a file."""
        with self._advanced():
            file = self._waiting.pop(path, None)
            if file:
                self._now.reading[path] = file

    def page(self, path: str, page: int, pages: int, characters: int = 0) -> None:
        """A reader is at a page of a file, and has found so many characters on the pages before."""
        with self._advanced():
            if file := self._now.reading.get(path):
                file.page, file.pages, file.characters = page, pages, characters

    def read(self, path: str, characters: int, known: int = 0) -> None:
        """A file was read; of its characters so many need not be embedded, since they are known."""
        with self._advanced():
            if file := self._now.reading.pop(path, None):
                # what was come to before it was surveyed is told by others that were
                surveyed = file.amount.seconds is not None or file.amount.suffix not in self._surveyed
                if file.typical and surveyed:
                    self.pace.note_file(file.amount, file.seconds, characters - known)
                self.bytes_done += file.amount.size
                self._read += 1
                self._characters += characters - known
                self._to_store += known + _A_DOCUMENT

    def settled(self, path: str) -> None:
        """A file needs nothing more: its content is known, or it could not be read."""
        with self._advanced():
            file = self._waiting.pop(path, None)
            if file:
                self._known += 1
            else:
                file = self._now.reading.pop(path, None)
            if file:
                self.bytes_done += file.amount.size

    def embedding(self, on: bool) -> None:
        """The embedder begins to work, or ends."""
        with self._advanced():
            self._now.embedding = on

    def embedded(self, characters: float, *, read: bool = True) -> None:
        """So many characters more were embedded; what the first took says nothing, as the model was loaded then.

        They are of files that were ``read``, or only measured with.
        """
        with self._advanced():
            if characters > 0:
                if self._loaded:
                    self.pace.embed.observe(self._embedded_s, characters)
                    self.pace.measured = True
                self._loaded, self._embedded_s = True, 0.0
                if read:
                    self._characters = max(0.0, self._characters - characters)
                    self._to_store += characters

    def storing(self, on: bool, characters: float = 0.0, seconds: float = 0.0) -> None:
        """The store begins with a document, or has stored its characters in so many seconds."""
        with self._advanced():
            self._now.storing = on
            if not on:
                amount = characters + _A_DOCUMENT
                if self._stores:  # the first opens the store
                    self.pace.store.observe(seconds * self._speed(storing=True), amount)
                self._stores = True
                self._to_store = max(0.0, self._to_store - amount)
                self._stored += amount

    def finished(self, seconds: float) -> None:
        """The end of the run took so long."""
        with self._lock:
            if self._stored:
                self.pace.finish.observe(seconds, self._stored)

    # what is told

    def left(self) -> float | None:
        """Seconds that the rest will take; None while that would be a guess."""
        with self._advanced():
            left, embedding = self._play()
            spent = self._at - self._begun
            share = spent / (spent + left) if spent + left > 0 else 1.0
            self._share = max(self._share, min(share, 0.999))
            # an embedder whose speed is not known yet matters little beside pages that are recognised
            known = self.pace.measured or embedding < _LITTLE * left
            begun = self._remembered or share >= _MIN_SHARE or spent >= _MIN_S
            return left if known and begun else None

    def share(self) -> float:
        """Share of the run's time that is over, 0 to 1, as it was when :meth:`left` was asked; it never goes back."""
        return self._share

    # how it is counted

    @contextmanager
    def _advanced(self) -> Iterator[None]:
        """Hold the lock, once the time since the last event is counted for those who were at work."""
        with self._lock:
            now = self._clock()
            passed, self._at = now - self._at, now
            if passed > 0:
                done = passed * self._speed()
                for file in self._now.reading.values():
                    file.seconds += done
                if self._now.embedding:
                    self._embedded_s += done
            yield

    def _speed(self, storing: bool | None = None) -> float:
        now = self._now
        wanted = len(now.reading) + self._lanes * now.embedding + (now.storing if storing is None else storing)
        return self._cores / wanted if wanted > self._cores else 1.0

    def _play(self) -> tuple[float, float]:
        """Seconds until all is stored, as it would go on from here, and how many of them the embedder takes."""
        hands = [self._rest(file) for file in self._now.reading.values()]
        # of the files that were looked at, some needed no reading; so will some of the others
        new = (self._read + 2.0) / (self._read + self._known + 2.0)
        waiting = self._grouped(new)
        cost, store = self.pace.embed.each, self.pace.store.each
        first = _Work(0.0, max(0.0, self._characters * cost), (self._characters + self._to_store) * store)
        seconds = _played(hands, waiting, first, self._workers, self._lanes, self._cores)
        to_store = sum(work.store for work in [*hands, *waiting, first]) / store if store else 0.0
        embedding = sum(work.embed for work in [*hands, *waiting, first])
        return seconds + self.pace.finish.each * (to_store + self._stored), embedding

    def _expected(self, file: _File, others: dict[str, tuple[float, float]]) -> tuple[float, float]:
        """Seconds and characters of a file; of one that was not surveyed by ``others``, which has them for a byte."""
        amount = file.amount
        if amount.seconds is None and amount.suffix in others:
            seconds, characters = others[amount.suffix]
            return amount.size * seconds, amount.size * characters
        return self.pace.expect(amount)

    def _others(self) -> dict[str, tuple[float, float]]:
        """Seconds and characters a byte of the files that were surveyed, by suffix."""
        expected = {suffix: (all_.size, self.pace.expect(all_)) for suffix, all_ in self._surveyed.items()}
        return {
            suffix: (seconds / max(1, size), characters / max(1, size))
            for suffix, (size, (seconds, characters)) in expected.items()
        }

    def _rest(self, file: _File) -> _Work:
        seconds, characters = self._expected(file, self._others())
        if file.pages and file.page:
            trust = file.page / (file.page + _PAGES_TO_TRUST)
            # the page that was told is the one in hand
            whole = file.seconds * file.pages / max(0.5, file.page - 0.5)
            seconds = trust * whole + (1 - trust) * seconds
            if file.characters and file.page > 1:
                characters = trust * file.characters * file.pages / (file.page - 1) + (1 - trust) * characters
        left = max(seconds - file.seconds, _OVERDUE * file.seconds if not file.pages else 0.0, 0.0)
        return _Work(left, characters * self.pace.embed.each, (characters + _A_DOCUMENT) * self.pace.store.each)

    def _grouped(self, new: float) -> list[_Work]:
        """The work of the files that nobody has begun, neighbours together where they are many and small."""
        cost, store = self.pace.embed.each, self.pace.store.each
        works, others = [], self._others()
        for file in self._waiting.values():
            seconds, characters = self._expected(file, others)
            works.append(_Work(new * seconds, new * characters * cost, new * (characters + _A_DOCUMENT) * store))
        if len(works) <= _GROUPS:
            return works
        most = sum(work.read + work.embed for work in works) / _GROUPS
        groups = [works[0]]
        for work in works[1:]:
            last = groups[-1]
            if last.read + last.embed + work.read + work.embed <= most:
                last.read += work.read
                last.embed += work.embed
                last.store += work.store
            else:
                groups.append(work)
        return groups


def _played(
    hands: list[_Work], waiting: list[_Work], first: _Work, workers: int, lanes: int, cores: int, ahead: int = 8
) -> float:
    """Seconds until files in hand and those that wait are read, embedded and stored; ``first`` is read already."""
    reading = list(map(replace, hands))
    files = deque(waiting)
    to_embed = deque([replace(first)])
    to_store = seconds = 0.0
    while True:
        while to_embed and to_embed[0].embed <= _NOTHING:
            to_store += to_embed.popleft().store
        # readers are only a little ahead of the embedder, so that memory does not grow with the folder
        while files and len(reading) < workers and len(to_embed) <= ahead:
            reading.append(replace(files.popleft()))
        if read := [work for work in reading if work.read <= _NOTHING]:
            to_embed.extend(read)
            reading = [work for work in reading if work.read > _NOTHING]
            continue
        storing = to_store > _NOTHING
        if not (reading or to_embed or storing):
            return seconds
        step = min(
            [*(work.read for work in reading), *([to_embed[0].embed] if to_embed else []), *[to_store] * storing]
        )
        for work in reading:
            work.read -= step
        if to_embed:
            to_embed[0].embed -= step
        to_store = max(0.0, to_store - step)
        wanted = len(reading) + lanes * bool(to_embed) + storing
        seconds += step * max(1.0, wanted / cores)
