"""Settings: one file, every value known, unknown names refused with a suggestion.

Order, strongest first: values given in code (the command line), ``RAGAPP_<SECTION>__<KEY>``,
``settings-<profile>.yaml`` (``RAGAPP_PROFILE``), ``settings.local.yaml`` (what the page and ``ragapp settings set``
write), ``settings.yaml``, the defaults below.
"""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ragapp import file_permissions
from ragapp.contract import Caution
from ragapp.errors import SettingsError
from ragapp.plain_words import needs_of, reason_of
from ragapp.settings_file import remove_value, set_value

ENV_PREFIX = "RAGAPP_"
# variables that steer where settings come from; they are not settings themselves
ENV_RESERVED = frozenset({"RAGAPP_SETTINGS", "RAGAPP_PROFILE"})
FILE_NAME = "settings.yaml"
# weight of the vectors of an embedder that nobody measured
UNMEASURED_WEIGHT = 0.5
# what stands at the top of a person's own file
_HEADER = (
    "# Your own settings. They are stronger than {name}, which stays as it was shipped; change them on the page,\n"
    "# with `ragapp settings set`, or here. A line that is deleted makes the shipped value hold again.\n"
)
# keys whose values are nobody else's business
SECRETS = ("password", "passwords", "chroma_headers")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_default=True)


class Paths(_Section):
    """Where things are kept; relative paths are relative to the settings file."""

    data: Path = Path("data")
    ingest: Path = Path("ingest")
    models: Path = Path("models")


class Ingest(_Section):
    """How files are read and cut."""

    chunk_tokens: int = Field(180, ge=32, le=8192)
    chunk_overlap: int = Field(30, ge=0, le=1024)
    ignore: list[str] = Field(default_factory=lambda: ["~$*", "*.tmp", "*.part", "*.crdownload", "Thumbs.db"])
    passwords: list[str] = Field(default_factory=list)
    ocr: Literal["auto", "off", "always"] = "auto"
    ocr_engine: Literal["auto", "rapidocr", "tesseract"] = "auto"
    ocr_languages: list[str] = Field(default_factory=lambda: ["en", "fr", "de", "es"])
    workers: int = Field(0, ge=0, le=64)
    max_file_mb: int = Field(200, ge=1)
    max_text_mb: int = Field(20, ge=1)
    timeout_s: int = Field(300, ge=1)
    ocr_timeout_s: int = Field(120, ge=1)
    memory_mb: int = Field(2048, ge=256)
    settle_s: float = Field(2.0, ge=0.1)
    rescan_s: float = Field(300.0, ge=1)


class Embedding(_Section):
    """The sentence-transformers model that turns text into vectors."""

    model: str = "multilingual-e5-small"
    precision: Literal["auto", "fp32", "int8"] = "auto"
    device: Literal["cpu", "gpu"] = "cpu"
    batch_size: int = Field(8, ge=1, le=1024)
    query_prompt: str | None = None
    document_prompt: str | None = None


class Store(_Section):
    """Where vectors are kept; documents are always in ``paths.data``."""

    chroma: str = "embedded"
    chroma_headers: dict[str, str] = Field(default_factory=dict)
    chroma_ca_file: Path | None = None


class Retrieval(_Section):
    """How passages are found."""

    passages: int = Field(4, ge=1, le=50)
    candidates: int = Field(50, ge=1, le=1000)
    dense_weight: Annotated[float, Field(ge=0.0, le=1.0)] | Literal["auto"] = "auto"
    neighbours: int = Field(0, ge=0, le=10)
    reranker: str = ""
    rerank_candidates: int = Field(20, ge=1, le=200)
    context_tokens: Annotated[int, Field(ge=64)] | Literal["auto"] = "auto"

    @property
    def vector_weight(self) -> float:
        """``dense_weight`` as a number; where it is ``auto`` still, nothing is known of the embedder."""
        return UNMEASURED_WEIGHT if self.dense_weight == "auto" else self.dense_weight


