"""The same prompt gives the same numbers to the bit, whatever was read before it."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from ragapp.llm.batches import LEAST, Cutting, choose_cutting
from ragapp.llm.engine import Engine
from ragapp.llm.loading import load_context
from ragapp.llm.options import EngineOptions
from ragapp.llm.prompt_cache import PromptCache
from ragapp.models.packs import get_pack

SYSTEM = {"role": "system", "content": "You answer questions about documents. Use only the numbered passages."}
PASSAGES = (
    "The lease of the warehouse in Tolmin ends on 30 June; the deposit of 4,200 euros is paid back within six weeks.",
    "Overtime is paid from the third hour of a week on, or taken as free time within the quarter, as the person likes.",
    "The boiler is looked after each October by Hartig & Sons; the certificate hangs in the cellar beside the door.",
)
ASKED = (
    "When does the lease end?",
    "Who looks after the boiler?",
    "How is overtime paid?",
    "Where does the certificate hang?",
    "How much is the deposit?",
)


def chat(passage: str, question: str, last: str = "Do the passages state the answer? Reply Yes or No."):
    return [SYSTEM, {"role": "user", "content": f"Passages:\n[1] {passage}\n\nQuestion: {question}\n{last}"}]


def answer(engine: Engine, passage: str, question: str) -> tuple[float, list[str]]:
    """The probability of yes, and the pieces of what the model writes then."""
    yes = engine.choice_probabilities(chat(passage, question), ("Yes", "No"))[0]
    told = engine.generate(chat(passage, question, "Answer in one short sentence."), max_tokens=12)
    return yes, list(told)


FRESH = """
import json, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_determinism import PASSAGES, ASKED, Engine, EngineOptions, answer
engine = Engine(Path({path!r}), "m", context=2048, options=EngineOptions(threads=1))
print(json.dumps(answer(engine, PASSAGES[0], ASKED[0])))
"""


def hold(path, tmp_path_factory) -> None:
    """Ask one question cold, warm, after ten others, and after a restart."""
    engine = Engine(path, "m", context=2048, options=EngineOptions(threads=1))
    cold = answer(engine, PASSAGES[0], ASKED[0])
    assert answer(engine, PASSAGES[0], ASKED[0]) == cold
    for passage in (PASSAGES[1], PASSAGES[2]):
        for question in ASKED:
            engine.choice_probabilities(chat(passage, question), ("Yes", "No"))
    assert answer(engine, PASSAGES[0], ASKED[0]) == cold
    engine.close()
    assert answer(engine, PASSAGES[0], ASKED[0]) == cold
    engine.close()
    tests = __file__.rsplit("/", 1)[0]
    program = FRESH.format(tests=tests, path=str(path))
    folder = tmp_path_factory.mktemp("fresh")
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    probability, pieces = json.loads(done.stdout)
    assert (probability, pieces) == cold


@pytest.mark.real
def test_the_same_question_gives_the_same_answer(models_dir, tmp_path_factory):
    hold(get_pack("smollm2-135m-instruct").target(models_dir), tmp_path_factory)


@pytest.mark.real
@pytest.mark.parametrize(
    "options",
    [
        EngineOptions(threads=1, repack=False),
        EngineOptions(threads=1, repack=True),
        EngineOptions(threads=1, batch=40),
        EngineOptions(threads=1, flash_attention=True),
    ],
    ids=["plain", "repacked", "small batches", "flash attention"],
)
def test_logits_do_not_depend_on_what_was_read_before(models_dir, options):
    """Prompts of all lengths that share beginnings of all lengths, in any order, against an empty cache."""
    context, _ = load_context(get_pack("smollm2-135m-instruct").target(models_dir), 512, options, 0)
    chance = random.Random(7)
    words = context.model.tokenize(" ".join(PASSAGES + ASKED) * 2)
    prompts = []
    for length in (9, 101, 164):
        part = chance.randrange(length)
        prompts += [words[:length], [*words[:part], *words[200 : 200 + length - part]]]
    expected = []
    for prompt in prompts:
        context.truncate(0)
        PromptCache(context).read(prompt)
        expected.append(context.logits().copy())
    cache = PromptCache(context)
    for place in [*range(len(prompts)), *chance.choices(range(len(prompts)), k=4)]:
        kept, _ = cache.read(prompts[place])
        assert kept <= len(prompts[place]) - LEAST or not kept
        assert np.array_equal(context.logits(), expected[place]), (place, kept)
        context.decode(words[:3])  # what is written after it
    context.close()
    context.model.close()


@pytest.mark.parametrize(
    "cutting",
    [Cutting(8, 256), Cutting(8, 256, True), Cutting(8, 8), Cutting(8, 8, True), Cutting(64, 64), Cutting(64, 256)],
)
def test_batches_end_at_places_that_depend_on_the_prompt_alone(cutting):
    for length in range(1, 600):
        tail = cutting.tail(length)
        assert length < LEAST or length - tail >= LEAST
        assert length - tail <= cutting.longest
        for shared in range(0, length + 1, 7):
            kept = cutting.kept(shared, length)
            assert shared - cutting.grain - LEAST < kept <= min(shared, tail) or kept == tail
            ends = cutting.ends(kept, length)
            sizes = [end - begin for begin, end in zip([kept, *ends], ends, strict=False)]
            assert sum(sizes) == length - kept
            assert all(size % cutting.grain == 0 and size <= cutting.most for size in sizes[:-1])
            assert LEAST <= sizes[-1] <= cutting.longest or length < LEAST
            before = ends[-2] if ends[1:] else kept
            assert before == tail or (cutting.joined and before % cutting.grain == 0)
            # where a memory is kept before the last batch, that is a batch of its own
            assert tail in (kept, *cutting.ends(kept, length, [tail]))


def test_batches_follow_the_kernels():
    assert choose_cutting(256, flash=False, gpu=False, machine="arm64") == (8, 256, False)
    assert choose_cutting(256, flash=False, gpu=False, machine="AMD64") == (8, 256, True)
    assert choose_cutting(100, flash=False, gpu=False, machine="aarch64") == (8, 96, False)
    assert choose_cutting(16, flash=True, gpu=False, machine="x86_64") == (64, 64, False)
    assert choose_cutting(512, flash=False, gpu=True, machine="x86_64") == (64, 64, False)


def test_a_short_prompt_is_one_batch_where_the_kernels_allow_it():
    assert Cutting(8, 256, True).ends(40, 92) == [92]
    assert Cutting(8, 256).ends(40, 92) == [80, 92]
    assert Cutting(8, 256, True).ends(0, 262) == [248, 262]
    assert Cutting(8, 256, True).ends(0, 600) == [256, 512, 600]
