import pytest

from ragapp.llm.named_templates import NAMED_TEMPLATES, detect_template, mistral_version

IM = ("<|im_start|>", "<|im_end|>")
LLAMA3 = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
GEMMA = ("<start_of_turn>", "<end_of_turn>")
R1 = ("<｜User｜>", "<｜Assistant｜>")
COHERE = ("<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>")
PHI = ("<|end|>", "<|assistant|>", "<|user|>")
INST = ("[INST]", "[/INST]")
V7 = (*INST, "[SYSTEM_PROMPT]")


@pytest.mark.parametrize(
    ("architecture", "name", "tokens", "style"),
    [
        ("llama", "Llama 2 7b Chat Hf", (), "llama2"),
        ("llama", "llama-2-13b-chat.Q4_K_M", (), "llama2"),
        ("llama", "Meta Llama 3.1 8B Instruct", LLAMA3, "llama3"),
        ("llama", "Hermes-2-Pro-Llama-3-8B", (*LLAMA3, *IM), "chatml"),
        ("qwen2", "Qwen2.5 7B Instruct", IM, "chatml"),
        ("llama", "SmolLM2 135M Instruct", IM, "chatml"),
        ("gemma2", "gemma-2-2b-it", GEMMA, "gemma"),
        ("phi3", "Phi-3-mini-4k-instruct", PHI, "phi3"),
        ("phi3", "Phi 3.5 mini", PHI, "phi3"),
        ("phi3", "Phi-4-mini-instruct", PHI, "phi4-mini"),
        ("phi3", "phi-4", (*IM, "<|im_sep|>"), "phi4"),
        ("llama", "zephyr-7b-beta", (), "zephyr"),
        ("llama", "TinyLlama-1.1B-Chat-v1.0", (), "zephyr"),
        ("llama", "chinese_alpaca_13b", (), "alpaca"),
        ("llama", "vicuna-7b-v1.5", (), "vicuna"),
        ("qwen2", "DeepSeek R1 Distill Qwen 7B", (*R1, *IM), "deepseek-r1"),
        ("command-r", "c4ai-command-r-v01", COHERE, "command-r"),
        ("llama", "Mistral-7B-Instruct-v0.1", (), "mistral-v1"),
        ("llama", "Mistral-7B-Instruct-v0.3", INST, "mistral-v3"),
        ("llama", "Mistral-Large-Instruct-2411", V7, "mistral-v7"),
        # a base model's vocabulary has the marks, but nobody taught it what they mean
        ("llama", "Meta Llama 3.1 8B", LLAMA3, None),
        ("qwen2", "Qwen2.5 7B", IM, None),
        ("gemma2", "gemma-2-2b", GEMMA, None),
        ("llama", "Mistral-7B-v0.3", INST, None),
        ("llama", "Llama-2-7b", (), None),
        ("falcon", "falcon-7b-instruct", (), None),
        ("llama", "", (), None),
        ("gpt2", "My alpaca farm", (), None),
    ],
)
def test_the_style_is_told_by_names_and_vocabulary(architecture, name, tokens, style):
    assert detect_template({"general.architecture": architecture, "general.name": name}, tokens) == style
    assert style is None or style in NAMED_TEMPLATES


def test_the_file_name_and_the_kind_of_fine_tuning_count_too():
    header = {"general.architecture": "qwen2", "general.name": "Qwen2.5 7B"}
    assert detect_template(header, IM, "qwen2.5-7b-instruct-q4_k_m") == "chatml"
    assert detect_template(header | {"general.finetune": "Instruct"}, IM) == "chatml"


@pytest.mark.parametrize(
    ("header", "tokens", "style"),
    [
        ({}, (), "mistral-v1"),
        ({}, INST, "mistral-v3"),
        ({"tokenizer.ggml.pre": "tekken"}, INST, "mistral-v3-tekken"),
        ({}, V7, "mistral-v7"),
        ({"tokenizer.ggml.pre": "tekken"}, V7, "mistral-v7-tekken"),
    ],
)
def test_mistrals_versions(header, tokens, style):
    assert mistral_version(header, tokens) == style
