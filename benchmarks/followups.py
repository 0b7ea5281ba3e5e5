"""Are follow-up questions answered rightly, and is a question that stands alone left unspoilt by the one before it?

    .venv/bin/python benchmarks/followups.py tests/answer/follow_ups.jsonl sample_docs/questions.jsonl \
        --ways asked,appended,unaided,understood --answers answers.jsonl

A way makes the question that is searched for and answered out of a follow-up: ``asked``: the follow-up itself;
``appended``: the last question behind it, always; ``understood``: as ragapp does; ``unaided``: the same without the
language model.  The sample questions stand alone; half of them are asked after the one before them in the file, half
after any other, and what is still right is compared with asking each alone.

The documents must have been ingested (``ragapp ingest sample_docs``); settings as for every command.  A question's
answer is kept in the file ``--answers`` and not asked for again, so a run can be stopped and gone on with.  For that,
``retrieval.context_tokens`` must be a number: with ``auto`` it depends on the load of the machine.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kept import Kept, read_lines

from ragapp.answer.followup import standalone
from ragapp.answer.rewriting import Rewriter, rewriter
from ragapp.app import App
from ragapp.contract import Answer, Turn
from ragapp.evaluation.metrics import contains_answer
from ragapp.privacy import go_offline
from ragapp.settings import load_settings

K = 4
SEED = 11


@dataclass(frozen=True)
class Case:
    """A question after another one, with acceptable answers (none: the documents state no answer)."""

    last: Turn
    question: str
    expected: Sequence[str]
    place: tuple[str, int]


class Answers:
    """Answers by question, kept in a file of JSON lines.

    Args:
        app: what answers.
        path: of the file; made when missing.
    """

    def __init__(self, app: App, path: Path):
        self._app = app
        self._known = Kept(path, "question")

    def of(self, question: str) -> dict[str, Any]:
        """The answer to a question, with ``places`` (document and page of each passage found) and ``seconds``."""
        if question not in self._known:
            found = self._app.retriever.search(question, K).passages
            started = time.perf_counter()
            answer = self._app.assistant.answer(question)
            self._known.keep(
                {
                    "question": question,
                    "answer": answer.answer,
                    "abstained": answer.abstained,
                    "confidence": round(answer.confidence, 4),
                    "places": [(passage.chunk.document, passage.chunk.unit) for passage in found],
                    "seconds": round(time.perf_counter() - started, 2),
                }
            )
        return self._known[question]


def follow_ups(path: Path) -> list[Case]:
    """The follow-ups of a file of JSON lines: question, answer, follow_up, expected, document, page."""
    values = read_lines(path)
    return [
        Case(_turn(v["question"], v["answer"]), v["follow_up"], v["expected"], (v["document"], v["page"]))
        for v in values
    ]


def unrelated(path: Path, count: int) -> list[Case]:
    """Questions that stand alone, each after another: the one before it in the file, or any."""
    values = read_lines(path)
    values = [value for value in values if value.get("answerable", True)]
    draw = random.Random(SEED)
    cases = []
    for n, place in enumerate(draw.sample(range(1, len(values)), count)):
        other = place - 1 if n % 2 else draw.choice([at for at in range(len(values)) if at != place])
        last, value = values[other], values[place]
        turn = _turn(last["question"], last["answers"][0])
        cases.append(Case(turn, value["question"], value["answers"], (value["document"], value["pages"][0])))
    return cases


def _turn(question: str, answer: str) -> Turn:
    return Turn(question, Answer(question, answer, False, 1.0), question)


def understand(way: str, case: Case, covered: Callable[[str], float], rewrite: Rewriter) -> tuple[str, str]:
    """The question that a way makes of a case, and how."""
    if way == "asked":
        return case.question, way
    if way == "appended":
        return f"{case.question} ({case.last.question})", way
    understood = standalone(
        case.question, [case.last], covered=covered, rewrite=rewrite if way == "understood" else None
    )
    return understood.question, understood.how


def run(app: App, answers: Answers, way: str, cases: Sequence[Case], verbose: bool) -> dict[str, Any]:
    """Ask all cases in one way, and count."""

    def covered(question: str) -> float:
        return app.retriever.coverage(question, K)

    rewrite = rewriter(app.engine())
    count: Counter[str] = Counter()
    how: Counter[str] = Counter()
    seconds = []
    for case in cases:
        started = time.perf_counter()
        question, kind = understand(way, case, covered, rewrite)
        understood = time.perf_counter() - started
        answer = answers.of(question)
        seconds.append(understood + answer["seconds"])
        how[kind] += 1
        places = [tuple(place) for place in answer["places"]]
        count["page@1"] += places[:1] == [case.place]
        count[f"page@{K}"] += case.place in places
        if answer["abstained"]:
            outcome = "refused" if case.expected else "right"
        else:
            outcome = "right" if contains_answer(answer["answer"], case.expected) else "wrong"
        count[outcome] += 1
        if verbose:
            said = "-" if answer["abstained"] else answer["answer"]
            print(f"{outcome:8}{kind:10}{case.question} -> {question} -> {said}", flush=True)
    counted = {name: count[name] for name in ("right", "wrong", "refused", "page@1", f"page@{K}")}
    return {"cases": len(cases), **counted, "median_s": round(median(seconds), 1), "how": dict(how)}


def main() -> None:
    """Print a line of JSON for each way and kind of case."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("follow_ups", type=Path)
    arguments.add_argument("questions", type=Path, help="questions that stand alone")
    arguments.add_argument("--ways", default="asked,appended,unaided,understood")
    arguments.add_argument("--alone", type=int, default=40, help="how many of the questions that stand alone")
    arguments.add_argument("--answers", type=Path, default=Path("answers.jsonl"), help="where answers are kept")
    arguments.add_argument("--verbose", action="store_true", help="show what each question was understood as")
    options = arguments.parse_args()
    go_offline()
    with App(load_settings(None)) as app:
        answers = Answers(app, options.answers)
        kinds = {"follow-ups": follow_ups(options.follow_ups)}
        if options.alone:
            kinds["alone"] = unrelated(options.questions, options.alone)
        for way in options.ways.split(","):
            for kind, cases in kinds.items():
                print(
                    json.dumps({"way": way, "of": kind, **run(app, answers, way, cases, options.verbose)}), flush=True
                )


if __name__ == "__main__":
    main()
