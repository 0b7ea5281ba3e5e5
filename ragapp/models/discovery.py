"""Finds weights on this machine: in the models folder and in the stores of Ollama, LM Studio, GPT4All and the hub."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ragapp.errors import ModelError
from ragapp.models import gguf
from ragapp.models.checks import Manifest, check_pack, installed_variant, read_json
from ragapp.models.gguf import first_shard, is_later_shard, read_model, require_llm, whole_name
from ragapp.models.memory import memory_need
from ragapp.models.packs import PACKS, Pack, PackFile, Role

Status = Literal["verified", "unverified", "incomplete", "damaged", "unknown"]

# where Ollama keeps its models when it runs as a system service
OLLAMA_SYSTEM = (Path("/usr/share/ollama/.ollama/models"), Path("/var/lib/ollama/.ollama/models"))
# for which the memory that a language model takes is told
USUAL_CONTEXT, USUAL_BATCH = 4096, 256
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


@dataclass(frozen=True)
class FoundModel:
    """A model on this machine.

    ``status`` of a pack: ``verified`` (hash known to match), ``unverified`` (right size, not hashed yet),
    ``incomplete`` or ``damaged``; of anything else ``unknown``, as there is nothing to hold it against.
    ``problem`` says why it cannot be used; empty where it can.  ``origin`` is ``models`` or the store's name.
    ``memory`` is what a language model takes with a context of :data:`USUAL_CONTEXT` tokens, in bytes; ``weights``
    says whose weights those of a pack in a folder are.
    """

    name: str
    role: Role | Literal["other"]
    path: Path
    size: int
    pack: str | None
    status: Status
    origin: str = "models"
    problem: str = ""
    architecture: str | None = None
    parameters: int | None = None
    quantization: str | None = None
    context_length: int | None = None
    has_template: bool = False
    memory: int | None = None
    weights: str = ""


def find_model(name: str, models_dir: Path, role: Role) -> Path:
    """The weights that a name stands for: a GGUF file for ``llm``, a folder for the other roles.

    The name is that of a pack, a file name or stem in the models folder, a path, or as ``list_models`` gives it.
    Packs have passed their hash check (remembered as long as the file does not change), others have the right form.

    Raises:
        ModelError: it is missing (with the command that fetches it), damaged, of another role, or in pickle form.
    """
    try:
        if name in PACKS:
            return _use_pack(PACKS[name], models_dir, role)
        path = _locate(name, models_dir, role)
        if path is None:
            raise _missing(name, models_dir, role)
        pack = next((pack for pack in PACKS.values() if pack.target(models_dir) == path), None)
        if pack:
            return _use_pack(pack, models_dir, role)
        if role == "llm":
            path = first_shard(path)
            require_llm(read_model(path), path)
        else:
            _require_safe_folder(path)
        return path
    except OSError as error:
        raise ModelError(f"{error.filename or name} cannot be read: {error.strerror or error}.") from None


def find_adapter(name: str, models_dir: Path) -> Path:
    """The file of an adapter (LoRA) by its path, or its name or stem in the models folder; ModelError without one."""
    path = _locate(name, models_dir, "llm")
    if path is None:
        raise ModelError(f"The adapter {name} is not in {models_dir}.", "Check llm.lora, or leave it empty.")
    return path


def list_models(models_dir: Path) -> list[FoundModel]:
    """Every model on this machine: those of the models folder first.  Nothing is hashed; headers are read."""
    found = [*_in_models(models_dir), *_in_stores()]
    return sorted(found, key=lambda model: (model.origin != "models", model.origin, model.name))


def find_candidates(file: PackFile) -> list[Path]:
    """Files outside the models folder that may be this one; the caller hashes them.

    Ollama's and the hub's stores name files by their SHA-256; the others are matched by name and size.
    """
    candidates = [
        *(root / "blobs" / f"sha256{dash}{file.sha256}" for root in _ollama_roots() for dash in "-:"),
        *(path for _, path in _store_files() if path.name == Path(file.name).name),
    ]
    hub = _hub_root()
    if hub.is_dir():
        candidates += hub.glob(f"models--*/blobs/{file.digest}")
        candidates += hub.glob(f"models--*/snapshots/*/{file.name}")
    return [path for path in candidates if _size(path) == file.size]


def _use_pack(pack: Pack, models_dir: Path, role: Role) -> Path:
    if pack.role != role:
        hint = f"Choose one of: {', '.join(p.name for p in PACKS.values() if p.role == role)}."
        raise ModelError(f"`{pack.name}` is of the kind {pack.role}, not {role}.", hint)
    checks = check_pack(pack, models_dir, Manifest(models_dir))
    if all(check.status == "missing" for check in checks):
        raise _missing(pack.name, models_dir, role)
    bad = [f"{check.name} ({check.status})" for check in checks if check.status != "ok"]
    if bad:
        message = f"`{pack.name}` in {models_dir} is damaged: {', '.join(bad)}."
        raise ModelError(message, f"Run: ragapp models pull {pack.name}")
    return pack.target(models_dir)


def _locate(name: str, models_dir: Path, role: Role) -> Path | None:
    fits = Path.is_file if role == "llm" else Path.is_dir
    if not name:
        return None
    direct = Path(name).expanduser()
    inside = [models_dir / name, models_dir / f"{name}.gguf"]
    for path in inside if len(direct.parts) == 1 else [direct.absolute(), *inside]:
        if fits(path):
            return path
    if len(direct.parts) == 1 and direct.suffix == ".gguf" and fits(direct):
        return direct.absolute()
    if role == "llm" and (sharded := gguf.find_first_shard(models_dir, name)):
        return sharded
    return next((model.path for model in _in_stores() if model.name == name and fits(model.path)), None)


def _missing(name: str, models_dir: Path, role: Role) -> ModelError:
    there = [model.name for model in list_models(models_dir) if model.role == role and not model.problem]
    listing = f" There is: {', '.join(there[:10])}." if there else ""
    message = f"The {role} `{name}` is not in {models_dir}.{listing}"
    if name in PACKS:
        return ModelError(message, f"Run: ragapp models pull {name}")
    near = difflib.get_close_matches(name, [*PACKS, *there], n=1, cutoff=0.5)
    suggestion = f"Did you mean `{near[0]}`? " if near else ""
    return ModelError(message, f"{suggestion}See: ragapp models list")


def _require_safe_folder(folder: Path) -> None:
    """Refuse a folder that sentence-transformers could not load, or only by running what is inside."""
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no model: there is no modules.json or config.json.", "Check the path.")
    parts = [folder]
    for module in read_json(folder / "modules.json", list[object]()):
        kind = str(module.get("type", "")) if isinstance(module, dict) else ""
        if not isinstance(module, dict) or not kind.startswith("sentence_transformers."):
            hint = "Choose a model that consists of sentence-transformers' own modules."
            raise ModelError(f"{folder} would run code of its own ({kind or 'unknown module'}).", hint)
        parts.append(folder / str(module.get("path", "")))
    weights = False
    for part in dict.fromkeys(parts):
        names = [path.name for path in part.iterdir()] if part.is_dir() else []
        safe = any(name.endswith(".safetensors") for name in names)
        pickles = [name for name in names if name.endswith(_PICKLES) and name != "training_args.bin"]
        if pickles and not safe:
            hint = "Pickled weights can run code when they are loaded: choose a model with .safetensors weights."
            raise ModelError(f"{part} holds its weights as {pickles[0]}, which is refused.", hint)
        weights = weights or safe
    if not weights:
        raise ModelError(f"{folder} holds no weights (.safetensors).", "Copy the whole model folder.")


def _in_models(models_dir: Path) -> Iterator[FoundModel]:
    if not models_dir.is_dir():
        return
    manifest = Manifest(models_dir)
    owned = {pack.target(models_dir): pack for pack in PACKS.values()}
    for path in sorted(path for path in models_dir.iterdir() if not path.name.startswith(".")):
        pack = installed_variant(owned[path], models_dir) if path in owned else None
        status = _status(pack, models_dir, manifest) if pack else "unknown"
        if path.suffix.lower() == ".gguf" and path.is_file():
            if not is_later_shard(path):
                yield _gguf_model(pack.name if pack else whole_name(path), path, "models", pack, status)
        elif path.is_dir() and (pack or (path / "modules.json").is_file() or (path / "config.json").is_file()):
            yield _folder_model(path, pack, status)


def _status(pack: Pack, models_dir: Path, manifest: Manifest) -> Status:
    """``pack`` is the alternative that lies there."""
    hashed = True
    for pin in pack.files:
        path = pack.path_of(pin, models_dir)
        size = _size(path)
        if size is None:
            return "incomplete"
        known = manifest.known(path)
        if pin.is_pinned and (size != (pin.size or size) or (pin.sha256 and known not in (None, pin.sha256))):
            return "damaged"
        hashed = hashed and pin.is_pinned and known is not None
    return "verified" if hashed else "unverified"


def _in_stores() -> Iterator[FoundModel]:
    for name, path in _ollama_models():
        yield _gguf_model(f"ollama:{name}", path, "ollama")
    for origin, path in _store_files():
        if not is_later_shard(path):
            yield _gguf_model(f"{origin}:{whole_name(path)}", path, origin)


def _gguf_model(name: str, path: Path, origin: str, pack: Pack | None = None, status: Status = "unknown") -> FoundModel:
    size = sum(_size(shard) or 0 for shard in gguf.shards_of(path))
    found = FoundModel(name, "llm", path, size, pack.name if pack else None, status, origin)
    try:
        info = read_model(first_shard(path))
        told = {name: getattr(info, name) for name in ("architecture", "parameters", "quantization", "context_length")}
        found = replace(found, **told, has_template=bool(info.chat_template))
        require_llm(info, path)
        return replace(found, memory=memory_need(info, USUAL_CONTEXT, USUAL_BATCH).total)
    except ModelError as error:
        return replace(found, role="llm" if pack else "other", problem=error.message)


def _folder_model(path: Path, pack: Pack | None, status: Status) -> FoundModel:
    problem = ""
    try:
        _require_safe_folder(path)
    except ModelError as error:
        problem = error.message
    config = read_json(path / "config.json", dict[str, object]())
    kinds = config.get("architectures")
    ranks = isinstance(kinds, list) and any("SequenceClassification" in str(kind) for kind in kinds)
    role: Role = pack.role if pack else "cross-encoder" if ranks else "embedder"
    size = sum(_size(file) or 0 for file in path.rglob("*") if file.is_file())
    architecture = config.get("model_type")
    found = FoundModel(path.name, role, path, size, pack.name if pack else None, status, problem=problem)
    found = replace(found, weights=pack.weights) if pack else found
    return replace(found, architecture=architecture) if isinstance(architecture, str) else found


def _ollama_roots() -> list[Path]:
    named = os.environ.get("OLLAMA_MODELS")
    return [Path(named).expanduser()] if named else [Path.home() / ".ollama" / "models", *OLLAMA_SYSTEM]


def _ollama_models() -> Iterator[tuple[str, Path]]:
    """Name (``model:tag``) and blob of every model whose manifest can be read."""
    for root in _ollama_roots():
        for manifest in _glob(root / "manifests", "*/*/*/*"):
            layers = read_json(manifest, dict[str, object]()).get("layers")
            for layer in layers if isinstance(layers, list) else []:
                if not isinstance(layer, dict) or layer.get("mediaType") != "application/vnd.ollama.image.model":
                    continue
                digest = re.fullmatch(r"sha256:([0-9a-f]{64})", str(layer.get("digest")))
                blob = root / "blobs" / f"sha256-{digest[1]}" if digest else None
                if blob and _size(blob):
                    yield f"{manifest.parent.name}:{manifest.name}", blob


def _store_files() -> Iterator[tuple[str, Path]]:
    """GGUF files of the stores that keep them under their own names."""
    home = Path.home()
    for root in (home / ".lmstudio" / "models", home / ".cache" / "lm-studio" / "models"):
        for pattern in ("*.gguf", "*/*.gguf", "*/*/*.gguf"):
            yield from (("lm-studio", path) for path in _glob(root, pattern))
    local = os.environ.get("LOCALAPPDATA")
    for base in (home / ".local" / "share", home / "Library" / "Application Support", Path(local) if local else None):
        if base:
            yield from (("gpt4all", path) for path in _glob(base / "nomic.ai" / "GPT4All", "*.gguf"))


def _hub_root() -> Path:
    named = os.environ.get("HF_HOME")
    home = Path(named).expanduser() if named else Path.home() / ".cache" / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in root.glob(pattern) if path.is_file())
    except OSError:  # another account's store
        return []


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
