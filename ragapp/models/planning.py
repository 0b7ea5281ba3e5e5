"""How a model is going to be loaded: the settings, what was measured, and what fits, put together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.engine import Engine, gpu_notices
from ragapp.llm.loading import Placement
from ragapp.llm.options import BATCH_TOKENS, EngineOptions, can_offload, gpus, physical_cores, repacking_pays
from ragapp.llm.prompt_store import FOLDER_NAME, PromptStore, budget
from ragapp.models import memory
from ragapp.models.discovery import find_adapter, find_model
from ragapp.models.gguf import GgufHeader, read_model, require_adapter, shards_of
from ragapp.models.tuning import TunedOptions, read_tuned
from ragapp.settings import Llm, Settings
from ragapp.terminal_text import shown_size


@dataclass(frozen=True)
class LoadPlan:
    """How a language model is going to be loaded."""

    name: str
    path: Path  # of the first file, where there are several
    info: GgufHeader
    options: EngineOptions
    reasons: dict[str, str]  # why each of them, by the setting's name: {"threads": "2: as many as there are cores"}
    context: int  # window in tokens
    need: memory.MemoryNeed  # for all of the model
    host_need: int  # bytes of the machine's own memory: what is left where a GPU takes layers


def plan_engine(settings: Settings, *, free: int | None = None, path: Path | None = None) -> LoadPlan:
    """Work out how the language model of the settings is to be loaded, in ``free`` bytes or what the machine has now.

    Raises:
        ModelError: the model or the adapter is missing, damaged or of a wrong kind, or it does not fit the memory.
        SettingsError: options that do not go together.
    """
    llm, models_dir = settings.llm, settings.paths.models
    path = path or find_model(llm.model, models_dir, "llm")
    info = read_model(path)
    options, reasons = choose_options(llm, read_tuned(models_dir, path))
    free = memory.free_memory() if free is None else free
    if llm.lora:
        lora = find_adapter(llm.lora, models_dir)
        require_adapter(lora, info, llm.model)
        options = replace(options, lora=lora, lora_scale=llm.lora_scale)
        reasons["lora"] = f"{lora.name}, scale {llm.lora_scale:g}"
        free = max(0, free - lora.stat().st_size)
    cache_type, flash, repack = options.cache_type, options.flash_attention, options.repacks()
    on_gpu = sum(max(0, gpu.free - memory.SPARE) for gpu in gpus()) if options.gpu_layers else 0

    def fitting(room: int) -> int:
        return memory.fitting_context(info, llm.model, llm.context, options.batch, room, cache_type, flash, repack)

    def fitting_beside_the_embedder() -> int:
        # whose weights come into memory with the first question, perhaps after this model; a window that is chosen here
        # leaves them room, but where there is none for both, a smaller memory is better than no answer
        beside = free - embedder_size(settings) if llm.context == "auto" else free
        try:
            return fitting(max(beside, on_gpu))
        except ModelError:
            return fitting(max(free, on_gpu))

    both = False
    try:
        context = fitting_beside_the_embedder()
    except ModelError:
        # neither alone is enough, but both together may be
        if not on_gpu:
            raise
        context, both = fitting(free + on_gpu), True
    need = memory.memory_need(info, context, options.batch, cache_type, flash, repack)
    layers = memory.gpu_layers(info, need, on_gpu)
    if options.gpu_layers == "auto" and on_gpu:
        options = replace(options, gpu_layers=-1 if layers > (info.block_count or 0) and not both else layers)
        reasons["gpu_layers"] = f"{'all' if options.gpu_layers == -1 else layers}: {shown_size(on_gpu)} free on the GPU"
    elif on_gpu and isinstance(options.gpu_layers, int) and options.gpu_layers != -1:
        layers = min(layers, options.gpu_layers)
    return LoadPlan(llm.model, path, info, options, reasons, context, need, memory.host_need(info, need, layers))


def embedder_size(settings: Settings) -> int:
    """Bytes of the embedder's weights; 0 where they are not here."""
    try:
        folder = find_model(settings.embedding.model, settings.paths.models, "embedder")
        return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    except (ModelError, OSError):  # told where it is used
        return 0


def plan_replacement(settings: Settings, old: object) -> tuple[LoadPlan, bool]:
    """Work out how a model is to be loaded that takes the place of ``old``, an engine of this process or anything else.

    Returns the plan, and whether the other one has to be let go first, as the memory is not enough for both; raises
    ModelError as :func:`plan_engine` does.
    """
    free = memory.free_memory()
    if not isinstance(old, Engine) or not old.loaded or old.placement is None:
        return plan_engine(settings, free=free), False
    # the system counts weights that are mapped from their file as free
    mapped = sum(size for (device, _), size in old.placement.buffers.items() if device.endswith("_Mapped"))
    mapped, held = int(mapped * (1 << 20)), int(old.placement.host_mib * (1 << 20))
    plan = plan_engine(settings, free=free - mapped + held)
    return plan, old.placement.on_gpu or plan.host_need > free - mapped


