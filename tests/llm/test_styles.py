"""The named chat templates write what the publishers' own templates write, whoever renders them."""

import json
from pathlib import Path

import pytest
from chatkit import CHATS, SYSTEM
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.llm.chat import fold
from ragapp.llm.llamacpp import apply_builtin_template
from ragapp.llm.named_templates import CHOICES, NAMED_TEMPLATES
from ragapp.llm.templates import ChatTemplate

RECORDED = sorted(Path(__file__).parent.glob("references/*.json"))
REFERENCES = {path.stem: json.loads(path.read_text("utf-8")) for path in RECORDED}
# llama.cpp's own renderers of families that have a Jinja text here, for ends of contents alone
LLAMA_CPP = [*(style for style, named in NAMED_TEMPLATES.items() if not named.jinja), "command-r"]


@pytest.fixture(scope="module")
def opened():
    """Opens each template once for the same beginning and end of the sequence."""
    templates = {}

    def open_once(style, bos="<s>", eos="</s>"):
        if (style, bos, eos) not in templates:
            templates[style, bos, eos] = ChatTemplate("", bos, eos, "m", style=style)
        return templates[style, bos, eos]

    yield open_once
    for template in templates.values():
        template.close()


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("style", REFERENCES)
def test_a_style_writes_what_the_publishers_template_writes(opened, style, name):
    reference = REFERENCES[style]
    template = opened(style, reference["bos"], reference["eos"])
    assert template.render(CHATS[name]) == reference["prompts"][name]


def test_every_style_but_the_plain_one_has_a_reference():
    assert set(NAMED_TEMPLATES) - {"plain"} == set(REFERENCES)


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("style", LLAMA_CPP)
def test_a_style_writes_what_llama_cpp_writes(opened, style, name):
    # white space at the ends of contents is trimmed here and there in different ways; the references look at it
    turns = [{"role": turn["role"], "content": turn["content"].strip()} for turn in CHATS[name]]
    # llama.cpp leaves the beginning of the sequence to the tokenizer
    ours = opened(style, "", REFERENCES[style]["eos"]).render(turns)
    folded = fold(turns, system=NAMED_TEMPLATES[style].takes_system)
    assert ours == apply_builtin_template(style, folded, generation=True)


def test_the_plain_style(opened):
    assert opened("plain", "", "").render(CHATS["1 with system"]) == (
        f"{SYSTEM}\n\nUser: What does section 2 say?\n\nAssistant:"
    )


def test_a_finished_chat_ends_with_the_familys_own_mark(opened):
    turns = [*CHATS["1"], {"role": "assistant", "content": "A"}]
    assert opened("vicuna", "", "")._write(turns, generation=False).endswith(" ASSISTANT: A</s>")
    assert opened("vicuna", "", "<|end|>")._write(turns, generation=False).endswith(" ASSISTANT: A<|end|>")
    assert opened("zephyr", "", "").render(CHATS["1"]) == ("<|user|>\nWhat does section 2 say?</s>\n<|assistant|>\n")


@pytest.mark.parametrize("style", NAMED_TEMPLATES)
def test_every_style_passes_the_check_and_says_whether_it_begins_the_sequence(opened, style):
    assert opened(style).writes_bos == opened(style).render(CHATS["1"]).startswith("<s>")
    if style != "plain":
        reference = REFERENCES[style]
        assert opened(style).writes_bos == reference["prompts"]["1"].startswith(reference["bos"])


@pytest.mark.parametrize("style", NAMED_TEMPLATES)
def test_every_style_knows_where_an_answer_ends(opened, style):
    turns = [*CHATS["1"], {"role": "assistant", "content": "ANSWER"}, {"role": "user", "content": "QUESTION"}]
    template = opened(style, "<s>", "")
    prompt = template.render(turns)
    after_answer = prompt[prompt.index("ANSWER") + len("ANSWER") :]
    assert any(
        after_answer.lstrip(" ").startswith(stop) or stop in after_answer.partition("QUESTION")[0]
        for stop in template.stop
    )


@pytest.mark.parametrize("style", NAMED_TEMPLATES)
@given(words=st.lists(st.text("ab{}b\nos\0", min_size=1, max_size=12), min_size=1, max_size=6), system=st.booleans())
@settings(deadline=None)
def test_no_style_loses_or_changes_a_content(opened, style, words, system):
    contents = [f"«{word}»" for word in words]
    turns = [{"role": "user", "content": content} for content in contents]
    for turn in turns[1::2]:
        turn["role"] = "assistant"
    if system:
        turns.insert(0, {"role": "system", "content": "«system»"})
    prompt, at = opened(style).render(turns), 0
    prompt = prompt.replace("\ufffd", "\0")  # C cannot take a zero character
    for turn in turns:
        at = prompt.index(turn["content"], at) + len(turn["content"])


def test_a_long_chat_is_written_whole(opened):
    turns = [{"role": "user", "content": "é" * 50_000}]
    assert opened("chatml").render(turns) == f"<|im_start|>user\n{'é' * 50_000}<|im_end|>\n<|im_start|>assistant\n"


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
