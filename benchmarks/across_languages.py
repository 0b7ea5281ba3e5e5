"""Who finds what stands in another language than the question: words, vectors, and both fused.

`across_languages.jsonl` has questions about `sample_docs` (French, German and Spanish ones about English documents,
English, German and Spanish ones about French documents) and English translations of questions of PIAF, written by hand.
A passage is right when it holds the expected words on the expected page, or lies in PIAF's paragraph.

    python benchmarks/across_languages.py piaf.json [squad2.json] [--half choose|report|all] [--embedders NAME=WEIGHT …]

Three stores: the samples, every other article of PIAF, and both with the first ten paragraphs of each article of
another question file.  The questions in the documents' own language are asked, too: they must not suffer.  The
translated questions come from PIAF v1.0 (etalab-ia, Licence Ouverte / Open Licence 2.0), which is read from the file
that is named.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from questions import HALVES, Asked, opened, sample, shares, write_documents

from ragapp.privacy import go_offline

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_docs"
QUESTIONS = Path(__file__).with_name("across_languages.jsonl")
EMBEDDERS = ("all-minilm-l6-v2=0.3", "multilingual-e5-small=0.5")
DEPTH = 50
OTHER_PARAGRAPHS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question of one of the sets, and whether a chunk answers it."""

    text: str
    answered_by: Callable[..., bool]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("piaf", type=Path, help="PIAF v1.0 in the format of SQuAD")
    parser.add_argument(
        "other", type=Path, nargs="?", help="a question file in English, for the store of both languages"
    )
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--limit", type=int, default=150, help="questions in the documents' own language, of each file")
    parser.add_argument(
        "--embedders", nargs="+", default=EMBEDDERS, metavar="NAME=WEIGHT", help="and the vectors' weight"
    )
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    options = parser.parse_args()
    go_offline()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stores = stores_of(options, folder)
        for embedder in options.embedders:
            name, _, weight = embedder.partition("=")
            sys.stdout.write(f"\n{name}, weight of vectors {weight}, half {options.half}: R@1 / R@5\n\n")
            for title, (folders, sets) in stores.items():
                sections = {"embedding": {"model": name}, "retrieval": {"dense_weight": float(weight)}}
                data = folder / name / title
                with opened(data, options.models, options.settings, **sections) as app:
                    app.pipeline.run(folders)
                    print_table(app, title, sets)
    return 0


def stores_of(options: argparse.Namespace, folder: Path) -> dict[str, tuple[list[Path], dict[str, list[Question]]]]:
    """The folders and the questions of each store, by its name."""
    lines = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if options.half in (line["half"], "all")]
    own_lines = [json.loads(line) for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = json.loads(options.piaf.read_text(encoding="utf-8"))["data"][1::2]
    piaf = _articles(folder / "piaf", articles)
    asked = {one.id: one for article in piaf for one in article}
    across = {
        "samples, across": [Question(line["question"], _holds(line)) for line in lines if "document" in line],
        "PIAF, across": [
            Question(line["question"], asked[line["piaf"]].is_answered_by) for line in lines if "piaf" in line
        ],
    }
    own = {
        "samples": [Question(line["question"], _holds(line)) for line in own_lines if line["answerable"]],
        "PIAF": _questions(sample(piaf, options.half, options.limit)),
    }
    stores = {
        "samples": ([SAMPLES], {"samples, across": across["samples, across"], "samples": own["samples"]}),
        "PIAF": ([folder / "piaf"], {"PIAF, across": across["PIAF, across"], "PIAF": own["PIAF"]}),
    }
    folders = [SAMPLES, folder / "piaf"]
    if options.other:
        others = json.loads(options.other.read_text(encoding="utf-8"))["data"]
        short = [{**article, "paragraphs": article["paragraphs"][:OTHER_PARAGRAPHS]} for article in others]
        own[options.other.stem] = _questions(sample(_articles(folder / "other", short), options.half, options.limit))
        folders.append(folder / "other")
    stores["both languages"] = (folders, {**across, **own})
    return stores


def _articles(folder: Path, articles: list[dict]) -> list[list[Asked]]:
    folder.mkdir()
    file = folder.with_suffix(".json")
    file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    return write_documents(file, folder)


def _questions(asked: list[Asked]) -> list[Question]:
    return [Question(one.text, one.is_answered_by) for one in asked]


def _holds(line: dict) -> Callable[..., bool]:
    """Whether a chunk stands on the expected page and holds the expected words."""
    from ragapp.evaluation.metrics import contains_answer

    def right(chunk) -> bool:
        on_page = chunk.document == line["document"] and chunk.unit in line["pages"]
        return on_page and contains_answer(chunk.text, line["answers"])

    return right


def print_table(app, title: str, sets: dict[str, list[Question]]) -> None:
    """Print the shares of questions whose answer is found first and among the first five, by method and set."""
    chunks = app.store.catalog.chunks(app.store.catalog.chunk_ids())
    found: dict[str, list[str]] = {}
    for questions in sets.values():
        ranks: dict[str, list[int]] = {}
        for question in questions:
            for method, ranked in rankings(app, question.text):
                right = (rank for rank, chunk in enumerate(ranked) if question.answered_by(chunks[chunk]))
                ranks.setdefault(method, []).append(next(right, DEPTH))
        for method, places in ranks.items():
            found.setdefault(method, []).append(" / ".join(shares(places, 1, 5)))
    heads = [f"{name} ({len(questions)})" for name, questions in sets.items()]
    sys.stdout.write(f"| {title}, {len(chunks)} chunks | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}\n")
    for method, cells in found.items():
        sys.stdout.write(f"| {method} | {' | '.join(cells)} |\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def rankings(app, question: str) -> Iterator[tuple[str, list[int]]]:
    """Chunk ids, the best first, by each method."""
    from ragapp.index.analysis import question_terms
    from ragapp.retrieval import retriever
    from ragapp.retrieval.question_language import QuestionLanguage

    catalog = app.store.catalog
    yield "words alone, BM25", list(catalog.match(question_terms(question, catalog.languages()), DEPTH))
    yield "vectors alone", app.store.vectors.nearest(app.embedder.embed_query(question), DEPTH)
    with patch.object(retriever, "question_language", lambda text: QuestionLanguage()):
        yield "fused, languages not looked at", _searched(app, question)
    yield "**ragapp**", _searched(app, question)


def _searched(app, question: str) -> list[int]:
    return [passage.chunk.id for passage in app.retriever.search(question, DEPTH).passages]


if __name__ == "__main__":
    sys.exit(main())
