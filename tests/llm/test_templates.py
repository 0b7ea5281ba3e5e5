import json
from pathlib import Path

import pytest
from chatkit import CHATS
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.errors import ModelError
from ragapp.llm.named_templates import CHOICES, NAMED_TEMPLATES
from ragapp.llm.templates import ChatTemplate

CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
NO_SYSTEM = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>"
)
DROPS_SYSTEM = (
    "{% for m in messages if m['role'] != 'system' %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<assistant>"
)
# the system turn stands in front of the last question, as Mistral's third template writes it
LATE_SYSTEM = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{% set said = messages[0].content + '\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set said = '' %}{% set turns = messages %}{% endif %}"
    "{% for m in turns %}{% if m.role == 'user' %}[INST]{% if loop.last %}{{ said }}{% endif %}{{ m.content }}[/INST]"
    "{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"
)
# loops over tools that are none, as templates for tool use do
TOOLS = "{% for tool in tools %}{{ tool }}{% endfor %}" + CHATML
TRAINING = (
    "{% for m in messages %}<{{ m.role }}>{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}<assistant>"
)
# always opens the assistant's turn, and says that there is no thinking; earlier answers have a mark of their own
ALWAYS_OPENS = (
    "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}<answer>{% endif %}{{ m.content }}<end>"
    "{% endfor %}<assistant><nothing>"
)
SIDES_APART = (
    "{% for m in messages if m.role != 'assistant' %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% for m in messages if m.role == 'assistant' %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
)
ONE_TURN = "{{ messages[-1]['content'] }}"

CHAT = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Hello"}]


def test_the_files_own_template_is_used():
    template = ChatTemplate(CHATML, "", "<|im_end|>", "m")
    assert template.render(CHAT) == (
        "<|im_start|>system\nBe terse.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )
    assert template.style == ""
    assert template.takes_system
    assert template.stop == ("<|im_end|>",)
    assert not template.writes_bos


def test_a_template_without_system_role_gets_it_in_the_first_user_turn():
    template = ChatTemplate(NO_SYSTEM, "<s>", "", "m")
    assert template.render(CHAT) == "<s><user>Be terse.\n\nHello<assistant>"
    assert template.writes_bos


def test_a_template_that_drops_the_system_turn_in_silence_gets_it_folded_too():
    assert ChatTemplate(DROPS_SYSTEM, "", "", "m").render(CHAT) == "<user>Be terse.\n\nHello<assistant>"


def test_a_publishers_own_place_for_the_system_turn_is_kept():
    turns = [*CHAT, {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "More"}]
    assert ChatTemplate(LATE_SYSTEM, "<s>", "</s>", "m").render(turns) == (
        "<s>[INST]Hello[/INST]Hi</s>[INST]Be terse.\n\nMore[/INST]"
    )


def test_a_mark_that_may_end_a_part_before_the_answer_ends_no_answer():
    framed = ALWAYS_OPENS.replace("<assistant><nothing>", "{% if add_generation_prompt %}<assistant>{% endif %}")
    assert ChatTemplate(framed, "", "", "m").stop == ()
    assert ChatTemplate(framed.replace("<answer>", ""), "", "", "m").stop == ("<end>",)


@pytest.mark.parametrize("source", [TOOLS, TRAINING, ALWAYS_OPENS])
def test_templates_that_also_serve_tools_or_training(source):
    assert "Hello" in ChatTemplate(source, "", "", "m").render(CHAT)


def test_contents_are_text_and_no_template():
    content = "{{ 1 + 1 }} {% for %} \\n \u2028 \udcff \"'"
    assert content in ChatTemplate(CHATML, "", "", "m").render([{"role": "user", "content": content}])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (ONE_TURN, "loses or reorders"),
        (SIDES_APART, "loses or reorders turns\\."),
        ("{% for m in messages[-5:] %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>", "loses or reorders"),
        ("{% for m in messages|reverse %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>", "loses or reorders"),
        (CHATML.replace("m['content']", "m['content']|upper"), "loses or reorders"),
        (CHATML.replace("m['content']", "m['content'] * 2"), "writes turns twice"),
        ("{% for m in messages %}{{ m.content }}\n{% endfor %}", "alike"),
        (CHATML.replace("add_generation_prompt", "false"), "does not open the assistant's turn"),
        (CHATML + "{{ eos_token }}", "ends the sequence"),
        ("{{ bos_token }} {{ bos_token }}" + CHATML, "begins with <s> twice"),
        ("{% for m in messages %}", "not valid: .*endfor"),
        ("{{ messages|nosuchfilter }}", "not valid: .*nosuchfilter"),
        ("{{ raise_exception('never') }}", "failed: never"),
        ("{{ nothing.at.all }}", "failed: 'nothing' is undefined"),
    ],
)
def test_a_template_that_cannot_be_trusted_is_refused(source, says):
    with pytest.raises(ModelError, match=says) as caught:
        ChatTemplate(source, "<s>", "</s>", "the model")
    assert "the model" in caught.value.message
    assert "llm.template" in caught.value.hint


