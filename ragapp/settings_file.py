"""Changes single values in the text of a settings file; every other line stays as a person wrote it."""

from __future__ import annotations

from typing import Any

import yaml

from ragapp.errors import SettingsError

_BY_HAND = "Change the value by hand."


def as_yaml(value: Any) -> str:
    """A value as YAML on one line: ``true``, ``null``, ``[en, fr]``."""
    shown: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return shown.removesuffix("\n").removesuffix("...").removesuffix("\n")


def set_value(text: str, section: str, key: str, value: Any) -> str:
    """The text of a settings file in which ``section.key`` is ``value``.

    Raises SettingsError: the text is no YAML of sections, or is written in a way that only a person should change.
    """
    wanted = _values(text)
    wanted[section] = {**(wanted.get(section) or {}), key: value}
    return _checked(_with_value(text, section, key, as_yaml(value)), wanted)


def remove_value(text: str, section: str, key: str) -> str:
    """The text of a settings file without ``section.key``, and without the section where nothing else is in it.

    Raises SettingsError: see :func:`set_value`.
    """
    wanted = _values(text)
    if key not in (wanted.get(section) or {}):
        return text
    wanted[section] = {name: one for name, one in wanted[section].items() if name != key}
    if not wanted[section]:
        del wanted[section]
    return _checked(_without_value(text, section, key), wanted)


def key_lines(text: str) -> dict[tuple[str, str], int]:
    """The line, counted from 1, of each ``(section, key)`` of a settings file; nothing where it is no YAML."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return {}
    found: dict[tuple[str, str], int] = {}
    for name, body in root.value if isinstance(root, yaml.MappingNode) else ():
        for key, _ in body.value if isinstance(body, yaml.MappingNode) else ():
            found[str(name.value), str(key.value)] = key.start_mark.line + 1
    return found


def _values(text: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"The settings file is not valid YAML: {error}.", _BY_HAND) from None
    if not isinstance(values, dict) or not all(isinstance(one, dict | None) for one in values.values()):
        raise SettingsError("The settings file does not hold sections such as `llm:`.", _BY_HAND)
    return values


def _checked(text: str, wanted: dict[str, Any]) -> str:
    """The text, if it says what is wanted: an anchor, a merged section or a tag may stand in the way."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        found = None
    if found is None or {k: v or {} for k, v in found.items()} != {k: v or {} for k, v in wanted.items()}:
        raise SettingsError("The settings file is written in a way that cannot be changed safely.", _BY_HAND)
    return text


def _with_value(text: str, section: str, key: str, shown: str) -> str:
    root = yaml.compose(text, yaml.SafeLoader)
    found = _entry(root, section)
    if found is None:
        if isinstance(root, yaml.MappingNode) and root.flow_style:
            return _insert_first(text, root, f"{section}: {{{key}: {shown}}}")
        return f"{_ended(text)}{section}:\n  {key}: {shown}\n"
    name, body = found
    if not isinstance(body, yaml.MappingNode):  # a section whose keys are all commented out, or null
        end = _end(text, body)
        rest = text[: body.start_mark.index].rstrip(" ") + text[end:] if end > body.start_mark.index else text
        line_end = _line_end(rest, name.end_mark.index)
        return f"{rest[:line_end]}\n  {key}: {shown}{rest[line_end:] or chr(10)}"
    entry = _entry(body, key)
    if entry is None:
        if body.flow_style:
            return _insert_first(text, body, f"{key}: {shown}")
        line_end = _line_end(text, _end(text, body))
        return f"{text[:line_end]}\n{' ' * body.start_mark.column}{key}: {shown}{text[line_end:] or chr(10)}"
    return _replaced(text, *entry, shown)


def _replaced(text: str, key: yaml.Node, value: yaml.Node, shown: str) -> str:
    start, end = value.start_mark.index, _end(text, value)
    behind = text.index(":", key.end_mark.index) + 1
    if value.start_mark.line == key.end_mark.line:
        space = "" if start > behind else " "  # where nothing stands behind the colon
        return f"{text[:start]}{space}{shown}{text[end:]}"
    # a list or a mapping below its key: what stood between them was a comment, and stays
    between = text[behind:start].rstrip(" ").rstrip("\n")
    return f"{text[:behind]} {shown}{between}{text[end:]}"


def _without_value(text: str, section: str, key: str) -> str:
    name, body = _entry(yaml.compose(text, yaml.SafeLoader), section) or (None, None)
    if name is None or not isinstance(body, yaml.MappingNode):
        return text
    entry = _entry(body, key)
    if entry is None:
        return text
    if len(body.value) == 1:
        return _without_lines(text, name.start_mark.index, _end(text, body))
    if body.flow_style:
        kept = {one.value: text[one.start_mark.index : _end(text, other)] for one, other in body.value}
        inner = ", ".join(told for other, told in kept.items() if other != key)
        return f"{text[: body.start_mark.index]}{{{inner}}}{text[body.end_mark.index :]}"
    return _without_lines(text, entry[0].start_mark.index, _end(text, entry[1]))


def _without_lines(text: str, start: int, end: int) -> str:
    first = text.rfind("\n", 0, start) + 1
    return text[:first] + text[_line_end(text, end) + 1 :]


def _entry(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == name:
            return key, value
    return None


def _end(text: str, node: yaml.Node) -> int:
    """Where a node ends, without the space and the comments behind it, which YAML counts among a block."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _insert_first(text: str, node: yaml.MappingNode, told: str) -> str:
    behind = node.start_mark.index + 1
    return f"{text[:behind]}{told}{', ' if node.value else ''}{text[behind:]}"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
