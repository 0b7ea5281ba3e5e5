"""Does a follow-up find the right page: as it was asked, with the last question behind it, by rules, with the model?

    .venv/bin/python benchmarks/followups.py tests/answer/follow_ups.jsonl --ways asked,behind,rules,model

The documents must have been taken in (``ragapp ingest sample_docs``); settings as for every command.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from ragapp.answer.followup import standalone
from ragapp.answer.rewriting import rewriter
from ragapp.app import App
from ragapp.index.conversations import Turn
from ragapp.privacy import go_offline
from ragapp.settings import load_settings

K = 4


def main() -> None:
    """Print the share of pages found, first and among the first four, and the seconds."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("cases", type=Path)
    arguments.add_argument("--ways", default="asked,behind,rules,rules alone")
    arguments.add_argument("--verbose", action="store_true", help="show what each question was understood as")
    options = arguments.parse_args()
    go_offline()
    cases = [json.loads(line) for line in options.cases.read_text(encoding="utf-8").splitlines()]
    with App(load_settings(None)) as app:
        for way in options.ways.split(","):
            run(app, way, cases, options.verbose)


def run(app: App, way: str, cases: list[dict], verbose: bool) -> None:
    """Search for all follow-ups in one way."""

    def covered(question: str) -> float:
        return max((passage.coverage for passage in app.retriever.search(question, K).passages), default=0.0)

    rewrite = rewriter(app.engine()) if way.startswith("model") else None
    places, how, seconds = [], Counter(), []
    for case in cases:
        started = time.perf_counter()
        question = case["follow_up"]
        kind = way
        if way == "behind":
            question = f"{question} ({case['question']})"
        elif way != "asked":
            turn = Turn(1, case["question"], case["question"], {"answer": case["answer"]}, "")
            arbiter = None if "alone" in way else covered
            understood = standalone(question, [turn], covered=arbiter, rewrite=rewrite)
            question, kind = understood.question, understood.how
        seconds.append(time.perf_counter() - started)
        how[kind] += 1
        wanted = (case["document"], case["page"])
        found = [(p.chunk.document, p.chunk.unit) for p in app.retriever.search(question, K).passages]
        places.append(found.index(wanted) + 1 if wanted in found else 0)
        if verbose:
            print(f"{places[-1] or '-'} {kind:9} {seconds[-1]:5.1f} s  {case['follow_up']} -> {question}")
    n = len(cases)
    first, among = sum(p == 1 for p in places) / n, sum(map(bool, places)) / n
    each = sum(seconds) / n
    print(f"{way}: {n} follow-ups, page@1 {first:.3f}, page@{K} {among:.3f}, {each:.2f} s each, {dict(how)}")


if __name__ == "__main__":
    main()
