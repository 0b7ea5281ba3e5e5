"""Calibration on questions that the model writes: a model made by hand on real documents, and a real small one."""

import random
import shutil
from dataclasses import replace

import pytest
from calibrationkit import Oracle

from ragapp.answer.calibration import NAMES, Features, area_under_curve
from ragapp.answer.calibration_file import general_calibration
from ragapp.app import App
from ragapp.errors import CancelledError, StoreError, UsageError
from ragapp.evaluation.outcomes import Outcome, OutcomeFile
from ragapp.evaluation.sampling import is_usable, sampled_chunks
from ragapp.evaluation.self_calibration import (
    REFUSED_SHARE,
    HidingRetriever,
    SelfCalibration,
    fit_to_outcomes,
    refusing_cut,
    sure_cut,
)
from ragapp.maintenance.erase import erase


@pytest.fixture(scope="module")
def copied(sample_store, tmp_path_factory):
    return shutil.copytree(sample_store, tmp_path_factory.mktemp("calibrated") / "data")


@pytest.fixture
def app(copied, models_dir):
    """The sample documents with a model made by hand; what a test keeps beside them is thrown away."""
    from ragapp.settings import load_settings

    overrides = {
        "paths": {"data": copied, "models": models_dir},
        "embedding": {"model": "all-minilm-l6-v2"},
        "retrieval": {"context_tokens": 800},
    }
    with App(load_settings(None, overrides), write=True) as app:
        app.__dict__["_engine"] = Oracle()
        yield app
    for path in copied.glob("calibration*"):
        path.unlink()


def model(app) -> Oracle:
    return app.__dict__["_engine"]


def test_passages_come_from_all_over_the_library(app):
    first = [chunk for chunk, _ in zip(sampled_chunks(app.store.catalog), range(12), strict=False)]
    assert len({chunk.document for chunk in first}) >= 9
    assert {chunk.language for chunk in first} >= {"en", "fr"}
    again = [chunk.id for chunk, _ in zip(sampled_chunks(app.store.catalog), range(12), strict=False)]
    assert [chunk.id for chunk in first] == again
    other = [chunk.id for chunk, _ in zip(sampled_chunks(app.store.catalog, 1), range(12), strict=False)]
    assert other != again


def test_each_passage_is_drawn_once_and_furniture_never(app):
    every = list(sampled_chunks(app.store.catalog))
    assert len({chunk.id for chunk in every}) == len(every)
    assert len({chunk.text for chunk in every}) == len(every)
    assert not is_usable(replace(every[0], text="Page 3"))
    assert not is_usable(replace(every[0], text="Introduction . . . . . . 3\nScope ........... 5\n" * 8))
    assert not is_usable(replace(every[0], text="1 | 2 | 3 | 4 | 5 | 6 | 7\n" * 9))


def test_questions_are_asked_with_their_passage_and_without(app):
    seen = []
    report = SelfCalibration(app, 14, progress=seen.append).run()
    _, outcomes = OutcomeFile(app.settings.paths.data).read(app.model_pair().key)
    assert report.questions == 14
    assert len(outcomes) == report.outcomes
    kinds = [outcome.variant for outcome in outcomes]
    assert kinds.count("answerable") == 14
    assert {"hidden", "near_miss"} <= set(kinds)
    # the model answers what it is shown and makes up the rest
    assert all(any(one.states) for one in outcomes if one.variant == "answerable" and one.right)
    assert sum(one.right for one in outcomes if one.variant == "answerable") >= 10
    assert not any(one.right or any(one.states) for one in outcomes if one.variant != "answerable")
    hidden = [one for one in outcomes if one.variant == "hidden"]
    assert [one for one in hidden if not one.written["withdrawn"]] == []
    # and the calibration that holds from now on is the one that was learnt
    assert app.calibration() == report.calibration
    assert report.calibration.origin == "documents"
    stated = [any(one.states) for one in outcomes]
    assert area_under_curve([report.calibration.max_probability(one.example.signals) for one in outcomes], stated) > 0.9
    assert (seen[0].done, seen[-1].done, seen[-1].questions) == (0, 14, 14)
    assert seen[0].seconds_left is None
    assert seen[1].seconds_left > 0
    assert seen[-1].seconds_left == 0


