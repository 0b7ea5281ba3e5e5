"""Documents that a person takes out again while their files stay."""

import pytest
from placekit import SETTINGS, Place

from ragapp.errors import StoreError
from ragapp.ingest.conditions import REMOVED, remove_by_hand


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    place.write("leave.txt", "Annual leave is 25 days.")
    place.write("travel.txt", "Trains before planes.")
    place.run()
    yield place
    place.store.close()


def take_out(place: Place, name: str) -> None:
    (row,) = remove_by_hand(place.store, [place.row(name).id], SETTINGS)
    assert row.path == str(place.docs / name)


def test_it_stays_out_and_is_listed_as_such(place):
    take_out(place, "leave.txt")
    for _ in range(2):
        assert place.run()["leave.txt"] == "skipped"
        assert [row.name for row in place.store.catalog.documents()] == ["travel.txt"]
        (entry,) = place.store.catalog.unread()
        assert (entry.status, entry.reason) == ("skipped", REMOVED)
        assert "ragapp ingest" in entry.hint


def test_who_names_it_or_changes_it_wants_it_back(place):
    take_out(place, "leave.txt")
    assert place.run(place.docs / "leave.txt") == {"leave.txt": "indexed"}
    take_out(place, "leave.txt")
    place.write("leave.txt", "Annual leave is 26 days by now.")
    assert place.run()["leave.txt"] == "indexed"
    assert place.store.catalog.unread() == []


def test_where_the_file_is_gone_nothing_is_remembered(place):
    (place.docs / "leave.txt").unlink()
    take_out(place, "leave.txt")
    assert place.store.catalog.unread() == []


def test_what_is_not_there_is_told(place):
    with pytest.raises(StoreError, match="no document 99"):
        remove_by_hand(place.store, [99], SETTINGS)
