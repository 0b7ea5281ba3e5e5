# Everything happens in .venv; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo install test test-bundle lint clean

# Fetch the two default models, ingest the sample documents, print one cited answer.
demo: install
	$(BIN)/ragapp demo

install: .venv/installed

# Everything that the tests need, then all of them, a file at a time on each of WORKERS processes (0: in this one).
# PYTEST_ARGS="-k name" narrows.
WORKERS ?= 2
test: .venv/installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# Make a bundle and install it in a bare Debian without network (docs/offline.md): as root, with debootstrap; takes a
# quarter of an hour the first time, so it is no part of the other tests.
test-bundle: .venv/installed
	$(BIN)/ragapp models pull
	scripts/test_bundle.sh $(BIN)/ragapp build/bundle-test

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) scripts/check_machine.py
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -c constraints.txt -e ".[ocr]"
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -c constraints.txt -e ".[dev]"
	@touch $@ .venv/installed
