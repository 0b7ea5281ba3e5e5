"""The house rules that no linter knows: floors, lazy imports."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

import ragapp
from ragapp.settings import local_settings_file

PACKAGE = Path(ragapp.__file__).parent
FLOORS = {
    "data_files": 0.4,
    "words": 0.5,
    "errors": 1,
    "contract": 1,
    "guard": 1.5,
    "file_permissions": 1.5,
    "terminal_text": 1.5,
    "plain_words": 1.5,
    "defects": 1.5,
    "c_runtime": 1.5,
    "disk_usage": 1.5,
    "settings_file": 1.5,
    "settings": 2,
    "setting_sources": 2.5,
    "privacy": 2,
    "reading": 2,
    "llm": 2,
    "index": 3,
    "models": 3,
    "ingest": 4,
    "retrieval": 4,
    "backup": 4.5,
    "answer": 5,
    "compare": 5.5,
    "app": 6,
    "evaluation": 6.5,
    "maintenance": 6.8,
    "bundle": 6.9,
    "web": 7,
    "mcp": 7.5,
    "cli": 8,
    "__main__": 9,
}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
HEAVY = (
    "torch",
    "chromadb",
    "llama_cpp",
    "gradio",
    "sentence_transformers",
    "transformers",
    "langchain_text_splitters",
    "pydantic",
    "rich",
    "numpy",
    "pypdf",
    "huggingface_hub",
)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of_ragapp(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ragapp."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("ragapp."))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_only_downward(path):
    own = room(path)
    wrong = {other for other in imports_of_ragapp(path) - {own} if FLOORS[other] >= FLOORS[own]}
    assert not wrong, f"{path.name} on floor {FLOORS[own]} imports {wrong}"


@pytest.mark.parametrize("module", ["ragapp.cli.main", "ragapp.app", "ragapp.errors", "ragapp.models.packs"])
def test_importing_stays_light(module):
    code = f"import sys, {module}; print(','.join(sorted(set(sys.modules) & set({HEAVY!r}))))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    allowed = {"pydantic"} if module == "ragapp.app" else set()
    assert set(filter(None, loaded.split(","))) <= allowed


def test_every_module_says_what_it_is():
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not silent


def packages_on_the_map() -> dict[str, set[str]]:
    """The modules that docs/architecture.md names, by package."""
    told = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8").split("## A document's way")[0]
    paragraphs = re.findall(r"^\*\*`(ragapp/[a-z/]*)`\*\*(.*?)(?=\n\n)", told, re.MULTILINE | re.DOTALL)
    return {package: set(re.findall(r"`([a-z_0-9]+)`", text)) for package, text in paragraphs}


def test_the_map_names_every_module_and_no_other():
    here: dict[str, set[str]] = {}
    for path in MODULES:
        if path.name != "__main__.py":
            here.setdefault(f"{path.parent.relative_to(PACKAGE.parent).as_posix()}/", set()).add(path.stem)
    assert packages_on_the_map() == here


def test_git_ignores_a_persons_own_settings_and_not_the_shipped_ones(request):
    root = request.config.rootpath
    ignored = [line for line in (root / ".gitignore").read_text(encoding="utf-8").splitlines() if line[:1] == "/"]
    own, shipped = local_settings_file(root / "settings.yaml").name, "settings.yaml"
    assert [any(fnmatch(name, line[1:]) for line in ignored) for name in (own, shipped)] == [True, False]