class Llm(_Section):
    """The language model."""

    mode: Literal["local", "openai"] = "local"
    model: str = "qwen2.5-coder-1.5b-instruct"
    context: Annotated[int, Field(ge=512)] | Literal["auto"] = "auto"
    threads: int = Field(0, ge=0, le=1024)
    batch: Annotated[int, Field(ge=16, le=8192)] | Literal["auto"] = "auto"
    flash_attention: bool | Literal["auto"] = "auto"
    cache_type: Literal["auto", "f16", "q8_0", "q4_0"] = "auto"
    repack: bool | Literal["auto"] = "auto"
    gpu_layers: Annotated[int, Field(ge=-1)] | Literal["auto"] = "auto"
    lora: str = ""
    lora_scale: float = Field(1.0, ge=-10.0, le=10.0)
    temperature: float = Field(0.0, ge=0.0, le=2.0)
    seed: int = 42
    prompt_cache_mb: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    read_ahead: Literal["auto", "off"] = "auto"
    unload_after: float = Field(30, ge=0)
    template: str = "auto"
    thinking: bool = False
    thinking_tokens: int = Field(512, ge=0)
    url: str = ""
    api_key_env: str = ""
    timeout: float = Field(120, gt=0)
    parallel: int = Field(8, ge=1, le=256)

    @property
    def places(self) -> int:
        """How many questions are answered at a time: a model in this process reads for one."""
        return self.parallel if self.mode == "openai" else 1


class Answer(_Section):
    """What counts as an answer."""

    max_tokens: int = Field(256, ge=16)
    max_seconds: float = Field(180, ge=0)
    caution: Caution = "normal"
    threshold: float | None = Field(None, ge=0.0, le=1.0)
    calibrate: Literal["auto", "off"] = "auto"
    tables: bool = True
    prompts: dict[str, dict[str, str]] = Field(default_factory=dict)


class Server(_Section):
    """The page."""

    host: str = "127.0.0.1"
    port: int = Field(7860, ge=1, le=65535)
    password: str = ""
    waiting: int = Field(20, ge=1, le=1000)
    names: list[str] = Field(default_factory=list)
    proxies: list[str] = Field(default_factory=list)
    metrics: Literal["off", "token", "open"] = "token"
    log: str = ""
    log_mb: int = Field(10, ge=1, le=10_000)
    log_files: int = Field(5, ge=1, le=1000)
    grace: float = Field(30, ge=0, le=3600)


class Mcp(_Section):
    """The MCP server, by which other programs use ragapp as a tool."""

    write: bool = False
    folders: list[Path] = Field(default_factory=list)


class Ui(_Section):
    """How ragapp speaks in the terminal; a page speaks the language of its browser."""

    language: str = "auto"


class Privacy(_Section):
    """What may leave this machine: nothing, but for the model hub while ``ragapp models pull`` runs, and what goes to a
    model server or a Chroma server that is named here."""

    allow: list[str] = Field(default_factory=list)
    hub: bool = True
    hub_url: str = "https://huggingface.co"


class Settings(BaseSettings):
    """Every setting of ragapp.  Build it with :func:`load_settings`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid")

    paths: Paths = Paths()
    ingest: Ingest = Ingest()
    embedding: Embedding = Embedding()
    store: Store = Store()
    retrieval: Retrieval = Retrieval()
    llm: Llm = Llm()
    answer: Answer = Answer()
    server: Server = Server()
    mcp: Mcp = Mcp()
    ui: Ui = Ui()
    privacy: Privacy = Privacy()

    @classmethod
    def settings_customise_sources(cls, *arguments: Any, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first: what the files say comes in through ``init``, already merged."""
        return sources["env_settings"], sources["init_settings"]


def find_settings_file(explicit: str | Path | None = None) -> Path | None:
    """The settings file in force, None when there is none.

    That is ``explicit`` (``--settings``), that of ``RAGAPP_SETTINGS``, ``settings.yaml`` of the working folder or of
    the source checkout, whichever comes first. Raises SettingsError: a file was named that does not exist.
    """
    named = explicit or os.environ.get("RAGAPP_SETTINGS")
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise SettingsError(f"There is no settings file at {path}.", "Check --settings or RAGAPP_SETTINGS.")
        return path
    checkout = Path(__file__).resolve().parent.parent
    for folder in (Path.cwd(), checkout):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


@dataclass(frozen=True, slots=True)
class SettingLayer:
    """A file of settings.

    Attributes:
        kind: ``file`` (the shipped one, or one that was named), ``local`` (a person's own), or ``profile``.
        values: by section and key.
    """

    kind: Literal["file", "local", "profile"]
    file: Path
    values: dict[str, Any]


def home_folder() -> Path:
    """The folder that relative paths go from where there is no settings file."""
    return Path.home() / ".ragapp"


