"""Controls of forms in OpenDocument files as what they show: ticks, choices, filled fields.

Source: OpenDocument 1.3 part 3, chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragapp.reading.odf.names import FIELD, FORM, OFFICE, XML, elements
from ragapp.reading.text import one_line, whole_number

TICKED, UNTICKED = "☒", "☐"
_VALUES = ("combobox", "date", "file", "formatted-text", "number", "text", "textarea", "time", "value-range")


def form_controls(content: Any) -> dict[str, str]:
    """The text that each control of a document shows, by the id that ``draw:control`` elements name."""
    controls: dict[str, str] = {}
    for forms in content.iter(f"{OFFICE}forms"):
        for control in forms.iter():
            if not isinstance(control.tag, str) or not control.tag.startswith(FORM):
                continue
            name = control.get(f"{XML}id") or control.get(f"{FORM}id")
            if name and name not in controls:
                controls[name] = _shown(control)
    return controls


def _shown(control: Any) -> str:
    kind = control.tag.removeprefix(FORM)
    label = one_line(control.get(f"{FORM}label", ""))
    if kind == "checkbox":
        state = control.get(f"{FORM}current-state") or control.get(f"{FORM}state")
        return _tick(state == "checked", label)
    if kind == "radio":
        state = control.get(f"{FORM}current-selected") or control.get(f"{FORM}selected")
        return _tick(state == "true", label)
    if kind == "listbox":
        return ", ".join(_chosen(control))
    if kind == "fixed-text":
        return label
    if kind in _VALUES:
        value = control.get(f"{FORM}current-value")
        if value is None:
            value = control.get(f"{FORM}value", "")
        return value.strip() or "\n".join(
            filter(None, ("".join(node.itertext()).strip() for node in elements(control) if node.tag.endswith("}p")))
        )
    return ""  # buttons, hidden controls, passwords


def _chosen(listbox: Any) -> Sequence[str]:
    options = [node for node in elements(listbox) if node.tag == f"{FORM}option"]
    # what is chosen now goes before what was chosen at first
    for attribute in (f"{FORM}current-selected", f"{FORM}selected"):
        if any(option.get(attribute) is not None for option in options):
            return [one_line(option.get(f"{FORM}label", "")) for option in options if option.get(attribute) == "true"]
    return []


def _tick(is_ticked: bool, label: str) -> str:
    return f"{TICKED if is_ticked else UNTICKED} {label}".rstrip()


def field_mark(element: Any) -> str:
    """What a form field of Word shows that LibreOffice saved as a field mark; empty where its text is in the text."""
    kind = element.get(f"{FIELD}type", "").rsplit(".", 1)[-1]
    values: dict[str, list[str]] = {}
    for parameter in elements(element):
        values.setdefault(parameter.get(f"{FIELD}name", ""), []).append(parameter.get(f"{FIELD}value", ""))
    if kind == "FORMCHECKBOX":
        is_ticked = values.get("Checkbox_Checked", ["false"])[-1] in ("true", "1")
        return TICKED if is_ticked else UNTICKED
    if kind == "FORMDROPDOWN":
        entries = values.get("Dropdown_ListEntry", [])
        place = whole_number(values.get("Dropdown_Selected", [""])[-1], -1)
        return one_line(entries[place]) if 0 <= place < len(entries) else ""
    return ""