def test_what_was_asked_is_not_asked_again(app):
    first = SelfCalibration(app, 12).run()
    asked = len(model(app).calls)
    again = SelfCalibration(app, 12).run()
    assert len(model(app).calls) == asked
    assert again.calibration == first.calibration
    SelfCalibration(app, 13).run()
    assert asked < len(model(app).calls) <= asked + 10
    SelfCalibration(app, 12).forget()
    SelfCalibration(app, 12).run()
    assert len(model(app).calls) >= 2 * asked


@pytest.mark.parametrize("calls", [1, 5, 12, 20])
def test_a_run_that_was_killed_goes_on_and_comes_to_the_same(app, calls):
    whole = SelfCalibration(app, 12).run().calibration
    kept, key = OutcomeFile(app.settings.paths.data), app.model_pair().key
    asked, came = len(model(app).calls), kept.read(key)
    SelfCalibration(app, 12).forget()
    oracle = app.__dict__["_engine"] = Oracle(stops_at=calls)
    with pytest.raises(KeyboardInterrupt):
        SelfCalibration(app, 12).run()
    oracle.stops_at = None
    assert SelfCalibration(app, 12).run().calibration.weights == pytest.approx(whole.weights)
    assert kept.read(key) == came
    # only the call that was interrupted, and at most the writing of an answer to its question, is done twice
    assert len(oracle.calls) <= asked + 2


def test_stopping_leaves_what_was_done(app):
    with pytest.raises(CancelledError):
        SelfCalibration(app, 12, cancelled=lambda: len(model(app).calls) >= 6).run()
    drawn, outcomes = OutcomeFile(app.settings.paths.data).read(app.model_pair().key)
    assert drawn
    # what was being written when it was stopped is not taken for an answer
    assert 0 < len(drawn) + len(outcomes) <= 6
    assert app.calibration().origin == "general"


def test_too_few_documents_are_told(app, tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "one.md").write_text(
        "# Leave\n\n" + "Everybody working at Bergen has annual leave of 25 days a year. " * 3
    )
    settings = app.settings.model_copy(deep=True)
    settings.paths.data = tmp_path / "data"
    with App(settings, write=True) as small:
        small.__dict__["_engine"] = Oracle()
        with pytest.raises(StoreError, match="no documents"):
            SelfCalibration(small).run()
        small.pipeline.run([folder])
        with pytest.raises(UsageError, match=r"too few documents.* 12 are needed"):
            SelfCalibration(small).run()


def test_a_model_that_writes_no_questions_is_told(app):
    app.__dict__["_engine"] = Oracle(spoils=("e",))
    with pytest.raises(UsageError, match=r"oracle wrote, 0 can be used.*no question") as told:
        SelfCalibration(app, 12).run()
    assert "ragapp eval" in told.value.hint
    assert app.calibration().origin == "general"


def test_a_second_one_at_the_same_time_is_refused(app):
    from filelock import FileLock

    with FileLock(app.settings.paths.data / "calibration.lock"), pytest.raises(StoreError, match="Another ragapp"):
        SelfCalibration(app, 12).run()


def test_purging_a_document_takes_its_questions_along(copied, models_dir, tmp_path):
    from ragapp.settings import load_settings

    data = shutil.copytree(copied, tmp_path / "data")
    overrides = {"paths": {"data": data, "models": models_dir}, "embedding": {"model": "all-minilm-l6-v2"}}
    with App(load_settings(None, overrides), write=True) as app:
        app.settings.retrieval.context_tokens = 800
        app.__dict__["_engine"] = Oracle()
        SelfCalibration(app, 12).run()
        file, key = OutcomeFile(data), app.model_pair().key
        row = next(row for row in app.store.catalog.documents() if row.name == "travel-policy-2025.pdf")
        before = file.read(key)
        assert any(row.sha256 in one.documents for one in (*before[0], *before[1]))
        app.store.remove(row.id)
        erase(app.store, tmp_path)
        drawn, outcomes = file.read(key)
        assert 0 < len(drawn) < len(before[0])
        assert not any(row.sha256 in one.documents for one in (*drawn, *outcomes))
        # the calibration holds no words, and stays
        assert app.calibration().origin == "documents"


def test_hidden_passages_are_not_found(app):
    question = "What is the hotel limit in London?"
    best = app.retriever.search(question, 3).passages[0]
    hiding = HidingRetriever(app.retriever, lambda passage: passage.chunk.document_id == best.chunk.document_id)
    found = hiding.search(question, 4).passages
    assert len(found) == 4
    assert best.chunk.document not in {passage.chunk.document for passage in found}


