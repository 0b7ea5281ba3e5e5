"""Which chat style a model wants, by its architecture, names and vocabulary; for files without a template."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ragapp.llm.styles import FAMILY_MISTRAL

# what says that a model was trained to talk; a base model's vocabulary often has the marks already
_TUNED = re.compile(
    r"(?<![a-z])(instruct|inst|chat|it|sft|dpo|orpo|rlhf|kto|tuned|assistant|hermes|openhermes|dolphin|orca|zephyr|vicuna"
    r"|alpaca|wizardlm|nous|command|aya|qwq|r1|distill|thinking|reasoning)(?![a-z])"
)
_LLAMAS = frozenset({"llama", "mistral", ""})


@dataclass(frozen=True, slots=True)
class _Rule:
    """All that is given must hold: a pattern in the names, tokens in the vocabulary, one of the architectures."""

    style: str
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


def recognise(metadata: Mapping[str, str], tokens: Collection[str], file_name: str = "") -> str | None:
    """The style of a model, None where nothing says it.

    Args:
        metadata: the file's header.
        tokens: texts of the special tokens in its vocabulary.
        file_name: what people call the model.
    """
    keys = ("general.name", "general.basename", "general.finetune")
    names = " ".join([*(metadata.get(key, "") for key in keys), file_name]).lower().replace("_", "-")
    architecture = metadata.get("general.architecture", "")
    tuned = bool(_TUNED.search(names))
    for rule in _RULES:
        if rule.names and not re.search(rule.names, names):
            continue
        if not all(token in tokens for token in rule.tokens):
            continue
        if rule.architectures and architecture not in rule.architectures:
            continue
        if not tuned and rule.base_has_them:
            continue
        return mistral_version(metadata, tokens) if rule.style == FAMILY_MISTRAL else rule.style
    return None


def mistral_version(metadata: Mapping[str, str], tokens: Collection[str]) -> str:
    """Which of Mistral's styles a file wants: they differ in spaces, and in whether they know a system turn.

    Args:
        metadata: the file's header.
        tokens: texts of the special tokens in its vocabulary.
    """
    tekken = metadata.get("tokenizer.ggml.pre") == "tekken" or metadata.get("tokenizer.ggml.model") == "gpt2"
    if "[SYSTEM_PROMPT]" in tokens:
        return "mistral-v7-tekken" if tekken else "mistral-v7"
    if "[INST]" in tokens:
        return "mistral-v3-tekken" if tekken else "mistral-v3"
    return "mistral-v1"