def local_settings_file(explicit: str | Path | None = None) -> Path:
    """A person's own settings file, which need not be there: ``settings.local.yaml`` beside ``settings.yaml``.

    Raises SettingsError: a file was named that does not exist.
    """
    file = find_settings_file(explicit) or home_folder() / FILE_NAME
    return file.with_name(f"{file.stem}.local{file.suffix}")


def setting_layers(explicit: str | Path | None = None) -> list[SettingLayer]:
    """The settings files in force, the weakest first.

    Raises SettingsError: a file is missing or no YAML, or a key is unknown (the nearest known one is suggested).
    """
    file, local = find_settings_file(explicit), local_settings_file(explicit)
    layers = [SettingLayer("file", file, read_yaml(file))] if file else []
    if local.is_file():
        layers.append(SettingLayer("local", local, read_yaml(local)))
    if profile := os.environ.get("RAGAPP_PROFILE"):
        profile_file = local.with_name(f"settings-{profile}.yaml")
        if not profile_file.is_file():
            raise SettingsError(f"RAGAPP_PROFILE is {profile}, but there is no {profile_file}.")
        layers.append(SettingLayer("profile", profile_file, read_yaml(profile_file)))
    for layer in layers:
        _refuse_unknown(layer.values, str(layer.file))
    return layers


def load_settings(explicit: str | Path | None = None, overrides: dict[str, dict[str, Any]] | None = None) -> Settings:
    """Read the settings in force: checked, with absolute paths.

    ``overrides``, by section and key, win over everything (the command line's options).

    Raises:
        SettingsError: a file is missing or no YAML, a key is unknown (the nearest known one is suggested), or a
            value is out of range; the message names the file or variable.
    """
    layers = setting_layers(explicit)
    values: dict[str, Any] = {}
    for layer in layers:
        values = _merge(values, layer.values)
    _refuse_unknown(_environment(), "the environment")
    try:
        settings = Settings(**values)
        for section, keys in (overrides or {}).items():
            current = getattr(settings, section)
            setattr(settings, section, type(current).model_validate({**current.model_dump(), **keys}))
    except ValidationError as error:
        raise SettingsError(_explain(error, layers)) from None
    except ValueError as error:  # pydantic-settings: a section given as something that is no mapping
        if wrong := _unreadable_variable():
            raise SettingsError(
                f"{wrong} in the environment is not valid JSON.", """Write '["one", "two"]'."""
            ) from None
        origin = " or ".join(str(layer.file) for layer in layers) or "the defaults"
        raise SettingsError(f"The settings in {origin} or the environment are wrong: {reason_of(error)}.") from None
    base = local_settings_file(explicit).parent
    for name in Paths.model_fields:
        path = getattr(settings.paths, name).expanduser()
        setattr(settings.paths, name, Path(os.path.abspath(base / path)))
    if settings.server.log not in ("", "-"):
        settings.server.log = os.path.abspath(base / Path(settings.server.log).expanduser())
    settings.mcp.folders = [Path(os.path.abspath(base / folder.expanduser())) for folder in settings.mcp.folders]
    if settings.store.chroma_ca_file:
        settings.store.chroma_ca_file = Path(os.path.abspath(base / settings.store.chroma_ca_file.expanduser()))
    return settings


