"""The store at scale: how large, how fast to fill, search, delete from and rebuild, and how exact, at so many chunks.

The catalog and Chroma are the real ones, filled as ingestion fills them; texts and vectors are synthetic.  Words follow
Zipf's law.  Vectors lie in clusters, and the chunks of a document lie in the same one, as they do in life: that is
harder for a graph than the same vectors in random order.

    python benchmarks/store.py --chunks 1000 --chunks 100000 [--server] [--spread 1.0] [--words 60] [--keep FOLDER]

With --server the vectors are kept by `chroma run`, a process of its own on this machine, as `store.chroma` has it.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ragapp.privacy import go_offline

DIMENSION = 384
DOCUMENT_CHUNKS = 100
BATCH_DOCUMENTS = 10
CANDIDATES = 50
K = 10
VOCABULARY = 50_000
# stop words and the like, of which no question consists
FREQUENT = 100
QUESTION_WORDS = 6
DELETED = 20
# what a server's collections are named by
LIBRARY = "benchmark"


class Made:
    """Synthetic documents and questions, the same for the same seed.

    Args:
        clusters: how many there are.
        spread: length of what is added to a cluster's centre, which has length one.
        words: of a chunk's text.
        seed: of the random numbers.
    """

    def __init__(self, clusters: int, spread: float, words: int, seed: int = 0):
        self._rng = np.random.default_rng(seed)
        centres = self._rng.normal(size=(clusters, DIMENSION)).astype(np.float32)
        self._centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        self._spread = spread
        self._words = words
        syllables = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
        self._vocabulary = np.array(["".join(self._rng.choice(syllables, 4)) for _ in range(VOCABULARY)])
        ranks = 1.0 / np.arange(1, VOCABULARY + 1)
        self._cumulative = np.cumsum(ranks / ranks.sum())

    def vectors(self, count: int, cluster: int | None = None) -> np.ndarray:
        """Unit vectors, of one cluster or each of any; float32 (count, dimension)."""
        chosen = self._rng.integers(len(self._centres), size=count) if cluster is None else np.full(count, cluster)
        noise = self._rng.normal(size=(count, DIMENSION)).astype(np.float32) / np.sqrt(DIMENSION)
        vectors = self._centres[chosen] + self._spread * noise
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def texts(self, count: int) -> list[str]:
        """Texts of so many words."""
        return [" ".join(self._draw(self._words)) for _ in range(count)]

    def documents(self, count: int) -> Iterator[tuple[list[str], np.ndarray]]:
        """Texts and vectors of the chunks of each document."""
        for number in range(count):
            yield self.texts(DOCUMENT_CHUNKS), self.vectors(DOCUMENT_CHUNKS, number % len(self._centres))

    def question(self) -> str:
        """The words of a question."""
        return " ".join(self._draw(QUESTION_WORDS, self._cumulative[FREQUENT]))

    def _draw(self, count: int, least: float = 0.0) -> np.ndarray:
        ranks = np.searchsorted(self._cumulative, self._rng.uniform(least, 1, count))
        return self._vocabulary[ranks.clip(0, VOCABULARY - 1)]


def milliseconds(calls: int, work: Callable[[int], object]) -> tuple[float, float]:
    """Median and 95th percentile of ``work(n)``."""
    seconds = []
    for n in range(calls):
        begin = time.perf_counter()
        work(n)
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)) * 1e3, float(np.quantile(seconds, 0.95)) * 1e3


def nearest_exactly(catalog, questions: np.ndarray) -> list[set[int]]:
    """Ids of the nearest chunks of each question, by reading all vectors part by part."""
    every = catalog.chunk_ids()
    ids = np.zeros((len(questions), 0), np.int64)
    scores = np.zeros((len(questions), 0), np.float32)
    for begin in range(0, len(every), 20_000):
        part, vectors = catalog.vectors(every[begin : begin + 20_000])
        ids = np.hstack([ids, np.broadcast_to(np.array(part), (len(questions), len(part)))])
        scores = np.hstack([scores, questions @ vectors.T])
        best = np.argsort(-scores, axis=1)[:, :K]
        ids, scores = np.take_along_axis(ids, best, 1), np.take_along_axis(scores, best, 1)
    return [set(row) for row in ids.tolist()]


def recall(index, questions: np.ndarray, truth: list[set[int]]) -> float:
    """Share of the true nearest among the candidates' first."""
    found = [set(index.nearest(question, CANDIDATES)[:K]) for question in questions]
    return sum(len(a & b) for a, b in zip(found, truth, strict=True)) / sum(map(len, truth))


def mebibytes(folder: Path) -> float:
    """Size of a file or of all files below a folder."""
    files = folder.rglob("*") if folder.is_dir() else folder.parent.glob(folder.name + "*")
    return sum(path.stat().st_size for path in files if path.is_file()) / 2**20


