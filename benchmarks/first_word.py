"""How long is the first word waited for, when a passage was read before and when it was not?

The sample questions are asked of the sample documents, each side in a process of its own that has loaded its models
before the clock starts:

- *nothing kept*: `llm.prompt_cache_mb: 0`, as after each restart before readings were kept;
- *first time*: readings are kept, but none is there yet;
- *read before*: after a restart, when the passages have been read once (by the side before).

    python benchmarks/first_word.py [--questions 72] [--before FOLDER] [--cold 3] [--models FOLDER]

With `--before` the side *nothing kept* runs the version of ragapp that is checked out there.  With `--cold` whole
commands are timed, too: `ragapp ask` with nothing in memory.  Refusals count to their end, answers to their first word.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "sample_docs"
SIDES = ("nothing kept", "first time", "read before")


def settings_for(data: Path, models: Path | None, kept: bool, current: bool) -> dict[str, str]:
    """The environment of a side; an older version does not know all settings."""
    environment = {**os.environ, "RAGAPP_PATHS__DATA": str(data), "RAGAPP_RETRIEVAL__CONTEXT_TOKENS": "900"}
    if models:
        environment["RAGAPP_PATHS__MODELS"] = str(models)
    if current:
        environment["RAGAPP_ANSWER__CALIBRATE"] = "off"
        if not kept:
            environment["RAGAPP_LLM__PROMPT_CACHE_MB"] = "0"
    return environment


def ask(count: int) -> None:
    """Ask in this process; one line of figures for each question."""
    import resource

    from ragapp.app import App
    from ragapp.privacy import go_offline
    from ragapp.settings import load_settings

    go_offline()
    questions = [json.loads(line) for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    with App(load_settings(None), write=True) as app:
        app.pipeline.run([SAMPLES])
        app.assistant.prepare()
        app.retriever.search("warm", 1)
        for question in questions[:count]:
            answer = app.assistant.answer(question["question"])
            timings = answer.timings
            first = timings["total_s"] if answer.abstained else timings.get("first_token_s", timings["total_s"])
            line = {"first": first, "total": timings["total_s"], "abstained": answer.abstained, "answer": answer.answer}
            sys.stdout.write(json.dumps({**line, "confidence": answer.confidence}) + "\n")
            sys.stdout.flush()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"peak": peak}) + "\n")


def run(environment: dict[str, str], tree: Path, count: int) -> tuple[list[dict], float]:
    """The figures of a side, and the peak of its memory in MiB."""
    command = [sys.executable, str(HERE / "first_word.py"), "--serve", "--questions", str(count)]
    environment = {**environment, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, cwd=tree, stdout=subprocess.PIPE, check=True, text=True)
    *lines, last = map(json.loads, done.stdout.splitlines())
    return lines, last["peak"]


def cold(environment: dict[str, str], tree: Path, question: str) -> float:
    """Seconds of a `ragapp ask` until its first word: the whole command without what was written after that."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "ragapp", "ask", question, "--json"]
    environment = {**environment, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, env=environment, cwd=tree, capture_output=True, check=True, text=True)
    seconds, timings = time.perf_counter() - started, json.loads(done.stdout)["timings"]
    return seconds - (timings["total_s"] - timings.get("first_token_s", timings["total_s"]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=72)
    parser.add_argument("--before", type=Path, help="another version of ragapp, checked out in this folder")
    parser.add_argument("--cold", type=int, default=0, metavar="ROUNDS", help="whole commands as well, so many times")
    parser.add_argument("--models", type=Path, help="instead of paths.models")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        ask(options.questions)
        return
    here = HERE.parent
    before = (options.before or here).resolve()
    with tempfile.TemporaryDirectory() as folder:
        places = {
            SIDES[0]: (settings_for(Path(folder, "none"), options.models, False, before == here), before),
            SIDES[1]: (settings_for(Path(folder, "kept"), options.models, True, True), here),
            SIDES[2]: (settings_for(Path(folder, "kept"), options.models, True, True), here),
        }
        for environment, tree in {str(place[0]): place for place in places.values()}.values():
            run(environment, tree, 0)  # documents are taken in beforehand
        figures = {}
        for side in SIDES:
            figures[side] = run(*places[side], options.questions)
            sys.stderr.write(f"{side}: {median(one['first'] for one in figures[side][0]):.2f} s\n")
        base = figures[SIDES[0]][0]
        sys.stdout.write(
            "| | first word or refusal, median s | of that, refusals | in all, median s | against | peak MiB |\n"
        )
        sys.stdout.write("|---|---|---|---|---|---|\n")
        for side, (asked, peak) in figures.items():
            first, total = (median(one[name] for one in asked) for name in ("first", "total"))
            refused = [one["first"] for one in asked if one["abstained"]]
            against = first / median(one["first"] for one in base)
            told = f"{median(refused):.2f}" if refused else "–"
            sys.stdout.write(f"| {side} | {first:.2f} | {told} | {total:.2f} | {against:.2f} | {peak:.0f} |\n")
        for side in SIDES[1:]:
            same = sum(a["answer"] == b["answer"] for a, b in zip(base, figures[side][0], strict=True))
            sys.stdout.write(f"{side}: {same} of {len(base)} answers are word for word those of {SIDES[0]}.\n")
        for side in (SIDES[0], SIDES[2]) if options.cold else ():
            question = json.loads((SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()[0])["question"]
            seconds = [cold(*places[side], question) for _ in range(options.cold)]
            told = ", ".join(f"{one:.1f}" for one in seconds)
            sys.stdout.write(f"ragapp ask until its first word, {side}: {told} s, median {median(seconds):.2f}\n")


if __name__ == "__main__":
    main()
