#!/usr/bin/env bash
# One would guess that it makes no difference to what llama.cpp computes in how many batches a prompt is read: the tokens
# and their places are the same. True: kernels are chosen by the number of rows, so where the last token is read by
# itself, as it is when all before it was cached, its logits are others than in one batch; with a last batch of eight
# tokens or more they agree to the bit.
# Seen with llama-cpp-python 0.3.36 on x86-64, weights in F16, without flash attention.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llama-cpp-python==0.3.36 gguf==0.19.0 numpy==2.4.6
FOLDER="$folder" "$folder/venv/bin/python" - <<'PY'
import os

import gguf
import llama_cpp
import numpy as np

path = os.path.join(os.environ["FOLDER"], "random.gguf")
width, feed, heads, layers = 256, 512, 4, 4
chance = np.random.default_rng(1)
writer = gguf.GGUFWriter(path, "llama")
for key, value in {
    "context_length": 512,
    "embedding_length": width,
    "block_count": layers,
    "feed_forward_length": feed,
    "attention.head_count": heads,
    "attention.head_count_kv": heads,
    "rope.dimension_count": width // heads,
}.items():
    writer.add_uint32(f"llama.{key}", value)
writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
writer.add_tokenizer_model("llama")
writer.add_token_list(tokens)
writer.add_token_scores([0.0] * len(tokens))
writer.add_token_types([2, 3, 3, *[6] * 256])


def add(name, *shape):
    values = chance.normal(0, 0.1, shape).astype(np.float32)
    if len(shape) == 1:
        writer.add_tensor(name, np.ones(shape, np.float32))
    else:
        kind = gguf.GGMLQuantizationType.F16
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


add("token_embd.weight", len(tokens), width)
add("output_norm.weight", width)
add("output.weight", len(tokens), width)
for layer in range(layers):
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        add(f"blk.{layer}.{name}.weight", width, width)
    add(f"blk.{layer}.attn_norm.weight", width)
    add(f"blk.{layer}.ffn_norm.weight", width)
    add(f"blk.{layer}.ffn_gate.weight", feed, width)
    add(f"blk.{layer}.ffn_up.weight", feed, width)
    add(f"blk.{layer}.ffn_down.weight", width, feed)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

model = llama_cpp.Llama(path, n_ctx=256, n_batch=128, n_ubatch=128, n_threads=2, flash_attn=False, verbose=False)
prompt = [3 + int(byte) for byte in chance.integers(0, 256, 96)]


def last_logits(size):
    """Logits behind the prompt, whose last batch has so many tokens."""
    model.reset()
    if rest := prompt[:-size]:
        model.eval(rest)
    model.eval(prompt[-size:])
    return np.ctypeslib.as_array(llama_cpp.llama_get_logits(model.ctx), (model.n_vocab(),)).copy()


whole = last_logits(len(prompt))
moved = {size: float(np.abs(last_logits(size) - whole).max()) for size in (1, 8, 16, 32)}
print("llama-cpp-python", llama_cpp.__version__, "; spread of the logits", round(float(np.ptp(whole)), 2))
print("largest difference to one batch, by the size of the last batch:", {k: f"{v:.2e}" for k, v in moved.items()})
assert moved[8] == moved[16] == moved[32] == 0.0
assert moved[1] > 0.0
PY
