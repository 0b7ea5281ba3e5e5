"""``ragapp ask`` and ``ragapp eval``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json, Scope, say_hits, say_passages
from ragapp.cli.output import note, place_of, say, say_json, say_record, say_understood
from ragapp.cli.parts import open_app, page_of
from ragapp.contract import Answer, Caution, Citation, Delta, Event, Stage, Thought, Understood
from ragapp.errors import UsageError

# of the reading of a document that are told beside an answer
SHOWN_WARNINGS = 3

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.evaluation.runner import QuestionResult


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog='Example: ragapp ask "How many days of leave do I get?"')(ask)
    app.command("eval", epilog="Example: ragapp eval sample_docs/questions.jsonl --out results.jsonl")(evaluate)


def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="In your own language.")] = None,
    scope: Scope = "",
    caution: Annotated[Caution | None, typer.Option(help="How sure ragapp must be, instead of answer.caution.")] = None,
    conversation: Annotated[
        str | None,
        typer.Option(metavar="ID|new", help="Go on with this conversation, or begin one, and keep the answer in it."),
    ] = None,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Passages only, without a language model.")] = False,
    document: Annotated[
        str | None, typer.Option("--summarize", help="Summarise this document instead; a name or a pattern.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer one question from the documents, with the page it stands on; or summarise one document."""
    kept: int | str | None = conversation
    if conversation is not None and conversation != "new":
        kept = conversation_number(conversation)
    if document is not None:
        if question is not None:
            raise UsageError("Either a question or --summarize is needed.", 'Ask something: ragapp ask "…"')
        _summarize(context, document, as_json)
    elif question is None:
        raise UsageError("Either a question or --summarize is needed.", 'Ask something: ragapp ask "…"')
    elif no_llm:
        with open_app(context) as app:
            found = app.search(question, app.settings.retrieval.passages, scope)
        if as_json:
            say_record(Answer(question, "", True, 0.0, passages=found.hits, note=found.note, standalone=question))
        else:
            say_hits(found)
    elif page := page_of(context):
        answer = page.ask(question, scope=scope, caution=caution, conversation=kept)
        if not as_json:
            say_understood(answer.standalone, question)
        say_answer(answer, as_json)
    else:
        with open_app(context) as app:
            app.check_llm()  # a missing model is told before the embedder is loaded
            answering = app.assistant if kept is None else app.chat(kept if isinstance(kept, int) else None)
            say_events(answering.ask(question, scope=scope, caution=caution), question, as_json)


def _summarize(context: typer.Context, document: str, as_json: bool) -> None:
    with open_app(context) as app:
        app.check_llm()
        say_events(app.summarizer.summarize(document), document, as_json)


def conversation_number(text: str, hint: str = "See: ragapp conversations list") -> int:
    """The number of a conversation, as it was typed. Raises UsageError: it is none."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is no conversation's number.", hint) from None


def say_events(events: Iterator[Event], question: str, as_json: bool = False) -> None:
    """Print an answer to a question while it is written, then what it rests on."""
    from ragapp.answer.grounding import CitationMarkFilter
    from ragapp.answer.history import dropped_notice

    live = sys.stdout.isatty() and not as_json
    marks = CitationMarkFilter()
    shown = False
    for event in events:
        if isinstance(event, Answer):
            say_answer(event, as_json, streamed=shown)
        elif isinstance(event, Understood):
            if not as_json:
                say_understood(event.question, question)
            if told := dropped_notice(event.turns_dropped):
                note(told)
        elif isinstance(event, Delta) and live:
            say(marks.feed(event.text), end="")
            shown = True
        elif isinstance(event, Thought) and sys.stderr.isatty():
            note(event.text, end="")
        elif isinstance(event, Stage) and sys.stderr.isatty():
            stages = {
                "reading": f"reading {event.passages} passages",
                "waiting": f"waiting for {event.ahead} other questions",
                "comparing": "comparing with another version",
                "summarising": f"summarising part {event.part} of {event.parts}",
            }
            note(f"… {stages.get(event.name, event.name)}")


def say_answer(answer: Answer, as_json: bool = False, *, streamed: bool = False) -> None:
    """Print an answer's checked form and its sources."""
    if as_json:
        say_record(answer)
        return
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
        if answer.suggested_caution:
            caution = answer.suggested_caution
            say(f"\nIt may stand there, less surely than the caution asks for: --caution {caution} would try.")
    else:
        say("\nSources:")
        for citation in answer.citations:
            say_citation(citation)
    if answer.note:
        say(f"\n{answer.note}")
    for read in answer.warnings:
        say(f"\nHow {read.document} was read:")
        for warning in read.warnings[:SHOWN_WARNINGS]:
            say(f"- {warning}")
        if more := len(read.warnings[SHOWN_WARNINGS:]):
            say(f"- {more} more; see: ragapp documents show {read.id}")
    timings = answer.timings
    first = f", first word after {timings['first_token_s']:.1f} s" if "first_token_s" in timings else ""
    dropped = answer.context.passages_dropped
    left = f"; {dropped} more found, for which retrieval.context_tokens leaves no room" if dropped else ""
    kept = f"; kept in conversation {answer.conversation}" if answer.conversation else ""
    note(f"({answer.model}, {timings['total_s']:.1f} s{first}{left}{kept})")


def say_citation(citation: Citation) -> None:
    """Print where a quote stands, and the quote."""
    say(f"[{citation.n}] {place_of(citation)}\n    “{' '.join(citation.quote.split())}”")


def _calibrate(app: App, results: list[QuestionResult]) -> dict[str, Any]:
    from ragapp.answer.calibration import calibration_for, save_calibration
    from ragapp.evaluation.runner import calibrate

    model = results[0].answer.model if results[0].answer else ""
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
    from ragapp.evaluation.runner import aggregate, read_questions, run_questions

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
    summary = aggregate(asked, results, with_llm=not no_llm)
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
