import pytest

pytest.importorskip("llama_cpp")

from ragapp.errors import ModelError
from ragapp.llm.templates import ChatTemplate

CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
NO_SYSTEM = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<model>"
)
DROPS_SYSTEM = "{% for m in messages if m['role'] != 'system' %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}<model>"
ONE_TURN = "{{ messages[-1]['content'] }}"

CHAT = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Hello"}]


def test_the_files_own_template_is_used():
    template = ChatTemplate(CHATML, "", "<|im_end|>", "m")
    assert template.render(CHAT) == (
        "<|im_start|>system\nBe terse.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_without_system_role_gets_it_in_the_first_user_turn():
    assert ChatTemplate(NO_SYSTEM, "<s>", "", "m").render(CHAT) == "<s><user>Be terse.\n\nHello<model>"


def test_a_template_that_drops_the_system_turn_in_silence_gets_it_folded_too():
    assert ChatTemplate(DROPS_SYSTEM, "", "", "m").render(CHAT) == "<user>Be terse.\n\nHello<model>"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (ONE_TURN, "loses or reorders"),
        ("{% for m in messages %}", "not valid"),
        ("{{ messages.__class__.__mro__[1].__subclasses__() }}", "failed"),
        ("{{ raise_exception('never') }}", "failed"),
    ],
)
def test_a_template_that_cannot_be_trusted_is_refused(source, says):
    with pytest.raises(ModelError, match=says):
        ChatTemplate(source, "", "", "m")


def test_a_file_without_template_is_refused():
    with pytest.raises(ModelError, match="no chat template"):
        ChatTemplate.from_metadata({"general.architecture": "llama"}, "", "", "m")
