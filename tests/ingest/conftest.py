from __future__ import annotations

from pathlib import Path

import pytest
from placekit import Place
from storekit import assert_in_step


@pytest.fixture
def place(tmp_path: Path):
    place = Place(tmp_path)
    yield place
    assert_in_step(place.store)
    place.store.close()
