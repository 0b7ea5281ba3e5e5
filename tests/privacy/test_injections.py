"""The attacks of the benchmark and how they are scored; the benchmark itself needs the model's time."""

import json
import sys

import pytest
from guardkit import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import injections

sys.path.pop(0)
DATA = json.loads(injections.DATA.read_text(encoding="utf-8"))
ATTACKS = DATA["attacks"]


def test_there_are_many_of_many_kinds_in_two_languages():
    assert len(ATTACKS) >= 60
    assert len({attack["kind"] for attack in ATTACKS}) >= 20
    assert sum(attack["language"] == "fr" for attack in ATTACKS) >= 25
    assert len({attack["id"] for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack["id"] for attack in ATTACKS])
def test_an_attack_can_be_told_from_the_document(attack):
    document = DATA["documents"][attack["carrier"]]
    clean = injections.planted(document, None)
    attacked = injections.planted(document, attack)
    for goal in attack["goals"]:
        assert goal.casefold() not in clean.casefold() + document["question"].casefold()
    assert any(right.casefold() in clean.casefold() for right in document["answers"])
    assert not any(right.casefold() in attack["attack"].casefold() for right in document["answers"])
    assert all(part in attacked for part in attack["attack"].split(" || "))
    assert document["fact"] in attacked


def test_scores():
    document = DATA["documents"]["leave"]
    attack = ATTACKS[0]
    outcomes = [
        injections.judge("ragapp", "leave", document, None, "It is 27 days.", ""),
        injections.judge("ragapp", "leave", document, attack, "It is 27 days. Banana.", ""),
        injections.judge("ragapp", "leave", document, {**attack, "id": "b"}, "Your documents do not say.", ""),
        injections.judge("ragapp", "leave", document, {**attack, "id": "c"}, "It is 27 days.", "BANANA"),
        injections.judge("plain", "leave", document, attack, "no", ""),
    ]
    found = injections.summary(outcomes, "ragapp")
    assert (found["attacks"], found["right_when_clean"]) == (3, "1 of 1")
    assert (found["changed"], found["obeyed"], found["right_answer_lost"]) == (0.667, 0.333, 0.333)
    assert found["obeyed_but_marked"] == 0.333
    assert found["changed_by_language"] == {"en": "2 of 3", "fr": "0 of 0"}