def prompt_cache_bytes(settings: Settings) -> int:
    """Bytes that readings on disk may take by ``llm.prompt_cache_mb``."""
    wanted = settings.llm.prompt_cache_mb
    return budget(settings.paths.data / FOLDER_NAME, None if wanted == "auto" else wanted)


def create_engine(
    settings: Settings, plan: LoadPlan, still_there: Callable[[Collection[str]], bool] = lambda sources: True
) -> Engine:
    """The engine for a plan; nothing is loaded yet.

    With the first prompt readings on disk are forgotten that are more than ``llm.prompt_cache_mb`` allows by now.
    ``still_there``: see :class:`~ragapp.llm.engine.Engine`.
    """
    llm, folder = settings.llm, settings.paths.data / FOLDER_NAME

    def store(model: str) -> PromptStore | None:
        # the engine knows the first file of the weights alone
        try:
            files = [path.stat() for path in (*shards_of(plan.path), *filter(None, [plan.options.lora]))]
        except OSError as error:
            raise ModelError(f"{error.filename} cannot be read: {error.strerror}.") from None
        changed = " ".join(f"{file.st_size}.{file.st_mtime_ns}" for file in files)
        readings = PromptStore(folder, f"{model} {changed}", prompt_cache_bytes(settings))
        readings.trim()
        return readings if readings.most_bytes else None

    return Engine(
        plan.path,
        plan.name,
        context=plan.context,
        options=plan.options,
        seed=llm.seed,
        unload_after_s=60 * llm.unload_after,
        template=llm.template,
        max_seconds=settings.answer.max_seconds,
        thinking_tokens=llm.thinking_tokens,
        store=store,
        still_there=still_there,
    )


def place(settings: Settings, plan: LoadPlan) -> str:
    """Where a model is put: told at once where there is no GPU to put it on, else by loading it (ModelError)."""
    if not can_offload() or not plan.options.layers_wanted():
        told = [] if plan.options.gpu_layers in ("auto", 0) else gpu_notices(plan.options, Placement(), plan.name)
        return "; ".join(["on the processor", *told])
    engine = create_engine(settings, plan)
    try:
        engine.load()
        return "; ".join([str(engine.placement), *engine.notices])
    finally:
        engine.close()


def choose_options(llm: Llm, tuned: TunedOptions | None) -> tuple[EngineOptions, dict[str, str]]:
    """Options of the settings; what they leave open by what was measured for the model, else what is usual.

    Returns the options, and why each of them, by setting; raises SettingsError where they do not go together.
    """
    by_hand = "by the settings"
    usual = "not measured: ragapp models tune"
    measured = f"measured on {tuned.day}" if tuned else usual

    threads = llm.threads or (tuned.threads if tuned else physical_cores())
    why_threads = by_hand if llm.threads else measured if tuned else "as many as there are cores"
    batch = llm.batch if llm.batch != "auto" else tuned.batch if tuned else BATCH_TOKENS
    why_batch = by_hand if llm.batch != "auto" else measured

    cache_type: str = llm.cache_type
    why_cache = by_hand
    if cache_type == "auto":
        cache_type, why_cache = (tuned.cache_type, measured) if tuned else ("f16", "exact")
        if llm.flash_attention is False and cache_type != "f16":
            cache_type, why_cache = "f16", "the measured one needs flash attention"
    if llm.flash_attention != "auto":
        flash, why_flash = llm.flash_attention, by_hand
    elif cache_type != "f16" and not (tuned and tuned.flash_attention):
        flash, why_flash = True, f"a cache in {cache_type} needs it"
    else:
        flash, why_flash = (tuned.flash_attention, measured) if tuned else (False, usual)

    if llm.repack != "auto":
        repack, why_repack = llm.repack, by_hand
    elif tuned and tuned.repack is not None:
        repack, why_repack = tuned.repack, measured
    else:
        repack, why_repack = repacking_pays(), usual

    if llm.gpu_layers != "auto":
        why_layers = f"{'all' if llm.gpu_layers == -1 else llm.gpu_layers}: {by_hand}"
    else:
        why_layers = "all: auto" if can_offload() else "none: this build of llama.cpp is for the processor"
    return EngineOptions(threads, batch, flash, cache_type, llm.gpu_layers, repack=repack), {
        "threads": f"{threads}: {why_threads}",
        "batch": f"{batch}: {why_batch}",
        "flash_attention": f"{'on' if flash else 'off'}: {why_flash}",
        "cache_type": f"{cache_type}: {why_cache}",
        "repack": f"{'on' if repack else 'off'}: {why_repack}",
        "gpu_layers": why_layers,
    }
