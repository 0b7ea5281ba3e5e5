#!/usr/bin/env bash
# One would guess that onnxruntime's session option session.x64quantprecision, which keeps 8-bit products from being cut
# off in 16 bits, costs nothing where the processor sums in 32 bits anyway (VNNI). True: it takes another kernel there,
# too; an int8 MatMul is then about as slow as in float32, and the results are the same to rounding.
# Seen with onnxruntime 1.31.1 (onnxruntime_session_options_config_keys.h). On a processor without VNNI nothing is judged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import time
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
weight = random.integers(-127, 128, (768, 3072)).astype(np.int8)
constants = {"w": weight, "s": np.full(3072, 0.01, np.float32), "z": np.zeros(3072, np.int8)}
node = helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s", "z"], ["y"], domain="com.microsoft")
graph = helper.make_graph(
    [node],
    "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [256, 768])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [256, 3072])],
    [numpy_helper.from_array(values, name) for name, values in constants.items()],
)
sets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
model = helper.make_model(graph, opset_imports=sets, ir_version=10).SerializeToString()


def session(precise):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if precise:
        options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


x = random.standard_normal((256, 768)).astype(np.float32)
sides = {precise: session(precise) for precise in (False, True)}
best, results = dict.fromkeys(sides, float("inf")), {}
for _ in range(30):
    for precise, side in sides.items():
        started = time.perf_counter()
        results[precise] = side.run(None, {"x": x})[0]
        best[precise] = min(best[precise], time.perf_counter() - started)
difference = float(np.abs(results[True] - results[False]).max() / np.abs(results[False]).max())
ratio = best[True] / best[False]
print("onnxruntime", onnxruntime.__version__)
print(f"time with the option against without: {ratio:.2f}; largest relative difference: {difference:.1e}")
flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
if "avx512_vnni" in flags or "avx_vnni" in flags:
    assert ratio > 1.3 and difference < 1e-3
else:
    print("no VNNI here: nothing is judged")
PY
