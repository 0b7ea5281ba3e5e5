"""Records what the publishers' own templates make of the chats in chatkit.py, for test_styles.py to compare with.

The templates themselves are their publishers' and stay out of this repository. To record anew, put them into a folder
as STYLE.jinja, and run: python tests/llm/references/record.py FOLDER
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from chatkit import CHATS  # noqa: E402

# style: (where the template comes from, BOS, EOS, whether the family takes a system turn)
SOURCES = {
    "llama2": ("meta-llama/Llama-2-7b-chat-hf, as quoted in public repositories", "<s>", "</s>", True),
    "llama3": ("meta-llama/Meta-Llama-3-8B-Instruct, as in llama.cpp's tests", "<|begin_of_text|>", "<|eot_id|>", True),
    "mistral-v1": ("mistralai/Mistral-7B-Instruct-v0.2, as in llama.cpp's tests", "<s>", "</s>", False),
    "mistral-v3": ("mistralai/Mistral-Large-Instruct-2407, as in llama.cpp's tests", "<s>", "</s>", False),
    "mistral-v3-tekken": ("mistralai/Mistral-Nemo-Instruct-2407, as in llama.cpp's tests", "<s>", "</s>", False),
    "mistral-v7": ("mistralai/Mistral-Large-Instruct-2411, as in llama.cpp's tests", "<s>", "</s>", True),
    "mistral-v7-tekken": (
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506, llama.cpp's models/templates; without its default system turn",
        "<s>",
        "</s>",
        True,
    ),
    "chatml": ("teknium/OpenHermes-2.5-Mistral-7B, as in llama.cpp's tests", "<s>", "<|im_end|>", True),
    "gemma": ("google/gemma-2-2b-it, llama.cpp's models/templates", "<bos>", "<eos>", False),
    "phi3": ("microsoft/Phi-3.5-mini-instruct, llama.cpp's models/templates", "<s>", "<|endoftext|>", True),
    "phi4": ("microsoft/phi-4, as in llama.cpp's tests", "<|endoftext|>", "<|im_end|>", True),
    "phi4-mini": ("microsoft/Phi-4-mini-instruct, llama.cpp, no tools", "<|endoftext|>", "<|endoftext|>", True),
    "zephyr": ("HuggingFaceH4/zephyr-7b-beta, as quoted in public repositories", "<s>", "</s>", True),
    "alpaca": ("tatsu-lab/stanford_alpaca's prompt; later turns as Unsloth writes them", "<s>", "</s>", True),
    "deepseek-r1": (
        "deepseek-ai/DeepSeek-R1-Distill-Llama-8B, llama.cpp's models/templates",
        "<｜begin▁of▁sentence｜>",
        "<｜end▁of▁sentence｜>",
        True,
    ),
    "command-r": (
        "CohereForAI/c4ai-command-r-plus, as in llama.cpp's tests",
        "<BOS_TOKEN>",
        "<|END_OF_TURN_TOKEN|>",
        True,
    ),
}
# Mistral Small writes a system turn with today's date where the chat has none
DEFAULT_SYSTEM_ENDS = {"mistral-v7-tekken": "[/SYSTEM_PROMPT]"}
VICUNA_SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)


def folded(turns):
    """The system turn in front of the first question, by hand: these templates take none."""
    if turns[0]["role"] != "system":
        return turns
    first = {"role": "user", "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]


def by_template(source, turns, bos, eos):
    # Jinja as the publishers' tokenizers run it
    from datetime import datetime

    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message):
        raise TemplateError(message)

    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(source)
    return template.render(
        messages=turns,
        bos_token=bos,
        eos_token=eos,
        add_generation_prompt=True,
        raise_exception=refuse,
        strftime_now=lambda form: datetime(2025, 1, 1).strftime(form),
    )


def by_fastchat(turns):
    """As FastChat joins the turns of vicuna_v1.1: a space after the user's, ``</s>`` after the assistant's."""
    from llama_cpp.llama_chat_format import _format_add_colon_two

    system = turns[0]["content"] if turns[0]["role"] == "system" else VICUNA_SYSTEM
    roles = {"user": "USER", "assistant": "ASSISTANT"}
    said = [(roles[turn["role"]], turn["content"]) for turn in turns if turn["role"] != "system"]
    return _format_add_colon_two(system, [*said, ("ASSISTANT", None)], " ", "</s>")


def record(folder):
    for style, (origin, bos, eos, takes_system) in SOURCES.items():
        source = (folder / f"{style}.jinja").read_text(encoding="utf-8")
        prompts = {}
        for name, turns in CHATS.items():
            prompt = by_template(source, turns if takes_system else folded(turns), bos, eos)
            mark = DEFAULT_SYSTEM_ENDS.get(style)
            if mark and turns[0]["role"] != "system":
                prompt = bos + prompt.partition(mark)[2]
            prompts[name] = prompt
        digest = hashlib.sha256(source.encode()).hexdigest()
        write(style, {"origin": origin, "sha256": digest, "bos": bos, "eos": eos, "prompts": prompts})
    prompts = {name: by_fastchat(turns) for name, turns in CHATS.items()}
    origin = "lm-sys/FastChat, vicuna_v1.1, by the same function in llama-cpp-python"
    write("vicuna", {"origin": origin, "sha256": "", "bos": "<s>", "eos": "</s>", "prompts": prompts})


def write(style, recorded):
    text = json.dumps(recorded, ensure_ascii=False, indent=1)
    (HERE / f"{style}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