def opened(folder: Path) -> str:
    """Seconds to open Chroma and to get the first answer, in a process of its own; the import is not counted."""
    code = (
        "import sys, time, pathlib, resource, numpy, chromadb; from ragapp.index.chroma_embedded import EmbeddedStore\n"
        "begin = time.perf_counter(); index = EmbeddedStore(pathlib.Path(sys.argv[1]), 1)\n"
        f"index.nearest(numpy.ones({DIMENSION}, numpy.float32), {CANDIDATES})\n"
        "end = time.perf_counter(); assert not index.notice; index.close()\n"
        "print(f'{end - begin:.2f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB')"
    )
    return subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True).stdout


@contextmanager
def chroma_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """Address and process of a Chroma server of this environment, which keeps its files in a folder."""
    import httpx

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = "import sys; sys.argv[0] = 'chroma'; from chromadb.cli.cli import app; app()"
    where = ["run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", program, *where], **quiet)
    try:
        url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/api/v2/heartbeat", timeout=5, trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def served(folder: Path, questions: np.ndarray) -> str:
    """Seconds until a server that is started anew has given the first answer, and its memory after some searches."""
    import psutil

    from ragapp.index.chroma_server import ChromaServer

    begin = time.perf_counter()
    with chroma_server(folder) as (url, process):
        index = ChromaServer(url).open(LIBRARY, 1, DIMENSION)
        index.nearest(questions[0], CANDIDATES)
        seconds = time.perf_counter() - begin
        for question in questions:
            index.nearest(question, CANDIDATES)
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
        index.close()
    return f"{seconds:.2f} s, {memory:.0f} MiB"


