"""What a sentence-transformers folder tells without its model being loaded: dimension, window, prompts, tokens, hash.

Every command and every worker process needs these; only embedding needs the model.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragapp.errors import ModelError
from ragapp.index.sbert import load_embedding_model
from ragapp.plain_words import reason_of
from ragapp.reading.discover import hash_file

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
DIGEST_FILE = ".weights-sha256.json"
# a tokenizer that knows no limit says so by a very large number
NO_LIMIT = 10**9
# the files in which one generation or another of the library keeps the window: sentence_bert_config.json and others
_WINDOW_FILES = "sentence_*_config.json"
# modules that change neither the dimension nor the text
_SAME_SIZE = ("Normalize", "LayerNorm", "Dropout")
# under which names a model keeps its passage prompt, in the library's order
_DOCUMENT_NAMES = ("document", "passage", "corpus")
_BGE = "Represent this sentence for searching relevant passages: "
# Prompts from model cards, for families whose folders often lack them; matched against the names of the folder and of
# the model that it was made from, the first match counts.
_FAMILIES = (
    (r"e5-mistral|e5.*instruct", ("Instruct: Given a question, retrieve passages that answer it\nQuery: ", "")),
    (r"(?:^|[-_/])e5(?:[-_]|$)", ("query: ", "passage: ")),
    (r"nomic-embed", ("search_query: ", "search_document: ")),
    (r"bge-(?:small|base|large)-zh", ("为这个句子生成表示以用于检索相关文章：", "")),
    (r"bge-(?:small|base|large)-en|mxbai-embed|arctic-embed-(?:xs|s|m|l)(?!.*v2)", (_BGE, "")),
    (r"arctic-embed.*v2", ("query: ", "")),
)


class UnknownLayout(Exception):
    """The folder's JSON files do not say enough; the model itself must be asked."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is put in front of a question or a passage before it is embedded; often nothing."""

    query: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What the JSON files say.

    Attributes:
        dimension: length of a vector.
        max_tokens: tokens that the model reads, special tokens and prompt included.
        transformer: folder of the transformer and its tokenizer: the model's folder or one below it.
        lower_case: whether text is lower-cased before the tokenizer sees it.
        prompts: of questions and passages.
        modules: class names of the library's modules, in order; empty where the model itself was asked.
        places: their folders.
    """

    dimension: int
    max_tokens: int
    transformer: Path
    lower_case: bool
    prompts: Prompts
    modules: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()


class EmbedderTokenizer:
    """A model folder's tokenizer, by the ``tokenizers`` library alone; threads may share it.

    Only a folder that lacks the usual JSON files has its model loaded and asked.  Pickled, it is the folder's path.
    The prompts are those of :class:`ragapp.index.embedder.Embedder`.
    """

    def __init__(self, folder: Path, query_prompt: str | None = None, document_prompt: str | None = None) -> None:
        self.folder = folder
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt

    def __reduce__(self) -> tuple[type[EmbedderTokenizer], tuple[Path, str | None, str | None]]:
        return type(self), (self.folder, self._query_prompt, self._document_prompt)

    @property
    def dimension(self) -> int:
        """Length of the model's vectors."""
        return self._known[0].dimension

    @property
    def max_tokens(self) -> int:
        """The model's window in tokens, special tokens included; what is longer it would not see."""
        return self._known[0].max_tokens

    @cached_property
    def prompts(self) -> Prompts:
        """The prompts in force."""
        own = self._known[0].prompts
        query, document = self._query_prompt, self._document_prompt
        return Prompts(own.query if query is None else query, own.document if document is None else document)

    @cached_property
    def special_tokens(self) -> int:
        """Tokens that are added to every passage: special tokens, and the prompt where there is one."""
        return self._added_tokens + self.count_tokens([self.prompts.document])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not counted."""
        return [len(encoding) for encoding in self._encode(texts)]

    def passage_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of passages with prompt and special tokens; beyond :attr:`max_tokens` the model would not see them."""
        return [count + self._added_tokens for count in self.count_tokens([self.prompts.document + t for t in texts])]

    def passage_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of passages as the model reads them: with prompt and special tokens, cut to the window."""
        return self._ids(texts, self.prompts.document)

    def question_ids(self, text: str) -> list[int]:
        """Token ids of a question as the model reads it, likewise."""
        return self._ids([text], self.prompts.query)[0]

    @property
    def config(self) -> ModelConfig:
        """What the folder says of the model."""
        return self._known[0]

    def _ids(self, texts: Sequence[str], prompt: str) -> list[list[int]]:
        room = self.max_tokens - self._added_tokens
        # the library strips what it is given; some tokenizers make a token of a space at the end
        encodings = self._encode([(prompt + text).strip() for text in texts])
        for encoding in encodings:
            encoding.truncate(room)
        return [self._tokenizer.post_process(encoding).ids for encoding in encodings]

    def question_words_read(self, text: str) -> int:
        """How many of a question's words, from the first, lie wholly within the window."""
        prompt = self.prompts.query
        room = self.max_tokens - self._added_tokens
        whole = (prompt + text).encode("utf-8", "replace").decode()
        offsets = self._tokenizer.encode(whole, add_special_tokens=False).offsets
        if len(offsets) <= room:
            return len(text.split())
        read = whole[len(prompt) : offsets[room][0]]
        return len(read.split()) - (not read[-1:].isspace() and not whole[offsets[room][0]].isspace())

    @cached_property
    def _added_tokens(self) -> int:
        return self._tokenizer.num_special_tokens_to_add(False)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        try:
            return self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        except TypeError:  # half of a surrogate pair is no text to the library
            whole = [text.encode("utf-8", "replace").decode() for text in texts]
            return self._tokenizer.encode_batch_fast(whole, add_special_tokens=False)

    @property
    def _tokenizer(self) -> Tokenizer:
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[ModelConfig, Tokenizer]:
        try:
            facts = read_config(self.folder)
            tokenizer = _read_tokenizer(facts)
        except UnknownLayout:
            model = load_embedding_model(self.folder)
            prompts = model_prompts(model.prompts, self.folder.name)
            facts = ModelConfig(model.get_embedding_dimension(), model.max_seq_length, self.folder, False, prompts)
            tokenizer = model.tokenizer.backend_tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return facts, tokenizer


