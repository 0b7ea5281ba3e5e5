from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from placekit import SETTINGS, Place
from storekit import WordEmbedder, held_ids

from ragapp.contract import IngestProgress
from ragapp.errors import CancelledError, PathError
from ragapp.index import lexical_rebuild
from ragapp.index.catalog_writes import LEXICAL_ANALYSIS
from ragapp.ingest import stages

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def test_each_file_gets_the_fate_it_deserves(place: Place) -> None:
    place.write("a.txt", "The printer is on the first floor.")
    place.write("b.md", "# Rules\n\nNo smoking in the lab.")
    place.write("c.xyz", "nobody reads this")
    place.write("Makefile", "all:")
    place.write("d.pdf", "%PDF-1.7 broken")
    place.write("e.txt", "")
    place.write(".hidden.txt", "hidden")
    report = place.pipeline.run([place.docs])
    assert place.fates(report) == {
        "Makefile": "skipped",
        "a.txt": "indexed",
        "b.md": "indexed",
        "c.xyz": "skipped",
        "d.pdf": "failed",
        "e.txt": "failed",
    }
    reasons = {Path(file.path).name: file.reason for file in report.files}
    assert reasons["c.xyz"].startswith("no reader for .xyz")
    assert reasons["Makefile"].startswith("no reader for files without a suffix")
    assert "not a readable PDF" in reasons["d.pdf"]
    assert "the file is empty" in reasons["e.txt"]
    assert [(Path(f.path).name, f.status) for f in place.store.catalog.unread()] == [
        ("Makefile", "skipped"),
        ("c.xyz", "skipped"),
        ("d.pdf", "failed"),
        ("e.txt", "failed"),
    ]
    expected = {"files": 6, "indexed": 2, "updated": 0, "unchanged": 0, "removed": 0, "skipped": 2, "failed": 2}
    coverage = {"units": 2, "units_without_text": 0, "units_ocr": 0, "chunks": 2}
    assert asdict(report.totals) == {**expected, **coverage, "seconds": report.totals.seconds}
    assert place.search("printer floor") == "The printer is on the first floor."


def test_taking_in_twice_changes_nothing(place: Place) -> None:
    for name in ("a.txt", "b.txt", "sub/a.txt"):
        place.write(name, f"This is {name}.")
    assert set(place.run().values()) == {"indexed"}
    before, embedded = (place.rows(), held_ids(place.store)), len(place.embedder.embedded)
    report = place.pipeline.run([place.docs])
    assert set(place.fates(report).values()) == {"unchanged"}
    assert [(file.units, file.chunks) for file in report.files] == [(1, 1)] * 3
    assert (place.rows(), held_ids(place.store)) == before
    assert len(place.embedder.embedded) == embedded


def test_a_new_time_alone_embeds_nothing(place: Place) -> None:
    path = place.write("a.txt", "The printer is on the first floor.")
    place.run()
    embedded, ids = len(place.embedder.embedded), held_ids(place.store)
    os.utime(path, ns=(1, 1_700_000_000_000_000_000))
    assert place.run() == {"a.txt": "unchanged"}
    assert (len(place.embedder.embedded), held_ids(place.store)) == (embedded, ids)
    assert place.store.catalog.documents()[0].mtime_ns == 1_700_000_000_000_000_000


def test_a_changed_file_takes_the_old_ones_place(place: Place) -> None:
    place.write("a.txt", "The printer is on the first floor.")
    place.write("b.txt", "Something else.")
    place.run()
    (before,) = (row for row in place.store.catalog.documents() if row.name == "a.txt")
    place.write("a.txt", "The printer has moved to the second floor.")
    assert place.run() == {"a.txt": "updated", "b.txt": "unchanged"}
    after = place.store.catalog.document(before.id)
    assert (after.path, after.sha256 != before.sha256) == (before.path, True)
    assert place.text("a.txt") == "The printer has moved to the second floor."
    assert len(place.store.catalog.match(["printer"], 5)) == 1


def test_a_bad_new_version_keeps_the_old_and_others_go_on(place: Place) -> None:
    place.write("a.txt", "The printer is on the first floor.")
    place.run()
    place.write("a.txt", "")
    place.write("b.txt", "The scanner is new.")
    report = place.pipeline.run([place.docs])
    assert place.fates(report) == {"a.txt": "failed", "b.txt": "indexed"}
    assert "stays in the store" in report.files[0].reason
    assert place.search("printer floor") == "The printer is on the first floor."
    assert [Path(failure.path).name for failure in place.store.catalog.unread()] == ["a.txt"]
    place.write("a.txt", "The printer is gone.")
    assert place.run() == {"a.txt": "updated", "b.txt": "unchanged"}
    assert place.store.catalog.unread() == []


def test_what_is_gone_is_removed(place: Place) -> None:
    path = place.write("sub/a.txt", "The printer is on the first floor.")
    place.write("b.txt", "Something else.")
    bad = place.write("bad.pdf", "%PDF-1.7 broken")
    place.run()
    path.unlink()
    bad.unlink()
    assert place.run() == {"b.txt": "unchanged", "sub/a.txt": "removed"}
    assert [Path(path).name for path in place.stored()] == ["b.txt"]
    assert place.store.catalog.unread() == []
    assert place.store.catalog.match(["printer"], 5) == {}


