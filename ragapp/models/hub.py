"""Asks the model hub for files.  Runs as a process of its own; see ``sources.py``.

Everywhere else in ragapp huggingface_hub is switched off for the life of the process, which is decided when it is
imported.  A child process is the one place where it is on, and when it ends nothing can reach the hub any more.
It imports nothing of ragapp.  The request is one JSON line on stdin; the answer is the last line of stdout.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 5
# names that no server answers for can block longer than any socket timeout
GIVE_UP_S = 10
# what a broken connection loses at most; the library's own 10 MiB are a minute on a slow line
CHUNK = 1 << 20


class _Refused(Exception):
    """The hub's file is not the one that is wanted."""


def main() -> int:
    """Answer the request on stdin: ``{"endpoint", "repo", "revision", "files"}``.

    A file is ``{"name"}`` or ``{"name", "sha256", "blob", "size", "part"}``.  It is appended to its
    ``part``; without one only its size, its hashes and the commit that has it are looked up.
    """
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _answer({"files": [_fetch(request, file) for file in request["files"]]})
    except Exception as error:  # whatever went wrong, the next source is tried
        _answer({"error": _reason(error)})
        return 1
    return 0


def _answer(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def _end_with_parent() -> None:
    # the parent holds the pipe open; an orphan must not go on writing to a file that a second pull may own
    # (not sys.stdin.read: its lock, held by a daemon thread, upsets the interpreter's end)
    while os.read(0, 1):
        pass
    os._exit(4)


def _fetch(request: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public, but not re-exported

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    url = hf_hub_url(request["repo"], file["name"], revision=request["revision"], endpoint=request["endpoint"])
    watchdog = threading.Timer(GIVE_UP_S, _give_up)
    watchdog.daemon = True
    watchdog.start()
    found = get_hf_file_metadata(url, timeout=TIMEOUT_S)
    watchdog.cancel()
    # large files carry their SHA-256 as the tag, small ones the hash under which Git keeps them
    sha256 = found.etag if re.fullmatch(r"[0-9a-f]{64}", found.etag or "") else None
    blob = found.etag if re.fullmatch(r"[0-9a-f]{40}", found.etag or "") else None
    if file.get("sha256") and sha256 not in (None, file["sha256"]):
        raise _Refused(f"the hub holds another {file['name']}: SHA-256 {sha256}")
    if file.get("blob") and blob not in (None, file["blob"]):
        raise _Refused(f"the hub holds another {file['name']}: Git's hash is {blob}")
    if file.get("part"):
        headers = build_hf_headers()
        if urlsplit(found.location).netloc != urlsplit(url).netloc:
            headers.pop("authorization", None)
        _download(found.location, Path(file["part"]), file["size"], headers)
    return {"name": file["name"], "size": found.size, "sha256": sha256, "blob": blob, "commit": found.commit_hash}


def _download(url: str, part: Path, size: int, headers: dict[str, Any]) -> None:
    from huggingface_hub.file_download import http_get

    while True:
        have = part.stat().st_size if part.exists() else 0
        try:
            with part.open("ab") as file:
                http_get(url, file, resume_size=have, headers=headers, expected_size=size)
            return
        except Exception:
            # as long as something new arrives it is worth going on from there
            if not have < part.stat().st_size < size:
                raise


def _give_up() -> None:
    _answer({"error": f"no answer within {GIVE_UP_S} s"})
    os._exit(3)


def _reason(error: BaseException) -> str:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status in (401, 403):
        return f"HTTP {status}: not there, or only for people who accepted its terms (set HF_TOKEN)"
    if status:
        return f"HTTP {status}"
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