def outcomes(count, seed=0, right_when=lambda probe: probe > 0, noise=0.7):
    """Outcomes of a model whose probe tells, and of one passage each."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        probe = rng.gauss(0, 1.5)
        right = right_when(probe + rng.gauss(0, noise))
        signals = {"probe": probe, "score": rng.random(), "similarity": rng.random()}
        variant = "answerable" if right else "hidden"
        made.append(Outcome("p", str(number), ("d",), variant, "q", "a", (signals,), (right,), right))
    return made


def test_few_outcomes_stay_near_the_general_calibration_and_many_do_not():
    general = general_calibration()
    few, many = fit_to_outcomes(outcomes(30)), fit_to_outcomes(outcomes(2000))
    score = NAMES.index("score")
    # of this model the search's score tells nothing
    assert abs(many.weights[score]) < 0.5
    assert few.weights[score] > general.weights[score] / 2
    assert few.thresholds["low"] < few.thresholds["normal"] < few.thresholds["high"]
    assert all(few.sure[caution] > bound for caution, bound in few.thresholds.items())


def test_a_model_that_says_yes_too_often_gets_other_weights():
    fitted = fit_to_outcomes(outcomes(2000, right_when=lambda probe: probe > 2))
    passage = Features(probe=1.0, score=0.5, similarity=0.5)
    assert fitted.probability(passage) < 0.3
    assert general_calibration().probability(passage) > 0.7


def test_of_those_that_count_as_answered_enough_are_right():
    made = outcomes(3000)
    fitted = fit_to_outcomes(made)
    fresh = outcomes(3000, seed=1)
    sure = [one.right for one in fresh if fitted.max_probability(one.example.signals) >= fitted.sure["normal"]]
    assert len(sure) > 300
    assert sum(sure) / len(sure) >= 0.93


def test_the_sure_bound_is_the_lowest_above_which_enough_are_right():
    import numpy as np

    p = np.linspace(0.99, 0.5, 50)
    right = np.array([True] * 30 + [False, True] * 10)
    assert sure_cut(p, right, 0.965) == pytest.approx(p[31])
    assert sure_cut(p, np.zeros(50, bool), 0.965) == p[0]


def test_the_bound_refuses_so_many_of_what_nothing_answers():
    import numpy as np

    many = 1 / (1 + np.exp(-np.random.default_rng(3).normal(-2, 1, 4000)))
    assert (many < refusing_cut(many)).mean() == pytest.approx(REFUSED_SHARE, abs=0.02)
    # one of a few that is stated elsewhere all the same does not decide
    few = np.array([0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.98])
    assert 0.3 < refusing_cut(few) < 0.75


@pytest.mark.parametrize("count", [30, 60, 2000])
def test_people_are_answered_whose_questions_are_harder_than_those_of_the_model(count):
    """Its questions are in the passages' own words: all that it writes about a passage is far above the bound."""
    rng = random.Random(5)

    def asked(number, middle, right):
        probe = rng.gauss(middle, 1.0)
        signals = {"probe": probe, "score": 0.5 + 0.1 * probe, "similarity": 0.5 + 0.1 * probe}
        variant = "answerable" if right else "hidden"
        return Outcome("p", str(number), ("d",), variant, "q", "a", (signals,), (right,), right)

    fitted = fit_to_outcomes([asked(n, 3.0 if n % 2 else -2.0, bool(n % 2)) for n in range(count)])
    people = [asked(n, 1.2, True) for n in range(1000)]
    in_vain = [asked(n, -2.0, False) for n in range(1000)]
    bound = fitted.thresholds["normal"]
    given = [fitted.max_probability(one.example.signals) >= bound for one in people]
    refused = [fitted.max_probability(one.example.signals) < bound for one in in_vain]
    assert sum(given) / len(given) > 0.8
    assert sum(refused) / len(refused) > 0.75


@pytest.mark.real
def test_a_real_small_model_writes_and_stops(sample_settings, copied):
    settings = sample_settings.model_copy(deep=True)
    settings.paths.data = copied
    kept = OutcomeFile(copied)
    with App(settings) as app:
        key = app.model_pair().key
        with pytest.raises(CancelledError):
            SelfCalibration(app, 12, cancelled=lambda: bool(kept.read(key)[0])).run()
        (drawn,), asked = kept.read(key)
    assert drawn.question or drawn.fault
    assert asked == []
    kept.forget(key)
