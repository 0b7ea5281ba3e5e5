"""Every text of the page in its languages; they stand in ``translations.yaml``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import gradio as gr

LANGUAGES = {"en": "English", "fr": "Français"}

# by key; a tuple in the order of the languages
TEXTS: dict[str, tuple[str, str]] = {
    key: (text["en"], text["fr"])
    for key, text in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")).items()
}

_FILLED = re.compile(r"{(\w+)}")


def tr(language: str, key: str, **values: Any) -> str:
    """A text in a language, English where it is another one; what stands in braces is filled in."""
    french = language == "fr"
    text = TEXTS[key][1 if french else 0]
    if not values:
        return text
    one, _, many = text.partition("|")
    if many:
        # "1 of 3 documents" is "1 document sur 3"; zero is singular in French, too
        count = values[_FILLED.findall(one)[0 if french else -1]]
        text = one if count == 1 or (french and not count) else many
    return text.format(**values)


def make_i18n() -> gr.I18n:
    """The texts as Gradio wants them: labels follow the browser's language, or the one that was chosen."""
    import gradio as gr

    return gr.I18n(**{code: {key: text[n] for key, text in TEXTS.items()} for n, code in enumerate(LANGUAGES)})
