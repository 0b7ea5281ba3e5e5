from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from ragapp.errors import ModelError
from ragapp.index import library_encoder, model_folder, onnx_encoder, onnx_export, processor, sbert
from ragapp.index.bert_graph import SCHEME, bert_layout
from ragapp.index.embedder import Embedder
from ragapp.index.identity import stored_precision
from ragapp.index.library_encoder import LibraryEncoder, batches
from ragapp.index.model_folder import EmbedderTokenizer, ModelConfig, Prompts, UnknownLayout, read_config
from ragapp.index.records import EmbedderIdentity

ROOT = Path(__file__).resolve().parents[2]
MINILM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TEXTS = [
    "Staff may carry over up to five days of annual leave.",
    "Les salariés disposent de 25 jours ouvrés de congés payés.",
    "Zürich — 12,5 % · «œuvre» № 7 ✓ 東京 한국어 привет مرحبا",
    "| Rate | 2024 |\n|---|---|\n| Mileage | 0.45 |",
    "[CLS] [SEP] [MASK] are written out",
    "x" * 300 + " supercalifragilisticexpialidocious",
    "one two three " * 400,
    "emoji 👩‍👩‍👧 \x00 control \u200b zero width",
    "  \n\t ",
    "",
    "a",
]


def write(place: Path, **files: object) -> Path:
    for name, values in files.items():
        file = place / name.replace("__", "/")
        file = file.with_name(file.name + ".json")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    return place


def modules(*names: str) -> list[dict]:
    return [
        {"idx": i, "name": str(i), "type": f"sentence_transformers.models.{n}", "path": f"{i}_{n}" if i else ""}
        for i, n in enumerate(names)
    ]


TRANSFORMER = {"hidden_size": 24, "max_position_embeddings": 512}
MEAN = {"word_embedding_dimension": 24, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
BOTH = {**MEAN, "pooling_mode_cls_token": True}


@pytest.mark.parametrize(
    ("names", "files", "expected"),
    [
        (["Transformer", "Pooling"], {"1_Pooling__config": MEAN}, (24, 512, "")),
        (["Transformer", "Pooling", "Normalize"], {"1_Pooling__config": BOTH}, (48, 512, "")),
        (
            ["Transformer", "Pooling"],
            {"1_Pooling__config": {"embedding_dimension": 24, "pooling_mode": "cls"}},
            (24, 512, ""),
        ),
        (
            ["Transformer", "Pooling", "Dense"],
            {"1_Pooling__config": MEAN, "2_Dense__config": {"out_features": 7}},
            (7, 512, ""),
        ),
        (
            ["Transformer", "Pooling"],
            {"1_Pooling__config": MEAN, "sentence_bert_config": {"max_seq_length": 100}},
            (24, 100, ""),
        ),
        (
            ["Transformer", "Pooling"],
            {"1_Pooling__config": MEAN, "tokenizer_config": {"model_max_length": 77}},
            (24, 77, ""),
        ),
        (
            ["Transformer", "Pooling"],
            {"1_Pooling__config": MEAN, "tokenizer_config": {"model_max_length": 10**30}},
            (24, 512, ""),
        ),
        (
            ["Transformer", "Pooling"],
            {
                "1_Pooling__config": MEAN,
                "config_sentence_transformers": {
                    "truncate_dim": 9,
                    "prompts": {"query": "query: ", "passage": "passage: "},
                },
            },
            (9, 512, "passage: "),
        ),
        (
            ["Transformer", "Pooling"],
            {
                "1_Pooling__config": MEAN,
                "config_sentence_transformers": {"prompts": {"document": "", "corpus": "text: "}},
            },
            (24, 512, "text: "),
        ),
    ],
)
def test_the_json_files_say_what_the_model_is(tmp_path, names, files, expected):
    facts = read_config(write(tmp_path, config=TRANSFORMER, modules=modules(*names), **files))
    assert (facts.dimension, facts.max_tokens, facts.prompts.document) == expected


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"modules": [], "config": TRANSFORMER},
        {"modules": {"type": "x"}, "config": TRANSFORMER},
        {"modules": modules("Transformer", "Pooling"), "config": TRANSFORMER},
        {"modules": modules("CLIPModel"), "config": TRANSFORMER},
        {"modules": modules("Transformer", "LSTM"), "config": TRANSFORMER},
        {"modules": modules("Transformer"), "config": {"hidden_size": 24}},
        {"modules": modules("Transformer"), "config": {"max_position_embeddings": 512}},
        {"modules": modules("Transformer"), "config": ["no", "mapping"]},
    ],
)
def test_what_the_json_files_do_not_say_is_not_guessed(tmp_path, files):
    with pytest.raises(UnknownLayout):
        read_config(write(tmp_path, **files))


