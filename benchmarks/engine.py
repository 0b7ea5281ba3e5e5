"""How fast is ragapp's engine, beside bare llama-cpp-python with its defaults and with the same options?

All sides answer the same chats in turn, each in a process of its own that has loaded the model before the clock starts.
No two chats share more than the template's first tokens, so every prompt is read whole.  The bare library with the same
options takes part twice: what its two sides differ in is the noise of the machine, and the mean of both is what the
others are compared with, round by round.

OMP_WAIT_POLICY=PASSIVE in the environment gives the bare sides the sleeping threads that ragapp chooses for itself.

With ``--llama-bench PROGRAM`` llama.cpp's own measure takes the place of the bare library: it reads as many tokens, and
writes as many behind them, at random, without a sampler or a text.  It is built from the source archive of
llama-cpp-python, so that the revision is the same (``vendor/llama.cpp``, target ``llama-bench``).  It writes all of the
tokens; where an answer ends sooner, the tokens a second of the two are not of the same length.

With ``--layouts`` ragapp's engine is compared with itself: weights as they are in the file beside weights that are laid
out anew (``llm.repack``).  The bare library and llama-bench always lay them out anew.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from ragapp.llm.engine import Engine
from ragapp.llm.options import CACHE_TYPES, EngineOptions
from ragapp.models.gguf import read_model
from ragapp.models.memory import fitting_context, free_memory
from ragapp.models.planning import choose_options
from ragapp.models.tuning import read_tuned
from ragapp.settings import Llm

SENTENCE = (
    "Report {n}: in week {n} the committee met on Tuesday, heard the engineer about pump {n}, agreed on a budget of"
    " {n},400 francs, and asked the office to order the parts before the end of the month. "
)
Chat = list[dict[str, str]]
AGAIN = "the same once more"


def chat(number: int, sentences: int) -> list[dict[str, str]]:
    """A chat that begins as no other does, with a passage of so many sentences."""
    passage = "".join(SENTENCE.format(n=100 * number + place) for place in range(sentences))
    return [{"role": "user", "content": f"{passage}\n\nTell the story of these weeks in your own words, at length."}]


def bare(path: Path, context: int, tokens: int, options: dict) -> Callable[[Chat], Iterator[str]]:
    """llama-cpp-python as its documentation shows it."""
    from llama_cpp import Llama

    llama = Llama(str(path), n_ctx=context, verbose=False, **options)

    def ask(messages: Chat) -> Iterator[str]:
        for event in llama.create_chat_completion(messages, max_tokens=tokens, temperature=0.0, stream=True):
            if text := event["choices"][0]["delta"].get("content"):
                yield text

    return ask


def for_llama(options: EngineOptions) -> dict[str, object]:
    """The same options as arguments of ``Llama``."""
    return {
        "n_batch": options.batch,
        "n_ubatch": options.batch,
        "n_threads": options.threads_used,
        "n_threads_batch": options.threads_used,
        "n_gpu_layers": options.layers_wanted(),
        "flash_attn": options.flash_attention,
        "type_k": CACHE_TYPES[options.cache_type],
        "type_v": CACHE_TYPES[options.cache_type],
    }


def ours(path: Path, context: int, tokens: int, options: EngineOptions) -> Callable[[Chat], Iterator[str]]:
    """ragapp's engine."""
    engine = Engine(path, path.stem, context=context, options=options)
    engine.load()
    return lambda messages: engine.generate(messages, max_tokens=tokens)


def serve(connection: Connection, kind: Callable, *arguments: object) -> None:
    """Load a side, and time it for each chat that comes."""
    side = kind(*arguments)
    connection.send("ready")
    while (messages := connection.recv()) is not None:
        started = time.perf_counter()
        pieces, first = [], 0.0
        for piece in side(messages):
            first = first or time.perf_counter()
            pieces.append(piece)
        ended = time.perf_counter()
        connection.send((first - started, (len(pieces) - 1) / (ended - first), "".join(pieces)))


class Side:
    """One of those that are compared, in a process of its own."""

    def __init__(self, kind: Callable, *arguments: object):
        spawn = get_context("spawn")
        self._connection, other = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(other, kind, *arguments), daemon=True)
        self._process.start()
        self._connection.recv()
        self.figures: list[tuple[float, float, str]] = []

    def ask(self, messages: Chat) -> tuple[float, float, str]:
        """Seconds to the first piece, pieces a second from then on, the text."""
        self._connection.send(messages)
        return self._connection.recv()

    def close(self) -> None:
        """End the process."""
        self._connection.send(None)
        self._process.join()


