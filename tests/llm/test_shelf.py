"""What is kept of read prompts, with the real llama.cpp."""

import pytest

from ragapp.llm.loading import load_llama
from ragapp.llm.shelf import LEAST_TOKENS, Shelf
from ragapp.models.packs import get_pack

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def llama(models_dir):
    llama = load_llama(get_pack("smollm2-135m-instruct").target(models_dir), n_ctx=512, n_threads=1)
    yield llama
    llama.close()


def read(llama, word, count=LEAST_TOKENS + 10):
    tokens = llama.tokenize((f"{word} " * count).encode(), add_bos=False)[:count]
    llama.reset()
    llama.eval(tokens)
    return tokens


def test_short_prompts_are_not_kept(llama):
    shelf = Shelf(llama)
    read(llama, "red", LEAST_TOKENS - 1)
    shelf.put_aside()
    assert len(shelf) == 0


def test_the_longest_shared_beginning_is_taken_back(llama):
    shelf = Shelf(llama)
    red = read(llama, "red")
    shelf.put_aside()
    blue = read(llama, "blue")
    shelf.put_aside()
    assert shelf.take_back(blue, len(blue)) == len(blue)
    assert shelf.take_back([*red, 5, 6], 0) == len(red)
    assert llama._input_ids.tolist() == red
    assert shelf.take_back(red[:10], 0) == 0


def test_a_longer_reading_replaces_the_shorter_one(llama):
    shelf = Shelf(llama)
    tokens = read(llama, "red")
    shelf.put_aside()
    llama.eval(tokens[:20])
    shelf.put_aside()
    assert len(shelf) == 1
    assert shelf.take_back([*tokens, *tokens[:20], 7], 0) == len(tokens) + 20


def test_the_memory_is_bounded_and_the_oldest_goes(llama):
    whole = Shelf(llama)
    first = read(llama, "one")
    whole.put_aside()
    size = len(whole._kept[0].state)
    shelf = Shelf(llama, most_bytes=int(2.5 * size))
    prompts = [first]
    shelf.put_aside()
    for word in ("two", "three", "four"):
        prompts.append(read(llama, word))
        shelf.put_aside()
    assert len(shelf) == 2
    assert shelf.take_back(prompts[0], 0) == 0
    assert shelf.take_back(prompts[3], 0) == len(prompts[3])
