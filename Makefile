# `make` alone explains the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test check audit docs bench clean

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.installed ## one minute of a GAN on real handwritten digits (MINUTES=5 for more), then the sheet
	$(BIN)/coevo run --artist dcgan --critic dcnn --minutes $(MINUTES)

test: $(VENV)/.dev ## every test
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

audit: $(VENV)/.dev ## known vulnerabilities in what is installed; says so where their database cannot be reached
	$(BIN)/python tests/faults/audit.py

docs: $(VENV)/.docs ## the site, into docs/_build/html; pictures of recipes that are not kept take two minutes more
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: $(VENV)/.dev ## the benchmarks, one after another; on an otherwise idle machine
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/first_minute.py --seeds 1
	$(BIN)/python benchmarks/rendering.py
	$(BIN)/python benchmarks/breeding.py
	$(BIN)/python benchmarks/taste.py

clean: ## remove the virtual environment and the caches; runs/ stays
	rm -rf $(VENV) build dist docs/_build docs/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "coevo needs Python 3.11 or newer: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml hatch_build.py $(wildcard coevo/native/*.c coevo/native/*.h) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.dev: pyproject.toml hatch_build.py $(wildcard coevo/native/*.c coevo/native/*.h) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.installed

$(VENV)/.docs: pyproject.toml | $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@
