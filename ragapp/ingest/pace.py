"""How quickly this machine reads, embeds and stores: learnt from every run, kept in the catalog for the next one."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, astuple, dataclass, field

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
    """Files of one suffix: seconds of reading and characters to embed, by size in bytes; ``files`` were measured."""

    seconds: Line = field(default_factory=Line)
    characters: Line = field(default_factory=Line)
    files: float = 0.0


@dataclass(slots=True)
class Ratio:
    """How much more something is than was expected."""

    true: float = 0.0
    expected: float = 0.0

    def observe(self, true: float, expected: float) -> None:
        """Add what was measured."""
        self.true += true
        self.expected += expected

    def scaled(self, most: float) -> Ratio:
        """The same ratio of no more than so much."""
        share = min(1.0, most / self.expected) if self.expected else 0.0
        return Ratio(share * self.true, share * self.expected)

    def applied(self, expected: float, prior: float) -> float:
        """What is to be expected; the ratio is 1 before anything was measured, which weighs as much as ``prior``."""
        return expected * (self.true + prior) / (self.expected + prior)


@dataclass(slots=True)
class Surveyed:
    """Files that were looked at: how their seconds and characters compare with what the look foretold."""

    seconds: Ratio = field(default_factory=Ratio)
    characters: Ratio = field(default_factory=Ratio)


@dataclass(frozen=True, slots=True)
class Amount:
    """How much a file is.

    Attributes:
        suffix: in small letters, with its dot.
        size: in bytes.
        seconds: of reading that a usual desktop takes, by a look at some of its pages; None where there was none.
        characters: by that look.
    """

    suffix: str
    size: int
    seconds: float | None = None
    characters: float = 0.0

    @classmethod
    def surveyed(cls, suffix: str, size: int, seen: Survey) -> Amount:
        """By what a look at some of its pages tells."""
        seconds = _A_FILE_S + _A_PAGE_S * seen.pages + _A_CHARACTER_S * seen.characters + _A_PICTURE_S * seen.pictures
        return cls(suffix, size, seconds, seen.characters)


# seconds that a usual desktop takes to read
_A_FILE_S, _A_PAGE_S, _A_CHARACTER_S, _A_PICTURE_S = 0.01, 0.003, 1e-5, 1.2
# a foretold ratio of 1 counts as so many measured seconds and characters; so many at most are kept for the next run
_PRIOR_S, _PRIOR_CHARACTERS = 0.5, 10_000.0
_MOST_S, _MOST_CHARACTERS = 60.0, 1e6
# what one file is taken to exceed its look by
_MOST_FOLD = 5

# (seconds to begin, seconds a MB, characters a byte), of a usual desktop; right only until some files were read
_USUAL = {
    ".pdf": (0.05, 6.0, 0.15),
    ".docx": (0.04, 4.0, 0.15),
    ".pptx": (0.05, 6.0, 0.03),
    ".xlsx": (0.02, 2.0, 0.4),
    ".xls": (0.05, 2.0, 0.2),
    ".csv": (0.02, 2.0, 1.2),
    ".rtf": (0.02, 4.0, 0.2),
    ".html": (0.04, 0.5, 0.12),
    ".htm": (0.04, 0.5, 0.12),
    ".eml": (0.03, 2.0, 0.4),
    ".msg": (0.03, 2.0, 0.05),
    ".epub": (0.05, 4.0, 1.5),
    ".jpg": (2.0, 4.0, 0.005),
    ".png": (2.0, 4.0, 0.005),
    ".tif": (2.0, 8.0, 0.01),
}
_PLAIN = (0.02, 1.5, 1.0)


class Pace:
    """What is known of the speed of this machine: files by suffix, the embedder, the store.

    Attributes:
        embed: seconds a character of embedding, alone on the machine.
        store: seconds a character of storing.
        finish: seconds that the end of a run takes, a character that was stored.
        measured: whether the embedder's speed was ever measured here.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.surveyed: dict[str, Surveyed] = {}
        self.embed = Rate(0.3, 3_000.0)
        self.store = Rate(0.01, 3_000.0)
        self.finish = Rate(0.001, 3_000.0)
        self.measured = False

    def expect(self, amount: Amount) -> tuple[float, float]:
        """Seconds of reading and characters to embed that are expected of a file."""
        if amount.seconds is None:
            kind = self._kind(amount.suffix)
            return kind.seconds.predict(amount.size), kind.characters.predict(amount.size)
        surveyed = self.surveyed.get(amount.suffix, Surveyed())
        seconds = surveyed.seconds.applied(amount.seconds, _PRIOR_S)
        return seconds, surveyed.characters.applied(amount.characters, _PRIOR_CHARACTERS)

    def note_file(self, amount: Amount, seconds: float, characters: float) -> None:
        """Learn from a file that was read."""
        if amount.seconds is None:
            kind = self._kind(amount.suffix)
            kind.seconds.observe(amount.size, seconds)
            kind.characters.observe(amount.size, characters)
            kind.files += 1
        else:
            surveyed = self.surveyed.setdefault(amount.suffix, Surveyed())
            # a look may have missed what takes long; one such file says little of the others
            surveyed.seconds.observe(min(seconds, _MOST_FOLD * amount.seconds + _PRIOR_S), amount.seconds)
            most = _MOST_FOLD * amount.characters + _PRIOR_CHARACTERS
            surveyed.characters.observe(min(characters, most), amount.characters)

    def _kind(self, suffix: str) -> Kind:
        if suffix not in self.kinds:
            begin, a_mb, a_byte = _USUAL.get(suffix, _PLAIN)
            kind = self.kinds[suffix] = Kind()
            for size in (_SMALL, _LARGE):
                kind.seconds.observe(size, begin + a_mb * size / 1e6, _PRIOR_FILES)
                kind.characters.observe(size, a_byte * size, _PRIOR_FILES)
        return self.kinds[suffix]

    def dumps(self) -> str:
        """As text for the catalog; many files weigh no more than some, so that a change of the machine shows soon."""
        kinds = {}
        for suffix, kind in self.kinds.items():
            if kind.files:
                share = min(1.0, _MOST_KEPT / kind.files)
                less = Kind(kind.seconds.scaled(share), kind.characters.scaled(share), kind.files * share)
                kinds[suffix] = asdict(less)
        surveyed = {
            suffix: asdict(Surveyed(one.seconds.scaled(_MOST_S), one.characters.scaled(_MOST_CHARACTERS)))
            for suffix, one in self.surveyed.items()
        }
        rates = {name: asdict(getattr(self, name)) for name in ("embed", "store", "finish")}
        return json.dumps({"kinds": kinds, "surveyed": surveyed, "measured": self.measured, **rates})

    @classmethod
    def loads(cls, text: str | None) -> Pace:
        """What an earlier run has kept; the usual pace where nothing was, or nothing of use."""
        pace = cls()
        try:
            kept = json.loads(text or "{}")
            for suffix, kind in kept.get("kinds", {}).items():
                pace.kinds[suffix] = Kind(Line(**kind["seconds"]), Line(**kind["characters"]), float(kind["files"]))
            for suffix, one in kept.get("surveyed", {}).items():
                pace.surveyed[suffix] = Surveyed(Ratio(**one["seconds"]), Ratio(**one["characters"]))
            for name in ("embed", "store", "finish"):
                if name in kept:
                    setattr(pace, name, Rate(**kept[name]))
            pace.measured = bool(kept.get("measured"))
            figures = [value for kind in pace.kinds.values() for value in asdict(kind.seconds).values()]
            figures += [
                value for one in pace.surveyed.values() for value in (*astuple(one.seconds), *astuple(one.characters))
            ]
            if not all(map(math.isfinite, [*figures, pace.embed.each, pace.store.each, pace.finish.each])):
                raise ValueError("no figures")
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()
        return pace
