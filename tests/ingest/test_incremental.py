"""Unchanged, moved, doubled, changed and gone: nothing is read or embedded that need not be."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from placekit import SETTINGS, Place

from ragapp.errors import ReadingError
from ragapp.index import catalog as catalog_module
from ragapp.index.chunk_text import ChunkEmbedder, EmbeddedText
from ragapp.ingest import conditions, drives
from ragapp.ingest import plan as planning
from ragapp.ingest.worker import Worker
from ragapp.reading.document import READERS_VERSION

LONG = "\n\n".join(f"Paragraph {n} speaks of subject{n} at length, and of nothing else." for n in range(40))


@pytest.fixture
def unread(monkeypatch) -> list[str]:
    """Names of the files that a worker was asked to read."""
    names: list[str] = []
    prepare = Worker.prepare

    def noted(preparer, path, *arguments):
        names.append(path.name)
        return prepare(preparer, path, *arguments)

    monkeypatch.setattr(Worker, "prepare", noted)
    return names


def _vectors(place: Place, name: str) -> np.ndarray:
    return place.store.catalog.vectors(place.store.catalog.chunk_ids([place.row(name).id]))[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("a.txt", "sub/a.txt"), ("a.txt", "b.txt"), ("deep/er/a.txt", "a.txt"), ("a.txt", "a.TXT"), ("ä.txt", "ö 🗂.txt")],
)
def test_a_moved_file_is_neither_read_nor_embedded_again(place: Place, unread: list[str], old: str, new: str) -> None:
    path = place.write(old, LONG)
    place.run()
    before, vectors, embedded = place.row(old), _vectors(place, old), len(place.embedder.embedded)
    target = place.docs / new
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    unread.clear()
    (report,) = place.reports().values()
    assert (report.status, report.reason) == ("updated", f"moved from {path}")
    assert (report.units, report.chunks) == (before.units, before.chunks)
    after = place.row(new)
    assert (after.id, after.name, after.title) == (before.id, target.name, target.stem)
    assert (unread, len(place.embedder.embedded)) == ([], embedded)
    assert np.array_equal(_vectors(place, new), vectors)
    assert place.run() == {new: "unchanged"}


def test_a_moved_file_is_found_by_its_new_name_and_no_more_by_the_old(place: Place) -> None:
    path = place.write("holidays.txt", "Twenty-five days a year.")
    place.run()
    path.rename(place.docs / "vacation.txt")
    place.run()
    assert place.store.catalog.match(["vacat"], 5)
    assert not place.store.catalog.match(["holiday"], 5)


def test_a_title_of_its_own_is_kept_under_another_name(place: Place) -> None:
    path = place.write("a.md", "# Rules of the house\n\nNo smoking.")
    place.run()
    path.rename(place.docs / "b.md")
    place.run()
    assert place.row("b.md").title == "Rules of the house"


def test_files_of_one_content_share_the_work(place: Place, unread: list[str]) -> None:
    for name in ("a.txt", "b.txt", "sub/a.txt"):
        place.write(name, LONG)
    reports = place.reports()
    assert {name: report.status for name, report in reports.items()} == dict.fromkeys(reports, "indexed")
    assert unread == ["a.txt"]
    chunks = place.row("a.txt").chunks
    # each text, and once the line that all of them share
    assert len(place.embedder.embedded) == chunks + 1
    assert place.embedder.embedded.count("a") == 1
    assert reports["b.txt"].reason == f"same content as {place.docs / 'a.txt'}"
    assert [place.row(name).chunks for name in reports] == [chunks] * 3
    assert len(set(place.store.catalog.chunk_ids())) == 3 * chunks
    assert np.array_equal(_vectors(place, "b.txt"), _vectors(place, "a.txt"))
    assert place.text("b.txt") == place.text("a.txt")
    assert place.row("b.txt").title == "b"
    (place.docs / "a.txt").unlink()
    assert place.run() == {"a.txt": "removed", "b.txt": "unchanged", "sub/a.txt": "unchanged"}
    assert place.text("b.txt") == LONG


def test_a_later_copy_shares_the_work_too(place: Place, unread: list[str]) -> None:
    place.write("a.txt", LONG)
    place.run()
    unread.clear()
    shutil.copy(place.docs / "a.txt", place.docs / "copy.txt")
    assert place.run() == {"a.txt": "unchanged", "copy.txt": "indexed"}
    assert unread == []


def test_the_same_bytes_under_another_suffix_are_read_in_their_own_way(place: Place, unread: list[str]) -> None:
    place.write("a.txt", "# Rules\n\nNo smoking.")
    place.write("a.md", "# Rules\n\nNo smoking.")
    place.run()
    assert sorted(unread) == ["a.md", "a.txt"]
    assert (place.text("a.txt"), place.text("a.md")) == ("# Rules\n\nNo smoking.", "Rules\n\nNo smoking.")


def test_twins_of_a_file_that_fails_fail_with_it(place: Place, unread: list[str]) -> None:
    for name in ("a.pdf", "b.pdf"):
        place.write(name, "%PDF-1.7 broken")
    reports = place.reports()
    assert [report.status for report in reports.values()] == ["failed", "failed"]
    assert reports["a.pdf"].reason == reports["b.pdf"].reason
    assert unread == ["a.pdf"]


def test_a_file_that_takes_anothers_content_over_takes_its_chunks(place: Place) -> None:
    first, second = place.write("a.txt", "The first content."), place.write("b.txt", "The second content.")
    place.run()
    second.write_text(first.read_text(), encoding="utf-8")
    assert place.run() == {"a.txt": "unchanged", "b.txt": "updated"}
    assert place.text("b.txt") == "The first content."
    # and two that change places
    first.write_text("one", encoding="utf-8")
    second.write_text("two", encoding="utf-8")
    place.run()
    first.rename(place.docs / "x.txt")
    second.rename(first)
    (place.docs / "x.txt").rename(second)
    place.run()
    assert (place.text("a.txt"), place.text("b.txt")) == ("two", "one")


def test_only_the_chunks_that_changed_are_embedded(place: Place) -> None:
    path = place.write("a.txt", LONG)
    place.run()
    embedded = len(place.embedder.embedded)
    path.write_text(LONG.replace("subject20", "something new"), encoding="utf-8")
    assert place.run() == {"a.txt": "updated"}
    again = [text for text in place.embedder.embedded[embedded:] if text != "a"]
    assert 1 <= len(again) <= 3
    assert place.embedder.embedded[embedded:].count("a") == 1
    assert all("something new" in text or "Paragraph 20" in text or "Paragraph 19" in text for text in again)
    ids, vectors = place.store.catalog.vectors()
    assert vectors.shape == (place.row("a.txt").chunks, place.embedder.dimension)
    chunks = place.store.catalog.chunks(ids)
    fresh = ChunkEmbedder(place.embedder).embed([EmbeddedText("a", chunks[chunk_id].text) for chunk_id in ids])
    assert np.abs(vectors - fresh).max() < 1e-3


def test_the_same_text_is_embedded_once(place: Place) -> None:
    page = "This page says the same as all the others. " * 8
    place.write("a.md", "\n\n".join(f"# Head\n\n{page}" for _ in range(12)))
    place.run()
    assert len(place.embedder.embedded) == len(set(place.embedder.embedded)) < place.row("a.md").chunks
    assert "a > Head" in place.embedder.embedded


def test_force_embeds_anew(place: Place) -> None:
    place.write("a.txt", LONG)
    place.run()
    embedded = len(place.embedder.embedded)
    assert place.run(force=True) == {"a.txt": "updated"}
    assert len(place.embedder.embedded) == 2 * embedded


class TestFailures:
    def test_a_failure_is_not_tried_again_while_nothing_changes(self, place: Place, unread: list[str]) -> None:
        place.write("bad.pdf", "%PDF-1.7 broken")
        first = place.reports()["bad.pdf"]
        assert unread == ["bad.pdf"]
        assert place.reports()["bad.pdf"].reason == first.reason
        assert unread == ["bad.pdf"]

    @pytest.mark.parametrize("change", ["file", "limits", "passwords", "readers", "force", "named"])
    def test_it_is_tried_again_when_something_does(
        self, place: Place, unread: list[str], monkeypatch, change: str
    ) -> None:
        path = place.write("bad.pdf", "%PDF-1.7 broken")
        place.run()
        pipeline, paths, force = place.pipeline, [place.docs], change == "force"
        if change == "file":
            path.write_text("%PDF-1.7 broken too", encoding="utf-8")
        elif change == "limits":
            pipeline = place.with_settings(SETTINGS.model_copy(update={"timeout_s": 59}))
        elif change == "passwords":
            pipeline = place.with_settings(SETTINGS.model_copy(update={"passwords": ["sesame"]}))
        elif change == "readers":
            monkeypatch.setattr(conditions, "READERS_VERSION", READERS_VERSION + 1)
        elif change == "named":
            paths = [path]
        assert pipeline.run(paths, force=force).count("failed") == 1
        assert unread == ["bad.pdf"] * 2

    @pytest.mark.parametrize("stage", ["hash", "read"])
    def test_what_the_system_refused_is_tried_again_though_the_file_is_the_same(
        self, place: Place, monkeypatch, stage: str
    ) -> None:
        def refuse(*arguments):
            raise PermissionError(13, "Permission denied")

        place.write("a.txt", "Good.")
        if stage == "hash":
            monkeypatch.setattr(planning, "hash_file", refuse)
        else:
            monkeypatch.setattr(Worker, "prepare", refuse)
        first = place.reports()["a.txt"]
        assert (first.status, "Permission denied" in first.reason) == ("failed", True)
        monkeypatch.undo()
        assert place.run() == {"a.txt": "indexed"}
        assert place.store.catalog.unread() == []

    def test_a_twin_of_a_file_that_changed_meanwhile_is_taken_in_at_the_next_run(
        self, place: Place, monkeypatch
    ) -> None:
        first = place.write("a.txt", "The same.")
        place.write("b.txt", "The same.")
        prepare = Worker.prepare

        def disturbed(preparer, *arguments):
            prepared = prepare(preparer, *arguments)
            first.write_text("It is another one now.", encoding="utf-8")
            return prepared

        monkeypatch.setattr(Worker, "prepare", disturbed)
        reports = place.reports()
        assert {name: report.status for name, report in reports.items()} == {"a.txt": "failed", "b.txt": "failed"}
        assert "next run" in reports["b.txt"].reason
        monkeypatch.undo()
        assert place.run() == {"a.txt": "indexed", "b.txt": "indexed"}
        assert place.text("b.txt") == "The same."

    def test_a_failure_of_a_file_that_came_back_is_forgotten(self, place: Place) -> None:
        path = place.write("a.txt", "Good.")
        place.run()
        stamp = path.stat().st_mtime_ns
        path.write_text("", encoding="utf-8")
        assert place.run() == {"a.txt": "failed"}
        path.write_text("Good.", encoding="utf-8")
        os.utime(path, ns=(stamp, stamp))
        assert place.run() == {"a.txt": "unchanged"}
        assert place.store.catalog.unread() == []

    def test_skipped_files_are_listed_until_they_are_gone(self, place: Place) -> None:
        path = place.write("tool.exe", "MZ")
        assert place.run() == {"tool.exe": "skipped"}
        (entry,) = place.store.catalog.unread()
        assert (entry.status, Path(entry.path).name, entry.size) == ("skipped", "tool.exe", 2)
        path.unlink()
        place.run()
        assert place.store.catalog.unread() == []


def test_a_file_that_is_only_spelled_otherwise_has_moved(place: Place) -> None:
    old = place.write("Plan.txt", "The plan.")
    place.run()
    row = place.row("Plan.txt")
    old.rename(place.docs / "plan.txt")
    old.symlink_to("plan.txt")  # as on a share, both names lead to it, and one of them is listed
    pipeline = place.with_settings(SETTINGS.model_copy(update={"ignore": ["Plan*"]}))
    assert place.fates(pipeline.run([place.docs])) == {"plan.txt": "updated"}
    assert place.row("plan.txt").id == row.id
    assert len(place.stored()) == 1


class TestDrivesThatAreNotThere:
    def fill(self, place: Place) -> None:
        for number in range(drives.MANY_DOCUMENTS):
            place.write(f"share/{number}.txt", f"This is number {number}.")
        place.run()

    def test_an_empty_folder_in_place_of_many_documents_removes_none(self, place: Place) -> None:
        self.fill(place)
        shutil.rmtree(place.docs / "share")
        (place.docs / "share").mkdir()
        report = place.pipeline.run([place.docs / "share"])
        assert report.files == ()
        assert "10 stored documents came from it" in report.warnings[0]
        assert f"ragapp ingest --prune {place.docs / 'share'}" in report.warnings[0]
        assert len(place.stored()) == 10
        assert place.pipeline.run([place.docs / "share"], prune=True).count("removed") == 10
        assert place.stored() == {}

    @pytest.mark.parametrize("named", ["share", "deep/er/share"])
    def test_neither_does_one_below_the_folder(self, place: Place, named: str) -> None:
        for number in range(drives.MANY_DOCUMENTS):
            place.write(f"{named}/a/{number}.txt", f"This is number {number}.")
        place.write("local.txt", "The site manager is Olga.")
        place.write("still.txt", "This one is still there.")
        place.run()
        shutil.rmtree(place.docs / named)
        (place.docs / named).mkdir()
        (place.docs / "local.txt").unlink()
        report = place.pipeline.run([place.docs])
        assert place.fates(report) == {"still.txt": "unchanged", "local.txt": "removed"}
        assert f"{place.docs / named} is empty, but 10 stored documents" in report.warnings[0]
        assert len(place.stored()) == 11
        assert place.pipeline.run([place.docs / named], prune=True).count("removed") == 10

    @pytest.mark.parametrize("left", ["nothing", "an empty folder"])
    def test_a_drive_is_known_by_its_mount_point(self, place: Place, monkeypatch, left: str) -> None:
        drive = place.docs / "usb"
        place.write("usb/sub/plan.txt", "The plan.")
        place.write("local/site.txt", "The site manager is Olga.")
        monkeypatch.setattr(drives, "_is_mount", lambda folder: folder == str(drive))
        place.run()
        shutil.rmtree(drive)
        shutil.rmtree(place.docs / "local")
        monkeypatch.undo()
        if left != "nothing":
            drive.mkdir()
        report = place.pipeline.run([place.docs])
        assert place.fates(report) == {"local/site.txt": "removed"}
        assert "1 stored document came from it" in report.warnings[0]
        place.write("usb/sub/plan.txt", "The plan.")
        assert place.pipeline.run([place.docs]).warnings == ()
        assert len(place.stored()) == 1

    def test_a_drive_above_the_folder_is_known_too(self, place: Place, monkeypatch) -> None:
        drive = place.docs / "nas"
        place.write("nas/share/plan.txt", "The plan.")
        monkeypatch.setattr(drives, "_is_mount", lambda folder: folder == str(drive))
        place.run(drive / "share")
        monkeypatch.undo()
        (drive / "share/plan.txt").unlink()  # the empty folder that the share covered
        report = place.pipeline.run([drive / "share"])
        assert (report.count("removed"), len(place.stored())) == (0, 1)
        assert str(drive) in report.warnings[0]
        place.write("nas/share/note.txt", "Not a drive any more.")
        assert place.pipeline.run([drive / "share"]).count("removed") == 1

    def test_a_whole_folder_that_was_moved_is_no_drive(self, place: Place, unread: list[str]) -> None:
        self.fill(place)
        (place.docs / "archive").mkdir()
        for path in (place.docs / "share").iterdir():
            path.rename(place.docs / "archive" / path.name)
        unread.clear()
        report = place.pipeline.run([place.docs])
        assert (report.warnings, unread) == ((), [])
        assert {place.named(path) for path in place.stored()} == {f"archive/{number}.txt" for number in range(10)}

    def test_a_share_whose_server_does_not_answer_removes_none(self, place: Place, monkeypatch) -> None:
        place.write("share/plan.txt", "The plan.")
        place.run()
        shutil.rmtree(place.docs / "share")

        def stale(path: str) -> os.stat_result:
            raise OSError(errno.ESTALE, "Stale file handle", path)

        monkeypatch.setattr("ragapp.ingest.plan.os.lstat", stale)
        assert place.run() == {}
        assert len(place.stored()) == 1

    def test_what_lies_in_a_recycle_bin_by_now_or_since_ever_goes(self, place: Place) -> None:
        place.write("door.txt", "The door code is 2222.")
        place.write("#recycle/old.txt", "The door code is 1111.")
        place.run(place.docs, place.docs / "#recycle")
        assert len(place.stored()) == 2
        (place.docs / "door.txt").rename(place.docs / "#recycle/door.txt")
        reports = place.reports()
        assert {name: report.status for name, report in reports.items()} == {
            "door.txt": "removed",
            "#recycle/old.txt": "removed",
        }
        assert "recycle bin" in reports["#recycle/old.txt"].reason
        assert place.stored() == {}

    def test_one_file_that_is_left_shows_that_the_folder_is_there(self, place: Place) -> None:
        self.fill(place)
        for path in sorted((place.docs / "share").iterdir())[1:]:
            path.unlink()
        report = place.pipeline.run([place.docs / "share"])
        assert (report.warnings, report.count("removed")) == ((), 9)


class TestOlderReaders:
    def test_what_older_readers_read_is_read_again_once(self, place: Place, unread: list[str], monkeypatch) -> None:
        for name in ("a.txt", "b.txt"):
            place.write(name, LONG + name)
        place.run()
        embedded = len(place.embedder.embedded)
        unread.clear()
        for module in (planning, catalog_module, conditions):
            monkeypatch.setattr(module, "READERS_VERSION", READERS_VERSION + 1)
        monkeypatch.setattr(catalog_module.Catalog.put_document, "__defaults__", (None, "", READERS_VERSION + 1))
        report = place.pipeline.run([place.docs])
        assert place.fates(report) == {"a.txt": "updated", "b.txt": "updated"}
        assert "2 of the documents were read by an earlier version" in report.warnings[0]
        assert sorted(unread) == ["a.txt", "b.txt"]
        assert len(place.embedder.embedded) == embedded  # the same text keeps its vectors
        report = place.pipeline.run([place.docs])
        assert (place.fates(report), report.warnings) == ({"a.txt": "unchanged", "b.txt": "unchanged"}, ())

    def test_what_cannot_be_read_again_stays_as_it_is(self, place: Place, unread: list[str], monkeypatch) -> None:
        place.write("a.txt", LONG)
        place.run()
        for module in (planning, conditions):
            monkeypatch.setattr(module, "READERS_VERSION", READERS_VERSION + 1)

        def refuse(*arguments):
            raise ReadingError("the file is damaged", "Get a new copy.")

        prepare = Worker.prepare
        monkeypatch.setattr(Worker, "prepare", refuse)
        assert place.run() == {"a.txt": "failed"}
        monkeypatch.setattr(Worker, "prepare", prepare)
        assert place.run() == {"a.txt": "failed"}  # not tried again while nothing changes
        assert place.text("a.txt").startswith("Paragraph 0")


def test_scans_are_looked_at_again_when_ocr_may_read_them(place: Place, unread: list[str]) -> None:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (800, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), "INVOICE 4711", fill="black", font_size=64)
    picture.save(place.docs / "scan.png")
    off = place.with_settings(SETTINGS.model_copy(update={"ocr": "off"}))
    (report,) = off.run([place.docs]).files
    assert (report.status, report.units_without_text, report.units_ocr) == ("indexed", 1, 0)
    off.run([place.docs])
    assert unread == ["scan.png"]
    on = place.with_settings(SETTINGS.model_copy(update={"memory_mb": 2048}))
    (report,) = on.run([place.docs]).files
    assert (report.status, report.units_without_text, report.units_ocr) == ("updated", 0, 1)
    assert "4711" in place.text("scan.png")
    on.run([place.docs])
    assert unread == ["scan.png"] * 2
