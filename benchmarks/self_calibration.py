"""Calibration on questions that the model writes itself, beside the one that is fitted to labels.

For each pair of models and each set of documents (articles of a file in the format of SQuAD, or the documents beside a
question file of `ragapp eval`), orders of the same labelled outcomes are compared by the area under the curve of "right
or not": by a calibration fitted to labels, by one that `ragapp calibrate` made on the documents, by the general one.

    python benchmarks/self_calibration.py learn squad2.json --data FOLDER [--questions 30] [--models FOLDER]
        [--llm NAME] [--embedder NAME] [--limit-minutes 14]
    python benchmarks/self_calibration.py compare outcomes.jsonl … --data FOLDER [--llm NAME] [--embedder NAME]

`learn` keeps in FOLDER the documents, the store, and all that the model wrote, and goes on where it stopped.
`compare` needs no model.  Labelled outcomes are asked for by `benchmarks/answers.py ask`; those of the default pair are
in `benchmarks/outcomes/`.  Outcomes of one set of documents belong to one FOLDER.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from answers import draw, example, read
from questions import opened

from ragapp.answer.calibration import PENALTY, Calibration, Example, area_under_curve, fit
from ragapp.answer.calibration_file import ModelPair, calibration_for, general_calibration
from ragapp.errors import CancelledError
from ragapp.evaluation.outcomes import OutcomeFile
from ragapp.evaluation.self_calibration import QUESTIONS, SelfCalibration, fit_to_outcomes
from ragapp.privacy import go_offline

FOLDS = 5
# what one knows who has never seen a question: more yes, a better place in the search, a nearer meaning each say more
BLANK = Calibration((1.0, 1.0, 1.0), -1.0, {"low": 0.33, "normal": 0.5, "high": 0.67}, origin="general")
CHOSEN = "chosen.json"


def learn(options: argparse.Namespace) -> None:
    """Take in the documents and calibrate on them."""
    until = time.monotonic() + 60 * options.limit_minutes if options.limit_minutes else float("inf")
    options.data.mkdir(parents=True, exist_ok=True)
    if options.file.suffix == ".jsonl":
        folder = options.file.parent
    else:
        folder = options.data / "documents"
        folder.mkdir(exist_ok=True)
        draw(options.file, folder, 0)
    sections = {"llm": {"model": options.llm}, "embedding": {"model": options.embedder}}
    data = options.data / f"data-{options.embedder}"
    with opened(data, options.models, options.settings, **sections) as app:
        app.pipeline.run([folder])
        pair = app.model_pair()
        known = {"file": str(app.calibration_file), "key": pair.key}
        (options.data / f"{options.llm}+{options.embedder}.{CHOSEN}").write_text(json.dumps(known), encoding="utf-8")

        def tell(at) -> None:
            left = f", {at.seconds_left / 60:.0f} min left" if at.seconds_left else ""
            sys.stderr.write(f"\r{at.done} of {at.questions}{left}    ")

        work = SelfCalibration(app, options.questions, cancelled=lambda: time.monotonic() > until, progress=tell)
        try:
            report = work.run()
        except CancelledError:
            sys.stderr.write("\nStopped by --limit-minutes; the same command goes on.\n")
            return
    told = f"{report.questions} of {report.drawn} questions used, {report.right} of {report.outcomes} answers right"
    sys.stdout.write(f"{pair}: {told}; unused: {report.faults}\n{report.calibration}\n")


def cross_validated(examples: Sequence[Example], start: Calibration | None = None) -> list[float]:
    """The probability of each example by a calibration that was fitted to the labels of others."""
    order = list(range(len(examples)))
    random.Random(0).shuffle(order)
    found = [0.0] * len(examples)
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS])
        fitted = fit([examples[n] for n in order if n not in out], start)
        for n in out:
            found[n] = fitted.max_probability(examples[n].signals)
    return found


def compare(options: argparse.Namespace) -> None:
    """Print one row for each order, with how well its bounds do."""
    known = json.loads((options.data / f"{options.llm}+{options.embedder}.{CHOSEN}").read_text(encoding="utf-8"))
    _, outcomes = OutcomeFile(Path(known["file"]).parent).read(known["key"])
    examples = [example(item) for item in read(options.files)]
    right = [one.right for one in examples]
    shipped = calibration_for(ModelPair(options.llm, options.embedder))
    rows: list[tuple[str, list[float], Calibration | None]] = [
        ("fitted to these labels, cross-validated", cross_validated(examples), None),
        ("self-calibrated", [], fit_to_outcomes(outcomes)),
        ("self-calibrated, from nothing known", [], fit_to_outcomes(outcomes, BLANK)),
        ("general", [], general_calibration()),
        (f"in force without it ({shipped.origin})", [], shipped),
    ]
    generated = [outcome.example for outcome in outcomes]
    sys.stdout.write(
        f"{options.llm} with {options.embedder}: {len(examples)} labelled outcomes, {sum(right)} right; "
        f"{len(generated)} generated, {sum(one.right for one in generated)} right; ridge {PENALTY}\n"
        "| calibration | AUC | normal | right given | others refused | answered | of those right |\n"
        f"|{'---|' * 7}\n"
    )
    for name, scores, calibration in rows:
        p = np.array(scores or [calibration.max_probability(one.signals) for one in examples])
        cells = [f"{area_under_curve(p, right):.3f}"]
        if calibration:
            cells += bounds(p, np.array(right), calibration)
        sys.stdout.write(f"| {name} | {' | '.join(cells + ['–'] * (6 - len(cells)))} |\n")


def bounds(p: np.ndarray, right: np.ndarray, calibration: Calibration) -> list[str]:
    """What the normal caution gives."""
    shown, sure = calibration.thresholds["normal"], calibration.sure["normal"]
    answered = p >= sure
    return [
        f"{shown:.2f}",
        f"{(p[right] >= shown).mean():.2f}",
        f"{(p[~right] < shown).mean():.2f}",
        f"{answered.sum()} (from {sure:.2f})",
        f"{right[answered].mean():.2f}" if answered.any() else "–",
    ]


def main() -> None:
    """Learn or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    learning = commands.add_parser("learn")
    learning.add_argument("file", type=Path, help="in the format of SQuAD, or of `ragapp eval`")
    learning.add_argument("--questions", type=int, default=QUESTIONS)
    learning.add_argument("--models", type=Path, help="instead of paths.models")
    learning.add_argument("--settings", type=Path)
    learning.add_argument("--limit-minutes", type=float, default=0, help="stop after so many; 0 = never")
    learning.set_defaults(run=learn)
    comparing = commands.add_parser("compare")
    comparing.add_argument("files", type=Path, nargs="+", help="labelled outcomes")
    comparing.set_defaults(run=compare)
    for command in (learning, comparing):
        command.add_argument("--data", type=Path, required=True, help="folder that `learn` keeps everything in")
        command.add_argument("--llm", default="qwen2.5-coder-1.5b-instruct")
        command.add_argument("--embedder", default="multilingual-e5-small")
    options = parser.parse_args()
    go_offline()
    options.run(options)


if __name__ == "__main__":
    main()
