"""Hashes and sizes that nobody published: taken from the hub at the first pull, and held against from then on.

Of a file that it keeps beside Git (the weights) the hub states the SHA-256, of a small one Git's own hash.  Both are
recorded in the models folder before anything is fetched, with the commit that has the files, so that a later pull, and
``ragapp models verify``, cannot be given other ones.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from ragapp.models.checks import MAX_BLOB, record_pins, with_recorded_pins
from ragapp.models.packs import Pack, PackFile
from ragapp.models.sources import ask_hub, require_hub
from ragapp.models.staging import SourceFailed, staging_root


def pinned(pack: Pack, models_dir: Path, *, hub_url: str, use_hub: bool) -> Pack:
    """A pack of which every file has a hash: by the registry, as recorded, or else as the hub states it now.

    Raises:
        SourceFailed: the hub has to be asked and may not, cannot, or states no hash.
        OSError: what it states cannot be recorded.
    """
    known = with_recorded_pins(pack, models_dir)
    unknown = [pin for pin in known.files if not pin.is_complete]
    if not unknown:
        return known
    require_hub(use_hub)
    root = staging_root(pack, models_dir)
    root.mkdir(parents=True, exist_ok=True)
    questions = [{"name": pin.name} for pin in unknown]
    answers = ask_hub(hub_url, known.hub_repo, known.revision, questions, root / "hub.log", lambda: None)
    stated = {answer["name"]: _stated(answer) for answer in answers}
    for pin in unknown:
        if pin.sha256 and stated[pin.name].sha256 not in ("", pin.sha256):
            raise SourceFailed(f"it has another {pin.name} than the one whose hash is published")
        if pin.sha256:
            stated[pin.name] = replace(pin, size=stated[pin.name].size)
    commits = {answer.get("commit") for answer in answers}
    commit = str(commits.pop()) if len(commits) == 1 else ""
    files = tuple(stated.get(pin.name, pin) for pin in known.files)
    revision = commit if re.fullmatch(r"[0-9a-f]{40}", commit) else known.revision
    complete = replace(known, files=files, revision=revision)
    record_pins(complete, models_dir)
    return complete


def _stated(answer: dict[str, Any]) -> PackFile:
    name, size, sha256, blob = (answer.get(key) or "" for key in ("name", "size", "sha256", "blob"))
    if not isinstance(size, int) or not (sha256 or (blob and size <= MAX_BLOB)):
        raise SourceFailed(f"it states no hash of {name}, so it could not be checked")
    return PackFile(name, size, sha256, "" if sha256 else blob)
