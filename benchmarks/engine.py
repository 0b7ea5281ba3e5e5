"""How fast is ragapp's engine, beside bare llama-cpp-python with its defaults and with the same options?

All sides answer the same chats in turn, in one process, each with the model loaded once before the clock starts.  No
two chats share more than the template's first tokens, so every prompt is read whole.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ragapp.llm.engine import Engine
from ragapp.llm.options import EngineOptions
from ragapp.models.fit import fitting_context, free_memory
from ragapp.models.planning import choose_options
from ragapp.models.shards import read_model
from ragapp.models.tuned import read_tuned
from ragapp.settings import Llm

SENTENCE = (
    "Report {n}: in week {n} the committee met on Tuesday, heard the engineer about pump {n}, agreed on a budget of"
    " {n},400 francs, and asked the office to order the parts before the end of the month. "
)
Side = Callable[[list[dict[str, str]]], Iterator[object]]


def chat(number: int, sentences: int) -> list[dict[str, str]]:
    """A chat that begins as no other does, with a passage of so many sentences."""
    passage = "".join(SENTENCE.format(n=100 * number + place) for place in range(sentences))
    return [{"role": "user", "content": f"{passage}\n\nTell the story of these weeks in your own words, at length."}]


def bare(path: Path, context: int, tokens: int, **options) -> Side:
    """llama-cpp-python as its documentation shows it."""
    from llama_cpp import Llama

    llama = Llama(str(path), n_ctx=context, verbose=False, **options)

    def ask(messages):
        for event in llama.create_chat_completion(messages, max_tokens=tokens, temperature=0.0, stream=True):
            if event["choices"][0]["delta"].get("content"):
                yield event["choices"][0]["delta"]["content"]

    return ask


def ours(path: Path, context: int, tokens: int, options: EngineOptions) -> Side:
    """ragapp's engine."""
    engine = Engine(path, path.stem, context=context, options=options)
    engine.load()
    return lambda messages: engine.generate(messages, max_tokens=tokens)


def timed(side: Side, messages: list[dict[str, str]]) -> tuple[float, float, str]:
    """Seconds to the first piece, pieces a second from then on, the text."""
    started = time.perf_counter()
    pieces, first = [], 0.0
    for piece in side(messages):
        first = first or time.perf_counter()
        pieces.append(piece)
    ended = time.perf_counter()
    return first - started, (len(pieces) - 1) / (ended - first), "".join(pieces)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=5, help="length of the passage, about 50 tokens each")
    parser.add_argument("--tokens", type=int, default=40, help="length of the answer")
    parser.add_argument("--tuned", action="store_true", help="with what `ragapp models tune` found for the file")
    arguments = parser.parse_args()
    path, tokens = arguments.model, arguments.tokens
    options, _ = choose_options(Llm(), read_tuned(path.parent, path) if arguments.tuned else None)
    context = fitting_context(read_model(path), path.stem, 2048, options.batch, free_memory())
    sides = {
        "llama-cpp-python, its defaults": bare(path, context, tokens),
        "llama-cpp-python, the same options": bare(path, context, tokens, **options.for_llama()),
        "ragapp": ours(path, context, tokens, options),
    }
    names = list(sides)
    print(f"{path.name}, {options}, window {context}")
    for name in names:  # weights into memory
        timed(sides[name], chat(0, 1))
    figures: dict[str, list[tuple[float, float, str]]] = {name: [] for name in names}
    for number in range(arguments.rounds):
        for name in names[number % 3 :] + names[: number % 3]:
            figures[name].append(timed(sides[name], chat(number + 1, arguments.sentences)))
    print("| | first token, s | tokens/s | first token against the same options | tokens/s against them |")
    print("|---|---|---|---|---|")
    same = figures[names[1]]
    for name in names:
        first, speed = (statistics.median(figure[place] for figure in figures[name]) for place in (0, 1))
        # round by round, as the machine changes
        waits = statistics.median(own[0] / other[0] for own, other in zip(figures[name], same, strict=True))
        speeds = statistics.median(own[1] / other[1] for own, other in zip(figures[name], same, strict=True))
        print(f"| {name} | {first:.2f} | {speed:.2f} | {waits:.3f} | {speeds:.3f} |")
    equal = sum(own[2] == other[2] for own, other in zip(figures["ragapp"], same, strict=True))
    print(f"The same text as with the same options: {equal} of {arguments.rounds}.")


if __name__ == "__main__":
    main()
