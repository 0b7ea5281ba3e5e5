"""What a reader met and did not read, counted by kind and told in one sentence each."""

from __future__ import annotations

from collections import Counter

# so many places are named, then how many more
_MOST_PLACES = 5


class LeftOut:
    """Counts what is left out of one file, by kind and place, and tells it as warnings.

    A kind is a pair of words in the singular and the plural, such as ``("hidden row", "hidden rows")``; what a person
    can do about it is said once, in ``hint``, a sentence.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Counter[str]] = {}
        self._hints: dict[tuple[str, str], str] = {}

    def add(self, one: str, many: str, place: str = "", count: int = 1, hint: str = "") -> None:
        """Note that something was left out; ``place`` as a citation names it: ``p. 4``, ``sheet Sales``, a heading."""
        if count < 1:
            return
        places = self._kinds.setdefault((one, many), Counter())
        places[place] += count
        self._hints[one, many] = hint or self._hints.get((one, many), "")

    def warnings(self) -> list[str]:
        """A sentence for each kind, in the order in which they were met."""
        return [self._sentence(kind, places) for kind, places in self._kinds.items()]

    def _sentence(self, kind: tuple[str, str], places: Counter[str]) -> str:
        total = places.total()
        named = [place for place in places if place]
        listed = "; ".join(named[:_MOST_PLACES])
        beyond = len(named) - _MOST_PLACES
        more = f" and {beyond} more place{'s' if beyond > 1 else ''}" if beyond > 0 else ""
        where = f" ({listed}{more})" if named else ""
        was = f"1 {kind[0]} was" if total == 1 else f"{total} {kind[1]} were"
        hint = self._hints[kind]
        return f"{was} left out{where}.{' ' + hint if hint else ''}"