def fill(made: Made, catalog, index, count: int) -> dict[str, str]:
    """Put documents into both; every thousand chunks, Chroma gets them together."""
    from ragapp.index.catalog import Chunk, EmbedderIdentity
    from ragapp.reading.document import Block, Document, Unit

    identity = catalog.identity_id(EmbedderIdentity("synthetic", DIMENSION, True, "0" * 64, "1"))
    seconds = {"catalog": 0.0, "chroma": 0.0}
    pending: list[tuple[list[int], np.ndarray]] = []
    documents = max(1, count // DOCUMENT_CHUNKS)
    for number, (texts, vectors) in enumerate(made.documents(documents), start=1):
        document = Document(
            title=f"Document {number}",
            language="en",
            units=[Unit(n, "page", str(n), [Block(text, "paragraph", ())]) for n, text in enumerate(texts, start=1)],
        )
        chunks = [Chunk(n, (), text, 0, len(text)) for n, text in enumerate(texts, start=1)]
        begin = time.perf_counter()
        _, added, _ = catalog.put_document(
            Path(f"/synthetic/{number}.txt"), document, chunks, vectors, identity, 1, 1, f"{number:064d}"
        )
        seconds["catalog"] += time.perf_counter() - begin
        pending.append((added, vectors.astype(np.float16).astype(np.float32)))
        if len(pending) == BATCH_DOCUMENTS or number == documents:
            begin = time.perf_counter()
            index.add([chunk_id for ids, _ in pending for chunk_id in ids], np.concatenate([v for _, v in pending]))
            seconds["chroma"] += time.perf_counter() - begin
            pending = []
            if number % max(BATCH_DOCUMENTS, documents // 10 // BATCH_DOCUMENTS * BATCH_DOCUMENTS) == 0:
                rates = ", ".join(f"{name} {number * DOCUMENT_CHUNKS / s:.0f}/s" for name, s in seconds.items())
                print(f"  {number * DOCUMENT_CHUNKS} chunks: {rates}", file=sys.stderr, flush=True)
    begin = time.perf_counter()
    index.save()
    seconds["chroma"] += time.perf_counter() - begin
    held = documents * DOCUMENT_CHUNKS
    return {f"added a second, {name}": f"{held / s:.0f}" for name, s in seconds.items()}


class Given:
    """Stands in for the embedder: a question's vector is the one that is given with it."""

    cosine_spread = 0.5

    def __init__(self) -> None:
        self.vector = np.zeros(DIMENSION, np.float32)

    def embed_query(self, text: str) -> np.ndarray:
        return self.vector


def searches(made: Made, catalog, index, questions: np.ndarray) -> dict[str, str]:
    """Latencies of both sides alone and of the whole search; without embedding the question."""
    from ragapp.retrieval.retriever import Retriever
    from ragapp.settings import Retrieval

    asked = [made.question() for _ in questions]
    store = SimpleNamespace(catalog=catalog, nearest=index.nearest, check_identity=lambda: None)
    given = Given()
    retriever = Retriever(store, given, Retrieval(candidates=CANDIDATES))

    def both(n: int) -> None:
        given.vector = questions[n]
        retriever.search(asked[n], K)

    measured = {
        "vectors": milliseconds(len(questions), lambda n: index.nearest(questions[n], CANDIDATES)),
        "words": milliseconds(len(questions), lambda n: catalog.match(catalog.question_words(asked[n]), CANDIDATES)),
        "both, whole": milliseconds(len(questions), both),
    }
    return {f"search, {name}: p50 / p95 ms": f"{p50:.1f} / {p95:.1f}" for name, (p50, p95) in measured.items()}


def deletions(catalog, index) -> dict[str, str]:
    """Median time to delete one document from each."""
    chosen = [row.id for row in catalog.documents()]
    chosen = chosen[:: max(5, len(chosen) // DELETED)][:DELETED]
    gone: list[list[int]] = []
    from_catalog = milliseconds(len(chosen), lambda n: gone.append(catalog.remove_document(chosen[n])))[0]
    from_chroma = milliseconds(len(chosen), lambda n: index.remove(gone[n]))[0]
    return {f"delete a document of {DOCUMENT_CHUNKS}: catalog / Chroma ms": f"{from_catalog:.0f} / {from_chroma:.0f}"}


def measure(count: int, folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """All figures of one size."""
    from ragapp.index.catalog import Catalog
    from ragapp.index.chroma_embedded import EmbeddedChroma
    from ragapp.index.chroma_server import ChromaServer
    from ragapp.index.vector_store import reconcile

    # a question about what no document is about has no near chunks that could be found or missed
    made = Made(min(options.clusters, count // DOCUMENT_CHUNKS), options.spread, options.words)
    catalog, files = Catalog(folder / "catalog.sqlite3"), folder / "chroma"
    with chroma_server(files) if options.server else nullcontext(("", None)) as (url, _):
        backend = ChromaServer(url) if url else EmbeddedChroma(files)
        index = backend.open(LIBRARY, 1, DIMENSION)
        figures = fill(made, catalog, index, count)
        figures = {"chunks": f"{catalog.chunk_count():,}", **figures}
        index.close()
    questions = made.vectors(options.questions)
    figures["catalog, MiB"] = f"{mebibytes(folder / 'catalog.sqlite3'):.0f}"
    figures["Chroma, MiB"] = f"{mebibytes(files):.0f}"
    first = served(files, questions) if options.server else opened(files).strip()
    figures["open and first answer, memory"] = first
    with chroma_server(files) if options.server else nullcontext(("", None)) as (url, _):
        backend = ChromaServer(url) if url else EmbeddedChroma(files)
        index = backend.open(LIBRARY, 1, DIMENSION)
        figures |= searches(made, catalog, index, questions)
        figures[f"recall@{K}"] = f"{recall(index, questions, nearest_exactly(catalog, questions)):.4f}"
        figures |= deletions(catalog, index)
        index.close()
        if not options.no_rebuild:
            begin = time.perf_counter()
            backend.delete(LIBRARY)
            index = backend.open(LIBRARY, 1, DIMENSION)
            reconcile(catalog, index)
            figures["rebuild Chroma, s"] = f"{time.perf_counter() - begin:.0f}"
            truth = nearest_exactly(catalog, questions)
            figures[f"recall@{K} of the rebuilt"] = f"{recall(index, questions, truth):.4f}"
            index.close()
    catalog.close()
    figures["peak memory, MiB"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"
    return figures


def main() -> None:
    """Measure each size in a process of its own, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, action="append", help="a size; give it several times for several")
    parser.add_argument("--clusters", type=int, default=500)
    parser.add_argument("--spread", type=float, default=1.0, help="of the clusters; the larger, the harder")
    parser.add_argument("--words", type=int, default=60, help="of a chunk")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--no-rebuild", action="store_true", help="leave out the rebuilding, which takes long")
    parser.add_argument("--server", action="store_true", help="the vectors on a Chroma server instead of in files")
    parser.add_argument("--keep", type=Path, help="an empty folder for the stores, which stay there")
    parser.add_argument("--figures", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    go_offline()
    sizes = options.chunks or [1000, 100_000]
    if options.figures:
        for name, value in measure(sizes[0], options.keep, options).items():
            print(f"{name}\t{value}")
        return
    columns = []
    for size in sizes:
        folder = Path(tempfile.mkdtemp(prefix="ragapp-store-", dir=options.keep))
        try:
            print(f"{size} chunks in {folder}", file=sys.stderr, flush=True)
            command = [
                sys.executable,
                __file__,
                "--chunks",
                str(size),
                "--keep",
                str(folder),
                "--figures",
                "--clusters",
                str(options.clusters),
                "--spread",
                str(options.spread),
                "--words",
                str(options.words),
                "--questions",
                str(options.questions),
                *(["--no-rebuild"] if options.no_rebuild else []),
                *(["--server"] if options.server else []),
            ]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            columns.append(dict(line.split("\t") for line in done.stdout.splitlines()))
        finally:
            if not options.keep:
                shutil.rmtree(folder, ignore_errors=True)
    print("| " + " | ".join(["chunks", *(column.pop("chunks") for column in columns)]) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name in columns[0]:
        print("| " + " | ".join([name, *(column[name] for column in columns)]) + " |")


if __name__ == "__main__":
    main()