def read_yaml(file: Path) -> dict[str, Any]:
    """The values of a settings file by section; which sections and keys there are is not checked."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {reason_of(error)}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        told = f"{file}{where} is not valid YAML: {problem}."
        raise SettingsError(told, "Indent with spaces; quote odd values.") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{file} must hold sections such as `llm:`, not {type(values).__name__}.")
    # a section whose keys are all commented out reads as None
    return {key: ({} if value is None else value) for key, value in values.items()}


def _environment() -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in os.environ:
        if not name.upper().startswith(ENV_PREFIX) or name.upper() in ENV_RESERVED:
            continue
        section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
        values.setdefault(section, {})
        if key:
            values[section][key.partition("__")[0]] = None
    return values


def _unreadable_variable() -> str:
    """The variable of a setting with several values that holds no JSON; empty where there is none."""
    for name, value in os.environ.items():
        section, _, key = name.upper().removeprefix(ENV_PREFIX).lower().partition("__")
        if name.upper().startswith(ENV_PREFIX) and section in Settings.model_fields and key:
            default = getattr(Settings.model_fields[section].default, key, None)
            try:
                if isinstance(default, list | dict):
                    json.loads(value)
            except ValueError:
                return name
    return ""


def _refuse_unknown(values: dict[str, Any], origin: str) -> None:
    sections = Settings.model_fields
    for section, keys in values.items():
        if section not in sections:
            raise SettingsError(f"{origin}: there is no section `{section}`.", _suggest(str(section), sections))
        if not isinstance(keys, dict):
            raise SettingsError(f"{origin}: section `{section}` must hold keys, not {keys!r}.")
        known = type(sections[section].default).model_fields
        for key in keys:
            if key not in known:
                raise SettingsError(f"{origin}: there is no setting `{section}.{key}`.", _suggest(str(key), known))


def _suggest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.5)
    likeness = [difflib.SequenceMatcher(None, name, other).ratio() for other in near]
    # a second one is named where it is nearly as like: `modle` may be `mode` or `model`
    meant = [f"`{other}`" for other, ratio in zip(near, likeness, strict=True) if ratio > likeness[0] - 0.1]
    return f"Did you mean {' or '.join(meant)}?" if meant else f"Known: {', '.join(known)}."


def _explain(error: ValidationError, layers: Iterable[SettingLayer]) -> str:
    first = error.errors()[0]
    names = [str(part) for part in first["loc"]]
    variable = ENV_PREFIX + "__".join(names[:2]).upper()
    where = "The command line"
    for layer in layers:
        if len(names) > 1 and names[1] in layer.values.get(names[0], {}):
            where = str(layer.file)
    if variable in {name.upper() for name in os.environ}:
        where = f"{variable} in the environment"
    return f"{where}: {_what_is_wrong(error)}"


def _what_is_wrong(error: ValidationError) -> str:
    first, *others = error.errors()
    place = first["loc"][:2]
    # a value that may be of several kinds has a problem with each
    same = [problem for problem in others if problem["loc"][:2] == place]
    key = ".".join(str(part) for part in place)
    value = "what it is" if place[-1] in SECRETS else repr(first.get("input"))
    return f"setting `{key}` cannot be {value}: {needs_of([first, *same])}."


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def known_setting(section: str, key: str) -> None:
    """Raise SettingsError where there is no such setting; the nearest one is suggested."""
    _refuse_unknown({section: {key: None}}, f"{section}.{key}")


def checked_value(section: str, key: str, value: Any) -> Any:
    """A value as it is written into a settings file.

    Raises SettingsError: there is no such setting, or it cannot have this value.
    """
    known_setting(section, key)
    model = type(Settings.model_fields[section].default)
    try:
        values = model.model_validate({key: value}).model_dump(mode="json")
    except ValidationError as error:
        shown = "what it is" if key in SECRETS else repr(value)
        raise SettingsError(
            f"{section}.{key} cannot be {shown}: {needs_of(error.errors())}.",
            f"settings.yaml says beside {section}.{key} what it can be.",
        ) from None
    return values[key]


def write_setting(section: str, key: str, value: Any, explicit: str | Path | None = None) -> Path:
    """Change one value in the person's own settings file, of which all else stays as it is.

    A file that is made here, or that gets a password, is for its owner alone. Returns the file; it is made where there
    was none. Raises SettingsError: there is no such setting or value, or the file cannot be read or written.
    """
    shown = checked_value(section, key, value)
    return _change(explicit, lambda text: set_value(text, section, key, shown), secret=key in SECRETS)


def remove_setting(section: str, key: str, explicit: str | Path | None = None) -> Path:
    """Take one value out of the person's own settings file, so that the shipped file or the default holds again.

    Raises SettingsError: there is no such setting, or the file cannot be read or written.
    """
    known_setting(section, key)
    return _change(explicit, lambda text: remove_value(text, section, key))


def _change(explicit: str | Path | None, edit: Callable[[str], str], *, secret: bool = False) -> Path:
    file = local_settings_file(explicit)
    try:
        there = file.is_file()
        text = file.read_text(encoding="utf-8") if there else ""
        changed = edit(text)
        if changed == text:
            return file
        mode = stat.S_IMODE(file.stat().st_mode) if there else file_permissions.FILE_MODE
        file.parent.mkdir(parents=True, exist_ok=True)
        above = file.name.replace(".local", "")
        file_permissions.write_atomically(file, changed if there else _HEADER.format(name=above) + changed)
        if not secret:  # whom the person lets read the rest is the person's own matter
            file.chmod(mode)
    except SettingsError as error:
        raise SettingsError(f"{file}: {error.message}", error.hint) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} cannot be read: {error}.") from None
    except OSError as error:
        told = f"{file} cannot be written: {error.strerror or error}."
        raise SettingsError(told, "Change the value by hand.") from None
    return file
