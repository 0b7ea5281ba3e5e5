"""What the documents tab asks before it does something: removing, a file's password, text to paste."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from ragapp.web.ui.render import act
from ragapp.web.ui.translations import tr

# documents that are named before they are removed
_NAMES = 8


def render_confirmation(names: Sequence[str], count: int, language: str, *, running: bool = False, **which: Any) -> str:
    """Ask before documents are removed: ``names`` are the first of ``count``; ``which`` goes with the answer."""
    listed = "".join(f"<li>{escape(name)}</li>" for name in names[:_NAMES])
    if count > min(len(names), _NAMES):
        more = tr(language, "documents.and_more", n=count - min(len(names), _NAMES))
        listed += f"<li>{escape(more)}</li>"
    yes = act("documents", tr(language, "documents.remove_yes", n=count), css="danger", what="remove", **which)
    erase = act("documents", tr(language, "documents.erase_yes"), css="danger", what="erase", **which)
    no = act("documents", tr(language, "documents.remove_no"), what="cancel")
    ask = tr(language, "documents.remove_ask", n=count)
    later = f'<p class="note">{escape(tr(language, "documents.erase_later"))}</p>' if running else ""
    body = (
        f"<p>{escape(ask)}</p><ul>{listed}</ul>"
        f'<p class="note">{escape(tr(language, "documents.remove_note"))}</p>'
        f'<p class="note">{escape(tr(language, "documents.erase_note"))}</p>{later}'
    )
    return render_dialog(tr(language, "documents.remove_title"), body, f"{no} {yes} {erase}", alert=True)


def render_password_form(path: str, language: str) -> str:
    """A place for the password of a file."""
    ask, keep = tr(language, "password.label"), tr(language, "password.keep")
    yes = act("unlock", tr(language, "password.open"), css="primary", path=path)
    no = act("documents", tr(language, "documents.cancel"), what="cancel")
    body = (
        f"<p>{escape(tr(language, 'password.for', name=Path(path).name))}</p>"
        f'<p><label>{escape(ask)} <input type="password" class="field" autocomplete="off"'
        ' data-enter="unlock"></label></p>'
        f'<p><label class="check"><input type="checkbox" class="keep"> {escape(keep)}</label></p>'
        f'<p class="note">{escape(tr(language, "password.note"))}</p><p class="told" role="status"></p>'
    )
    return render_dialog(tr(language, "password.ask"), body, f"{yes} {no}")


def render_paste_form(language: str) -> str:
    """A place for a text that becomes a document."""
    yes = act("paste", tr(language, "paste.add"), css="primary")
    no = act("documents", tr(language, "documents.cancel"), what="cancel")
    title, text = escape(tr(language, "paste.title")), escape(tr(language, "paste.text"))
    body = (
        f'<p><label>{title} <input type="text" class="field" maxlength="120" autocomplete="off"></label></p>'
        f'<p><label>{text} <textarea class="field" rows="8"></textarea></label></p>'
        f'<p class="note">{escape(tr(language, "paste.note"))}</p><p class="told" role="status"></p>'
    )
    return render_dialog(tr(language, "drop.paste"), body, f"{yes} {no}")


def render_removed(names: Sequence[str], language: str, *, undo: bool, erased: bool = False, answers: int = 0) -> str:
    """What was removed, and a way back where there is one."""
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    key = "documents.erased_now" if erased else "documents.removed_now"
    told = tr(language, key, n=len(names), names=shown) if names else tr(language, "documents.none_removed")
    if answers:
        told += " " + tr(language, "documents.answers_erased", n=answers)
    button = act("documents", tr(language, "documents.undo"), css="tool strong", what="undo") if undo else ""
    close = act("documents", tr(language, "documents.close"), css="tool", what="cancel")
    return f'<div class="told-box" role="status"><span>{escape(told)}</span> {button}{close}</div>'


def render_dialog(title: str, body: str, buttons: str, *, alert: bool = False) -> str:
    """A box that asks for something; ``title`` is plain text, body and buttons are HTML."""
    role = "alertdialog" if alert else "dialog"
    css = "confirm danger-box" if alert else "confirm"
    return (
        f'<div class="{css}" role="{role}" aria-label="{escape(title)}"><h3>{escape(title)}</h3>{body}'
        f'<p class="buttons">{buttons}</p></div>'
    )
