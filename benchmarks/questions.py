"""Question sets for the benchmarks: articles as documents, questions with the paragraph that answers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HALVES = ("choose", "report", "all")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and where it is answered.

    Attributes:
        text: the question.
        document: name of the file.
        paragraph: its number, which is the heading above it.
        id: in the file.
    """

    text: str
    document: str
    paragraph: int
    id: str = ""

    def is_answered_by(self, chunk) -> bool:
        """Whether a chunk lies in the paragraph that the question was asked about."""
        return chunk.document == self.document and chunk.headings[-1:] == (str(self.paragraph),)


def write_documents(path: Path, folder: Path) -> list[list[Asked]]:
    """Write each article of a file in the format of SQuAD as one Markdown document, one section a paragraph.

    Returns:
        The questions of each article; those that are marked as impossible are left out.
    """
    asked = []
    for number, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        title = (article.get("title") or f"article {number}").replace("_", " ")
        name = f"{number:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', title)[:60]}.md"
        sections = [f"## {n}\n\n{' '.join(part['context'].split())}" for n, part in enumerate(article["paragraphs"])]
        (folder / name).write_text(f"# {title}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")
        asked.append(
            [
                Asked(qa["question"], name, n, str(qa.get("id", "")))
                for n, part in enumerate(article["paragraphs"])
                for qa in part["qas"]
                if not qa.get("is_impossible")
            ]
        )
    return asked


def sample(asked: list[list[Asked]], half: str, limit: int) -> list[Asked]:
    """Questions of every other article (``choose``), of the others (``report``) or of all, drawn with a fixed seed."""
    parts = {"choose": asked[::2], "report": asked[1::2], "all": asked}[half]
    questions = [question for article in parts for question in article]
    random.Random(0).shuffle(questions)
    return questions[:limit]


@contextmanager
def opened(data: Path, models: Path | None, settings_file: Path | None, **sections: dict) -> Iterator:
    """An App with a store of its own."""
    from ragapp.app import App
    from ragapp.settings import load_settings

    paths = {"data": data, **({"models": models} if models else {})}
    with App(load_settings(settings_file, {"paths": paths, **sections}), write=True) as app:
        yield app


def shares(ranks: list[int], *depths: int) -> list[str]:
    """The share of ranks (from 0) that lie within each depth, for a table."""
    return [f"{sum(rank < depth for rank in ranks) / max(1, len(ranks)):.3f}" for depth in depths]
