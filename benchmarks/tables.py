"""Questions that count, add up and compare, on the sample documents and on generated books: how many are right.

Every question of `table_questions.jsonl` is asked of the tables alone, in one store with all books, as an answer would:
first by its words, then, with --model, by a query that the language model writes. A question that neither answers
counts as refused; with passages it may still be answered from the text. No vector is needed, so the books are read and
stored, not embedded. What was asked already is kept in --out and not asked again.

    python benchmarks/tables.py [--model NAME] [--only REGEX] [--out results.jsonl] [--settings settings.yaml]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from kept import Kept
from questions import opened
from table_books import write_books

from ragapp.privacy import go_offline

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_docs"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="language model that writes queries where the words do not tell them")
    parser.add_argument("--only", default="", help="ask only questions whose id this finds")
    parser.add_argument("--out", type=Path, help="what each gave, one JSON object a line; gone on with where it is")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    parser.add_argument("--small", action="store_true", help="without the book of 100,000 rows")
    options = parser.parse_args()
    go_offline()
    lines = (HERE / "table_questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [one for one in map(json.loads, lines) if re.search(options.only, one["id"])]
    if options.small:
        questions = [one for one in questions if one["book"] != "shipments.csv"]
    done = Kept(options.out)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as opened_parts:
        folder = Path(temporary)
        catalog = stored(folder, [*sorted(SAMPLES.iterdir()), *write_books(folder, not options.small)])
        engine = None
        if options.model:
            parts = opened(folder / "data", options.models, options.settings, llm={"model": options.model})
            engine = opened_parts.enter_context(parts).engine()
        for one in questions:
            if one["id"] in done:
                continue
            done.keep(asked(catalog, engine, one))
        catalog.close()
    report([done[one["id"]] for one in questions])
    return 0


def stored(folder: Path, paths: list[Path]) -> Any:
    """A catalog with what the readers give of some files, a chunk a unit, without vectors."""
    from ragapp.index.catalog import Catalog
    from ragapp.index.records import Chunk, EmbedderIdentity
    from ragapp.reading.registry import READERS, read_file
    from ragapp.reading.typed.builder import add_tables

    catalog = Catalog(folder / "catalog.sqlite3")
    identity = catalog.identity_id(EmbedderIdentity("none", 1, True, "none", "none"))
    for path in paths:
        if path.suffix not in READERS or path.suffix == ".jsonl":
            continue
        document = read_file(path)
        begun = time.monotonic()
        add_tables(document)
        typed = time.monotonic()
        chunks = [Chunk(unit.number, (), unit.text, 0, len(unit.text)) for unit in document.units if unit.blocks]
        catalog.put_document(path, document, chunks, np.zeros((len(chunks), 1)), identity, 1, 1, path.name)
        rows = sum(len(table.rows) for table in document.tables)
        if rows > 10_000:
            sys.stdout.write(f"{path.name}: {rows:,} rows typed in {typed - begun:.1f} s\n")
    return catalog


def asked(catalog: Any, engine: Any, one: dict[str, Any]) -> dict[str, Any]:
    """What came of a question: the answer's words, its query, and whether it is right."""
    from ragapp.answer.table_answer import table_answer

    begun = time.monotonic()
    found = table_answer(catalog, one["question"], one.get("language", "en"), engine=engine)
    text = " ".join(found.lines) if found else ""
    verdict = "refused" if not found else "right" if is_right(text, one) else "wrong"
    if one["expected"] is None:
        verdict = "right" if not found else "wrong"
    return {
        "id": one["id"],
        "book": one["book"],
        "verdict": verdict,
        "answer": text,
        "by": found.by if found else "",
        "query": found.sql if found else "",
        "query_s": found.seconds if found else 0.0,
        "seconds": round(time.monotonic() - begun, 3),
    }


def is_right(text: str, one: dict[str, Any]) -> bool:
    """Whether an answer states all that is expected: each figure as a number, each name as it is written.

    A figure counts where it stands before the number of rows, so that "3 rows" is no answer to "how many units".
    """
    told = re.sub(r"(?<=\d)[\s\u202f,](?=\d{3}(?!\d))", "", text.replace("\u202f", " "))
    told = re.sub(r"(?<=\d),(?=\d)", ".", told)
    head = told.rsplit(" (", 1)[0] if one.get("head", True) else told
    figures = [float(figure) for figure in re.findall(r"-?\d+(?:\.\d+)?", head)]
    for expected in one["expected"]:
        if isinstance(expected, str):
            if expected.casefold() not in text.casefold():
                return False
        elif not any(abs(figure - expected) <= one.get("within", 0.006) for figure in figures):
            return False
    return True


def report(results: list[dict[str, Any]]) -> None:
    """Shares by book, and how long the queries took."""
    counted: dict[str, dict[str, int]] = {}
    for one in results:
        for name in (one["book"], "all"):
            counted.setdefault(name, {"right": 0, "wrong": 0, "refused": 0})[one["verdict"]] += 1
    sys.stdout.write("| book | questions | right | wrong and shown | refused |\n|---|---|---|---|---|\n")
    for name, verdicts in counted.items():
        total = sum(verdicts.values())
        shares = " | ".join(f"{verdicts[one] / total:.2f}" for one in ("right", "wrong", "refused"))
        sys.stdout.write(f"| {name} | {total} | {shares} |\n")
    for name in counted:
        times = [one["query_s"] for one in results if one["query"] and name in (one["book"], "all")]
        if times:
            sys.stdout.write(
                f"{name}: query p50 {np.quantile(times, 0.5):.3f} s, p95 {np.quantile(times, 0.95):.3f} s\n"
            )


if __name__ == "__main__":
    sys.exit(main())
