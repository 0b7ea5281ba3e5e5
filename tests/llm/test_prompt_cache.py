"""What is kept of read prompts, with the real llama.cpp."""

import pytest

from ragapp.llm.loading import load_context
from ragapp.llm.options import EngineOptions
from ragapp.llm.prompt_cache import LEAST_TOKENS, PromptCache
from ragapp.models.packs import get_pack

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def context(models_dir):
    path = get_pack("smollm2-135m-instruct").target(models_dir)
    context, _ = load_context(path, 512, EngineOptions(threads=1), 0)
    yield context
    context.close()
    context.model.close()


def read(cache, word, count=LEAST_TOKENS + 24):
    """Read a prompt; what of it can be taken back."""
    tokens = cache._context.model.tokenize(f"{word} " * count)[:count]
    cache.read(tokens)
    return tokens[: cache._context.cutting.tail(count)]


def test_short_prompts_are_not_kept(context):
    cache = PromptCache(context)
    read(cache, "red", LEAST_TOKENS - 1)
    cache.save()
    assert len(cache) == 0


def test_the_longest_shared_beginning_is_taken_back(context):
    cache = PromptCache(context)
    red = read(cache, "red")
    blue = read(cache, "blue")
    cache.save()
    assert len(cache) == 2
    assert cache.restore(blue, len(blue)) == len(blue)
    assert cache.restore([*red, 5, 6], 0) == len(red)
    assert context.tokens == red
    assert cache.restore(red[:10], 0) == 0


def test_a_longer_reading_replaces_the_shorter_one(context):
    cache = PromptCache(context)
    tokens = read(cache, "red")
    cache.save()
    longer = read(cache, "red", 2 * LEAST_TOKENS)
    cache.save()
    assert len(cache) == 1
    assert cache.restore([*longer, 7], 0) == len(longer) > len(tokens)


def test_what_was_written_is_not_taken_back(context):
    cache = PromptCache(context)
    tokens = read(cache, "red")
    whole = list(context.tokens)
    context.decode([5])
    kept, _ = cache.read([*whole, 5, *whole])
    assert kept == len(tokens)


def test_the_memory_is_bounded_and_the_oldest_goes(context):
    whole = PromptCache(context)
    prompts = [read(whole, "one")]
    whole.save()
    size = len(whole._saved[0].state)
    cache = PromptCache(context, most_bytes=int(2.5 * size))
    read(cache, "one")
    for word in ("two", "three", "four"):
        prompts.append(read(cache, word))
        cache.save()
    assert len(cache) == 2
    assert cache.restore(prompts[0], 0) == 0
    assert cache.restore(prompts[3], 0) == len(prompts[3])
