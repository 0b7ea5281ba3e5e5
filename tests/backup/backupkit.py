"""Small stores to back up, and a process that is killed at the n-th thing that it does to files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from storekit import WordEmbedder, assert_in_step, identity_of, put_text

from ragapp.backup.making import Wishes, make_backup
from ragapp.contract import Answer, BackupSummary, Citation
from ragapp.index.conversations import Conversations
from ragapp.index.store import Store

EMBEDDER = WordEmbedder()
IDENTITY = identity_of(EMBEDDER)
DOCS = Path("/home/alice/docs")
# what a process does to files, as the interpreter's audit events call it
_EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "sqlite3.connect"}
KILLED = 9


def make_store(data: Path, word: str, documents: int = 6, *, talk: str = "") -> None:
    """A store whose documents all hold a word; another store has the same ids with another word."""
    with Store(data, IDENTITY, write=True) as store:
        for n in range(documents):
            put_text(
                store, EMBEDDER, DOCS / f"{n}.txt", f"The {word} of document {n}.", f"Second page, {word} {n * 7}."
            )
        store.settle()
        store.catalog.labels.tag([1], [word])
        store.catalog.labels.add_to_collection("First", [f"{DOCS}/0.txt"])
        if talk:
            keep_talk(store, talk)
    (data / "calibration.json").write_text(json.dumps({"version": 2, "calibrations": [], "told": [word]}), "utf-8")


def keep_talk(store: Store, words: str) -> None:
    conversations = Conversations(store.catalog)
    path = str(DOCS / "0.txt")
    cited = Citation(document="0.txt", path=path, page=1, n=1, quote=words, start=0, end=len(words))
    answer = Answer(question=words, answer=f"{words}.", abstained=False, confidence=0.9, citations=(cited,))
    conversations.add_turn(conversations.create(words), answer, scope=f"{DOCS}/0.txt")


def backup(data: Path, out: Path, **wishes: bool) -> BackupSummary:
    return make_backup(data, out, Wishes(**wishes), drop_folder=data.parent / "ingest")


def contents(data: Path, *, search: bool = True) -> dict[str, object]:
    """All that a store answers with: texts, vectors, what the nearest ones and the words find, calibration.

    ``search``: in step with Chroma, and by it.
    """
    nearest = {}
    with Store(data, IDENTITY) as store:
        catalog = store.catalog
        for question in ("document 3", "second page") if search else ():
            vector = EMBEDDER.embed_query(question)
            found = catalog.vectors(store.nearest(vector, 5))[1]
            nearest[question] = sorted(round(float(one), 3) for one in found @ vector)  # some are equally near
        if search:
            assert_in_step(store)
        words = sorted(text for (text,) in catalog.rows("SELECT body FROM lexical"))
        texts = [[text for _, text in catalog.units(row.id)] for row in catalog.documents()]
        vectors = [hashlib.sha256(row[0]).hexdigest() for row in catalog.rows("SELECT vector FROM chunks ORDER BY id")]
    side = data / "calibration.json"
    calibration = side.read_text("utf-8") if side.exists() else ""
    told = {"words": words, "texts": texts, "vectors": vectors, "calibration": calibration}
    return {**told, "nearest": nearest} if search else told


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, but for who owns the lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("store.lock", "store.owner")
    }


def run_killed(work: Callable[[], object], at: int) -> bool:
    """Do something in a process of its own that ends, as killed, before the ``at``-th thing that it does to files;
    whether it came to its end before."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _EVENTS:
                seen += 1
                if seen == at:
                    os._exit(KILLED)

        code = 1
        try:
            sys.addaudithook(count)
            work()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == 0
