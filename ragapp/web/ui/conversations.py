"""The conversations that are kept on this machine: go on with one, search, rename, delete."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from ragapp.contract import Conversation
from ragapp.errors import RagappError
from ragapp.web.ui.render import act
from ragapp.web.ui.tab import Part
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor

# more are found by searching
MOST_LISTED = 200


class ConversationsColumn(Part):
    """The column beside the chat, which ties its events to its own."""

    def build(self) -> None:
        """Make the components."""
        with gr.Column(scale=1, min_width=190, elem_id="talks-column"):
            self.new = gr.Button(self._i18n("chat.new"), size="sm", elem_id="new")
            self.search = self.search_box("talks-search", "conversations.search")
            self.list = self.html("talks")

    def show(self, visitor: Visitor) -> str:
        """The list as it is now."""
        try:
            listed = self._state.app.conversations.list(visitor.search, MOST_LISTED)
        except RagappError:  # the store is being opened or can't be; the chat says so
            listed = []
        return render_conversations(listed, visitor.conversation, visitor.language)

    def find(self, words: str, request: gr.Request) -> str:
        """List the conversations that hold some words."""
        visitor = self.visitor(request)
        visitor.search = words
        return self.show(visitor)

    def act(self, visitor: Visitor, values: dict[str, Any]) -> bool:
        """Do what a button says; returns whether another conversation is open now."""
        try:
            what, conversation_id = values.get("what"), int(values.get("id", 0))
            if what == "open" and conversation_id != visitor.conversation:
                self._state.open_conversation(visitor, conversation_id)
                return True
            if what == "rename":
                self._state.app.conversations.rename(conversation_id, str(values.get("title", "")))
            elif what == "delete":
                self._state.app.conversations.delete(conversation_id)
                if conversation_id == visitor.conversation:
                    self._state.close_conversation(visitor)
                    return True
        except (ValueError, TypeError):  # a page of another version
            return False
        except RagappError:  # another tab deleted it: the list shows that it has gone
            return False
        return False


def render_conversations(listed: Sequence[Conversation], opened: int | None, language: str) -> str:
    """The list of conversations; the one with the id ``opened`` is shown beside it."""
    if not listed:
        return f'<p class="note">{escape(tr(language, "conversations.none"))}</p>'
    items = "".join(_item(row, row.id == opened, language) for row in listed)
    label = escape(tr(language, "conversations.title"))
    return f'<nav aria-label="{label}"><ul class="talks">{items}</ul></nav>'


def _item(row: Conversation, opened: bool, language: str) -> str:
    title = row.title or tr(language, "conversations.untitled")
    inner = f'{escape(title)}<span class="title">{escape(row.changed_at[:10])}</span>'
    name = act("conversations", title, inner=inner, css="name", what="open", id=row.id)
    renamed, deleted = (f"{tr(language, f'conversations.{what}')}: {title}" for what in ("rename", "delete"))
    rename = act("rename", renamed, inner="✎", css="tool", id=row.id, title=title)
    delete = act("forget", deleted, inner="✕", css="tool", id=row.id)
    css = ' class="chosen" aria-current="true"' if opened else ""
    return f'<li{css}>{name}<span class="tools">{rename}{delete}</span></li>'
