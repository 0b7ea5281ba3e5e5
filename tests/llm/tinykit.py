"""Tiny GGUF files of random weights, one for each kind of memory that llama.cpp has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WIDTH, LAYERS, FEED, HEADS, KV_HEADS, PER_HEAD = 64, 4, 128, 4, 2, 16
INNER, STATE, KERNEL, RANK, SSM_HEADS = 128, 16, 4, 4, 8
#: architectures whose memory is keys and values, and those that have a recurrent state, alone or beside them
PLAIN = ("llama", "qwen2", "qwen3", "granite", "smollm3")
RECURRENT = ("mamba", "mamba2", "lfm2", "granitehybrid", "qwen35")

Shapes = dict[str, tuple[int, ...]]


def _attention(norms: bool = False, gate: int = 1) -> Shapes:
    rows = KV_HEADS * PER_HEAD
    shapes: Shapes = {"attn_q": (gate * WIDTH, WIDTH), "attn_k": (rows, WIDTH), "attn_v": (rows, WIDTH)}
    shapes |= {"attn_output": (WIDTH, WIDTH)}
    return shapes | ({"attn_q_norm": (PER_HEAD,), "attn_k_norm": (PER_HEAD,)} if norms else {})


def _feed(norm: str = "ffn_norm") -> Shapes:
    return {norm: (WIDTH,), "ffn_gate": (FEED, WIDTH), "ffn_up": (FEED, WIDTH), "ffn_down": (WIDTH, FEED)}


def _mamba2() -> Shapes:
    conv = INNER + 2 * STATE
    shapes: Shapes = {"ssm_in": (2 * INNER + 2 * STATE + SSM_HEADS, WIDTH), "ssm_conv1d": (conv, KERNEL)}
    shapes |= {"ssm_conv1d.bias": (conv,), "ssm_dt.bias": (SSM_HEADS,), "ssm_a": (SSM_HEADS, 1)}
    return shapes | {"ssm_d": (SSM_HEADS, 1), "ssm_norm": (1, INNER), "ssm_out": (WIDTH, INNER)}


def _mamba() -> Shapes:
    shapes: Shapes = {"ssm_in": (2 * INNER, WIDTH), "ssm_conv1d": (INNER, KERNEL), "ssm_conv1d.bias": (INNER,)}
    shapes |= {"ssm_x": (RANK + 2 * STATE, INNER), "ssm_dt": (INNER, RANK), "ssm_dt.bias": (INNER,)}
    return shapes | {"ssm_a": (INNER, STATE), "ssm_d": (INNER,), "ssm_out": (WIDTH, INNER)}


def _shortconv() -> Shapes:
    return {"shortconv.conv": (WIDTH, 3), "shortconv.in_proj": (3 * WIDTH, WIDTH), "shortconv.out_proj": (WIDTH, WIDTH)}


def _delta() -> Shapes:
    keys, values = 2 * PER_HEAD, 4 * PER_HEAD
    shapes: Shapes = {"attn_qkv": (2 * keys + values, WIDTH), "attn_gate": (values, WIDTH)}
    shapes |= {"ssm_conv1d": (2 * keys + values, KERNEL), "ssm_dt.bias": (4,), "ssm_a": (4,)}
    shapes |= {"ssm_beta": (4, WIDTH), "ssm_alpha": (4, WIDTH), "ssm_norm": (PER_HEAD,)}
    return shapes | {"ssm_out": (WIDTH, values)}


def _layers(architecture: str) -> Iterator[Shapes]:
    for n in range(LAYERS):
        mixed = n % 2 == 1
        norm: Shapes = {"attn_norm": (WIDTH,)}
        match architecture:
            case "mamba":
                yield norm | _mamba()
            case "mamba2":
                yield norm | _mamba2()
            case "lfm2":
                yield norm | (_attention(norms=True) if mixed else _shortconv()) | _feed()
            case "granitehybrid":
                yield norm | (_attention() if mixed else _mamba2()) | _feed()
            case "qwen35":
                attends = n == LAYERS - 1
                yield norm | (_attention(norms=True, gate=2) if attends else _delta()) | _feed("post_attention_norm")
            case "qwen2":
                rows = KV_HEADS * PER_HEAD
                biases: Shapes = {"attn_q.bias": (WIDTH,), "attn_k.bias": (rows,), "attn_v.bias": (rows,)}
                yield norm | _attention() | biases | _feed()
            case _:
                yield norm | _attention(norms=architecture == "qwen3") | _feed()


def _numbers(architecture: str) -> dict[str, object]:
    numbers: dict[str, object] = {
        "context_length": 4096,
        "embedding_length": WIDTH,
        "block_count": LAYERS,
        "feed_forward_length": 0 if architecture.startswith("mamba") else FEED,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KV_HEADS,
        "rope.dimension_count": PER_HEAD,
        "rope.freq_base": 10000.0,
    }
    scan: dict[str, object] = {"ssm.conv_kernel": KERNEL, "ssm.inner_size": INNER, "ssm.state_size": STATE}
    if architecture in ("lfm2", "granitehybrid"):
        numbers["attention.head_count_kv"] = [KV_HEADS if n % 2 else 0 for n in range(LAYERS)]
    match architecture:
        case "mamba":
            numbers |= {**scan, "ssm.time_step_rank": RANK, "attention.head_count": 0, "attention.head_count_kv": 0}
        case "mamba2":
            numbers |= {**scan, "ssm.time_step_rank": SSM_HEADS, "ssm.group_count": 1}
            numbers |= {"attention.head_count": 0, "attention.head_count_kv": 0}
        case "granitehybrid":
            numbers |= {**scan, "ssm.time_step_rank": SSM_HEADS, "ssm.group_count": 1}
        case "lfm2":
            numbers["shortconv.l_cache"] = 3
        case "qwen35":
            numbers |= {"ssm.conv_kernel": KERNEL, "ssm.inner_size": 4 * PER_HEAD, "ssm.state_size": PER_HEAD}
            numbers |= {"ssm.time_step_rank": 4, "ssm.group_count": 2, "full_attention_interval": LAYERS}
            numbers |= {"attention.key_length": PER_HEAD, "attention.value_length": PER_HEAD}
            numbers["rope.dimension_sections"] = [2, 3, 3, 0]
    if architecture.startswith("granite"):
        numbers |= {"embedding_scale": 1.0, "residual_scale": 1.0, "logit_scale": 1.0, "attention.scale": 0.25}
    return numbers


def write_tiny(folder: Path, architecture: str) -> Path:
    """A model of that architecture, whose tokens are single bytes; the same each time."""
    path = folder / f"tiny-{architecture}.gguf"
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"Tiny {architecture}")
    writer.add_chat_template(CHATML)
    for key, value in _numbers(architecture).items():
        add = {int: writer.add_uint32, float: writer.add_float32, list: writer.add_array}[type(value)]
        add(f"{architecture}.{key}", value)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581"]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([2, 3, 3, *[6] * 256, 1])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)
    chance = np.random.default_rng(5)

    def add_tensor(name: str, shape: tuple[int, ...]) -> None:
        values = chance.normal(0, 0.2, shape).astype(np.float32)
        if name.endswith("norm.weight") or ".ssm_norm" in name:
            values = np.abs(values) + 1
        if name.endswith(".ssm_a"):
            values = -np.abs(values) - 0.1
        writer.add_tensor(name, values)

    add_tensor("token_embd.weight", (len(tokens), WIDTH))
    add_tensor("token_embd_norm.weight" if architecture == "lfm2" else "output_norm.weight", (WIDTH,))
    for n, shapes in enumerate(_layers(architecture)):
        for name, shape in shapes.items():
            whole = name.endswith(".bias") or name in ("ssm_a", "ssm_d")
            add_tensor(f"blk.{n}.{name}" if whole else f"blk.{n}.{name}.weight", shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
