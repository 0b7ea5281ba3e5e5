"""Calendars and cards: the lines ``NAME;PARAMETER=value:value`` of iCalendar (RFC 5545) and vCard (RFC 6350, 2.1).

One small parser for both; libraries for calendars read no cards.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.text import AGAIN, decode, one_line, read_bytes

_LINE = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;(?:[^\":;]|\"[^\"]*\")*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([\w-]+)(?:=(\"[^\"]*\"|[^;]*))?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SHOWN_PARTS = ("VEVENT", "VTODO", "VJOURNAL", "VCARD")
_MOST_PARTS = 20_000
_LONGEST_LINE, _HEAD = 100_000, 500  # of text in lines that go on; in which a line names its encoding
_STATES = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "NEEDS-ACTION": "no answer yet",
    "DELEGATED": "delegated",
}
_EVENT_STATES = {
    "CANCELLED": "cancelled",
    "TENTATIVE": "tentative",
    "COMPLETED": "completed",
    "IN-PROCESS": "in process",
    "DRAFT": "draft",
}
_METHODS = {"CANCEL": "cancelled", "REPLY": "an answer to an invitation", "COUNTER": "another time is proposed"}
_FREQUENCIES = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour"}
_DAYS = {"MO": "Mon", "TU": "Tue", "WE": "Wed", "TH": "Thu", "FR": "Fri", "SA": "Sat", "SU": "Sun"}
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_CARD_TYPES = ("work", "home", "cell", "mobile", "fax", "pager", "main")


@dataclass(slots=True)
class _Value:
    text: str  # as in the file, still escaped
    parameters: dict[str, str]

    @property
    def plain(self) -> str:
        """The text without its escapes; line ends stay."""
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.text).strip()


@dataclass(slots=True)
class _Part:
    name: str
    lines: dict[str, list[_Value]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        found = self.lines.get(name)
        return found[0].plain if found else ""


def read_calendar(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read a calendar (.ics) or cards (.vcf): a heading and its lines for each event, task or person."""
    text, notes = decode(unfolded(read_bytes(path)))
    out = BlockBuilder()
    entries = content_entries(text)
    if not entries and not re.search(r"^\s*BEGIN:V(?:CALENDAR|CARD)", text, re.IGNORECASE):
        raise ReadingError("the file is neither a calendar nor a card", AGAIN)
    for title, lines in entries:
        out.heading(1, title)
        out.text(lines)
    return Document(path.stem, section_units(out), warnings=notes)


def unfolded(data: bytes) -> bytes:
    """Join lines that go on (RFC 5545, 3.1) before the bytes are decoded: a line end may stand within a character."""
    return data if b"\x00" in data else re.sub(rb"\r?\n[ \t]", b"", data)


def content_entries(text: str) -> list[tuple[str, str]]:
    """The events, tasks, notes and cards in a text: the name of each, and what a calendar or address book shows."""
    entries: list[tuple[str, str]] = []
    method = ""
    for part in _parts(text):
        if part.name == "VCALENDAR":
            method = part.text("METHOD").upper()
        elif len(entries) < _MOST_PARTS:
            lines = _card_lines(part) if part.name == "VCARD" else _event_lines(part, method)
            shown = "\n".join(f"{name}: {value}" for name, value in lines if value)
            if shown:
                entries.append((one_line(part.text("SUMMARY") or part.text("FN")), shown))
    return entries


