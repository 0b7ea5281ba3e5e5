"""A tiny writer of OLE files (Microsoft [MS-CFB]): streams in storages, enough for a mail of Outlook."""

from __future__ import annotations

import struct

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096


def ole_file(streams: dict[str, bytes]) -> bytes:
    """An OLE file of these streams; ``/`` in a name stands for the storage that the stream is in."""
    names = ["", *sorted({path.rsplit("/", 1)[0] for path in streams if "/" in path}), *sorted(streams)]
    sectors: list[bytes] = []
    fat: list[int] = []
    mini, mini_fat = b"", []

    def store(data: bytes) -> int:
        first = len(sectors)
        pieces = [data[start : start + _SECTOR].ljust(_SECTOR, b"\0") for start in range(0, len(data), _SECTOR)]
        sectors.extend(pieces)
        fat.extend([*range(first + 1, first + len(pieces)), _END])
        return first

    places: dict[str, int] = {}
    for name, data in streams.items():
        if len(data) >= _CUTOFF:
            places[name] = store(data)
        elif data:
            places[name] = len(mini_fat)
            count = -(-len(data) // _MINI)
            mini += data.ljust(count * _MINI, b"\0")
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), _END]
    root_start = store(mini) if mini else _END
    mini_fat_data = b"".join(struct.pack("<I", entry) for entry in mini_fat)
    mini_fat_start = store(mini_fat_data.ljust(-(-len(mini_fat_data) // _SECTOR) * _SECTOR, b"\xff")) if mini else _END
    entries = b"".join(_entry(name, names, streams, places, root_start, len(mini)) for name in names)
    directory = store(entries.ljust(-(-len(entries) // _SECTOR) * _SECTOR, b"\0"))
    fat_sectors = 1
    while (len(fat) + fat_sectors) * 4 > fat_sectors * _SECTOR:
        fat_sectors += 1
    fat_start = len(sectors)
    fat += [_FAT] * fat_sectors
    table = b"".join(struct.pack("<I", entry) for entry in fat).ljust(fat_sectors * _SECTOR, b"\xff")
    difat = [*range(fat_start, fat_start + fat_sectors), *[_FREE] * (109 - fat_sectors)]
    header = struct.pack(
        "<8s16sHHHHH6x9I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(16),
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        fat_sectors,
        directory,
        0,
        _CUTOFF,
        mini_fat_start,
        -(-len(mini_fat_data) // _SECTOR),
        _END,
        0,
    )
    return header + struct.pack("<109I", *difat) + b"".join(sectors) + table


def _entry(
    name: str, names: list[str], streams: dict[str, bytes], places: dict[str, int], root_start: int, root_size: int
) -> bytes:
    def children(folder: str) -> list[int]:
        front = f"{folder}/" if folder else ""
        return [
            place
            for place, other in enumerate(names)
            if other and other.startswith(front) and "/" not in other[len(front) :]
        ]

    label = (name.rsplit("/", 1)[-1] or "Root Entry").encode("utf-16-le") + b"\0\0"
    is_stream = name in streams
    siblings = children(name.rsplit("/", 1)[0] if "/" in name else "") if name else []
    after = siblings[siblings.index(names.index(name)) + 1 :][:1] if name else []
    inside = children(name) if not is_stream else []
    start = places.get(name, _END) if is_stream else (root_start if not name else 0)
    size = len(streams[name]) if is_stream else (0 if name else root_size)
    kind = 2 if is_stream else (1 if name else 5)
    return struct.pack(
        "<64sHBBIII16sIQQIQ",
        label,
        len(label),
        kind,
        1,
        _FREE,
        after[0] if after else _FREE,
        inside[0] if inside else _FREE,
        bytes(16),
        0,
        0,
        0,
        start,
        size,
    )
