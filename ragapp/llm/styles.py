"""Ragapp's own table of chat styles, for files that carry no template or a broken one.

Each is what the publisher of the family writes in his own template, in the form of marks around the turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ragapp.llm.chat import Message, fold

# the words that the models of these families were trained behind, where a chat brings no system turn of its own
_ALPACA_SYSTEM = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request."
)
_VICUNA_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
_BOTH = frozenset({"user", "assistant"})
_ALL = _BOTH | {"system"}
_NONE: frozenset[str] = frozenset()

Marks = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Style:
    """How the models of one family read a chat.

    In all marks, ``{bos}`` and ``{eos}`` stand for the texts of these tokens.

    Attributes:
        name: what people choose it by.
        families: whose it is.
        user: what stands before and after a user's turn.
        assistant: what stands before and after the assistant's.
        opening: what makes the assistant speak.
        system: what stands before and after a system turn; None where the family knows none.
        begin: what stands before everything.
        stop: texts that end the assistant's turn, besides the tokens that the file says end it.
        trim: roles whose contents are written without the white space around them.
        default_system: the system turn of chats that have none.
        eos: where the file names no end-of-sequence token.
        thinking: what opens the part for thinking, where the family thinks.
        words: plain words that begin a turn, where the family has no marks for it.
        write: writes the turns where marks do not suffice.
    """

    name: str
    families: str
    user: Marks
    assistant: Marks
    opening: str = ""
    system: Marks | None = None
    begin: str = ""
    stop: tuple[str, ...] = ()
    trim: frozenset[str] = _NONE
    default_system: str = ""
    eos: str = "</s>"
    thinking: str = ""
    words: frozenset[str] = frozenset()
    write: Callable[[Style, Sequence[Message]], str] | None = field(default=None, repr=False)

    @property
    def takes_system(self) -> bool:
        """Whether a system turn is written as such; it is put in front of the first user turn otherwise."""
        return self.system is not None

    @property
    def writes_bos(self) -> bool:
        """Whether the prompt begins with the beginning-of-sequence token."""
        return (self.begin or (self.user[0] if self.system is None or self.write else "")).startswith("{bos}")

    def render(self, messages: Sequence[Message], bos: str, eos: str, *, generation: bool = True) -> str:
        """The chat in this style.

        Args:
            messages: turns, in whatever order; see :func:`ragapp.llm.chat.fold`.
            bos: text of the beginning-of-sequence token, may be empty.
            eos: text of the end-of-sequence token; where it is empty, that of the family.
            generation: whether what makes the assistant speak comes last.
        """
        turns = fold(messages, system=self.takes_system)
        if self.default_system and turns and turns[0]["role"] != "system":
            turns.insert(0, {"role": "system", "content": self.default_system})

        def filled(mark: str) -> str:
            return mark.replace("{bos}", bos).replace("{eos}", eos or self.eos)

        # marks are filled in before contents come between them: a content may hold the words {bos}
        written = (self.write or _marked)(self, turns)
        text = "".join(filled(before) + content + filled(after) for before, content, after in written)
        return filled(self.begin) + text + (filled(self.opening) + self.thinking if generation else "")


Written = list[tuple[str, str, str]]


def _marked(style: Style, turns: Sequence[Message]) -> Written:
    marks = {"system": style.system or style.user, "user": style.user, "assistant": style.assistant}
    written = []
    for turn in turns:
        before, after = marks[turn["role"]]
        content = turn["content"].strip() if turn["role"] in style.trim else turn["content"]
        written.append((before, content, after))
    return written


def _system_in_user(style: Style, turns: Sequence[Message]) -> Written:
    """The system turn between marks of its own, inside the first user turn."""
    (before, after), written = style.system or ("", ""), []
    for place, turn in enumerate(turns):
        content = turn["content"]
        if turn["role"] == "system":
            continue
        if place == 1 and turns[0]["role"] == "system":
            content = before + turns[0]["content"] + after + content
        opened, closed = style.user if turn["role"] == "user" else style.assistant
        written.append((opened, content.strip(), closed))
    return written


def _angle(role: str, after_role: str, end: str) -> Marks:
    return f"<|{role}|>{after_role}", end


def _im(role: str, after_role: str, end: str) -> Marks:
    return f"<|im_start|>{role}{after_role}", end


def _header(role: str) -> Marks:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>"


def _cohere(role: str) -> Marks:
    return f"<|START_OF_TURN_TOKEN|><|{role}_TOKEN|>", "<|END_OF_TURN_TOKEN|>"


_STYLES = (
    Style(
        "llama2",
        "Llama 2 chat",
        system=("<<SYS>>\n", "\n<</SYS>>\n\n"),
        user=("{bos}[INST] ", " [/INST]"),
        assistant=(" ", " {eos}"),
        stop=("</s>", "[INST]"),
        write=_system_in_user,
    ),
    Style(
        "llama3",
        "Llama 3, 3.1, 3.2, 3.3 instruct",
        begin="{bos}",
        system=_header("system"),
        user=_header("user"),
        assistant=_header("assistant"),
        opening=_header("assistant")[0],
        stop=("<|eot_id|>", "<|end_of_text|>", "<|eom_id|>"),
        trim=_ALL,
        eos="<|eot_id|>",
    ),
    Style(
        "mistral-v1",
        "Mistral 7B instruct 0.1 and 0.2, Mixtral 8x7B instruct",
        begin="{bos}",
        user=(" [INST] ", " [/INST]"),
        assistant=(" ", "{eos}"),
        stop=("</s>", "[INST]"),
    ),
    Style(
        "mistral-v3",
        "Mistral 7B instruct 0.3, Mistral Large 2407, Mixtral 8x22B instruct",
        begin="{bos}",
        user=("[INST] ", "[/INST]"),
        assistant=(" ", "{eos}"),
        stop=("</s>", "[INST]"),
        trim=frozenset({"assistant"}),
    ),
    Style(
        "mistral-v3-tekken",
        "Mistral Nemo instruct, Ministral 2410",
        begin="{bos}",
        user=("[INST]", "[/INST]"),
        assistant=("", "{eos}"),
        stop=("</s>", "[INST]"),
    ),
    Style(
        "mistral-v7",
        "Mistral Large 2411",
        begin="{bos}",
        system=("[SYSTEM_PROMPT] ", "[/SYSTEM_PROMPT]"),
        user=("[INST] ", "[/INST]"),
        assistant=(" ", "{eos}"),
        stop=("</s>", "[INST]"),
    ),
    Style(
        "mistral-v7-tekken",
        "Mistral Small 2501 and later, Magistral, Devstral",
        begin="{bos}",
        system=("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
        user=("[INST]", "[/INST]"),
        assistant=("", "{eos}"),
        stop=("</s>", "[INST]"),
    ),
    Style(
        "chatml",
        "Qwen, SmolLM, Hermes, Dolphin, Yi chat, InternLM",
        system=_im("system", "\n", "<|im_end|>\n"),
        user=_im("user", "\n", "<|im_end|>\n"),
        assistant=_im("assistant", "\n", "<|im_end|>\n"),
        opening="<|im_start|>assistant\n",
        stop=("<|im_end|>", "<|endoftext|>"),
        eos="<|im_end|>",
    ),
    Style(
        "gemma",
        "Gemma 1, 2 and 3 it",
        begin="{bos}",
        user=("<start_of_turn>user\n", "<end_of_turn>\n"),
        assistant=("<start_of_turn>model\n", "<end_of_turn>\n"),
        opening="<start_of_turn>model\n",
        stop=("<end_of_turn>", "<start_of_turn>"),
        trim=_BOTH,
        eos="<eos>",
    ),
    Style(
        "phi3",
        "Phi-3 and Phi-3.5 instruct",
        system=_angle("system", "\n", "<|end|>\n"),
        user=_angle("user", "\n", "<|end|>\n"),
        assistant=_angle("assistant", "\n", "<|end|>\n"),
        opening="<|assistant|>\n",
        stop=("<|end|>", "<|endoftext|>"),
        eos="<|endoftext|>",
    ),
    Style(
        "phi4",
        "Phi-4",
        system=_im("system", "<|im_sep|>", "<|im_end|>"),
        user=_im("user", "<|im_sep|>", "<|im_end|>"),
        assistant=_im("assistant", "<|im_sep|>", "<|im_end|>"),
        opening="<|im_start|>assistant<|im_sep|>",
        stop=("<|im_end|>", "<|endoftext|>"),
        eos="<|endoftext|>",
    ),
    Style(
        "phi4-mini",
        "Phi-4-mini instruct",
        system=_angle("system", "", "<|end|>"),
        user=_angle("user", "", "<|end|>"),
        assistant=_angle("assistant", "", "<|end|>"),
        opening="<|assistant|>",
        stop=("<|end|>", "<|endoftext|>"),
        eos="<|endoftext|>",
    ),
    Style(
        "zephyr",
        "Zephyr, TinyLlama chat, StableLM zephyr",
        system=_angle("system", "\n", "{eos}\n"),
        user=_angle("user", "\n", "{eos}\n"),
        assistant=_angle("assistant", "\n", "{eos}\n"),
        opening="<|assistant|>\n",
        stop=("</s>", "<|endoftext|>", "<|user|>"),
    ),
    Style(
        "alpaca",
        "Alpaca and its descendants",
        system=("", "\n\n"),
        user=("### Instruction:\n", "\n\n"),
        assistant=("### Response:\n", "{eos}\n\n"),
        opening="### Response:\n",
        stop=("</s>", "### Instruction:"),
        default_system=_ALPACA_SYSTEM,
    ),
    Style(
        "vicuna",
        "Vicuna 1.1 and 1.5",
        system=("", " "),
        user=("USER: ", " "),
        assistant=("ASSISTANT: ", "{eos}"),
        opening="ASSISTANT:",
        stop=("</s>", "USER:"),
        default_system=_VICUNA_SYSTEM,
        words=frozenset({"USER:", "ASSISTANT:"}),
    ),
    Style(
        "deepseek-r1",
        "DeepSeek R1 and its distillations",
        begin="{bos}",
        system=("", ""),
        user=("<｜User｜>", ""),
        assistant=("<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
        opening="<｜Assistant｜>",
        thinking="<think>\n",
        stop=("<｜end▁of▁sentence｜>", "<｜User｜>"),
        eos="<｜end▁of▁sentence｜>",
    ),
    Style(
        "command-r",
        "Command R, R+, Aya",
        begin="{bos}",
        system=_cohere("SYSTEM"),
        user=_cohere("USER"),
        assistant=_cohere("CHATBOT"),
        opening=_cohere("CHATBOT")[0],
        stop=("<|END_OF_TURN_TOKEN|>",),
        trim=_BOTH,
        eos="<|END_OF_TURN_TOKEN|>",
    ),
    Style(
        "plain",
        "any model, in plain words; the last resort",
        system=("", "\n\n"),
        user=("User: ", "\n\n"),
        assistant=("Assistant: ", "\n\n"),
        opening="Assistant:",
        stop=("\nUser:", "\nAssistant:"),
        words=frozenset({"User:", "Assistant:"}),
    ),
)

#: all styles by name
STYLES: dict[str, Style] = {style.name: style for style in _STYLES}
#: what may stand in the settings besides: the member of the family is chosen by the file's vocabulary
FAMILY_MISTRAL = "mistral"
#: every value that ``llm.template`` takes
CHOICES = ("auto", *STYLES, FAMILY_MISTRAL)
