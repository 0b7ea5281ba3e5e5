"""Nothing leaves the machine: the guard, and the switches that keep libraries from calling home.

Both must be there before the libraries are imported, so :func:`protect` is the first thing that every command does;
child processes inherit them.
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
    "OTEL_SDK_DISABLED": "true",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "WANDB_MODE": "disabled",
}

# libraries' own habits that only cost time or noise on one machine
_QUIET_ENVIRONMENT = {
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
# this machine is not asked for by way of a proxy
_LOCAL = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# the hub's large files come from servers of another name
_HUB, _HUB_FILES = "huggingface.co", ".hf.co"
TALLY_NAME = "refused.log"
UPLOADS_NAME = "uploads"


def protect() -> None:
    """Guard this process and those that it starts, and put the offline switches into the environment."""
    guard.install()
    go_offline()


def go_offline() -> None:
    """Put the offline switches into the environment; those that protect override what is there already."""
    os.environ.update(OFFLINE_ENVIRONMENT)
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        named = [part for part in os.environ.get(name, "").split(",") if part]
        os.environ[name] = ",".join(dict.fromkeys([*named, *_LOCAL]))


def permit(allowed: Iterable[str], data: Path) -> None:
    """Let this process reach what the person named, and count what is refused beside the store.

    Args:
        allowed: ``privacy.allow``.
        data: ``paths.data``.

    Raises:
        SettingsError: an entry is no host.
    """
    try:
        guard.allow(allowed)
    except ValueError as error:
        raise SettingsError(f"privacy.allow: {error}.", 'Write a host or host:port, "gpu.example:8000".') from None
    guard.count_in(data / TALLY_NAME)
    # what a browser sends is kept where the store is, not in a folder that all share
    os.environ["GRADIO_TEMP_DIR"] = str(data / UPLOADS_NAME)


def hub_hosts(url: str) -> list[str]:
    """What fetching from a model hub must reach: its host and subdomains, and the person's own proxy.

    Args:
        url: ``privacy.hub_url``.
    """
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
