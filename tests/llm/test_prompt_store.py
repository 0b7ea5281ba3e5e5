"""Readings on disk: whole or not there, bounded, for the owner alone; and with the real llama.cpp the same answer."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from test_determinism import ASKED, chat
from test_determinism import PASSAGES as SHORT

from ragapp.errors import ModelError
from ragapp.llm.engine import Engine, EngineOptions
from ragapp.llm.prompt_store import PromptStore, budget, forget_all_but, usage
from ragapp.models.packs import get_pack

TOKENS = list(range(100, 164))
# longer than what is read as quickly as it is found
PASSAGES = tuple(" ".join([passage] * 4) for passage in SHORT)


def only_file(folder):
    (path,) = folder.glob("*/*.kv")
    return path


def test_what_was_kept_is_found_by_its_tokens_alone(tmp_path):
    store = PromptStore(tmp_path / "prompts", "model", 10_000)
    store.add(TOKENS, b"state" * 100, ["sha"])
    assert bytes(store.find(TOKENS).state) == b"state" * 100
    assert store.longest([*TOKENS, 7, 8]) == len(TOKENS)
    assert store.longest([*TOKENS[:-1], 9, 8]) == 0
    assert store.find([*TOKENS[:-1], 9]) is None
    assert PromptStore(tmp_path / "prompts", "another model", 10_000).longest(TOKENS) == 0
    assert PromptStore(tmp_path / "prompts", "model", 10_000).longest(TOKENS) == len(TOKENS)
    longer = [*TOKENS, *range(64)]
    store.add(longer, b"more", [])
    assert store.longest([*longer, 1]) == len(longer)


@pytest.mark.skipif(os.name == "nt", reason="no such rights there")
def test_readings_are_for_their_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        PromptStore(tmp_path / "prompts", "model", 10_000).add(TOKENS, b"state", [])
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "prompts").rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize("damage", ["short", "empty", "byte", "head", "foreign"])
def test_a_damaged_reading_is_a_miss_and_goes(tmp_path, damage):
    store = PromptStore(tmp_path, "model", 10_000)
    store.add(TOKENS, b"state" * 100, ["sha"])
    path = only_file(tmp_path)
    whole = path.read_bytes()
    at = {"byte": len(whole) // 2, "head": 9}.get(damage, 0)
    changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    path.write_bytes({"short": whole[:-7], "empty": b"", "foreign": b"something else " * 40}.get(damage, changed))
    assert store.find(TOKENS) is None
    assert not path.exists()
    assert store.add(TOKENS, b"again", [])
    assert bytes(store.find(TOKENS).state) == b"again"


def test_files_of_other_names_are_no_readings(tmp_path):
    store = PromptStore(tmp_path, "model", 10_000)
    store.add(TOKENS, b"state", [])
    path = only_file(tmp_path)
    for name in (f"._{path.name}", f"Copy of {path.name}", f"x{path.name}"):
        path.with_name(name).write_bytes(b"")
    assert PromptStore(tmp_path, "model", 10_000).longest(TOKENS) == len(TOKENS)


def test_what_another_process_adds_or_deletes_is_seen(tmp_path):
    here, elsewhere = (PromptStore(tmp_path, "model", 10_000) for _ in range(2))
    assert here.longest(TOKENS) == 0
    elsewhere.add(TOKENS, b"state", [])
    assert here.longest(TOKENS) == len(TOKENS)
    elsewhere.forget(TOKENS)
    assert here.longest(TOKENS) == 0
    assert here.find(TOKENS) is None


def test_what_was_used_longest_ago_goes_first(tmp_path):
    store = PromptStore(tmp_path, "model", 4_200)
    for n, when in ((1, 300), (2, 100), (3, 200)):
        store.add([n, *TOKENS], bytes(800), [])
        for path in tmp_path.glob(f"*/{len(TOKENS) + 1}-*.kv"):
            if path.stat().st_mtime > 1000:
                os.utime(path, (when, when))
    store.add([4, *TOKENS], bytes(800), [])
    left = [n for n in (1, 2, 3, 4) if store.has([n, *TOKENS])]
    assert left == [1, 3, 4]
    assert usage(tmp_path).bytes <= 4_200


def number(n):
    """Other tokens for each number, always as many."""
    return [n, *TOKENS]


def kept(store, *numbers):
    return [n for n in numbers if store.has(number(n))]


def test_what_was_read_ahead_makes_room_for_what_is_likelier_and_for_all_that_is_asked(tmp_path):
    store = PromptStore(tmp_path, "model", 4_200)
    for n, rank in ((1, 5), (2, 7)):
        assert store.add(number(n), bytes(800), [], rank)
    assert store.add(number(3), bytes(800), [])
    assert kept(store, 1, 2, 3) == [1, 2, 3]
    assert store.room(4) > 0
    assert store.room(6) > 0
    assert store.room(8) == 0
    assert not store.add(number(4), bytes(800), [], 8)
    assert store.add(number(5), bytes(800), [], 6)
    assert kept(store, 1, 2, 3, 4, 5) == [1, 3, 5]
    # one that was asked about stays, and so does what was read ahead once it is used
    assert store.find(number(5))
    assert store.add(number(6), bytes(800), [], 0)
    assert kept(store, 1, 3, 5, 6) == [3, 5, 6]
    assert store.room(0) == 0
    assert store.add(number(7), bytes(800), [])
    assert kept(store, 3, 5, 6, 7) == [3, 5, 7]
    assert usage(tmp_path).bytes <= 4_200


def test_what_nobody_asked_for_is_as_likely_as_it_was_found_last(tmp_path):
    store = PromptStore(tmp_path, "model", 4_200)
    store.add(number(1), bytes(800), [], 0)
    store.add(number(2), bytes(800), [], 1)
    store.add(number(3), bytes(800), [], 1)
    assert store.has(number(1), 4)
    assert store.add(number(4), bytes(800), [], 2)
    assert kept(store, 1, 2, 3, 4) == [2, 3, 4]
    store.find(number(2))
    store.has(number(2), 9)  # it was asked about
    assert store.add(number(5), bytes(800), [], 0)
    assert kept(store, 2, 3, 4, 5) == [2, 3, 5]


def test_what_another_model_read_goes_first_unless_it_was_used_lately(tmp_path):
    old, new = PromptStore(tmp_path, "old", 4_200), PromptStore(tmp_path, "new", 4_200)
    old.add(number(1), bytes(800), [], 0)
    old.add(number(2), bytes(800), [])
    old.add(number(3), bytes(800), [])
    weeks_ago = time.time() - 20 * 86_400
    os.utime(old._path(number(3)), (weeks_ago, weeks_ago))
    assert new.add(number(4), bytes(800), [], 9)
    assert new.add(number(5), bytes(800), [], 9)
    assert (kept(old, 1, 2, 3), kept(new, 4, 5)) == ([2], [4, 5])
    assert not new.add(number(6), bytes(800), [], 9)


def test_a_reading_from_the_future_is_the_first_to_go(tmp_path):
    store = PromptStore(tmp_path, "model", 4_200)
    for n in (1, 2, 3):
        store.add(number(n), bytes(800), [])
    years_ahead = time.time() + 900 * 86_400
    os.utime(store._path(number(2)), (years_ahead, years_ahead))
    assert store.add(number(4), bytes(800), [], 50)
    assert kept(store, 1, 2, 3, 4) == [1, 3, 4]


def test_what_a_killed_process_left_is_deleted_when_room_is_made(tmp_path):
    store = PromptStore(tmp_path, "model", 10_000)
    store.add(TOKENS, b"state", [])
    path = only_file(tmp_path)
    old, new = (path.with_suffix(f".{n}-1.partial") for n in (7, 8))
    for partial in (old, new):
        partial.write_bytes(bytes(500))
    os.utime(old, (time.time() - 7_200,) * 2)
    store.add(number(1), b"state", [])
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_over_a_lowered_bound_goes(tmp_path):
    store = PromptStore(tmp_path, "model", 10_000)
    for n in (1, 2, 3):
        store.add(number(n), bytes(800), [])
        os.utime(store._path(number(n)), (1e9 + n, 1e9 + n))
    store.add(number(4), bytes(800), [], 0)
    PromptStore(tmp_path, "model", 10_000).trim()
    assert kept(store, 1, 2, 3, 4) == [1, 2, 3, 4]
    PromptStore(tmp_path, "model", 2_900).trim()
    assert kept(store, 1, 2, 3, 4) == [2, 3]
    PromptStore(tmp_path, "model", 0).trim()
    assert usage(tmp_path).readings == 0
    PromptStore(tmp_path / "nowhere", "model", 0).trim()


@pytest.mark.parametrize("rank", [None, 3])
def test_one_that_is_larger_than_all_may_be_is_not_kept_and_leaves_the_others(tmp_path, rank):
    store = PromptStore(tmp_path, "model", 1_000)
    store.add(number(1), bytes(100), [])
    assert not store.add(TOKENS, bytes(2_000), [], rank)
    assert kept(store, 1) == [1]
    assert store.room(rank) == 0


@pytest.mark.parametrize("where", ["os.open", "zlib.crc32", "os.replace"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, where):
    store = PromptStore(tmp_path, "model", 10_000)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"ragapp.llm.prompt_store.{where}", full)
    with pytest.raises(OSError, match="No space"):
        store.add(TOKENS, b"state", [])
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not store.has(TOKENS)


def test_several_writers_of_one_reading_leave_one_whole_file(tmp_path):
    stores = [PromptStore(tmp_path, "model", 100_000_000) for _ in range(8)]
    with ThreadPoolExecutor(len(stores)) as writers:
        list(writers.map(lambda store: store.add(TOKENS, bytes(300_000), []), stores))
    assert len(stores[0].find(TOKENS).state) == 300_000
    assert len(list(tmp_path.rglob("*.*"))) == 1


def test_readings_of_documents_that_are_gone_are_erased(tmp_path):
    store = PromptStore(tmp_path, "model", 100_000)
    store.add([1, *TOKENS], b"a", ["kept"])
    store.add([2, *TOKENS], b"b", ["kept", "gone"])
    store.add([3, *TOKENS], b"c", ["gone"])
    store.add([4, *TOKENS], b"d", [])
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "9-unknown.kv").write_bytes(b"?")
    (tmp_path / "x" / "9-unknown.77.partial").write_bytes(b"half")
    assert forget_all_but(tmp_path, ["kept"]) == 4
    assert [n for n in (1, 2, 3, 4) if store.has([n, *TOKENS])] == [1, 4]


def test_the_bound_follows_the_disk_unless_it_is_set(tmp_path, monkeypatch):
    assert budget(tmp_path, 5) == 5 << 20
    assert budget(tmp_path, 0) == 0
    monkeypatch.setattr(
        "ragapp.llm.prompt_store.shutil.disk_usage", lambda path: type("Use", (), {"free": 3_000_000_000})()
    )
    assert budget(tmp_path / "not" / "there", None) == 300_000_000
    monkeypatch.setattr("ragapp.llm.prompt_store.shutil.disk_usage", lambda path: type("Use", (), {"free": 10**15})())
    assert budget(tmp_path, None) == 4 << 30


def begun(passage):
    """What all chats about a passage begin with."""
    return [{**message, "content": message["content"].partition(ASKED[0])[0]} for message in chat(passage, ASKED[0])]


def open_engine(path, folder, still_there=lambda sources: True, **options):
    def store(model):
        return PromptStore(folder, model, 1 << 30)

    chosen = EngineOptions(threads=1, **options)
    return Engine(path, "m", context=2048, options=chosen, store=store, still_there=still_there)


def told(engine, passage, question):
    """All that the model says of a question: logits for the judge, and what it writes."""
    yes = engine.choice_probabilities(chat(passage, question), ("Yes", "No"))
    return yes, "".join(engine.generate(chat(passage, question, "Answer in one short sentence."), max_tokens=12))


AGAIN = """
import json, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_prompt_store import ASKED, PASSAGES, open_engine, told
engine = open_engine(Path({path!r}), Path({folder!r}))
yes, text = told(engine, PASSAGES[0], ASKED[1])
print(json.dumps([yes, text, engine.stats.prompt_tokens]))
engine.close()
"""


def hold(path, tmp_path):
    """One question cold, warm, and from disk in another process."""
    bare = Engine(path, "m", context=2048, options=EngineOptions(threads=1))
    cold = told(bare, PASSAGES[0], ASKED[1])
    bare.close()
    folder = tmp_path / "prompts"
    engine = open_engine(path, folder)
    told(engine, PASSAGES[0], ASKED[0])
    engine.keep(begun(PASSAGES[0]), ["sha"])
    told(engine, PASSAGES[1], ASKED[0])
    assert told(engine, PASSAGES[0], ASKED[1]) == cold
    engine.close()
    assert engine.notices == []
    assert usage(folder).readings == 1
    program = AGAIN.format(tests=str(os.path.dirname(__file__)), path=str(path), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    yes, text, _ = json.loads(done.stdout)
    assert (yes, text) == cold
    engine = open_engine(path, folder)
    engine.load()
    assert engine.kept(begun(PASSAGES[0]))
    assert not engine.kept(begun(PASSAGES[1]))
    read = []
    decode = engine._context.decode
    engine._context.decode = lambda tokens: (read.append(len(tokens)), decode(tokens))[1]
    assert engine.choice_probabilities(chat(PASSAGES[0], ASKED[1]), ("Yes", "No")) == cold[0]
    engine.close()
    return sum(read)


@pytest.mark.real
def test_from_disk_it_is_the_same_answer(models_dir, tmp_path):
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    read = hold(path, tmp_path)
    whole = Engine(path, "m", context=2048, options=EngineOptions(threads=1))
    assert read < len(whole.prompt_tokens(chat(PASSAGES[0], ASKED[1]))) / 2
    whole.close()


@pytest.mark.real
@pytest.mark.timeout(900)
def test_from_disk_it_is_the_same_answer_with_the_default_model(default_llm, tmp_path):
    hold(default_llm, tmp_path)


@pytest.mark.real
def test_a_damaged_reading_is_read_anew(models_dir, tmp_path):
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    engine = open_engine(path, tmp_path)
    cold = told(engine, PASSAGES[0], ASKED[0])
    engine.keep(begun(PASSAGES[0]))
    engine.close()
    file = only_file(tmp_path)
    spoilt = bytearray(file.read_bytes())
    spoilt[-1000] ^= 64
    file.write_bytes(spoilt)
    engine = open_engine(path, tmp_path)
    assert told(engine, PASSAGES[0], ASKED[0]) == cold
    engine.close()


@pytest.mark.real
def test_other_options_or_another_file_find_nothing(models_dir, tmp_path):
    path = tmp_path / "model.gguf"
    shutil.copy(get_pack("smollm2-135m-instruct").target(models_dir), path)
    engine = open_engine(path, tmp_path)
    told(engine, PASSAGES[0], ASKED[0])
    engine.keep(begun(PASSAGES[0]))
    engine.close()

    def knows(**options):
        other = open_engine(path, tmp_path, **options)
        other.load()
        known = other.kept(begun(PASSAGES[0]))
        assert np.isfinite(told(other, PASSAGES[0], ASKED[0])[0]).all()
        other.close()
        return known

    assert knows()
    assert not knows(flash_attention=True)
    assert not knows(flash_attention=True, cache_type="q8_0")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))  # it may be another one, whatever its size
    assert not knows()


@pytest.mark.real
def test_a_reading_is_deleted_again_whose_document_went_meanwhile(models_dir, tmp_path):
    path, there = get_pack("smollm2-135m-instruct").target(models_dir), {"a", "b"}
    engine = open_engine(path, tmp_path, still_there=lambda sources: there.issuperset(sources))
    for passage, source in zip(PASSAGES, ("a", "b"), strict=False):
        told(engine, passage, ASKED[0])
        there.discard("b")
        engine.keep(begun(passage), [source])
        engine._behind.finish()
    assert usage(tmp_path).readings == 1
    assert engine.kept(begun(PASSAGES[0]))
    assert not engine.kept(begun(PASSAGES[1]))
    engine.close()


@pytest.mark.real
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device", "x"), MemoryError()])
def test_what_cannot_be_kept_is_told_once_and_the_answers_stay(models_dir, tmp_path, monkeypatch, problem):
    engine = open_engine(get_pack("smollm2-135m-instruct").target(models_dir), tmp_path)

    def fail(*arguments):
        raise problem

    monkeypatch.setattr(PromptStore, "add", fail)
    before = [told(engine, passage, ASKED[0]) for passage in PASSAGES[:2]]
    for passage in PASSAGES[:2]:
        told(engine, passage, ASKED[0])
        engine.keep(begun(passage))
        engine._behind.finish()
    why = "No space left on device" if isinstance(problem, OSError) else "MemoryError"
    assert engine.notices == [f"What m has read cannot be kept on disk: {why}"]
    engine.prefill(begun(PASSAGES[1]))
    with pytest.raises(ModelError, match=why):
        engine.keep_ahead(begun(PASSAGES[1]), [], 0)
    assert [told(engine, passage, ASKED[0]) for passage in PASSAGES[:2]] == before
    monkeypatch.undo()
    engine.prefill(begun(PASSAGES[1]))
    assert engine.keep_ahead(begun(PASSAGES[1]), [], 0)
    assert usage(tmp_path).readings == 1
    engine.close()
