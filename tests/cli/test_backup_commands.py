"""``ragapp backup`` and ``restore`` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.contract import BackupSummary, RestoreReport
from ragapp.contract.codec import from_values
from ragapp.index.store import CATALOG_NAME, Store
from ragapp.words.messages import in_language

EMBEDDER = WordEmbedder()


@pytest.fixture
def stored(home):
    with Store(home / "data", identity_of(EMBEDDER), write=True) as store:
        for n in range(3):
            put_text(store, EMBEDDER, Path(f"/docs/{n}.txt"), f"Document {n} is about apples.")
        store.settle()
    return home


def test_there_and_back(ragapp, stored):
    code, out, err = ragapp("backup", "out.zip")
    assert code == 0
    assert out.startswith("out.zip: 3 documents, 3 chunks, no conversations, ")
    assert "copying the catalog: " in err  # without a terminal a line now and then
    code, out, _ = ragapp("restore", "out.zip", "--check")
    assert code == 0
    assert "is whole: 3 documents" in out
    assert "documents from /docs" in out
    code, _, err = ragapp("restore", "out.zip")
    assert code == 1
    assert "There is a store in" in err
    assert "--force" in err
    code, out, err = ragapp("restore", "out.zip", "--force", "--move", f"/docs={stored / 'here'}")
    assert code == 0
    assert "3 documents have another path now." in out
    assert "store.before-restore-" in out
    assert f"3 files not found in {stored / 'here'}. Answers quote the stored text all the same." in err
    assert "The vectors are of words, and embedding.model is multilingual-e5-small." in err
    code, out, _ = ragapp("documents", "list")
    assert code == 0
    assert "here" in out


def test_json_is_the_record(ragapp, stored):
    _, out, _ = ragapp("backup", "out.zip", "--json")
    summary = from_values(BackupSummary, json.loads(out))
    assert (summary.documents, summary.file) == (3, str(stored / "out.zip"))
    _, out, _ = ragapp("restore", "out.zip", "--check", "--json")
    assert from_values(BackupSummary, json.loads(out)) == summary
    code, out, _ = ragapp("restore", "out.zip", "--to", "other", "--json")
    assert code == 0
    report = from_values(RestoreReport, json.loads(out))
    assert (report.folder, report.backup.documents) == (str(stored / "other"), 3)
    assert (stored / "other" / CATALOG_NAME).is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("backup", "settings.yaml"), 1, "settings.yaml is there already. Choose another name"),
        (("backup", "."), 1, "is a folder. Name a file in it"),
        (("backup", "settings.yaml/out.zip"), 1, "cannot be written: "),
        (("restore", "missing.zip"), 1, "missing.zip cannot be read: there is no such file or folder."),
        (("restore", "settings.yaml"), 1, "settings.yaml is no backup of ragapp."),
        (("restore", "settings.yaml", "--move", "docs"), 2, "'docs' does not say what was where."),
        (("backup",), 2, "ragapp backup needs OUT"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(ragapp, stored, arguments, code, told):
    before = sorted(path.name for path in stored.iterdir())
    found, _, err = ragapp(*arguments)
    assert found == code
    assert told in err
    assert "Traceback" not in err
    assert sorted(path.name for path in stored.iterdir()) == before


def test_nothing_stored_is_told(ragapp, home):
    code, _, err = ragapp("backup", "out.zip")
    assert code == 1
    assert "There is nothing in" in err


def test_in_french(ragapp, stored):
    ragapp("backup", "out.zip")
    _, _, err = ragapp("restore", "out.zip")
    told = in_language(err.strip().splitlines()[-1].removeprefix("ragapp: "), "fr")
    assert "contient déjà une base, avec 3 documents et 0 conversation" in told
    assert "Pour restaurer malgré tout" in told
