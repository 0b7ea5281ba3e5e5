"""Small packs, published in the test's own places and pulled from there."""

from __future__ import annotations

from pathlib import Path

from modelkit import make_wheel, sha256

from ragapp.models.packs import Pack, PackFile, Wheel
from ragapp.models.pull import pull_pack

DATA = bytes(range(256)) * 12 * 1024  # 3 MiB
HALF = len(DATA) // 2
PARTS = {"config.json": b"{}", "1_Pooling/config.json": b'{"a": 1}', "model.safetensors": DATA[:5000]}
WHEELS = tuple(Wheel(f"tiny-part{n}", "1.0", f"tiny_part{n}/data/part0{n}.bin") for n in (1, 2))
NOWHERE = "http://127.0.0.1:9"


def llm(data: bytes = DATA, wheels: tuple[Wheel, ...] = WHEELS) -> Pack:
    return Pack("tiny", "llm", (PackFile("tiny.gguf", len(data), sha256(data)),), "o/tiny", "MIT", "tiny", wheels)


def folder() -> Pack:
    files = tuple(PackFile(name, len(data), sha256(data)) for name, data in PARTS.items())
    return Pack("embed", "embedder", files, "o/embed", "MIT", "x", (Wheel("embed", "1.0", "embed/model/"),), "abc")


def publish(index: Path, pieces: list[bytes], init: str = "") -> None:
    for wheel, piece in zip(WHEELS, pieces, strict=False):
        make_wheel(index, wheel.package, wheel.version, {wheel.entry: piece}, init)


def pull(pack: Pack, models: Path, **options) -> Path:
    return pull_pack(pack, models, **({"hub_url": NOWHERE, "use_hub": False, "find_on_disk": lambda pin: []} | options))


def leftovers(models: Path) -> list[str]:
    """Everything in the models folder that is neither bookkeeping nor staging."""
    return sorted(path.name for path in models.iterdir() if not path.name.startswith("."))