def test_only_what_lies_below_the_given_folders_is_removed(place: Place) -> None:
    one, other = place.write("one/a.txt", "First."), place.write("other/a.txt", "Second.")
    beside = place.write("one-more/a.txt", "Third.")
    place.run()
    for path in (one, other, beside):
        path.unlink()
    assert place.run(place.docs / "one") == {"one/a.txt": "removed"}
    assert set(place.stored()) == {str(other), str(beside)}
    new = place.write("new.txt", "Fourth.")
    assert place.run(new) == {"new.txt": "indexed"}
    assert set(place.stored()) == {str(other), str(beside), str(new)}


def test_a_folder_that_was_emptied_or_never_held_anything(place: Place) -> None:
    assert place.run() == {}
    path = place.write("sub/a.txt", "First.")
    place.run()
    shutil.rmtree(path.parent)
    assert place.run() == {"sub/a.txt": "removed"}
    assert place.pipeline.run([place.docs]).totals.files == 0


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_costs_no_document(place: Place) -> None:
    path = place.write("closed/a.txt", "First.")
    place.run()
    path.parent.chmod(0)
    try:
        assert "removed" not in place.run().values()
    finally:
        path.parent.chmod(0o700)
    assert set(place.stored()) == {str(path)}


def test_files_of_the_same_name_stay_apart(place: Place) -> None:
    place.write("north/report.txt", "Sales in the north were high.")
    place.write("south/report.txt", "Sales in the south were low.")
    place.run()
    assert len(place.stored()) == 2
    assert place.search("south low") == "Sales in the south were low."
    (place.docs / "south/report.txt").unlink()
    assert place.run() == {"north/report.txt": "unchanged", "south/report.txt": "removed"}
    assert place.text("north/report.txt") == "Sales in the north were high."


def test_force_takes_unchanged_files_in_again(place: Place) -> None:
    place.write("a.txt", "First.")
    place.run()
    ids = place.store.catalog.chunk_ids()
    assert place.run(force=True) == {"a.txt": "updated"}
    assert not set(place.store.catalog.chunk_ids()) & set(ids)
    assert place.embedder.embedded == ["First.", "a"] * 2


def test_a_dry_run_tells_and_changes_nothing(place: Place) -> None:
    changed, gone = place.write("changed.txt", "First."), place.write("gone.txt", "Second.")
    touched = place.write("touched.txt", "Third.")
    place.write("same.txt", "Fourth.")
    place.write("failed-before.pdf", "%PDF-1.7 broken")
    place.run()
    (place.docs / "failed-before.pdf").unlink()
    before = place.rows(), held_ids(place.store), place.store.catalog.unread()
    changed.write_text("Other.", encoding="utf-8")
    gone.unlink()
    os.utime(touched, ns=(1, 1))
    place.write("new.txt", "Fifth.")
    place.write("big.txt", "x" * (1 << 21))
    assert place.run(dry_run=True) == {
        "changed.txt": "updated",
        "gone.txt": "removed",
        "touched.txt": "unchanged",
        "same.txt": "unchanged",
        "new.txt": "indexed",
        "big.txt": "failed",
    }
    assert (place.rows(), held_ids(place.store), place.store.catalog.unread()) == before


def test_a_file_over_the_limit_fails_with_the_setting_named(place: Place) -> None:
    place.write("big.txt", "x" * ((1 << 20) + 1))
    place.write("fits.txt", "y " * (1 << 12))
    report = place.pipeline.run([place.docs])
    assert place.fates(report) == {"big.txt": "failed", "fits.txt": "indexed"}
    assert "ingest.max_file_mb (1)" in report.files[0].reason


def test_a_file_that_cannot_be_taken_is_told(place: Place) -> None:
    (place.docs / "gone.txt").symlink_to(place.docs / "nowhere.txt")
    place.write("a.txt", "First.")
    report = place.pipeline.run([place.docs])
    assert place.fates(report) == {"a.txt": "indexed", "gone.txt": "failed"}
    assert "cannot be read" in report.files[1].reason


def test_a_document_without_text_is_stored_and_told(place: Place) -> None:
    place.write("blank.txt", " \n\n \n")
    report = place.pipeline.run([place.docs])
    assert [(f.status, f.chunks, f.units, f.units_without_text) for f in report.files] == [("indexed", 0, 1, 1)]
    assert report.files[0].reason == "There is no text in it."
    assert place.run() == {"blank.txt": "unchanged"}


def test_ignored_and_excluded_files_are_left(place: Place) -> None:
    readme = place.write("README.md", "Put your files here.")
    place.write("a.bak.txt", "Old.")
    place.write("a.txt", "New.")
    pipeline = place.with_settings(SETTINGS.model_copy(update={"ignore": ["*.bak.*"]}), exclude=(readme,))
    assert place.fates(pipeline.run([place.docs])) == {"a.txt": "indexed"}


