#!/usr/bin/env bash
# One would guess: the MCP library, an extra of Gradio (gradio[mcp]), is loaded when a page is launched as an MCP server
# (mcp_server=True), and a page without one takes as much memory whether or not the library is installed.
# True: with gradio 6.31.0, `import gradio` alone loads it wherever it is installed, with its client, its server, and the
# cryptography, JSON schema and HTTP libraries that these need: GradioMCPServer tries to import it in the body of the
# class, and gradio.server imports that module. A program that also speaks MCP pays for it in every page process.
# Where the import fails, Gradio goes on without it.
# Source: gradio 6.31.0, gradio/mcp.py (class body) and gradio/server.py; measured below.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install -q gradio==6.31.0 mcp==2.3.0
cat > load.py <<'PY'
import sys
import time


class Without:
    """Says that a package is not there."""

    def find_spec(self, name, path, target=None):
        if name == "mcp":
            raise ModuleNotFoundError(name)


if sys.argv[1] == "without":
    sys.meta_path.insert(0, Without())
begun = time.process_time()
import gradio

spent = time.process_time() - begun
with open("/proc/self/status") as status:
    resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
with gradio.Blocks() as page:
    gradio.Textbox("a page without an MCP server")
loaded = sum(name.partition(".")[0] == "mcp" for name in sys.modules)
print(f"{loaded} {resident // 1024} {spent:.2f}")
PY
export GRADIO_ANALYTICS_ENABLED=False
env/bin/python -W ignore load.py with > warm  # its files are compiled
read -r loaded resident spent < <(env/bin/python -W ignore load.py with)
read -r loaded_without resident_without spent_without < <(env/bin/python -W ignore load.py without)
env/bin/python -c "import importlib.metadata as m; print('gradio', m.version('gradio'), 'mcp', m.version('mcp'))"
echo "import gradio, MCP installed: $loaded modules of mcp, $resident MiB, $spent s of processor time"
echo "import gradio, MCP kept away: $loaded_without modules of mcp, $resident_without MiB, $spent_without s"
[ "$loaded" -gt 50 ] || { echo "Gradio does not load MCP any more"; exit 1; }
[ "$loaded_without" -eq 0 ] || { echo "MCP was loaded all the same"; exit 1; }
[ "$resident" -gt $((resident_without + 8)) ] || { echo "it takes no more memory"; exit 1; }
