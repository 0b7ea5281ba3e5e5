"""Who finds the right passage: words alone, vectors alone, reciprocal rank fusion, and ragapp.

All see the same chunks of the same store, in one run.  Each article of a question file in the format of SQuAD becomes
one Markdown document; a passage is right when it lies in the paragraph that the question was asked about.

    python benchmarks/retrieval.py questions.json [more.json …] [--half choose|report|all] [--limit 1000]
        [--embedder all-minilm-l6-v2] [--chunk-tokens 256]

What was chosen (weights, shares) was chosen on the half `choose`: every other article.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from questions import HALVES, Asked, opened, sample, shares, write_documents

from ragapp.privacy import go_offline

RRF_K = 60
DEPTH = 50
WEIGHTS = (0.3, 0.5, 0.7)


class Remembering:
    """An embedder that embeds each question once, though several methods ask."""

    def __init__(self, embedder):
        self._embedder = embedder
        self._known: dict = {}
        self.cosine_spread = embedder.cosine_spread

    def embed_query(self, text: str):
        if text not in self._known:
            self._known[text] = self._embedder.embed_query(text)
        return self._known[text]

    def __getattr__(self, name: str):
        return getattr(self._embedder, name)


def rankings(app, embedder: Remembering, question: str) -> Iterator[tuple[str, list[int]]]:
    """Chunk ids, the best first, by each method."""
    from ragapp.retrieval.retriever import Retriever

    catalog = app.store.catalog
    vector = embedder.embed_query(question)
    dense = app.store.vectors.nearest(vector, DEPTH)
    lexical = catalog.match(catalog.question_words(question), DEPTH)
    every = list(dict.fromkeys([*dense, *lexical]))
    yield "vectors alone (PrivateGPT, AnythingLLM)", dense
    yield "words alone, BM25", list(lexical)
    places = [{chunk: rank for rank, chunk in enumerate(side, 1)} for side in (dense, lexical)]
    reciprocal = {chunk: sum(1 / (RRF_K + side[chunk]) for side in places if chunk in side) for chunk in every}
    yield "reciprocal rank fusion (localGPT, haiku.rag)", sorted(every, key=lambda chunk: -reciprocal[chunk])
    ids, vectors = catalog.vectors(every)
    yield "convex, BM25 and min-max vectors, half each", _convex(dict(zip(ids, vectors @ vector, strict=True)), lexical)
    yield "ragapp", [passage.chunk.id for passage in app.retriever.search(question, DEPTH).passages]
    for weight in WEIGHTS:
        settings = app.settings.retrieval.model_copy(update={"dense_weight": weight})
        found = Retriever(app.store, embedder, settings).search(question, DEPTH)
        yield f"ragapp, weight of vectors {weight}", [passage.chunk.id for passage in found.passages]


def _convex(cosines: dict[int, float], lexical: dict[int, float]) -> list[int]:
    low, high, top = min(cosines.values()), max(cosines.values()), max(lexical.values(), default=1.0)
    return sorted(cosines, key=lambda c: -(cosines[c] - low) / ((high - low) or 1) - lexical.get(c, 0.0) / top)


def ranks(app, asked: list[Asked]) -> dict[str, list[int]]:
    """The rank (from 0) of the first right passage for each question, by method; DEPTH where there is none."""
    embedder = app.__dict__["embedder"] = Remembering(app.embedder)
    chunks = app.store.catalog.chunks(app.store.catalog.chunk_ids())
    found: dict[str, list[int]] = {}
    for question in asked:
        for method, ranked in rankings(app, embedder, question.text):
            right = (rank for rank, chunk in enumerate(ranked) if question.is_answered_by(chunks[chunk]))
            found.setdefault(method, []).append(next(right, DEPTH))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="questions.json")
    parser.add_argument("--half", choices=HALVES, default="report", help="which articles' questions are asked")
    parser.add_argument("--limit", type=int, default=1000, help="questions of each file at the most")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    parser.add_argument("--embedder", help="instead of embedding.model")
    parser.add_argument("--chunk-tokens", type=int, help="instead of ingest.chunk_tokens")
    options = parser.parse_args()
    go_offline()
    sections: dict[str, dict] = {"embedding": {"model": options.embedder}} if options.embedder else {}
    sections |= {"ingest": {"chunk_tokens": options.chunk_tokens}} if options.chunk_tokens else {}
    lines: dict[str, list[str]] = {}
    heads = []
    for file in options.files:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "documents"
            folder.mkdir()
            asked = sample(write_documents(file, folder), options.half, options.limit)
            with opened(Path(temporary) / "data", options.models, options.settings, **sections) as app:
                report = app.pipeline.run([folder])
                for method, found in ranks(app, asked).items():
                    lines.setdefault(method, []).extend(shares(found, 1, 5))
        heads.append(f"{file.stem} ({len(asked)} questions, {report.totals.chunks} chunks): R@1 | R@5")
        sys.stderr.write(f"{file.stem} done\n")
    sys.stdout.write(f"| method | {' | '.join(heads)} |\n|---|{'---|---|' * len(heads)}\n")
    for method, figures in lines.items():
        sys.stdout.write(f"| {method} | {' | '.join(figures)} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
