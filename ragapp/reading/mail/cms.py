"""What an S/MIME part carries: the signed content as it is, or that it is encrypted (RFC 5652, RFC 8551).

Only the way to the content is walked in the BER encoding; signatures are not checked.
"""

from __future__ import annotations

from typing import Literal

_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENCRYPTED = (
    bytes.fromhex("2a864886f70d010703"),  # envelopedData
    bytes.fromhex("2a864886f70d010706"),  # encryptedData
    bytes.fromhex("2a864886f70d0109100117"),  # authEnvelopedData
)
_SEQUENCE, _SET, _OBJECT, _OCTETS, _OCTETS_IN_PIECES, _EXPLICIT = 0x30, 0x31, 0x06, 0x04, 0x24, 0xA0
_MOST_PIECES = 100_000

_Element = tuple[int, int, int, int]  # tag, where its content begins and ends, where the next one begins


def signed_content(data: bytes) -> tuple[Literal["signed", "encrypted", "other"], bytes]:
    """The kind of a CMS message, and the content of a signed one; ``other`` with no content if it is damaged."""
    try:
        return _content(data)
    except (IndexError, StopIteration, ValueError):
        return "other", b""


def _content(data: bytes) -> tuple[Literal["signed", "encrypted", "other"], bytes]:
    outer = _children(data, _element(data, 0, len(data)))
    kind = data[outer[0][1] : outer[0][2]]
    if outer[0][0] != _OBJECT or kind in _ENCRYPTED:
        return ("encrypted" if kind in _ENCRYPTED else "other"), b""
    if kind != _SIGNED:
        return "other", b""
    (signed,) = _children(data, outer[1])
    inner = next(part for part in _children(data, signed) if part[0] == _SEQUENCE)  # EncapsulatedContentInfo
    carried = [part for part in _children(data, inner) if part[0] == _EXPLICIT]
    if not carried:
        return "other", b""  # only a signature; what it signs is elsewhere
    return "signed", _octets(data, _children(data, carried[0])[0])


def _octets(data: bytes, element: _Element) -> bytes:
    """An octet string, which may be in pieces."""
    if element[0] == _OCTETS:
        return data[element[1] : element[2]]
    if element[0] != _OCTETS_IN_PIECES:
        raise ValueError("no octet string")
    return b"".join(data[part[1] : part[2]] for part in _children(data, element) if part[0] == _OCTETS)


def _children(data: bytes, element: _Element) -> list[_Element]:
    parts: list[_Element] = []
    place, end = element[1], element[2]
    while place < end and len(parts) < _MOST_PIECES:
        part = _element(data, place, end)
        if part[0] == 0:  # the mark of the end
            break
        parts.append(part)
        place = part[3]
    return parts


def _element(data: bytes, place: int, end: int) -> _Element:
    """The element at a place; ValueError or IndexError where there is none."""
    tag, size = data[place], data[place + 1]
    start = place + 2
    if size == 0x80:  # of no stated length: its parts, until a mark of two zeros
        after = _end_of_parts(data, start, end)
        return tag, start, after - 2, after
    if size > 0x80:
        count = size & 0x7F
        if count > 8:
            raise ValueError("a length of too many bytes")
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + size > end:
        raise ValueError("longer than what it is in")
    return tag, start, start + size, start + size


def _end_of_parts(data: bytes, place: int, end: int) -> int:
    """Where an element of no stated length ends, those inside it included."""
    depth = 1
    while depth:
        if data[place] == 0 and data[place + 1] == 0:
            depth -= 1
            place += 2
        elif data[place + 1] == 0x80:
            depth += 1
            place += 2
        else:
            place = _element(data, place, end)[3]
    return place
