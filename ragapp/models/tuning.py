"""Measuring which options make a model fastest on this machine, and remembering it in the models folder.

For about a minute a typical question is timed: its prompt is read from an empty cache, and an answer is written behind
it.  All options are measured in turn, twice over, so that a machine that grows busy or hot meanwhile treats all alike.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.llamacpp import Context, LoadError, Model
from ragapp.llm.loading import load_model
from ragapp.llm.options import (
    CACHE_TYPES,
    EngineOptions,
    can_offload,
    can_repack,
    physical_cores,
    repacking_pays,
    usable_processors,
)
from ragapp.models.checks import read_json, write_json

FILE_NAME = ".tuning.json"
# what is measured for each of the options: tokens of a prompt at the most and at least, tokens of an answer
READ_TOKENS, LEAST_READ, WRITE_TOKENS = 448, 64, 10
# the question that is weighed: tokens that are read, tokens that are written
QUESTION = (450, 60)
ROUNDS = 2
BATCHES = (128, 512)
# less is noise; a cache in 8 bits changes what the model says a little, so it must be worth it
LEAST_GAIN, LEAST_GAIN_8BIT = 0.03, 0.05


@dataclass(frozen=True, slots=True)
class TunedOptions:
    """The fastest options found for a model; see :class:`EngineOptions`."""

    threads: int
    batch: int
    flash_attention: bool
    cache_type: str
    day: str  # when it was measured, as YYYY-MM-DD
    gain: float  # how much faster than without tuning, as a share
    repack: bool | None = None  # None where it was not measured


@dataclass(slots=True)
class Trial:
    """One set of options and what was measured of it: tokens a second, of a prompt and of an answer, each round."""

    options: EngineOptions
    reading: list[float] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """That the typical question takes, the best of the rounds."""
        return QUESTION[0] / max(self.reading) + QUESTION[1] / max(self.writing)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart, as a share."""
        each = [QUESTION[0] / r + QUESTION[1] / w for r, w in zip(self.reading, self.writing, strict=True)]
        return max(each) / min(each) - 1


@dataclass(frozen=True, slots=True)
class TuningResult:
    """All that was measured."""

    trials: tuple[Trial, ...]  # the first is that without tuning
    best: Trial  # the first where none is clearly faster
    uncertain: float  # how far the rounds of the first lie apart, as a share; above a tenth the machine had other work

    def tuned(self) -> TunedOptions:
        best, day = self.best.options, date.today().isoformat()
        gain = round(max(0.0, _gain(self.best, self.trials[0])), 3)
        return TunedOptions(
            best.threads_used, best.batch, best.flash_attention, best.cache_type, day, gain, best.repacks()
        )


def measure(
    path: Path, options: EngineOptions, *, seconds: float = 60.0, tell: Callable[[str], None] = lambda sentence: None
) -> TuningResult:
    """Try options for about so many ``seconds`` on a GGUF file that fits the memory; ``tell`` is told of each trial.

    The layers on the GPU stay as in ``options``. Raises ModelError where the model cannot be loaded.
    """
    first = EngineOptions(threads=physical_cores(), gpu_layers=options.gpu_layers, repack=repacking_pays())
    with closing(load_model(path, gpu_layers=first.layers_wanted(), repack=first.repacks())) as model:
        bench = _Bench(model)
        singles = candidates(first)
        length = bench.length(seconds / (ROUNDS * (len(singles) + 3)))
        # batches longer than the prompt are all the same
        trials = [Trial(one) for one in singles if one.batch == first.batch or one.batch <= 2 * length]
        trials = bench.run(trials, length, tell)
        combined = Trial(combine(trials))
        if all(combined.options != trial.options for trial in trials):
            trials += bench.run([combined], length, tell)
    # the layout is that of the weights in memory, so they are loaded again for the other one
    other = Trial(replace(choose(trials).options, repack=not first.repacks()))
    if can_repack():
        with closing(load_model(path, gpu_layers=first.layers_wanted(), repack=other.options.repacks())) as model:
            trials += _Bench(model).run([other], length, tell)
    return TuningResult(tuple(trials), choose(trials), trials[0].spread)


