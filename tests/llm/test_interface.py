"""Both kinds of language model have the same face."""

from __future__ import annotations

import inspect

import pytest

from ragapp.llm.engine import Engine
from ragapp.llm.interface import GenerationStats, LanguageModel
from ragapp.llm.remote import OpenAIModel

MEMBERS = [name for name in vars(LanguageModel) if not name.startswith("_")]


def test_there_is_something_to_compare() -> None:
    assert {"generate", "choice_probabilities", "prefill", "window", "fingerprint"} <= set(MEMBERS)


@pytest.mark.parametrize("kind", [Engine, OpenAIModel])
@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_is_there_and_takes_what_it_should(kind: type, name: str) -> None:
    wanted = inspect.getattr_static(LanguageModel, name)
    if isinstance(wanted, property):
        assert not inspect.isfunction(inspect.getattr_static(kind, name))
        return
    parameters = inspect.signature(getattr(kind, name)).parameters
    for parameter in inspect.signature(wanted).parameters.values():
        own = parameters[parameter.name]
        assert (own.kind, own.default) == (parameter.kind, parameter.default)
    extra = [own for own in parameters.values() if own.name not in inspect.signature(wanted).parameters]
    assert all(own.default is not inspect.Parameter.empty for own in extra)


@pytest.mark.parametrize(("ended", "finished"), [("end", True), ("limit", False), ("time", False), ("", False)])
def test_only_the_model_itself_finishes(ended, finished: bool) -> None:
    assert GenerationStats(ended=ended).finished is finished
