"""ragapp: a private document assistant that runs wholly on one machine."""

__version__ = "0.1.0"
