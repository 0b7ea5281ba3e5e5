"""Forms of Word documents: content controls, the data that they are bound to, and the fields of older forms.

Source: ISO/IEC 29500-1, 17.5.2 (content controls) and 17.16.5 (form fields); [MS-DOCX] 2.6.1.4 (check boxes).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from ragapp.reading.office.open_xml import Part, root_of
from ragapp.reading.text import whole_number
from ragapp.reading.word.looks import OFF, VAL, Looks, W, is_on

TICKED, OPEN = "☒", "☐"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/customXml}"
# the properties of the file, which controls are bound to by these ids ([MS-OE376] 2.1.452)
_PROPERTIES = {
    "{6C3C8BC8-F283-45AE-878A-BAB7291924A1}": "core-properties",
    "{6668398D-A668-4E3E-A75B-62EB855F1C46}": "extended-properties",
}
_AX = "{http://schemas.microsoft.com/office/2006/activeX}"
_CONTROLS = {
    "8BD21D10-EC42-11CE-9E0D-00AA006002F3": "text",
    "8BD21D20-EC42-11CE-9E0D-00AA006002F3": "text",  # a list
    "8BD21D30-EC42-11CE-9E0D-00AA006002F3": "text",  # a list that opens
    "8BD21D40-EC42-11CE-9E0D-00AA006002F3": "box",
    "8BD21D50-EC42-11CE-9E0D-00AA006002F3": "box",  # one of several choices
    "8BD21D60-EC42-11CE-9E0D-00AA006002F3": "box",  # a button that stays pressed
    "978C9E23-D4B0-11CE-BF2D-00AA003F40D0": "label",
    "D7053240-CE69-11CD-A777-00DD01143C57": "button",
}
_MAPPING = re.compile(r"""xmlns:([\w.-]+)\s*=\s*(['"])(.*?)\2""")
# the paths that Word writes: one element or attribute after the other; others could take without end
_PATH = re.compile(r"(?:/@?(?:[\w.-]+:)?[\w.-]+(?:\[\d{1,6}\])?){1,40}")
_BOUND = tuple(f"{W}{name}" for name in ("text", "date", "dropDownList", "comboBox"))
_DATE_PARTS = re.compile(r"d{1,4}|M{1,4}|y{1,4}|'[^']*'")


def settle_controls(story: Any, main: Part, looks: Looks, properties: dict[str, Part]) -> None:
    """Write into the content controls of a story what they show.

    A control that is bound to data shows the data, not the text that was saved with it (17.5.2.6); a check box is
    :data:`TICKED` or :data:`OPEN`; the text that asks to be replaced is dropped, as nobody filled it in.

    Args:
        story: an element, which is changed.
        main: the part of the document, which refers to the data.
        looks: of the document.
        properties: the parts with the properties of the file, by their kind of relationship.
    """
    controls = list(story.iter(f"{W}sdt"))
    if not controls:
        return
    data = _BoundData(main, properties)
    prompts: dict[str, str] | None = None
    for control in controls:
        about, content = control.find(f"{W}sdtPr"), control.find(f"{W}sdtContent")
        if about is None or content is None:
            continue
        value = data.value(about)
        box = about.find(f"{_W14}checkbox")
        if box is not None:
            _set_text(content, TICKED if _is_ticked(box, content, value) else OPEN, is_sign=True)
        elif value is not None and any(about.find(kind) is not None for kind in _BOUND):
            shown = _shown_value(about, value)
            if shown is not None:
                _set_text(content, shown)
        elif (placeholder := about.find(f"{W}showingPlcHdr")) is not None and is_on(placeholder):
            if prompts is None:
                prompts = _prompts(main)
            if _asks(about, content, looks, prompts):
                for text in content.iter(f"{W}t"):
                    text.text = ""


def form_text(data: Any) -> str | None:
    """What a field of an older form shows, from its ``w:ffData`` element; None where it shows its result."""
    box = data.find(f"{W}checkBox")
    if box is not None:
        state = next((node for name in ("checked", "default") if (node := box.find(f"{W}{name}")) is not None), None)
        return TICKED if state is not None and is_on(state) else OPEN
    choice = data.find(f"{W}ddList")
    if choice is None:
        return None
    entries = [entry.get(VAL, "") for entry in choice.iterchildren(f"{W}listEntry")]
    chosen = next((node for name in ("result", "default") if (node := choice.find(f"{W}{name}")) is not None), None)
    number = whole_number(chosen.get(VAL, ""), 0) if chosen is not None else 0
    return entries[number] if number < len(entries) else ""


def activex_text(control: Part | None) -> str | None:
    """What an ActiveX control shows, from its part ([MS-OE376] 2.5.2); None where it is not known.

    Controls keep what they show as properties by their names, or, mostly, in a stream of their own, which is not read.
    """
    root = root_of(control)
    if root is None:
        return None
    kind = _CONTROLS.get(root.get(f"{_AX}classid", "").strip("{}").upper())
    bag: dict[str, str] = {
        one.get(f"{_AX}name", ""): one.get(f"{_AX}value", "") for one in root.iterchildren(f"{_AX}ocxPr")
    }
    if kind == "button":
        return ""
    if kind is None or not bag:
        return None
    value, caption = bag.get("Value", ""), bag.get("Caption", "")
    if kind == "box":
        return f"{OPEN if value in ('', '0', 'False') else TICKED} {caption}".rstrip()
    return caption if kind == "label" else value


class _BoundData:
    """The XML in a file that its controls are bound to."""

    def __init__(self, main: Part, properties: dict[str, Part]) -> None:
        self._main = main
        self._properties = properties
        self._items: list[tuple[str, Any]] | None = None

    def value(self, about: Any) -> str | None:
        """The text that a control is bound to; None where it is not, or its data is not there."""
        binding = about.find(f"{W}dataBinding")
        if binding is None:
            return None
        path = binding.get(f"{W}xpath", "").strip().removesuffix("/text()")
        if not _PATH.fullmatch(path):
            return None
        names = {prefix: uri for prefix, _, uri in _MAPPING.findall(binding.get(f"{W}prefixMappings", ""))}
        for root in self._roots(binding.get(f"{W}storeItemID", "").upper()):
            try:
                found = root.xpath(path, namespaces=names or None)
            except etree.XPathError:
                continue
            if found:
                return found[0] if isinstance(found[0], str) else "".join(found[0].itertext())
        return None

    def _roots(self, store: str) -> Iterator[Any]:
        """The data of an id, else all data: Word takes what the path leads to (17.5.2.6)."""
        if store in _PROPERTIES:
            root = root_of(self._properties.get(_PROPERTIES[store]))
            return iter(() if root is None else (root,))
        if self._items is None:
            self._items = [(_store_id(part), root_of(part)) for part in self._main.related("customXml")]
        known = [item for item in self._items if item[1] is not None]
        return iter([root for store_id, root in known if store_id == store] or [root for _, root in known])


def _store_id(part: Part) -> str:
    for about in part.related("customXmlProps"):
        root = root_of(about)
        if root is not None:
            return str(root.get(f"{_DATA}itemID", "")).upper()
    return ""


def _is_ticked(box: Any, content: Any, value: str | None) -> bool:
    """Whether a check box is ticked: by its data, else by the sign that it shows, else by its state."""
    if value is not None and value.strip():
        return value.strip().lower() not in OFF
    shown = _signs(content)
    for name, is_ticked in (("checkedState", True), ("uncheckedState", False)):
        state = box.find(f"{_W14}{name}")
        if state is not None and _code(state.get(f"{_W14}val", "")) in shown:
            return is_ticked
    state = box.find(f"{_W14}checked")
    return state is not None and state.get(f"{_W14}val", "1").lower() not in OFF


def _signs(content: Any) -> set[int]:
    """The codes of the characters that a check box shows."""
    codes = {_code(sign.get(f"{W}char", "")) for sign in content.iter(f"{W}sym")}
    for text in content.iter(f"{W}t"):
        codes.update(_plain(ord(character)) for character in (text.text or "")[:4])
    return codes - {-1, 0x20}


def _code(text: str) -> int:
    try:
        return _plain(int(text, 16))
    except ValueError:
        return -1


def _plain(code: int) -> int:
    return code - 0xF000 if 0xF000 <= code <= 0xF0FF else code


def _shown_value(about: Any, value: str) -> str | None:
    """How a control shows the data that it is bound to; None where that is what was saved with it."""
    for kind in ("dropDownList", "comboBox"):
        for entry in about.iterfind(f"{W}{kind}/{W}listItem"):
            if entry.get(f"{W}value", "") == value:
                return str(entry.get(f"{W}displayText", value))
    date = about.find(f"{W}date")
    if date is None:
        return value
    if date.get(f"{W}fullDate", "")[:10] == value.strip()[:10] and value.strip():
        return None
    pattern, language = date.find(f"{W}dateFormat"), date.find(f"{W}lid")
    return _written_date(
        value.strip(),
        pattern.get(VAL, "") if pattern is not None else "",
        language.get(VAL, "en") if language is not None else "en",
    )


def _written_date(value: str, pattern: str, language: str) -> str:
    """A date of XML by the pattern of a control; as it is where the pattern asks for words of another language."""
    try:
        day = datetime.date.fromisoformat(value[:10])
    except ValueError:
        return value
    words = any(part in pattern for part in ("MMM", "ddd", "h", "H"))
    if not pattern or (words and not language.lower().startswith("en")):
        return value[:10]

    known = {"dddd": f"{day:%A}", "ddd": f"{day:%a}", "dd": f"{day.day:02d}", "d": str(day.day)}
    known |= {"MMMM": f"{day:%B}", "MMM": f"{day:%b}", "MM": f"{day.month:02d}", "M": str(day.month)}
    known |= {"yyyy": f"{day.year:04d}", "yy": f"{day.year % 100:02d}"}
    return _DATE_PARTS.sub(lambda part: known.get(part[0], part[0].strip("'")), pattern)


def _set_text(content: Any, value: str, is_sign: bool = False) -> None:
    """Put a text in place of what a control holds, in the look of its first run."""
    runs = [run for run in content.iter(f"{W}r") if run.getparent().tag not in (f"{W}del", f"{W}moveFrom")]
    if runs:
        first, *others = runs
        for run in others:
            run.getparent().remove(run)
        for child in list(first):
            if child.tag != f"{W}rPr" or is_sign:
                first.remove(child)
    else:
        place = next(content.iter(f"{W}p"), content)
        first = etree.SubElement(place, f"{W}r")
    for number, line in enumerate(value.splitlines()):
        if number:
            etree.SubElement(first, f"{W}br")
        etree.SubElement(first, f"{W}t").text = line


def _asks(about: Any, content: Any, looks: Looks, prompts: dict[str, str]) -> bool:
    """Whether a control shows the text that asks to be replaced.

    Programs that fill in forms often leave the mark of that text, so the text itself must be it.
    """
    runs = [run for run in content.iter(f"{W}r") if "".join(_texts(run)).strip()]
    styles = [run.find(f"{W}rPr/{W}rStyle") for run in runs]
    if all(style is not None and looks.style_name(style.get(VAL)) == "placeholder text" for style in styles):
        return True
    named = about.find(f"{W}placeholder/{W}docPart")
    prompt = prompts.get(named.get(VAL, ""), "") if named is not None else ""
    return bool(prompt) and prompt == "".join(_texts(content)).strip()


def _prompts(main: Part) -> dict[str, str]:
    """The texts that ask to be replaced, by their names (17.12, the glossary)."""
    found = {}
    for part in main.related("glossaryDocument"):
        root = root_of(part)
        for entry in root.iter(f"{W}docPart") if root is not None else ():
            name, body = entry.find(f"{W}docPartPr/{W}name"), entry.find(f"{W}docPartBody")
            if name is not None and body is not None:
                found[name.get(VAL, "")] = "".join(_texts(body)).strip()
    return found


def _texts(element: Any) -> Iterator[str]:
    return (text.text or "" for text in element.iter(f"{W}t"))
