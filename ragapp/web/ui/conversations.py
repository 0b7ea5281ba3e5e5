"""The conversations that are kept on this machine: go on with one, search, rename, delete and bring back."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from ragapp.contract import Conversation
from ragapp.errors import RagappError
from ragapp.web.ui.render import act
from ragapp.web.ui.tab import Part, Updates, in_turn
from ragapp.web.ui.translations import tr
from ragapp.web.visitors import Visitor
from ragapp.words.forms import short_day

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
            listed = self._state.app.conversations.list(visitor.search)
        except RagappError:  # the store is being opened or can't be; the chat says so
            listed = []
        deleted = visitor.deleted.conversation.title if visitor.deleted else None
        return render_conversations(listed, visitor.conversation, visitor.language, visitor.search, deleted)

    def find(self, words: str, request: gr.Request) -> Any:
        """List the conversations that hold some words."""
        visitor = self.visitor(request)
        return in_turn(visitor, lambda: self._found(visitor, words))

    def _found(self, visitor: Visitor, words: str) -> Updates:
        visitor.search = words
        return {self.list: self.show(visitor)}

    def act(self, visitor: Visitor, values: dict[str, Any]) -> bool:
        """Do what a button says; returns whether another conversation is open now."""
        conversations = self._state.app.conversations
        try:
            what, conversation_id = values.get("what"), int(values.get("id", 0))
            if what == "new":
                self._state.close_conversation(visitor)
                return True
            if what == "open" and conversation_id != visitor.conversation:
                try:
                    self._state.open_conversation(visitor, conversation_id)
                except RagappError:  # an address of before, or another tab deleted it just now
                    self._state.close_conversation(visitor)
                    visitor.lost = True
                return True
            if what == "rename":
                conversations.rename(conversation_id, str(values.get("title", "")))
            elif what == "delete":
                visitor.deleted = conversations.take_out(conversation_id)
                if conversation_id == visitor.conversation:
                    self._state.close_conversation(visitor)
                    return True
            elif what == "undo" and visitor.deleted:
                back, visitor.deleted = conversations.put_back(visitor.deleted), None
                if visitor.session is None and not visitor.answering:
                    self._state.open_conversation(visitor, back.id)
                    return True
            elif what == "dismiss":
                visitor.deleted = None
        except (ValueError, TypeError):  # a page of another version
            return False
        except RagappError:  # another tab deleted it: the list shows that it has gone
            return False
        return False


def render_conversations(
    listed: Sequence[Conversation], opened: int | None, language: str, search: str = "", deleted: str | None = None
) -> str:
    """The list of conversations; the one with the id ``opened`` is shown beside it.

    ``search`` are the words that they were searched by, ``deleted`` is the title of one that can be brought back.
    """
    undo = _undo(deleted, language) if deleted is not None else ""
    if not listed:
        words = search.strip()
        told = tr(language, "conversations.not_found", words=words) if words else tr(language, "conversations.none")
        return f'{undo}<p class="note" role="status">{escape(told)}</p>'
    items = "".join(_item(row, row.id == opened, language) for row in listed[:MOST_LISTED])
    label = escape(tr(language, "conversations.title"))
    more = ""
    if len(listed) > MOST_LISTED:
        more = f'<p class="note">{escape(tr(language, "conversations.more", n=len(listed) - MOST_LISTED))}</p>'
    return f'{undo}<nav aria-label="{label}"><ul class="talks">{items}</ul></nav>{more}'


def _undo(title: str, language: str) -> str:
    told = escape(tr(language, "conversations.deleted", title=title or tr(language, "conversations.untitled")))
    undo = act("conversations", tr(language, "chat.undo"), css="undo-button", what="undo")
    label = tr(language, "chat.dismiss")
    dismiss = act("conversations", label, inner="✕", css="tool", what="dismiss")
    return f'<div class="undo" role="status"><span>{told}</span><span class="undo-tools">{undo}{dismiss}</span></div>'


def _item(row: Conversation, opened: bool, language: str) -> str:
    title = row.title or tr(language, "conversations.untitled")
    day = escape(short_day(row.changed_at, language))
    inner = f'<span class="talk-title">{escape(title)}</span><span class="title">{day}</span>'
    name = act("conversations", title, inner=inner, tip=title, css="name", what="open", id=row.id)
    labels = {what: tr(language, f"conversations.{what}") for what in ("rename", "delete")}
    named = {what: tr(language, "frame.pair", what=label, told=title) for what, label in labels.items()}
    rename = act("rename", named["rename"], inner="✎", tip=labels["rename"], css="tool", id=row.id)
    delete = act(
        "conversations", named["delete"], inner="✕", tip=labels["delete"], css="tool", what="delete", id=row.id
    )
    css = ' class="chosen" aria-current="true"' if opened else ""
    return f'<li{css} data-id="{row.id}">{name}<span class="tools">{rename}{delete}</span></li>'