def read_config(folder: Path) -> ModelConfig:
    """Read a folder's JSON files.

    Raises:
        UnknownLayout: they are missing, or of a form that only the library understands.
    """
    modules = read_json(folder / "modules.json", list)
    try:
        names = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
        places = [folder / module["path"] for module in modules]
        if not names or names[0] != "Transformer":
            raise UnknownLayout(f"{folder} does not begin with a transformer")
        config = read_json(places[0] / "config.json", dict)
        window: dict[str, Any] = next((read_json(file, dict) for file in sorted(places[0].glob(_WINDOW_FILES))), {})
        own = _optional(folder / "config_sentence_transformers.json")
        return ModelConfig(
            _dimension(names, places, config, own.get("truncate_dim")),
            _window(places[0], config, window),
            places[0],
            bool(window.get("do_lower_case")),
            model_prompts(own.get("prompts") or {}, folder.name, str(config.get("_name_or_path") or "")),
            tuple(names),
            tuple(places),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownLayout(f"{folder}: {error}") from None


def model_prompts(prompts: Mapping[str, str | None], *names: str) -> Prompts:
    """A model's prompts: as its folder says, else as is known of its family by the names of folder and model.

    The library always adds an empty ``document`` of its own to those of ``config_sentence_transformers.json``.
    """
    document = next((prompts[name] for name in _DOCUMENT_NAMES if prompts.get(name)), None) or ""
    query = prompts.get("query") or ""
    if query or document:
        return Prompts(query, document)
    for family, known in _FAMILIES:
        if any(re.search(family, name.lower()) for name in names):
            return Prompts(*known)
    return Prompts()


def weights_file(folder: Path) -> Path:
    """The file of the weights. Raises ModelError: there are no safetensors weights."""
    files = sorted(folder.glob("**/*.safetensors"))
    if not files:
        raise ModelError(f"{folder} has no {WEIGHTS}; weights in other forms are not loaded.")
    return files[0]


def weights_sha256(folder: Path) -> str:
    """Hash of the weights, 64 hexadecimal digits; remembered beside them as long as the file does not change.

    Raises:
        ModelError: there are no safetensors weights.
    """
    weights = weights_file(folder)
    try:
        state = weights.stat()
        key = [weights.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns]
        with suppress(UnknownLayout):
            kept = read_json(folder / DIGEST_FILE, dict)
            if kept.get("file") == key and len(str(kept.get("sha256"))) == 64:
                return str(kept["sha256"])
        digest = hash_file(weights)
    except OSError as error:
        raise ModelError(f"{weights} cannot be read: {error.strerror or error}.") from None
    # a folder that cannot be written to: the hash is computed at every start, which is slower, not wrong
    write_whole(folder / DIGEST_FILE, json.dumps({"file": key, "sha256": digest}).encode())
    return digest


def write_whole(file: Path, data: bytes) -> bool:
    """Write a file as a whole beside a model; whether the folder lets it be, as not all do."""
    staged = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        staged.write_bytes(data)
        os.replace(staged, file)
    except OSError:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        return False
    return True


def _dimension(names: list[str], places: list[Path], config: dict[str, Any], limit: int | None) -> int:
    size = 0
    for name, place in zip(names, places, strict=True):
        if name == "Transformer":
            size = int(config["hidden_size"])
        elif name == "Pooling":
            pooling = read_json(place / "config.json", dict)
            width = int(pooling.get("embedding_dimension") or pooling["word_embedding_dimension"])
            size = width * _pooling_modes(pooling)
        elif name == "Dense":
            size = int(read_json(place / "config.json", dict)["out_features"])
        elif name not in _SAME_SIZE:
            raise UnknownLayout(f"module {name}")
    return min(size, int(limit)) if limit else size


def _pooling_modes(pooling: dict[str, Any]) -> int:
    """How many vectors the pooling concatenates."""
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


def _read_tokenizer(facts: ModelConfig) -> Tokenizer:
    from tokenizers import Tokenizer, normalizers

    file = facts.transformer / TOKENIZER
    if not file.is_file():
        raise UnknownLayout(f"there is no {file}")
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare exceptions
        raise ModelError(
            f"The tokenizer {file} cannot be read: {reason_of(error)}.", "Fetch the model again."
        ) from None
    if facts.lower_case:
        own = [tokenizer.normalizer] if tokenizer.normalizer else []
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *own])
    return tokenizer


def _optional(file: Path) -> dict[str, Any]:
    return read_json(file, dict) if file.is_file() else {}


def read_json(file: Path, kind: type) -> Any:
    """The JSON of one of the folder's files. Raises UnknownLayout: it cannot be read, or is of another kind."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownLayout(f"{file}: {error}") from None
    if not isinstance(values, kind):
        raise UnknownLayout(f"{file} holds no {kind.__name__}")
    return values
