"""Every kind of memory that llama.cpp has: loading, templates, cutting back, saving and restoring."""

import pytest
from test_determinism import ASKED, PASSAGES, chat
from tinykit import PLAIN, RECURRENT, write_tiny

from ragapp.llm.engine import Engine
from ragapp.llm.options import EngineOptions
from ragapp.llm.prompt_cache import LEAST_TOKENS


@pytest.fixture(params=[*PLAIN, *RECURRENT])
def engine(request, tmp_path_factory):
    path = write_tiny(tmp_path_factory.mktemp("tiny"), request.param)
    engine = Engine(path, request.param, context=2048, options=EngineOptions(threads=1))
    yield engine
    engine.close()


def weigh(engine, passage, question):
    return engine.choice_probabilities(chat(PASSAGES[passage], ASKED[question]), ("Yes", "No"))


def write(engine, passage, question):
    messages = chat(PASSAGES[passage], ASKED[question], "Answer in one short sentence.")
    return list(engine.generate(messages, max_tokens=8))


def test_what_was_read_is_taken_back_and_changes_nothing(engine):
    context = engine._context
    assert context.can_cut == (engine.name in PLAIN)
    assert "<|im_start|>assistant\n" in engine.template.render(chat(PASSAGES[0], ASKED[0]), False)
    cold = weigh(engine, 0, 0), write(engine, 0, 0)
    # the instruction is new, the passage is not
    shared = engine.stats.cached_tokens
    assert shared > len(PASSAGES[0])
    for passage, question in ((1, 1), (2, 2), (1, 3)):
        weigh(engine, passage, question)
        write(engine, passage, question)
        assert engine.stats.cached_tokens > len(PASSAGES[passage])
    assert (weigh(engine, 0, 0), write(engine, 0, 0)) == cold
    # by now both prompts are known to nearly their ends
    assert engine.stats.prompt_tokens - engine.stats.cached_tokens < 16
    weigh(engine, 0, 4)
    after = write(engine, 0, 4)
    assert engine.stats.cached_tokens >= shared - LEAST_TOKENS
    engine.close()
    assert write(engine, 0, 4) == after
    assert (weigh(engine, 0, 0), write(engine, 0, 0)) == cold


def test_what_all_chats_begin_with_is_read_ahead(engine):
    opening = [chat("", "")[0], {"role": "user", "content": "Passages:\n"}]
    shared = engine.prefill(opening)
    assert shared > LEAST_TOKENS
    told = write(engine, 0, 0)
    assert shared - 32 < engine.stats.cached_tokens <= shared
    engine.close()
    assert write(engine, 0, 0) == told