def test_the_weights_are_hashed_once_until_they_change(tmp_path, monkeypatch):
    hashed = []
    real = model_folder.hash_file
    monkeypatch.setattr(model_folder, "hash_file", lambda path: hashed.append(path) or real(path))
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"first")
    first = model_folder.weights_sha256(tmp_path)
    assert model_folder.weights_sha256(tmp_path) == first
    assert len(hashed) == 1
    weights.write_bytes(b"other")
    os.utime(weights, ns=(1, 1))
    assert model_folder.weights_sha256(tmp_path) != first
    (tmp_path / model_folder.DIGEST_FILE).write_text("{broken")
    assert model_folder.weights_sha256(tmp_path) == real(weights)
    assert len(hashed) == 3


def test_a_folder_that_cannot_be_written_to_is_hashed_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(model_folder.os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("read only")))
    assert len(model_folder.weights_sha256(tmp_path)) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_no_safetensors_is_an_error(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match="no model"):
        model_folder.weights_sha256(tmp_path)


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_every_text_once_and_no_more_tokens_than_allowed(lengths, tokens):
    parts = list(batches(lengths, tokens))
    assert sorted(i for part in parts for i in part) == list(range(len(lengths)))
    for part in parts:
        assert len(part) == 1 or len(part) * max(lengths[i] for i in part) <= tokens


