import sys
from pathlib import Path

import pytest
from journeykit import Journey, travel, visit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "web"))
from pagekit import CHROMIUM, FLAGS

sys.path.pop(0)


@pytest.fixture(scope="session")
def journey(models_dir, tmp_path_factory) -> Journey:
    """The whole journey of a person, made once."""
    return travel(tmp_path_factory.mktemp("alone"), models_dir)


@pytest.fixture(scope="session")
def visited(models_dir, tmp_path_factory) -> dict | None:
    """What a person with a real browser saw, made once."""
    home, browser = tmp_path_factory.mktemp("visit"), tmp_path_factory.mktemp("browser")
    return visit(home, browser, models_dir, CHROMIUM, FLAGS)
