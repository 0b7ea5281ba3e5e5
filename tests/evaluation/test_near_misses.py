"""Questions that miss what the documents say by one name, year or number."""

import re

import pytest

from ragapp.evaluation.near_misses import invented, near_miss

OTHERS = ["The office of Marit Dahl is in Bergen.", "Ask Jon Vik about the flats."]


def never(question, wrong):
    return False


@pytest.mark.parametrize(
    ("question", "pattern"),
    [
        ("What did a night cost in 2024?", r"What did a night cost in (?:19|20)\d\d\?"),
        ("Who arranges flats for 6 nights?", r"Who arranges flats for \d nights\?"),
        ("What does a night in Oslo cost?", r"What does a night in [A-Z]\w+(?: [A-Z]\w+)* cost\?"),
        ("What does a night with Ola Nordmann cost?", r"What does a night with [A-Z]\w+(?: [A-Z]\w+)* cost\?"),
    ],
)
def test_one_thing_is_changed_and_the_rest_stays(question, pattern):
    changed = near_miss(question, "en", OTHERS, never)
    assert changed != question
    assert re.fullmatch(pattern, changed)


def test_the_same_every_time():
    question = "What did a night in Oslo cost in 2024?"
    assert near_miss(question, "en", OTHERS, never, 1) == near_miss(question, "en", OTHERS, never, 1)


def test_what_the_documents_may_state_is_not_taken():
    tried = []

    def stated(question, wrong):
        tried.append(wrong)
        return wrong in ("Marit Dahl", "Bergen", "Jon Vik")

    changed = near_miss("What does a night in Oslo cost?", "en", OTHERS, stated)
    assert changed
    assert not any(name in changed for name in ("Oslo", "Marit Dahl", "Bergen", "Jon Vik"))


def test_nothing_where_all_may_be_stated_or_there_is_nothing_to_change():
    assert near_miss("What does a night in Oslo cost?", "en", OTHERS, lambda question, wrong: True) == ""
    assert near_miss("How much is breakfast?", "en", OTHERS, never) == ""


def test_a_name_is_changed_into_one_of_its_kind():
    texts = ["Ask the VPN team of Harrowmere in Bergen.", "It is Marit Dahl."]
    changed = near_miss("Who is represented by Sylvie Marchandeau?", "en", texts, never)
    assert re.fullmatch(r"Who is represented by [A-Z][a-z]+ [A-Z][a-z]+\?", changed)


def test_german_nouns_are_no_names():
    assert near_miss("Was kostet ein Zimmer im Hotel?", "de", ["Der Schrank im Flur"], never) == ""
    assert re.search(r"20\d\d", near_miss("Was kostete ein Zimmer im Jahr 2024?", "de", [], never))


def test_codes_and_parts_of_numbers_stay_whole():
    assert near_miss("What is part HM-200 made of?", "de", [], never) == ""


def test_an_invented_name_has_the_shape_of_the_other():
    import random

    assert re.fullmatch(r"[A-Z][a-z]{3,8} [A-Z][a-z]{3,8}", invented("Ola Nordmann", random.Random(0)))
