"""Nothing leaves the machine: the guard, and environment variables that keep libraries from calling home.

Both must be in place before libraries are imported, so every command calls :func:`protect` first; child processes
inherit both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ragapp import guard
from ragapp.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

OFFLINE_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "CHROMA_TELEMETRY_ENABLED": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_MCP_SERVER": "False",
    # onnxruntime reads it when it is loaded; its disable_telemetry_events() comes too late and stops only some
    "ORT_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "WANDB_MODE": "disabled",
}

# what else libraries do that only costs time or makes noise
_QUIET_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
# requests to this machine do not go through a proxy
_LOCAL = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# the hub serves large files from other hosts
_HUB, _HUB_FILES = "huggingface.co", ".hf.co"
TALLY_NAME = "refused.log"
UPLOADS_NAME = "uploads"


def protect() -> None:
    """Install the guard in this process and those that it starts, and call :func:`go_offline`."""
    guard.install()
    go_offline()


def go_offline() -> None:
    """Set the offline variables; those that protect override values that are set already."""
    os.environ.update(OFFLINE_ENVIRONMENT)
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        named = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join(dict.fromkeys([*named, *_LOCAL]))


def apply_allow_list(allowed: Iterable[str], data: Path) -> None:
    """Let this process reach the hosts of ``privacy.allow``, and count refusals in ``data``, beside the store.

    Raises SettingsError: an entry is no host.
    """
    try:
        guard.allow(allowed)
    except ValueError as error:
        raise SettingsError(f"privacy.allow: {error}.", 'Write a host or host:port, "gpu.example:8000".') from None
    guard.count_refusals_in(data / TALLY_NAME)
    # uploads of the browser are kept beside the store, not in the system's temporary folder
    os.environ["GRADIO_TEMP_DIR"] = str(data / UPLOADS_NAME)


def hub_hosts(url: str) -> list[str]:
    """Hosts that a download from the model hub at this URL must reach: its own, subdomains, and the person's proxy."""
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    hosts = [f".{host}"] if host else []
    if host == _HUB:
        hosts.append(_HUB_FILES)
    for name in _PROXIES:
        proxy = os.environ.get(name) or os.environ.get(name.lower()) or ""
        proxy_host = urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname
        hosts += [proxy_host] if proxy_host else []
    return hosts
