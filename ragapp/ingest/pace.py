"""How quickly this machine reads, embeds and stores: learnt from every run, kept in the catalog for the next one."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field

from ragapp.reading.survey import Survey

# state in the catalog
PACE = "ingest_pace"

# a prior counts as much as so many files of each of two sizes; what is kept of earlier runs, as so many at most
_PRIOR_FILES = 0.5
_MOST_KEPT = 12.0
_SMALL, _LARGE = 4_000.0, 400_000.0
# half of what is known of the embedder's speed is forgotten after so many seconds of it: machines slow down and recover
_HALF_LIFE_S = 45.0


@dataclass(slots=True)
class Line:
    """``y = base + slope · x`` by least squares, both at least 0; a file's weight is the inverse of its size, so that
    neither the many small files nor the one large file decides alone."""

    weight: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def observe(self, x: float, y: float, weight: float = 1.0) -> None:
        """Add what was measured for something of size x."""
        weight /= x + _SMALL
        self.weight += weight
        self.x += weight * x
        self.y += weight * y
        self.xx += weight * x * x
        self.xy += weight * x * y

    def predict(self, x: float) -> float:
        """What is expected for something of size x; 0 where nothing was ever measured."""
        if not self.weight:
            return 0.0
        spread = self.xx - self.x * self.x / self.weight
        slope = (self.xy - self.x * self.y / self.weight) / spread if spread > 1e-9 * self.xx else -1.0
        base = (self.y - slope * self.x) / self.weight
        if slope < 0 or base < 0:  # through the origin
            slope, base = self.y / self.x if self.x else 0.0, 0.0
        return base + slope * x

    def scaled(self, share: float) -> Line:
        """The same line with less weight."""
        return Line(*(share * value for value in (self.weight, self.x, self.y, self.xx, self.xy)))


@dataclass(slots=True)
class Rate:
    """Seconds for each of something, the latest counting most."""

    seconds: float = 0.0
    count: float = 0.0

    def observe(self, seconds: float, count: float) -> None:
        """Add what was measured."""
        left = 0.5 ** (seconds / _HALF_LIFE_S)
        self.seconds = self.seconds * left + seconds
        self.count = self.count * left + count

    @property
    def each(self) -> float:
        """Seconds for one; 0 where nothing was measured."""
        return self.seconds / self.count if self.count else 0.0


@dataclass(slots=True)
class Kind:
    """Files of one kind: seconds of reading and characters to embed, by their amount; ``files`` were measured."""

    seconds: Line = field(default_factory=Line)
    characters: Line = field(default_factory=Line)
    files: float = 0.0


@dataclass(frozen=True, slots=True)
class Amount:
    """How much a file is: to read, which tells its seconds, and of text, which tells its characters.

    Attributes:
        kind: files of which both tell the same.
        reading: bytes; of a file that was surveyed, characters and what takes as long as so many.
        text: bytes; of a file that was surveyed, characters.
    """

    kind: str
    reading: float
    text: float

    @classmethod
    def of_size(cls, suffix: str, size: int) -> Amount:
        """By the size in bytes alone."""
        return cls(suffix, size, size)

    @classmethod
    def surveyed(cls, suffix: str, seen: Survey) -> Amount:
        """By what a look at some of its pages tells."""
        reading = seen.characters + _PAGE * seen.pages + _PICTURE * seen.pictures
        return cls(f"{suffix} surveyed", reading, seen.characters)


# characters that take as long to read as what a page takes besides them, and as a picture whose text is recognised
_PAGE, _PICTURE = 300, 100_000

# (seconds to begin, seconds a million and characters each of an amount), of a usual desktop; right only until some
# files were read
_USUAL = {
    ".pdf surveyed": (0.01, 10.0, 1.0),
    ".pdf": (0.05, 6.0, 0.15),
    ".docx": (0.04, 2.0, 0.3),
    ".pptx": (0.05, 1.0, 0.05),
    ".xlsx": (0.05, 4.0, 0.8),
    ".xls": (0.05, 2.0, 0.5),
    ".csv": (0.02, 2.0, 1.2),
    ".html": (0.04, 4.0, 0.3),
    ".htm": (0.04, 4.0, 0.3),
    ".eml": (0.03, 2.0, 0.4),
    ".epub": (0.05, 4.0, 1.5),
    ".jpg": (2.0, 4.0, 0.005),
    ".png": (2.0, 4.0, 0.005),
    ".tif": (2.0, 8.0, 0.01),
}
_PLAIN = (0.02, 1.5, 1.0)


class Pace:
    """What is known of the speed of this machine: files by kind, the embedder, the store.

    Attributes:
        embed: seconds a character of embedding, alone on the machine.
        store: seconds a character of storing.
        finish: seconds that the end of a run takes, a character that was stored.
        measured: whether the embedder's speed was ever measured here.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.embed = Rate(0.3, 3_000.0)
        self.store = Rate(0.01, 3_000.0)
        self.finish = Rate(0.001, 3_000.0)
        self.measured = False

    def expect(self, amount: Amount) -> tuple[float, float]:
        """Seconds of reading and characters to embed that are expected of a file."""
        kind = self._kind(amount.kind)
        return kind.seconds.predict(amount.reading), kind.characters.predict(amount.text)

    def note_file(self, amount: Amount, seconds: float, characters: float) -> None:
        """Learn from a file that was read."""
        kind = self._kind(amount.kind)
        kind.seconds.observe(amount.reading, seconds)
        kind.characters.observe(amount.text, characters)
        kind.files += 1

    def _kind(self, name: str) -> Kind:
        if name not in self.kinds:
            begin, a_million, characters = _USUAL.get(name, _PLAIN)
            kind = self.kinds[name] = Kind()
            for amount in (_SMALL, _LARGE):
                kind.seconds.observe(amount, begin + a_million * amount / 1e6, _PRIOR_FILES)
                kind.characters.observe(amount, characters * amount, _PRIOR_FILES)
        return self.kinds[name]

    def dumps(self) -> str:
        """As text for the catalog; many files weigh no more than some, so that a change of the machine shows soon."""
        kinds = {}
        for name, kind in self.kinds.items():
            if kind.files:
                share = min(1.0, _MOST_KEPT / kind.files)
                less = Kind(kind.seconds.scaled(share), kind.characters.scaled(share), kind.files * share)
                kinds[name] = asdict(less)
        rates = {name: asdict(getattr(self, name)) for name in ("embed", "store", "finish")}
        return json.dumps({"kinds": kinds, "measured": self.measured, **rates})

    @classmethod
    def loads(cls, text: str | None) -> Pace:
        """What an earlier run has kept; the usual pace where nothing was, or nothing of use."""
        pace = cls()
        try:
            kept = json.loads(text or "{}")
            for name, kind in kept.get("kinds", {}).items():
                pace.kinds[name] = Kind(Line(**kind["seconds"]), Line(**kind["characters"]), float(kind["files"]))
            for name in ("embed", "store", "finish"):
                if name in kept:
                    setattr(pace, name, Rate(**kept[name]))
            pace.measured = bool(kept.get("measured"))
            figures = [value for kind in pace.kinds.values() for value in asdict(kind.seconds).values()]
            if not all(map(math.isfinite, [*figures, pace.embed.each, pace.store.each, pace.finish.each])):
                raise ValueError("no figures")
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()
        return pace
