"""From a question to an answer that is checked against the documents."""

from importlib.resources import files
from typing import Any

import yaml


def load_yaml(name: str, package: str = "ragapp.answer") -> Any:
    """The values of one of a package's data files."""
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
