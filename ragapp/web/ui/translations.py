"""The words of the page: texts by key, and what else is told, in the language of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragapp.words.messages import in_language
from ragapp.words.texts import languages, texts_in, tr

if TYPE_CHECKING:
    import gradio as gr

__all__ = ["LANGUAGES", "make_i18n", "told", "tr"]

LANGUAGES = languages()


def told(text: object, language: str) -> str:
    """An error, a warning or a notice as the page says it: in its language, naming what can be done on the page."""
    return in_language(str(text), language, page=True)


def make_i18n() -> gr.I18n:
    """The texts as Gradio wants them: labels follow the browser's language, or the one that was chosen."""
    import gradio as gr

    return gr.I18n(**{code: texts_in(code) for code in LANGUAGES})
