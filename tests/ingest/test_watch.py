"""Following a folder: whole files only, deletions too, and nothing missed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from placekit import Place

from ragapp.contract import IngestReport
from ragapp.errors import CancelledError, PathError
from ragapp.ingest import watch
from ragapp.ingest.watch import changes, follow

PATIENCE_S = 60


class Following:
    """A thread that follows a place's folder and keeps what it was told."""

    def __init__(self, place: Place, settle_s: float = 0.5, rescan_s: float = 600):
        self.place = place
        self.reports: list[IngestReport] = []
        self.problem: BaseException | None = None
        self.stop, self.wanted = threading.Event(), threading.Event()
        self._options = {"settle_s": settle_s, "rescan_s": rescan_s}
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        try:
            for report in follow(
                self.place.pipeline, [self.place.docs], stopped=self.stop.is_set, wanted=self._take, **self._options
            ):
                self.reports.append(report)
        except BaseException as problem:
            self.problem = problem

    def _take(self) -> bool:
        wanted = self.wanted.is_set()
        self.wanted.clear()
        return wanted

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.problem is None, self.problem
            assert time.monotonic() < deadline, [self.place.fates(report) for report in self.reports]
            time.sleep(0.05)

    def names(self) -> set[str]:
        return {self.place.named(path) for path in self.place.stored()}

    def close(self) -> None:
        self.stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def following(place: Place):
    running: list[Following] = []

    def start(**options) -> Following:
        running.append(Following(place, **options))
        running[0].until(lambda: bool(running[0].reports))
        return running[0]

    yield start
    for one in running:
        one.close()


def test_what_is_there_comes_changes_and_goes(place: Place, following) -> None:
    old = place.write("old.txt", "The old one.")
    os.utime(old, (1, 1))
    seen = following()
    assert place.fates(seen.reports[0]) == {"old.txt": "indexed"}
    new = place.write("sub/new.txt", "The new one.")
    seen.until(lambda: seen.names() == {"old.txt", "sub/new.txt"})
    new.write_text("The new one has changed.", encoding="utf-8")
    seen.until(lambda: place.text("sub/new.txt") == "The new one has changed.")
    new.rename(place.docs / "moved.txt")
    seen.until(lambda: seen.names() == {"old.txt", "moved.txt"})
    old.unlink()
    seen.until(lambda: seen.names() == {"moved.txt"})


@pytest.mark.parametrize("copied", [False, True], ids=["renamed", "copied and deleted"])
def test_a_renamed_file_has_moved(place: Place, following, copied: bool) -> None:
    old = place.write("keys.txt", "The keys hang in the hall.")
    os.utime(old, (1, 1))
    place.write("other.txt", "Nothing happens to this one.")
    seen = following()
    row = place.row("keys.txt")
    if copied:  # at once, as across drives: the copy has a time of its own, and is not at rest yet
        text = old.read_text(encoding="utf-8")
        old.unlink()
        place.write("sub/keys 2025.txt", text)
    else:
        (place.docs / "sub").mkdir()
        old.rename(place.docs / "sub/keys 2025.txt")
    seen.until(lambda: any("sub/keys 2025.txt" in place.fates(report) for report in seen.reports))
    assert seen.names() == {"other.txt", "sub/keys 2025.txt"}
    assert place.row("sub/keys 2025.txt").id == row.id
    reports = [file for report in seen.reports for file in report.files]
    assert next(file.reason for file in reports if file.path.endswith("2025.txt")) == f"moved from {old}"
    assert not any(file.status == "removed" for file in reports)


def test_a_file_that_was_renamed_and_changed_is_never_away(place: Place, following) -> None:
    old = place.write("plan.txt", "The plan is one.")
    os.utime(old, (1, 1))
    seen = following(settle_s=1.0)
    old.rename(place.docs / "plan 2.txt")
    place.write("plan 2.txt", "The plan is another one by now.")
    present = []
    seen.until(lambda: present.append(seen.names()) or "plan 2.txt" in seen.names())
    assert all(present)
    seen.until(lambda: seen.names() == {"plan 2.txt"})


