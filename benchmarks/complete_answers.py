"""Complete answers: questions about the sample documents with several parts, open ones, yes/no, lists and comparisons.

    python benchmarks/complete_answers.py [--models FOLDER] [--only parts,open] [--out answers.jsonl]
    python benchmarks/complete_answers.py --score answers.jsonl

Reported are the share of the reference's words that the answers give (token recall, with that of citations to show
whether the passages have them), parts that are answered and missing ones that are told, right yes and no, items of
lists that are given and others that are not.  `--out` keeps what was answered, and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from answers import share_of
from kept import Kept, read_lines
from questions import opened

from ragapp.evaluation.metrics import contains_answer, token_recall
from ragapp.privacy import go_offline

QUESTIONS = Path(__file__).with_name("complete_answers.jsonl")
SAMPLES = Path(__file__).parent.parent / "sample_docs"
PARTICLE = {"en": re.compile(r"\W*(yes|no)\b", re.IGNORECASE), "fr": re.compile(r"\W*(oui|non)\b", re.IGNORECASE)}
SAYS_YES = {"yes", "oui"}


def ask(options: argparse.Namespace) -> list[dict]:
    """Answer the questions, each at normal caution."""
    items = read_lines(QUESTIONS)
    items = [item for item in items if not options.only or {item["kind"], item["id"]} & set(options.only.split(","))]
    done = Kept(options.out)
    with tempfile.TemporaryDirectory() as temporary:
        data = options.data or Path(temporary) / "data"
        with opened(data, options.models, options.settings) as app:
            app.pipeline.run([SAMPLES])
            app.assistant.prepare()
            for number, item in enumerate(items, 1):
                if item["id"] in done:
                    continue
                answer = app.assistant.answer(item["question"])
                said = {
                    "answer": answer.answer,
                    "abstained": answer.abstained,
                    "confidence": answer.confidence,
                    "grade": answer.grade,
                    "not_stated": list(answer.not_stated),
                    "note": answer.note,
                    "quotes": [citation.quote for citation in answer.citations],
                    "timings": answer.timings,
                }
                done.keep({**item, "said": said})
                sys.stderr.write(f"\r{number} of {len(items)}")
    return [done[item["id"]] for item in items]


def score(items: Sequence[dict]) -> None:
    """Print a table: figures by kind."""
    kinds = list(dict.fromkeys(item["kind"] for item in items))
    columns = {kind: figures([item for item in items if item["kind"] == kind]) for kind in kinds}
    columns["all"] = figures(items)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    sys.stdout.write(f"| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|\n")
    for name in names:
        sys.stdout.write(f"| {name} | {' | '.join(column.get(name, '–') for column in columns.values())} |\n")


def figures(items: Sequence[dict]) -> dict[str, str]:
    """What some questions of one kind gave."""
    found = {"questions": str(len(items))}
    given = [item for item in items if not item["said"]["abstained"]]
    found["answered"] = share_of([not item["said"]["abstained"] for item in items])
    recalls = [_recall(item) for item in items]
    found["words of the reference"] = f"{mean(recalls):.2f}"
    parts = [_holds(item, part) for item in items for part in item.get("parts", ())]
    found["parts answered"] = share_of(parts)
    missing = [len(item["said"]["not_stated"]) >= item["missing"] for item in items if "missing" in item]
    found["missing parts told"] = share_of(missing)
    found["right yes or no"] = share_of([particle(item) == item["yes"] for item in items if "yes" in item])
    found["wrong yes or no"] = share_of([particle(item) == (not item["yes"]) for item in items if "yes" in item])
    found["items given"] = share_of([_holds(item, [name]) for item in items for name in item.get("items", ())])
    others = [_holds(item, [name]) for item in given for name in item.get("others", ())]
    found["others given"] = share_of(others)
    found["seconds, median"] = f"{median(item['said']['timings']['total_s'] for item in items):.1f}"
    return {name: value for name, value in found.items() if value != "–"}


def _recall(item: dict) -> float:
    return 0.0 if item["said"]["abstained"] else token_recall(item["said"]["answer"], item["answers"])


def _holds(item: dict, texts: Sequence[str]) -> bool:
    return not item["said"]["abstained"] and contains_answer(item["said"]["answer"], texts)


def particle(item: dict) -> bool | None:
    """Whether an answer begins with yes; None where it begins with neither yes nor no."""
    found = None if item["said"]["abstained"] else PARTICLE[item["language"]].match(item["said"]["answer"])
    return found and found[1].lower() in SAYS_YES


def main() -> None:
    """Ask and score, or score what was asked before."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--score", type=Path, help="answers of an earlier run, instead of asking")
    parser.add_argument("--only", default="", help="kinds or ids of questions, with commas between them")
    parser.add_argument("--out", type=Path, help="file for the answers")
    parser.add_argument("--data", type=Path, help="folder of a store that is kept")
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    parser.add_argument("--settings", type=Path)
    options = parser.parse_args()
    go_offline()
    if options.score:
        score(read_lines(options.score))
    else:
        score(ask(options))


if __name__ == "__main__":
    main()