class LlamaBench:
    """llama.cpp's own program as a side: it is started for each chat, and its clock runs when the model is loaded."""

    def __init__(self, program: Path, model: Path, options: EngineOptions, tokens: int):
        engine = Engine(model, model.stem, context=512, options=options)
        self._prompt_tokens = lambda messages: len(engine.prompt_tokens(messages))
        self._close = engine.close
        self._tokens = tokens
        common = ["-m", model, "-r", 1, "-t", options.threads_used, "-b", options.batch, "-ub", options.batch]
        common += ["-fa", int(options.flash_attention), "-ngl", options.layers_wanted(), "-o", "json"]
        self._command = [str(part) for part in (program, *common)]
        self.figures: list[tuple[float, float, str]] = []

    def ask(self, messages: Chat) -> tuple[float, float, str]:
        """Seconds to read as many tokens as a chat has, tokens a second that are written behind them, no text."""
        count = self._prompt_tokens(messages)
        read = self._measure("-p", count, "-n", 0)
        return count / read, self._measure("-p", 0, "-n", self._tokens, "-d", count), ""

    def _measure(self, *what: object) -> float:
        done = subprocess.run([*self._command, *map(str, what)], check=True, capture_output=True, text=True)
        return float(json.loads(done.stdout)[0]["avg_ts"])

    def close(self) -> None:
        """Nothing runs between chats."""
        self._close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=5, help="length of the passage, about 50 tokens each")
    parser.add_argument("--tokens", type=int, default=40, help="length of the answer")
    parser.add_argument("--tuned", action="store_true", help="with what `ragapp models tune` found for the file")
    parser.add_argument("--layouts", action="store_true", help="both layouts of the weights, nothing else")
    parser.add_argument("--llama-bench", type=Path, metavar="PROGRAM", help="beside llama.cpp's own measure")
    arguments = parser.parse_args()
    path, tokens = arguments.model, arguments.tokens
    options, _ = choose_options(Llm(), read_tuned(path.parent, path) if arguments.tuned else None)
    context = fitting_context(read_model(path), path.stem, 2048, options.batch, free_memory())
    sides: dict[str, Side | LlamaBench]
    if arguments.llama_bench:
        sides = {name: LlamaBench(arguments.llama_bench, path, options, tokens) for name in ("llama-bench", AGAIN)}
    elif arguments.layouts:
        told = {True: "weights laid out anew", False: "weights as in the file"}
        own = options.repacks()
        sides = {
            told[own]: Side(ours, path, context, tokens, options),
            AGAIN: Side(ours, path, context, tokens, options),
            told[not own]: Side(ours, path, context, tokens, replace(options, repack=not own)),
        }
    else:
        sides = {
            "llama-cpp-python, the same options": Side(bare, path, context, tokens, for_llama(options)),
            AGAIN: Side(bare, path, context, tokens, for_llama(options)),
            "llama-cpp-python, its defaults": Side(bare, path, context, tokens, {}),
        }
    if not arguments.layouts:
        sides["ragapp"] = Side(ours, path, context, tokens, options)
    names = list(sides)
    shuffled = random.Random(0)
    print(f"{path.name}, {options}, window {context}")
    for side in sides.values():  # weights into memory
        side.ask(chat(0, 1))
    for number in range(arguments.rounds):
        for name in shuffled.sample(names, len(names)):
            sides[name].figures.append(sides[name].ask(chat(number + 1, arguments.sentences)))
            first, speed, _ = sides[name].figures[-1]
            print(f"round {number + 1}, {name}: {first:.2f} s, {speed:.2f} tokens/s", file=sys.stderr, flush=True)
    for side in sides.values():
        side.close()
    figures = {name: side.figures for name, side in sides.items()}
    print("| | first token, s | tokens/s | first token against the first two | tokens/s against them |")
    print("|---|---|---|---|---|")
    pairs = list(zip(figures[names[0]], figures[AGAIN], strict=True))
    for name in names:
        first, speed = (statistics.median(figure[place] for figure in figures[name]) for place in (0, 1))
        ratios = [
            statistics.median(
                figure[place] / statistics.mean((one[place], other[place]))
                for figure, (one, other) in zip(figures[name], pairs, strict=True)
            )
            for place in (0, 1)
        ]
        print(f"| {name} | {first:.2f} | {speed:.2f} | {ratios[0]:.3f} | {ratios[1]:.3f} |")
    if arguments.llama_bench:
        return
    equal = sum(own[2] == one[2] for own, (one, _) in zip(figures[names[-1]], pairs, strict=True))
    print(f"The same text as the first: {equal} of {arguments.rounds}.")


if __name__ == "__main__":
    main()
