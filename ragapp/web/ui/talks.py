"""The conversations that are kept on this machine: go on with one, search, rename, delete."""

from __future__ import annotations

import json

import gradio as gr

from ragapp.errors import RagappError
from ragapp.web.ui.render_talks import render_talks
from ragapp.web.ui.tab import Tab
from ragapp.web.visitors import Visitor


class TalksColumn(Tab):
    """Builds the column beside the chat; the page ties its events to the chat's."""

    def build(self) -> None:
        """Make the components."""
        text = self._i18n
        with gr.Column(scale=1, min_width=190, elem_id="talks-column"):
            self.new = gr.Button(text("chat.new"), size="sm", elem_id="new")
            self.search = gr.Textbox(
                label=text("talks.search"),
                placeholder=text("talks.search"),
                show_label=False,
                container=False,
                elem_id="talks-search",
                lines=1,
                max_lines=1,
            )
            self.list = gr.HTML(elem_id="talks", js_on_load=None)
        self.wire_box = gr.Textbox(visible="hidden", elem_id="wire-talks", label="conversations", show_label=False)

    def show(self, visitor: Visitor) -> str:
        """The list as it is now."""
        try:
            rows = self._desk.conversations.list(visitor.search, MOST_TALKS)
        except RagappError:  # the store is being opened or can't be; the chat says so
            rows = []
        opened = visitor.opened
        return render_talks(rows, opened, visitor.language)

    def find(self, words: str, request: gr.Request) -> str:
        """List the conversations that hold some words."""
        visitor = self._desk.visitors.of(request.session_hash)
        visitor.search = words
        return self.show(visitor)

    def act(self, wire: str, visitor: Visitor) -> bool:
        """Do what a button says; returns whether another conversation is open now."""
        try:
            values = json.loads(wire or "{}")
            what, conversation_id = values.get("what"), int(values.get("id", 0))
            title = str(values.get("title", ""))
        except (ValueError, TypeError, AttributeError):
            return False
        opened = visitor.opened
        try:
            if what == "open" and conversation_id != opened:
                self._desk.open(visitor, conversation_id)
                return True
            if what == "rename":
                self._desk.conversations.rename(conversation_id, title)
            elif what == "delete":
                self._desk.conversations.delete(conversation_id)
                if conversation_id == opened:
                    self._desk.close_conversation(visitor)
                    return True
        except RagappError:  # another tab deleted it: the list shows that it has gone
            return False
        return False


# more are found by searching
MOST_TALKS = 200
