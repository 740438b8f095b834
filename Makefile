# `make help` lists the targets. Everything is installed into .venv, nothing outside this folder.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# uv installs the same pins in seconds; without it pip takes minutes.
PIP := $(if $(shell command -v uv),uv pip install --python $(BIN)/python,$(BIN)/pip install --disable-pip-version-check)
# Stages are run as `python stages/...`: that must be this python.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help
.PHONY: help setup repro show tables check lint format test test-fast bench lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(READY) ## Make .venv and install everything pinned

$(READY): requirements.txt pyproject.toml $(wildcard src/tumorseg/page/*.*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(PIP) --quiet --requirement requirements.txt
	$(PIP) --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/tumorseg page .dvc/plots/offline.html
	$(BIN)/dvc config --local plots.html_template plots/offline.html
	@touch $@

repro: $(READY) ## Run the pipeline: whatever has changed, and nothing else
	dvc repro
	dvc plots show

show: $(READY) ## Make the page of plots, dvc_plots/index.html
	dvc plots show

tables: $(READY) ## Make docs/params.md and the tables of figures in README and docs
	python docs/generate.py

check: lint test ## What CI runs: lint, then test

lint: $(READY) ## Check style, formatting and types
	ruff check .
	ruff format --check .
	mypy

format: $(READY) ## Put style and formatting right
	ruff check --fix .
	ruff format .

test: $(READY) ## Run all tests, on every core
	pytest -n auto

test-fast: $(READY) ## Run the tests that take no training and no pipeline
	pytest -n auto -m "not slow"

bench: $(READY) ## Time training steps: precision and memory layout, net by net
	python bench/training_step.py

lock: ## Pin requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header \
		--no-emit-index-url --no-emit-find-links --quiet --output-file requirements.txt

clean: ## Remove .venv, checkpoints, the page and caches of tools; data and results stay
	rm -rf .venv .work dvc_plots \
		.mypy_cache .pytest_cache .ruff_cache .dvc/plots/offline.html
