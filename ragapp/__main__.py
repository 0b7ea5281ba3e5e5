"""``python -m ragapp`` is the same as the ``ragapp`` command: the guard first, then all else."""

from ragapp.privacy import protect

protect()

from ragapp.cli.main import run  # noqa: E402

if __name__ == "__main__":
    run()
