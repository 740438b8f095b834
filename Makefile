# `make help` lists the targets. Everything is installed into .venv, nothing outside this folder.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
PAGE := .dvc/plots/offline.html
# uv installs the same pins in seconds, and needs no ensurepip; without it pip takes minutes.
UV := $(shell command -v uv)
PIP := $(if $(UV),uv pip install --python $(BIN)/python,$(BIN)/pip install --disable-pip-version-check)
# `make setup CPU=1`: PyTorch without CUDA, at the same versions. A .venv that was made so stays so.
CPU ?= $(if $(wildcard .venv/cpu),1)
CPU_INDEX := https://download.pytorch.org/whl/cpu
# Stages are run as `python stages/...`: that must be this python.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

ifeq ($(CPU)$(wildcard .venv/ready)$(wildcard .venv/cpu),1.venv/ready)
$(error .venv has PyTorch with CUDA: remove it with `rm -r .venv`, then run `make setup CPU=1`)
endif

.DEFAULT_GOAL := help
.PHONY: help setup torch-cpu audit repro show watch tables check lint format test test-fast bench lock release clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(READY) $(PAGE) ## Make .venv and install everything pinned (CPU=1: PyTorch without CUDA)

$(READY): requirements.txt pyproject.toml
	@test -e .git || { echo "error: no .git here, which DVC needs: git clone the project, or in this folder git init," \
		"git add --all and git commit --message start; then make setup" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON),$(PYTHON) -m venv) .venv
	@$(if $(CPU),$(MAKE) --no-print-directory torch-cpu,cp requirements.txt .venv/requirements.txt)
	$(PIP) --quiet --requirement .venv/requirements.txt
	$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# PyTorch's own index has its builds without CUDA. The rest, less CUDA's packages, is installed as always.
torch-cpu:
	@$(BIN)/python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=30)' $(CPU_INDEX)/torch/ 2>/dev/null \
		|| { echo "error: $(CPU_INDEX) cannot be reached; make setup without CPU=1 installs PyTorch with CUDA" >&2; exit 1; }
	$(PIP) --quiet --no-deps --index-url $(CPU_INDEX) $$(grep -oE '^(torch|torchvision)==[^ ;]+' requirements.txt)
	grep -vE '^(cuda|nvidia|triton)' requirements.txt > .venv/requirements.txt
	@touch .venv/cpu

$(PAGE): $(wildcard src/tumorseg/page/*) | $(READY)
	tumorseg page $@
	dvc config --local plots.html_template plots/offline.html

audit: $(READY) ## Look at a set of your own, without training: make audit DATA=/path/to/set
	@test -n "$(DATA)" || { echo "error: make audit DATA=/path/to/set" >&2; exit 1; }
	tumorseg audit "$(DATA)" --out "$(or $(OUT),audit)"

repro: $(READY) $(PAGE) ## Run the pipeline: whatever has changed, and nothing else
	@python stages/validate.py  # before DVC, which would name dvc.yaml where params.yaml is broken
	dvc repro
	@$(MAKE) --no-print-directory show

show: $(READY) $(PAGE) ## Make the page of plots, dvc_plots/index.html, and print the statement
	dvc plots show
	@tumorseg statement
	@echo "The page: $(CURDIR)/dvc_plots/index.html"
	@echo "To open it: python3 -m webbrowser dvc_plots/index.html"

watch: $(READY) ## Show the curves of a running training, in a second terminal: dvc_plots/watch.html
	tumorseg watch

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

bench: $(READY) ## Time training steps, training loops beside others, and the stages of repro: half an hour
	python bench/training_step.py
	@test -e data/raw/train || dvc repro --quiet download
	python bench/loops.py data/raw
	python bench/stages.py

lock: ## Pin requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header \
		--no-emit-index-url --no-emit-find-links --quiet --output-file requirements.txt

release: ## Tag the delivered net and the code that made it: make release VERSION=1.0.0
	@echo '$(VERSION)' | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$$' || { echo "error: make release VERSION=1.0.0" >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "error: not all is committed; git status lists it" >&2; exit 1; }
	@dvc status --quiet || { echo "error: not up to date; dvc repro and commit first" >&2; exit 1; }
	tumorseg check delivered
	gto register tumor-segmentation --version v$(VERSION)
	@echo "Publish it: git push --tags && dvc push"

clean: ## Remove .venv, checkpoints, the page, caches of tools, what killed runs left; data and results stay
	@PYTHONPATH=src $(if $(wildcard $(READY)),$(BIN)/python,$(PYTHON)) -c \
		'from tumorseg.files import clean; clean()'
	rm -rf .venv .work dvc_plots \
		.mypy_cache .pytest_cache .ruff_cache .dvc/plots/offline.html