def candidates(first: EngineOptions) -> list[EngineOptions]:
    """What is tried: the options without tuning, and each change to them alone."""
    cores = physical_cores()
    threads = {usable_processors(), cores - 1 if cores >= 4 else cores, cores // 2 if cores >= 8 else cores} - {cores}
    return [
        first,
        *(replace(first, threads=number) for number in sorted(threads)),
        *(replace(first, batch=batch) for batch in BATCHES),
        replace(first, flash_attention=True),
        replace(first, flash_attention=True, cache_type="q8_0"),
    ]


def combine(trials: Sequence[Trial]) -> EngineOptions:
    """All changes together that were worth it alone."""
    first = trials[0]
    best = first.options
    for change in ("threads", "batch"):
        alone = [t for t in trials if replace(t.options, **{change: getattr(first.options, change)}) == first.options]
        best = replace(best, **{change: getattr(_fastest(alone).options, change)})
    attention = choose([t for t in trials if t is first or t.options.flash_attention])
    return replace(best, flash_attention=attention.options.flash_attention, cache_type=attention.options.cache_type)


def choose(trials: Sequence[Trial]) -> Trial:
    """The fastest of those that keep the cache exact, or one with 8 bits that is clearly faster still.

    The first is left only for a gain that is more than what its own rounds lie apart.
    """
    best = _fastest([trial for trial in trials if trial.options.cache_type == "f16"])
    short = [trial for trial in trials if trial.options.cache_type != "f16"]
    quickest = min(short, key=lambda trial: trial.seconds, default=best)
    return quickest if _gain(quickest, best) > max(LEAST_GAIN_8BIT, trials[0].spread) else best


def _fastest(trials: Sequence[Trial]) -> Trial:
    best = min(trials, key=lambda trial: trial.seconds)
    return best if _gain(best, trials[0]) > max(LEAST_GAIN, min(trials[0].spread, 0.1)) else trials[0]


def _gain(trial: Trial, other: Trial) -> float:
    return 1 - trial.seconds / other.seconds


class _Bench:
    """Makes one context after the other for a loaded model."""

    def __init__(self, model: Model):
        self._model = model
        # plain words, as far as the vocabulary has some
        text = "The committee met on Tuesday and agreed on the budget for the next year. " * 60
        tokens = model.tokenize(text, add_bos=True)
        self._tokens = (tokens * (READ_TOKENS // max(1, len(tokens)) + 1))[:READ_TOKENS]

    def length(self, seconds: float) -> int:
        """Tokens of a prompt that are read, and an answer behind it, in so many seconds."""
        speeds = self._time(EngineOptions(), LEAST_READ)
        if not speeds:
            raise ModelError("The model cannot be measured: llama.cpp makes no context for it.", "Free some memory.")
        read, written = speeds
        room = (seconds - WRITE_TOKENS / written) * read
        return int(min(READ_TOKENS, max(LEAST_READ, room)))

    def run(self, trials: list[Trial], length: int, tell: Callable[[str], None]) -> list[Trial]:
        """Those that this model can do, measured."""
        able = list(trials)
        for number in range(ROUNDS):
            for trial in list(able):
                speeds = self._time(trial.options, length)
                if not speeds:
                    able.remove(trial)
                    continue
                trial.reading.append(speeds[0])
                trial.writing.append(speeds[1])
                tell(f"round {number + 1} of {ROUNDS}: {trial.options}: {speeds[0]:.0f} and {speeds[1]:.1f} tokens/s")
        return able

    def _time(self, options: EngineOptions, length: int) -> tuple[float, float] | None:
        """Tokens a second of reading and of writing; None where the model cannot work so."""
        try:
            context = Context(self._model, READ_TOKENS + WRITE_TOKENS + 32, options)
        except LoadError:
            return None
        with closing(context):
            try:
                context.decode(self._tokens[:1])  # the first token pays for what is set up once
            except ModelError:
                return None
            context.truncate(0)
            context.wait()
            started = time.perf_counter()
            context.decode(self._tokens[:length])
            context.wait()
            read = time.perf_counter()
            for token in self._tokens[:WRITE_TOKENS]:
                context.decode([token])
                context.wait()
            written = time.perf_counter()
        return length / (read - started), WRITE_TOKENS / (written - read)


@cache
def machine() -> str:
    """This machine, as far as the speed of a model depends on it."""
    gpu = ", GPU build" if can_offload() else ""
    return f"{_processor()}, {usable_processors()} processors, llama-cpp-python {version('llama-cpp-python')}{gpu}"


def read_tuned(models_dir: Path, model: Path) -> TunedOptions | None:
    """What was measured for a model file on this machine; None where nothing was, or the file is another since."""
    entry = read_json(models_dir / FILE_NAME, dict[str, object]()).get(_key(model))
    found = entry.get(machine()) if isinstance(entry, dict) else None
    if not isinstance(found, dict):
        return None
    try:
        tuned = TunedOptions(**found)
        plain = isinstance(tuned.flash_attention, bool) and isinstance(tuned.day, str) and float(tuned.gain) >= 0
        sound = 1 <= tuned.threads <= 1024 and 1 <= tuned.batch <= 8192 and tuned.cache_type in CACHE_TYPES
        plain = plain and (tuned.repack is None or isinstance(tuned.repack, bool))
    except (TypeError, ValueError):
        return None
    needs_flash = tuned.cache_type != "f16" and not tuned.flash_attention
    return tuned if plain and sound and not needs_flash else None


def write_tuned(models_dir: Path, model: Path, tuned: TunedOptions) -> Path:
    """Remember what was measured, in the file that is returned; raises ModelError where it cannot be written."""
    file = models_dir / FILE_NAME
    tree = read_json(file, dict[str, object]())
    name, key = f"{model.name} ", _key(model)
    # what was measured for an earlier file of the same name is of no use any more
    tree = {other: entry for other, entry in tree.items() if other == key or not other.startswith(name)}
    entry = tree.get(key)
    tree[key] = {**(entry if isinstance(entry, dict) else {}), machine(): asdict(tuned)}
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        write_json(file, tree)
    except OSError as error:
        message = f"What was measured cannot be written to {file}: {error.strerror or error}."
        raise ModelError(message, "Check paths.models.") from None
    return file


def _key(model: Path) -> str:
    state = model.stat()
    return f"{model.name} {state.st_size} {state.st_mtime_ns}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
