"""Which turns fit: the newest, without a gap, and never more than the budget."""

from __future__ import annotations

import random

import pytest

from ragapp.answer.history import dropped_notice, fit_turns, render_turn, short_reply
from ragapp.contract import Answer, Turn


def turn(n, length=1, reply="It is so. [1]"):
    return Turn(f"q{n}", Answer(f"q{n}", reply, False, 1.0), " ".join([f"q{n}"] * length), n)


def words(text):
    return len(text.split())


@pytest.mark.parametrize(
    ("budget", "kept", "dropped"),
    [(-1, [], 3), (0, [], 3), (3, [], 3), (4, [3], 2), (8, [2, 3], 1), (12, [1, 2, 3], 0)],
)
def test_the_newest_are_kept(budget, kept, dropped):
    history = fit_turns([turn(n) for n in (1, 2, 3)], words, budget)
    assert [t.id for t in history.turns] == kept
    assert history.dropped == dropped
    assert history.tokens == 4 * len(kept)


def test_a_turn_that_does_not_fit_ends_the_choice():
    turns = [turn(1), turn(2, length=50), turn(3)]
    assert [t.id for t in fit_turns(turns, words, 20).turns] == [3]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_turns_the_budget_holds(seed):
    chance = random.Random(seed)
    turns = [turn(n, chance.randrange(1, 40), "word " * chance.randrange(60)) for n in range(chance.randrange(12))]
    budget = chance.randrange(-5, 200)
    history = fit_turns(turns, words, budget)
    assert sum(words(render_turn(t)) for t in history.turns) == history.tokens <= max(budget, 0)
    assert list(history.turns) == turns[history.dropped :]
    if history.dropped:
        assert history.tokens + words(render_turn(turns[history.dropped - 1])) > budget


def test_an_answer_is_short_and_without_marks():
    assert short_reply(turn(1, reply="It is £5 [1], or £6 [2, 3].\nSee p. 2.")) == "It is £5, or £6. See p. 2."
    assert len(short_reply(turn(1, reply="word " * 500))) <= 240


@pytest.mark.parametrize(("dropped", "told"), [(0, ""), (1, "The oldest turn of"), (7, "The 7 oldest turns of")])
def test_the_person_is_told(dropped, told):
    assert dropped_notice(dropped).startswith(told)
    assert bool(dropped_notice(dropped)) == bool(dropped)
