"""What a sentence-transformers folder says of itself in its JSON files, without loading the model.

Every command needs the dimension, the window and the hash of the weights; only the making of vectors needs the model.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragapp.errors import ModelError
from ragapp.index.prompts import Prompts, own_prompts
from ragapp.reading.discover import hash_file

WEIGHTS = "model.safetensors"
DIGEST_FILE = ".weights-sha256.json"
# a tokenizer that knows no limit says so by a very large number
NO_LIMIT = 10**9
# the files that one generation or another of the library keeps the window in
_WINDOW_FILES = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)
# modules that change neither the number of values nor the text
_SAME_SIZE = ("Normalize", "LayerNorm", "Dropout")


class UnknownLayout(Exception):
    """The folder's JSON files do not say it; the model itself must be asked."""


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What the JSON files say.

    Attributes:
        dimension: length of a vector.
        max_tokens: tokens that the model reads, special tokens and prompt included.
        transformer: the folder of the transformer and its tokenizer, below the model's folder or that folder.
        lower_case: whether text is lower-cased before the tokenizer sees it.
        prompts: what is put in front of questions and passages.
    """

    dimension: int
    max_tokens: int
    transformer: Path
    lower_case: bool
    prompts: Prompts


def read_facts(folder: Path) -> FolderFacts:
    """Read a folder's JSON files.

    Raises:
        UnknownLayout: they are missing, or of a form that only the library understands.
    """
    modules = _read(folder / "modules.json", list)
    try:
        names = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        places = [folder / module["path"] for module in modules]
        if not names or names[0] != "Transformer":
            raise UnknownLayout(f"{folder} does not begin with a transformer")
        config = _read(places[0] / "config.json", dict)
        window = next((_read(places[0] / name, dict) for name in _WINDOW_FILES if (places[0] / name).is_file()), {})
        own = _optional(folder / "config_sentence_transformers.json")
        prompts = own_prompts(own.get("prompts") or {}, folder.name, str(config.get("_name_or_path") or ""))
        return FolderFacts(
            _dimension(names, places, config, own),
            _window(places[0], config, window),
            places[0],
            bool(window.get("do_lower_case")),
            prompts,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownLayout(f"{folder}: {error}") from None


def weights_sha256(folder: Path) -> str:
    """Hash of the weights, 64 hexadecimal digits; remembered beside them as long as the file does not change.

    Raises:
        ModelError: there are no safetensors weights.
    """
    files = sorted(folder.glob("**/*.safetensors"))
    if not files:
        raise ModelError(f"{folder} has no {WEIGHTS}; weights in other forms are not loaded.")
    weights = files[0]
    try:
        state = weights.stat()
        key = [weights.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns]
        try:
            kept = _read(folder / DIGEST_FILE, dict)
            if kept.get("file") == key and len(kept["sha256"]) == 64:
                return kept["sha256"]
        except (UnknownLayout, KeyError, TypeError):
            pass
        digest = hash_file(weights)
    except OSError as error:
        raise ModelError(f"{weights} cannot be read: {error.strerror or error}.") from None
    _remember(folder / DIGEST_FILE, {"file": key, "sha256": digest})
    return digest


def _remember(file: Path, values: dict[str, Any]) -> None:
    staged = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        staged.write_text(json.dumps(values), encoding="utf-8")
        os.replace(staged, file)
    except OSError:
        # a folder that cannot be written to: the hash is worked out at every start, which is slower, not wrong
        staged.unlink(missing_ok=True)


def _dimension(names: list[str], places: list[Path], config: dict[str, Any], own: dict[str, Any]) -> int:
    size = 0
    for name, place in zip(names, places, strict=True):
        if name == "Transformer":
            size = int(config["hidden_size"])
        elif name == "Pooling":
            pooling = _read(place / "config.json", dict)
            width = int(pooling.get("embedding_dimension") or pooling["word_embedding_dimension"])
            size = width * _pooling_modes(pooling)
        elif name == "Dense":
            size = int(_read(place / "config.json", dict)["out_features"])
        elif name not in _SAME_SIZE:
            raise UnknownLayout(f"module {name}")
    limit = own.get("truncate_dim")
    return min(size, int(limit)) if limit else size


def _pooling_modes(pooling: dict[str, Any]) -> int:
    mode = pooling.get("pooling_mode")
    if mode:
        return 1 if isinstance(mode, str) else len(mode)
    return max(1, sum(value is True for key, value in pooling.items() if key.startswith("pooling_mode_")))


def _window(transformer: Path, config: dict[str, Any], window: dict[str, Any]) -> int:
    limit = window.get("max_seq_length")
    if limit is None:
        named = _optional(transformer / "tokenizer_config.json").get("model_max_length") or NO_LIMIT
        limit = min(int(named), int(config.get("max_position_embeddings") or NO_LIMIT))
    if not 0 < int(limit) < NO_LIMIT:
        raise UnknownLayout("no window")
    return int(limit)


def _optional(file: Path) -> dict[str, Any]:
    return _read(file, dict) if file.is_file() else {}


def _read(file: Path, kind: type) -> Any:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownLayout(f"{file}: {error}") from None
    if not isinstance(values, kind):
        raise UnknownLayout(f"{file} holds no {kind.__name__}")
    return values
