"""ragapp: a private document assistant that runs wholly on one machine."""

import os as _os

__version__ = "0.1.0"

# a process that a guarded one has started is guarded before it imports anything else
if "_RAGAPP_GUARD" in _os.environ:
    from ragapp.guard import install as _install

    _install()
