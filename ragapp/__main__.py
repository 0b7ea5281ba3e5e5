"""``python -m ragapp`` is the same as the ``ragapp`` command."""

from ragapp.cli.main import run

if __name__ == "__main__":
    run()
