"""Another store takes the place of that which ``ragapp mcp`` reads: it lets go of the old one while nobody asks."""

import json
import os
import subprocess
import sys
import time

import pytest
from mcp.client.stdio import StdioServerParameters
from mcpkit import talking
from storekit import WordEmbedder, identity_of, put_text

from ragapp.backup.making import Wishes, make_backup
from ragapp.backup.restoring import restore_backup
from ragapp.errors import StoreError
from ragapp.index.replacement import STAGE_NAME
from ragapp.index.store import Store
from ragapp.mcp.own_library import OwnLibrary
from ragapp.settings import load_settings


def make_store(data, word):
    embedder = WordEmbedder()
    with Store(data, identity_of(embedder), write=True) as store:
        put_text(store, embedder, data.parent / "drop" / f"{word}.txt", f"The {word} of Ravensbourne.")
        store.settle()


@pytest.fixture
def home(tmp_path):
    """A folder with a store, settings for it, and a backup of another store."""
    make_store(tmp_path / "data", "kettle")
    make_store(tmp_path / "other" / "data", "anvil")
    make_backup(tmp_path / "other" / "data", tmp_path / "other.zip", Wishes(), drop_folder=tmp_path / "other" / "drop")
    (tmp_path / "settings.yaml").write_text("paths: {data: data, models: none, ingest: drop}\n", encoding="utf-8")
    return tmp_path


def ragapp(home, *arguments):
    return [sys.executable, "-m", "ragapp", "--settings", str(home / "settings.yaml"), *arguments]


def test_an_idle_process_lets_go_for_a_restore_and_answers_from_the_restored_store(home):
    program, *arguments = ragapp(home, "mcp")
    given = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    with talking(StdioServerParameters(command=program, args=arguments, env=given)) as talk:
        assert talk.values("read", document="kettle.txt")["text"] == "The kettle of Ravensbourne."
        restore = ragapp(home, "restore", str(home / "other.zip"), "--force", "--json")
        restored = subprocess.run(restore, capture_output=True, text=True, timeout=120)
        assert restored.returncode == 0, restored.stderr
        assert json.loads(restored.stdout)["put_aside"]
        assert talk.values("read", document="anvil.txt")["text"] == "The anvil of Ravensbourne."
        assert [one["document"] for one in talk.values("list_documents")["documents"]] == ["anvil.txt"]
        (listed,) = talk.do("list_resources").resources
        assert listed.name == "anvil.txt"


def library_of(home):
    return OwnLibrary(load_settings(home / "settings.yaml"))


def test_a_call_that_is_under_way_keeps_the_store(home):
    library = library_of(home)
    with library.opened() as catalog:
        (home / "data" / STAGE_NAME).mkdir()
        library.rest(0)
        assert catalog.documents()[0].name == "kettle.txt"
        with pytest.raises(StoreError, match="Another ragapp process reads the store"):
            restore_backup(home / "other.zip", home / "data", force=True)
        (home / "data" / STAGE_NAME).mkdir()
    library.rest()  # a restore began since it was opened
    restore_backup(home / "other.zip", home / "data", force=True)
    with library.opened() as catalog:
        assert catalog.documents()[0].name == "anvil.txt"
    library.close()


def test_what_a_killed_restore_has_left_lets_nothing_go(home):
    (home / "data" / STAGE_NAME).mkdir()
    library = library_of(home)
    with library.opened():
        pass
    library.rest()
    assert library._app
    time.sleep(0.01)
    (home / "data" / STAGE_NAME / "ready.json").touch()  # a restore that goes on
    library.rest()
    assert library._app is None
    library.close()
