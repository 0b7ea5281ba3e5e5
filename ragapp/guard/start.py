"""``python start.py SCRIPT ARGUMENTS``: runs a script with the guard installed before its first line.

The script finds nothing of ragapp on its path, and what it may reach stands in the environment.
"""

from __future__ import annotations

import os
import runpy
import sys


def main() -> None:
    """Install the guard, then be the script."""
    above = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, above)
    from ragapp.guard import install
    from ragapp.guard.seal import forbid_network

    sys.path.remove(above)
    install()
    if sys.flags.isolated:  # what is shut in so is not meant to reach anybody
        forbid_network()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
