"""Bad input: none stops the run, none is silent, none takes more than its limits."""

from __future__ import annotations

import os

import hostilekit
import pytest
from placekit import SETTINGS, Place

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.mark.timeout(600)
def test_every_bad_file_is_accounted_for(place: Place) -> None:
    expected = hostilekit.fill(place.docs)
    settings = SETTINGS.model_copy(
        update={"max_file_mb": 200, "passwords": ["wrong", "sesame"], "ocr": "off", "timeout_s": 120}
    )
    report = place.with_settings(settings).run([place.docs])
    fates = {place.named(file.path): file for file in report.files}
    assert set(fates) == set(expected)
    wrong = {
        name: (fates[name].status, fates[name].reason)
        for name, (statuses, word) in expected.items()
        if fates[name].status not in statuses or word not in fates[name].reason
    }
    assert wrong == {}
    silent = [name for name, file in fates.items() if file.status in ("failed", "skipped") and len(file.reason) < 10]
    assert silent == []
    assert "root:" not in str([place.store.catalog.units(row.id) for row in place.store.catalog.documents()])
    assert fates["thousand pages.pdf"].units == 1000
    assert "The secret is in the cellar." in place.text("locked but known.pdf")
    again = place.with_settings(settings).run([place.docs])
    assert {file.status for file in again.files} == {"unchanged", "failed", "skipped"}


@pytest.mark.skipif(AS_ROOT, reason="root may read everything")
def test_an_unreadable_file_is_told(place: Place) -> None:
    path = place.write("secret.txt", "Nobody may read this.")
    path.chmod(0)
    report = place.pipeline.run([place.docs])
    path.chmod(0o600)
    assert [(file.status, "permissions" in file.reason) for file in report.files] == [("failed", True)]


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(place: Place, monkeypatch) -> None:
    from ragapp.ingest.worker import Worker

    path = place.write("a.txt", "First.")
    prepare = Worker.prepare

    def disturbed(preparer, *arguments):
        prepared = prepare(preparer, *arguments)
        path.write_text("Second, which is longer.", encoding="utf-8")
        return prepared

    monkeypatch.setattr(Worker, "prepare", disturbed)
    (report,) = place.pipeline.run([place.docs]).files
    assert (report.status, report.reason) == (
        "failed",
        "it changed while it was being read. It is ingested at the next run.",
    )
    monkeypatch.undo()
    assert place.run() == {"a.txt": "indexed"}
    assert place.text("a.txt") == "Second, which is longer."
