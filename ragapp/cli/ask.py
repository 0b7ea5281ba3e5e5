"""``ragapp ask`` and ``ragapp eval``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ragapp.cli.documents import Json, say_passages, where
from ragapp.cli.output import note, say, say_json
from ragapp.cli.parts import open_app, page_of
from ragapp.contract import Caution
from ragapp.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog='Example: ragapp ask "How many days of leave do I get?"')(ask)
    app.command("eval", epilog="Example: ragapp eval sample_docs/questions.jsonl --out results.jsonl")(evaluate)


def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="In your own language.")] = None,
    within: Annotated[str, typer.Option("--in", help="Only these documents: a name, a pattern, or a folder.")] = "",
    caution: Annotated[Caution | None, typer.Option(help="How sure ragapp must be, instead of answer.caution.")] = None,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Passages only, without a language model.")] = False,
    document: Annotated[
        str | None, typer.Option("--summarize", help="Summarise this document instead; a name or a pattern.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer one question from the documents, with the page it stands on; or summarise one document."""
    if (question is None) == (document is None):
        raise UsageError("Either a question or --summarize is needed.", 'Ask something: ragapp ask "…"')
    if document is None and not no_llm and (page := page_of(context)):
        from ragapp.web.client import answer_of

        values = page.post("ask", {"question": question, "in": within, "caution": caution})
        if as_json:
            say_json(values)
        else:
            say_answer(answer_of(values), streamed=False)
        return
    with open_app(context) as app:
        if document is not None:
            app.check_llm()
            _summarize(app, document, as_json)
            return
        if no_llm:
            passages = app.retriever.search(question, app.settings.retrieval.passages, within).passages
            if as_json:
                from ragapp.contract import Answer

                say_json(Answer(question, "", True, 0.0, passages=passages).as_json())
            else:
                say_passages(passages)
            return
        app.check_llm()  # a missing model is told before the embedder is loaded
        if as_json:
            say_json(app.assistant.answer(question, within=within, caution=caution).as_json())
        else:
            stream_answer(app.assistant.ask(question, within=within, caution=caution))


def _summarize(app, document: str, as_json: bool) -> None:
    from ragapp.contract import Answer

    events = app.summarizer.summarize(document)
    if as_json:
        (answer,) = (event for event in events if isinstance(event, Answer))
        say_json(answer.as_json())
    else:
        stream_answer(events)


def stream_answer(events) -> None:
    """Print an answer while it is written, then what it rests on."""
    from ragapp.answer.assistant import Delta, Stage, Thought
    from ragapp.answer.marks import MarkFilter
    from ragapp.contract import Answer

    live = sys.stdout.isatty()
    marks = MarkFilter()
    shown = False
    for event in events:
        if isinstance(event, Stage):
            if sys.stderr.isatty():
                told = {
                    "reading": f"reading {event.passages} passages",
                    "waiting": f"waiting for {event.ahead} other questions",
                    "comparing": "comparing with another version",
                    "summarising": f"summarising part {event.part} of {event.parts}",
                }
                note(f"… {told.get(event.name, event.name)}")
        elif isinstance(event, Thought) and sys.stderr.isatty():
            note(event.text, end="")
        elif isinstance(event, Delta) and live:
            say(marks.feed(event.text), end="")
            shown = True
        elif isinstance(event, Answer):
            say_answer(event, streamed=shown)


def say_answer(answer, *, streamed: bool) -> None:
    """Print an answer's checked form and its sources."""
    cited = {n for sentence in answer.sentences for n in sentence.citations}
    simple = len(cited) == 1 and all(sentence.supported for sentence in answer.sentences)
    if streamed and simple and not answer.abstained:
        say(f" [{cited.pop()}]")
    else:
        if streamed:
            say("\n\nWithdrawn, no passage states this." if answer.abstained else "\n\nChecked:")
        if answer.abstained:
            say(answer.answer)
        for sentence in answer.sentences:
            say(sentence.text if sentence.supported else f"{sentence.text} (not found in the passages)")
    if answer.abstained:
        if answer.passages:
            say("\nNearest passages:")
            say_passages(answer.passages)
        if answer.bolder:
            say(f"\nIt may stand there, less surely than the caution asks for: --caution {answer.bolder} would try.")
    else:
        say("\nSources:")
        for citation in answer.citations:
            say(f"[{citation.n}] {citation.document}{where(citation.kind, citation.page, citation.label)}")
            say(f"    “{' '.join(citation.quote.split())}”")
    if answer.note:
        say(f"\n{answer.note}")
    timings = answer.timings
    first = f", first word after {timings['first_token_s']:.1f} s" if "first_token_s" in timings else ""
    dropped = answer.context.get("passages_dropped", 0)
    left = f"; {dropped} more found, for which retrieval.context_tokens leaves no room" if dropped else ""
    note(f"({answer.model}, {timings['total_s']:.1f} s{first}{left})")


def _calibrate(app, results) -> dict:
    from ragapp.answer.calibration import calibration_for, save_calibration
    from ragapp.evaluation.calibrate import calibrate

    model = results[0].answer["model"]
    fitted, told = calibrate(results, calibration_for(model))
    save_calibration(app.calibration_file, model, fitted)
    return told


def evaluate(
    context: typer.Context,
    questions: Annotated[Path, typer.Argument(help="Question file, one JSON object a line.")],
    out: Annotated[Path | None, typer.Option(help="Write each answer here, one JSON object a line.")] = None,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Score retrieval alone.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Learn from these questions when to answer and when not to.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a question file against the store and score the answers."""
    from ragapp.evaluation.runner import read_questions, run_questions, summarise

    if calibrate and no_llm:
        raise UsageError("--calibrate needs answers, which --no-llm leaves out.")
    asked = read_questions(questions)
    with open_app(context) as app:
        if calibrate:  # what would be refused is answered as well, to learn whether that would have been right
            app.settings.answer.threshold = 0.0
        if not no_llm:
            app.check_llm()
        results = []
        for n, result in enumerate(run_questions(app, asked, with_llm=not no_llm, out=out), 1):
            results.append(result)
            if sys.stderr.isatty():
                note(f"\r{n} of {len(asked)}", end="")
    if sys.stderr.isatty():
        note("")
    summary = summarise(asked, results, with_llm=not no_llm)
    if calibrate:
        summary["calibration"] = _calibrate(app, results)
    if as_json:
        say_json(summary)
        return
    for name, value in summary.items():
        if isinstance(value, dict):
            say(f"{name}: " + ", ".join(f"{key} {figure}" for key, figure in value.items()))
        else:
            say(f"{name}: {value}")
