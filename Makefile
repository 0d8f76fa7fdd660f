# `make check` is what CI runs.
PYTHON := .venv/bin/python

.PHONY: check test lint

check:
	bash .ci/run

test:
	$(PYTHON) -m pytest

lint:
	$(PYTHON) -m pip install --quiet -e ".[dev]"
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m basedpyright --pythonpath $(PYTHON)
