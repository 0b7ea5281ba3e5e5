"""The files of deploy/ say nothing that ragapp does not know: settings, addresses, figures, options."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from ragapp.llm.fair_lock import FairLock
from ragapp.settings import ENV_PREFIX, ENV_RESERVED, Settings
from ragapp.web.metrics import Metrics
from ragapp.web.probes import Probes

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
ALL_FILES = [file for file in sorted(DEPLOY.rglob("*")) if file.is_file()]
# what stands for a value that whoever runs it gives
GIVEN = {"SITE": "docs.example.org", "RAGAPP_PASSWORD_HASH": "", "LLM_MODEL": "team", "RAGAPP_HUB": "false"}


def filled(text: str) -> str:
    """A value as compose fills it in."""

    def value(match: re.Match[str]) -> str:
        name, kind, other = match["name"], match["kind"], match["other"]
        return GIVEN.get(name, other if kind == ":-" else f"<{name}>")

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<other>[^}]*))?\}", value, text)


def test_the_settings_of_the_container_are_ragapps(monkeypatch):
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX):
            monkeypatch.delenv(name)
    given = {name: filled(str(value)) for name, value in SERVICES["ragapp"]["environment"].items()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.server.names == ["docs.example.org", "ragapp"]
    assert settings.server.proxies == [SERVICES["proxy"]["networks"]["front"]["ipv4_address"]]
    assert (settings.server.host, settings.server.metrics, settings.server.log) == ("0.0.0.0", "open", "-")
    assert (settings.llm.mode, settings.llm.model, settings.llm.places) == ("openai", "team", 8)
    assert not settings.privacy.hub
    for url in (settings.llm.url, settings.store.chroma):
        host = url.split("/")[2].partition(":")[0]
        assert host in settings.privacy.allow
        aliases = {
            alias
            for service in SERVICES.values()
            if isinstance(service["networks"], dict)
            for network in service["networks"].values()
            for alias in (network or {}).get("aliases", ())
        }
        assert host in SERVICES or host in aliases, url


@pytest.mark.parametrize("file", ALL_FILES, ids=lambda file: file.name)
def test_every_setting_that_is_named_is_there(file):
    text = file.read_text("utf-8")
    named = set(re.findall(r"\bRAGAPP_([A-Z]+)__([A-Z_]+)\b", text))
    plain = re.findall(r"(?<![/\w.])(server|llm|store|privacy|ingest|paths)\.([a-z_]+)\b(?!\.)", text)
    for section, key in {*((a.lower(), b.lower()) for a, b in named), *plain}:
        assert key in type(Settings.model_fields[section].default).model_fields, f"{section}.{key}"
    others = set(re.findall(r"\bRAGAPP_[A-Z]+\b(?!_)", text))
    assert others <= {*ENV_RESERVED, "RAGAPP_HUB"}


def test_what_is_filled_in_is_explained():
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    example = dict(
        line.split("=", 1) for line in (DEPLOY / "env.example").read_text("utf-8").splitlines() if line[:1] not in "#"
    )
    used = dict(re.findall(r"\$\{(\w+)(:[-?])?", text))
    assert example.keys() <= used.keys()
    must = {name for name in used if f"${{{name}:?" in text}
    assert must <= example.keys()


def test_only_the_proxy_is_open_to_others_and_only_it_has_a_way_out():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert "network_mode" not in json.dumps(SERVICES)
    inner = {name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")}
    for name, service in SERVICES.items():
        if name != "proxy":
            assert set(service["networks"]) <= inner, name
    assert "front" not in SERVICES["chroma"]["networks"]
    volumes = {one.partition(":")[0] for service in SERVICES.values() for one in service.get("volumes", ())}
    assert {name for name in volumes if name.isalpha()} == COMPOSE["volumes"].keys()


def test_chromas_server_is_of_the_clients_version():
    pinned = re.search(r"^chromadb==(\S+)$", (DEPLOY.parent / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    assert SERVICES["chroma"]["image"] == f"chromadb/chroma:{pinned[1]}"


def test_stopping_is_given_the_time_that_it_may_take():
    """Longer than what answers get, with their end and the ingestion's."""
    grace = float(SERVICES["ragapp"]["environment"]["RAGAPP_SERVER__GRACE"])
    assert int(SERVICES["ragapp"]["stop_grace_period"].removesuffix("s")) >= grace + 30
    unit = (DEPLOY / "systemd" / "ragapp.service").read_text("utf-8")
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) >= Settings().server.grace + 30


@pytest.mark.parametrize("file", [*DEPLOY.glob("*.yml"), *DEPLOY.glob("*.yaml")], ids=lambda file: file.name)
def test_yaml(file):
    assert yaml.safe_load(file.read_text("utf-8"))


def test_every_figure_that_is_watched_is_told():
    metrics = Metrics()
    catalog = SimpleNamespace(document_count=lambda: 0, chunk_count=lambda: 0)
    app = SimpleNamespace(settings=Settings(), questions=FairLock(), catalog=catalog)
    job = SimpleNamespace(state=SimpleNamespace(waiting=0, running=False))
    Probes(None, SimpleNamespace(app=app, metrics=metrics, job=job), lambda: True)
    told = {line.split()[2] for line in metrics.text()[0].decode().splitlines() if line.startswith("# TYPE ")}
    text = (DEPLOY.parent / "docs" / "server.md").read_text("utf-8")
    rows = re.findall(r"^\| `(?:ragapp|process)_.*$", text, re.MULTILINE)
    docs = set(re.findall(r"`((?:ragapp|process)_\w+)`", " ".join(rows)))
    alerts = set(re.findall(r"\bragapp_[a-z_]+[a-z]\b", (DEPLOY / "alerts.yml").read_text("utf-8")))
    assert alerts
    assert {name.removesuffix("_bucket") for name in alerts | docs} <= told
    own = {name for name in told if name.startswith("ragapp_") and not name.endswith("_created")}
    assert own <= docs


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units(unit, tmp_path):
    text = unit.read_text("utf-8")
    for line in (
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "CapabilityBoundingSet=",
        "Restart=",
    ):
        assert f"\n{line}" in text, line
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here")
    # the programs need not be installed here
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, timeout=60)
    about = [line for line in done.stderr.splitlines() if unit.name in line and "not-found" not in line]
    assert (done.returncode, about) == (0, []), done.stderr


def test_the_image_starts_what_there_is():
    from typer.testing import CliRunner

    from ragapp.cli.main import app

    for text in (
        (DEPLOY / "Dockerfile").read_text("utf-8"),
        (DEPLOY / "systemd" / "ragapp.service").read_text("utf-8"),
    ):
        assert re.search(r'"ragapp", "ui", "--no-browser"|ragapp ui --no-browser', text)
    assert "--no-browser" in CliRunner().invoke(app, ["ui", "--help"], env={"COLUMNS": "200"}).output
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    # the wheel is built of what its stage has by then
    build = image[: image.index('pip install --no-cache-dir -c constraints.txt ".')]
    there = " ".join(re.findall(r"^COPY (.+) \S+$", build, re.MULTILINE)).split()
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]) <= set(there)
    assert {project["project"]["readme"], *project["project"]["license-files"], "ragapp"} <= set(there)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", image, re.MULTILINE)
    for name in " ".join(copied).split():
        assert (DEPLOY.parent / name).exists(), name
        assert f"!{name}" in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines(), name
