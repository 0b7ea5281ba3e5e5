#!/usr/bin/env bash
# One would guess that onnxruntime sends nothing on Linux (its telemetry was Windows' own for years), and that
# disable_telemetry_events() turns off what there is. True: since 1.29 its Linux and macOS wheels hold an uploader of their
# own. Some seconds after the first session it looks up a collector's address, also when disable_telemetry_events() was
# called right after the import. Only the variable ORT_DISABLE_TELEMETRY=1, set before the import, stops it; in CI
# (variable CI) it is silent by itself, so tests there do not see it.
# Seen with onnxruntime 1.31.1 (Privacy.md in the wheel). Needs strace; whether the machine has a network does not matter.
set -euo pipefail
command -v strace >/dev/null || { echo "strace is needed"; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.23.2
cat >"$folder/session.py" <<'PY'
import sys
import time

import onnxruntime
from onnx import TensorProto, helper

if "disabled" in sys.argv:
    onnxruntime.disable_telemetry_events()
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", values[:1], values[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
time.sleep(15)
PY
lookups() { # of names, by the port of DNS, in a run with these variables and arguments
    env -u CI -u ORT_DISABLE_TELEMETRY $1 strace -f -qq -e trace=connect,sendto,sendmmsg -o "$folder/trace" \
        "$folder/venv/bin/python" "$folder/session.py" $2
    grep -c 'htons(53)' "$folder/trace" || true
}
plain=$(lookups "A=1" ""); disabled=$(lookups "A=1" "disabled")
variable=$(lookups "ORT_DISABLE_TELEMETRY=1" ""); ci=$(lookups "CI=true" "")
"$folder/venv/bin/python" -c "import onnxruntime; print('onnxruntime', onnxruntime.__version__)"
echo "contacts of a name server: $plain; after disable_telemetry_events(): $disabled;" \
    "with ORT_DISABLE_TELEMETRY=1: $variable; with CI=true: $ci"
[ "$plain" -gt 0 ] && [ "$disabled" -gt 0 ] && [ "$variable" -eq 0 ] && [ "$ci" -eq 0 ]
