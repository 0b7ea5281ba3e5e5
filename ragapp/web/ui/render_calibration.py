"""How the answers of the models in use are judged, in words."""

from __future__ import annotations

from ragapp.terminal_text import shown_seconds
from ragapp.web.calibration_job import CalibrationState
from ragapp.web.ui.translations import told, tr


def render_calibration(state: CalibrationState, language: str) -> str:
    """What the calibration of the models was fitted to, and how far a better one is, in words."""
    if not state.origin:
        return ""
    shown = tr(language, f"calibration.{state.origin}", n=state.fitted_on)
    if state.running:
        shown += f" {tr(language, 'calibration.asked', done=state.done, questions=state.questions)}"
        if state.seconds_left:
            shown += f" {tr(language, 'calibration.left', time=shown_seconds(state.seconds_left))}"
    elif state.told:
        shown += f" {told(state.told, language)}"
    return shown
