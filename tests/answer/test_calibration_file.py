"""Which calibration holds for a pair of models, and the file of a person's own ones."""

import json
from dataclasses import replace

import pytest

from ragapp.answer.calibration import NAMES, Bounds, Calibration, conservative
from ragapp.answer.calibration_file import (
    ModelPair,
    calibration_for,
    described,
    general_calibration,
    note_told,
    read_own,
    save_calibration,
    told_of,
)
from ragapp.errors import StoreError
from ragapp.index.store import OWN_NAMES

DEFAULT = ModelPair("qwen2.5-coder-1.5b-instruct", "multilingual-e5-small", "size-hash", "e5-hash")
OTHER = replace(DEFAULT, embedder="all-minilm-l6-v2", embedder_id="minilm-hash")


def calibration(number=1.0, origin="questions", sure=None):
    bounds = {"low": 0.2, "normal": 0.4, "high": 0.6}
    return Calibration((number,) * len(NAMES), -1.0, bounds, 40, sure or {}, origin)


def entry(names=NAMES):
    bounds = {"low": 0.2, "normal": 0.4, "high": 0.6}
    return {"weights": dict.fromkeys(names, 2.0), "intercept": 0.5, "thresholds": bounds, "questions": 40}


def test_what_is_shipped_holds_for_the_pair_and_not_for_the_model_alone():
    assert calibration_for(DEFAULT).origin == "shipped"
    assert calibration_for(OTHER).origin == "general"
    assert calibration_for(replace(DEFAULT, model="unheard-of")).origin == "general"


def test_the_general_one_asks_for_more_and_says_that_it_is_one():
    general, measured = general_calibration(), calibration_for(DEFAULT)
    assert all(general.thresholds[caution] > bound for caution, bound in measured.thresholds.items())
    assert all(general.sure[caution] > bound for caution, bound in measured.sure.items())
    assert "general" in described(OTHER, general)
    assert "general" not in described(DEFAULT, measured)
    assert general.thresholds == conservative(measured).thresholds
    assert all(general.sure[caution] > bound for caution, bound in general.thresholds.items())


def test_a_language_may_have_bounds_of_its_own(tmp_path):
    measured = calibration_for(DEFAULT)
    assert measured.for_language("fr").thresholds["normal"] < measured.thresholds["normal"]
    assert measured.for_language("de") == measured
    assert measured.for_language("") == measured
    bounds = {"low": 0.1, "normal": 0.2, "high": 0.3}
    own = replace(calibration(1, "documents"), languages={"de": Bounds(bounds, {}), "it": Bounds(bounds, bounds)})
    save_calibration(tmp_path / "calibration.json", DEFAULT, own)
    kept = calibration_for(DEFAULT, tmp_path / "calibration.json")
    assert kept == own
    assert kept.for_language("it").sure == bounds
    assert kept.for_language("de").sure["normal"] == pytest.approx(0.5)
    assert general_calibration().languages == {}


def test_own_questions_before_documents_before_what_is_shipped(tmp_path):
    own = tmp_path / "data" / "calibration.json"
    save_calibration(own, DEFAULT, calibration(1, "documents"))
    assert calibration_for(DEFAULT, own) == calibration(1, "documents")
    save_calibration(own, DEFAULT, calibration(2, "questions"))
    save_calibration(own, DEFAULT, calibration(3, "documents"))
    assert calibration_for(DEFAULT, own) == calibration(2, "questions")
    assert calibration_for(OTHER, own) == general_calibration()
    assert calibration_for(OTHER, tmp_path / "none.json") == general_calibration()


def test_a_model_is_known_by_its_file_and_not_by_its_name(tmp_path):
    own = tmp_path / "calibration.json"
    save_calibration(own, DEFAULT, calibration())
    assert calibration_for(replace(DEFAULT, model="renamed", embedder="too"), own) == calibration()
    assert calibration_for(replace(DEFAULT, model_id="other weights"), own).origin == "shipped"
    assert calibration_for(replace(DEFAULT, embedder_id="other weights"), own).origin == "shipped"


