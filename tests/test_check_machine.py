"""The check before a long installation names what is missing and the package that brings it."""

import os
import subprocess
import sys

import pytest


def check(root, path):
    environment = {name: value for name, value in os.environ.items() if name not in ("PATH", "CXX")}
    return subprocess.run(
        [sys.executable, root / "scripts" / "check_machine.py"],
        env={**environment, "PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_compiler_is_told_with_the_package_to_install(request, tmp_path):
    result = check(request.config.rootpath, tmp_path)
    assert result.returncode == 1
    for name in ("build-essential", "gcc-c++", "xcode-select", "Visual Studio Build Tools"):
        assert name in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_readme_has_what_the_check_names(request):
    assert "<summary>Without a compiler</summary>" in (request.config.rootpath / "README.md").read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the compiler")
def test_a_machine_that_has_all_passes_in_silence(request, tmp_path):
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\n", encoding="utf-8")
    compiler.chmod(0o755)
    result = check(request.config.rootpath, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