def test_the_language_is_noted(place: Place) -> None:
    place.write("en.txt", "The printer is on the first floor of the building.")
    place.write("fr.txt", "L'imprimante est au premier étage du bâtiment et elle est à vous.")
    place.run()
    assert {row.name: row.language for row in place.store.catalog.documents()} == {"en.txt": "en", "fr.txt": "fr"}


def test_a_missing_path_stops_before_anything_is_done(place: Place) -> None:
    place.write("a.txt", "First.")
    with pytest.raises(PathError, match="nothing at"):
        place.run(place.docs, place.docs / "missing")
    assert place.stored() == {}


def test_progress_is_told_from_begin_to_end(place: Place) -> None:
    place.write("old.txt", "This is old.")
    place.run()
    for name in ("a.txt", "b.txt"):
        place.write(name, f"This is {name}.")
    told: list[IngestProgress] = []
    place.run(progress=told.append)
    # a file that did not change is no work
    assert {at.files for at in told} == {2}
    assert told[-1].files_done == 2
    assert (told[-1].share, told[-1].bytes_done, told[-1].bytes) == (1.0, 28, 28)
    assert (told[-1].units, told[-1].chunks, told[-1].path) == (2, 2, "")
    assert [at.files_done for at in told] == sorted(at.files_done for at in told)
    assert any(at.stage == "loading the embedder" and at.path.startswith(str(place.docs)) for at in told)


def test_of_a_long_file_it_is_told_how_many_passages_are_embedded(place: Place, monkeypatch) -> None:
    monkeypatch.setattr(stages, "_TELL_S", 0.0)
    long = place.write("long.txt", "\n\n".join(f"Rule {n} is as long as a rule may be. " * 20 for n in range(12)))
    place.write("short.txt", "This is short.")
    told: list[IngestProgress] = []
    place.run(progress=told.append)
    steps = [one for at in told for one in at.in_hand if one.path == str(long) and one.step == "embedding"]
    assert len({one.total for one in steps}) == 1
    assert 8 < steps[-1].done <= steps[-1].total
    assert [one.done for one in steps] == sorted(one.done for one in steps)


@pytest.mark.parametrize("how", ["interrupt", "cancel"])
def test_stopping_in_the_middle_keeps_what_was_done(place: Place, monkeypatch, how: str) -> None:
    monkeypatch.setattr(stages, "WINDOW", 1)
    for name in "abcdef":
        place.write(f"{name}.txt", f"This is {name}.")
    embed, calls = WordEmbedder.embed_documents, 0

    def embed_until_third(embedder, texts, progress=None):
        nonlocal calls
        calls += 1
        if how == "interrupt" and calls == 3:
            raise KeyboardInterrupt
        return embed(embedder, texts, progress)

    monkeypatch.setattr(WordEmbedder, "embed_documents", embed_until_third)
    with pytest.raises(CancelledError, match=r"Stopped: [23] of 6 files are done and stay stored"):
        place.run(cancelled=lambda: how == "cancel" and calls == 3)
    monkeypatch.undo()
    kept = set(place.stored())
    assert len(kept) == (2 if how == "interrupt" else 3)
    embedded = len(place.embedder.embedded)
    fates = place.run()
    assert {str(place.docs / name) for name, fate in fates.items() if fate == "unchanged"} == kept
    # a text and a line for each
    assert len(place.embedder.embedded) - embedded == 2 * (6 - len(kept))


@pytest.mark.parametrize("dry_run", [False, True])
def test_words_that_another_analysis_indexed_are_indexed_anew(place: Place, dry_run: bool) -> None:
    place.write("a.txt", "Les salariées de la sécurité sont payées à la fin du mois.")
    place.run()
    catalog = place.store.catalog
    catalog.set_state(LEXICAL_ANALYSIS, "an older one")
    with catalog.transaction() as connection:
        connection.execute("UPDATE lexical SET body = 'securit'")
    embedded, told = len(place.embedder.embedded), []
    report = place.pipeline.run([place.docs], dry_run=dry_run, progress=told.append)
    assert place.fates(report) == {"a.txt": "unchanged"}
    assert lexical_rebuild.is_current(catalog) is not dry_run
    assert len(catalog.match(catalog.question_words("le salarié"), 5)) == (not dry_run)
    assert len(catalog.match(catalog.question_words("securite"), 5)) == 1
    assert len(place.embedder.embedded) == embedded
    stages = ["indexing words anew, 0 of 1 passages", "indexing words anew, 1 of 1 passages"]
    assert [at.stage for at in told] == ([] if dry_run else stages)


def test_indexing_words_anew_can_be_stopped(place: Place) -> None:
    place.write("a.txt", "La durée du préavis.")
    place.run()
    place.store.catalog.set_state(LEXICAL_ANALYSIS, "an older one")
    with pytest.raises(CancelledError, match="goes on from there"):
        place.pipeline.run([place.docs], cancelled=lambda: True)
    assert not lexical_rebuild.is_current(place.store.catalog)
    assert place.search("préavis") == "La durée du préavis."
    place.run()
    assert lexical_rebuild.is_current(place.store.catalog)
