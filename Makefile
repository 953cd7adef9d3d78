# Everything a contributor runs. Set-up happens once, on first use; `make PYTHON=python3.12 test` names another Python.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS ?= 2

.PHONY: help demo test test-long check format docs bench clean

help:
	@echo "make demo       evaluate AlexNet on Eyeriss"
	@echo "make test       the tests (minutes)"
	@echo "make test-long  the tests with many more random cases"
	@echo "make check      ruff, mypy, direction of imports"
	@echo "make format     let ruff rewrite the files"
	@echo "make docs       write the pages that are made by a command, and the screens on the others"
	@echo "make bench      time counting, the search, components and the command line against their limits"
	@echo "make clean      remove the environment and all caches"

demo: $(VENV)/.installed
	$(BIN)/assay evaluate alexnet eyeriss --batch 4

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test-long: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "long or not long"

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml --no-logo

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	$(BIN)/python -m tools.validation > docs/validation.md.new
	mv docs/validation.md.new docs/validation.md
	$(BIN)/python -m tools.parity > docs/parity-timeloop.md.new
	mv docs/parity-timeloop.md.new docs/parity-timeloop.md
	$(BIN)/python -m tools.mapper_page > docs/mapper.md.new
	mv docs/mapper.md.new docs/mapper.md
	$(BIN)/python -m tools.components_page > docs/components.md.new
	mv docs/components.md.new docs/components.md
	$(BIN)/python -m tools.dataflows_page > docs/dataflows.md.new
	mv docs/dataflows.md.new docs/dataflows.md
	$(BIN)/python -m tools.scaling_page > docs/scaling.md.new
	mv docs/scaling.md.new docs/scaling.md
	$(BIN)/python -m tools.audit_pages
	$(BIN)/python -m tools.tutorial_page > docs/tutorial.md.new
	mv docs/tutorial.md.new docs/tutorial.md
	$(BIN)/python -m tools.refresh_pages

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/counting.py
	$(BIN)/python benchmarks/mapping.py
	$(BIN)/python benchmarks/components.py
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# An environment with the dev extras serves the demo too, hence the two stamps of the second rule.
$(VENV)/.installed: pyproject.toml src/assay/mapper/core.c | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml src/assay/mapper/core.c | $(BIN)/python
	$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml src/assay/mapper/core.c | $(BIN)/python
	$(PIP) --editable ".[docs]"
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Assay needs Python 3.11 or newer, and '$(PYTHON)' is not: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
