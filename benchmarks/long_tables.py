"""A table of a million rows: what reading it takes, how much of it is kept, and how quick its queries are.

Writes the shipments of `table_books.py` as CSV or XLSX, has them read in a process of its own under the limits of an
ingestion, stores them without vectors (a chunk a unit), and asks of them what `table_questions.jsonl` asks.

    python benchmarks/long_tables.py [--rows 1000000] [--form csv|xlsx] [--max-text 100] [--memory 2048] [--keep FOLDER]

With the limits of the default settings (`--max-text 20`) it tells why the file is not read.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from table_books import shipments, write_workbook

from ragapp.privacy import go_offline

HERE = Path(__file__).parent


class UnitChunker:
    """A chunk a unit, since no vector is needed; what a :class:`ragapp.ingest.worker.Worker` asks of its chunker."""

    def split(self, document: Any) -> list[Any]:
        """The chunks of a document."""
        from ragapp.index.records import Chunk

        return [Chunk(unit.number, (), unit.text, 0, len(unit.text)) for unit in document.units if unit.blocks]

    def embedded_text(self, chunk: Any, title: str, name: str) -> Any:
        """What would be embedded of a chunk."""
        from ragapp.index.chunk_text import EmbeddedText

        return EmbeddedText(f"{title} {name}", chunk.text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--form", choices=["csv", "xlsx"], default="csv")
    parser.add_argument("--max-text", type=int, default=100, help="as ingest.max_text_mb")
    parser.add_argument("--memory", type=int, default=2048, help="as ingest.memory_mb")
    parser.add_argument("--keep", type=Path, help="a folder for file and catalog, which are used again")
    options = parser.parse_args()
    go_offline()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        path = folder / f"shipments-{options.rows}.{options.form}"
        if not path.exists():
            written(path, options.rows)
        say(f"{path.name}: {path.stat().st_size / 2**20:.0f} MiB")
        catalog = stored(folder / f"{path.name}.sqlite3", path, options)
        if catalog:
            asked(catalog)
            catalog.close()
    return 0


def written(path: Path, count: int) -> None:
    """Write so many shipments into a file."""
    rows = shipments(count)
    if path.suffix == ".xlsx":
        write_workbook(path, rows)
        return
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(rows[0]) + "\n")
        for row in rows:
            out.write(",".join(str(value) for value in row.values()) + "\n")


def stored(place: Path, path: Path, options: argparse.Namespace) -> Any:
    """The catalog with the file, which is read as an ingestion reads it; None where it is refused."""
    from ragapp.errors import RagappError
    from ragapp.index.catalog import Catalog
    from ragapp.index.records import EmbedderIdentity
    from ragapp.ingest.worker import Limits, Worker
    from ragapp.reading.document import ReadOptions

    if place.exists():
        return Catalog(place)
    limits = Limits(memory_mb=options.memory, max_text_mb=options.max_text)
    begun = time.monotonic()
    try:
        with Worker(UnitChunker(), limits, ReadOptions()) as worker:  # type: ignore[arg-type]
            read = worker.prepare(path)
    except RagappError as error:
        say(f"refused after {time.monotonic() - begun:.1f} s: {error}")
        say_memory()
        return None
    document = read.document
    kept = sum(len(table.rows) for table in document.tables)
    characters = sum(len(unit.text) for unit in document.units)
    say(f"read in {read.seconds:.1f} s: {characters / 1e6:.0f} million characters, {len(document.units):,} units")
    say(f"rows kept: {kept:,}; left out: {sum(table.left_out for table in document.tables):,}")
    for warning in document.warnings:
        say(f"warning: {warning}")
    say_memory()
    begun = time.monotonic()
    catalog = Catalog(place)
    identity = catalog.identity_id(EmbedderIdentity("none", 1, True, "none", "none"))
    vectors = np.zeros((len(read.chunks), 1), np.float32)
    catalog.put_document(path, document, read.chunks, vectors, identity, 1, 1, path.name)
    say(f"stored in {time.monotonic() - begun:.1f} s; catalog: {place.stat().st_size / 2**20:.0f} MiB")
    say_memory()
    return catalog


def asked(catalog: Any) -> None:
    """Ask the questions about shipments, three times each; how long the queries and the answers took."""
    from ragapp.answer.table_answer import table_answer

    lines = (HERE / "table_questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [one for one in map(json.loads, lines) if one["book"] == "shipments.csv"]
    queries, answers = [], []
    for one in questions:
        for turn in range(3):
            begun = time.monotonic()
            found = table_answer(catalog, one["question"], one.get("language", "en"))
            answers.append(time.monotonic() - begun)
            if found and turn == 0:
                say(
                    f"{found.seconds:.3f} s, in all {answers[-1]:.3f} s: {one['question']} {' '.join(found.lines)[:80]}"
                )
            if found:
                queries.append(found.seconds)
    for name, times in (("query", queries), ("answer", answers)):
        say(f"{name} p50 {np.quantile(times, 0.5):.3f} s, p95 {np.quantile(times, 0.95):.3f} s ({len(times)})")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_memory() -> None:
    own, child = (
        resource.getrusage(whose).ru_maxrss / 1024 for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    say(f"memory at the most: reader {child:.0f} MiB, this process {own:.0f} MiB")


if __name__ == "__main__":
    sys.exit(main())
