"""How much of the passages is what was asked for, at the same number of tokens: ragapp, LangChain, PrivateGPT.

Five long Markdown documents and questions whose answers are marked as exact spans of them (Chroma's chunking
evaluation, https://github.com/brandonstarxel/chunking_evaluation).  Each side cuts the documents in its own way, embeds
with the same model, and gives its passages, best first, until the tokens are used up; the last one is cut.

    python benchmarks/spans.py FOLDER [--tokens 200 400 800]      FOLDER holds questions_df.csv and corpora/*.md

Recall is the share of the marked words that were given, precision the share of what was given that is marked.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from questions import HALVES, opened
from rivals import LANGCHAIN_CHARACTERS, LANGCHAIN_OVERLAP

from ragapp.privacy import go_offline

_WORD = re.compile(r"\w+")
DEPTH = 30


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the document that answers, and which of its words are marked."""

    text: str
    document: str
    marked: frozenset[int]


class Source:
    """A document as a row of words: readers drop marks of Markdown, words they keep."""

    def __init__(self, text: str):
        self.places = [(match.start(), match.end()) for match in _WORD.finditer(text)]
        self.words = [match[0].lower() for match in _WORD.finditer(text)]
        self._line = f" {' '.join(self.words)} "
        self._number = {0: 0}
        position = 0
        for number, word in enumerate(self.words, 1):
            position += len(word) + 1
            self._number[position] = number

    def within(self, start: int, end: int) -> range:
        """Numbers of the words between two offsets."""
        chosen = [n for n, (a, b) in enumerate(self.places) if a < end and b > start]
        return range(chosen[0], chosen[-1] + 1) if chosen else range(0)

    def find(self, text: str) -> list[int]:
        """Numbers of the words of a passage, in its order; of a passage that is not there as it is, line by line."""
        words = _WORD.findall(text.lower())
        found = self._find(words)
        if found is not None:
            return list(found)
        return [n for line in text.split("\n") for n in self._find(_WORD.findall(line.lower())) or ()]

    def _find(self, words: list[str]) -> range | None:
        at = self._line.find(f" {' '.join(words)} ") if words else -1
        if at < 0:
            return None
        first = self._number[at]
        return range(first, first + len(words))


def read(folder: Path, half: str) -> tuple[dict[str, str], list[Question]]:
    """Texts by name, and the questions."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted((folder / "corpora").glob("*.md"))}
    sources = {name: Source(text) for name, text in texts.items()}
    with (folder / "questions_df.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    random.Random(0).shuffle(rows)
    rows = {"choose": rows[::2], "report": rows[1::2], "all": rows}[half]
    questions = []
    for row in rows:
        spans = [(part["start_index"], part["end_index"]) for part in json.loads(row["references"])]
        marked = {n for span in spans for n in sources[row["corpus_id"]].within(*span)}
        questions.append(Question(row["question"], row["corpus_id"], frozenset(marked)))
    return texts, questions


# what a side gives for a question: (document, text) of its passages, the best first
Side = Callable[[str], Iterator[tuple[str, str]]]


def ragapp(app) -> Side:
    def passages(question: str) -> Iterator[tuple[str, str]]:
        for passage in app.retriever.search(question, DEPTH).passages:
            yield Path(passage.chunk.document).stem, passage.chunk.text

    return passages


def dense(embedder, pieces: list[tuple[str, str, str]]) -> Side:
    """Nearest first; a piece is (document, what is embedded, what is given)."""
    vectors = embedder.embed_documents([piece[1] for piece in pieces])

    def passages(question: str) -> Iterator[tuple[str, str]]:
        for n in np.argsort(-(vectors @ embedder.embed_query(question)), kind="stable")[:DEPTH]:
            yield pieces[n][0], pieces[n][2]

    return passages


def langchain_pieces(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=LANGCHAIN_CHARACTERS, chunk_overlap=LANGCHAIN_OVERLAP)
    return [(name, piece, piece) for name, text in texts.items() for piece in splitter.split_text(text)]


def privategpt_pieces(texts: dict[str, str]) -> list[tuple[str, str, str]]:
    from llama_index.core.node_parser import SentenceWindowNodeParser
    from llama_index.core.schema import Document, MetadataMode

    parser = SentenceWindowNodeParser.from_defaults()
    pieces = []
    for name, text in texts.items():
        document = Document(text=text, metadata={"file_name": f"{name}.md"})
        for node in parser.get_nodes_from_documents([document]):
            # the sentence is searched for, the window around it is given to the language model
            pieces.append((name, node.get_content(metadata_mode=MetadataMode.EMBED), node.metadata["window"]))
    return pieces


def score(side: Side, sources: dict[str, Source], questions: list[Question], counts, budgets: list[int]):
    """Mean recall and precision at each budget."""
    figures = np.zeros((len(questions), len(budgets), 2))
    for row, question in enumerate(questions):
        given: list[tuple[str, int]] = []
        spent: list[int] = []  # tokens used up by the end of each given word
        tokens = 0
        for document, text in side(question.text):
            words = sources[document].find(text)
            total = counts(text)
            for n, word in enumerate(words, 1):
                given.append((document, word))
                spent.append(tokens + round(total * n / len(words)))
            tokens += total
            if tokens > max(budgets):
                break
        for column, budget in enumerate(budgets):
            fits = [place for place, end in zip(given, spent, strict=True) if end <= budget]
            hits = {word for document, word in fits if document == question.document} & question.marked
            figures[row, column] = len(hits) / max(1, len(question.marked)), len(hits) / max(1, len(fits))
    return figures.mean(axis=0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, nargs="+", default=[200, 400, 800])
    parser.add_argument("--half", choices=HALVES, default="report", help="which half of the questions")
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    options = parser.parse_args()
    go_offline()
    texts, questions = read(options.folder, options.half)
    sources = {name: Source(text) for name, text in texts.items()}
    sys.stdout.write(f"{len(questions)} questions\n\n| |")
    sys.stdout.write("".join(f" {n} tokens: recall | precision |" for n in options.tokens))
    sys.stdout.write(f"\n|---|{'---|---|' * len(options.tokens)}\n")
    with tempfile.TemporaryDirectory() as data, opened(Path(data), options.models, options.settings) as app:
        app.pipeline.run([options.folder / "corpora"])
        sides = {
            "ragapp": ragapp(app),
            "LangChain, 1000/200 characters": dense(app.embedder, langchain_pieces(texts)),
            "PrivateGPT, windows of sentences": dense(app.embedder, privategpt_pieces(texts)),
        }
        for name, side in sides.items():
            figures = score(
                side, sources, questions, lambda text: app.embedder.tokenizer.count_tokens([text])[0], options.tokens
            )
            cells = " | ".join(f"{recall:.3f} | {precision:.3f}" for recall, precision in figures)
            sys.stdout.write(f"| {name} | {cells} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
