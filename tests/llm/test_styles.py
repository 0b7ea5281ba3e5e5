import ctypes
import json
from pathlib import Path

import pytest
from chatkit import CHATS, SYSTEM
from hypothesis import given
from hypothesis import strategies as st

from ragapp.llm.chat import fold
from ragapp.llm.rehearsal import rehearse
from ragapp.llm.styles import CHOICES, STYLES

RECORDED = sorted(Path(__file__).parent.glob("references/*.json"))
REFERENCES = {path.stem: json.loads(path.read_text("utf-8")) for path in RECORDED}
# llama.cpp's own renderers of the same families; it leaves the beginning of the sequence to the tokenizer
LLAMA_CPP = {
    "chatml": "chatml",
    "gemma": "gemma",
    "phi3": "phi3",
    "phi4": "phi4",
    "mistral-v1": "mistral-v1",
    "mistral-v3": "mistral-v3",
    "mistral-v3-tekken": "mistral-v3-tekken",
    "mistral-v7": "mistral-v7",
    "mistral-v7-tekken": "mistral-v7-tekken",
    "llama3": "llama3",
    "command-r": "command-r",
}


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("style", REFERENCES)
def test_a_style_writes_what_the_publishers_template_writes(style, name):
    reference = REFERENCES[style]
    assert STYLES[style].render(CHATS[name], reference["bos"], reference["eos"]) == reference["prompts"][name]


def test_every_style_but_the_plain_one_has_a_reference():
    assert set(STYLES) - {"plain"} == set(REFERENCES)


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("style", LLAMA_CPP)
def test_a_style_writes_what_llama_cpp_writes(style, name):
    # white space at the ends of contents is trimmed here and there in different ways; the references look at it
    turns = [{"role": turn["role"], "content": turn["content"].strip()} for turn in CHATS[name]]
    ours = STYLES[style].render(turns, "", REFERENCES[style]["eos"])
    assert ours == by_llama_cpp(LLAMA_CPP[style], turns)


def by_llama_cpp(template, turns):
    llama_cpp = pytest.importorskip("llama_cpp")
    chat = (llama_cpp.llama_chat_message * len(turns))(
        *(llama_cpp.llama_chat_message(turn["role"].encode(), turn["content"].encode()) for turn in turns)
    )
    buffer = ctypes.create_string_buffer(8192)
    size = llama_cpp.llama_chat_apply_template(template.encode(), chat, len(turns), True, buffer, len(buffer))
    assert 0 < size <= len(buffer), template
    return buffer.raw[:size].decode()


def test_the_plain_style():
    assert STYLES["plain"].render(CHATS["1 with system"], "", "") == (
        f"{SYSTEM}\n\nUser: What does section 2 say?\n\nAssistant:"
    )


def test_a_finished_chat_ends_with_the_familys_own_mark():
    turns = [*CHATS["1"], {"role": "assistant", "content": "A"}]
    assert STYLES["vicuna"].render(turns, "", "", generation=False).endswith(" ASSISTANT: A</s>")
    assert STYLES["vicuna"].render(turns, "", "<|end|>", generation=False).endswith(" ASSISTANT: A<|end|>")
    assert STYLES["zephyr"].render(CHATS["1"], "", "") == "<|user|>\nWhat does section 2 say?</s>\n<|assistant|>\n"


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_every_style_passes_the_rehearsal(style):
    bos, eos = "<s>", "</s>"

    def render(turns, generation):
        return style.render(turns, bos, eos, generation=generation)

    assert rehearse(render, system=style.takes_system, bos=bos, eos=eos).writes_bos == style.writes_bos


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_every_style_knows_where_an_answer_ends(style):
    turns = [*CHATS["1"], {"role": "assistant", "content": "ANSWER"}, {"role": "user", "content": "QUESTION"}]
    prompt = style.render(turns, "<s>", "")
    after_answer = prompt[prompt.index("ANSWER") + len("ANSWER") :]
    assert any(
        after_answer.lstrip(" ").startswith(stop) or stop in after_answer.partition("QUESTION")[0]
        for stop in style.stop
    )


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@given(words=st.lists(st.text("ab{}b\nos", min_size=1, max_size=12), min_size=1, max_size=6), system=st.booleans())
def test_no_style_loses_or_changes_a_content(style, words, system):
    contents = [f"«{word}»" for word in words]
    turns = [{"role": "user", "content": content} for content in contents]
    for turn in turns[1::2]:
        turn["role"] = "assistant"
    if system:
        turns.insert(0, {"role": "system", "content": "«system»"})
    prompt, at = style.render(turns, "<s>", "</s>"), 0
    for turn in turns:
        at = prompt.index(turn["content"], at) + len(turn["content"])


def test_the_choices_of_the_setting():
    assert CHOICES[0] == "auto"
    assert len(set(CHOICES)) == len(CHOICES)
    assert {
        "llama2",
        "llama3",
        "mistral",
        "chatml",
        "gemma",
        "phi3",
        "phi4",
        "zephyr",
        "alpaca",
        "vicuna",
        "deepseek-r1",
        "command-r",
        "plain",
    } <= set(CHOICES)


def turn(role, content):
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    ("turns", "system", "folded"),
    [
        ([("system", "S"), ("user", "U")], True, [("system", "S"), ("user", "U")]),
        ([("system", "S"), ("user", "U")], False, [("user", "S\n\nU")]),
        ([("system", " \n"), ("user", "U")], False, [("user", "U")]),
        ([("system", ""), ("user", "U")], True, [("user", "U")]),
        ([("user", "1"), ("user", "2"), ("assistant", "A")], True, [("user", "1\n\n2"), ("assistant", "A")]),
        ([("user", "1"), ("user", "")], True, [("user", "1")]),
        ([("assistant", "A"), ("user", "U")], True, [("user", "…"), ("assistant", "A"), ("user", "U")]),
        (
            [("system", "S"), ("assistant", "A"), ("user", "U")],
            True,
            [("system", "S"), ("user", "…"), ("assistant", "A"), ("user", "U")],
        ),
        (
            [("system", "S"), ("assistant", "A"), ("user", "U")],
            False,
            [("user", "S"), ("assistant", "A"), ("user", "U")],
        ),
        ([("system", "S")], True, [("system", "S"), ("user", "…")]),
        ([("system", "S")], False, [("user", "S")]),
        ([("system", "1"), ("system", "2"), ("user", "U")], True, [("system", "1\n\n2"), ("user", "U")]),
        ([("user", "U"), ("system", "S"), ("assistant", "A")], True, [("user", "U\n\nS"), ("assistant", "A")]),
        ([], True, []),
    ],
)
def test_folding(turns, system, folded):
    assert fold([turn(*each) for each in turns], system=system) == [turn(*each) for each in folded]


ROLES = st.sampled_from(["system", "user", "assistant"])


@given(turns=st.lists(st.tuples(ROLES, st.text("ab \n", max_size=4)), max_size=8), system=st.booleans())
def test_folding_loses_nothing_and_keeps_the_order(turns, system):
    numbered = [turn(role, content.strip() and f"{place}:{content}") for place, (role, content) in enumerate(turns)]
    given_turns = [dict(each) for each in numbered]
    folded = fold(numbered, system=system)
    assert numbered == given_turns, "the caller's turns were changed"
    text, at = "\0".join(each["content"] for each in folded), 0
    for each in numbered:
        at = text.index(each["content"], at) + len(each["content"])
    roles = [each["role"] for each in folded]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    assert system or "system" not in roles
    assert talk == ["user", "assistant"] * (len(talk) // 2) + ["user"] * (len(talk) % 2)
    assert fold(folded, system=system) == folded
