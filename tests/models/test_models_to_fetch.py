import pytest

from ragapp.models.proposal import models_to_fetch
from ragapp.settings import Settings

E5, DEFAULT = "multilingual-e5-small", Settings().llm.model


@pytest.mark.parametrize(
    ("free", "hub", "language", "wanted"),
    [(64e9, True, "fr", "proposed"), (64e9, False, "fr", DEFAULT), (3e9, True, "fr", DEFAULT)],
)
def test_both_models_at_once_and_the_one_that_suits_the_machine(free, hub, language, wanted):
    settings = Settings(privacy={"hub": hub})
    found = models_to_fetch(settings, (E5, DEFAULT), language, int(free))
    assert next(iter(found)) == E5
    (llm,) = [name for name in found if name != E5]
    if wanted == "proposed":
        # what will do where it cannot be had
        assert (llm != DEFAULT, found[llm]) == (True, DEFAULT)
    else:
        assert (llm, found[llm]) == (wanted, "")


def test_what_a_person_chose_is_fetched_and_what_is_no_pack_is_left_out():
    settings = Settings(llm={"model": "smollm2-135m-instruct"})
    assert models_to_fetch(settings, ("smollm2-135m-instruct",), "en", 64 << 30) == {"smollm2-135m-instruct": ""}
    assert models_to_fetch(settings, ("my-own.gguf",), "en", 64 << 30) == {}