@pytest.mark.parametrize(
    ("machine", "flags", "exact"),
    [
        ("x86_64", "fpu avx512_vnni", True),
        ("x86_64", "fpu avx_vnni", True),
        ("x86_64", "fpu avx512f avx2", False),
        ("AMD64", "", False),
        ("aarch64", "", True),
        ("arm64", "", True),
    ],
)
def test_products_that_would_be_cut_off_are_summed_the_slow_way(tmp_path, monkeypatch, machine, flags, exact):
    (tmp_path / "cpuinfo").write_text(f"processor: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    processor.processor_flags.cache_clear()
    assert processor.sums_exactly() is exact
    processor.processor_flags.cache_clear()


@pytest.mark.parametrize(
    ("made_with", "precision"),
    [
        (MINILM, "fp32"),
        (f"{MINILM}+prompt 'passage: '", "fp32"),
        (f"{MINILM}+{SCHEME}", "int8"),
        (f"{MINILM}+{SCHEME}+prompt 'passage: '", "int8"),
        (f"{MINILM}+int8-v1", None),
        ("0" * 64, None),
    ],
)
def test_what_was_stored_says_its_precision(made_with, precision):
    assert stored_precision(EmbedderIdentity("minilm", 384, True, made_with, "x"), MINILM) == precision


# --- with the real model ---


@pytest.fixture(scope="module")
def minilm(models_dir) -> Path:
    return models_dir / "all-minilm-l6-v2"


@pytest.fixture(scope="module")
def store(minilm):
    return sbert.load_embedding_model(minilm)


@pytest.fixture(scope="module")
def exact(minilm) -> Embedder:
    return Embedder(minilm, "minilm", precision="fp32")


@pytest.fixture(scope="module")
def by_library(minilm) -> Embedder:
    return Embedder(minilm, "minilm", precision="fp32", device="gpu")


@pytest.fixture(scope="module")
def tiny(store, tmp_path_factory) -> Path:
    """Another kind of folder: prompts, first token pooled, a dense layer, a small window, vectors cut."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("tiny")
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(place / "transformer")
    store.tokenizer.save_pretrained(place / "transformer")
    parts = [Transformer(str(place / "transformer"), max_seq_length=24), Pooling(32, pooling_mode="cls"), Dense(32, 12)]
    prompts = {"query": "query: ", "passage": "passage of a document: "}
    SentenceTransformer(modules=parts, prompts=prompts, truncate_dim=8, device="cpu").save(str(place / "model"))
    return place / "model"


def own_vectors(model, texts: list[str], prompt: str = "") -> np.ndarray:
    return model.encode(texts, prompt=prompt, normalize_embeddings=True, show_progress_bar=False)


def test_tokens_are_counted_as_the_library_counts_them(minilm, store):
    mine = EmbedderTokenizer(minilm)
    theirs = store.tokenizer(TEXTS, add_special_tokens=False, truncation=False, padding=False)["input_ids"]
    assert mine.count_tokens(TEXTS) == [len(ids) for ids in theirs]
    assert (mine.max_tokens, mine.special_tokens, mine.dimension) == (256, 2, 384)
    seen = store.tokenizer(TEXTS, truncation=True, max_length=256, padding=False)["input_ids"]
    assert mine.passage_ids(TEXTS) == seen


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_counted_as_the_library_counts_it(minilm, store, text):
    ids = store.tokenizer([text], add_special_tokens=False)["input_ids"]
    assert EmbedderTokenizer(minilm).count_tokens([text]) == [len(ids[0])]


def test_half_a_surrogate_pair_is_counted_too(exact):
    assert exact.tokenizer.count_tokens(["a \ud83d b", "fine"]) == [3, 1]
    assert exact.embed_documents(["a \ud83d b"]).shape == (1, 384)


def test_what_is_known_without_the_model_loads_no_model(minilm):
    code = (
        "import pickle, sys; from pathlib import Path; from ragapp.index.embedder import Embedder\n"
        f"e = Embedder(Path({str(minilm)!r}), 'minilm'); t = pickle.loads(pickle.dumps(e.tokenizer))\n"
        "e.dimension, t.max_tokens, t.special_tokens, e.made_with, t.count_tokens(['some text'])\n"
        "print(','.join(sorted(set(sys.modules) & {'torch', 'transformers', 'sentence_transformers'})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_library_comes_without_scikit_learn_until_that_is_called(minilm):
    code = (
        "import sys; from pathlib import Path; from ragapp.index.embedder import Embedder\n"
        f"Embedder(Path({str(minilm)!r}), 'minilm', device='gpu').embed_query('x')\n"
        "print(*sorted({'sklearn', 'pandas'} & set(sys.modules)), sep=',')\n"
        "import torch; from sentence_transformers.util import manhattan_sim as far\n"
        "sparse = [torch.tensor([pair]).to_sparse() for pair in ((1.0, 2.0), (4.0, 6.0))]\n"
        "print(far(*sparse).item(), 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = (
        "sentence-transformers takes other parts of scikit-learn now: adapt _deferred_sklearn in ragapp/index/sbert.py"
    )
    assert done.stdout.splitlines() == ["", "-7.0 True"], told


def test_libraries_whose_internals_are_used_are_of_a_tested_version():
    library, module = "sentence-transformers", "sbert"
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    (allowed,) = (found.specifier for found in map(Requirement, listed) if found.name == library)
    assert any(bound.operator == "<" for bound in allowed), f"pyproject.toml has no upper bound for {library}"
    told = f"{library} has changed: see whether ragapp/index/{module}.py still fits it, then widen pyproject.toml"
    assert allowed.contains(version(library)), told


@pytest.mark.parametrize("name", ["sklearn", "sklearn.metrics"])
def test_stand_ins_are_gone_even_where_the_import_fails(monkeypatch, name):
    for known in ("sklearn", "sklearn.metrics"):
        monkeypatch.delitem(sys.modules, known, raising=False)
    with pytest.raises(ImportError), sbert._deferred_sklearn():
        import_module("sklearn.cluster")
    assert name not in sys.modules


def test_a_library_that_needs_more_of_scikit_learn_is_imported_with_it(monkeypatch, tmp_path):
    for known in [name for name in sys.modules if name.partition(".")[0] in ("sklearn", "sentence_transformers")]:
        monkeypatch.delitem(sys.modules, known)
    (tmp_path / "sentence_transformers.py").write_text("from sklearn.cluster import KMeans as found\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert sbert.sentence_transformers().found.__module__.startswith("sklearn.cluster")


def test_a_tokenizer_travels_as_its_path(minilm):
    there = pickle.loads(pickle.dumps(EmbedderTokenizer(minilm)))
    assert there.folder == minilm
    assert there.count_tokens(["annual leave"]) == [2]


def test_a_folder_without_tokenizer_json_asks_the_model(minilm, store, tmp_path):
    place = shutil.copytree(minilm, tmp_path / "older")
    (place / "tokenizer.json").unlink()
    older, ordinary = EmbedderTokenizer(place), EmbedderTokenizer(minilm)
    assert older.count_tokens(TEXTS) == ordinary.count_tokens(TEXTS)
    assert (older.dimension, older.max_tokens, older.special_tokens) == (384, 256, 2)
    vectors = Embedder(place, "older", precision="fp32").embed_documents(TEXTS)
    assert np.abs(vectors - own_vectors(store, TEXTS)).max() < 1e-5


def test_a_damaged_tokenizer_is_told(minilm, tmp_path):
    place = shutil.copytree(minilm, tmp_path / "damaged")
    (place / "tokenizer.json").write_text('{"version": "1.0"')
    with pytest.raises(ModelError, match="cannot be read"):
        EmbedderTokenizer(place).count_tokens(["text"])


@pytest.mark.parametrize("side", ["exact", "by_library"])
def test_vectors_are_the_librarys_own_in_the_order_of_the_texts(side, store, request):
    embedder = request.getfixturevalue(side)
    texts = [*TEXTS, *(f"page {n} " * (n % 40 + 1) for n in range(60))]
    told = []
    vectors = embedder.embed_documents(texts, told.append)
    assert isinstance(embedder._encoder, LibraryEncoder if side == "by_library" else onnx_encoder.OnnxEncoder)
    assert vectors.dtype == np.float32
    assert np.abs(vectors - own_vectors(store, texts)).max() < 1e-5
    assert told == sorted(told)
    assert told[-1] == len(texts)
    assert embedder.embed_documents([]).shape == (0, 384)


@pytest.mark.parametrize("side", ["exact", "by_library"])
def test_a_question_gets_the_librarys_own_vector(side, store, request):
    theirs = store.encode_query("How many days of leave?", normalize_embeddings=True)
    assert np.abs(request.getfixturevalue(side).embed_query("How many days of leave?") - theirs).max() < 1e-5


def test_a_text_is_stripped_as_the_library_does(exact, store):
    assert np.abs(exact.embed_documents([" \n a text \n"]) - own_vectors(store, [" \n a text \n"])).max() < 1e-5


def test_a_question_needs_neither_torch_nor_the_library(exact, minilm):
    exact.embed_query("writes the graph")
    code = (
        "import sys; from pathlib import Path; from ragapp.index.embedder import Embedder\n"
        f"Embedder(Path({str(minilm)!r}), 'minilm', precision='fp32').embed_query('x')\n"
        "print(*sorted({'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)), sep=',')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_prompts_pooling_dense_layers_and_cut_vectors_are_kept(tiny):
    model, mine = sbert.load_embedding_model(tiny), Embedder(tiny, "tiny", precision="fp32")
    assert (mine.dimension, mine.tokenizer.max_tokens) == (8, 24)
    assert mine.tokenizer.special_tokens == 2 + mine.tokenizer.count_tokens(["passage of a document: "])[0]
    assert np.abs(mine.embed_documents(TEXTS) - own_vectors(model, TEXTS, "passage of a document: ")).max() < 1e-5
    assert isinstance(mine._encoder, LibraryEncoder)
    assert mine._encoder._direct
    theirs = model.encode_query(TEXTS[0], normalize_embeddings=True)
    assert np.abs(mine.embed_query(TEXTS[0]) - theirs).max() < 1e-5


@pytest.mark.parametrize("fault", ["other vectors", "an error"])
def test_a_model_that_the_direct_way_does_not_suit_is_fed_by_the_library(minilm, store, monkeypatch, fault):
    def wrong(self, ids):
        if fault == "an error":
            raise TypeError("forward() got an unexpected keyword argument")
        return np.full((len(ids), 384), 384**-0.5, np.float32)

    monkeypatch.setattr(library_encoder.LibraryEncoder, "encode_ids", wrong)
    mine = Embedder(minilm, "minilm", precision="fp32", device="gpu")
    assert np.abs(mine.embed_documents(TEXTS) - own_vectors(store, TEXTS)).max() < 1e-5


@pytest.mark.parametrize("side", ["exact", "by_library"])
def test_a_caller_who_stops_is_obeyed_at_once(side, request, monkeypatch):
    embedder = request.getfixturevalue(side)

    class StopError(Exception):
        pass

    def stop(done: int) -> None:
        counts.append(done)
        raise StopError

    def counted(ids):
        passes.append(len(ids) if isinstance(ids[0], list) else 1)
        return encode(ids)

    counts: list[int] = []
    passes: list[int] = []
    embedder.embed_documents(["loads the model"])
    encode = embedder._encoder.encode_ids
    monkeypatch.setattr(embedder._encoder, "encode_ids", counted)
    with pytest.raises(StopError):
        embedder.embed_documents([f"text {n} " * 100 for n in range(120)], stop)
    assert len(counts) == 1
    # it would stand in line behind what was not given up
    assert embedder.embed_documents(["still works"]).shape == (1, 384)
    assert sum(passes) < 60


def test_a_question_does_not_wait_for_passages(exact):
    begun = threading.Event()
    texts = [f"text {n} " * 120 for n in range(80)]
    work = threading.Thread(target=exact.embed_documents, args=(texts, lambda done: begun.set()))
    work.start()
    assert begun.wait(60)
    exact.embed_query("How many days of leave?")
    assert work.is_alive()
    work.join()


def test_int8_gives_nearly_the_same_vectors_whatever_else_is_embedded(minilm, exact):
    rough = Embedder(minilm, "minilm", precision="int8")
    texts = [text for text in TEXTS if text.strip()]
    together = rough.embed_documents(texts)
    likeness = (together * exact.embed_documents(texts)).sum(1)
    assert likeness.min() > 0.985
    assert likeness.max() < 0.99999  # it is int8 indeed
    alone = np.concatenate([rough.embed_documents([text]) for text in texts])
    assert (alone == together).all()
    assert rough.made_with == f"{MINILM}+{SCHEME}"
    assert exact.made_with == MINILM


@pytest.fixture
def own_minilm(minilm, tmp_path) -> Path:
    """A copy without graphs, whose files may be changed; the weights are a link."""
    place = tmp_path / "minilm"
    shutil.copytree(minilm, place, ignore=shutil.ignore_patterns(".*", "model.safetensors"))
    os.link(minilm / "model.safetensors", place / "model.safetensors")
    return place


def test_a_graph_is_exported_once_and_known_by_its_hash(own_minilm, exact):
    first = Embedder(own_minilm, "minilm", precision="fp32")
    wanted = exact.embed_query("leave")
    assert np.abs(first.embed_query("leave") - wanted).max() < 1e-6
    graph = own_minilm / onnx_export.GRAPH.format("fp32")
    notes = json.loads((own_minilm / onnx_export.NOTES).read_text())
    assert notes["cosines"]["fp32"] > 0.99999
    assert notes["cosines"]["int8"] > (0.99 if processor.sums_exactly() else 0.97)
    written = graph.stat().st_mtime_ns
    Embedder(own_minilm, "minilm", precision="fp32").embed_query("leave")
    assert graph.stat().st_mtime_ns == written
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    assert np.abs(Embedder(own_minilm, "minilm", precision="fp32").embed_query("leave") - wanted).max() < 1e-6
    assert graph.stat().st_mtime_ns != written
    (own_minilm / onnx_export.NOTES).write_text("{broken")
    assert np.abs(Embedder(own_minilm, "minilm", precision="fp32").embed_query("leave") - wanted).max() < 1e-6


def test_a_folder_that_cannot_be_written_to_has_its_graph_in_memory(own_minilm, exact, monkeypatch):
    monkeypatch.setattr(model_folder.os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("read only")))
    vector = Embedder(own_minilm, "minilm", precision="fp32").embed_query("leave")
    assert np.abs(vector - exact.embed_query("leave")).max() < 1e-6
    assert not list(own_minilm.glob(".encoder*"))


def test_a_graph_that_differs_from_the_model_is_not_used(own_minilm, store, monkeypatch):
    monkeypatch.setitem(onnx_export.LEAST_COSINE, "fp32", 1.1)
    mine = Embedder(own_minilm, "minilm", precision="fp32")
    assert np.abs(mine.embed_documents(TEXTS) - own_vectors(store, TEXTS)).max() < 1e-5
    assert isinstance(mine._encoder, LibraryEncoder)


def test_int8_is_refused_where_it_loses_too_much(minilm, monkeypatch):
    monkeypatch.setitem(onnx_export.LEAST_COSINE, "int8", 1.1)
    with pytest.raises(ModelError, match="loses too much in int8"):
        Embedder(minilm, "minilm", precision="int8").embed_documents(["text"])
    assert Embedder(minilm, "minilm", precision="auto").precision == "fp32"


def test_a_folder_whose_transformer_lies_elsewhere_has_no_graph(tmp_path):
    # so it is where the library had to be asked what the model is: its folder is not known to have a config.json
    facts = ModelConfig(8, 24, tmp_path, False, Prompts())
    with pytest.raises(UnknownLayout):
        bert_layout(facts)
    facts = ModelConfig(8, 24, tmp_path, False, Prompts(), ("Transformer", "Pooling"), (tmp_path, tmp_path))
    with pytest.raises(UnknownLayout, match=r"config\.json"):
        bert_layout(facts)
    (tmp_path / "config.json").write_text('{"model_type": "bert", "hidden_act": "gelu", "hidden_size": 8}')
    with pytest.raises(UnknownLayout, match="num_hidden_layers"):
        bert_layout(facts)


def test_int8_that_this_architecture_cannot_do_is_told(tiny):
    with pytest.raises(ModelError, match="does not run in int8"):
        Embedder(tiny, "tiny", precision="int8").embed_documents(["text"])


@pytest.mark.parametrize(("time", "precision"), [(0.5, "int8"), (0.79, "int8"), (0.95, "fp32")])
def test_the_quickest_precision_is_measured_once_a_processor(own_minilm, monkeypatch, time, precision):
    measured = []
    monkeypatch.setattr(onnx_export.ExportedModel, "_int8_time", lambda self: measured.append(1) or time)
    for _ in range(2):
        assert Embedder(own_minilm, "minilm", precision="auto").precision == precision
    assert len(measured) == 1
    monkeypatch.setattr(onnx_export, "processor_name", lambda: "another processor")
    assert Embedder(own_minilm, "minilm", precision="auto").precision == precision
    assert len(measured) == 2


@pytest.mark.parametrize("kept", ["fp32", "int8"])
def test_what_a_store_was_made_with_is_not_measured_again(minilm, monkeypatch, kept):
    monkeypatch.setattr(onnx_export.ExportedModel, "_int8_time", lambda self: pytest.fail("measured"))
    mine = Embedder(minilm, "minilm", precision="auto", kept=lambda weights: kept if weights == MINILM else None)
    assert mine.precision == kept


@pytest.fixture(scope="module")
def tokenizer_files(minilm) -> dict[str, bytes]:
    return {name: (minilm / name).read_bytes() for name in ("tokenizer.json", "tokenizer_config.json")}


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_other_models_of_the_kind_have_graphs(kind, pooling, tokenizer_files, tmp_path):
    import torch
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    torch.manual_seed(1)
    size = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96)
    config = dict(vocab_size=30522, max_position_embeddings=130, pad_token_id=0 if kind == "bert" else 1)
    model = (
        BertModel(BertConfig(**size, **config))
        if kind == "bert"
        else XLMRobertaModel(XLMRobertaConfig(**size, **config, type_vocab_size=1))
    )
    place = tmp_path / "model"
    model.save_pretrained(place)
    for name, data in tokenizer_files.items():
        (place / name).write_bytes(data)
    names = ["Transformer", "Pooling"]
    write(place, modules=modules(*names), sentence_bert_config={"max_seq_length": 100, "do_lower_case": False})
    write(place, **{"1_Pooling__config": {"embedding_dimension": 48, "pooling_mode": pooling}})
    mine, theirs = Embedder(place, kind, precision="fp32"), Embedder(place, kind, precision="fp32", device="gpu")
    # a vocabulary of letters, numbers and punctuation: these weights are random, their rare tokens too
    assert np.abs(mine.embed_documents(TEXTS) - theirs.embed_documents(TEXTS)).max() < 1e-5
    assert isinstance(mine._encoder, onnx_encoder.OnnxEncoder)
