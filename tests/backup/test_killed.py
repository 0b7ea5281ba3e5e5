"""Backup and restore killed before each thing that they do to files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest
from backupkit import backup, contents, make_store, run_killed, tree

from ragapp.backup.making import PARTIAL_SUFFIX
from ragapp.backup.restoring import read_summary, restore_backup
from ragapp.index import replacement
from ragapp.index.replacement import CATALOG_NAME, STAGE_NAME, asides

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
MOST = 400


def test_a_restore_that_is_killed_leaves_the_old_store_or_the_new_one(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    make_store(old, "pear", documents=5)
    make_store(new, "apple", documents=5)
    backup(new, tmp_path / "new.zip")
    whole = [{deep: contents(folder, search=deep) for deep in (False, True)} for folder in (old, new)]
    seen = []
    for at in range(1, MOST):
        data = tmp_path / f"data-{at}"
        shutil.copytree(old, data)
        ended = run_killed(lambda data=data: restore_backup(tmp_path / "new.zip", data, force=True), at)
        deep = at % 5 == 0
        found = contents(data, search=deep)
        pears, apples = (kinds[deep] for kinds in whole)
        assert found in (pears, apples), at
        seen.append(found == apples)
        assert not (data / STAGE_NAME).exists(), at
        # what is kept beside is the old store, and only where the new one took its place
        assert len(asides(data)) == (found == apples), at
        if asides(data) and deep:
            assert contents(asides(data)[0]) == pears
        shutil.rmtree(data)
        if ended:
            break
    assert ended
    assert seen == sorted(seen)  # once it is decided, it stays so
    assert seen.count(False) > 20
    assert seen.count(True) > 5


@pytest.mark.parametrize("taken", [False, True])
def test_a_backup_that_is_killed_leaves_a_whole_file_or_none(tmp_path, taken):
    data, out = tmp_path / "data", tmp_path / "out" / "out.zip"
    make_store(data, "pear", documents=5)
    out.parent.mkdir()
    before = None
    if taken:
        other = tmp_path / "other"
        make_store(other, "apple", documents=2)
        backup(other, out)
        before = out.read_bytes()
    stored = contents(data)
    for at in range(1, MOST):
        if before is not None:
            out.write_bytes(before)
        else:
            out.unlink(missing_ok=True)
        ended = run_killed(lambda: backup(data, out, force=True), at)
        if out.exists() and out.read_bytes() != before:
            assert read_summary(out).documents == 5
        else:
            assert out.exists() == taken
        assert {path.name for path in out.parent.iterdir()} <= {out.name, f"{out.name}{PARTIAL_SUFFIX}"}
        if ended:
            break
    assert ended
    assert at > 10
    assert contents(data) == stored
    backup(data, out, force=True)  # and clears away what the others have left
    assert list(tree(out.parent)) == [out.name]


LATE = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
print("opened", flush=True)
deadline = time.monotonic() + 10
while True:
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("UPDATE documents SET name = 'late'")
        print("written")
        break
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) or time.monotonic() > deadline:
            print(error)
            break
        time.sleep(0.02)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no file that is open")
def test_a_process_that_opens_the_old_catalog_just_then_writes_nothing_beside_the_new_one(tmp_path):
    data, new = tmp_path / "data", tmp_path / "new"
    make_store(data, "pear", documents=3)
    make_store(new, "apple", documents=3)
    apples = contents(new)
    catalog = data / CATALOG_NAME
    with replacement._held(catalog) as whole:
        assert whole
        late = subprocess.Popen([sys.executable, "-c", LATE, str(catalog)], stdout=subprocess.PIPE, text=True)
        assert late.stdout.readline() == "opened\n"
        time.sleep(0.3)  # so that it tries
        os.link(catalog, tmp_path / "aside")
        shutil.rmtree(data / "chroma")
        shutil.copy(new / CATALOG_NAME, data / "next")
        os.replace(data / "next", catalog)
    told, _ = late.communicate(timeout=20)
    assert "readonly" in told
    assert not catalog.with_name(f"{CATALOG_NAME}-wal").exists()
    shutil.copy(new / "calibration.json", data)
    assert contents(data) == apples
