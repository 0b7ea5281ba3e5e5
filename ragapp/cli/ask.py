"""``ragapp ask`` and ``ragapp eval``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json, say_hits, say_passages
from ragapp.cli.filters import restricted
from ragapp.cli.language import exact_figure, figure, phrase, spoken, terminal_language
from ragapp.cli.names import document_names
from ragapp.cli.output import (
    note,
    place_of,
    say,
    say_coloured,
    say_json,
    say_record,
    say_rows,
    say_text,
    say_understood,
)
from ragapp.cli.parts import open_app, page_of, settings_of, stoppable
from ragapp.cli.progress import Running, progress_line
from ragapp.contract.terms import Caution
from ragapp.errors import CancelledError, UsageError

# of the reading of a document that are told beside an answer
SHOWN_WARNINGS = 3
# of the rows that an answer from tables rests on
SHOWN_ROWS = 10
#: what grades are called, with their colours
GRADES: dict[Grade, tuple[str, str]] = {
    "answered": ("✓ Answered", "green"),
    "likely": ("! Likely: check the page", "yellow"),
    "not_found": ("✗ Not in your documents", "blue"),
}

AskedCaution = Annotated[
    Caution | None,
    typer.Option(
        help="How sure ragapp must be, instead of answer.caution: with more of it, answers are sooner marked as to be"
        " checked, and sooner refused."
    ),
]

if TYPE_CHECKING:
    from ragapp.app import App
    from ragapp.contract import Answer, Citation, Event, Grade, Proved
    from ragapp.evaluation.runner import QuestionResult


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog='Example: ragapp ask "How many days of leave do I get?"')(ask)
    app.command("eval", epilog="Example: ragapp eval sample_docs/questions.jsonl --out results.jsonl")(evaluate)


@restricted
def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="In your own language.")] = None,
    scope: str = "",
    caution: AskedCaution = None,
    conversation: Annotated[
        str | None,
        typer.Option(metavar="ID|new", help="Go on with this conversation, or begin one, and keep the answer in it."),
    ] = None,
    no_llm: Annotated[
        bool, typer.Option("--no-llm", help="Passages only, without a language model, as ragapp search.")
    ] = False,
    document: Annotated[
        str | None,
        typer.Option(
            "--summarize",
            metavar="NAME",
            help="Summarise this document instead; a name or a pattern.",
            autocompletion=document_names,
        ),
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
        passages = settings_of(context).retrieval.passages
        if page := page_of(context):
            found = page.search(question, passages, scope)
        else:
            with open_app(context) as app:
                found = app.search(question, passages, scope)
        if as_json:  # nothing was answered: it is a search
            say_record(found)
        else:
            say_hits(found)
    elif page := page_of(context):
        with stoppable() as stop:
            events = page.events(question, scope=scope, caution=caution, conversation=kept, cancelled=stop.is_set)
            say_events(events, question, as_json)
    else:
        with open_app(context) as app:
            app.load_ahead()  # a missing model is told before the embedder is loaded
            answering = app.assistant if kept is None else app.chat(kept if isinstance(kept, int) else None)
            with stoppable() as stop:
                told = answering.ask(question, scope=scope, caution=caution, cancelled=stop.is_set)
                say_events(told, question, as_json)
            if stop.is_set():
                raise typer.Exit(CancelledError.exit_code)


def _summarize(context: typer.Context, document: str, as_json: bool) -> None:
    if page := page_of(context):
        say_answer(page.summarize(document), as_json)
        return
    with open_app(context) as app:
        app.check_llm()
        say_events(app.summarizer.summarize(document), document, as_json)


def conversation_number(text: str, hint: str = "See: ragapp conversations list") -> int:
    """The number of a conversation, as it was typed. Raises UsageError: it is none."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is not the number of a conversation.", hint) from None


def say_events(events: Iterator[Event], question: str, as_json: bool = False) -> None:
    """Print the answer to a question; before it, on a terminal, what goes on, and each sentence once it is proved."""
    from ragapp.answer.history import dropped_notice
    from ragapp.answer.stages import stage_words
    from ragapp.contract import Answer, Proved, Stage, Thought, Understood

    running = Running() if sys.stderr.isatty() or (sys.stdout.isatty() and not as_json) else None
    proved: list[Proved] = []
    try:
        for event in events:
            if isinstance(event, Answer | Understood | Thought) and running:
                running.close()
            if isinstance(event, Answer):
                say_answer(event, as_json)
            elif isinstance(event, Understood):
                if not as_json:
                    say_understood(event.question, question)
                if told := dropped_notice(event.turns_dropped):
                    note(told)
            elif isinstance(event, Thought) and sys.stderr.isatty():
                note(event.text, end="")
            elif isinstance(event, Stage) and running:
                running.stage(stage_words(event, terminal_language()))
            elif isinstance(event, Proved):
                proved.append(event)
                if not running:
                    continue
                between = "\n" if event.lines else " "
                head = [event.doubt] if event.doubt else []
                running.proved("\n".join([*head, between.join(one.sentence.text for one in proved)]))
    except CancelledError:
        if running:
            running.close()
        if proved and not as_json:  # what stands is not lost with the rest
            _say_stopped(proved)
        raise
    finally:
        if running:
            running.close()


def _say_stopped(proved: Sequence[Proved]) -> None:
    """Print what was proved of an answer that will not come."""
    between = "\n" if proved[-1].lines else " "
    if proved[-1].doubt:
        say(proved[-1].doubt)
    say(between.join(one.sentence.text for one in proved))
    say(phrase("\nSources:"))
    for one in proved:
        for citation in one.citations:
            say_citation(citation)