def test_the_bounds_of_answered_are_kept(tmp_path):
    own = tmp_path / "calibration.json"
    sure = {"low": 0.7, "normal": 0.8, "high": 0.9}
    save_calibration(own, DEFAULT, calibration(sure=sure))
    assert calibration_for(DEFAULT, own).sure == sure
    # without, they follow from the others
    assert calibration().sure["normal"] == pytest.approx(0.4 * 4 / 0.6 / (1 + 0.4 * 4 / 0.6))


def test_one_of_an_earlier_version_counts_where_its_embedder_is_known(tmp_path):
    own = tmp_path / "calibration.json"
    own.write_text(json.dumps({DEFAULT.model: entry()}))
    found = calibration_for(DEFAULT, own, "e5-hash")
    assert (found.weights, found.origin) == ((2.0,) * len(NAMES), "questions")
    assert calibration_for(OTHER, own, "e5-hash").origin == "general"
    assert read_own(own, "e5-hash").former == ()
    # the store had several embedders
    assert calibration_for(DEFAULT, own).origin == "shipped"
    assert read_own(own).former == (DEFAULT.model,)


def test_one_of_an_earlier_version_stays_when_another_is_saved(tmp_path):
    own = tmp_path / "calibration.json"
    own.write_text(json.dumps({DEFAULT.model: entry()}))
    save_calibration(own, OTHER, calibration(), "e5-hash")
    assert calibration_for(DEFAULT, own).weights == (2.0,) * len(NAMES)
    assert calibration_for(OTHER, own) == calibration()


def test_one_that_weighs_the_raw_cosine_does_not_count_any_more(tmp_path):
    own = tmp_path / "calibration.json"
    former = entry(("probe", "score", "dense"))
    own.write_text(json.dumps({DEFAULT.model: former}))
    assert calibration_for(DEFAULT, own, "e5-hash").origin == "shipped"
    assert read_own(own, "e5-hash").former == (DEFAULT.model,)
    save_calibration(own, OTHER, calibration())
    assert read_own(own).former == ()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{",
            "[]",
            "7",
            '{"a": {}}',
            '{"a": {"weights": {"probe": "x"}}}',
            '{"a": {"weights": {"probe": 1, "old": 1}}}',
        ),
        *('{"version": 9, "calibrations": []}', '{"version": 2}', '{"version": 2, "calibrations": [{"model": "a"}]}'),
    ],
)
def test_a_damaged_one_is_told_and_can_be_replaced(tmp_path, text):
    own = tmp_path / "calibration.json"
    own.write_text(text)
    with pytest.raises(StoreError, match=r"calibration\.json"):
        calibration_for(DEFAULT, own)
    save_calibration(own, DEFAULT, calibration())
    assert calibration_for(DEFAULT, own) == calibration()


def test_it_is_told_once_for_each_pair(tmp_path):
    own = tmp_path / "calibration.json"
    assert not told_of(own, OTHER)
    note_told(own, OTHER)
    assert told_of(own, OTHER)
    assert not told_of(own, replace(OTHER, model_id="another"))
    save_calibration(own, DEFAULT, calibration())
    assert told_of(own, OTHER)


def test_what_was_told_does_not_cost_a_calibration_of_an_earlier_version(tmp_path):
    own = tmp_path / "calibration.json"
    own.write_text(json.dumps({DEFAULT.model: entry()}))
    note_told(own, OTHER)
    assert calibration_for(DEFAULT, own, "e5-hash").origin == "questions"


def test_ones_own_is_for_its_owner_alone(tmp_path):
    own = tmp_path / "calibration.json"
    save_calibration(own, DEFAULT, calibration())
    assert own.stat().st_mode & 0o077 == 0
    assert own.name in OWN_NAMES
