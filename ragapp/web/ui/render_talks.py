"""The list of conversations as inert HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ragapp.index.conversations import ConversationRow
from ragapp.web.ui.render import act
from ragapp.web.ui.translations import tr


def render_talks(rows: Sequence[ConversationRow], opened: int | None, language: str) -> str:
    """Conversations, the one that changed last first.

    Args:
        rows: in that order.
        opened: id of the one that is shown.
        language: of the page.
    """
    if not rows:
        return f'<p class="note">{escape(tr(language, "talks.none"))}</p>'
    items = "".join(_item(row, row.id == opened, language) for row in rows)
    label = escape(tr(language, "talks.title"))
    return f'<nav aria-label="{label}"><ul class="talks">{items}</ul></nav>'


def _item(row: ConversationRow, opened: bool, language: str) -> str:
    title = row.title or tr(language, "talks.untitled")
    date = f'<span class="title">{escape(row.changed_at[:10])}</span>'
    inner = f"{escape(title)}{date}"
    name = act("talks", title, inner=inner, css="name", what="open", id=row.id)
    rename = act("rename", f"{tr(language, 'talks.rename')}: {title}", inner="✎", css="tool", id=row.id, title=title)
    delete = act("forget", f"{tr(language, 'talks.delete')}: {title}", inner="✕", css="tool", id=row.id)
    css = ' class="chosen" aria-current="true"' if opened else ""
    return f'<li{css}>{name}<span class="tools">{rename}{delete}</span></li>'