def test_a_file_that_is_still_being_copied_waits_until_it_is_whole(place: Place, following) -> None:
    seen = following(settle_s=1.0)
    lines = [f"Line {number} of the copy." for number in range(8)]
    with (place.docs / "copy.txt").open("w", encoding="utf-8") as stream:
        for line in lines:
            stream.write(line + "\n")
            stream.flush()
            time.sleep(0.4)
            assert seen.names() == set()
    seen.until(lambda: any("copy.txt" in place.fates(report) for report in seen.reports))
    assert place.text("copy.txt") == "\n".join(lines)
    fates = [place.fates(report).get("copy.txt") for report in seen.reports]
    assert [fate for fate in fates if fate] == ["indexed"]


def test_a_copy_that_carries_the_originals_time_waits_too(place: Place, following) -> None:
    seen = following(settle_s=1.0)
    path = place.docs / "copy.txt"
    for length in range(1, 6):
        path.write_text("word " * length, encoding="utf-8")
        os.utime(path, (1_600_000_000, 1_600_000_000))
        time.sleep(0.4)
        assert seen.names() == set()
    seen.until(lambda: seen.names() == {"copy.txt"})
    assert place.text("copy.txt").count("word") == 5


def test_others_do_not_wait_for_a_file_that_keeps_growing(place: Place, following) -> None:
    seen = following()
    growing = True

    def grow() -> None:
        with (place.docs / "growing.txt").open("w", encoding="utf-8") as stream:
            while growing:
                stream.write("more ")
                stream.flush()
                time.sleep(0.1)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        place.write("done.txt", "This one is whole.")
        seen.until(lambda: "done.txt" in seen.names())
        assert "growing.txt" not in seen.names()
    finally:
        growing = False
        writer.join()
    seen.until(lambda: "growing.txt" in seen.names())


def test_a_rescan_finds_what_nobody_told(place: Place, following, monkeypatch) -> None:
    real = watch.changes

    def deaf(roots, rescan_s, stopped):
        # as on a network drive: the system tells nothing, only the clock does
        last = time.monotonic()
        for _ in real(roots, 10**6, stopped):
            due = time.monotonic() - last >= rescan_s
            last = time.monotonic() if due else last
            yield due

    monkeypatch.setattr(watch, "changes", deaf)
    seen = following(rescan_s=1.0)
    place.write("silent.txt", "Nobody told of this one.")
    seen.until(lambda: seen.names() == {"silent.txt"})


def test_what_is_wanted_now_does_not_wait(place: Place, following) -> None:
    seen = following(settle_s=300)
    place.write("now.txt", "Take this in at once.")
    seen.wanted.set()
    seen.until(lambda: seen.names() == {"now.txt"})


def test_a_quiet_folder_costs_no_run(place: Place, following) -> None:
    place.write("a.txt", "First.")
    seen = following(settle_s=0.2)
    seen.until(lambda: seen.names() == {"a.txt"})
    time.sleep(1)
    runs = len(seen.reports)
    time.sleep(2)
    assert len(seen.reports) == runs


def test_stopping_in_the_middle_of_a_run(place: Place) -> None:
    for number in range(30):
        os.utime(place.write(f"{number}.txt", f"This is number {number}."), (1, 1))
    stop = threading.Event()
    with pytest.raises(CancelledError):
        for _ in follow(
            place.pipeline, [place.docs], settle_s=1, rescan_s=60, stopped=stop.is_set, progress=lambda at: stop.set()
        ):
            pass


def test_a_rescan_is_told_by_the_clock(tmp_path: Path) -> None:
    started, told = time.monotonic(), []
    for changed in changes([tmp_path], 1.0, lambda: time.monotonic() - started > 4):
        told.append(changed)
    assert 2 <= sum(told) <= 4
    assert len(told) > sum(told)


def test_where_the_system_cannot_watch_the_clock_still_does(tmp_path: Path, monkeypatch) -> None:
    def refuse(*roots, **options):
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.watch", refuse)
    started = time.monotonic()
    assert sum(changes([tmp_path], 0.5, lambda: time.monotonic() - started > 2)) >= 2


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PathError):
        next(changes([tmp_path / "missing"], 1.0, lambda: False))
