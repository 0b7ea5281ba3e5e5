"""The reranker with a real cross-encoder, which is so small that the tests make it themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ragapp.errors import ModelError
from ragapp.retrieval.rerank import CrossEncoderReranker

WORDS = "annual leave is days sick needs a note mileage pence per mile how many".split()  # noqa: SIM905
QUESTION = "How many days of annual leave?"
TEXTS = [
    "Sick leave needs a note.",
    "Annual leave is many days.",
    "Mileage is pence per mile.",
    "How many days is a mile?",
    "",
    "unheard of 😀",
    "leave " * 500,
    "Annual leave is many days.",
    "note a needs leave sick",
]


def _make_model(folder: Path, labels: int = 1) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, ".", "?"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer = BertTokenizerFast(
        vocab={word: number for number, word in enumerate(vocabulary)}, do_lower_case=True, model_max_length=64
    )
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=0.5,
    )
    torch.manual_seed(7)
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return _make_model(tmp_path_factory.mktemp("reranker") / "tiny")


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(folder, "tiny")


def test_scores_are_the_models_own_between_nought_and_one(folder: Path, reranker: CrossEncoderReranker) -> None:
    import torch
    from sentence_transformers import CrossEncoder

    scores = reranker.score(QUESTION, TEXTS)
    raw = CrossEncoder(str(folder)).predict([(QUESTION, text) for text in TEXTS], activation_fn=torch.nn.Identity())
    expected = torch.sigmoid(torch.tensor(raw)).tolist()
    assert scores == pytest.approx(expected, abs=1e-4)
    assert all(isinstance(score, float) and 0 < score < 1 for score in scores)
    # the model tells texts apart, so that an order can be wrong
    assert max(scores) - min(scores) > 0.05
    best_first = sorted(range(len(TEXTS)), key=lambda n: -scores[n])
    assert [TEXTS[n] for n in best_first] == [TEXTS[n] for n in sorted(range(len(TEXTS)), key=lambda n: -expected[n])]


def test_the_question_counts_and_the_texts_do_not_change_each_other(reranker: CrossEncoderReranker) -> None:
    together = reranker.score(QUESTION, TEXTS)
    assert [reranker.score(QUESTION, [text])[0] for text in TEXTS] == pytest.approx(together, abs=1e-4)
    assert together[1] == pytest.approx(together[7], abs=1e-6)
    assert reranker.score("mileage", TEXTS[:1])[0] != pytest.approx(together[0], abs=1e-3)
    # question and passage are read together, in order: a bag of words would not tell these two apart
    assert together[0] != pytest.approx(together[8], abs=1e-3)


def test_what_the_model_does_not_read_is_cut_at_the_end(reranker: CrossEncoderReranker) -> None:
    long, longer = reranker.score(QUESTION, ["leave " * 500, "leave " * 500 + "mileage"])
    assert long == pytest.approx(longer, abs=1e-6)


def test_no_texts_need_no_model() -> None:
    assert CrossEncoderReranker(Path("/nowhere"), "none").score(QUESTION, []) == []


def test_pickled_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    pickled = tmp_path / "pickled"
    shutil.copytree(folder, pickled)
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    assert CrossEncoderReranker(pickled, "both").score(QUESTION, TEXTS[:1])
    (pickled / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded") as told:
        CrossEncoderReranker(pickled, "pickled").score(QUESTION, TEXTS)
    assert str(pickled) in told.value.message
    assert told.value.hint == "Check retrieval.reranker, or set it to nothing."


@pytest.mark.parametrize("damage", ["no folder", "empty folder", "broken weights", "broken config", "unknown model"])
def test_what_cannot_be_loaded_is_told(folder: Path, tmp_path: Path, damage: str) -> None:
    broken = tmp_path / "broken"
    if damage == "empty folder":
        broken.mkdir()
    elif damage != "no folder":
        shutil.copytree(folder, broken)
    if damage == "broken weights":
        (broken / "model.safetensors").write_bytes(b"\x07" * 1000)
    elif damage == "broken config":
        (broken / "config.json").write_text("{", encoding="utf-8")
    elif damage == "unknown model":
        (broken / "config.json").write_text('{"model_type": "no_such_model"}', encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoderReranker(broken, "broken").score(QUESTION, TEXTS)


def test_a_classifier_is_no_reranker(tmp_path: Path) -> None:
    folder = _make_model(tmp_path / "two", labels=2)
    with pytest.raises(ModelError, match="is not a reranker: it gives 2 figures"):
        CrossEncoderReranker(folder, "two").score(QUESTION, TEXTS)
