#!/usr/bin/env bash
# One would guess that onnxruntime's own optimiser for BERT (onnxruntime.transformers.optimizer) fuses attention in what
# torch.onnx.export writes of a BertModel. True: of a graph of the exporter that torch 2.13 takes by default it fuses GELU
# and the layer normalisations with what stands before them; attention stays single operators in every layer.
# Seen with torch 2.13.0, onnxruntime 1.31.1, transformers 5.23.0, onnx 1.23.2, onnxscript 0.7.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1
cd "$folder"
"$folder/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version

import torch
from onnxruntime.transformers import optimizer
from transformers import BertConfig, BertModel

torch.manual_seed(0)
config = BertConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, vocab_size=100)
model = BertModel(config, add_pooling_layer=False).eval()
ids = torch.ones(2, 7, dtype=torch.long)
batch, length = torch.export.Dim("batch"), torch.export.Dim("length", max=512)
torch.onnx.export(
    model, (), "bert.onnx", kwargs={"input_ids": ids, "attention_mask": ids},
    dynamic_shapes={name: {0: batch, 1: length} for name in ("input_ids", "attention_mask")}, dynamo=True,
)
fused = optimizer.optimize_model("bert.onnx", model_type="bert", num_heads=4, hidden_size=48, opt_level=0)
found = {name: count for name, count in fused.get_fused_operator_statistics().items() if count}
print("torch", version("torch"), "| onnxruntime", version("onnxruntime"), "| transformers", version("transformers"))
print("fused:", found)
assert found.get("BiasGelu") == 2
assert not any(found.get(name) for name in ("Attention", "MultiHeadAttention"))
PY
