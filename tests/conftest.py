"""What the tests share: offline switches, parallel workers, the real models fetched once, a store of the samples."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from ragapp.privacy import go_offline

if TYPE_CHECKING:
    import xdist.workermanage

go_offline()
# what commands say is compared in English
os.environ["LC_ALL"] = "C.UTF-8"

#: name of this pytest-xdist worker, empty where the tests run in one process
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER:
    # Workers share the cores: one OpenMP thread each (torch, llama.cpp, and the processes that tests start) is faster
    # than several that wait for each other.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    # With the limit alone torch still counts on as many threads as there are cores, and the embedder in int8 gave NaN.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# a shell ignores Ctrl-C for what it runs in the background, and so would every process that a test stops by it
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
TEST_LLM = "smollm2-135m-instruct"
# half the time of the default one
TEST_EMBEDDER = "all-minilm-l6-v2"
_SHARED = pytest.StashKey[tempfile.TemporaryDirectory]()
# Files that take a minute or more, begun first so that no worker is left with one at the end.
SLOWEST_FIRST = (
    "web/test_browser.py",
    "web/test_browser_viewer.py",
    "cli/test_commands.py",
    "privacy/test_nothing_leaves.py",
    "ingest/test_kill.py",
    "answer/test_odd_collections.py",
    "web/test_browser_models.py",
    "web/test_first_minutes.py",
    "web/test_browser_documents.py",
    "web/test_browser_talk.py",
    "mcp_server/test_conversation.py",
    "answer/test_what_is_seen.py",
    "ingest/test_incremental.py",
    "models/test_variants.py",
    "web/test_five_doors.py",
    "web/test_streams_of_real_answers.py",
    "answer/test_assistant.py",
    "ingest/test_hostile_fuzz.py",
    "llm/test_engine.py",
    "llm/test_determinism.py",
    "answer/test_same_answer.py",
    "index/test_embedder.py",
    "retrieval/test_questions.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: xdist.workermanage.WorkerController) -> None:
    """Give each worker the same temporary folder."""
    config = node.config
    if _SHARED not in config.stash:
        config.stash[_SHARED] = folder = tempfile.TemporaryDirectory(prefix="ragapp-tests-")
        config.add_cleanup(folder.cleanup)
    node.workerinput["shared_folder"] = config.stash[_SHARED].name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files for workers, each of which takes the next one when it has nearly done its last."""
    if WORKER:
        ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(SLOWEST_FIRST)}
        items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests marked `alone` while no other worker runs one; the wait does not count towards their time limit."""
    with _turn(item) if WORKER else nullcontext():
        return (yield)


@contextmanager
def _turn(item: pytest.Item) -> Iterator[None]:
    """Hold this worker's lock during a test, or the locks of all workers during one that must be alone."""
    folder = Path(item.config.workerinput["shared_folder"])
    locks = {folder / f"{WORKER}.running"}
    with ExitStack() as held:
        # whoever waits for its turn keeps the others from beginning another test
        with FileLock(folder / "turn.lock", poll_interval=0.002):
            if item.get_closest_marker("alone"):
                locks.update(folder.glob("*.running"))
            for lock in sorted(locks):
                held.enter_context(FileLock(lock, poll_interval=0.002))
        yield


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    """A developer's own RAGAPP_ variables must not decide what the tests see."""
    for name in list(os.environ):
        if name.upper().startswith("RAGAPP_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder with two real embedders and the small language model, kept between runs."""
    from ragapp.app import prepare_embedder
    from ragapp.index.onnx_export import NOTES
    from ragapp.models.packs import get_pack
    from ragapp.models.pull import SilentProgress, pull_pack
    from ragapp.settings import Settings

    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ragapp-tests" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name("models.lock")):
        for name in (Settings().embedding.model, TEST_EMBEDDER, TEST_LLM):
            pull_pack(get_pack(name), folder, hub_url="", use_hub=False, progress=SilentProgress())
            if get_pack(name).role == "embedder" and not (folder / name / NOTES).is_file():
                # as `ragapp models pull` does: else the first test that embeds would wait for it
                prepare_embedder(Settings(paths={"models": folder}), name)
    return folder


@pytest.fixture(scope="session")
def default_llm(models_dir) -> Path:
    """The file of the default language model (1.1 GB), kept between runs."""
    from ragapp.models.packs import get_pack
    from ragapp.models.progress import SilentProgress
    from ragapp.models.pull import pull_pack
    from ragapp.settings import Settings

    pack = get_pack(Settings().llm.model)
    with FileLock(models_dir.with_name("models.lock")):
        return pull_pack(pack, models_dir, hub_url="", use_hub=False, progress=SilentProgress())


@pytest.fixture(scope="session")
def multilingual_embedder(models_dir):
    """The embedder that knows many languages, loaded once in a run."""
    from ragapp.index.embedder import Embedder

    name = "multilingual-e5-small"
    return Embedder(models_dir / name, name)


@pytest.fixture(scope="session")
def sample_store(models_dir, tmp_path_factory, request) -> Path:
    """A data folder into which the sample documents were taken; do not change it.

    It is made once in a run; each worker has a copy, as a store belongs to one process at a time.
    """
    own = tmp_path_factory.mktemp("sample-store") / "data"
    if not WORKER:
        _take_in_samples(own, models_dir)
        return own
    shared = Path(request.config.workerinput["shared_folder"], "sample-store")
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            making = shared.with_name("sample-store-in-the-making")
            _take_in_samples(making, models_dir)
            making.rename(shared)
    return shutil.copytree(shared, own)


def _take_in_samples(data: Path, models: Path) -> None:
    from ragapp.app import App
    from ragapp.settings import load_settings

    overrides = {"paths": {"data": data, "models": models}, "embedding": {"model": TEST_EMBEDDER}}
    with App(load_settings(ROOT / "settings.yaml", overrides), write=True) as app:
        report = app.pipeline.run([ROOT / "sample_docs"])
    assert report.count("failed") == 0
    assert report.count("indexed") == 12


@pytest.fixture
def sample_settings(models_dir, sample_store):
    """Settings on the sample store with the small language model."""
    from ragapp.settings import load_settings

    overrides = {
        "paths": {"data": sample_store, "models": models_dir},
        "embedding": {"model": TEST_EMBEDDER},
        "llm": {"model": TEST_LLM, "context": 2048},
    }
    return load_settings(ROOT / "settings.yaml", overrides)