def _parts(text: str) -> Iterator[_Part]:
    """The parts that are shown, without alarms and time zones in them, and each calendar once its head is read."""
    text = re.sub(r"\r?\n[ \t]", "", text)
    open_parts: list[_Part] = []
    pending = ""
    for line in text.splitlines():
        line, pending = pending + line, ""
        if line.endswith("=") and len(line) < _LONGEST_LINE and "QUOTED-PRINTABLE" in line[:_HEAD].upper():
            pending = line[:-1]
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            if value.strip().upper() in _SHOWN_PARTS and open_parts and open_parts[-1].name == "VCALENDAR":
                yield open_parts[-1]
            if len(open_parts) < 20:
                open_parts.append(_Part(value.strip().upper()))
        elif name == "END":
            while open_parts:
                part = open_parts.pop()
                if part.name in _SHOWN_PARTS:
                    yield part
                if part.name == value.strip().upper():
                    break
        elif open_parts:
            parameters = {key.upper(): (given or key).strip('"') for key, given in _PARAMETER.findall(match[2])}
            open_parts[-1].lines.setdefault(name, []).append(_Value(_unquoted(value, parameters), parameters))
    yield from (part for part in open_parts if part.name in _SHOWN_PARTS)  # a file that was cut short


def _unquoted(value: str, parameters: dict[str, str]) -> str:
    if "QUOTED-PRINTABLE" not in (parameters.get("ENCODING", "").upper(), *map(str.upper, parameters)):
        return value
    data = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        return data.decode(parameters.get("CHARSET", "utf-8"), "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _event_lines(part: _Part, method: str) -> Iterator[tuple[str, str]]:
    kind = {"VTODO": "Task", "VJOURNAL": "Note"}.get(part.name, "Event")
    yield kind, one_line(part.text("SUMMARY"))
    yield "State", _EVENT_STATES.get(part.text("STATUS").upper()) or _METHODS.get(method, "")
    yield "When", _when(part)
    yield "In place of the one on", _times(part, "RECURRENCE-ID")
    yield "Due", _times(part, "DUE")
    yield "Done", _times(part, "COMPLETED")
    yield "Repeated", _repeated(part)
    yield "Also on", _times(part, "RDATE")
    yield "Where", one_line(part.text("LOCATION"))
    yield "Organiser", ", ".join(map(_person, part.lines.get("ORGANIZER", [])))
    yield "Attendees", ", ".join(map(_attendee, part.lines.get("ATTENDEE", [])))
    yield "Link", part.text("URL")
    yield "Attached", ", ".join(value.text for value in part.lines.get("ATTACH", []) if value.text[:4] == "http")
    yield "Comment", part.text("COMMENT")
    yield "Categories", one_line(part.text("CATEGORIES"))
    yield "Description", part.text("DESCRIPTION") or _from_html(part.text("X-ALT-DESC"))


def _times(part: _Part, name: str) -> str:
    """The times in a property, which may have several."""
    values = (_Value(text, one.parameters) for one in part.lines.get(name, []) for text in one.text.split(","))
    return ", ".join(_time(value)[0] for value in values)


def _from_html(markup: str) -> str:
    """The words of the formatted description that Outlook writes."""
    from ragapp.reading.html.reader import add_html

    out = BlockBuilder()
    add_html(out, markup)
    return "\n".join(block.text for block in out.blocks)


def _when(part: _Part) -> str:
    starts = part.lines.get("DTSTART")
    if not starts:
        return ""
    start, moment = _time(starts[0])
    ends = part.lines.get("DTEND")
    if ends:
        end, last = _time(ends[0])
    else:
        length = _length(part.text("DURATION"))
        last = moment + length if moment and length else None
        end = _shown(last, starts[0]) if last else ""
    if moment is None or last is None:
        return f"{start} – {end}" if end else start
    if not isinstance(last, datetime):  # whole days; the end is the day after
        last -= timedelta(days=1)
        return start if last <= moment else f"{start} – {_shown(last, starts[0])}"
    if isinstance(moment, datetime) and last.date() == moment.date() and _zone(starts[0]) == _zone((ends or starts)[0]):
        return f"{_day(moment)} {moment:%H:%M} – {last:%H:%M}{_zone(starts[0])}"
    return f"{start} – {end}"


def _time(value: _Value) -> tuple[str, date | None]:
    """A time as it is shown, and as a value; only as written where it is malformed."""
    text = value.text.strip()
    for pattern in ("%Y%m%dT%H%M%S", "%Y%m%dT%H%M", "%Y%m%d"):
        try:
            moment = datetime.strptime(text.removesuffix("Z"), pattern)
        except ValueError:
            continue
        found = moment.date() if pattern == "%Y%m%d" else moment
        return _shown(found, value), found
    return text, None


def _shown(moment: date, value: _Value) -> str:
    if not isinstance(moment, datetime):
        return _day(moment)
    return f"{_day(moment)} {moment:%H:%M}{_zone(value)}"


def _day(moment: date) -> str:
    return f"{moment:%a}, {moment.day} {moment:%b} {moment.year}"


def _zone(value: _Value) -> str:
    zone = "UTC" if value.text.strip().endswith("Z") else value.parameters.get("TZID", "")
    return f" ({zone})" if zone else ""


def _length(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part[:6]) if part else 0 for part in match.groups()[1:])
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _repeated(part: _Part) -> str:
    """A rule of repetition in words; as written where it has parts that are not known here."""
    rules: list[str] = []
    for value in part.lines.get("RRULE", []):
        rule = dict(piece.upper().split("=", 1) for piece in value.text.split(";") if "=" in piece)
        unit = _FREQUENCIES.get(rule.pop("FREQ", ""))
        every = rule.pop("INTERVAL", "1")
        rule.pop("WKST", None)
        days = rule.pop("BYDAY", "")
        until, count = rule.pop("UNTIL", ""), rule.pop("COUNT", "")
        if unit is None or rule or not re.fullmatch(r"[A-Z,]*", days):
            rules.append(value.text)
            continue
        words = f"every {unit}" if every == "1" else f"every {every} {unit}s"
        words += f" on {', '.join(_DAYS.get(day, day) for day in days.split(','))}" if days else ""
        words += f" until {_time(_Value(until, {}))[0]}" if until else ""
        rules.append(words + (f", {count} times" if count else ""))
    skipped = _times(part, "EXDATE")
    return "; ".join(rules) + (f"; not on {skipped}" if skipped else "")