def say_answer(answer: Answer, as_json: bool = False) -> None:
    """Print a checked answer below its grade, and its sources."""
    if as_json:
        say_record(answer)
        return
    say_graded(answer)
    if answer.abstained:
        if answer.passages:
            say(phrase("\nNearest passages:"))
            say_passages(answer.passages)
        if answer.suggested_caution:
            caution = answer.suggested_caution
            told = "\nIt may stand there, less surely than the caution asks for: --caution {caution} would try."
            say(phrase(told, caution=caution))
    elif answer.citations:
        say(phrase("\nSources:"))
        for citation in answer.citations:
            say_citation(citation)
    if answer.query:
        _say_query(answer)
    if answer.note:
        say_text(f"\n{answer.note}")
    if answer.stopped:
        say(phrase("\nStopped: this is what was proved until then."))
    for read in answer.warnings:
        say(phrase("\nHow {document} was read:", document=read.document))
        for warning in read.warnings[:SHOWN_WARNINGS]:
            say_text(f"- {spoken(warning)}")
        if more := len(read.warnings[SHOWN_WARNINGS:]):
            say(phrase("- {n} more; see: ragapp documents show {id}", n=more, id=str(read.id)))
    note(f"({_effort(answer)})")


def _effort(answer: Answer) -> str:
    """What made an answer, how long it took, and what of it is kept."""
    timings = answer.timings
    made = [answer.model] if answer.model else []
    made.append(f"{figure(timings['total_s'], 1)} s")
    if "first_token_s" in timings:
        made.append(phrase("first word after {s} s", s=figure(timings["first_token_s"], 1)))
    if dropped := answer.context.passages_dropped:
        made.append(phrase("{n} more found, for which retrieval.context_tokens leaves no room", n=dropped))
    if answer.conversation:
        made.append(phrase("kept in conversation {id}", id=str(answer.conversation)))
    return ", ".join(made)


def _say_query(answer: Answer) -> None:
    """Print the query that an answer rests on, and the first of its rows with their places."""
    say(phrase("\nQuery:"))
    for line in answer.query.splitlines():
        say_text(line, "    ")
    shown = answer.rows[:SHOWN_ROWS]
    if shown:
        say(phrase("\nRows ({n} of {all}):", n=len(shown), all=answer.rows_found))
    for names in dict.fromkeys(row.columns for row in shown):
        rows = [[f"{row.document}, {row.where}", *row.cells] for row in shown if row.columns == names]
        say_rows([phrase("Place"), *names], rows)


def say_graded(answer: Answer) -> None:
    """Print an answer's grade, why it is to be checked, its words, and what no passage states."""
    from ragapp.answer.layout import Items, Paragraph, is_quotation, item_mark, joined, lay_out

    if answer.basis == "documents":  # its note says what another one rests on
        words, colour = GRADES[answer.grade]
        say_coloured(phrase(words), colour)
    if answer.doubt:
        say_text(answer.doubt)
    flag = phrase(" (not found in the passages)")
    before, after = phrase("“{quote}”", quote="\0").split("\0") if is_quotation(answer) else ("", "")
    for block in lay_out(answer):
        if isinstance(block, Paragraph):
            say_text(f"{before}{joined(block.sentences, flag)}{after}")
        elif isinstance(block, Items):
            for item in block.items:
                say_text(f"{item_mark(item)} {joined(item.sentences, flag)}")
        else:
            rows = [[*row.cells[:-1], row.cells[-1] + flag * (not row.supported)] for row in block.rows]
            say_rows(block.header or [""] * len(rows[0]), rows)
    if answer.not_stated:
        say_text(phrase("Not stated: {parts}", parts=phrase("; ").join(answer.not_stated)))


def say_citation(citation: Citation) -> None:
    """Print where a quote stands, and the quote."""
    say_text(f"[{citation.n}] {place_of(citation)}")
    say_text(phrase("“{quote}”", quote=" ".join(citation.quote.split())), "    ")


def _calibrate(app: App, results: list[QuestionResult]) -> dict[str, Any]:
    from ragapp.answer.calibration_file import calibration_for, save_calibration
    from ragapp.evaluation.runner import calibrate

    pair = app.model_pair()
    fitted, told = calibrate(results, calibration_for(pair))
    save_calibration(app.calibration_file, pair, fitted, app.former_embedder)
    return told


@restricted
def evaluate(
    context: typer.Context,
    questions: Annotated[Path, typer.Argument(help="Question file, one JSON object a line.")],
    out: Annotated[
        Path | None, typer.Option(help="Write each answer here, or with --no-llm the passages, one JSON object a line.")
    ] = None,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Score retrieval alone.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Learn from these questions when to answer and when not to.")
    ] = False,
    scope: str = "",
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
        with progress_line() as line:
            for result in run_questions(app, asked, with_llm=not no_llm, out=out, scope=scope):
                results.append(result)
                line(phrase("{done} of {all} question|{done} of {all} questions", done=len(results), all=len(asked)))
        summary = aggregate(asked, results, with_llm=not no_llm)
        if calibrate:
            summary["calibration"] = _calibrate(app, results)
    if as_json:
        say_json(summary)
        return
    for name, value in summary.items():
        say(phrase("{name}: {value}", name=phrase(name), value=_score(value)))


def _score(value: Any) -> str:
    """A score, or several with their names."""
    if isinstance(value, dict):
        parts = ((phrase(name), _score(one), isinstance(one, dict)) for name, one in value.items())
        return ", ".join(f"{name} ({told})" if several else f"{name} {told}" for name, told, several in parts)
    return phrase("none") if value is None else exact_figure(value)
