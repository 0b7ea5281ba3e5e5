"""Who finds the right passage: words alone, vectors alone, reciprocal rank fusion, and ragapp's combination.

All four see the same chunks of the same store, in one run.  Each article of a question file in the format of SQuAD
becomes one Markdown document; a passage is right when it lies in the paragraph that the question was asked about.

    python benchmarks/retrieval.py questions.json [--limit 500] [--settings settings.yaml]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from pathlib import Path

from ragapp.privacy import go_offline

RRF_K = 60
DEPTH = 50


def articles(path: Path) -> list[tuple[str, list[str], list[tuple[str, int]]]]:
    """Title, paragraphs, and (question, paragraph number) of each article; impossible questions are left out."""
    found = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        paragraphs = [" ".join(paragraph["context"].split()) for paragraph in article["paragraphs"]]
        asked = [
            (qa["question"], number)
            for number, paragraph in enumerate(article["paragraphs"])
            for qa in paragraph["qas"]
            if not qa.get("is_impossible")
        ]
        found.append((article.get("title") or f"article {len(found)}", paragraphs, asked))
    return found


def write_documents(folder: Path, found) -> dict[str, str]:
    """One file an article; returns the file's name by title."""
    names = {}
    for number, (title, paragraphs, _) in enumerate(found):
        name = f"{number:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', title)[:60]}.md"
        body = "\n\n".join(f"## {n}\n\n{paragraph}" for n, paragraph in enumerate(paragraphs))
        (folder / name).write_text(f"# {title.replace('_', ' ')}\n\n{body}\n", encoding="utf-8")
        names[title] = name
    return names


def rankings(app, question: str) -> dict[str, list[int]]:
    """Chunk ids, the best first, by each method."""
    from ragapp.index.analysis import question_terms
    from ragapp.retrieval.fusion import fuse

    catalog = app.library.catalog
    vector = app.embedder.embed_question(question)
    dense = app.library.vectors.nearest(vector, DEPTH)
    lexical = catalog.match(question_terms(question, catalog.languages()), DEPTH)
    every = list(dict.fromkeys([*dense, *lexical]))
    ids, vectors = catalog.vectors(every)
    cosines = dict(zip(ids, (vectors @ vector).tolist(), strict=True))
    words = dict(lexical)
    reciprocal = {
        chunk: sum(1 / (RRF_K + ranked.index(chunk) + 1) for ranked in (dense, list(words)) if chunk in ranked)
        for chunk in every
    }
    result = {
        "vectors alone": dense,
        "words alone": list(words),
        "reciprocal rank fusion": sorted(every, key=lambda chunk: -reciprocal[chunk]),
    }
    for weight in (0.3, 0.4, 0.5):
        result[f"convex, {weight} vectors"] = list(fuse(cosines, words, weight))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--limit", type=int, default=1000, help="questions at the most, drawn with a fixed seed")
    parser.add_argument("--settings", type=Path)
    options = parser.parse_args()
    go_offline()
    from ragapp.app import App
    from ragapp.settings import load_settings

    found = articles(options.questions)
    asked = [(question, title, number) for title, _, questions in found for question, number in questions]
    random.Random(0).shuffle(asked)
    asked = asked[: options.limit]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "documents"
        folder.mkdir()
        names = write_documents(folder, found)
        settings = load_settings(options.settings, {"paths": {"data": Path(temporary) / "data"}})
        with App(settings, write=True) as app:
            report = app.pipeline.run([folder])
            chunks = app.library.catalog.chunks(app.library.catalog.chunk_ids())
            hits: dict[str, list[int]] = {}
            for question, title, number in asked:
                for method, ranked in rankings(app, question).items():
                    right = (
                        rank
                        for rank, chunk in enumerate(ranked)
                        if chunks[chunk].document == names[title] and chunks[chunk].headings[-1:] == (str(number),)
                    )
                    hits.setdefault(method, []).append(next(right, DEPTH))
    sys.stdout.write(
        f"{len(asked)} questions, {report.totals['chunks']} chunks\n\n| method | R@1 | R@5 |\n|---|---|---|\n"
    )
    for method, ranks in hits.items():
        r1, r5 = (sum(rank < k for rank in ranks) / len(ranks) for k in (1, 5))
        sys.stdout.write(f"| {method} | {r1:.3f} | {r5:.3f} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
