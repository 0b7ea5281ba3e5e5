"""``python start.py SCRIPT ARGUMENTS`` runs a script with the guard installed before its first line.

ragapp is not on the script's import path; what the script may reach is passed in the environment.
"""

from __future__ import annotations

import os
import runpy
import sys


def main() -> None:
    """Install the guard, then run the script."""
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, above)
    from ragapp.guard import install
    from ragapp.guard.seccomp import deny_network

    sys.path.remove(above)
    install()
    if sys.flags.isolated:
        deny_network()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
