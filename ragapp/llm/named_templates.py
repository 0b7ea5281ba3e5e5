"""The chat templates of model families by name, and detecting which of them a GGUF file without template needs.

Most are built into llama.cpp. The Jinja texts here are those that it does not have, or has with other white space or
end marks than the family's publisher; they are rendered like the template that a file carries.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

# the system turns that these families were trained with, where a chat brings none of its own
_ALPACA_SYSTEM = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request."
)
_VICUNA_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user\\'s questions."
)


class NamedTemplate(NamedTuple):
    """The chat template of one model family.

    Attributes:
        stop: texts that end the assistant's turn, besides the tokens that the file says end it.
        jinja: its text; empty for the one of the same name that is built into llama.cpp.
        takes_system: whether a system turn is written as such; it is put in front of the first user turn otherwise.
        bos: whether a prompt begins with the beginning-of-sequence token, which llama.cpp leaves to its caller.
        words: plain words that begin a turn, where the family has no marks for it.
    """

    stop: tuple[str, ...]
    jinja: str = ""
    takes_system: bool = True
    bos: bool = False
    words: frozenset[str] = frozenset()


def _jinja(system: str, user: str, assistant: str, opening: str, *, begin: str = "''", no_system: str = "''") -> str:
    """A template that writes each turn by the Jinja expression for its role, in which ``text`` is what the turn says.

    ``opening`` makes the assistant speak, ``begin`` comes first, and ``no_system`` stands for a missing system turn.
    """
    return (
        f"{{{{ {begin} }}}}{{% if messages[0].role != 'system' %}}{{{{ {no_system} }}}}{{% endif %}}"
        "{% for turn in messages %}{% set text = turn.content %}"
        f"{{% if turn.role == 'system' %}}{{{{ {system} }}}}{{% elif turn.role == 'user' %}}{{{{ {user} }}}}"
        f"{{% else %}}{{{{ {assistant} }}}}{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {opening} }}}}{{% endif %}}"
    )


_MISTRAL_STOP = ("</s>", "[INST]")
# the system turn stands inside the first user turn
_LLAMA2 = (
    "{% set first = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' if messages[0].role == 'system' else '' %}"
    "{% for turn in messages if turn.role != 'system' %}{% if turn.role == 'user' %}"
    "{{ bos_token + '[INST] ' + ((first if loop.first else '') + turn.content)|trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + turn.content|trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
_PHI = "'<|' + turn.role + '|>' + text + '<|end|>'"
_ZEPHYR = "'<|' + turn.role + '|>\\n' + text + eos_token + '\\n'"
_COHERE = "'<|START_OF_TURN_TOKEN|><|{}_TOKEN|>' + {} + '<|END_OF_TURN_TOKEN|>'"

#: the templates by name
NAMED_TEMPLATES: dict[str, NamedTemplate] = {
    "llama2": NamedTemplate(_MISTRAL_STOP, _LLAMA2),  # Llama 2 chat
    "llama3": NamedTemplate(
        ("<|eot_id|>", "<|end_of_text|>", "<|eom_id|>"), bos=True
    ),  # Llama 3, 3.1, 3.2, 3.3 instruct
    "mistral-v1": NamedTemplate(
        _MISTRAL_STOP, takes_system=False, bos=True
    ),  # Mistral 7B instruct 0.1 and 0.2, Mixtral 8x7B instruct
    "mistral-v3": NamedTemplate(
        _MISTRAL_STOP, takes_system=False, bos=True
    ),  # Mistral 7B instruct 0.3, Mistral Large 2407, Mixtral 8x22B instruct
    "mistral-v3-tekken": NamedTemplate(
        _MISTRAL_STOP, takes_system=False, bos=True
    ),  # Mistral Nemo instruct, Ministral 2410
    "mistral-v7": NamedTemplate(_MISTRAL_STOP, bos=True),  # Mistral Large 2411
    "mistral-v7-tekken": NamedTemplate(_MISTRAL_STOP, bos=True),  # Mistral Small 2501 and later, Magistral, Devstral
    "chatml": NamedTemplate(("<|im_end|>", "<|endoftext|>")),  # Qwen, SmolLM, Hermes, Dolphin, Yi chat, InternLM
    "gemma": NamedTemplate(("<end_of_turn>", "<start_of_turn>"), takes_system=False, bos=True),  # Gemma 1, 2 and 3 it
    "phi3": NamedTemplate(("<|end|>", "<|endoftext|>")),  # Phi-3 and Phi-3.5 instruct
    "phi4": NamedTemplate(("<|im_end|>", "<|endoftext|>")),  # Phi-4
    "phi4-mini": NamedTemplate(  # Phi-4-mini instruct
        ("<|end|>", "<|endoftext|>"), _jinja(_PHI, _PHI, _PHI, "'<|assistant|>'")
    ),
    "zephyr": NamedTemplate(  # Zephyr, TinyLlama chat, StableLM zephyr
        ("</s>", "<|endoftext|>", "<|user|>"), _jinja(_ZEPHYR, _ZEPHYR, _ZEPHYR, "'<|assistant|>\\n'")
    ),
    "alpaca": NamedTemplate(  # Alpaca and its descendants
        ("</s>", "### Instruction:"),
        _jinja(
            "text + '\\n\\n'",
            "'### Instruction:\\n' + text + '\\n\\n'",
            "'### Response:\\n' + text + eos_token + '\\n\\n'",
            "'### Response:\\n'",
            no_system=f"'{_ALPACA_SYSTEM}\\n\\n'",
        ),
    ),
    "vicuna": NamedTemplate(  # Vicuna 1.1 and 1.5
        ("</s>", "USER:"),
        _jinja(
            "text + ' '",
            "'USER: ' + text + ' '",
            "'ASSISTANT: ' + text + eos_token",
            "'ASSISTANT:'",
            no_system=f"'{_VICUNA_SYSTEM} '",
        ),
        words=frozenset({"USER:", "ASSISTANT:"}),
    ),
    "deepseek-r1": NamedTemplate(  # DeepSeek R1 and its distillations
        ("<｜end▁of▁sentence｜>", "<｜User｜>"),
        _jinja(
            "text",
            "'<｜User｜>' + text",
            "'<｜Assistant｜>' + text + '<｜end▁of▁sentence｜>'",
            "'<｜Assistant｜><think>\\n'",
            begin="bos_token",
        ),
    ),
    "command-r": NamedTemplate(  # Command R, R+, Aya
        ("<|END_OF_TURN_TOKEN|>",),
        _jinja(
            _COHERE.format("SYSTEM", "text"),
            _COHERE.format("USER", "text|trim"),
            _COHERE.format("CHATBOT", "text|trim"),
            "'<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'",
            begin="bos_token",
        ),
    ),
    "plain": NamedTemplate(  # any model; the last resort
        ("\nUser:", "\nAssistant:"),
        _jinja("text + '\\n\\n'", "'User: ' + text + '\\n\\n'", "'Assistant: ' + text + '\\n\\n'", "'Assistant:'"),
        words=frozenset({"User:", "Assistant:"}),
    ),
}
#: what may stand in the settings besides: the member of the family is chosen by the file's vocabulary
FAMILY_MISTRAL = "mistral"
#: every value that ``llm.template`` takes
CHOICES = ("auto", *NAMED_TEMPLATES, FAMILY_MISTRAL)

# what says that a model was trained to talk; a base model's vocabulary often has the marks already
_TUNED = re.compile(
    r"(?<![a-z])(instruct|inst|chat|it|sft|dpo|orpo|rlhf|kto|tuned|assistant|hermes|openhermes|dolphin|orca|zephyr|vicuna"
    r"|alpaca|wizardlm|nous|command|aya|qwq|r1|distill|thinking|reasoning)(?![a-z])"
)
_LLAMAS = frozenset({"llama", "mistral", ""})


class _Rule(NamedTuple):
    """All that is given must hold: a pattern in the names, tokens in the vocabulary, one of the architectures."""

    template: str
    names: str = ""
    tokens: tuple[str, ...] = ()
    architectures: frozenset[str] = frozenset()
    base_has_them: bool = True  # the tokens alone do not show that the model was trained to talk


# the first that holds; what a fine-tuner added comes before what the base brought along
_RULES = (
    _Rule("phi4", tokens=("<|im_sep|>", "<|im_start|>"), base_has_them=False),
    _Rule("phi4-mini", names=r"phi.?4.?mini", tokens=("<|end|>", "<|assistant|>"), base_has_them=False),
    _Rule("phi3", names=r"phi.?3", tokens=("<|end|>", "<|assistant|>"), base_has_them=False),
    _Rule("command-r", tokens=("<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>"), base_has_them=False),
    _Rule("deepseek-r1", names=r"(?<![a-z])r1(?![0-9a-z])", tokens=("<｜User｜>", "<｜Assistant｜>")),
    _Rule("chatml", tokens=("<|im_start|>", "<|im_end|>")),
    _Rule("llama3", tokens=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
    _Rule("gemma", tokens=("<start_of_turn>", "<end_of_turn>")),
    _Rule("zephyr", names=r"zephyr|tinyllama.*chat"),
    _Rule("vicuna", names=r"vicuna", architectures=_LLAMAS),
    _Rule("alpaca", names=r"alpaca", architectures=_LLAMAS),
    _Rule("llama2", names=r"llama.?2.*chat", architectures=_LLAMAS),
    _Rule(FAMILY_MISTRAL, names=r"mistral|mixtral|ministral|magistral|devstral|codestral", architectures=_LLAMAS),
)


def detect_template(metadata: Mapping[str, str], tokens: Collection[str], file_name: str = "") -> str | None:
    """The name of the template that a model wants, by header, special tokens and file name; None where none tells."""
    keys = ("general.name", "general.basename", "general.finetune")
    names = " ".join([*(metadata.get(key, "") for key in keys), file_name]).lower().replace("_", "-")
    architecture = metadata.get("general.architecture", "")
    tuned = bool(_TUNED.search(names))
    for rule in _RULES:
        if (
            (tuned or not rule.base_has_them)
            and re.search(rule.names, names)
            and all(token in tokens for token in rule.tokens)
            and (not rule.architectures or architecture in rule.architectures)
        ):
            return mistral_version(metadata, tokens) if rule.template == FAMILY_MISTRAL else rule.template
    return None


def mistral_version(metadata: Mapping[str, str], tokens: Collection[str]) -> str:
    """Which of Mistral's templates a file wants: they differ in spaces, and in whether they know a system turn."""
    tekken = metadata.get("tokenizer.ggml.pre") == "tekken" or metadata.get("tokenizer.ggml.model") == "gpt2"
    if "[SYSTEM_PROMPT]" in tokens:
        return "mistral-v7-tekken" if tekken else "mistral-v7"
    if "[INST]" in tokens:
        return "mistral-v3-tekken" if tekken else "mistral-v3"
    return "mistral-v1"
