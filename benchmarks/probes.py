"""How well do ways to ask a language model tell passages that state an answer from others?

    python benchmarks/probes.py collect FILE … --out pairs.jsonl [--models FOLDER]
    python benchmarks/probes.py ask pairs.jsonl --way NAME … --out FOLDER [--models FOLDER] [--llm NAME] [--limit N]

`collect` asks the questions of files, takes the first passages that the search finds for each, and notes which of them
state the answer: a file in the format of SQuAD (every other article, as `answers.py` draws them), one for
`ragapp eval`, or `booklets/en.jsonl` and `booklets/fr.jsonl` (their half `choose`; a passage that holds the evidence
states the answer).  `ask` puts each pair to the model in a way of `probe_ways.yaml`, or as ragapp does it (`now`), and
tells the AUC of the log-odds of its yes: over all pairs, and over the passages that the search puts first.  With
`--prior SHARE` so much of the log-odds that it gives the same question without any passage is taken off before (Zhao et
al., Calibrate Before Use, 2021).  It goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import booklets
import numpy as np
import yaml
from answers import draw, own
from kept import Kept, read_lines
from questions import opened

from ragapp.answer.prompts import PROMPTS, PromptSet, probe_messages, render_passage
from ragapp.answer.table_text import is_row
from ragapp.evaluation.metrics import contains_answer, normalise
from ragapp.index.embedder import Embedder
from ragapp.index.records import StoredChunk
from ragapp.index.sentences import PARAGRAPH, sentence_spans
from ragapp.llm.interface import LanguageModel
from ragapp.llm.templates import Message
from ragapp.privacy import go_offline
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.question_language import question_language

WAYS = Path(__file__).with_name("probe_ways.yaml")
FIRST = 2  # passages of each question


def collect(options: argparse.Namespace) -> None:
    """Write the pairs of question and passage of some files."""
    go_offline()
    with options.out.open("w", encoding="utf-8") as out, tempfile.TemporaryDirectory() as temporary:
        for file in options.files:
            folder = Path(temporary) / file.stem
            folder.mkdir()
            documents, asked = questions_of(file, folder, options.questions)
            with opened(Path(temporary) / f"{file.stem}-data", options.models, options.settings) as app:
                app.pipeline.run([documents])
                for number, (question, expected, answerable) in enumerate(asked):
                    for rank, passage in enumerate(app.retriever.search(question, FIRST).passages):
                        states = answerable and holds(passage.chunk.text, expected, file)
                        pair = {"id": f"{file.stem}-{number}-{rank}", "set": file.stem, "rank": rank, "states": states}
                        out.write(json.dumps({**pair, "question": question, "chunk": asdict(passage.chunk)}) + "\n")


def questions_of(file: Path, folder: Path, count: int) -> tuple[Path, list[tuple[str, Sequence[str], bool]]]:
    """The documents of a file of questions, and each question with what a passage that states its answer holds."""
    if is_booklets(file):
        booklets.draw(folder, file.stem)
        lines = [line for line in booklets.read(file.stem) if line["half"] == "choose"]
        return folder, [(one["question"], one["evidence"], one["kind"] != booklets.UNANSWERABLE) for one in lines]
    if file.suffix == ".jsonl":
        folder, drawn = file.parent, own(file, "choose")
    else:
        drawn = [one for one in draw(file, folder, 2 * count) if one["half"] == "choose"]
    return folder, [(one["question"], one["answers"], one["kind"] == "answerable") for one in drawn]


def is_booklets(file: Path) -> bool:
    """Whether a file is one of the booklets' own."""
    return file.resolve().parent == booklets.SOURCES.resolve()


def holds(text: str, expected: Sequence[str], file: Path) -> bool:
    """Whether a passage states an answer: it holds one that is expected, or the words that are the evidence for it."""
    if is_booklets(file):
        return any(normalise(words) in normalise(text) for words in expected)
    return contains_answer(text, expected)


@cache
def read_ways() -> dict:
    """The ways and the examples of ``probe_ways.yaml``."""
    ways: dict = yaml.safe_load(WAYS.read_text(encoding="utf-8"))
    return ways


def messages_of(
    way: str, question: str, passage: ScoredChunk | None, engine: LanguageModel
) -> tuple[list[Message], PromptSet]:
    """The chat that asks whether a passage, or none, states the answer to a question, in one way, and its prompts."""
    code, ways = question_language(question).code, read_ways()
    known = PROMPTS if way == "now" else ways["examples"]
    language = code if code in known else "en"
    prompts = PROMPTS[language]
    if way == "now":
        return probe_messages(prompts, question, [passage] if passage else [], engine.escape), prompts
    probe = ways["ways"][way].get("probe", {}).get(language, f"\n{prompts.probe}")  # behind a blank line, as `now`
    messages: list[Message] = [{"role": "system", "content": prompts.system}]

    def shown(place_and_text: str, asked: str) -> str:
        above = f"{place_and_text}\n\n" if place_and_text else ""
        return f"{prompts.passages}\n{above}{prompts.question.replace('{question}', asked)}\n{probe}"

    for number in ways["ways"][way]["examples"]:
        example = ways["examples"][language][number]
        asked = shown(f"[1] {example['place']}\n{example['passage'].strip()}", example["question"])
        reply = prompts.yes if example["states"] else prompts.no
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": reply}]
    text = engine.escape(render_passage(1, passage).strip()) if passage else ""
    return [*messages, {"role": "user", "content": shown(text, engine.escape(question))}], prompts


