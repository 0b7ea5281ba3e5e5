"""Two sources of a pack's files: the stores of other programs on this machine, and the model hub."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from ragapp import guard
from ragapp.errors import ModelError
from ragapp.models.child import log_lines, watch
from ragapp.models.packs import PackFile
from ragapp.models.staging import SourceFailed, Staging, size_of
from ragapp.privacy import hub_hosts


def from_disk(staging: Staging, find_on_disk: Callable[[PackFile], Iterable[Path]]) -> None:
    """Take files that other programs have.

    Raises:
        SourceFailed: some are still wanted.
    """
    failures = []
    for pin in staging.wanted():
        for candidate in find_on_disk(pin):
            part = staging.part(pin, "disk")
            part.unlink(missing_ok=True)
            staging.progress.start(f"{staging.pack.name} from {candidate.parent}", 0, 0)
            try:
                _link_or_copy(candidate.resolve(), part, pin, staging)
                staging.accept(part, pin)
                break
            except (OSError, ModelError, SourceFailed) as error:
                failures.append(f"{candidate}: {error}")
    if staging.wanted():
        raise SourceFailed("; ".join(failures) or "not in the stores of Ollama, LM Studio, GPT4All or the hub")


def _link_or_copy(source: Path, part: Path, pin: PackFile, staging: Staging) -> None:
    # a link costs no second gigabyte, and deleting the model in either place leaves the other; these stores never
    # write into a finished file, and if one did, its changed time would have it hashed again and refused
    try:
        os.link(source, part)
    except OSError:
        staging.require_space(pin.size)
        shutil.copyfile(source, part)


def from_hub(staging: Staging, hub_url: str, use_hub: bool) -> None:
    """Fetch files from the model hub.

    Raises:
        SourceFailed: it is turned off, could not be asked, or did not deliver all of them.
        PullError: the disk is too full.
    """
    if not use_hub:
        raise SourceFailed("turned off (privacy.hub)")
    pack = staging.pack
    parts = {pin: staging.part(pin, "hub") for pin in staging.wanted()}
    for pin, part in parts.items():
        if size_of(part) > pin.size:
            part.unlink()

    def done() -> int:
        sizes = {pin: size_of(part) for pin, part in parts.items()}
        if any(size > pin.size for pin, size in sizes.items()):
            raise SourceFailed("it sends more than it should")
        return pack.size - sum(pin.size - size for pin, size in sizes.items())

    before = done()
    staging.require_space(pack.size - before)
    staging.start(f"from the model hub {urlsplit(hub_url).hostname}", before)
    files = [{"name": pin.name, "size": pin.size, "sha256": pin.sha256, "part": str(parts[pin])} for pin in parts]
    try:
        ask_hub(hub_url, pack.hub_repo, pack.revision, files, staging.root / "hub.log", lambda: staging.show(done()))
    finally:
        failures = staging.accept_all({pin: part for pin, part in parts.items() if size_of(part) >= pin.size})
    if failures:
        raise SourceFailed("; ".join(failures))


def ask_hub(
    hub_url: str, repo: str, revision: str, files: list[dict], log: Path, tick: Callable[[], None]
) -> list[dict]:
    """Let the child process in ``hub.py`` do what only it may do.  Raises SourceFailed with its reason."""
    endpoint = hub_url.rstrip("/")
    environment = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    environment |= {
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    if "HF_TOKEN" not in os.environ:
        # a token that other tools left on this machine is none of ragapp's
        environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    request = {"endpoint": endpoint, "repo": repo, "revision": revision, "files": files}
    # the one guarded process that may reach another machine, and that one only
    environment |= guard.environment(hub_hosts(endpoint), own=True)
    command = guard.guarded_command(Path(__file__).with_name("hub.py"))
    watch(command, environment, log, tick, json.dumps(request) + "\n")
    last = (log_lines(log) or ["it said nothing"])[-1]
    try:
        answer = json.loads(last)
    except ValueError:
        raise SourceFailed(last) from None
    if "error" in answer:
        raise SourceFailed(f"{endpoint}: {answer['error']}")
    return answer["files"]
