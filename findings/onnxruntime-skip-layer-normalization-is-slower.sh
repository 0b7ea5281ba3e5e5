#!/usr/bin/env bash
# One would guess that onnxruntime's graph optimiser, on by default, makes a transformer quicker on a processor, at worst
# not slower. True: it joins Add and LayerNormalization into com.microsoft.SkipLayerNormalization, whose processor kernel
# takes several times as long as the two operators one after the other (float32, 150 rows of 384).
# Seen with onnxruntime 1.31.1 (core/optimizer/skip_layer_norm_fusion.cc).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
ORT_DISABLE_TELEMETRY=1 "$folder/venv/bin/python" - <<'PY'
import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
layers, width = 24, 384
nodes, weights, source = [], [], "x"
for number in range(layers):
    for kind in ("scale", "shift"):
        weights.append(numpy_helper.from_array(random.standard_normal(width).astype(np.float32), f"{kind}{number}"))
    nodes.append(helper.make_node("Add", [source, "r"], [f"sum{number}"]))
    names = [f"sum{number}", f"scale{number}", f"shift{number}"]
    nodes.append(helper.make_node("LayerNormalization", names, [f"out{number}"], epsilon=1e-5))
    source = f"out{number}"
shape = [1, "rows", width]
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "r", source)]
graph = helper.make_graph(nodes, "g", values[:2], values[2:], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


def session(disabled, saved):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.optimized_model_filepath = saved
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=disabled
    )


import tempfile

import onnx

folder = tempfile.mkdtemp()
sides = {"fused": session([], f"{folder}/fused.onnx"), "apart": session(["SkipLayerNormFusion"], f"{folder}/apart.onnx")}
kinds = {name: {node.op_type for node in onnx.load(f"{folder}/{name}.onnx").graph.node} for name in sides}
feeds = {name: random.standard_normal((1, 150, width)).astype(np.float32) for name in ("x", "r")}
best = dict.fromkeys(sides, float("inf"))
results = {}
for _ in range(60):
    for name, side in sides.items():
        started = time.process_time()
        results[name] = side.run(None, feeds)[0]
        best[name] = min(best[name], time.process_time() - started)
ratio = best["fused"] / best["apart"]
print("onnxruntime", onnxruntime.__version__)
print("operators:", {name: sorted(found) for name, found in kinds.items()})
print(f"time of the fused operator beside the two alone: {ratio:.2f}")
assert "SkipLayerNormalization" in kinds["fused"] and "SkipLayerNormalization" not in kinds["apart"]
assert np.allclose(results["fused"], results["apart"], atol=1e-3)
assert ratio > 1.3
PY
