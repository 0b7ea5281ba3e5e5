"""``ragapp calibrate``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import figure, phrase, spoken
from ragapp.cli.output import say, say_json
from ragapp.cli.parts import open_app, page_of, stoppable
from ragapp.cli.progress import progress_line, time_left
from ragapp.errors import CancelledError, StoreError

if TYPE_CHECKING:
    from ragapp.evaluation.self_calibration import CalibrationProgress, CalibrationReport


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: ragapp calibrate --questions 50")(calibrate)


def calibrate(
    context: typer.Context,
    questions: Annotated[
        int | None, typer.Option(min=12, max=1000, help="How many the model writes; each is asked twice. Default: 30.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Forget what earlier runs asked, and begin anew.")] = False,
    as_json: Json = False,
) -> None:
    """Learn from your own documents when the answers of these two models are to be believed.

    Ctrl-C stops it, and the same command goes on from there. The language model writes questions about passages and is
    asked them, with the passage and without it. Nobody has to know the answers. Questions of your own teach more:
    ragapp eval QUESTIONS --calibrate
    """
    from ragapp.evaluation.self_calibration import QUESTIONS, SelfCalibration

    if page_of(context):
        told = "The page is running on these documents, with the models in its memory."
        raise StoreError(told, "It calibrates while nobody asks; or stop it and run: ragapp calibrate")
    with open_app(context) as app, stoppable() as stop, progress_line() as line:
        app.check_llm()

        def tell(at: CalibrationProgress) -> None:
            done = phrase("{done} of {all} question|{done} of {all} questions", done=at.done, all=at.questions)
            line(f"{done}, {time_left(at.seconds_left)}" if at.seconds_left else done)

        wanted = questions or QUESTIONS
        work = SelfCalibration(app, wanted, cancelled=stop.is_set, progress=tell)
        try:
            if again:
                work.forget()
            report = work.run()
        except CancelledError:
            raise CancelledError("Stopped. What was asked is kept.", "The same command goes on from there.") from None
    if as_json:
        say_json(asdict(report))
    else:
        _say(report)


def _say(report: CalibrationReport) -> None:
    from ragapp.answer.calibration_file import described

    calibration = report.calibration
    say(spoken(described(report.pair, calibration)))
    say(phrase("Questions that it wrote: {n}, of which {good} could be used.", n=report.drawn, good=report.questions))
    if report.faults:
        faults = (phrase("{what}: {n}", what=spoken(fault), n=count) for fault, count in report.faults.items())
        say(phrase("Not used: {faults}.", faults=", ".join(faults)))
    told = "{right} of {n} answers were right, where half of the questions have none."
    say(phrase(told, right=report.right, n=report.outcomes))
    for caution, bound in calibration.thresholds.items():
        values = {"caution": phrase(caution), "shown": figure(bound, 2), "sure": figure(calibration.sure[caution], 2)}
        say(phrase("caution {caution}: shown from {shown}, answered from {sure}", **values))
