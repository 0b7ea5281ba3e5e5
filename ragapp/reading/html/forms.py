"""Forms of a page as they are filled in: values beside their labels, boxes as ☒ and ☐.

What a browser saves as the state of a form is in its attributes: HTML Standard, 4.10.5 (input), 4.10.7 (select).
"""

from __future__ import annotations

from itertools import islice

from lxml.html import HtmlElement

from ragapp.reading.html.tree import HEADINGS, Elements, put_behind, replace

TICKED, UNTICKED = "☒", "☐"
EMPTY_FIELD = "____"
_NO_TEXT = ("hidden", "submit", "button", "reset", "image", "file", "password", "color", "range", "search")
_MOST_PARTS = 50  # of a label
_BOXES = ("checkbox", "radio")
# a button in one of these is what it unfolds is called by
_TITLES = ("summary", "dt", "legend", *HEADINGS)


def fill_in_forms(page: HtmlElement, elements: Elements) -> None:
    """Replace the controls of a page by the text that they show."""
    for control in list(page.iter("input", "select", "textarea", "button", "datalist")):
        if control.tag == "input":
            _input(page, control)
        elif control.tag == "select":
            replace(control, f" {_chosen(control)} ")
        elif control.tag == "textarea":
            replace(control, f" {control.text_content() or EMPTY_FIELD} ")
        elif control.tag == "button" and _is_title(control):
            control.tag = "span"
        else:
            replace(control, " ")
    for gauge in page.iter("meter", "progress", "output"):  # boxes of their own: what is beside them stays apart
        gauge.text = f" {gauge.text or ''}"
        put_behind(gauge, " ")
    for box in elements.having("aria-checked"):
        if box.get("role") in (*_BOXES, "switch", "menuitemcheckbox", "menuitemradio"):
            box.text = f"{_mark(box.get('aria-checked') == 'true')} {box.text or ''}"


def _input(page: HtmlElement, control: HtmlElement) -> None:
    kind = control.get("type", "text").strip().lower()
    if kind in _BOXES:
        mark = _mark("checked" in control.attrib)
        label = _label_before(page, control)
        if label is not None:
            label.text = f" {mark} {label.text or ''}"
            mark = ""
        replace(control, f" {mark} " if mark else " ")
    elif kind in _NO_TEXT:
        replace(control, " ")
    else:
        replace(control, f" {control.get('value', '').strip() or EMPTY_FIELD} ")


def _mark(ticked: bool) -> str:
    return TICKED if ticked else UNTICKED


def _label_before(page: HtmlElement, control: HtmlElement) -> HtmlElement | None:
    """The label of a box whose words stand before it, so that the mark would be taken for the next label's."""
    around = next(control.iterancestors("label"), None)
    if around is not None:
        inside = list(islice(around.iter(), _MOST_PARTS + 1))
        if len(inside) > _MOST_PARTS:
            return None
        behind = inside[inside.index(control) :]
        after = "".join(part.tail or "" for part in behind if part is not around)
        after += "".join(part.text or "" for part in behind[1:] if isinstance(part.tag, str))
        before = around.text_content()[: -len(after) or None]
        return around if before.strip() and not after.strip() else None
    name = control.get("id", "")
    if not name or '"' in name:
        return None
    previous = control.getprevious()
    return previous if previous is not None and previous.tag == "label" and previous.get("for") == name else None


def _chosen(select: HtmlElement) -> str:
    """The option that a list shows; each with its mark, where several can be chosen or are in view."""
    options = list(select.iter("option"))
    chosen = [option for option in options if "selected" in option.attrib]
    if "multiple" in select.attrib or select.get("size", "1") not in ("", "0", "1"):
        return " ".join(f"{_mark(option in chosen)} {_option(option)}" for option in options)
    # of several marks the last holds; without one the first that can be chosen
    shown = chosen[-1:] or [option for option in options if "disabled" not in option.attrib][:1]
    if not shown or (not chosen and shown[0].get("value") == ""):
        return EMPTY_FIELD
    return _option(shown[0])


def _option(option: HtmlElement) -> str:
    return str(option.get("label") or option.text_content()).strip()


def _is_title(button: HtmlElement) -> bool:
    """Whether a button is the title of what it unfolds, or a box that is drawn by a script."""
    named = any(button.get(name) for name in ("aria-expanded", "aria-controls", "data-target", "data-bs-target"))
    return (
        named
        or button.get("role") in ("tab", "switch", *_BOXES)
        or next(button.iterancestors(*_TITLES), None) is not None
    )
