"""Answers that are right, refusals that are due, quotes that hold: ragapp beside the plain prompt of the others.

Articles of a question file in the format of SQuAD become documents.  Questions are drawn, with a fixed seed, from three
kinds: *answerable*; *adversarial*, which the file marks as impossible though their article is there; *easy*, whose
article is not ingested.  Every other article belongs to the half that is calibrated on, the rest to the half that is
reported.

    python benchmarks/answers.py ask squad2.json --half choose --out choose.jsonl [--texts FILE] [--models FOLDER]
    python benchmarks/answers.py fit choose.jsonl …        # ragapp/answer/calibration.json
    python benchmarks/answers.py ask squad2.json --half report --out report.jsonl --plain
    python benchmarks/answers.py score report.jsonl        # figures by caution, beside the plain prompt

A file of questions for `ragapp eval` (`sample_docs/questions.jsonl`) is asked whole, of the documents beside it.

`ask` goes on where an earlier run with the same arguments stopped.  Of the half `choose` every question is answered,
whatever the confidence; of the half `report` as a person asks, with `--caution low` if wanted, from which follows what
more caution would give.
The outcomes hold no words of the question file; those go to `--texts`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean, median

from questions import opened

from ragapp.evaluation.metrics import contains_answer, token_recall
from ragapp.privacy import go_offline

KINDS = ("answerable", "adversarial", "easy")
CYCLE = ("answerable", "adversarial", "answerable", "easy")
# of each half's articles, so many are not ingested
AWAY = 4
PLAIN_PASSAGES = 4
EMBEDDER = "multilingual-e5-small"
PLAIN = {
    "en": "Answer the question from the passages. If the passages do not say, reply that you don't know.",
    "fr": "Réponds à la question d'après les passages. Si les passages ne le disent pas, réponds que tu ne sais pas.",
}
REFUSAL = re.compile(
    r"don['’]t know|do(?:es)? not know|not (?:know|mention|state|provid|specif|say|given|found)|no information|"
    r"ne (?:sais|savons|sait|dis\w*|mentionn\w*|précis\w*|donn\w*)|pas (?:mentionné|précisé|indiqué)|"
    r"aucune information",
    re.IGNORECASE,
)


def draw(path: Path, folder: Path, count: int) -> list[dict]:
    """Write the documents and draw the questions, the halves and kinds taking turns."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    pools: dict[tuple[int, str], list[dict]] = {(half, kind): [] for half in (0, 1) for kind in KINDS}
    for number, article in enumerate(articles):
        away = (number // 2) % AWAY == AWAY - 1
        title = (article.get("title") or f"article {number}").replace("_", " ")
        name = f"{number:03d}-{re.sub(r'[^A-Za-z0-9]+', '-', title)[:60]}.md"
        sections = (f"## {n}\n\n{' '.join(part['context'].split())}" for n, part in enumerate(article["paragraphs"]))
        if not away:
            (folder / name).write_text(f"# {title}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")
        for question in (question for part in article["paragraphs"] for question in part["qas"]):
            impossible = bool(question.get("is_impossible"))
            if away and impossible:
                continue
            kind = "adversarial" if impossible else "easy" if away else "answerable"
            answers = [] if kind != "answerable" else [answer["text"] for answer in question["answers"]]
            half = "report" if number % 2 else "choose"
            pools[number % 2, kind].append(
                {"id": question["id"], "question": question["question"], "answers": answers, "kind": kind, "half": half}
            )
    rng = random.Random(0)
    for pool in pools.values():
        rng.shuffle(pool)
    drawn: list[dict] = []
    for turn in range(count):
        for half in (0, 1):
            # a file without impossible questions has easy ones in their place
            kind = CYCLE[turn % len(CYCLE)]
            pool = pools[half, kind] or pools[half, "easy" if kind == "adversarial" else kind]
            if pool and len(drawn) < count:
                drawn.append(pool.pop())
    return drawn


def own(path: Path, half: str) -> list[dict]:
    """The questions of a file for `ragapp eval`; those that nothing answers are about what is there, so adversarial."""
    from ragapp.evaluation.runner import read_questions

    return [
        {
            "id": question.id,
            "question": question.text,
            "answers": list(question.answers),
            "kind": "answerable" if question.answerable else "adversarial",
            "half": half,
        }
        for question in read_questions(path)
    ]


def ask(options: argparse.Namespace) -> None:
    """Answer the questions of one half and write one line for each."""
    # all are answered, or as they come
    asked = {"threshold": 0.0 if options.half == "choose" else None, "caution": options.caution}
    done = len(options.out.read_text(encoding="utf-8").splitlines()) if options.out.is_file() else 0
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        if options.file.suffix == ".jsonl":
            folder, drawn = options.file.parent, own(options.file, options.half)
        else:
            folder = Path(temporary) / "documents"
            folder.mkdir()
            drawn = [item for item in draw(options.file, folder, options.questions) if item["half"] == options.half]
        app = stack.enter_context(opened(Path(temporary) / "data", options.models, options.settings, answer=asked))
        app.pipeline.run([folder])
        app.assistant.prepare()
        out = stack.enter_context(options.out.open("a", encoding="utf-8"))
        texts = stack.enter_context(options.texts.open("a", encoding="utf-8")) if options.texts else None
        for number, item in enumerate(drawn[done:], done + 1):
            answer = app.assistant.answer(item["question"])
            other = plain(app, item["question"]) if options.plain else None
            out.write(json.dumps({**outcome(item, answer, other), "asked": asked}) + "\n")
            out.flush()
            if texts:
                said = {"answer": answer.answer, "quotes": [citation.quote for citation in answer.citations]}
                texts.write(json.dumps({**item, **said, "plain": other}, ensure_ascii=False) + "\n")
                texts.flush()
            sys.stderr.write(f"\r{number} of {len(drawn)}")


def outcome(item: dict, answer, other: dict | None) -> dict:
    """What came of a question, without its words."""
    from ragapp.evaluation.runner import Question, example_of

    def holds(text: str) -> bool:
        return question.answerable and contains_answer(text, question.answers)

    def recall(text: str) -> float:
        return round(token_recall(text, question.answers), 4)

    answerable = item["kind"] == "answerable"
    question = Question(item["id"], item["question"], tuple(item["answers"]), answerable=answerable)
    taught = example_of(question, answer)
    found = {
        "id": item["id"],
        "kind": item["kind"],
        "half": item["half"],
        "model": answer.model,
        "signals": answer.signals,
        "states": taught.states,
        "abstained": answer.abstained,
        "own_words": is_own_words(answer),
        "right": taught.right,
        "recall": 0.0 if answer.abstained else recall(answer.answer),
        "supported": bool(answer.sentences) and answer.sentences[0].supported,
        "quote_holds": any(holds(citation.quote) for citation in answer.citations),
        "timings": answer.timings,
    }
    if other:
        refused = bool(REFUSAL.search(other["answer"]))
        seconds = {name: round(other[name], 3) for name in ("first_s", "total_s")}
        said = {"right": holds(other["answer"]), "recall": recall(other["answer"]), "refused": refused}
        found["plain"] = {**said, **seconds}
    return found


def is_own_words(answer) -> bool:
    """Whether an answer is the passage's own words because what was written of it is not stated there."""
    from ragapp.answer.prompts import PROMPTS

    return answer.doubt in {prompts.own_words for prompts in PROMPTS.values()}


def plain(app, question: str) -> dict:
    """What the others do: the best passages in one prompt, and the request to say when they do not answer."""
    from ragapp.answer.prompts import PROMPTS, render_passage
    from ragapp.index.analysis import detect_language

    language = detect_language(question, PROMPTS) or "en"
    started = time.monotonic()
    engine = app.engine()
    found = app.retriever.search(question, PLAIN_PASSAGES).passages
    shown = "".join(render_passage(n, passage) for n, passage in enumerate(found, 1))
    messages = [
        {"role": "system", "content": PLAIN[language]},
        {"role": "user", "content": engine.escape(f"{shown}{question}")},
    ]
    first, text = 0.0, ""
    for piece in engine.generate(messages, max_tokens=app.settings.answer.max_tokens):
        first = first or time.monotonic() - started
        text += piece
    return {"answer": text, "first_s": first, "total_s": time.monotonic() - started}


def read(paths: Sequence[Path]) -> list[dict]:
    """The outcomes of some files; what nothing was found for teaches nothing."""
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [item for item in map(json.loads, lines) if item["signals"]]


def example(item: dict):
    """What a question teaches."""
    from ragapp.answer.calibration import Example, Features

    return Example(tuple(Features(**values) for values in item["signals"]), tuple(item["states"]), item["right"])


def fit(options: argparse.Namespace) -> None:
    """Write the shipped calibration."""
    from ragapp.answer import calibration, calibration_file

    items = read(options.files)
    fitted = calibration.fit([example(item) for item in items])
    if options.normal:
        fitted = replace(fitted, thresholds=calibration.bounds_around(options.normal))
    if options.sure:
        fitted = replace(fitted, sure_bounds=calibration.bounds_around(options.sure))
    if options.language:
        own = {
            code: calibration.Bounds(*(calibration.bounds_around(float(bound)) for bound in bounds.split(",")))
            for code, bounds in (one.split("=") for one in options.language)
        }
        fitted = replace(fitted, languages=own)
    path = Path(calibration_file.__file__).with_name(calibration_file.FILE_NAME)
    pair = calibration_file.ModelPair(items[0]["model"], options.embedder)
    calibration_file.save_calibration(path, pair, fitted)
    if options.general:
        general = calibration_file.ModelPair(calibration_file.GENERAL)
        calibration_file.save_calibration(path, general, calibration.conservative(fitted))
    sys.stdout.write(f"{pair}: {json.dumps(asdict(fitted), indent=1)}\n")


def figures(items: Sequence[dict], threshold: float, sure: float, probability) -> Iterator[tuple[str, str]]:
    """What the bounds of the grades give: that of what is shown at all, and that of what counts as answered."""
    by_kind = {kind: [item for item in items if item["kind"] == kind] for kind in KINDS}

    def given(item: dict) -> bool:
        return probability(item) >= threshold and not item["abstained"]

    for kind in KINDS[1:]:
        yield f"{kind} refused", share_of([not given(item) for item in by_kind[kind]])
    answerable = by_kind["answerable"]
    yield "right, of the answerable", share_of([given(item) and item["right"] for item in answerable])
    yield "words of the expected answer that are given", _mean([given(item) * item["recall"] for item in answerable])
    yield "answered, of the answerable", share_of([given(item) for item in answerable])
    shown = [item for item in items if given(item) and item["supported"]]
    yield "wrong, of those shown as supported", share_of([not item["right"] for item in shown])
    green = [item for item in shown if probability(item) >= sure and not item.get("own_words")]
    yield "graded answered, of the answerable", share_of([item in green for item in answerable])
    yield "right, of those graded answered", share_of([item["right"] for item in green])
    amber = [item for item in shown if item not in green]
    yield "right, of those graded likely", share_of([item["right"] for item in amber])
    quoted = [item for item in shown if item["kind"] == "answerable"]
    yield "quote holds the answer, of those", share_of([item["quote_holds"] for item in quoted])
    refused = [item for item in items if probability(item) < threshold]
    answered = [item for item in items if given(item)]
    yield "seconds to refuse, median", _median([i["timings"]["retrieve_s"] + i["timings"]["probe_s"] for i in refused])
    yield "seconds to answer, median", _median([item["timings"]["total_s"] for item in answered])
    yield "seconds to the first word, median", _median([item["timings"]["first_token_s"] for item in answered])


def plain_figures(items: Sequence[dict]) -> Iterator[tuple[str, str]]:
    """The plain prompt's figures, in the same order."""
    asked = [item for item in items if "plain" in item]
    for kind in KINDS[1:]:
        yield f"{kind} refused", share_of([item["plain"]["refused"] for item in asked if item["kind"] == kind])
    answerable = [item for item in asked if item["kind"] == "answerable"]
    yield "right, of the answerable", share_of([item["plain"]["right"] for item in answerable])
    yield "words of the expected answer that are given", _mean([item["plain"]["recall"] for item in answerable])
    yield "answered, of the answerable", share_of([not item["plain"]["refused"] for item in answerable])
    yield "seconds to answer, median", _median([item["plain"]["total_s"] for item in asked])
    yield "seconds to the first word, median", _median([item["plain"]["first_s"] for item in asked])


def score(options: argparse.Namespace) -> None:
    """Print what each caution gives, beside the plain prompt."""
    from ragapp.answer.calibration_file import ModelPair, calibration_for

    items = read(options.files)
    calibration = calibration_for(ModelPair(items[0]["model"], options.embedder)).for_language(options.language)

    def probability(item: dict) -> float:
        return calibration.max_probability(example(item).signals)

    # what was refused when it was asked cannot be judged by a lower threshold
    asked = items[0]["asked"]
    least = calibration.thresholds[asked["caution"]] if asked["threshold"] is None else asked["threshold"]
    cuts = {name: cut for name, cut in calibration.thresholds.items() if cut >= least}
    columns = {name: dict(figures(items, cut, calibration.sure[name], probability)) for name, cut in cuts.items()}
    columns["plain prompt"] = dict(plain_figures(items))
    counts = ", ".join(f"{sum(item['kind'] == kind for item in items)} {kind}" for kind in KINDS)
    sys.stdout.write(f"| {counts} | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|\n")
    for name in columns["normal"]:
        sys.stdout.write(f"| {name} | {' | '.join(column.get(name, '–') for column in columns.values())} |\n")


def share_of(values: Sequence[bool]) -> str:
    """A share with its counts, as a table shows it."""
    return f"{sum(values) / len(values):.2f} ({sum(values)} of {len(values)})" if values else "–"


def _mean(values: Sequence[float]) -> str:
    return f"{mean(values):.2f}" if values else "–"


def _median(values: Sequence[float]) -> str:
    return f"{median(values):.1f}" if values else "–"


def main() -> None:
    """Ask, score or fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    asking = commands.add_parser("ask")
    asking.add_argument("file", type=Path, metavar="questions", help="in the format of SQuAD, or of `ragapp eval`")
    asking.add_argument("--half", choices=("choose", "report"), required=True)
    asking.add_argument("--out", type=Path, required=True, help="file for the outcomes")
    asking.add_argument("--texts", type=Path, help="file for questions and answers")
    asking.add_argument("--questions", type=int, default=300, help="of both halves together")
    asking.add_argument("--caution", choices=("low", "normal", "high"), default="normal", help="of the half `report`")
    asking.add_argument("--plain", action="store_true", help="the plain prompt as well")
    asking.add_argument("--settings", type=Path)
    asking.add_argument("--models", type=Path, help="instead of paths.models")
    asking.set_defaults(run=ask)
    scoring = commands.add_parser("score")
    scoring.add_argument("files", type=Path, nargs="+")
    scoring.add_argument("--embedder", default=EMBEDDER, help="that the questions were asked with")
    scoring.add_argument("--language", default="en", metavar="CODE", help="of the questions")
    scoring.set_defaults(run=score)
    fitting = commands.add_parser("fit")
    fitting.add_argument("files", type=Path, nargs="+")
    fitting.add_argument("--normal", type=float, help="threshold of normal caution, instead of the best balance")
    fitting.add_argument("--sure", type=float, help="bound of what counts as answered, at normal caution")
    fitting.add_argument(
        "--language", action="append", metavar="CODE=NORMAL,SURE", help="both bounds for questions in a language"
    )
    fitting.add_argument("--general", action="store_true", help="for models that were never calibrated, too")
    fitting.add_argument("--embedder", default=EMBEDDER, help="that the questions were asked with")
    fitting.set_defaults(run=fit)
    options = parser.parse_args()
    go_offline()
    options.run(options)


if __name__ == "__main__":
    main()
