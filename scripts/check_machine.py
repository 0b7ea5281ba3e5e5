"""Says before a long installation what this machine lacks; runs with any Python 3 and nothing else installed."""

import os
import shutil
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
COMPILERS = ("c++", "g++", "clang++", "cl")


def problems():
    """What is missing, one sentence each with the remedy."""
    found = []
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found.append(
            "This is Python {}.{}; ragapp needs 3.11 to 3.13. Name another one: make PYTHON=python3.12 demo".format(
                *sys.version_info[:2]
            )
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        found.append("Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv")
    wanted = os.environ.get("CXX")
    if not any(shutil.which(name) for name in ([wanted] if wanted else COMPILERS)):
        found.append(
            "There is no C++ compiler, which llama-cpp-python is built with."
            " Debian, Ubuntu: sudo apt install build-essential. Fedora: sudo dnf install gcc-c++ make."
            " macOS: xcode-select --install. Windows: Visual Studio Build Tools, 'Desktop development with C++'."
            " Or take a ready-made wheel: README, 'Without a compiler'."
        )
    return found


if __name__ == "__main__":
    lines = problems()
    for line in lines:
        sys.stderr.write("ragapp: " + line + "\n")
    sys.exit(1 if lines else 0)
