"""What is used of llama-cpp-python: public functions, and one private module within bounded versions."""

from __future__ import annotations

import ast
import ctypes
import re
import tomllib
from pathlib import Path

import ragapp
from ragapp.llm import llamacpp, loading, options

PACKAGE = Path(ragapp.__file__).parent
ADAPTER = [Path(str(module.__file__)) for module in (llamacpp, loading, options)]
DEVICE_FUNCTIONS = ("count", "get", "type", "name", "description", "memory")


def attributes(path: Path) -> list[ast.Attribute]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)]


def test_every_function_is_there() -> None:
    store = options.import_llama()
    used = {node.attr for path in ADAPTER for node in attributes(path)}
    used = {name for name in used if name.startswith(("llama_", "LLAMA_")) or name == "ggml_abort_callback"}
    assert len(used) > 30
    missing = sorted(name for name in used if not hasattr(store, name))
    assert not missing, f"llama-cpp-python {store.__version__} has no more {missing}: adapt ragapp/llm/llamacpp.py"


def test_every_parameter_that_is_set_is_a_field() -> None:
    store = options.import_llama()
    kinds = (store.llama_model_params, store.llama_context_params)
    fields = {field[0] for kind in kinds for field in kind._fields_}
    stored = {
        node.attr
        for path in ADAPTER
        for node in attributes(path)
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "parameters"
    }
    assert len(stored) > 8
    # ctypes takes any other name in silence
    assert stored <= fields, f"llama-cpp-python {store.__version__} has no more {stored - fields}"


def test_the_one_private_module_has_what_is_used_of_it() -> None:
    version = options.import_llama().__version__
    missing = [name for name in DEVICE_FUNCTIONS if not hasattr(options.ggml(), f"ggml_backend_dev_{name}")]
    assert not missing, f"llama-cpp-python {version}: llama_cpp._ggml has no more {missing}: adapt options.ggml()"
    device = options.ggml().ggml_backend_dev_get(0)
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    options.ggml().ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
    assert options.ggml().ggml_backend_dev_name(device)
    assert 0 < free.value <= total.value
    assert all(gpu.name and gpu.free > 0 for gpu in options.gpus())


def test_its_version_is_bounded() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert "llama-cpp-python>=0.3.36,<0.4" in project["dependencies"]


def test_the_library_is_imported_in_one_place() -> None:
    paths = {path for path in PACKAGE.rglob("*.py") if re.search(r"(import|from) llama_cpp", path.read_text("utf-8"))}
    assert paths == {PACKAGE / "llm" / "options.py"}