ROLES = st.sampled_from(["system", "user", "assistant"])


@given(turns=st.lists(st.tuples(ROLES, st.text("ab", min_size=1)), max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_template_that_is_strict_about_roles_gets_what_it_wants(strict, turns):
    prompt, at = strict.render([{"role": role, "content": content} for role, content in turns]), 0
    for _, content in turns:
        at = prompt.index(content, at) + len(content)


@pytest.fixture(scope="module")
def strict():
    return ChatTemplate(
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}"
        "{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>",
        "",
        "",
        "m",
    )


# --- the choice between the file's template and ragapp's styles


def test_the_files_template_comes_first():
    header = {"tokenizer.chat_template": CHATML, "general.architecture": "llama", "general.name": "vicuna-7b"}
    assert ChatTemplate.choose(header, "", "", "m").style == ""
    assert ChatTemplate.choose(header, "", "", "m").render(CHAT).startswith("<|im_start|>")


def test_a_file_without_template_gets_its_familys_style():
    header = {"general.architecture": "llama", "general.name": "Llama 2 7B Chat", "tokenizer.chat_template": " "}
    template = ChatTemplate.choose(header, "<s>", "</s>", "m")
    assert template.style == "llama2"
    assert template.render(CHAT) == "<s>[INST] <<SYS>>\nBe terse.\n<</SYS>>\n\nHello [/INST]"
    assert template.stop == ("</s>", "[INST]")
    assert template.writes_bos
    by_name = ChatTemplate.choose({"general.architecture": "llama"}, "<s>", "</s>", "zephyr-7b-beta.Q4_0")
    assert by_name.style == "zephyr"
    by_tokens = ChatTemplate.choose({}, "", "", "SmolLM2-135M-Instruct", tokens={"<|im_start|>", "<|im_end|>"})
    assert by_tokens.style == "chatml"


@pytest.mark.parametrize("style", sorted(set(NAMED_TEMPLATES) - {"plain"}))
def test_the_setting_overrules_the_file(style):
    reference = json.loads((Path(__file__).parent / "references" / f"{style}.json").read_text("utf-8"))
    header = {"tokenizer.chat_template": CHATML}
    template = ChatTemplate.choose(header, reference["bos"], reference["eos"], "m", wanted=style)
    assert template.style == style
    assert template.render(CHATS["2 with system"]) == reference["prompts"]["2 with system"]


def test_the_setting_overrules_the_file_with_plain_words():
    template = ChatTemplate.choose({"tokenizer.chat_template": CHATML}, "<s>", "</s>", "m", wanted="plain")
    assert template.style == "plain"
    assert template.render(CHAT) == "Be terse.\n\nUser: Hello\n\nAssistant:"


def test_mistrals_style_follows_the_vocabulary():
    template = ChatTemplate.choose({}, "<s>", "</s>", "m", wanted="mistral", tokens=["[INST]", "[SYSTEM_PROMPT]"])
    assert template.style == "mistral-v7"
    assert ChatTemplate.choose({}, "<s>", "</s>", "m", wanted="mistral").style == "mistral-v1"


def test_a_broken_template_of_a_known_family_can_be_replaced():
    header = {"tokenizer.chat_template": "{% broken", "general.name": "Llama 2 7B Chat"}
    with pytest.raises(ModelError, match="not valid"):
        ChatTemplate.choose(header, "<s>", "</s>", "m")
    assert ChatTemplate.choose(header, "<s>", "</s>", "m", wanted="llama2").style == "llama2"


def test_a_file_of_which_nothing_is_known_is_refused_with_the_list():
    with pytest.raises(ModelError, match="no chat template") as caught:
        ChatTemplate.choose({"general.architecture": "llama"}, "", "", "m")
    assert "llm.template" in caught.value.hint
    assert all(choice in caught.value.hint for choice in CHOICES[1:])


def test_an_unknown_style_is_refused_with_the_list():
    with pytest.raises(ModelError, match="no chat style 'lama2'") as caught:
        ChatTemplate.choose({}, "", "", "m", wanted="lama2")
    assert "llama2" in caught.value.hint


@pytest.mark.parametrize(
    ("style", "marks"),
    [
        ("llama2", {"<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"}),
        ("chatml", {"<|im_start|>", "<|im_end|>"}),
        ("alpaca", {"### Instruction:", "### Response:", "</s>"}),
        ("deepseek-r1", {"<s>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<think>"}),
        ("plain", {"User:", "Assistant:"}),
    ],
)
def test_the_marks_that_no_document_may_write(style, marks):
    assert ChatTemplate.choose({}, "<s>", "</s>", "m", wanted=style).marks == marks
    if style == "chatml":
        assert ChatTemplate(CHATML, "<s>", "</s>", "m").marks == marks


# --- models that think

SWITCH = CHATML.replace(
    "assistant\\n' }}{% endif %}",
    "assistant\\n' }}{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}",
)
OPENS = CHATML.replace("'<|im_start|>assistant\\n'", "'<|im_start|>assistant\\n<think>\\n'")
CUTS = CHATML.replace("m['content']", "m['content'].split('</think>')[-1]")
ASKED = [{"role": "user", "content": "Hello"}]
ENDED = "<|im_start|>assistant\n<think>\n\n</think>\n\n"


@pytest.mark.parametrize(
    ("source", "switches", "can_skip", "as_it_is", "on", "off"),
    [
        (CHATML, False, False, "assistant\n", "assistant\n", "assistant\n"),
        (SWITCH, True, True, "assistant\n", "assistant\n", ENDED),
        (OPENS, False, True, "assistant\n<think>\n", "assistant\n<think>\n", ENDED),
        (CUTS, False, False, "assistant\n", "assistant\n", "assistant\n"),
    ],
)
def test_thinking_is_turned_off(source, switches, can_skip, as_it_is, on, off):
    template = ChatTemplate(source, "", "", "m")
    assert (template.switches_thinking, template.can_skip_thinking) == (switches, can_skip)
    assert (template.tags is not None) == (source is not CHATML)
    for thinking, end in ((None, as_it_is), (True, on), (False, off)):
        prompt = template.render(ASKED, thinking)
        assert prompt.endswith(end)
        assert prompt.count("<think>") == end.count("<think>")
        assert template.opens_thinking(prompt) == end.endswith("<think>\n")


def test_the_style_of_r1_thinks_and_can_be_told_not_to():
    template = ChatTemplate.choose({}, "<b>", "", "m", wanted="deepseek-r1")
    assert template.render(ASKED) == "<b><｜User｜>Hello<｜Assistant｜><think>\n"
    assert template.render(ASKED, False) == "<b><｜User｜>Hello<｜Assistant｜><think>\n\n</think>\n\n"
    assert template.can_skip_thinking


@pytest.mark.parametrize("source", [SWITCH, OPENS, CUTS])
@pytest.mark.parametrize("answer", ["<think>\nsecret\n</think>\n\nHi", "\n<think>secret</think>Hi", "Hi"])
def test_history_goes_without_the_thinking(source, answer):
    turns = [*ASKED, {"role": "assistant", "content": answer}, {"role": "user", "content": "More"}]
    prompt = ChatTemplate(source, "", "", "m").render(turns)
    assert "secret" not in prompt
    assert "<|im_start|>assistant\nHi<|im_end|>" in prompt


def test_what_a_person_writes_is_not_taken_for_thinking():
    turns = [{"role": "user", "content": "<think>x</think>y"}]
    assert "<think>x</think>y" in ChatTemplate(OPENS, "", "", "m").render(turns)


def _framed(answer, opening):
    """A template whose finished answers begin with a mark that its opening of the assistant's turn may lack."""
    return (
        "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|eot|>{% elif m.role == 'system' %}"
        f"<|system|>{{{{ m.content }}}}<|eot|>{{% else %}}{answer}<|eot|>{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{opening}{{% endif %}}"
    )


@pytest.mark.parametrize(
    ("answer", "opening", "end"),
    [
        ("<|ai|>[RESPONSE]{{ m.content }}[/RESPONSE]", "<|ai|>", "<|ai|>[RESPONSE]"),
        ("<|ai|>\n<final>\n{{ m.content }}</final>", "<|ai|>\n", "<|ai|>\n<final>\n"),
        ("<|ai|><|reply|>{{ m.content }}", "<|ai|><|plan|>", "<|ai|><|reply|>"),
        ("<|ai|>to=all\n{{ m.content }}", "<|ai|>", "<|ai|>to=all\n"),
        ("<|ai|></reason>{{ m.content }}", "<|ai|>", "<|ai|></reason>"),
        (
            "<|ai|><|channel|>final<|message|>{{ m.content }}",
            "<|ai|>{% if false %}<|channel|>analysis<|message|>{% endif %}",
            "<|ai|><|channel|>final<|message|>",
        ),
        (
            "<|ai|><think>\n\n</think>\n\n[ANSWER]{{ m.content }}",
            "<|ai|><think>\n",
            "<|ai|><think>\n\n</think>\n\n[ANSWER]",
        ),
        # nothing but white space is no mark
        ("<|ai|> {{ m.content }}", "<|ai|>\n", "<|ai|>\n"),
        ("<|ai|>{{ m.content }}", "<|ai|>", "<|ai|>"),
    ],
)
def test_without_thinking_a_prompt_ends_where_an_answer_begins(answer, opening, end):
    template = ChatTemplate(_framed(answer, opening), "", "", "m")
    prompt = template.render(CHAT, thinking=False)
    assert prompt.endswith(f"Hello<|eot|>{end}")
    assert "[/RESPONSE]" not in answer or template.answer_end == "[/RESPONSE]"


def test_a_model_that_closes_its_thinking_by_an_unknown_mark_may_still_think():
    template = ChatTemplate(_framed("<|ai|></reason>{{ m.content }}", "<|ai|>"), "", "", "m")
    assert template.tags
    assert template.tags.close == "</reason>"
    assert template.can_skip_thinking
    assert template.render(CHAT, thinking=True).endswith("<|ai|>")
