"""What int8 costs: the same questions on the same documents, embedded in fp32 and in int8, in one run.

Documents and questions as in `retrieval.py`.  The third line asks in fp32 what was stored in int8.

    python benchmarks/precision.py questions.json [--limit 1000] [--settings settings.yaml]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from questions import opened, sample, shares, write_documents
from retrieval import ranks

from ragapp.privacy import go_offline

METHODS = {"vectors alone": "vectors alone (PrivateGPT, AnythingLLM)", "ragapp": "ragapp"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--limit", type=int, default=1000, help="questions at the most, drawn with a fixed seed")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    options = parser.parse_args()
    go_offline()
    from ragapp.index.embedder import Embedder

    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "documents"
        folder.mkdir()
        asked = sample(write_documents(options.questions, folder), "all", options.limit)
        for stored, asking in (("fp32", "fp32"), ("int8", "int8"), ("int8", "fp32")):
            data = Path(temporary) / stored
            with opened(data, options.models, options.settings, embedding={"precision": stored}) as app:
                app.pipeline.run([folder])
                if asking != stored:
                    app.__dict__["embedder"] = Embedder(app.embedder.folder, app.embedder.name, precision=asking)
                found = ranks(app, asked)
            figures = [figure for method in METHODS.values() for figure in shares(found[method], 1, 5)]
            lines.append(f"| {stored} | {asking} | {' | '.join(figures)} |")
    sys.stdout.write(f"{len(asked)} questions\n\n| passages in | questions in |")
    sys.stdout.write("".join(f" {method}: R@{k} |" for method in METHODS for k in (1, 5)))
    sys.stdout.write("\n|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
