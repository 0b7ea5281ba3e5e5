import pytest
from journeykit import Journey, travel


@pytest.fixture(scope="session")
def journey(models_dir, tmp_path_factory) -> Journey:
    """The whole journey of a person, made once."""
    return travel(tmp_path_factory.mktemp("alone"), models_dir)
