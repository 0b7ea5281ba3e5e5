"""What the tabs of the page have in common."""

from __future__ import annotations

import gradio as gr

from ragapp.web.desk import Desk

#: of events whose work shows its own progress and is nobody else's to call
QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


class Tab:
    """A part of the page: ``build`` makes its components, ``wire`` ties its events to its work.

    Args:
        desk: what the tabs share.
        i18n: gives labels in the visitor's language.
    """

    def __init__(self, desk: Desk, i18n: gr.I18n):
        self._desk = desk
        self._i18n = i18n
