#!/usr/bin/env bash
# One would guess that llama-cpp-python's Llama, given no YaRN options, leaves YaRN to the model's header, as llama.cpp
# does: its own defaults are negative numbers, which mean "from the model". True: Llama always sets yarn_attn_factor 1,
# yarn_beta_fast 32 and yarn_beta_slow 1, so a model whose header has other factors is run with those.
# Seen with llama-cpp-python 0.3.36 (llama_cpp/llama.py, Llama.__init__; include/llama.h of llama.cpp).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet llama-cpp-python==0.3.36
"$folder/venv/bin/python" - <<'PY'
import inspect
from importlib.metadata import version

import llama_cpp

names = ("yarn_ext_factor", "yarn_attn_factor", "yarn_beta_fast", "yarn_beta_slow")
theirs = llama_cpp.llama_context_default_params()
own = inspect.signature(llama_cpp.Llama.__init__).parameters
print("llama-cpp-python", version("llama-cpp-python"))
for name in names:
    print(f"{name}: llama.cpp's default {getattr(theirs, name):g}, Llama's {own[name].default:g}")
assert all(getattr(theirs, name) < 0 for name in names)
assert [own[name].default for name in names] == [-1.0, 1.0, 32.0, 1.0]
PY
