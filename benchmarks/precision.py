"""What int8 costs: the same questions on the same documents, embedded in fp32 and in int8, in one run.

Documents and questions as in `retrieval.py`.  The third line asks in fp32 what was stored in int8.

    python benchmarks/precision.py questions.json [--limit 1000] [--settings settings.yaml]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from retrieval import DEPTH, articles, rankings, write_documents

from ragapp.privacy import go_offline

METHODS = ("vectors alone", "convex, 0.4 vectors")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--limit", type=int, default=1000, help="questions at the most, drawn with a fixed seed")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    options = parser.parse_args()
    go_offline()
    from ragapp.app import App
    from ragapp.index.embedder import Embedder
    from ragapp.settings import load_settings

    found = articles(options.questions)
    asked = [(question, title, number) for title, _, questions in found for question, number in questions]
    random.Random(0).shuffle(asked)
    asked = asked[: options.limit]
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "documents"
        folder.mkdir()
        names = write_documents(folder, found)
        for stored, asking in (("fp32", "fp32"), ("int8", "int8"), ("int8", "fp32")):
            paths = {"data": Path(temporary) / stored}
            if options.models:
                paths["models"] = options.models
            settings = load_settings(options.settings, {"paths": paths, "embedding": {"precision": stored}})
            with App(settings, write=True) as app:
                app.pipeline.run([folder])
                catalog = app.library.catalog
                chunks = catalog.chunks(catalog.chunk_ids())
                if asking != stored:
                    app.__dict__["embedder"] = Embedder(app.embedder.folder, app.embedder.name, precision=asking)
                hits: dict[str, list[int]] = {}
                for question, title, number in asked:
                    for method, ranked in rankings(app, question).items():
                        right = (
                            rank
                            for rank, chunk in enumerate(ranked)
                            if chunks[chunk].document == names[title] and chunks[chunk].headings[-1:] == (str(number),)
                        )
                        hits.setdefault(method, []).append(next(right, DEPTH))
            figures = [
                f"{sum(rank < k for rank in hits[method]) / len(asked):.3f}" for method in METHODS for k in (1, 5)
            ]
            lines.append(f"| {stored} | {asking} | {' | '.join(figures)} |")
    sys.stdout.write(f"{len(asked)} questions, {len(chunks)} chunks\n\n| passages in | questions in |")
    sys.stdout.write("".join(f" {method}: R@{k} |" for method in METHODS for k in (1, 5)))
    sys.stdout.write("\n|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