def ask(options: argparse.Namespace) -> None:
    """Put the pairs to the model in each way, and print how well its yes tells them apart."""
    go_offline()
    pairs = read_lines(options.pairs)
    sets = list(dict.fromkeys(pair["set"] for pair in pairs))
    options.out.mkdir(parents=True, exist_ok=True)
    sections = {"llm": {"prompt_cache_mb": 0, **({"model": options.llm} if options.llm else {})}}
    sys.stdout.write(f"| way | {' | '.join(sets)} |\n|---|{'---|' * len(sets)}\n")
    with tempfile.TemporaryDirectory() as data, opened(Path(data), options.models, options.settings, **sections) as app:
        engine = app.engine()
        for way in options.way:
            kept = Kept(options.out / f"{engine.name}-{way}.jsonl")
            cells = []
            for name in sets:
                some = [pair for pair in pairs if pair["set"] == name][: options.limit]
                for pair in some:
                    if pair["id"] not in kept:
                        shown = cut(pair, read_ways()["ways"].get(way, {}).get("near"), app.embedder)
                        kept.keep({"id": pair["id"], "log_odds": log_odds(way, shown, engine)})
                    if options.prior and pair["question"] not in kept:
                        without = log_odds(way, {**pair, "chunk": None}, engine)
                        kept.keep({"id": pair["question"], "log_odds": without})
                cells.append(" / ".join(areas(some, kept, options.prior)))
            sys.stdout.write(f"| {way} | {' | '.join(cells)} |\n")
            sys.stdout.flush()


def cut(pair: dict, near: int | None, embedder: Embedder) -> dict:
    """A pair with only the sentence or row of its passage that is nearest to the question, and ``near`` on each side.

    Rows stand below the head of their table.  Where ``near`` is None, the passage stays whole.
    """
    if near is None:
        return pair
    text = pair["chunk"]["text"]
    spans = [span for paragraph in PARAGRAPH.finditer(text) for span in sentence_spans(text, *paragraph.span())]
    pieces = [line for start, end in spans for line in _lines(text[start:end])]
    best = int(np.argmax(embedder.scaled_similarities(pair["question"], pieces)))
    shown = pieces[max(0, best - near) : best + near + 1]
    if any(map(is_row, shown)):
        rows = [piece for piece in pieces if is_row(piece)]
        head = rows[:1]
        shown = [*head, "|" + " --- |" * (head[0].count("|") - 1), *(one for one in shown if one not in head)]
    return {**pair, "chunk": {**pair["chunk"], "text": "\n".join(shown)}}


def _lines(text: str) -> list[str]:
    """A sentence, or the rows of a table, which has no full stops, without the line below its head."""
    lines = [line.strip() for line in text.splitlines()] if "|" in text else [text.strip()]
    return [line for line in lines if line.strip("|-: ")]


def log_odds(way: str, pair: dict, engine: LanguageModel) -> float:
    """Log-odds that the passage of a pair, or none, states the answer, by the model."""
    passage = None
    if pair["chunk"]:
        chunk = StoredChunk(**{**pair["chunk"], "headings": tuple(pair["chunk"]["headings"])})
        passage = ScoredChunk(chunk, 0.0, 0.0, 0.0)
    messages, prompts = messages_of(way, pair["question"], passage, engine)
    yes, no = engine.choice_probabilities(messages, (prompts.yes, prompts.no))
    return round(math.log(max(yes, 1e-6) / max(no, 1e-6)), 4)


def areas(pairs: Sequence[dict], kept: Kept, prior: float) -> Iterator[str]:
    """The AUC over all pairs, and over the first passage of each question."""

    def value(pair: dict) -> float:
        return kept[pair["id"]]["log_odds"] - (prior * kept[pair["question"]]["log_odds"] if prior else 0.0)

    for some in (pairs, [pair for pair in pairs if not pair["rank"]]):
        values = np.array(list(map(value, some)))
        states = np.array([pair["states"] for pair in some], bool)
        stating, others = values[states], values[~states]
        higher = (stating[:, None] > others) + 0.5 * (stating[:, None] == others)
        yield f"{higher.mean():.3f}" if higher.size else "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("files", type=Path, nargs="+")
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("--questions", type=int, default=60, help="of each file in the format of SQuAD")
    collecting.set_defaults(run=collect)
    asking = commands.add_parser("ask")
    asking.add_argument("pairs", type=Path)
    asking.add_argument("--way", nargs="+", default=["now"], choices=["now", *read_ways()["ways"]])
    asking.add_argument("--out", type=Path, required=True, help="folder for what was found")
    asking.add_argument("--prior", type=float, default=0.0, metavar="SHARE", help="see above")
    asking.add_argument("--llm")
    asking.add_argument("--limit", type=int, help="pairs of each set")
    asking.set_defaults(run=ask)
    for command in (collecting, asking):
        command.add_argument("--settings", type=Path)
        command.add_argument("--models", type=Path, help="instead of paths.models")
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
