"""Models that are kept in several files: ``name-00001-of-00003.gguf`` and so on."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.models.gguf import GgufInfo, read_gguf

_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
MAX_SHARDS = 1000


def whole_name(path: Path) -> str:
    """The name of the model that a file belongs to, without its ending."""
    found = _NAME.fullmatch(path.name)
    return found["stem"] if found else path.stem


def first_shard(path: Path) -> Path:
    """The file to load for a model: the first of its files; the file itself where there is only one."""
    found = _NAME.fullmatch(path.name)
    return path.with_name(f"{found['stem']}-00001-of-{found['count']}.gguf") if found else path


def is_later_shard(path: Path) -> bool:
    """Whether it is one of a model's files, and its first is there, too: that one stands for all."""
    first = first_shard(path)
    return first.name != path.name and first.is_file()


def shards_of(path: Path) -> list[Path]:
    """All files of the model whose first file this is, by their names; whether they are there is not looked at."""
    found = _NAME.fullmatch(path.name)
    if not found or not 1 < int(found["count"]) <= MAX_SHARDS:
        return [path]
    return [
        path.with_name(f"{found['stem']}-{number:05}-of-{found['count']}.gguf")
        for number in range(1, int(found["count"]) + 1)
    ]


def find_first_shard(folder: Path, name: str) -> Path | None:
    """The first file of a model by the model's name, None where there is none."""
    if not folder.is_dir():
        return None
    return next(
        (
            p
            for p in sorted(folder.iterdir())
            if first_shard(p) == p != folder / f"{name}.gguf" and whole_name(p) == name and _NAME.fullmatch(p.name)
        ),
        None,
    )


def read_model(path: Path) -> GgufInfo:
    """The header of a model, whose figures count all of its files.

    Args:
        path: its only or its first file.

    Raises:
        ModelError: a file is missing (it is named), damaged, or no GGUF.
    """
    info = read_gguf(path)
    count = info.metadata.get("split.count", 1)
    if not isinstance(count, int) or count <= 1:
        return info
    shards = shards_of(path)
    if len(shards) != count:
        raise ModelError(
            f"{path} is one of {count} files of a model, but is not named so.",
            f"Name them as they were published: NAME-00001-of-{count:05}.gguf and so on.",
        )
    if info.metadata.get("split.no", 0) != 0:
        raise ModelError(f"{path} is not the first file of its model.", f"Choose {shards[0].name}.")
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise ModelError(
            f"{whole_name(path)} consists of {count} files, of which {_listed(missing)} missing in {path.parent}.",
            "Fetch them, too, and put them beside the others.",
        )
    infos = [info, *map(read_gguf, shards[1:])]
    matrices: Counter[str] = Counter()
    for part in infos:
        matrices.update(part.matrices)
    return replace(
        info,
        tensor_count=sum(part.tensor_count for part in infos),
        parameters=sum(part.parameters for part in infos),
        weights_size=sum(part.weights_size for part in infos),
        size=sum(part.size for part in infos),
        matrices=dict(matrices),
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
