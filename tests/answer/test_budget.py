"""How many tokens a question may cost: unit tests with an engine of a told speed and a real catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragapp.answer.budget import MIN_TOKENS, TokenBudget
from ragapp.index.catalog import Catalog


class Paced:
    """Stands in for the engine: a speed that is measured when asked, and one that was seen."""

    fingerprint = "model 1"

    def __init__(self, measured: float, seen: float = 0.0):
        self.measured, self.seen_speed, self.asked = measured, seen, 0

    def prompt_speed(self) -> float:
        self.asked += 1
        self.seen_speed = self.measured
        return self.measured


@pytest.fixture
def catalog(tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


@pytest.mark.parametrize(("speed", "tokens"), [(95.0, 950), (1.0, MIN_TOKENS), (5000.0, 50_000)])
def test_about_ten_seconds_of_reading(catalog: Catalog, speed: float, tokens: int) -> None:
    assert TokenBudget(catalog)(Paced(speed)) == tokens


def test_it_is_measured_once_a_model(catalog: Catalog) -> None:
    first, second, other = Paced(100.0), Paced(10.0), Paced(90.0)
    other.fingerprint = "model 2"
    assert TokenBudget(catalog)(first) == TokenBudget(catalog)(second) == 1000
    assert (first.asked, second.asked) == (1, 0)
    assert TokenBudget(catalog)(other) == 900


def test_a_much_faster_reading_shows_that_the_machine_was_busy_before(catalog: Catalog) -> None:
    TokenBudget(catalog)(Paced(100.0))
    assert TokenBudget(catalog)(Paced(0.0, seen=120.0)) == 1000
    assert TokenBudget(catalog)(Paced(0.0, seen=160.0)) == 1600
    assert TokenBudget(catalog)(Paced(0.0)) == 1600


def test_what_is_remembered_and_no_number_is_measured_again(catalog: Catalog) -> None:
    TokenBudget(catalog)(Paced(100.0))
    with catalog.transaction() as connection:
        connection.execute("UPDATE state SET value = 'fast' WHERE key LIKE 'reading speed%'")
    assert TokenBudget(catalog)(Paced(90.0)) == 900