def _person(value: _Value) -> str:
    address = re.sub(r"^mailto:", "", value.text.strip(), flags=re.IGNORECASE)
    name = value.parameters.get("CN", "")
    return f"{name} <{address}>" if name and name != address else address


def _attendee(value: _Value) -> str:
    state = _STATES.get(value.parameters.get("PARTSTAT", "").upper(), "")
    return _person(value) + (f" ({state})" if state else "")


def _card_lines(part: _Part) -> Iterator[tuple[str, str]]:
    yield "Name", one_line(part.text("FN")) or _fields(part, "N")
    yield "Nickname", one_line(part.text("NICKNAME"))
    yield "Organisation", _fields(part, "ORG")
    yield "Title", one_line(part.text("TITLE"))
    yield "Role", one_line(part.text("ROLE"))
    for name, shown in (("TEL", "Phone"), ("EMAIL", "E-mail"), ("ADR", "Address"), ("IMPP", "Chat"), ("URL", "Web")):
        for value in part.lines.get(name, []):
            kinds = f"{value.parameters.get('TYPE', '')},{','.join(value.parameters)}".lower().split(",")
            kind = ", ".join(word for word in dict.fromkeys(kinds) if word in _CARD_TYPES)
            text = _joined(value.text) if name == "ADR" else re.sub(r"^(?:tel|mailto):", "", value.plain)
            yield f"{shown} ({kind})" if kind else shown, text
    yield "Birthday", one_line(part.text("BDAY"))
    yield "Anniversary", one_line(part.text("ANNIVERSARY"))
    yield "Related", ", ".join(one_line(value.plain) for value in part.lines.get("RELATED", []))
    yield "Categories", one_line(part.text("CATEGORIES"))
    yield "Note", part.text("NOTE")


def _fields(part: _Part, name: str) -> str:
    found = part.lines.get(name)
    return _joined(found[0].text) if found else ""


def _joined(text: str) -> str:
    """The fields of a value that has several, as one line."""
    fields = (one_line(_Value(piece, {}).plain) for piece in re.split(r"(?<!\\);", text))
    return ", ".join(filter(None, fields))
